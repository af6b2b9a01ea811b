import json
import re

import pytest
from altair import SCHEMA_URL, load_schema
from click.testing import CliRunner
from jsonschema import Draft7Validator

from chat_forecast.cli import main
from chat_forecast.presentation.phrases.catalogue import Phrases
from chat_forecast.presentation.reports import Reports
from chat_forecast.presentation.reports.charts.grammar import SCHEMA
from chat_forecast.presentation.reports.facts import gather
from chat_forecast.presentation.reports.page import _charts
from chat_forecast.settings.known_values import known_languages
from chat_forecast.settings.models import Chat
from chat_forecast.storage.schemas import StoredFileError
from chat_forecast_tests.presentation.reports.stored import (
    FIRST,
    make_chat,
    store_forecasts,
    store_scores,
    store_series,
    store_training,
)

CHAT = make_chat()


def charts(page: str) -> set[str]:
    return set(json.loads(re.search(r'id="charts">(.*?)</script>', page, re.DOTALL)[1])["charts"])


def is_current(reports: Reports, chat: Chat, language: str = "en") -> bool:
    """Whether there is a page that would be made again as it is."""
    page = reports.path(chat, language)
    return page.exists() and f'content="{reports.state(chat)}"' in page.read_text()


def text(page: str) -> str:
    return re.sub(r"<[^>]+>", " ", page.partition("<main>")[2].partition("</main>")[0])


@pytest.mark.parametrize("language", known_languages())
def test_a_page_is_one_file_of_at_most_two_megabytes_that_names_nothing_outside(whole, language):
    path = whole.make(CHAT, language)
    page = path.read_text(encoding="utf-8")
    assert path == whole.folder / f"my-chat.{language}.html"
    assert path.stat().st_size < 2_000_000
    assert not re.findall(r'(?:src|href)="(?!#)[^"]*"', page.partition("<script>")[0])
    assert page.count("window.vegaEmbed=") == 1  # the libraries are there once
    assert charts(page) == {"tomorrow", "yesterday", "month-totals", "month-skill", "history", "overview", "week"}
    assert not re.search(r"\{[a-z_]+\}", text(page)), "a placeholder was not filled in"


def test_a_page_says_what_was_unusual_missing_and_trained_in_words(whole):
    said = text(whole.make(CHAT).read_text())
    assert "12:00: 90 messages, 10 expected" in said
    assert "March 21, 2026 to March 30, 2026" in said
    assert "11 days were never read" in said
    assert "The model is 28 days old (limit: 14)." in said
    assert "Prophet instead of same_hour" in said
    assert "Pinball loss: Prophet 1.234; same_hour 1.500." in said
    assert "Europe/Berlin" in said
    assert "simulated" not in said
    simulated = whole.make(CHAT.model_copy(update={"source": "simulated"}), path=whole.folder / "other.html")
    assert "This chat is simulated" in simulated.read_text()


def test_the_same_stored_days_give_the_same_page(whole):
    assert whole.make(CHAT).read_bytes() == whole.make(CHAT, path=whole.folder / "again.html").read_bytes()


def test_a_page_has_no_empty_charts_but_words_while_there_is_nothing_to_draw(reports):
    storage = reports.storages.of(CHAT)
    page = reports.make(CHAT).read_text()
    assert charts(page) == set()
    assert "Nothing of this chat has been read yet." in text(page)

    store_series(storage, 1)  # young: one day, no model
    page = reports.make(CHAT).read_text()
    assert charts(page) == {"yesterday"}
    assert "There is no forecast yet" in text(page)

    store_series(storage, 40, lambda _day, _hour: 0)  # silent
    store_forecasts(storage, 30, 39, lambda _hour: 0.0)
    store_scores(storage, 31, 39)
    page = reports.make(CHAT).read_text()
    assert charts(page) == set()
    assert "Almost no messages are expected" in text(page)
    assert "Nobody wrote" in text(page)

    store_series(storage, 40, lambda day, hour: None if day == 39 else 1 + hour % 3)  # its last day was not read
    page = reports.make(CHAT).read_text()
    assert charts(page) == {"history", "week"}
    assert "No hour of this day was read" in text(page)


def test_a_day_of_23_hours_has_23_rows_and_its_clocks_labels(reports):
    storage = reports.storages.of(CHAT)
    store_series(storage, 29)
    store_forecasts(storage, 26, 28)
    rows = re.findall(r'<th scope="row">(\d\d:\d\d–\d\d:\d\d)</th>', reports.make(CHAT).read_text())
    yesterday = rows[24:]
    assert len(yesterday) == 23
    assert yesterday[1:3] == ["01:00–03:00", "03:00–04:00"]
    assert yesterday[-1] == "23:00–24:00"


def test_pages_are_made_again_once_what_they_are_made_from_has_changed(reports):
    storage = reports.storages.of(CHAT)
    assert reports.make_current(CHAT) == []  # nothing was read
    store_series(storage, 30)
    assert reports.make_current(CHAT) == [reports.path(CHAT)]
    assert reports.make_current(CHAT) == []
    reports.make(CHAT, "ru")
    store_forecasts(storage, 29, 29)
    assert [path.name for path in reports.make_current(CHAT)] == ["my-chat.en.html", "my-chat.ru.html"]
    store_scores(storage, 29, 29)
    assert len(reports.make_current(CHAT)) == 2
    assert reports.make_current(CHAT) == []


@pytest.mark.parametrize("asset", ["hourly_series", "daily_score", "next_day_forecast", "trained_model"])
def test_a_page_is_outdated_once_any_day_that_it_is_made_from_is_stored_again(reports, asset):
    storage = reports.storages.of(CHAT)
    assert not is_current(reports, CHAT)
    store_series(storage, 32)
    store_training(storage, 28)
    store_forecasts(storage, 29, 31)
    store_scores(storage, 30, 31)
    reports.make(CHAT)
    assert is_current(reports, CHAT)
    assert not is_current(reports, CHAT, "ru")
    day = storage.days(asset)[0]
    storage.write(asset, day, storage.frame(asset, day))
    assert not is_current(reports, CHAT)
    assert reports.make_current(CHAT) == [reports.path(CHAT)]
    assert is_current(reports, CHAT)


def test_a_page_is_outdated_once_the_settings_of_its_chat_change(reports):
    store_series(reports.storages.of(CHAT), 3)
    reports.make(CHAT)
    assert not is_current(reports, make_chat(training={"holidays": "DE"}))
    assert is_current(reports, make_chat())


def test_the_command_leaves_a_page_that_is_current_as_it_is(reports, monkeypatch):
    home = reports.folder.parent
    for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_STORAGE"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(home))
    chat = f'[chats.my-chat]\nsource = "export"\ntimezone = "{CHAT.timezone}"\nfirst_day = {CHAT.first_day}\n'
    (home / "chats.toml").write_text(chat)
    store_series(reports.storages.of(CHAT), 3)
    page, made = reports.path(CHAT), []
    for number in range(3):
        if number == 2:
            store_series(reports.storages.of(CHAT), 4)
        done = CliRunner().invoke(main, ["report", "my-chat"])
        assert (done.exit_code, done.output.count("my-chat.en.html")) == (0, 1), done.output
        made.append(page.stat().st_mtime_ns)
    assert made[0] == made[1] < made[2]


@pytest.mark.parametrize("language", known_languages())
def test_the_charts_of_a_page_hold_to_the_schema_of_vega_lite(whole, language):
    schema = Draft7Validator(load_schema())
    drawn = _charts(gather(CHAT, whole.storages.of(CHAT)), Phrases(language))
    for chart in drawn.values():
        schema.validate(chart)
    assert not schema.is_valid({**drawn["history"], "layer": [{"mark": "no such mark"}]})
    assert SCHEMA_URL.partition("/v6.")[0] == SCHEMA.partition("/v6.")[0]


def test_the_index_leads_to_every_page_in_the_language_the_chats_share(whole):
    russian = make_chat("russian", language="ru")
    for language in known_languages():
        whole.make(CHAT, language)
    index = whole.make_index([CHAT, russian]).read_text()
    assert re.findall(r'<a href="([^"]+)"', index) == ["my-chat.en.html", "my-chat.en.html", "my-chat.ru.html"]
    assert "The page has not been made yet." in index
    assert "Wednesday, May 20, 2026: about" in index
    assert '<html lang="ru">' in whole.make_index([russian]).read_text()
    assert "No chat is configured" in whole.make_index([]).read_text()


def test_a_damaged_day_is_named_and_the_old_page_stays(reports):
    storage = reports.storages.of(CHAT)
    store_series(storage, 3)
    before = reports.make(CHAT).read_bytes()
    with open(storage.url("hourly_series", FIRST), "wb") as file:  # noqa: PTH123 - a URL of the storage
        file.write(b"not parquet")
    with pytest.raises(StoredFileError, match=r"2026-03-01\.parquet is damaged"):
        reports.make(CHAT)
    assert reports.path(CHAT).read_bytes() == before
