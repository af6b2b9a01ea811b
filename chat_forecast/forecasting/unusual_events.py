"""Events: unusual hours that belong together, with a beginning, a size and an end.

Belongs here: joining hours to events.
Does not belong here: which hours are unusual (:mod:`.unusual_hours`), or whom events are sent to.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from chat_forecast.forecasting.unusual_hours import Booleans, Hours

Kind = Literal["busy", "silent"]
CLEAR_AFTER_HOURS = 2
"""An event ends after this many usual hours."""
SAME_WITHIN_HOURS: dict[Kind, int] = {"busy": 3, "silent": 6}
"""An alarm within this many hours of an event's last hour belongs to that event."""


@dataclass(frozen=True)
class Event:
    """Unusual hours that belong together, by their places in a series of hours."""

    kind: Kind
    begin: int
    end: int
    """The place after its last hour."""
    is_over: bool
    """Whether enough ordinary hours have followed."""
    messages: int
    expected: float
    """At the midnights before its hours."""


def join_hours(kind: Kind, hours: Hours, alarms: Booleans, goes_on: Booleans) -> list[Event]:
    """Join hours to events, oldest first.

    ``alarms``: which hours are unusual; ``goes_on``: in which an event that has begun goes on without an alarm. Of a silence
    those before its first alarm belong to it. Hours that were not read to their end neither go on nor clear.
    """
    spans: list[list[int]] = []
    for place in np.flatnonzero(alarms | goes_on).tolist():
        reach = SAME_WITHIN_HOURS[kind] if alarms[place] else CLEAR_AFTER_HOURS
        if spans and place - spans[-1][1] < reach:
            spans[-1][1] = place + 1
        elif alarms[place]:
            begin = place
            while kind == "silent" and begin and goes_on[begin - 1]:
                begin -= 1
            spans.append([begin, place + 1])
    return [_event(kind, hours, begin, end) for begin, end in spans]


def _event(kind: Kind, hours: Hours, begin: int, end: int) -> Event:
    is_known = ~np.isnan(hours.counts)
    ordinary = int((is_known & hours.is_over)[end:].sum())
    inside = np.flatnonzero(is_known[begin:end]) + begin
    messages, expected = hours.counts[inside].sum(), hours.midnight.mean[inside].sum()
    return Event(kind, begin, end, ordinary >= CLEAR_AFTER_HOURS, int(messages), float(expected))
