"""The record that is kept of a training: the model itself, and how it came to be.

Belongs here: training as one row of a table.
Does not belong here: training itself (:mod:`.training`), or storing the row.
"""

import json

import pandas as pd

from chat_forecast.forecasting.training import train

RECORD_COLUMNS = (
    "trained_through", "forecaster", "why", "comparison", "model", "first_hour", "last_hour", "hours_known", "reason",
)  # fmt: skip
"""``comparison`` and ``model`` are JSON, the hours ISO 8601; ``reason``: why a retraining was asked for, or None."""


def train_record(series: pd.DataFrame, trained_through: str, country: str | None, reason: str | None) -> pd.DataFrame:
    """Train on a series (``hour``, ``messages``) that ends with the day ``trained_through``.

    Returns one row with :data:`RECORD_COLUMNS`, or none where no hour of the series is known: the first day of a backfill is
    often known in part only, and is no reason for it to fail.
    """
    known = series.dropna(subset="messages")
    if known.empty:
        return pd.DataFrame(columns=list(RECORD_COLUMNS))
    training = train(series, country)
    record = {
        "trained_through": trained_through,
        "forecaster": training.fitted.name,
        "why": training.why,
        "comparison": training.comparison.to_json(orient="records"),
        "model": json.dumps(training.fitted.to_dict()),
        "first_hour": known["hour"].iloc[0].isoformat(),
        "last_hour": known["hour"].iloc[-1].isoformat(),
        "hours_known": len(known),
        "reason": reason,
    }
    return pd.DataFrame([record], columns=list(RECORD_COLUMNS))
