"""An hourly series as a table of its local days.

Belongs here: one row a day, one column a clock hour.
Does not belong here: what is read off it (:mod:`.rhythm_changes`, :mod:`.level_changes`).
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.domain.local_day import day_numbers

EPOCH = date(1970, 1, 1)
ENOUGH_HOURS = 20
"""A day with fewer known hours counts as not known."""

Booleans = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class DayTable:
    """The days from the first to the last of a series, without gaps between them."""

    first: int
    """The number of the first day, as :func:`.day_numbers` gives it."""
    counts: Floats
    """Messages, 0 where not known: shape ``(days, 24)``."""
    is_known: Booleans
    """Which days are known, up to a few hours: shape ``(days,)``."""

    @property
    def totals(self) -> Floats:
        """Messages of each day, NaN where it is not known."""
        return np.where(self.is_known, self.counts.sum(axis=1), np.nan)

    @property
    def weekdays(self) -> Numbers:
        """The weekday of each day, 0 is Monday."""
        return (self.first + np.arange(len(self.counts)) + EPOCH.weekday()) % 7

    def date(self, place: int) -> date:
        """The date of a row."""
        return EPOCH + timedelta(days=self.first + place)


def day_table(series: pd.DataFrame) -> DayTable:
    """Arrange a series (``hour``, ``messages``) with at least one row; the hour that a clock change repeats counts twice."""
    hours, counts = pd.DatetimeIndex(series["hour"]), to_floats(series["messages"])
    numbers = day_numbers(hours)
    first, is_known = int(numbers[0]), ~np.isnan(counts)
    days = int(numbers[-1]) - first + 1
    place = ((numbers - first) * 24 + hours.hour.to_numpy())[is_known]
    table = np.bincount(place, counts[is_known], minlength=days * 24).astype(np.float64).reshape(days, 24)
    seen = np.bincount(place, minlength=days * 24).reshape(days, 24)
    return DayTable(first, table, (seen > 0).sum(axis=1) >= ENOUGH_HOURS)
