# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.weights import (
    class_weights,
    example_weights,
    keras_class_weight,
    scheme_names,
)


def test_names_suggest_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'balanced'"):
        class_weights("balansed", [9, 1])


def test_an_option_of_another_scheme_is_refused():
    with pytest.raises(InputError, match="'beta' for weights='capped'"):
        class_weights("capped", [9, 1], beta=0.9)


@pytest.mark.parametrize("name", scheme_names())
def test_example_weights_are_the_class_weights_of_each_row(name):
    labels = np.array([0, 1, 0, 0, 0, 1, 0, 0])
    w0, w1 = class_weights(name, [6, 2])
    found = example_weights(labels, name)
    np.testing.assert_allclose(found, np.array([w0, w1])[labels])
    assert found.mean() == pytest.approx(1)


@pytest.mark.parametrize("name", [n for n in scheme_names() if n != "fixed"])
def test_several_classes_count_by_their_numbers_alone(name):
    """The order of the classes does not matter, nor which one is the first."""
    totals = np.array([40, 900, 7, 300])
    weights = class_weights(name, totals)
    assert weights @ totals == pytest.approx(totals.sum())
    order = np.array([2, 0, 3, 1])
    np.testing.assert_allclose(class_weights(name, totals[order]), weights[order])
    assert (np.diff(weights[np.argsort(totals)]) <= 1e-12).all()
    if name == "log_inverse":  # its ratios depend on the number of all rows
        return
    for pair in ([900, 40], [40, 900]):  # two classes are a case of several
        two, many = class_weights(name, pair), class_weights(name, [*pair, 900])
        assert many[1] / many[0] == pytest.approx(two[1] / two[0])


def test_balanced_weights_are_n_over_k_n_c():
    np.testing.assert_allclose(
        class_weights("balanced", [50, 30, 20]), [2 / 3, 10 / 9, 5 / 3]
    )


def test_no_class_counts_more_than_the_cap_times_another():
    weights = class_weights("capped", [30, 1000, 1], cap=5.0)
    assert weights.max() / weights.min() == pytest.approx(5.0)


def test_a_fixed_weight_is_of_two_classes():
    with pytest.raises(InputError, match="for 3 classes"):
        class_weights("fixed", [5, 3, 2], positive_weight=2.0)


def test_example_weights_want_classes():
    with pytest.raises(InputError, match="labels that hold"):
        example_weights([0, 2], "balanced")
    with pytest.raises(InputError, match="none of 1"):
        example_weights([0, 2, 3], "balanced")
    with pytest.raises(InputError, match="0 positives"):
        example_weights([0, 0], "balanced")


NAMES = [n for n in scheme_names() if n != "fixed"]


@pytest.mark.parametrize("name", NAMES)
def test_rows_of_several_classes_weigh_what_their_class_does(name):
    labels = np.array([2, 0, 1, 0, 0, 2, 0, 0])
    weights = class_weights(name, [5, 1, 2])
    np.testing.assert_allclose(example_weights(labels, name), weights[labels])
    named = np.array(["x", "y", "z"])[labels]
    np.testing.assert_allclose(example_weights(named, name), weights[labels])
    mixed = example_weights(np.array(labels.tolist(), object), name)
    np.testing.assert_allclose(mixed, weights[labels])
    by_number = keras_class_weight(labels, name)
    assert by_number == dict(enumerate(weights.tolist()))
    assert all(type(key) is int for key in by_number)


@pytest.mark.parametrize("name", NAMES)
def test_each_label_of_a_matrix_is_a_problem_of_its_own(name):
    random = np.random.default_rng(0)
    labels = (random.random((200, 3)) < [0.5, 0.2, 0.03]).astype(float)
    labels[random.random((200, 3)) < 0.1] = np.nan
    weights = example_weights(labels, name)
    assert weights.shape == labels.shape
    for j in range(3):
        known = ~np.isnan(labels[:, j])
        alone = example_weights(labels[known, j], name)
        np.testing.assert_allclose(weights[known, j], alone)
        assert weights[known, j].mean() == pytest.approx(1)
        assert (weights[~known, j] == 0).all()
    masked = example_weights(np.nan_to_num(labels), name, labelled=~np.isnan(labels))
    np.testing.assert_array_equal(masked, weights)
    tasks = np.where(np.isnan(labels), -1, labels).astype(np.int8)
    np.testing.assert_array_equal(example_weights(tasks, name), weights)


def test_constant_and_unknown_labels_of_a_matrix():
    labels = np.array([[1, 0, -1], [1, 1, -1], [1, -1, -1]])
    weights = example_weights(labels, "balanced")
    assert weights.tolist() == [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    assert example_weights([[0], [1], [0]], "balanced").shape == (3, 1)
    with pytest.raises(InputError, match="2 in row 1, column 0"):
        example_weights([[0, 1], [2, 0]], "balanced")
    with pytest.raises(InputError, match="labelled of shape"):
        example_weights([[0, 1], [1, 0]], "balanced", labelled=[True, False])
    with pytest.raises(InputError, match="Leave out the rows"):
        example_weights([0, 1], "balanced", labelled=[True, True])
    with pytest.raises(InputError, match="missing"):
        example_weights(["a", None, "b"], "balanced")


def test_the_largest_share_is_a_cap():
    for totals in ([990, 10], [500, 30, 1]):
        np.testing.assert_allclose(
            class_weights("capped", totals, most=0.9),
            class_weights("capped", totals, cap=9.0),
        )
    w0, w1 = class_weights("capped", [990, 10], most=0.9)
    assert w1 / (w0 + w1) == pytest.approx(0.9)
    for bad in (0.4, 1.0, "much"):
        with pytest.raises((InputError, InputTypeError), match="most="):
            class_weights("capped", [9, 1], most=bad)


def test_weights_by_class():
    totals = {"CYT": 50, "MIT": 30, "POX": 2}
    weights = class_weights("fixed", totals, by_class={"POX": 20})
    np.testing.assert_allclose(weights / weights[0], [1, 1, 20])
    assert weights @ [50, 30, 2] == pytest.approx(82)
    for named in ([1, 1, 20], {2: 20}):
        found = class_weights("fixed", [50, 30, 2], by_class=named)
        np.testing.assert_allclose(found, weights)
    labels = ["CYT"] * 5 + ["POX"] * 2
    found = example_weights(labels, "fixed", by_class={"POX": 3.0})
    assert found[-1] / found[0] == pytest.approx(3)
    with pytest.raises(InputError, match="Did you mean 'POX'"):
        class_weights("fixed", totals, by_class={"POZ": 20})
    for bad in ([1, 2], [1, 2, 0], {"POX": -1}):
        with pytest.raises(InputError):
            class_weights("fixed", totals, by_class=bad)
    with pytest.raises(InputError, match="one of positive_weight"):
        class_weights("fixed", [9, 1], positive_weight=2.0, by_class=[1, 2])


def test_weights_by_costs():
    """A class counts as what its errors cost in all, less what being right costs."""
    costs = np.array([[0.0, 1, 2], [4, 1, 3], [9, 9, 0]])
    weights = class_weights("fixed", [50, 30, 2], costs=costs)
    np.testing.assert_allclose(weights / weights[0], [1, 5 / 3, 6])
    two = class_weights("fixed", [90, 10], costs=[[0, 1], [50, 0]])
    assert two[1] / two[0] == pytest.approx(50)
    with pytest.raises(InputError, match=r"costs of shape \(2, 2\) for 3 classes"):
        class_weights("fixed", [5, 3, 2], costs=[[0, 1], [1, 0]])
    with pytest.raises(InputError, match="the class 1 cost 0 in all"):
        class_weights("fixed", [5, 3], costs=[[0, 1], [0, 0]])


def test_log_inverse_is_the_log_of_the_inverse_share():
    totals = np.array([500, 300, 150, 50])
    weights = class_weights("log_inverse", totals)
    np.testing.assert_allclose(weights / weights[0], np.log(1000 / totals) / np.log(2))
    many, one = class_weights("log_inverse", [10_000_000, 1])
    assert one / many == pytest.approx(np.log(1e7 + 1) * 1e7, rel=1e-6)


def test_weights_of_labels_by_their_totals():
    totals = [[90, 10], [50, 50], [100, 0]]
    weights = class_weights("balanced", totals)
    np.testing.assert_allclose(weights[0], class_weights("balanced", [90, 10]))
    assert weights[1:].tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize(
    "options",
    [
        {"positive_weight": 1e300},
        {"positive_weight": 1e-300},
        {"by_class": [1.0, 1e300]},
        {"by_class": {0: 1e-300}},
        {"costs": [[0, 1e300], [1, 0]]},
        {"costs": [[0, 1.7e308], [1e308, -1e308]]},
    ],
)
@pytest.mark.filterwarnings("error")
def test_weights_that_would_overflow_are_refused(options) -> None:
    with pytest.raises(InputError, match=r"1e-30 to 1e\+30"):
        class_weights("fixed", [90, 10], **options)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scheme", scheme_names())
def test_totals_of_any_size_give_finite_weights(scheme) -> None:
    for totals in ([1e50, 1], [1e-50, 1e50], [1, 1e50]):
        weights = class_weights(scheme, totals)
        assert np.isfinite(weights).all()
        assert (weights > 0).all()
    for totals in ([1e51, 1], [1e-51, 1], [1e300, 1]):
        with pytest.raises(InputError, match=r"from 1e-50 to 1e\+50.*by the largest"):
            class_weights(scheme, totals)
