# SPDX-License-Identifier: Apache-2.0
"""Every advice in the source: what an error or a refusal proposes to do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "equipoise"
ADVISES = {"sentence": (2, "remedy"), "SplitError": (1, "advice")}


def collected() -> dict[str, list[str]]:
    """Return advice -> where it stands; values in it are written as {}."""
    places: dict[str, list[str]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        name = str(path.relative_to(SOURCE))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for text in _advice(node):
                places.setdefault(f"{name}: {text}", []).append(f"{name}:{node.lineno}")
    return places


def _advice(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.Call):
        return
    called = getattr(node.func, "id", getattr(node.func, "attr", ""))
    if called not in ADVISES:
        return
    place, keyword = ADVISES[called]
    value = next((k.value for k in node.keywords if k.arg == keyword), None)
    if value is None and len(node.args) > place:
        value = node.args[place]
    if value is not None:
        yield from (text for text in _texts(value) if text)


def _texts(value: ast.expr) -> Iterator[str]:
    """Yield the texts that an expression can be, one per branch."""
    if isinstance(value, ast.IfExp):
        yield from _texts(value.body)
        yield from _texts(value.orelse)
    elif isinstance(value, ast.Constant):
        yield str(value.value)
    elif isinstance(value, ast.JoinedStr):
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}"
            for part in value.values
        )
    else:
        yield f"<{ast.unparse(value)}>"
