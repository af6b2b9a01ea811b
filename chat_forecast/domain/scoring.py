"""How well the forecast of one day did, as one row of numbers.

Belongs here: which hours are scored, and what they are compared with.
Does not belong here: the formulas (:mod:`.metrics`), or whether a score is good enough (:mod:`.retraining_rule`).
"""

import math
from collections.abc import Mapping
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain import metrics
from chat_forecast.domain.arrays import Floats, to_floats
from chat_forecast.domain.forecast_table import FORECAST_COLUMNS, PROBABILITIES
from chat_forecast.domain.hour_join import have_same_hours, join_on_hour

SCORE_COLUMNS = {
    "day": "str",
    "forecaster": "str",
    "trained_through": "str",
    "model_age_days": "int",
    "hours_scored": "int",
    "hours_missing": "int",
    "messages": "int",
    "expected_total": "float",
    "total_error": "float",
    "smape": "float",
    "rmse": "float",
    "mae": "float",
    "pinball": "float",
    "deviance": "float",
    "coverage_80": "float",
    "unusual_hours": "int",
    "squared_error": "float",
    "seasonal_naive_hours": "int",
    "seasonal_naive_rmse": "float",
    "seasonal_naive_mae": "float",
    "seasonal_naive_smape": "float",
    "skill": "float",
    "same_hour_hours": "int",
    "same_hour_rmse": "float",
    "same_hour_pinball": "float",
    "same_hour_squared_error": "float",
    "skill_to_same_hour": "float",
}
"""Column of a score -> ``str``, ``int`` or ``float``; any but ``day`` and the hours may be None.

- Hours: ``hours_scored`` are known and forecast, ``hours_missing`` were never read. ``messages`` counts all known hours; all
  other columns are over the hours scored.
- The forecast: ``smape`` scores ``smape_point``, ``rmse`` and ``deviance`` score ``expected``, ``mae`` scores ``median``.
  ``unusual_hours`` lie outside the 98% interval. ``squared_error`` is a sum, so that several days can be pooled.
- ``seasonal_naive_*``: the baseline that repeats the count of 168 hours before, over those of the hours where it is known;
  ``skill`` is over just these.
- ``same_hour_*``: the baseline of the counts at the same clock hour over 28 days, which knows all hours or none.
"""

Score = dict[str, str | int | float | None]

BASELINE_COLUMNS = ("hour", "seasonal_naive", "same_hour", *PROBABILITIES)
"""What the baselines forecast for the hours of a day, NaN where they have no answer. ``seasonal_naive``: the count 168 hours
before. ``same_hour``: the mean of the counts at the same clock hour over 28 days; the rest are the quantiles of these."""


def score_day(actuals: pd.DataFrame, forecast: pd.DataFrame | None, baselines: pd.DataFrame) -> Score:
    """Score the forecast of a day over the hours that are known: one value for each of :data:`SCORE_COLUMNS`.

    ``actuals`` has every ``hour`` of the day (aware, local) and its ``messages`` (``Int64``, ``NA`` where never read).
    ``forecast`` has the columns of a forecast and, if they are known, ``forecaster`` and ``trained_through``; it is None or
    has no rows if there was no forecast. ``baselines`` has :data:`BASELINE_COLUMNS` for every hour of the day.

    What cannot be computed is None, never 0: everything about a missing forecast or a day without a known hour, a comparison
    with a baseline that knows none of the hours, and a ratio to zero.
    """
    first_hour = actuals["hour"].iloc[0]
    score: Score = dict.fromkeys(SCORE_COLUMNS)
    missing = int(actuals["messages"].isna().sum())
    score |= {"day": first_hour.date().isoformat(), "hours_scored": 0, "hours_missing": missing}
    if missing < len(actuals):
        score["messages"] = int(actuals["messages"].sum())
    if forecast is None or forecast.empty:
        return score
    score |= _made_by(forecast, first_hour.date())
    found, simple = _of_known_hours(actuals, forecast, baselines)
    if not found["messages"].size:
        return score
    score |= _errors(found) | _beside_seasonal_naive(found, simple) | _beside_same_hour(found, simple)
    return {name: _finite_or_none(value) for name, value in score.items()}


def measures(score: Score) -> dict[str, float | None]:
    """The numbers of a score, without its day and the name and age of its model's data."""
    return {name: value for name, value in score.items() if not isinstance(value, str)}


def pooled_skill(scores: pd.DataFrame, *, least_days: int = 1) -> float | None:
    """Skill over all hours of some days together: ``1 − √(Σ squared errors ÷ Σ squared errors of the seasonal naive)``.

    ``scores`` has the columns of :data:`SCORE_COLUMNS`, a row a day. As in a day's own ``skill``, an hour counts if the
    count a week before is known. A day on which the seasonal naive made no error counts too, though it has no skill itself.
    From -∞ to 1; None if fewer than ``least_days`` days have such hours, or the seasonal naive made no error at all.
    """
    hours = to_floats(scores["seasonal_naive_hours"])
    baseline = to_floats(scores["seasonal_naive_rmse"]) ** 2 * hours
    # Where the week before is known for some of the hours only, the squared error over these follows from the day's skill.
    of_known_hours = baseline * (1 - to_floats(scores["skill"])) ** 2
    ours = np.where(hours == to_floats(scores["hours_scored"]), to_floats(scores["squared_error"]), of_known_hours)
    is_comparable = (hours > 0) & ~np.isnan(ours) & ~np.isnan(baseline)
    ours, baseline = ours[is_comparable], baseline[is_comparable]
    if is_comparable.sum() < least_days or not baseline.sum():
        return None
    return metrics.skill(math.sqrt(float(ours.sum())), math.sqrt(float(baseline.sum())))


def unusual_hours(actuals: pd.DataFrame, forecast: pd.DataFrame | None) -> pd.DataFrame:
    """Find the hours of a day whose counts lie outside the forecast's 98% interval.

    Returns ``hour``, ``messages``, ``expected``, ``q01`` and ``q99``.
    """
    columns = ["hour", "messages", "expected", "q01", "q99"]
    if forecast is None or forecast.empty:
        forecast = pd.DataFrame(columns=columns[:1] + columns[2:], dtype=float).astype({"hour": actuals["hour"].dtype})
    hours: Mapping[str, pd.Series] | pd.DataFrame
    if have_same_hours(actuals, forecast):
        hours = {name: (actuals if name == "messages" else forecast)[name] for name in columns}
    else:
        hours = join_on_hour(actuals[["hour", "messages"]], forecast[["hour", "expected", "q01", "q99"]])
    counts = to_floats(hours["messages"])  # NaN where missing, which is neither below nor above
    is_outside = (counts < to_floats(hours["q01"])) | (counts > to_floats(hours["q99"]))
    return pd.DataFrame({name: hours[name].array[is_outside] for name in columns})


def _made_by(forecast: pd.DataFrame, day: date) -> Score:
    """Which model made a forecast, and how many days before the day its data ended."""
    made = {name: forecast[name].iloc[0] for name in ("forecaster", "trained_through") if name in forecast}
    made = {name: None if pd.isna(value) else value for name, value in made.items()}
    through = made.get("trained_through")
    made["model_age_days"] = None if not through else (day - date.fromisoformat(through)).days
    return made


Columns = Mapping[str, Floats]
"""Numbers by name, one an hour."""


def _of_known_hours(actuals: pd.DataFrame, forecast: pd.DataFrame, baselines: pd.DataFrame) -> tuple[Columns, Columns]:
    """The counts and the forecast over the hours to be scored, which are known and forecast, and the baselines over them."""
    if have_same_hours(actuals, forecast) and have_same_hours(actuals, baselines):  # no table has to be made
        counts = to_floats(actuals["messages"])
        is_known = ~np.isnan(counts)
        found = {"messages": counts, **{name: to_floats(forecast[name]) for name in FORECAST_COLUMNS[1:]}}
        return _at(is_known, found), _at(is_known, _floats(baselines))
    hours = join_on_hour(actuals[["hour", "messages"]], forecast[list(FORECAST_COLUMNS)])
    hours = hours[hours["messages"].notna()].reset_index(drop=True)
    return _floats(hours), _floats(join_on_hour(hours[["hour"]], baselines, "left"))


def _at(places: npt.NDArray[np.bool_], columns: Columns) -> Columns:
    return {name: numbers[places] for name, numbers in columns.items()}


def _floats(table: pd.DataFrame) -> Columns:
    """The columns of a table of hours as plain arrays, which all metrics share."""
    return {str(name): to_floats(column) for name, column in table.items() if name != "hour"}


def _errors(hours: Columns) -> Score:
    """Measure the forecast over the hours scored."""
    actual, expected = hours["messages"], hours["expected"]
    return {
        "hours_scored": len(actual),
        "expected_total": float(np.nansum(expected)),
        "total_error": metrics.total_error(actual, expected),
        "smape": metrics.smape(actual, hours["smape_point"]),
        "rmse": metrics.rmse(actual, expected),
        "mae": metrics.mae(actual, hours["median"]),
        "pinball": metrics.pinball(actual, {tau: hours[name] for name, tau in PROBABILITIES.items()}),
        "deviance": metrics.poisson_deviance(actual, expected),
        "coverage_80": metrics.coverage(actual, hours["q10"], hours["q90"]),
        "unusual_hours": int(((actual < hours["q01"]) | (actual > hours["q99"])).sum()),
        "squared_error": _squared_error(actual, expected),
    }


def _beside_seasonal_naive(hours: Columns, baselines: Columns) -> Score:
    """Measure the seasonal naive over those of the hours for which it is known, and the skill over these."""
    is_known = ~np.isnan(baselines["seasonal_naive"])
    actual, baseline = hours["messages"][is_known], baselines["seasonal_naive"][is_known]
    error = metrics.rmse(actual, baseline)
    return {
        "seasonal_naive_hours": int(is_known.sum()),
        "seasonal_naive_rmse": error,
        "seasonal_naive_mae": metrics.mae(actual, baseline),
        "seasonal_naive_smape": metrics.smape(actual, baseline),
        "skill": metrics.skill(metrics.rmse(actual, hours["expected"][is_known]), error),
    }


def _beside_same_hour(hours: Columns, baselines: Columns) -> Score:
    """Measure the 28-day same-hour baseline over the hours, and the skill relative to its mean."""
    if np.isnan(baselines["same_hour"]).any():
        return {"same_hour_hours": 0}
    actual = hours["messages"]
    error = metrics.rmse(actual, baselines["same_hour"])
    return {
        "same_hour_hours": len(actual),
        "same_hour_rmse": error,
        "same_hour_pinball": metrics.pinball(actual, {tau: baselines[name] for name, tau in PROBABILITIES.items()}),
        "same_hour_squared_error": _squared_error(actual, baselines["same_hour"]),
        "skill_to_same_hour": metrics.skill(metrics.rmse(actual, hours["expected"]), error),
    }


def _squared_error(actual: Floats, forecast: Floats) -> float:
    return float(((actual - forecast) ** 2).sum())


def _finite_or_none(value: str | float | None) -> str | int | float | None:
    return None if isinstance(value, float) and not math.isfinite(value) else value
