"""The charts' JavaScript, put together once by a process of its own."""

import sys

import pytest

from chat_forecast.presentation.reports import library
from chat_forecast.presentation.reports.library import NoChartsError, javascript


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Make a program that puts the JavaScript together."""

    def make(text):
        (tmp_path / "a_program.py").write_text(text, encoding="utf-8")

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(library, "PUT_TOGETHER", "a_program")
    javascript.cache_clear()
    return make


@pytest.fixture
def pages(tmp_path):
    (tmp_path / "reports").mkdir()
    return tmp_path / "reports"


def test_it_is_put_together_once_and_kept(program, pages):
    program("import sys; sys.stdout.buffer.write('x = \"</script><!-- ñ 😀\"'.encode())")
    text = 'x = "<\\/script><\\!-- ñ 😀"'
    assert javascript(pages) == text
    [kept] = pages.iterdir()
    assert kept.read_text("utf-8") == text
    javascript.cache_clear()
    program("raise SystemExit(1)")
    assert javascript(pages) == text


def test_the_process_that_asks_does_not_load_its_engine(folder):
    assert "vegaEmbed" in javascript(folder)
    assert "vl_convert" not in sys.modules


def test_what_went_wrong_is_said_and_nothing_is_kept(program, pages):
    program("raise MemoryError('no room')")
    with pytest.raises(NoChartsError, match=r"exit code 1: MemoryError: no room.*120 MB"):
        javascript(pages)
    assert not list(pages.iterdir())
