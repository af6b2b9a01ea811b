"""Exports of Telegram Desktop in its "Machine-readable JSON" (``result.json``).

Belongs here: finding the chats in a file, of one chat or a whole account, and choosing one of them.
Does not belong here: what its entries are (:mod:`.telegram_entries`), other formats, and what is done with the messages.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from chat_forecast.domain.id_spaces import HeldChat, are_halves, have_one_id, plain_chat_id
from chat_forecast.plain_text import counted, one_line
from chat_forecast.sources.exports.base import FileChat, Progress, RefusedFileError, Tally
from chat_forecast.sources.exports.json_stream import BrokenJsonError, CutJsonError, JsonStream
from chat_forecast.sources.exports.telegram_entries import (
    MEMBERS,
    Entries,
    NoMessageError,
    ZoneNeededError,
    storable,
)
from chat_forecast.sources.pseudonyms import identity_of

LISTS_OF_CHATS = ("chats", "left_chats")
Opener = Callable[[], AbstractContextManager[BinaryIO]]
EXPORTER = "personal_information"
_MOST_KEYS = 1000
_MOST_CHATS = 100_000
"""More chats no account has."""
_HEADER = ("id", "name", "type")
_EXPORT_AGAIN = 'Export the chat again in Telegram Desktop: "Export chat history", format "Machine-readable JSON".'


@dataclass(frozen=True)
class ChatInside:
    """A chat that an export holds; ``messages`` counts those with a date, without service entries."""

    chat_id: int | None = None
    name: str | None = None
    kind: str | None = None
    messages: int = 0


def list_chats(path: Path, progress: Progress = lambda _done: None) -> list[ChatInside]:
    """List the chats that an export holds, in its order, those that were left included.

    Raises:
        RefusedFileError: the file is no whole Telegram Desktop export.
    """
    found = _Reading(path, None, (), progress).chats
    return [ChatInside(each.chat.chat_id, each.chat.title, each.chat.kind, each.messages) for each in found]


def read_telegram_desktop(
    path: Path,
    *,
    timezone: str | None,
    chat_id: int | None,
    tally: Tally,
    progress: Progress,
    open_file: Opener | None = None,
) -> list[FileChat]:
    """Read the messages of one chat in the file's order; its older half too, if it was a group before.

    ``chat_id`` chooses one of several chats; ``open_file`` opens an export that is inside of another file. Times without
    ``date_unixtime`` (versions before 2022) are local times of ``timezone``.

    Raises:
        RefusedFileError: the file is no whole export, does not hold the chat, or holds several and none was chosen.
    """
    wanted = None if chat_id is None else (plain_chat_id(chat_id),)
    reading = _Reading(path, timezone, wanted, progress, open_file)
    chosen = _choose(path, reading.chats, None if wanted is None else wanted[0])
    if any(each.messages and not each.kept for each in chosen):
        # Which two belong together is known only after a passage through the file.
        reading = _Reading(path, timezone, [each.chat.chat_id for each in chosen], progress, open_file)
        chosen = [each for each in reading.chats if each.kept and any(each.chat == one.chat for one in chosen)]
    for each in chosen:
        tally.add(each.tally)
    read = [
        FileChat([each.kept.batch], each.chat, each.others, is_of_account=reading.is_account, exporter=reading.exporter)
        for each in chosen
    ]
    return [replace(chat, is_forum=each.is_forum, replies=each.replies) for chat, each in zip(read, chosen, strict=True)]


def _choose(path: Path, chats: list[Entries], chat_id: int | None) -> list[Entries]:
    """The chosen chat, or the only one; with its other half, if it is in the file."""
    chosen = [each for each in chats if chat_id is None or have_one_id(each.chat, HeldChat(chat_id))]
    is_one = len(chosen) == 1 or (len(chosen) == 2 and are_halves(chosen[0].chat, chosen[1].chat))
    if not is_one:
        if not chats:
            raise RefusedFileError(path, f"this export of an account holds no chat. {_EXPORT_AGAIN}")
        problem = {
            True: f"it holds no chat with the id {chat_id}",
            False: "it holds several chats" if chat_id is None else f"it holds several chats with the id {chat_id}",
        }[not chosen]
        listing = "\n".join(_described(each) for each in chats)
        remedy = "Choose one with --chat-id:" if chat_id is None or not chosen else "Export the one wanted by itself:"
        raise RefusedFileError(path, f"{problem}. {remedy}\n{listing}")
    return [each for each in chats if any(each is one or are_halves(each.chat, one.chat) for one in chosen)]


def _with_header(chat: HeldChat, key: str, value: object) -> HeldChat:
    match key, value:
        case "id", int():
            return replace(chat, chat_id=value)
        case "name", str():
            return replace(chat, title=storable(value))
        case "type", str():
            return replace(chat, kind=value)
    return chat


def _described(found: Entries) -> str:
    chat = found.chat
    what = f"{one_line(chat.title or '(no name)')}  {chat.kind or '(no type)'}"
    return f"  {chat.chat_id}  {what}  {counted(found.messages, 'messages')}"


class _Reading:
    """One passage through an export file: its chats, with the messages of those whose ids are ``wanted``.

    ``wanted`` None: the messages of the first chat are kept.
    """

    def __init__(
        self,
        path: Path,
        timezone: str | None,
        wanted: Collection[int | None] | None,
        progress: Progress,
        open_file: Opener | None = None,
    ) -> None:
        self._path, self._timezone, self._wanted = path, timezone, wanted
        self._chats_found = self._in_list = 0
        self.is_account = False
        self.exporter: str | None = None
        """Whose account it is, spelled as senders are; None where the file does not say."""
        with open_file() if open_file else path.open("rb") as file:
            self._stream = JsonStream(file, progress)
            try:
                self.chats = list(self._read())
            except CutJsonError as cut:
                raise RefusedFileError(
                    path,
                    f"it ends in the middle, at byte {cut.position}: the export or a copy of it was interrupted. "
                    f"Copy it again. If that does not help: {_EXPORT_AGAIN}",
                ) from None
            except BrokenJsonError as broken:
                raise RefusedFileError(path, f"it is damaged, or was changed by hand: {broken}. {_EXPORT_AGAIN}") from None
            except NoMessageError as error:
                raise self._foreign(str(error)) from None
            except ZoneNeededError:
                raise RefusedFileError(
                    path,
                    "its times are local, as in Telegram Desktop before 2022. Say of which zone: --file-timezone ZONE.",
                ) from None

    def _read(self) -> Iterator[Entries]:
        """Every chat in the file, one after another."""
        if self._stream.peek() != "{":
            raise self._foreign("expected JSON that begins with {, found something else")
        single, keys, is_single = Entries(self._timezone), list[str](), False
        for key in self._stream.members():
            keys.append(key)
            if len(keys) > _MOST_KEYS:
                raise self._foreign(f"found more than {_MOST_KEYS} keys")
            if key in LISTS_OF_CHATS and self._stream.peek() == "{":
                self.is_account = True
                yield from self._list_of_chats()
            elif key == EXPORTER and self._stream.peek() == "{":
                self.exporter = identity_of(self._stream.value().get("user_id"))
            else:
                is_single |= self._chat_member(single, key)
        if not is_single and not self.is_account:
            raise self._foreign(f"found the keys {', '.join(key[:20] for key in keys[:6]) or '(none)'}, but no messages")
        self._stream.expect_end()
        if is_single:
            yield single

    def _list_of_chats(self) -> Iterator[Entries]:
        for key in self._stream.members():
            if key != "list" or self._stream.peek() != "[":
                self._stream.skip()
                continue
            for _ in self._stream.elements():
                if self._stream.peek() != "{":
                    raise self._foreign("expected chats in the list of chats")
                self._in_list += 1
                if self._in_list > _MOST_CHATS:
                    raise self._foreign(f"found more than {_MOST_CHATS} chats")
                entries = Entries(self._timezone)
                for member in self._stream.members():
                    self._chat_member(entries, member)
                yield entries

    def _chat_member(self, entries: Entries, key: str) -> bool:
        """Take one member of a chat's object; whether it was its messages."""
        if key == "messages" and self._stream.peek() == "[":
            self._chats_found += 1
            entries.take(self._stream.values(MEMBERS), is_wanted=self._is_wanted(entries.chat))
            return True
        if key in _HEADER and self._stream.peek() not in "{[":
            entries.chat = _with_header(entries.chat, key, self._stream.value())
        else:
            self._stream.skip()
        return False

    def _is_wanted(self, chat: HeldChat) -> bool:
        """Whether to keep a chat's messages; while its id is not known yet, they are kept."""
        if self._wanted is None:
            return self._chats_found == 1
        if chat.chat_id is None:
            return bool(self._wanted)
        return any(each is not None and have_one_id(chat, HeldChat(each)) for each in self._wanted)

    def _foreign(self, found: str) -> RefusedFileError:
        return RefusedFileError(self._path, f"it is no Telegram Desktop export: {found}. {_EXPORT_AGAIN}")
