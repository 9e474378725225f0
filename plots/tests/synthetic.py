"""Results files made from a seed, for tests only: their machine says so, they are never results."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from regatta_plots.histogram import SUB_BUCKET_BITS, Histogram

MACHINE = {
    "fingerprint": "0000", "cpu_model": "SYNTHETIC TEST DATA, no machine", "cpus_online": 2,
    "memory_bytes": 2**32, "kernel": "Linux 6.18.0-synthetic", "distribution": None,
    "virtualization": "kvm", "clock_source": None, "governor": None, "smt": None,
    "mitigations": {}, "transparent_hugepages": None, "io_uring_disabled": None,
    "limits": {"nofile_soft": 1024, "nofile_hard": 1024, "nproc_soft": 1024},
    "sysctl": {"somaxconn": 4096, "ip_local_port_range": None, "tcp_congestion_control": None},
    "perf_counters": False, "perf_counters_reason": "synthetic"}
BUILD = {"version": "0.1.0", "commit": "0123456789abcdef0123456789abcdef01234567", "dirty": False,
         "build_type": "Release", "compiler": "g++ 12.2.0", "compiler_flags": "-O2"}
RATES = (1000, 4000, 8000)
PLACEMENT = {"mode": "split", "server_cpus": [1], "generator_cpus": [0], "shared": False}


# What the project's runtimes say of themselves; others: a model and an engine of their own.
MODELS = {"thread": ("thread", "blocking"), "epoll": ("coroutine", "epoll"),
          "asio": ("coroutine", "epoll"), "asio_uring": ("coroutine", "io_uring"),
          "fiber": ("fiber", "epoll"), "fiber_uring": ("fiber", "io_uring"),
          "uring": ("coroutine", "io_uring"), "uring_multishot": ("coroutine", "io_uring")}


def program(name: str) -> dict:
    """A runtime in the run record."""
    model, engine = MODELS.get(name, ("other language", "its own"))
    return {"name": name, "program": name, "sha256": "00" * 32,
            "describe": {"name": name, "model": model, "engine": engine, "versions": {}}}


def index_of(value: int) -> int:
    """The bucket of `value`, by the formula in results/FORMAT.md."""
    if value < 128:
        return value
    exponent = value.bit_length() - 1 - SUB_BUCKET_BITS
    return (exponent << SUB_BUCKET_BITS) + (value >> exponent)


def histogram(values) -> dict:
    """The histogram record of whole numbers."""
    values = np.asarray(values, dtype=np.int64)
    exponent = np.maximum(np.frexp(values.astype(float))[1] - 1 - SUB_BUCKET_BITS, 0)
    index, times = np.unique((exponent << SUB_BUCKET_BITS) + (values >> exponent),
                             return_counts=True)
    return {"unit": "ns", "sub_bucket_bits": SUB_BUCKET_BITS,
            "counts": [[int(i), int(n)] for i, n in zip(index, times)],
            "count": len(values), "min": int(values.min()), "max": int(values.max()),
            "sum": float(values.sum())}


def trial(runtime: str, workload: str, params: dict, round_: int, rng, speed: float,
          samples: int = 20_000) -> dict:
    """One ok trial: log-normal latencies, noise of 1.5 % between trials."""
    connections = params.get("connections", 1)
    rate = 120_000 * speed * connections / (connections + 6) * rng.lognormal(0, 0.015)
    middle = connections / rate * 1e9
    values = rng.lognormal(np.log(middle), 0.25, samples)
    stalls = rng.random(samples) < 0.004
    values = np.where(stalls, values * rng.uniform(2, 6, samples), values).astype(np.int64) + 1
    record = histogram(values)
    p50, p99, p999 = (None if np.isnan(v) else int(v) for v in
                      Histogram.from_json(record).values_at(np.array([0.5, 0.99, 0.999])))
    name = "/".join([workload, runtime] + [f"{key}:{value}" for key, value in params.items()])
    is_job = workload == "hash"
    metrics = {"throughput_per_s": rate, "latency_ns_p50": p50, "latency_ns_p90": None,
               "latency_ns_p99": p99, "latency_ns_p999": p999, "latency_ns_max": record["max"],
               "latency_ns_mean": record["sum"] / samples, "server_cpu_ns_per_op": 0.8e9 / rate,
               "generator_cpu_ns_per_op": None, "rss_bytes_peak": None,
               "pss_bytes_peak": int((3e6 + connections * 30_000 / speed)
                                     * rng.lognormal(0, 0.01)),
               "pss_bytes_connected": None, "context_switches_per_op": None,
               "error_count": None if is_job else 0}
    client = {"connections": connections, "requests": samples, "replies": samples,
              "bytes_sent": 0, "bytes_received": 0,
              "errors": dict.fromkeys(("connect", "reset", "closed", "timeout", "wrong_reply"), 0)}
    return {"record": "trial", "schema": 1, "trial": 0, "round": round_, "attempt": 0, "benchmark": name,
            "workload": workload, "runtime": runtime, "kind": "job" if is_job else "server",
            "params": params, "status": "ok", "reasons": [], "warnings": [],
            "started_at": "2026-01-01T00:00:00Z", "mode": None if is_job else "closed",
            "placement": PLACEMENT, "effective": None, "measured_ns": 10**9, "warmup_ns": 10**8,
            "metrics": metrics, "latency": record,
            "latency_kind": "iteration" if is_job else "service", "ceiling_per_s": None,
            "saturation": "server-bound", "foreign_cpu_share": None, "steal_share": None,
            "client": None if is_job else client, "server": None, "generator": None,
            "intervals": None if is_job else intervals(rng, rate, p99), "answer": None}


def intervals(rng, rate: float, p99: int | None) -> list[dict]:
    """The slices of a window of a second; nothing comes in the eighth, as in a stall."""
    slices = []
    for number in range(10):
        replies = 0 if number == 7 else int(rate / 10 * rng.lognormal(0, 0.03))
        tail = (p99 or 1000) * rng.lognormal(0, 0.1)
        slices.append({"start_ns": number * 10**8, "replies": replies,
                       "latency_ns_mean": tail / 3 if replies else None,
                       "latency_ns_p99": int(tail) if replies >= 100 else None})
    return slices


def open_trial(runtime: str, per_s: int, round_: int, rng, speed: float, samples: int) -> dict:
    """An open-loop trial whose waits grow with the load; it saturates at 8,000/s x speed."""
    params = {"delay_us": 5000, "connections": 200, "rate_per_s": per_s, "workers": 1}
    made = trial(runtime, "delay", params, round_, rng, speed, samples)
    load = min(per_s / (8000 * speed), 0.98)
    service = rng.lognormal(np.log(5e6), 0.05, samples).astype(np.int64)
    lag = rng.exponential(5e4 / (1 - load), samples).astype(np.int64)
    made["latency"] = histogram(service + lag)
    made |= {"mode": "open", "latency_kind": "response", "intervals": intervals(rng, per_s, 10**7),
             "open_loop": {
                 "offered_per_s": per_s, "schedule": "poisson", "arrivals": samples,
                 "backlog_growth": 0, "is_saturated": load >= 0.9, "service": histogram(service),
                 "lag": histogram(lag), "own_lag": histogram(lag // 100), "late_sends": 0,
                 "late_tolerance_ns": 100_000, "adherence_share": 1, "omission_factor": None,
                 "censored": 0, "censored_ns_min": None, "never_sent": 0, "queued_max": 3}}
    p99 = Histogram.from_json(made["latency"]).values_at(np.array([0.99]))[0]
    made["metrics"] |= {"throughput_per_s": per_s * rng.lognormal(0, 0.002),
                        "latency_ns_p99": None if np.isnan(p99) else int(p99)}
    return made


def mixed_trial(runtime: str, place: str, round_: int, rng, speed: float, samples: int) -> dict:
    """A trial of `mixed`: on a loop, what is computed in the handler holds up the others."""
    params = {"heavy_percent": 10, "cpu_us": 1000, "heavy": place, "connections": 50, "workers": 1}
    made = trial(runtime, "mixed", params, round_, rng, speed, samples)
    others = rng.lognormal(np.log(2e6 if place == "inline" and runtime != "thread" else 1.5e5), 0.3,
                           samples).astype(np.int64)
    p50, p99 = Histogram.from_json(histogram(others)).values_at(np.array([0.5, 0.99]))
    made["apart"] = {"which": "heavy", "count": samples // 10, "others": histogram(others),
                     "others_latency_ns_p50": int(p50), "others_latency_ns_p99": int(p99)}
    lag = (4e6 if place == "inline" else 2e5) * rng.lognormal(0, 0.02)
    made["metrics"]["loop_lag_ns_p99"] = None if runtime == "thread" else lag
    return made


def memory(runtime: str, connections: int, round_: int, rng, kib: float) -> dict:
    """A memory trial: `kib` KiB a connection, half as much again in kernel stacks."""
    params = {"size": 64, "connections": connections, "workers": 1}
    name = "/".join(["echo", runtime] + [f"{key}:{value}" for key, value in params.items()])
    reading = {"pss_bytes": int(2e6 + connections * kib * 1024 * rng.lognormal(0, 0.01)),
               "private_bytes": 10**6, "anonymous_bytes": 10**6,
               "page_table_bytes": 50_000 + connections * 40, "threads": 2,
               "kernel_stack_bytes": int(32_768 + connections * kib * 512),
               "socket_bytes": None, "socket_buffer_bytes": None, "cgroup_bytes": None}
    return {"record": "memory", "schema": 1, "trial": 0, "round": round_, "benchmark": name,
            "workload": "echo", "runtime": runtime, "connections": connections, "params": params,
            "status": "ok", "reasons": [], "warnings": [], "started_at": "2026-01-01T00:00:00Z",
            "placement": PLACEMENT, "effective": None, "server": None, "reading": reading}


def run(runtimes: list[str], connections: list[int], rounds: int = 3, seed: int = 1,
        workloads: tuple[str, ...] = ("echo", "hash"), samples: int = 20_000,
        everything: bool = False) -> list[dict]:
    """All records of a run; with `everything` also open-loop and memory trials."""
    rng = np.random.default_rng(seed)
    records: list[dict] = [{
        "record": "run", "schema": 1, "run_id": "20260101T000000Z-0000",
        "started_at": "2026-01-01T00:00:00Z", "argv": ["regatta", "run", "synthetic"],
        "suite": "synthetic", "filter": None, "seed": seed, "rounds": rounds, "regatta": BUILD,
        "machine": MACHINE, "placement": PLACEMENT, "calibration": {"rounds_per_us": 400},
        "runtimes": [program(name) for name in runtimes]}]
    for round_ in range(rounds):
        for number, runtime in enumerate(runtimes):
            speed = 1 + 0.12 * number
            if "echo" in workloads:
                for count in connections:
                    params = {"size": 64, "connections": count, "workers": 1}
                    records.append(trial(runtime, "echo", params, round_, rng, speed, samples))
            if "hash" in workloads:
                params = {"block_bytes": 65536, "blocks": 64, "workers": 1}
                records.append(trial(runtime, "hash", params, round_, rng, 0.1, 300))
            for count in (0, 1000, 10_000) if everything else ():
                records.append(memory(runtime, count, round_, rng, 1.5 * (number + 1)))
            for place in ("inline", "offload") if everything else ():
                records.append(mixed_trial(runtime, place, round_, rng, speed, samples))
            for per_s in RATES if everything else ():
                records.append(open_trial(runtime, per_s, round_, rng, speed, samples))
    for number, record in enumerate(records[1:]):
        record["trial"] = number
    records[0]["benchmarks"] = list(dict.fromkeys(record["benchmark"] for record in records[1:]))
    return records + [{"record": "end", "schema": 1, "trials": len(records) - 1,
                       "ok": len(records) - 1, "invalid": 0, "failed": 0, "interrupted": False,
                       "finished_at": "2026-01-01T00:01:00Z"}]


def write(path: Path, records: list[dict]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path
