# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest

from equipoise.strategies import Strategy
from equipoise.strategies.catalogue import catalogue


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


def test_rows_that_are_drawn_once_are_not_called_batches():
    cases = {
        ("undersample", "binary"): "on rows drawn once, with negatives cut to 1 per",
        ("rate", "binary"): "on rows drawn once, with 0.25 of the rows positive",
        ("rate", "multiclass"): "with 0.25 of the rows of other classes than the",
    }
    for (sampling, kind), words in cases.items():
        totals = [900, 100] if kind == "binary" else [900, 100, 50]
        text = Strategy(learner="trees", sampling=sampling).describe(totals)
        assert "batch" not in text
        assert "pass" not in text
        assert words in text, text
    made = Strategy(learner="trees", sampling="oversample", synthesis="smote")
    assert "repeats of positives replaced" in made.describe()
    assert "need a calibrator" in made.describe()
    assert (
        Strategy(learner="trees")
        .describe()
        .startswith("Gradient-boosted trees on all rows, minimising")
    )


# ---- several classes and labels


@pytest.mark.parametrize("totals", [[700, 200, 40], [[900, 40], [500, 300]]])
@pytest.mark.parametrize("strategy", catalogue().values(), ids=lambda s: s.name)
def test_a_description_of_classes_or_labels_speaks_of_them(strategy, totals):
    if strategy.learner in ("isolation_forest", "autoencoder", "deep_sad", "dev_net"):
        assert "multiclass" not in strategy.parts.learner.tasks
        return  # detectors know two classes
    text = strategy.describe(totals)
    pairs = "all pairs of a positive and a negative"  # of each class against the rest
    words = text.replace(pairs, "").replace("each label's positives", "")
    # Terms of the ranking of a class against the rest, or of a label.
    words = re.sub("(false|true) (positive|negative)( rate)?", "", words)
    assert "positive" not in words
    assert "negative" not in words
    assert text.endswith(".")


@pytest.mark.parametrize(
    ("recipe", "totals", "parts"),
    [
        (
            {"weights": "balanced", "sampling": "sqrt"},
            [700, 0, 70],
            ["N / (K n_c) (here up to 10 to 1)", "shift of each class's logit"],
        ),
        (
            {"weights": "balanced"},
            [[900, 100], [500, 500]],
            [
                "each label's positives weighted",
                "(here up to 9 to 1)",
                "each label's l",
            ],
        ),
        (
            {"sampling": "balanced"},
            [[900, 100], [500, 500]],
            [
                "each row weighs 1 / the rate at which it is drawn; scores return",
                "as t",
            ],
        ),
        ({"learner": "prior"}, [5, 3, 2], ["The share of each class as everyone's"]),
        (
            {"learner": "extra_trees"},
            [5, 3, 2],
            ["drawn towards each class's share"],
        ),
    ],
)
def test_the_description_of_classes_or_labels(recipe, totals, parts):
    text = Strategy(**recipe).describe(totals)
    for part in parts:
        assert part in text
