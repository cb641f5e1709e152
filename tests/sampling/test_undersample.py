# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.priors import prior_offset
from equipoise.sampling import Undersample

LABELS = np.repeat([0, 1], [90, 6])


def passes(sampler, seed=0, count=30):
    length = 6 + sampler.negatives_drawn(90, 6)
    draw = sampler.draw(LABELS, batch=length, steps=count, seed=seed, epoch=0)
    return [set(one.tolist()) for one in draw.index]


def test_a_pass_holds_all_positives_and_other_negatives():
    found = passes(Undersample())
    assert all(set(range(90, 96)) <= one and len(one) == 12 for one in found)
    assert set.union(*found[:15]) == set(range(96))


def test_the_chosen_once_depend_on_the_seed():
    sampler = Undersample(fresh=False)
    one, other = passes(sampler, seed=0), passes(sampler, seed=1)
    assert len({frozenset(each) for each in one}) == 1
    assert one[0] != other[0]


def test_the_negative_share_is_the_offset():
    sampler = Undersample(ratio=0.25)
    offset = prior_offset(sampler.prior([90, 6])[1], 6 / 96)
    assert offset == pytest.approx(math.log(sampler.negative_share(90, 6)))


def test_no_more_negatives_are_kept_than_there_are():
    assert Undersample(ratio=0.01).negatives_drawn(90, 6) == 90
    assert Undersample(ratio=100.0).negatives_drawn(90, 6) == 1


def test_bad_options():
    with pytest.raises(InputError, match="ratio=-1"):
        Undersample(ratio=-1)
    with pytest.raises(InputTypeError, match="fresh='no'"):
        Undersample(fresh="no")
