"""Cached days are never others than those in the days' own files."""

import os
import shutil
import uuid
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_forecast.storage import day_cache
from chat_forecast.storage.day_cache import cache_path, cached_frames
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import ChatStorage, Storages
from chat_forecast.storage.schemas import StoredFileError
from chat_forecast_tests.damage import spoil_texts
from chat_forecast_tests.factories import make_series
from chat_forecast_tests.presentation.reports.stored import FIRST, make_chat, store_forecasts, store_scores, store_series

DAYS = [FIRST.plus(number) for number in range(40)]
ASSETS = ("hourly_series", "daily_score")


def storage_in(root) -> ChatStorage:
    return Storages(str(root), Locks(Path(root) / "locks")).of(make_chat())


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Forty days, a clock change among them, the last ten of them scored."""
    root = tmp_path_factory.mktemp("stored")
    made = storage_in(root)
    store_series(made, len(DAYS), lambda day, hour: None if day == 5 else day + hour)
    store_forecasts(made, 29, 38)
    store_scores(made, 30, 39)
    return root / "my-chat"


@pytest.fixture
def storage(tmp_path, stored):
    """A copy of them."""
    shutil.copytree(stored, tmp_path / "my-chat")
    return storage_in(tmp_path)


@pytest.fixture
def opened(monkeypatch):
    """The days whose own files were opened."""
    days, table = [], ChatStorage.table

    def noted(storage, asset, day, *content):
        days.append(day)
        return table(storage, asset, day, *content)

    monkeypatch.setattr(ChatStorage, "table", noted)
    return days


def expect_as_plainly(storage, asset="hourly_series", first=DAYS[0], last=DAYS[-1]):
    """See that a range, read twice, is what its own files hold."""
    for _ in range(2):
        found = cached_frames(storage, asset, first, last)
        pd.testing.assert_frame_equal(found, storage.frames(asset, first, last))


@pytest.mark.parametrize("asset", ASSETS)
@pytest.mark.parametrize(("first", "last"), [(0, 39), (3, 7), (28, 35), (50, 60)])
def test_any_range_is_what_its_own_files_hold(storage, asset, first, last):
    expect_as_plainly(storage, asset, FIRST.plus(first), FIRST.plus(last))
    expect_as_plainly(storage, asset)


def test_a_day_that_was_read_is_not_opened_again_until_it_is_stored_again(storage, opened):
    cached_frames(storage, "hourly_series", DAYS[10], DAYS[-1])
    assert opened == DAYS[10:]
    opened.clear()
    cached_frames(storage, "hourly_series", DAYS[0], DAYS[-1])
    assert opened == DAYS[:10]
    opened.clear()
    storage.write("hourly_series", DAYS[20], make_series(DAYS[20], 1, lambda _hour: 7))
    found = cached_frames(storage, "hourly_series", DAYS[0], DAYS[-1])
    assert opened == [DAYS[20]]
    assert set(found.loc[found["hour"].dt.date == DAYS[20].date, "messages"]) == {7}


def test_a_file_changed_in_place_under_its_old_time_and_size_is_opened_again(storage, opened):
    expect_as_plainly(storage)
    path = Path(storage.url("hourly_series", DAYS[3]))
    before = path.stat()
    other = Path(storage.url("hourly_series", DAYS[4])).read_bytes()
    path.write_bytes(other[: before.st_size].ljust(before.st_size, b"\0"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    opened.clear()
    try:
        cached_frames(storage, "hourly_series", DAYS[0], DAYS[-1])
    except StoredFileError as error:
        assert str(path) in str(error)  # noqa: PT017 - whether the bytes are whole by chance does not matter
    assert opened == [DAYS[3]]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["write", "remove", "read"]), st.integers(0, 6), st.integers(0, 6)), max_size=8))
def test_whatever_is_stored_and_removed_in_between_nothing_is_stale(tmp_path_factory, steps):
    storage = storage_in(tmp_path_factory.mktemp("home"))
    store_series(storage, 4)
    for step, first, second in steps:
        match step:
            case "write":
                storage.write("hourly_series", DAYS[first], make_series(DAYS[first], 1, lambda _hour, count=second: count))
            case "remove":
                Path(storage.url("hourly_series", DAYS[first])).unlink(missing_ok=True)
            case _:
                expect_as_plainly(storage, "hourly_series", DAYS[min(first, second)], DAYS[max(first, second)])
    expect_as_plainly(storage)


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def fill_with_noise(path):
    path.write_bytes(os.urandom(2000))


def lose_what_is_noted(path):
    pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)


def lose_rows(path):
    pq.write_table(pq.read_table(path).slice(24), path)


def hold_other_columns(path):
    table = pq.read_table(path)
    pq.write_table(table.select(table.column_names[:1]), path)


def lose_values(path):
    table = pq.read_table(path)
    pq.write_table(pa.table([pa.nulls(len(table), each.type) for each in table.schema], table.schema), path)


def garble_texts(path):
    table = pq.read_table(path)
    texts = [pa.array(["{oops"] * len(table)) if each.type == pa.string() else table[each.name] for each in table.schema]
    pq.write_table(pa.table(texts, table.schema), path)


def become_a_folder(path):
    path.unlink()
    path.mkdir()


DAMAGES = [
    cut, fill_with_noise, lose_what_is_noted, lose_rows, hold_other_columns, lose_values, garble_texts, spoil_texts,
    become_a_folder,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("asset", ASSETS)
def test_a_kept_file_that_is_damaged_is_as_good_as_none(storage, damage, asset):
    expect_as_plainly(storage, asset)
    damage(Path(cache_path(storage, asset)))
    expect_as_plainly(storage, asset)


def test_what_another_version_kept_is_not_taken(storage, opened, monkeypatch):
    expect_as_plainly(storage)
    monkeypatch.setattr(day_cache, "VERSION", day_cache.VERSION + 1)
    opened.clear()
    cached_frames(storage, "hourly_series", DAYS[0], DAYS[-1])
    assert opened == DAYS


def test_a_damaged_day_is_named_though_it_was_read_before_it_was_damaged(storage):
    expect_as_plainly(storage)
    cut(Path(storage.url("hourly_series", DAYS[7])))
    for _ in range(2):
        with pytest.raises(StoredFileError, match=f"{DAYS[7].key}.parquet is damaged"):
            cached_frames(storage, "hourly_series", DAYS[0], DAYS[-1])


def test_a_chat_of_which_nothing_is_stored_has_no_file_of_days(tmp_path):
    storage = storage_in(tmp_path)
    expect_as_plainly(storage)
    assert not (tmp_path / "my-chat").exists()


def test_days_of_a_store_that_is_no_disk_are_kept_beside_them_too(tmp_path, opened):
    storage = Storages(f"memory://{uuid.uuid4().hex}", Locks(tmp_path / "locks")).of(make_chat())
    store_series(storage, 4)
    cached_frames(storage, "hourly_series", DAYS[0], DAYS[-1])
    storage.write("hourly_series", DAYS[2], make_series(DAYS[2], 1, lambda _hour: 9))
    opened.clear()
    found = cached_frames(storage, "hourly_series", DAYS[0], DAYS[-1])
    assert opened == [DAYS[2]]
    pd.testing.assert_frame_equal(found, storage.frames("hourly_series", DAYS[0], DAYS[-1]))
