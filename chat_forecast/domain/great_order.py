"""The rows of a table in the order of their numbers, where a sort in memory would take several times the table.

Belongs here: sorting block by block, and merging the blocks a window of each at a time.
Does not belong here: which order messages have (:mod:`.messages`).
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import holds_any, is_ascending, is_rising
from chat_forecast.domain.regrown import regrown
from chat_forecast.large_columns import give_back, in_parts, is_large

BLOCK_ROWS = 1 << 18
"""So many rows are sorted at once, and are in the windows of all blocks together."""

Keys = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""The numbers of some rows: those by which they are ordered, and those by which equal ones are."""


def in_order_of_ids(messages: pd.DataFrame) -> pd.DataFrame:
    """Messages in the order of their ids, if they are millions that all have one of their own; else as they are."""
    ids = messages["message_id"]
    if not are_sorted_in_blocks(messages) or is_rising(ids) or holds_any(ids, pd.Series.isna):
        return messages
    ordered = in_order(messages, ["message_id"])
    return ordered if is_rising(ordered["message_id"]) else messages


def are_sorted_in_blocks(messages: pd.DataFrame) -> bool:
    """Whether there are so many messages that a sort in memory would take much of it; their senders are a categorical."""
    return is_large(len(messages)) and isinstance(messages["sender"].dtype, pd.CategoricalDtype)


def are_millions(*tables: pd.DataFrame) -> bool:
    """Whether tables have so many rows together that they are to be gone through a part at a time."""
    return is_large(sum(map(len, tables)))


def in_order_of(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The rows of a table as :func:`in_order` has them; the table itself, if each of these columns ascends."""
    return table if all(is_ascending(table[name]) for name in names) else in_order(table, names)


def in_order(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The rows of a table in ascending order of one or two columns of numbers or instants; senders are a categorical."""
    sorted_blocks = regrown(table, _sorted_blocks(table, names))
    if len(table) <= BLOCK_ROWS:
        return sorted_blocks
    blocks = [sorted_blocks.iloc[rows] for rows in in_parts(len(table), BLOCK_ROWS)]
    return regrown(table, merged(blocks, names, max(BLOCK_ROWS // len(blocks), 1)))


def in_ascending_order(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Numbers in ascending order; as they are, if they are."""
    column = pd.Series(numbers, name="number", copy=False)
    if is_ascending(column):
        return numbers
    return in_order(column.to_frame(), ["number"])["number"].to_numpy() if is_large(len(numbers)) else np.sort(numbers)


def _sorted_blocks(table: pd.DataFrame, names: Sequence[str]) -> Iterator[pd.DataFrame]:
    for rows in in_parts(len(table), BLOCK_ROWS):
        block = table.iloc[rows]
        yield block.iloc[_order(block, names)]


def merged(tables: Sequence[pd.DataFrame], names: Sequence[str], at_once: int) -> Iterator[pd.DataFrame]:
    """The rows of tables, each in order, in the order of all; of each ``at_once`` at most are in memory.

    Rows that are equal in these columns come together, those of the first table first. A look at a single row may bring a
    large piece of its column into memory, so no two tables are looked at together.
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
    """A table in order, of which the first rows that are left are in memory."""

    def __init__(self, table: pd.DataFrame, names: Sequence[str]) -> None:
        self._table, self._names, self._begin, self._end = table, names, 0, len(table)
        self.window = table.iloc[:0]

    def open(self, at_once: int) -> None:
        """Have so many rows in memory, as far as there are as many."""
        stop = min(self._begin + at_once, self._end)
        self.window = self._table.iloc[self._begin : stop].copy()
        give_back()
        self._first, self._second = _keys(self.window, self._names)
        self.goes_on = stop < self._end
        if len(self.window):
            self.first, self.last = ((int(self._first[place]), int(self._second[place])) for place in (0, -1))

    def take(self, limit: tuple[int, int] | None, at_once: int) -> pd.DataFrame:
        """The rows in memory that are not after a limit; those after them come into memory instead."""
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
