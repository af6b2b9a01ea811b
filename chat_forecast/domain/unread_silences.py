"""Silences that were not read: where messages were sent and no file has them.

Belongs here: finding them by message ids that jump, and what is known in spite of them.
Does not belong here: the arithmetic of intervals (:mod:`.read_intervals`).

Where a chat numbers its messages one by one, ids go on counting through a stretch that an export lacks. Ids are missing in
whole stretches too: deleted messages have them, and entries such as *joined* where a file leaves those out. So a silence is
taken as not read if the ids that are missing in it are far more than in the chat's other silences, and about as many as the
chat would have used in that time.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import Floats, is_among, steps
from chat_forecast.domain.read_intervals import ReadIntervals

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

Instants = npt.NDArray[np.int64]
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
    ids, times, undated = _ordered(entries)
    if len(ids) < FEWEST_ENTRIES:
        return ReadIntervals()
    missing = steps(ids)
    missing -= 1
    if np.count_nonzero(missing == 0) <= len(missing) // 2:  # more than half of the ids follow the one before
        return ReadIntervals()
    if len(undated):
        missing -= np.diff(np.searchsorted(undated, ids))
    starts, ends = times[:-1], times[1:]
    is_silence = _hold_an_hour(starts, ends)
    usual = np.quantile(missing[is_silence] if is_silence.sum() >= ENOUGH_SILENCES else missing, USUAL_QUANTILE)
    threshold = max(FEWEST_MISSING, FAR_BEYOND * usual)
    silences = np.flatnonzero(is_silence & (missing > 0))
    starts, ends, gone = starts[silences], ends[silences], missing[silences].astype("int64")
    times = times if (times[1:] >= times[:-1]).all() else np.sort(times)
    would_be_used = _expected(times, starts, ends) * (ids[-1] - ids[0]) / len(ids)
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
    """What several imports read together.

    Each import has the spans of its file and its unread silences. A silence that another import has messages in was read by
    that one; one in which none has any stays unread, whatever other files span it. ``sent_at`` are all messages, ascending.
    What people say stands above that: silences are real where ``trusted``, messages are missing in ``missing``.
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


def _ordered(parts: Iterable[pd.DataFrame]) -> tuple[Instants, Instants, Instants]:
    """Ids ascending, each once, with their times in microseconds; and the ids of entries without a time."""
    ids, times, undated = (np.zeros(0, dtype="int64") for _ in range(3))
    for part in parts:
        known = part[is_known] if not (is_known := part["message_id"].notna().to_numpy()).all() else part
        numbers, instants = known["message_id"].to_numpy(dtype="int64"), pd.DatetimeIndex(known["sent_at"]).as_unit("us")
        if not (is_dated := np.asarray(instants.notna())).all():
            undated = np.union1d(undated, numbers[~is_dated])
            numbers, instants = numbers[is_dated], instants[is_dated]
        ids, times = _joined(ids, times, numbers, instants.asi8)
    return ids, times, undated


def _joined(ids: Instants, times: Instants, more_ids: Instants, more_times: Instants) -> tuple[Instants, Instants]:
    """Add entries to those of rising ids, where their ids are not there yet."""
    if not (more_ids[1:] > more_ids[:-1]).all():
        more_ids, first = np.unique(more_ids, return_index=True)
        more_times = more_times[first]
    if not len(ids):
        return more_ids, more_times
    is_new = ~is_among(more_ids, ids)
    if not is_new.any():
        return ids, times
    places = np.searchsorted(ids, more_ids[is_new])
    return np.insert(ids, places, more_ids[is_new]), np.insert(times, places, more_times[is_new])


def _hold_an_hour(starts: Instants, ends: Instants) -> npt.NDArray[np.bool_]:
    """Whether between two instants there is an hour by the clock; few are that far apart, and only those are computed."""
    found = ends >= starts + _HOUR
    long = np.flatnonzero(found)
    starts, ends = starts[long], ends[long]
    found[long] = ends // _HOUR * _HOUR - -(-starts // _HOUR) * _HOUR >= _HOUR
    return found


def _expected(times: Instants, starts: Instants, ends: Instants) -> Floats:
    """How many entries the chat would have had between two instants, by its week and its level around them."""
    first = int(times[0] // _HOUR)
    hours = np.arange(first, int(times[-1] // _HOUR) + 2)
    by_hour = np.diff(np.searchsorted(times, np.append(hours, hours[-1] + 1) * _HOUR)).astype(float)
    # Of a few weeks an hour shows little: each counts as if it had been average for one week more.
    weeks = np.bincount(hours % _WEEK_HOURS, minlength=_WEEK_HOURS)
    weekly = (np.bincount(hours % _WEEK_HOURS, by_hour, _WEEK_HOURS) + by_hour.mean()) / (weeks + 1)
    profile = np.concatenate([[0.0], np.cumsum(weekly[hours % _WEEK_HOURS])])

    def used_until(instants: Instants) -> Floats:
        place = instants // _HOUR - first
        return np.asarray(profile[place] + (instants % _HOUR) / _HOUR * weekly[(place + first) % _WEEK_HOURS])

    low, high = np.maximum(starts - LEVEL_DAYS * _DAY, times[0]), np.minimum(ends + LEVEL_DAYS * _DAY, times[-1])
    around = np.searchsorted(times, high) - np.searchsorted(times, low)
    inside = used_until(ends) - used_until(starts)
    typical = used_until(high) - used_until(low) - inside
    return np.asarray(inside * around / np.maximum(typical, 1))


def _has_last_day_of_months(
    times: Instants,
    starts: Instants,
    ends: Instants,
    missing: Instants,
    threshold: float,
) -> npt.NDArray[np.bool_]:
    """Which silences hold the last day of a month, if no month has messages on it, in some time zone.

    Telegram Desktop excludes the upper bound of a range of dates: a chat exported month by month lacks these days.
    """
    found = np.zeros(len(starts), dtype=bool)
    months = pd.date_range(pd.Timestamp(times[0], unit="us"), pd.Timestamp(times[-1], unit="us"), freq="MS", unit="us")
    if len(months) < FEWEST_MONTHS:
        return found
    for offset in _OFFSETS:
        day_ends = months.asi8 - offset * _HOUR
        day_ends = day_ends[(day_ends - _DAY > times[0]) & (day_ends < times[-1])]
        is_silent = np.searchsorted(times, day_ends - _DAY) == np.searchsorted(times, day_ends)
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
