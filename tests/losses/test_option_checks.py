# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.losses.option_checks import check_options, positive_numbers


def test_numbers_are_checked_and_those_of_arrays():
    check_options("focal", gamma=np.array([0.0, 2.0]), alpha=None)
    for wrong in ([1.0, -1.0], [np.nan, 1.0], [1.0, np.inf]):
        with pytest.raises(InputError, match="gamma"):
            check_options("focal", gamma=np.array(wrong))
    with pytest.raises(InputError, match="gamma=-1"):
        check_options("focal", gamma=-1.0)
    with pytest.raises(InputError, match=r"gamma=np\.float32\(nan\)"):
        check_options("focal", gamma=np.float32("nan"))
    with pytest.raises(InputError, match="prior=1"):
        check_options("logit_adjusted", prior=1.0)
    with pytest.raises(InputTypeError, match="margin=None"):
        check_options("pairwise_auc", margin=None)


@pytest.mark.parametrize("values", [(0.7, 0.2, 0.1), [2, 5], np.array([1e-300, 1e300])])
def test_a_number_above_0_for_each_class(values):
    assert positive_numbers(values, "prior") == [float(value) for value in values]


@pytest.mark.parametrize(
    "values",
    [
        0.5,
        [[0.5, 0.5]],
        [0.5, 0.0],
        [0.5, -0.1],
        [0.5, np.inf],
        [0.5, np.nan],
        ["0.5", "0.5"],
        [True, True],
        None,
    ],
)
def test_other_values_are_no_numbers_for_classes(values):
    with pytest.raises(InputError, match=r"prior=.*one finite number above 0"):
        positive_numbers(values, "prior")
