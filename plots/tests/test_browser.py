"""The page in a real browser: chromium, headless. Skipped where there is none."""

import hashlib
import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import synthetic

from regatta_plots import cells
from regatta_plots.__main__ import main

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium (apt-get install --no-install-recommends chromium)")
PROBE = Path(__file__).with_name("page_probe.js")
FRAME = """<!DOCTYPE html><meta charset=utf-8><meta name=color-scheme content="light dark">
<body><pre id=told></pre><iframe src="probed.html" style="width:{width}px;height:900px;border:0"></iframe>
<script>addEventListener("message", (event) => {{
  document.getElementById("told").textContent = JSON.stringify(event.data);
  document.querySelector("iframe").remove(); }});</script>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page of everything, with a trial that is not valid and text that is dangerous in HTML."""
    folder = tmp_path_factory.mktemp("page")
    records = synthetic.run(["thread", "epoll", "asio", "uring"], [1, 50, 500], everything=True)
    lost = next(each for each in records if each.get("runtime") == "asio")
    lost.update(status="invalid", reasons=["<b>not</b> & 'valid' </script><script>x()</script>"])
    records[0]["argv"] += ["--set", "a='<i>'"]
    file = synthetic.write(folder / "all.jsonl", records)
    claims = folder / "claims.json"
    claims.write_text(json.dumps([{
        "says": "Beyond capacity an unbounded queue makes everybody late; refusing what is too much keeps the rest quick",
        "outcome": "cannot be told", "on": "python_threads / python_asyncio", "measured": "x 1.20",
        "interval": "x 1.10 to x 1.30", "expected": "x 0.950 to x 1.30", "rounds": 3,
        "reason": "no round in which both had a valid trial under the same conditions"}]))
    assert main(["report", str(file), "--out", str(folder), "--claims", str(claims)]) == 0
    text = (folder / "report.html").read_text()
    probe = f"<script>{PROBE.read_text()}</script>"
    (folder / "probed.html").write_text(text.replace("</head>", probe + "</head>", 1))
    return folder


def seen(folder: Path, width: int, dark: bool) -> dict:
    """What the probe tells, and what the browser wrote to its console."""
    frame = folder / f"frame{width}.html"
    frame.write_text(FRAME.format(width=width))
    for attempt in range(3):  # the budget is of virtual time: a browser that has to wait for its own processes may end early
        command = [CHROMIUM, "--headless", "--disable-gpu", "--enable-logging=stderr", "--window-size=1600,1000",
                   "--virtual-time-budget=20000", f"--user-data-dir={folder / f'profile{attempt}'}", "--dump-dom",
                   f"--blink-settings=preferredColorScheme={0 if dark else 1}", frame.as_uri()]
        if os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # chromium refuses to run as root otherwise
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        told = re.search(r"<pre id=\"told\">(.*?)</pre>", done.stdout, re.DOTALL)
        if done.returncode == 0 and told and told.group(1):
            break
    assert done.returncode == 0 and told and told.group(1), done.stderr[-2000:]
    found = json.loads(html.unescape(told.group(1)))
    found["console"] = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return found


@pytest.fixture(scope="module")
def told(page):
    """One visit for each width and colour scheme that is looked at."""
    return {(width, dark): seen(page, width, dark)
            for width, dark in ((1440, False), (360, False), (1440, True), (360, True))}


@pytest.mark.parametrize("visit", [(1440, False), (360, False), (1440, True), (360, True)], ids=str)
def test_no_error_no_overflow_and_enough_contrast(told, visit):
    found = told[visit]
    assert (found["width"], found["dark"]) == visit
    assert found["errors"] == [] and found["console"] == []
    assert found["overflow"] <= 0 and found["sticking"] == []
    assert found["contrast"] == [] and found["checked"] > 500
    assert found["unnamed"] == 0 and found["repeated"] == []


@pytest.mark.parametrize("width", [1440, 360])
def test_the_verdict_on_a_claim_is_seen_without_scrolling(told, width):
    found = told[width, False]["verdict"]
    assert 0 < found["left"] < found["right"] <= found["room"]


@pytest.mark.parametrize("width", [1440, 360])
def test_what_scrolls_sideways_says_so(told, width):
    found = told[width, False]
    assert found["hints"]["told"] == found["hints"]["wider"]
    assert "Benchmarks: medians, intervals and percentiles" in found["hints"]["told"]
    assert found["hintsWhenWide"] == {"wider": [], "told": []}
    assert any("latency" in name for name in told[360, False]["hints"]["told"])  # figures do too


@pytest.mark.parametrize("width", [1440, 360])
def test_the_runtime_stays_in_sight_and_leaves_room(told, width):
    found = told[width, False]["runtime"]
    assert found["moved"] > 100 and found["isTitled"]
    assert found["left"] == pytest.approx(0, abs=1) and found["right"] <= found["room"] / 2


def test_tables_sort_by_the_figure_and_back(told):
    found = told[1440, False]
    up = [float(each) for each in found["up"]["values"] if each]
    assert up == sorted(up) and len(up) > 20 and found["up"]["aria"] == "ascending"
    down = [float(each) for each in found["down"]["values"] if each]
    assert down == up[::-1] and found["down"]["aria"] == "descending"
    assert found["names"]["values"] == sorted(found["names"]["values"])
    # Each header is a button, so reached by keyboard; four say which benchmark it is.
    assert found["focusable"] == 4 + len(cells.COLUMNS)


def test_tables_filter_by_words_and_choice(told):
    found = told[1440, False]
    total = len(found["up"]["values"])
    assert found["words"]["shown"] and len(found["words"]["shown"]) < total
    assert all("asio" in row and "hash" not in row for row in found["words"]["shown"])
    assert found["words"]["told"] == f"{len(found['words']['shown'])} of {total} rows"
    assert len(found["choice"]["shown"]) == 4 and all("hash" in row for row in found["choice"]["shown"])
    assert found["none"]["shown"] == [] and len(found["all"]["shown"]) == total


def test_what_is_saved_is_the_file(told, page):
    saved = told[360, False]["saved"]
    assert saved["all.jsonl.gz"] == hashlib.sha256((page / "all.jsonl").read_bytes()).hexdigest()
    assert set(saved) == {"all.jsonl.gz", "all.csv"}
