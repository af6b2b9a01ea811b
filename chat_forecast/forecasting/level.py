"""The level: how much busier or quieter a chat has become than a curve fitted to its past.

Belongs here: one factor a day, from the actual and the fitted messages of the days before, and how far a single day may
move it.
Does not belong here: the curves (:mod:`.curves`), or applying the level to them (:mod:`.level_adjusted_means`).
"""

from dataclasses import dataclass

import numpy as np

from chat_forecast.domain.arrays import Floats
from chat_forecast.domain.windows import RECENT_DAYS

HALF_LIFE_DAYS = 2.0
"""A day's weight in the level halves in this many days."""
SETTLING_DAYS = 7
"""On the first days of a series the level is not yet known well enough to learn from."""
MOST_MOVE = 1.12
"""A day alone raises the level by at most this factor."""
CAUTION_MESSAGES = 10.0
"""At most this many messages are added to both sides of the level's ratio, beside an average day, since what happens on a
single day of a quiet chat is mostly chance."""
CHANCE = 2.0
"""A day's messages show a new level less this many times their root: the spread of counts that come by chance."""
CONFIRMED = 2.0
"""A day may rise above the level by this many times what the day after it does."""
CONFIRMING_HOURS = 12
"""A day with fewer known hours shows nothing of the days next to it."""


@dataclass(frozen=True)
class Levels:
    """The level of each day and of the one after the last, each from the days before it, both of shape ``(days + 1,)``."""

    factors: Floats
    """By which the fitted messages of a day are multiplied."""
    most: Floats
    """The same at most, whatever else is known of the evening before."""


def find_levels(actual: Floats, fitted: Floats, hours: Floats) -> Levels:
    """Find the level of each day from the days before it.

    For every day, without gaps between days: the actual and the fitted messages in its known hours, and the number of
    those hours. A day's factor is ``(Σ w·counted + c) / (Σ w·fitted + c)`` with ``w = 0.5 ** (age / 2 days)``, where ``c``
    is an average day of the 56 before, and :data:`CAUTION_MESSAGES`: with it, a few messages in a quiet chat do not move
    the level far. Where neither side has anything, it is 1.

    A burst is not a new level, so a day's messages are ``counted`` only up to a cap: what raises the level by
    :data:`MOST_MOVE`, or, if that is more, what gives the day the ratio of actual to fitted messages that the known day
    before it shows beyond chance. Once the day after it is known, the day may also rise above the level by
    :data:`CONFIRMED` times as much as that one: a second busy day makes the first one count.

    >>> busy = np.repeat([100.0, 400.0], [18, 2])
    >>> find_levels(busy, np.full(20, 100.0), np.full(20, 24.0)).factors[[18, 19, 20]].round(2).tolist()
    [1.0, 1.12, 2.01]
    """
    levels = Levels(np.ones(len(actual) + 1), np.full(len(actual) + 1, MOST_MOVE))
    weights = 0.5 ** (np.arange(RECENT_DAYS)[::-1] / HALF_LIFE_DAYS)
    shown = np.maximum(actual - CHANCE * np.sqrt(actual), 0.0) / np.maximum(fitted, 1e-9)
    shown[hours < CONFIRMING_HOURS] = 0.0
    counted = np.zeros(len(actual))
    before, level = -1, 1.0  # the known day before the last one, and the level before it
    for day in range(1, len(actual) + 1):
        past, last = slice(max(0, day - RECENT_DAYS), day), day - 1
        recent = weights[past.start - past.stop :]
        if hours[last] and before >= 0:
            allowed = (level + CONFIRMED * (shown[last] - level)) * fitted[before]
            counted[before] = max(counted[before], min(actual[before], allowed))
        seen = counted[past].sum()
        caution = min(CAUTION_MESSAGES, seen) + 24 * seen / max(1.0, hours[past].sum() - hours[last])
        total, expected = recent @ counted[past] + caution, recent @ fitted[past] + caution
        if hours[last]:
            as_before = shown[before] * fitted[last] if before >= 0 else 0.0
            level = total / (expected - fitted[last]) if expected > fitted[last] else 1.0
            counted[last] = min(actual[last], max(MOST_MOVE * level * expected - total, as_before))
            total += counted[last]
            before = last
        if expected > 0:
            levels.factors[day] = total / expected
            levels.most[day] = max(levels.factors[day], MOST_MOVE * level)
    return levels
