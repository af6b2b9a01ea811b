"""A day that is not over: its messages so far, what is unusual, what is expected of the rest.

Belongs here: comparing the hours so far with the plan of the day (:mod:`.day_plan`).
Does not belong here: the rules (:mod:`.rest_of_day`, :mod:`.unusual_hours`, :mod:`.unusual_events`), or reading messages.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import Floats
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.forecasting.day_plan import DayPlan, bursts_of
from chat_forecast.forecasting.distributions import NegativeBinomial
from chat_forecast.forecasting.rest_of_day import RestOfDay, update_rest
from chat_forecast.forecasting.unusual_events import Event, join_hours
from chat_forecast.forecasting.unusual_hours import Booleans, Hours, Thresholds, is_too_busy, is_too_silent, measure


@dataclass(frozen=True)
class Today:
    """A day as far as it is known."""

    plan: DayPlan
    read_until: pd.Timestamp | None
    """Until when its messages are known; None where nothing of it was read."""
    table: pd.DataFrame
    """A row for each hour of the day: ``hour``; ``messages`` so far (NA where not read); ``is_over``, ``is_coming``;
    ``midnight``, ``q10``, ``q90``: what was expected at midnight; ``expected``, ``low``, ``high``: what is expected now, of
    the coming hours with the one under way; ``unusual``: "busy", "silent" or empty. NaN where there is no forecast."""
    rest: RestOfDay | None
    """None where there is no forecast."""
    events: tuple[Event, ...]
    """Of the day before and of the day; their places count from the first hour of the plan."""
    hours: pd.DatetimeIndex
    """The hours in which the events are placed."""

    @property
    def so_far(self) -> int:
        """The messages of the day that are known of."""
        return int(self.table["messages"].sum())

    @property
    def under_way(self) -> pd.Series | None:
        """The row of the newest hour of which something is known; None where nothing is."""
        known = self.table[self.table["messages"].notna()]
        return None if known.empty else known.iloc[-1]


def examine(plan: DayPlan, sent_at: pd.Series, read: ReadIntervals) -> Today:
    """Compare what is known of the plan's day with the plan; ``sent_at`` (ascending) are all messages of the day so far."""
    day, starts = plan.day, plan.day.hours
    until = max((end for _, end in read.clip(day.start, day.end).intervals), default=None)
    ends = [*starts.tz_convert("UTC")[1:], day.end]
    is_begun = np.array([until is not None and start < until for start in starts])
    is_read = np.array(
        [
            bool(begun) and read.covers(start, min(end, until))
            for begun, start, end in zip(is_begun, starts, ends, strict=True)
        ]
    )
    is_over = is_read & np.array([until is not None and end <= until for end in ends])
    instants = pd.DatetimeIndex(sent_at)
    found = np.diff(instants.searchsorted([*starts.tz_convert("UTC"), day.end])).astype(float)
    counts = np.where(is_read, found, np.nan)
    table = pd.DataFrame(
        {
            "hour": starts,
            "messages": pd.array([None if np.isnan(count) else int(count) for count in counts], dtype="Int64"),
            "is_over": is_over,
            "is_coming": ~np.array([until is not None and end <= until for end in ends]),
        }
    )
    numbers = ("midnight", "q10", "q90", "expected", "low", "high")
    if plan.midnight is None:
        return Today(plan, until, table.assign(**dict.fromkeys(numbers, np.nan), unusual=""), None, (), starts)
    bursts = np.where(is_read, bursts_of(sent_at, starts, day.end), np.nan)
    return _with_forecast(plan, plan.midnight, table, _Seen(until, counts, bursts))


@dataclass(frozen=True)
class _Seen:
    """What was read of the hours of the day."""

    until: pd.Timestamp | None
    counts: Floats
    bursts: Floats


def _with_forecast(plan: DayPlan, midnight: NegativeBinomial, table: pd.DataFrame, seen: _Seen) -> Today:
    until, counts = seen.until, seen.counts
    lead, starts = len(plan.counts), plan.day.hours
    today = NegativeBinomial(midnight.mean[lead:], midnight.size[lead:])
    is_over, is_coming = table["is_over"].to_numpy(), table["is_coming"].to_numpy()
    over = int((~is_coming).sum())
    going_on, share = 0.0, 0.0
    if until is not None and over < len(starts) and not np.isnan(counts[over]):
        end = starts[over + 1] if over + 1 < len(starts) else plan.day.end
        going_on, share = counts[over], (until - starts[over]) / (end - starts[over])
    rest = update_rest(counts, today, over, (int(going_on), float(share)))
    low, high = np.where(is_coming, rest.hours.quantiles([0.1, 0.9]).T, np.nan)
    q10, q90 = today.quantiles([0.1, 0.9]).T
    yesterday = plan.day.plus(-1).hours[: lead or 0]
    hours = Hours(
        np.repeat([0, 1], [lead, len(starts)]),
        np.concatenate([plan.counts, counts]),
        np.concatenate([plan.bursts, seen.bursts]),
        midnight,
        np.concatenate([~np.isnan(plan.counts), is_over]),
    )
    busy, silent, events = _unusual(hours, plan.thresholds)
    names = np.where(busy, "busy", np.where(silent, "silent", ""))[lead:]
    expected = np.where(is_coming, rest.hours.mean, np.nan)
    numbers = {"midnight": today.mean, "q10": q10, "q90": q90, "expected": expected, "low": low, "high": high}
    places = pd.DatetimeIndex([*yesterday, *starts])
    return Today(plan, until, table.assign(**numbers, unusual=names), rest, tuple(events), places)


def _unusual(hours: Hours, limits: Thresholds | None) -> tuple[Booleans, Booleans, list[Event]]:
    """Which hours are too busy and too silent, and the events that they make."""
    none = np.zeros(len(hours.counts), dtype=bool)
    if limits is None:
        return none, none, []
    signals = measure(hours)
    busy, silent = is_too_busy(hours, signals, limits), is_too_silent(signals, limits)
    is_above = hours.counts > hours.midnight.quantiles([0.9])[:, 0]
    is_empty = (hours.counts == 0) & hours.is_over
    found = [*join_hours("busy", hours, busy, is_above), *join_hours("silent", hours, silent, is_empty)]
    return busy, silent, sorted(found, key=lambda event: event.begin)
