"""Small trials that the tests of this folder share."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.evaluation import CrossValidated, cross_validated


@pytest.fixture(scope="session")
def results() -> CrossValidated:
    """Five repeats on 300 rows: one arm better than plain, one equal, one worse."""
    random = np.random.default_rng(0)
    y = np.repeat([0, 1], [240, 60])
    folds = np.stack([random.permutation(300) % 5 for _ in range(5)])
    signal = random.standard_normal(300)
    scores = {
        "plain": signal + 1.0 * y + 0.3 * random.standard_normal(folds.shape) - 2,
        "better": signal + 3.0 * y + 0.3 * random.standard_normal(folds.shape) - 2,
        "same": signal + 1.0 * y + 0.3 * random.standard_normal(folds.shape) - 2,
        "prior": np.zeros(folds.shape),
    }
    return cross_validated(y, scores, folds, replicates=200)
