# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.sampling import Natural
from equipoise.synthesis import Mixup, Remix

Y = np.repeat([0, 1, 2], [300, 100, 20])
EPOCH = {"batch": 40, "steps": 100, "seed": 0, "epoch": 0}


def mixed(remix, y=Y):
    near = remix.prepare(np.zeros((len(y), 1)), None, y, 0)
    return remix.mix(Natural().draw(y, **EPOCH), near, y, 0, 0)


@pytest.mark.parametrize(("kappa", "tau"), [(3.0, 0.5), (6.0, 0.9), (1.0, 0.2)])
def test_targets_are_the_paper_s(kappa, tau):
    """Equation 5, row by row, with lambda the share of the first."""
    draw = mixed(Remix(1.0, kappa, tau))
    totals = np.bincount(Y)
    weighted = 0
    for i, j, mix, target in zip(
        draw.index.ravel(),
        draw.partner.ravel(),
        draw.mix.ravel().tolist(),
        draw.target_mix.ravel().tolist(),
        strict=True,
    ):
        ratio, share = totals[Y[i]] / totals[Y[j]], 1 - mix
        if ratio >= kappa and np.float32(1) - np.float32(mix) < tau:
            expected = 0.0
        elif ratio <= 1 / kappa and 1 - share < tau:
            expected = 1.0
        else:
            expected = share
        weighted += expected != share
        assert 1 - target == pytest.approx(expected, abs=1e-6)
    assert weighted


def test_a_large_kappa_or_no_tau_is_mixup():
    for remix in (Remix(0.4, 1e6), Remix(0.4, 3.0, 0.0)):
        draw = mixed(remix)
        np.testing.assert_array_equal(draw.target_mix, draw.mix)
    assert issubclass(Remix, Mixup)


def test_the_rarest_class_gains():
    targets = mixed(Remix()).targets(Y, classes=3)
    plain = mixed(Mixup(1.0)).targets(Y, classes=3)
    np.testing.assert_allclose(targets.sum(axis=2), 1, rtol=1e-6)
    assert targets.mean(axis=(0, 1))[2] > 1.2 * plain.mean(axis=(0, 1))[2]
    two = (Y == 2).astype(int)
    assert mixed(Remix(), two).targets(two).mean() > 1.2 * two.mean()


def test_options_have_ranges():
    for options in ({"kappa": 0.5}, {"tau": 1.5}, {"concentration": 0.0}):
        with pytest.raises(InputError, match=next(iter(options))):
            Remix(**options)
