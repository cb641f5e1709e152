# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from equipoise.strategies import Strategy


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ({}, "plain"),
        ({"learner": "trees"}, "trees"),
        ({"learner": "trees", "weights": "sqrt"}, "trees+sqrt"),
        ({"sampling": "oversample", "synthesis": "smote"}, "oversample+smote"),
        ({"plan": "bagging", "loss": "focal"}, "bagging+focal"),
    ],
)
def test_names_are_derived(parts, name):
    assert Strategy(**parts).name == name


def test_the_description_has_the_numbers():
    strategy = Strategy(
        sampling="rate",
        weights="fixed",
        loss="focal",
        options={"rate": 0.2, "positive_weight": 4, "gamma": 1.5},
    )
    text = strategy.describe([900, 100])
    for part in ("0.2 of every batch", "4 times", "4 to 1", "gamma 1.5", "-2.197"):
        assert part in text


def test_a_learning_rate_is_told_and_kept():
    strategy = Strategy("slow", weights="sqrt", options={"learning_rate": 3e-4})
    assert "the cross-entropy at a learning rate of 0.0003;" in strategy.describe()
    assert Strategy.from_dict(strategy.to_dict()) == strategy
    assert strategy.to_dict()["options"] == {"learning_rate": 3e-4}
    assert Strategy().option("learning_rate") is None
    assert "rate" not in Strategy().describe()


def test_a_calibrator_is_announced():
    text = Strategy(sampling="balanced", loss="pairwise_auc").describe()
    assert "need a calibrator" in text
