"""Which curves there are, and which methods they make.

Belongs here: the curves by name: fitting all that a series allows, and bringing a stored one back.
Does not belong here: the curves themselves (:mod:`.curves`), or choosing a method (:mod:`.model_selection`).
"""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from chat_forecast.forecasting.base import FittingFailed, NotEnoughHistory
from chat_forecast.forecasting.curves.base import Curve
from chat_forecast.forecasting.curves.poisson_glm import PoissonCurve, fit_poisson
from chat_forecast.forecasting.curves.prophet import ProphetCurve, fit_prophet
from chat_forecast.forecasting.curves.week_profile import ProfileCurve, fit_profile
from chat_forecast.forecasting.same_hour import NAME as SAME_HOUR

PROPHET, POISSON, PROFILE, AVERAGE = "prophet", "poisson_glm", "level_profile", "average"
FITTERS: dict[str, Callable[[pd.DataFrame], Curve]] = {PROPHET: fit_prophet, POISSON: fit_poisson, PROFILE: fit_profile}
LOADERS: dict[str, Callable[[Mapping[str, Any]], Curve]] = {
    PROPHET: ProphetCurve.from_dict,
    POISSON: PoissonCurve.from_dict,
    PROFILE: ProfileCurve.from_dict,
}
METHODS = (AVERAGE, *FITTERS, SAME_HOUR)
"""Every method by its name: the mean of all curves, each curve alone, the same hour of 28 days."""


def fit_curves(series: pd.DataFrame) -> tuple[dict[str, Curve], dict[str, str]]:
    """Fit every curve that the series allows.

    Returns the curves by name, and for those that could not be fitted the reason in words.
    """
    curves: dict[str, Curve] = {}
    refusals: dict[str, str] = {}
    for name, fit in FITTERS.items():
        try:
            curves[name] = fit(series)
        except (NotEnoughHistory, FittingFailed) as refusal:
            refusals[name] = str(refusal)
    return curves, refusals


def methods_of(curves: Mapping[str, Curve]) -> dict[str, Mapping[str, Curve]]:
    """List the methods that fitted curves make, and the curves of each: every curve alone, and all of them together."""
    alone: dict[str, Mapping[str, Curve]] = {name: {name: curve} for name, curve in curves.items()}
    return {AVERAGE: curves, **alone} if len(curves) > 1 else alone
