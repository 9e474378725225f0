"""Exact intervals for shares."""

from __future__ import annotations

import math


def at_most(successes: int, trials: int, share: float) -> float:
    """P(X <= successes) for X binomial."""
    return math.fsum(math.comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in range(successes + 1))


def _share_where(probability, wanted: float) -> float:
    """The share at which `probability`, which falls with it, is `wanted`: by bisection to the last bit."""
    low, high = 0.0, 1.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if probability(middle) > wanted else (low, middle)
    return (low + high) / 2


def clopper_pearson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact two-sided interval of a share (Clopper and Pearson 1934)."""
    tail = (1 - confidence) / 2
    low = 0.0 if successes == 0 else _share_where(lambda share: at_most(successes - 1, trials, share), 1 - tail)
    high = 1.0 if successes == trials else _share_where(lambda share: at_most(successes, trials, share), tail)
    return low, high


def upper_bound(successes: int, trials: int, confidence: float = 0.95) -> float:
    """The exact one-sided upper bound."""
    return clopper_pearson(successes, trials, 2 * confidence - 1)[1]
