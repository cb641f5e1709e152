# SPDX-License-Identifier: Apache-2.0
"""The small drawings: whole SVG, in the page's colours, names escaped."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from equipoise.report.task_drawings import (
    confusion_map,
    precision_recall_drawing,
    reliability_drawing,
    stepped,
)


@pytest.mark.parametrize("draw", [precision_recall_drawing, reliability_drawing])
def test_a_drawing_stays_within_its_frame(
    draw: Any, class_summary: dict[str, Any]
) -> None:
    for entry in class_summary["curves"]["classes"]:
        svg = ElementTree.fromstring(draw(entry))
        _, _, width, height = map(float, svg.attrib["viewBox"].split())
        lines = svg.findall("polyline")
        assert len(lines) >= 5
        for line in lines:
            assert line.attrib["stroke"].startswith("var(--")
            for point in line.attrib["points"].split():
                x, y = map(float, point.split(","))
                assert 0 <= x <= width
                assert 0 <= y <= height


def test_a_curve_is_a_staircase() -> None:
    corners = stepped([0.25, 1.0], [1.0, 0.5])
    assert corners == [(0.0, 1.0), (0.25, 1.0), (0.25, 0.5), (1.0, 0.5)]


def test_a_map_has_a_cell_per_pair_and_escapes_names() -> None:
    facts = {
        "classes": ["<b>", "b"],
        "totals": [4.0, 2.0],
        "cells": [
            {"i": 0, "j": 1, "count": 1.0},
            {"i": 1, "j": 1, "count": 2.0},
        ],
    }
    svg = confusion_map(facts)
    root = ElementTree.fromstring(svg)
    cells = [rect for rect in root.findall("rect") if "x" in rect.attrib]
    titles = [title.text for rect in cells for title in rect.findall("title")]
    assert titles == [
        "true <b>, decided b: 1 of 4 (25%)",
        "true b, decided b: 2 of 2 (100%)",
    ]
    assert "<b>" not in svg
