"""Silences that were not read: where messages were sent and no file has them.

Belongs here: finding them by message ids that jump, and what is known in spite of them.
Does not belong here: the arithmetic of intervals (:mod:`.read_intervals`), and entries in order (:mod:`.ordered_entries`).

Where a chat numbers its messages one by one, ids go on counting through a stretch that an export lacks. Ids are missing in
whole stretches too: deleted messages have them, and entries such as *joined* where a file leaves those out. So a silence is
taken as not read if the ids that are missing in it are far more than in the chat's other silences, and about as many as the
chat would have used in that time.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import Floats, steps
from chat_forecast.domain.ordered_entries import Instants, OrderedEntries, Times, ordered
from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.domain.value_counts import ValueCounts

FEWEST_ENTRIES = 50
"""Of fewer entries nobody can say what is usual."""
FEWEST_MISSING = 15
"""Fewer ids are missing by chance."""
ENOUGH_SILENCES = 40
"""Fewer silences do not show what is usual in one; then all steps from one entry to the next do."""
USUAL_QUANTILE, FAR_BEYOND = 0.9, 6
"""Missing ids far beyond the usual: that many times this quantile of the chat's silences."""
LEAST_SHARE = 0.2
"""Of the ids that the chat would have used in the silence, at least that share has to be missing."""
MOST_TIMES = 10
"""More ids than that many times those are missing where a flood was deleted."""
LEVEL_DAYS = 28
"""The chat's level is that of the days around the silence, as many on each side."""
FEWEST_MONTHS = 3
"""Files of single months lack each month's last day; that many months show it."""

_HOUR = 3_600_000_000
_DAY = 24 * _HOUR
_WEEK_HOURS = 168
_OFFSETS = range(-12, 15)


def find_unread_silences(*entries: pd.DataFrame) -> ReadIntervals:
    """Find the silences of one file across which ids jump.

    ``entries`` hold ``message_id`` and ``sent_at`` (UTC, NaT where unknown) of all entries of one id space, messages or
    not. A silence reaches from the entry before it to the one after it, and holds a whole hour. Where ids do not count one
    by one, nothing is found.
    """
    known = ordered(entries)
    if len(known) < FEWEST_ENTRIES:
        return ReadIntervals()
    found = _silences(known)
    if found.ids_following <= (len(known) - 1) // 2:  # more than half of the ids follow the one before
        return ReadIntervals()
    threshold = max(FEWEST_MISSING, FAR_BEYOND * found.usual.quantile(USUAL_QUANTILE))
    has_missing = found.missing > 0
    starts, ends, gone = found.starts[has_missing], found.ends[has_missing], found.missing[has_missing]
    times = known.times
    would_be_used = _expected(times, starts, ends) * known.ids_used / len(known)
    is_unread = (gone >= threshold) & (gone >= LEAST_SHARE * would_be_used) & (gone <= MOST_TIMES * would_be_used)
    is_unread |= _has_last_day_of_months(times, starts, ends, gone, threshold)
    return _intervals(starts[is_unread], ends[is_unread])


def known_intervals(
    imports: Iterable[tuple[ReadIntervals, ReadIntervals]],
    sent_at: pd.Series,
    *,
    trusted: ReadIntervals,
    missing: ReadIntervals,
) -> ReadIntervals:
    """The read intervals of several imports together.

    ``imports`` has the span of each file and its unread silences. A silence in which another import has messages was read by
    that one; a silence in which none has any stays unread, whatever other files span it. ``sent_at`` are all messages,
    ascending. What the user says overrides this: silences in ``trusted`` are real, messages in ``missing`` are missing.
    """
    parts = list(imports)
    spans = ReadIntervals.joined(span for span, _ in parts)
    read = ReadIntervals.joined(span.without(unread) for span, unread in parts)
    silences = [silence for _, unread in parts for silence in unread.intervals]
    if silences:
        instants = pd.DatetimeIndex(sent_at)
        after = instants.searchsorted(pd.DatetimeIndex([start for start, _ in silences]), side="right")
        before = instants.searchsorted(pd.DatetimeIndex([end for _, end in silences]), side="left")
        silent = (silence for silence, is_empty in zip(silences, before <= after, strict=True) if is_empty)
        read = read.without(ReadIntervals.of(*silent))
    return read.union(spans.within(trusted)).without(missing)


@dataclass(frozen=True)
class _Silences:
    """The silences between entries, and what is usual in them."""

    starts: Instants
    ends: Instants
    missing: npt.NDArray[np.int64]
    """How many ids are missing in each."""
    usual: ValueCounts
    """Those, or of few silences the ids missing in each step from one entry to the next."""
    ids_following: int
    """How many ids follow the one before."""


def _silences(entries: OrderedEntries) -> _Silences:
    starts, ends, missing, of_steps, following = [], [], [], ValueCounts(), 0
    for ids, at in entries.parts():
        gone = steps(ids) - 1
        following += int(np.count_nonzero(gone == 0))
        if len(entries.undated):
            gone = gone - np.diff(np.searchsorted(entries.undated, ids))
        is_silence = _hold_an_hour(at[:-1], at[1:])
        starts.append(at[:-1][is_silence])
        ends.append(at[1:][is_silence])
        missing.append(gone[is_silence].astype("int64"))
        if sum(map(len, missing)) < ENOUGH_SILENCES:
            of_steps.add(gone)
    of_silences = np.concatenate(missing)
    usual = ValueCounts([of_silences]) if len(of_silences) >= ENOUGH_SILENCES else of_steps
    return _Silences(np.concatenate(starts), np.concatenate(ends), of_silences, usual, following)


def _hold_an_hour(starts: Instants, ends: Instants) -> npt.NDArray[np.bool_]:
    """Whether between two instants there is an hour by the clock; few are that far apart, and only those are computed."""
    found = ends >= starts + _HOUR
    long = np.flatnonzero(found)
    starts, ends = starts[long], ends[long]
    found[long] = ends // _HOUR * _HOUR - -(-starts // _HOUR) * _HOUR >= _HOUR
    return found


def _expected(times: Times, starts: Instants, ends: Instants) -> Floats:
    """How many entries the chat would have had between two instants, by its week and its level around them."""
    first = times.first // _HOUR
    hours = np.arange(first, times.last // _HOUR + 2)
    by_hour = np.diff(times.before(np.append(hours, hours[-1] + 1) * _HOUR)).astype(float)
    # Of a few weeks an hour shows little: each counts as if it had been average for one week more.
    weeks = np.bincount(hours % _WEEK_HOURS, minlength=_WEEK_HOURS)
    weekly = (np.bincount(hours % _WEEK_HOURS, by_hour, _WEEK_HOURS) + by_hour.mean()) / (weeks + 1)
    profile = np.concatenate([[0.0], np.cumsum(weekly[hours % _WEEK_HOURS])])

    def used_until(instants: Instants) -> Floats:
        place = instants // _HOUR - first
        return np.asarray(profile[place] + (instants % _HOUR) / _HOUR * weekly[(place + first) % _WEEK_HOURS])

    low, high = np.maximum(starts - LEVEL_DAYS * _DAY, times.first), np.minimum(ends + LEVEL_DAYS * _DAY, times.last)
    around = times.before(high) - times.before(low)
    inside = used_until(ends) - used_until(starts)
    typical = used_until(high) - used_until(low) - inside
    return np.asarray(inside * around / np.maximum(typical, 1))


def _has_last_day_of_months(
    times: Times,
    starts: Instants,
    ends: Instants,
    missing: Instants,
    threshold: float,
) -> npt.NDArray[np.bool_]:
    """Which silences hold the last day of a month, if no month has messages on it, in some time zone.

    Telegram Desktop excludes the upper bound of a range of dates: a chat exported month by month lacks these days.
    """
    found = np.zeros(len(starts), dtype=bool)
    months = pd.date_range(pd.Timestamp(times.first, unit="us"), pd.Timestamp(times.last, unit="us"), freq="MS", unit="us")
    if len(months) < FEWEST_MONTHS:
        return found
    for offset in _OFFSETS:
        day_ends = months.asi8 - offset * _HOUR
        day_ends = day_ends[(day_ends - _DAY > times.first) & (day_ends < times.last)]
        is_silent = times.before(day_ends - _DAY) == times.before(day_ends)
        if len(day_ends) < FEWEST_MONTHS or not is_silent.all():
            continue
        holds = (starts[:, None] < day_ends - _DAY + _HOUR) & (ends[:, None] > day_ends - _HOUR)
        silences = holds.any(axis=1)
        if missing[silences].sum() >= threshold:
            found |= silences
    return found


def _intervals(starts: Instants, ends: Instants) -> ReadIntervals:
    bounds = (pd.DatetimeIndex(instants.view("M8[us]")).tz_localize("UTC") for instants in (starts, ends))
    return ReadIntervals.of(*zip(*bounds, strict=True))
