"""What ``status`` found is said again until a file changes, and not a moment longer."""

import os
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest

from chat_forecast.app import health_cache
from chat_forecast.app.health_cache import HOLDS, Examiner
from chat_forecast.app.serving.health_refresher import refresh_all
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.settings.models import Chat
from chat_forecast.settings.paths import Home
from chat_forecast.sources import Sources
from chat_forecast.storage.inspection_cache import CACHE_FILE
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partition_content import NotedTable
from chat_forecast.storage.partitions import Storages
from chat_forecast.tracking.client import Tracking
from chat_forecast_tests.damage import WAYS, copy_beside
from chat_forecast_tests.factories import make_forecast, make_message_batch, make_scores, make_series

CHAT = Chat(slug="my-chat", source="simulated", timezone="Europe/Berlin", first_day=date(2026, 3, 1))
FIRST = LocalDay(CHAT.first_day, CHAT.timezone)
LAST = FIRST.plus(20)
NOW = (LAST.end + timedelta(hours=1)).to_pydatetime()


@pytest.fixture
def storage(tmp_path):
    storage = Storages(str(tmp_path), Locks(tmp_path / "locks")).of(CHAT)
    for day in FIRST.until(LAST):
        for asset in ("raw_messages", "merged_history"):
            storage.write(asset, day, make_message_batch(day))
        storage.write("hourly_series", day, make_series(day, 1))
    return storage


@pytest.fixture
def examiner(tmp_path):
    return Examiner(
        Storages(str(tmp_path), Locks(tmp_path / "locks")), Sources(str(tmp_path)), Tracking("http://127.0.0.1:9")
    )


@pytest.fixture
def looks(monkeypatch):
    """How often the files were looked through."""
    times = []
    plainly = Examiner._find_out
    monkeypatch.setattr(Examiner, "_find_out", lambda *given: times.append(1) or plainly(*given))
    return times


def test_what_was_found_is_said_again_while_nothing_changes(storage, examiner, looks):
    first = examiner.look(CHAT, NOW)
    for minutes in (1, 30, 59):
        assert examiner.look(CHAT, NOW + timedelta(minutes=minutes)) == first
    assert len(looks) == 1
    assert examiner.look(CHAT, NOW + HOLDS) == first
    assert len(looks) == 2


def test_after_an_hour_each_file_is_looked_at_and_nothing_found_out_anew_where_all_are_as_they_were(
    storage, examiner, tmp_path, monkeypatch
):
    times = []
    plainly = health_cache.examine
    monkeypatch.setattr(health_cache, "examine", lambda *given: times.append(1) or plainly(*given))
    old = tmp_path / "my-chat" / "hourly_series" / f"{FIRST.key}.parquet"
    whole, first = old.read_bytes(), examiner.look(CHAT, NOW)
    assert examiner.look(CHAT, NOW + HOLDS) == first
    assert len(times) == 1
    old.write_bytes(whole[:40])  # in place
    assert examiner.look(CHAT, NOW + HOLDS + timedelta(minutes=59)) == first
    assert examiner.look(CHAT, NOW + 2 * HOLDS).damaged_files == 1
    old.write_bytes(whole)
    assert examiner.look(CHAT, NOW + 2 * HOLDS) == first


def test_a_file_that_is_replaced_removed_or_damaged_is_seen(storage, examiner, looks, tmp_path):
    series, ledger = tmp_path / "my-chat" / "hourly_series", tmp_path / "my-chat" / "mlflow_ledger.json"
    old, newest = series / f"{FIRST.plus(3).key}.parquet", series / f"{LAST.key}.parquet"
    assert examiner.look(CHAT, NOW).missing_days == []
    storage.write("hourly_series", FIRST, make_series(FIRST, 1, lambda _hour: None))
    assert examiner.look(CHAT, NOW).missing_days == [FIRST.key]
    old.unlink()
    assert examiner.look(CHAT, NOW).missing_days == [FIRST.key, FIRST.plus(3).key]
    ledger.write_text("{}")
    examiner.look(CHAT, NOW)
    assert len(looks) == 4
    whole = newest.read_bytes()
    newest.write_bytes(whole[:40])  # in place
    assert examiner.look(CHAT, NOW).damaged_files == 1
    newest.write_bytes(whole)
    assert examiner.look(CHAT, NOW).damaged_files == 0


def test_what_is_damaged_is_looked_at_until_it_is_put_right(storage, examiner, tmp_path):
    old = tmp_path / "my-chat" / "hourly_series" / f"{FIRST.key}.parquet"
    whole = old.read_bytes()
    old.write_bytes(whole[:40])
    assert examiner.look(CHAT, NOW).damaged_files == 1
    old.write_bytes(whole)  # in place, as a backup is copied back
    assert examiner.look(CHAT, NOW).damaged_files == 0


def test_other_settings_another_day_and_a_late_night_are_found_out_anew(storage, examiner, looks):
    examiner.look(CHAT, NOW)
    examiner.look(CHAT.model_copy(update={"first_day": date(2026, 3, 2)}), NOW)
    assert len(looks) == 2
    next_night = NOW + timedelta(days=1)
    assert not [each for each in examiner.look(CHAT, next_night).concerns if each.startswith("late")]
    assert [each for each in examiner.look(CHAT, next_night + timedelta(hours=6)).concerns if each.startswith("late")]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"at": 1}', '{"health": {}}'])
def test_a_cache_that_cannot_be_read_costs_time_and_nothing_else(storage, examiner, looks, tmp_path, content):
    first = examiner.look(CHAT, NOW)
    (tmp_path / "my-chat" / health_cache.FILE).write_text(content)
    assert examiner.look(CHAT, NOW) == first
    assert len(looks) == 2


def test_up_looks_when_a_chat_has_come_to_rest_before_what_it_knows_is_too_old(storage, examiner, looks, tmp_path):
    for path in (tmp_path / "my-chat").rglob("*"):
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    examiner.refresh(CHAT, NOW)
    assert len(looks) == 0
    rested = NOW + timedelta(minutes=2)
    examiner.refresh(CHAT, rested)
    examiner.refresh(CHAT, rested + timedelta(minutes=40))
    assert len(looks) == 1
    examiner.look(CHAT, rested + timedelta(minutes=41))
    assert len(looks) == 1
    examiner.refresh(CHAT, rested + timedelta(minutes=55))
    assert len(looks) == 2


def test_up_does_not_look_where_nothing_can_be_cached(tmp_path, looks):
    locks = Locks(tmp_path / "locks")
    Examiner(Storages("memory://home", locks), Sources("memory://home"), Tracking("http://127.0.0.1:9")).refresh(CHAT, NOW)
    assert len(looks) == 0


def test_up_looks_at_every_chat_of_the_home(tmp_path):
    home = Home.from_environment({"CHAT_FORECAST_HOME": str(tmp_path)})
    table = '[chats.{}]\nsource = "simulated"\ntimezone = "UTC"\nfirst_day = 2026-03-01\n'
    home.chats_file.write_text("".join(table.format(slug) for slug in "ab"))
    for slug in "ab":
        (tmp_path / slug).mkdir()
        (tmp_path / slug / "note").touch()
        os.utime(tmp_path / slug / "note", (0, 0))
    refresh_all(home, threading.Event())
    assert all((tmp_path / slug / health_cache.FILE).is_file() for slug in "ab")


def store_week(tmp_path, slug, damage, number):
    """A week of a chat, of which the file of one day of an asset is damaged."""
    chat = CHAT.model_copy(update={"slug": slug})
    storage = Storages(str(tmp_path), Locks(tmp_path / "locks")).of(chat)
    week = list(LAST.plus(-6).until(LAST))
    for day in week:
        for asset in ("raw_messages", "merged_history"):
            storage.write(asset, day, make_message_batch(day))
        storage.write("hourly_series", day, make_series(day, 1))
        storage.write("next_day_forecast", day, NotedTable(make_forecast(day.plus(1)), {"reason": "it is told"}))
        storage.write("daily_score", day, make_scores(day, [0.1]))
    if damage is not None:
        assets = ("raw_messages", "merged_history", "hourly_series", "next_day_forecast", "daily_score")
        damage(tmp_path / slug / assets[number % 5] / f"{week[-1 - number % 2].key}.parquet")
    return chat.model_copy(update={"first_day": week[0].date})


def store_month(tmp_path, slug):
    """The days of a chat, in folders that have not changed for long."""
    chat = CHAT.model_copy(update={"slug": slug})
    storage = Storages(str(tmp_path), Locks(tmp_path / "locks")).of(chat)
    for day in FIRST.until(LAST):
        storage.write("hourly_series", day, make_series(day, 1))
    os.utime(tmp_path / slug / "hourly_series", (0, 0))
    return chat


def examine_plainly(examiner, chat):
    """How a chat is doing, where nothing is remembered."""
    found = examiner.look(chat, NOW)
    for name in (health_cache.FILE, CACHE_FILE):
        Path(examiner.storages.root, chat.slug, name).unlink(missing_ok=True)
    return found


def test_what_workers_find_and_what_is_cached_is_what_this_process_finds(examiner, tmp_path):
    ways = [None, *WAYS, copy_beside, Path.unlink] * 2
    chats = [store_week(tmp_path, f"chat-{number}", way, number) for number, way in enumerate(ways)]
    alone = [examine_plainly(examiner, chat) for chat in chats]
    assert len({tuple(each.concerns) for each in alone}) > len(chats) / 2
    assert examiner.examine_all(chats, NOW) == alone  # nothing is remembered
    assert examiner.examine_all(chats, NOW) == alone  # what was found of each chat is
    for path in tmp_path.glob("*/health.json"):
        path.unlink()
    assert examiner.examine_all(chats, NOW) == alone  # what was found of each file is


def test_of_many_chats_a_part_of_the_files_is_looked_at_each_time_and_what_changes_is_found(examiner, tmp_path, monkeypatch):
    monkeypatch.setattr(health_cache, "CHATS_PER_PART", 1)
    chats = [store_month(tmp_path, f"chat-{number}") for number in range(health_cache.MOST_PARTS)]
    alone = [examine_plainly(examiner, chat) for chat in chats]
    assert examiner.examine_all(chats, NOW) == alone
    path = tmp_path / "chat-3" / "hourly_series" / f"{FIRST.key}.parquet"
    newest, whole = path.with_name(f"{LAST.key}.parquet"), path.read_bytes()
    newest.unlink()
    (found,) = [each for each in examiner.examine_all(chats, NOW + HOLDS) if each not in alone]
    assert found == examine_plainly(examiner, chats[3])
    alone[3] = found
    path.write_bytes(whole[:40])  # in place
    hours = range(2, 2 + health_cache.MOST_PARTS)
    looks = [examiner.examine_all(chats, NOW + number * HOLDS)[3].damaged_files for number in hours]
    assert looks[-1] == 1
    assert looks == sorted(looks)
    path.write_bytes(whole)
    assert examiner.examine_all(chats, NOW) == alone


def test_up_looks_at_each_file_however_many_chats_there_are(examiner):
    assert examiner.parts == 1
