"""Dates and clock times that are not ISO 8601, taken apart.

Belongs here: the pattern, day first or month first, and clocks of twelve hours.
Does not belong here: time zones (:mod:`.instants`).
"""

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from chat_forecast.sources.exports.base import RefusedFileError

_ZONE = r"Z|[+-][0-9]{2}(?::?[0-9]{2})?|(?:UTC|GMT)[+-][0-9]{1,2}(?::?[0-9]{2})?|[A-Za-z]+(?:[/_+-][A-Za-z0-9]+)*"
CLOCK = (
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}(?:[.,][0-9]+)?))?(?: ?(?P<half>[AaPp])\.? ?[Mm]\.?)?"
)
TIME = (
    r"(?P<a>[0-9]{1,4})(?P<mark>[-/.])(?P<b>[0-9]{1,2})[-/.](?P<c>[0-9]{1,4})(?:,? +|T)"
    rf"{CLOCK}(?: *\(?(?P<zone>{_ZONE})\)?)?(?:\[[\w/+-]+\])?"
)
ONLY_DATE = (
    r"(?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}|(?:19|20)[0-9]{6})"
    r"(?:[T ][0-9]{1,2})?"
)
"""A date, perhaps with an hour, but without minutes."""
_BASIC = r"^([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})"
_IS_BASIC = "^[0-9]{8}T[0-9]{4}"
_BASIC_SECOND = r"^([0-9-]{10}T[0-9]{2}:[0-9]{2})([0-9]{2})"
_BRACKETED_ZONE = re.compile(r"^(\S+[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)\[([\w/+-]+)\]$")
"""A zone in brackets that no offset stands before."""
_WIDE_SPACES = "[\u00a0\u2009\u202f]"
_LAST_MONTH = 12
_DIGITS_OF_A_YEAR = 4


def trimmed(found: pd.Series) -> pd.Series:
    """A column as text, without spaces around it and with plain ones inside, and dates with their marks."""
    text = found.astype("str").str.strip()
    if text.str.contains(_WIDE_SPACES).any():
        text = text.str.replace(_WIDE_SPACES, " ", regex=True)
    if text.str.contains(_IS_BASIC).any():  # ISO 8601 without marks, such as 20230131T091500Z
        text = text.str.replace(_BASIC, r"\1-\2-\3T\4:\5", regex=True).str.replace(_BASIC_SECOND, r"\1:\2", regex=True)
    return text


def take_apart(text: pd.Series) -> pd.DataFrame:
    """The parts of each text that are named in :data:`TIME`; NA in all of them where it is no time."""
    return text.str.replace(_BRACKETED_ZONE, r"\1 \2", regex=True).str.extract(rf"^{TIME}$")


def is_year_first(parts: pd.DataFrame) -> pd.Series:
    """Whether each date begins with its year."""
    return parts["a"].str.len() == _DIGITS_OF_A_YEAR


def prove_day_first(path: Path, column: Iterable[pd.Series]) -> bool:
    """Whether a file's dates are day first; it has to prove it by a number above 12. Dates with dots always are.

    Raises:
        RefusedFileError: it proves nothing, or both.
    """
    highest, marks = {"a": 0, "b": 0}, set[str]()
    for chunk in column:
        parts = take_apart(trimmed(chunk.dropna()))
        ordered = parts[parts["a"].notna() & ~is_year_first(parts)]
        marks |= set(ordered["mark"])
        for name, known in highest.items():
            highest[name] = max([known, *pd.to_numeric(ordered[name])])
    is_day_first, is_month_first = (greatest > _LAST_MONTH for greatest in highest.values())
    if is_day_first and is_month_first:
        raise RefusedFileError(path, "some of its dates are day first, and others month first. Write 2023-01-31.")
    if not is_day_first and not is_month_first and marks != {"."}:
        raise RefusedFileError(
            path, "its dates could be day first or month first: no number in them is above 12. Write them as 2023-01-31."
        )
    return not is_month_first


def wall_times(parts: pd.DataFrame, *, is_day_first: bool) -> pd.Series:
    """The wall times of texts taken apart; NaT where there is no such time, as on 30 February."""
    year_first = is_year_first(parts)
    first, second, third = (pd.to_numeric(parts[name]) for name in "abc")
    is_short = ~year_first & (parts["c"].str.len() < _DIGITS_OF_A_YEAR)
    year = third.where(~year_first, first)
    date = {
        "year": year.where(~is_short, 2000 + year),
        "month": second if is_day_first else second.where(year_first, first),
        "day": third.where(year_first, first if is_day_first else second),
    }
    hour, minute = pd.to_numeric(parts["hour"]), pd.to_numeric(parts["minute"])
    second_of_minute = pd.to_numeric(parts["second"].str.replace(",", ".")).fillna(0)
    half = parts["half"].str.lower()
    hour = hour.where(half.isna(), hour % 12 + 12 * (half == "p"))
    is_clock = (hour < 24) & (minute < 60) & (second_of_minute < 61)
    clock = pd.to_timedelta(hour * 3600 + minute * 60 + second_of_minute, unit="s")
    return (pd.to_datetime(pd.DataFrame(date), errors="coerce") + clock).where(is_clock).dt.as_unit("us")
