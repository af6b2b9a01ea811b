"""Choosing a method for a chat and training it.

Belongs here: which methods there are, which one a series is given, and bringing a trained one back.
Does not belong here: the methods themselves, storing models.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from chat_forecast.core.forecasters.base import FittedForecaster, FittingFailed, Forecaster, NotEnoughHistory
from chat_forecast.core.forecasters.levelled import LevelledProphet
from chat_forecast.core.forecasters.same_hour import SameHour

FORECASTERS: dict[str, Forecaster] = {method.name: method for method in (LevelledProphet(), SameHour())}
"""Every method by its name, the first choice first."""


@dataclass(frozen=True)
class Training:
    """A trained model, and the record of how it was chosen."""

    fitted: FittedForecaster
    why: str
    """Which method was chosen and why, in words."""
    comparison: pd.DataFrame
    """What was tried, the first choice first: ``forecaster``, ``is_chosen``, ``note``."""


def train(series: pd.DataFrame) -> Training:
    """Choose a method for a series and train it.

    ``series`` has ``hour`` (aware, local, ascending) and ``messages`` (``Int64``, ``NA`` where never read): about 180
    days that end with the day the model is trained through. The same series gives the same model.

    Raises:
        NotEnoughHistory: no hour of the series is known.
    """
    notes: dict[str, str] = {}
    for name, method in FORECASTERS.items():
        try:
            fitted = method.fit(series)
        except (NotEnoughHistory, FittingFailed) as refusal:
            notes[name] = str(refusal)
            continue
        notes[name] = "chosen"
        comparison = pd.DataFrame(
            {"forecaster": list(notes), "is_chosen": [each == name for each in notes], "note": list(notes.values())}
        )
        refused = "; ".join(f"{each} was not possible: {note}" for each, note in notes.items() if each != name)
        return Training(fitted, f"{name}: {refused or 'the first choice'}", comparison)
    raise NotEnoughHistory(f"none of the {len(series)} hours of the series is known, expected at least one")


def load(stored: Mapping[str, Any]) -> FittedForecaster:
    """Bring back a trained model from what its ``to_dict`` gave, through JSON too; its forecasts are the same.

    Raises:
        ValueError: it was made by a method that is not known here.
    """
    name = stored.get("name")
    if name not in FORECASTERS:
        raise ValueError(f"expected a model of one of {', '.join(FORECASTERS)}, found {name!r}")
    return FORECASTERS[name].load(stored)
