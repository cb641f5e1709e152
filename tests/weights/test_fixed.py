# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.weights.schemes import class_weights


def test_the_ratio_of_the_normalised_weights_is_as_named():
    w0, w1 = class_weights("fixed", [970, 30], positive_weight=7.5)
    assert w1 / w0 == pytest.approx(7.5)


@pytest.mark.parametrize(
    ("bad", "error"), [(0, InputError), (-1, InputError), ("3", InputTypeError)]
)
def test_bad_weights_are_refused(bad, error):
    with pytest.raises(error, match="positive_weight"):
        class_weights("fixed", [9, 1], positive_weight=bad)
