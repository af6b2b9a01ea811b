"""Training: fit every method that a series allows, compare them, and keep the best one.

Belongs here: the order of these steps, and loading a trained model.
Does not belong here: the methods (:mod:`.methods`), how they are compared (:mod:`.model_selection`), or storing models.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from chat_forecast.forecasting.base import FittedForecaster, NotEnoughHistory
from chat_forecast.forecasting.bursts import cap_for_training
from chat_forecast.forecasting.curve_forecaster import CurveForecaster, make_forecaster
from chat_forecast.forecasting.holiday_effect import NO_EFFECT, find_holiday_effect
from chat_forecast.forecasting.methods import METHODS, PROFILE, fit_curves, methods_of
from chat_forecast.forecasting.model_selection import COMPARISON_COLUMNS, PREFERRED, choose, compare, summarise
from chat_forecast.forecasting.same_hour import NAME as SAME_HOUR
from chat_forecast.forecasting.same_hour import FittedSameHour, fit_same_hour
from chat_forecast.forecasting.threads import one_thread
from chat_forecast.forecasting.training_start import trim_to_change


@dataclass(frozen=True)
class Training:
    """A trained model, and the record of how it was chosen."""

    fitted: FittedForecaster
    why: str
    """Which method was chosen and why, in words."""
    comparison: pd.DataFrame
    """The methods compared, the chosen one first: :data:`.model_selection.COMPARISON_COLUMNS`."""


def train(series: pd.DataFrame, country: str | None = None) -> Training:
    """Choose a method for a series and train it, on one thread.

    ``series`` (:mod:`.base`) has about 180 days, up to the one that the model is trained through. ``country`` (ISO 3166) is
    the one whose public holidays the chat may keep. The same series gives the same model.

    Raises:
        NotEnoughHistory: no hour of the series is known.
    """
    if series["messages"].isna().all():
        raise NotEnoughHistory(f"none of the {len(series)} hours of the series is known, expected at least one")
    with one_thread():
        return _train(cap_for_training(series), country)


def load(stored: Mapping[str, Any]) -> FittedForecaster:
    """Load a model from what its ``to_dict`` gave, also by way of JSON; its forecasts are the same.

    Raises:
        ValueError: the model is of a method, or in a form, that this version does not know. The message says what to do.
    """
    name = stored.get("name")
    if name not in METHODS:
        raise ValueError(f"expected a model of one of {', '.join(METHODS)}, found {name!r}: retrain the model")
    try:
        return FittedSameHour.from_dict(stored) if name == SAME_HOUR else CurveForecaster.from_dict(stored)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the model {name} was stored by another version ({error}): retrain it") from error


def _train(series: pd.DataFrame, country: str | None) -> Training:
    curves, refusals = fit_curves(series)
    series, change = trim_to_change(series, curves)
    if change is not None:
        curves, refusals = fit_curves(series)
    possible = {**methods_of(curves), SAME_HOUR: {}}
    usual = next(name for name in PREFERRED if name in possible)
    losses = compare(series)
    name, why = choose(losses, usual, possible)
    fitted: FittedForecaster
    if name == SAME_HOUR:
        fitted, holidays = fit_same_hour(series), ""
    else:
        effect, holidays = (NO_EFFECT, "") if country is None else find_holiday_effect(country, curves[PROFILE], series)
        fitted = make_forecaster(name, possible[name], series, effect)
    words = [
        f"{name}: {why}",
        *(f"{each} was not possible: {note}" for each, note in refusals.items()),
        f"the days before {change.since} were forgotten: the {change.kind} changed" if change is not None else "",
        holidays,
    ]
    notes = dict.fromkeys(possible, "") | refusals | {name: why}
    return Training(fitted, "; ".join(filter(None, words)), _table(name, losses, notes))


def _table(chosen: str, losses: pd.DataFrame, notes: Mapping[str, str]) -> pd.DataFrame:
    """The comparison, a row a method: the chosen one first, then the others by their pinball loss."""
    table = summarise(losses).reindex(list(notes)).rename_axis("forecaster").reset_index()
    table["is_chosen"] = table["forecaster"] == chosen
    table["note"] = list(notes.values())
    ordered = table.sort_values(["is_chosen", "pinball"], ascending=[False, True], kind="stable", ignore_index=True)
    return ordered[list(COMPARISON_COLUMNS)]
