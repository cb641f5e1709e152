# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.diagnosis import subject
from equipoise.diagnosis.subject import Subject
from equipoise.errors import UnsupportedError

Make = Callable[..., Any]


def test_large_tables_are_sampled_by_class(
    noise: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = noise(1000, 60)
    assert Subject(table).sampled is table
    monkeypatch.setattr(subject, "ROWS_PER_CLASS", 50)
    few = Subject(table, seed=1)
    assert np.bincount(few.sampled.y).tolist() == [50, 50]
    assert (np.diff(few.sample) > 0).all()
    assert np.array_equal(few.sample, Subject(table, seed=1).sample)
    assert not np.array_equal(few.sample, Subject(table, seed=2).sample)


def test_what_is_shared_is_computed_once(noise: Make) -> None:
    looked = Subject(noise(100, 10))
    assert looked.hashes is looked.hashes
    assert looked.strengths is looked.strengths


def test_without_a_test_file(noise: Make) -> None:
    looked = Subject(noise(100, 10))
    assert looked.test_counts == (0, 0)
    assert len(looked.test_hashes) == 0
    with pytest.raises(UnsupportedError, match="without a test file"):
        _ = looked.test_file
    assert looked.alpha == pytest.approx(0.05)
