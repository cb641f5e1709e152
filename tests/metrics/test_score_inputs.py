"""Checks of labels, probabilities and scores."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.metrics.score_inputs import (
    check_labels,
    check_log_odds,
    check_probability,
)


@pytest.mark.parametrize("y", [[0, 1], [False, True], [0.0, 1.0], np.int8([0, 1])])
def test_all_forms_of_labels_are_booleans(y) -> None:
    assert check_labels(y).tolist() == [False, True]


def test_infinite_log_odds_pass_and_nan_do_not() -> None:
    z = check_log_odds([-np.inf, np.inf], (2,), "plain")
    assert np.isinf(z).all()
    with pytest.raises(InputError, match="'plain' that are not a number"):
        check_log_odds([0.0, np.nan], (2,), "plain")
    with pytest.raises(InputError, match="shape"):
        check_log_odds([0.0], (2,), "plain")


def test_the_ends_are_probabilities() -> None:
    assert check_probability([0, 1], 2).dtype == np.float64


def test_labels_that_are_words_are_told_how_to_become_numbers() -> None:
    words = ["no", "yes", "no"]
    with pytest.raises(InputTypeError, match=r"numpy\.asarray\(y\) == 'yes'"):
        check_labels(words)
    assert check_labels(np.asarray(words) == "yes").tolist() == [False, True, False]
