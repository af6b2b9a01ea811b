"""Newer exports that stand instead of older ones in the hours that they cover.

Belongs here: which of several exports holds which stretch of time, where messages have no ids by which to join them.
Does not belong here: what an archive does with it (:mod:`.archive_contents`).

The newer one of two exports is the one that ends later, whichever was imported first. It holds all that it covers. The part
of an hour with which it begins stays with the older one, if that has the whole hour.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from chat_forecast.domain.read_intervals import ReadIntervals


@dataclass(frozen=True)
class Holding:
    """What an export covers, and what of it it holds; one that covers nothing is joined with the others instead."""

    covers: ReadIntervals = field(default_factory=ReadIntervals)
    """From its first message, to just after its last one."""
    whole_from: pd.Timestamp | None = None
    """Its first whole hour."""
    holds: ReadIntervals = field(default_factory=ReadIntervals)

    @classmethod
    def of(cls, first: pd.Timestamp, end: pd.Timestamp, whole_from: pd.Timestamp) -> "Holding":
        """The holding of an export that nothing stands instead of."""
        covers = ReadIntervals.of((first, end))
        return cls(covers, whole_from, covers)

    def to_plain(self) -> dict[str, Any] | None:
        """As values of JSON; None where it covers nothing."""
        if self.covers.is_empty or self.whole_from is None:
            return None
        return {
            "covers": self.covers.to_json(),
            "whole_from": self.whole_from.isoformat(),
            "holds": self.holds.to_json(),
        }

    @classmethod
    def from_plain(cls, stored: dict[str, Any] | None) -> "Holding":
        """Read what :meth:`to_plain` gave."""
        if stored is None:
            return cls()
        covers, holds = (ReadIntervals.from_json(stored[name]) for name in ("covers", "holds"))
        return cls(covers, pd.Timestamp(stored["whole_from"]), holds)


def held(exports: Sequence[Holding]) -> list[ReadIntervals]:
    """What each of several exports holds beside the others, in the order given."""
    found: dict[int, ReadIntervals] = {}
    # The later end is newer; of two with the same end, the one that reaches further back.
    newest_first = sorted(range(len(exports)), key=lambda place: _age(exports[place]), reverse=True)
    for rank, place in enumerate(newest_first):
        export = exports[place]
        begin, end = export.covers.intervals[0]
        whole_from = export.whole_from or begin
        hour = (whole_from - pd.Timedelta(hours=1), whole_from)
        if begin < whole_from and any(exports[older].holds.covers(*hour) for older in newest_first[rank + 1 :]):
            begin = whole_from
        own = ReadIntervals.of((begin, end)).within(export.holds)
        found[place] = own.without(ReadIntervals.joined(found.values()))
    return [found[place] for place in range(len(exports))]


def _age(export: Holding) -> tuple[pd.Timestamp, pd.Timedelta]:
    begin, end = export.covers.intervals[0]
    return end, end - begin


def is_inside(sent_at: pd.Series, stretches: ReadIntervals) -> pd.Series:
    """Which instants are in one of some stretches."""
    found = sent_at.isna()
    for start, end in stretches.intervals:
        found |= (sent_at >= start) & (sent_at < end)
    return found
