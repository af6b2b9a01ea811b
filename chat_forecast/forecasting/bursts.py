"""Bursts: hours and days far above anything a chat has done before.

Belongs here: cutting a burst down before a method learns from it.
Does not belong here: scoring, which sees the counts as they were; how far a busy day moves the level (:mod:`.level`).
"""

import math
from collections import deque
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

USUAL_HOURS = 24

Block = tuple[int, slice, float]
"""A local day that is known, at least in part: its number, where its hours are, and the greatest of them."""


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
    return series.assign(messages=capped_for_training(series))


def capped_for_training(series: pd.DataFrame) -> Floats:
    """The messages of :func:`cap_for_training` alone."""
    counts = to_floats(series["messages"]).copy()
    days = _known_days(series, counts)
    days = _cap_hours(counts, days)
    first = [number for number, _, _ in days[:ENOUGH_DAYS]]
    near = [day for day in days if day[0] <= first[-1] + RECENT_DAYS]  # the others say nothing of the first ones
    _cap_hours(counts, reversed(near), first)
    _cap_totals(counts, days)
    return counts


class _Recent:
    """Numbers of the days that are at most 56 days from the one looked at, of days that are passed in order."""

    def __init__(self) -> None:
        self._days: deque[int] = deque()
        self._falling: deque[tuple[int, float]] = deque()
        """The greatest number, the greatest of those after it, and so on: what may be the greatest of some later day."""

    def greatest(self, day: int) -> float | None:
        """The greatest number of the days near one, None where they are too few; what is farther away is forgotten."""
        days, falling = self._days, self._falling
        while days and abs(day - days[0]) > RECENT_DAYS:
            days.popleft()
        while falling and abs(day - falling[0][0]) > RECENT_DAYS:
            falling.popleft()
        return falling[0][1] if len(days) >= ENOUGH_DAYS else None

    def pass_by(self, day: int, number: float) -> None:
        """Remember the number of a day that was looked at."""
        while self._falling and self._falling[-1][1] <= number:
            self._falling.pop()
        self._falling.append((day, number))
        self._days.append(day)


def _known_days(series: pd.DataFrame, counts: Floats) -> list[Block]:
    numbers = day_numbers(pd.DatetimeIndex(series["hour"]))
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    if not len(starts):
        return []
    greatest = np.fmax.reduceat(counts, starts).tolist()  # NaN where nothing is known
    blocks = (slice(start, end) for start, end in pairwise([*starts.tolist(), len(numbers)]))
    days = zip(numbers[starts].tolist(), blocks, greatest, strict=True)
    return [(number, block, most) for number, block, most in days if not math.isnan(most)]


def _cap_hours(counts: Floats, days: Iterable[Block], only: Collection[int] | None = None) -> list[Block]:
    """Cap the hours of the days (if given, of ``only`` some), each by those of the days passed before it, in place.

    Returns the days with what is then their greatest hour.
    """
    passed, capped = _Recent(), list[Block]()
    for number, block, greatest in days:
        before = passed.greatest(number)
        most = greatest
        if before is not None and (only is None or number in only):
            cap = max(LEAST_CAP, MOST_TIMES * before)
            if greatest > cap:
                counts[block] = np.minimum(counts[block], cap)
                most = cap
        passed.pass_by(number, most)
        capped.append((number, block, most))
    return capped


def _cap_totals(counts: Floats, days: list[Block]) -> None:
    """Cap the totals of the days, each by those of the days before it and of the next one, in place."""
    totals = _totals(counts, days)
    padded = [0.0, *totals, 0.0]
    passed, capped = _Recent(), list[tuple[int, float]]()
    for (number, block, _), total, beside in zip(days, totals, zip(padded, padded[2:], strict=False), strict=True):
        most = passed.greatest(number)
        if most is not None:
            if number == days[-1][0]:
                most = float(np.mean([each for day, each in capped if number - day <= RECENT_DAYS]))
            cap = max(LEAST_CAP, *beside, MOST_TIMES_A_DAY * most)
            if total > cap:
                counts[block] *= cap / total
                total = cap
        passed.pass_by(number, total)
        capped.append((number, total))


def _totals(counts: Floats, days: list[Block]) -> list[float]:
    """The messages of each day."""
    found = {number: float(np.nansum(counts[block])) for number, block, _ in days if block.stop - block.start != USUAL_HOURS}
    usual = [block.start for number, block, _ in days if number not in found]
    hours = counts[np.add.outer(np.array(usual, dtype=int), np.arange(USUAL_HOURS))]
    of_usual = iter(np.nansum(hours, axis=1).tolist())
    return [found[number] if number in found else next(of_usual) for number, _, _ in days]
