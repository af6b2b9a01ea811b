"""The ways around pandas: what is counted and stored of a table in Arrow is what is counted and stored of its messages."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat_forecast.domain.deduplication import merge_batches
from chat_forecast.domain.hourly_series import count_arrays, count_by_hour
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.message_arrays import MessageArrays
from chat_forecast.domain.messages import MessageBatch, order_messages
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.storage.forgotten import forget
from chat_forecast.storage.locks import Locks
from chat_forecast.storage.partitions import ChatStorage
from chat_forecast.storage.schemas import StoredFileError
from chat_forecast.storage.series_columns import series_columns
from chat_forecast_tests.damage import spoil_texts
from chat_forecast_tests.domain.test_local_day import DAYS, ZONES

SENDERS = st.sampled_from([None, "a" * 16, "b" * 16, "c" * 16])
SHARES = st.floats(0, 1, exclude_max=True)
MESSAGES = st.lists(st.tuples(SHARES, SENDERS, st.sampled_from([None, 5, 6])), max_size=40)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("stored")


@st.composite
def batches(draw):
    """A day of any zone with messages of a few senders, in a forum or not, of which some of the hours were read."""
    day, rows = LocalDay(draw(DAYS), draw(ZONES)), draw(MESSAGES)
    length = day.end - day.start
    messages = pd.DataFrame(
        {
            "message_id": np.arange(len(rows), dtype="int64"),
            "sent_at": pd.DatetimeIndex([day.start + length * share for share, _, _ in rows], tz="UTC").as_unit("us"),
            "sender": pd.array([sender for _, sender, _ in rows], dtype="str"),
        }
    )
    if draw(st.booleans()):
        messages["topic_id"] = pd.array([topic for _, _, topic in rows], dtype="Int64")
    ends = draw(st.lists(st.tuples(SHARES, SHARES), max_size=3))
    read = (
        [(day.start, day.end)]
        if draw(st.booleans())
        else [(day.start + length * a, day.start + length * b) for a, b in ends]
    )
    return day, MessageBatch(order_messages(messages), ReadIntervals.of(*read))


def plainly_counted(batch, day):
    """The hourly series by the plainest use of pandas."""
    hours, messages = day.hours, batch.messages
    place = hours.searchsorted(pd.DatetimeIndex(messages["sent_at"]).tz_convert(day.timezone), side="right") - 1
    by_hour = messages.groupby(hours[place])
    read = [batch.read_intervals.covers(begin, end) for begin, end in zip(hours, [*hours[1:], day.end], strict=True)]
    counts = {"messages": by_hour.size(), "senders": by_hour["sender"].nunique()}
    counts = {name: found.reindex(hours, fill_value=0).astype("Int64").where(read).array for name, found in counts.items()}
    return pd.DataFrame({"hour": hours, **counts})


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given=batches())
def test_what_is_counted_and_stored_in_arrow_is_what_is_counted_and_stored_in_pandas(root, given):
    day, batch = given
    storage = ChatStorage(str(root), "my-chat", day.timezone, Locks(root))
    storage.write("raw_messages", day, batch)
    table, read = storage.required_message_table("raw_messages", day), storage.messages("raw_messages", day)
    pd.testing.assert_frame_equal(table.batch().messages, read.messages)
    assert table.ids.tolist() == read.messages["message_id"].tolist()

    arrays = table.arrays()
    assert arrays.known_senders == batch.messages["sender"].nunique()
    series = count_by_hour(batch, day)
    pd.testing.assert_frame_equal(series, plainly_counted(batch, day), check_freq=False)
    in_arrow = series_columns(count_arrays(arrays, day), day)
    assert storage.content("hourly_series", day, in_arrow) == storage.content("hourly_series", day, series)

    merged = merge_batches((MessageBatch(), read))
    assert storage.content("merged_history", day, table) == storage.content("merged_history", day, merged)


def test_whoever_was_forgotten_is_not_stored_from_arrow_either(tmp_path):
    day = LocalDay.parse("2026-05-12", "UTC")
    storage = ChatStorage(str(tmp_path), "my-chat", "UTC", Locks(tmp_path))
    messages = pd.DataFrame({"message_id": [1, 2], "sent_at": [day.start] * 2, "sender": ["a" * 16, "b" * 16]})
    storage.write("raw_messages", day, MessageBatch(order_messages(messages), ReadIntervals.of((day.start, day.end))))
    table = storage.required_message_table("raw_messages", day)
    forget(storage.root, "a" * 16)
    storage.write("merged_history", day, table)
    assert storage.messages("merged_history", day).messages["sender"].isna().tolist() == [True, False]


def test_a_table_that_does_not_say_what_was_read_is_none_of_messages(tmp_path):
    day = LocalDay.parse("2026-05-12", "UTC")
    storage = ChatStorage(str(tmp_path), "my-chat", "UTC", Locks(tmp_path))
    storage.write("raw_messages", day, MessageBatch().messages.assign(topic_id=pd.array([], dtype="Int64")))
    with pytest.raises(StoredFileError, match="does not say which hours were read"):
        storage.required_message_table("raw_messages", day)


def test_a_sender_that_is_no_text_is_damage_that_names_its_file(tmp_path):
    day = LocalDay.parse("2026-05-12", "UTC")
    storage = ChatStorage(str(tmp_path), "my-chat", "UTC", Locks(tmp_path))
    messages = pd.DataFrame({"message_id": [1], "sent_at": [day.start], "sender": ["a" * 16]})
    storage.write("raw_messages", day, MessageBatch(order_messages(messages), ReadIntervals.of((day.start, day.end))))
    spoil_texts(Path(storage.url("raw_messages", day)))
    for read in (storage.messages, storage.message_table):
        with pytest.raises(StoredFileError, match=r"raw_messages/2026-05-12\.parquet is damaged"):
            read("raw_messages", day)


def test_arrays_of_no_messages_are_empty():
    assert MessageArrays.of(MessageBatch()).sent_at.tolist() == MessageArrays().sent_at.tolist() == []
