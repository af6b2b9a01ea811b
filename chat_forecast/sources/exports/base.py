"""What every reader of message files yields, and how it refuses one.

Belongs here: the shape of a batch, the counts kept on the way, and the one error class.
Does not belong here: any file format.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import code_type
from chat_forecast.domain.id_spaces import HeldChat
from chat_forecast.domain.topics import NO_REPLY
from chat_forecast.large_columns import Column, in_parts
from chat_forecast.sources.base import SourceError

BATCH_ROWS = 50_000
_MANY, _MOST_FEW = np.dtype("int32"), 2**15 - 1
"""The type of senders' codes if there are many, and the highest code that fits into two bytes."""
INSTANT = pd.DatetimeTZDtype("us", "UTC")

Progress = Callable[[int], None]
"""Called with the number of bytes of the file that were read so far."""


class RefusedFileError(SourceError):
    """A file cannot be imported; the message names the file, what was found, and what to do. Nothing was changed."""

    def __init__(self, path: Path, found: str) -> None:
        super().__init__(f"{path}: {found}")


@dataclass
class Tally:
    """What a reader counted besides the messages that it took as they were."""

    service: int = 0
    """Service entries (joined, pinned, …), passed over."""
    unsupported: int = 0
    """Entries of an unknown kind or without a date, passed over."""
    ambiguous: int = 0
    """Local times that occur twice, in the hour that a clock change repeats; taken in the order of the file."""
    shifted: int = 0
    """Local times that never were, in the hour that a clock change skips; moved to its end."""
    clock_times: int = 0
    """Times without an offset, read as wall times of a zone that the file does not name."""
    impossible: int = 0
    """Messages whose time cannot be one (1970, the year 0, the future), passed over."""
    impossible_shown: list[str] = field(default_factory=list)
    """A few of those times."""
    notes: list[str] = field(default_factory=list)
    """What else a person should know of the files: sentences, in which nothing that somebody wrote is repeated."""

    def add(self, other: "Tally") -> None:
        """Add the counts and notes of another reading."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass(frozen=True)
class FileChat:
    """What a file holds of one chat."""

    batches: Iterable[pd.DataFrame]
    """See :func:`make_batch`."""
    chat: HeldChat = field(default_factory=HeldChat)
    others: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"message_id": [], "sent_at": []}))
    """``message_id`` and ``sent_at`` (NaT where unknown) of entries that are no messages: they have ids all the same."""
    is_of_account: bool = False
    """Whether it is an export of a whole account, which may hold only a part of a chat."""
    exporter: str | None = None
    """Whose account it is, as in ``sender``; None where the file does not say."""
    since: pd.Timestamp | None = None
    until: pd.Timestamp | None = None
    """What the file says that it covers; None: from its first message, to its last one."""
    partial: str | None = None
    """Why it must hold only a part of its chat, as the continuation of the file's name; None where nothing shows it."""
    is_replacing: bool = False
    """Whether it replaces what older exports have in the hours that it covers, since its messages have no ids."""
    is_forum: bool = False
    """Whether the file shows that the chat has topics."""
    replies: "Replies | None" = None
    """What each message of the only batch replies to."""


def make_batch(ids: pd.Series, sent_at: pd.DatetimeIndex, senders: Sequence[Any]) -> pd.DataFrame:
    """Make a batch: ``message_id`` (``Int64``, NA where the file has none), ``sent_at`` (UTC), ``sender`` as found.

    The senders are a categorical: they are few.
    """
    codes, known = pd.factorize(np.array(senders, dtype=object))
    found = pd.Categorical.from_codes(codes, pd.Index(known, dtype=object))
    return pd.DataFrame({"message_id": ids.array, "sent_at": sent_at.as_unit("us"), "sender": found})


class Replies:
    """What each message replies to, or its topic; stored sparsely, for messages that reply to something."""

    def __init__(self) -> None:
        self._rows, self._ids, self._length = Column("int32"), Column("int32"), 0

    def add(self, found: Sequence[int]) -> None:
        """Append what the next messages reply to, ``NO_REPLY`` if to nothing."""
        numbers = np.asarray(found, dtype="int32")
        rows = np.flatnonzero(numbers != NO_REPLY)
        self._rows.add(rows + self._length)
        self._ids.add(numbers[rows])
        self._length += len(numbers)

    def to_numpy(self) -> npt.NDArray[np.int64]:
        """One number a message, as in :func:`.topics.topics_of_replies`."""
        replies = np.full(self._length, NO_REPLY, dtype="int64")
        replies[self._rows.array] = self._ids.array
        return replies


class BatchBuilder:
    """Concatenates batches into columns that grow in place, so that millions of messages are never held twice."""

    def __init__(self) -> None:
        self._ids, self._instants, self._senders = Column("int64"), Column("int64"), Column("int16")
        self._has_none = Column(bool)
        """Which of the first messages have no id; of those that come after them all have one."""
        self._places: dict[Any, int] = {}

    def add(self, batch: pd.DataFrame) -> None:
        """Append a batch."""
        known = [self._places.setdefault(sender, len(self._places)) for sender in batch["sender"].cat.categories]
        if len(self._places) > _MOST_FEW:
            self._senders = self._senders.of_type(_MANY)
        places = np.array([*known, -1], dtype=self._senders.dtype)  # the code of an unknown sender is -1: the last
        self._senders.add(places[batch["sender"].cat.codes])
        is_none = batch["message_id"].isna().to_numpy()
        if is_none.any():
            self._note_all_ids_known()
            self._has_none.add(is_none)
        self._ids.add(batch["message_id"].to_numpy(dtype="int64", na_value=0))
        self._instants.add(pd.DatetimeIndex(batch["sent_at"]).asi8)

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def batch(self) -> pd.DataFrame:
        """All messages as one batch, which shares the memory of the columns."""
        codes = self._senders.of_type(code_type(len(self._places))).array
        columns = {
            "message_id": pd.arrays.IntegerArray(self._ids.array, self._is_without_id),
            "sent_at": pd.DatetimeIndex(self._instants.array, dtype=INSTANT, copy=False),
            "sender": pd.Categorical.from_codes(codes, pd.Index(list(self._places), dtype=object), validate=False),
        }
        return pd.DataFrame(columns, copy=False)

    @property
    def _is_without_id(self) -> npt.NDArray[np.bool_]:
        if not len(self._has_none):
            return np.zeros(len(self), dtype=bool)  # takes no memory before something is written
        self._note_all_ids_known()
        return self._has_none.array

    def _note_all_ids_known(self) -> None:
        """Note that the messages added since the last note have ids."""
        for rows in in_parts(len(self) - len(self._has_none)):
            self._has_none.add(np.zeros(rows.stop - rows.start, dtype=bool))


def join_batches(batches: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate batches; a single one is returned as it is."""
    joined, only = BatchBuilder(), None
    for number, batch in enumerate(batches):
        if number == 0:
            only = batch
            continue
        if only is not None:
            joined.add(only)
            only = None
        joined.add(batch)
    return joined.batch if only is None else only


def whole_numbers(found: Sequence[Any]) -> pd.Series:
    """Turn numbers, or text of them, into ``Int64``; None stays unknown.

    Raises:
        ValueError: one is no whole number of 64 bits.
    """
    kinds = set(map(type, found))
    if {float, bool} & kinds:
        raise ValueError("expected whole numbers")
    is_unknown = np.zeros(len(found), dtype=bool)
    known: Iterable[Any] = found if kinds == {int} else map(int, found)  # there are millions
    try:
        if NoneType in kinds:
            is_unknown = np.array([each is None for each in found], dtype=bool)
            known = (0 if each is None else int(each) for each in found)
        numbers = np.fromiter(known, dtype="int64", count=len(found))
        return pd.Series(pd.arrays.IntegerArray(numbers, is_unknown))
    except (TypeError, OverflowError) as error:
        raise ValueError(str(error)) from None
