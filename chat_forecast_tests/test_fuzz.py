"""The fuzzer's own parts; it runs by itself: ``python -m chat_forecast_tests fuzz``."""

import pytest

from chat_forecast_tests.fuzz import __main__ as fuzz
from chat_forecast_tests.fuzz import rules, shapes


@pytest.mark.parametrize("path", shapes.CORPUS_FILES, ids=lambda path: path.name)
def test_every_file_of_the_corpus_is_read_or_refused(path):
    content = path.read_bytes()
    if path.suffix == ".toml":
        rules.expect_settings_read_or_refused(content)
    else:
        count = rules.messages_of_export(content) if path.suffix == ".json" else None
        rules.expect_read_or_refused(content, path.suffix, count, is_stored=True)


def test_a_wrong_count_is_noticed():
    content = (shapes.CORPUS / "chat.json").read_bytes()
    with pytest.raises(AssertionError, match="counted 24 messages of 23"):
        rules.expect_read_or_refused(content, ".json", 23)


def test_files_that_there_was_no_time_for_are_no_success(capsys):
    assert fuzz.main(["--seconds", "0", "--rounds", "1", "--seed", "1"])
    assert "fuzz: 0 s were over before all files were read" in capsys.readouterr().out
