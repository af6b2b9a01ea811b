"""The same hour over the last 28 days, as a distribution: for young chats, and to compare with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.domain.windows import SAME_HOUR_DAYS
from chat_forecast.forecasting.base import NotEnoughHistory
from chat_forecast.forecasting.bursts import capped_for_training
from chat_forecast.forecasting.distributions import Empirical, describe_counts, empirical_quantiles

NAME = f"same_hour_{SAME_HOUR_DAYS}d"
ENOUGH = 7
"""This many counts make a distribution; an hour of the day with fewer takes in its neighbours."""
CLOCK_HOURS = 24


def same_hour_counts(series: pd.DataFrame) -> list[Floats]:
    """Collect what was counted at each clock hour, 0 to 23, in the 28 local days that end with the last known hour.

    An hour of the day with fewer than :data:`ENOUGH` known counts takes in those of the hours around it, an hour
    further on both sides until there are enough. Empty if no hour is known.
    """
    return counts_at_clock_hours(wall_hours(series), to_floats(series["messages"]))


def wall_hours(series: pd.DataFrame) -> npt.NDArray[np.int64]:
    """What the local clock shows at each hour of a series, in hours since 1970, a half hour left out."""
    return pd.DatetimeIndex(series["hour"]).tz_localize(None).to_numpy().astype("datetime64[h]").astype(np.int64)


def counts_at_clock_hours(wall: npt.NDArray[np.int64], counts: Floats) -> list[Floats]:
    """Do :func:`same_hour_counts` on the :func:`wall_hours` of a series and its counts, NaN where missing."""
    is_known = ~np.isnan(counts)
    if not is_known.any():
        return []
    wall, counts = wall[is_known], counts[is_known]
    is_recent = wall > wall[-1] - SAME_HOUR_DAYS * CLOCK_HOURS
    counts, clock = counts[is_recent], wall[is_recent] % CLOCK_HOURS
    by_clock = [counts[clock == hour] for hour in range(CLOCK_HOURS)]
    return [_with_neighbours(by_clock, hour) for hour in range(CLOCK_HOURS)]


@dataclass(frozen=True)
class FittedSameHour:
    """The forecaster; ``fallback`` holds some quantiles for each clock hour, used for a series without a known hour."""

    fallback: tuple[tuple[float, ...], ...]
    name: str = NAME

    def distribution(self, series: pd.DataFrame, hours: pd.DatetimeIndex) -> Empirical:
        """Take the counts at the clock hour of each hour; see :meth:`FittedForecaster.distribution`."""
        counts = capped_for_training(series)
        seen = counts_at_clock_hours(wall_hours(series), counts) or [np.array(each) for each in self.fallback]
        return Empirical(tuple(seen[clock] for clock in hours.hour))

    def forecast(self, series: pd.DataFrame, hours: pd.DatetimeIndex) -> pd.DataFrame:
        """See :meth:`FittedForecaster.forecast`."""
        return describe_counts(hours, self.distribution(series, hours))

    def to_dict(self) -> dict[str, Any]:
        """See :meth:`FittedForecaster.to_dict`."""
        return {"name": self.name, "fallback": [list(counts) for counts in self.fallback]}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "FittedSameHour":
        """Bring back what :meth:`to_dict` gave, from JSON too."""
        return cls(tuple(tuple(counts) for counts in stored["fallback"]))


def fit_same_hour(series: pd.DataFrame) -> FittedSameHour:
    """Keep some quantiles of what is known now; one known hour is enough.

    Raises:
        NotEnoughHistory: no hour is known.
    """
    seen = same_hour_counts(series)
    if not seen:
        raise NotEnoughHistory(f"none of the {len(series)} hours of the series is known, expected at least one")
    deciles = [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95]
    return FittedSameHour(tuple(tuple(empirical_quantiles(counts, deciles).tolist()) for counts in seen))


def _with_neighbours(by_clock: list[Floats], hour: int) -> Floats:
    counts = by_clock[hour]
    for reach in range(1, CLOCK_HOURS // 2 + 1):
        if counts.size >= ENOUGH:
            break
        around = {(hour + step) % CLOCK_HOURS for step in range(-reach, reach + 1)}
        counts = np.concatenate([by_clock[each] for each in sorted(around)])
    return counts
