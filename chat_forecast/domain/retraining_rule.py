"""When a forecast was not good enough, so that the model is retrained.

Belongs here: the rules, and saying in words why one passed or failed.
Does not belong here: computing scores (:mod:`.scoring`), or acting on a verdict.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

from chat_forecast.domain.windows import SAME_HOUR_DAYS


class RuleSettings(Protocol):
    """What a chat's configuration says about its rule."""

    @property
    def rule(self) -> Literal["relative", "smape"]:
        """Which rule."""

    @property
    def window_days(self) -> int:
        """``relative``: over how many days RMSEs are compared."""

    @property
    def max_model_age_days(self) -> int:
        """``relative``: how old a model may become."""

    @property
    def smape_threshold(self) -> float:
        """``smape``: the highest sMAPE of a day that passes."""


TOLERANCE = 0.02
"""The share by which the RMSE of the same-hour mean may be exceeded: a model that is such a mean is not worse than it."""

VERDICT_COLUMNS = {"verdict_passed": "bool", "verdict_rule": "str", "verdict_reason": "str", "verdict_figures": "str"}
"""Column of a stored score -> its kind; ``verdict_figures`` is JSON."""


JUDGED_COLUMNS = (
    "day",
    "messages",
    "hours_scored",
    "trained_through",
    "model_age_days",
    "smape",
    "squared_error",
    "same_hour_hours",
    "same_hour_squared_error",
)
"""What a rule looks at of a score."""


@dataclass(frozen=True)
class Verdict:
    """Whether a day's forecast was good enough, by which rule, why, and the figures behind it."""

    passed: bool
    rule: str
    reason: str
    figures: dict[str, float | int] = field(default_factory=dict)
    """The numbers compared, and the thresholds then in force."""

    def to_row(self) -> dict[str, bool | str]:
        """The verdict as it is stored with the score: one value for each of :data:`VERDICT_COLUMNS`."""
        values = (self.passed, self.rule, self.reason, json.dumps(self.figures))
        return dict(zip(VERDICT_COLUMNS, values, strict=True))

    @classmethod
    def from_row(cls, row: "Mapping[str, Any] | pd.Series[Any]") -> "Verdict | None":
        """Read what :meth:`to_row` stored; None where the score holds no verdict, as those of version 0.1.0."""
        if pd.isna(row["verdict_passed"]):
            return None
        figures = json.loads(row["verdict_figures"])
        return cls(bool(row["verdict_passed"]), str(row["verdict_rule"]), str(row["verdict_reason"]), figures)


def evaluate_rule(scores: pd.DataFrame, settings: RuleSettings, *, withheld: str = "") -> Verdict:
    """Judge the newest of some days' scores.

    ``scores`` has one row a day and :data:`JUDGED_COLUMNS`, ascending; the last row is the day judged, and of the rows
    before it those of the last ``window_days`` calendar days are looked at.

    ``withheld`` says why the forecast for that day was withheld from people, and scored as none; empty where it was not.

    Either rule fails a day that was read and has no forecast, or one that no model made, and passes a day of which no hour
    is known. Beyond that ``relative`` fails when over the window the RMSE of the forecasts is above that of the 28-day
    same-hour mean by more than :data:`TOLERANCE`, or the model is as old as it may become; ``smape`` fails when the day's
    sMAPE is above the threshold.

    Raises:
        ValueError: there is no score.
    """
    if scores.empty:
        raise ValueError("expected the score of at least one day, found none")
    *before, today = scores[list(JUDGED_COLUMNS)].to_dict("records")
    return judge_after(before, today, settings, withheld=withheld)


Judged = Mapping[Any, Any]
"""What a rule looks at of one score: :data:`JUDGED_COLUMNS`, by name."""


def judge_after(before: Iterable[Judged], today: Judged, settings: RuleSettings, *, withheld: str = "") -> Verdict:
    """Judge the score of a day by it and those of the days ``before`` it, ascending; see :func:`evaluate_rule`."""
    if not pd.isna(today["messages"]) and not today["hours_scored"]:
        why = f"the forecast for it was {withheld}" if withheld else "there was no forecast for it"
        return Verdict(passed=False, rule=settings.rule, reason=f"{today['day']} was read, and {why}")
    if not today["hours_scored"]:
        # No fault of the forecast, and nothing to learn from: an archive that ended would be trained on again for ever.
        return Verdict(passed=True, rule=settings.rule, reason=f"nothing to score: no hour of {today['day']} was read")
    if pd.isna(today["trained_through"]):
        return Verdict(passed=False, rule=settings.rule, reason=f"the forecast for {today['day']} was made without a model")
    if settings.rule == "smape":
        return _judge_smape(today, settings.smape_threshold)
    return _judge_relative(before, today, settings)


def _judge_smape(today: Judged, threshold: float) -> Verdict:
    smape = _number(today["smape"])
    passed = smape <= threshold
    words = "not above" if passed else "above"
    figures: dict[str, float | int] = {"smape": smape, "smape_threshold": threshold}
    return Verdict(
        passed, "smape", f"sMAPE {_distinct(smape, threshold)[0]} is {words} the threshold {threshold:g}", figures
    )


def _judge_relative(before: Iterable[Judged], today: Judged, settings: RuleSettings) -> Verdict:
    """Two questions: are the forecasts worse than the simple mean, and is the model old."""
    figures: dict[str, float | int] = {
        "window_days": settings.window_days,
        "max_model_age_days": settings.max_model_age_days,
    }
    faults: list[str] = []
    praise: list[str] = []

    begin = date.fromisoformat(str(today["day"])) - timedelta(days=settings.window_days - 1)
    window = [each for each in before if each["day"] >= begin.isoformat()] + [today]
    compared, ours, simple = (
        np.array([_number(each[name]) for each in window])
        for name in ("same_hour_hours", "squared_error", "same_hour_squared_error")
    )
    is_compared = compared > 0
    hours, days_compared = int(compared[is_compared].sum()), int(is_compared.sum())
    span = f"{days_compared} scored days" if days_compared != 1 else "1 scored day"
    if hours:
        rmse = math.sqrt(float(np.nansum(ours[is_compared])) / hours)
        simple_rmse = math.sqrt(float(np.nansum(simple[is_compared])) / hours)
        figures |= {"rmse": rmse, "same_hour_rmse": simple_rmse, "days_compared": days_compared, "tolerance": TOLERANCE}
        relation = relation_to_same_hour(figures)
        is_worse = relation == "above"
        shown, theirs = _distinct(rmse, simple_rmse)
        words = f"RMSE {shown} over {span} is {RELATIONS[relation]} the {theirs} of the {SAME_HOUR_DAYS}-day same-hour mean"
        (faults if is_worse else praise).append(words)
    else:
        praise.append("nothing to compare: no hour of the window was read and forecast")

    age = today["model_age_days"]
    if pd.isna(age):
        return Verdict(not faults, settings.rule, "; ".join(faults or praise), figures)
    figures["model_age_days"] = int(age)
    is_old = int(age) >= settings.max_model_age_days
    days = "1 day" if int(age) == 1 else f"{int(age)} days"
    words = f"the model is {days} old (limit: {settings.max_model_age_days})"
    (faults if is_old else praise).append(words)
    return Verdict(not faults, settings.rule, "; ".join(faults or praise), figures)


Relation = Literal["above", "within", "not_above"]
RELATIONS: dict[Relation, str] = {"above": "above", "within": f"within {TOLERANCE:.0%} of", "not_above": "not above"}


def relation_to_same_hour(figures: Mapping[str, float | int]) -> Relation:
    """How the RMSE of a verdict's figures compares with that of the same-hour mean; only ``above`` is a fault.

    Verdicts of version 0.1.0 know no tolerance.
    """
    rmse, simple = figures["rmse"], figures["same_hour_rmse"]
    if rmse <= simple:
        return "not_above"
    return "within" if rmse <= simple * (1 + figures.get("tolerance", 0)) else "above"


def _number(value: float | None) -> float:
    """A number of a score; NaN where it is not known."""
    return math.nan if value is None or pd.isna(value) else float(value)


def _distinct(first: float, second: float) -> tuple[str, str]:
    """Two numbers with two decimals, or with as many more as tell them apart.

    >>> _distinct(1.2801, 1.2799)
    ('1.2801', '1.2799')
    """
    for decimals in range(2, 10):
        shown = f"{first:.{decimals}f}", f"{second:.{decimals}f}"
        if shown[0] != shown[1]:
            return shown
    return f"{first:.2f}", f"{second:.2f}"
