# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import UnsupportedError
from equipoise.sampling import Balanced
from equipoise.synthesis import Neighbours, make_synthesis

X = np.arange(80.0).reshape(40, 2)
LABELS = np.eye(2)[np.arange(40) % 2]


def test_no_neighbours():
    none = Neighbours.none(3, "why")
    assert (none.k, none.of.tolist(), none.notes) == (0, [-1, -1, -1], ("why",))


@pytest.mark.parametrize(
    ("name", "advice", "instead"),
    [
        ("remix", "Use synthesis='mixup'", "mixup"),
        ("smote", "Leave the synthesis out", None),
        ("adasyn", "Leave the synthesis out", None),
    ],
)
def test_a_synthesis_of_classes_refuses_labels_with_advice_that_works(
    name, advice, instead
):
    with pytest.raises(UnsupportedError, match=advice):
        Balanced().over(X, LABELS, synthesis=make_synthesis(name))
    other = None if instead is None else make_synthesis(instead)
    feed = Balanced().over(X, LABELS, batch=8, synthesis=other)
    assert len(list(feed.batches())) == 5
