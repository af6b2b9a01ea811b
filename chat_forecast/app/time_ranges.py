"""Parsing time ranges: ``2026-05-01..2026-05-03`` on the command line, or a CSV file of them.

Belongs here: turning text into read intervals, in the chat's time zone. Does not belong here: what the ranges are for.
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


class TimeRangeError(ChatForecastError):
    """A text or a file holds no valid time range; the message says what was found and expected."""


def parse_time_range(text: str, timezone: str) -> ReadIntervals:
    """Parse ``FROM..TO``, with two days (both included) or two instants, or a single day.

    Days are those of ``timezone``, and so are instants without an offset.

    >>> zone = "Europe/Moscow"
    >>> parse_time_range("2026-05-01", zone) == parse_time_range("2026-05-01T00:00..2026-05-02T00:00", zone)
    True

    Raises:
        TimeRangeError: it is neither, or ends before it begins.
    """
    first, _, last = text.strip().partition(BETWEEN)
    return _between(first, last or first, timezone, text)


def parse_time_ranges(texts: Iterable[str], timezone: str) -> ReadIntervals:
    """Parse several and join them, see :func:`parse_time_range`."""
    return ReadIntervals.joined(parse_time_range(text, timezone) for text in texts)


def read_time_ranges_file(path: Path, slug: str, timezone: str) -> ReadIntervals:
    """Read a CSV file with the columns ``from`` and ``to`` (or ``from_utc`` and ``to_utc``), one time range a row.

    Where it has a column ``chat`` with several chats, only the rows of ``slug`` count.

    Raises:
        TimeRangeError: it cannot be read, lacks the columns, or a row names no stretch, or none is of the chat.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [{str(name).strip().casefold(): value for name, value in row.items()} for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TimeRangeError(f"{path}: it cannot be read ({error}).") from error
    names = next((pair for pair in _COLUMNS if rows and set(pair) <= set(rows[0])), None)
    if names is None:
        raise TimeRangeError(f"{path}: expected a CSV file with the columns from and to, one stretch of time a row.")
    chats = {row["chat"] for row in rows if row.get("chat")}
    if len(chats) > 1 and slug not in chats:
        raise TimeRangeError(f"{path}: it has stretches of {', '.join(sorted(chats))}, and none of {slug}.")
    wanted = [row for row in rows if len(chats) <= 1 or row["chat"] == slug]
    zone = "UTC" if names[0].endswith("_utc") else timezone
    return ReadIntervals.joined(_between(row[names[0]] or "", row[names[1]] or "", zone, f"{path}") for row in wanted)


def _between(first: str, last: str, timezone: str, shown: str) -> ReadIntervals:
    try:
        start, end = _instant(first.strip(), timezone, is_end=False), _instant(last.strip(), timezone, is_end=True)
    except ValueError:
        raise TimeRangeError(
            f"{shown}: expected FROM{BETWEEN}TO, such as 2026-05-01{BETWEEN}2026-05-03 (both days included) or "
            f"2026-05-01T18:00{BETWEEN}2026-05-02T06:30."
        ) from None
    if end <= start:
        raise TimeRangeError(f"{shown}: it ends before it begins.")
    return ReadIntervals.of((start, end))


def _instant(text: str, timezone: str, *, is_end: bool) -> pd.Timestamp:
    try:
        day = LocalDay(date.fromisoformat(text), timezone)
    except ValueError:
        instant = datetime.fromisoformat(text)
        return pd.Timestamp(instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(timezone))).tz_convert("UTC")
    return day.end if is_end else day.start
