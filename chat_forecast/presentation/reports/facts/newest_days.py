"""The day that is forecast, and the last one that was read.

Belongs here: reading a day's forecast, its counts, its score and what they are compared with.
Does not belong here: anything about more than one day (:mod:`.history`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import Verdict
from chat_forecast.domain.scoring import score_day, unusual_hours
from chat_forecast.domain.windows import SAME_HOUR_DAYS
from chat_forecast.forecasting.baselines import forecast_baselines
from chat_forecast.storage.partitions import ChatStorage


@dataclass(frozen=True)
class Tomorrow:
    """The newest forecast there is."""

    day: LocalDay
    hours: pd.DataFrame
    """The forecast's columns, and ``week_before``: the messages 168 hours before (NA where not read)."""
    week_before: int | None
    """The messages of that whole day, if every hour of it was read."""
    withheld: str = ""
    """Why it is not shown to people, as stored with it in English; empty where it is."""

    @property
    def expected(self) -> float:
        """Messages in all."""
        return float(self.hours["expected"].sum())


@dataclass(frozen=True)
class Yesterday:
    """The newest day that was to be read, beside the forecast made for it."""

    day: LocalDay
    hours: pd.DataFrame
    """``hour``, ``messages`` and, if there was a forecast, its columns."""
    has_forecast: bool
    """Whether there was one, and it was not withheld."""
    is_withheld: bool
    """Whether there was one that its chat's history made impossible."""
    score: Mapping[str, Any]
    """The columns of a score, with None for what is not known."""
    is_score_computed: bool
    """Whether the score is not stored (yet), and was computed for the page."""
    verdict: Verdict | None
    """The verdict stored with the score; None where none is stored."""
    unusual: pd.DataFrame

    @property
    def is_read(self) -> bool:
        """Whether any hour of it was read."""
        return bool(self.hours["messages"].notna().any())


def newest_forecast(storage: ChatStorage) -> Tomorrow | None:
    """The newest forecast, if it is not empty, with what is known of the week before it."""
    made = storage.days("next_day_forecast")
    forecast = storage.frame("next_day_forecast", made[-1]) if made else None
    if forecast is None or forecast.empty:
        return None
    day = made[-1].plus(1)
    # A day to either side: 168 hours before is another clock hour where a clock change lies between.
    series = storage.frames("hourly_series", day.plus(-8), day.plus(-6))
    known = series.set_index("hour")["messages"]
    before = known.reindex(pd.DatetimeIndex(forecast["hour"]) - pd.Timedelta(hours=168))
    week_before = day.plus(-7)
    whole = series.loc[(series["hour"] >= week_before.start) & (series["hour"] < week_before.end), "messages"]
    return Tomorrow(
        day,
        forecast.assign(week_before=before.to_numpy()),
        week_before=int(whole.sum()) if len(whole) and whole.notna().all() else None,
        withheld=storage.notes("next_day_forecast", made[-1]).get("withheld", ""),
    )


def read_yesterday(storage: ChatStorage, series: pd.DataFrame, day: LocalDay) -> Yesterday:
    """The newest day of a series, with the stored score; a day that is not scored yet is scored for the page."""
    actuals = series[series["hour"] >= day.start].reset_index(drop=True)
    made = storage.frame("next_day_forecast", day.plus(-1))
    is_withheld = made is not None and "withheld" in storage.notes("next_day_forecast", day.plus(-1))
    forecast = None if made is None or made.empty or is_withheld else made
    stored = storage.frame("daily_score", day)
    hours = actuals if forecast is None else actuals.merge(forecast, on="hour", how="left")
    if stored is None or stored.empty:
        history = series[(series["hour"] < day.start) & (series["hour"] >= day.plus(-SAME_HOUR_DAYS - 1).start)]
        score: Mapping[str, Any] = score_day(
            actuals, forecast, forecast_baselines(history, pd.DatetimeIndex(actuals["hour"]))
        )
        verdict = None
    else:
        score = {str(name): None if pd.isna(value) else value for name, value in stored.iloc[0].to_dict().items()}
        verdict = Verdict.from_row(score)
    return Yesterday(
        day,
        hours,
        forecast is not None,
        is_withheld,
        score,
        is_score_computed=stored is None or stored.empty,
        verdict=verdict,
        unusual=unusual_hours(actuals, forecast),
    )


def quietest_hours(expected: Sequence[float], width: int = 4) -> int:
    """Where the ``width`` consecutive hours begin that have the least expected of all.

    >>> quietest_hours([5, 1, 0, 0, 1, 7])
    1
    """
    sums = np.convolve(np.asarray(expected, dtype=float), np.ones(width), mode="valid")
    return int(np.round(sums, 9).argmin())
