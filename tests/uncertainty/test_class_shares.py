# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.metrics import ClassConfusion
from equipoise.task import Task
from equipoise.uncertainty import clopper_pearson, confusion_intervals, interval

TASK = Task("multiclass", ("a", "b", "c", "d"))


def drawn():
    random = np.random.default_rng(0)
    y = random.choice(4, 150, p=[0.6, 0.25, 0.1, 0.05])
    return y, np.where(random.random(150) < 0.6, y, random.choice(3, 150))


def test_cells_are_the_exact_intervals_of_their_shares() -> None:
    y, made = drawn()
    counts = ClassConfusion.of(TASK, y, made)
    table = confusion_intervals(TASK, y, made, level=0.9)
    for k, j in np.ndindex(4, 4):
        hit, total = counts.counts[k, j], counts.totals[k]
        cell = table.cells[k][j]
        assert cell.value == pytest.approx(hit / total)
        assert (cell.low, cell.high) == pytest.approx(clopper_pearson(hit, total, 0.9))
        assert cell.method == "Clopper-Pearson"
        assert cell.level == 0.9


@pytest.mark.parametrize("form", ["plain", "weights", "clusters"])
def test_recalls_and_precisions_are_those_of_two_classes(form) -> None:
    y, made = drawn()
    random = np.random.default_rng(1)
    options = {}
    if form == "weights":
        options["weights"] = random.uniform(0.5, 2.0, 150)
    if form == "clusters":
        options["clusters"] = random.integers(0, 40, 150)
    table = confusion_intervals(TASK, y, made, **options)
    for k in range(4):
        for name, one in (
            ("recall", table.recalls[k]),
            ("precision", table.precisions[k]),
        ):
            reference = interval(name, y == k, made == k, **options)
            if not reference.defined:
                assert not one.defined
                continue
            assert (one.value, one.low, one.high) == pytest.approx(
                (reference.value, reference.low, reference.high), abs=1e-12
            )
            assert one.method == reference.method


def test_what_is_absent_is_undefined_and_says_why() -> None:
    table = confusion_intervals(TASK, [0, 0, 1], [0, -1, 0])
    assert str(table.recalls[2]) == "undefined (no rows of class 'c')"
    assert str(table.precisions[1]) == "undefined (never decided)"
    assert table.recalls[0].value == 0.5
    assert table.precisions[0].value == 0.5


def test_repeats_are_averaged() -> None:
    y, made = drawn()
    other = np.roll(made, 1)
    table = confusion_intervals(TASK, y, np.stack([made, other]))
    each = [confusion_intervals(TASK, y, one) for one in (made, other)]
    mean = np.mean([one.recalls[0].value for one in each])
    total = np.count_nonzero(y == 0)
    assert table.recalls[0].value == pytest.approx(mean)
    assert (table.recalls[0].low, table.recalls[0].high) == pytest.approx(
        clopper_pearson(mean * total, total)
    )


def test_labels_are_refused_with_advice_that_works() -> None:
    with pytest.raises(InputError, match="Use interval for each label"):
        confusion_intervals(Task("multilabel", ("x",)), [[1], [0]], [[1], [0]])
    assert interval("recall", [1, 0], [1, 0]).value == 1.0
