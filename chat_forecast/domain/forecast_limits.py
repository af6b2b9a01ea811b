"""What a chat's history allows: whether a day can be forecast at all, and whether a forecast of it is possible.

Belongs here: the limits, and saying in words which one is passed; nothing to say is an empty string or list.
Does not belong here: making a forecast (:mod:`chat_forecast.forecasting`), or what happens to one that is withheld.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import to_floats
from chat_forecast.domain.data_quality import wrong_hours
from chat_forecast.domain.forecast_table import FORECAST_COLUMNS
from chat_forecast.domain.local_day import LocalDay, day_numbers
from chat_forecast.domain.windows import RECENT_DAYS

LONGEST_GAP_DAYS = 28
"""After this many days without a known hour there is no forecast: what is known then says too little about tomorrow."""
SANE_FACTOR = 2.0
"""A forecast may exceed the greatest count of the last 56 known days by this factor, or fall below the smallest by it.

On fifteen real chats, the means of a forecast add up to at most 0.9 times the busiest day, no hour's mean is above 0.5 times
the busiest hour, and no ``q90`` above 0.8 times; the ``q99`` of a day add up to at least 4 times the quietest day."""
FEW_MESSAGES = 5
"""The greatest counts of an all but silent chat are taken for at least this."""
ENOUGH_DAYS = 7
"""With fewer known days there is nothing to compare a forecast with."""
SHORTEST_DAY_HOURS = 23
ASCENDING = ("q01", "q10", "q25", "median", "q75", "q90", "q99")


def missing_days_before(series: pd.DataFrame, day: LocalDay) -> int | None:
    """Count the whole local days without a known hour just before a day: 0 if yesterday is known, at least in part.

    ``series`` has ``hour`` (aware, local) and ``messages`` (NA where never read), all before the day. None if no hour of it
    is known.
    """
    known = np.flatnonzero(~np.isnan(to_floats(series["messages"])))
    return (day.date - series["hour"].iloc[known[-1]].date()).days - 1 if len(known) else None


def no_forecast_reason(series: pd.DataFrame, day: LocalDay) -> str:
    """Say why a day cannot be forecast from the series before it; an empty string if it can be.

    See :func:`missing_days_before` for ``series``.
    """
    return reason_of_gap(missing_days_before(series, day))


def reason_of_gap(missing: int | None) -> str:
    """Say what :func:`no_forecast_reason` says of so many missing days."""
    if missing is None:
        return "no hour of the series is known"
    return f"the last known hour is {missing} days old" if missing > LONGEST_GAP_DAYS else ""


def withheld_reason(forecast: pd.DataFrame, day: LocalDay, history: pd.DataFrame) -> str:
    """Say why a forecast is not shown to people; an empty string if it may be. See :func:`forecast_faults`."""
    faults = forecast_faults(forecast, day, history)
    return f"withheld: {'; '.join(faults)}" if faults else ""


def is_withheld(forecast: pd.DataFrame, day: LocalDay, history: pd.DataFrame) -> bool:
    """Whether a forecast is not shown to people. See :func:`forecast_faults`."""
    return bool(forecast_faults(forecast, day, history))


def forecast_faults(forecast: pd.DataFrame, day: LocalDay, history: pd.DataFrame) -> list[str]:
    """Find what cannot be in a forecast of a day: values that no forecast has, and such as its chat's history rules out.

    ``forecast`` has the columns of every forecast; without rows it says that there is none, which is no fault. ``history``
    is the series before the day, from which the last 56 known days are taken.
    """
    if forecast.empty:
        return []
    return _broken_values(forecast, day) or _impossible_numbers(forecast, history)


def _broken_values(forecast: pd.DataFrame, day: LocalDay) -> list[str]:
    """Values that are not finite, negative or out of order, and hours of another day."""
    faults = wrong_hours(forecast, day)
    values = {name: to_floats(forecast[name]) for name in FORECAST_COLUMNS[1:]}
    numbers = np.stack([*values.values()])
    are_possible = np.isfinite(numbers).all() and (numbers >= 0).all()
    for name, column in () if are_possible else values.items():
        if not np.isfinite(column).all():
            faults.append(f"{name} is not finite")
        elif (column < 0).any():
            faults.append(f"{name} is negative: {column.min():g}")
    is_falling = np.diff(np.stack([values[name] for name in ASCENDING]), axis=0) < 0
    if is_falling.any():
        faults.append(f"quantiles out of order in {int(is_falling.any(axis=0).sum())} hours")
    return faults


@dataclass(frozen=True)
class _Extremes:
    """Of the last known days: the busiest hour, the busiest day, and the quietest day that is wholly known, in messages."""

    hour: int
    day: int
    quietest: int | None
    days: int


def _extremes(history: pd.DataFrame) -> _Extremes | None:
    counts, dates = to_floats(history["messages"]), day_numbers(pd.DatetimeIndex(history["hour"]))
    is_known = ~np.isnan(counts)
    counts, dates = counts[is_known], dates[is_known]
    first = np.flatnonzero(np.diff(dates, prepend=-1))  # the hours ascend
    if len(first) < ENOUGH_DAYS:
        return None
    hours = np.diff(first, append=len(dates))
    totals, hours = np.add.reduceat(counts, first)[-RECENT_DAYS:], hours[-RECENT_DAYS:]
    whole = totals[hours >= SHORTEST_DAY_HOURS]
    quietest = int(whole.min()) if len(whole) >= ENOUGH_DAYS else None
    greatest = counts[first[-RECENT_DAYS:][0] :].max()
    return _Extremes(int(greatest), int(totals.max()), quietest, len(totals))


def _impossible_numbers(forecast: pd.DataFrame, history: pd.DataFrame) -> list[str]:
    """Hours and totals far above the greatest of the last known days, or far below the smallest."""
    seen = _extremes(history)
    if seen is None:
        return []
    span = f"of the last {seen.days} known days had"
    faults = []
    total = float(forecast["expected"].sum())
    if total > SANE_FACTOR * max(seen.day, FEW_MESSAGES):
        faults.append(f"{total:,.0f} messages are expected, the busiest {span} {seen.day:,}")
    hours_limit = SANE_FACTOR * max(seen.hour, FEW_MESSAGES)
    for name, verb in (("expected", "are expected"), ("q90", "lie in the interval")):
        numbers = to_floats(forecast[name])
        place = int(numbers.argmax())
        worst = float(numbers[place])
        if worst > hours_limit:
            hour = forecast["hour"].iloc[place]
            faults.append(f"{worst:,.0f} messages {verb} at {hour:%H:%M}, the busiest hour {span} {seen.hour:,}")
    most = float(forecast["q99"].sum())
    if seen.quietest is not None and most * SANE_FACTOR < seen.quietest:
        faults.append(f"{most:,.0f} messages at most lie in the interval, the quietest {span} {seen.quietest:,}")
    return faults
