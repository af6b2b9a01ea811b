"""Building large tables of messages from chunks, so that no column is in memory twice.

Belongs here: concatenating chunks, and selecting rows chunk by chunk.
Does not belong here: which rows, and in which order (:mod:`.messages`, :mod:`.deduplication`).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import codes_of
from chat_forecast.large_columns import Column, in_parts


def concat_chunks(like: pd.DataFrame, parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate chunks into one table with the columns and types of ``like``; senders are a categorical."""
    columns = {name: _Grown(like[name]) for name in like.columns}
    for part in parts:
        for name, column in columns.items():
            column.add(part[name])
    return pd.DataFrame({name: column.values for name, column in columns.items()}, copy=False)


def drop_rows(table: pd.DataFrame, places: np.ndarray) -> pd.DataFrame:
    """A table without the rows at some positions, which are ascending."""

    def parts() -> Iterator[pd.DataFrame]:
        for rows in in_parts(len(table)):
            low, high = np.searchsorted(places, [rows.start, rows.stop])
            part = table.iloc[rows]
            yield part if low == high else part.drop(part.index[places[low:high] - rows.start])

    return concat_chunks(table, parts())


def positions_where(values: pd.Series, question: Callable[[pd.Series], pd.Series]) -> np.ndarray:
    """The positions of the values for which a question has the answer yes, ascending."""
    found = [np.flatnonzero(question(values.iloc[rows])) + rows.start for rows in in_parts(len(values))]
    return np.concatenate(found) if found else np.zeros(0, dtype="int64")


class _Grown:
    """A column that grows by chunks."""

    def __init__(self, like: pd.Series) -> None:
        self._dtype, self._is_unknown = like.dtype, Column(bool)
        is_few = isinstance(like.dtype, pd.CategoricalDtype)
        self._numbers = Column(codes_of(like).dtype if is_few else "int64")

    def add(self, part: pd.Series) -> None:
        if isinstance(self._dtype, pd.CategoricalDtype):
            self._numbers.add(codes_of(part))
        elif isinstance(self._dtype, pd.DatetimeTZDtype):
            self._numbers.add(pd.DatetimeIndex(part).asi8)
        else:
            self._numbers.add(part.to_numpy(dtype="int64", na_value=0))
            self._is_unknown.add(part.isna().to_numpy())

    @property
    def values(self) -> Any:  # noqa: ANN401 - an array of any of these types
        numbers = self._numbers.array
        if isinstance(self._dtype, pd.CategoricalDtype):
            return pd.Categorical.from_codes(numbers, dtype=self._dtype, validate=False)
        if isinstance(self._dtype, pd.DatetimeTZDtype):
            return pd.DatetimeIndex(numbers, dtype=self._dtype, copy=False)
        is_masked = isinstance(self._dtype, pd.Int64Dtype)
        return pd.arrays.IntegerArray(numbers, self._is_unknown.array) if is_masked else numbers
