# SPDX-License-Identifier: Apache-2.0
"""Contents, axes and the numbers to take away."""

from __future__ import annotations

import base64
import csv
import io
import itertools
import urllib.parse
from typing import Any

import pytest

from equipoise.report.page_parts import (
    FIELDS,
    as_csv,
    contents,
    csv_address,
    interval_axis,
    numbers,
    place,
)


def one(
    value: float | None, low: float | None = None, high: float | None = None
) -> Any:
    return {"value": value, "low": low, "high": high}


def test_contents_keep_the_order_and_the_markup_of_titles() -> None:
    body = "".join(f'<h2 id="s{k}">A &amp; {k}</h2><h3>no</h3>' for k in range(5))
    assert contents(body) == [(f"s{k}", f"A &amp; {k}") for k in range(5)]
    assert contents(body.replace("<h2", "<h4")) == []


@pytest.mark.parametrize(
    "ends", [(0.31, 0.35), (0.0, 1.0), (0.0001, 0.0007), (0.9, 0.999), (0.5, 0.5)]
)
def test_an_axis_holds_what_it_shows_at_round_numbers(
    ends: tuple[float, float],
) -> None:
    low, high = ends
    axis = interval_axis([one(low, low, high), one(None)], [None, high])
    assert 0 <= axis["low"] <= low <= high <= axis["high"] <= 1
    ticks = [value for value, _ in axis["ticks"]]
    assert 2 <= len(ticks) <= 7
    assert axis["low"] <= ticks[0]
    assert ticks[-1] <= axis["high"] + 1e-12
    steps = [b - a for a, b in itertools.pairwise(ticks)]
    assert steps == pytest.approx([steps[0]] * len(steps))
    assert [float(text) for _, text in axis["ticks"]] == ticks


def test_an_axis_of_nothing_is_the_whole() -> None:
    axis = interval_axis([one(None)], [None])
    assert (axis["low"], axis["high"]) == (0, 1)


def test_a_place_is_a_share_of_the_axis_and_stays_on_it() -> None:
    axis = {"low": 0.2, "high": 0.4}
    assert [place(axis, v) for v in (0.1, 0.2, 0.25, 0.4, 0.9)] == [0, 0, 25, 100, 100]


def test_the_file_holds_the_numbers_of_the_summary(summary: dict[str, Any]) -> None:
    head, data = csv_address(summary).split(",")
    assert head == "data:text/csv;charset=utf-8;base64"
    text = base64.b64decode(urllib.parse.unquote(data)).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == FIELDS
    held = {
        (row["strategy"], row["quantity"]): row
        for row in rows
        if row["part"] == "leaderboard"
    }
    for row in summary["leaderboard"]:
        shown = held[row["name"], "average_precision"]
        for key in ("value", "low", "high"):
            assert float(shown[key]) == row["average_precision"][key]
    curves = [r for r in rows if r["quantity"] == "precision_recall"]
    assert len(curves) == sum(
        len(c["precision_recall"]["x"]) for c in summary["curves"]
    )
    pairs = [row for row in rows if row["part"] == "pairs"]
    count = len(summary["leaderboard"])
    assert len(pairs) == count * (count - 1) / 2


@pytest.mark.parametrize("kind", ["class_summary", "label_summary"])
def test_the_file_holds_every_class(kind: str, request: pytest.FixtureRequest) -> None:
    summary = request.getfixturevalue(kind)
    rows = [row for row in numbers(summary) if row["part"] == "classes"]
    assert {row["item"] for row in rows} == {
        each["name"] for each in summary["data"]["classes"]
    }


def test_no_cell_is_a_formula() -> None:
    row = {**dict.fromkeys(FIELDS), "strategy": "=1+1", "item": "-a", "value": -0.5}
    assert as_csv([row]).splitlines()[1] == ",'=1+1,'-a,,,-0.5,,"
