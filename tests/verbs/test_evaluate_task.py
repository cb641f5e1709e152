# SPDX-License-Identifier: Apache-2.0
"""Arrays and models of several classes and labels on labelled rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

import equipoise as eq
from equipoise.errors import InputError
from equipoise.table.generated_tasks import make_classes
from equipoise.table.table import Table

COUNTS = (150, 60, 30)


@pytest.fixture(scope="module")
def table() -> Table:
    return make_classes(240, counts=COUNTS, seed=7).table


def test_arrays_tell_the_task() -> None:
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 200)
    p = random.dirichlet([1, 1, 1], 200)
    result = eq.evaluate(y, p)
    assert result["macro_f1"].value == pytest.approx(
        f1_score(y, p.argmax(axis=1), average="macro")
    )
    named = eq.evaluate(np.array(["a", "b", "c"])[y], p)
    assert list(named.by_class) == ["a", "b", "c"]
    assert named["macro_f1"].value == result["macro_f1"].value
    labels = (random.random((200, 3)) < p).astype(float)
    labels[0, 0] = np.nan
    several = eq.evaluate(labels, p, classes=["u", "v", "w"])
    assert several.task.kind == "multilabel"
    assert several.by_class["u"].rows == 199


@pytest.mark.parametrize(
    ("y", "p", "options", "message"),
    [
        ([0, 1], [[0.5, 0.1, 0.1], [0.2, 0.3, 0.5]], {}, "sum to 0.7"),
        (["a", "b"], [[0.5, 0.4, 0.1], [0.2, 0.3, 0.5]], {}, "of 2 classes"),
        (["a", "d"], [[0.5, 0.4, 0.1], [0.2, 0.3, 0.5]], {"classes": "abc"}, "d"),
        ([0, 1], [[0.5, 0.4, 0.1], [0.2, 0.3, 0.5]], {"classes": "ab"}, "3 columns"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    y: list[object], p: list[list[float]], options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        eq.evaluate(y, p, **options)


def test_a_model_is_judged_by_its_own_rule(table: Table, tmp_path: Path) -> None:
    model = eq.fit(table, strategy="logistic", repeats=1)
    again = eq.load(model.save(tmp_path / "m.equipoise"))
    assert (again.predict_proba(table) == model.predict_proba(table)).all()
    assert again.rule == model.rule
    assert again.card() == model.card()
    new = make_classes(300, counts=(60, 60, 180), seed=8).table
    result = again.evaluate(new)
    decided = model.decide(new)
    assert result["macro_f1"].value == pytest.approx(
        f1_score(new.labels(), decided, average="macro")
    )
    assert any("have changed" in note and "c2" in note for note in result.notes)
    with pytest.raises(eq.errors.UnsupportedError, match="3 classes"):
        model.at_prevalence(0.1)
