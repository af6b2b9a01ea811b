"""Whether a chat's rhythm changed: the hours of the day in which people write, or the days of the week.

Belongs here: how far the last days differ from the weeks before them, in what a day's or a week's messages have in common
whatever their number.
Does not belong here: how busy a chat is (:mod:`.level_changes`), going over the days of a series (:mod:`.changes`).

A day's hours are described by the first two waves of the roots of its shares: what a move by some hours changes most, and
chance least. They are compared as Hotelling's T² does, in units of their own spread from day to day: so chats that are
never the same two days have to change more.
"""

import numpy as np

from chat_forecast.domain.arrays import Floats
from chat_forecast.domain.day_table import Booleans, DayTable, Numbers
from chat_forecast.domain.windows import RECENT_DAYS

FEWEST_DAYS, MOST_DAYS = 3, 28
"""How many days back a change of the hours is looked for."""
LEAST_BEFORE = 28
"""A change is one from something: from as many days."""
LEAST_SHIFT = 10.0
"""Hotelling's T² for each of the four numbers of a day; it is about 1 where nothing changes."""
LEAST_DISTANCE = 0.05
"""The square of the distance, chance taken off; a chat that sleeps at night moves by 0.2 to 0.6 in 8 hours."""
FEWEST_MESSAGES = 3
"""A day with fewer has no shape."""
SHRINKAGE = 0.1
TRUST_DAYS = 4.0
"""Weekends and weekdays have shapes of their own, drawn towards that of all days with this weight."""

WEEKS = np.array([2, 3, 4])
"""How many weeks back a change of the weekdays is looked for: one week may be a holiday."""
WEEKS_BEFORE = 8
FEWEST_WEEKS = 4
LEAST_WEEK_SHIFT = 6.0
"""The same measure for the six numbers of a week,"""
LEAST_WEEK_DISTANCE = 0.04
"""and the square of the distance of the roots of its days' shares."""
FEWEST_IN_A_WEEK = 20
LEAST_OF_EACH = 0.5
"""Each of the weeks goes as far in the direction of all of them, as a share: one busy day is no change."""

_CLOCK = (np.arange(24) + 0.5) / 24 * 2 * np.pi
_WAVES = np.stack([wave(order * _CLOCK) for order in (1, 2) for wave in (np.cos, np.sin)], axis=1) * np.sqrt(2 / 24)


def hour_shifts(table: DayTable, start: int) -> tuple[Floats, Numbers]:
    """How far the hours changed, as known at the end of each day, if they changed so many days before it.

    ``start`` is the row since which nothing changed. Returns the measure, of shape ``(days + 1, m)``: row ``e`` is made from
    rows before ``e``, and is 0 where there is no change; and the ``m`` numbers of days.
    """
    back = np.arange(FEWEST_DAYS, MOST_DAYS + 1)
    ends = np.arange(len(table.counts) + 1)[:, None]
    change = np.maximum(ends - back, 0)
    begin = np.minimum(np.maximum(start, change - RECENT_DAYS), change)
    totals = table.counts.sum(axis=1)
    has_shape = table.is_known & (totals >= FEWEST_MESSAGES)
    shapes = np.sqrt(table.counts / np.maximum(totals, 1)[:, None]) @ _WAVES
    kinds = [_Sums(shapes, has_shape & is_kind) for is_kind in (table.weekdays < 5, table.weekdays >= 5)]
    before = sum(kind.number[change] - kind.number[begin] for kind in kinds)
    since = sum(kind.number[ends] - kind.number[change] for kind in kinds)
    is_enough = (ends - back - begin >= LEAST_BEFORE) & (before >= LEAST_BEFORE / 2) & (since >= np.maximum(2, back / 2))
    before, since = np.maximum(before, 1), np.maximum(since, 1)
    of_all = sum(kind.first[change] - kind.first[begin] for kind in kinds) / before[..., None]
    spread = np.zeros((*before.shape, 4, 4))
    moved = np.zeros((*before.shape, 4))
    for kind in kinds:
        number = kind.number[change] - kind.number[begin]
        first = kind.first[change] - kind.first[begin]
        usual = (first + TRUST_DAYS * of_all) / (number + TRUST_DAYS)[..., None]
        cross = first[..., :, None] * usual[..., None, :]
        spread += kind.second[change] - kind.second[begin] - cross - np.swapaxes(cross, -1, -2)
        spread += number[..., None, None] * usual[..., :, None] * usual[..., None, :]
        moved += kind.first[ends] - kind.first[change] - (kind.number[ends] - kind.number[change])[..., None] * usual
    spread, moved = spread / before[..., None, None], moved / since[..., None]
    trace, chance = np.trace(spread, axis1=-2, axis2=-1), 1 / since + 1 / before
    spread = spread + (SHRINKAGE * trace / 4 + 1e-6)[..., None, None] * np.eye(4)
    shift = (moved * np.linalg.solve(spread, moved[..., None])[..., 0]).sum(axis=-1) / chance / 4
    distance = (moved**2).sum(axis=-1) - trace * chance
    return np.where(is_enough & (shift >= LEAST_SHIFT) & (distance >= LEAST_DISTANCE), shift, 0.0), back


def weekday_shifts(table: DayTable, start: int) -> tuple[Floats, Numbers]:
    """How far the days of the week changed, if they did so many weeks before the end of each day; as :func:`hour_shifts`."""
    ends = np.arange(len(table.counts) + 1)
    weeks = np.full((len(ends) + 7 * (WEEKS_BEFORE + int(WEEKS[-1])), 7), np.nan)
    pad = len(weeks) - len(ends)  # so that places before the first day are there, and unknown
    for end in range(7, len(ends)):
        totals = table.counts[end - 7 : end].sum(axis=1)
        if end - 7 >= start and table.is_known[end - 7 : end].all() and totals.sum() >= FEWEST_IN_A_WEEK:
            weeks[pad + end, table.weekdays[end - 7 : end]] = np.sqrt(totals / totals.sum())
    found = np.zeros((len(ends), len(WEEKS)))
    for place, back in enumerate(WEEKS):
        newest = np.stack([weeks[pad + ends - 7 * week] for week in range(back)])
        before = np.stack([weeks[pad + ends - 7 * (back + week)] for week in range(WEEKS_BEFORE)])
        number = (~np.isnan(before[:, :, 0])).sum(axis=0)
        usual = np.nansum(before, axis=0) / np.maximum(number, 1)[:, None]
        spread = np.nansum((before - usual) ** 2, axis=(0, 2)) / np.maximum(number - 1, 1) / 6
        moved = newest.mean(axis=0) - usual
        distance = np.nan_to_num((moved**2).sum(axis=1))
        is_alike = (((newest - usual) * moved).sum(axis=2) >= distance * LEAST_OF_EACH).all(axis=0)
        shift = distance / 6 / (spread * (1 / back + 1 / np.maximum(number, 1)) + 1e-6)
        is_change = is_alike & (number >= FEWEST_WEEKS) & (shift >= LEAST_WEEK_SHIFT) & (distance >= LEAST_WEEK_DISTANCE)
        found[:, place] = np.where(is_change, shift, 0.0)
    return found, 7 * WEEKS


class _Sums:
    """Sums over the first rows of a table, of some of them, so that those of any stretch are a difference."""

    def __init__(self, rows: Floats, is_chosen: Booleans) -> None:
        chosen = is_chosen[:, None] * rows
        self.number = _running(is_chosen.astype(np.float64))
        self.first = _running(chosen)
        self.second = _running(chosen[:, :, None] * chosen[:, None, :])


def _running(values: Floats) -> Floats:
    return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
