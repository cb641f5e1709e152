# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from equipoise import metrics
from equipoise.metrics import decisions, threshold


def test_every_definition_has_its_twin() -> None:
    defined = {
        name
        for name, value in vars(threshold).items()
        if callable(value)
        and getattr(value, "__module__", "") == threshold.__name__
        and not name.startswith("_")
    }
    assert defined
    for name in defined:
        twin = getattr(decisions, name)
        assert twin.__name__ == name
        assert "threshold" in twin.__doc__
        assert getattr(metrics, name) is twin


def test_the_threshold_itself_is_flagged() -> None:
    assert metrics.recall([1, 1], [0.5, 0.4], threshold=0.5) == 0.5
    assert metrics.flag_rate([1, 1], [0.5, 0.4]) == 0.5


def test_weight_k_is_k_copies() -> None:
    random = np.random.default_rng(3)
    y, score = random.integers(0, 2, 40), random.random(40)
    times = random.integers(0, 4, 40)
    copies = np.repeat(np.arange(40), times)
    for name in ("recall", "precision", "mcc", "kappa", "f1", "cost", "g_mean"):
        function = getattr(metrics, name)
        once, many = function(y, score, times), function(y[copies], score[copies])
        assert np.isclose(once, many)
