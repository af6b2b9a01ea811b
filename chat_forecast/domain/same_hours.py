"""Tables of the same hours, side by side.

Belongs here: joining tables by their column ``hour``.
Does not belong here: what is done with the result.
"""

from typing import Literal

import pandas as pd


def beside(left: pd.DataFrame, right: pd.DataFrame, how: Literal["inner", "left"] = "inner") -> pd.DataFrame:
    """The hours that are in both tables, or those of the ``left`` one, with the columns of both.

    No column but ``hour`` may be in both, and each hour is there once.

    The tables of a day mostly have the same hours. Then nothing has to be looked up, which for a day takes longer than all
    that is measured on the result.
    """
    if has_hours_of(left, right):
        columns = {name: column.array for table in (left, right) for name, column in table.items()}
        return pd.DataFrame(columns)
    return left.merge(right, on="hour", how=how)


def has_hours_of(left: pd.DataFrame, right: pd.DataFrame) -> bool:
    """Whether two tables have the same hours in the same order."""
    return bool(left["hour"].array.equals(right["hour"].array))
