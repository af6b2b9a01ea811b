"""Millions of messages are put in order block by block, and the order is that of a sort of all."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_forecast import large_columns
from chat_forecast.domain import external_sort
from chat_forecast.domain.arrays import bounds, is_ascending, places_among
from chat_forecast.domain.chunked_tables import drop_rows, positions_where
from chat_forecast.domain.chunked_union import can_union_in_chunks, union_in_chunks
from chat_forecast.domain.deduplication import identify, merge_batches, trace
from chat_forecast.domain.external_sort import sort_rows
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.value_counts import ValueCounts
from chat_forecast.large_columns import in_parts

ROWS = st.lists(st.tuples(st.integers(-5, 60), st.integers(0, 9), st.sampled_from(["a", "b", None])), max_size=40)


def table(rows):
    """Messages with ids, times in minutes, and senders that are a categorical."""
    ids, minutes, senders = zip(*rows, strict=True) if rows else ((), (), ())
    return pd.DataFrame(
        {
            "message_id": pd.array(ids, dtype="Int64"),
            "sent_at": pd.DatetimeIndex(
                np.array(minutes, dtype="int64") * 60_000_000, dtype=pd.DatetimeTZDtype("us", "UTC")
            ),
            "sender": pd.Categorical(senders, pd.Index(["a", "b"], dtype="str")),
        }
    )


@pytest.fixture(params=[2, 3, 1000])
def few_at_once(request, monkeypatch):
    """Few messages are millions already."""
    monkeypatch.setattr(large_columns, "ROWS_IN_MEMORY", 0)
    monkeypatch.setattr(external_sort, "BLOCK_ROWS", request.param)
    monkeypatch.setattr(in_parts, "__defaults__", (2,))


@settings(max_examples=30, suppress_health_check=["function_scoped_fixture"])
@given(rows=ROWS, names=st.sampled_from([["message_id"], ["sent_at", "message_id"]]))
def test_the_order_of_blocks_is_that_of_all(few_at_once, rows, names):
    found = sort_rows(table(rows), names)[names]
    pd.testing.assert_frame_equal(found, table(rows).sort_values(names, ignore_index=True)[names])


@settings(max_examples=30, suppress_health_check=["function_scoped_fixture"])
@given(rows=ROWS)
def test_millions_of_messages_have_the_ids_and_the_order_that_a_few_have(few_at_once, rows):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large_columns, "ROWS_IN_MEMORY", 1000)
        expected = identify(table(rows))
    found = identify(table(rows))
    pd.testing.assert_frame_equal(found.astype({"sender": "str"}), expected.astype({"sender": "str"}))


@given(rows=ROWS, minute=st.integers(0, 9))
def test_rows_are_left_out_where_a_question_is_answered_with_yes(rows, minute):
    messages, at = table(rows), pd.Timestamp(60 * minute, unit="s", tz="UTC")
    places = positions_where(messages["sent_at"], lambda some: some >= at)
    expected = messages[messages["sent_at"] < at].reset_index(drop=True)
    pd.testing.assert_frame_equal(drop_rows(messages, places), expected)


@given(numbers=st.lists(st.integers(-9, 50), min_size=1), parts=st.integers(1, 4), share=st.floats(0, 1))
def test_what_is_only_counted_tells_the_same_as_all_numbers(numbers, parts, share):
    counted = ValueCounts(np.array_split(np.array(numbers), parts))
    assert counted.quantile(share) == pytest.approx(np.quantile(numbers, share), abs=1e-12)
    least = max(int(share * len(numbers)), 1)
    assert counted.mean_of_least(least) == np.sort(numbers)[:least].mean()
    assert len(counted) == len(numbers)


@settings(max_examples=30, suppress_health_check=["function_scoped_fixture"])
@given(numbers=st.lists(st.integers(0, 9) | st.none(), min_size=1))
def test_questions_about_parts_are_answered_as_about_all(few_at_once, numbers):
    values = pd.Series(pd.to_datetime(numbers, unit="s", utc=True))
    assert is_ascending(values) == values.is_monotonic_increasing
    assert str(bounds(values)) == str((values.min(), values.max()))
    known = np.sort([each for each in numbers if each is not None])
    assert places_among(known, np.arange(10)).tolist() == np.searchsorted(known, np.arange(10)).tolist()


@settings(max_examples=30, suppress_health_check=["function_scoped_fixture"])
@given(parts=st.tuples(ROWS, ROWS), is_plain=st.booleans())
def test_the_union_of_millions_is_that_of_a_few(few_at_once, parts, is_plain):
    first, second = (identify(table([(abs(number), *rest) for number, *rest in rows])) for rows in parts)
    if is_plain:
        first = first.astype({"sender": "str"})
    expected = merge_batches([MessageBatch(first), MessageBatch(second)]).messages
    assert can_union_in_chunks(first, second) == (len(first) + len(second) > 0)
    found, marks = union_in_chunks(first, second, np.arange(len(first)) * 2, 999)
    pd.testing.assert_frame_equal(found.astype({"sender": "str"}), expected.astype({"sender": "str"}))
    was, brings = trace(first, expected), trace(second, expected) >= 0
    assert marks.tolist() == [2 * row + of_both if row >= 0 else 999 for row, of_both in zip(was, brings, strict=True)]


def test_messages_of_topics_and_ids_of_another_space_are_not_united_in_parts(few_at_once):
    messages = identify(table([(1, 0, "a"), (2, 1, "b")]))
    assert can_union_in_chunks(messages, messages)
    assert not can_union_in_chunks(messages, messages.assign(topic_id=pd.array([1, 1], dtype="Int64")))
    assert not can_union_in_chunks(messages, messages.assign(message_id=[-5, 3]))
