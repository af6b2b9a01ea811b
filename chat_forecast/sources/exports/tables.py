"""Text tables of messages: CSV (comma, semicolon, tab or bar), and the tab-separated file of the original pipeline.

Belongs here: separators, quotes and headers. Does not belong here: which columns they are (:mod:`.columns`), what they hold
(:mod:`.row_batches`), how much of them is held at once (:mod:`.bounded_text`), and other formats.
"""

import csv
import io
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from chat_forecast.sources.exports.base import Progress, RefusedFileError, Tally
from chat_forecast.sources.exports.bounded_text import LONGEST_HEADER, BoundedText, LongRowsError, rows_at_once
from chat_forecast.sources.exports.columns import SNIFFED_ROWS, find_columns, header, is_header_line
from chat_forecast.sources.exports.instants import InstantReader
from chat_forecast.sources.exports.row_batches import RowBatches

_TIME = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4},?[ T]\d{1,2}:\d{2}"

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
        lines = (line for line in iter(partial(text.readline, LONGEST_HEADER), "") if line.strip())
        first, second = next(lines, ""), next(lines, "")
    if len(first) == LONGEST_HEADER:
        raise RefusedFileError(path, "its first line is too long for one that names the columns of messages.")
    options: dict[str, Any] = {**_CSV_OPTIONS}
    if first.startswith("sep="):  # Excel's own line, before the header
        first, options["skiprows"] = second, 1
    separator, names = header(first, second)
    options["sep"] = separator

    def sniff(wanted: list[str]) -> pd.DataFrame:
        chunks = _chunks(path, len(names), usecols=wanted, **options)
        return next((chunk.head(SNIFFED_ROWS) for chunk, _done in chunks), pd.DataFrame(columns=wanted))

    columns = find_columns(path, names, sniff, is_header=is_header_line(names, second, separator))
    if _has_quotes(path) and _is_unquoted(path, options, len(names), place=names.index(columns["sent_at"])):
        options["quoting"] = csv.QUOTE_NONE

    def whole_column() -> Iterator[pd.Series]:
        wanted = [columns["sent_at"]]
        return (chunk[columns["sent_at"]] for chunk, _done in _chunks(path, len(names), usecols=wanted, **options))

    rows = RowBatches(path, InstantReader(path, timezone, tally, whole_column))
    try:
        for chunk, done in _chunks(path, len(names), usecols=list(columns.values()), **options):
            is_header = chunk[columns["sent_at"]] == columns["sent_at"]
            tally.unsupported += int(is_header.sum())
            yield rows.batch({ours: chunk.loc[~is_header, theirs] for ours, theirs in columns.items()})
            progress(done)
    except pd.errors.ParserError as error:
        raise RefusedFileError(path, f"its rows do not have the columns of its header ({error}).") from None
    except LongRowsError:
        raise RefusedFileError(path, "it has rows longer than any message, or a quote that is never closed.") from None
    rows.expect_times_of_day()


def _chunks(path: Path, width: int, **options: Any) -> Iterator[tuple[pd.DataFrame, int]]:  # noqa: ANN401 - those of pandas
    """The rows of a text file, some at once, each time with the bytes read so far."""
    with (
        BoundedText(path, options["sep"]) as bounded,
        pd.read_csv(io.BufferedReader(bounded), chunksize=rows_at_once(path, width), **options) as chunks,
    ):
        while True:
            with warnings.catch_warnings(action="ignore", category=pd.errors.ParserWarning):  # fields too many in every row
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield chunk, bounded.tell()
            bounded.rows_are_complete()


def _has_quotes(path: Path) -> bool:
    with path.open("rb") as file:
        return any(b'"' in piece for piece in iter(lambda: file.read(1 << 20), b""))


def _is_unquoted(path: Path, options: dict[str, Any], width: int, place: int) -> bool:
    """Whether quotes in the file are part of the text instead of around it.

    Read as quoted, such a file would lose rows: one quote at the beginning of a text would swallow all up to the next.
    A field in which there is a whole row, with a time in its ``place``, shows it.
    """
    row_in_a_field = rf"[\r\n](?:[^\r\n]*?{options['sep']}){{{place}}}{_TIME}"
    try:
        chunks = (chunk for chunk, _done in _chunks(path, width, **options))
        return any(chunk[name].str.contains(row_in_a_field).any() for chunk in chunks for name in chunk.columns)
    except (pd.errors.ParserError, LongRowsError):
        return True
