# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import curve_fit

from equipoise.diagnosis.curves import POWERS, CurvePoints, continued

SIZE = np.array([10.0, 17.0, 28.0, 48.0, 80.0])


@pytest.mark.parametrize("power", [p for p in POWERS if p > 0])
def test_an_exact_member_is_continued_exactly(power: float) -> None:
    points = CurvePoints(SIZE, 1 - 2 * SIZE**-power, np.full(5, 1e-10))
    found = continued(points, 100, 320)
    assert found.level.mean == pytest.approx(1 - 2 * 100**-power, abs=1e-4)
    assert found.gain.mean == pytest.approx(2 * (100**-power - 320**-power), abs=1e-4)


def test_a_straight_line_in_the_logarithm() -> None:
    points = CurvePoints(SIZE, np.log(SIZE), np.full(5, 1e-10))
    assert continued(points, 80, 320).gain.mean == pytest.approx(np.log(4), abs=1e-4)


def test_one_member_alone_equals_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("equipoise.diagnosis.curves.POWERS", (0.5,))
    random = np.random.default_rng(0)
    variance = np.array([0.5, 0.3, 0.2, 0.1, 0.05]) ** 2
    z = 1 - 3 * SIZE**-0.5 + random.normal(0, np.sqrt(variance))
    found = continued(CurvePoints(SIZE, z, variance), 100, 320)
    (a, b), covariance = curve_fit(
        lambda n, a, b: a - b * n**-0.5,
        SIZE,
        z,
        sigma=np.sqrt(variance),
        absolute_sigma=True,
    )
    assert found.level.mean == pytest.approx(a - b * 100**-0.5, abs=1e-6)
    step = 100**-0.5 - 320**-0.5
    assert found.gain.mean == pytest.approx(b * step, abs=1e-6)
    assert found.gain.variance == pytest.approx(covariance[1, 1] * step**2, rel=1e-4)
    toward = np.array([1, -(100**-0.5)])
    assert found.level.variance == pytest.approx(toward @ covariance @ toward, rel=1e-4)


def test_the_band_widens_with_distance_and_noise() -> None:
    z = 1 - 3 * SIZE**-0.5
    near = continued(CurvePoints(SIZE, z, np.full(5, 0.01)), 80, 160).gain
    far = continued(CurvePoints(SIZE, z, np.full(5, 0.01)), 80, 320).gain
    noisy = continued(CurvePoints(SIZE, z, np.full(5, 0.04)), 80, 160).gain
    assert near.variance < far.variance
    assert near.variance < noisy.variance
    low, high = near.band(0.95)
    assert (low + high) / 2 == pytest.approx(near.mean)
    assert high - low == pytest.approx(2 * 1.96 * near.variance**0.5, rel=1e-3)
