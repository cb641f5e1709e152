# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.sampling import Balanced

LABELS = np.repeat([0, 1], [300, 7])


@pytest.mark.parametrize("batch", [1, 2, 7, 32, 33])
def test_half_of_every_batch_is_positive(batch):
    draw = Balanced().draw(LABELS, batch=batch, steps=40, seed=0, epoch=3)
    per_batch = draw.targets(LABELS).sum(axis=1)
    assert np.abs(per_batch - batch / 2).max() <= 0.5
    assert per_batch.sum() == 40 * batch / 2


def test_every_share_of_a_batch_is_balanced_too():
    """So that devices which split a batch get both classes each."""
    draw = Balanced().draw(LABELS, batch=64, steps=5, seed=0, epoch=0)
    quarters = draw.targets(LABELS).reshape(5, 4, 16)
    assert (quarters.sum(axis=2) == 8).all()


def test_positives_are_repeated_evenly():
    draw = Balanced().draw(LABELS, batch=100, steps=14, seed=0, epoch=0)
    counts = np.bincount(draw.index.ravel(), minlength=307)
    assert counts[300:].tolist() == [100] * 7
    assert set(counts[:300].tolist()) == {2, 3}
