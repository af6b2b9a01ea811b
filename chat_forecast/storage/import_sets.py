"""Which imports brought each message of an archive, in a byte or two a message.

Belongs here: import sets, and the codes of messages among them.
Does not belong here: when they change (:mod:`.archive_contents`).

An import set holds the numbers of the imports that brought a message. A million messages have a handful of different sets.
So each set is listed once, and a message has a code: the position of its set in the list, as in a categorical column.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from chat_forecast.domain.arrays import Places, in_few_bytes, looked_up
from chat_forecast.large_columns import in_parts

ImportSet = frozenset[int]
Codes = Places
"""One a message, in as few bytes as it takes."""


def mask_where(sets: Sequence[ImportSet], codes: Codes, has_it: Callable[[ImportSet], bool]) -> npt.NDArray[np.bool_]:
    """For each message, whether its import set has some property."""
    return np.array([has_it(each) for each in sets], dtype=bool)[codes]


def changed(
    sets: Sequence[ImportSet], codes: Codes, rows: npt.NDArray[np.bool_], change: Callable[[ImportSet], ImportSet]
) -> tuple[list[ImportSet], Codes]:
    """Change the import sets of some messages: the sets with the changed ones behind them, and the new codes."""
    all_sets, found = list(sets), in_few_bytes(codes, 2 * len(sets))
    for code in np.sort(pd.unique(codes[rows])):
        all_sets.append(change(sets[code]))
        found[rows & (codes == code)] = len(all_sets) - 1
    return all_sets, found


def compacted(sets: Sequence[ImportSet], codes: Codes) -> tuple[tuple[ImportSet, ...], Codes]:
    """List each set that a message has once, in an order that depends on the sets alone."""
    seen = {code for rows in in_parts(len(codes)) for code in pd.unique(codes[rows]).tolist()}
    used = sorted({sets[code] for code in seen}, key=sorted)
    position = {each: place for place, each in enumerate(used)}
    mapping = in_few_bytes(np.array([position.get(each, -1) for each in sets], dtype="int64"), len(used))
    return tuple(used), looked_up(mapping, codes)
