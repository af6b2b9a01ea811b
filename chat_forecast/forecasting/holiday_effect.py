"""What a public holiday does to a chat: one factor on the messages of all holidays of a country.

Belongs here: finding the factor in the messages of past holidays, and whether it would have helped.
Does not belong here: which country's holidays a chat keeps (its configuration).

Within the half year that a model sees, each holiday comes at most once, so there is one factor for all of them.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.domain.local_day import day_numbers
from chat_forecast.domain.metrics import poisson_deviance
from chat_forecast.forecasting.curves.base import Curve
from chat_forecast.forecasting.level import SETTLING_DAYS
from chat_forecast.forecasting.level_adjusted_means import Means, level_adjusted_means

CAUTION_HOLIDAYS = 2.0
"""This many ordinary days are added to both sides of the ratio."""
ENOUGH_HOLIDAYS = 3


@dataclass(frozen=True)
class HolidayEffect:
    """``factor`` on the messages of the holidays of ``country`` (ISO 3166), or nothing at all."""

    country: str | None = None
    factor: float = 1.0

    def factors(self, hours: pd.DatetimeIndex) -> Floats:
        """Give the factor of each of the aware local hours."""
        if self.country is None or self.factor == 1.0 or hours.empty:
            return np.ones(len(hours))
        return np.where(is_holiday(hours, self.country), self.factor, 1.0)

    def applied_to(self, curve: Curve) -> Means:
        """Give the means of a curve, times the factor on holidays."""
        return lambda hours: curve.means(hours) * self.factors(hours)

    def to_dict(self) -> dict[str, Any]:
        """Give both fields as plain values."""
        return asdict(self)


NO_EFFECT = HolidayEffect()


def is_holiday(hours: pd.DatetimeIndex, country: str) -> npt.NDArray[np.bool_]:
    """Whether each of the aware local hours lies on a public holiday of the country, as booleans."""
    from holidays import country_holidays

    known = country_holidays(country, years=sorted({*hours.year}))
    days = hours.tz_localize(None).normalize()
    return np.asarray(days.isin(pd.DatetimeIndex(sorted(pd.Timestamp(day) for day in known)).as_unit("us")))


def holiday_names(days: Sequence[date], country: str | None) -> list[str]:
    """The name of the public holiday that each day is in the country, in English where it is known; empty for others."""
    if country is None:
        return [""] * len(days)
    from holidays import country_holidays

    years = sorted({day.year for day in days})
    try:
        known = country_holidays(country, years=years, language="en_US")
    except (NotImplementedError, ValueError):
        known = country_holidays(country, years=years)
    return [known.get(day) or "" for day in days]


def find_holiday_effect(country: str, curve: Curve, series: pd.DataFrame) -> tuple[HolidayEffect, str]:
    """Find the effect of a country's holidays in a series, against the curve at the level of the days before them.

    Returns the effect, and in words what was found.
    """
    hours, counts = pd.DatetimeIndex(series["hour"]), to_floats(series["messages"])
    days = day_numbers(hours)
    means = level_adjusted_means([curve.means], series, hours[:0])
    is_whole = np.isin(days, np.unique(days[np.isnan(counts)]), invert=True)
    chosen = is_whole & is_holiday(hours, country) & (days >= days[0] + SETTLING_DAYS)
    totals = pd.DataFrame({"actual": counts[chosen], "fitted": means[chosen]}).groupby(days[chosen]).sum()
    return find_effect(country, totals["actual"].tolist(), totals["fitted"].tolist())


def find_effect(country: str, actual: Sequence[float], fitted: Sequence[float]) -> tuple[HolidayEffect, str]:
    """Find the effect from the messages of past holidays and what was fitted for them, oldest first.

    It is used only if it would have helped: forecasting each holiday from those before it (a walk-forward over holidays)
    the factor must give less Poisson deviance than none. Returns the effect, and in words what was found.
    """
    messages, means = np.array(actual, dtype=float), np.array(fitted, dtype=float)
    if len(messages) < ENOUGH_HOLIDAYS:
        return NO_EFFECT, f"{len(messages)} holidays of {country} seen, expected at least {ENOUGH_HOLIDAYS}"
    caution = CAUTION_HOLIDAYS * means.mean()
    factors = (np.cumsum(messages) + caution) / (np.cumsum(means) + caution)
    without = poisson_deviance(messages[1:], means[1:])
    with_effect = poisson_deviance(messages[1:], means[1:] * factors[:-1])
    if not with_effect < without:
        return NO_EFFECT, f"holidays of {country} are left out: they would not have helped on {len(messages) - 1} of them"
    effect = HolidayEffect(country, float(factors[-1]))
    return effect, f"holidays of {country} have {effect.factor:.2f} times the usual messages"
