"""Columns of millions of numbers, which lie on the disk instead of in memory.

Belongs here: columns that grow, where they lie when they have grown large, and going through them a part at a time.
Does not belong here: what is computed of them.

A large column is a file without a name: it is gone with the process, however that ends. It is written as files are, so that
a full disk is an error, and read as memory is. What was read of it stays in memory until it is given back, which
:func:`in_parts` does after each part: who goes through a column that way never holds more of it than a part.
"""

import ctypes
import mmap
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakSet, finalize

import numpy as np
import numpy.typing as npt

from chat_forecast.errors import ChatForecastError
from chat_forecast.whole_files import open_nameless

ROWS_IN_MEMORY = 1 << 18
"""A column of more rows is large."""
ROWS_AT_ONCE = 1 << 16
"""So many rows of a column are computed at once."""
_M_MMAP_THRESHOLD = -3
"""As in the C library's malloc.h."""

_folder: ContextVar[Path | None] = ContextVar("folder", default=None)
_mapped: WeakSet[mmap.mmap] = WeakSet()


class NoRoomAsideError(ChatForecastError):
    """Columns cannot be put on the disk. Nothing was changed."""


@contextmanager
def large_columns_in(folder: Path) -> Iterator[None]:
    """Inside, columns that grow large lie in a folder; elsewhere they stay in memory."""
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


def is_large(rows: int) -> bool:
    """Whether columns of a number of rows are large."""
    return rows > ROWS_IN_MEMORY


def goes_aside(rows: int) -> bool:
    """Whether large columns are put on the disk here, and columns of a number of rows are large."""
    return is_large(rows) and _folder.get() is not None


class Column:
    """A column of numbers that grows at its end."""

    __slots__ = ("_aside", "_held", "_length", "dtype")

    def __init__(self, dtype: npt.DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        self._held: array[int] | None = None
        self._aside: _Aside | None = None
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, numbers: npt.ArrayLike) -> None:
        """Put numbers at its end.

        Raises:
            NoRoomAsideError: there is no room for them on the disk.
        """
        found = np.ascontiguousarray(numbers, dtype=self.dtype)
        content = found.view("uint8").data
        self._length += len(found)
        if self._aside is not None:
            self._aside.write(content)
            return
        self._held = array("B") if self._held is None else self._held
        self._held.frombytes(content)
        if is_large(self._length) and (folder := _folder.get()) is not None:
            self._aside = _Aside(folder)
            self._aside.write(memoryview(self._held))
            self._held = None

    def of_type(self, dtype: npt.DTypeLike) -> "Column":
        """The same numbers, as a column of another type."""
        if np.dtype(dtype) == self.dtype:
            return self
        changed, numbers = Column(dtype), self.array
        for rows in in_parts(len(numbers)):
            changed.add(numbers[rows].astype(changed.dtype))
        return changed

    @property
    def array(self) -> npt.NDArray[Any]:
        """All of them, where they lie; to be asked for when it grows no more."""
        return np.frombuffer(self._held or b"", self.dtype) if self._aside is None else self._aside.read(self.dtype)


class _Aside:
    """The file of a large column, which has no name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        _let_freed_memory_go()
        try:
            self._file = open_nameless(folder)
        except OSError as error:
            raise self._no_room(error) from error
        finalize(self, self._file.close)

    def write(self, content: memoryview) -> None:
        try:
            while content:
                content = content[self._file.write(content) or 0 :]
        except OSError as error:
            raise self._no_room(error) from error

    def read(self, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        try:
            memory = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError:  # a file system that has no such reading
            self._file.seek(0)
            return np.fromfile(self._file, dtype)
        _mapped.add(memory)
        return np.frombuffer(memory, dtype)

    def _no_room(self, error: OSError) -> NoRoomAsideError:
        return NoRoomAsideError(
            f"{self._folder}: the columns of a large file could not be put aside there ({error.strerror or error}). Nothing "
            "was imported, and what was stored before is as it was. Make room there, 100 bytes a message, or put it right, "
            "and do the same again."
        )


@cache
def _let_freed_memory_go() -> None:
    """Have the C library give every large piece of memory that is freed back to the system, and keep no holes of them."""
    with suppress(AttributeError, OSError):  # a C library that has no such setting
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 1 << 20)


def by_parts(length: int, dtype: npt.DTypeLike, part: Callable[[slice], npt.ArrayLike]) -> npt.NDArray[Any]:
    """A column of that length, of which ``part`` makes the rows that it is asked for; if large, on the disk."""
    made = Column(dtype)
    for rows in in_parts(length):
        made.add(part(rows))
    return made.array


def in_parts(length: int, rows: int = ROWS_AT_ONCE) -> Iterator[slice]:
    """The rows of columns of that length, a part at a time, in their order; after each part its memory is given back."""
    for begin in range(0, length, rows):
        yield slice(begin, min(begin + rows, length))
        give_back()


def give_back() -> None:
    """Hold nothing of large columns in memory; what they are does not change, and it is read again when it is asked for."""
    for memory in list(_mapped):
        memory.madvise(mmap.MADV_DONTNEED)
