# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.metrics import average_precision, brier, log_loss, roc_auc
from equipoise.metrics.inputs import (
    binary_labels,
    check_columns,
    check_labels,
    check_log_odds,
    check_probability,
    check_row_weights,
    check_unit_interval,
)


@pytest.mark.parametrize(
    "y", [[0, 1], [False, True], [0.0, 1.0], np.array([0, 1], np.uint8)]
)
def test_label_types_agree(y) -> None:
    assert binary_labels(y).tolist() == [False, True]
    assert roc_auc(y, [0.1, 0.2]) == 1.0


@pytest.mark.parametrize("y", [[0, 2], [-1, 1], [0.5, 1], [1, 2]])
def test_other_labels_are_refused(y) -> None:
    with pytest.raises(InputError, match="Code the rare class as 1"):
        binary_labels(y)


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
        binary_labels(y)
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
        binary_labels([1, 2, 2])
    with pytest.raises(InputTypeError, match="not numbers"):
        binary_labels(["no", "yes"])


def test_shapes_and_values_are_checked() -> None:
    with pytest.raises(InputError, match="shape"):
        check_columns([0, 1], [0.1, 0.2, 0.3])
    with pytest.raises(InputError, match="weights of shape"):
        check_columns([0, 1], [0.1, 0.2], [1.0])
    with pytest.raises(InputError, match="negative or not finite"):
        check_columns([0, 1], [0.1, 0.2], [1.0, -1.0])
    with pytest.raises(InputError, match="not a number"):
        average_precision([0, 1], [0.1, np.nan])
    with pytest.raises(InputError, match="averaged"):
        check_columns([[0, 1]], [[0.1, 0.2]])


def test_log_odds_are_not_taken_for_probabilities() -> None:
    with pytest.raises(InputError, match="For log-odds use"):
        brier([0, 1], [-3.0, 2.0])
    assert check_unit_interval(np.array([0.0, 1.0])).tolist() == [0.0, 1.0]


def test_what_rounding_has_put_outside_is_moved_back() -> None:
    p = check_unit_interval(np.array([-1e-9, 0.5, 1 + 1e-7]))
    assert p.tolist() == [0.0, 0.5, 1.0]
    with pytest.raises(InputError, match=r"to 1\.00001\."):
        check_unit_interval(np.array([0.0, 1 + 1e-5]))


def test_infinite_scores_rank() -> None:
    y, score = [0, 1, 1, 0], [-np.inf, np.inf, np.inf, 0.0]
    assert roc_auc(y, score) == 1.0
    assert average_precision(y, score) == 1.0


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


def test_labels_of_one_class_pass_and_none_at_all_do_not() -> None:
    assert check_labels([1, 1, 1]).all()
    assert not check_labels([0, 0]).any()
    with pytest.raises(InputError, match=r"labels of shape \(0,\)"):
        check_labels([])
    with pytest.raises(InputError, match=r"Pass y\[:, 0\]"):
        check_labels([[0], [1]])


def test_weights_may_be_zero_unless_some_must_count() -> None:
    assert check_row_weights([0, 0], (2,)).tolist() == [0, 0]
    with pytest.raises(InputError, match="all zero"):
        check_row_weights([0, 0], (2,), some=True)


def test_percentages_are_told_from_log_odds() -> None:
    with pytest.raises(InputError, match="divide them by 100"):
        check_probability([10, 90], 2)
    with pytest.raises(InputError, match="For log-odds use"):
        check_probability([-1, 2], 2)


@pytest.mark.parametrize("y", [np.array([0, 1j]), [[0], [1, 0]]])
@pytest.mark.parametrize("check", [binary_labels, check_labels])
def test_labels_of_no_real_numbers_are_refused(y, check) -> None:
    with pytest.raises(InputTypeError, match="Received labels"):
        check(y)


def test_complex_scores_are_refused_not_cut() -> None:
    with pytest.raises(InputTypeError, match="complex128"):
        roc_auc([0, 1], np.array([1j, 2]))


@pytest.mark.parametrize("scale", [1e300, 1.7e308, 1e31, 1e-101, 1e-300])
@pytest.mark.filterwarnings("error")
def test_weights_whose_sums_would_overflow_are_refused(scale: float) -> None:
    with pytest.raises(InputError, match=r"1e-30 to 1e\+30.*divide|1e-100.*divide"):
        check_row_weights([scale, 0.0], (2,))
    # the advice
    weights = np.array([scale, 0.0])
    assert check_row_weights(weights / weights.max(), (2,)).tolist() == [1.0, 0.0]


def test_weights_of_training_are_read_at_32_bits() -> None:
    assert check_row_weights([1e-90, 0.0], (2,)).tolist() == [1e-90, 0.0]
    with pytest.raises(InputError, match=r"1e-90.*from 1e-30 to 1e\+30.*divide"):
        check_row_weights([1e-90, 0.0], (2,), some=True)
    # the advice
    assert check_row_weights([1.0, 0.0], (2,), some=True).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("scale", [1e30, 1e-30, 1e-99])
@pytest.mark.filterwarnings("error")
def test_metrics_are_the_same_at_the_largest_and_smallest_weights(scale: float) -> None:
    y, p = np.array([0, 1, 0, 1, 1]), np.array([0.1, 0.6, 0.7, 0.9, 0.2])
    weights = np.array([0.5, 1.0, 0.25, 0.5, 0.125])
    for metric in (roc_auc, average_precision, brier, log_loss):
        assert metric(y, p, weights * scale) == pytest.approx(metric(y, p, weights))


@pytest.mark.parametrize("metric", [roc_auc, average_precision, brier, log_loss])
def test_the_column_that_is_meant_is_named(metric) -> None:
    y, p = [0, 1, 1], np.array([0.1, 0.6, 0.7])
    with pytest.raises(InputError, match=r"shape \(3, 1\).*Pass score\[:, 0\]"):
        metric(y, p[:, None])
    with pytest.raises(InputError, match=r"shape \(3, 2\).*column, score\[:, 1\]"):
        metric(y, np.stack([1 - p, p], axis=1))
    with pytest.raises(InputError, match=r"labels of shape \(3, 1\).*Pass y\[:, 0\]"):
        metric(np.array(y)[:, None], p)


@pytest.mark.parametrize(
    "y", [["a", "b", "a"], np.array(["a", "b", "a"], object), pd.Categorical([*"aba"])]
)
def test_labels_that_are_names_are_named(y) -> None:
    with pytest.raises(InputTypeError, match=r"pass numpy.asarray.y. == 'b'"):
        roc_auc(y, [0.1, 0.9, 0.2])
    assert roc_auc(np.asarray(y) == "b", [0.1, 0.9, 0.2]) == 1.0


def test_rows_without_a_score_are_named() -> None:
    with pytest.raises(InputError, match=r"\(rows 0, 2\).*infinities.*Leave out these"):
        roc_auc([0, 1, 1], [np.nan, 0.5, np.nan])
    with pytest.raises(InputError, match="Accepted: numbers from 0 to 1"):
        check_probability([np.nan, 0.5], 2)


def test_weights_whose_squares_would_vanish_are_refused() -> None:
    with pytest.raises(InputError, match=r"some are 1e-200.*from 1e-100.*Pass 0"):
        check_row_weights([1e-200, 1.0, 0.0], (3,))
    assert check_row_weights([0.0, 1.0, 0.0], (3,)).tolist() == [0.0, 1.0, 0.0]
    assert check_row_weights([1e-100, 1.0, 0.0], (3,)).tolist() == [1e-100, 1.0, 0.0]


@pytest.mark.parametrize("y", [[np.inf, -np.inf], [0, np.inf], [0.5, 1.5]])
def test_labels_that_are_scores_are_refused(y) -> None:
    with pytest.raises(InputError, match=r"Code the rare class as 1\.$"):
        binary_labels(y)
