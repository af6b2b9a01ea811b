"""Whether a chat became much busier or quieter, and stayed so.

Belongs here: how far the last weeks lie outside of what the weeks before them did.
Does not belong here: the level that forecasts follow from day to day, which needs no such decision.
"""

import numpy as np

from chat_forecast.domain.arrays import Floats
from chat_forecast.domain.day_table import DayTable, Numbers
from chat_forecast.domain.windows import RECENT_DAYS

FEWEST_DAYS, MOST_DAYS = 14, 28
"""How many days back a change is looked for: every chat has changes that last less than two weeks."""
LEAST_BEFORE = 28
LEAST_RATIO = 2.0
"""The mean day is as many times what it was;"""
LEAST_BEYOND = 1.4
"""and the median of every seven days as far outside of all of those before."""
MEDIAN_DAYS, KNOWN_DAYS = 7, 5
FEWEST_MESSAGES = 5.0
"""On the mean day of the busier of the two."""
LEAST_ROOTS = 1.5
"""Between the roots of the two means: what few messages do is chance."""


def level_shifts(table: DayTable, start: int) -> tuple[Floats, Numbers]:
    """How far the level changed, as known at the end of each day, if it changed so many days before it.

    ``start`` is the row since which nothing changed. Returns the measure, of shape ``(days + 1, m)``: row ``e`` is made from
    rows before ``e``, and is 0 where there is no change; and the ``m`` numbers of days.
    """
    back = np.arange(FEWEST_DAYS, MOST_DAYS + 1)
    ends = np.arange(len(table.counts) + 1)[:, None]
    totals = table.totals.copy()
    totals[:start] = np.nan
    is_known = ~np.isnan(totals)
    sums, numbers = (np.concatenate([[0.0], np.cumsum(values)]) for values in (np.where(is_known, totals, 0.0), is_known))
    change = np.maximum(ends - back, 0)
    begin = np.minimum(np.maximum(start, change - RECENT_DAYS), change)
    before = (sums[change] - sums[begin]) / np.maximum(numbers[change] - numbers[begin], 1)
    since = (sums[ends] - sums[change]) / np.maximum(numbers[ends] - numbers[change], 1)
    medians = _medians(totals)
    least, most = (_extreme(medians, RECENT_DAYS - MEDIAN_DAYS + 1, sign)[change] for sign in (-1, 1))
    lowest, highest = np.zeros(change.shape), np.zeros(change.shape)
    for place, days in enumerate(back):
        for sign, into in ((-1, lowest), (1, highest)):
            into[:, place] = _extreme(medians, int(days) - MEDIAN_DAYS + 1, sign)
    rose = (since >= LEAST_RATIO * before) & (lowest >= LEAST_BEYOND * most)
    fell = (since * LEAST_RATIO <= before) & (highest * LEAST_BEYOND <= least)
    is_enough = (ends - back - begin >= LEAST_BEFORE) & (numbers[change] - numbers[begin] >= LEAST_BEFORE / 2)
    is_enough &= np.maximum(before, since) >= FEWEST_MESSAGES
    is_enough &= np.abs(np.sqrt(since) - np.sqrt(before)) >= LEAST_ROOTS
    measure = np.abs(np.log((since + 1) / (before + 1))) * np.sqrt(back)
    return np.where((rose | fell) & is_enough, measure, 0.0), back


def _medians(totals: Floats) -> Floats:
    """The median of seven days that end before each place, NaN where too few of them are known."""
    windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([np.full(MEDIAN_DAYS, np.nan), totals]), MEDIAN_DAYS)
    is_known = (~np.isnan(windows)).sum(axis=1) >= KNOWN_DAYS
    found = np.full(len(windows), np.nan)
    found[is_known] = np.nanmedian(windows[is_known], axis=1)
    return found


def _extreme(medians: Floats, number: int, sign: int) -> Floats:
    """The greatest (least, with a ``sign`` of −1) of the last medians up to each place; NaN where none is known."""
    filled = np.where(np.isnan(medians), -np.inf, sign * medians)
    windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([np.full(number - 1, -np.inf), filled]), number)
    greatest = windows.max(axis=1)
    return np.where(np.isinf(greatest), np.nan, sign * greatest)
