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
PLACEMENT = {"mode": "split", "server_cpus": [1], "generator_cpus": [0], "shared": False}


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
            "intervals": None, "answer": None}


def run(runtimes: list[str], connections: list[int], rounds: int = 3, seed: int = 1,
        workloads: tuple[str, ...] = ("echo", "hash"), samples: int = 20_000) -> list[dict]:
    """All records of a run."""
    rng = np.random.default_rng(seed)
    records: list[dict] = [{
        "record": "run", "schema": 1, "run_id": "20260101T000000Z-0000",
        "started_at": "2026-01-01T00:00:00Z", "argv": ["regatta", "run", "synthetic"],
        "suite": "synthetic", "filter": None, "seed": seed, "rounds": rounds, "regatta": BUILD,
        "machine": MACHINE, "placement": PLACEMENT, "calibration": {"rounds_per_us": 400},
        "runtimes": []}]
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
    for number, record in enumerate(records[1:]):
        record["trial"] = number
    records[0]["benchmarks"] = list(dict.fromkeys(record["benchmark"] for record in records[1:]))
    return records + [{"record": "end", "schema": 1, "trials": len(records) - 1,
                       "ok": len(records) - 1, "invalid": 0, "failed": 0, "interrupted": False,
                       "finished_at": "2026-01-01T00:01:00Z"}]


def write(path: Path, records: list[dict]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path
