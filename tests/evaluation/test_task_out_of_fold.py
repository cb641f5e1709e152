# SPDX-License-Identifier: Apache-2.0
"""Scores of several classes and labels: calibrated out of fold, on one scale."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss

from equipoise.evaluation.out_of_fold import align
from equipoise.evaluation.task_out_of_fold import (
    aligned_views,
    class_sample,
    cross_fit_task,
)
from equipoise.metrics.task_rows import TaskRows
from equipoise.priors import one_against_rest
from equipoise.task import Task

CLASSES = Task("multiclass", ("a", "b", "c"))
LABELS = Task("multilabel", ("p", "q"))


@pytest.fixture(scope="module")
def scored() -> tuple[TaskRows, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    y = random.choice(3, 500, p=[0.6, 0.3, 0.1])
    x = np.eye(3)[y] + random.normal(size=(500, 3))
    z = x + np.log([0.6, 0.3, 0.1])
    folds = np.stack([random.permutation(500) % 5 for _ in range(2)])
    return TaskRows.of(CLASSES, y), np.tile(z, (2, 1, 1)), folds


def test_stretched_scores_are_brought_back(scored) -> None:
    rows, z, folds = scored
    for stretch in (0.3, 4.0):
        fitted = cross_fit_task(stretch * z, rows, folds)
        raw = log_loss(rows.y, CLASSES.probability(stretch * z[0]))
        after = log_loss(rows.y, CLASSES.probability(fitted.scores[0]))
        exact = log_loss(rows.y, CLASSES.probability(z[0]))
        assert after < raw
        assert after == pytest.approx(exact, abs=0.03)


def test_a_fold_is_calibrated_without_its_own_targets(scored) -> None:
    """Other targets in a fold change nothing that the fold's rows are given."""
    rows, z, folds = scored
    here = folds[0] == 2
    turned = rows.y.copy()
    turned[here] = (turned[here] + 1) % 3
    one, two = (
        cross_fit_task(3 * z[:1], TaskRows.of(CLASSES, y), folds[:1])
        for y in (rows.y, turned)
    )
    assert np.array_equal(one.scores[0, here], two.scores[0, here])
    assert not np.array_equal(one.scores[0, ~here], two.scores[0, ~here])


def test_views_are_aligned_as_two_classes_are(scored) -> None:
    rows, z, folds = scored
    shifted = z + 3.0 * folds[:, :, None] * np.array([1.0, -1.0, 0.0])
    aligned = aligned_views(shifted, rows, folds)
    against = one_against_rest(shifted)
    for view in range(3):
        expected = align(against[..., view], rows.truth[:, view], folds)
        assert aligned[..., view] == pytest.approx(expected, abs=1e-8)
    pooled = average_precision_score(rows.truth[:, 0], against[0, :, 0])
    one_scale = average_precision_score(rows.truth[:, 0], aligned[0, :, 0])
    assert one_scale > pooled + 0.01


def test_unknown_labels_have_no_part_in_the_scale() -> None:
    random = np.random.default_rng(1)
    y = (random.random((300, 2)) < 0.3).astype(int)
    z = random.normal(size=(1, 300, 2)) + y
    folds = (random.permutation(300) % 3)[None]
    y[:40, 1] = -1
    moved = z.copy()
    moved[:, :40, 1] += 100.0
    rows = TaskRows.of(LABELS, y)
    one, two = (aligned_views(s, rows, folds) for s in (z, moved))
    assert np.array_equal(one[:, 40:], two[:, 40:])
    assert (one[:, :40, 1] == 0).all()


def test_a_sample_keeps_rare_rows_and_the_weight_of_each_class() -> None:
    random = np.random.default_rng(2)
    y = random.permutation(np.repeat([0, 1, 2, 3], [5000, 900, 30, 1]))
    weights = random.uniform(0.5, 2.0, y.size)
    part, mass = class_sample(y, weights, 600, 0)
    assert 550 <= len(part) <= 600
    assert (np.diff(part) > 0).all()
    for label in range(4):
        assert mass[y[part] == label].sum() == pytest.approx(weights[y == label].sum())
    counts = np.bincount(y[part])
    assert counts[2] == 30
    assert counts[3] == 1
    assert abs(counts[0] - counts[1]) <= 1
    assert np.array_equal(part, class_sample(y, weights, 600, 0)[0])


def test_very_many_classes_share_one_temperature() -> None:
    random = np.random.default_rng(3)
    y = np.concatenate([np.arange(30), random.integers(0, 30, 300)])
    z = 6.0 * np.eye(30)[y] + 3.0 * random.normal(size=(330, 30))
    task = Task("multiclass", tuple(map(str, range(30))))
    folds = (random.permutation(330) % 3)[None]
    fitted = cross_fit_task(z[None], TaskRows.of(task, y), folds)
    assert {one.method for one in fitted.calibrators[0]} == {"temperature"}
    before = log_loss(y, task.probability(z), labels=range(30))
    assert log_loss(y, task.probability(fitted.scores[0]), labels=range(30)) < before
