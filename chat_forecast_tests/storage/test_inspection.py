"""Looking through stored files without reading them."""

import json
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.storage.inspection import STRAY, StoredAsset, StoredChat, inspect_asset
from chat_forecast.storage.inspection_cache import CACHE_FILE
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.parquet_files import read_parquet
from chat_forecast.storage.partition_content import NotedTable
from chat_forecast.storage.partitions import Storages
from chat_forecast.storage.schemas import PARTITION_SCHEMAS, SCHEMA_KEY, StoredFileError
from chat_forecast_tests.damage import WAYS, copy_beside, cut_in_half, every_way
from chat_forecast_tests.factories import make_forecast, make_message_batch, make_scores, make_series
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


def dates(*numbers):
    return {DAYS[number].date for number in numbers}


def path_of(storage, day):
    return Path(storage.url("hourly_series", day))


def test_days_are_found_with_what_is_known_of_them(storage):
    stored = inspect_asset(storage, "hourly_series")
    assert stored.days == stored.usable == stored.with_rows == dates(0, 1, 2, 3)
    assert stored.faults == ()
    assert stored.filled == {"messages": dates(0, 2, 3)}
    storage.write("hourly_series", DAYS[3], make_series(DAYS[3], 1).iloc[:0])
    stored = inspect_asset(storage, "hourly_series")
    assert (stored.usable, stored.with_rows, stored.filled) == (dates(0, 1, 2, 3), dates(0, 1, 2), {"messages": dates(0, 2)})


def test_a_chat_of_which_nothing_is_stored_has_neither_days_nor_faults(tmp_path):
    storage = Storages(str(tmp_path), Locks(tmp_path / "locks")).of(make_chat())
    assert inspect_asset(storage, "merged_history") == inspect_asset(storage, "raw_messages")
    assert not inspect_asset(storage, "daily_score").days
    assert not inspect_asset(storage, "daily_score").having("expected_total")


@every_way
def test_an_unusable_file_is_named_and_hides_no_other(storage, damage):
    path = path_of(storage, DAYS[2])
    damage(path)
    stored = inspect_asset(storage, "hourly_series")
    assert (stored.days, stored.usable) == (dates(0, 1, 2, 3), dates(0, 1, 3))
    (fault,) = stored.faults
    assert fault.startswith(f"{path} {WAYS[damage]}")


def test_a_copy_is_named_and_its_day_stays(storage):
    copy_beside(path_of(storage, DAYS[2]))
    path_of(storage, DAYS[0]).with_name("notes.txt").write_text("mine")
    path_of(storage, DAYS[0]).with_name("2026-02-30.parquet").write_text("no day")
    path_of(storage, DAYS[0]).with_name(".hidden").write_text("a file manager's")
    stored = inspect_asset(storage, "hourly_series")
    assert stored.usable == {day.date for day in storage.days("hourly_series")} == dates(0, 1, 2, 3)
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
    assert third.known_days == dates(0, 3)


def test_a_file_that_is_cached_is_not_opened_again(storage, tmp_path):
    looks = [StoredChat.inspect(storage, DAYS[-1]).assets for _ in range(2)]
    assert looks[0] == looks[1]
    cache = tmp_path / "my-chat" / CACHE_FILE
    content = json.loads(cache.read_text())
    content["assets"]["hourly_series"]["traits"] = "1111"
    cache.write_text(json.dumps(content))
    assert StoredChat.inspect(storage, DAYS[-1]).known_days == set()


def test_with_another_schema_or_in_another_zone_the_files_of_that_asset_alone_are_looked_at_again(storage, tmp_path):
    storage.write("raw_messages", DAYS[0], make_message_batch(DAYS[0], np.array([5.0])))
    first = StoredChat.inspect(storage, DAYS[-1])
    cache = tmp_path / "my-chat" / CACHE_FILE
    content = json.loads(cache.read_text())
    for asset in ("hourly_series", "raw_messages"):
        content["assets"][asset]["traits"] = "0" * len(content["assets"][asset]["traits"])
    content["versions"]["hourly_series"] = content["versions"]["hourly_series"].replace("Berlin", "Paris")
    cache.write_text(json.dumps(content))
    again = StoredChat.inspect(storage, DAYS[-1])
    assert again.assets["hourly_series"] == first.assets["hourly_series"]
    assert first.days("raw_messages") == [DAYS[0].date]
    assert again.days("raw_messages") == []


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"versions": 1, "assets": {"hourly_series": 5}}'])
def test_a_damaged_cache_is_as_good_as_none(storage, tmp_path, content):
    (tmp_path / "my-chat" / CACHE_FILE).write_text(content)
    assert StoredChat.inspect(storage, DAYS[-1]).assets["hourly_series"] == inspect_asset(storage, "hourly_series")


@pytest.mark.parametrize(
    "kept",
    [
        {"traits": "333"},
        {"traits": "3x33"},
        {"traits": ""},
        {"marks": "00" * 31},
        {"marks": "1|2"},
        {"marks": 5},
        {"names": ""},
    ],
)
def test_a_cache_that_does_not_fit_itself_is_as_good_as_none(storage, tmp_path, kept):
    StoredChat.inspect(storage, DAYS[-1])
    cache = tmp_path / "my-chat" / CACHE_FILE
    content = json.loads(cache.read_text())
    content["assets"]["hourly_series"] |= kept
    cache.write_text(json.dumps(content))
    assert StoredChat.inspect(storage, DAYS[-1]).assets["hourly_series"] == inspect_asset(storage, "hourly_series")


def rename_a_column(table):
    return table.rename_columns({"messages": "posts"})


def swap_columns(table):
    return table.select(table.column_names[::-1])


def change_a_type(table):
    place = table.column_names.index("messages")
    return table.set_column(place, "messages", table.column("messages").cast(pa.float64()))


def move_to_another_zone(table):
    return table.set_column(0, "hour", table.column("hour").cast(pa.timestamp("us", tz="Asia/Tokyo")))


def say_another_version(table):
    return table.replace_schema_metadata({SCHEMA_KEY: b"hourly_series/99"})


CHANGED_COLUMNS = [rename_a_column, swap_columns, change_a_type, move_to_another_zone, say_another_version]


@pytest.mark.parametrize("change", CHANGED_COLUMNS)
def test_a_file_among_many_alike_that_only_says_that_it_is_one_of_them_is_found(storage, change):
    path = path_of(storage, DAYS[2])
    table = pq.read_table(path)
    changed = change(table)
    pq.write_table(changed.replace_schema_metadata((table.schema.metadata or {}) | (changed.schema.metadata or {})), path)
    with pytest.raises(StoredFileError) as expected:
        read_parquet(str(path), storage.schema("hourly_series", DAYS[2]), storage.timezone)
    assert inspect_asset(storage, "hourly_series").faults == (str(expected.value),)


def put_another_in_its_place(path):
    """Another day's file, as a restored backup may have it."""
    other = min(path.parent.glob("*.parquet"))
    if other.is_file() and os.access(other, os.R_OK):
        path.write_bytes(other.read_bytes())


def empty_of_rows(path):
    """A file of the same columns without a row."""
    with suppress(pa.ArrowException):
        pq.write_table(pq.read_table(path).slice(0, 0), path)


def plainly(storage, asset):
    """The same as :func:`inspect_asset`, from the whole of each file, and without a cache."""
    usable, with_rows, faults = set(), set(), []
    filled = {column.name: set() for column in PARTITION_SCHEMAS[asset].columns if column.is_counted}
    for day in storage.days(asset):
        try:
            table = read_parquet(storage.url(asset, day), storage.schema(asset, day), storage.timezone)
        except StoredFileError as error:
            faults.append(str(error))
            continue
        usable.add(day.date)
        with_rows |= {day.date} if len(table) else set()
        for column, days in filled.items():
            days |= {day.date} if table.column(column).drop_null() else set()
    strays = [f"{url} {STRAY}" for url in storage.strays(asset)]
    days = {day.date for day in storage.days(asset)}
    return StoredAsset(days, usable, with_rows, filled, (*strays, *faults))


CHANGES = [*WAYS, copy_beside, Path.unlink, put_another_in_its_place, empty_of_rows]


@pytest.mark.parametrize("seed", range(6))
def test_the_quick_look_finds_what_the_plain_one_does_after_any_changes(storage, seed):
    chosen = np.random.default_rng(seed)
    for day in DAYS:
        storage.write("raw_messages", day, make_message_batch(day))
        storage.write("next_day_forecast", day, NotedTable(make_forecast(day.plus(1)), {}))
        storage.write("daily_score", day, make_scores(day, [0.1 if day != DAYS[1] else None]))
    for _ in range(4):
        for _ in range(chosen.integers(3)):
            paths = sorted(path for path in Path(storage.root, storage.chat).glob("*/????-??-??.parquet") if path.is_file())
            CHANGES[chosen.integers(len(CHANGES))](paths[chosen.integers(len(paths))])
        looked = StoredChat.inspect(storage, DAYS[-1]).assets
        assert looked == {asset: plainly(storage, asset) for asset in PARTITION_SCHEMAS}
        assert looked == StoredChat.inspect(storage, DAYS[-1]).assets
