"""Exports of Telegram Desktop in its "Machine-readable JSON" (``result.json``).

Belongs here: finding the chats in a file, of one chat or a whole account, and the messages of one of them.
Does not belong here: other formats, and what is done with the messages.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from chat_forecast.domain.deduplication import LOWEST_REAL_ID
from chat_forecast.sources.exports.base import BATCH_ROWS, Progress, RefusedFileError, Tally, make_batch, whole_numbers
from chat_forecast.sources.exports.clock import LocalClock
from chat_forecast.sources.exports.json_stream import BrokenJsonError, CutJsonError, JsonStream

LISTS_OF_CHATS = ("chats", "left_chats")
_HEADER = {"id": "chat_id", "name": "name", "type": "kind"}
_EXPORT_AGAIN = 'Export the chat again in Telegram Desktop: "Export chat history", format "Machine-readable JSON".'


@dataclass
class ChatInside:
    """A chat that an export holds; ``messages`` counts those with a date, without service entries."""

    chat_id: int | None = None
    name: str | None = None
    kind: str | None = None
    messages: int = 0


@dataclass
class _Collected:
    """What was read of one chat."""

    chat: ChatInside = field(default_factory=ChatInside)
    tally: Tally = field(default_factory=Tally)
    batches: list[pd.DataFrame] = field(default_factory=list)


@dataclass
class _Columns:
    """Parts of messages as found. Kept as lists of plain values, since rows would be work for the garbage collector."""

    ids: list[Any] = field(default_factory=list)
    unixtimes: list[Any] = field(default_factory=list)
    dates: list[Any] = field(default_factory=list)
    senders: list[Any] = field(default_factory=list)


def list_chats(path: Path, progress: Progress = lambda _done: None) -> list[ChatInside]:
    """List the chats that an export holds, in its order, those that were left included.

    Raises:
        RefusedFileError: the file is no whole Telegram Desktop export.
    """
    return [collected.chat for collected in _read_chats(path, timezone=None, wanted=(), progress=progress)]


def read_telegram_desktop(
    path: Path, *, timezone: str | None, chat_id: int | None, tally: Tally, progress: Progress
) -> list[pd.DataFrame]:
    """Read the messages of one chat as batches (see :func:`.base.make_batch`), in the file's order.

    ``chat_id`` chooses one of several chats. Times without ``date_unixtime`` (versions before 2022) are local times of
    ``timezone``.

    Raises:
        RefusedFileError: the file is no whole export, does not hold the chat, or holds several and none was chosen.
    """
    wanted = None if chat_id is None else (chat_id,)
    chats = _read_chats(path, timezone=timezone, wanted=wanted, progress=progress)
    chosen = [each for each in chats if chat_id in (None, each.chat.chat_id)]
    if len(chosen) != 1:
        if not chats:
            raise RefusedFileError(path, f"this export of an account holds no chat. {_EXPORT_AGAIN}")
        problem = {
            True: f"it holds no chat with the id {chat_id}",
            False: "it holds several chats" if chat_id is None else f"it holds several chats with the id {chat_id}",
        }[not chosen]
        listing = "\n".join(_described(each.chat) for each in chats)
        remedy = "Choose one with --chat-id:" if chat_id is None or not chosen else "Export the one wanted by itself:"
        raise RefusedFileError(path, f"{problem}. {remedy}\n{listing}")
    tally.service += chosen[0].tally.service
    tally.unsupported += chosen[0].tally.unsupported
    tally.ambiguous += chosen[0].tally.ambiguous
    tally.shifted += chosen[0].tally.shifted
    return chosen[0].batches


def _described(chat: ChatInside) -> str:
    return f"  {chat.chat_id}  {chat.name or '(no name)'}  {chat.kind or '(no type)'}  {chat.messages} messages"


def _read_chats(path: Path, *, timezone: str | None, wanted: tuple[int, ...] | None, progress: Progress) -> list[_Collected]:
    """Every chat of a file; with the messages of those whose ids are ``wanted`` (None: of the first one)."""
    with path.open("rb") as file:
        stream = JsonStream(file, progress)
        try:
            return list(_ExportFile(path, stream, timezone, wanted).chats())
        except CutJsonError as cut:
            raise RefusedFileError(
                path,
                f"it ends in the middle, at byte {cut.position}: the export or a copy of it was interrupted. "
                f"Copy it again. If that does not help: {_EXPORT_AGAIN}",
            ) from None
        except BrokenJsonError as broken:
            raise RefusedFileError(
                path, f"it is damaged, or was changed by hand: no JSON at byte {broken.position}. {_EXPORT_AGAIN}"
            ) from None


class _ExportFile:
    """One passage through an export file."""

    def __init__(self, path: Path, stream: JsonStream, timezone: str | None, wanted: tuple[int, ...] | None) -> None:
        self._path, self._stream, self._timezone, self._wanted = path, stream, timezone, wanted
        self._chats_found = 0

    def chats(self) -> Iterator[_Collected]:
        """Every chat in the file, one after another."""
        if self._stream.peek() != "{":
            raise self._foreign("expected JSON that begins with {, found something else")
        single, keys = _Collected(), []
        is_single = is_account = False
        for key in self._stream.members():
            keys.append(key)
            if key in LISTS_OF_CHATS and self._stream.peek() == "{":
                is_account = True
                yield from self._list_of_chats()
            else:
                is_single |= self._chat_member(single, key)
        if not is_single and not is_account:
            raise self._foreign(f"found the keys {', '.join(key[:20] for key in keys[:6]) or '(none)'}, but no messages")
        self._stream.expect_end()
        if is_single:
            yield single

    def _list_of_chats(self) -> Iterator[_Collected]:
        for key in self._stream.members():
            if key != "list" or self._stream.peek() != "[":
                self._stream.skip()
                continue
            for _ in self._stream.elements():
                if self._stream.peek() != "{":
                    raise self._foreign("expected chats in the list of chats")
                collected = _Collected()
                for member in self._stream.members():
                    self._chat_member(collected, member)
                yield collected

    def _chat_member(self, collected: _Collected, key: str) -> bool:
        """Take one member of a chat's object; whether it was its messages."""
        if key == "messages" and self._stream.peek() == "[":
            self._chats_found += 1
            self._messages(collected)
            return True
        if key in _HEADER and self._stream.peek() not in "{[":
            setattr(collected.chat, _HEADER[key], self._stream.value())
        else:
            self._stream.skip()
        return False

    def _is_wanted(self, chat: ChatInside) -> bool:
        """Whether to keep a chat's messages; while its id is not known yet, they are kept."""
        if self._wanted is None:
            return self._chats_found == 1
        return chat.chat_id in self._wanted or (chat.chat_id is None and bool(self._wanted))

    def _messages(self, collected: _Collected) -> None:
        is_wanted, tally = self._is_wanted(collected.chat), collected.tally
        clock = LocalClock(self._timezone, tally) if self._timezone else None
        columns = _Columns()
        for entry in self._stream.values():
            kind = entry.get("type") if isinstance(entry, dict) else None
            if kind == "message":
                date, unixtime = entry.get("date"), entry.get("date_unixtime")
                if date is None and unixtime is None:
                    tally.unsupported += 1
                    continue
                collected.chat.messages += 1
                if is_wanted:
                    columns.ids.append(entry.get("id"))
                    columns.unixtimes.append(unixtime)
                    columns.dates.append(date)
                    columns.senders.append(entry.get("from_id"))
                    if len(columns.ids) == BATCH_ROWS:
                        collected.batches.append(self._batch(columns, clock))
                        columns = _Columns()
            elif kind == "service":
                tally.service += 1
            elif isinstance(kind, str):
                tally.unsupported += 1
            else:
                raise self._foreign('found "messages" whose entries have no type')
        if columns.ids:
            collected.batches.append(self._batch(columns, clock))

    def _batch(self, found: _Columns, clock: LocalClock | None) -> pd.DataFrame:
        try:
            numbers = whole_numbers(found.ids)
            sent_at = pd.Series(pd.to_datetime(whole_numbers(found.unixtimes), unit="s", utc=True)).dt.as_unit("us")
        except ValueError:
            raise self._foreign("found a message whose id or date_unixtime is no whole number, or too great") from None
        if not {str, int, type(None)}.issuperset(map(type, found.senders)):
            raise self._foreign("found a message whose from_id is neither a text nor a number")
        if numbers.lt(LOWEST_REAL_ID).any():
            raise self._foreign("found a message whose id is too low for one of Telegram's")
        is_local = sent_at.isna()
        if is_local.any():
            if clock is None:
                raise RefusedFileError(
                    self._path,
                    "its times are local, as in Telegram Desktop before 2022. Say of which zone: --timezone ZONE.",
                )
            local = pd.to_datetime(pd.Series(found.dates)[is_local], format="%Y-%m-%dT%H:%M:%S", errors="coerce")
            if local.isna().any():
                raise self._foreign("found a message whose date is not a time such as 2020-01-31T09:15:00")
            sent_at[is_local] = clock.to_utc(pd.DatetimeIndex(local))
        return make_batch(numbers, pd.DatetimeIndex(sent_at), found.senders)

    def _foreign(self, found: str) -> RefusedFileError:
        return RefusedFileError(self._path, f"it is no Telegram Desktop export: {found}. {_EXPORT_AGAIN}")
