"""Tables of messages: CSV (comma, semicolon, tab or bar), Parquet, and the tab-separated file of the original pipeline.

Belongs here: reading ids and senders from what the columns hold.
Does not belong here: which columns they are (:mod:`.columns`), what a time means (:mod:`.instants`), and other formats.
"""

import csv
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from chat_forecast.domain.deduplication import LOWEST_REAL_ID
from chat_forecast.sources.exports.base import BATCH_ROWS, Progress, RefusedFileError, Tally, make_batch, whole_numbers
from chat_forecast.sources.exports.columns import find_columns, header, is_header_line
from chat_forecast.sources.exports.instants import InstantReader

SNIFFED_ROWS = 200
_TIME = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4},?[ T]\d{1,2}:\d{2}"
_LONGEST_HEADER = 1 << 16
_NO_ID = "has a message_id that is no whole number of 64 bits"

_WHOLE_NUMBERS = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.uint64(): pd.UInt64Dtype()}
"""Types that stay whole numbers in pandas although values are missing."""

_CSV_OPTIONS = {
    "dtype": "str",
    "encoding": "utf-8-sig",
    "encoding_errors": "replace",
    "index_col": False,  # a separator too many does not move the columns
    "keep_default_na": False,
    "na_values": ["", "NA", "NaN", "nan", "None", "null", "<NA>"],
}


def read_csv(path: Path, *, timezone: str | None, tally: Tally, progress: Progress) -> Iterator[pd.DataFrame]:
    """Read the rows of a text file as batches (see :func:`.base.make_batch`), in order. Its header shows the separator.

    A header that is repeated among the rows, as where files were joined, is passed over and counted as unsupported.

    Raises:
        RefusedFileError: columns are missing or could be several, or values are no times or ids.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as text:
        lines = (line for line in iter(partial(text.readline, _LONGEST_HEADER), "") if line.strip())
        first, second = next(lines, ""), next(lines, "")
    options: dict[str, Any] = {**_CSV_OPTIONS}
    if first.startswith("sep="):  # Excel's own line, before the header
        first, options["skiprows"] = second, 1
    separator, names = header(first, second)
    options["sep"] = separator

    def sniff(wanted: list[str]) -> pd.DataFrame:
        head: pd.DataFrame = pd.read_csv(path, usecols=wanted, nrows=SNIFFED_ROWS, **options)
        return head

    columns = find_columns(path, names, sniff, is_header=is_header_line(names, second, separator))
    if _has_quotes(path) and _is_unquoted(path, options, place=names.index(columns["sent_at"])):
        options["quoting"] = csv.QUOTE_NONE

    def whole_column() -> Iterator[pd.Series]:
        with pd.read_csv(path, usecols=[columns["sent_at"]], chunksize=BATCH_ROWS, **options) as chunks:
            for chunk in chunks:
                yield chunk[columns["sent_at"]]

    rows = _Rows(path, InstantReader(path, timezone, tally, whole_column))
    with path.open("rb") as file:
        try:
            with pd.read_csv(file, usecols=list(columns.values()), chunksize=BATCH_ROWS, **options) as chunks:
                for chunk in chunks:
                    is_header = chunk[columns["sent_at"]] == columns["sent_at"]
                    tally.unsupported += int(is_header.sum())
                    yield rows.batch({ours: chunk.loc[~is_header, theirs] for ours, theirs in columns.items()})
                    progress(file.tell())
        except pd.errors.ParserError as error:
            raise RefusedFileError(path, f"its rows do not have the columns of its header ({error}).") from None
    rows.expect_times_of_day()


def read_parquet_messages(path: Path, *, timezone: str | None, tally: Tally, progress: Progress) -> Iterator[pd.DataFrame]:
    """Read the rows of a Parquet file as batches (see :func:`.base.make_batch`), in the file's order.

    Raises:
        RefusedFileError: it is damaged, columns are missing or could be several, or values are no times or ids.
    """
    size = path.stat().st_size
    try:
        with pq.ParquetFile(path) as file:

            def frames(wanted: Sequence[str]) -> Iterator[pd.DataFrame]:
                for batch in file.iter_batches(BATCH_ROWS, columns=list(wanted)):
                    yield _plain(pa.Table.from_batches([batch])).to_pandas(types_mapper=_WHOLE_NUMBERS.get)

            def sniff(wanted: list[str]) -> pd.DataFrame:
                return next((frame.head(SNIFFED_ROWS) for frame in islice(frames(wanted), 1)), pd.DataFrame(columns=wanted))

            columns = find_columns(path, file.schema_arrow.names, sniff, is_header=True)

            def whole_column() -> Iterator["pd.Series"]:
                return (frame[columns["sent_at"]] for frame in frames([columns["sent_at"]]))

            rows, done = _Rows(path, InstantReader(path, timezone, tally, whole_column)), 0
            for frame in frames(list(columns.values())):
                yield rows.batch({ours: frame[theirs] for ours, theirs in columns.items()})
                done += len(frame)
                progress(size * done // file.metadata.num_rows)
            rows.expect_times_of_day()
    except (pa.ArrowException, OSError) as error:
        raise RefusedFileError(path, f"it is damaged: no readable Parquet file ({error}). Make or copy it again.") from None


class _Rows:
    """Turns columns as found in one file into batches, chunk by chunk."""

    def __init__(self, path: Path, instants: InstantReader) -> None:
        self._path, self._instants, self._done = path, instants, 0
        self.expect_times_of_day = instants.expect_times_of_day

    def batch(self, columns: dict[str, pd.Series]) -> pd.DataFrame:
        """One chunk: ``sent_at`` and perhaps ``message_id`` and ``sender``."""
        sent_at = self._instants.read(columns["sent_at"].reset_index(drop=True), self._refuse_where)
        count = len(sent_at)
        unknown = pd.Series([None] * count, dtype="Int64")
        ids = self._ids(columns["message_id"].reset_index(drop=True)) if "message_id" in columns else unknown
        senders = self._senders(columns["sender"]) if "sender" in columns else [None] * count
        self._done += count
        return make_batch(ids, sent_at, senders)

    def _ids(self, found: pd.Series) -> pd.Series:
        text = found.astype("str").str.strip().str.removesuffix(".0")
        self._refuse_where(found.notna() & ~text.str.fullmatch(r"-?\d{1,18}|[1-8]\d{18}"), _NO_ID)
        ids = whole_numbers(_or_none(text.where(found.notna())))
        self._refuse_where(ids.lt(LOWEST_REAL_ID).fillna(value=False), "has a message_id too low for a real one")
        return ids

    def _senders(self, found: pd.Series) -> list[str | int | None]:
        """Senders as found; numbers that pandas holds as floats, because others are missing, as whole ones."""
        if pd.api.types.is_float_dtype(found.dtype):
            found = found.astype("Int64")
        kind = pd.api.types.infer_dtype(found, skipna=True)
        if kind not in ("string", "integer", "empty"):
            raise RefusedFileError(self._path, f"its senders are {kind}; expected text or whole numbers.")
        return _or_none(found)

    def _refuse_where(self, is_wrong: pd.Series, fault: str) -> None:
        if is_wrong.any():
            row = self._done + int(is_wrong.index[is_wrong.to_numpy()][0]) + 1
            raise RefusedFileError(self._path, f"row {row} {fault}. Nothing was imported; correct the file.")


def _or_none(found: pd.Series) -> list[Any]:
    return [None if is_unknown else each for each, is_unknown in zip(found, found.isna(), strict=True)]


def _plain(table: pa.Table) -> pa.Table:
    """The same values without dictionaries, and every text as the one type of text."""
    columns = []
    for column in table.columns:
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
            column = column.cast(pa.string())
        columns.append(column)
    return pa.table(columns, names=table.column_names)


def _has_quotes(path: Path) -> bool:
    with path.open("rb") as file:
        return any(b'"' in piece for piece in iter(lambda: file.read(1 << 20), b""))


def _is_unquoted(path: Path, options: dict[str, Any], place: int) -> bool:
    """Whether quotes in the file are part of the text instead of around it.

    Read as quoted, such a file would lose rows: one quote at the beginning of a text would swallow all up to the next.
    A field in which there is a whole row, with a time in its ``place``, shows it.
    """
    row_in_a_field = rf"[\r\n](?:[^\r\n]*?{options['sep']}){{{place}}}{_TIME}"
    try:
        with pd.read_csv(path, chunksize=BATCH_ROWS, **options) as chunks:
            return any(chunk[name].str.contains(row_in_a_field).any() for chunk in chunks for name in chunk.columns)
    except pd.errors.ParserError:
        return True
