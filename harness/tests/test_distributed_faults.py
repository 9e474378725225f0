"""What breaks while several hosts load: each fault ends the run, names the host, and leaves nobody."""
import pytest
from three_hosts_fixtures import needs_three_hosts, three_hosts

pytestmark = needs_three_hosts


@pytest.mark.parametrize("fault, host, words", [
    ("kill-loader", "h2", ["rank 2 on h2", "signal 9"]),
    ("kill-rank", "h2", ["h2", "signal 9"]),
    ("stop-loader", "h1", ["rank 1 on h1", "is stopped"]),
    ("stop-rank", "h1", ["rank 1 on h1", "has said nothing"]),
    ("link", "h2", ["h2"]),
    ("coordinator", None, ["h0", "signal 9"]),
])
def test_a_fault_ends_the_run_and_names_the_host(tmp_path, fault, host, words):
    outcome = three_hosts(tmp_path, "--measure", "60", "--warmup", "0", fault=fault, host=host)
    trial = outcome.trial()
    assert outcome.status == 1 and trial["status"] == "failed"
    (reason,) = trial["reasons"]
    for word in words:
        assert word in reason, outcome.stderr
    assert reason in outcome.stderr
    assert outcome.left == []
    assert outcome.seconds_until_gone <= 15
    # What was begun and not finished can be told from what was.
    assert [(first["rank"], result) for first, result in outcome.shards()] == [(1, None), (2, None)]


def test_a_rank_lost_near_the_end_leaves_the_others_result(tmp_path):
    outcome = three_hosts(tmp_path, "--measure", "3", "--warmup", "0", fault="stop-rank", host="h2")
    trial = outcome.trial()
    assert outcome.status == 1 and trial["status"] == "invalid"
    assert any("only 1 of 2 ranks reported; rank 2 on h2: it has said nothing" in reason for reason in trial["reasons"])
    assert trial["ranks"]["reported"] == 1 and trial["ranks"]["each"][1]["status"] == "lost"
    assert outcome.left == []
    assert outcome.seconds_until_gone <= 15
    (_, kept), (_, lost) = outcome.shards()
    assert lost is None and kept["latency"]["count"] > 0
    assert trial["latency"]["counts"] == kept["latency"]["counts"]
