# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.sampling import make_sampler, sampler_names, steps_per_epoch

LABELS = np.array([0] * 41 + [1] * 6)


@pytest.mark.parametrize("name", sampler_names())
def test_epochs_continue_one_stream(name):
    """What one long epoch draws, short ones draw in the same order."""
    sampler = make_sampler(name)
    long = sampler.draw(LABELS, batch=5, steps=36, seed=1, epoch=0).index
    short = [sampler.draw(LABELS, batch=5, steps=9, seed=1, epoch=e) for e in range(4)]
    np.testing.assert_array_equal(np.concatenate([d.index for d in short]), long)


@pytest.mark.parametrize("name", sampler_names())
def test_the_declared_prior_is_the_share_drawn(name):
    sampler = make_sampler(name)
    draw = sampler.draw(LABELS, batch=47, steps=400, seed=0, epoch=0)
    declared = sampler.prior([41, 6])
    assert declared.sum() == 1
    # to what one unfinished pass can change
    assert draw.targets(LABELS).mean() == pytest.approx(declared[1], abs=0.004)


@pytest.mark.parametrize("name", sampler_names())
def test_a_lone_class(name):
    sampler = make_sampler(name)
    draw = {"batch": 2, "steps": 2, "seed": 0, "epoch": 0}
    if name in ("natural", "bootstrap"):
        assert sampler.draw([0, 0, 0], **draw).index.max() <= 2
    else:
        with pytest.raises(InputError, match=f"0 positives for sampling='{name}'"):
            sampler.draw([0, 0, 0], **draw)


@pytest.mark.parametrize("name", sampler_names())
def test_one_positive_is_enough(name):
    draw = make_sampler(name).draw([0] * 9 + [1], batch=8, steps=40, seed=0, epoch=0)
    assert 9 in draw.index


def test_steps_per_epoch_rounds_up():
    assert [steps_per_epoch(n, 64) for n in (1, 64, 65)] == [1, 1, 2]
    with pytest.raises(InputError, match="rows=0"):
        steps_per_epoch(0, 64)


def test_positions_fit_their_type(monkeypatch):
    monkeypatch.setattr("equipoise.sampling.sampler._MOST_ROWS", 46)
    with pytest.raises(InputError, match="47 rows"):
        make_sampler("natural").draw(LABELS, batch=1, steps=1, seed=0, epoch=0)


def test_a_seed_is_whole():
    with pytest.raises(InputTypeError, match="seed"):
        make_sampler("natural").draw([0, 1], batch=1, steps=1, seed=0.5, epoch=0)
