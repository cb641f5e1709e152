# SPDX-License-Identifier: Apache-2.0
"""Print the lowest versions that `pyproject.toml` accepts, for `make oldest`.

What a user installs, with all extras but those that the tests do without, and the data
frames that users bring are at their lower bounds; the tools that run the tests are as
pinned in `requirements-dev.txt`.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
FRAMES = ("pandas", "polars")
TOOLS = ("hypothesis", "pytest", "pytest-randomly", "pytest-xdist")
APART = ("ray",)
"""Extras that are large and installed by hand; their test is skipped without them."""
BOUNDED = re.compile(r"([A-Za-z0-9._-]+)>=([0-9][0-9.]*)(,.*)?")


def lowest(requirement: str) -> str:
    """Return "name==version" for "name>=version"."""
    match = BOUNDED.fullmatch(requirement)
    if match is None:
        sys.exit(
            f"Received {requirement!r} in pyproject.toml. Accepted: name>=version."
        )
    return f"{match[1]}=={match[2]}"


def lowest_versions(project: dict, pins: str) -> list[str]:
    """Return the requirements of the environment.

    Args:
        project: The table `project` of `pyproject.toml`.
        pins: The text of `requirements-dev.txt`.
    """
    extras = project["optional-dependencies"]
    runs = [*project["dependencies"]]
    others = [extra for name, extra in extras.items() if name not in ("dev", *APART)]
    runs += [r for extra in others for r in extra]
    runs += [r for r in extras["dev"] if re.split("[>=]", r)[0] in FRAMES]
    pinned = dict(line.split("==") for line in pins.split())
    return [*map(lowest, runs), *(f"{tool}=={pinned[tool]}" for tool in TOOLS)]


if __name__ == "__main__":
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    pins = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    lines = lowest_versions(tomllib.loads(text)["project"], pins)
    sys.stdout.write("\n".join([*lines, ""]))
