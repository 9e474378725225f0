#!/usr/bin/python3
"""Stands in for regatta-load: it loads nothing and at once says what a server would have done whose capacity is known.

    regatta-load    the dialogue of harness/load/README.md; settings come from fake_generator.json beside it:
        capacity_per_s          above it the backlog grows and a reply takes 100 ms instead of 1 ms
        late_above_per_s        above it the generator itself is late
        seconds                 how long a trial takes
        calls                   a file to which each trial adds a line

Server and client counters are all 0, as the fake server's are when nobody connects.
"""
import json
import pathlib
import time

SETTINGS = json.loads(pathlib.Path(__file__).with_name("fake_generator.json").read_text())
MS = 1_000_000


def histogram(value, count):
    exponent = max(value.bit_length() - 8, 0)
    bucket = (exponent << 7) + (value >> exponent)
    return {"unit": "ns", "sub_bucket_bits": 7, "counts": [[bucket, count]] if count else [], "count": count,
            "min": value if count else None, "max": value if count else None, "sum": value * count}


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


plan = json.loads(input())
with open(SETTINGS["calls"], "a") as calls:
    calls.write(f"{plan.get('rate_per_s')}\n")
say("connected")
input()
time.sleep(SETTINGS.get("seconds", 0))
say("measuring")
say("measured")
input()

capacity = SETTINGS["capacity_per_s"]
rate = plan.get("rate_per_s", capacity)
window_s = plan["measure_ns"] / 1e9
due = round(rate * window_s)
is_open = plan["mode"] == "open"
is_over = rate > capacity
response = 100 * MS if is_over else MS
if not is_open:
    response = int(plan["connections"] / capacity * 1e9)
replies = min(due, int(capacity * window_s))
own_lag = 50 * MS if rate > SETTINGS.get("late_above_per_s", 1e12) else 1000
say("result", engine=plan["engine"], engine_note=None, threads=1, measured_ns=plan["measure_ns"], warmup_ns=plan["warmup_ns"],
    replies_measured=replies, cpu_ns=1000, server_cpu_ns=1000, latency=histogram(response, due),
    latency_kind="response" if is_open else "service",
    intervals=[{"start_ns": 0, "replies": replies, "latency_ns_mean": response, "latency_ns_p99": response}],
    client={"connections": 0, "requests": 0, "replies": 0, "bytes_sent": 0, "bytes_received": 0,
            "errors": {"connect": 0, "reset": 0, "closed": 0, "timeout": 0, "wrong_reply": 0}},
    mean_in_flight=plan["connections"], cut_in_flight=0, unanswered=0,
    arrivals=None if not is_open else {
        "count": due, "service": histogram(response, due), "lag": histogram(own_lag, due),
        "own_lag": histogram(own_lag, due), "on_time": histogram(response - own_lag, due), "omission_factor": 1.0,
        "censored": 0, "censored_ns_min": None, "never_sent": 0, "queued_max": 0})
