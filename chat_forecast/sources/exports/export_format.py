"""The protocol of every reader of another program's exports, and what is asked of one.

Belongs here: what a reader is given and gives, and choosing one of several chats.
Does not belong here: any format, and the list of them (:mod:`.formats`).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from chat_forecast.plain_text import one_line
from chat_forecast.sources.exports.base import FileChat, Progress, RefusedFileError, Tally
from chat_forecast.sources.exports.bundle import Bundle
from chat_forecast.sources.exports.json_stream import BrokenJsonError, CutJsonError, JsonStream
from chat_forecast.sources.exports.local_clock import LocalClock

ACCEPT = "If the rest is not wanted: --accept-partial."


@dataclass(frozen=True)
class Asked:
    """What a reader is asked for."""

    path: Path
    """The file, folder or archive that a person named."""
    timezone: str | None
    """Of clock times that do not tell their zone."""
    chat: str | None
    """Which of several chats: its id or its title."""
    date_order: str | None
    """``dmy``, ``mdy`` or ``ymd``: how dates are written that could be read in several ways."""
    tally: Tally
    progress: Progress
    together: tuple[Path, ...] = ()
    """The other files of the same import."""

    def clock(self) -> LocalClock:
        """The clock of times that do not tell their zone.

        Raises:
            RefusedFileError: nobody said which zone it is.
        """
        if self.timezone is None:
            raise self.refusal("its times do not tell their zone. Say in which one they were written: --file-timezone ZONE.")
        return LocalClock(self.timezone, self.tally)

    def chat_number(self) -> int | None:
        """The chosen chat's id, of a program whose ids are numbers.

        Raises:
            RefusedFileError: it is none.
        """
        try:
            return None if self.chat is None else int(self.chat)
        except ValueError:
            raise self.refusal("its chats are chosen by their ids: --chat-id NUMBER.") from None

    def refusal(self, found: str) -> RefusedFileError:
        """Refuse the file, with what was found and what to do."""
        return RefusedFileError(self.path, found)

    def note_unless_ended(self, bundle: Bundle, name: str) -> None:
        """Say that a text may have been cut, if its last line has no end."""
        if not bundle.is_ended(name):
            self.tally.notes.append("its last line has no end: if a copy of it was interrupted, later messages are missing.")

    @contextmanager
    def json(self, bundle: Bundle, name: str) -> Iterator[JsonStream]:
        """Walk through a part that is JSON.

        Raises:
            RefusedFileError: it ends in the middle, or is damaged.
        """
        with bundle.open(name) as file:
            try:
                yield JsonStream(file, self.progress)
            except CutJsonError as cut:
                raise self.refusal(
                    f"it ends in the middle, at byte {cut.position}: the export or a copy of it was interrupted. Copy it "
                    "again, or export it again."
                ) from None
            except BrokenJsonError as broken:
                raise self.refusal(f"it is damaged, or was changed by hand: {broken}. Export it again.") from None


@dataclass(frozen=True)
class ExportFormat:
    """One format of one program."""

    name: str
    find: Callable[[Bundle], Sequence[str]]
    """Which parts of a bundle are of it, by their names and first bytes; none if it is not this format."""
    read: Callable[[Bundle, Sequence[str], Asked], list[FileChat]]
    """Read those parts: one chat. Raises RefusedFileError."""


class Choosable(Protocol):
    """One of several chats in a file."""

    @property
    def id(self) -> str: ...  # noqa: D102 - told by its name
    @property
    def title(self) -> str | None: ...  # noqa: D102 - likewise
    @property
    def messages(self) -> int: ...  # noqa: D102 - likewise


Chat = TypeVar("Chat", bound=Choosable)


class SeveralChatsError(RefusedFileError):
    """A file holds several chats, and none was chosen."""

    def __init__(self, path: Path, problem: str, chats: Sequence[Choosable]) -> None:
        listing = "\n".join(f"  {each.id}  {one_line(each.title or '(no name)')}  {_size(each)}" for each in chats)
        super().__init__(path, f"{problem}. Choose one with --chat-id:\n{listing}")
        self.chats = list(chats)


def choose(path: Path, chats: Sequence[Chat], wanted: str | None) -> Chat:
    """The chat of that id or title, or the only one that has messages.

    Raises:
        RefusedFileError: there is none, or there are several.
    """
    if wanted is None:
        chosen = [each for each in chats if each.messages] or list(chats)
    else:
        chosen = [each for each in chats if each.id == wanted]
        chosen = chosen or [each for each in chats if _folded(each.title or "") == _folded(wanted)]
    if len(chosen) == 1:
        return chosen[0]
    if not chats:
        raise RefusedFileError(path, "it holds no chat. Export it again.")
    if wanted is None:
        raise SeveralChatsError(path, "it holds several chats", chosen)
    problem = f"it holds several chats named {wanted}" if chosen else f"it holds no chat with the id or the name {wanted}"
    raise SeveralChatsError(path, problem, chosen or chats)


def _size(chat: Choosable) -> str:
    """How much is in a chat, in what a reader counts without reading it all."""
    counted: str = getattr(chat, "counted", "messages")
    return f"{chat.messages} {counted.removesuffix('s') if chat.messages == 1 else counted}"


def _folded(title: str) -> str:
    return title.strip().removeprefix("#").casefold()
