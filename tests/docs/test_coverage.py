# SPDX-License-Identifier: Apache-2.0
"""Whatever has a name is documented, and the site holds together without a network."""

from __future__ import annotations

import html.parser
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import reference

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(p for p in DOCS.rglob("*.md") if "_tools" not in p.parts)
PACKAGES = sorted(
    ".".join(stub.parent.relative_to(ROOT / "src").parts)
    for stub in (ROOT / "src").rglob("__init__.pyi")
)
# The program's entry point is documented as the command line.
WITHOUT_A_PAGE = {"equipoise.cli"}


def filled(path: Path) -> str:
    """Return a page as the site shows it, placeholders filled in."""
    return str(reference.on_page_markdown(path.read_text("utf-8")))


@pytest.fixture(scope="module")
def everything() -> str:
    return "\n".join(filled(path) for path in PAGES)


def test_every_package_has_a_page_in_the_reference() -> None:
    text = "\n".join(p.read_text("utf-8") for p in (DOCS / "reference").glob("*.md"))
    documented = set(re.findall(r"<!-- public names of: ([\w.]+) -->", text))
    assert set(PACKAGES) - documented == WITHOUT_A_PAGE


@pytest.mark.parametrize("package", sorted({*PACKAGES} - WITHOUT_A_PAGE))
def test_every_public_name_says_what_it_is(package: str) -> None:
    for name, module in reference.public_names(package).items():
        line = reference.first_line(name, module)
        assert line.endswith((".", ":")), f"{package}.{name}: {line!r}"


@pytest.mark.parametrize("package", sorted({*PACKAGES} - WITHOUT_A_PAGE))
def test_every_public_name_appears_in_the_reference(
    package: str, everything: str
) -> None:
    for name, module in reference.public_names(package).items():
        shown = f"::: {module}.{name}" in everything
        shown |= f"::: {package}.{name}" in everything
        shown |= f"{{ #{package}.{name} }}" in everything
        assert shown, f"{package}.{name}"


def registered() -> list[tuple[str, str]]:
    from equipoise.diagnosis.catalogue import CHECKS
    from equipoise.losses.records import LOSS_RECORDS
    from equipoise.metrics.registry import METRICS
    from equipoise.networks.catalogue import network_names
    from equipoise.sampling.samplers import sampler_names
    from equipoise.strategies.catalogue import catalogue
    from equipoise.strategies.learner_records import LEARNERS
    from equipoise.strategies.plans import PLANS
    from equipoise.synthesis.syntheses import synthesis_names
    from equipoise.weights.schemes import scheme_names

    return [
        *(("strategies-by-name", name) for name in catalogue()),
        *(("metrics", name) for name in METRICS),
        *(("losses", name) for name in LOSS_RECORDS),
        *(("sampling", name) for name in sampler_names()),
        *(("weights", name) for name in scheme_names()),
        *(("networks", name) for name in network_names()),
        *(("synthesis", name) for name in synthesis_names()),
        *(("strategies", name) for name in PLANS),
        *(("learners", name) for name in LEARNERS),
        *(("findings", check.code) for check in CHECKS),
    ]


@pytest.mark.parametrize(("page", "name"), registered())
def test_everything_that_has_a_name_is_in_the_reference(page: str, name: str) -> None:
    assert re.search(rf"[`\[]{name}[`\]]", filled(DOCS / "reference" / f"{page}.md"))


def test_every_command_and_option_is_in_the_reference() -> None:
    page = filled(DOCS / "reference" / "cli.md")
    for name, command in reference.commands().items():
        section = page.partition(f"## `{name}` ")[2].partition("\n## ")[0]
        assert section, name
        for option in command.params:
            if option.param_type_name == "option":
                assert all(f"`{flag}`" in section for flag in option.opts), option.name
            assert option.help, f"{name} {option.name} has no help"


def navigation(entry: Any) -> list[str]:
    if isinstance(entry, str):
        return [entry]
    parts = entry.values() if isinstance(entry, dict) else entry
    return [page for part in parts for page in navigation(part)]


def test_every_page_is_in_the_navigation_and_every_entry_is_a_page() -> None:
    import yaml

    listed = navigation(yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"])
    assert len(set(listed)) == len(listed)
    assert set(listed) == {p.relative_to(DOCS).as_posix() for p in PAGES}


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.relative_to(DOCS).as_posix())
def test_no_page_reaches_out(path: Path) -> None:
    assert not re.findall(r"\w+://[^\s`)]+", path.read_text("utf-8"))


def test_every_figure_is_used_and_small() -> None:
    text = "\n".join(path.read_text("utf-8") for path in PAGES)
    for figure in (DOCS / "figures").iterdir():
        assert figure.stat().st_size < 200_000, figure.name
        assert figure.name in text or figure.stem == "favicon"


class Reader(html.parser.HTMLParser):
    """Collects what a page loads, links to, and emphasises."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.emphasis: list[str] = []
        self._within: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        if "id" in found:
            self.anchors.add(found["id"])
        if tag in ("script", "img", "iframe", "source") and "src" in found:
            self.loaded.append(found["src"])
        if tag == "link":
            self.loaded.append(found.get("href", ""))
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "em" in self._within:
            self.emphasis.append(data)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Reader]:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    read = {}
    for path in folder.rglob("*.*"):
        if path.suffix != ".html":
            read[path.relative_to(folder).as_posix()] = Reader()
            continue
        reader = Reader()
        reader.feed(path.read_text("utf-8"))
        read[path.relative_to(folder).as_posix()] = reader
    return read


def test_the_site_builds_and_loads_nothing_from_elsewhere(
    site: dict[str, Reader],
) -> None:
    assert sum(name.endswith(".html") for name in site) > len(PAGES)  # and 404
    for name, page in site.items():
        far = [s for s in page.loaded if re.match(r"(\w+:)?//", s)]
        assert not far, f"{name} loads {far}"


def test_every_link_and_anchor_of_the_site_leads_somewhere(
    site: dict[str, Reader],
) -> None:
    for name, page in site.items():
        if name == "404.html":  # its links begin at the root of a server
            continue
        for link in page.links:
            target, _, anchor = link.partition("#")
            if re.match(r"\w+:", target):
                continue
            where = os.path.normpath(os.path.join(os.path.dirname(name), target))
            where = name if not target else where
            if where not in site:
                where = os.path.normpath(os.path.join(where, "index.html"))
            assert where in site, f"{name} links to {link}"
            assert not anchor or anchor in site[where].anchors, f"{name}: {link}"


def test_no_formula_is_read_as_emphasis(site: dict[str, Reader]) -> None:
    """Two underscores of a formula outside backticks would vanish into italics."""
    for name, page in site.items():
        odd = [text for text in page.emphasis if re.search(r"[=^|\\]|\b[A-Z]_", text)]
        assert not odd, f"{name}: {odd}"
