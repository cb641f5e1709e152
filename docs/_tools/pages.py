# SPDX-License-Identifier: Apache-2.0
"""The code blocks of a page, how each is run, and how its output is compared.

A fenced block of `python`, or of `console` with lines that begin with `$ `, is run in
order with the others of its page, in one folder. What a python block prints stands in
the `text` block that follows it; what a command prints stands below it. A comment above
a block changes that:

    <!-- numbers vary -->    run by the tests, which hide numbers and ask that nine
                             words in ten agree: training differs between machines in
                             the last digits, and so may the order of equal arms
    <!-- long: WHY -->       run by `write_outputs.py` only, which pastes the output
    <!-- not run: WHY -->    not run at all
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent

_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>numbers vary|long: [^>]+|not run: [^>]+) -->\n+)?"
    r"(?P<fence>`{3,})(?P<kind>python|console)[^\n]*\n(?P<code>.*?)^(?P=fence)$"
    r"(?P<output>\n\n```text\n(?P<text>.*?)^```$)?",
    re.M | re.S,
)


@dataclass(frozen=True)
class Block:
    """One block of a page.

    Attributes:
        kind: "python" or "console".
        code: What stands between the fences.
        text: The output that the page shows; None where it shows none.
        mark: The comment above it, or "".
        line: The line of the page on which the code begins.
        start: Where the block begins in the page.
        end: Where it ends.
    """

    kind: str
    code: str
    text: str | None
    mark: str
    line: int
    start: int
    end: int

    @property
    def long(self) -> bool:
        """Whether only `write_outputs.py` runs it."""
        return self.mark.startswith("long")

    @property
    def runs(self) -> bool:
        """Whether the tests run it."""
        return not self.mark or self.mark == "numbers vary"


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page's text, in order."""
    return [
        Block(
            found["kind"],
            found["code"],
            found["text"],
            found["mark"] or "",
            page.count("\n", 0, found.start("code")) + 1,
            found.start(),
            found.end(),
        )
        for found in _BLOCK.finditer(page)
    ]


def commands(code: str) -> list[tuple[str, str]]:
    """Return (command, output shown below it) of a console block.

    A command may go on after a backslash at the end of a line.
    """
    found: list[tuple[str, str]] = []
    for part in re.split(r"^\$ ", code, flags=re.M)[1:]:
        head, _, rest = part.partition("\n")
        while head.endswith("\\"):
            more, _, rest = rest.partition("\n")
            head = f"{head[:-1].rstrip()} {more.strip()}"
        found.append((head.partition("  # ")[0].strip(), rest))
    return found


def run_python(block: Block, names: dict[str, object], path: str) -> str:
    """Run a python block and return what it prints; tracebacks name the page's line."""
    padded = "\n" * (block.line - 1) + block.code
    with _captured() as caught:
        exec(compile(padded, path, "exec", dont_inherit=True), names)
    return caught.getvalue()


def run_command(command: str) -> str:
    """Run one command of the program in this process; return its standard output.

    Raises:
        RuntimeError: It fails.
    """
    from equipoise.cli.app import app

    words = shlex.split(command)
    if words[:1] == ["cat"]:
        return "".join(Path(name).read_text("utf-8") for name in words[1:])
    if words[:1] == ["head"]:
        lines = Path(words[3]).read_text("utf-8").splitlines(keepends=True)
        return "".join(lines[: int(words[2])])
    if words[:1] != ["equipoise"]:
        raise RuntimeError(f"only equipoise, cat and head -n run here, not {command!r}")
    with _captured() as caught:
        code = app(words[1:], standalone_mode=False, prog_name="equipoise")
    if code:
        raise RuntimeError(f"{command!r} ended with {code}")
    return caught.getvalue()


@contextlib.contextmanager
def _captured() -> Iterator[io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("default")
        yield out


def remove_pieces() -> None:
    """Remove the pieces that a page has registered, before the next page runs."""
    from equipoise.extending import ACTIVE

    for registration in list(ACTIVE):
        registration.undo()


def tidy(text: str) -> str:
    """Return an output without trailing blanks, and with one newline at its end."""
    lines = [line.rstrip() for line in text.strip("\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def agreement(shown: str, printed: str) -> float:
    """Return the share of words that two outputs have in common, numbers hidden."""
    first, second = Counter(_words(shown)), Counter(_words(printed))
    return (first & second).total() / max(1, (first | second).total())


def _words(text: str) -> list[str]:
    return re.sub(r"[-+±]?(\d[\d,]*)?\.?\d+(e[-+]?\d+)?", "#", text).split()


def documents() -> list[Path]:
    """Return the README, and every page of the documentation, by name."""
    pages = sorted(p for p in DOCS.rglob("*.md") if "_tools" not in p.parts)
    return [ROOT / "README.md", *pages]
