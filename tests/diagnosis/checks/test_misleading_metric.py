# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis.checks.misleading_metric import CHECK
from equipoise.diagnosis.finding import Finding
from equipoise.diagnosis.subject import Subject
from equipoise.table.generated_tasks import make_classes, make_labels

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


def test_several_classes_and_labels() -> None:
    table = make_classes(1000, counts=[940, 40, 20]).table
    finding = CHECK.run(Subject(table))
    assert isinstance(finding, Finding)
    assert finding.evidence["constant_accuracy"] == 0.94
    assert "any of the other 2 classes" in finding.message
    assert CHECK.run(Subject(make_classes(100, counts=[90, 6, 4]).table)) is None
    labels = make_labels(1000, shares=[0.05, 0.02], unknown=0.2, seed=1).table
    y = labels.labels()
    rare = CHECK.run(Subject(labels))
    assert isinstance(rare, Finding)
    assert rare.evidence["constant_accuracy"] == np.mean(y[y >= 0] == 0)
    assert CHECK.run(Subject(make_labels(500, shares=[0.3, 0.2]).table)) is None
