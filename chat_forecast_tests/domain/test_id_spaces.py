from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_forecast.domain.deduplication import LOWEST_REAL_ID
from chat_forecast.domain.id_spaces import (
    HeldChat,
    are_halves,
    have_one_id,
    ids_of_another_space,
    without_account_ids,
    without_repeated_ids,
)

THEN = datetime(2023, 5, 1, 12, tzinfo=UTC)
GROUP = HeldChat(777, "The group", "private_group", became_supergroup=THEN, last_message=THEN - timedelta(hours=1))
SUPERGROUP = HeldChat(1777, "A new title", "private_supergroup", was_group=THEN, was_group_titled="The group")

SILENT = HeldChat(1777, "The group", "private_supergroup", first_id=2, first_message=THEN + timedelta(minutes=5))
"""A supergroup's export that does not tell what it was."""


def lines(*rows):
    """Messages of a file: an id or None, and minutes from THEN."""
    times = pd.DatetimeIndex([THEN + timedelta(minutes=minutes) for _, minutes in rows]).as_unit("us")
    return pd.DataFrame({"message_id": pd.array([number for number, _ in rows], dtype="Int64"), "sent_at": times})


@pytest.mark.parametrize(
    ("group", "supergroup", "expected"),
    [
        (GROUP, SUPERGROUP, True),
        (replace(GROUP, became_supergroup=THEN + timedelta(seconds=2)), SUPERGROUP, True),
        (replace(GROUP, became_supergroup=THEN + timedelta(days=2)), SUPERGROUP, False),
        (replace(GROUP, became_supergroup=None), SUPERGROUP, True),
        (replace(GROUP, became_supergroup=None, title="Another"), SUPERGROUP, False),
        (replace(GROUP, became_supergroup=None, last_message=THEN + timedelta(days=1)), SUPERGROUP, False),
        (GROUP, replace(SUPERGROUP, was_group=None), False),
        (GROUP, SILENT, True),
        (replace(GROUP, became_supergroup=None), SILENT, False),
        (GROUP, replace(SILENT, title="Another"), False),
        (GROUP, replace(SILENT, kind="private_channel"), False),
        (GROUP, replace(SILENT, first_id=4000), False),
        (GROUP, replace(SILENT, first_message=THEN - timedelta(hours=1)), False),
        (GROUP, replace(SILENT, first_message=THEN + timedelta(days=40)), False),
        (replace(GROUP, kind="private_supergroup"), SUPERGROUP, False),
    ],
)
def test_a_group_and_what_it_became_are_known_by_their_service_entries(group, supergroup, expected):
    assert are_halves(group, supergroup) is expected
    assert are_halves(supergroup, group) is expected


def test_an_unknown_id_is_no_id_of_any_chat():
    assert not have_one_id(HeldChat(), HeldChat())
    assert not have_one_id(HeldChat(5), HeldChat())
    assert have_one_id(HeldChat(5), HeldChat(5, "x"))


@pytest.mark.parametrize(
    ("chat", "kept"),
    [
        (HeldChat(kind="personal_chat"), [None, None, None]),
        (GROUP, [None, None, None]),
        (replace(GROUP, was_group=THEN), [None, None, 9]),
        (SUPERGROUP, [None, None, 9]),
        (HeldChat(kind="public_channel"), [None, 7, 9]),
        (HeldChat(), [None, 7, 9]),
    ],
)
def test_ids_that_an_account_gave_are_none_of_the_chat(chat, kept):
    found = without_account_ids(lines((-(10**9) + 5, -20), (7, -10), (9, 10)), chat)["message_id"]
    assert [None if pd.isna(each) else each for each in found] == kept


def test_an_id_repeated_with_another_time_is_kept_by_the_first_message_alone():
    found = without_repeated_ids(lines((7, 0), (8, 1), (7, 0), (7, 5), (None, 6), (None, 6)))["message_id"]
    assert [None if pd.isna(each) else each for each in found] == [7, 8, 7, None, None, None]


@given(st.lists(st.integers(LOWEST_REAL_ID, 2**62), unique=True, max_size=50), st.integers(0, 2**40), st.integers(0, 2**40))
def test_ids_of_another_chat_meet_neither_real_nor_made_ones_nor_each_other(ids, one, other):
    spaces = {one, other}
    found = [ids_of_another_space(pd.Series(ids, dtype="Int64"), space) for space in spaces]
    together = [each for series in found for each in series]
    assert len(set(together)) == len(together) == len(ids) * len(spaces)
    assert all(-(2**62) <= each < LOWEST_REAL_ID for each in together)


def test_ids_of_another_chat_never_change():
    assert ids_of_another_space(pd.Series([1, None], dtype="Int64"), 222).tolist() == [
        -2379356743324984171,
        pd.NA,
    ]  # archives hold such ids
