"""Small files: how they are compressed, and that one which was decoded before is still seen as it is now."""

import string
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.storage import parquet_files, partitions
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import PARTITION_SCHEMAS, StoredFileError
from chat_forecast.storage.small_tables import BLOCK_BYTES, BYTES_OF_ZSTD, to_parquet
from chat_forecast_tests.factories import make_series

DAY = LocalDay.parse("2026-05-12", "Europe/Berlin")


@pytest.fixture
def storage(tmp_path):
    storage = ChatStorage(str(tmp_path), "my-chat", "Europe/Berlin", Locks(tmp_path))
    storage.write("hourly_series", DAY, make_series(DAY, 1))
    return storage


@pytest.mark.parametrize(("rows", "codec"), [(24, "SNAPPY"), (BYTES_OF_ZSTD, "ZSTD")])
def test_only_what_is_worth_it_is_compressed_by_zstandard(rows, codec):
    kind = PARTITION_SCHEMAS["hourly_series"]
    hours = pd.date_range("2026-05-12", periods=rows, freq="h", tz="Europe/Berlin")
    numbers = pa.array(range(rows))
    table = pa.table([pa.array(hours.array), numbers, numbers], names=["hour", "messages", "senders"])
    table = table.cast(kind.arrow("Europe/Berlin"))
    content = to_parquet(table, kind)
    columns = pq.ParquetFile(pa.BufferReader(content)).metadata.row_group(0)
    assert {columns.column(number).compression for number in range(3)} == {codec}
    assert pq.read_table(pa.BufferReader(content)).equals(table)


@pytest.mark.parametrize(("letters", "codec"), [("a", "SNAPPY"), (string.digits, "ZSTD")])
def test_a_text_that_takes_more_than_one_block_by_snappy_is_compressed_by_zstandard(letters, codec):
    kind = PARTITION_SCHEMAS["trained_model"]
    text = "".join(np.random.default_rng(1).choice(list(letters), 5000))
    row = {field.name: [text if field.name == "model" else None] for field in kind.arrow()}
    content = to_parquet(pa.table(row, schema=kind.arrow()), kind)
    assert pq.ParquetFile(pa.BufferReader(content)).metadata.row_group(0).column(0).compression == codec
    assert len(content) <= BLOCK_BYTES


def test_the_same_small_file_is_decoded_once_and_each_reader_has_its_own_table(storage, monkeypatch):
    first = storage.frame("hourly_series", DAY)
    monkeypatch.delattr(parquet_files, "open_parquet")  # else each would decode it again
    first["messages"] = 0
    second = storage.frame("hourly_series", DAY)
    second.loc[0, "messages"] = 77
    assert storage.frame("hourly_series", DAY).equals(make_series(DAY, 1))


def test_a_file_that_was_decoded_before_is_seen_as_it_is_now(storage):
    path = Path(storage.url("hourly_series", DAY))
    before, content = storage.frame("hourly_series", DAY), path.read_bytes()
    storage.write("hourly_series", DAY, make_series(DAY, 1, lambda _hour: 5))
    assert storage.frame("hourly_series", DAY)["messages"].eq(5).all()
    path.write_bytes(content[:200] + bytes(20) + content[220:])
    with pytest.raises(StoredFileError, match=r"hourly_series/2026-05-12\.parquet is damaged"):
        storage.frame("hourly_series", DAY)
    path.write_bytes(content)
    assert storage.frame("hourly_series", DAY).equals(before)


def test_each_of_some_days_is_given_as_it_is_read_alone(storage, monkeypatch):
    monkeypatch.setattr(partitions, "READ_AHEAD_DAYS", 2)
    days = list(LocalDay.parse("2026-03-28", "Europe/Berlin").until(LocalDay.parse("2026-04-01", "Europe/Berlin")))
    for day, messages in zip(days[:3], (3, None, 7), strict=True):
        storage.write("hourly_series", day, make_series(day, 1, lambda _hour, messages=messages: messages))
    storage.write("hourly_series", days[4], make_series(days[4], 1).iloc[:0])
    found = list(storage.frames_of("hourly_series", days))
    assert [len(frame) for frame in found] == [24, 23, 24, 0, 0]
    for day, frame in zip(days, found, strict=True):
        pd.testing.assert_frame_equal(frame, storage.frames("hourly_series", day, day))
