# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from equipoise.diagnosis.checks.misleading_metric import CHECK

Make = Callable[..., Any]


def test_a_rare_class_fires(noise: Make, run: Make) -> None:
    found = run(CHECK, noise(1000, 20))
    assert found.severity == "info"
    assert found.evidence["constant_accuracy"] == pytest.approx(0.98)
    # Bayes: .02 * .9 / (.02 * .9 + .98 * .1).
    assert found.evidence["able_precision"] == pytest.approx(0.018 / 0.116)


@pytest.mark.parametrize("positives", [100, 500, 900])
def test_silent_where_accuracy_still_tells(
    noise: Make, run: Make, positives: int
) -> None:
    assert run(CHECK, noise(1000, positives)) is None


def test_a_rare_negative_class_fires_too(noise: Make, run: Make) -> None:
    assert run(CHECK, noise(1000, 980)).evidence["constant_accuracy"] == 0.98
