# SPDX-License-Identifier: Apache-2.0
"""The figures: stable, coloured by the page, and without traces of their making."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from equipoise.report import figures


@pytest.fixture(scope="module")
def drawn(summary: dict[str, Any]) -> dict[str, str]:
    return figures(summary)


def test_all_are_there(drawn: dict[str, str], summary: dict[str, Any]) -> None:
    base = ["precision_recall", "roc", "calibration"]
    assert list(drawn) == [*base, "sweep_decisions", "sweep_ranking"]
    assert list(figures({**summary, "sweep": None})) == base


def test_drawing_twice_gives_the_same(
    drawn: dict[str, str], summary: dict[str, Any]
) -> None:
    assert figures(summary) == drawn


def test_each_is_well_formed_and_small(drawn: dict[str, str]) -> None:
    for svg in drawn.values():
        root = ElementTree.fromstring(svg)
        assert root.tag == "svg"
        assert len(svg) < 100_000


def test_the_page_chooses_every_colour(drawn: dict[str, str]) -> None:
    for svg in drawn.values():
        assert not re.search(r"(fill|stroke): *#", svg)
        assert "var(--series-1)" in svg


def test_identifiers_of_different_figures_differ(drawn: dict[str, str]) -> None:
    found = [i for svg in drawn.values() for i in re.findall(r'\bid="([^"]+)"', svg)]
    assert len(found) == len(set(found))


def test_nothing_names_a_date_a_font_or_a_place(drawn: dict[str, str]) -> None:
    for svg in drawn.values():
        assert not re.search(r"http|font-family|<style|<metadata|DOCTYPE", svg)


def test_only_the_chosen_arm_has_a_band(
    drawn: dict[str, str], summary: dict[str, Any]
) -> None:
    assert drawn["roc"].count("fill-opacity: 0.14") <= 2
    assert len(summary["highlighted"]) == 3


def test_drawing_leaves_no_settings_and_no_pyplot() -> None:
    code = (
        "import matplotlib as m, sys\n"
        "from equipoise.report.canvas import axes, to_svg\n"
        # Reading "backend" would import pyplot by itself.
        "see = lambda: {k: m.rcParams[k] for k in m.rcParams if k != 'backend'}\n"
        "before = see()\n"
        "figure, plot = axes(); plot.plot([0, 1], [0, 1]); to_svg(figure, 'x')\n"
        "print(before == see(), 'matplotlib.pyplot' in sys.modules)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert out.stdout.split() == ["True", "False"]
