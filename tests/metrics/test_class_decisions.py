# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as sk

import equipoise.metrics as binary
from equipoise.errors import InputError
from equipoise.metrics import ClassConfusion, Counts
from equipoise.metrics import class_decisions as defined
from equipoise.task import Task

TASK = Task("multiclass", ("a", "b", "c", "d"))
FUNCTIONS = {
    "balanced": defined.balanced_class_accuracy,
    "accuracy": defined.class_accuracy,
    "macro_f1": defined.macro_class_f1,
    "weighted_f1": defined.weighted_class_f1,
    "micro_f1": defined.micro_class_f1,
    "mcc": defined.class_mcc,
    "kappa": defined.class_kappa,
    "cost": lambda c: defined.class_cost(
        c, matrix=np.arange(len(c.classes) ** 2).reshape(-1, len(c.classes)), abstain=2
    ),
}


def drawn(seed: int, size: int = 4, *, undecided: bool = False):
    random = np.random.default_rng(seed)
    shares = 0.8 * random.dirichlet(np.ones(size)) + 0.2 / size
    y = random.choice(size, 400, p=shares)
    made = np.where(random.random(400) < 0.6, y, random.choice(size, 400))
    if undecided:
        made[::9] = -1
    return y, made, random.choice([0.5, 1.0, 2.0], 400)


@pytest.mark.parametrize("seed", range(5))
def test_values_equal_scikit_learn(seed) -> None:
    y, made, weights = drawn(seed)
    cells = ClassConfusion.of(TASK, y, made, weights)
    common = {"sample_weight": weights}
    f1 = {k: sk.f1_score(y, made, average=k, **common) for k in ("macro", "micro")}
    references = {
        "balanced": sk.balanced_accuracy_score(y, made, **common),
        "accuracy": sk.accuracy_score(y, made, **common),
        "macro_f1": f1["macro"],
        "micro_f1": f1["micro"],
        "weighted_f1": sk.f1_score(y, made, average="weighted", **common),
        "mcc": sk.matthews_corrcoef(y, made, **common),
        "kappa": sk.cohen_kappa_score(y, made, **common),
    }
    for name, reference in references.items():
        assert FUNCTIONS[name](cells).value == pytest.approx(reference), name


@pytest.mark.parametrize("undecided", [False, True])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_equal_finite_differences(name, undecided) -> None:
    y, made, weights = drawn(7, undecided=undecided)
    cells = ClassConfusion.of(TASK, y, made, weights)
    gradient = FUNCTIONS[name](cells).gradient
    assert gradient.shape == (4, 5)
    every = np.column_stack([cells.counts, cells.undecided])
    step = 1e-4
    for place in np.ndindex(4, 5):
        values = []
        for sign in (1, -1):
            moved = every.copy()
            moved[place] += sign * step
            if moved.min() < 0:  # a cell at 0 moves up alone
                moved[place] = 0.0
            at = ClassConfusion(TASK.classes, moved[:, :4], moved[:, 4])
            values.append((FUNCTIONS[name](at).value, moved[place]))
        (high, up), (low, down) = values
        slope = (high - low) / (up - down)
        assert gradient[place] == pytest.approx(slope, abs=2e-7), place


@pytest.mark.parametrize("name", ["mcc", "kappa", "balanced", "accuracy"])
def test_two_classes_give_the_binary_metric(name) -> None:
    random = np.random.default_rng(3)
    y, flagged = random.random((2, 200)) < 0.3
    task = Task("binary", ("no", "yes"))
    cells = ClassConfusion.of(task, y, flagged)
    names = {"balanced": "balanced_accuracy"}
    reference = binary.METRICS[names.get(name, name)](y, flagged)
    assert FUNCTIONS[name](cells).value == pytest.approx(reference)


def test_an_absent_class_that_is_decided_moves_no_average() -> None:
    y = np.array([0, 0, 0, 1, 1, 2])
    right = ClassConfusion.of(TASK, y, y)
    assert defined.macro_class_f1(right).value == 1.0
    made = np.array([0, 0, 3, 1, 1, 2])
    cells = ClassConfusion.of(TASK, y, made)
    # F1 of a, b, c alone: 4/5, 1, 1. scikit-learn counts a fourth one as 0.
    assert defined.macro_class_f1(cells).value == pytest.approx((0.8 + 1 + 1) / 3)
    assert sk.f1_score(y, made, average="macro") == pytest.approx((0.8 + 1 + 1) / 4)
    assert defined.weighted_class_f1(cells).value == pytest.approx(
        sk.f1_score(y, made, average="weighted", labels=[0, 1, 2])
    )
    assert defined.balanced_class_accuracy(cells).value == pytest.approx(8 / 9)


def test_macro_f1_is_the_mean_of_f1_and_not_f1_of_the_means() -> None:
    cells = ClassConfusion(("a", "b"), np.array([[8.0, 2.0], [9.0, 1.0]]))
    precision, recall = cells.precisions.mean(), cells.recalls.mean()
    other = 2 * precision * recall / (precision + recall)
    assert defined.macro_class_f1(cells).value == pytest.approx(cells.f1s.mean())
    assert abs(defined.macro_class_f1(cells).value - other) > 0.02


def test_undecided_rows_lower_recall_and_not_precision() -> None:
    y, made = np.array([0, 0, 1, 1]), np.array([0, -1, 1, 1])
    cells = ClassConfusion.of(TASK, y, made)
    assert defined.balanced_class_accuracy(cells).value == 0.75
    assert defined.macro_class_f1(cells).value == pytest.approx((2 / 3 + 1) / 2)
    # One decision more: rows 2, 0 | 1, 0 | 0, 1 | ...
    table = sk.matthews_corrcoef(y, np.where(made == -1, 9, made))
    assert defined.class_mcc(cells).value == pytest.approx(table)


def test_what_is_undefined_is_nan() -> None:
    one_class = ClassConfusion(("a", "b"), np.array([[3.0, 1.0], [0.0, 0.0]]))
    for name in ("balanced", "macro_f1", "weighted_f1", "mcc"):
        assert np.isnan(FUNCTIONS[name](one_class).value), name
    alike = ClassConfusion(("a", "b"), np.array([[3.0, 0.0], [2.0, 0.0]]))
    assert np.isnan(defined.class_mcc(alike).value)
    assert defined.class_kappa(alike).value == 0.0
    empty = ClassConfusion(("a", "b"), np.zeros((2, 2)))
    for name, function in FUNCTIONS.items():
        assert np.isnan(function(empty).value), name
        assert not function(empty).gradient.any(), name


def test_counts_of_a_billion_rows() -> None:
    cells = np.array([[9e9, 1e9], [2e8, 3e8]])
    value = defined.class_mcc(ClassConfusion(("a", "b"), cells)).value
    reference = float(
        binary.mcc.of_counts(Counts(*map(np.asarray, (3e8, 1e9, 2e8, 9e9))))
    )
    assert value == pytest.approx(reference)


def test_costs_are_checked() -> None:
    cells = ClassConfusion(("a", "b"), np.eye(2), np.array([1.0, 0.0]))
    with pytest.raises(InputError, match=r"shape \(2, 2\)"):
        defined.class_cost(cells, matrix=np.ones((3, 3)))
    with pytest.raises(InputError, match="not finite"):
        defined.class_cost(cells, matrix=[[0, np.inf], [1, 0]])
    with pytest.raises(InputError, match="Pass abstain=COST"):
        defined.class_cost(cells, matrix=[[0, 1], [1, 0]])
    value = defined.class_cost(cells, matrix=[[0, 1], [1, 0]], abstain=0.3).value
    assert value == pytest.approx(0.1)
