"""The charts' JavaScript, put together once by a process of its own."""

import sys

import pytest

from chat_forecast.presentation.reports import library
from chat_forecast.presentation.reports.library import NoChartsError, javascript


def test_it_is_put_together_once_and_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(library, "PUT_TOGETHER", "print('x = \"</script><!-- ñ 😀\"', end='')")
    text = 'x = "<\\/script><\\!-- ñ 😀"'
    assert javascript(tmp_path) == text
    [kept] = tmp_path.iterdir()
    assert kept.read_text("utf-8") == text
    javascript.cache_clear()
    monkeypatch.setattr(library, "PUT_TOGETHER", "raise SystemExit(1)")
    assert javascript(tmp_path) == text


def test_the_process_that_asks_does_not_load_its_engine(folder):
    assert "vegaEmbed" in javascript(folder)
    assert "vl_convert" not in sys.modules


def test_what_went_wrong_is_said_and_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(library, "PUT_TOGETHER", "raise MemoryError('no room')")
    with pytest.raises(NoChartsError, match=r"exit code 1: MemoryError: no room.*120 MB"):
        javascript(tmp_path)
    assert not list(tmp_path.iterdir())
