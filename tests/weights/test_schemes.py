# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.weights import class_weights, example_weights, scheme_names


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


def test_example_weights_want_zeros_and_ones():
    with pytest.raises(InputError, match="labels that hold"):
        example_weights([0, 1, 2], "balanced")
    with pytest.raises(InputError, match="0 positives"):
        example_weights([0, 0], "balanced")
