"""Joining tables of hours.

Belongs here: joining tables by their column ``hour``.
Does not belong here: what is done with the result.
"""

from typing import Literal

import pandas as pd


def join_on_hour(left: pd.DataFrame, right: pd.DataFrame, how: Literal["inner", "left"] = "inner") -> pd.DataFrame:
    """Join two tables on ``hour``: the hours of both (``inner``) or of the ``left`` one, with the columns of both.

    Hours must be unique in each table, and no other column may be in both. Tables of a day mostly have the same hours; they
    are then put side by side, since a merge takes longer than scoring the day does.
    """
    if have_same_hours(left, right):
        columns = {name: column.array for table in (left, right) for name, column in table.items()}
        return pd.DataFrame(columns)
    return left.merge(right, on="hour", how=how)


def have_same_hours(left: pd.DataFrame, right: pd.DataFrame) -> bool:
    """Whether two tables have the same hours in the same order."""
    return bool(left["hour"].array.equals(right["hour"].array))
