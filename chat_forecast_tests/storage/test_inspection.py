"""Looking through stored files without reading them."""

from pathlib import Path

import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.storage.inspection import MEMORY_FILE, StoredChat, inspect_asset
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import Storages
from chat_forecast_tests.damage import WAYS, copy_beside, cut_in_half, every_way
from chat_forecast_tests.factories import make_series
from chat_forecast_tests.presentation.reports.stored import make_chat

FIRST = LocalDay.parse("2026-05-10", "Europe/Berlin")
DAYS = list(FIRST.until(FIRST.plus(3)))


@pytest.fixture
def storage(tmp_path):
    """Four days of a series, the second of which was not read."""
    storage = Storages(str(tmp_path), Locks(tmp_path / "locks")).of(make_chat())
    for day in DAYS:
        storage.write("hourly_series", day, make_series(day, 1, lambda _hour, day=day: None if day == DAYS[1] else 3))
    return storage


def path_of(storage, day):
    return Path(storage.url("hourly_series", day))


def test_days_are_found_with_what_is_known_of_them(storage):
    stored = inspect_asset(storage, "hourly_series")
    assert list(stored.partitions) == DAYS
    assert stored.faults == ()
    assert [each.rows for each in stored.partitions.values()] == [24] * 4
    assert [each.has_any("messages") for each in stored.partitions.values()] == [True, False, True, True]


def test_a_chat_of_which_nothing_is_stored_has_neither_days_nor_faults(tmp_path):
    storage = Storages(str(tmp_path), Locks(tmp_path / "locks")).of(make_chat())
    assert inspect_asset(storage, "daily_score") == inspect_asset(storage, "raw_messages")
    assert not inspect_asset(storage, "daily_score").partitions


@every_way
def test_an_unusable_file_is_named_and_hides_no_other(storage, damage):
    path = path_of(storage, DAYS[2])
    damage(path)
    stored = inspect_asset(storage, "hourly_series")
    assert list(stored.partitions) == [DAYS[0], DAYS[1], DAYS[3]]
    (fault,) = stored.faults
    assert fault.startswith(f"{path} {WAYS[damage]}")


def test_a_copy_is_named_and_its_day_stays(storage):
    copy_beside(path_of(storage, DAYS[2]))
    path_of(storage, DAYS[0]).with_name("notes.txt").write_text("mine")
    path_of(storage, DAYS[0]).with_name("2026-02-30.parquet").write_text("no day")
    path_of(storage, DAYS[0]).with_name(".hidden").write_text("a file manager's")
    stored = inspect_asset(storage, "hourly_series")
    assert list(stored.partitions) == DAYS == storage.days("hourly_series")
    assert [fault.partition(" is not a partition")[0].rpartition("/")[2] for fault in stored.faults] == [
        "2026-02-30.parquet",
        "2026-05-12 (copy).parquet",
        "notes.txt",
    ]


def test_advice_tells_what_can_be_made_again_from_what_must_be_restored(storage, tmp_path):
    cut_in_half(path_of(storage, DAYS[2]))
    (fault,) = inspect_asset(storage, "hourly_series").faults
    backfill = "chat-forecast backfill my-chat --from 2026-05-12 --to 2026-05-12"
    assert fault.endswith(f"It can be made again: move it out of the folder, then {backfill}")
    history = tmp_path / "my-chat" / "merged_history" / "2026-05-12.parquet"
    history.parent.mkdir()
    history.write_bytes(b"half")
    (fault,) = inspect_asset(storage, "merged_history").faults
    assert "It may hold messages that no source has any more: restore it from a backup." in fault


@every_way
def test_usable_frames_are_those_around_a_bad_file(storage, damage):
    damage(path_of(storage, DAYS[2]))
    frame, faults = storage.usable_frames("hourly_series", DAYS[0], DAYS[-1])
    assert [day.isoformat() for day in frame["hour"].dt.date.unique()] == [DAYS[n].key for n in (0, 1, 3)]
    (fault,) = faults
    assert WAYS[damage] in fault


@every_way
def test_a_file_that_was_looked_at_and_changes_later_is_looked_at_again(storage, damage):
    first = StoredChat.inspect(storage, DAYS[-1])
    assert first.faults == []
    damage(path_of(storage, DAYS[2]))
    again = StoredChat.inspect(storage, DAYS[-1])
    assert again.assets["hourly_series"] == inspect_asset(storage, "hourly_series")
    assert again.faults[0].startswith(f"{path_of(storage, DAYS[2])} {WAYS[damage]}")
    if path_of(storage, DAYS[2]).is_dir():
        path_of(storage, DAYS[2]).rmdir()
    storage.write("hourly_series", DAYS[2], make_series(DAYS[2], 1, lambda _hour: None))
    third = StoredChat.inspect(storage, DAYS[-1])
    assert third.assets["hourly_series"] == inspect_asset(storage, "hourly_series")
    assert third.known_days == {DAYS[0], DAYS[3]}


def test_what_was_looked_at_is_not_opened_again(storage, tmp_path):
    looks = [StoredChat.inspect(storage, DAYS[-1]).assets for _ in range(2)]
    assert looks[0] == looks[1]
    memory = tmp_path / "my-chat" / MEMORY_FILE
    memory.write_text(memory.read_text().replace(",24,", ",17,"))
    assert {each.rows for each in StoredChat.inspect(storage, DAYS[-1]).assets["hourly_series"].partitions.values()} == {17}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"versions": 1, "assets": {"hourly_series": 5}}'])
def test_a_damaged_memory_of_looks_is_as_good_as_none(storage, tmp_path, content):
    (tmp_path / "my-chat" / MEMORY_FILE).write_text(content)
    assert StoredChat.inspect(storage, DAYS[-1]).assets["hourly_series"] == inspect_asset(storage, "hourly_series")
