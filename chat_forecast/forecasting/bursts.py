"""Bursts: hours and days far above anything a chat has done before.

Belongs here: cutting a burst down before a method learns from it.
Does not belong here: scoring, which sees the counts as they were; how far a busy day moves the level (:mod:`.level`).
"""

from collections.abc import Collection, Iterable
from itertools import pairwise

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.domain.local_day import day_numbers
from chat_forecast.domain.windows import RECENT_DAYS

MOST_TIMES = 1.5
"""An hour counts at most this many times the greatest one of the 56 days before it."""
MOST_TIMES_A_DAY = 1.2
"""In training a day counts at most this many times the busiest one of the 56 days before it; the last day, of which nothing
yet shows whether it was a burst, at most this many times their mean."""
LEAST_CAP = 5.0
"""No cap is below this many messages."""
ENOUGH_DAYS = 3
"""There is no cap until this many of those days are known, at least in part."""

Block = tuple[int, slice]
"""A local day that is known, at least in part: its number, and where its hours are."""


def cap_bursts(series: pd.DataFrame) -> pd.DataFrame:
    """Cut down the hours of a series that are far above anything in the 56 local days before them.

    Hour by hour in order, ``capped = min(messages, max(5, 1.5 × greatest capped hour of the 56 days before))``. The question
    is what the chat has ever done and not what a model expects, so a chat that lives from bursts keeps them; and a
    new level is reached within days. Only the past is looked at. ``messages`` of the result is a float, NaN where missing.
    """
    counts = to_floats(series["messages"]).copy()
    _cap_hours(counts, _known_days(series, counts))
    return series.assign(messages=counts)


def cap_for_training(series: pd.DataFrame) -> pd.DataFrame:
    """Cut down the bursts of a series that is learnt from as a whole: what :func:`cap_bursts` does, and more.

    The hours of the first days, which have no days before them, are compared with the 56 days after them. A day with more
    than 1.2 times the messages of the busiest of the 56 days before it is cut down in all of its hours alike, but never
    below the days next to it: two busy days are no burst. The last day is compared with the mean of the 56 days before it,
    so that the night after a burst learns nothing from it that the next one would take back.
    """
    counts = to_floats(series["messages"]).copy()
    days = _known_days(series, counts)
    _cap_hours(counts, days)
    _cap_hours(counts, reversed(days), {number for number, _ in days[:ENOUGH_DAYS]})
    _cap_totals(counts, days)
    return series.assign(messages=counts)


def _known_days(series: pd.DataFrame, counts: Floats) -> list[Block]:
    numbers = day_numbers(pd.DatetimeIndex(series["hour"]))
    bounds = [*np.flatnonzero(np.diff(numbers, prepend=-1)).tolist(), len(numbers)]
    blocks = [slice(start, end) for start, end in pairwise(bounds)]
    return [(int(numbers[block.start]), block) for block in blocks if not np.isnan(counts[block]).all()]


def _cap_hours(counts: Floats, days: Iterable[Block], only: Collection[int] | None = None) -> None:
    """Cap the hours of the days (if given, of ``only`` some), each by those of the days passed before it, in place."""
    passed: list[tuple[int, float]] = []
    for number, block in days:
        passed = [each for each in passed if abs(number - each[0]) <= RECENT_DAYS]
        if len(passed) >= ENOUGH_DAYS and (only is None or number in only):
            cap = max(LEAST_CAP, MOST_TIMES * max(greatest for _, greatest in passed))
            counts[block] = np.minimum(counts[block], cap)
        passed.append((number, float(np.nanmax(counts[block]))))


def _cap_totals(counts: Floats, days: list[Block]) -> None:
    """Cap the totals of the days, each by those of the days before it and of the next one, in place."""
    totals = [float(np.nansum(counts[block])) for _, block in days]
    padded = [0.0, *totals, 0.0]
    passed: list[tuple[int, float]] = []
    for (number, block), total, beside in zip(days, totals, zip(padded, padded[2:], strict=False), strict=True):
        passed = [each for each in passed if number - each[0] <= RECENT_DAYS]
        if len(passed) >= ENOUGH_DAYS:
            before = [each for _, each in passed]
            most = max(before) if number < days[-1][0] else float(np.mean(before))
            cap = max(LEAST_CAP, *beside, MOST_TIMES_A_DAY * most)
            if total > cap:
                counts[block] *= cap / total
                total = cap
        passed.append((number, total))
