"""The log-linear histogram of results/FORMAT.md."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

SUB_BUCKET_BITS = 7


def lowest_of(index: np.ndarray) -> np.ndarray:
    """Smallest value of each bucket."""
    index = np.asarray(index, dtype=np.uint64)
    bits = np.uint64(SUB_BUCKET_BITS)
    size = np.uint64(1 << SUB_BUCKET_BITS)
    is_log = index >= size
    exponent = np.where(is_log, (index >> bits) - np.where(is_log, 1, 0).astype(np.uint64), 0)
    mantissa = np.where(is_log, (index & (size - np.uint64(1))) + size, index)
    return mantissa << exponent.astype(np.uint64)


def middle_of(index: np.ndarray) -> np.ndarray:
    """The value that stands for each bucket."""
    index = np.asarray(index, dtype=np.uint64)
    is_log = index >= np.uint64(1 << SUB_BUCKET_BITS)
    exponent = np.where(is_log, (index >> np.uint64(SUB_BUCKET_BITS)).astype(np.int64) - 1, 0)
    width = np.uint64(1) << exponent.astype(np.uint64)
    return lowest_of(index) + (width >> np.uint64(1))


class Histogram:
    """Counts of values; mergeable."""

    def __init__(self) -> None:
        self._index = np.array([], dtype=np.uint32)
        self._times = np.array([], dtype=np.uint64)
        self.count = 0
        self.min: int | None = None
        self.max = 0

    @classmethod
    def from_json(cls, record: dict) -> Histogram:
        """Raises ValueError for another layout."""
        if record["sub_bucket_bits"] != SUB_BUCKET_BITS:
            raise ValueError("histogram has another number of sub-buckets")
        made = cls()
        pairs = np.array(record["counts"], dtype=np.uint64).reshape(-1, 2)
        made._index, made._times = pairs[:, 0].astype(np.uint32), pairs[:, 1].copy()
        made.count = int(made._times.sum())
        if made.count:
            made.min = int(record["min"])
            made.max = int(record["max"])
        return made

    @classmethod
    def merged(cls, parts: Iterable[Histogram]) -> Histogram:
        """All values of all parts."""
        whole = cls()
        for part in parts:
            whole.merge(part)
        return whole

    @property
    def counts(self) -> dict[int, int]:
        """How many values each bucket has; only those above 0."""
        return {int(index): int(times) for index, times in zip(self._index, self._times)}

    def merge(self, other: Histogram) -> None:
        index = np.concatenate((self._index, other._index))
        times = np.concatenate((self._times, other._times))
        self._index, place = np.unique(index, return_inverse=True)
        self._times = np.zeros(len(self._index), dtype=np.uint64)
        np.add.at(self._times, place, times)
        self.count += other.count
        self.max = max(self.max, other.max)
        if other.min is not None:
            self.min = other.min if self.min is None else min(self.min, other.min)

    def values_at(self, fractions: np.ndarray) -> np.ndarray:
        """Nearest-rank percentiles; NaN where fewer than 100 / (1 - fraction) values were seen."""
        fractions = np.asarray(fractions, dtype=float)
        if self.count == 0:
            return np.full(fractions.shape, np.nan)
        values = self._values_of(np.clip(np.ceil(fractions * self.count), 1, self.count))
        enough = self.count * (1 - fractions) >= 100 * (1 - 1e-9)
        return np.where(enough, values, np.nan)

    def value_of_rank(self, rank: int) -> float:
        """The value that so many, 1 to count, do not exceed."""
        return float(self._values_of(np.array([float(rank)]))[0])

    def _values_of(self, ranks: np.ndarray) -> np.ndarray:
        seen = np.cumsum(self._times).astype(float)
        values = middle_of(self._index)[np.searchsorted(seen, ranks)].astype(float)
        return np.clip(values, self.min, self.max)
