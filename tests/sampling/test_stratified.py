# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.sampling import Stratified


@pytest.mark.parametrize(("n0", "n1", "batch"), [(90, 10, 20), (97, 3, 16), (8, 5, 4)])
def test_exact_shares_and_each_row_once_per_pass(n0, n1, batch):
    labels = np.repeat([0, 1], [n0, n1])
    rows = n0 + n1
    draw = Stratified().draw(labels, batch=batch, steps=rows, seed=0, epoch=0)
    per_batch = draw.targets(labels).sum(axis=1)
    assert np.abs(per_batch - batch * n1 / rows).max() < 1
    for one in draw.index.ravel().reshape(batch, rows):
        assert sorted(one.tolist()) == list(range(rows))


def test_every_batch_has_a_positive_where_the_share_allows_one():
    """At 1 % positives, natural batches of 256 have none 8 times in 100."""
    labels = np.repeat([0, 1], [9_900, 100])
    draw = Stratified().draw(labels, batch=256, steps=200, seed=0, epoch=0)
    assert set(draw.targets(labels).sum(axis=1).tolist()) == {2.0, 3.0}
    without_any = 0.99**256
    assert without_any == pytest.approx(0.076, abs=1e-3)
