"""The chat's local calendar day and its hours.

Belongs here: turning a day's name and a time zone into instants, and back.
Does not belong here: what happened in those hours.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, cached_property, lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

DAY_FORMAT = "%Y-%m-%d"
_ONE_DAY = timedelta(days=1)
_NEARLY_A_DAY = timedelta(hours=20)
_HOURS = np.arange(24, dtype="timedelta64[h]").astype("timedelta64[us]")
"""From the start of a day to those of its hours, where no clock is changed."""
_YEARS = range(1970, 2100)


@dataclass(frozen=True, order=True)
class LocalDay:
    """One local calendar day ``[00:00, 24:00)`` of a time zone.

    It lasts 23, 24 or 25 hours, or half an hour more or less where clocks change by half an hour. A zone that moved across
    the date line skipped a whole date: that day never existed, and the days around it follow each other.

    >>> LocalDay.parse("2011-12-29", "Pacific/Apia").plus(1).key
    '2011-12-31'
    >>> LocalDay.parse("2026-10-25", "Europe/Berlin").hours.size
    25
    >>> LocalDay.parse("2026-03-29", "Europe/Berlin").end
    Timestamp('2026-03-29 22:00:00+0000', tz='UTC')
    """

    date: date
    timezone: str

    @classmethod
    def parse(cls, key: str, timezone: str) -> "LocalDay":
        """Make the day that a partition key (``YYYY-MM-DD``) names.

        Raises:
            ValueError: it is no such key, or the zone skipped that date.
        """
        day = cls(date.fromisoformat(key), timezone)
        if not day.exists:
            raise ValueError(f"{key} never existed in {timezone}: {day.plus(-1).key} was followed by {day.plus(1).key}")
        return day

    @classmethod
    def containing(cls, instant: datetime, timezone: str) -> "LocalDay":
        """The local day in which an aware instant falls."""
        return cls(instant.astimezone(ZoneInfo(timezone)).date(), timezone)

    @property
    def key(self) -> str:
        """The partition key: ``YYYY-MM-DD``."""
        return self.date.isoformat()

    @property
    def exists(self) -> bool:
        """Whether the zone has this date: one that moved across the date line skipped one."""
        return self.date not in skipped_dates(self.timezone)

    @cached_property
    def start(self) -> pd.Timestamp:
        """The day's first instant, in UTC."""
        return _first_instant(self.date, self.timezone)

    @cached_property
    def end(self) -> pd.Timestamp:
        """The first instant of the next day, in UTC: the origin of a forecast made at this day's end."""
        return _first_instant(self.date + _ONE_DAY, self.timezone)

    @property
    def hours(self) -> pd.DatetimeIndex:
        """The local start of every hour of the day, aware, ascending; named ``hour``.

        An hour begins where the local clock shows a full hour, at the day's start, and at a clock change. So the
        repeated hour of autumn is two distinct entries, and where clocks change by half an hour the
        entry next to the change covers half an hour.
        """
        return _hours(self)

    @property
    def bounds(self) -> npt.NDArray[np.int64]:
        """The instants between which the hours of the day lie, its end the last, as microseconds since 1970-01-01 UTC."""
        return _bounds(self)

    def plus(self, days: int) -> "LocalDay":
        """The day that many days later (earlier, if negative); dates that the zone skipped do not count."""
        step = _ONE_DAY if days >= 0 else -_ONE_DAY
        reached = self.date + timedelta(days=days)
        skipped_here = skipped_dates(self.timezone)  # of nearly every zone: none
        for skipped in sorted(skipped_here, reverse=days < 0) if skipped_here else ():
            if self.date < skipped <= reached or reached <= skipped < self.date:
                reached += step
        return LocalDay(reached, self.timezone)

    def until(self, last: "LocalDay") -> Iterator["LocalDay"]:
        """Every day from this one to ``last``, both included, ascending."""
        return (LocalDay(day, self.timezone) for day in dates_between(self, last))


def dates_between(first: LocalDay, last: LocalDay) -> Iterator[date]:
    """The dates of the days from the first to the last, both included, ascending: enough for comparing years of days."""
    skipped = skipped_dates(first.timezone)
    dates = map(date.fromordinal, range(first.date.toordinal(), last.date.toordinal() + 1))
    return (day for day in dates if day not in skipped)


def next_dates(days: Iterable[date], timezone: str) -> set[date]:
    """The day after each of some days of a zone.

    >>> next_dates([date(2011, 12, 29)], "Pacific/Apia") == {date(2011, 12, 31)}
    True
    """
    if skipped_dates(timezone):
        return {LocalDay(day, timezone).plus(1).date for day in days}
    return {day + _ONE_DAY for day in days}


def day_numbers(hours: pd.DatetimeIndex) -> npt.NDArray[np.int64]:
    """The local day of each of some aware local hours, as days since 1970-01-01."""
    return hours.tz_localize(None).to_numpy().astype("datetime64[D]").astype(np.int64)


@lru_cache(maxsize=1024)
def _hours(day: LocalDay) -> pd.DatetimeIndex:
    """See :attr:`LocalDay.hours`; kept, since the same days are gone over many times."""
    steady = pd.DatetimeIndex(day.start.to_numpy() + _HOURS, name="hour").tz_localize("UTC").tz_convert(day.timezone)
    shown = np.datetime64(day.date, "us") + _HOURS
    if day.end - day.start == _ONE_DAY and (steady.tz_localize(None).to_numpy() == shown).all():
        return steady  # as on all but a few days a year
    quarters = pd.date_range(day.start, day.end, freq="15min", inclusive="left", unit="us")
    local = quarters.tz_convert(day.timezone)
    wall = local.tz_localize(None)
    clock_hour = pd.Series(wall.floor("h"))
    offset = pd.Series(wall - quarters.tz_localize(None))
    is_start = (clock_hour != clock_hour.shift()) | (offset != offset.shift())
    return local[is_start.to_numpy()].rename("hour")


@lru_cache(maxsize=1024)
def _bounds(day: LocalDay) -> npt.NDArray[np.int64]:
    """See :attr:`LocalDay.bounds`."""
    found = np.append(day.hours.as_unit("us").asi8, day.end.to_datetime64().astype("datetime64[us]").astype(np.int64))
    found.flags.writeable = False
    return found


@lru_cache(maxsize=4096)
def _first_instant(day: date, timezone: str) -> pd.Timestamp:
    """The first instant of a local date; where midnight is skipped by a clock change, the change itself."""
    # fold=0 reads a skipped midnight with the offset before the change, which lands on the change; and a
    # repeated midnight as its first passage.
    midnight = datetime.combine(day, time(), ZoneInfo(timezone))
    return pd.Timestamp(midnight).tz_convert("UTC").as_unit("us")


@cache
def skipped_dates(timezone: str) -> frozenset[date]:
    """The dates that a zone never had: where it moved across the date line, its offset grows by a day."""
    zone = ZoneInfo(timezone)

    def offset(day: date) -> timedelta:
        return datetime.combine(day, time(12), zone).utcoffset() or timedelta()

    skipped = set()
    for year in _YEARS:
        if offset(date(year + 1, 1, 1)) - offset(date(year, 1, 1)) < _NEARLY_A_DAY:
            continue
        day = date(year, 1, 1)
        while _first_instant(day, timezone) != _first_instant(day + _ONE_DAY, timezone):
            day += _ONE_DAY
        skipped.add(day)
    return frozenset(skipped)
