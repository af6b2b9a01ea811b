"""Reading days of a chat's history, in pieces.

Belongs here: cutting the history into days, and a day of any size into pieces that can be kept as they come.
Does not belong here: pages and their completeness (:mod:`.history`), and what is known already (:mod:`.source`).
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch, order_messages
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.sources.telegram.connection import Connection
from chat_forecast.sources.telegram.faults import TelegramError
from chat_forecast.sources.telegram.history import History, Row
from chat_forecast.sources.telegram.peers import Peer

MARGIN = timedelta(minutes=1)
"""Read before and after a window, and how far messages may be out of order."""
PIECE_MESSAGES = 10_000
"""A day with more messages is read in pieces: about five minutes each, as fast as Telegram lets one."""


@dataclass(frozen=True)
class Piece:
    """A stretch of a day that was read to its end."""

    batch: MessageBatch
    is_last: bool
    """Whether the day is complete with it."""


class DaysReader:
    """The days of one window, which follow one another, from the first one's start or from ``since`` in it."""

    def __init__(
        self,
        connection: Connection,
        peer: Peer,
        days: Sequence[LocalDay],
        pseudonyms: Pseudonyms,
        since: datetime | None = None,
    ) -> None:
        self._days, self._pseudonyms = days, pseudonyms
        low = pd.Timestamp(since or days[0].start).to_pydatetime()
        self._history = History(connection, peer, low - MARGIN, days[-1].end.to_pydatetime() + MARGIN)
        self._kept_until: datetime | None = None
        """Until when earlier pieces of the day reach."""

    async def pieces(self) -> AsyncIterator[Piece]:
        """The pieces of each day, in order; raises as :meth:`Connection.ask`, after a piece of what was read until then."""
        now = await self._history.clock()
        waiting: list[Row] = []
        number, reached = 0, None
        try:
            async for stretch in self._history.stretches(now):
                waiting += [row for row in stretch if row.is_message]
                reached = max(row.sent_at for row in stretch if row.sent_at is not None)
                # What comes after may be out of order by a little, but not by the margin.
                while number < len(self._days) - 1 and self._days[number].end.to_pydatetime() + MARGIN <= reached:
                    yield Piece(self._cut(self._days[number], waiting, now), is_last=True)
                    waiting = _since(self._days[number].end, waiting)
                    self._kept_until = None
                    number += 1
                if len(waiting) >= PIECE_MESSAGES:
                    yield Piece(self._cut(self._days[number], waiting, reached - MARGIN), is_last=False)
                    self._kept_until = reached - MARGIN
                    waiting = _since(self._kept_until, waiting)
        except TelegramError:
            if reached is not None and waiting:
                yield Piece(self._cut(self._days[number], waiting, reached - MARGIN), is_last=False)
            raise
        for day in self._days[number:]:
            yield Piece(self._cut(day, waiting, now), is_last=True)
            self._kept_until = None

    def _cut(self, day: LocalDay, rows: Sequence[Row], until: datetime) -> MessageBatch:
        """A day's own messages before an instant, and what of it is known."""
        # Not pandas's instants: comparing with them takes ten times as long.
        start, end = day.start.to_pydatetime(), min(day.end.to_pydatetime(), until)
        inside = [row for row in rows if row.sent_at is not None and start <= row.sent_at < end]
        known: dict[int | None, str | None] = {}
        for row in inside:
            if row.sender not in known:
                known[row.sender] = self._pseudonyms.of(row.sender)
        messages = pd.DataFrame(
            {
                "message_id": pd.Series([row.id for row in inside], dtype="int64"),
                "sent_at": pd.DatetimeIndex([row.sent_at for row in inside], dtype="datetime64[us, UTC]"),
                "sender": pd.Series([known[row.sender] for row in inside], dtype="str"),
            }
        )
        if any(row.topic is not None for row in inside):
            messages["topic_id"] = pd.array([row.topic for row in inside], dtype="Int64")
        begins = self._kept_until or self._history.begins
        read = ReadIntervals() if begins is None else ReadIntervals.of((begins, until)).clip(day.start, day.end)
        return MessageBatch(order_messages(messages), read)


def _since(instant: datetime, rows: Sequence[Row]) -> list[Row]:
    since = pd.Timestamp(instant).to_pydatetime()
    return [row for row in rows if row.sent_at is not None and row.sent_at >= since]
