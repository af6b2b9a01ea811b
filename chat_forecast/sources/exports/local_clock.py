"""Converting a file's local clock times to instants.

Belongs here: the hour that a clock change repeats, and the one that it skips.
Does not belong here: reading times from text.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.sources.exports.base import Tally
from chat_forecast.sources.exports.calendar_limits import within_calendar

_LONGEST_REPETITION = pd.Timedelta("3h")
_NONE = np.iinfo("int64").min  # NaT


class LocalClock:
    """Turns the local times of one file, given in the file's order, into instants.

    A time of the repeated hour is taken as the passage that goes on in the direction of the file; where both would, as
    the one nearer to what came before. A time of the skipped hour becomes the hour's end.
    """

    def __init__(self, timezone: str, tally: Tally, *, is_assumed: bool = True) -> None:
        """``is_assumed``: the file does not say that it is this zone, so the tally counts the times read in it."""
        self._timezone, self._tally, self._is_assumed = timezone, tally, is_assumed
        self._previous: int | None = None

    def to_utc(self, local: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """Turn naive local times into UTC; the tally counts those of repeated and of skipped hours.

        NaT for a time of a year that no calendar has.
        """
        local = within_calendar(local)
        instants = np.full(len(local), _NONE)
        is_known = np.asarray(local.notna())
        if is_known.any():
            instants[is_known] = self._known_to_utc(local[is_known])
        return pd.DatetimeIndex(instants.view("M8[us]")).tz_localize("UTC")

    def _known_to_utc(self, local: pd.DatetimeIndex) -> npt.NDArray[np.int64]:
        """In microseconds."""
        self._tally.clock_times += len(local) * self._is_assumed
        first, second = self._passage(local, is_first=True), self._passage(local, is_first=False)
        self._tally.shifted += int(np.count_nonzero(self._passage(local, is_first=True, skipped="NaT").isna()))
        repeated = np.flatnonzero(first != second)
        self._tally.ambiguous += len(repeated)
        is_descending = local[0] - local[-1] > _LONGEST_REPETITION
        instants, later = first.asi8.copy(), second.asi8
        for place in repeated:
            before = instants[place - 1] if place else self._previous
            if before is not None and (later[place] <= before if is_descending else instants[place] < before):
                instants[place] = later[place]
        self._previous = int(instants[-1])
        return instants

    def _passage(
        self, local: pd.DatetimeIndex, *, is_first: bool, skipped: Literal["shift_forward", "NaT"] = "shift_forward"
    ) -> pd.DatetimeIndex:
        ambiguous = np.full(len(local), is_first)
        return local.tz_localize(self._timezone, ambiguous=ambiguous, nonexistent=skipped).tz_convert("UTC")
