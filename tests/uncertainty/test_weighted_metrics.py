# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise import metrics, uncertainty
from equipoise.errors import InputError
from equipoise.priors import probability
from equipoise.uncertainty import RowResampler
from equipoise.uncertainty import weighted_metrics as resampling


def test_each_sample_has_the_classes_sizes() -> None:
    y = np.repeat([1, 0], [8, 92])
    counts = np.concatenate(list(RowResampler(y, replicates=200, seed=1)))
    assert counts.shape == (200, 100)
    assert (counts[:, y == 1].sum(1) == 8).all()
    assert (counts[:, y == 0].sum(1) == 92).all()
    # A row is drawn once on average, with variance 1 - 1/n.
    assert counts.mean() == 1
    assert counts[:, y == 0].var() == pytest.approx(1 - 1 / 92, abs=0.05)


def test_replicates_do_not_depend_on_chunks(monkeypatch) -> None:
    y = np.repeat([1, 0], [8, 92])
    whole = np.concatenate(list(RowResampler(y, replicates=20, seed=5)))
    monkeypatch.setattr(resampling, "_CELLS", 300)
    parts = list(RowResampler(y, replicates=20, seed=5))
    assert [len(p) for p in parts] == [3, 3, 3, 3, 3, 3, 2]
    assert np.array_equal(np.concatenate(parts), whole)
    assert np.array_equal(RowResampler(y, seed=5).draw(7), whole[7])


def test_without_strata_the_classes_vary() -> None:
    y = np.repeat([1, 0], [50, 50])
    resampler = RowResampler(y, replicates=300, stratified=False)
    hits = np.concatenate(list(resampler))[:, :50].sum(1)
    assert hits.std() == pytest.approx(5, rel=0.15)


def test_clusters_are_drawn_whole() -> None:
    y = np.array([1, 0, 0, 0, 0, 0, 1, 1])
    names = np.array(["a", "a", "b", "b", "c", "c", "d", "d"])
    counts = np.concatenate(list(RowResampler(y, names, 100)))
    for name in "abcd":
        own = counts[:, names == name]
        assert (own == own[:, :1]).all()
    # One mixed, two negative, one positive cluster: each kind keeps its number.
    assert (counts[:, 0] == 1).all()
    assert (counts[:, 6] == 1).all()
    assert (counts[:, 2] + counts[:, 4] == 2).all()


def test_many_equal_one_by_one(cases, monkeypatch) -> None:
    monkeypatch.setattr(resampling, "_CELLS", 2000)
    for y, score, _ in cases(20):
        random = np.random.default_rng(len(y))
        counts = random.integers(0, 3, (7, len(y)))
        z = 6 * score - 3
        pairs = [
            (uncertainty.average_precision_many, metrics.average_precision, score),
            (uncertainty.roc_auc_many, metrics.roc_auc, score),
            (uncertainty.brier_many, metrics.brier, probability(z)),
            (uncertainty.log_loss_many, metrics.log_loss_of_log_odds, z),
        ]
        for many, one, values in pairs:
            expected = [one(y, values, row) for row in counts]
            assert many(y, values, counts) == pytest.approx(expected, nan_ok=True)
        cells = uncertainty.counts_many(y, score, counts, threshold=0.4)
        for at, row in enumerate(counts):
            c = metrics.counts(y, score, row, threshold=0.4)
            assert cells.tp[at] == c.tp
            assert cells.tn[at] == c.tn
            assert cells.fp[at] == c.fp
            assert cells.fn[at] == c.fn


def test_each_row_may_have_its_own_threshold() -> None:
    y, score = np.array([1, 1, 0]), np.array([0.5, 0.5, 0.5])
    ones = np.ones((1, 3))
    cells = uncertainty.counts_many(y, score, ones, threshold=[0.4, 0.6, 0.4])
    assert (cells.tp[0], cells.fn[0], cells.fp[0]) == (1, 1, 1)


def test_pairing_removes_what_two_arms_share() -> None:
    random = np.random.default_rng(0)
    y = np.repeat([1, 0], [30, 300])
    one = random.normal(size=330) + 1.5 * y
    other = one + 0.1 * random.normal(size=330)
    counts = np.concatenate(list(RowResampler(y, replicates=400)))
    a, b = (uncertainty.roc_auc_many(y, s, counts) for s in (one, other))
    assert np.std(a - b) < np.std(a) / 3


def test_arguments_are_checked() -> None:
    with pytest.raises(InputError, match="one per row"):
        RowResampler([0, 1], [1, 2, 3])
    with pytest.raises(InputError, match="replicates"):
        RowResampler([0, 1], replicates=0)
    with pytest.raises(InputError, match="counts of shape"):
        uncertainty.roc_auc_many([0, 1], [0.1, 0.2], [1, 1])
    with pytest.raises(InputError, match="counts of shape"):
        uncertainty.mean_many([0.1, 0.2], [[1, 1, 1]])
