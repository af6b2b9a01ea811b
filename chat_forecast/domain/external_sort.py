"""An external merge sort, for tables so large that sorting them in memory would take several times their size.

Belongs here: sorting a table block by block, and merging sorted blocks with only a window of each in memory.
Does not belong here: the order that messages have (:mod:`.messages`).
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import holds_any, is_ascending, is_rising
from chat_forecast.domain.chunked_tables import concat_chunks
from chat_forecast.large_columns import give_back, in_parts, is_large

BLOCK_ROWS = 1 << 18
"""Rows sorted at once; also the rows in memory during a merge, all windows together."""

Keys = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""The sort keys of some rows: the first column and the one that breaks ties."""


def sort_large_by_id(messages: pd.DataFrame) -> pd.DataFrame:
    """Sort millions of messages by their ids if every id is known and unique; return any other messages unchanged."""
    ids = messages["message_id"]
    if not needs_external_sort(messages) or is_rising(ids) or holds_any(ids, pd.Series.isna):
        return messages
    ordered = sort_rows(messages, ["message_id"])
    return ordered if is_rising(ordered["message_id"]) else messages


def needs_external_sort(messages: pd.DataFrame) -> bool:
    """Whether messages are too many to sort in memory; only those with categorical senders can be sorted in blocks."""
    return is_large(len(messages)) and isinstance(messages["sender"].dtype, pd.CategoricalDtype)


def are_large(*tables: pd.DataFrame) -> bool:
    """Whether tables together have so many rows that they must be processed in chunks."""
    return is_large(sum(map(len, tables)))


def sort_rows_unless_sorted(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Do what :func:`sort_rows` does, but return the table itself if each of these columns is ascending already."""
    return table if all(is_ascending(table[name]) for name in names) else sort_rows(table, names)


def sort_rows(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Sort a table by one or two columns of numbers or instants, ascending; its senders must be a categorical."""
    sorted_blocks = concat_chunks(table, _sorted_blocks(table, names))
    if len(table) <= BLOCK_ROWS:
        return sorted_blocks
    blocks = [sorted_blocks.iloc[rows] for rows in in_parts(len(table), BLOCK_ROWS)]
    return concat_chunks(table, merge_sorted(blocks, names, max(BLOCK_ROWS // len(blocks), 1)))


def sort_numbers(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Sort numbers, in blocks if there are millions; an ascending array is returned as it is."""
    column = pd.Series(numbers, name="number", copy=False)
    if is_ascending(column):
        return numbers
    return sort_rows(column.to_frame(), ["number"])["number"].to_numpy() if is_large(len(numbers)) else np.sort(numbers)


def _sorted_blocks(table: pd.DataFrame, names: Sequence[str]) -> Iterator[pd.DataFrame]:
    for rows in in_parts(len(table), BLOCK_ROWS):
        block = table.iloc[rows]
        yield block.iloc[_order(block, names)]


def merge_sorted(tables: Sequence[pd.DataFrame], names: Sequence[str], at_once: int) -> Iterator[pd.DataFrame]:
    """Merge sorted tables: yield their rows in chunks, in order, with at most ``at_once`` rows of each table in memory.

    Rows with equal keys are never split between two chunks; within a chunk, those of earlier tables come first. Tables are
    opened one after the other, since reading a single row may bring a large piece of its column into memory.
    """
    blocks = [_Block(table, names) for table in tables]
    for block in blocks:
        block.open(at_once)
    while blocks := [block for block in blocks if len(block.window)]:
        limit = min((block.last for block in blocks if block.goes_on), default=None)
        taken = [block.take(limit, at_once) for block in blocks if limit is None or block.first <= limit]
        part = taken[0] if len(taken) == 1 else pd.concat(taken, ignore_index=True)
        yield part.iloc[_order(part, names)]


class _Block:
    """A sorted table that is being merged; the next rows, its window, are in memory."""

    def __init__(self, table: pd.DataFrame, names: Sequence[str]) -> None:
        self._table, self._names, self._begin, self._end = table, names, 0, len(table)
        self.window = table.iloc[:0]

    def open(self, at_once: int) -> None:
        """Load the next ``at_once`` rows, or as many as are left."""
        stop = min(self._begin + at_once, self._end)
        self.window = self._table.iloc[self._begin : stop].copy()
        give_back()
        self._first, self._second = _keys(self.window, self._names)
        self.goes_on = stop < self._end
        if len(self.window):
            self.first, self.last = ((int(self._first[place]), int(self._second[place])) for place in (0, -1))

    def take(self, limit: tuple[int, int] | None, at_once: int) -> pd.DataFrame:
        """Remove the rows up to a limit (inclusive) from the window and return them; the window is filled up again."""
        number = len(self.window)
        if limit is not None:
            low, high = (int(np.searchsorted(self._first, limit[0], side=side)) for side in ("left", "right"))
            number = low + int(np.searchsorted(self._second[low:high], limit[1], side="right"))
        taken = self.window.iloc[:number]
        self._begin += number
        self.open(at_once)
        return taken


def _order(part: pd.DataFrame, names: Sequence[str]) -> npt.NDArray[np.int64]:
    first, second = _keys(part, names)
    return np.lexsort((second, first))


def _keys(table: pd.DataFrame, names: Sequence[str]) -> Keys:
    found = [_numbers(table[name]) for name in names]
    return found[0], found[-1]


def _numbers(values: pd.Series) -> npt.NDArray[np.int64]:
    is_instant = isinstance(values.dtype, pd.DatetimeTZDtype)
    return pd.DatetimeIndex(values).asi8 if is_instant else values.to_numpy(dtype="int64")
