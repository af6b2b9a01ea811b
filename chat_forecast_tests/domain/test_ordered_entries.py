import tracemalloc
from itertools import pairwise

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_forecast.domain.ordered_entries import ordered
from chat_forecast.domain.unread_silences import find_unread_silences

UNDATED = None


def entries(*pairs):
    ids = pd.array([number for number, _ in pairs], dtype="Int64")
    times = pd.to_datetime(pd.Series([at for _, at in pairs], dtype="float64"), unit="s", utc=True)
    return pd.DataFrame({"message_id": ids, "sent_at": pd.DatetimeIndex(times).as_unit("us")})


def plainly(tables):
    """The dated entries of the tables as one list: of each id the first, by id."""
    known = pd.concat(tables).dropna(subset=["message_id", "sent_at"]).drop_duplicates("message_id")
    return list(known.sort_values("message_id").itertuples(index=False, name=None))


@st.composite
def tables_of_entries(draw):
    one = st.tuples(st.integers(1, 30) | st.none(), st.integers(0, 50) | st.just(UNDATED))
    return [entries(*draw(st.lists(one, max_size=12))) for _ in range(draw(st.integers(1, 3)))]


@settings(max_examples=40)
@given(tables_of_entries(), st.integers(1, 5))
def test_parts_of_two_lists_follow_one_another_as_one_list_does(tables, rows):
    found = ordered(tables)
    parts = [list(zip(ids.tolist(), at.tolist(), strict=True)) for ids, at in found.parts(rows)]
    walked = [entry for number, part in enumerate(parts) for entry in part[number > 0 :]]
    assert all(after[0] == before[-1] for before, after in pairwise(parts) if before)
    assert walked == [(number, at.as_unit("us").value // 1000) for number, at in plainly(tables)]
    assert len(found) == len(walked)


@settings(max_examples=40)
@given(tables_of_entries().filter(plainly), st.lists(st.integers(-1, 60), max_size=5))
def test_times_of_two_lists_are_counted_as_those_of_one(tables, seconds):
    times = np.sort([at.as_unit("us").value // 1000 for _, at in plainly(tables)])
    found, instants = ordered(tables), np.array(seconds, dtype="int64") * 10**6
    assert found.times.before(instants).tolist() == np.searchsorted(times, instants).tolist()
    assert (found.times.first, found.times.last) == (times[0], times[-1])
    ids = [number for number, _ in plainly(tables)]
    assert found.ids_used == ids[-1] - ids[0]


def test_ids_of_entries_without_a_time_are_known():
    assert ordered([entries((1, 0), (2, UNDATED)), entries((9, UNDATED), (None, 5))]).undated.tolist() == [2, 9]


def test_a_million_entries_are_looked_through_in_a_fraction_of_the_memory_that_they_take():
    number = 1_000_000
    seconds = np.arange(number) * 60 + np.arange(number) // 900 * 9 * 3600  # each night is silent
    times = pd.DatetimeIndex(seconds * 10**6, dtype=pd.DatetimeTZDtype("us", "UTC"), copy=False)
    messages = pd.DataFrame({"message_id": pd.array(np.arange(2, number + 2), dtype="Int64"), "sent_at": times}, copy=False)
    tracemalloc.start()
    try:
        assert find_unread_silences(messages, entries((1, 0))).is_empty
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6e6  # of 16 MB
