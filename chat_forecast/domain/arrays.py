"""Arrays of numbers: the one type of floats, and the conversions and questions that several calculations share.

Belongs here: what columns and sequences become before arithmetic.
Does not belong here: any arithmetic.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

Values = pd.Series | npt.ArrayLike
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.signedinteger]
"""Where in a short list something is found: -1 in the last place of all."""
ROWS_AT_ONCE = 1 << 16
"""Of millions of rows so many are computed at once, where the computation needs more memory than its result."""


def is_rising(numbers: pd.Series) -> bool:
    """Whether whole numbers are all known, and each is greater than the one before; needs no memory to speak of.

    >>> [is_rising(pd.Series(numbers, dtype="Int64")) for numbers in ([1, 5, 7], [1, 5, 5], [1, None, 7])]
    [True, False, False]
    """
    if numbers.isna().any():
        return False
    found = numbers.to_numpy(dtype="int64")
    return bool((found[1:] > found[:-1]).all())


def is_among(numbers: npt.NDArray[np.int64], rising: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which of a few numbers are among many rising ones; without a table or a copy of these."""
    if not len(rising):
        return np.zeros(len(numbers), dtype=bool)
    return np.asarray(rising[np.minimum(np.searchsorted(rising, numbers), len(rising) - 1)] == numbers)


def steps(rising: npt.NDArray[np.int64]) -> npt.NDArray[np.int32] | npt.NDArray[np.int64]:
    """From each of some rising numbers to the next; in half the memory, if they are that near to each other."""
    is_near = len(rising) > 0 and int(rising[-1]) - int(rising[0]) <= np.iinfo("int32").max
    found = np.empty(max(len(rising) - 1, 0), dtype="int32" if is_near else "int64")
    return np.subtract(rising[1:], rising[:-1], out=found, casting="unsafe")


def in_few_bytes(places: Places, highest: int) -> Places:
    """A copy of places in a list, in the fewest bytes in which ``highest`` can stand.

    >>> [in_few_bytes(np.array([-1, 3]), highest).dtype.itemsize for highest in (3, 127, 128)]
    [1, 1, 2]
    """
    return places.astype(np.min_scalar_type(-highest - 1))


def looked_up(values: Places, places: Places) -> Places:
    """``values[places]``, for which numpy would copy the places in eight bytes each."""
    found = np.empty(len(places), dtype=values.dtype)
    for begin in range(0, len(places), ROWS_AT_ONCE):
        rows = slice(begin, begin + ROWS_AT_ONCE)
        found[rows] = values[places[rows]]
    return found


def to_floats(values: Values) -> Floats:
    """Any array of numbers as floats, missing values as NaN; an array of floats is given back as it is."""
    if isinstance(values, np.ndarray) and values.dtype == np.float64:
        return values
    column = values if isinstance(values, pd.Series) else pd.Series(np.asarray(values))
    return np.asarray(column.to_numpy(dtype=float, na_value=np.nan))
