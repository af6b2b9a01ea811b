"""Which stretches of time have been read: what distinguishes a quiet hour from a missing one.

Belongs here: the arithmetic of read intervals.
Does not belong here: the messages in them.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

Interval = tuple[pd.Timestamp, pd.Timestamp]


@dataclass(frozen=True)
class ReadIntervals:
    """A set of instants that were read, as disjoint half-open UTC intervals in ascending order.

    >>> nine, noon = pd.Timestamp("2026-01-01T09:17Z"), pd.Timestamp("2026-01-01T12:00Z")
    >>> ReadIntervals.of((nine, noon)).covers(pd.Timestamp("2026-01-01T09:00Z"), pd.Timestamp("2026-01-01T10:00Z"))
    False
    """

    intervals: tuple[Interval, ...] = ()

    @classmethod
    def of(cls, *intervals: tuple[datetime, datetime]) -> "ReadIntervals":
        """Make one from intervals in any order; overlapping and touching ones are joined."""
        merged: list[Interval] = []
        for start, end in sorted((_utc(start), _utc(end)) for start, end in intervals):
            if end <= start:
                continue
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((start, end))
        return cls(tuple(merged))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was read."""
        return not self.intervals

    def union(self, *others: "ReadIntervals") -> "ReadIntervals":
        """What this one or any of the others covers."""
        return ReadIntervals.of(*self.intervals, *(interval for other in others for interval in other.intervals))

    def clip(self, start: datetime, end: datetime) -> "ReadIntervals":
        """What is covered inside ``[start, end)``."""
        low, high = _utc(start), _utc(end)
        return ReadIntervals.of(*((max(low, a), min(high, b)) for a, b in self.intervals))

    def without(self, other: "ReadIntervals") -> "ReadIntervals":
        """What this one covers and ``other`` does not."""
        left = list(self.intervals)
        for cut_start, cut_end in other.intervals:
            left = [
                piece
                for start, end in left
                for piece in ((start, min(end, cut_start)), (max(start, cut_end), end))
                if piece[0] < piece[1]
            ]
        return ReadIntervals.of(*left)

    def known_from(self, instant: datetime) -> pd.Timestamp:
        """Until when everything from an instant on was read: the instant itself if it was not."""
        begin = _utc(instant)
        return next((end for start, end in self.intervals if start <= begin < end), begin)

    def within(self, other: "ReadIntervals") -> "ReadIntervals":
        """What both cover."""
        return self.without(self.without(other))

    def covers(self, start: datetime, end: datetime) -> bool:
        """Whether all of ``[start, end)`` was read."""
        low, high = _utc(start), _utc(end)
        return any(a <= low and high <= b for a, b in self.intervals)

    def covered_hours(self, hours: pd.DatetimeIndex, end: datetime) -> pd.Series:
        """Which of the hours were read from their first instant to their last.

        ``hours`` holds the ascending starts, ``end`` the instant at which the last one ends; the result is boolean,
        indexed by the hours.
        """
        if len(hours) and self.covers(hours[0], end):
            return pd.Series(data=True, index=hours, dtype=bool)
        bounds = [*hours.tz_convert("UTC"), _utc(end)]
        return pd.Series(
            [self.covers(start, stop) for start, stop in pairwise(bounds)],
            index=hours,
            dtype=bool,
        )

    def missing_hours(self, hours: pd.DatetimeIndex, end: datetime) -> npt.NDArray[np.bool_]:
        """Which of the hours are not those of :meth:`covered_hours`, as an array."""
        if len(self.intervals) == 1 and self.intervals[0][0] <= hours[0] and end <= self.intervals[0][1]:
            return np.zeros(len(hours), dtype=bool)
        return ~self.covered_hours(hours, end).to_numpy()

    def to_json(self) -> str:
        """Write the intervals as JSON, in ISO 8601 UTC."""
        return json.dumps([[start.isoformat(), end.isoformat()] for start, end in self.intervals])

    @classmethod
    def from_json(cls, text: str) -> "ReadIntervals":
        """Read what :meth:`to_json` wrote."""
        return cls.of(*((pd.Timestamp(start), pd.Timestamp(end)) for start, end in json.loads(text)))

    @classmethod
    def joined(cls, parts: Iterable["ReadIntervals"]) -> "ReadIntervals":
        """The union of any number of them."""
        return cls().union(*parts)


def _utc(instant: datetime) -> pd.Timestamp:
    """An aware instant as a UTC timestamp in microseconds; a naive one is refused."""
    stamp = pd.Timestamp(instant)
    if stamp.tzinfo is None:
        raise ValueError(f"expected an aware instant, found {stamp} without a time zone")
    return stamp.tz_convert("UTC").as_unit("us")
