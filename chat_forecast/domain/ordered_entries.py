"""The entries of a chat in the order of their ids, a part at a time.

Belongs here: two lists of entries, of which one may be millions long, walked as one without being joined.
Does not belong here: what their ids tell (:mod:`.unread_silences`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import holds_any, is_among, is_rising, places_among
from chat_forecast.domain.external_sort import sort_numbers
from chat_forecast.large_columns import ROWS_AT_ONCE, give_back

Instants = npt.NDArray[np.int64]
"""In microseconds since 1970."""


@dataclass(frozen=True)
class Times:
    """Two lists of ascending instants, at least one of them not empty, used as one."""

    many: Instants
    few: Instants

    @property
    def first(self) -> int:
        """The earliest of all."""
        return int(min(times[0] for times in (self.many, self.few) if len(times)))

    @property
    def last(self) -> int:
        """The latest of all."""
        return int(max(times[-1] for times in (self.many, self.few) if len(times)))

    def before(self, instants: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """How many of the instants are before each of the given ones."""
        asked = np.asarray(instants, dtype="int64")
        return places_among(self.many, asked) + places_among(self.few, asked)


@dataclass(frozen=True)
class OrderedEntries:
    """Ids ascending, each once, with their times; and, likewise, other ids between them."""

    ids: npt.NDArray[np.int64]
    at: Instants
    other_ids: npt.NDArray[np.int64]
    other_at: Instants
    undated: npt.NDArray[np.int64]
    """The ids of entries without a time, which are in neither list."""

    def __len__(self) -> int:
        return len(self.ids) + len(self.other_ids)

    @property
    def ids_used(self) -> int:
        """The last id minus the first one."""
        bounds = [int(ids[place]) for ids in (self.ids, self.other_ids) if len(ids) for place in (0, -1)]
        return max(bounds) - min(bounds)

    @property
    def times(self) -> Times:
        """When they were, ascending."""
        return Times(*(sort_numbers(at) for at in (self.at, self.other_at)))

    def parts(self, rows: int = ROWS_AT_ONCE) -> Iterator[tuple[npt.NDArray[np.int64], Instants]]:
        """Ids and times of all, a part at a time; each part begins with the last entry of the one before."""
        places, end = places_among(self.ids, self.other_ids), len(self.ids)
        last_id, last_at = self.ids[:0], self.at[:0]
        for begin in range(0, max(end, 1), rows):
            stop = min(begin + rows, end)
            low, high = np.searchsorted(places, [begin, stop if stop < end else end + 1])
            between = places[low:high] - begin
            ids = np.insert(self.ids[begin:stop], between, self.other_ids[low:high])
            at = np.insert(self.at[begin:stop], between, self.other_at[low:high])
            yield np.concatenate([last_id, ids]), np.concatenate([last_at, at])
            last_id, last_at = ids[-1:].copy(), at[-1:].copy()
            give_back()


def ordered(tables: Iterable[pd.DataFrame]) -> OrderedEntries:
    """The entries of some tables, ``message_id`` and ``sent_at`` (UTC, NaT where unknown); of one id the first."""
    lists, undated = [], np.zeros(0, dtype="int64")
    for table in tables:
        known = table[table["message_id"].notna()] if holds_any(table["message_id"], pd.Series.isna) else table
        ids, instants = known["message_id"].to_numpy(dtype="int64"), pd.DatetimeIndex(known["sent_at"])
        if instants.unit != "us":
            instants = instants.as_unit("us")
        if holds_any(known["sent_at"], pd.Series.isna):
            is_dated = np.asarray(instants.notna())
            undated = np.union1d(undated, ids[~is_dated])
            ids, instants = ids[is_dated], instants[is_dated]
        lists.append(_rising(ids, instants.asi8))
    (ids, at), *others = lists
    other_ids, other_at = _rising(*(np.concatenate([ids[:0], *(each[place] for each in others)]) for place in (0, 1)))
    is_new = ~is_among(other_ids, ids)
    return OrderedEntries(ids, at, other_ids[is_new], other_at[is_new], undated)


def _rising(ids: npt.NDArray[np.int64], at: Instants) -> tuple[npt.NDArray[np.int64], Instants]:
    """Entries in the order of their ids, the first one of each."""
    if is_rising(pd.Series(ids, copy=False)):
        return ids, at
    ids, first = np.unique(ids, return_index=True)
    return ids, at[first]
