# SPDX-License-Identifier: Apache-2.0
"""The examples of the README and the documents run, and print what stands there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pages
import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
# Of these the numbers in the text must stand in an output, or in a page they link to.
TOLD = sorted(
    [
        *ROOT.glob("docs/questions/*.md"),
        ROOT / "docs" / "index.md",
        ROOT / "docs" / "how-to-choose.md",
        ROOT / "docs" / "tutorial.md",
    ]
)


def blocks(path: Path) -> list[Any]:
    return pages.blocks(path.read_text("utf-8"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize(
    "path",
    [path for path in DOCUMENTS if any(block.runs for block in blocks(path))],
    ids=name_of,
)
def test_the_examples_of_a_document_run(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")  # as write_outputs.py does
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(path):
        if not block.runs:
            continue
        if block.kind == "python":
            printed = pages.run_python(block, names, str(path))
            if block.text is not None:
                compare(block, block.text, printed)
        else:
            for command, shown in pages.commands(block.code):
                compare(block, shown, pages.run_command(command))


@pytest.fixture(autouse=True)
def undone() -> Iterator[None]:
    """Remove the pieces that a document registers."""
    yield
    pages.remove_pieces()


def compare(block: Any, shown: str, printed: str) -> None:
    where = f"line {block.line}: run docs/_tools/write_outputs.py"
    if block.mark:
        assert pages.agreement(shown, printed) >= 0.9, (where, printed)
    else:
        assert pages.tidy(printed) == pages.tidy(shown), where


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_code_block_can_be_read(path: Path) -> None:
    for block in blocks(path):
        if block.kind == "python":
            compile(block.code, str(path), "exec")
    text = path.read_text("utf-8")
    known = text.count("```python\n") + text.count("```console\n")
    assert len(blocks(path)) == known, "a block that the tests do not see"


@pytest.mark.parametrize(
    "command",
    sorted(
        {
            command
            for path in DOCUMENTS
            for block in blocks(path)
            if block.kind == "console"
            for command, _ in pages.commands(block.code)
            if command.startswith("equipoise ")
        }
    ),
)
def test_every_command_has_words_that_the_program_knows(command: str) -> None:
    import typer

    from equipoise.cli.app import app

    program: Any = typer.main.get_command(app)
    _, verb, *words = shlex.split(command)
    context = program.commands[verb].make_context(verb, words)
    names = (context.params.get("strategies") or "").split(",")
    from equipoise.strategies.catalogue import as_strategies

    assert as_strategies([name for name in names if name] or ["plain"])


@pytest.mark.parametrize("path", TOLD, ids=name_of)
def test_the_numbers_of_a_page_come_from_an_output(path: Path) -> None:
    text = path.read_text("utf-8")
    linked = [
        (path.parent / target).read_text("utf-8")
        for target in re.findall(r"\]\(([^)#:\s]+\.md)", text)
    ]
    known = set(figures(" ".join([code_of(text), quoted_of(text), *linked])))
    unknown = [number for number in figures(prose_of(text)) if number not in known]
    assert not unknown, f"no output prints {unknown}"


def code_of(text: str) -> str:
    return " ".join(re.findall(r"^`{3,}\w+\n.*?^`{3,}$", text, re.M | re.S))


def quoted_of(text: str) -> str:
    """What the person who asks has said."""
    return " ".join(re.findall(r"^> .*$", text, re.M))


def prose_of(text: str) -> str:
    text = re.sub(r"^(`{3,})\w+\n.*?^\1$", "", text, flags=re.M | re.S)
    text = re.sub(r"^> .*$|`[^`\n]*`|\]\([^)]*\)|<!--.*?-->", "", text, flags=re.M)
    return re.sub(r"\b(19|20)\d\d\b|Python [\d.]+ to [\d.]+", "", text)  # years


def figures(text: str) -> list[str]:
    """Return the numbers with a point or of three digits, as they would be compared."""
    found = re.findall(r"\d[\d,_]*\.\d+|\.\d+|\d[\d,_]*\d{2}", text)
    return [re.sub(r"[,_]", "", number).lstrip("0") for number in found]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_every_direct_dependency_has_a_reason() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project.get("optional-dependencies", {})
    wanted = [*project["dependencies"], *(d for e in extras.values() for d in e)]
    reasons = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    for requirement in wanted:
        name = re.split(r"[<>=!~\[ ]", requirement)[0]
        if name == project["name"]:  # an extra that is made of other extras
            continue
        assert f"`{name}`" in reasons, f"docs/dependencies.md gives no reason: {name}"


def test_the_pinned_versions_name_no_host_and_meet_the_ranges() -> None:
    import tomllib
    from importlib.metadata import version

    from packaging.requirements import Requirement

    pins = (ROOT / "requirements-dev.txt").read_text("utf-8").split()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][\w.+]*", pin) for pin in pins)
    pinned = dict(pin.lower().replace("_", "-").split("==") for pin in pins)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for text in project["dependencies"] + project["optional-dependencies"]["dev"]:
        requirement = Requirement(text)
        name = requirement.name.lower()
        if name == project["name"]:
            continue
        assert requirement.specifier.contains(pinned[name], prereleases=True), text
        assert version(name) == pinned[name], f"{name}: run `make lock`"
