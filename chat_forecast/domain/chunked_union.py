"""The union of two tables of millions of messages with real ids, computed chunk by chunk.

Belongs here: what :func:`.deduplication.merge_batches` gives, without holding the tables in memory.
Does not belong here: messages without ids and those of topics: identifying one of them takes all the others.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import code_type, codes_of, holds_any, looked_up, with_column
from chat_forecast.domain.chunked_tables import concat_chunks
from chat_forecast.domain.external_sort import are_large, merge_sorted, sort_rows_unless_sorted
from chat_forecast.large_columns import ROWS_AT_ONCE, by_parts

_MARK = "mark"


def can_union_in_chunks(*tables: pd.DataFrame) -> bool:
    """Whether tables of messages (one row an id) are large together, and hold neither made ids nor topics."""
    return are_large(*tables) and not any(
        "topic_id" in table.columns or holds_any(table["message_id"], lambda some: some < 0) for table in tables
    )


def union_in_chunks(
    first: pd.DataFrame, second: pd.DataFrame, marks: npt.NDArray[np.int64], mark: int
) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Return every message of two tables once, ordered by time and id, and a mark for each.

    ``marks`` are even numbers, one for each row of the first table. A message that only the first table has keeps its mark;
    one that both have gets its mark + 1; one that only the second has gets ``mark``. If both tables have a message, the row
    with a known sender wins, then the earlier one.
    """
    both = [_with_few_senders(table) for table in (first, second)]
    names = pd.Index(sorted({name for table in both for name in table["sender"].cat.categories}), dtype="str")
    marked = [
        with_column(_recoded(both[0], names), _MARK, marks),
        with_column(_recoded(both[1], names), _MARK, by_parts(len(second), "int64", lambda rows: _all(mark, rows))),
    ]
    by_id = [sort_rows_unless_sorted(table, ["message_id"]) for table in marked]
    found = concat_chunks(marked[0], _each_once(merge_sorted(by_id, ["message_id"], ROWS_AT_ONCE)))
    found = sort_rows_unless_sorted(found, ["sent_at", "message_id"])
    return found[list(first.columns)], found[_MARK].to_numpy()


def _each_once(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Drop the losing row of each id that occurs twice. Chunks are sorted by id, with the first table's row first."""
    for part in parts:
        ids, codes = part["message_id"].to_numpy(), codes_of(part["sender"]).astype("int64")
        senders, at = np.where(codes < 0, len(part["sender"].cat.categories), codes), pd.DatetimeIndex(part["sent_at"]).asi8
        earlier = np.flatnonzero(ids[1:] == ids[:-1])
        later = earlier + 1
        is_later = senders[later] < senders[earlier]
        is_later |= (senders[later] == senders[earlier]) & (at[later] < at[earlier])
        marks = part[_MARK].to_numpy().copy()
        marks[earlier] += 1
        marks[later] = marks[earlier]
        stands = np.ones(len(part), dtype=bool)
        stands[np.where(is_later, earlier, later)] = False
        yield with_column(part, _MARK, marks)[stands]


def _all(number: int, rows: slice) -> npt.NDArray[np.int64]:
    return np.full(rows.stop - rows.start, number)


def _with_few_senders(table: pd.DataFrame) -> pd.DataFrame:
    is_few = isinstance(table["sender"].dtype, pd.CategoricalDtype)
    return table if is_few else with_column(table, "sender", table["sender"].astype("category"))


def _recoded(table: pd.DataFrame, names: pd.Index) -> pd.DataFrame:
    """The table with its senders coded as positions in ``names``."""
    places = np.append(names.get_indexer(table["sender"].cat.categories), -1).astype(code_type(len(names)))
    codes = looked_up(places, codes_of(table["sender"]))
    return with_column(table, "sender", pd.Categorical.from_codes(codes, names, validate=False))
