"""A chat of Telegram as a source of days: what is known already, and for the rest Telegram itself.

Belongs here: which days need to be asked for, and joining them with the archive.
Does not belong here: how Telegram is read (:mod:`.reading`).
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from chat_forecast.domain.deduplication import merge_batches
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.sources.pseudonyms import Pseudonyms
from chat_forecast.sources.telegram.connection import Connection, Limits, connected
from chat_forecast.sources.telegram.credentials import load_credentials
from chat_forecast.sources.telegram.peers import Peers, follow_migration
from chat_forecast.sources.telegram.reading import WindowReader
from chat_forecast.sources.telegram.session import load_session
from chat_forecast.storage.archive import Archive


def nothing_stored(_day: LocalDay) -> MessageBatch:
    """Nothing was read of any day."""
    return MessageBatch()


def say_nothing(_words: str) -> None:
    """Keep it to oneself."""


class TelegramSource:
    """A chat of Telegram as a :class:`~chat_forecast.sources.base.MessageSource`.

    A day that was wholly read before, or that an imported archive covers, is not asked for again: nothing can be added to a
    day that has ended. So a read that was interrupted goes on where it was, and years of archive cost no request.
    """

    def __init__(
        self,
        chat: str,
        home: Path,
        archive: Archive,
        stored: Callable[[LocalDay], MessageBatch] = nothing_stored,
        say: Callable[[str], object] = say_nothing,
        limits: Limits | None = None,
    ) -> None:
        self._chat, self._home, self._archive = chat, home, archive
        self._stored, self._say, self._limits = stored, say, limits or Limits()

    def read_days(self, days: Sequence[LocalDay]) -> Iterator[MessageBatch]:
        """Yield each day as soon as it is complete; days to be asked for that follow one another are one pass.

        Raises:
            SourceAsksToWait: Telegram wants to be asked again later.
            SourceError: there is no login, no such chat, or no answer.
            StoredFileError: the archive is damaged.
        """
        archived = self._archive.read_intervals

        def is_known(day: LocalDay) -> bool:
            return self._stored(day).read_intervals.union(archived).covers(day.start, day.end)

        for known, group in groupby(days, key=is_known):
            together = list(group)
            live = (self._stored(day) for day in together) if known else self._live(together)
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

    def _live(self, days: Sequence[LocalDay]) -> Iterator[MessageBatch]:
        """Ask Telegram for some days, holding the session until they are read."""
        credentials = load_credentials(self._home)
        session = load_session(self._home, credentials)
        what = f"{self._chat}, {days[0].key}" + (f" to {days[-1].key}" if len(days) > 1 else "")
        seconds = self._limits.for_days(len(days))
        with connected(self._home, credentials, session, what=what, say=self._say, limits=self._limits, seconds=seconds) as (
            runner,
            connection,
        ):
            batches = runner.run(self._reader(connection, days)).batches()
            for _ in days:
                yield runner.run(_next(batches))

    async def _reader(self, connection: Connection, days: Sequence[LocalDay]) -> WindowReader:
        """A reader of the chat as it is today; that it migrated is remembered."""
        peers = Peers(self._home)
        known = peers.get(self._chat)
        peer = await follow_migration(connection, known)
        if peer != known:
            peers.put(self._chat, peer)
        if peer.kind != known.kind:
            moved = f"{self._chat}: Telegram's group {known.marked_id} is now {peer.marked_id}"
            self._say(f"{moved}; its older part is read too")
        return WindowReader(connection, peer, days, Pseudonyms.load(self._home))


async def _next(batches: AsyncIterator[MessageBatch]) -> MessageBatch:
    return await anext(batches)
