"""scripts/splice_readme.py, and that what it has put into the documents is what the programs print today."""
import os
import subprocess
import sys

import pytest
from harness_fixtures import BUILD, LONG_ENOUGH_S, TREE

SCRIPT = TREE / "scripts" / "splice_readme.py"
PROGRAMS = ["regatta", "micro/generator_cost", "micro/frame_overhead", "micro/gate_rules", "micro/runtime_against_native"]


def splice(folder, *words):
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    if not (tools / "python3").exists():
        (tools / "python3").symlink_to(sys.executable)  # one that has numpy
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "REGATTA_BUILD": str(BUILD)}
    return subprocess.run([sys.executable, SCRIPT, *words], capture_output=True, text=True, timeout=LONG_ENOUGH_S,
                          env=environment)


@pytest.mark.skipif(not (TREE / ".git").exists(), reason="not a clone: git tells which documents there are")
def test_documents_are_up_to_date(tmp_path):
    if missing := [name for name in PROGRAMS if not (BUILD / name).exists()]:
        pytest.skip(f"not built: {', '.join(missing)}")
    done = splice(tmp_path, "--check")
    assert done.returncode == 0, done.stderr


def test_a_block_is_filled_and_a_stale_one_is_told(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- output of: echo one; echo two -->\nold\n<!-- end of output -->\nafter\n")
    stale = splice(tmp_path, "--check", page)
    assert stale.returncode == 1 and f"not up to date: {page}" in stale.stderr and "old" in page.read_text()
    assert splice(tmp_path, page).returncode == 0
    assert page.read_text() == "before\n<!-- output of: echo one; echo two -->\none\ntwo\n<!-- end of output -->\nafter\n"
    assert splice(tmp_path, "--check", page).returncode == 0


def test_a_command_that_fails_leaves_the_page_alone(tmp_path):
    page = tmp_path / "page.md"
    text = "<!-- output of: exit 3 -->\nold\n<!-- end of output -->\n"
    page.write_text(text)
    done = splice(tmp_path, page)
    assert done.returncode == 1 and "`exit 3` ended with status 3" in done.stderr and page.read_text() == text
