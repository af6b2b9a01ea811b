"""Statistics of millions of whole numbers with few distinct values, such as the steps between ids.

Belongs here: exact quantiles and means from how often each value occurs.
Does not belong here: what the numbers mean.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt


class ValueCounts:
    """The distinct values of some whole numbers, and how often each occurs."""

    def __init__(self, parts: Iterable[npt.NDArray[np.signedinteger]] = ()) -> None:
        self._values = self._counts = np.zeros(0, dtype="int64")
        for part in parts:
            self.add(part)

    def __len__(self) -> int:
        return int(self._counts.sum())

    def add(self, numbers: npt.NDArray[np.signedinteger]) -> None:
        """Count more numbers."""
        values, counts = np.unique(numbers, return_counts=True)
        all_values, all_counts = np.append(self._values, values), np.append(self._counts, counts)
        self._values, places = np.unique(all_values, return_inverse=True)
        self._counts = np.zeros(len(self._values), dtype="int64")
        np.add.at(self._counts, places, all_counts)

    def quantile(self, share: float) -> float:
        """What ``np.quantile`` gives for all the numbers.

        >>> ValueCounts([np.array([3, 1, 1]), np.array([1, 9])]).quantile(0.75)
        3.0
        """
        place = (len(self) - 1) * share
        below = int(np.floor(place))
        low, high = self._values[
            np.searchsorted(np.cumsum(self._counts), [below, below + 1], side="right").clip(max=len(self._values) - 1)
        ]
        return float(np.quantile([low, high], place - below))

    def mean_of_least(self, number: int) -> float:
        """The mean of the ``number`` smallest numbers; 0 if ``number`` is 0."""
        kept = np.diff(np.minimum(np.cumsum(self._counts), number), prepend=0)
        return float((self._values * kept).sum() / number) if number else 0.0
