"""Schemas have versions: what was written stays readable, what is newer is refused in words."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chat_forecast.domain.forecast_table import FORECAST_COLUMNS
from chat_forecast.domain.hourly_series import COUNT_COLUMNS
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MESSAGE_DTYPES, TOPIC_DTYPE
from chat_forecast.domain.retraining_rule import VERDICT_COLUMNS
from chat_forecast.domain.scoring import SCORE_COLUMNS
from chat_forecast.storage import partitions
from chat_forecast.storage.archive import Archive
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import (
    ARCHIVE,
    FLOAT,
    PARTITION_SCHEMAS,
    SCHEMA_KEY,
    Column,
    StoredFileError,
)

SAMPLE = Path(__file__).parents[1] / "samples" / "v0_1_0"
ZONE = "Europe/Berlin"
DAYS = [LocalDay.parse(key, ZONE) for key in ("2026-03-29", "2026-04-01", "2026-04-02")]
ASSETS = sorted(PARTITION_SCHEMAS)


@pytest.fixture
def old(tmp_path):
    """What version 0.1.0 stored of a chat."""
    return ChatStorage(str(SAMPLE), "old-chat", ZONE, Locks(tmp_path))


def test_the_table_of_schemas_has_the_columns_that_are_computed():
    names = {asset: schema.arrow().names for asset, schema in PARTITION_SCHEMAS.items()}
    assert names["merged_history"] == names["raw_messages"] == [*MESSAGE_DTYPES, *TOPIC_DTYPE]
    assert ARCHIVE.arrow().names == [*MESSAGE_DTYPES, "imports", *TOPIC_DTYPE]
    assert names["hourly_series"] == ["hour", *COUNT_COLUMNS]
    assert names["next_day_forecast"] == [*FORECAST_COLUMNS, "forecaster", "trained_through"]
    assert names["daily_score"] == [*SCORE_COLUMNS, *VERDICT_COLUMNS]


@pytest.mark.parametrize("asset", ASSETS)
def test_partitions_of_version_0_1_0_are_read_with_na_in_what_they_lack(old, asset):
    schema = PARTITION_SCHEMAS[asset]
    assert old.days(asset) == DAYS
    frame = old.frames(asset, DAYS[0], DAYS[-1])
    assert list(frame.columns) == schema.arrow().names
    for column in schema.columns:
        if column.name in frame and len(frame):
            assert frame[column.name].isna().all() == (column.since > 1), column.name


def test_the_archive_of_version_0_1_0_is_read():
    reading = Archive(str(SAMPLE), "old-chat").read()
    assert len(reading.messages) == 520
    assert reading.messages["sent_at"].iloc[0] == pd.Timestamp("2026-03-20T07:00Z")


@pytest.mark.parametrize("asset", ASSETS)
def test_a_column_added_to_a_schema_leaves_stored_files_readable(old, tmp_path, monkeypatch, asset):
    schema = PARTITION_SCHEMAS[asset]
    new = ChatStorage(str(tmp_path), "my-chat", ZONE, Locks(tmp_path))
    is_messages = asset in ("raw_messages", "merged_history")
    new.write(asset, DAYS[0], old.messages(asset, DAYS[0]) if is_messages else old.frame(asset, DAYS[0]))
    before = new.frame(asset, DAYS[0])
    grown = replace(
        schema,
        version=schema.version + 1,
        columns=(*schema.columns, Column("fresh", FLOAT, "something new", since=schema.version + 1)),
    )
    monkeypatch.setitem(partitions.PARTITION_SCHEMAS, asset, grown)
    for storage in (old, new):
        assert storage.frame(asset, DAYS[0])["fresh"].isna().all()
    pd.testing.assert_frame_equal(new.frame(asset, DAYS[0]).drop(columns="fresh"), before)
    if not is_messages:
        new.write(asset, DAYS[1], before.assign(fresh=1.5))
        both = new.frames(asset, DAYS[0], DAYS[1])
        assert both["fresh"].isna().sum() == len(before)


def test_a_file_of_a_newer_version_is_refused_in_words(old, tmp_path, monkeypatch):
    schema = PARTITION_SCHEMAS["daily_score"]
    storage = ChatStorage(str(tmp_path), "my-chat", ZONE, Locks(tmp_path))
    monkeypatch.setitem(partitions.PARTITION_SCHEMAS, "daily_score", replace(schema, version=9))
    storage.write("daily_score", DAYS[0], old.frame("daily_score", DAYS[0]))
    monkeypatch.setitem(partitions.PARTITION_SCHEMAS, "daily_score", schema)
    with pytest.raises(StoredFileError, match=r"2026-03-29.parquet was written by a newer version .* daily_score/9"):
        storage.frame("daily_score", DAYS[0])


def test_a_file_of_another_schema_is_refused_with_both_names():
    foreign = pa.table({"day": ["x"]}, metadata={SCHEMA_KEY: b"holiday/1"})
    with pytest.raises(StoredFileError, match=r"a.parquet .* expected the schema daily_score, found holiday/1"):
        PARTITION_SCHEMAS["daily_score"].upgrade(foreign, "a.parquet")


@pytest.mark.parametrize("schema", [*PARTITION_SCHEMAS.values(), ARCHIVE], ids=lambda schema: schema.name)
def test_every_version_of_a_schema_has_columns_and_none_is_from_the_future(schema):
    assert all(1 <= column.since <= schema.version and column.meaning for column in schema.columns)
    assert all(column.until is None or column.since < column.until <= schema.version for column in schema.columns)


@pytest.mark.parametrize("asset", ASSETS)
def test_a_file_holds_statistics_only_of_what_is_counted(old, tmp_path, asset):
    new = ChatStorage(str(tmp_path), "my-chat", ZONE, Locks(tmp_path))
    is_messages = asset in ("raw_messages", "merged_history")
    new.write(asset, DAYS[1], old.messages(asset, DAYS[1]) if is_messages else old.frame(asset, DAYS[1]))
    before, after = (pq.read_metadata(storage.url(asset, DAYS[1])) for storage in (old, new))
    columns = [after.row_group(0).column(number) for number in range(after.num_columns)]
    counted = [column.path_in_schema for column in columns if column.statistics is not None]
    assert counted == [column.name for column in PARTITION_SCHEMAS[asset].columns if column.is_counted]
    assert after.serialized_size < before.serialized_size
