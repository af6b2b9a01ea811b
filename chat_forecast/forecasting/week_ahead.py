"""The seven coming days: their hours, their totals with intervals that hold, and what stands out.

Belongs here: the means and the doubt of days further ahead, the sums of days, the busiest and the quietest hours.
Does not belong here: the forecast of one day (:mod:`.fallback_chain`), the dependence of hours (:mod:`.dependent_hours`), or
words.

The hours of a day a week ahead are known about as well as those of tomorrow. Its total is not, since a level that is off is
off for all of its hours: the doubt about a total grows with the days ahead. ``bench_week`` prints how often the intervals
hold.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.domain.local_day import day_numbers
from chat_forecast.domain.windows import SAME_HOUR_DAYS
from chat_forecast.forecasting.base import Distribution, FittedForecaster
from chat_forecast.forecasting.dependent_hours import as_negative_binomials, distribution_of_total, variance_of_sums
from chat_forecast.forecasting.distributions import NegativeBinomial

DAYS = 7
DOUBTS = (0.02, 0.05, 0.08, 0.09, 0.10, 0.10, 0.10)
"""By days ahead: the variance of a day's total beyond that of its hours, as a share of the squared total."""
DOUBT_OF_WEEK = 0.09
PULL = 0.4
"""How far the days after the first are drawn to the usual day of four weeks."""
SHORTEST_DAY_HOURS = 23


@dataclass(frozen=True)
class WeekAhead:
    """The distributions of seven days from one midnight on."""

    hours: NegativeBinomial
    """Of every hour of all days."""
    places: npt.NDArray[np.int64]
    """Which of the days each hour is in, from 0."""
    days: NegativeBinomial
    """Of the days' totals."""
    total: NegativeBinomial
    """Of the week's, shape ``(1,)``."""


def look_ahead(
    forecaster: FittedForecaster, hours: pd.DatetimeIndex, series: pd.DataFrame, tomorrow: Distribution | None = None
) -> WeekAhead:
    """Forecast a week; its first day gets the same forecast as when it is forecast alone.

    ``hours`` (aware, local) are those of the days that follow the ``series`` (``hour``, ``messages``). ``tomorrow`` is the
    forecaster's distribution of the first day, if it is known already.
    """
    places = np.unique(day_numbers(hours), return_inverse=True)[1].astype(np.int64)
    first = as_negative_binomials(tomorrow or forecaster.distribution(series, hours[places == 0]))
    every = as_negative_binomials(forecaster.distribution(series, hours))
    midnight = NegativeBinomial(
        np.concatenate([first.mean, every.mean[places > 0]]), np.concatenate([first.size, every.size[places > 0]])
    )
    mean = midnight.mean * np.where(places == 0, 1.0, _pull(midnight.mean, places, series))
    totals, variances = [], []
    for place in range(places[-1] + 1):
        its = places == place
        totals.append(float(mean[its].sum()))
        variances.append(float(variance_of_sums(mean[its], midnight.size[its])))
    days = [
        distribution_of_total(total, variance + DOUBTS[min(place, DAYS - 1)] * total**2)
        for place, (total, variance) in enumerate(zip(totals, variances, strict=True))
    ]
    variance = sum(variances) + DOUBT_OF_WEEK * sum(totals) ** 2
    return WeekAhead(
        NegativeBinomial(mean, midnight.size),
        places,
        NegativeBinomial(np.concatenate([day.mean for day in days]), np.concatenate([day.size for day in days])),
        distribution_of_total(sum(totals), variance),
    )


def _pull(mean: Floats, places: npt.NDArray[np.int64], series: pd.DataFrame) -> float:
    """The factor on the days after the first: a level far from that of four weeks does not last."""
    numbers, counts = day_numbers(pd.DatetimeIndex(series["hour"])), to_floats(series["messages"])
    known = ~np.isnan(counts) & (numbers > numbers[-1] - SAME_HOUR_DAYS) if len(numbers) else np.zeros(0, dtype=bool)
    days, hours = np.unique(numbers[known], return_counts=True)
    whole = np.isin(numbers, days[hours >= SHORTEST_DAY_HOURS]) & known
    usual = counts[whole].sum() / max(1, (hours >= SHORTEST_DAY_HOURS).sum())
    expected = mean.sum() / (places[-1] + 1)
    return float((usual / expected) ** PULL) if usual > 0 and expected > 0 else 1.0
