"""A load on several hosts by Open MPI: three network namespaces as hosts, one with the server, two with a generator each."""
import subprocess

from harness_fixtures import LONG_ENOUGH_S, PROGRAM, trials_of
from three_hosts_fixtures import needs_three_hosts, three_hosts

pytestmark = needs_three_hosts


def union(histograms):
    counts = {}
    for histogram in histograms:
        for index, count in histogram["counts"]:
            counts[index] = counts.get(index, 0) + count
    return sorted([index, count] for index, count in counts.items())


def test_two_hosts_load_as_one(tmp_path):
    outcome = three_hosts(tmp_path, "--rate", "400", "--seed", "7", "--measure", "1", "--warmup", "0.2")
    trial = outcome.trial()
    assert trial["status"] != "failed", trial["reasons"]
    assert outcome.left == []
    ranks = trial["ranks"]
    assert (ranks["transport"], ranks["asked"], ranks["reported"]) == ("mpi", 2, 2)
    assert [(each["rank"], each["host"], each["connections"]) for each in ranks["each"]] == [(1, "h1", 4), (2, "h2", 4)]

    shards = outcome.shards()
    assert [(first["host"], first["rank"], first["ranks"]) for first, _ in shards] == [("h1", 1, 2), ("h2", 2, 2)]
    results = [result for _, result in shards]
    assert trial["latency"]["counts"] == union([result["latency"] for result in results])
    assert trial["latency"]["count"] == sum(result["latency"]["count"] for result in results) > 0
    for part in ("service", "lag", "own_lag"):
        assert trial["open_loop"][part]["counts"] == union([result["arrivals"][part] for result in results])
    counters = trial["server"]["counters"]
    assert counters["accepted"] == trial["client"]["connections"] == 8
    assert counters["requests"] == trial["client"]["replies"] == sum(result["client"]["replies"] for result in results)
    assert counters["bytes_received"] == trial["client"]["bytes_sent"]


def test_ranks_are_where_the_file_says_in_its_order(tmp_path):
    outcome = three_hosts(tmp_path, "--measure", "0.2", "--warmup", "0", hosts="h2 slots=3\nh0\nh1\n")
    trial = outcome.trial()
    assert trial["status"] != "failed", trial["reasons"]
    assert [(each["rank"], each["host"]) for each in trial["ranks"]["each"]] == [
        (1, "h2"), (2, "h2"), (3, "h2"), (4, "h0"), (5, "h1")]
    assert outcome.left == []


def test_the_same_seed_is_the_same_schedule_however_it_is_split(tmp_path):
    words = ["--rate", "400", "--seed", "7", "--measure", "1", "--warmup", "0.2"]
    first = three_hosts(tmp_path / "first", *words)
    again = three_hosts(tmp_path / "again", *words)
    alone = tmp_path / "alone.jsonl"
    subprocess.run([PROGRAM, "run", "echo/boat/size:77", "--runtimes", tmp_path / "first" / "fleet", "--rounds", "1",
                    "--connections", "8", "--out", alone, *words], capture_output=True, timeout=LONG_ENOUGH_S, check=False)

    def arrivals(outcome):
        return [result["arrivals"]["count"] for _, result in outcome.shards()]
    assert arrivals(first) == arrivals(again)
    (trial,) = trials_of(alone)[:1]
    assert sum(arrivals(first)) == trial["open_loop"]["arrivals"]
