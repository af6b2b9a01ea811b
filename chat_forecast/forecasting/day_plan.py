"""What a day is compared with while it goes on; computed once, from what is known at its midnight.

Belongs here: the distribution of each hour, the counts of the day before, the thresholds for unusual hours.
Does not belong here: examining the day itself (:mod:`.today`), or storing a plan.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.domain.hourly_series import COUNT_COLUMNS, fill_unstored
from chat_forecast.domain.local_day import LocalDay, day_numbers
from chat_forecast.domain.windows import RECENT_DAYS
from chat_forecast.forecasting.base import HISTORY_DAYS, FittedForecaster
from chat_forecast.forecasting.bursts import cap_bursts
from chat_forecast.forecasting.curve_forecaster import CurveForecaster
from chat_forecast.forecasting.dependent_hours import as_negative_binomials
from chat_forecast.forecasting.distributions import NegativeBinomial
from chat_forecast.forecasting.fallback_chain import forecast_distribution
from chat_forecast.forecasting.unusual_hours import Hours, Thresholds, find_thresholds, measure, most_in_a_burst

MINUTE = pd.Timedelta(minutes=1)


@dataclass(frozen=True)
class DayPlan:
    """The expectations for a day's hours, as known at its midnight."""

    day: LocalDay
    midnight: NegativeBinomial | None
    """The distributions of the day before (its known hours) and of the day, one an hour; None without a forecast."""
    counts: Floats
    """Messages in the hours of the day before, NaN where not read; empty where it is not stored yet."""
    bursts: Floats
    """The most messages within five minutes in each of these hours."""
    thresholds: Thresholds | None
    """None where too little is known of what is usual."""
    reason: str
    """Why there is no forecast, or why it is not by the model, in words; empty where it is."""

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain JSON values."""
        midnight = self.midnight and {"mean": self.midnight.mean.tolist(), "size": self.midnight.size.tolist()}
        known = [None if np.isnan(count) else count for count in self.counts.tolist()]
        return {
            "day": self.day.key,
            "timezone": self.day.timezone,
            "midnight": midnight,
            "counts": known,
            "bursts": np.nan_to_num(self.bursts).tolist(),
            "thresholds": self.thresholds and asdict(self.thresholds),
            "reason": self.reason,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "DayPlan":
        """Bring back what :meth:`to_dict` gave."""
        midnight = stored["midnight"] and NegativeBinomial(*(np.array(stored["midnight"][key]) for key in ("mean", "size")))
        counts = np.array([np.nan if count is None else count for count in stored["counts"]], dtype=float)
        limits = stored["thresholds"] and Thresholds(**stored["thresholds"])
        day = LocalDay.parse(stored["day"], stored["timezone"])
        return cls(day, midnight or None, counts, np.array(stored["bursts"], dtype=float), limits or None, stored["reason"])


def make_plan(
    record: "Mapping[str, Any] | pd.Series[Any] | None", series: pd.DataFrame, sent_at: pd.Series, day: LocalDay
) -> DayPlan:
    """Prepare a day from all that is known before it.

    ``record`` and ``series`` are as for :func:`.make_forecast`, the series some :data:`.RECENT_DAYS` longer; ``sent_at`` are
    the instants of all messages of these recent days, ascending.
    """
    last = series[series["hour"] >= day.plus(-HISTORY_DAYS).start].reset_index(drop=True)
    found = forecast_distribution(record, last, day.hours)
    none = np.zeros(0)
    if found.distribution is None or found.forecaster is None or found.withheld:
        return DayPlan(day, None, none, none, None, found.withheld or found.reason)
    recent, midnight = _recent_days(found.forecaster, series, day)
    hours = pd.DatetimeIndex(recent["hour"])
    counts = to_floats(recent["messages"])
    bursts = bursts_of(sent_at, hours, day.start)
    before = Hours(day_numbers(hours), counts, np.where(np.isnan(counts), np.nan, bursts), midnight, ~np.isnan(counts))
    number = int(day_numbers(day.hours)[0])
    limits = find_thresholds(before, measure(before), number, RECENT_DAYS)
    lead = before.days == int(day_numbers(day.plus(-1).hours)[0])
    today = as_negative_binomials(found.distribution)
    joined = NegativeBinomial(
        np.concatenate([midnight.mean[lead], today.mean]), np.concatenate([midnight.size[lead], today.size])
    )
    return DayPlan(day, joined, counts[lead], bursts[lead], limits, found.reason)


def _recent_days(forecaster: FittedForecaster, series: pd.DataFrame, day: LocalDay) -> tuple[pd.DataFrame, NegativeBinomial]:
    """The series of the days before, and the forecast that would have been made of each day at its midnight."""
    first = day.plus(-RECENT_DAYS)
    known = series[series["hour"] >= first.start]
    begin, end = (LocalDay(known["hour"].iloc[place].date(), day.timezone) for place in (0, -1))
    recent = fill_unstored(known[["hour", *COUNT_COLUMNS]], begin, end)
    return recent, _midnights(forecaster, series, recent)


def _midnights(forecaster: FittedForecaster, series: pd.DataFrame, recent: pd.DataFrame) -> NegativeBinomial:
    hours = pd.DatetimeIndex(recent["hour"])
    if isinstance(forecaster, CurveForecaster):
        older = series.loc[series["hour"] < hours[0], ["hour", *COUNT_COLUMNS]]
        whole = pd.concat([older, recent], ignore_index=True) if len(older) else recent
        return as_negative_binomials(forecaster.replay(cap_bursts(whole), hours[0]))
    return as_negative_binomials(forecaster.distribution(series, hours))


def bursts_of(sent_at: pd.Series, hours: pd.DatetimeIndex, end: pd.Timestamp) -> Floats:
    """The most messages within five minutes in each of the ``hours``, the last of which ends at ``end``."""
    instants = pd.DatetimeIndex(sent_at)
    origin = hours[0].tz_convert("UTC") if len(hours) else end
    bounds = ((pd.DatetimeIndex([*hours.tz_convert("UTC"), end]) - origin) / MINUTE).to_numpy()
    return most_in_a_burst(((instants - origin) / MINUTE).to_numpy(dtype=float), bounds.astype(float))
