# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import TableWarning
from equipoise.table.generated_tasks import make_labels


def test_labels_that_reading_left_out_are_named() -> None:
    random = np.random.default_rng(0)
    columns = {f"l{j}": (random.random(80) < 0.4).astype(int) for j in range(3)}
    columns |= {"l3": np.ones(80, int), "l4": np.zeros(80, int)}
    frame = {"x": random.normal(size=80), "z": random.normal(size=80), **columns}
    with pytest.warns(TableWarning, match="left out because all its known values"):
        found = eq.diagnose(frame, targets="l*")
    evidence = found["EQP031"].evidence["labels"]
    assert set(evidence) == {"l3", "l4"}
    assert "2 of 5 labels are the same in all rows" in found["EQP031"].message
    assert "EQP018" not in found  # these are labels, not columns


def test_without_any_it_is_silent() -> None:
    table = make_labels(200, shares=[0.4, 0.3]).table
    assert "EQP031" in eq.diagnose(table).passed
