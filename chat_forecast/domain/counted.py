"""Whole numbers of which it is only counted how often each is there: of millions of steps between ids few are different.

Belongs here: what such numbers tell all the same, exactly.
Does not belong here: what the numbers are of.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt


class Counted:
    """Whole numbers, each with how often it is there."""

    def __init__(self, parts: Iterable[npt.NDArray[np.signedinteger]] = ()) -> None:
        self._values = self._counts = np.zeros(0, dtype="int64")
        for part in parts:
            self.add(part)

    def __len__(self) -> int:
        return int(self._counts.sum())

    def add(self, numbers: npt.NDArray[np.signedinteger]) -> None:
        """Count more of them."""
        values, counts = np.unique(numbers, return_counts=True)
        all_values, all_counts = np.append(self._values, values), np.append(self._counts, counts)
        self._values, places = np.unique(all_values, return_inverse=True)
        self._counts = np.zeros(len(self._values), dtype="int64")
        np.add.at(self._counts, places, all_counts)

    def quantile(self, share: float) -> float:
        """What ``np.quantile`` says of them.

        >>> Counted([np.array([3, 1, 1]), np.array([1, 9])]).quantile(0.75)
        3.0
        """
        place = (len(self) - 1) * share
        below = int(np.floor(place))
        low, high = self._values[
            np.searchsorted(np.cumsum(self._counts), [below, below + 1], side="right").clip(max=len(self._values) - 1)
        ]
        return float(np.quantile([low, high], place - below))

    def mean_of_least(self, number: int) -> float:
        """The mean of so many of them, the least ones; 0 of none."""
        kept = np.diff(np.minimum(np.cumsum(self._counts), number), prepend=0)
        return float((self._values * kept).sum() / number) if number else 0.0
