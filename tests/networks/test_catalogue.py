# SPDX-License-Identifier: Apache-2.0
"""The networks that have a name."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from equipoise.encoding.encoding import learn_encoding
from equipoise.errors import InputError
from equipoise.jobs import Job
from equipoise.learners.network import NetworkLearner
from equipoise.networks.catalogue import network
from equipoise.networks.layout import common_layout
from equipoise.networks.parameters import shapes
from equipoise.networks.spec import NetworkSpec
from equipoise.strategies.catalogue import strategy
from equipoise.table.generators import gaussian_shift
from equipoise.training.settings import TrainingSettings


def test_small_is_two_layers_of_64_on_the_encoded_features() -> None:
    table = gaussian_shift(500, positives=50, features=7).table
    spec = network("small")
    weights = shapes(spec, common_layout(table, spec))
    assert sum(math.prod(shape) for shape in weights.values()) == (
        7 * 64 + 64 + 64 * 64 + 64 + 64 + 1
    )
    assert spec.copies == 1


def test_default_embeds_numbers_by_steps_between_knots() -> None:
    """49 knots at most, so 48 steps of 8 numbers each, and an origin."""
    table = gaussian_shift(5_000, positives=500, features=3).table
    spec = network("default")
    weights = shapes(spec, common_layout(table, spec))
    assert weights["kernel_1"] == (128, 128)
    assert weights["kernel_0"][1] == 128
    plain = NetworkSpec.from_dict({**spec.to_dict(), "number_width": 0})
    bare = shapes(plain, common_layout(table, plain))
    more = {name: shape for name, shape in weights.items() if name not in bare}
    assert sum(math.prod(shape) for shape in more.values()) == 3 * (48 + 1) * 8
    assert spec.copies == 4


def test_linear_is_a_logistic_model() -> None:
    """At its least training loss it is scikit-learn's, without a penalty."""
    table = gaussian_shift(800, positives=200, features=3, seed=3).table
    rows, score = np.arange(592), np.arange(592, 800)
    job = Job(strategy("plain"), rows, rows, score, seed=1)
    settings = TrainingSettings(batch=592, epochs=900, patience=900)
    (outcome,) = NetworkLearner("linear", settings).run(table, [job])
    numbers = learn_encoding(table, rows).transform(table).numbers
    model = LogisticRegression(C=1e12, tol=1e-8).fit(numbers[rows], table.y[rows])
    expected = model.decision_function(numbers[score])
    np.testing.assert_allclose(outcome.log_odds[:, 0], expected, atol=1e-3)


def test_unknown_names_suggest_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean 'small'"):
        network("smal")
