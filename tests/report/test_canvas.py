# SPDX-License-Identifier: Apache-2.0
"""The drawing surface: colours become the page's, traces of the making go."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from equipoise.report.canvas import GRID, INK, MUTED, SERIES, axes, to_svg


def drawn(name: str = "x") -> str:
    figure, plot = axes(3.0, 2.0)
    for k, colour in enumerate((*SERIES, INK, MUTED, GRID)):
        plot.plot([0, 1], [k, k + 1], color=colour)
    plot.fill_between([0, 1], [0, 0], [1, 1], color=SERIES[0], alpha=0.2)
    return to_svg(figure, name)


def test_every_stand_in_colour_becomes_a_variable() -> None:
    svg = drawn()
    for colour in (*SERIES, INK, MUTED, GRID):
        assert colour not in svg
    for name in ("series-1", "series-2", "series-3", "ink", "muted", "rule"):
        assert f"var(--{name})" in svg
    assert not re.search(r"(fill|stroke): *#[0-9a-f]", svg)


def test_the_text_is_stable_and_named() -> None:
    assert drawn() == drawn()
    first, second = (set(re.findall(r'\bid="([^"]+)"', drawn(n))) for n in "ab")
    assert first
    assert not first & second
    assert all(i.startswith("a-") for i in first)


def test_it_is_part_of_a_page_and_no_file() -> None:
    svg = drawn()
    assert svg.startswith("<svg viewBox=")
    assert ElementTree.fromstring(svg).tag == "svg"
    for trace in ("<?xml", "DOCTYPE", "<metadata", "<style", "font-family", "http"):
        assert trace not in svg


def test_references_lead_to_its_own_identifiers() -> None:
    svg = drawn()
    identifiers = set(re.findall(r'\bid="([^"]+)"', svg))
    wanted = set(re.findall(r"url\(#([^)]+)\)", svg))
    wanted |= set(re.findall(r'href="#([^"]+)"', svg))
    assert wanted <= identifiers


@pytest.mark.parametrize("side", ["top", "right"])
def test_axes_have_two_sides(side: str) -> None:
    _, plot = axes()
    assert not plot.spines[side].get_visible()
