"""Stretches of time as people write them: ``2026-05-01..2026-05-03``, or a file of them.

Belongs here: reading them, in the chat's time zone. Does not belong here: what they are for.
"""

import csv
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.errors import ChatForecastError

BETWEEN = ".."
_COLUMNS = (("from_utc", "to_utc"), ("from", "to"), ("start", "end"))
"""Names that the two columns may have; in the first, times without an offset are UTC."""


class NoStretchError(ChatForecastError):
    """A text or a file names no stretch of time; the message says what was found and expected."""


def read_stretch(text: str, timezone: str) -> ReadIntervals:
    """Read ``FROM..TO``, two days or two instants, or one day alone.

    Days are the chat's, both included. An instant without an offset is local.

    >>> read_stretch("2026-05-01", "Europe/Moscow") == read_stretch("2026-05-01T00:00..2026-05-02T00:00", "Europe/Moscow")
    True

    Raises:
        NoStretchError: it is neither, or ends before it begins.
    """
    first, _, last = text.strip().partition(BETWEEN)
    return _between(first, last or first, timezone, text)


def read_stretches(texts: Iterable[str], timezone: str) -> ReadIntervals:
    """Read several, see :func:`read_stretch`."""
    return ReadIntervals.joined(read_stretch(text, timezone) for text in texts)


def read_stretches_file(path: Path, slug: str, timezone: str) -> ReadIntervals:
    """Read a CSV file with the columns ``from`` and ``to`` (or ``from_utc`` and ``to_utc``), one stretch a row.

    Where it has a column ``chat`` with several chats, only the rows of ``slug`` count.

    Raises:
        NoStretchError: it cannot be read, lacks the columns, or a row names no stretch, or none is of the chat.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [{str(name).strip().casefold(): value for name, value in row.items()} for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise NoStretchError(f"{path}: it cannot be read ({error}).") from error
    names = next((pair for pair in _COLUMNS if rows and set(pair) <= set(rows[0])), None)
    if names is None:
        raise NoStretchError(f"{path}: expected a CSV file with the columns from and to, one stretch of time a row.")
    chats = {row["chat"] for row in rows if row.get("chat")}
    if len(chats) > 1 and slug not in chats:
        raise NoStretchError(f"{path}: it has stretches of {', '.join(sorted(chats))}, and none of {slug}.")
    wanted = [row for row in rows if len(chats) <= 1 or row["chat"] == slug]
    zone = "UTC" if names[0].endswith("_utc") else timezone
    return ReadIntervals.joined(_between(row[names[0]] or "", row[names[1]] or "", zone, f"{path}") for row in wanted)


def _between(first: str, last: str, timezone: str, shown: str) -> ReadIntervals:
    try:
        start, end = _instant(first.strip(), timezone, is_end=False), _instant(last.strip(), timezone, is_end=True)
    except ValueError:
        raise NoStretchError(
            f"{shown}: expected FROM{BETWEEN}TO, such as 2026-05-01{BETWEEN}2026-05-03 (both days included) or "
            f"2026-05-01T18:00{BETWEEN}2026-05-02T06:30."
        ) from None
    if end <= start:
        raise NoStretchError(f"{shown}: it ends before it begins.")
    return ReadIntervals.of((start, end))


def _instant(text: str, timezone: str, *, is_end: bool) -> pd.Timestamp:
    try:
        day = LocalDay(date.fromisoformat(text), timezone)
    except ValueError:
        instant = datetime.fromisoformat(text)
        return pd.Timestamp(instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(timezone))).tz_convert("UTC")
    return day.end if is_end else day.start
