"""The log-linear histogram of results/FORMAT.md."""

from __future__ import annotations

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
        self.counts: dict[int, int] = {}
        self.count = 0
        self.min: int | None = None
        self.max = 0

    @classmethod
    def from_json(cls, record: dict) -> Histogram:
        """Raises ValueError for another layout."""
        if record["sub_bucket_bits"] != SUB_BUCKET_BITS:
            raise ValueError("histogram has another number of sub-buckets")
        made = cls()
        made.counts = {int(index): int(times) for index, times in record["counts"]}
        made.count = sum(made.counts.values())
        if made.count:
            made.min = int(record["min"])
            made.max = int(record["max"])
        return made

    def merge(self, other: Histogram) -> None:
        for index, times in other.counts.items():
            self.counts[index] = self.counts.get(index, 0) + times
        self.count += other.count
        self.max = max(self.max, other.max)
        if other.min is not None:
            self.min = other.min if self.min is None else min(self.min, other.min)

    def values_at(self, fractions: np.ndarray) -> np.ndarray:
        """Nearest-rank percentiles; NaN where fewer than 100 / (1 - fraction) values were seen."""
        fractions = np.asarray(fractions, dtype=float)
        if self.count == 0:
            return np.full(fractions.shape, np.nan)
        index = np.array(sorted(self.counts), dtype=np.uint64)
        seen = np.cumsum([self.counts[int(i)] for i in index])
        rank = np.clip(np.ceil(fractions * self.count), 1, self.count)
        values = middle_of(index)[np.searchsorted(seen, rank)].astype(float)
        values = np.clip(values, self.min, self.max)
        enough = self.count * (1 - fractions) >= 100 * (1 - 1e-9)
        return np.where(enough, values, np.nan)
