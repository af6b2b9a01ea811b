"""Which columns of a table hold the times, the ids and the senders of messages.

Belongs here: finding them by their names, and the separator of a CSV file.
Does not belong here: what they hold (:mod:`.tables`).
"""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from chat_forecast.sources.exports.base import RefusedFileError
from chat_forecast.sources.exports.instants import NO_TIME_OF_DAY, holds_instants, holds_times_of_day

TIME_NAMES = ("sent_at", "datetime", "date_unixtime", "unixtime", "timestamp", "created_at", "date", "time")
COLUMN_NAMES = {
    "message_id": ("message_id",),
    "sender": ("sender", "user_id", "sender_id", "from_id"),
}
"""Our column -> the names it may have in a file; ``datetime`` and ``user_id`` are those of the original pipeline."""
SNIFFED_ROWS = 200
"""If several columns could hold the times, this many rows decide."""
SEPARATORS = ("\t", ";", "|", ",")
_EXPECTED = "Expected a column sent_at (or datetime), and, if there are, message_id and sender (or user_id)."
_PLAIN_NAME = re.compile(r"[A-Za-z]\w{0,29}", re.ASCII)

Sniff = Callable[[list[str]], pd.DataFrame]
"""Gives the first values of some columns."""


def header(first: str, second: str) -> tuple[str, list[str]]:
    """The separator under which the most known columns, then the most columns, are found; and their names."""
    known = {name for names in (TIME_NAMES, *COLUMN_NAMES.values()) for name in names}

    def names_by(separator: str) -> list[str]:
        return next(csv.reader([first], delimiter=separator), [])

    best = max(
        SEPARATORS,
        key=lambda separator: (
            len(known & {_folded(name) for name in names_by(separator)}),
            len(names_by(separator)) * (separator in second),
        ),
    )
    return best, names_by(best)


def is_header_line(names: list[str], second: str, separator: str) -> bool:
    """Whether a first line looks like one of names: then they may be shown, being nothing that somebody wrote."""
    row = next(csv.reader([second], delimiter=separator), [])
    return all(_PLAIN_NAME.fullmatch(name.strip()) for name in names) and len(row) == len(names)


def _folded(name: str) -> str:
    return name.strip().casefold()


def find_columns(path: Path, names: list[str], sniff: Sniff, *, is_header: bool) -> dict[str, str]:
    """Our columns -> the file's."""
    _expect_once(path, names)
    found = {
        ours: next(name for name in names if _folded(name) in theirs)
        for ours, theirs in COLUMN_NAMES.items()
        if any(_folded(name) in theirs for name in names)
    }
    candidates = [name for name in names if _folded(name) in TIME_NAMES]
    if not candidates:
        shown = ", ".join(name.strip()[:20] for name in names[:8]) if is_header and names else ""
        problem = f"found the columns {shown}" if shown else "its first line does not name the columns"
        raise RefusedFileError(path, f"{problem}. {_EXPECTED}")
    return {"sent_at": _time_column(path, candidates, sniff), **found}


def _expect_once(path: Path, names: list[str]) -> None:
    """See that no column that may be one of ours is there twice under one name."""
    known = {*TIME_NAMES, *(name for others in COLUMN_NAMES.values() for name in others)}
    seen = set[str]()
    for name in names:
        if _folded(name) in known:
            if name in seen:
                raise RefusedFileError(path, f"it has two columns {name.strip()}. Keep the right one.")
            seen.add(name)


def _time_column(path: Path, candidates: list[str], sniff: Sniff) -> str:
    """The one of several columns that holds instants."""
    if len(candidates) == 1:
        return candidates[0]
    head = sniff(candidates)
    instants = [name for name in candidates if holds_instants(head[name])]
    if len(instants) == 1:
        return instants[0]
    if not instants and any(holds_times_of_day(head[name]) for name in candidates):
        raise RefusedFileError(
            path, f"its date and its time of day are in columns of their own: {', '.join(candidates)}. Join them as sent_at."
        )
    if not instants:
        raise RefusedFileError(path, NO_TIME_OF_DAY)
    raise RefusedFileError(
        path, f"the columns {' and '.join(instants)} could both be the time of a message. Keep the right one, as sent_at."
    )
