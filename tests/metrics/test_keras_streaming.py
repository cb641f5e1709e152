# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from equipoise.errors import InputError  # noqa: E402 (after the skip)
from equipoise.metrics import keras as streaming  # noqa: E402 (after the skip)
from equipoise.metrics import keras_streaming  # noqa: E402 (after the skip)
from equipoise.metrics.confusion import counts  # noqa: E402 (after the skip)
from equipoise.metrics.keras_streaming import (  # noqa: E402 (after the skip)
    decision_counts,
    filled_scores,
    ladder_auroc,
    ladder_average_precision,
    merged_scores,
    ratio_of,
    score_batch,
    score_ladder,
    this_replica,
    tie_numbers,
)


def test_merging_keeps_all_mass_and_divides_no_score() -> None:
    random = np.random.default_rng(0)
    score = np.round(random.normal(size=400), 1)
    rows = np.column_stack([score, random.random(400), random.random(400)])
    merged = np.asarray(merged_scores(rows, 64))
    assert merged.shape == (64, 3)
    assert merged[:, 1:].sum(axis=0) == pytest.approx(rows[:, 1:].sum(axis=0))
    used = merged[merged[:, 1:].any(axis=1)]
    assert len(used) <= filled_scores(64) == 48
    assert np.unique(used[:, 0]).size == len(used)
    assert np.isin(used[:, 0], score).all()


def test_small_pieces() -> None:
    assert np.asarray(tie_numbers(np.array([3.0, 3.0, 2.0, 1.0, 1.0]))).tolist() == [
        *(0, 0, 1, 2, 2)
    ]
    below = np.array([0.0, 2.0])
    assert np.asarray(ratio_of(np.array([1.0, 1.0]), below, empty=9.0)).tolist() == [
        *(9.0, 0.5)
    ]
    assert int(this_replica()) == 0


def test_a_ladder_gives_the_ranking_metrics_of_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(1)
    y, weight = random.integers(0, 2, 90).astype(np.float64), random.random(90)
    score = np.round(random.normal(size=90), 1)
    ladder = score_ladder(score_batch(y, score, weight))
    assert float(ladder_average_precision(*ladder)) == pytest.approx(
        sklearn.average_precision_score(y, score, sample_weight=weight)
    )
    assert float(ladder_auroc(*ladder)) == pytest.approx(
        sklearn.roc_auc_score(y, score, sample_weight=weight)
    )


def test_counts_are_those_of_the_confusion_matrix_of_each_column() -> None:
    random = np.random.default_rng(2)
    truth, flag = (random.integers(0, 2, (50, 3)).astype(np.float64) for _ in "ab")
    weight = random.random((50, 3))
    made = np.asarray(decision_counts(truth, flag == 1, weight))
    for k in range(3):
        cells = counts(truth[:, k], flag[:, k], weight[:, k], threshold=0.5)
        assert made[:, k] == pytest.approx([cells.tp, cells.fp, cells.fn, cells.tn])


def test_a_metric_has_a_line_for_each_replica(monkeypatch) -> None:
    """Else the second replica would have nowhere to keep its scores."""
    outside = streaming.AUROC()
    monkeypatch.setattr(keras_streaming, "replicas", lambda: 2)
    with pytest.raises(InputError, match=r"outside of the scope.*strategy\.scope"):
        outside.update_state([0, 1], [0.0, 1.0])
    within = streaming.AUROC()
    within.update_state([0, 1], [0.0, 1.0])
    assert float(within.result()) == 1.0
