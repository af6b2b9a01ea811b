"""When a chat is at its busiest and its quietest in the coming days.

Belongs here: windows of hours by what is expected in them.
Does not belong here: the forecast, or the words for a window.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import Floats
from chat_forecast.domain.local_day import day_numbers

WINDOW_HOURS = 2
QUIET_HOURS = 4
CLOCK_HOURS = 24


@dataclass(frozen=True)
class Window:
    """Hours that follow one another."""

    start: pd.Timestamp
    end: pd.Timestamp
    """Aware and local, as the start."""
    expected: float
    """The messages of all of them."""


def busiest_windows(hours: pd.DatetimeIndex, expected: Floats, number: int = 3) -> list[Window]:
    """The windows of two hours with most messages, at most one of a day, the busiest first; none where nothing is expected.

    ``hours`` are aware and local, of whole days that follow one another.
    """
    days = day_numbers(hours)
    sums = np.convolve(expected, np.ones(WINDOW_HOURS), "valid")
    is_within = days[: len(sums)] == days[WINDOW_HOURS - 1 :]
    found: list[Window] = []
    taken: set[int] = set()
    for place in np.argsort(-sums, kind="stable"):
        if len(found) == number or sums[place] <= 0:
            break
        if is_within[place] and int(days[place]) not in taken:
            taken.add(int(days[place]))
            end = hours[place + WINDOW_HOURS - 1] + pd.Timedelta(hours=1)
            found.append(Window(hours[place], end, float(sums[place])))
    return found


def quietest_clock(hours: pd.DatetimeIndex, expected: Floats) -> tuple[int, int]:
    """The four hours of the clock in which least is expected: the first, and the one at which they end.

    >>> hours = pd.date_range("2026-05-12", periods=48, freq="h", tz="Europe/Moscow")
    >>> quietest_clock(hours, np.where(np.isin(hours.hour, [23, 0, 1, 2]), 0.0, 5.0))
    (23, 3)
    """
    clock = hours.hour.to_numpy()
    totals = np.bincount(clock, expected, minlength=CLOCK_HOURS) / np.maximum(np.bincount(clock, minlength=CLOCK_HOURS), 1)
    around = np.concatenate([totals, totals[: QUIET_HOURS - 1]])
    first = int(np.convolve(around, np.ones(QUIET_HOURS), "valid").argmin())
    return first, (first + QUIET_HOURS) % CLOCK_HOURS
