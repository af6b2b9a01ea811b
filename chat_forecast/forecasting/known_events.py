"""Events as they are remembered from one look to the next, so that the same one is known again.

Belongs here: an event in time, and joining what is found now to what was found before.
Does not belong here: finding events (:mod:`.unusual_events`), keeping them in a file, sending them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd

from chat_forecast.forecasting.today import Today
from chat_forecast.forecasting.unusual_events import CLEAR_AFTER_HOURS, SAME_WITHIN_HOURS, Kind

REMEMBERED = pd.Timedelta(days=2)


@dataclass(frozen=True)
class KnownEvent:
    """An event of a chat."""

    kind: Kind
    begin: pd.Timestamp
    """The start of its first hour, as all instants aware and local."""
    end: pd.Timestamp
    """The end of its last hour so far."""
    is_over: bool
    messages: int
    """Counted from ``begin`` to ``end``; of the hour under way those so far."""
    expected: float
    key: str
    """The same for the same event, whatever is known of it later."""

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain JSON values."""
        return asdict(self) | {"begin": self.begin.isoformat(), "end": self.end.isoformat()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "KnownEvent":
        """Bring back what :meth:`to_dict` gave."""
        return cls(**{**stored, "begin": pd.Timestamp(stored["begin"]), "end": pd.Timestamp(stored["end"])})


def events_of(today: Today) -> list[KnownEvent]:
    """The events of a day that is looked at, in time."""
    ends = [*today.hours[1:], today.plan.day.end.tz_convert(today.plan.day.timezone)] if len(today.hours) else []
    return [
        KnownEvent(
            kind=event.kind,
            begin=today.hours[event.begin],
            end=ends[event.end - 1],
            is_over=event.is_over,
            messages=event.messages,
            expected=round(event.expected, 1),
            key=f"{event.kind}-{today.hours[event.begin].tz_convert('UTC'):%Y%m%dT%H%M}",
        )
        for event in today.events
    ]


def remember(known: Sequence[KnownEvent], found: Iterable[KnownEvent], read_until: pd.Timestamp | None) -> list[KnownEvent]:
    """Join what is found to what is known, oldest first.

    A found event that overlaps a known one of its kind, or follows it within the hours in which an alarm belongs to it, is
    that one, and keeps its key. What is known and not found again is over once enough hours after it were read. After
    :data:`REMEMBERED` an event that is over is forgotten.
    """
    left, joined = list(known), []
    for event in found:
        same = next((each for each in left if _is_same(each, event)), None)
        if same is not None:
            left.remove(same)
            event = replace(event, key=same.key, begin=min(same.begin, event.begin))
        joined.append(event)
    clear = pd.Timedelta(hours=CLEAR_AFTER_HOURS)
    joined += [
        replace(each, is_over=each.is_over or (read_until is not None and read_until >= each.end + clear)) for each in left
    ]
    fresh = [each for each in joined if not each.is_over or read_until is None or read_until < each.end + REMEMBERED]
    return sorted(fresh, key=lambda event: (event.begin, event.kind))


def _is_same(known: KnownEvent, found: KnownEvent) -> bool:
    reach = pd.Timedelta(hours=SAME_WITHIN_HOURS[known.kind])
    return known.kind == found.kind and found.begin < known.end + reach and found.end > known.begin
