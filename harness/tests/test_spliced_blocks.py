"""Every block of a Markdown file that a command fills has what the command prints today."""
import os
import re
import subprocess
import sys

import pytest
from harness_fixtures import BUILD, TREE

sys.path.append(str(TREE / "scripts"))
import splice_readme  # noqa: E402


def pages():
    """Markdown files with blocks, without build folders and what is beside the tree."""
    for folder, inside, files in os.walk(TREE):
        inside[:] = sorted(name for name in inside if name != "build" and not name.startswith("."))
        for name in sorted(files):
            path = os.path.join(folder, name)
            if name.endswith(".md") and splice_readme.BLOCK.search(open(path, encoding="utf-8").read()):
                yield os.path.relpath(path, TREE)


def missing(page):
    """Programs that the page's commands name and this build has not made."""
    text = (TREE / page).read_text()
    named = {name for match in splice_readme.BLOCK.finditer(text)
             for name in re.findall(r"build/release/(\S+)", match.group(2))}
    return sorted(name for name in named if not (BUILD / name).is_file())


def check(*files):
    return subprocess.run([sys.executable, str(TREE / "scripts/splice_readme.py"), "--check", *map(str, files)],
                          capture_output=True, text=True, check=False, env=os.environ | {"REGATTA_BUILD": str(BUILD)})


@pytest.mark.parametrize("page", pages())
def test_blocks_are_what_their_commands_print(page):
    if lacking := missing(page):
        pytest.skip(f"{BUILD} has no {', '.join(lacking)}")
    done = check(page)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_block_that_was_edited_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- output of: build/release/regatta --version -->\n0.0\n<!-- end of output -->\n")
    done = check(page)
    assert done.returncode == 1 and "not up to date" in done.stderr
    assert "0.0" in page.read_text()  # nothing is written
    page.write_text("<!-- output of: false -->\n<!-- end of output -->\n")
    assert "`false` ended with status 1" in check(page).stderr


def test_a_block_is_filled(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- output of: echo one; echo two -->\nold\n<!-- end of output -->\nafter\n")
    assert splice_readme.main([str(page)]) == 0
    assert page.read_text() == "before\n<!-- output of: echo one; echo two -->\none\ntwo\n<!-- end of output -->\nafter\n"
