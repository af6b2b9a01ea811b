"""How the table of a day is laid out in Parquet: without what would be longer than the table.

Belongs here: what a file of a few rows holds beside them.
Does not belong here: where it is stored (:mod:`.partition_files`), and what its columns are (:mod:`.schemas`).

By default a file also holds, of each column, a dictionary of its values and statistics for those who skip parts of a large
file, and Arrow's schema beside Parquet's own. Of a day's table that would be two thirds; the text of a model stood in its
file five times.
"""

import io

import pyarrow as pa
import pyarrow.parquet as pq

from chat_forecast.storage.schemas import LOCAL_TIME, TEXT, Schema

BLOCK_BYTES = 4096
"""A file takes whole blocks of a disk. What takes a single one with Snappy is compressed by that: Zstandard needs longer to
prepare, for each column, than all else takes."""
BYTES_OF_ZSTD = 2 * BLOCK_BYTES
"""From this many bytes of a table on, its file would hardly fit in one."""
ROWS_OF_A_DICTIONARY = 100
"""In a shorter table, a dictionary of a text column is longer than what it saves; in a column of numbers it always is."""


def to_parquet(table: pa.Table, schema: Schema) -> bytes:
    """The file of a table; the same table gives the same bytes.

    Its end says how many values are known of those columns of the schema that are counted, and nothing else of any values.
    """
    if table.nbytes < BYTES_OF_ZSTD and len(content := _compressed(table, schema, "snappy")) <= BLOCK_BYTES:
        return content
    return _compressed(table, schema, "zstd")


def _compressed(table: pa.Table, schema: Schema, codec: str) -> bytes:
    types = {column.name: column.type for column in schema.columns}
    counted = [column.name for column in schema.columns if column.is_counted]
    texts = [name for name in table.column_names if types[name] == TEXT]
    has_local_times = LOCAL_TIME in types.values()
    buffer = io.BytesIO()
    with pq.ParquetWriter(
        buffer,
        table.schema,
        compression=codec,
        write_page_checksum=True,
        write_statistics=counted or False,
        use_dictionary=texts if table.num_rows >= ROWS_OF_A_DICTIONARY else False,
        store_schema=has_local_times,  # Parquet itself knows instants, but no zones
    ) as writer:
        writer.write_table(table)
        if not has_local_times:  # else Arrow's schema holds the metadata
            writer.add_key_value_metadata(table.schema.metadata)
    return buffer.getvalue()
