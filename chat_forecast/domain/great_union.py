"""The union of two readings of millions of messages that have ids of their own, a part at a time.

Belongs here: the same messages that :func:`.deduplication.merge_batches` gives, where nothing of them has to be in memory.
Does not belong here: messages without ids, and those of topics, of which it takes all to say what they are.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import code_type, codes_of, holds_any, looked_up, with_column
from chat_forecast.domain.great_order import are_millions, in_order_of, merged
from chat_forecast.domain.regrown import regrown
from chat_forecast.large_columns import ROWS_AT_ONCE, by_parts

_MARK = "mark"


def are_united_in_parts(*tables: pd.DataFrame) -> bool:
    """Whether tables of messages, one row an id, are millions together, and all have the ids that the chat gave them."""
    return are_millions(*tables) and not any(
        "topic_id" in table.columns or holds_any(table["message_id"], lambda some: some < 0) for table in tables
    )


def united(
    first: pd.DataFrame, second: pd.DataFrame, marks: npt.NDArray[np.int64], mark: int
) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Every message of two tables once, in order, and its mark.

    That is an even number of ``marks`` for one that only the first table has, the next number for one that both have, and
    ``mark`` for one that only the second has. Where both have it, a known sender stands before an unknown one, then the
    earlier time.
    """
    both = [_with_few_senders(table) for table in (first, second)]
    names = pd.Index(sorted({name for table in both for name in table["sender"].cat.categories}), dtype="str")
    marked = [
        with_column(_recoded(both[0], names), _MARK, marks),
        with_column(_recoded(both[1], names), _MARK, by_parts(len(second), "int64", lambda rows: _all(mark, rows))),
    ]
    by_id = [in_order_of(table, ["message_id"]) for table in marked]
    found = regrown(marked[0], _each_once(merged(by_id, ["message_id"], ROWS_AT_ONCE)))
    found = in_order_of(found, ["sent_at", "message_id"])
    return found[list(first.columns)], found[_MARK].to_numpy()


def _each_once(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Parts in the order of ids, in which those of both tables follow one another: of each id the one that stands."""
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
    """A table whose senders are places among some names."""
    places = np.append(names.get_indexer(table["sender"].cat.categories), -1).astype(code_type(len(names)))
    codes = looked_up(places, codes_of(table["sender"]))
    return with_column(table, "sender", pd.Categorical.from_codes(codes, names, validate=False))
