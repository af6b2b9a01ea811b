"""A chat of Telegram as a source of days: what is known already, and for the rest Telegram itself.

Belongs here: which days need to be asked for, and joining them with the archive.
Does not belong here: how Telegram is read (:mod:`.reading`).
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path

from chat_forecast.domain.deduplication import merge_batches
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.sources.telegram.connection import Connection, Limits, connected
from chat_forecast.sources.telegram.credentials import load_credentials
from chat_forecast.sources.telegram.faults import ReadGoesOn, ReadTooLong
from chat_forecast.sources.telegram.peers import Peers, follow_migration
from chat_forecast.sources.telegram.reading import DaysReader, Piece
from chat_forecast.sources.telegram.session import load_session
from chat_forecast.storage.archive import Archive


def nothing_stored(_day: LocalDay) -> MessageBatch:
    """Nothing was read of any day."""
    return MessageBatch()


def say_nothing(_words: str) -> None:
    """Keep it to oneself."""


def keep_nothing(_day: LocalDay, _piece: MessageBatch) -> None:
    """Leave a day that is read in pieces to its end."""


class TelegramSource:
    """A chat of Telegram as a :class:`~chat_forecast.sources.base.MessageSource`.

    A day that was wholly read before, or that an imported archive covers, is not asked for again: nothing can be added to a
    day that has ended. Of a day whose first hours are known, only the rest is. So a read that was interrupted goes on where
    it was, in the middle of a day too, and years of archive cost no request.
    """

    def __init__(
        self,
        chat: str,
        home: Path,
        archive: Archive,
        stored: Callable[[LocalDay], MessageBatch] = nothing_stored,
        say: Callable[[str], object] = say_nothing,
        limits: Limits | None = None,
        keep: Callable[[LocalDay, MessageBatch], object] = keep_nothing,
    ) -> None:
        """``keep`` is given what is read of a day before the day is complete, so that ``stored`` gives it the next time."""
        self._chat, self._home, self._archive = chat, home, archive
        self._stored, self._say, self._limits, self._keep = stored, say, limits or Limits(), keep

    def read_days(self, days: Sequence[LocalDay]) -> Iterator[MessageBatch]:
        """Yield each day as soon as it is complete; days to be asked for that follow one another are one pass.

        Raises:
            SourceAsksToWait: Telegram wants to be asked again later, or there is more to read than one read may take.
            SourceError: there is no login, no such chat, or no answer.
            StoredFileError: the archive is damaged.
        """
        archived = self._archive.read_intervals

        def known(day: LocalDay) -> ReadIntervals:
            return self._stored(day).read_intervals.union(archived)

        for is_known, group in groupby(days, key=lambda day: known(day).covers(day.start, day.end)):
            together = list(group)
            since = known(together[0]).known_from(together[0].start)
            live = (self._stored(day) for day in together) if is_known else self._live(together, since)
            if archived.is_empty:
                yield from live
                continue
            windows = self._archive.read_windows((day.start, day.end) for day in together)
            for parts in zip(live, windows, strict=True):
                yield merge_batches(parts)

    def expect_ready(self) -> None:
        """See that there are credentials, a session and a known chat; Telegram is not asked.

        Raises:
            SourceError: something is missing; the message says what to do.
        """
        load_session(self._home, load_credentials(self._home))
        Peers(self._home).get(self._chat)

    def _live(self, days: Sequence[LocalDay], since: datetime) -> Iterator[MessageBatch]:
        """Ask Telegram for some days, of the first what comes after ``since``, holding the session until they are read."""
        credentials = load_credentials(self._home)
        session = load_session(self._home, credentials)
        what = f"{self._chat}, {days[0].key}" + (f" to {days[-1].key}" if len(days) > 1 else "")
        seconds = self._limits.for_days(len(days))
        with connected(self._home, credentials, session, what=what, say=self._say, limits=self._limits, seconds=seconds) as (
            runner,
            connection,
        ):
            pieces = runner.run(self._reader(connection, days, since)).pieces()
            known = [self._stored(days[0])] if since > days[0].start else []
            is_going_on = False
            for day in days:
                try:
                    while not (piece := runner.run(_next(pieces))).is_last:
                        self._keep(day, piece.batch)
                        is_going_on |= not piece.batch.read_intervals.is_empty
                        known.append(piece.batch)
                        self._say(f"{what}: {sum(len(each.messages) for each in known)} messages of {day.key} are read")
                except ReadTooLong as error:
                    if is_going_on:
                        raise ReadGoesOn(what, seconds) from error
                    raise
                yield merge_batches([*known, piece.batch])
                known, is_going_on = [], True

    async def _reader(self, connection: Connection, days: Sequence[LocalDay], since: datetime) -> DaysReader:
        """A reader of the chat as it is today; that it migrated is remembered."""
        peers = Peers(self._home)
        known = peers.get(self._chat)
        peer = await follow_migration(connection, known)
        if peer != known:
            peers.put(self._chat, peer)
        if peer.kind != known.kind:
            moved = f"{self._chat}: Telegram's group {known.marked_id} is now {peer.marked_id}"
            self._say(f"{moved}; its older part is read too")
        return DaysReader(connection, peer, days, Pseudonyms.load(self._home), since)


async def _next(pieces: AsyncIterator[Piece]) -> Piece:
    return await anext(pieces)
