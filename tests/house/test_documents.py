# SPDX-License-Identifier: Apache-2.0
"""Every Python block of the README and the documents runs, in order."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
# A block that cannot run here is preceded by a comment that says why.
BLOCK = re.compile(
    r"(?P<skip><!-- not run: [^>]+ -->\n)?```python\n(?P<code>.*?)```", re.S
)


def blocks(path: Path) -> list[tuple[int, str]]:
    text = path.read_text(encoding="utf-8")
    return [
        (text.count("\n", 0, match.start("code")) + 1, match["code"])
        for match in BLOCK.finditer(text)
        if not match["skip"]
    ]


@pytest.mark.parametrize(
    "path",
    [path for path in DOCUMENTS if blocks(path)],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_the_examples_of_a_document_run(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for line, code in blocks(path):
        # Pad so that a traceback names the document's own line.
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            exec(compile("\n" * (line - 1) + code, str(path), "exec"), namespace)


@pytest.mark.parametrize(
    "path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)
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
        assert requirement.specifier.contains(pinned[name], prereleases=True), text
        assert version(name) == pinned[name], f"{name}: run `make lock`"
