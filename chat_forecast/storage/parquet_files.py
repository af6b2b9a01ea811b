"""Tables in Parquet files, each read against its schema.

Belongs here: what a file of Arrow's format needs around it, to be written whole and read by this thread alone.
Does not belong here: the columns (:mod:`.schemas`), and how a file is replaced (:mod:`.atomic_files`).
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import IO, Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from chat_forecast.storage.atomic_files import read_bytes, write_file_by
from chat_forecast.storage.schemas import SCHEMA_KEY, Column, Schema, StoredFileError

DAMAGE = (pa.ArrowException, OSError, ValueError, KeyError, TypeError, OverflowError)
"""What comes of reading a damaged file."""
SMALL_BYTES = 8 << 10
SMALL_FILES = 2048
"""So many small files are decoded and compared with their schema once, as long as their content is the same: each asset of
a run looks back on the days before, and that takes ten times as long as reading one."""
ARROW_KEY = b"ARROW:schema"
"""In a file's metadata: what of Arrow's types those of Parquet do not tell."""
_EXPECTED: dict[tuple[Any, ...], tuple[tuple[Column, ...], pq.ParquetSchema]] = {}
"""What is expected, and what a file says of itself beside its columns -> the schema's columns, so that no others get their
id, and those of a file in Parquet that was as expected. Of a thousand that are alike one is looked at closely."""


def write_parquet(url: str, table: pa.Table) -> None:
    """Replace one file by a table, as :func:`.write_file` does; raises as that."""
    write_row_groups(url, table.schema, [table])


def write_row_groups(url: str, schema: pa.Schema, tables: Iterable[pa.Table], rising: Collection[str] = ()) -> None:
    """Replace one file by tables, a row group each, of which only one has to be in memory; raises as :func:`.write_file`.

    Of columns that are ``rising``, as numbers, the steps are stored. A dictionary of numbers that are each another one takes
    34 MB to make, and is of no use.
    """
    options = {
        "use_dictionary": [name for name in schema.names if name not in rising],
        "column_encoding": dict.fromkeys(rising, "DELTA_BINARY_PACKED"),
    }

    def write(file: BinaryIO) -> None:
        with pq.ParquetWriter(file, schema, compression="zstd", write_page_checksum=True, **options) as writer:
            for table in tables:
                writer.write_table(table)
                del table  # before the next one is made

    write_file_by(url, write)


def read_parquet(url: str, schema: Schema, timezone: str = "UTC", content: bytes | None = None) -> pa.Table:
    """Read one file with the newest version's columns of its schema, in which ``timezone`` is that of local times.

    The ``content`` is given where it has been fetched already.

    Raises:
        FileNotFoundError: there is no such file.
        StoredFileError: it cannot be read, is not a Parquet file, is damaged, or is of another schema or a newer version.
    """
    with _content_of(url, schema, content) as found:
        if len(found) > SMALL_BYTES:
            return schema.upgrade(rows_of(open_parquet(found)), url, timezone)
        known = _tables_of_small(found, id(schema.columns), schema.name, schema.version, timezone)
        if not known:
            known[:] = schema.upgrade(rows_of(open_parquet(found)), url, timezone), schema.columns
        return known[0]


def open_parquet(content: bytes | IO[bytes]) -> pq.ParquetFile:
    """Open the content of a Parquet file for :func:`rows_of`, so that no thread of Arrow's is left with it.

    Such a thread may still hold the content when the interpreter ends, and giving it back then aborts the process: what the
    command did stands, and its exit code says that it failed.
    """
    source = pa.BufferReader(content) if isinstance(content, bytes) else content
    return pq.ParquetFile(source, pre_buffer=False, page_checksum_verification=True)


def rows_of(file: pq.ParquetFile, columns: list[str] | None = None) -> pa.Table:
    """The rows of a file that :func:`open_parquet` opened, decoded in this thread; raises as :func:`sound`."""
    return sound(file.read(columns, use_threads=False))


def sound(rows: pa.Table) -> pa.Table:
    """Rows that were read, without what pandas wrote of itself, as in files of version 0.1.0: damaged, it would mislead.

    Raises:
        ArrowInvalid: a text is none, which Arrow else finds out wherever it is used, or stores on.
    """
    rows.validate(full=True)
    return rows.replace_schema_metadata(
        {key: text for key, text in (rows.schema.metadata or {}).items() if key != b"pandas"}
    )


def without_empty_topics(table: pa.Table) -> pa.Table:
    """A table of messages without the column of topics, if none is known."""
    if "topic_id" in table.column_names and table.column("topic_id").null_count == len(table):
        return table.drop_columns("topic_id")
    return table


def read_footer(url: str, schema: Schema, timezone: str = "UTC") -> pq.FileMetaData:
    """What the end of a file says of its columns and rows; the rows themselves are not decoded.

    Raises:
        FileNotFoundError: there is no such file.
        StoredFileError: as :func:`read_parquet`, as far as it can be told.
    """
    with _content_of(url, schema) as content:
        file = open_parquet(content)
        schema.expect(file.schema_arrow, url, timezone)
        return file.metadata


def footer_at_hand(path: str, schema: Schema, timezone: str = "UTC") -> pq.FileMetaData | None:
    """As :func:`read_footer` of a file on the local disk, in less than half of the time: only its end is read.

    None where anything is wrong with the file: of that :func:`read_footer` tells.
    """
    with suppress(*DAMAGE, StoredFileError), pa.OSFile(path) as source:
        file = _FileAlone(source, pre_buffer=False)
        footer = file.metadata
        notes = footer.metadata or {}
        kind = (id(schema.columns), schema.name, schema.version, timezone, *map(notes.get, (ARROW_KEY, SCHEMA_KEY)))
        _, usual = _EXPECTED.get(kind, (None, None))
        if usual is None or not usual.equals(footer.schema):
            schema.expect(file.schema_arrow, path, timezone)
            _EXPECTED[kind] = schema.columns, footer.schema
        return footer
    return None


class _FileAlone(pq.ParquetFile):  # type: ignore[misc]  # pyarrow has no annotations
    """A file of which no columns are read: where each of them lies, by its name, need not be found."""

    def _build_nested_paths(self) -> dict[str, list[int]]:
        return {}


@contextmanager
def _content_of(url: str, schema: Schema, content: bytes | None = None) -> Iterator[bytes]:
    """The content of a file, or what was fetched of it; what goes wrong with it in the block is said of the file."""
    try:
        content = read_bytes(url) if content is None else content
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StoredFileError(f"{url} cannot be read ({error.strerror or error}). {schema.advice}") from error
    try:
        yield content
    except DAMAGE as error:
        raise StoredFileError(f"{url} is damaged: it is not a readable Parquet file ({error}). {schema.advice}") from error


@lru_cache(SMALL_FILES)
def _tables_of_small(_content: bytes, *_kind: str | int) -> list[Any]:
    """What some content is by a kind of schema: nothing, until it is known; the table, and the columns that have that id."""
    return []
