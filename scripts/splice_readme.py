#!/usr/bin/env python3
"""Puts the output of commands into Markdown files, so that no figure in them is typed by hand.

A block to fill looks like this; the command is run by the shell in the root of the tree:

    <!-- output of: build/release/regatta compare results/reference/smoke.jsonl -->
    ...
    <!-- end of output -->

Usage: scripts/splice_readme.py [--check] [FILE...]   (every Markdown file with such a block unless given)
With --check nothing is written; exit status 1 says that a file is not up to date. The programs are those of the folder
that REGATTA_BUILD names, where it is set.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(<!-- output of: (.+?) -->\n).*?(<!-- end of output -->)", re.DOTALL)


def fill(match: re.Match) -> str:
    """The block with fresh output in it. Raises CalledProcessError when the command fails."""
    begin, command, end = match.groups()
    if build := os.environ.get("REGATTA_BUILD"):
        command = command.replace("build/release/", f"{build}/")
    output = subprocess.run(command, shell=True, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return f"{begin}{output.strip()}\n{end}"


def files_with_blocks() -> list[str]:
    tracked = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return [name for name in tracked.stdout.splitlines() if BLOCK.search((ROOT / name).read_text())]


def main(arguments: list[str]) -> int:
    only_check = "--check" in arguments
    files = [a for a in arguments if a != "--check"] or files_with_blocks()
    stale = []
    for name in files:
        path = ROOT / name
        old = path.read_text()
        try:
            new = BLOCK.sub(fill, old)
        except subprocess.CalledProcessError as failure:
            print(f"{name}: `{failure.cmd}` ended with status {failure.returncode}", file=sys.stderr)
            return 1
        if new != old:
            stale.append(name)
            if not only_check:
                path.write_text(new)
    if only_check and stale:
        print(f"not up to date: {', '.join(stale)}; run scripts/splice_readme.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
