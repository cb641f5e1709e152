# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.sampling import Oversample

LABELS = np.repeat([0, 1], [60, 7])


def test_a_pass_holds_every_negative_once_and_positives_evenly():
    draw = Oversample().draw(LABELS, batch=12, steps=10, seed=0, epoch=0)
    counts = np.bincount(draw.index.ravel(), minlength=67)
    assert counts[:60].tolist() == [1] * 60
    assert set(counts[60:].tolist()) == {8, 9}
    assert counts[60:].sum() == 60


def test_the_remainder_moves_on_from_pass_to_pass():
    draw = Oversample().draw(LABELS, batch=120, steps=7, seed=0, epoch=0)
    counts = np.bincount(draw.index.ravel(), minlength=67)
    assert counts[60:].tolist() == [60] * 7


@pytest.mark.parametrize(("ratio", "copies"), [(0.5, 30), (0.01, 7), (2.0, 120)])
def test_the_ratio_never_takes_positives_away(ratio, copies):
    sampler = Oversample(ratio)
    assert sampler.copies(60, 7) == copies
    assert sampler.prior([60, 7])[1] == pytest.approx(copies / (60 + copies))


def test_a_ratio_is_above_0():
    with pytest.raises(InputError, match="ratio=0"):
        Oversample(0.0)
