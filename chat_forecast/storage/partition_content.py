"""What a partition's file holds: a value as the content of a Parquet file.

Belongs here: what can be stored as a partition, and what its file says beside the rows.
Does not belong here: where files are, and reading them (:mod:`.partition_files`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from chat_forecast.domain.messages import MessageBatch
from chat_forecast.storage.message_table import MessageTable
from chat_forecast.storage.schemas import NOTES_KEY, READ_INTERVALS_KEY, Schema, StoredFileError
from chat_forecast.storage.small_tables import to_parquet


@dataclass(frozen=True)
class NotedTable:
    """A table, and what its partition says of it as a whole, also where it has no rows."""

    table: pd.DataFrame
    notes: Mapping[str, str]
    """Name -> text; empty texts are not stored."""


@dataclass(frozen=True)
class Columns:
    """A table by its columns in Arrow, which have the types of its schema: of a day, pandas would take longer over them."""

    columns: Mapping[str, pa.Array]


Value = MessageBatch | MessageTable | pd.DataFrame | NotedTable | Columns | Mapping[str, object]
"""What can be stored as a partition; a mapping is a table of one row."""


def content_of(kind: Schema, timezone: str, url: str, value: Value) -> bytes:
    """The content of the file in which a value is stored at an address, by the newest version of its schema.

    Raises:
        StoredFileError: the value lacks columns of the schema, or has others.
    """
    schema = kind.arrow(timezone)
    found: pd.DataFrame | Mapping[str, pa.Array | list[object]]
    match value:
        case MessageBatch() | MessageTable():
            found = value.messages if isinstance(value, MessageBatch) else value.columns
            # Only a forum's files are of the version that knows of topics: all others stay as they were.
            schema = kind.arrow(timezone, kind.version_for(map(str, found)))
            schema = _with_metadata(schema, READ_INTERVALS_KEY, value.read_intervals.to_json())
        case NotedTable():
            found = value.table
            notes = {name: text for name, text in value.notes.items() if text}
            schema = _with_metadata(schema, NOTES_KEY, json.dumps(notes))
        case Columns():
            found = value.columns
        case pd.DataFrame():
            found = value
        case _:
            found = {name: [of_row] for name, of_row in value.items()}
    if sorted(map(str, found)) != sorted(schema.names):
        raise StoredFileError(f"{url} was not written: expected the columns {schema.names}, found {list(found)}.")
    # Column by column: what pandas would say of itself in the metadata takes longer, and differs between its versions.
    columns = [_column(found[field.name], field.type) for field in schema]
    return to_parquet(pa.table(columns, schema=schema), kind)


def _column(values: pa.Array | pa.ChunkedArray | pd.Series | list[object], kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, pa.Array | pa.ChunkedArray) and values.type == kind:
        return values
    if isinstance(values, pd.Series):  # which Arrow would take longer to look at than what is in it
        values = values.to_numpy() if isinstance(values.dtype, np.dtype) else values.array
    return pa.array(values, kind, from_pandas=True)


def _with_metadata(schema: pa.Schema, key: bytes, text: str) -> pa.Schema:
    return schema.with_metadata({**schema.metadata, key: text.encode()})
