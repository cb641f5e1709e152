# SPDX-License-Identifier: Apache-2.0
"""Calibrators of several classes are plain data that does what it says."""

from __future__ import annotations

import json

import numpy as np
import pytest

from equipoise.decision import Calibrator, ClassCalibrator, LabelCalibrator
from equipoise.decision.class_calibrator import relative
from equipoise.errors import InputError
from equipoise.priors import softmax

FULL = ClassCalibrator(
    "vector",
    slopes=(0.5, 1.5, 1.0),
    shifts=(0.1, -0.2, 0.3),
    smoothing=0.1,
    base_rates=(0.5, 0.3, 0.2),
    rows=9,
    totals=(5, 3, 1),
    reason="as asked",
)


def test_the_map_is_its_formula() -> None:
    z = np.random.default_rng(0).normal(size=(5, 2, 3)) * 3
    p = softmax(z)
    raw = p ** np.array(FULL.slopes) * np.exp(FULL.shifts)
    raw /= raw.sum(axis=-1, keepdims=True)
    expected = 0.9 * raw + 0.1 * np.array(FULL.base_rates)
    assert FULL.probability(z) == pytest.approx(expected)
    assert np.exp(FULL.apply(z)).sum(axis=-1) == pytest.approx(1.0)
    # A constant of a row is no information.
    assert FULL.apply(z + 7) == pytest.approx(FULL.apply(z))


def test_infinities_become_finite() -> None:
    z = [[np.inf, 0.0, -np.inf], [-np.inf, -np.inf, 0.0], [800.0, -800.0, 0.0]]
    p = FULL.probability(z)
    assert np.isfinite(FULL.apply(z)).all()
    assert p.sum(axis=1) == pytest.approx(1.0)
    assert (p >= 0.1 * 0.2 - 1e-12).all()


def test_nothing_is_done_to_scores_that_are_right() -> None:
    z = np.random.default_rng(0).normal(size=(5, 3))
    assert (ClassCalibrator().apply(z) == z).all()
    assert ClassCalibrator().probability(z) == pytest.approx(softmax(z))


def test_relative_scores() -> None:
    z = np.array([[1.0, 2.0, 6.0]])
    assert relative(z, "centred").tolist() == [[-2.0, -1.0, 3.0]]
    assert np.exp(relative(z, "log_probability")) == pytest.approx(softmax(z))


@pytest.mark.parametrize("calibrator", [FULL, ClassCalibrator()])
def test_it_survives_json(calibrator) -> None:
    data = json.loads(json.dumps(calibrator.to_dict()))
    assert ClassCalibrator.from_dict(data) == calibrator


@pytest.mark.parametrize(
    "change",
    [
        {"slopes": [0.0, 1.0, 1.0]},
        {"slopes": [1.0]},
        {"slopes": [], "shifts": [], "base_rates": []},
        {"shifts": [float("nan"), 0.0, 0.0]},
        {"smoothing": 1.0},
        {"base_rates": [2.0, 0.0, 0.0]},
        {"method": "platt"},
        {"scale": "log"},
        {"colour": 1},
    ],
)
def test_damaged_data_is_refused(change) -> None:
    with pytest.raises(InputError):
        ClassCalibrator.from_dict({**FULL.to_dict(), **change})


def test_it_says_what_it_does() -> None:
    text = FULL.describe(("x", "y", "z"))
    assert "y 1.50 z -0.20" in text
    assert "Fitted on 9 rows. As asked." in text
    assert ClassCalibrator().describe() == "Logits are left as they are."


def test_a_wrong_width_is_refused() -> None:
    with pytest.raises(InputError, match="a last axis of 3"):
        FULL.apply([[0.0, 1.0]])
    with pytest.raises(InputError, match="a last axis of 1"):
        LabelCalibrator((Calibrator(),)).apply([[0.0, 1.0]])


def test_labels_are_calibrated_one_by_one() -> None:
    parts = (Calibrator("platt", slope=0.5, intercept=1.0), Calibrator())
    both = LabelCalibrator(parts)
    z = np.random.default_rng(0).normal(size=(4, 2))
    for j, part in enumerate(parts):
        assert both.apply(z)[:, j] == pytest.approx(part.apply(z[:, j]))
        assert both.probability(z)[:, j] == pytest.approx(part.probability(z[:, j]))
    data = json.loads(json.dumps(both.to_dict()))
    assert LabelCalibrator.from_dict(data) == both
    assert both.describe(("a", "b")).startswith("a: Log-odds z become 0.500 z")
