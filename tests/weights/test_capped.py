# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from equipoise.errors import InputError
from equipoise.weights.capped import capped_ratios
from equipoise.weights.schemes import class_weights


@pytest.mark.parametrize(
    ("counts", "cap", "expected"),
    [((40, 10), 10, 4), ((990, 10), 10, 10), ((10, 990), 10, 0.1), ((9, 1), 1, 1)],
)
def test_inverse_frequency_within_the_cap(counts, cap, expected):
    assert capped_ratios(counts, cap=cap)[1] == pytest.approx(expected)


def test_a_cap_below_one_is_refused():
    with pytest.raises(InputError, match=r"cap=0\.5"):
        class_weights("capped", [9, 1], cap=0.5)
