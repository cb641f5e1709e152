# SPDX-License-Identifier: Apache-2.0
"""Closed forms: against the gradients of the losses, and there and back."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, log_softmax, softmax

from equipoise.errors import InputError
from equipoise.links import FORMS, Form
from equipoise.priors import Correction, one_against_rest

RANDOM = np.random.default_rng(8)
SIDES = Form.of("sides", slope0=2.0, shift0=0.3, slope1=0.5, shift1=-1.0)
POLY = Form.of("poly", epsilon=3.0)
SLOPES = Form.of("slopes", slope=[1.0, 0.7, 0.4], shift=[0.0, -1.0, -2.0])
MARGINS = Form.of("margins", scale=3.0, margin=[0.05, 0.2, 0.5])


def test_every_form_is_here() -> None:
    assert {form.name for form in (SIDES, POLY, SLOPES, MARGINS)} == {*FORMS} - {""}


def test_sides_against_the_slopes_of_the_two_losses() -> None:
    z = RANDOM.normal(size=9) * 5
    slope1 = -0.5 * expit(-(0.5 * z - 1.0))
    slope0 = 2.0 * expit(2.0 * z + 0.3)
    eta = slope0 / (slope0 - slope1)
    np.testing.assert_allclose(expit(SIDES.scores(z)), eta, rtol=1e-10)


def test_poly_against_one_over_its_slope() -> None:
    z = RANDOM.normal(size=(7, 4)) * 4
    p = softmax(z, axis=1)
    eta = 1 / (1 / p + 3.0)
    expected = eta / eta.sum(axis=1, keepdims=True)
    given = softmax(POLY.scores(z, several=True), axis=1)
    np.testing.assert_allclose(given, expected, rtol=1e-10)
    two = np.stack([np.zeros(7), z[:, 0]], axis=1)
    both = softmax(POLY.scores(two, several=True), axis=1)
    np.testing.assert_allclose(expit(POLY.scores(z[:, 0])), both[:, 1], rtol=1e-10)


def test_margins_against_the_null_vector() -> None:
    z, margin = RANDOM.normal(size=3), np.array([0.05, 0.2, 0.5])
    columns = []
    for label in range(3):
        lowered = 3.0 * (z - margin * (np.arange(3) == label))
        columns.append(np.exp(log_softmax(lowered)) - np.eye(3)[label])
    null = np.linalg.svd(np.stack(columns, axis=1))[2][-1]
    expected = null / null.sum()
    given = softmax(MARGINS.scores(z, several=True))
    np.testing.assert_allclose(given, expected, rtol=1e-9)


@pytest.mark.parametrize("size", [0.1, 3.0, 40.0])
def test_there_and_back(size: float) -> None:
    scores = size * RANDOM.normal(size=(5, 3))
    for form in (SIDES, POLY, Form()):
        np.testing.assert_allclose(
            form.scores(form.logits(scores)), scores, rtol=1e-9, atol=1e-9
        )
    for form in (POLY, SLOPES, MARGINS):
        back = form.scores(form.logits(scores, several=True), several=True)
        np.testing.assert_allclose(
            back - back[:, :1], scores - scores[:, :1], rtol=1e-7, atol=1e-7
        )


def test_extreme_logits_stay_finite() -> None:
    z = np.array([[700.0, 0.0, -700.0], [-1e4, 1e4, 0.0]])
    for form in (POLY, SLOPES, MARGINS):
        assert np.isfinite(form.scores(z, several=True)).all()
    for form in (SIDES, POLY):
        assert np.isfinite(form.scores(z)).all()


def test_the_class_odds_are_those_of_priors() -> None:
    z = RANDOM.normal(size=(4, 5)) * 9
    odds = Form.of("margins", scale=1.0, margin=[0.0] * 5).scores(z, several=True)
    # without margins the posterior is the softmax
    shift = odds - z
    np.testing.assert_allclose(shift - shift[:, :1], 0.0, atol=1e-9)
    assert one_against_rest(z).shape == z.shape


def test_plain_data() -> None:
    for form in (SIDES, POLY, SLOPES, MARGINS):
        correction = Correction("form", (0.5,), form=form)
        assert Correction.from_dict(correction.to_dict()) == correction
        assert hash(form) == hash(Form.from_dict(form.to_dict()))
    assert "form" not in Correction().to_dict()


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="numbers"):
        Form("poly", (("gamma", (1.0,)),))
    with pytest.raises(InputError, match="polly"):
        Form.of("polly", epsilon=1.0)
