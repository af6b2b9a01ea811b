"""Unix times of any unit.

Belongs here: distinguishing seconds, milli-, micro- and nanoseconds. Does not belong here: any other way to write a time.
"""

import numpy as np
import pandas as pd

from chat_forecast.sources.exports.calendar_limits import EARLIEST, LATEST

_UNITS = ((10**11, 10**6), (10**14, 10**3), (10**17, 1))
"""A Unix time below the first number is multiplied by the second to get microseconds; a greater one is in nanoseconds."""
_BELOW_MICROSECONDS = 10**14
_GREATEST = 2.0**63


def from_unix(numbers: pd.Series) -> pd.Series:
    """Turn Unix times, each in s, ms, µs or ns by its size, into UTC; NaT where there is no such year.

    >>> from_unix(pd.Series([1_700_000_000, 1_700_000_000_000, 1_700_000_000_000_000_000])).nunique()
    1
    """
    found = numbers.astype("Int64")
    is_known, value = found.notna().to_numpy().copy(), found.fillna(0).to_numpy(dtype="int64")
    micros = value // 1000
    for limit, factor in reversed(_UNITS):
        is_smaller = (value < limit) & (value > -limit)
        micros[is_smaller] = value[is_smaller] * factor
    is_known &= (micros >= EARLIEST * 10**6) & (micros <= LATEST * 10**6)
    micros[~is_known] = np.iinfo("int64").min  # NaT
    return pd.Series(pd.DatetimeIndex(micros.view("M8[us]")).tz_localize("UTC"), index=numbers.index)


def whole_units(found: pd.Series) -> pd.Series:
    """Numbers, or text of them, that may have a fraction, as whole Unix times of a finer unit (``Int64``).

    NA where one is unknown, or no number of 64 bits.
    """
    number = pd.to_numeric(found)
    if pd.api.types.is_signed_integer_dtype(number.dtype):
        return number.astype("Int64")
    number = number.astype("Float64").astype("float64")
    is_coarse = number.abs() < _BELOW_MICROSECONDS
    fine = (number * 10**6).where(is_coarse, number).round()
    return fine.where(fine.abs() < _GREATEST).astype("Int64")
