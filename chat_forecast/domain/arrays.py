"""Arrays of floats: the one type and the one conversion that every calculation uses.

Belongs here: what columns and sequences become before arithmetic.
Does not belong here: any arithmetic.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

Values = pd.Series | npt.ArrayLike
Floats = npt.NDArray[np.float64]


def to_floats(values: Values) -> Floats:
    """Any array of numbers as floats, missing values as NaN."""
    column = values if isinstance(values, pd.Series) else pd.Series(np.asarray(values))
    return np.asarray(column.to_numpy(dtype=float, na_value=np.nan))
