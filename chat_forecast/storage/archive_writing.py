"""Writing an archive: its messages in row groups, of which one at a time is in memory.

Belongs here: what the rows and the metadata of the file are made of.
Does not belong here: which contents are written (:mod:`.archive`), and how files are replaced (:mod:`.atomic_files`).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from chat_forecast.domain.arrays import codes_of
from chat_forecast.large_columns import give_back
from chat_forecast.storage.archive_contents import ArchiveContents
from chat_forecast.storage.archive_ledger import LEDGER_KEY
from chat_forecast.storage.parquet_files import write_row_groups
from chat_forecast.storage.schemas import ARCHIVE, READ_INTERVALS_KEY

GROUP_ROWS = 1 << 20
"""Messages in a row group."""
RISING = ("message_id", "sent_at")


def write_contents(url: str, contents: ArchiveContents) -> None:
    """Replace the file of an archive; the same contents give the same bytes. Raises as :func:`.write_row_groups`."""
    schema = _schema(contents)
    write_row_groups(url, schema, _row_groups(contents, schema), RISING)


def _schema(contents: ArchiveContents) -> pa.Schema:
    """The schema of the file, with what was read and the ledger as metadata."""
    metadata = {
        READ_INTERVALS_KEY: contents.read_intervals.to_json().encode(),
        LEDGER_KEY: contents.ledger.to_json().encode(),
    }
    schema = ARCHIVE.arrow(version=ARCHIVE.version_for([*contents.messages.columns, "imports"]))
    return schema.with_metadata({**schema.metadata, **metadata})


def _row_groups(contents: ArchiveContents, schema: pa.Schema) -> Iterator[pa.Table]:
    """The tables to store, one after another."""
    for begin in range(0, max(len(contents.messages), 1), GROUP_ROWS):
        yield _row_group(contents, slice(begin, begin + GROUP_ROWS), schema)
        give_back()


def _row_group(contents: ArchiveContents, rows: slice, schema: pa.Schema) -> pa.Table:
    # Not pa.Table.from_pandas: it uses what pandas deprecates, and adds metadata that differ by version.
    messages = contents.messages.iloc[rows]
    columns = [
        pa.array(messages["message_id"].to_numpy()),
        pa.array(messages["sent_at"].dt.tz_convert(None).to_numpy()).cast(schema.field("sent_at").type),
        _texts(messages["sender"]),
        pa.array(np.ascontiguousarray(contents.set_codes[rows])).cast(pa.int64()),
        *([pa.array(messages["topic_id"], pa.int64())] if "topic_id" in messages.columns else []),
    ]
    return pa.table(columns, schema)


def _texts(senders: pd.Series) -> pa.Array:
    """Senders as texts; pyarrow's own cast of a categorical would make all of them twice."""
    if not isinstance(senders.dtype, pd.CategoricalDtype):
        return pa.array(senders).cast(pa.string())
    codes = codes_of(senders)
    return pa.array(senders.cat.categories, pa.string()).take(pa.array(codes, mask=codes < 0))
