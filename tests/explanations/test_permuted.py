# SPDX-License-Identifier: Apache-2.0
"""Permutation importance beside scikit-learn, by hand, and on noise."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from equipoise._core.seeds import generator
from equipoise.comparison.paired import nadeau_bengio
from equipoise.errors import InputError, TargetError
from equipoise.explanations.permuted import (
    permutation_importance,
    shuffled_columns,
)
from equipoise.table.table import Column, Table
from equipoise.task import Task

BINARY = Task("binary", ("no", "yes"))


def made_table(rows: int = 400, seed: int = 0, task: Task = BINARY) -> Table:
    """Two columns that matter, one of noise."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 3))
    z = 1.5 * x[:, 0] + 0.7 * x[:, 1]
    if task.kind == "binary":
        y = (z + random.logistic(size=rows) > 1.5).astype(np.int8)
    elif task.kind == "multiclass":
        y = np.digitize(z + random.logistic(size=rows), [-1.0, 1.5]).astype(np.int64)
    else:
        noise = random.logistic(size=(rows, 2))
        y = np.stack([z, x[:, 0]], axis=1) + noise > 1
        y = np.where(random.random((rows, 2)) < 0.1, -1, y).astype(np.int8)
    columns = tuple(
        Column(name, "numeric", x[:, k])
        for k, name in enumerate(("strong", "weak", "noise"))
    )
    return Table(columns, y, task)


def score(table: Table) -> np.ndarray:
    values = {column.name: column.values for column in table.columns}
    return 1.5 * values["strong"] + 0.7 * values["weak"] + 0.1 * values["noise"]


def scoring(width: int = 1, link: str = "softmax") -> Callable[[Table], np.ndarray]:
    def of(table: Table) -> np.ndarray:
        z = score(table)
        if width == 1:
            return z[None, :, None]
        if link == "sigmoid":
            return np.stack([z, table["strong"].values], axis=1)[None]
        edges = np.arange(width) - (width - 1) / 2
        return (-((z[:, None] / 2 - edges) ** 2))[None]

    return of


@pytest.mark.parametrize("metric", ["average_precision", "roc_auc"])
def test_the_drop_is_that_of_scikit_learn(metric: str) -> None:
    from sklearn import metrics

    function = {
        "average_precision": metrics.average_precision_score,
        "roc_auc": metrics.roc_auc_score,
    }[metric]
    table = made_table()
    made = permutation_importance(scoring(), table, metric=metric, seed=7)
    assert made.value == pytest.approx(function(table.y, score(table)))
    for name in table.names:
        drops = []
        for k in range(5):
            order = generator(7, "importance", name, k).permutation(len(table))
            moved = shuffled_columns(table, [name], order)
            drops.append(made.value - function(table.y, score(moved)))
        assert made[name].drop.value == pytest.approx(np.mean(drops))
    assert [one.name for one in made.columns][:2] == ["strong", "weak"]
    assert made["strong"].finding == "matters"
    assert made["noise"].finding == "cannot tell from nothing"
    assert made["noise"].drop.low < 0 < made["noise"].drop.high


def test_the_error_of_a_drop_is_that_of_repeated_samples() -> None:
    """The interval's width beside the spread of the drop over new tables."""
    drops, ses = [], []
    for seed in range(60):
        one = permutation_importance(
            scoring(), made_table(300, seed=seed), metric="roc_auc"
        )["strong"].drop
        drops.append(one.value)
        ses.append((one.high - one.low) / 2 / 1.97)
    assert np.mean(ses) == pytest.approx(np.std(drops, ddof=1), rel=0.25)


def test_noise_is_rarely_found() -> None:
    """Of columns that say nothing, at the level of all columns together."""
    findings = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        x = random.normal(size=(300, 4))
        y = (random.random(300) < 0.2).astype(np.int8)
        table = Table(
            tuple(Column(str(k), "numeric", x[:, k]) for k in range(4)), y, BINARY
        )
        made = permutation_importance(
            lambda t: np.sum([c.values for c in t.columns], axis=0)[None, :, None],
            table,
            seed=seed,
        )
        findings += any("tell" not in one.finding for one in made.columns)
    assert findings <= 5  # two are expected at most


def test_folds_widen_the_interval_as_nadeau_and_bengio_say() -> None:
    from sklearn.metrics import average_precision_score

    table = made_table(600)
    random = np.random.default_rng(1)
    folds = np.stack([random.permutation(np.arange(600) % 5) for _ in range(2)])

    def of(rows: Table) -> np.ndarray:
        # The models of the folds are of very different worth.
        noise = np.random.default_rng(2).normal(size=(2, 600)) * folds * 1.5
        return (score(rows) + noise)[..., None]

    made = permutation_importance(of, table, folds=folds, permutations=2, seed=3)
    assert made.basis == "out of fold"
    assert made.repeats == 2
    splits = np.zeros((2, 5))
    plain = of(table)[..., 0]
    for k in range(2):
        order = generator(3, "importance", "strong", k).permutation(600)
        moved = of(shuffled_columns(table, ["strong"], order))[..., 0]
        for repeat in range(2):
            for fold in range(5):
                inside = folds[repeat] == fold
                y = table.y[inside]
                splits[repeat, fold] += (
                    average_precision_score(y, plain[repeat, inside])
                    - average_precision_score(y, moved[repeat, inside])
                ) / 2
    test = nadeau_bengio(splits, 0.2)
    drop = made["strong"].drop
    assert (drop.high - drop.low) / 2 == pytest.approx((test.high - test.low) / 2)
    assert drop.low < drop.value < drop.high


def test_what_no_score_depends_on_is_not_used() -> None:
    table = made_table(100)
    made = permutation_importance(
        lambda rows: rows["strong"].values[None, :, None], table
    )
    assert made["weak"].finding == made["noise"].finding == "not used"
    assert made["weak"].drop.value == 0
    assert np.isnan(made["weak"].adjusted)
    # It is no test, so the others are not corrected for it.
    assert made["strong"].adjusted == made["strong"].p


def test_columns_that_move_together_are_shuffled_together() -> None:
    table = made_table(300)
    twin = Column("twin", "numeric", table["strong"].values * 2 + 1)
    both = dataclasses.replace(table, columns=(*table.columns, twin))

    def of(rows: Table) -> np.ndarray:
        mean = (rows["strong"].values + (rows["twin"].values - 1) / 2) / 2
        return (1.5 * mean + 0.7 * rows["weak"].values)[None, :, None]

    made = permutation_importance(of, both)
    assert made["twin"].columns == ("strong", "twin")
    assert any("shuffled together" in note for note in made.notes)
    alone = permutation_importance(of, both, together=1.0)
    assert alone["twin"].drop.value < 0.5 * made["twin"].drop.value


@pytest.mark.parametrize(
    "task",
    [Task("multiclass", ("a", "b", "c")), Task("multilabel", ("p", "q"))],
    ids=lambda task: task.kind,
)
def test_several_classes_have_a_mean_and_each(task: Task) -> None:
    from sklearn.metrics import average_precision_score

    table = made_table(task=task)
    of = scoring(task.width, task.link)
    made = permutation_importance(of, table, seed=5)
    assert made.metric == "macro_average_precision"
    names = list(task.classes)
    assert list(made["strong"].by_class) == names
    each = [made["strong"].by_class[name].value for name in names]
    assert made["strong"].drop.value == pytest.approx(np.mean(each))
    assert made["strong"].findings[names[0]] == "matters"
    z = of(table)[0]
    if task.kind == "multilabel":
        there = table.y[:, 0] >= 0
        value = average_precision_score(table.y[there, 0], z[there, 0])
        drops = []
        for k in range(5):
            order = generator(5, "importance", "strong", k).permutation(len(table))
            moved = of(shuffled_columns(table, ["strong"], order))[0]
            drops.append(
                value - average_precision_score(table.y[there, 0], moved[there, 0])
            )
        assert each[0] == pytest.approx(np.mean(drops))


def test_clusters_and_weights_change_the_error() -> None:
    table = made_table(200)
    double = table.take(np.repeat(np.arange(200), 2))
    alone = permutation_importance(scoring(), double)["strong"].drop
    tied = permutation_importance(
        scoring(), double, clusters=np.repeat(np.arange(200), 2)
    )["strong"].drop
    assert tied.high - tied.low > 1.2 * (alone.high - alone.low)
    mass = np.r_[np.ones(100), np.zeros(100)]
    some = permutation_importance(scoring(), table, weights=mass)
    assert some.value != permutation_importance(scoring(), table).value


def test_a_class_without_rows_has_a_reason() -> None:
    table = dataclasses.replace(made_table(50), y=np.zeros(50, np.int8))
    made = permutation_importance(scoring(), table)
    assert np.isnan(made.value)
    assert made.columns[0].drop.reason == "all rows are of one class"
    assert made.columns[0].finding == "cannot tell from nothing"
    one = dataclasses.replace(made_table(50), y=np.r_[1, np.zeros(49)].astype(np.int8))
    drop = permutation_importance(scoring(), one)["strong"].drop
    assert "its error is unknown" in drop.reason


def test_bad_arguments_are_refused() -> None:
    table = made_table(40)
    with pytest.raises(InputError, match="metric"):
        permutation_importance(scoring(), table, metric="f1")
    with pytest.raises(InputError, match="permutations"):
        permutation_importance(scoring(), table, permutations=1)
    with pytest.raises(TargetError):
        permutation_importance(scoring(), dataclasses.replace(table, y=None))
    with pytest.raises(InputError, match="without columns"):
        permutation_importance(scoring(), dataclasses.replace(table, columns=()))


def test_progress_is_told() -> None:
    texts: list[str] = []
    permutation_importance(
        scoring(), made_table(40), progress=lambda text, share: texts.append(text)
    )
    assert texts == ["shuffling strong", "shuffling weak", "shuffling noise"]
