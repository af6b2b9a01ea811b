"""Parquet tables of messages.

Belongs here: reading the columns of a file that may be damaged, or made to fill the memory.
Does not belong here: which columns they are (:mod:`.columns`), what they hold (:mod:`.row_batches`).
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from chat_forecast.sources.exports.base import BATCH_ROWS, Progress, RefusedFileError, Tally
from chat_forecast.sources.exports.columns import COLUMN_NAMES, SNIFFED_ROWS, TIME_NAMES, find_columns
from chat_forecast.sources.exports.instants import InstantReader
from chat_forecast.sources.exports.row_batches import RowBatches

_OURS = [*TIME_NAMES, *(name for names in COLUMN_NAMES.values() for name in names)]
_BYTES_AT_ONCE = 16 << 20
_LONGEST_TEXT = 1 << 14
_MOST_ROWS_A_BYTE = 64

_WHOLE_NUMBERS = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.uint64(): pd.UInt64Dtype()}
"""Types that stay whole numbers in pandas although values are missing."""


def read_parquet_messages(path: Path, *, timezone: str | None, tally: Tally, progress: Progress) -> Iterator[pd.DataFrame]:
    """Read the rows of a Parquet file as batches (see :func:`.base.make_batch`), in the file's order.

    Raises:
        RefusedFileError: it is damaged, columns are missing or could be several, or values are no times or ids.
    """
    size = path.stat().st_size
    with ExitStack() as opened:
        with _readable(path):
            metadata = pq.read_metadata(path)
            _expect_not_inflated(path, metadata)
            as_dictionary = [name for name in _texts(metadata) if name.strip().casefold() in _OURS]
            file = opened.enter_context(pq.ParquetFile(path, page_checksum_verification=True, read_dictionary=as_dictionary))
            names = file.schema_arrow.names

        def frames(wanted: Sequence[str]) -> Iterator[pd.DataFrame]:
            batches = iter(file.iter_batches(_rows_of_parquet(file.metadata), columns=list(wanted)))
            while True:
                with _readable(path):
                    batch = next(batches, None)
                    if batch is None:
                        return
                    table = _plain(path, pa.Table.from_batches([batch]))
                    table.validate(full=True)  # a text may be none, which Arrow else finds out where it is used
                    frame = table.replace_schema_metadata().to_pandas(types_mapper=_WHOLE_NUMBERS.get)
                yield frame

        def sniff(wanted: list[str]) -> pd.DataFrame:
            return next((frame.head(SNIFFED_ROWS) for frame in islice(frames(wanted), 1)), pd.DataFrame(columns=wanted))

        columns = find_columns(path, names, sniff, is_header=True)

        def whole_column() -> Iterator["pd.Series"]:
            return (frame[columns["sent_at"]] for frame in frames([columns["sent_at"]]))

        rows, done = RowBatches(path, InstantReader(path, timezone, tally, whole_column)), 0
        for frame in frames(list(columns.values())):
            yield rows.batch({ours: frame[theirs] for ours, theirs in columns.items()})
            done += len(frame)
            progress(size * done // file.metadata.num_rows)
        rows.expect_times_of_day()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Whatever a damaged or foreign Parquet file leads pyarrow to raise is said as such."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError) as error:
        raise RefusedFileError(path, f"it is damaged: no readable Parquet file ({error}). Make or copy it again.") from None


def _expect_not_inflated(path: Path, metadata: pq.FileMetaData) -> None:
    """Messages, each with a time of its own, cannot be packed into next to nothing."""
    if metadata.num_rows > _MOST_ROWS_A_BYTE * path.stat().st_size:
        raise RefusedFileError(path, f"it holds {metadata.num_rows} rows in a few bytes: those are no messages.")


def _texts(metadata: pq.FileMetaData) -> list[str]:
    """The columns of texts: read as dictionaries, a text that is there a million times takes its place once."""
    columns = (metadata.schema.column(number) for number in range(metadata.num_columns))
    return [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]


def _rows_of_parquet(metadata: pq.FileMetaData) -> int:
    """How many rows are held at the same time, by the length of those of each group."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    longest = max((group.total_byte_size // max(1, group.num_rows) for group in groups), default=1)
    return max(1, min(BATCH_ROWS, _BYTES_AT_ONCE // max(1, longest)))


def _plain(path: Path, table: pa.Table) -> pa.Table:
    """The same values without dictionaries, and every text as the one type of text."""
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_dictionary(column.type):
            if any(_longest(chunk.dictionary) > _LONGEST_TEXT for chunk in column.chunks):
                raise RefusedFileError(path, f"its column {name} has a text longer than {_LONGEST_TEXT} bytes.")
            column = column.cast(column.type.value_type)
        if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
            column = column.cast(pa.string())
        columns.append(column)
    return pa.table(columns, names=table.column_names)


def _longest(values: pa.Array) -> int:
    is_text = pa.types.is_string(values.type) or pa.types.is_large_string(values.type) or pa.types.is_binary(values.type)
    return pc.max(pc.binary_length(values)).as_py() or 0 if is_text else 0
