"""What ``status`` says, from stored days alone."""

import json
from datetime import date, timedelta

import pandas as pd
import pytest

from chat_forecast.app.health import examine
from chat_forecast.domain.forecast_table import FORECAST_COLUMNS
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import evaluate_rule
from chat_forecast.domain.scoring import SCORE_COLUMNS
from chat_forecast.settings.models import Chat, Check
from chat_forecast.sources import Sources
from chat_forecast.storage.partitions import Storages
from chat_forecast_tests.factories import make_message_batch, make_series

CHAT = Chat(slug="my-chat", source="simulated", timezone="Europe/Berlin", first_day=date(2026, 3, 1))
FIRST = LocalDay(CHAT.first_day, CHAT.timezone)
LAST = FIRST.plus(6)


@pytest.fixture
def storage(tmp_path):
    """A week that was read, with a model of its first day and a passing score of its last."""
    storage = Storages(str(tmp_path), tmp_path / "locks").of(CHAT)
    for day in FIRST.until(LAST):
        storage.write("raw_messages", day, make_message_batch(day))
        storage.write("hourly_series", day, make_series(day, 1))
    storage.write("trained_model", FIRST, _model(FIRST))
    storage.write("next_day_forecast", LAST, _forecast(LAST))
    storage.write("daily_score", LAST, _score(LAST, skill=0.25))
    return storage


def at(storage, tmp_path, hours: float, chat: Chat = CHAT, last: LocalDay = LAST):
    """How the chat is, so many hours after a day's end."""
    return examine(chat, storage, Sources(str(tmp_path)), (last.end + timedelta(hours=hours)).to_pydatetime())


def test_a_chat_that_is_well_needs_nobody(storage, tmp_path):
    health = at(storage, tmp_path, 7)
    assert health.concerns == []
    assert (health.last_day_read, health.missing_days) == (LAST.key, [])
    assert (health.model_trained_through, health.model_age_days) == (FIRST.key, 6)
    assert (health.score["day"], health.score["skill"], health.score["check_passed"]) == (LAST.key, 0.25, True)
    assert health.next_tick == "2026-03-09T00:01:00+01:00"
    assert at(storage, tmp_path, 0.01).next_tick == "2026-03-08T00:01:00+01:00"
    assert json.dumps(vars(health))


def test_the_night_has_six_hours_before_its_day_is_late(storage, tmp_path):
    day = LAST.plus(1)
    assert at(storage, tmp_path, 5.9, last=day).concerns == []
    (concern,) = at(storage, tmp_path, 6.1, last=day).concerns
    assert concern.startswith(f"late: {day.key} should have been read by now, and {LAST.key} was the last")
    assert concern.endswith(f"chat-forecast backfill my-chat --from {day.key} --to {day.key}")


def test_a_day_that_was_never_read_needs_a_backfill_and_one_that_nobody_knows_of_does_not(storage, tmp_path):
    for asset in ("raw_messages", "hourly_series"):
        for number in (2, 4):
            (tmp_path / "my-chat" / asset / f"{FIRST.plus(number).key}.parquet").unlink()
    storage.write("raw_messages", FIRST.plus(4), make_message_batch(FIRST.plus(4)))
    storage.write("hourly_series", FIRST.plus(4), make_series(FIRST.plus(4), 1, lambda _hour: None))
    health = at(storage, tmp_path, 7)
    assert health.missing_days == [FIRST.plus(2).key, FIRST.plus(4).key]
    assert health.concerns == [
        f"1 day was never read: chat-forecast backfill my-chat --from {FIRST.plus(2).key} --to {FIRST.plus(2).key}"
    ]


def test_days_between_files_of_an_export_are_missing_and_nobody_s_business(storage, tmp_path):
    export = CHAT.model_copy(update={"source": "export"})
    for asset in ("raw_messages", "hourly_series"):
        (tmp_path / "my-chat" / asset / f"{FIRST.plus(2).key}.parquet").unlink()
    health = at(storage, tmp_path, 7, export)
    assert health.missing_days == [FIRST.plus(2).key]
    assert health.concerns == []


def test_a_failed_check_without_a_training_since_needs_somebody(storage, tmp_path):
    storage.write("daily_score", LAST, _score(LAST, age=15))
    (concern,) = at(storage, tmp_path, 7).concerns
    assert concern.startswith(f"the score of {LAST.key} failed its check (")
    storage.write("trained_model", LAST, _model(LAST))
    assert at(storage, tmp_path, 7).concerns == []


def test_a_chat_without_a_model_or_without_a_forecast_needs_a_run(storage, tmp_path):
    (tmp_path / "my-chat" / "next_day_forecast" / f"{LAST.key}.parquet").unlink()
    assert at(storage, tmp_path, 7).concerns == [
        f"there is no forecast for {LAST.plus(1).key}: chat-forecast run my-chat --day {LAST.key}"
    ]
    (tmp_path / "my-chat" / "trained_model" / f"{FIRST.key}.parquet").unlink()
    assert at(storage, tmp_path, 7).concerns == [f"there is no model yet: chat-forecast run my-chat --day {LAST.key}"]


def _model(day: LocalDay):
    texts = dict.fromkeys(
        ("trained_through", "forecaster", "why", "comparison", "model", "first_hour", "last_hour"), day.key
    )
    return pd.DataFrame([{**texts, "hours_known": 24, "reason": None}])


def _forecast(day: LocalDay):
    hours = day.plus(1).hours.as_unit("us")
    names = FORECAST_COLUMNS[1:]
    frame = pd.DataFrame({"hour": hours, **dict.fromkeys(names, 1.0)})
    return frame.assign(forecaster="f", trained_through=day.key)


def _score(day: LocalDay, *, skill: float = 0.1, age: int = 6):
    row = dict.fromkeys(SCORE_COLUMNS)
    row |= {"day": day.key, "hours_scored": 24, "hours_missing": 0, "messages": 240, "model_age_days": age, "skill": skill}
    row |= {"rmse": 2.0, "smape": 0.5, "same_hour_hours": 24, "squared_error": 1.0, "same_hour_squared_error": 4.0}
    score = pd.DataFrame([row], columns=list(SCORE_COLUMNS))
    return score.assign(**evaluate_rule(score, Check()).to_row())
