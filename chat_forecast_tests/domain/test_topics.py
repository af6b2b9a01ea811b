"""Replies lead to topics, in whatever order and in however many files they are read."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from chat_forecast.domain.deduplication import merge_batches
from chat_forecast.domain.messages import MIGRATED_SHIFT, MessageBatch, empty_messages, order_messages
from chat_forecast.domain.topics import (
    ELSEWHERE,
    GENERAL,
    NO_REPLY,
    NOBODY_KNOWS,
    are_topics_known,
    of_topic,
    topics_of_replies,
)
from chat_forecast_tests.factories import make_messages

ROOTS = (2, 5)
"""Ids of topics: entries that are no messages."""


@st.composite
def forums(draw):
    """The messages of a forum: id -> what it replies to, NO_REPLY in General."""
    replies, topics = {}, {}
    for number in range(3, draw(st.integers(4, 40))):
        if number in ROOTS:
            continue
        to = draw(st.sampled_from([NO_REPLY, *(root for root in ROOTS if root < number), *replies]))
        replies[number] = to
        topics[number] = GENERAL if to == NO_REPLY else topics.get(to, to)
    return replies, topics


def table(ids, replies):
    ids = np.array(ids, dtype="int64")
    sent_at = pd.Timestamp("2026-05-01", tz="UTC") + pd.to_timedelta(ids, unit="min")
    messages = pd.DataFrame({"message_id": ids, "sent_at": sent_at.as_unit("us"), "sender": "0123456789abcdef"})
    return order_messages(messages.assign(topic_id=topics_of_replies(ids, np.array(replies, dtype="int64"))))


@given(forums(), st.data())
def test_replies_of_any_depth_lead_to_the_topic_from_several_files_in_any_order(forum, data):
    replies, topics = forum
    files = data.draw(st.lists(st.sets(st.sampled_from(sorted(replies))), min_size=1, max_size=4))
    files.append(set(replies) - set().union(*files))
    parts = [MessageBatch(table(sorted(ids), [replies[each] for each in sorted(ids)])) for ids in files]
    for order in (parts, parts[::-1]):
        merged = merge_batches(order).messages
        assert dict(zip(merged["message_id"], merged["topic_id"], strict=True)) == topics
        shares = [len(of_topic(merged, topic)) for topic in (GENERAL, *ROOTS)]
        assert sum(shares) == len(merged)


def test_a_reply_to_a_message_that_is_not_there_belongs_to_no_topic_until_that_message_is_read():
    later = table([30, 31], [20, 30])
    assert later["topic_id"].tolist() == [20, 20]
    merged = merge_batches([MessageBatch(later), MessageBatch(table([20], [2]))])
    assert merged.messages["topic_id"].tolist() == [2, 2, 2]


def test_what_replies_to_another_chat_or_to_later_messages_has_no_known_topic():
    topics = topics_of_replies(np.array([10, 11, 12]), np.array([ELSEWHERE, 12, 11]))
    assert topics.tolist() == [NOBODY_KNOWS] * 3


def test_the_group_that_a_forum_once_was_is_in_general():
    ids = np.array([MIGRATED_SHIFT + 7, MIGRATED_SHIFT + 8, 10])
    assert topics_of_replies(ids, np.array([NO_REPLY, 7, 2])).tolist() == [GENERAL, GENERAL, 2]
    live = table([9, 10], [NO_REPLY, 2]).assign(message_id=[MIGRATED_SHIFT + 9, 10], topic_id=pd.array([None, 2], "Int64"))
    assert of_topic(live, GENERAL)["message_id"].tolist() == [MIGRATED_SHIFT + 9]
    assert are_topics_known(live.iloc[:1].drop(columns="topic_id"))


def test_a_reading_without_topics_takes_none_away():
    with_topics = table([10, 11], [2, NO_REPLY])
    without, lost = with_topics.drop(columns="topic_id"), table([10, 11], [ELSEWHERE, ELSEWHERE])
    for other in (without, lost):
        for order in ([with_topics, other], [other, with_topics]):
            assert merge_batches(map(MessageBatch, order)).messages["topic_id"].tolist() == [2, GENERAL]


def test_messages_of_no_forum_have_no_column_of_topics():
    messages = make_messages(["2026-05-01T10:00", "2026-05-01T10:01"])
    assert "topic_id" not in merge_batches([MessageBatch(messages), MessageBatch(messages)]).messages
    assert not are_topics_known(messages)
    assert are_topics_known(empty_messages())
