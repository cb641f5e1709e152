# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections import Counter

import numpy as np

from equipoise.diagnosis.repeats import equal_rows


def test_sets_by_brute_force() -> None:
    random = np.random.default_rng(0)
    hashes = random.integers(0, 40, 200).astype(np.uint64)
    y = random.integers(0, 2, 200)
    sets = equal_rows(hashes, y)
    counted = Counter(hashes.tolist())
    assert sorted(sets.size.tolist()) == sorted(counted.values())
    assert sets.repeated == 200 - len(counted)
    mixed = sum(len(set(y[hashes == h].tolist())) == 2 for h in counted)
    assert int(sets.mixed.sum()) == mixed


def test_no_rows() -> None:
    assert equal_rows(np.empty(0, np.uint64), []).repeated == 0
