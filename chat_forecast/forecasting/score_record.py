"""The record that is kept of a scored day: its score, and the verdict on it.

Belongs here: scoring and judging one day as one row of a table.
Does not belong here: the score (:mod:`chat_forecast.domain.scoring`), the rule
(:mod:`chat_forecast.domain.retraining_rule`), or storing the row.
"""

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import Judged, RuleSettings, Verdict, judge_after
from chat_forecast.domain.scoring import Score, score_day
from chat_forecast.forecasting.baselines import forecast_baselines

Row = dict[str, object]
"""The values of a row, by column."""


class ScoreInputs(NamedTuple):
    """What a day's score is made from."""

    actuals: pd.DataFrame
    """Its hourly series."""
    forecast: pd.DataFrame | None
    """Made the night before; None where there was none."""
    history: pd.DataFrame
    """The hourly series of at least 28 days before it."""
    withheld: str = ""
    """Why the forecast was withheld from people; such a one is scored as none."""


def score(day: LocalDay, given: ScoreInputs) -> Score:
    """Score a day."""
    baselines = forecast_baselines(given.history, day.hours)
    return score_day(given.actuals, None if given.withheld else given.forecast, baselines)


def judge_score(score: Score, before: Iterable[Judged], rule: RuleSettings, withheld: str = "") -> tuple[Row, Verdict]:
    """Judge the score of a day by a rule: a row with the columns of a score and of a verdict, and the verdict.

    ``before`` are the scores of the days before it that the rule looks at, ascending.
    """
    verdict = judge_after(before, score, rule, withheld=withheld)
    return {**score, **verdict.to_row()}, verdict
