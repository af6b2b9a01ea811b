import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from chat_forecast.domain.deduplication import merge_batches
from chat_forecast.domain.messages import MESSAGE_DTYPES, MessageBatch, empty_messages, order_messages, with_plain_senders
from chat_forecast.domain.read_intervals import ReadIntervals

NOON = pd.Timestamp("2026-01-01T12:00Z")


def reading_of(ids):
    """A reading of messages whose time follows from their id."""
    frame = pd.DataFrame(
        {
            "message_id": pd.Series(list(ids), dtype="int64"),
            "sent_at": pd.DatetimeIndex([NOON + pd.Timedelta(seconds=int(number) % 50) for number in ids], tz="UTC"),
            "sender": pd.Series(["a"] * len(ids), dtype="str"),
        }
    )
    return MessageBatch(order_messages(frame), ReadIntervals.of((NOON, NOON + pd.Timedelta(minutes=1))))


IDS = st.lists(st.integers(1, 1000), max_size=20, unique=True)


@given(st.lists(IDS, max_size=5), st.randoms())
def test_a_union_holds_every_message_once_in_whatever_order_readings_come(parts, random):
    batches = [reading_of(ids) for ids in parts]
    shuffled = batches * 2
    random.shuffle(shuffled)
    union = merge_batches(shuffled)
    assert set(union.messages["message_id"]) == {number for ids in parts for number in ids}
    assert union.messages["message_id"].is_unique
    pd.testing.assert_frame_equal(union.messages, merge_batches(batches).messages)


@given(IDS)
def test_reading_again_changes_nothing(ids):
    once = merge_batches([reading_of(ids)])
    twice = merge_batches([once, reading_of(ids)])
    pd.testing.assert_frame_equal(once.messages, twice.messages)
    assert once.read_intervals == twice.read_intervals


def test_a_stored_message_is_not_changed_by_a_later_reading():
    later = reading_of([7])
    later.messages["sender"] = "b"
    assert merge_batches([reading_of([7]), later]).messages["sender"].tolist() == ["a"]


def test_no_messages_have_the_columns_of_messages():
    assert empty_messages().dtypes.astype(str).to_dict() == MESSAGE_DTYPES
    assert merge_batches([]).messages.dtypes.astype(str).to_dict() == MESSAGE_DTYPES


@given(IDS, st.booleans())
def test_senders_as_a_categorical_are_ordered_as_text_is(ids, is_in_order):
    messages = reading_of(ids).messages if is_in_order else reading_of(ids).messages.iloc[::-1]
    few = messages.astype({"sender": "category"})
    assert isinstance(order_messages(few)["sender"].dtype, pd.CategoricalDtype)
    pd.testing.assert_frame_equal(with_plain_senders(order_messages(few)), order_messages(messages))
    union = merge_batches([MessageBatch(order_messages(few)), reading_of([2000])]).messages
    pd.testing.assert_frame_equal(union, merge_batches([reading_of(ids), reading_of([2000])]).messages)
