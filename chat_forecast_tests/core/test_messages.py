import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from chat_forecast.core.coverage import Coverage
from chat_forecast.core.messages import MESSAGE_DTYPES, Reading, empty_messages, order_messages, union_readings

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
    return Reading(order_messages(frame), Coverage.of((NOON, NOON + pd.Timedelta(minutes=1))))


IDS = st.lists(st.integers(-1000, 1000), max_size=20, unique=True)


@given(st.lists(IDS, max_size=5), st.randoms())
def test_a_union_holds_every_message_once_in_whatever_order_readings_come(parts, random):
    readings = [reading_of(ids) for ids in parts]
    shuffled = readings * 2
    random.shuffle(shuffled)
    union = union_readings(shuffled)
    assert set(union.messages["message_id"]) == {number for ids in parts for number in ids}
    assert union.messages["message_id"].is_unique
    pd.testing.assert_frame_equal(union.messages, union_readings(readings).messages)


@given(IDS)
def test_reading_again_changes_nothing(ids):
    once = union_readings([reading_of(ids)])
    twice = union_readings([once, reading_of(ids)])
    pd.testing.assert_frame_equal(once.messages, twice.messages)
    assert once.coverage == twice.coverage


def test_a_stored_message_is_not_changed_by_a_later_reading():
    later = reading_of([7])
    later.messages["sender"] = "b"
    assert union_readings([reading_of([7]), later]).messages["sender"].tolist() == ["a"]


def test_no_messages_have_the_columns_of_messages():
    assert empty_messages().dtypes.astype(str).to_dict() == MESSAGE_DTYPES
    assert union_readings([]).messages.dtypes.astype(str).to_dict() == MESSAGE_DTYPES
