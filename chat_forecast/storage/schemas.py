"""The schemas of stored files: what each column means, and since which version it is there.

Belongs here: one table of columns for every kind of file, and reading files of an older version.
Does not belong here: where files lie (:mod:`.partitions`, :mod:`.archive`), or how one is replaced (:mod:`.atomic_files`).

A file carries the name and the version of its schema. To add a column, give it the next version as ``since`` and raise
the schema's version: files of older versions are read with NA in it. To retire one, give it ``until``. A column is never
renamed and never changes its type. The page ``docs/schemas.md`` is generated from this table.
"""

from dataclasses import dataclass

import pyarrow as pa

from chat_forecast.domain.forecast_table import PROBABILITIES
from chat_forecast.errors import ChatForecastError
from chat_forecast.settings.known_values import is_same_timezone
from chat_forecast.storage.local_times import described, local_time, other_zone, zone_of_other_file

SCHEMA_KEY = b"schema"
"""In a file's metadata: ``name/version``. Files of version 1 have none."""
READ_INTERVALS_KEY = b"coverage"
"""In the metadata of files of messages: the read intervals as JSON."""
NOTES_KEY = b"notes"
"""In the metadata of a file: what it says of itself as a whole, as a JSON object of texts."""

LOCAL_TIME = "local time"
"""The type of a column of aware local times: the chat's zone is in it."""
INTEGER, FLOAT, TEXT, BOOLEAN, INSTANT = pa.int64(), pa.float64(), pa.string(), pa.bool_(), pa.timestamp("us", tz="UTC")

_RECOMPUTE = "It can be made again: move it out of the folder, then chat-forecast backfill {chat} --from {day} --to {day}"
_RESTORE = (
    "It may hold messages that no source has any more: restore it from a backup. If there is none, move it out of the "
    "folder and read what the source still has: chat-forecast backfill {chat} --from {day} --to {day}"
)


class StoredFileError(ChatForecastError):
    """A stored file is damaged or is not what its place says; the message names it and what to do."""


class OtherZoneError(StoredFileError):
    """A stored file holds local times of another zone than its chat's; the message says how the chat changes its zone."""


@dataclass(frozen=True)
class Column:
    """One column: what it holds, with its unit, and in which versions of its schema it is."""

    name: str
    type: pa.DataType | str
    meaning: str
    since: int = 1
    until: int | None = None
    """The first version without it."""
    is_counted: bool = False  # whether a file's end says how many values are known, for those who look at many files

    def is_in(self, version: int) -> bool:
        """Whether files of a version have the column."""
        return self.since <= version and (self.until is None or version < self.until)


@dataclass(frozen=True)
class Schema:
    """The columns of one kind of file, in order, at its newest version."""

    name: str
    version: int
    columns: tuple[Column, ...]
    advice: str = _RECOMPUTE
    """What to do with an unusable file; ``{chat}`` and ``{day}`` are placeholders."""
    chat: str = "CHAT"
    """The chat whose file it is, for what is said about it."""

    def arrow(self, timezone: str = "UTC", version: int | None = None) -> pa.Schema:
        """The schema in Arrow at a version, the newest by default, with its name and version in the metadata."""
        wanted = self.version if version is None else version
        fields = [
            pa.field(column.name, local_time(timezone) if column.type == LOCAL_TIME else column.type)
            for column in self.columns
            if column.is_in(wanted)
        ]
        return pa.schema(fields, {SCHEMA_KEY: f"{self.name}/{wanted}".encode()})

    def version_of(self, found: pa.Schema, url: str) -> int:
        """The version of a file's schema.

        Raises:
            StoredFileError: it is a file of another schema, or of a version that is newer than this program.
        """
        stored = (found.metadata or {}).get(SCHEMA_KEY, f"{self.name}/1".encode()).decode()
        name, _, number = stored.partition("/")
        if name != self.name or not number.isdecimal():
            raise StoredFileError(
                f"{url} is not what its place says: expected the schema {self.name}, found {stored}. {self.advice}"
            )
        if int(number) > self.version:
            raise StoredFileError(
                f"{url} was written by a newer version of chat_forecast: its schema is {stored}, and this version reads "
                f"{self.name} up to {self.version}. Install the newer version again."
            )
        return int(number)

    def expect(self, found: pa.Schema, url: str, timezone: str = "UTC") -> pa.Schema:
        """See that a file has the columns of its own version, whose schema is returned.

        Raises:
            OtherZoneError: nothing but the zone of its local times is another one, and no alias of the expected one.
            StoredFileError: it has others, is of another schema, or of a newer version.
        """
        expected = self.arrow(timezone, self.version_of(found, url))
        if found.equals(expected, check_metadata=False):
            return expected
        zone = zone_of_other_file(found, expected, timezone)
        if zone is None:
            raise StoredFileError(
                f"{url} is not what its place says: expected the columns {described(expected)}, found {described(found)}. "
                f"{self.advice}"
            )
        if not is_same_timezone(zone, timezone):
            raise OtherZoneError(other_zone(self.chat, timezone, zone, url))
        return expected

    def upgrade(self, table: pa.Table, url: str, timezone: str = "UTC") -> pa.Table:
        """Give a stored table the newest version's columns: those that it lacks hold NA, retired ones are left out.

        Raises:
            StoredFileError: as :meth:`expect`.
        """
        stored = self.expect(table.schema, url, timezone).names
        newest = self.arrow(timezone)
        columns = [
            table.column(field.name).cast(field.type) if field.name in stored else pa.nulls(len(table), field.type)
            for field in newest
        ]
        return pa.table(columns, schema=newest.with_metadata({**(table.schema.metadata or {}), **newest.metadata}))


_MESSAGES = (
    Column("message_id", INTEGER, "unique in the chat; made from time and sender where the source has none"),
    Column("sent_at", INSTANT, "when it was sent, UTC"),
    Column("sender", TEXT, "pseudonym of the sender: 16 hexadecimal digits; NA where unknown"),
)
_HOUR = Column("hour", LOCAL_TIME, "local start of the hour, in the chat's time zone")
_TRAINED_THROUGH = Column("trained_through", TEXT, "the last day whose series the model has seen")
_MODEL_VERSION = Column("model_version", INTEGER, "version of the chat's model in MLflow", until=2)

RAW_MESSAGES = Schema("raw_messages", 1, _MESSAGES)
MERGED_HISTORY = Schema("merged_history", 1, _MESSAGES, _RESTORE)
ARCHIVE = Schema(
    "archive",
    2,
    (
        *_MESSAGES,
        Column("imports", INTEGER, "which imports brought it: the place of their numbers in the ledger's `sets`", since=2),
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
        _TRAINED_THROUGH,
        Column("forecaster", TEXT, "the method's name"),
        Column("why", TEXT, "why this method was chosen, in words"),
        Column("comparison", TEXT, "JSON: the methods compared, and how each did"),
        Column("model", TEXT, "JSON: everything needed to forecast"),
        Column("first_hour", TEXT, "the first known hour trained on, ISO 8601"),
        Column("last_hour", TEXT, "the last known hour trained on, ISO 8601"),
        Column("hours_known", INTEGER, "known hours trained on"),
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
        Column("day", TEXT, "the scored day"),
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
        Column("verdict_figures", TEXT, "JSON: the numbers compared, and the thresholds then in force", since=2),
    ),
)

PARTITION_SCHEMAS = {
    schema.name: schema
    for schema in (RAW_MESSAGES, MERGED_HISTORY, HOURLY_SERIES, TRAINED_MODEL, NEXT_DAY_FORECAST, DAILY_SCORE)
}
"""Asset name -> the schema of its partitions."""
