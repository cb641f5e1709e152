# SPDX-License-Identifier: Apache-2.0
"""Trials of several classes and labels: against scikit-learn and the binary code."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from sklearn import metrics as reference

from equipoise.comparison.verdict import judge
from equipoise.decision.class_rule_making import cross_fitted_decisions
from equipoise.decision.cost_matrix import CostMatrix
from equipoise.errors import InputError
from equipoise.evaluation import cross_validated
from equipoise.evaluation.task_cross_validation import cross_validated_task
from equipoise.priors import one_against_rest
from equipoise.task import Task

CLASSES = Task("multiclass", ("a", "b", "c", "d"))


LABELS = Task("multilabel", ("p", "q", "r"))


class Data(NamedTuple):
    """Targets, out-of-fold scores of three arms, and folds."""

    y: np.ndarray
    scores: dict[str, np.ndarray]
    folds: np.ndarray


def folds_of(rows: int, repeats: int, random: np.random.Generator) -> np.ndarray:
    return np.stack([random.permutation(rows) % 5 for _ in range(repeats)])


@pytest.fixture(scope="module")
def classes() -> Data:
    random = np.random.default_rng(0)
    rows, repeats = 600, 2
    shares = np.array([0.6, 0.25, 0.1, 0.05])
    y = random.choice(4, rows, p=shares)
    centres = 1.3 * random.normal(size=(4, 3))
    x = centres[y] + random.normal(size=(rows, 3))
    exact = -0.5 * ((x[:, None] - centres) ** 2).sum(axis=2) + np.log(shares)
    noise = random.normal(size=(2, repeats, rows, 4))
    prior = np.tile(np.log(np.bincount(y) / rows), (repeats, rows, 1))
    scores = {
        "plain": exact + 1.5 * noise[0],
        "better": exact + 0.1 * noise[1],
        "prior": prior,
    }
    return Data(y, scores, folds_of(rows, repeats, random))


@pytest.fixture(scope="module")
def labels() -> Data:
    random = np.random.default_rng(1)
    y = (random.random((500, 3)) < [0.3, 0.1, 0.05]).astype(int)
    z = 2.0 * y - 2 + random.normal(size=y.shape)
    y[:20, 0] = -1
    scores = {
        "plain": np.tile(z + 2 * random.normal(size=z.shape), (2, 1, 1)),
        "better": np.tile(z, (2, 1, 1)),
    }
    return Data(y, scores, folds_of(500, 2, random))


@pytest.fixture(scope="module")
def trial(classes: Data):
    return cross_validated_task(CLASSES, *classes)


@pytest.fixture(scope="module")
def label_trial(labels: Data):
    return cross_validated_task(LABELS, *labels)


def test_each_class_reads_as_a_trial_of_two_classes(classes: Data, trial) -> None:
    """The same code as for two classes, on the class against the rest."""
    for number, name in enumerate(CLASSES.classes):
        binary = cross_validated(
            (classes.y == number).astype(int),
            {
                arm: one_against_rest(z)[..., number]
                for arm, z in classes.scores.items()
            },
            classes.folds,
            replicates=400,
        )
        for arm in ("plain", "better", "prior"):
            one = trial[arm].by_class[name]
            two = binary[arm].evaluation
            for metric in ("average_precision", "roc_auc"):
                assert one[metric].value == pytest.approx(two[metric].value, abs=1e-9)
                if arm != "prior":
                    width = one[metric].high - one[metric].low
                    other = two[metric].high - two[metric].low
                    assert 0.75 < width / other < 1.35
            assert one.positives == (classes.y == number).sum()


def test_averages_are_means_over_the_classes(trial) -> None:
    for arm in trial.arms.values():
        for metric in ("average_precision", "roc_auc", "normalised_average_precision"):
            each = [one[metric].value for one in arm.by_class.values()]
            macro = arm.evaluation[f"macro_{metric}"]
            assert macro.value == pytest.approx(np.mean(each))
            assert macro.low <= macro.value <= macro.high


def test_metrics_of_decisions_are_those_of_the_mean_counts(
    classes: Data, trial
) -> None:
    for arm in trial.arms.values():
        y = np.tile(classes.y, 2)
        decided = arm.decisions.ravel()
        assert arm.confusion.counts == pytest.approx(
            reference.confusion_matrix(y, decided) / 2
        )
        checks = {
            "accuracy": reference.accuracy_score(y, decided),
            "balanced_accuracy": reference.balanced_accuracy_score(y, decided),
            "macro_f1": reference.f1_score(y, decided, average="macro"),
            "mcc": reference.matthews_corrcoef(y, decided),
            "kappa": reference.cohen_kappa_score(y, decided),
        }
        for metric, value in checks.items():
            assert arm.evaluation[metric].value == pytest.approx(value)
        recalls = reference.recall_score(y, decided, average=None)
        for name, value in zip(CLASSES.classes, recalls, strict=True):
            assert arm.by_class[name]["recall"].value == pytest.approx(value)


def test_losses_are_those_of_the_calibrated_scores(classes: Data, trial) -> None:
    for arm in trial.arms.values():
        p = CLASSES.probability(arm.fitted.scores)
        each = [reference.log_loss(classes.y, one, labels=range(4)) for one in p]
        assert arm.evaluation["log_loss"].value == pytest.approx(np.mean(each))


def test_values_within_folds_are_scikit_learns(classes: Data, trial) -> None:
    arm = trial["better"]
    for repeat, fold in enumerate(classes.folds):
        for k in range(5):
            here = fold == k
            y, z = classes.y[here], classes.scores["better"][repeat, here]
            p = CLASSES.probability(z)
            expected = {
                "macro_average_precision": np.mean(
                    [
                        reference.average_precision_score(y == c, p[:, c])
                        for c in np.unique(y)
                    ]
                ),
                "balanced_accuracy": reference.balanced_accuracy_score(
                    y, arm.decisions[repeat, here]
                ),
            }
            for metric, value in expected.items():
                assert arm.splits[metric][repeat, k] == pytest.approx(value)


def test_the_verdict_is_on_macro_average_precision(trial) -> None:
    verdict = judge(trial)
    assert verdict.metric == "macro_average_precision"
    assert verdict.choice == "better"
    assert verdict.arms["prior"].outcome == "worse"
    assert "macro average precision" in verdict.sentence
    assert trial.leader.name == "better"
    assert judge(trial, metric="log_loss").arms["better"].outcome == "better"


def test_a_constant_is_worth_the_mean_share(classes: Data, trial) -> None:
    shares = np.bincount(classes.y) / classes.y.size
    prior = trial["prior"].evaluation
    assert prior["macro_average_precision"].value == pytest.approx(shares.mean())
    assert prior["macro_roc_auc"].value == pytest.approx(0.5)
    assert trial["prior"].constant
    assert not trial["better"].constant
    assert trial.guessed("macro_average_precision") == pytest.approx(shares.mean())
    entropy = -np.sum(shares * np.log(shares))
    assert trial.guessed("log_loss") == pytest.approx(entropy)
    assert trial.guessed("brier") == pytest.approx((1 - np.sum(shares**2)) / 2)
    assert trial.guessed("balanced_accuracy") == 0.25


def test_another_arm_and_another_order_of_arms_change_nothing(
    classes: Data, trial
) -> None:
    two = {name: classes.scores[name] for name in ("better", "plain")}
    again = cross_validated_task(CLASSES, classes.y, two, classes.folds)
    for name in two:
        assert again[name].evaluation.estimates == trial[name].evaluation.estimates
        assert again[name].differences == trial[name].differences


def test_errors_of_differences_know_that_arms_share_rows(trial) -> None:
    """The error of the difference is below that of two independent arms."""
    metric = "log_loss"
    one, two = (trial[name].values.metrics[metric] for name in ("better", "plain"))
    assert trial["better"].errors[metric] < np.sqrt(one.variance + two.variance)


def test_weights_are_copies(classes: Data) -> None:
    """Doubling every weight changes no ranking; a class of weight 0 is not there."""
    twice = cross_validated_task(CLASSES, *classes, weights=np.full(600, 2.0))
    plain = cross_validated_task(CLASSES, *classes)
    for metric in ("macro_average_precision", "macro_roc_auc"):
        assert twice["better"].evaluation[metric].value == pytest.approx(
            plain["better"].evaluation[metric].value, abs=1e-9
        )


def test_clusters_widen_the_intervals(classes: Data) -> None:
    """Ten copies of each row, tied, are worth one row each."""
    y, folds = np.repeat(classes.y, 10), np.repeat(classes.folds, 10, axis=1)
    scores = {n: np.repeat(z, 10, axis=1) for n, z in classes.scores.items()}
    clusters = np.repeat(np.arange(600), 10)
    tied = cross_validated_task(CLASSES, y, scores, folds, clusters=clusters)
    alone = cross_validated_task(CLASSES, *classes)
    for metric in ("macro_roc_auc", "balanced_accuracy", "accuracy"):
        one, other = (t["better"].evaluation[metric] for t in (tied, alone))
        assert one.high - one.low == pytest.approx(other.high - other.low, rel=0.2)


def test_unknown_labels_are_in_no_metric(labels: Data, label_trial) -> None:
    known = labels.y[:, 0] >= 0
    z = labels.scores["better"][:, known, 0]
    binary = cross_validated(
        labels.y[known, 0], {"plain": z}, labels.folds[:, known], replicates=50
    )
    one = label_trial["better"].by_class["p"]
    assert one.rows == known.sum() == 480
    assert one["average_precision"].value == pytest.approx(
        binary["plain"].evaluation["average_precision"].value
    )


def test_labels_have_their_own_metrics_and_no_confusion(
    labels: Data, label_trial
) -> None:
    arm = label_trial["better"]
    assert arm.confusion is None
    assert "subset_accuracy" in arm.evaluation
    assert "kappa" not in arm.evaluation
    known = (labels.y >= 0).all(axis=1)
    hamming = np.mean(
        [reference.hamming_loss(labels.y[known], each[known]) for each in arm.decisions]
    )
    assert arm.evaluation["hamming_loss"].value == pytest.approx(hamming, abs=0.02)


def test_costs_decide_and_are_reported(classes: Data) -> None:
    table = 1 - np.eye(4)
    table[3, :3] = 9
    costs = CostMatrix(CLASSES.classes, tuple(map(tuple, table.tolist())))
    trial = cross_validated_task(CLASSES, *classes, costs=costs, metric="cost")
    arm = trial["better"]
    p = CLASSES.probability(arm.fitted.scores)
    assert (arm.decisions == (p @ costs.table).argmin(axis=-1)).all()
    paid = costs.table[np.tile(classes.y, (2, 1)), arm.decisions].mean()
    assert arm.evaluation["cost"].value == pytest.approx(paid)
    assert trial.metric == "cost"
    assert judge(trial).arms["better"].difference.value > 0


def test_a_class_that_is_absent_moves_no_average(classes: Data) -> None:
    five = Task("multiclass", (*CLASSES.classes, "e"))
    wide = {
        name: np.concatenate([z, np.full((*z.shape[:2], 1), -30.0)], axis=2)
        for name, z in classes.scores.items()
    }
    with_e = cross_validated_task(five, classes.y, wide, classes.folds)
    without = cross_validated_task(CLASSES, *classes)
    assert with_e["better"].evaluation[
        "macro_average_precision"
    ].value == pytest.approx(
        without["better"].evaluation["macro_average_precision"].value, abs=1e-6
    )
    assert with_e["better"].evaluation.unjudged == {"e": "no rows of class 'e'"}
    estimate = with_e["better"].by_class["e"]["average_precision"]
    assert not estimate.defined
    assert "no rows" in estimate.reason
    assert any("'e'" in note for note in with_e.notes)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"metric": "average_precision"}, "macro_average_precision"),
        ({"metric": "subset_accuracy"}, "multilabel"),
        ({"objective": "mcc"}, "objective"),
        ({"baseline": "other"}, "baseline"),
        ({"level": 1.0}, "level"),
    ],
)
def test_what_does_not_fit_is_refused(classes: Data, change, match) -> None:
    with pytest.raises(Exception, match=match):
        cross_validated_task(CLASSES, *classes, **change)


def test_scores_of_another_shape_are_refused(classes: Data) -> None:
    with pytest.raises(InputError, match="width"):
        cross_validated_task(
            CLASSES, classes.y, {"plain": np.zeros((2, 600, 3))}, classes.folds
        )


def test_a_rule_of_very_many_rows_is_searched_on_a_sample() -> None:
    """Decisions are nearly those of a search over all rows, and are reproducible."""
    random = np.random.default_rng(8)
    y = random.choice(3, 6000, p=[0.9, 0.07, 0.03])
    z = 2.0 * np.eye(3)[y] + random.normal(size=(6000, 3)) + np.log([0.9, 0.07, 0.03])
    folds = (random.permutation(6000) % 3)[None]
    task = Task("multiclass", ("a", "b", "c"))
    one, two = (cross_validated_task(task, y, {"plain": z}, folds) for _ in range(2))
    assert np.array_equal(one["plain"].decisions, two["plain"].decisions)
    p = task.probability(one["plain"].fitted.scores[0])
    whole = cross_fitted_decisions("macro_f1", task, p, y, folds=folds[0])
    reached = reference.f1_score(y, whole, average="macro")
    assert one["plain"].evaluation["macro_f1"].value == pytest.approx(reached, abs=0.01)


def test_shares_are_those_of_judged_labels_alone(labels: Data) -> None:
    """A label that no fold can judge has no row: 0 / 0 was divided."""
    y = labels.y.copy()
    y[:, 0] = -1
    made = cross_validated_task(
        LABELS, y, {"plain": labels.scores["better"]}, labels.folds
    )
    assert np.isfinite(made.shares).all()
    assert made.shares.size == y.shape[1] - 1
