# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from equipoise.weights.balanced import balanced_ratios
from equipoise.weights.schemes import class_weights


@pytest.mark.parametrize("counts", [(900, 100), (17, 3), (5, 50)])
def test_against_scikit_learn(counts):
    labels = np.repeat([0, 1], counts)
    expected = compute_class_weight("balanced", classes=np.array([0, 1]), y=labels)
    np.testing.assert_allclose(class_weights("balanced", counts), expected)


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_both_classes_count_the_same_in_total(n0, n1):
    assert n1 * balanced_ratios([n0, n1])[1] == pytest.approx(n0)
