"""``now``, ``watch`` and ``show --week``, as commands."""

import json
import re
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from chat_forecast.cli import main
from chat_forecast.cli.printing import console
from chat_forecast.domain.hourly_series import count_by_hour
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting.model_record import train_record
from chat_forecast.pipeline.assets.forecasting import forecast_next_day
from chat_forecast.settings.editing import add_chat
from chat_forecast.settings.reading import load_chats
from chat_forecast.sources.simulated import SimulatedSource
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import Storages
from chat_forecast_tests.cli.output.screens import at_each_width, expect_readable


@pytest.fixture(scope="module")
def stored(tmp_path_factory, today):
    """A home with a simulated chat, of which thirty days are stored, and an imported one."""
    root, first = tmp_path_factory.mktemp("home"), today.plus(-30)
    for slug, source in (("lively", "simulated"), ("old", "export")):
        add_chat(root / "chats.toml", slug, source=source, timezone=today.timezone, first_day=first.date)
    chat = load_chats(root / "chats.toml", today.date)[0]
    storage, days = Storages(str(root), Locks(root / "locks")).of(chat), list(first.until(today.plus(-1)))
    for day, batch in zip(days, SimulatedSource(chat.simulation.seed, chat.timezone).read_days(days), strict=True):
        storage.write("merged_history", day, batch)
        storage.write("hourly_series", day, count_by_hour(batch, day))
    (series,) = storage.series_before(days[-1:], days=chat.training.days)
    storage.write("trained_model", days[-1], train_record(series, days[-1].key, None, None))
    storage.write("next_day_forecast", days[-1], forecast_next_day(days[-1], (storage.newest_model(days[-1]), series)))
    return root


@pytest.fixture(autouse=True)
def home(stored, monkeypatch):
    monkeypatch.setenv("CHAT_FORECAST_HOME", str(stored))
    for name in ("DAGSTER_HOME", "MLFLOW_TRACKING_URI", "CHAT_FORECAST_STORAGE"):
        monkeypatch.setenv(name, "")
    return stored


def chat_forecast(*words):
    ended = CliRunner().invoke(main, words, env={"COLUMNS": "80"})
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
    return ended


def test_now_shows_the_day_so_far_and_what_is_to_come(today):
    shown = chat_forecast("now", "lively").output
    assert f"lively (simulated): today, {today.date:%A} {today.key}" in shown
    assert "expected in all today" in shown


@at_each_width
@pytest.mark.parametrize("words", [("now", "lively"), ("show", "lively", "--week"), ("show", "lively")])
def test_a_day_and_a_week_are_shown_without_a_word_cut(words, width, monkeypatch):
    monkeypatch.setattr(console, "width", width)
    shown = chat_forecast(*words).stdout
    # An hour that is not over is counted so far, which the legend says.
    expect_readable(re.sub(r"(\d)…", r"\1 ", shown).replace("… so far", ""), width)


def test_now_as_json_has_every_hour_and_where_reading_ended(today):
    said = json.loads(chat_forecast("now", "lively", "--json").stdout)
    assert said["day"] == today.key
    assert len(said["hours"]) == len(today.hours)
    until = datetime.fromisoformat(said["read_until"])
    assert LocalDay.containing(until, today.timezone) == today
    assert abs((datetime.now(UTC) - until).total_seconds()) < 120
    assert said["total"]["low"] <= said["total"]["expected"] <= said["total"]["high"]
    assert sum(hour["messages"] or 0 for hour in said["hours"]) == said["messages"]


def test_what_was_read_before_is_shown_without_asking_the_source():
    first = json.loads(chat_forecast("now", "lively", "--json").stdout)
    again = json.loads(chat_forecast("now", "lively", "--stored", "--json").stdout)
    assert (again["read_until"], again["messages"]) == (first["read_until"], first["messages"])


def test_watch_looks_at_the_live_chats_alone():
    ended = chat_forecast("watch")
    assert ended.exit_code == 0
    assert ended.output.startswith("✓ lively: ")
    assert "old" not in ended.output


@pytest.mark.parametrize("words", [("now", "old"), ("watch", "old")])
def test_an_imported_chat_has_no_today(words):
    ended = chat_forecast(*words)
    assert ended.exit_code == 1
    assert "old is not live: an imported chat has nothing new before its next export" in ended.output


def test_the_week_is_shown_with_when_to_post(today):
    shown = chat_forecast("show", "lively", "--week").output
    assert "lively (simulated): coming week, " in shown
    assert f"{today.date:%a} {today.key}" in shown
    assert f"{today.plus(6).date:%a} {today.plus(6).key}" in shown
    assert "best time to post: " in shown
    assert "quietest: " in shown


def test_the_week_as_json_adds_up(today):
    week = json.loads(chat_forecast("show", "lively", "--week", "--json").stdout)["week"]
    assert [day["day"] for day in week["days"]] == [today.plus(number).key for number in range(7)]
    assert sum(hour["expected"] for hour in week["hours"]) == pytest.approx(week["expected"])
    assert len(week["busiest"]) == 3
