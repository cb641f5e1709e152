# SPDX-License-Identifier: Apache-2.0
"""The page of an evaluation says what the evaluation says, and is escaped."""

from __future__ import annotations

import html
import re

import numpy as np
import pytest

import equipoise as eq
from equipoise._core.numerals import as_p_value, percent
from equipoise.report.evaluation_facts import evaluation_facts
from equipoise.report.page import render_evaluation

EVIL = "<script>x</script>"
RANDOM = np.random.default_rng(0)


def test_two_classes() -> None:
    y = np.repeat([0, 1], [90, 30])
    p = np.clip(0.2 + 0.4 * y + 0.2 * RANDOM.normal(size=120), 0.01, 0.99)
    made = eq.evaluate(y, p, threshold=0.5)
    facts = evaluation_facts(made, model=EVIL, source="rows", warnings=["Look out."])
    assert facts["head"] == "120 rows, 30 positive (25%); flagged from a " + (
        "probability of 0.5."
    )
    counts = [count for row in facts["confusion"]["rows"] for count in row["counts"]]
    assert sum(map(float, counts)) == 120
    assert {row["title"] for row in facts["metrics"]} >= {"Recall", "Precision"}
    page = render_evaluation(made, model=EVIL, source="r", warnings=["Look out."])
    assert EVIL not in page
    assert "Look out." in page
    assert "<script" not in page


def test_several_classes_and_labels() -> None:
    y = np.repeat([0, 1, 2], [60, 30, 20])
    p = RANDOM.dirichlet([1, 1, 1], size=110)
    made = eq.evaluate(y, p, classes=["a", EVIL, "c"])
    page = render_evaluation(made, model="m", source="rows")
    assert EVIL not in page
    facts = evaluation_facts(made, model="m", source="rows")
    assert [row["name"] for row in facts["classes"]["rows"]] == ["a", EVIL, "c"]
    labels = RANDOM.integers(0, 2, size=(80, 2))
    several = eq.evaluate(labels, RANDOM.random((80, 2)))
    assert evaluation_facts(several, model="m", source="rows")["confusion"] is None
    assert "labels" in render_evaluation(several, model="m", source="rows")


@pytest.mark.parametrize("worse", [True, False])
def test_the_worst_parts_are_a_table(
    monkeypatch: pytest.MonkeyPatch, worse: bool
) -> None:
    """Of the page, not of a terminal: no name is wrapped, however narrow that is."""
    monkeypatch.setenv("COLUMNS", "40")
    random = np.random.default_rng(7)
    x, kind = random.normal(size=1600), random.integers(0, 2, 1600)
    z = np.where((kind == 1) & worse, random.normal(size=1600), 3 * x)
    y = (z + random.logistic(size=1600) > 1.5) * 1
    name = f"a column with a long name {EVIL}"
    texts = np.array(["plain", "a value of several words"])[kind]
    half = [{"x": x[k], name: texts[k], "y": y[k]} for k in (np.s_[:800], np.s_[800:])]
    model = eq.fit(half[0], "y", strategy="logistic", repeats=1)
    made = model.evaluate(half[1], slices=name)
    page = render_evaluation(made, model="m", source="r")
    assert made.slices is not None
    (first, *_) = made.slices.shown
    cells = [html.unescape(c) for c in re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", page)]
    place = cells.index(first.name)
    assert cells[place + 1] == first.of
    assert cells[place + 2].endswith(f"% of {first.counted:,}")
    assert cells[place + 3] == percent(first.rest)
    assert cells[place + 4] == as_p_value(first.p)
    assert bool(made.slices.worse) == worse
    if worse:
        assert first.name == f"{name} = a value of several words"
    assert EVIL not in page
    assert made.slices.sentence() in html.unescape(page)
    plain = model.evaluate(half[1])
    assert evaluation_facts(plain, model="m", source="r")["slices"] is None
    assert "Parts of the rows" not in render_evaluation(plain, model="m", source="r")


def test_decisions_alone_say_why_a_ranking_is_undefined() -> None:
    made = eq.evaluate(np.repeat([0, 1], 20), np.repeat([0.0, 1.0], 20))
    rows = evaluation_facts(made, model="m", source="r")["metrics"]
    undefined = [row for row in rows if row["value"] == "undefined"]
    assert undefined
    assert all(row["ends"] for row in undefined)
