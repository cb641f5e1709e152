# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.sampling import SquareRoot, make_sampler


@pytest.mark.parametrize("totals", [(81, 9), (400, 100, 25, 1), (5, 0, 20)])
def test_shares_go_with_the_square_root(totals):
    shares = SquareRoot().prior(totals)
    expected = np.sqrt(totals) / np.sqrt(totals).sum()
    np.testing.assert_allclose(shares, expected, atol=1e-6)
    assert ((shares == 0) == (np.array(totals) == 0)).all()


def test_each_batch_has_its_share():
    labels = np.repeat([0, 1, 2], [400, 100, 25])
    draw = make_sampler("sqrt").draw(labels, batch=35, steps=30, seed=0, epoch=0)
    counts = np.stack([np.bincount(rows, minlength=3) for rows in labels[draw.index]])
    assert np.abs(counts - [20, 10, 5]).max() <= 2


def test_a_class_of_one_among_millions_is_drawn():
    assert min(SquareRoot().quotas([10**9, 1])) > 0
