"""Messages as the pipeline keeps them: an id, a time, a pseudonym, and what stretch of time was read.

Belongs here: the shape of a table of messages, and their order.
Does not belong here: where messages come from (:mod:`chat_forecast.sources`), their union
(:mod:`.deduplication`), or counting them (:mod:`.hourly_series`).
"""

from dataclasses import dataclass, field
from functools import cache

import pandas as pd

from chat_forecast.domain.arrays import is_ascending, is_rising
from chat_forecast.domain.external_sort import needs_external_sort, sort_large_by_id, sort_rows
from chat_forecast.domain.read_intervals import ReadIntervals

MESSAGE_DTYPES = {"message_id": "int64", "sent_at": "datetime64[us, UTC]", "sender": "str"}
"""``message_id``: unique in the chat; ``sent_at``: UTC; ``sender``: a pseudonym, NA where unknown.

In a table of millions of messages, senders may be a categorical of such text: that is a sixth of the memory.
"""
MIGRATED_SHIFT = -(10**9)
"""Telegram Desktop adds this to the ids of the older part of a group that became a supergroup, whose own start over at 1."""
TOPIC_DTYPE = {"topic_id": "Int64"}
"""The messages of a forum have one column more: see :mod:`.topics`."""


def message_dtypes(*tables: pd.DataFrame) -> dict[str, str]:
    """The columns that tables of messages have together, with their types."""
    has_topics = any("topic_id" in table.columns for table in tables)
    return MESSAGE_DTYPES | TOPIC_DTYPE if has_topics else MESSAGE_DTYPES


def empty_messages() -> pd.DataFrame:
    """A table of no messages, with the right columns and types."""
    return _no_messages().copy()


@cache
def _no_messages() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in MESSAGE_DTYPES.items()})


def with_message_types(messages: pd.DataFrame) -> pd.DataFrame:
    """The same messages with the types of :func:`message_dtypes`; mostly they have them."""
    dtypes = message_dtypes(messages)
    has_them = all(str(messages[name].dtype) == dtype for name, dtype in dtypes.items())
    return messages if has_them else messages.astype(dtypes)


@dataclass(frozen=True)
class MessageBatch:
    """Messages of a stretch of time, together with the part of it that was really read.

    ``messages`` has the columns of :data:`MESSAGE_DTYPES`, in a forum ``topic_id`` too; one row a message, ordered by
    ``sent_at`` and ``message_id``.
    """

    messages: pd.DataFrame = field(default_factory=empty_messages)
    read_intervals: ReadIntervals = field(default_factory=ReadIntervals)


def order_messages(messages: pd.DataFrame) -> pd.DataFrame:
    """The same messages, one row an id (the first one stands), ordered by ``sent_at`` and ``message_id``."""
    by_id = sort_large_by_id(messages)
    has_each_once = is_rising(by_id["message_id"])
    if has_each_once and is_ascending(by_id["sent_at"]):
        ordered = by_id.reset_index(drop=True)
    elif has_each_once and needs_external_sort(by_id):
        ordered = sort_rows(by_id, ["sent_at", "message_id"])
    else:
        unique = messages.drop_duplicates("message_id", keep="first")
        ordered = unique.sort_values(["sent_at", "message_id"], kind="stable", ignore_index=True)
    dtypes = message_dtypes(messages)
    kept = dtypes | ({"sender": messages["sender"].dtype} if _has_few_senders(messages) else {})
    return ordered[list(dtypes)].astype(kept)


def with_plain_senders(messages: pd.DataFrame) -> pd.DataFrame:
    """The same messages, with senders as text also if they are a categorical."""
    return messages.astype({"sender": "str"}) if _has_few_senders(messages) else messages


def _has_few_senders(messages: pd.DataFrame) -> bool:
    return isinstance(messages["sender"].dtype, pd.CategoricalDtype)
