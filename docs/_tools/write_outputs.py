# SPDX-License-Identifier: Apache-2.0
"""Run the examples of the documentation and paste what they print.

    python docs/_tools/write_outputs.py [PAGE ...] [--all]

Without PAGE every page that shows an output is taken. By default only blocks whose
output the tests compare are renewed; `--all` also runs those marked `long`, which
takes a quarter of an hour. The blocks of a page share their variables and a folder.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("COLUMNS", "80")

from figures import draw
from pages import (
    ROOT,
    Block,
    blocks,
    commands,
    documents,
    remove_pieces,
    run_command,
    run_python,
    tidy,
)


def main() -> None:
    """Renew the outputs of the pages that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*", type=Path)
    parser.add_argument("--all", action="store_true", dest="everything")
    wanted = parser.parse_args()
    for path in [p.resolve() for p in wanted.pages] or documents():
        before = path.read_text("utf-8")
        if not any(block.text is not None or _shows(block) for block in blocks(before)):
            continue
        after = renewed(path, before, wanted.everything)
        if after != before:
            path.write_text(after, "utf-8")
            sys.stdout.write(f"{path.relative_to(ROOT)}: renewed\n")


def renewed(path: Path, page: str, everything: bool) -> str:
    """Return a page with the outputs of its blocks as they are today."""
    names: dict[str, object] = {"__name__": "__main__"}
    parts, last = [], 0
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for block in blocks(page):
                if not (block.runs or (block.long and everything)):
                    continue
                parts += [page[last : block.start], _again(block, page, names, path)]
                last = block.end
            _figures(page, names)
        finally:
            os.chdir(home)
            remove_pieces()
    return "".join([*parts, page[last:]])


def _figures(text: str, names: dict[str, object]) -> None:
    for name in re.findall(r"^<!-- figure: ([\w-]+) -->$", text, re.M):
        if path := draw(name, names):
            sys.stdout.write(f"{path.relative_to(ROOT)}: drawn\n")


def _again(block: Block, page: str, names: dict[str, object], path: Path) -> str:
    whole = page[block.start : block.end]
    if block.kind == "python":
        printed = run_python(block, names, str(path))
        if block.text is None:
            return whole
        at = whole.rindex("```text\n") + len("```text\n")
        return whole[:at] + tidy(printed) + "```"
    told = []
    for command, _ in commands(block.code):
        told.append(tidy(run_command(command)))
    _, *sections = ("\n" + block.code).split("\n$ ")
    shown = [
        f"$ {_typed(section)}\n{output}"
        for section, output in zip(sections, told, strict=True)
    ]
    start = whole.index("\n", whole.index("```")) + 1
    fence = whole[start:].rpartition("\n")[2]
    return whole[:start] + "\n".join(shown).replace("\n\n\n", "\n\n") + fence


def _typed(section: str) -> str:
    """Return a command as it is typed, with the lines that it goes on over."""
    lines = section.split("\n")
    count = 1
    while lines[count - 1].endswith("\\"):
        count += 1
    return "\n".join(lines[:count])


def _shows(block: Block) -> bool:
    return block.kind == "console" and any(
        out.strip() for _, out in commands(block.code)
    )


if __name__ == "__main__":
    main()
