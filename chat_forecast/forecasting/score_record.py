"""The record that is kept of a scored day: its score, and the verdict on it.

Belongs here: scoring and judging one day as one row of a table.
Does not belong here: the score (:mod:`chat_forecast.domain.scoring`), the rule
(:mod:`chat_forecast.domain.retraining_rule`), or storing the row.
"""

from typing import NamedTuple

import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import JUDGED_COLUMNS, VERDICT_COLUMNS, RuleSettings, evaluate_rule
from chat_forecast.domain.scoring import SCORE_COLUMNS, score_day
from chat_forecast.forecasting.baselines import forecast_baselines


class ScoreInputs(NamedTuple):
    """What a day's score is made from."""

    actuals: pd.DataFrame
    """Its hourly series."""
    forecast: pd.DataFrame | None
    """Made the night before; None where there was none."""
    history: pd.DataFrame
    """The hourly series of at least 28 days before it."""
    scores: pd.DataFrame
    """Of the days before it that the rule looks at, ascending."""
    withheld: str = ""
    """Why the forecast was withheld from people; such a one is scored as none."""


def score_with_verdict(day: LocalDay, given: ScoreInputs, rule: RuleSettings) -> pd.DataFrame:
    """Score a day and judge it by a rule: one row with the columns of a score and of a verdict."""
    baselines = forecast_baselines(given.history, day.hours)
    score = score_day(given.actuals, None if given.withheld else given.forecast, baselines)
    before = given.scores[list(JUDGED_COLUMNS)]
    row = pd.DataFrame([score], columns=list(JUDGED_COLUMNS)).astype(before.dtypes)
    verdict = evaluate_rule(pd.concat([before, row], ignore_index=True), rule, withheld=given.withheld)
    return pd.DataFrame([{**score, **verdict.to_row()}], columns=[*SCORE_COLUMNS, *VERDICT_COLUMNS])
