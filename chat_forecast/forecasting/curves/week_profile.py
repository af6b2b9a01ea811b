"""How a chat's messages spread over the hours of a week, as a curve of means: for chats of any age.

Each hour of the week is a mean of the counts seen there, drawn towards that hour on weekdays or weekends, which is drawn
towards that hour on any day, which is drawn towards the mean of all: so two days of history are enough for a
sensible curve, and years make it as detailed as the data allow.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from chat_forecast.domain.arrays import Floats
from chat_forecast.forecasting.curves.base import is_weekend, known_hours, recent_weights

TRUST_DAYS = 6.0
"""The mean that an hour is drawn towards weighs as much as this many counts of its own."""
TRUST_WEEKS = 24.0
"""The same for an hour of the week, which is drawn towards its kind of day."""


@dataclass(frozen=True)
class ProfileCurve:
    """``table``: messages an hour, for the 168 hours of a week from Monday 00:00."""

    table: tuple[float, ...]

    def means(self, hours: pd.DatetimeIndex) -> Floats:
        """See :meth:`.Curve.means`."""
        return np.array(self.table)[hours.day_of_week * 24 + hours.hour]

    def to_dict(self) -> dict[str, Any]:
        """All numbers by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "ProfileCurve":
        """Bring back what :meth:`to_dict` gave, from JSON too."""
        return cls(tuple(stored["table"]))


def fit_profile(series: pd.DataFrame) -> ProfileCurve:
    """Find the profile of the known counts, the recent ones weighing more.

    Raises:
        NotEnoughHistory: no hour is known.
    """
    hours, counts = known_hours(series, at_least=1)
    weights = recent_weights(hours)
    mean = np.average(counts, weights=weights)

    def drawn(kinds: int, kind: Floats, towards: Floats, trust: float) -> Floats:
        """Means by kind of day and clock hour, shape ``(kinds, 24)``, smoothed over neighbouring hours."""
        place = np.asarray(kind, dtype=np.int64) * 24 + hours.hour
        sums, seen = (
            _smooth(np.bincount(place, values, minlength=kinds * 24).astype(float).reshape(kinds, 24))
            for values in (weights * counts, weights)
        )
        return np.asarray((sums + trust * towards) / (seen + trust))

    by_clock = drawn(1, np.zeros(len(hours)), np.full((1, 24), mean), TRUST_DAYS)
    by_kind = drawn(2, is_weekend(hours).astype(float), by_clock, TRUST_DAYS)
    by_day = drawn(7, np.asarray(hours.day_of_week, dtype=np.float64), by_kind[[0, 0, 0, 0, 0, 1, 1]], TRUST_WEEKS)
    return ProfileCurve(tuple(by_day.ravel().tolist()))


def _smooth(by_clock: Floats) -> Floats:
    return np.asarray(0.5 * by_clock + 0.25 * (np.roll(by_clock, 1, axis=1) + np.roll(by_clock, -1, axis=1)))
