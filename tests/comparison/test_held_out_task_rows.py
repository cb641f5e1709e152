# SPDX-License-Identifier: Apache-2.0
"""Several classes and labels on a test file: against scikit-learn and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats
from sklearn import metrics as reference

from equipoise.comparison import held_out_task, share_check
from equipoise.decision.cost_matrix import CostMatrix
from equipoise.errors import InputError
from equipoise.evaluation.task_cross_validation import (
    TaskCrossValidated,
    cross_validated_task,
)
from equipoise.metrics.task_rows import TaskRows
from equipoise.task import Task
from equipoise.uncertainty import holm

THREE = Task("multiclass", ("a", "b", "c"))
LABELS = Task("multilabel", ("p", "q"))
SHARES = np.array([0.6, 0.3, 0.1])
CENTRES = np.array([[0.0, 0.0], [1.5, 0.0], [0.0, 2.0]])


def drawn_classes(rows: int, seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    random = np.random.default_rng(seed)
    y = random.choice(3, rows, p=SHARES)
    x = CENTRES[y] + random.normal(size=(rows, 2))
    exact = -0.5 * ((x[:, None] - CENTRES) ** 2).sum(axis=2) + np.log(SHARES)
    noise = random.normal(size=(2, rows, 3))
    scores = {
        "plain": exact + 1.5 * noise[0],
        "better": 2 * exact + 0.2 * noise[1],
        "close": exact + 1.4 * noise[0],
        "prior": np.tile(np.log(SHARES), (rows, 1)),
    }
    return y, scores


def drawn_labels(rows: int, seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    random = np.random.default_rng(seed)
    y = (random.random((rows, 2)) < [0.3, 0.1]).astype(int)
    z = 2.0 * y - 2 + random.normal(size=y.shape)
    return y, {"plain": z + 2 * random.normal(size=z.shape), "better": z}


def trial_of(
    task: Task, y: np.ndarray, scores: dict[str, np.ndarray], **more: object
) -> TaskCrossValidated:
    folds = np.random.default_rng(9).permutation(len(y)) % 5
    return cross_validated_task(task, y, scores, folds, **more)


@pytest.fixture(scope="module")
def trial() -> TaskCrossValidated:
    return trial_of(THREE, *drawn_classes(500, 0))


@pytest.fixture(scope="module")
def label_trial() -> TaskCrossValidated:
    return trial_of(LABELS, *drawn_labels(400, 1))


def calibrated(trial: TaskCrossValidated, name: str, z: np.ndarray) -> np.ndarray:
    each = [c.apply(z) for row in trial[name].fitted.calibrators for c in row]
    mean = np.mean(each, axis=0)
    return special.softmax(mean, axis=1) if trial.task is THREE else special.expit(mean)


def macro_precision(y: np.ndarray, p: np.ndarray) -> float:
    truth = y if y.ndim == 2 else y[:, None] == np.arange(3)
    return reference.average_precision_score(truth, p, average="macro")


def test_values_are_those_of_the_trials_calibrators_and_rule(
    trial: TaskCrossValidated,
) -> None:
    y, scores = drawn_classes(300, 5)
    made = held_out_task(trial, y, scores)
    for name, evaluation in made.evaluations.items():
        p = calibrated(trial, name, scores[name])
        factors = np.array(trial[name].rule.multipliers)
        decided = (p * factors).argmax(axis=1)
        assert evaluation["macro_average_precision"].value == pytest.approx(
            macro_precision(y, p)
        )
        assert evaluation["balanced_accuracy"].value == pytest.approx(
            reference.balanced_accuracy_score(y, decided)
        )
        assert evaluation["log_loss"].value == pytest.approx(reference.log_loss(y, p))
        np.testing.assert_array_equal(
            evaluation.confusion.counts, reference.confusion_matrix(y, decided)
        )
        assert evaluation.estimand.startswith("these models")
        assert evaluation.rule == trial[name].rule.describe()
        assert made.shares.sentence in evaluation.notes
    check = share_check(TaskRows.of(THREE, trial.y), TaskRows.of(THREE, y))
    assert made.shares.p == check.p


def test_nothing_is_chosen_on_the_test_file(trial: TaskCrossValidated) -> None:
    """Other labels move neither probabilities nor decisions."""
    y, scores = drawn_classes(300, 5)
    one, other = held_out_task(trial, y, scores), held_out_task(trial, 2 - y, scores)
    for name in trial.arms:
        each = [
            made.evaluations[name].confusion.counts.sum(axis=0) for made in (one, other)
        ]
        assert each[0].tolist() == each[1].tolist()
        assert one.evaluations[name].rule == other.evaluations[name].rule


def test_differences_are_paired(trial: TaskCrossValidated) -> None:
    y, scores = drawn_classes(300, 5)
    made = held_out_task(trial, y, scores, level=0.9)
    assert set(made.differences) == {"better", "close", "prior"}
    p = {name: calibrated(trial, name, z) for name, z in scores.items()}
    onehot = np.eye(3)[y]
    losses = {
        name: 0.5 * ((each - onehot) ** 2).sum(axis=1) for name, each in p.items()
    }
    for name in ("better", "close"):
        d = losses[name] - losses["plain"]
        test = made.differences[name]["brier"]
        assert test.mean == pytest.approx(d.mean())
        # Rows of each class are a sample of their own.
        counts = np.bincount(y)
        variances = [d[y == k].var(ddof=1) for k in range(3)]
        error = np.sqrt(counts @ variances) / len(y)
        assert test.se == pytest.approx(error)
        assert test.p == pytest.approx(2 * stats.t.sf(abs(d.mean()) / error, test.df))
        half = stats.t.ppf(0.95, test.df) * error
        assert (test.low, test.high) == pytest.approx(
            (d.mean() - half, d.mean() + half)
        )
        assert test.level == 0.9
        precision = made.differences[name]["macro_average_precision"]
        assert precision.mean == pytest.approx(
            macro_precision(y, p[name]) - macro_precision(y, p["plain"])
        )
        shown = made.difference(name)
        assert (shown.value, shown.low) == (precision.mean, precision.low)
        for metric in ("macro_roc_auc", "log_loss", "balanced_accuracy", "macro_f1"):
            e = made.evaluations
            assert made.differences[name][metric].mean == pytest.approx(
                e[name][metric].value - e["plain"][metric].value
            )
    assert made.difference("plain") is None


def test_constants_are_apart_from_holms_family(trial: TaskCrossValidated) -> None:
    y, scores = drawn_classes(300, 5)
    made = held_out_task(trial, y, scores)
    names = ["better", "close"]
    p = [made.differences[name][made.metric].p for name in names]
    assert [made.adjusted[n] for n in names] == pytest.approx(holm(p).tolist())
    constant = made.differences["prior"][made.metric]
    assert made.adjusted["prior"] == constant.p
    plain = made.evaluations["plain"][made.metric]
    assert constant.mean == pytest.approx(1 / 3 - plain.value)
    area = made.differences["prior"]["macro_roc_auc"]
    assert area.mean == pytest.approx(
        0.5 - made.evaluations["plain"]["macro_roc_auc"].value
    )
    assert area.high < 0


def test_the_difference_of_a_jackknife(trial: TaskCrossValidated) -> None:
    """Left out one by one, the rows of each class give the same error."""
    y, scores = drawn_classes(150, 7)
    made = held_out_task(trial, y, scores)
    p = {n: calibrated(trial, n, scores[n]) for n in ("better", "plain")}

    def difference(rows: np.ndarray) -> float:
        a, b = (macro_precision(y[rows], p[n][rows]) for n in ("better", "plain"))
        return a - b

    each = np.array([difference(np.delete(np.arange(150), i)) for i in range(150)])
    variance = 0.0
    for k in range(3):
        part = each[y == k]
        variance += (part.size - 1) / part.size * ((part - part.mean()) ** 2).sum()
    test = made.differences["better"]["macro_average_precision"]
    assert test.se == pytest.approx(np.sqrt(variance), rel=0.05)
    assert test.df == np.bincount(y).min() - 1


def test_labels(label_trial: TaskCrossValidated) -> None:
    y, scores = drawn_labels(250, 6)
    hidden = y.copy()
    hidden[:30, 1] = -1
    made = held_out_task(label_trial, hidden, scores)
    for name, evaluation in made.evaluations.items():
        p = calibrated(label_trial, name, scores[name])
        aps = [
            reference.average_precision_score(y[:, 0], p[:, 0]),
            reference.average_precision_score(y[30:, 1], p[30:, 1]),
        ]
        assert evaluation["macro_average_precision"].value == pytest.approx(
            np.mean(aps)
        )
        cuts = [r.threshold for r in label_trial[name].rule.rules]
        f1 = reference.f1_score(y[:, 0], p[:, 0] >= cuts[0])
        assert evaluation.by_class["p"]["f1"].value == pytest.approx(f1)
        assert evaluation.confusion is None
    assert made.shares.method.startswith("Fisher's exact")
    assert made.differences["better"]["macro_average_precision"].mean > 0


def test_a_class_that_is_absent_is_in_no_average(trial: TaskCrossValidated) -> None:
    y, scores = drawn_classes(300, 5)
    inside = y != 2
    made = held_out_task(trial, y[inside], {n: z[inside] for n, z in scores.items()})
    evaluation = made.evaluations["better"]
    assert not evaluation.by_class["c"]["average_precision"].defined
    assert evaluation.unjudged == {"c": "no rows of class 'c'"}
    p = calibrated(trial, "better", scores["better"])[inside]
    truth = y[inside][:, None] == np.arange(2)
    assert evaluation["macro_average_precision"].value == pytest.approx(
        reference.average_precision_score(truth, p[:, :2], average="macro")
    )
    assert any("cannot judge the class 'c'" in note for note in evaluation.notes)


def test_what_the_trial_does_not_score_is_not_scored_here() -> None:
    y, scores = drawn_classes(500, 0)
    rest = y != 2
    why = {"c": "class 'c' has fewer cases than the 5 folds"}
    trial = trial_of(
        THREE, y[rest], {n: z[rest] for n, z in scores.items()}, unscored=why
    )
    y, scores = drawn_classes(300, 5)
    made = held_out_task(trial, y, scores)
    inside = y != 2
    alone = held_out_task(trial, y[inside], {n: z[inside] for n, z in scores.items()})
    for name in trial.arms:
        values = [
            {m: e.value for m, e in each.evaluations[name].items()}
            for each in (made, alone)
        ]
        assert values[0] == values[1]
    evaluation = made.evaluations["plain"]
    assert evaluation.unjudged == why
    assert evaluation.by_class["c"]["recall"].reason == why["c"]
    assert evaluation.rows == inside.sum()
    text = " ".join(evaluation.notes)
    assert f"{(y == 2).sum()} rows of the test file are of class 'c'" in text
    assert "of class 'c'" not in " ".join(alone.evaluations["plain"].notes)

    y, scores = drawn_labels(400, 1)
    y[:, 1] = -1
    left = trial_of(LABELS, y, scores, unscored={"q": "too few rows"})
    y, scores = drawn_labels(250, 6)
    made = held_out_task(left, y, scores)
    assert made.evaluations["better"].unjudged == {"q": "too few rows"}
    assert "Label 'q' is not scored on the test file" in " ".join(
        made.evaluations["better"].notes
    )


def test_a_file_of_nothing_that_is_scored(trial: TaskCrossValidated) -> None:
    nothing = {name: np.zeros((0, 3)) for name in trial.arms}
    made = held_out_task(trial, np.zeros(0, int), nothing)
    evaluation = made.evaluations["plain"]
    assert not any(e.defined for e in evaluation.values())
    assert np.isnan(made.adjusted["better"])
    assert "no row that is scored" in made.shares.sentence


def test_costs_and_the_trials_own_metric() -> None:
    y, scores = drawn_classes(500, 0)
    costs = CostMatrix(THREE.classes, ((0, 1, 1), (2, 0, 2), (9, 9, 0)))
    trial = trial_of(THREE, y, scores, costs=costs, metric="weighted_average_precision")
    y, scores = drawn_classes(300, 5)
    made = held_out_task(trial, y, scores, costs=costs)
    p = calibrated(trial, "better", scores["better"])
    decided = (p @ costs.table).argmin(axis=1)
    evaluation = made.evaluations["better"]
    assert evaluation["cost"].value == pytest.approx(costs.table[y, decided].mean())
    assert made.metric == "weighted_average_precision"
    assert evaluation[made.metric].value == pytest.approx(
        reference.average_precision_score(
            y[:, None] == np.arange(3), p, average="weighted"
        )
    )
    assert "cost" in made.differences["better"]
    data = made.as_dict("better")
    assert data["adjusted_p"] == made.adjusted["better"]
    assert data["difference_to_plain"]["brier"]["mean"] == pytest.approx(
        made.differences["better"]["brier"].mean
    )


def test_copies_count_once(trial: TaskCrossValidated) -> None:
    y, scores = drawn_classes(300, 5)
    once = held_out_task(trial, y, scores)
    many = {name: np.repeat(z, 4, axis=0) for name, z in scores.items()}
    clusters = np.repeat(np.arange(300), 4)
    made = held_out_task(trial, np.repeat(y, 4), many, clusters=clusters)
    for metric in ("brier", "macro_average_precision"):
        one, other = (each.differences["close"][metric] for each in (once, made))
        assert (other.mean, other.df) == pytest.approx((one.mean, one.df), rel=0.02)
        assert other.se == pytest.approx(one.se, rel=0.05)


def test_scores_that_are_infinite_absent_or_wrong(trial: TaskCrossValidated) -> None:
    y, scores = drawn_classes(300, 5)
    sure = np.where(y[:, None] == np.arange(3), np.inf, -np.inf)
    made = held_out_task(trial, y, {**scores, "better": sure})
    assert made.evaluations["better"]["macro_roc_auc"].value == 1.0
    with pytest.raises(InputError, match="no scores for 'close'"):
        held_out_task(trial, y, {n: z for n, z in scores.items() if n != "close"})
    with pytest.raises(InputError, match=r"of shape \(300, 2\)"):
        held_out_task(trial, y, {**scores, "close": scores["close"][:, :2]})
    with pytest.raises(InputError, match="not a number"):
        held_out_task(trial, y, {**scores, "close": scores["close"] * np.nan})
