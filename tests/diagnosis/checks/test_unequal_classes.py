# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.diagnosis.checks.unequal_classes import CHECK
from equipoise.diagnosis.finding import Finding
from equipoise.diagnosis.subject import Subject
from equipoise.table.generated_tasks import make_classes, make_labels


def test_the_ratio_is_that_of_the_largest_to_each() -> None:
    finding = CHECK.run(Subject(make_classes(235, counts=[200, 20, 10, 5]).table))
    assert isinstance(finding, Finding)
    assert finding.evidence["imbalance_ratio"] == 40.0
    assert finding.evidence["by_class"] == {
        "c3": 40.0,
        "c2": 20.0,
        "c1": 10.0,
        "c0": 1.0,
    }
    assert "40 times those of the rarest, 'c3', with 5" in finding.message
    assert "3 of the 4 classes are 10 times rarer" in finding.message


@pytest.mark.parametrize(("rare", "says"), [(11, False), (10, True)])
def test_it_is_silent_below_ten(rare: int, says: bool) -> None:
    table = make_classes(140 + rare, counts=[100, 40, rare]).table
    assert (CHECK.run(Subject(table)) is not None) is says


def test_labels() -> None:
    table = make_labels(2000, shares=[0.5, 0.02], seed=1).table
    finding = CHECK.run(Subject(table))
    assert isinstance(finding, Finding)
    rows = (table.labels() == 1).sum(0)
    assert finding.evidence["imbalance_ratio"] == pytest.approx(rows[0] / rows[1])
    assert "The commonest label" in finding.message
    assert np.all(rows > 0)
