"""Arrays of numbers: the one type of floats, and the conversions and questions that several calculations share.

Belongs here: what columns and sequences become before arithmetic.
Does not belong here: any arithmetic.
"""

from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.large_columns import by_parts, in_parts

Values = pd.Series | npt.ArrayLike
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.signedinteger]
"""Positions in a short list; -1 is its last one."""

FEWEST_AT_ONCE = 16
"""At least this many numbers are looked up at once."""


def is_rising(numbers: pd.Series) -> bool:
    """Whether whole numbers are all known and strictly increasing; computed in chunks, with hardly any memory.

    >>> [is_rising(pd.Series(numbers, dtype="Int64")) for numbers in ([1, 5, 7], [1, 5, 5], [1, None, 7])]
    [True, False, False]
    """
    for part in _overlapping_parts(numbers):
        if part.isna().any():
            return False
        found = part.to_numpy(dtype="int64")
        if not (found[1:] > found[:-1]).all():
            return False
    return True


def is_ascending(values: pd.Series) -> bool:
    """Whether values are all known and never decrease; computed in chunks, with hardly any memory."""
    return all(part.is_monotonic_increasing for part in _overlapping_parts(values))


def bounds(values: pd.Series) -> tuple[Any, Any]:
    """The least and the greatest of the known values; computed in chunks, with hardly any memory."""
    found = [(part.min(), part.max()) for part in (values.iloc[rows] for rows in in_parts(len(values)))]
    return pd.Series([low for low, _ in found]).min(), pd.Series([high for _, high in found]).max()


def holds_any(values: pd.Series, question: Callable[[pd.Series], pd.Series]) -> bool:
    """Whether a question has the answer yes for any of the values; computed in chunks, with hardly any memory."""
    return any(bool(question(values.iloc[rows]).any()) for rows in in_parts(len(values)))


def _overlapping_parts(values: pd.Series) -> Iterator[pd.Series]:
    """Values a part at a time, each part with the last one of the part before."""
    for rows in in_parts(len(values)):
        yield values.iloc[max(rows.start - 1, 0) : rows.stop]


def is_among(numbers: npt.NDArray[np.int64], rising: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which of a few numbers are among many rising ones, which are neither copied nor hashed."""
    if not len(rising):
        return np.zeros(len(numbers), dtype=bool)
    found = np.empty(len(numbers), dtype=bool)
    for rows in in_parts(len(numbers), _at_once(numbers)):
        places = np.minimum(np.searchsorted(rising, numbers[rows]), len(rising) - 1)
        found[rows] = rising[places] == numbers[rows]
    return found


def places_among(ascending: npt.NDArray[np.int64], numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many of ascending numbers are less than each of some others, which mostly ascend too."""
    found = np.empty(len(numbers), dtype="int64")
    for rows in in_parts(len(numbers), _at_once(numbers)):
        found[rows] = np.searchsorted(ascending, numbers[rows])
    return found


def _at_once(numbers: npt.NDArray[np.int64]) -> int:
    """How many numbers to look up at once, so that they all lie in a small part of the array that is searched."""
    return max(FEWEST_AT_ONCE, len(numbers) >> 8)


def steps(rising: npt.NDArray[np.int64]) -> npt.NDArray[np.int32] | npt.NDArray[np.int64]:
    """The differences between rising numbers that follow each other; 32 bits wide if all of them surely fit."""
    is_near = len(rising) > 0 and int(rising[-1]) - int(rising[0]) <= np.iinfo("int32").max
    found = np.empty(max(len(rising) - 1, 0), dtype="int32" if is_near else "int64")
    return np.subtract(rising[1:], rising[:-1], out=found, casting="unsafe")


def in_few_bytes(places: Places, highest: int) -> Places:
    """A copy of positions, -1 to ``highest``, in the smallest integer type that can hold them.

    >>> [in_few_bytes(np.array([-1, 3]), highest).dtype.itemsize for highest in (3, 127, 128)]
    [1, 1, 2]
    """
    return places.astype(np.min_scalar_type(-highest - 1))


def with_column(table: pd.DataFrame, name: str, values: Any) -> pd.DataFrame:  # noqa: ANN401 - whatever is a column
    """The table with a column added or replaced, without a copy of the others, which ``assign`` would make."""
    return pd.DataFrame({**{each: table[each] for each in table.columns}, name: values}, copy=False)


def codes_of(values: pd.Series) -> Places:
    """The codes of a categorical column, not copied as those of ``cat.codes`` are."""
    return np.asarray(cast("pd.Categorical", values.array).codes)


def code_type(number: int) -> npt.DTypeLike:
    """The type in which pandas holds the codes of ``number`` categories; from codes of another type it would make a copy."""
    return next((kind for kind in ("int8", "int16", "int32") if number < np.iinfo(kind).max), "int64")


def looked_up(values: Places, places: Places) -> Places:
    """``values[places]``, computed in chunks, since numpy would copy the places into eight bytes each."""
    return by_parts(len(places), values.dtype, lambda rows: values[places[rows]])


def to_floats(values: Values) -> Floats:
    """Any array of numbers as floats, missing values as NaN; an array of floats is given back as it is."""
    if isinstance(values, np.ndarray) and values.dtype == np.float64:
        return values
    column = values if isinstance(values, pd.Series) else pd.Series(np.asarray(values))
    return np.asarray(column.to_numpy(dtype=float, na_value=np.nan))
