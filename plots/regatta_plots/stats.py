"""Intervals over trials, the same as harness/stats gives (tested against the same answers)."""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """Median over trials and its 95 % interval; what there is not is NaN."""

    median: float = math.nan
    low: float = math.nan
    high: float = math.nan
    method: str | None = None

    def has_interval(self) -> bool:
        return not math.isnan(self.low)


def _beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of DLMF 8.17.22 by the modified method of Lentz."""
    tiny = 1e-290
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    result = d
    for m in range(1, 10_000):
        for term in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                     -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            d = 1 + term * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + term / c
            c = c if abs(c) > tiny else tiny
            result *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return result


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
                     + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, x) / a
    return 1 - front * _beta_fraction(b, a, 1 - x) / b


@functools.cache
def student_quantile(p: float, degrees: float) -> float:
    """The t with P(T <= t) = p for Student's t distribution, by bisection."""
    if not (0 < p < 1 and degrees > 0):
        raise ValueError("student_quantile: needs 0 < p < 1 and degrees > 0")
    tail = min(p, 1 - p)

    def upper_tail(t: float) -> float:
        return incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t)) / 2

    low, high = 0.0, 1.0
    while upper_tail(high) > tail:
        low, high = high, 2 * high
    while low < (middle := low + (high - low) / 2) < high:
        if upper_tail(middle) > tail:
            low = middle
        else:
            high = middle
    return math.copysign(high, p - 0.5)


@dataclass(frozen=True)
class Line:
    """A straight line by least squares; the interval is the slope's
    (harness/stats/line_fit.hpp)."""

    intercept: float
    slope: float
    low: float
    high: float


def fit_line(points: list[tuple[float, float]]) -> Line | None:
    """None for fewer than 3 points or where all have the same x."""
    if len(points) < 3 or len({x for x, _ in points}) < 2:
        return None
    x, y = np.array(points, dtype=float).T
    spread = np.sum((x - x.mean()) ** 2)
    slope = float(np.sum((x - x.mean()) * (y - y.mean())) / spread)
    intercept = float(y.mean() - slope * x.mean())
    residual = np.sum((y - intercept - slope * x) ** 2)
    degrees = len(points) - 2
    reach = student_quantile((1 + CONFIDENCE) / 2, degrees) \
        * math.sqrt(residual / degrees / spread)
    return Line(intercept, slope, slope - reach, slope + reach)


def log_t_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Student's t on the logarithms, carried back."""
    if len(values) < 2 or min(values) <= 0:
        return None
    logs = [math.log(value) for value in values]
    mean = math.fsum(logs) / len(logs)
    deviation = math.sqrt(math.fsum((each - mean) ** 2 for each in logs) / (len(logs) - 1))
    reach = student_quantile((1 + CONFIDENCE) / 2, len(logs) - 1) * deviation / math.sqrt(len(logs))
    return math.exp(mean - reach), math.exp(mean + reach)


_RESAMPLES = 9_999


@functools.lru_cache(maxsize=4)
def _resampled(n: int) -> np.ndarray:
    """Places of n values in each resample, drawn by SplitMix64."""
    resamples, seed = _RESAMPLES, 0x5EED
    with np.errstate(over="ignore"):
        z = (np.uint64(seed)
             + np.arange(1, resamples * n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    drawn = ((z >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32)
    return drawn.reshape(resamples, n)


def bootstrap_interval(values: np.ndarray) -> tuple[float, float] | None:
    """The percentile bootstrap of the median. Ranks are sorted in place of values: they are small
    whole numbers, which is ten times as quick."""
    n = len(values)
    if n < 6:
        return None
    order = np.argsort(values, kind="stable")
    rank_of = np.empty(n, dtype=np.uint8 if n <= 256 else np.uint32)
    rank_of[order] = np.arange(n)
    ranks = np.sort(rank_of[_resampled(n)], axis=1)
    ascending = values[order]
    medians = np.sort((ascending[ranks[:, (n - 1) // 2]] + ascending[ranks[:, n // 2]]) / 2)
    rank = round((_RESAMPLES + 1) * (1 - CONFIDENCE) / 2)
    return float(medians[rank - 1]), float(medians[_RESAMPLES - rank])


def summarise(values: list[float]) -> Estimate:
    """Median and interval: t on the logarithm; the bootstrap where a value is not above 0 or the
    interval does not hold the median; none where that cannot be either."""
    if not values:
        return Estimate()
    median = float(statistics.median(values))
    interval, method = log_t_interval(values), "log_t"
    if interval is None or not (interval[0] * (1 - 1e-12) <= median <= interval[1] * (1 + 1e-12)):
        interval, method = bootstrap_interval(np.asarray(values, dtype=float)), "bootstrap"
    if interval is None:
        return Estimate(median)
    return Estimate(median, interval[0], interval[1], method)


@dataclass(frozen=True)
class Ratio:
    """How many times b is a, over rounds in which both ran (harness/stats/paired.hpp): geometric
    mean, and the 95 % interval by t on the logarithm; NaN where one round only has both."""

    value: float
    low: float = math.nan
    high: float = math.nan
    rounds: int = 1


def ratio_of_rounds(pairs: list[tuple[float, float]]) -> Ratio | None:
    """None without rounds, or where a value is not above 0."""
    if not pairs or any(not (a > 0 and b > 0) for a, b in pairs):
        return None
    ratios = [a / b for a, b in pairs]
    low, high = log_t_interval(ratios) or (math.nan, math.nan)
    centre = math.exp(math.fsum(map(math.log, ratios)) / len(ratios))
    return Ratio(centre, low, high, len(ratios))


def can_be_told_apart(ratio: Ratio | None, a: Estimate, b: Estimate) -> bool:
    """Whether the ratio's interval leaves out 1 and the two's own intervals do not overlap. What
    has no interval cannot be told apart from anything."""
    if ratio is None or any(math.isnan(x) for x in (ratio.low, a.low, b.low)):
        return False
    return not ratio.low <= 1 <= ratio.high and (a.high < b.low or b.high < a.low)
