# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from equipoise.errors import InputError, UnsupportedError
from equipoise.metrics import METRICS, TASK_METRICS
from equipoise.task import Task
from equipoise.uncertainty import (
    average_precision_influence,
    delong_variance,
    roc_auc_influence,
    task_influence,
    view_influences,
)
from equipoise.uncertainty.weighted_metrics import stratified_variance, without_each_row

CLASSES = Task("multiclass", ("a", "b", "c", "d"))
LABELS = Task("multilabel", ("x", "y", "z"))
COST = {"matrix": np.arange(16.0).reshape(4, 4) % 7}


def several(rows: int = 200, seed: int = 0, *, weighted: bool = True):
    random = np.random.default_rng(seed)
    y = random.choice(4, rows, p=[0.5, 0.25, 0.15, 0.1])
    z = np.round(random.normal(size=(rows, 4)) + 1.5 * np.eye(4)[y], 1)
    weights = random.uniform(0.3, 2.0, rows) if weighted else None
    return y, z, weights


def labelled(rows: int = 200, seed: int = 0):
    random = np.random.default_rng(seed)
    y = (random.random((rows, 3)) < [0.5, 0.3, 0.15]).astype(int)
    z = np.round(random.normal(size=(rows, 3)) + 1.5 * y, 1)
    y[random.random((rows, 3)) < 0.1] = -1
    return y, z, random.uniform(0.3, 2.0, rows)


def taken(name: str, task: Task, z):
    """Return what a metric takes: scores, or decisions made of them."""
    if not TASK_METRICS[name].of_decisions:
        return z
    return z.argmax(axis=1) if task.kind == "multiclass" else (z > 0.5).astype(int)


CASES = [
    (name, task)
    for name, one in TASK_METRICS.items()
    for task in (CLASSES, LABELS)
    if task.kind in one.definitions
]


@pytest.mark.parametrize(("name", "task"), CASES)
def test_influences_are_slopes_in_the_row_weights(name, task) -> None:
    y, z, weights = several() if task is CLASSES else labelled()
    options = COST if name == "cost" else {}
    predictions = taken(name, task, z)
    made = task_influence(name, task, y, predictions, weights, **options)
    one = TASK_METRICS[name]
    assert made.value == pytest.approx(one(task, y, predictions, weights, **options))
    assert made.limits[0] <= made.value <= made.limits[1]
    raw = made.raw
    if name == "macro_normalised_average_precision":
        return  # its least value is held fixed: the next test
    for row in range(0, len(z), 17):
        values = []
        for factor in (1 + 1e-5, 1 - 1e-5):
            moved = weights.copy()
            moved[row] *= factor
            values.append(one(task, y, predictions, moved, **options))
        slope = (values[0] - values[1]) / 2e-5
        assert raw[row] == pytest.approx(slope, abs=1e-8), row


def test_squared_errors_allow_for_unseen_ones_by_their_skill() -> None:
    """By the fourth power of the skill: against a constant, 1 next to separation."""
    y, z, weights = several()
    shares = np.bincount(y, weights) / weights.sum()
    constant = np.sum(shares * (1 - shares)) / 2
    value = TASK_METRICS["brier"](CLASSES, y, z, weights)
    made = task_influence("brier", CLASSES, y, z, weights)
    assert 0.2 < 1 - value / constant < 0.9
    for part in made.parts:
        assert part.near_low == 0
        assert part.near_high == pytest.approx((1 - value / constant) ** 4)

    y, z, weights = labelled()
    value = TASK_METRICS["brier"](LABELS, y, z, weights)
    made = task_influence("brier", LABELS, y, z, weights)
    shares = [
        np.average(y[:, k] == 1, weights=weights * (y[:, k] >= 0)) for k in (0, 1, 2)
    ]
    expected = [max(0.0, 1 - value / (s * (1 - s))) ** 4 for s in shares]
    assert sorted({round(part.near_high, 12) for part in made.parts}) == sorted(
        {round(each, 12) for each in expected}
    )
    # Of other means, ends allow for a whole row.
    for part in task_influence("log_loss", LABELS, y, z, weights).parts:
        assert (part.near_low, part.near_high) == (1, 1)


def test_the_least_average_precision_is_held_fixed() -> None:
    y, z, weights = several()
    name = "macro_normalised_average_precision"
    made = task_influence(name, CLASSES, y, z, weights)
    parts = []
    for k in range(4):
        least = METRICS["minimum_average_precision"](y == k, None, weights)
        parts.append(1 / (1 - least) / 4)
    views = view_influences("average_precision", CLASSES, y, z, weights)
    # Centred within the classes, what depends on totals alone falls out.
    assert made.row == pytest.approx(views.row @ np.array(parts))


@pytest.mark.parametrize(("name", "task"), CASES)
def test_errors_add_to_nothing_within_each_stratum(name, task) -> None:
    y, z, weights = several() if task is CLASSES else labelled()
    options = COST if name == "cost" else {}
    made = task_influence(name, task, y, taken(name, task, z), weights, **options)
    assert made.variance > 0
    if task is CLASSES:
        for k in range(4):
            assert made.row[y == k].sum() == pytest.approx(0, abs=1e-12)
    assert made.row.sum() == pytest.approx(0, abs=1e-12)


def test_average_precision_is_the_delete_one_jackknife_by_brute_force() -> None:
    y, z, _ = several(60, weighted=False)
    made = task_influence("macro_average_precision", CLASSES, y, z)
    metric = TASK_METRICS["macro_average_precision"]
    rows = np.arange(y.size)
    without = np.array([metric(CLASSES, y[rows != i], z[rows != i]) for i in rows])
    sizes = np.bincount(y)[y]
    assert made.raw == pytest.approx((made.value - without) * (1 - 1 / sizes))
    variance = 0.0
    for k in range(4):
        n = np.count_nonzero(y == k)
        variance += (
            (n - 1) / n * np.sum((without - without[y == k].mean())[y == k] ** 2)
        )
    assert made.variance == pytest.approx(variance)


@pytest.mark.parametrize("seed", range(2))
def test_two_classes_give_the_known_variances(seed) -> None:
    random = np.random.default_rng(seed)
    y = (random.random(120) < 0.3).astype(int)
    z = random.normal(size=120) + y
    task = Task("binary", ("no", "yes"))
    area = view_influences("roc_auc", task, y, z[:, None])
    assert (area.values[0], np.sum(area.row[:, 0] ** 2)) == pytest.approx(
        delong_variance(y, z)
    )
    ranked = view_influences("average_precision", task, y, z[:, None])
    jackknife = stratified_variance(without_each_row(y, z), y == 1)
    assert np.sum(ranked.row[:, 0] ** 2) == pytest.approx(jackknife)
    # With unequal weights, the influence function that intervals of two classes take.
    weights = random.uniform(0.5, 2.0, 120)
    for name, reference in (
        ("average_precision", average_precision_influence),
        ("roc_auc", roc_auc_influence),
    ):
        made = view_influences(name, task, y, z[:, None], weights)
        other = reference(y, z, weights)
        assert made.values[0] == pytest.approx(other.value)
        assert np.sum(made.row[:, 0] ** 2) == pytest.approx(other.variance())


def test_roc_auc_within_folds_by_brute_force() -> None:
    y, z, weights = several(80)
    folds = np.random.default_rng(1).integers(0, 4, 80)

    def value(w):
        each = []
        for k in range(4):
            lost = held = 0.0
            order = z[:, k] - np.log(np.exp(np.delete(z, k, 1)).sum(1))
            order = np.round(order, 9)
            for i in np.flatnonzero(y == k):
                others = np.flatnonzero((y != k) & (folds == folds[i]))
                over = (order[i] > order[others]) + (order[i] == order[others]) / 2
                lost += w[i] * np.sum(w[others] * over) / w[others].sum()
                held += w[i]
            each.append(lost / held)
        return float(np.mean(each))

    made = task_influence("macro_roc_auc", CLASSES, y, z, weights, folds=folds)
    assert made.value == pytest.approx(value(weights))
    for row in range(0, 80, 9):
        values = []
        for factor in (1 + 1e-5, 1 - 1e-5):
            moved = weights.copy()
            moved[row] *= factor
            values.append(value(moved))
        assert made.raw[row] == pytest.approx((values[0] - values[1]) / 2e-5, abs=1e-8)


def test_folds_that_hold_no_class_do_not_count() -> None:
    y = np.array([0, 0, 1, 0, 0, 0])
    z = np.array([0.1, 0.5, 0.3, 9.0, 9.0, 9.0])[:, None] * [-1, 1]
    task = Task("multiclass", ("no", "yes"))
    folds = np.array([0, 0, 0, 1, 1, 1])
    made = view_influences("roc_auc", task, y, z, folds=folds)
    assert made.values.tolist() == [0.5, 0.5]
    assert not made.row[3:].any()
    apart = np.where(y == 1, 0, 1)
    none = view_influences("roc_auc", task, y, z, folds=apart)
    assert np.isnan(none.values).all()
    assert none.reasons == ("no fold holds rows with and without it",) * 2
    whole = task_influence("macro_roc_auc", task, y, z, folds=apart)
    assert np.isnan(whole.value)
    assert whole.reason.startswith("no fold holds")


def test_repeats_are_averaged() -> None:
    y, z, weights = several()
    other = several(seed=9)[1] * 0.4 + z
    folds = np.random.default_rng(0).integers(0, 3, (2, y.size))
    scores = np.stack([z, other])
    for name in ("macro_average_precision", "macro_roc_auc", "log_loss"):
        options = {"folds": folds} if name == "macro_roc_auc" else {}
        made = task_influence(name, CLASSES, y, scores, weights, **options)
        each = [
            task_influence(
                name, CLASSES, y, s, weights, **({"folds": f} if options else {})
            )
            for s, f in zip(scores, folds, strict=True)
        ]
        assert made.value == pytest.approx(np.mean([one.value for one in each]))
        assert made.row == pytest.approx(np.mean([one.row for one in each], axis=0))
        assert made.repeated == pytest.approx([one.value for one in each])
        assert made.between == pytest.approx(np.var(made.repeated, ddof=1))
    # Decisions: the metric of the mean counts.
    made = task_influence("macro_f1", CLASSES, y, scores.argmax(axis=2), weights)
    both = np.concatenate([z.argmax(1), other.argmax(1)])
    pooled = TASK_METRICS["macro_f1"](CLASSES, np.tile(y, 2), both, np.tile(weights, 2))
    assert made.value == pytest.approx(pooled)
    alone = task_influence("macro_f1", CLASSES, y, z.argmax(1), weights)
    assert alone.between is None


def test_clusters_of_copies_give_the_variance_of_the_originals() -> None:
    y, z, _ = several(120, weighted=False)
    copies = np.repeat(np.arange(120), 3)
    for name in ("macro_roc_auc", "macro_f1", "log_loss", "accuracy"):
        alone = task_influence(name, CLASSES, y, taken(name, CLASSES, z))
        made = task_influence(
            name,
            CLASSES,
            y[copies],
            taken(name, CLASSES, z)[copies],
            clusters=copies,
        )
        assert made.value == pytest.approx(alone.value)
        assert made.variance == pytest.approx(alone.variance)
        assert made.units == pytest.approx(alone.units)
    ranked = task_influence("macro_average_precision", CLASSES, y, z)
    made = task_influence(
        "macro_average_precision", CLASSES, y[copies], z[copies], clusters=copies
    )
    assert made.variance == pytest.approx(ranked.variance, rel=0.2)


def test_weights_do_not_depend_on_their_unit() -> None:
    y, z, weights = several()
    for name in ("macro_average_precision", "macro_f1", "mcc", "log_loss"):
        one = task_influence(name, CLASSES, y, taken(name, CLASSES, z), weights)
        ten = task_influence(name, CLASSES, y, taken(name, CLASSES, z), 10 * weights)
        assert one.row == pytest.approx(ten.row)
        assert one.units == pytest.approx(ten.units)
        assert one.unseen == pytest.approx(ten.unseen, abs=1e-15)


def test_row_weights_of_zero_leave_rows_out() -> None:
    y, z, _ = several(weighted=False)
    kept = np.random.default_rng(2).random(y.size) < 0.7
    for name in ("macro_average_precision", "macro_f1", "brier", "roc_auc_ovo"):
        predictions = taken(name, CLASSES, z)
        made = task_influence(name, CLASSES, y, predictions, kept.astype(float))
        alone = task_influence(name, CLASSES, y[kept], predictions[kept])
        assert made.value == pytest.approx(alone.value)
        assert made.row[kept] == pytest.approx(alone.row)
        assert not made.row[~kept].any()
        assert made.units == pytest.approx(alone.units)


def test_variances_equal_those_of_new_samples() -> None:
    """Over 400 tables with fixed class sizes; their mean is the true variance."""
    random = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [60, 40, 30])
    task = Task("multiclass", ("a", "b", "c"))
    names = ("macro_average_precision", "macro_roc_auc", "macro_f1", "log_loss", "mcc")
    values, variances = [], []
    for _ in range(400):
        z = random.normal(size=(130, 3)) + 1.2 * np.eye(3)[y]
        made = [
            task_influence(n, task, y, z.argmax(1) if n in ("macro_f1", "mcc") else z)
            for n in names
        ]
        values.append([one.value for one in made])
        variances.append([one.variance for one in made])
    ratio = np.mean(variances, axis=0) / np.var(values, axis=0, ddof=1)
    # The variance of 400 values is itself known to 7 %.
    assert ratio == pytest.approx(np.ones(5), abs=0.2)


def test_labels_are_centred_within_their_own_classes() -> None:
    y, z, weights = labelled()
    made = task_influence("macro_average_precision", LABELS, y, z, weights)
    views = view_influences("average_precision", LABELS, y, z, weights)
    assert made.row == pytest.approx(views.row.mean(axis=1))
    for j in range(3):
        for with_it in (0, 1):
            inside = y[:, j] == with_it
            assert views.row[inside, j].sum() == pytest.approx(0, abs=1e-12)
        assert not views.row[y[:, j] == -1, j].any()


def test_absent_and_lone_classes() -> None:
    y, z, _ = several(weighted=False)
    rest = y != 3
    made = task_influence("macro_average_precision", CLASSES, y[rest], z[rest])
    assert len(made.parts) == 3
    assert made.variance > 0
    views = view_influences("average_precision", CLASSES, y[rest], z[rest])
    assert views.reasons == ("", "", "", "no rows of class 'd'")
    assert not views.row[:, 3].any()
    lone = rest | (np.cumsum(y == 3) == 1)
    for name in ("macro_average_precision", "macro_roc_auc", "macro_f1"):
        made = task_influence(name, CLASSES, y[lone], taken(name, CLASSES, z)[lone])
        assert np.isfinite(made.value)
        assert np.isnan(made.variance), name
        assert made.units == 1
    # What counts rows and not classes takes it together with another class.
    for name in ("accuracy", "log_loss", "mcc"):
        made = task_influence(name, CLASSES, y[lone], taken(name, CLASSES, z)[lone])
        assert made.variance > 0
        assert made.units > 1


def test_what_is_undefined_says_why() -> None:
    made = task_influence("macro_average_precision", CLASSES, [1, 1], np.zeros((2, 4)))
    assert np.isnan(made.value)
    assert made.reason == "all rows are of one class"
    assert made.units == 0
    alike = task_influence("mcc", CLASSES, [0, 1], [2, 2])
    assert alike.reason == "all decisions are the same"
    p = np.array([[0.0, 1, 0, 0], [0, 1, 0, 0]])
    infinite = task_influence("log_loss", CLASSES, [0, 1], p, probabilities=True)
    assert infinite.value == np.inf
    assert np.isnan(infinite.variance)


def test_arguments_are_checked() -> None:
    y, z, _ = several(weighted=False)
    with pytest.raises(InputError, match="metric='ap'"):
        task_influence("ap", CLASSES, y, z)
    with pytest.raises(UnsupportedError, match="serves multilabel"):
        task_influence("hamming_loss", CLASSES, y, y)
    with pytest.raises(InputError, match="metric='brier'"):
        view_influences("brier", CLASSES, y, z)
    with pytest.raises(InputError, match=r"folds of shape \(3,\)"):
        task_influence("macro_roc_auc", CLASSES, y, z, folds=[0, 1, 2])
    with pytest.raises(InputError, match="clusters of shape"):
        task_influence("macro_roc_auc", CLASSES, y, z, clusters=[0, 1, 2])
    with pytest.raises(InputError, match="scores of shape"):
        task_influence("macro_roc_auc", CLASSES, y, z[:, :3])


def test_ten_arms_of_ten_classes_take_seconds() -> None:
    random = np.random.default_rng(0)
    task = Task("multiclass", tuple("abcdefghij"))
    y = random.integers(0, 10, 50_000)
    z = random.normal(size=(50_000, 10)) + np.eye(10)[y]
    began = time.process_time()
    for name in ("macro_average_precision", "macro_f1"):
        task_influence(name, task, y, z.argmax(1) if name == "macro_f1" else z)
    # One arm of ten; 20 s of processor time leaves room on a slow machine.
    assert time.process_time() - began < 2.0


def test_pairs_of_arms_differ_by_the_difference_of_their_errors() -> None:
    y, z, weights = several()
    arms = [z, z + np.random.default_rng(3).normal(size=z.shape)]
    made = [task_influence("brier", CLASSES, y, arm, weights) for arm in arms]
    values = [one.value for one in made]
    # The Brier score is a mean: the difference is that of the rows' squared errors.
    difference = made[0].row - made[1].row
    cells = [TASK_METRICS["brier"](CLASSES, y, arm, weights) for arm in arms]
    assert values == pytest.approx(cells)
    for one, other in itertools.permutations(made, 2):
        assert np.sum((one.row - other.row) ** 2) == pytest.approx(
            np.sum(difference**2)
        )
