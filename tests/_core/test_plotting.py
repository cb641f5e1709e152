# SPDX-License-Identifier: Apache-2.0
"""What plots are drawn with."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure

from equipoise._core.plotting import draw_intervals, draw_lines, draw_matrix, plot_axes
from equipoise.metrics.class_confusion import confusion_rows


def test_axes_are_the_users() -> None:
    ax = Figure().subplots()
    assert plot_axes(ax) is ax
    assert not ax.spines["top"].get_visible()


def test_lines_differ_by_style() -> None:
    ax = Figure().subplots()
    rows = [
        {"strategy": name, "x": x, "y": x**2, "low": 0.0, "high": 1.0}
        for name in ("a", "b")
        for x in (0.0, 0.5, 1.0)
    ]
    draw_lines(ax, rows, "x", "y")
    assert [line.get_label() for line in ax.lines] == ["a", "b"]
    assert len({line.get_linestyle() for line in ax.lines}) == 2
    assert len(ax.collections) == 1
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [0.0, 0.25, 1.0])


def test_an_interval_that_is_unknown_is_not_drawn() -> None:
    ax = Figure().subplots()
    rows = [
        {"name": "a", "value": 0.5, "low": 0.2, "high": 0.7},
        {"name": "b", "value": 0.5, "low": math.nan, "high": None},
    ]
    draw_intervals(ax, rows, "name")
    assert len(ax.lines) == 3
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]


def test_a_matrix_says_its_counts() -> None:
    ax = Figure().subplots()
    rows = [
        {"true": i, "decided": j, "count": 10 * i + j, "share": 0.5}
        for i in range(2)
        for j in range(2)
    ]
    draw_matrix(ax, rows)
    assert [text.get_text() for text in ax.texts] == ["0", "1", "10", "11"]


def test_a_class_without_rows_is_blank_and_named_so() -> None:
    ax = Figure().subplots()
    draw_matrix(ax, confusion_rows([[3, 1], [0, 0]], ["no", "yes"]))
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["no", "yes (no rows)"]
    shown = np.ma.filled(ax.images[0].get_array(), np.nan)
    np.testing.assert_array_equal(shown, [[0.75, 0.25], [np.nan, np.nan]])
