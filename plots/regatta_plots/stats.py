"""Intervals over trials, the same as harness/stats gives (tested against the same answers)."""

from __future__ import annotations

import math
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


def log_t_interval(values: np.ndarray) -> tuple[float, float] | None:
    """Student's t on the logarithms, carried back."""
    if len(values) < 2 or np.any(values <= 0):
        return None
    logs = np.log(values)
    reach = (student_quantile((1 + CONFIDENCE) / 2, len(logs) - 1)
             * np.std(logs, ddof=1) / math.sqrt(len(logs)))
    return math.exp(logs.mean() - reach), math.exp(logs.mean() + reach)


def bootstrap_interval(values: np.ndarray) -> tuple[float, float] | None:
    """The percentile bootstrap of the median: 9,999 resamples drawn by SplitMix64."""
    n, resamples, seed = len(values), 9_999, 0x5EED
    if n < 6:
        return None
    with np.errstate(over="ignore"):
        z = (np.uint64(seed)
             + np.arange(1, resamples * n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    drawn = ((z >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32)
    medians = np.sort(np.median(values[drawn.reshape(resamples, n)], axis=1))
    rank = round((resamples + 1) * (1 - CONFIDENCE) / 2)
    return float(medians[rank - 1]), float(medians[resamples - rank])


def summarise(values: list[float]) -> Estimate:
    """Median and interval: t on the logarithm; the bootstrap where a value is not above 0 or the
    interval does not hold the median; none where that cannot be either."""
    if not values:
        return Estimate()
    array = np.asarray(values, dtype=float)
    median = float(np.median(array))
    interval, method = log_t_interval(array), "log_t"
    if interval is None or not (interval[0] * (1 - 1e-12) <= median <= interval[1] * (1 + 1e-12)):
        interval, method = bootstrap_interval(array), "bootstrap"
    if interval is None:
        return Estimate(median)
    return Estimate(median, interval[0], interval[1], method)
