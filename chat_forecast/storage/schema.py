"""What a schema of stored files is: columns by version, and seeing that a file has them.

Belongs here: reading files of an older version, and refusing those that are damaged or foreign.
Does not belong here: the columns of any one kind of file (:mod:`.schemas`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pyarrow as pa

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

RECOMPUTE = "It can be made again: move it out of the folder, then chat-forecast backfill {chat} --from {day} --to {day}"
RESTORE = (
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
    is_known: bool = False
    """Whether every row has a value."""
    parse: Callable[[str], object] | None = None
    """What reads its texts; ValueError where one is none of them."""

    def is_in(self, version: int) -> bool:
        """Whether files of a version have the column."""
        return self.since <= version and (self.until is None or version < self.until)


_MADE: dict[tuple[int, str, str, int], tuple[tuple[Column, ...], pa.Schema]] = {}
"""Arrow's schemas that were made once: years of a chat ask for the same ones thousands of times. The columns are kept with
them, so that no others get their id."""


@dataclass(frozen=True)
class Schema:
    """The columns of one kind of file, in order, at its newest version."""

    name: str
    version: int
    columns: tuple[Column, ...]
    advice: str = RECOMPUTE
    """What to do with an unusable file; ``{chat}`` and ``{day}`` are placeholders."""
    chat: str = "CHAT"
    """The chat whose file it is, for what is said about it."""

    def arrow(self, timezone: str = "UTC", version: int | None = None) -> pa.Schema:
        """The schema in Arrow at a version, the newest by default, with its name and version in the metadata."""
        wanted = self.version if version is None else version
        place = (id(self.columns), self.name, timezone, wanted)
        if place not in _MADE:
            fields = [
                pa.field(column.name, local_time(timezone) if column.type == LOCAL_TIME else column.type)
                for column in self.columns
                if column.is_in(wanted)
            ]
            _MADE[place] = self.columns, pa.schema(fields, {SCHEMA_KEY: f"{self.name}/{wanted}".encode()})
        return _MADE[place][1]

    def version_for(self, names: Iterable[str]) -> int:
        """The oldest version that has just these columns; the newest if none has."""
        wanted = set(names)
        versions = range(1, self.version)
        has = ({column.name for column in self.columns if column.is_in(version)} for version in versions)
        return next((version for version, found in zip(versions, has, strict=True) if found == wanted), self.version)

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
        self._expect_values(table, url)
        newest = newest.with_metadata({**(table.schema.metadata or {}), **newest.metadata})
        if table.schema.equals(newest, check_metadata=False):
            return pa.table(table.columns, schema=newest)
        columns = [
            table.column(field.name).cast(field.type) if field.name in stored else pa.nulls(len(table), field.type)
            for field in newest
        ]
        return pa.table(columns, schema=newest)

    def _expect_values(self, table: pa.Table, url: str) -> None:
        """See that the values are such as this program stores."""
        names = table.column_names
        for column in self.columns:
            if not (column.is_known or column.parse) or column.name not in names:
                continue
            values, parse = table.column(column.name), column.parse
            if column.is_known and values.null_count:
                raise StoredFileError(f"{url} is damaged: a row of it has no {column.name}. {self.advice}")
            for text in values.drop_null().to_pylist() if parse else ():
                try:
                    parse(text)  # type: ignore[misc]  # there are texts only where there is a parser
                except (ValueError, RecursionError) as error:
                    raise StoredFileError(
                        f"{url} is damaged: its {column.name} cannot be read ({error}). {self.advice}"
                    ) from error
