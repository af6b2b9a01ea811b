"""The stretches of an archive of which nothing is known, and why.

Belongs here: listing them, with silences that people said to be real. Does not belong here: changing any
(:mod:`.archive_changes`).
"""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from chat_forecast.domain.read_intervals import ReadIntervals
from chat_forecast.storage.archive import Archive

Reason = Literal["ids jump", "said to be missing", "said of no import", "between files", "trusted"]


@dataclass(frozen=True)
class Gap:
    """A stretch of time, in UTC; one that is trusted counts as quiet, any other as missing."""

    start: pd.Timestamp
    end: pd.Timestamp
    reason: Reason

    @property
    def hours(self) -> float:
        """How long it is."""
        return float((self.end - self.start) / pd.Timedelta(hours=1))


def list_gaps(archive: Archive) -> list[Gap]:
    """Every stretch between the first and the last imported message of which nothing is known, and trusted silences.

    What was said of a time outside is listed too: a mistyped year is seen, and a file of then meets it.
    """
    ledger, read = archive.ledger, archive.read_intervals
    spans, said = ledger.spans, ledger.missing
    if spans.is_empty:
        return []
    whole = ReadIntervals.of((spans.intervals[0][0], spans.intervals[-1][1]))
    unknown = whole.without(read)
    kinds: list[tuple[Reason, ReadIntervals]] = [
        ("said to be missing", unknown.within(said)),
        ("said of no import", said.without(whole)),
        ("between files", unknown.without(spans).without(said)),
        ("ids jump", unknown.within(spans).without(said)),
        ("trusted", ledger.unread.within(ledger.trusted).within(read)),
    ]
    return sorted(
        (Gap(start, end, reason) for reason, intervals in kinds for start, end in intervals.intervals),
        key=lambda gap: gap.start,
    )
