"""Reading text tables of any size, so that not even a huge row fills the memory.

Belongs here: how many rows are taken at once, and noticing rows that no message has.
Does not belong here: what the rows hold (:mod:`.tables`).
"""

import io
from pathlib import Path
from typing import Any

from chat_forecast.sources.exports.base import BATCH_ROWS

LONGEST_HEADER = 1 << 16
_BYTES_AT_ONCE, _FIELDS_AT_ONCE = 12 << 20, 1 << 20
_LEEWAY = 6
"""Up to this many times the expected amount may be read before the next rows are complete."""
_SAMPLES, _SAMPLE_BYTES = 16, 1 << 16


class LongRowsError(ValueError):
    """Rows are longer than any message, or a quote is never closed."""


class BoundedText(io.RawIOBase):
    """The bytes of a file; reading raises :class:`LongRowsError` where too much comes before :meth:`rows_are_complete`."""

    def __init__(self, path: Path, separator: str) -> None:
        super().__init__()
        self._file, self._separator = path.open("rb", buffering=0), separator.encode()
        self._bytes = self._fields = 0

    def readable(self) -> bool:
        """As every file that is read."""
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - bytes that can be written
        """Read on."""
        view = memoryview(buffer).cast("B")
        count = self._file.readinto(view) or 0
        self._bytes += count
        self._fields += bytes(view[:count]).count(self._separator)
        if self._bytes > _LEEWAY * _BYTES_AT_ONCE or self._fields > _LEEWAY * _FIELDS_AT_ONCE:
            raise LongRowsError
        return count

    def rows_are_complete(self) -> None:
        """Begin to count again."""
        self._bytes = self._fields = 0

    def tell(self) -> int:
        """How far the file is read."""
        return self._file.tell()

    def close(self) -> None:
        """Close the file too."""
        self._file.close()
        super().close()


def rows_at_once(path: Path, columns: int) -> int:
    """How many rows are held at the same time, by the length of those in samples of the file."""
    size = path.stat().st_size
    longest = 1
    with path.open("rb") as file:
        for number in range(_SAMPLES):
            file.seek(number * size // _SAMPLES)
            sample = file.read(_SAMPLE_BYTES)
            longest = max(longest, len(sample) // max(1, sample.count(b"\n"), sample.count(b"\r")))
    return max(1, min(BATCH_ROWS, _BYTES_AT_ONCE // longest, _FIELDS_AT_ONCE // max(1, columns)))
