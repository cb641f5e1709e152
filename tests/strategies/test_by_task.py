# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError, UnsupportedError
from equipoise.priors import probability, softmax
from equipoise.strategies.by_task import (
    LEAST_TOTAL,
    absence_notes,
    fitted_correction,
    floor_score,
    present_classes,
    prior_scores,
    require_enough,
    require_task,
)
from equipoise.strategies.strategy import Strategy
from equipoise.task import Task

THREE = Task("multiclass", ("a", "b", "c"))
LABELS = Task("multilabel", ("x", "y"))
BINARY = Task("binary", ("no", "yes"))


def test_prior_scores_are_the_shares() -> None:
    np.testing.assert_allclose(
        softmax(prior_scores(THREE, np.array([6.0, 3, 1]))), [0.6, 0.3, 0.1]
    )
    totals = np.array([[6.0, 2], [1, 3]])
    np.testing.assert_allclose(probability(prior_scores(LABELS, totals)), [0.25, 0.75])
    np.testing.assert_allclose(
        probability(prior_scores(BINARY, np.array([9.0, 1]))), [0.1]
    )


def test_a_class_without_rows_counts_half_a_row() -> None:
    scores = prior_scores(THREE, np.array([6.0, 0, 2]))
    np.testing.assert_allclose(
        softmax(scores), np.array([6, LEAST_TOTAL, 2]) / (8 + LEAST_TOTAL)
    )
    scores = prior_scores(LABELS, np.array([[8.0, 0], [0, 8]]))
    assert np.isfinite(scores).all()
    assert scores[0] == -scores[1] < 0


def test_corrections_of_every_task() -> None:
    strategy, totals = Strategy(weights="balanced"), np.array([60.0, 30, 0, 10])
    correction = fitted_correction(strategy, Task("multiclass", tuple("abcd")), totals)
    np.testing.assert_allclose(
        correction.offset, [0, -np.log(2), 0, -np.log(6)], rtol=1e-12
    )
    one = fitted_correction(strategy, BINARY, np.array([90.0, 10]))
    assert one == strategy.correction([90, 10])
    two = fitted_correction(
        strategy, Task("multiclass", ("a", "b")), np.array([90.0, 10])
    )
    np.testing.assert_allclose(two.offset, (0.0, *one.offset))
    labels = fitted_correction(strategy, LABELS, np.array([[90.0, 10], [40, 60]]))
    np.testing.assert_allclose(labels.offset, [-np.log(9), np.log(1.5)])


def test_a_floor_is_the_share_of_half_a_row() -> None:
    logits = np.random.default_rng(0).normal(size=(50, 1)) * np.ones((1, 3))
    totals = np.array([30.0, 15, 0, 5])
    floor = floor_score(logits, totals)
    p = softmax(np.insert(logits, 2, floor, axis=1))
    assert np.exp(np.log(p[:, 2]).mean()) == pytest.approx(0.01, rel=0.02)


def test_what_there_is_to_tell_apart() -> None:
    require_enough(THREE, np.array([3.0, 0, 1]))
    with pytest.raises(InputError, match="1 classes"):
        require_enough(THREE, np.array([3.0, 0, 0]))
    require_enough(LABELS, np.array([[3.0, 0], [1, 2]]))
    with pytest.raises(InputError, match="0 labels with both"):
        require_enough(LABELS, np.array([[3.0, 0], [0, 3]]))


def test_absence_is_said_by_name() -> None:
    assert absence_notes(THREE, np.array([1.0, 1, 1])) == ()
    assert absence_notes(BINARY, np.array([1.0, 0])) == ()
    (note,) = absence_notes(THREE, np.array([1.0, 0, 0]))
    assert note.startswith("'b', 'c' have no training rows")
    (note,) = absence_notes(LABELS, np.array([[3.0, 0], [1, 2]]))
    assert note.startswith("'x' has only one value")
    assert present_classes(LABELS, np.array([[3.0, 0], [1, 2]])).tolist() == [
        False,
        True,
    ]


def test_what_a_learner_and_a_loss_do_not_serve_is_refused(monkeypatch) -> None:
    from equipoise.losses.records import LOSS_RECORDS, LossRecord

    record = LossRecord(
        "mine", "example", "offset", "it", lambda t, z: z, tasks=("binary",)
    )
    monkeypatch.setitem(LOSS_RECORDS, "mine", record)
    require_task(Strategy(loss="mine"), BINARY)
    for task in (THREE, LABELS):
        require_task(Strategy(), task)
        with pytest.raises(UnsupportedError, match=r"loss='mine'.*two classes"):
            require_task(Strategy(loss="mine"), task)


def test_a_share_of_positives_means_nothing_for_several_classes() -> None:
    focal = Strategy(loss="focal", options={"alpha": 0.3})
    require_task(focal, BINARY)
    require_task(focal, LABELS)
    require_task(Strategy(loss="focal"), THREE)
    with pytest.raises(UnsupportedError, match=r"alpha=0\.3.*weights="):
        require_task(focal, THREE)


def test_every_part_must_serve_the_task() -> None:
    smote = Strategy(sampling="oversample", synthesis="smote")
    require_task(smote, THREE)
    with pytest.raises(UnsupportedError, match="synthesis='smote' for a target of sev"):
        require_task(smote, LABELS)
    for strategy in (
        Strategy(sampling="balanced", weights="capped"),
        Strategy(plan="under_bagging"),
        Strategy(synthesis="mixup"),
    ):
        for task in (BINARY, THREE, LABELS):
            require_task(strategy, task)
