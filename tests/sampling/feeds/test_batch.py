# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.sampling import Balanced
from equipoise.synthesis import Smote

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 3)).astype(np.float32)
Y = np.array([0] * 50 + [1] * 10)


def test_batches_carry_rows_and_prior():
    feed = Balanced().over(X, Y, weights=np.arange(60), batch=8)
    batches = list(feed.batches(epochs=2))
    assert [(b.epoch, b.step) for b in batches] == [
        (e, s) for e in (0, 1) for s in range(8)
    ]
    for batch in batches:
        np.testing.assert_array_equal(batch.features, X[batch.rows])
        np.testing.assert_array_equal(batch.targets, Y[batch.rows])
        np.testing.assert_array_equal(batch.weights, batch.rows)
        np.testing.assert_array_equal(
            batch.rows, feed.draw(batch.epoch).index[batch.step]
        )
        assert batch.prior.tolist() == pytest.approx([0.5, 0.5])
        assert len(batch.parts()) == 3


def test_provenance_of_made_examples():
    feed = Balanced().over(X, Y, batch=20, synthesis=Smote(neighbours=3))
    for batch in feed.batches():
        share = batch.mix[:, None]
        made = X[batch.rows] + share * (X[batch.partners] - X[batch.rows])
        np.testing.assert_allclose(batch.features, made, atol=1e-6)
        assert (Y[batch.partners] == Y[batch.rows]).all()
    assert feed.correction().kind == "calibrate"


def test_two_parts_without_weights():
    batch = next(Balanced().over({"a": X, "b": Y}, Y, batch=8).batches())
    features, _ = batch.parts()
    np.testing.assert_array_equal(features["a"], X[batch.rows])
    np.testing.assert_array_equal(features["b"], Y[batch.rows])
    assert batch.weights is batch.partners is batch.mix is None
