"""Whether the hours of a chat are unusual, high or low: four tests, whose thresholds follow the chat.

Belongs here: what is measured of an hour, what a chat's thresholds are, which hours pass them.
Does not belong here: which hours are one event (:mod:`.unusual_events`), where the expected messages come from.

The tail of the distribution of an hour is too light (what should come once in a thousand hours comes three to four times),
and chats differ: so a test asks whether an hour exceeds what this chat has done on the last 56 days too. The tests look for
what is seen in one hour, in five minutes, in six hours, and in a silence; ``bench_today`` prints what they find, and how
often they alarm without a cause. Hours of the night are compared with nights: beside the busy hours of a day, what would be
unusual in them is not.
"""

import math
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from chat_forecast.domain.arrays import Floats
from chat_forecast.forecasting.dependent_hours import FAR_FALL, FAR_SHARE, NEAR_FALL, NEAR_SHARE, surprise, variance_of_sums
from chat_forecast.forecasting.distributions import NegativeBinomial
from chat_forecast.forecasting.rest_of_day import SHARE, ratios

FEWEST_MESSAGES = 10
"""An hour with fewer is not unusually busy."""
BURST_MINUTES, LASTING_HOURS = 5, 6
NIGHT_SHARE = 0.5
"""An hour of which less than this share of a mean hour of its day is expected belongs to the night."""
LEVELS = (2.0, 8.0)
"""Messages an hour, on average over the days before: with fewer a chat is quiet, from the second on it is busy."""
ENOUGH_DAYS = 14
"""With fewer known days behind it, nothing is known of what is usual in a chat."""

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Hours:
    """Hours that follow one another, of one or more local days; every array has the shape ``(n,)``."""

    days: npt.NDArray[np.int64]
    """The local day of each, as :func:`.day_numbers` gives it."""
    counts: Floats
    """Messages, NaN where not read; of an hour under way those so far."""
    bursts: Floats
    """The most messages within five minutes that end in the hour, NaN where not read."""
    midnight: NegativeBinomial
    """What was expected of each at the midnight before it."""
    is_over: Booleans
    """Whether the hour was read to its end."""


@dataclass(frozen=True)
class Signals:
    """How unusual each hour is, by each test; NaN where it cannot be said."""

    hour: Floats
    """The surprise of its messages, given the hours before it; NaN at night."""
    night: Floats
    """The same for an hour at night, NaN by day."""
    burst: Floats
    """The most messages within five minutes."""
    lasting: Floats
    """The surprise of the messages of the six hours that end with it, given what was expected at midnight."""
    silence: Floats
    """``−log10`` of the probability that nobody writes in the empty hours that end with it; 0 where it is not empty."""


@dataclass(frozen=True)
class Thresholds:
    """What each signal has to exceed on one day."""

    hour: float
    night: float
    burst: float
    lasting: float
    silence: float


LEAST = (
    Thresholds(hour=3.0, night=3.0, burst=19, lasting=2.5, silence=2.5),
    Thresholds(hour=2.75, night=3.0, burst=19, lasting=2.0, silence=1.5),
    Thresholds(hour=2.0, night=1.0, burst=19, lasting=2.5, silence=2.5),
)
"""The thresholds of quiet chats, those between, and busy ones are never lower;"""
RANKS = (
    {"hour": 1, "night": 2, "burst": 1, "lasting": 1, "silence": 1},
    {"hour": 3, "night": 3, "burst": 2, "lasting": 4, "silence": 4},
    {"hour": 4, "night": 3, "burst": 5, "lasting": 2, "silence": 3},
)
"""nor lower than the daily maximum that has this rank among a signal's, the largest first. Both were chosen on the last 22
weeks of the open chats for at most one event a chat-week, and tried on the 38 weeks before (``forecasting.md``)."""


def measure(hours: Hours) -> Signals:
    """Measure how unusual each of some hours is, by what is known up to its end."""
    counts, mean, size = hours.counts, hours.midnight.mean, hours.midnight.size
    whole = np.where(hours.is_over, counts, np.nan)
    expected = mean * _ratios_by_day(hours.days, whole, mean) ** SHARE
    silences = np.where(hours.is_over, _silences(whole, mean, size), np.nan)
    surprises, is_night = surprise(counts, expected, size), _is_night(hours.days, mean)
    by_day, at_night = np.where(is_night, np.nan, surprises), np.where(is_night, surprises, np.nan)
    return Signals(by_day, at_night, hours.bursts, _lasting(whole, mean, size), silences)


def find_thresholds(hours: Hours, signals: Signals, day: int, days: int) -> Thresholds | None:
    """Find the thresholds of a day from the signals of the ``days`` days before it; None if too few of them are known."""
    before = (hours.days < day) & (hours.days >= day - days) & ~np.isnan(hours.counts)
    if len(np.unique(hours.days[before])) < ENOUGH_DAYS:
        return None

    def ranked(signal: Floats, rank: int) -> float:
        numbers, places = np.unique(hours.days[before], return_inverse=True)
        greatest = np.zeros(len(numbers))
        np.maximum.at(greatest, places, np.nan_to_num(signal[before]))
        return float(np.sort(greatest)[-rank])

    level = int(np.searchsorted(LEVELS, hours.counts[before].mean(), side="right"))
    reached = {name: ranked(getattr(signals, name), rank) for name, rank in RANKS[level].items()}
    return Thresholds(**{name: max(least, reached[name]) for name, least in asdict(LEAST[level]).items()})


def is_too_busy(hours: Hours, signals: Signals, limits: Thresholds) -> Booleans:
    """Which hours have unusually many messages: in the hour, within five minutes of it, or in the six hours up to it."""
    is_enough = hours.counts >= FEWEST_MESSAGES
    # The six hours hold an event that has just ended too: the hour itself has to be above what was expected.
    by_sum = (signals.lasting > limits.lasting) & (hours.counts > hours.midnight.mean)
    by_count = (signals.hour > limits.hour) | (signals.night > limits.night)
    return np.asarray((is_enough & (by_count | by_sum)) | (signals.burst > limits.burst))


def is_too_silent(signals: Signals, limits: Thresholds) -> Booleans:
    """Which hours end an unusual silence, so far."""
    return np.asarray(signals.silence > limits.silence)


def most_in_a_burst(minutes: Floats, bounds: Floats) -> Floats:
    """The most messages within five minutes that end in each hour.

    ``minutes`` are the ascending instants of messages, ``bounds`` those at which the hours begin and the last one ends, in
    minutes from anywhere.

    >>> most_in_a_burst(np.array([1.0, 57, 59, 61, 61.9, 130]), np.array([0.0, 60, 120, 180, 240])).tolist()
    [2.0, 4.0, 1.0, 0.0]
    """
    counts = np.arange(len(minutes)) - np.searchsorted(minutes, minutes - BURST_MINUTES, side="right") + 1
    place = np.searchsorted(bounds, minutes, side="right") - 1
    found = np.zeros(len(bounds) - 1)
    is_inside = (place >= 0) & (place < len(found))
    np.maximum.at(found, place[is_inside], counts[is_inside])
    return found


def _is_night(days: npt.NDArray[np.int64], mean: Floats) -> Booleans:
    """Which hours belong to the night of a chat, by what was expected at midnight."""
    _, places = np.unique(days, return_inverse=True)
    usual = np.bincount(places, mean) / np.maximum(np.bincount(places), 1)
    return np.asarray(mean < NIGHT_SHARE * usual[places])


def _ratios_by_day(days: npt.NDArray[np.int64], counts: Floats, mean: Floats) -> Floats:
    bounds = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]
    found = [ratios(counts[low:high], mean[low:high])[:-1] for low, high in pairwise(bounds)]
    return np.concatenate(found) if len(days) else np.zeros(0)


def _lasting(counts: Floats, mean: Floats, size: Floats) -> Floats:
    """The surprise of sums of :data:`LASTING_HOURS` hours; those that were not read are left out of both sides."""
    is_known, pad = ~np.isnan(counts), np.zeros(LASTING_HOURS - 1)
    windows = [
        np.lib.stride_tricks.sliding_window_view(np.concatenate([fill, values]), LASTING_HOURS)
        for fill, values in (
            (pad, np.where(is_known, counts, 0.0)),
            (pad, np.where(is_known, mean, 0.0)),
            (pad + 1, size),
        )
    ]
    total, expected = windows[0].sum(axis=1), np.maximum(windows[1].sum(axis=1), 1e-6)
    excess = np.maximum(variance_of_sums(windows[1], windows[2]) - expected, expected**2 / 1000)
    found = surprise(total, expected, expected**2 / excess)
    return np.where(is_known, found, np.nan)


def _silences(counts: Floats, mean: Floats, size: Floats) -> Floats:
    """How unlikely each run of empty hours is; an hour that was not read neither adds to a silence nor ends it.

    The hours of a run are silent together: their sum is a negative binomial of the variance of :func:`.variance_of_sums`,
    which grows from hour to hour by what the new one shares with those before it.
    """
    found, shares = np.zeros(len(counts)), mean / np.sqrt(size)
    total = excess = near = far = 0.0
    for place, (count, expected, share) in enumerate(zip(counts.tolist(), mean.tolist(), shares.tolist(), strict=True)):
        if count > 0:
            total = excess = near = far = 0.0
            continue
        near, far = near * NEAR_FALL, far * FAR_FALL
        if count == 0:
            excess += share**2 + 2 * share * (NEAR_SHARE * near + FAR_SHARE * far)
            total, near, far = total + expected, near + share, far + share
            joint = total**2 / max(excess, 1e-12)
            found[place] = joint * math.log10(1 + total / joint)
    return found
