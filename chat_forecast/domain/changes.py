"""When a chat changed, and from what to what.

Belongs here: going over the days of a series, each as it was known at its end, and the few numbers that say what changed.
Does not belong here: whether something changed (:mod:`.rhythm_changes`, :mod:`.level_changes`), words.

Once a change is found, the days before it are forgotten: the next one is a change from what it led to.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import Floats
from chat_forecast.domain.day_table import EPOCH, DayTable, Numbers, day_table
from chat_forecast.domain.level_changes import level_shifts
from chat_forecast.domain.local_day import day_numbers
from chat_forecast.domain.rhythm_changes import hour_shifts, weekday_shifts
from chat_forecast.domain.windows import RECENT_DAYS

Kind = Literal["hours", "weekdays", "level"]
KINDS: Mapping[Kind, Callable[[DayTable, int], tuple[Floats, Numbers]]] = {
    "hours": hour_shifts,
    "weekdays": weekday_shifts,
    "level": level_shifts,
}
LOOKBACK_DAYS = 200
"""Reports and notices search this many days for changes, so that all of them name the same ones."""
RECENTLY_DAYS = 28
"""For how many days after it was found a change counts as news."""
SETTLED_DAYS = 7
"""For how many days after a change was found its first day may still be corrected."""
RHYTHM: tuple[Kind, ...] = ("hours", "weekdays")
"""The changes after which a curve has to be fitted again; to a new level, forecasts adapt without it."""


@dataclass(frozen=True)
class Change:
    """A change of a chat, as known at the end of the day on which it was found."""

    kind: Kind
    since: date
    """The first day after it; in the week after it was found, as those days show it."""
    found: date
    """The day at whose end it was first seen."""
    before: float
    """Of the level: messages on the mean day. Of the hours: the clock hour around which most is written. Of the weekdays:
    the share of the week's messages that the weekday has which changed most."""
    after: float
    """The same, since the change."""
    weekday: int | None = None
    """That weekday, 0 is Monday."""


def find_changes(series: pd.DataFrame, kinds: tuple[Kind, ...] = tuple(KINDS)) -> list[Change]:
    """Find the changes of a series (``hour``, ``messages``), ordered by the day on which they were found.

    Each is found from the days up to that one alone.
    """
    if series.empty:
        return []
    table = day_table(series)
    found = [change for kind in kinds for change in _changes_of(table, kind)]
    return sorted(found, key=lambda change: (change.found, change.kind))


def changes_to_report(series: pd.DataFrame, last: date) -> list[Change]:
    """Find the changes to report at the end of a day: those of the last :data:`LOOKBACK_DAYS` days up to it.

    ``series`` holds at least these days.
    """
    days = day_numbers(pd.DatetimeIndex(series["hour"]))
    end = (last - EPOCH).days
    return find_changes(series[(days <= end) & (days > end - LOOKBACK_DAYS)])


def is_other_hour(change: Change) -> bool:
    """Whether the busiest hour moved by two hours or more."""
    return abs((change.after - change.before + 12) % 24 - 12) >= 2


def is_news(change: Change, last: date) -> bool:
    """Whether a change was found on one of the :data:`RECENTLY_DAYS` days that end with ``last``."""
    return (last - change.found).days < RECENTLY_DAYS


def newest_rhythm_change(series: pd.DataFrame) -> Change | None:
    """The change of the hours or the weekdays since which a series is of one kind; None where it always was."""
    return max(find_changes(series, RHYTHM), key=lambda change: change.since, default=None)


def _changes_of(table: DayTable, kind: Kind) -> Iterator[Change]:
    start = end = 0
    while True:
        shifts, back = KINDS[kind](table, start)
        ends = np.flatnonzero(shifts[end + 1 :].any(axis=1))
        if not len(ends):
            return
        end += 1 + int(ends[0])
        since = end - int(back[shifts[end].argmax()])
        yield _describe(table, kind, (start, _seen_later(shifts, back, since, end), end))
        start = since


def _seen_later(shifts: Floats, back: Numbers, since: int, end: int) -> int:
    """Where a change that was first seen at an end lies, as some more days show better than the first ones."""
    later = min(end + SETTLED_DAYS, len(shifts) - 1)
    better = later - int(back[shifts[later].argmax()])
    return better if shifts[later].any() and abs(better - since) <= SETTLED_DAYS and better < end else since


def _describe(table: DayTable, kind: Kind, bounds: tuple[int, int, int]) -> Change:
    """Say what changed: ``bounds`` are the rows since which nothing had changed, of the change, and of the end."""
    start, since, end = bounds
    stretches = (slice(max(start, since - RECENT_DAYS), since), slice(since, end))
    weekday = None
    if kind == "level":
        before, after = (float(np.nanmean(table.totals[days])) for days in stretches)
    elif kind == "hours":
        before, after = (float(_busiest_hour(table.counts[days].sum(axis=0))) for days in stretches)
    else:
        shares = [np.bincount(table.weekdays[days], table.counts[days].sum(axis=1), minlength=7) for days in stretches]
        shares = [messages / messages.sum() for messages in shares]
        weekday = int(np.abs(shares[1] - shares[0]).argmax())
        before, after = (float(share[weekday]) for share in shares)
    return Change(kind, table.date(since), table.date(end - 1), before, after, weekday)


def _busiest_hour(counts: Floats) -> int:
    """The middle of the three clock hours with the most messages."""
    return int((np.roll(counts, 1) + counts + np.roll(counts, -1)).argmax())
