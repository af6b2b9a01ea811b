"""Collecting messages that a reader finds one by one, in a few bytes each.

Belongs here: growing columns of ids, times and senders; ids made of text; times in ISO 8601.
Does not belong here: any format.
"""

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from chat_forecast.domain.topics import HIGHEST_ID, NO_REPLY
from chat_forecast.sources.exports.base import BATCH_ROWS, BatchBuilder, Replies, make_batch, whole_numbers
from chat_forecast.sources.exports.local_clock import LocalClock

EPOCH: datetime = datetime(1970, 1, 1)  # noqa: DTZ001 - of clocks, whatever their zone
MICROSECOND = timedelta(microseconds=1)
DAY_SECONDS = 86_400
_LEAST, _MOST = -(2**62), 2**62
_NAT = int(np.iinfo("int64").min)
_ID_MASK = (1 << 62) - 1


class MessageCollector:
    """The messages of one chat, in the file's order."""

    def __init__(self, clock: LocalClock | None = None) -> None:
        """``clock``: times are wall times of its zone; without it they are UTC."""
        self._clock, self._kept = clock, BatchBuilder()
        self._ids: list[int | None] = []
        self._micros: list[int] = []
        self._senders: list[Any] = []
        self._replies, self._topics = Replies(), list[int]()
        self.is_forum = False
        self._other_ids: list[int | None] = []
        self._other_micros: list[int] = []

    def __len__(self) -> int:
        return len(self._kept) + len(self._micros)

    def add(self, micros: int | None, sender: object, message_id: int | None = None) -> None:
        """Add a message, sent ``micros`` microseconds after 1970 (None if unknown); a sender is a text or a number."""
        self._ids.append(message_id)
        self._micros.append(micros if micros is not None and _LEAST < micros < _MOST else _NAT)
        self._senders.append(sender if isinstance(sender, str | int) and not isinstance(sender, bool) else None)
        if len(self._micros) == BATCH_ROWS:
            self._flush()

    def note_topic(self, topic_id: int | None) -> None:
        """Note the topic of the message that was added last; None is General, if the chat is a forum."""
        is_one = topic_id is not None and 0 < topic_id < HIGHEST_ID
        self._topics.append(topic_id or NO_REPLY if is_one else NO_REPLY)
        self.is_forum |= is_one

    def add_other(self, message_id: int, micros: int | None = None) -> None:
        """Add an entry that is not a message but has an id."""
        self._other_ids.append(message_id)
        self._other_micros.append(micros if micros is not None and _LEAST < micros < _MOST else _NAT)

    @property
    def replies(self) -> Replies:
        """The topics that were noted, one a message."""
        self._flush_topics()
        return self._replies

    @property
    def batch(self) -> pd.DataFrame:
        """All messages, see :func:`.base.make_batch`."""
        self._flush()
        return self._kept.batch

    @property
    def others(self) -> pd.DataFrame:
        """The entries that are no messages, as in :attr:`.base.FileChat.others`."""
        return pd.DataFrame(
            {"message_id": whole_numbers(self._other_ids), "sent_at": self._instants(self._other_micros, None)}
        )

    def _flush(self) -> None:
        if self._micros:
            instants = self._instants(self._micros, self._clock)
            self._kept.add(make_batch(whole_numbers(self._ids), instants, self._senders))
            self._ids, self._micros, self._senders = [], [], []
            self._flush_topics()

    def _flush_topics(self) -> None:
        self._replies.add(self._topics)
        self._topics = []

    def _instants(self, micros: list[int], clock: LocalClock | None) -> pd.DatetimeIndex:
        wall = pd.DatetimeIndex(np.array(micros, dtype="int64").view("M8[us]"))
        if clock is None:
            return wall.tz_localize("UTC")
        is_known = np.asarray(wall.notna())
        instants = np.full(len(wall), _NAT)
        instants[is_known] = clock.to_utc(wall[is_known]).as_unit("us").asi8
        return pd.DatetimeIndex(instants.view("M8[us]")).tz_localize("UTC")


def id_of(text: str) -> int:
    """A number for an id that is a text: a 62-bit hash of it, so that two texts practically never get the same."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) & _ID_MASK


def iso_micros(text: object, *, is_utc: bool = False) -> int | None:
    """Microseconds since 1970 of a time in ISO 8601 that tells its offset, or is UTC if ``is_utc``; else None.

    >>> iso_micros("1970-01-01T03:00:01.5000000+03:00"), iso_micros("1970-01-01 00:00:02", is_utc=True), iso_micros("soon")
    (1500000, 2000000, None)
    """
    try:
        found = datetime.fromisoformat(str(text))
        if found.tzinfo is None:
            if not is_utc:
                return None
            return (found - EPOCH) // MICROSECOND
        return (found.astimezone(UTC).replace(tzinfo=None) - EPOCH) // MICROSECOND
    except (ValueError, OverflowError):
        return None


def wall_micros(text: object) -> int | None:
    """Microseconds since 1970 by the clock that a time in ISO 8601 without an offset was read from; else None."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return None if found.tzinfo is not None else (found - EPOCH) // MICROSECOND


def micros_at(year: int, month: int, day: int, second: int = 0) -> int | None:
    """Microseconds since 1970 of a second of a day; None if there is no such day."""
    try:
        days = date(year, month, day).toordinal() - EPOCH.toordinal()
    except (ValueError, OverflowError):
        return None
    return (days * DAY_SECONDS + second) * 1_000_000


def text_of(found: object) -> str | None:
    """A text; None for whatever else a file has in its place."""
    return found if isinstance(found, str) else None


def whole(found: object) -> int | None:
    """A whole number, or a text of one; else None."""
    if isinstance(found, bool) or not isinstance(found, int | str):
        return None
    try:
        number = int(found)
    except ValueError:
        return None
    return number if _LEAST < number < _MOST else None
