# SPDX-License-Identifier: Apache-2.0
"""Labels and probabilities in the forms that scikit-learn has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

import equipoise as eq
from equipoise.errors import InputError
from equipoise.verbs.evaluate_arrays import binary_arrays

X = np.random.default_rng(0).normal(size=(120, 2))
Y = (X[:, 0] + np.random.default_rng(1).normal(size=120) > 1).astype(int)
WORDS = np.where(Y == 1, "bad", "well")


@pytest.mark.parametrize("y", [Y, Y.astype(bool), pd.Series(Y), Y[:, None], Y.tolist()])
def test_the_columns_of_scikit_learn(y: Any) -> None:
    p = LogisticRegression().fit(X, Y).predict_proba(X)
    made = eq.evaluate(y, p)
    assert made["average_precision"].value == pytest.approx(
        average_precision_score(Y, p[:, 1])
    )
    assert made["average_precision"] == eq.evaluate(Y, p[:, 1])["average_precision"]
    assert any("Column 2" in note for note in made.notes)
    assert eq.evaluate(y, pd.DataFrame(p))["brier"] == made["brier"]
    assert eq.evaluate(Y, p[:, [1]])["brier"] == made["brier"]


def test_labels_that_are_words() -> None:
    fitted = LogisticRegression().fit(X, WORDS)
    p = fitted.predict_proba(X)  # columns: bad, well
    made = eq.evaluate(WORDS, p, positive="bad")
    assert made.positives == int(Y.sum())
    assert made["average_precision"].value == pytest.approx(
        average_precision_score(Y, p[:, 0])
    )
    turned = eq.evaluate(WORDS, p[:, ::-1], classes=["well", "bad"])
    assert turned["average_precision"] == made["average_precision"]
    one = eq.evaluate(WORDS, p[:, 0], positive="bad")
    assert one["average_precision"] == made["average_precision"]


def test_a_model_of_ours_says_which_column_is_which() -> None:
    model = eq.fit(X, WORDS, strategy="logistic", folds=2, repeats=1)
    p = model.predict_proba(X)
    made = eq.evaluate(WORDS, p, classes=model.label_values)
    assert made.positives == int(Y.sum())


@pytest.mark.parametrize(
    ("y", "p", "options", "match"),
    [
        (WORDS, np.full(120, 0.5), {}, "positive='well'"),
        (WORDS, np.full((120, 2), 0.5), {"positive": "x"}, "one of 'bad' and 'well'"),
        (WORDS, np.full((120, 2), 0.5), {"classes": ["a", "b"]}, "none of the classes"),
        (np.zeros(120) + 3, np.full((120, 2), 0.5), {}, "1 classes"),
        (Y, np.full((120, 2), 0.4), {}, "sum to 0.8 in row 0"),
    ],
)
def test_what_does_not_tell(
    y: Any, p: Any, options: dict[str, Any], match: str
) -> None:
    with pytest.raises(InputError, match=match):
        binary_arrays(y, p, **options)


def test_random_state_is_seed() -> None:
    p = np.clip(0.5 + X[:, 0] / 9, 0.01, 0.99)
    assert (
        eq.evaluate(Y, p, random_state=3)["brier"] == eq.evaluate(Y, p, seed=3)["brier"]
    )
    with pytest.raises(InputError, match="two names"):
        eq.evaluate(Y, p, seed=2, random_state=3)


def test_columns_of_a_frame_are_found_by_their_names() -> None:
    p = LogisticRegression().fit(X, WORDS).predict_proba(X)  # columns: bad, well
    made = eq.evaluate(WORDS, p, positive="bad")
    frame = pd.DataFrame(p[:, ::-1], columns=["well", "bad"])
    named = eq.evaluate(WORDS, frame, positive="bad")
    assert named["average_precision"] == made["average_precision"]
    assert any("Column 2" in note and "'bad'" in note for note in named.notes)
    numbers = pd.DataFrame(p, columns=[1, 0])
    assert eq.evaluate(Y, numbers)["brier"] == eq.evaluate(Y, p[:, 0])["brier"]


@pytest.mark.parametrize("options", [{}, {"positive": "b"}, {"classes": ["a", "b"]}])
def test_rows_without_a_label_are_refused(options) -> None:
    labels = np.array(["a", None, "b"], object)
    with pytest.raises(InputError, match=r"1 labels that are missing \(row 1\)"):
        binary_arrays(labels, [0.1, 0.2, 0.3], **options)


def test_labels_of_several_types_are_three_classes() -> None:
    labels = np.array(["a", 1, "b"], object)
    with pytest.raises(InputError, match="3 classes"):
        binary_arrays(labels, [0.1, 0.2, 0.3], positive="b")


def test_the_positive_class_is_spelled_as_in_a_table() -> None:
    for positive in ("YES", " yes", "yes"):
        y, _, _ = binary_arrays(["no", "yes"], [0.1, 0.9], positive=positive)
        assert y.tolist() == [0, 1]
    y, _, _ = binary_arrays(["1", "2"], [0.1, 0.9], positive=2.0)
    assert y.tolist() == [0, 1]
