# SPDX-License-Identifier: Apache-2.0
"""What every function of the package checks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from equipoise.decision.rows import check_rows, check_scores
from equipoise.errors import InputError


def test_rows_count_weights() -> None:
    rows = check_rows([0.0, math.inf, -1.0], [True, False, True], [0.5, 2, 0])
    assert rows.positives == 0.5
    assert rows.negatives == 2
    assert rows.present().score.tolist() == [0.0, math.inf]
    whole = check_rows([1.0], [1])
    assert whole.present() is whole


@pytest.mark.parametrize(
    "call",
    [
        lambda: check_scores(1.0),
        lambda: check_scores([math.nan]),
        lambda: check_rows([1.0], [0.5]),
        lambda: check_rows([1.0], [math.nan]),
        lambda: check_rows([1.0], [1], [1, 2]),
        lambda: check_rows([1.0], [1], [math.inf]),
        lambda: check_rows(np.zeros(2), [1]),
    ],
)
def test_what_cannot_be_used_is_refused(call) -> None:
    with pytest.raises(InputError, match="Accepted"):
        call()
