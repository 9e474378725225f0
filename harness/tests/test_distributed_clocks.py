"""Clocks of hosts far apart: time namespaces, so that the truth is known."""
from three_hosts_fixtures import needs_three_hosts, three_hosts

pytestmark = needs_three_hosts


def test_clocks_far_apart_are_known_within_the_bound(tmp_path):
    # The bound says how far the measured offset may be from the truth, which is known here: all three clocks are one
    # clock, with 1,000 s and 2,000 s added.
    outcome = three_hosts(tmp_path, "--rate", "400", "--seed", "7", "--measure", "1", "--warmup", "0.2", clocks=[1000, 2000])
    trial = outcome.trial()
    assert trial["status"] != "failed", trial["reasons"]
    for each, ahead in zip(trial["ranks"]["each"], (1000, 2000)):
        clock = each["clock"]
        assert clock["is_consistent"]
        assert abs(clock["offset_ns"] - ahead * 10**9) <= clock["bound_ns"] < 10**9
        assert clock["bound_ns"] <= clock["round_trip_ns_min"] / 2 + 1
        assert clock["drift_ns"] == 0
