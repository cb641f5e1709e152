# SPDX-License-Identifier: Apache-2.0
"""Calibration of several classes and labels: it helps, and it does not hurt."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.decision import (
    Calibrator,
    ClassCalibrator,
    LabelCalibrator,
    class_calibration,
    class_rows,
    fit_calibrator,
    fit_class_calibrator,
)
from equipoise.decision.class_calibration import base_rates
from equipoise.decision.class_calibrator import FARTHEST_LOG
from equipoise.errors import InputError
from equipoise.priors import log_odds, probability, softmax
from equipoise.task import Task


def task_of(classes: int) -> Task:
    return Task("multiclass", tuple(f"c{k}" for k in range(classes)))


def sample(rows: int, classes: int, seed: int):
    """Normal classes of a long tail, with their exact logits."""
    share = 1 / np.arange(1, classes + 1)
    share /= share.sum()
    rng = np.random.default_rng(seed)
    y = rng.choice(classes, rows, p=share)
    centre = np.random.default_rng(5).normal(size=(classes, 4)) * 1.5
    x = centre[y] + rng.normal(size=(rows, 4))
    z = np.log(share) - ((x[:, None] - centre[None]) ** 2).sum(axis=2) / 2
    return z - z.max(axis=1, keepdims=True), y


def log_loss(z, y) -> float:
    log_p = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
    return -float(log_p[np.arange(len(y)), y].mean())


def gain(distort, rows: int, classes: int, seed: int) -> float:
    """By how much calibration lowers the log loss on new rows."""
    z, y = sample(rows, classes, seed)
    new, truth = sample(4_000, classes, 1_000 + seed)
    made = fit_class_calibrator(task_of(classes), distort(z), y)
    return log_loss(distort(new), truth) - log_loss(made.apply(distort(new)), truth)


@pytest.mark.parametrize("classes", [3, 10])
@pytest.mark.parametrize("rows", [50, 400, 5_000])
def test_exact_logits_are_not_hurt(rows, classes) -> None:
    gains = [gain(lambda z: z, rows, classes, seed) for seed in range(4)]
    assert np.mean(gains) > -0.012
    assert np.min(gains) > -0.06


@pytest.mark.parametrize(
    ("distort", "least"),
    [
        (lambda z: 2.5 * z, 0.1),
        (lambda z: 0.4 * z, 0.05),
        (lambda z: z + np.linspace(-2, 2, z.shape[1]), 0.2),
    ],
)
@pytest.mark.parametrize("classes", [3, 10])
def test_wrong_logits_are_mended(distort, least, classes) -> None:
    gains = [gain(distort, 1_000, classes, seed) for seed in range(2)]
    assert np.mean(gains) > least * (0.25 if classes == 3 else 1.0)


@pytest.mark.parametrize("classes", [25, 50])
def test_many_classes_of_few_rows_get_no_shifts_by_chance(classes) -> None:
    """The rows left out of stratified parts share the excess of a class."""
    made = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        y = rng.integers(0, classes, 300)
        exact = 2 * (2 * np.eye(classes)[y] + rng.normal(size=(300, classes)))
        made.append(fit_class_calibrator(task_of(classes), exact, y).method)
        shifted = exact + rng.normal(size=classes)
        assert fit_class_calibrator(task_of(classes), shifted, y).method in (
            "shifts",
            "vector",
        )
    assert set(made) <= {"none", "temperature"}


def test_stratified_parts_are_told_from_random_ones() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(10), 40)
    rows = class_rows.check_class_rows(task_of(10), np.zeros((400, 10)), y, None)
    stratified = class_rows.class_parts(rows.y, 0)
    assert class_calibration._stratified(rows, stratified) > 0.95
    chance = [
        class_calibration._stratified(rows, rng.permutation(stratified))
        for _ in range(50)
    ]
    assert np.mean(chance) < 0.15
    by_class = y % 5
    assert class_calibration._stratified(rows, by_class) == 0


def test_slopes_by_class_are_found() -> None:
    def distort(z):
        log_p = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
        return log_p * np.array([0.5, 1.0, 2.0])

    z, y = sample(4_000, 3, 7)
    made = fit_class_calibrator(task_of(3), distort(z), y)
    assert made.method == "vector"
    assert made.slopes[0] > made.slopes[1] > made.slopes[2]


def test_a_class_of_few_rows_has_no_slope_of_its_own() -> None:
    z, y = sample(1_500, 6, 3)
    keep = (y != 5) | (np.cumsum(y == 5) <= 19)
    made = fit_class_calibrator(task_of(6), 2 * z[keep], y[keep], method="vector")
    assert made.totals[5] == 19
    common = fit_class_calibrator(task_of(6), 2 * z[keep], y[keep], method="shifts")
    assert len(set(np.round(common.slopes, 12))) == 1
    assert len(set(np.round(made.slopes, 12))) == 6
    # The sixth class has the slope around which the others lie.
    assert min(made.slopes) < made.slopes[5] < max(made.slopes)


def test_the_shift_of_a_rare_class_is_held_back(monkeypatch) -> None:
    z, y = sample(3_000, 4, 11)
    rare = (y != 3) | (np.cumsum(y == 3) <= 3)
    wrong = z[rare] - np.array([0.0, 0.0, 0.0, 6.0])

    def shift() -> float:
        made = fit_class_calibrator(task_of(4), wrong, y[rare], method="shifts")
        rates = np.array(made.base_rates)
        shifts = np.array(made.shifts) - (1 - made.slopes[0]) * np.log(rates)
        return float(shifts[3] - shifts[:3].mean())

    held = shift()
    monkeypatch.setattr(class_calibration, "SHIFT_DEVIATION", 100.0)
    free = shift()
    assert free > 1
    assert 0.1 < held < 0.7 * free


def test_an_absent_class_is_left_as_it_is_beside_the_others() -> None:
    z, y = sample(2_000, 4, 2)
    keep = y != 2
    made = fit_class_calibrator(task_of(4), z[keep] * 2, y[keep])
    assert made.totals[2] == 0
    p = made.probability(z * 2)
    assert np.isfinite(p).all()
    # Rows of the class that nobody saw still have it as the likeliest, mostly.
    of_it = y == 2
    raw = softmax(2 * z)[of_it].argmax(axis=1) == 2
    after = p[of_it].argmax(axis=1) == 2
    assert after.mean() > 0.5 * raw.mean()
    assert base_rates(np.array([3.0, 0.0, 1.0])).sum() == pytest.approx(1.0)


@pytest.mark.parametrize("exact", [True, False])
def test_separable_and_constant_scores(exact) -> None:
    y = np.repeat([0, 1, 2], [200, 20, 5])
    task = task_of(3)
    sharp = fit_class_calibrator(task, 50.0 * np.eye(3)[y], y, exact=exact)
    p = sharp.probability(50.0 * np.eye(3)[y])
    assert p[np.arange(225), y].min() > 0.9
    flat = fit_class_calibrator(task, np.ones((225, 3)), y, exact=exact)
    assert flat.probability(np.ones((1, 3)))[0] == pytest.approx(
        np.array([200, 20, 5]) / 225, abs=0.01
    )


def test_scores_constant_within_folds_give_the_base_rates() -> None:
    y = np.tile([0, 0, 0, 1, 1, 2], 30)
    folds = np.arange(180) % 3
    z = np.random.default_rng(0).normal(size=(3, 3))[folds]
    made = fit_class_calibrator(task_of(3), z, y, folds=folds)
    assert made.probability(z) == pytest.approx(
        np.tile([1 / 2, 1 / 3, 1 / 6], (180, 1)), abs=0.01
    )
    # Of 180 rows and one more, which is of every class as often as they are.
    assert made.smoothing == pytest.approx(1 / 181)


def test_scores_that_say_nothing_are_not_used() -> None:
    rng = np.random.default_rng(1)
    y = rng.choice(3, 300, p=[0.7, 0.2, 0.1])
    z = 4 * rng.normal(size=(300, 3))
    made = fit_class_calibrator(task_of(3), z, y)
    new = 4 * rng.normal(size=(5_000, 3))
    truth = rng.choice(3, 5_000, p=[0.7, 0.2, 0.1])
    base = np.tile(np.log([0.7, 0.2, 0.1]), (5_000, 1))
    assert log_loss(made.apply(new), truth) < log_loss(base, truth) + 0.02


def test_scores_of_unknown_unit() -> None:
    z, y = sample(2_000, 4, 4)
    new, truth = sample(4_000, 4, 40)
    made = fit_class_calibrator(task_of(4), 1_000 + 37 * z, y, exact=False)
    assert made.scale == "centred"
    assert made.method != "none"
    lost = log_loss(made.apply(1_000 + 37 * new), truth) - log_loss(new, truth)
    assert lost < 0.02


def test_infinite_scores_are_served() -> None:
    z, y = sample(400, 3, 1)
    z[0, 1], z[1, 2] = np.inf, -np.inf
    for exact in (True, False):
        made = fit_class_calibrator(task_of(3), z, y, exact=exact)
        assert np.isfinite(fit_class_calibrator(task_of(3), 2 * z, y).apply(z)).all()
        assert np.isfinite(made.probability(z)).all()


def test_one_class_only_changes_nothing() -> None:
    made = fit_class_calibrator(task_of(3), np.eye(3), [1, 1, 1])
    assert made == ClassCalibrator(
        rows=3, totals=(0, 3, 0), reason="fewer than two classes have rows"
    )


def test_weights_are_copies_and_the_seed_decides() -> None:
    z, y = sample(300, 3, 9)
    w = 1 + np.arange(300) % 2
    again = np.repeat(np.arange(300), w)
    folds = np.arange(300) % 5
    one = fit_class_calibrator(task_of(3), 2 * z, y, weights=w, folds=folds)
    two = fit_class_calibrator(task_of(3), 2 * z[again], y[again], folds=folds[again])
    assert one.method == two.method
    assert one.slopes == pytest.approx(two.slopes)
    assert one.shifts == pytest.approx(two.shifts)
    assert one == fit_class_calibrator(task_of(3), 2 * z, y, weights=w, folds=folds)


def test_more_classes_than_are_served_by_shifts_have_a_temperature() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 120, 600)
    z = 6 * np.eye(120)[y] + 3 * rng.normal(size=(600, 120))
    assert fit_class_calibrator(task_of(120), z, y).method in ("none", "temperature")


def test_two_classes_are_calibrated_as_before() -> None:
    z, y = sample(300, 2, 1)
    score = z[:, 1] - z[:, 0]
    task = Task("binary", ("no", "yes"))
    made = fit_class_calibrator(task, score[:, None], y)
    assert isinstance(made, Calibrator)
    assert made == fit_calibrator(score, y)


LABELS = Task("multilabel", ("often", "rare", "never", "unknown"))


def label_sample(rows: int = 600):
    rng = np.random.default_rng(3)
    y = np.zeros((rows, 4), np.int8)
    y[:, 0] = rng.random(rows) < 0.4
    y[:8, 1] = 1
    y[:, 3] = -1
    z = np.where(y == 1, 1.0, 0.0) + rng.normal(size=(rows, 4))
    z = 2 * (z - 0.5) + log_odds([0.4, 0.01, 0.01, 0.2])
    return z, y


def test_each_label_has_its_calibrator() -> None:
    z, y = label_sample()
    unknown = np.arange(600) % 3 == 0
    y[unknown, 0] = -1
    made = fit_class_calibrator(LABELS, z, y)
    assert isinstance(made, LabelCalibrator)
    known = ~unknown
    assert made.calibrators[0] == fit_calibrator(z[known, 0], y[known, 0])
    rare, never, unseen = made.calibrators[1:]
    assert "of all labels" in rare.reason
    assert rare.positives == 8
    assert rare.slope == never.slope
    assert never.positives == 0
    # The label that never occurs keeps the shape of its scores.
    p = never.probability(z[:, 2])
    assert 0 < p.mean() < 0.05
    assert unseen == Calibrator(reason="the label is known for no row")
    # NaN is an unknown label too.
    holes = np.where(y < 0, np.nan, y)
    assert fit_class_calibrator(LABELS, z, holes) == made


def test_the_shared_slope_mends_overconfident_rare_labels() -> None:
    z, y = label_sample(2_000)
    made = fit_class_calibrator(LABELS, 3 * z, y)
    again = made.calibrators[1].apply(3 * z[:, 1])

    def loss(score):
        return float(np.mean(np.logaddexp(0, score) - y[:, 1] * score))

    assert loss(again) < loss(3 * z[:, 1])
    assert probability(again).sum() == pytest.approx(8, abs=4)


def test_the_shared_slope_follows_the_unit_of_the_scores() -> None:
    z, y = label_sample()
    one = fit_class_calibrator(LABELS, z, y, exact=False)
    other = fit_class_calibrator(LABELS, 2 * z, y, exact=False)
    assert isinstance(one, LabelCalibrator)
    assert isinstance(other, LabelCalibrator)
    assert other.calibrators[1].slope == pytest.approx(one.calibrators[1].slope / 2)
    assert other.calibrators[1].intercept == pytest.approx(one.calibrators[1].intercept)


@pytest.mark.parametrize("exact", [True, False])
def test_infinite_scores_of_labels(exact) -> None:
    z, y = label_sample()
    z[0, 0], z[1, 1] = np.inf, -np.inf
    made = fit_class_calibrator(LABELS, z, y, exact=exact)
    assert np.isfinite(made.apply(z)[:, :3]).all()
    # To the labels that share a slope they are finite ones, far out.
    z[1, 1] = -FARTHEST_LOG
    finite = fit_class_calibrator(LABELS, z, y, exact=exact)
    assert isinstance(made, LabelCalibrator)
    assert isinstance(finite, LabelCalibrator)
    assert made.calibrators[1] == finite.calibrators[1]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda z, y: fit_class_calibrator(LABELS, z, y[:, :3]), "one label per score"),
        (
            lambda z, y: fit_class_calibrator(LABELS, z, y, folds=[1, 2]),
            "folds of shape",
        ),
        (
            lambda z, y: fit_class_calibrator(task_of(4), z, y[:, 0], method="platt"),
            "method='platt'",
        ),
        (lambda z, y: fit_class_calibrator(LABELS, z, 2 * y), "with 2"),
    ],
)
def test_what_does_not_fit_is_refused(call, says) -> None:
    z, y = label_sample(60)
    with pytest.raises(InputError, match=says):
        call(z, np.abs(y))
