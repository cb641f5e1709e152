# SPDX-License-Identifier: Apache-2.0
"""The ranges of versions, the pins, and the lowest versions that `make oldest` runs."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / ".ci" / "lowest_versions.py"


APART = {"ray"}
"""Large, and installed by hand: neither pinned nor among the lowest versions."""


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["project"]


@pytest.fixture(scope="module")
def ranges(project: dict[str, Any]) -> dict[str, Requirement]:
    """Every direct dependency but the package itself."""
    lines = [*project["dependencies"]]
    lines += [r for extra in project["optional-dependencies"].values() for r in extra]
    parsed = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r for r in parsed if r.name != "equipoise"}


@pytest.fixture(scope="module")
def pins() -> dict[str, Version]:
    lines = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").split()
    parts = [line.split("==") for line in lines]
    return {canonicalize_name(name): Version(version) for name, version in parts}


@pytest.fixture(scope="module")
def lowest() -> dict[str, Version]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], capture_output=True, text=True, check=True
    )
    parts = [line.split("==") for line in done.stdout.split()]
    versions = {canonicalize_name(name): Version(version) for name, version in parts}
    assert len(versions) == len(parts)
    return versions


def test_each_range_has_a_lower_bound_and_holds_the_pin(
    ranges: dict[str, Requirement], pins: dict[str, Version]
) -> None:
    assert not APART & pins.keys()
    for name, requirement in ranges.items():
        operators = [s.operator for s in requirement.specifier]
        assert operators.count(">=") == 1, requirement
        if name in APART:
            continue
        assert pins[name] in requirement.specifier, (
            f"requirements-dev.txt pins {name}=={pins[name]}, outside of {requirement}"
        )


def test_the_lowest_versions_are_the_lower_bounds(
    project: dict[str, Any],
    ranges: dict[str, Requirement],
    pins: dict[str, Version],
    lowest: dict[str, Version],
) -> None:
    """Of all that a user installs; the tools of the tests are pinned."""
    extras = project["optional-dependencies"]
    installed = [*project["dependencies"]]
    others = [extra for extra in extras if extra not in {"dev", *APART}]
    installed += [r for extra in others for r in extras[extra]]
    names = {canonicalize_name(Requirement(line).name) for line in installed}
    assert names | {"pandas", "polars", "pytest"} <= set(lowest)
    for name, version in lowest.items():
        (bound,) = (s for s in ranges[name].specifier if s.operator == ">=")
        tool = name in {"hypothesis", "pytest", "pytest-randomly", "pytest-xdist"}
        assert version == (pins[name] if tool else Version(bound.version))


def test_a_requirement_without_a_bound_is_named(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / SCRIPT.name).write_bytes(SCRIPT.read_bytes())
    (tmp_path / "requirements-dev.txt").write_text("pytest==9\n")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["numpy>=2.0", "scipy"]\n'
        "[project.optional-dependencies]\ndev = []\n"
    )
    done = subprocess.run(
        [sys.executable, str(tmp_path / ".ci" / SCRIPT.name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert "'scipy' in pyproject.toml. Accepted: name>=version." in done.stderr
