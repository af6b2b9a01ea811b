"""A chat that does not exist: the offline twin of the real sources, to try things out and to test with.

Belongs here: what a believable chat is like, and making its messages.
Does not belong here: anything about real chats.

A day is made from the seed and its own date alone, so that days can be read in any order, again, or one by one.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import Floats
from chat_forecast.domain.local_day import LocalDay
from chat_forecast.domain.messages import MessageBatch
from chat_forecast.domain.read_intervals import ReadIntervals

TYPICAL_DAY = 80
"""Messages of a day in the middle of all that varies."""
WEEKDAYS = (1.05, 1.12, 1.10, 1.06, 1.0, 0.76, 0.82)
"""Monday first."""
PEAKS = ((9.5, 1.6, 0.5), (14.0, 2.2, 0.7), (21.0, 1.8, 1.0))
"""Of a working day: local hour, width in hours, height. At weekends everything is later by an hour."""
NIGHT = 0.02
"""What is left of the activity when no peak is near, beside the heights of the peaks."""
DAY_NOISE = 0.12
"""Standard deviation of a day's level on the log scale."""
TREND = 0.2
"""Height of the slow wave over the years on the log scale."""

REGIME_DAYS = 28
REGIME_JITTER_DAYS = 10
"""A regime lasts 28 days, give or take up to 9: every 120 days hold three changes at least."""
LEVEL_STEP = 2.2
"""How many times the messages of a calm regime a busy one has."""

CONVERSATION = 0.65
"""Parameter of the logarithmic distribution of a conversation's length. Conversations begin as a Poisson process, so
that counts are negative binomial, with a variance of 1 / (1 - 0.65) = 2.9 times the mean."""
CONVERSATION_MEAN = -CONVERSATION / ((1 - CONVERSATION) * np.log(1 - CONVERSATION))
REPLY_SECONDS = 70
PARTICIPANTS = 3

IDS_PER_DAY = 1_000_000
MICROSECONDS = 1_000_000
"""Of a second."""


@dataclass(frozen=True)
class Regime:
    """How the chat is for some weeks."""

    level: float
    """Factor on the number of messages."""
    shift: float
    """By how many hours everything is later."""


@dataclass(frozen=True)
class SimulatedSource:
    """The messages of a simulated chat; the same seed and day give the same messages."""

    seed: int
    timezone: str

    def read_days(self, days: Sequence[LocalDay]) -> Iterator[MessageBatch]:
        """Yield each day's messages; every day is covered from its start to its end."""
        for day in days:
            yield MessageBatch(self._messages(day), ReadIntervals.of((day.start, day.end)))

    def regime(self, day: LocalDay) -> Regime:
        """Tell the regime that holds on a day.

        From one regime to the next just one thing changes, in turn: the level, or the hours of the day.
        """
        number, into = divmod(day.date.toordinal() + self._character.phase, REGIME_DAYS)
        if into < self._rng(2, number).integers(REGIME_JITTER_DAYS):
            number -= 1
        is_busy, is_late = number // 2 % 2, (number + 1) // 2 % 2
        return Regime(LEVEL_STEP ** (is_busy - 0.5), self._character.late_shift * is_late)

    def expected(self, day: LocalDay) -> Floats:
        """Give the mean number of messages in each hour of ``day.hours``, before the day's own noise."""
        character, regime = self._character, self.regime(day)
        is_weekend = day.date.weekday() >= 5
        wave = np.sin(2 * np.pi * (day.date.toordinal() / character.trend_days + character.trend_phase))
        level = character.level * WEEKDAYS[day.date.weekday()] * regime.level * float(np.exp(TREND * wave))
        hours = _starts_and_lengths(day)[1] / 3600
        middle = np.asarray(day.hours.hour + day.hours.minute / 60, dtype=np.float64) + hours / 2
        return level * hours * _activity(middle - character.shift - regime.shift - is_weekend)

    def _messages(self, day: LocalDay) -> pd.DataFrame:
        rng = self._rng(3, day.date.toordinal())
        starts, lengths = _starts_and_lengths(day)
        rate = self.expected(day) * rng.lognormal(-(DAY_NOISE**2) / 2, DAY_NOISE) / CONVERSATION_MEAN
        begun = rng.poisson(rate)
        begin = np.repeat(starts, begun) + rng.random(begun.sum()) * np.repeat(lengths, begun)
        sizes = rng.logseries(CONVERSATION, begin.size)
        conversation = np.repeat(np.arange(begin.size), sizes)
        # Each message comes a while after the one before it; the first one of a conversation begins it.
        pauses = rng.exponential(REPLY_SECONDS, conversation.size).cumsum()
        sent = np.floor(begin[conversation] + pauses - np.repeat(pauses[sizes.cumsum() - sizes], sizes))
        participants = rng.choice(len(self._senders), (begin.size, PARTICIPANTS), p=self._weights)
        sender = self._senders[participants[conversation, rng.integers(PARTICIPANTS, size=conversation.size)]]
        # What a conversation says after midnight is lost: the next day knows nothing of this one.
        order = np.argsort(sent, kind="stable")
        order = order[sent[order] < lengths.sum()]
        first_id = day.date.toordinal() * IDS_PER_DAY + 1
        sent_at = day.bounds[0] + sent[order].astype(np.int64) * MICROSECONDS
        return pd.DataFrame(
            {  # each column has its type of MESSAGE_DTYPES at once
                "message_id": np.arange(first_id, first_id + order.size, dtype=np.int64),
                "sent_at": pd.DatetimeIndex(sent_at.view("datetime64[us]")).tz_localize("UTC"),
                "sender": pd.array(sender[order], dtype="str"),
            },
            copy=False,
        )

    def _rng(self, *stream: int) -> np.random.Generator:
        """Begin a stream of random numbers: (1) for the chat, (2, number) for a regime, (3, ordinal) for a day."""
        return np.random.default_rng([self.seed, *stream])

    @cached_property
    def _character(self) -> "_Character":
        rng = self._rng(1)
        return _Character(
            level=TYPICAL_DAY * rng.uniform(0.9, 1.1),
            shift=rng.uniform(-1, 1),
            late_shift=rng.uniform(4.5, 6.5),
            phase=int(rng.integers(4 * REGIME_DAYS)),
            trend_days=rng.uniform(900, 1500),
            trend_phase=rng.random(),
            senders=int(rng.integers(20, 61)),
        )

    @cached_property
    def _senders(self) -> npt.NDArray[np.object_]:
        """Pseudonyms like those of real senders: 16 hexadecimal digits."""
        names = (f"simulated/{self.seed}/{number}" for number in range(self._character.senders))
        return np.array([hashlib.blake2b(name.encode(), digest_size=8).hexdigest() for name in names], dtype=object)

    @cached_property
    def _weights(self) -> Floats:
        """How talkative each sender is: a few say most."""
        weights: Floats = 1 / np.arange(1, self._character.senders + 1, dtype=np.float64)
        return np.asarray(weights / weights.sum())


@dataclass(frozen=True)
class _Character:
    """What distinguishes one simulated chat from another, for all of its time."""

    level: float
    """Messages a day."""
    shift: float
    """Hours by which everything is later always."""
    late_shift: float
    """Hours by which everything is later in the late regimes."""
    phase: int
    """Days by which the regimes are moved."""
    trend_days: float
    trend_phase: float
    senders: int


def _starts_and_lengths(day: LocalDay) -> tuple[Floats, Floats]:
    """Give when each of the day's hours starts, in seconds since the day's own start, and how many seconds it lasts."""
    bounds = (day.bounds - day.bounds[0]) / MICROSECONDS
    return bounds[:-1], np.diff(bounds)


def _activity(clock: Floats) -> Floats:
    """Give the share of a day's messages in an hour around each time of the day; over 24 hours the shares sum to 1."""
    density = np.full(clock.shape, NIGHT)
    for peak, width, height in PEAKS:
        distance = (clock - peak + 12) % 24 - 12
        density += height * np.exp(-0.5 * (distance / width) ** 2)
    area = 24 * NIGHT + sum(height * width for _, width, height in PEAKS) * np.sqrt(2 * np.pi)
    return np.asarray(density / area)
