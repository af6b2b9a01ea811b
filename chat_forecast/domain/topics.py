"""Which topic of a forum a message is in.

Belongs here: topics from replies, what is known of them from several readings, and the messages of one topic.
Does not belong here: how a file or Telegram tells replies (:mod:`chat_forecast.sources`).

A topic's id is that of the entry that created it. A message that is only posted into a topic replies to that entry, and a
reply replies to a message of the topic: whoever follows the replies arrives at the topic. A message that replies to nothing
is in ``GENERAL``. ``topic_id`` is where the replies end. If that is a message which was not read, such as a deleted one,
nobody knows its topic, and it is the id of no topic. When that message is read one day, the replies go on from there. It is
``NOBODY_KNOWS`` if the replies lead out of the chat, and NA in a message that was read before topics were kept.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.messages import MIGRATED_SHIFT

GENERAL = 1
"""The topic that every forum has. It has no entry of its own."""
HIGHEST_ID = 2**31
"""Telegram numbers a chat's messages in 32 bits."""
NOBODY_KNOWS = 0
NO_REPLY, ELSEWHERE = 0, -1
"""Instead of the id that is replied to: to nothing; to something that is no message of the chat."""


def topics_of_replies(ids: npt.NDArray[np.int64], replies: npt.NDArray[np.int64]) -> pd.Series:
    """The ``topic_id`` (``Int64``) of each message of a file, from the ids they reply to.

    A reply is later than what it replies to: one that is not is followed no further. Ids below zero are those of the group
    that the forum once was, where all is in General.

    >>> topics_of_replies(np.array([18, 19, 20]), np.array([17, 18, NO_REPLY])).to_list()
    [17, 17, 1]
    """
    is_reply = (replies > 0) & (replies < ids)
    ends = np.where((replies == NO_REPLY) | (ids < 0), GENERAL, np.where(is_reply, replies, NOBODY_KNOWS))
    known = pd.DataFrame({"message_id": ids, "topic_id": ends}).drop_duplicates("message_id")
    return pd.Series(_followed(ends, known["message_id"].to_numpy(), known["topic_id"].to_numpy()), dtype="Int64")


def with_known_ends(messages: pd.DataFrame) -> pd.DataFrame:
    """Messages one row an id, of which replies are followed on where they lead to one among them."""
    if "topic_id" not in messages.columns:
        return messages
    topics = messages["topic_id"]
    ends = topics.fillna(ELSEWHERE).to_numpy(dtype="int64")
    is_known = ends != ELSEWHERE
    followed = _followed(ends, messages["message_id"].to_numpy(dtype="int64")[is_known], ends[is_known])
    if np.array_equal(followed, ends):
        return messages
    return messages.assign(topic_id=pd.Series(followed, index=messages.index, dtype="Int64").mask(topics.isna()))


def of_topic(messages: pd.DataFrame, topic_id: int) -> pd.DataFrame:
    """The messages of one topic, as those of a chat of its own."""
    if "topic_id" not in messages.columns:
        return messages[_is_of_former_group(messages)] if topic_id == GENERAL else messages.iloc[:0]
    is_inside = messages["topic_id"].eq(topic_id).fillna(value=False)
    if topic_id == GENERAL:
        is_inside |= _is_of_former_group(messages)
    inside = messages[is_inside.to_numpy(dtype=bool)]
    return inside.drop(columns="topic_id").reset_index(drop=True)


def are_topics_known(messages: pd.DataFrame) -> bool:
    """Whether the messages were read with their topics, or need none: those of the group that a forum once was."""
    if "topic_id" in messages.columns and messages["topic_id"].notna().any():
        return True
    return bool(_is_of_former_group(messages).all())


def with_best_topics(chosen: pd.DataFrame, readings: pd.DataFrame) -> pd.DataFrame:
    """Messages chosen from several readings, each with the topic that any reading knows.

    Of two ends the earlier one: replies lead back in time, so it is further along them.
    """
    if "topic_id" not in readings.columns:
        return chosen
    known = readings.dropna(subset=["topic_id"])
    last_of_all = known["topic_id"].replace(NOBODY_KNOWS, HIGHEST_ID)
    best = last_of_all.groupby(known["message_id"]).min().replace(HIGHEST_ID, NOBODY_KNOWS)
    topics = best.reindex(chosen["message_id"]).array
    return chosen.assign(topic_id=pd.Series(topics, index=chosen.index, dtype="Int64"))


def counts_of_topics(tables: Sequence[pd.DataFrame]) -> dict[int, int]:
    """How many messages each topic has in some tables, the largest first; ends of lost replies are among them."""
    known = [table["topic_id"].dropna() for table in tables if "topic_id" in table.columns]
    if not known:
        return {}
    counts = pd.concat(known).value_counts()
    return {int(topic): int(count) for topic, count in counts.items()}


def _is_of_former_group(messages: pd.DataFrame) -> pd.Series:
    return messages["message_id"].between(MIGRATED_SHIFT, -1)


def _followed(
    ends: npt.NDArray[np.int64], ids: npt.NDArray[np.int64], next_ends: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Where ends lead, if ``ids`` lead on to ``next_ends``. Of a chain, each step halves what is left."""
    leads = next_ends < ids  # never to a later message: there are no rings
    index, steps = pd.Index(ids[leads]), next_ends[leads]
    while True:
        places = index.get_indexer(pd.Index(steps))
        further = np.where(places >= 0, steps[places], steps)
        if np.array_equal(further, steps):
            break
        steps = further
    places = index.get_indexer(pd.Index(ends))
    return np.where(places >= 0, steps[places], ends) if len(steps) else ends
