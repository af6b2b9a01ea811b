"""Turning the rows of a table, as found in a file, into batches of messages.

Belongs here: ids and senders. Does not belong here: what a time means (:mod:`.instants`), and file formats.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from chat_forecast.domain.deduplication import LOWEST_REAL_ID
from chat_forecast.sources.exports.base import RefusedFileError, make_batch, whole_numbers
from chat_forecast.sources.exports.instants import InstantReader

_GREATEST = 2.0**63
_NO_ID = "has a message_id that is no whole number of 64 bits"


class RowBatches:
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
        kind = pd.api.types.infer_dtype(found, skipna=True)
        if kind not in ("string", "integer", "floating", "mixed-integer-float", "empty"):
            raise RefusedFileError(self._path, f"its message_id are {kind}; expected whole numbers.")
        text = found.astype("str").str.strip().str.removesuffix(".0")
        self._refuse_where(found.notna() & ~text.str.fullmatch(r"-?[0-9]{1,18}|[1-8][0-9]{18}"), _NO_ID)
        ids = whole_numbers(_or_none(text.where(found.notna())))
        self._refuse_where(ids.lt(LOWEST_REAL_ID).fillna(value=False), "has a message_id too low for a real one")
        return ids

    def _senders(self, found: pd.Series) -> list[str | int | None]:
        """Senders as found; numbers that pandas holds as floats, because others are missing, as whole ones."""
        if pd.api.types.is_float_dtype(found.dtype):
            if not (found.isna() | ((found % 1 == 0) & (found.abs() < _GREATEST))).all():
                raise RefusedFileError(self._path, "its senders are fractional numbers; expected text or whole numbers.")
            found = found.astype("float64").astype("Int64")
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
