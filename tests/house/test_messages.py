# SPDX-License-Identifier: Apache-2.0
"""Messages have three parts, and everything is written in plain words."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from equipoise import errors

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "equipoise"
FILES = sorted(SOURCE.rglob("*.py"))
DOCUMENTS = sorted(ROOT.glob("docs/**/*.md"))

RAISED = {name for name in errors.__all__ if name.endswith("Error")}
"""The errors that users meet."""

NOT_MADE_HERE = {
    "decision/class_floors.py: RefusedError(f'The class {floor.name!r}: {error}', "
    "...)": "the message of another error, made by `sentence`, with the class",
    "decision/label_rule_making.py: RefusedError(f'The label {floor.name!r}: {error}', "
    "...)": "the same with the label",
    "models/fit_rows.py: SplitError(error.facts, ...)": "the facts of another error, "
    "which are a sentence, with the advice that fits `fit`",
    "trials/protocol.py: SplitError(error.facts, ...)": "the facts of another error, "
    "which are a sentence, with a number of folds that works",
}
"""Errors whose message is not made by `sentence` where they are made, and why."""


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def called(node: ast.AST) -> str:
    """Return the name of what is called; empty if nothing is."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def made(module: ast.Module) -> Iterator[ast.Call]:
    """Yield every place that makes an error of ours, to raise it there or later."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and called(node) in RAISED:
            yield node


def in_parts(call: ast.Call) -> bool:
    """Return whether a message says what was received and what is accepted."""
    if not call.args or called(call.args[0]) != "sentence":
        return False
    message = call.args[0]
    assert isinstance(message, ast.Call)
    return len(message.args) + len(message.keywords) > 1


def odd_errors(module: ast.Module, file: str) -> list[str]:
    return [
        f"{file}: {called(call)}({ast.unparse(call.args[0]) if call.args else ''}, ...)"
        for call in made(module)
        if not in_parts(call)
    ]


@pytest.mark.parametrize(
    ("code", "whole"),
    [
        ("raise InputError(sentence('a', 'b', 'c'))", True),
        ("raise errors.InputError(sentence('a', accepted='b'))", True),
        ("raise InputError(sentence('a'))", False),
        ("raise TableError('a is wrong')", False),
        ("error = SplitError(f'{a} is wrong', 'Do b.')", False),
        ("raise InputError()", False),
        ("raise KeyError(name)", True),  # none that a user should meet
    ],
)
def test_a_message_without_its_parts_is_seen(code: str, whole: bool) -> None:
    assert (odd_errors(ast.parse(code), "f.py") == []) == whole


def test_every_error_says_what_was_received_and_what_is_accepted() -> None:
    odd = {text for path in FILES for text in odd_errors(tree(path), name_of(path))}
    assert odd == NOT_MADE_HERE.keys()


def test_the_errors_are_looked_at() -> None:
    calls = [call for path in FILES for call in made(tree(path))]
    assert len(calls) > 300
    assert {called(call) for call in calls} == RAISED - {"EquipoiseError"}


def test_no_error_class_hides_in_another_file() -> None:
    """`errors.py` lists them all, and so does the test above."""
    elsewhere = [
        f"{name_of(path)}: {node.name}"
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
        and path.name != "errors.py"
        and any(ast.unparse(b).endswith(("Error", "Warning")) for b in node.bases)
    ]
    assert elsewhere == []


# ---- words

UNUSUAL = {
    r"\bshall\b": "must, or the present tense",
    r"\banew\b": "again",
    r"\bdearer\b": "that costs more",
    r"\b(where|there|here)(of|by|in|upon)\b": "of which, by it, in it",
    r"\b(hence|hitherto|henceforth|lest|albeit|whilst|amongst|thrice)\b": "the usual "
    "word",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\bwhich (the|this|that|its?) [^.;:]{1,40} has not(?=[.,;:]?$|[.,;:] )": "has no "
    "..., or does not have",
    r"^has not$": "does not have",
    r"\btold by\b": "follows from, is given by",
    r"\bunseen to\b": "treated as unseen",
    r"\bnothing is said\b": "without a warning",
    r"\ban empty text\b": "an empty string",
    r"(?<!there )(?<!There )\b(is|are) no (numbers?|probabilities|features?|JSON|"
    r"Keras|regular|plain|averages?)\b": "is not a ...",
    r"\bas (near|far|well) as can be\b": "as ... as possible",
    r"\bcame about\b": "was made, was obtained",
    r"\bstands? against\b": "is an obstacle to",
    r"\bserves? no\b": "supports no",
    r"\b([Rr]aise|None|empty|zeros?) where\b": "if",
}
"""What is not written -> what is written in its place."""


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the words of every string and docstring of a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, " ".join(node.value.split())


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the words of every paragraph of a document."""
    line = 1
    for block in re.split(r"(\n{2,})", path.read_text(encoding="utf-8")):
        yield line, " ".join(block.split())
        line += block.count("\n")


def unusual(words: str) -> list[str]:
    return [
        f"{found[0]!r}: write {better}"
        for pattern, better in UNUSUAL.items()
        if (found := re.search(pattern, words))
    ]


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        ("The threshold shall be best at F1.", False),
        ("the column 'a', which the file has not", False),
        ("which its author has not. So", False),
        ("A label that some rows have and some have not.", True),
        ("A row that training has not seen.", True),
        ("The labels are no numbers.", False),
        ("There are no numbers among them.", True),
        ("Raise where a class is absent.", False),
        ("NaN where a value is missing.", True),
        ("Thereafter it is kept; the rows are there, by name.", True),
    ],
)
def test_an_unusual_word_is_seen(words: str, plain: bool) -> None:
    assert (unusual(words) == []) == plain


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_is_written_in_plain_words(path: Path) -> None:
    odd = [
        f"line {line}: {text}"
        for line, words in strings(path)
        for text in unusual(words)
    ]
    assert not odd, f"{name_of(path)}: {odd}"


@pytest.mark.parametrize(
    "path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_a_document_is_written_in_plain_words(path: Path) -> None:
    odd = [
        f"line {line}: {text}" for line, words in prose(path) for text in unusual(words)
    ]
    assert not odd, f"{path.relative_to(ROOT)}: {odd}"


TEMPLATES = sorted(SOURCE.glob("report/templates/*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a_template_is_written_in_plain_words(path: Path) -> None:
    assert not unusual(" ".join(path.read_text(encoding="utf-8").split()))


# ---- names

PARTICIPLES = {"found", "own", "known", "given", "kept", "told", "drawn", "wanted"}
"""A local variable is named after what it holds, not after how it came."""


def stored_name(node: ast.AST) -> str:
    """Return the name that is assigned here; empty if none is."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    return ""


def local_names(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of each argument and each local variable."""
    fields = {
        id(target)
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef)
        for line in node.body
        for target in ast.walk(line)
        if isinstance(line, ast.Assign | ast.AnnAssign)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif id(node) not in fields and (name := stored_name(node)):
            yield node.lineno, name


def test_a_participle_is_seen() -> None:
    code = "class A:\n    kept: int\n\ndef f(own):\n    for found in own: drawn = 1\n"
    names = {name for _, name in local_names(ast.parse(code))}
    assert names == {"own", "found", "drawn"}


def test_no_local_is_named_after_how_it_came() -> None:
    odd = [
        f"{name_of(path)}:{line}: {name}"
        for path in FILES
        for line, name in local_names(tree(path))
        if name in PARTICIPLES
    ]
    assert odd == []
