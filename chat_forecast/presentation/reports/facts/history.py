"""A chat's days: their totals, the missing and the busiest ones, the week by the hour.

Belongs here: reducing a series to what is shown of it.
Does not belong here: reading it, or any one day (:mod:`.newest_days`).
"""

import math
from collections.abc import Sequence
from datetime import date

import pandas as pd

from chat_forecast.domain.local_day import LocalDay

HEAT_WEEKS = 12
BUSIEST_DAYS = 10
USUAL_WEEKS = 8

DayRange = tuple[date, date]


def daily(series: pd.DataFrame) -> pd.DataFrame:
    """Sum a series by local day: ``day``, ``messages`` (NA where no hour is known), ``hours_missing``.

    Days that the series leaves out between its first and its last are there too, as missing ones.
    """
    day = pd.DatetimeIndex(series["hour"]).tz_localize(None).normalize()
    messages = series["messages"].astype("Int64")
    missing = messages.isna().groupby(day.to_numpy()).sum()
    table = pd.DataFrame({"messages": messages.groupby(day.to_numpy()).sum(min_count=1), "hours_missing": missing})
    if len(table):
        table = table.reindex(pd.date_range(table.index[0], table.index[-1]))
    table["hours_missing"] = table["hours_missing"].fillna(24).astype(int)
    table.insert(0, "day", pd.DatetimeIndex(table.index).date)
    return table.reset_index(drop=True)


def day_ranges(days: Sequence[date]) -> list[DayRange]:
    """Join ascending days that follow one another.

    >>> day_ranges([date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 5)])
    [(datetime.date(2026, 1, 1), datetime.date(2026, 1, 2)), (datetime.date(2026, 1, 5), datetime.date(2026, 1, 5))]
    """
    ranges: list[DayRange] = []
    for day in days:
        if ranges and (day - ranges[-1][1]).days == 1:
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges


def busiest_days(days: pd.DataFrame) -> pd.DataFrame:
    """Find the days with the most messages, the busiest first, each beside what is usual for its weekday.

    Usual is the median of the same weekday up to eight weeks before and after, without the day itself; NaN where none of
    these days was read.
    """
    counts = days.set_index(pd.DatetimeIndex(pd.to_datetime(days["day"])))["messages"].astype("Float64").astype(float)
    top = counts[counts > 0].sort_values(ascending=False, kind="stable").head(BUSIEST_DAYS)
    weeks = [number for number in range(-USUAL_WEEKS, USUAL_WEEKS + 1) if number]
    around = [counts.reindex([day + pd.Timedelta(weeks=number) for number in weeks]).dropna() for day in top.index]
    usual = [float(values.median()) if len(values) else math.nan for values in around]
    return pd.DataFrame({"day": pd.DatetimeIndex(top.index).date, "messages": top.astype(int).to_numpy(), "usual": usual})


def heat_map(series: pd.DataFrame, last: LocalDay) -> pd.DataFrame:
    """Mean messages for each weekday (0 is Monday) and clock hour over the last weeks; hours never read are left out."""
    recent = series[series["hour"] >= last.plus(1 - 7 * HEAT_WEEKS).start].dropna(subset="messages")
    hour = recent["hour"].dt
    grouped = recent["messages"].astype(float).groupby([hour.day_of_week.rename("weekday"), hour.hour.rename("hour")])
    return grouped.mean().rename("mean").reset_index()


def pooled_coverage(scores: pd.DataFrame) -> float | None:
    """The share of the hours of several scored days inside their 80% interval; None where no hour was scored."""
    hours = scores["hours_scored"].astype(float)
    return float((scores["coverage_80"].astype(float) * hours).sum() / hours.sum()) if hours.sum() else None
