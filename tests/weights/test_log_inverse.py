# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest

from equipoise.weights.log_inverse import log_inverse_ratios


@pytest.mark.parametrize("totals", [[90, 10], [5, 3, 2], [1, 1, 1, 997]])
def test_ratios_of_the_logs_of_inverse_shares(totals):
    logs = [math.log(sum(totals) / total) for total in totals]
    expected = [log / logs[0] for log in logs]
    assert log_inverse_ratios(totals) == pytest.approx(expected)


def test_the_trap_that_the_docstring_names():
    assert log_inverse_ratios([99, 1])[1] == pytest.approx(458.2, abs=0.1)
