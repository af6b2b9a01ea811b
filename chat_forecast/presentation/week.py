"""The coming week of a chat as plain facts: for the terminal, the report, notices and the API.

Belongs here: gathering them from what is stored.
Does not belong here: the forecast of the week (:mod:`chat_forecast.forecasting.week_ahead`), or showing it.
"""

from dataclasses import dataclass

import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.forecasting import HISTORY_DAYS
from chat_forecast.forecasting.fallback_chain import forecast_distribution
from chat_forecast.forecasting.holiday_effect import holiday_names
from chat_forecast.forecasting.posting_times import Window, busiest_windows, quietest_clock
from chat_forecast.forecasting.week_ahead import DAYS, look_ahead
from chat_forecast.presentation.phrases import count_messages
from chat_forecast.settings.models import Chat
from chat_forecast.storage.partitions import ChatStorage


@dataclass(frozen=True)
class Week:
    """The seven days after ``day``."""

    chat: Chat
    day: LocalDay
    days: pd.DataFrame
    """``day`` (a key), ``expected``, ``low`` and ``high`` of the 80% interval, ``holiday`` (its name, or empty). No rows
    where there is no forecast."""
    hours: pd.DataFrame
    """``hour``, ``expected``, ``low``, ``high``."""
    total: tuple[float, float, float]
    """Expected, and the 80% interval."""
    busiest: tuple[Window, ...]
    """At most three, the busiest first."""
    quietest: tuple[int, int] | None
    """The hours of the clock from and to."""
    reason: str
    """Why there is no forecast, or why it is not by the model."""


def gather_week(chat: Chat, storage: ChatStorage, day: LocalDay, read: pd.DataFrame | None = None) -> Week:
    """The week after a day, from what was known at its end; ``read`` is the series of all stored days, if it was read.

    Raises:
        StoredFileError: a stored file is damaged.
    """
    coming = list(day.plus(1).until(day.plus(DAYS)))
    hours = pd.DatetimeIndex([hour for each in coming for hour in each.hours], name="hour").as_unit("us")
    first = day.plus(1 - HISTORY_DAYS)
    if read is None:
        series = storage.frames("hourly_series", first, day)
    else:
        series = read[(read["hour"] >= first.start) & (read["hour"] < day.end)].reset_index(drop=True)
    said = forecast_distribution(storage.newest_model(day), series, coming[0].hours)
    if said.forecaster is None or said.withheld:
        none = pd.DataFrame(columns=["day", "expected", "low", "high", "holiday"])
        return Week(chat, day, none, none, (0.0, 0.0, 0.0), (), None, said.withheld or said.reason)
    week = look_ahead(said.forecaster, hours, series, said.distribution)
    names = holiday_names([each.date for each in coming], chat.training.holidays)
    low, high = week.days.quantiles([0.1, 0.9]).T
    table = {"day": [each.key for each in coming], "expected": week.days.mean, "low": low, "high": high, "holiday": names}
    hour_low, hour_high = week.hours.quantiles([0.1, 0.9]).T
    total = float(week.total.mean[0]), *(float(bound) for bound in week.total.quantiles([0.1, 0.9])[0])
    return Week(
        chat=chat,
        day=day,
        days=pd.DataFrame(table),
        hours=pd.DataFrame({"hour": hours, "expected": week.hours.mean, "low": hour_low, "high": hour_high}),
        total=(total[0], total[1], total[2]),
        busiest=tuple(busiest_windows(hours, week.hours.mean)),
        quietest=quietest_clock(hours, week.hours.mean),
        reason=said.reason,
    )


def window_in_words(window: Window) -> str:
    """When, and how many messages: "Thursday 19–21 (34 expected)"."""
    return f"{window.start:%A} {window.start:%H}–{window.end:%H} ({window.expected:.0f} expected)"


def week_in_words(week: Week) -> str:
    """The week in a few sentences; empty where there is no forecast of it."""
    if week.days.empty:
        return ""
    expected, low, high = week.total
    said = [f"The coming week: {count_messages(round(expected))} expected ({low:,.0f} to {high:,.0f})."]
    said += [f"Best time to post: {window_in_words(week.busiest[0])}."] if week.busiest else []
    if week.quietest is not None:
        said.append(f"Quietest: {week.quietest[0]:02d}–{week.quietest[1]:02d}.")
    holidays = [f"{row['day']} {row['holiday']}" for row in week.days.to_dict("records") if row["holiday"]]
    said += [f"Public holidays: {'; '.join(holidays)}."] if holidays else []
    return " ".join(said)


def week_figures(week: Week) -> dict[str, object]:
    """The week as plain values, for JSON."""
    return {
        "from": week.day.plus(1).key,
        "to": week.day.plus(DAYS).key,
        "expected": week.total[0],
        "low": week.total[1],
        "high": week.total[2],
        "days": week.days,
        "hours": week.hours,
        "busiest": [{"start": each.start, "end": each.end, "expected": each.expected} for each in week.busiest],
        "quietest": None if week.quietest is None else {"from_hour": week.quietest[0], "to_hour": week.quietest[1]},
        "reason": week.reason or None,
    }
