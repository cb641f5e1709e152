# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.metrics import average_precision, brier, roc_auc
from equipoise.metrics.inputs import checked, labels, probabilities


@pytest.mark.parametrize(
    "y", [[0, 1], [False, True], [0.0, 1.0], np.array([0, 1], np.uint8)]
)
def test_label_types_agree(y) -> None:
    assert labels(y).tolist() == [False, True]
    assert roc_auc(y, [0.1, 0.2]) == 1.0


@pytest.mark.parametrize("y", [[0, 2], [-1, 1], [0.5, 1], [np.nan, 1]])
def test_other_labels_are_refused(y) -> None:
    with pytest.raises(InputError, match="Code the rare class as 1"):
        labels(y)


def test_shapes_and_values_are_checked() -> None:
    with pytest.raises(InputError, match="shape"):
        checked([0, 1], [0.1, 0.2, 0.3])
    with pytest.raises(InputError, match="weights of shape"):
        checked([0, 1], [0.1, 0.2], [1.0])
    with pytest.raises(InputError, match="negative or not finite"):
        checked([0, 1], [0.1, 0.2], [1.0, -1.0])
    with pytest.raises(InputError, match="not a number"):
        average_precision([0, 1], [0.1, np.nan])
    with pytest.raises(InputError, match="averaged"):
        checked([[0, 1]], [[0.1, 0.2]])


def test_log_odds_are_not_taken_for_probabilities() -> None:
    with pytest.raises(InputError, match="For log-odds use"):
        brier([0, 1], [-3.0, 2.0])
    assert probabilities(np.array([0.0, 1.0])).tolist() == [0.0, 1.0]


def test_infinite_scores_rank() -> None:
    y, score = [0, 1, 1, 0], [-np.inf, np.inf, np.inf, 0.0]
    assert roc_auc(y, score) == 1.0
    assert average_precision(y, score) == 1.0
