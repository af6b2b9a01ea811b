"""Messages as plain arrays, for counting: making a table in pandas takes several times as long as counting a day.

Belongs here: a day's times and senders as numbers.
Does not belong here: counting them (:mod:`.hourly_series`), or the messages themselves (:mod:`.messages`).
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals


def _none() -> npt.NDArray[np.int64]:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class MessageArrays:
    """The times and senders of messages, and the intervals that were read."""

    sent_at: npt.NDArray[np.int64] = field(default_factory=_none)
    """Microseconds since 1970-01-01 UTC, shape ``(n,)``."""
    senders: npt.NDArray[np.int64] = field(default_factory=_none)
    """A code for each message's sender, from 0 on; -1 if the sender is unknown; shape ``(n,)``."""
    known_senders: int = 0
    """How many different senders are known."""
    read_intervals: ReadIntervals = field(default_factory=ReadIntervals)

    @classmethod
    def of(cls, batch: MessageBatch) -> "MessageArrays":
        """The arrays of a batch."""
        senders, known = pd.factorize(batch.messages["sender"])
        return cls(to_microseconds(batch.messages["sent_at"]), senders.astype(np.int64), len(known), batch.read_intervals)


def to_microseconds(instants: pd.Series) -> npt.NDArray[np.int64]:
    """Aware instants as microseconds since 1970-01-01 UTC."""
    return np.asarray(instants.to_numpy(dtype="datetime64[us]")).view(np.int64)
