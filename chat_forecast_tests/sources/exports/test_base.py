"""Batches that are put one below the other, and what their messages reply to."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_forecast.domain.topics import NO_REPLY
from chat_forecast.sources.exports.base import BatchBuilder, Replies, join_batches, make_batch, whole_numbers

ROW = st.tuples(st.none() | st.integers(-9, 9), st.integers(0, 9) | st.none(), st.sampled_from([None, "a", "b", "c"]))


def batch_of(rows):
    instants = pd.DatetimeIndex(pd.to_datetime([second for _, second, _ in rows], unit="s", utc=True))
    return make_batch(whole_numbers([number for number, _, _ in rows]), instants, [sender for *_, sender in rows])


@settings(max_examples=50)
@given(st.lists(st.lists(ROW, max_size=4), min_size=1, max_size=4))
def test_joined_batches_are_their_rows_one_after_another(parts):
    found = join_batches(map(batch_of, parts))
    plain = batch_of([row for part in parts for row in part])
    for name in ("message_id", "sent_at"):
        pd.testing.assert_series_equal(found[name], plain[name])
    assert found["sender"].astype(object).where(found["sender"].notna(), None).tolist() == [
        sender for part in parts for *_, sender in part
    ]


@pytest.mark.parametrize("batches", [1, 3])
def test_more_senders_than_two_bytes_can_number_keep_their_names(batches):
    names = [f"user{number}" for number in range(40_000)]
    parts = [[(number, number, names[number]) for number in range(part, len(names), batches)] for part in range(batches)]
    joined = BatchBuilder()
    for part in parts:
        joined.add(batch_of(part))
    assert joined.batch["sender"].tolist() == [sender for part in parts for *_, sender in part]


def test_a_message_is_held_in_18_bytes_while_all_have_ids_and_senders_are_few():
    joined = BatchBuilder()
    joined.add(batch_of([(number, number, "a") for number in range(1000)]))
    arrays = [joined._ids, joined._instants, joined._senders]
    assert sum(each.dtype.itemsize * len(each) for each in arrays) + len(joined._has_none) == 18_000


@given(st.lists(st.lists(st.integers(-1, 3), max_size=4), max_size=4))
def test_replies_are_kept_in_the_order_of_their_messages(parts):
    replies = Replies()
    for part in parts:
        replies.add(part)
    assert replies.to_numpy().tolist() == [number for part in parts for number in part]
    assert len(replies._ids) == np.count_nonzero(np.array([each for part in parts for each in part]) != NO_REPLY)
