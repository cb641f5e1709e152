# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.weights import class_weights, example_weights, scheme_names


def test_names_suggest_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'balanced'"):
        class_weights("balansed", 9, 1)


def test_an_option_of_another_scheme_is_refused():
    with pytest.raises(InputError, match="'beta' for weights='capped'"):
        class_weights("capped", 9, 1, beta=0.9)


@pytest.mark.parametrize("name", scheme_names())
def test_example_weights_are_the_class_weights_of_each_row(name):
    labels = np.array([0, 1, 0, 0, 0, 1, 0, 0])
    w0, w1 = class_weights(name, 6, 2)
    found = example_weights(labels, name)
    np.testing.assert_allclose(found, np.array([w0, w1])[labels])
    assert found.mean() == pytest.approx(1)


def test_example_weights_want_zeros_and_ones():
    with pytest.raises(InputError, match="labels that hold"):
        example_weights([0, 1, 2], "balanced")
    with pytest.raises(InputError, match="0 positives"):
        example_weights([0, 0], "balanced")
