"""The same answers as harness/stats: both are tested against one file."""

import json
import math
from pathlib import Path

import pytest

from regatta_plots.stats import student_quantile, summarise
from regatta_plots.words import span

KNOWN = json.loads((Path(__file__).parents[2] / "harness/tests/data/intervals.json").read_text())


@pytest.mark.parametrize("known", KNOWN["student_quantile"], ids=str)
def test_student_quantile(known):
    assert student_quantile(known["p"], known["degrees"]) == pytest.approx(known["t"], abs=1e-9)


@pytest.mark.parametrize("known", KNOWN["summarise"], ids=str)
def test_summarise(known):
    found = summarise(known["values"])
    assert found.median == pytest.approx(known["median"])
    assert found.method == known["method"]
    if known["method"] is None:
        assert math.isnan(found.low) and math.isnan(found.high)
    else:
        assert found.low == pytest.approx(known["low"], rel=1e-8)
        assert found.high == pytest.approx(known["high"], rel=1e-8)


def test_no_values_give_nothing():
    assert math.isnan(summarise([]).median)


@pytest.mark.parametrize(("p", "degrees"), [(0, 3), (1, 3), (0.5, 0)])
def test_quantile_refuses(p, degrees):
    with pytest.raises(ValueError):
        student_quantile(p, degrees)


def test_an_interval_from_the_bootstrap_is_marked():
    t, bootstrap = summarise([100.0, 101.0, 99.0]), summarise([100.0] * 5 + [60.0] * 4)
    assert (t.method, bootstrap.method) == ("log_t", "bootstrap")
    assert not span(t, "throughput_per_s").endswith("*")
    assert span(bootstrap, "throughput_per_s") == "60-100*"
