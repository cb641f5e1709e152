# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.diagnosis.checks.unknown_labels import CHECK
from equipoise.diagnosis.finding import Finding
from equipoise.diagnosis.subject import Subject
from equipoise.table.generated_tasks import make_labels


@pytest.mark.parametrize(("unknown", "severity"), [(0.2, "info"), (0.7, "warning")])
def test_the_share_is_counted(unknown: float, severity: str) -> None:
    table = make_labels(400, shares=[0.4, 0.3, 0.2], unknown=unknown, seed=1).table
    y = table.labels()
    finding = CHECK.run(Subject(table))
    assert isinstance(finding, Finding)
    assert finding.severity == severity
    assert finding.evidence["unknown_share"] == pytest.approx(np.mean(y == -1))
    shares = (y == -1).mean(0)
    for name, share in finding.evidence["by_class"].items():
        assert share == pytest.approx(shares[table.classes.index(name)])
    empty = int((y == -1).all(1).sum())
    assert finding.evidence["rows_without_known_label"] == empty
    assert ("no label is known" in finding.message) == (empty > 0)


def test_without_any_it_is_silent() -> None:
    assert CHECK.run(Subject(make_labels(200, shares=[0.4, 0.3]).table)) is None
