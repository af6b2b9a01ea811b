import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_forecast.domain.deduplication import LOWEST_REAL_ID, identify, merge_batches
from chat_forecast.domain.messages import MESSAGE_DTYPES, MIGRATED_SHIFT, MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals

START = pd.Timestamp("2023-05-01T09:00:00Z")
A, B = "a" * 16, "b" * 16


def lines(*rows):
    """Lines of a file: (id or None, seconds after the start, sender or None)."""
    ids, seconds, senders = zip(*rows, strict=True) if rows else ((), (), ())
    return pd.DataFrame(
        {
            "message_id": pd.array(ids, dtype="Int64"),
            "sent_at": pd.DatetimeIndex([START + pd.Timedelta(seconds=each) for each in seconds], tz="UTC").as_unit("us"),
            "sender": pd.Series(senders, dtype="str"),
        }
    )


def merged(*files):
    """The messages of several files together."""
    return merge_batches(MessageBatch(identify(file)) for file in files).messages


def test_two_equal_lines_are_two_messages_and_the_same_ones_every_time():
    file = lines((None, 0, A), (None, 0, A), (None, 0, B), (None, 0, None), (None, 1, A))
    found = identify(file)
    assert len(found) == 5
    assert found["message_id"].is_unique
    assert found.equals(identify(file.iloc[::-1]))
    assert merged(file, file).equals(found)


def test_made_ids_are_far_below_any_real_one_and_never_change():
    found = identify(lines((None, 0, A), (None, 0, A)))["message_id"]
    assert found.max() < LOWEST_REAL_ID
    assert found.tolist() == [-8040122084526111893, -6341608473856884866]  # stored files hold ids such as these


def test_overlapping_files_without_ids_give_each_message_once():
    assert len(merged(lines((None, 0, A), (None, 1, A)), lines((None, 1, A), (None, 2, A)))) == 3
    assert len(merged(lines((None, 0, A), (None, 0, A)), lines((None, 0, A)))) == 2


def test_a_line_without_id_is_the_message_with_an_id_of_its_second_and_sender():
    found = merged(lines((None, 0, A), (None, 0, A), (None, 5, B)), lines((7, 0.2, A)))
    assert found["message_id"].ge(LOWEST_REAL_ID).tolist() == [False, True, False]
    assert set(found["message_id"]) > {7}
    assert merged(lines((None, 0, A)), lines((7, 0, B)))["message_id"].tolist()[1] == 7


def test_in_one_file_a_line_without_id_is_another_message_than_one_with():
    assert len(identify(lines((7, 0, A), (None, 0, A)))) == 2


def test_files_of_whole_seconds_and_of_fractions_meet():
    found = merged(lines((None, 0.25, A), (None, 0.75, A)), lines((None, 0, A), (None, 0, A)))
    assert len(found) == 2


def test_files_that_disagree_about_a_message_give_the_known_sender_and_then_the_earlier_time():
    versions = [lines((7, 3, None)), lines((7, 5, A)), lines((7, 4, A))]
    for order in (versions, versions[::-1]):
        found = merged(*order)
        assert found["sender"].tolist() == [A]
        assert found["sent_at"].tolist() == [START + pd.Timedelta(seconds=4)]


def test_nothing_and_nothing_is_nothing_with_the_right_types():
    found = merge_batches(
        [MessageBatch(), MessageBatch(read_intervals=ReadIntervals.of((START, START + pd.Timedelta("1h"))))]
    )
    assert found.messages.empty
    assert {name: str(dtype) for name, dtype in found.messages.dtypes.items()} == MESSAGE_DTYPES
    assert not found.read_intervals.is_empty


CHAT = lines(*((number, number // 4, (A, B, A, None)[number % 4]) for number in range(40)))
"""A chat of which every file shows a part, with ids or without."""


@st.composite
def files(draw):
    """Several files of the chat: each a stretch of it, with ids, without, or (as never by one program) some of each."""
    parts = []
    for _ in range(draw(st.integers(1, 4))):
        first = draw(st.integers(0, 39))
        part = CHAT.iloc[first : draw(st.integers(first, 39)) + 1].copy()
        kind = draw(st.sampled_from(["ids", "no ids", "some ids"]))
        if kind != "ids":
            is_without = True if kind == "no ids" else draw(st.lists(st.booleans(), min_size=len(part), max_size=len(part)))
            part.loc[is_without if kind == "some ids" else slice(None), "message_id"] = pd.NA
        parts.append(part)
    return parts


@settings(max_examples=40, deadline=None)
@given(files(), st.data())
def test_order_repetition_and_grouping_of_files_change_nothing(parts, data):
    expected = merged(*parts)
    shuffled = data.draw(st.permutations([*parts, *parts[:2]]))
    split = data.draw(st.integers(0, len(shuffled)))
    first, second = (
        merge_batches(MessageBatch(identify(part)) for part in some) for some in (shuffled[:split], shuffled[split:])
    )
    assert merge_batches([first, second]).messages.equals(expected)


@settings(max_examples=50, deadline=None)
@given(files())
def test_every_place_has_as_many_messages_as_the_file_or_the_ids_that_show_most(parts):
    def place(table):
        return table.assign(second=table["sent_at"].dt.floor("s")).groupby(["second", "sender"], dropna=False)

    found = place(merged(*parts)).size()
    ids = place(pd.concat(parts).dropna(subset="message_id").drop_duplicates("message_id")).size()
    shown = pd.concat([place(part).size() for part in parts] + [ids])
    assert found.to_dict() == pytest.approx(shown.groupby(level=[0, 1], dropna=False).max().to_dict())


def test_messages_stored_before_a_group_migrated_are_those_that_a_later_export_has_below_zero():
    before = identify(lines((5, 0, A), (6, 60, B)))
    below = before.assign(message_id=before["message_id"] + MIGRATED_SHIFT)
    after = identify(lines((5, 90_000, A), (6, 90_060, B)))  # the supergroup counts anew
    merged = merge_batches([MessageBatch(before), MessageBatch(pd.concat([below, after], ignore_index=True))])
    assert merged.messages["message_id"].tolist() == [5 + MIGRATED_SHIFT, 6 + MIGRATED_SHIFT, 5, 6]
    assert merged.messages["sent_at"].tolist() == [*before["sent_at"], *after["sent_at"]]
