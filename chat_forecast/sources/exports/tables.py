"""Tables of messages: CSV (comma or tab), Parquet, and the tab-separated file of the original pipeline.

Belongs here: finding the columns, and reading times and ids from what they hold.
Does not belong here: other formats, and what is done with the messages.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from chat_forecast.domain.deduplication import LOWEST_REAL_ID
from chat_forecast.sources.exports.base import BATCH_ROWS, Progress, RefusedFileError, Tally, make_batch, whole_numbers
from chat_forecast.sources.exports.clock import LocalClock

COLUMN_NAMES = {
    "sent_at": ("sent_at", "datetime"),
    "message_id": ("message_id",),
    "sender": ("sender", "user_id"),
}
"""Our column -> the names it may have in a file; the second ones are those of the original pipeline."""
_HAS_OFFSET = r"(?:Z|[+-]\d{2}:?\d{2}|[+-]\d{2})$"
_TIME = r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}"
_LONGEST_HEADER = 1 << 16
_NO_ID = "has a message_id that is no whole number of 64 bits"
_EXPECTED = "Expected a column sent_at (or datetime), and, if there are, message_id and sender (or user_id)."


def read_csv(path: Path, *, timezone: str | None, tally: Tally, progress: Progress) -> Iterator[pd.DataFrame]:
    """Read the rows of a comma- or tab-separated file as batches (see :func:`.base.make_batch`), in the file's order.

    Raises:
        RefusedFileError: columns are missing, or values are no times or ids.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        header = file.readline(_LONGEST_HEADER)
    separator = "\t" if "\t" in header else ","
    names = next(csv.reader([header], delimiter=separator), [])
    columns = _columns(path, names)
    options: dict[str, Any] = {
        "sep": separator,
        "dtype": "str",
        "encoding": "utf-8-sig",
        "encoding_errors": "replace",
        "chunksize": BATCH_ROWS,
        "index_col": False,  # a separator too many does not move the columns
        "keep_default_na": False,
        "na_values": ["", "NA", "NaN", "nan", "None", "null", "<NA>"],
    }
    if _has_quotes(path) and _is_unquoted(path, options, place=names.index(columns["sent_at"])):
        options["quoting"] = csv.QUOTE_NONE
    rows = _Rows(path, timezone, tally)
    with path.open("rb") as file:
        try:
            with pd.read_csv(file, usecols=list(columns.values()), **options) as chunks:
                for chunk in chunks:
                    yield rows.batch({ours: chunk[theirs] for ours, theirs in columns.items()})
                    progress(file.tell())
        except pd.errors.ParserError as error:
            raise RefusedFileError(path, f"its rows do not have the columns of its header ({error}).") from None


def read_parquet_messages(path: Path, *, timezone: str | None, tally: Tally, progress: Progress) -> Iterator[pd.DataFrame]:
    """Read the rows of a Parquet file as batches (see :func:`.base.make_batch`), in the file's order.

    Raises:
        RefusedFileError: it is damaged, columns are missing, or values are no times or ids.
    """
    size = path.stat().st_size
    try:
        with pq.ParquetFile(path) as file:
            columns = _columns(path, file.schema_arrow.names)
            rows, done = _Rows(path, timezone, tally), 0
            for batch in file.iter_batches(BATCH_ROWS, columns=list(columns.values())):
                frame = batch.to_pandas()
                yield rows.batch({ours: frame[theirs] for ours, theirs in columns.items()})
                done += batch.num_rows
                progress(size * done // file.metadata.num_rows)
    except (pa.ArrowException, OSError) as error:
        raise RefusedFileError(path, f"it is damaged: no readable Parquet file ({error}). Make or copy it again.") from None


class _Rows:
    """Turns columns as found in one file into batches, chunk by chunk."""

    def __init__(self, path: Path, timezone: str | None, tally: Tally) -> None:
        self._path, self._done = path, 0
        self._clock = LocalClock(timezone, tally) if timezone else None

    def batch(self, columns: dict[str, pd.Series]) -> pd.DataFrame:
        """One chunk: ``sent_at`` and perhaps ``message_id`` and ``sender``."""
        sent_at = self._times(columns["sent_at"].reset_index(drop=True))
        count = len(sent_at)
        unknown = pd.Series([None] * count, dtype="Int64")
        ids = self._ids(columns["message_id"].reset_index(drop=True)) if "message_id" in columns else unknown
        senders = self._senders(columns["sender"]) if "sender" in columns else [None] * count
        self._done += count
        return make_batch(ids, sent_at, senders)

    def _times(self, found: pd.Series) -> pd.DatetimeIndex:
        self._refuse_where(found.isna(), "has no time")
        if isinstance(found.dtype, pd.DatetimeTZDtype):
            return pd.DatetimeIndex(found).tz_convert("UTC")
        if pd.api.types.is_datetime64_dtype(found.dtype):
            return self._from_local(pd.DatetimeIndex(found))
        if pd.api.types.infer_dtype(found) != "string":
            raise RefusedFileError(
                self._path, f"its times are {found.dtype}; expected times, or text such as 2023-01-31T09:15:00."
            )
        text = found.str.strip()
        has_offset = text.str.contains(_HAS_OFFSET) & text.str.contains(":")
        aware = pd.to_datetime(text.where(has_offset), format="ISO8601", utc=True, errors="coerce")
        local = pd.to_datetime(text.where(~has_offset), format="ISO8601", errors="coerce")
        self._refuse_where(aware.isna() & local.isna(), "has a time that is none; expected one such as 2023-01-31T09:15:00")
        times = aware.dt.as_unit("us")
        if local.notna().any():
            times[local.notna()] = self._from_local(pd.DatetimeIndex(local.dropna()))
        return pd.DatetimeIndex(times)

    def _from_local(self, local: pd.DatetimeIndex) -> pd.DatetimeIndex:
        if self._clock is None:
            raise RefusedFileError(self._path, "its times do not tell their zone. Say which it is: --timezone ZONE.")
        return self._clock.to_utc(local)

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
            row = self._done + int(is_wrong.to_numpy().argmax()) + 1
            raise RefusedFileError(self._path, f"row {row} {fault}. Nothing was imported; correct the file.")


def _or_none(found: pd.Series) -> list[Any]:
    return [None if is_unknown else each for each, is_unknown in zip(found, found.isna(), strict=True)]


def _columns(path: Path, names: list[str]) -> dict[str, str]:
    """Our columns -> the file's."""
    found = {
        ours: next(name for name in names if name.strip() in theirs)
        for ours, theirs in COLUMN_NAMES.items()
        if any(name.strip() in theirs for name in names)
    }
    if "sent_at" not in found:
        shown = ", ".join(name.strip()[:20] for name in names[:8]) or "none"
        raise RefusedFileError(path, f"found the columns {shown}. {_EXPECTED}")
    return found


def _has_quotes(path: Path) -> bool:
    with path.open("rb") as file:
        return any(b'"' in piece for piece in iter(lambda: file.read(1 << 20), b""))


def _is_unquoted(path: Path, options: dict[str, Any], place: int) -> bool:
    """Whether quotes in the file are part of the text instead of around it.

    Read as quoted, such a file would lose rows: one quote at the beginning of a text would swallow all up to the next.
    So a field in which there is a whole row, with a time in its ``place``, tells.
    """
    row_in_a_field = rf"[\r\n](?:[^\r\n]*?{options['sep']}){{{place}}}{_TIME}"
    try:
        with pd.read_csv(path, **options) as chunks:
            return any(chunk[name].str.contains(row_in_a_field).any() for chunk in chunks for name in chunk.columns)
    except pd.errors.ParserError:
        return True
