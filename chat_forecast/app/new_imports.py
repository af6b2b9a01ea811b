"""From files that were read to imports of an archive: each file is admitted, and its messages get their ids.

Belongs here: the order in which a file is examined, and what it covers of the chat's time.
Does not belong here: the examinations (:mod:`.archive_matching`), or adding imports
(:mod:`chat_forecast.storage.archive_contents`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from chat_forecast.app.archive_matching import expect_known_chat, expect_same_chat, expect_same_messages, normalise_ids
from chat_forecast.app.reading_files import ImportOptions, Reading
from chat_forecast.domain.arrays import bounds
from chat_forecast.domain.deduplication import identify
from chat_forecast.domain.id_spaces import MIGRATION_SECONDS, HeldChat, have_one_id, without_account_ids
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.domain.unread_silences import find_unread_silences
from chat_forecast.sources.exports.base import FileChat
from chat_forecast.storage.archive_contents import ArchiveContents, NewImport
from chat_forecast.storage.replacing import Holding


@dataclass
class Admission:
    """Admits files one after the other, each compared with the archive and with the files before it."""

    slug: str
    options: ImportOptions
    own: HeldChat | None
    """The chat whose ids the messages keep, once one is known."""
    known: list[HeldChat]
    """The chats of which it is known which one they are."""
    held: list[HeldChat]
    """The chats of the archive's imports and of the files, in the order of ``messages``."""
    messages: list[pd.DataFrame]
    """Those of the archive, and of each file that was admitted."""

    @classmethod
    def to(cls, contents: ArchiveContents, slug: str, options: ImportOptions, live: Sequence[HeldChat]) -> "Admission":
        """Begin to admit files to an archive."""
        own_live = next((chat for chat in live if not chat.has_account_ids), None)
        ledger = contents.ledger
        own, known = ledger.own_chat or own_live, [*live, *ledger.chats]
        return cls(slug, options, own, known, ledger.held_chats, [contents.messages])

    def take_next(self, readings: list[Reading], zone: str) -> NewImport:
        """Take the first file from a list and admit it; the memory of its reading is freed on the way.

        Raises:
            RefusedFileError: it may not join the archive.
        """
        reading = readings.pop(0)
        _, last = bounds(reading.messages["sent_at"])
        chat = replace(reading.found.chat, last_message=last.to_pydatetime())
        is_same = self.options.is_same_chat
        others = [*self.held, *self.known]
        expect_known_chat(reading.path, chat, reading.messages, others, self.messages, self.slug, is_same=is_same)
        expect_same_chat(reading.path, chat, self.known, self.slug, is_same=is_same)
        if self.own is None and chat.chat_id is not None and not chat.has_account_ids:
            self.own = chat
        settled = normalise_ids(reading.messages, chat, has_own_ids=self.own is None or have_one_id(chat, self.own))
        settled = expect_same_messages(reading.path, settled, self.messages, is_same_chat=is_same)
        file, unread, found = _file_name(reading), _unread(reading, chat), reading.found
        del reading
        messages = identify(settled)
        del settled
        self.known += [chat] if chat.chat_id is not None else []
        self.held.append(chat)
        self.messages.append(messages)
        holding = _holding(messages, zone) if found.is_replacing else Holding()
        return NewImport(MessageBatch(messages, _span(messages, chat, found)), unread, chat, file, holding)


def _file_name(reading: Reading) -> str:
    """The file's name with its folder's; without the title of a chat that may be a person."""
    chat, name = reading.found.chat, f"{reading.path.parent.name}/{reading.path.name}"
    is_named = chat.program is not None and chat.title and chat.without_names.title is None
    return name.replace(chat.title, "…") if is_named and chat.title else name


def _holding(messages: pd.DataFrame, timezone: str) -> Holding:
    """What an export stands instead of: all from the minute of its first message to that of its last one.

    Of minutes, since some phones write no seconds.
    """
    first, last = bounds(messages["sent_at"])
    first = first.floor("min")
    local = first.tz_convert(timezone).tz_localize(None).ceil("h")
    whole_from = local.tz_localize(timezone, ambiguous=False, nonexistent="shift_forward").tz_convert("UTC")
    return Holding.of(first, last.floor("min") + pd.Timedelta(minutes=1), whole_from)


def _span(messages: pd.DataFrame, chat: HeldChat, found: FileChat) -> ReadIntervals:
    """From a file's first message to its last: before and after them nothing is known, unless the file says so.

    A group ends where it became a supergroup, which begins there.
    """
    first, last = bounds(messages["sent_at"])
    if found.until is not None:
        last = max(last, found.until)
    if found.since is not None:
        first = found.since
    around = pd.Timedelta(seconds=MIGRATION_SECONDS)
    if chat.was_group is not None:
        first = min(first, pd.Timestamp(chat.was_group) - around)
    if chat.became_supergroup is not None:
        last = max(last, pd.Timestamp(chat.became_supergroup) + around)
    return ReadIntervals.of((first, last))


def _unread(reading: Reading, chat: HeldChat) -> ReadIntervals:
    """The silences of a file across which the chat's own ids jump; in a part of a chat they jump everywhere."""
    if not chat.has_counting_ids or reading.is_partial:
        return ReadIntervals()
    others = reading.found.others
    return find_unread_silences(without_account_ids(reading.messages, chat), without_account_ids(others, chat))
