"""Times as files write them, as instants.

Belongs here: Unix times of any unit, ISO 8601, named zones, dates whose order the file has to prove.
Does not belong here: what a local clock means (:mod:`.local_clock`), and which column holds the times (:mod:`.tables`).
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from zoneinfo import available_timezones

import pandas as pd

from chat_forecast.sources.exports.base import RefusedFileError, Tally
from chat_forecast.sources.exports.calendar_limits import within_calendar
from chat_forecast.sources.exports.local_clock import LocalClock
from chat_forecast.sources.exports.unix_time import from_unix, whole_units
from chat_forecast.sources.exports.written_dates import (
    CLOCK,
    ONLY_DATE,
    TIME,
    is_year_first,
    prove_day_first,
    take_apart,
    trimmed,
    wall_times,
)

Refuse = Callable[[pd.Series, str], None]
"""Refuses the file where the first argument is true, naming that row."""

_NUMBER = r"-?[0-9]{1,19}(?:[.,][0-9]+)?"
_SCIENTIFIC = r"[0-9](?:[.,](?P<decimals>[0-9]+))?[eE]\+?[0-9]{1,2}"
_DECIMALS_OF_A_SECOND = 9
"""A Unix time in scientific notation, such as 1.793513778e+09, needs this many decimals to be exact to the second."""
_UNIX_TIME = r"[0-9]{9,19}(?:\.[0-9]+)?"
_IS_TIME, _IS_CLOCK = re.compile(TIME), re.compile(CLOCK)
_HAS_OFFSET = r"(?:Z|[+-]\d{2}:?\d{2}|[+-]\d{2})$"
_IMPOSSIBLE_OFFSET = r"[+-](?:1[5-9]|[2-9][0-9])(?::?[0-9]{2})?$"
_LONGEST_OFFSET = 14 * 60 + 59
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?")
_FIXED_OFFSETS = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 60, "CET": 60, "CEST": 120, "EET": 120, "EEST": 180, "MSK": 180,
    "EST": -300, "EDT": -240, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420, "JST": 540,
}  # fmt: skip
"""Minutes from UTC of the abbreviations that mean one thing everywhere."""
_NO_PLACES = {"Factory", "localtime"}
"""Names among the time zones of a system that name none."""
_ENOUGH_MIDNIGHTS = 10
"""If at least this many times, of several days, are all midnight, they are dates without a time of day."""
_SHOWN = 3

NO_TIME_OF_DAY = (
    "its dates have no time of day, which hourly counts need. Export it again with times such as 2023-01-31T09:15:00."
)


def holds_instants(found: pd.Series) -> bool:
    """Whether a column's values could be instants: dates with a time of day, or Unix times of this century."""
    if pd.api.types.is_datetime64_any_dtype(found.dtype):
        return True
    text = trimmed(found.dropna())
    return bool(text.str.fullmatch(_IS_TIME).any() or text.str.fullmatch(_UNIX_TIME).any())


def holds_times_of_day(found: pd.Series) -> bool:
    """Whether a column's values are times of day without a date."""
    text = trimmed(found.dropna())
    return len(text) > 0 and bool(text.str.fullmatch(_IS_CLOCK).all())


class InstantReader:
    """Reads the column of times of one file, chunk by chunk in the file's order.

    ``whole_column`` gives the whole column again, for dates whose order only all of them prove.
    """

    def __init__(
        self, path: Path, timezone: str | None, tally: Tally, whole_column: Callable[[], Iterable[pd.Series]]
    ) -> None:
        self._path, self._zone, self._tally, self._whole_column = path, timezone, tally, whole_column
        self._clocks: dict[str, LocalClock] = {}
        self._is_day_first: bool | None = None
        self._days: set[object] = set()
        self._at_midnight, self._seen = 0, 0

    def read(self, found: pd.Series, refuse: Refuse) -> pd.DatetimeIndex:
        """Turn a chunk into UTC; NaT for a time that cannot be one, such as one of the year 0.

        Raises:
            RefusedFileError: a value is no time, has no time of day, or has no zone and none was given.
        """
        refuse(found.isna(), "has no time")
        if isinstance(found.dtype, pd.DatetimeTZDtype):
            return self._watched(within_calendar(pd.DatetimeIndex(found).tz_convert("UTC")))
        if pd.api.types.is_datetime64_dtype(found.dtype):
            local = self._watched(within_calendar(pd.DatetimeIndex(found)))
            return self._in_zone(local, "")
        if pd.api.types.is_integer_dtype(found.dtype):
            return pd.DatetimeIndex(from_unix(found))
        if pd.api.types.is_float_dtype(found.dtype):
            return pd.DatetimeIndex(from_unix(whole_units(found)))
        kind = pd.api.types.infer_dtype(found)
        if kind == "date":
            raise RefusedFileError(self._path, NO_TIME_OF_DAY)
        if kind != "string":
            raise RefusedFileError(
                self._path, f"its times are {kind}; expected times, Unix times, or text such as 2023-01-31T09:15:00."
            )
        return self._from_text(trimmed(found), refuse)

    def expect_times_of_day(self) -> None:
        """At the file's end, see that its times are not all midnight.

        Raises:
            RefusedFileError: they are.
        """
        if self._at_midnight == self._seen >= _ENOUGH_MIDNIGHTS and len(self._days) > 1:
            raise RefusedFileError(self._path, f"all its times are midnight: {NO_TIME_OF_DAY}")

    def _from_text(self, text: pd.Series, refuse: Refuse) -> pd.DatetimeIndex:
        # ISO 8601, with an offset or without, is what nearly all files have, and quickly read.
        has_clock = text.str.contains(":", regex=False)
        has_offset = has_clock & text.str.contains(_HAS_OFFSET)
        refuse(has_offset & text.str.contains(_IMPOSSIBLE_OFFSET), "has a time with an offset that no time zone has")
        zoned = pd.to_datetime(text.where(has_offset), format="ISO8601", utc=True, errors="coerce")
        times = pd.Series(within_calendar(pd.DatetimeIndex(zoned)), index=text.index)
        local = pd.to_datetime(text.where(has_clock & ~has_offset), format="ISO8601", errors="coerce").dt.as_unit("us")
        self._watched(pd.DatetimeIndex(times.dropna()))
        if local.notna().any():
            times[local.notna()] = self._in_zone(self._watched(pd.DatetimeIndex(local.dropna())), "")
        left = text[times.isna()]
        if len(left):
            times[left.index] = self._unusual(left, refuse, is_all=len(left) == len(text))
        return pd.DatetimeIndex(times)

    def _unusual(self, text: pd.Series, refuse: Refuse, *, is_all: bool) -> pd.Series:
        """Times that are not ISO 8601."""
        times = pd.Series(pd.NaT, index=text.index, dtype="datetime64[us, UTC]")
        is_date = text.str.fullmatch(ONLY_DATE)
        if is_all and is_date.all():
            raise RefusedFileError(self._path, NO_TIME_OF_DAY)
        refuse(is_date, "has a date without a time of day")
        is_scientific = text.str.fullmatch(_SCIENTIFIC)
        decimals = text.str.extract(f"^{_SCIENTIFIC}$")["decimals"].str.len()
        is_rounded = is_scientific & (decimals.max() < _DECIMALS_OF_A_SECOND)
        refuse(is_rounded, "has a rounded Unix time such as 1.79E+09. Write its numbers in full")
        is_number = is_scientific | text.str.fullmatch(_NUMBER)
        times[is_number] = from_unix(whole_units(text[is_number].str.replace(",", ".")))
        written = text[~is_number]
        parts = take_apart(written)
        is_none = parts["minute"].isna().reindex(text.index, fill_value=False)
        refuse(is_none, "has a time that is none; expected one such as 2023-01-31T09:15:00")
        if self._is_day_first is None and not is_year_first(parts).all():
            self._is_day_first = prove_day_first(self._path, self._whole_column())
        wall = wall_times(parts, is_day_first=bool(self._is_day_first))
        zones = parts["zone"].fillna("")
        for zone in zones.unique():
            here = wall.index[((zones == zone) & wall.notna()).to_numpy()]
            if len(here):
                times[here] = self._in_zone(self._watched(pd.DatetimeIndex(wall[here])), zone)
        impossible = written[times[written.index].isna()]
        self._tally.impossible_shown += impossible.head(_SHOWN).tolist()
        return times

    def _in_zone(self, wall: pd.DatetimeIndex, zone: str) -> pd.DatetimeIndex:
        """Wall times of a zone as the file names it ("" for none) as instants."""
        if zone in _FIXED_OFFSETS:
            return within_calendar(wall - pd.Timedelta(minutes=_FIXED_OFFSETS[zone])).tz_localize("UTC")
        if offset := _OFFSET.fullmatch(zone):
            minutes = 60 * int(offset[2]) + int(offset[3] or 0)
            if minutes > _LONGEST_OFFSET:
                raise self._unknown_zone(zone)
            return within_calendar(wall - pd.Timedelta(minutes=minutes) * (-1 if offset[1] == "-" else 1)).tz_localize("UTC")
        name = zone or self._zone
        if name is None:
            raise RefusedFileError(
                self._path, "its times do not tell their zone. Say in which one they were written: --file-timezone ZONE."
            )
        if zone and zone not in available_timezones() - _NO_PLACES:
            raise self._unknown_zone(zone)
        if name not in self._clocks:
            self._clocks[name] = LocalClock(name, self._tally, is_assumed=not zone)
        return self._clocks[name].to_utc(wall)

    def _unknown_zone(self, zone: str) -> RefusedFileError:
        return RefusedFileError(
            self._path, f"its times end in {zone[:30]}, which is no known time zone. Write it as Europe/Moscow or +03:00."
        )

    def _watched(self, times: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """The same times; remembers whether all of them are midnight."""
        is_midnight = times == times.normalize()
        self._seen += len(times)
        self._at_midnight += int(is_midnight.sum())
        if len(self._days) <= 1:
            self._days |= set(times[is_midnight].unique()[:2])
        return times
