"""Figures that a program makes itself: histograms of jobs (results/FORMAT.md), the lag of loops."""


def bucket(value):
    """The log-linear bucket of `value`, with 7 bits within a power of two."""
    if value < 128:
        return value
    exponent = value.bit_length() - 8
    return (exponent << 7) + (value >> exponent)


def histogram(values_ns):
    counts = {}
    for value in values_ns:
        counts[bucket(value)] = counts.get(bucket(value), 0) + 1
    return {"unit": "ns", "sub_bucket_bits": 7, "counts": sorted(counts.items()), "count": len(values_ns),
            "min": min(values_ns), "max": max(values_ns), "sum": sum(values_ns)}


def loop_lag(lags_ns, none_because):
    """The `loop_lag` of the done line."""
    if not lags_ns:
        return {"lag_ns_p50": None, "lag_ns_p99": None, "lag_ns_max": None, "count": 0, "reason": none_because}
    ordered = sorted(lags_ns)
    p99 = ordered[len(ordered) * 99 // 100] if len(ordered) >= 100 else None
    return {"lag_ns_p50": ordered[len(ordered) // 2], "lag_ns_p99": p99, "lag_ns_max": ordered[-1],
            "count": len(ordered), "reason": None}
