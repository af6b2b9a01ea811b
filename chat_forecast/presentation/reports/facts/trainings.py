"""The trainings of a chat's model: when, why, what changed, what it brought.

Belongs here: reading the records of trainings beside the scores and verdicts of the days around them.
Does not belong here: judging a score again: why a model was trained is stored with it, and the verdict with the score.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import to_floats
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.retraining_rule import VERDICT_COLUMNS, Verdict
from chat_forecast.domain.scoring import pooled_skill
from chat_forecast.storage.partitions import ChatStorage

COMPARED_DAYS = 7
"""This many days before and after a training show what it brought."""
COMPARED_COLUMNS = ["seasonal_naive_hours", "seasonal_naive_rmse", "skill", "hours_scored", "squared_error"]
"""What :func:`.pooled_skill` looks at."""


@dataclass(frozen=True)
class TrainingNote:
    """One training of the model."""

    through: date
    method: str
    method_before: str | None
    """None for the first training."""
    hours_known: int
    candidates: tuple[tuple[str, float], ...]
    """The methods compared, with their pinball loss, the chosen one first."""
    reason: str | None
    """Why the model was trained, as stored with it in English; None where no verdict asked for it, or none is stored."""
    verdict: Verdict | None
    """The verdict stored with the score of the day trained through; None where none is stored."""
    skill_before: float | None
    skill_after: float | None
    days_after: int
    """Scored days among the 7 after the training."""


def read_trainings(
    storage: ChatStorage, trained: Sequence[LocalDay], count: int, scores: pd.DataFrame
) -> list[TrainingNote]:
    """The newest trainings, newest first.

    ``trained`` are the days through which a model was trained, ascending; ``scores`` are those of the days around the
    newest ``count`` of them.
    """
    shown = trained[-count:]
    if not shown:
        return []
    first = trained[-count - 1] if len(trained) > count else shown[0]
    records = storage.frames("trained_model", first, shown[-1]).to_dict("records")
    befores = [None, *records[:-1]]
    days = np.array(scores["day"], dtype="datetime64[D]")
    compared = pd.DataFrame({name: to_floats(scores[name]) for name in COMPARED_COLUMNS})
    verdicts = dict(zip(scores["day"], scores[list(VERDICT_COLUMNS)].to_dict("records"), strict=True))
    notes = [_note(record, before, days, compared, verdicts) for record, before in zip(records, befores, strict=True)]
    return notes[::-1][: len(shown)]


def _note(
    record: Mapping[Any, Any],
    before: Mapping[Any, Any] | None,
    days: npt.NDArray[np.datetime64],
    compared: pd.DataFrame,
    verdicts: Mapping[str, Mapping[Any, Any]],
) -> TrainingNote:
    """A training beside the scores of ``days``, and the verdicts by the days' keys."""
    through = date.fromisoformat(str(record["trained_through"]))
    days_later = (days - np.datetime64(through)).astype(int)
    earlier = compared[(days_later > -COMPARED_DAYS) & (days_later <= 0)]
    later = compared[(days_later > 0) & (days_later <= COMPARED_DAYS)]
    own = verdicts.get(through.isoformat())
    return TrainingNote(
        through=through,
        method=str(record["forecaster"]),
        method_before=None if before is None else str(before["forecaster"]),
        hours_known=int(record["hours_known"]),
        candidates=_candidates(str(record["comparison"])),
        reason=None if pd.isna(record["reason"]) else str(record["reason"]),
        verdict=None if own is None else Verdict.from_row({str(name): value for name, value in own.items()}),
        skill_before=pooled_skill(earlier),
        skill_after=pooled_skill(later),
        days_after=int((later["hours_scored"] > 0).sum()),
    )


def _candidates(comparison: str) -> tuple[tuple[str, float], ...]:
    """The compared methods whose pinball loss is known, the chosen one first."""
    rows = [row for row in json.loads(comparison) if row.get("pinball") is not None]
    rows.sort(key=lambda row: (not row.get("is_chosen"), row["pinball"]))
    return tuple((str(row["forecaster"]), float(row["pinball"])) for row in rows)
