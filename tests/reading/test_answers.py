# SPDX-License-Identifier: Apache-2.0
"""Columns that may be answers are told, and those that only sound so are not."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import TableWarning
from equipoise.reading.answers import named_as_answers, siblings
from equipoise.reading.read import read_table

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("target2", True), ("y_true", True), ("pred", True), ("Prediction", True),
        ("y_pred", True), ("label_1", True), ("predicted_prob", True), ("yhat", True),
        ("class_score", True), ("score", False), ("yield", False), ("classroom", False),
        ("y", False), ("predator", False), ("target_audience", False), ("age", False),
        ("label_size", False), ("outcome_date", False),
    ],
)  # fmt: skip
def test_names(name: str, answer: bool) -> None:
    assert bool(named_as_answers([name])) == answer


def test_siblings() -> None:
    by_name = {"label_b", "label_c", "smoker"}
    order = ["x", "label_b", "smoker", "label_a", "label_c"]
    assert siblings("label_a", by_name, order) == ["label_b", "label_c"]
    order = ["x", "toxic", "obscene", "insult"]
    assert siblings("toxic", {"obscene", "insult"}, order) == ["obscene", "insult"]
    assert not siblings("toxic", {"a", "obscene", "insult"}, ["a", *order])
    assert not siblings("toxic", {"b"}, ["x", "b", "toxic"])
    assert not siblings("label_a", set(), ["x", "label_b", "label_a"])


def test_they_are_told_and_stay() -> None:
    data = {
        "x": RANDOM.normal(size=80),
        "label_a": np.arange(80) % 4 // 3,
        "label_b": np.arange(80) % 3 // 2,
        "y_pred": RANDOM.random(80),
    }
    with pytest.warns(TableWarning) as told:
        table = read_table(data, "label_a")
    said = " ".join(str(note.message) for note in told)
    assert "'label_b' hold 0 and 1 and seem to be further labels" in said
    assert "'y_pred' are named like answers" in said
    assert table.names == ("x", "label_b", "y_pred")
    again = read_table(data, "label_a", drop=["label_b", "y_pred"])
    assert again.notes == ()
