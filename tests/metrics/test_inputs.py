# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.metrics import average_precision, brier, roc_auc
from equipoise.metrics.inputs import checked, labels, probabilities


@pytest.mark.parametrize(
    "y", [[0, 1], [False, True], [0.0, 1.0], np.array([0, 1], np.uint8)]
)
def test_label_types_agree(y) -> None:
    assert labels(y).tolist() == [False, True]
    assert roc_auc(y, [0.1, 0.2]) == 1.0


@pytest.mark.parametrize("y", [[0, 2], [-1, 1], [0.5, 1], [1, 2]])
def test_other_labels_are_refused(y) -> None:
    with pytest.raises(InputError, match="Code the rare class as 1"):
        labels(y)


@pytest.mark.parametrize(
    "y",
    [
        np.ma.array([0, 1, 1], mask=[False, False, True]),
        np.array([0, 1, np.nan]),
        [0, 1, None],
        pd.Series([0, 1, None], dtype="Int8"),
        pd.Series([False, True, None], dtype="boolean"),
        pd.Series([0, 1, None], dtype="object"),
    ],
)
def test_a_hidden_or_missing_label_is_never_counted(y) -> None:
    with pytest.raises(InputError, match="row 2"):
        labels(y)
    with pytest.raises(InputError, match="row 2"):
        roc_auc(y, [0.1, 0.2, 0.3])


HIDDEN = np.ma.array([0.5, 0.5, 0.7], mask=[False, False, True])


def test_hidden_scores_and_weights_are_never_counted() -> None:
    y = [0, 1, 1]
    for given in ((y, HIDDEN), (y, y, HIDDEN)):
        with pytest.raises(InputError, match="masked"):
            average_precision(*given)
    missing = pd.Series([0.1, 0.2, None], dtype="Float64")
    with pytest.raises(InputError, match="not a number"):
        average_precision(y, missing)
    with pytest.raises(InputError, match="not finite"):
        average_precision(y, y, missing)


def test_a_mask_that_hides_nothing_is_no_mask() -> None:
    y = np.ma.array([0, 1, 1], mask=[False] * 3)
    score = np.ma.array([0.1, 0.4, 0.2])
    assert roc_auc(y, score, np.ma.array([1.0, 1.0, 2.0])) == 1.0


def test_what_to_do_with_other_labels() -> None:
    with pytest.raises(InputError, match="if 2 is the positive class, pass y == 2"):
        labels([1, 2, 2])
    with pytest.raises(InputTypeError, match="no numbers"):
        labels(["no", "yes"])


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
