# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from equipoise.errors import InputError
from equipoise.uncertainty import (
    Ladder,
    RowResampler,
    average_precision_many,
    bootstrap_ranking,
    roc_auc_many,
)
from equipoise.uncertainty import (
    ranking_bootstrap as bootstrap,
)


@pytest.mark.parametrize("decimals", [1, 6])
@pytest.mark.parametrize("share", [0.5, 0.05])
def test_the_same_distribution_as_drawing_rows(decimals, share) -> None:
    random = np.random.default_rng(0)
    y = (random.random(300) < share).astype(int)
    score = np.round(random.normal(size=300) + y, decimals)
    fast = bootstrap_ranking(y, score, replicates=3000, seed=1)
    counts = np.concatenate(list(RowResampler(y, replicates=3000, seed=2)))
    for ours, reference in (
        (fast.average_precision, average_precision_many(y, score, counts)),
        (fast.roc_auc, roc_auc_many(y, score, counts)),
    ):
        assert stats.ks_2samp(ours, reference).pvalue > 1e-3


def test_one_seed_gives_one_result() -> None:
    y, score = [0, 1, 0, 1, 1, 0], [1, 2, 3, 4, 4, 4]
    first = bootstrap_ranking(y, score, replicates=50, seed=3)
    again = bootstrap_ranking(y, score, replicates=50, seed=3)
    other = bootstrap_ranking(y, score, replicates=50, seed=4)
    assert first.roc_auc.tolist() == again.roc_auc.tolist()
    assert first.average_precision.tolist() == again.average_precision.tolist()
    assert first.roc_auc.tolist() != other.roc_auc.tolist()


def test_chunks_join(monkeypatch) -> None:
    from equipoise.uncertainty import ranking_bootstrap as bootstrap

    monkeypatch.setattr(bootstrap, "_CELLS", 40)
    random = np.random.default_rng(1)
    y, score = random.integers(0, 2, 40), random.random(40)
    found = bootstrap_ranking(y, score, replicates=31)
    assert found.roc_auc.shape == found.average_precision.shape == (31,)
    assert len(set(found.roc_auc.tolist())) > 25


def test_the_ladder_holds_every_row(cases) -> None:
    for y, score, _ in cases(40):
        ladder = Ladder.of(y, score)
        assert ladder.positives.sum() == y.sum()
        held = ladder.tied.sum() + ladder.above.sum() + ladder.below
        assert held == (1 - y).sum()


def test_a_missing_class_is_nan() -> None:
    nothing = bootstrap_ranking([0, 0], [0.1, 0.2], replicates=5)
    assert np.isnan(nothing.average_precision).all()
    only = bootstrap_ranking([1, 1], [0.1, 0.2], replicates=5)
    assert only.average_precision.tolist() == [1.0] * 5
    assert np.isnan(only.roc_auc).all()


def test_replicates_are_checked() -> None:
    with pytest.raises(InputError, match="replicates"):
        bootstrap_ranking([0, 1], [0.1, 0.2], replicates=0)


def test_memory_is_bounded_where_many_positives_are_tied(monkeypatch) -> None:
    # Few groups of many rows: what is drawn row by row sets the size of a chunk.
    monkeypatch.setattr(bootstrap, "_CELLS", 4000)
    y, score = (
        np.repeat([1, 1, 0], [500, 500, 50]),
        np.repeat([2, 1, 1], [500, 500, 50]),
    )
    ladder = Ladder.of(y, score)
    sizes = [len(tp) for tp, _, _ in bootstrap._samples(ladder, 50, 30, 0)]
    assert sum(sizes) == 30
    assert max(sizes) * 1000 <= 4000
