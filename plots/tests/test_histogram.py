"""The histogram against the formulas of results/FORMAT.md."""

import math

import numpy as np
import pytest
from synthetic import histogram, index_of

from regatta_plots.histogram import Histogram, lowest_of, middle_of


@pytest.mark.parametrize("value", [0, 1, 127, 128, 129, 255, 256, 257, 1023, 1024, 999_999_937,
                                   60 * 10**9, 2**62 + 12345])
def test_a_value_lies_in_its_bucket(value):
    index = index_of(value)
    low, next_low = (int(x) for x in lowest_of(np.array([index, index + 1])))
    assert low <= value < next_low
    middle = int(middle_of(np.array([index]))[0])
    assert low <= middle < next_low
    assert abs(middle - value) <= 0.004 * value


def test_buckets_follow_each_other_without_gap():
    index = np.arange(0, 4000)
    low = lowest_of(index).astype(object)
    for i in range(len(low) - 1):
        assert index_of(int(low[i])) == i
        assert index_of(int(low[i + 1]) - 1) == i


def test_a_record_counts_each_value_in_its_bucket():
    values = [0, 127, 128, 255, 256, 1_000_000, 1_000_001, 123_456_789_012]
    expected = {}
    for value in values:
        expected[index_of(value)] = expected.get(index_of(value), 0) + 1
    assert Histogram.from_json(histogram(values)).counts == expected


def test_percentiles_are_nearest_rank():
    rng = np.random.default_rng(7)
    values = np.sort(rng.integers(1, 10**9, 30_000))
    found = Histogram.from_json(histogram(values))
    fractions = np.array([0, 0.1, 0.5, 0.9, 0.99])
    exact = values[np.clip(np.ceil(fractions * len(values)).astype(int) - 1, 0, None)]
    assert np.allclose(found.values_at(fractions), exact, rtol=0.004)


def test_percentile_needs_100_values_beyond_it():
    found = Histogram.from_json(histogram(range(1, 10_001)))
    p99, p999 = found.values_at(np.array([0.99, 0.999]))
    assert not math.isnan(p99)
    assert math.isnan(p999)
    assert np.isnan(Histogram().values_at(np.array([0.5])))[0]


def test_merged_is_whole():
    rng = np.random.default_rng(8)
    values = rng.lognormal(12, 1, 5000).astype(int)
    merged = Histogram.from_json(histogram(values[:1234]))
    merged.merge(Histogram.from_json(histogram(values[1234:])))
    whole = Histogram.from_json(histogram(values))
    assert (merged.counts, merged.count, merged.min, merged.max) == (
        whole.counts, whole.count, whole.min, whole.max)


def test_another_layout_is_refused():
    record = histogram([1, 2, 3]) | {"sub_bucket_bits": 5}
    with pytest.raises(ValueError, match="sub-buckets"):
        Histogram.from_json(record)
