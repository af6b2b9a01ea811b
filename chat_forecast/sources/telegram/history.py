"""The history of a chat between two instants, proved to be complete.

Belongs here: pages, their end, and the two parts of a chat that migrated.
Does not belong here: cutting it into days (:mod:`.reading`), and connections and waits (:mod:`.connection`).

Plain history is read, oldest first. Where it begins and ends is given by dates, and on which side of one a message of that
very second counts is not certain: so the caller asks for a minute more at both ends.

An empty page does not mean the end, and a page may lack messages. So the newest message of the window is asked for first,
and the read goes on until its id is reached. After each stretch the count is checked: one request goes back from the
stretch's last message by the number of messages that were read, and has to arrive at the first one. A stretch that does not
add up is read again.

Service entries (joined, pinned, …) are not messages. Each part of an album is one, as Telegram and its exports have it.

Ids are those of a Telegram Desktop export: where a group became a supergroup, those of its older part are shifted below zero
(:data:`~chat_forecast.domain.deduplication.MIGRATED_SHIFT`), so that an archive and the live history join by ids.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from chat_forecast.domain.messages import MIGRATED_SHIFT
from chat_forecast.domain.topics import GENERAL
from chat_forecast.sources.telegram.connection import Connection
from chat_forecast.sources.telegram.faults import ChatUnreadable, TelegramError
from chat_forecast.sources.telegram.peers import Peer

PAGE = 100
STRETCH_PAGES = 10


@dataclass(frozen=True)
class Part:
    """A history of its own: the chat's, or that of the group it once was."""

    peer: Any
    """An ``InputPeer``."""
    shift: int = 0
    """Added to its ids."""


@dataclass(frozen=True)
class Row:
    """An entry of the history; its date is None where it is deleted."""

    id: int
    sent_at: datetime | None = None
    sender: int | None = None
    """The marked id of who wrote it."""
    is_message: bool = False
    """Not a service entry, and not deleted."""
    topic: int | None = None
    """The topic of a forum that it is in; None in another chat."""


class History:
    """The entries of a chat from ``low`` to ``high``; each method raises as :meth:`Connection.ask`."""

    def __init__(self, connection: Connection, peer: Peer, low: datetime, high: datetime) -> None:
        self._connection, self._id = connection, peer.id
        self._parts = parts_of(peer)
        self._low, self._high = low, high
        self._pages_read = 0
        self._newest_id = 0
        self.begins: datetime | None = None
        """Since when the history is known; None while nothing of it was seen."""

    async def clock(self) -> datetime:
        """Telegram's own time, which the messages' dates are of."""
        from telethon.tl import functions

        state = await self._connection.ask(functions.updates.GetStateRequest())
        return state.date.astimezone(UTC)  # type: ignore[no-any-return]  # Telethon has no annotations

    async def stretches(self, now: datetime) -> AsyncIterator[list[Row]]:
        """The window's entries, ascending, in stretches whose counts were checked."""
        if self._low >= now:
            return
        for part in self._parts:
            try:
                anchor = await self._find_anchor(part)
            except ChatUnreadable:
                if part.shift == 0:
                    raise
                self._connection.say(
                    f"{self._connection.what}: the account cannot read the group that it once was: what was written there "
                    "stays missing"
                )
                continue
            if anchor and self.begins is None:
                self.begins = self._low
            self._newest_id, last = await self._find_newest(part, anchor), anchor
            while rows := await self._stretch(part, last):
                last = rows[-1].id
                inside = [row for row in rows if row.sent_at is None or row.sent_at < self._high]
                dated = [row.sent_at for row in inside if row.sent_at is not None]
                if dated:
                    if self.begins is None:
                        self.begins = dated[0]
                    yield [replace(row, id=row.id + part.shift) for row in inside] if part.shift else inside

    async def _stretch(self, part: Part, after: int) -> list[Row]:
        """The entries of the next pages, as many as there really are; none at the window's end."""
        rows = await self._pages(part, after)
        if len(rows) > 1 and not await self._adds_up(part, rows):
            again = await self._pages(part, after)
            both = {row.id: row for row in [*rows, *again]}
            rows = sorted(both.values(), key=lambda row: row.id)
            if len(rows) > 1 and not await self._adds_up(part, rows):
                self._connection.say(
                    f"{self._connection.what}: Telegram counts other messages than it gives, between {rows[0].id} and "
                    f"{rows[-1].id}: read twice, {len(rows)} taken"
                )
        return rows

    async def _pages(self, part: Part, after: int) -> list[Row]:
        rows: list[Row] = []
        for _ in range(STRETCH_PAGES):
            page = await self._page(part, rows[-1].id if rows else after)
            rows += page
            if not page:
                break
        return rows

    async def _page(self, part: Part, after: int) -> list[Row]:
        """The entries right after an id; none only if the window's newest is not after it either."""
        limits = self._connection.limits
        deleted: list[Row] = []
        for attempt in range(limits.tries):
            if self._newest_id <= after:
                return []
            if attempt:
                await self._connection.pause(limits.pause_seconds * 2 ** (attempt - 1))
            await self._pace()
            # Before anything of the history was seen there is no id to go on from.
            start = {"offset_id": after + 1} if after else {"offset_date": self._low}
            rows = await self._ask(part, add_offset=-PAGE, limit=PAGE, **start)
            fresh = [row for row in rows if row.id > after]
            if fresh and all(row.sent_at is not None for row in fresh):
                return fresh
            deleted = fresh or deleted
            self._newest_id = await self._find_newest(part, after)  # perhaps it went
        if deleted:  # said to be deleted again and again: then they are
            return deleted
        raise TelegramError(
            f"{self._connection.what}: Telegram gives empty pages after message {after}, {limits.tries} times, although "
            f"there is message {self._newest_id}. The day stays missing: read it again later."
        )

    async def _adds_up(self, part: Part, rows: Sequence[Row]) -> bool:
        found = await self._ask(part, offset_id=rows[-1].id + 1, add_offset=len(rows) - 1, limit=1)
        return [row.id for row in found] == [rows[0].id]

    async def _find_anchor(self, part: Part) -> int:
        """The id of the newest entry before the window; 0 if twice nothing was found."""
        return await self._newest(part, self._low) or await self._newest(part, self._low)

    async def _find_newest(self, part: Part, anchor: int) -> int:
        """The id of the window's newest entry, 0 if there is none; with an entry before the window, it cannot be older."""
        for attempt in range(self._connection.limits.tries):
            if attempt:
                await self._connection.pause(self._connection.limits.pause_seconds * 2 ** (attempt - 1))
            newest = await self._newest(part, self._high)
            if newest or not anchor:
                return newest
        raise TelegramError(
            f"{self._connection.what}: Telegram says that there is no message, although there is message {anchor}. The day "
            "stays missing: read it again later."
        )

    async def _newest(self, part: Part, before: datetime) -> int:
        """The id of the newest entry before an instant, 0 if there is none."""
        found = await self._ask(part, offset_date=before, limit=1)
        return found[-1].id if found else 0

    async def _ask(
        self,
        part: Part,
        *,
        offset_id: int = 0,
        offset_date: datetime | None = None,
        add_offset: int = 0,
        limit: int,
    ) -> list[Row]:
        """A page of the history, oldest first."""
        from telethon.tl import functions

        answer = await self._connection.ask(
            functions.messages.GetHistoryRequest(
                part.peer, offset_id, offset_date, add_offset, limit, max_id=0, min_id=0, hash=0
            )
        )
        is_forum = any(getattr(each, "forum", False) for each in answer.chats if each.id == self._id)
        return _rows(reversed(answer.messages), is_forum=is_forum and part.shift == 0)

    async def _pace(self) -> None:
        """Read no faster than Telegram lets one in the long run."""
        self._pages_read += 1
        if self._pages_read > self._connection.limits.quick_pages:
            await self._connection.pause(self._connection.limits.page_seconds)


def parts_of(peer: Peer) -> list[Part]:
    """The histories of a chat, the older one first."""
    from telethon.tl import types

    if peer.kind == "group":
        return [Part(types.InputPeerChat(peer.id))]
    own = Part(types.InputPeerChannel(peer.id, peer.access_hash))
    return [own] if peer.before is None else [Part(types.InputPeerChat(peer.before), MIGRATED_SHIFT), own]


def _topic(message: Any) -> int:  # noqa: ANN401 - Telethon's
    """The topic of a forum's message. A reply that names none is in General, as is a message that replies to nothing."""
    header = message.reply_to
    if not getattr(header, "forum_topic", False):
        return GENERAL
    return int(header.reply_to_top_id or header.reply_to_msg_id or GENERAL)


def _rows(messages: Iterable[Any], *, is_forum: bool) -> list[Row]:
    """What is looked at of each ``Message``, ``MessageService`` or ``MessageEmpty``."""
    from telethon.tl import types
    from telethon.utils import get_peer_id

    return [
        Row(message.id)
        if isinstance(message, types.MessageEmpty)
        # A post has no author but its channel; so has a group's anonymous admin.
        else Row(
            message.id,
            message.date.astimezone(UTC),
            get_peer_id(message.from_id or message.peer_id),
            isinstance(message, types.Message),
            _topic(message) if is_forum else None,
        )
        for message in messages
    ]
