"""What ``status`` says, from stored days alone."""

import dataclasses
import json
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from chat_forecast.app.health import examine, yesterday_of
from chat_forecast.app.health_cache import Examiner
from chat_forecast.domain.forecast_table import FORECAST_COLUMNS
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.domain.retraining_rule import evaluate_rule
from chat_forecast.domain.scoring import SCORE_COLUMNS
from chat_forecast.settings.models import Chat, Check
from chat_forecast.sources import Sources
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.archive_contents import NewImport
from chat_forecast.storage.inspection import StoredChat
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partition_content import NotedTable
from chat_forecast.storage.partitions import Storages
from chat_forecast.storage.schemas import PARTITION_SCHEMAS
from chat_forecast.tracking.client import Tracking
from chat_forecast_tests.damage import WAYS, copy_beside, every_way
from chat_forecast_tests.factories import make_message_batch, make_series

SAMPLE = Path(__file__).parents[1] / "samples" / "v0_1_0"
ZONE = "Europe/Berlin"
CHAT = Chat(slug="my-chat", source="simulated", timezone=ZONE, first_day=date(2026, 3, 1))
FIRST = LocalDay(CHAT.first_day, CHAT.timezone)
LAST = FIRST.plus(6)
TRACKING = Tracking("http://127.0.0.1:9")
"""Nobody listens there, and nobody is asked."""


@pytest.fixture
def storage(tmp_path):
    """A week that was read, with a model of its first day and a passing score of its last."""
    storage = Storages(str(tmp_path), Locks(tmp_path / "locks")).of(CHAT)
    for day in FIRST.until(LAST):
        storage.write("raw_messages", day, make_message_batch(day))
        storage.write("merged_history", day, make_message_batch(day))
        storage.write("hourly_series", day, make_series(day, 1))
    storage.write("trained_model", FIRST, _model(FIRST))
    for day in (LAST.plus(-1), LAST):
        storage.write("next_day_forecast", day, _forecast(day))
    storage.write("daily_score", LAST, _score(LAST, skill=0.25))
    return storage


def at(storage, tmp_path, hours: float, chat: Chat = CHAT, last: LocalDay = LAST):
    """How the chat is, so many hours after a day's end."""
    now = (last.end + timedelta(hours=hours)).to_pydatetime()
    return examine(chat, StoredChat.inspect(storage, yesterday_of(chat, now)), Sources(str(tmp_path)), now)


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
    assert concern.startswith(f"late: {day.key} should have been read by now, and the last day read is {LAST.key}")
    assert concern.endswith(f"chat-forecast backfill my-chat --from {day.key} --to {day.key}")


def test_a_day_that_was_never_read_needs_a_backfill_and_one_that_nobody_knows_of_does_not(storage, tmp_path):
    for asset in ("raw_messages", "merged_history", "hourly_series"):
        for number in (2, 4):
            (tmp_path / "my-chat" / asset / f"{FIRST.plus(number).key}.parquet").unlink()
    for asset in ("raw_messages", "merged_history"):
        storage.write(asset, FIRST.plus(4), make_message_batch(FIRST.plus(4)))
    storage.write("hourly_series", FIRST.plus(4), make_series(FIRST.plus(4), 1, lambda _hour: None))
    health = at(storage, tmp_path, 7)
    assert health.missing_days == [FIRST.plus(2).key, FIRST.plus(4).key]
    assert health.concerns == [
        f"1 day was never read: chat-forecast backfill my-chat --from {FIRST.plus(2).key} --to {FIRST.plus(2).key}"
    ]


def test_an_archive_that_covers_no_whole_hour_needs_another_export_and_no_backfill(storage, tmp_path):
    chat = Chat(slug="other", source="export", timezone=ZONE, first_day=CHAT.first_day)
    storage = dataclasses.replace(storage, chat=chat.slug)
    batch = MessageBatch(make_message_batch(FIRST, range(1)).messages)
    Archive(str(tmp_path), chat.slug).add(NewImport(batch))
    (concern,) = at(storage, tmp_path, 7, chat).concerns
    assert concern == "nothing has been read yet: chat-forecast backfill other"
    for asset in ("raw_messages", "merged_history"):
        storage.write(asset, FIRST, batch)
    storage.write("hourly_series", FIRST, make_series(FIRST, 1, lambda _hour: None))
    (concern,) = at(storage, tmp_path, 7, chat).concerns
    assert concern == "no whole hour of it was read: chat-forecast import other FILE, with an export that covers more"


@pytest.mark.parametrize("hours", [7, 24 * 1200])
def test_an_export_with_nothing_newer_has_ended_and_is_neither_late_nor_forecast(storage, tmp_path, hours):
    export = CHAT.model_copy(update={"source": "export"})
    messages = make_message_batch(LAST, range(600)).messages
    spans = ReadIntervals.of((FIRST.start, messages["sent_at"].iloc[-1]))
    Archive(str(tmp_path), "my-chat").add(NewImport(MessageBatch(messages, spans)))
    (tmp_path / "my-chat" / "next_day_forecast" / f"{LAST.key}.parquet").unlink()
    storage.write("daily_score", LAST, _score(LAST, age=15))  # its check failed
    health = at(storage, tmp_path, hours, export, LAST.plus(1))
    assert (health.concerns, health.next_tick) == ([], None)
    assert health.note == f"covered to {LAST.key}; import a newer export: chat-forecast import my-chat FILE"
    assert at(storage, tmp_path, 7, export).note is None  # its last day is the one that ended last: it is forecast
    for asset in ("raw_messages", "merged_history", "hourly_series", "daily_score"):
        (tmp_path / "my-chat" / asset / f"{LAST.key}.parquet").unlink()
    (tmp_path / "my-chat" / "next_day_forecast" / f"{LAST.plus(-1).key}.parquet").unlink()
    (concern,) = at(storage, tmp_path, hours, export, LAST.plus(1)).concerns
    assert concern == f"1 day is not made yet: chat-forecast backfill my-chat --from {LAST.key} --to {LAST.key}"
    # Imported to the end of the day before, it is not late either: no night reads it.
    assert at(storage, tmp_path, 7, export).concerns[0] == concern


def test_a_chat_past_its_last_day_has_ended(storage, tmp_path):
    ended = CHAT.model_copy(update={"last_day": LAST.date})
    health = at(storage, tmp_path, 24 * 40, ended)
    assert (health.concerns, health.note) == ([], f"ended on {LAST.key}, its last_day in chats.toml")


def test_days_between_files_of_an_export_are_missing_and_nobody_s_business(storage, tmp_path):
    export = CHAT.model_copy(update={"source": "export"})
    for asset in ("raw_messages", "merged_history", "hourly_series"):
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


def test_the_verdict_is_the_one_stored_whatever_the_rule_is_now(storage, tmp_path):
    strict = CHAT.model_copy(update={"check": Check(rule="smape", smape_threshold=0.0001)})
    health = at(storage, tmp_path, 7, strict)
    assert (health.score["check_passed"], health.score["check_rule"], health.concerns) == (True, "relative", [])


def test_a_score_without_a_verdict_says_how_to_make_one_and_needs_nobody(storage, tmp_path):
    for day in ("2026-03-29", "2026-04-01"):
        path = tmp_path / "old-chat" / "daily_score" / f"{day}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((SAMPLE / "old-chat" / "daily_score" / path.name).read_bytes())
    old = CHAT.model_copy(update={"slug": "old-chat"})
    storage = Storages(str(tmp_path), Locks(tmp_path / "locks")).of(old)
    health = at(storage, tmp_path, 7, old, LocalDay.parse("2026-04-01", ZONE))
    assert health.score["day"] == "2026-04-01"
    assert health.score["check_passed"] is None
    assert health.score["check"].endswith("chat-forecast rescore old-chat")
    assert not any("rescore" in concern for concern in health.concerns)


@every_way
@pytest.mark.parametrize("asset", sorted(PARTITION_SCHEMAS))
def test_an_unusable_file_is_a_concern_and_everything_else_is_found_out(storage, tmp_path, asset, damage):
    days = storage.days(asset)
    path = tmp_path / "my-chat" / asset / f"{days[-1].key}.parquet"
    damage(path)
    health = at(storage, tmp_path, 7)
    assert health.concerns[0].startswith(f"{path} {WAYS[damage]}")
    assert health.last_day_read == (LAST if asset != "hourly_series" else LAST.plus(-1)).key
    assert health.model_trained_through == (FIRST.key if asset != "trained_model" else None)
    assert (health.score is None) == (asset == "daily_score")


@pytest.mark.parametrize("asset", sorted(PARTITION_SCHEMAS))
def test_a_copy_of_a_file_is_named_and_changes_nothing(storage, tmp_path, asset):
    well = at(storage, tmp_path, 7)
    day = storage.days(asset)[-1]
    copy_beside(tmp_path / "my-chat" / asset / f"{day.key}.parquet")
    health = at(storage, tmp_path, 7)
    (concern,) = health.concerns
    assert concern.startswith(f"{tmp_path}/my-chat/{asset}/{day.key} (copy).parquet is not a partition")
    assert dataclasses.replace(health, concerns=[], damaged_files=0) == well


def test_files_that_vanished_are_named(storage, tmp_path):
    for number in (2, 4):
        (tmp_path / "my-chat" / "merged_history" / f"{FIRST.plus(number).key}.parquet").unlink()
    (concern,) = at(storage, tmp_path, 7).concerns
    assert concern.startswith(f"2 files from {FIRST.plus(2).key} to {FIRST.plus(4).key} of merged_history are gone: restore")
    (tmp_path / "my-chat" / "hourly_series" / f"{LAST.key}.parquet").unlink()
    gone = f"the file of {LAST.key} of hourly_series is gone; to make"
    assert any(concern.startswith(gone) for concern in at(storage, tmp_path, 7).concerns)


@pytest.mark.parametrize(
    ("asset", "number"), [("raw_messages", 2), ("next_day_forecast", 4), ("daily_score", 5), ("trained_model", 0)]
)
def test_a_file_of_any_asset_that_vanished_is_named_with_what_to_do(storage, tmp_path, asset, number):
    for day in FIRST.plus(3).until(LAST.plus(-1)):
        storage.write("next_day_forecast", day, _forecast(day))
        storage.write("daily_score", day.plus(1), _score(day.plus(1)))
    assert at(storage, tmp_path, 7).concerns == []
    day = FIRST.plus(number)
    (tmp_path / "my-chat" / asset / f"{day.key}.parquet").unlink()
    concern = at(storage, tmp_path, 7).concerns[0]
    assert concern.startswith(f"the file of {day.key} of {asset} is gone")
    assert concern.endswith(f"chat-forecast backfill my-chat --from {day.key} --to {day.key}")


def test_an_older_score_stands_in_for_one_whose_rows_are_damaged(storage, tmp_path):
    storage.write("daily_score", LAST.plus(-1), _score(LAST.plus(-1), skill=0.5))
    path = tmp_path / "my-chat" / "daily_score" / f"{LAST.key}.parquet"
    content = bytearray(path.read_bytes())
    content[4:200] = bytes(196)  # the columns' pages; the end of the file stays
    path.write_bytes(content)
    health = at(storage, tmp_path, 7)
    assert (health.score["day"], health.score["skill"]) == (LAST.plus(-1).key, 0.5)
    assert health.concerns[0].startswith(f"{path} is damaged")


def test_an_archive_that_is_damaged_is_a_concern_of_its_chat_alone(storage, tmp_path):
    export = CHAT.model_copy(update={"source": "export"})
    (tmp_path / "my-chat" / "archive").mkdir()
    (tmp_path / "my-chat" / "archive" / "messages.parquet").write_bytes(b"PAR1 and no more")
    health = at(storage, tmp_path, 7, export)
    (concern,) = health.concerns
    assert "archive/messages.parquet is damaged" in concern
    assert "chat-forecast import my-chat FILE" in concern
    assert health.last_day_read == LAST.key
    unread = CHAT.model_copy(update={"source": "export", "slug": "unread"})
    (tmp_path / "my-chat" / "archive").rename(tmp_path / "unread-archive")
    (tmp_path / "unread").mkdir()
    (tmp_path / "unread-archive").rename(tmp_path / "unread" / "archive")
    health = at(Storages(str(tmp_path), Locks(tmp_path / "locks")).of(unread), tmp_path, 7, unread)
    assert (health.missing_days, len(health.concerns)) == ([], 2)


@pytest.mark.parametrize("asset", sorted(PARTITION_SCHEMAS))
def test_a_file_in_a_folders_place_is_named_and_hides_no_other_chat(storage, tmp_path, asset):
    (tmp_path / "other" / asset).parent.mkdir()
    (tmp_path / "other" / asset).write_text("a file where a folder should be")
    other = CHAT.model_copy(update={"slug": "other"})
    now = (LAST.end + timedelta(hours=7)).to_pydatetime()
    storages = Storages(str(tmp_path), Locks(tmp_path / "locks"))
    ill, well = Examiner(storages, Sources(str(tmp_path)), TRACKING).examine_all([other, CHAT], now)
    assert f"{tmp_path}/other/{asset} cannot be read (Not a directory), expected a folder" in ill.concerns[0]
    assert well.concerns == []


def test_one_chat_s_trouble_hides_no_other_chat(storage, tmp_path):
    other = CHAT.model_copy(update={"slug": "other-chat"})
    (tmp_path / "other-chat").write_text("a file where the chat's folder should be")
    now = (LAST.end + timedelta(hours=7)).to_pydatetime()
    storages = Storages(str(tmp_path), Locks(tmp_path / "locks"))
    found = Examiner(storages, Sources(str(tmp_path)), TRACKING).examine_all([other, CHAT], now)
    assert [health.chat for health in found] == ["other-chat", "my-chat"]
    assert found[0].concerns
    owed_to_mlflow = {"scores": 1, "trainings": 1}
    assert found[1] == dataclasses.replace(at(storage, tmp_path, 7), owed_to_mlflow=owed_to_mlflow)


def test_a_withheld_forecast_needs_somebody(storage, tmp_path):
    storage.write("next_day_forecast", LAST, NotedTable(_forecast(LAST), {"withheld": "withheld: it cannot be"}))
    (concern,) = at(storage, tmp_path, 7).concerns
    assert concern.startswith(f"the forecast for {LAST.plus(1).key} is withheld: it cannot be.")
    assert at(storage, tmp_path, 0.1).concerns == [concern]


def test_a_day_that_cannot_be_forecast_and_a_model_that_cannot_be_used_are_named(storage, tmp_path):
    coming = LAST.plus(1).key
    storage.write("next_day_forecast", LAST, NotedTable(_forecast(LAST).iloc[:0], {"reason": "nothing is known"}))
    assert at(storage, tmp_path, 7).concerns == [f"there is no forecast for {coming}: nothing is known"]
    storage.write("next_day_forecast", LAST, NotedTable(_forecast(LAST), {"reason": "the model cannot be used"}))
    assert at(storage, tmp_path, 7).concerns == [
        f"the forecast for {coming} was not made by the model: the model cannot be used"
    ]


def test_a_chat_without_a_model_or_without_a_forecast_needs_a_run(storage, tmp_path):
    (tmp_path / "my-chat" / "next_day_forecast" / f"{LAST.key}.parquet").unlink()
    assert at(storage, tmp_path, 7).concerns == [
        f"there is no forecast for {LAST.plus(1).key}: chat-forecast run my-chat --day {LAST.key}"
    ]
    (tmp_path / "my-chat" / "trained_model" / f"{FIRST.key}.parquet").unlink()
    assert at(storage, tmp_path, 7).concerns[-1] == f"there is no model yet: chat-forecast run my-chat --day {LAST.key}"


def _model(day: LocalDay):
    texts = dict.fromkeys(
        ("trained_through", "forecaster", "why", "comparison", "model", "first_hour", "last_hour"), day.key
    )
    return pd.DataFrame([{**texts, "hours_known": 24, "reason": None}])


def _forecast(day: LocalDay):
    hours = day.plus(1).hours.as_unit("us")
    names = FORECAST_COLUMNS[1:]
    frame = pd.DataFrame({"hour": hours, **dict.fromkeys(names, 1.0)})
    return frame.assign(forecaster="f", trained_through=FIRST.key)


def _score(day: LocalDay, *, skill: float = 0.1, age: int = 6):
    row = dict.fromkeys(SCORE_COLUMNS)
    row |= {"day": day.key, "hours_scored": 24, "hours_missing": 0, "messages": 240, "model_age_days": age, "skill": skill}
    row |= {
        "expected_total": 240.0,
        "trained_through": day.plus(-age).key,
        "rmse": 2.0,
        "smape": 0.5,
        "same_hour_hours": 24,
        "squared_error": 1.0,
        "same_hour_squared_error": 4.0,
    }
    score = pd.DataFrame([row], columns=list(SCORE_COLUMNS))
    return score.assign(**evaluate_rule(score, Check()).to_row())


def test_a_chat_whose_zone_was_edited_by_hand_is_put_aside_and_the_others_are_examined(storage, tmp_path):
    edited = Chat(slug="my-chat", source="simulated", timezone="Asia/Tokyo", first_day=CHAT.first_day)
    other = Chat(slug="other", source="simulated", timezone=ZONE, first_day=CHAT.first_day)
    storages = Storages(str(tmp_path), Locks(tmp_path / "locks"))
    now = (LAST.end + timedelta(hours=7)).to_pydatetime()
    mine, others = Examiner(storages, Sources(str(tmp_path)), TRACKING).examine_all([edited, other], now)
    (concern,) = mine.concerns
    assert "Asia/Tokyo in chats.toml, but its days were counted in Europe/Berlin" in concern
    assert "chat-forecast timezone my-chat Asia/Tokyo" in concern
    assert others.concerns == ["nothing has been read yet: chat-forecast backfill other"]
