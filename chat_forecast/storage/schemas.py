"""The schemas of stored files: what each column means, and since which version it is there.

Belongs here: one table of columns for every kind of file.
Does not belong here: what is done with a schema (:mod:`.schema`), and where files lie (:mod:`.partitions`, :mod:`.archive`).

A file carries the name and the version of its schema. To add a column, give it the next version as ``since`` and raise
the schema's version: files of older versions are read with NA in it. To retire one, give it ``until``. A column is never
renamed and never changes its type. The page ``docs/schemas.md`` is generated from this table.
"""

import json
from dataclasses import replace
from datetime import date, datetime

from chat_forecast.domain.forecast_table import PROBABILITIES
from chat_forecast.storage.schema import (
    BOOLEAN,
    FLOAT,
    INSTANT,
    INTEGER,
    LOCAL_TIME,
    NOTES_KEY,
    READ_INTERVALS_KEY,
    RESTORE,
    SCHEMA_KEY,
    TEXT,
    Column,
    OtherZoneError,
    Schema,
    StoredFileError,
)

__all__ = [
    "ARCHIVE", "DAILY_SCORE", "HOURLY_SERIES", "LOCAL_TIME", "MERGED_HISTORY", "NEXT_DAY_FORECAST", "NOTES_KEY",
    "PARTITION_SCHEMAS", "RAW_MESSAGES", "READ_INTERVALS_KEY", "SCHEMA_KEY", "TEXT", "TRAINED_MODEL", "Column",
    "OtherZoneError", "Schema", "StoredFileError",
]  # fmt: skip

_MESSAGES = (
    Column("message_id", INTEGER, "unique in the chat; made from time and sender where the source has none", is_known=True),
    Column("sent_at", INSTANT, "when it was sent, UTC", is_known=True),
    Column("sender", TEXT, "pseudonym of the sender: 16 hexadecimal digits; NA where unknown"),
)
_HOUR = Column("hour", LOCAL_TIME, "local start of the hour, in the chat's time zone", is_known=True)
_TRAINED_THROUGH = Column("trained_through", TEXT, "the last day whose series the model has seen", parse=date.fromisoformat)
_MODEL_VERSION = Column("model_version", INTEGER, "version of the chat's model in MLflow", until=2)

_TOPIC = "where its replies end: the topic's id, 1 for General, 0 where nobody knows. Only files of a forum have it"

RAW_MESSAGES = Schema("raw_messages", 2, (*_MESSAGES, Column("topic_id", INTEGER, _TOPIC, since=2)))
MERGED_HISTORY = Schema("merged_history", 2, (*_MESSAGES, Column("topic_id", INTEGER, _TOPIC, since=2)), RESTORE)
ARCHIVE = Schema(
    "archive",
    3,
    (
        *_MESSAGES,
        Column("imports", INTEGER, "which imports brought it: the place of their numbers in the ledger's `sets`", since=2),
        Column("topic_id", INTEGER, _TOPIC, since=3),
    ),
    "Restore it from a backup, or move it away and import the files again: chat-forecast import CHAT FILE",
)

HOURLY_SERIES = Schema(
    "hourly_series",
    1,
    (
        _HOUR,
        Column("messages", INTEGER, "messages of the hour; 0 in a quiet hour, NA in a missing one", is_counted=True),
        Column("senders", INTEGER, "distinct senders of the hour; likewise"),
    ),
)

TRAINED_MODEL = Schema(
    "trained_model",
    2,
    (
        replace(_TRAINED_THROUGH, is_known=True),
        Column("forecaster", TEXT, "the method's name", is_known=True),
        Column("why", TEXT, "why this method was chosen, in words"),
        Column("comparison", TEXT, "JSON: the methods compared, and how each did", is_known=True, parse=json.loads),
        Column("model", TEXT, "JSON: everything needed to forecast", is_known=True, parse=json.loads),
        Column("first_hour", TEXT, "the first known hour trained on, ISO 8601", parse=datetime.fromisoformat),
        Column("last_hour", TEXT, "the last known hour trained on, ISO 8601", parse=datetime.fromisoformat),
        Column("hours_known", INTEGER, "known hours trained on", is_known=True),
        Column("mlflow_run", TEXT, "the training's run in MLflow", until=2),
        _MODEL_VERSION,
        Column("reason", TEXT, "why the model was trained: the verdict's reason, or NA if somebody asked for it", since=2),
    ),
)

NEXT_DAY_FORECAST = Schema(
    "next_day_forecast",
    2,
    (
        _HOUR,
        Column("expected", FLOAT, "mean of the predictive distribution, messages in the hour"),
        Column("median", FLOAT, "its median, messages in the hour"),
        Column("smape_point", FLOAT, "the point that minimises the expected sMAPE, messages in the hour"),
        *(
            Column(name, FLOAT, f"its {probability:.0%} quantile, messages in the hour")
            for name, probability in PROBABILITIES.items()
            if name != "median"
        ),
        Column("forecaster", TEXT, "the method's name"),
        _TRAINED_THROUGH,
        _MODEL_VERSION,
    ),
)

DAILY_SCORE = Schema(
    "daily_score",
    2,
    (
        Column("day", TEXT, "the scored day", is_known=True, parse=date.fromisoformat),
        Column("forecaster", TEXT, "the method that forecast it"),
        _TRAINED_THROUGH,
        _MODEL_VERSION,
        Column("model_age_days", INTEGER, "days from the day trained through to the scored day"),
        Column("hours_scored", INTEGER, "hours both known and forecast"),
        Column("hours_missing", INTEGER, "hours never read"),
        Column("messages", INTEGER, "messages of all known hours"),
        Column("expected_total", FLOAT, "messages expected in the hours scored", is_counted=True),
        Column("total_error", FLOAT, "(expected − actual) ÷ actual of the hours scored together"),
        Column("smape", FLOAT, "sMAPE of `smape_point`, 0 to 2"),
        Column("rmse", FLOAT, "RMSE of `expected`, messages an hour"),
        Column("mae", FLOAT, "MAE of `median`, messages an hour"),
        Column("pinball", FLOAT, "mean pinball loss of seven quantiles, messages an hour"),
        Column("deviance", FLOAT, "mean Poisson deviance of `expected`"),
        Column("coverage_80", FLOAT, "share of the hours inside `q10` to `q90`"),
        Column("unusual_hours", INTEGER, "hours outside `q01` to `q99`"),
        Column("squared_error", FLOAT, "sum of squared errors of `expected` over the hours scored"),
        Column("seasonal_naive_hours", INTEGER, "hours scored whose count 168 hours before is known"),
        Column("seasonal_naive_rmse", FLOAT, "RMSE of that count on these hours, messages an hour"),
        Column("seasonal_naive_mae", FLOAT, "its MAE, messages an hour"),
        Column("seasonal_naive_smape", FLOAT, "its sMAPE, 0 to 2"),
        Column("skill", FLOAT, "1 − RMSE ÷ `seasonal_naive_rmse`, on these hours"),
        Column("same_hour_hours", INTEGER, "hours scored that have a 28-day same-hour forecast: all or none"),
        Column("same_hour_rmse", FLOAT, "RMSE of the 28-day same-hour mean, messages an hour"),
        Column("same_hour_pinball", FLOAT, "mean pinball loss of its quantiles, messages an hour"),
        Column("same_hour_squared_error", FLOAT, "sum of its squared errors over the hours scored"),
        Column("skill_to_same_hour", FLOAT, "1 − RMSE ÷ `same_hour_rmse`"),
        Column("verdict_passed", BOOLEAN, "whether the score was good enough, by the rule then in force", since=2),
        Column("verdict_rule", TEXT, "that rule: `relative` or `smape`", since=2),
        Column("verdict_reason", TEXT, "why it passed or failed, in words", since=2),
        Column(
            "verdict_figures",
            TEXT,
            "JSON: the numbers compared, and the thresholds then in force",
            since=2,
            parse=json.loads,
        ),
    ),
)

PARTITION_SCHEMAS = {
    schema.name: schema
    for schema in (RAW_MESSAGES, MERGED_HISTORY, HOURLY_SERIES, TRAINED_MODEL, NEXT_DAY_FORECAST, DAILY_SCORE)
}
"""Asset name -> the schema of its partitions."""
