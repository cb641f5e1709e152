# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as sk

from equipoise.errors import InputError
from equipoise.metrics import averaged


@pytest.fixture
def multilabel():
    random = np.random.default_rng(0)
    y = (random.random((150, 4)) < [0.5, 0.2, 0.1, 0.05]).astype(int)
    score = np.clip(random.random((150, 4)) * 0.7 + 0.3 * y, 0, 1)
    return y, score, random.choice([0.5, 1.0, 2.0], 150)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
def test_multilabel_equals_scikit_learn(average, multilabel) -> None:
    y, score, weights = multilabel
    common = {"average": average, "sample_weight": weights}
    pairs = {
        "roc_auc": sk.roc_auc_score(y, score, **common),
        "average_precision": sk.average_precision_score(y, score, **common),
        "f1": sk.f1_score(y, score >= 0.5, **common),
        "recall": sk.recall_score(y, score >= 0.5, **common),
    }
    for name, reference in pairs.items():
        found = averaged(name, y, score, weights, average=average)
        assert found.value.value == pytest.approx(reference), name


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
def test_multiclass_equals_scikit_learn(average) -> None:
    random = np.random.default_rng(1)
    y = random.choice(4, 200, p=[0.6, 0.25, 0.1, 0.05])
    score = random.dirichlet(np.ones(4), 200) + 0.3 * np.eye(4)[y]
    score /= score.sum(1, keepdims=True)
    auc = sk.roc_auc_score(y, score, multi_class="ovr", average=average)
    assert averaged("roc_auc", y, score, average=average).value.value == (
        pytest.approx(auc)
    )
    decided = averaged("f1", y, score, average=average, decide="largest")
    reference = sk.f1_score(y, score.argmax(1), average=average)
    assert decided.value.value == pytest.approx(reference)


def test_empty_labels_are_skipped_and_counted() -> None:
    y = np.array([[1, 0, 1], [0, 0, 1], [1, 0, 0]])
    score = np.array([[0.9, 0.1, 0.8], [0.2, 0.3, 0.9], [0.7, 0.2, 0.1]])
    found = averaged("average_precision", y, score, minimum=2)
    assert found.value.value == 1.0  # not 2/3, as with 0 for the empty label
    assert found.skipped == (1,)
    assert found.too_few == (1,)
    assert found.positives == (2, 0, 2)
    assert not found.classes[1].defined
    assert found.classes[1].reason == "no positives"


def test_all_empty_is_undefined() -> None:
    found = averaged("roc_auc", np.zeros((3, 2)), np.ones((3, 2)))
    assert not found.value.defined
    assert found.skipped == (0, 1)


def test_arguments_are_checked() -> None:
    with pytest.raises(InputError, match="one column of scores per class"):
        averaged("roc_auc", [0, 1], [0.1, 0.2])
    with pytest.raises(InputError, match="integers from 0 to 1"):
        averaged("roc_auc", [0, 2], [[0.1, 0.9], [0.2, 0.8]])
    with pytest.raises(InputError, match="class numbers"):
        averaged("roc_auc", [[0, 1, 1]], [[0.1, 0.9]])
    with pytest.raises(InputError, match="a metric of decisions"):
        averaged("roc_auc", [0, 1], np.eye(2), decide="largest")
    with pytest.raises(InputError, match="average"):
        averaged("roc_auc", [0, 1], np.eye(2), average="samples")
