# SPDX-License-Identifier: Apache-2.0
"""First weights have the spread that their sources ask for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from equipoise.networks.layout import Category, Layout
from equipoise.networks.parameters import initial, shapes
from equipoise.networks.spec import NetworkSpec

SPEC = NetworkSpec("x", hidden=(120, 80), number_width=16, category_width=5)
LAYOUT = Layout(
    numbers=tuple(f"n{i}" for i in range(40)),
    positions=tuple(f"n{i}" for i in range(40)),
    knots=(2,) * 20 + (33,) * 20,
    categories=(Category("few", 3, False), Category("many", 900, True)),
)


@pytest.mark.parametrize("name", ["kernel_0", "kernel_1"])
def test_kernels_are_glorot_uniform(name: str) -> None:
    kernel = initial(SPEC, LAYOUT, 1, -2.0)[name]
    fan_in, fan_out = kernel.shape
    limit = math.sqrt(6 / (fan_in + fan_out))
    share = (kernel.ravel() + limit) / (2 * limit)
    assert stats.kstest(share, "uniform").pvalue > 1e-3
    assert np.abs(kernel).max() <= limit


def test_biases_are_zero_but_for_the_one_that_the_loss_starts_from() -> None:
    found = initial(SPEC, LAYOUT, 1, -2.0)
    assert found["bias_2"].tolist() == [-2.0]
    assert not found["bias_0"].any()
    assert not found["bias_1"].any()


def test_the_embedding_of_a_number_ends_at_variance_one() -> None:
    steps = initial(SPEC, LAYOUT, 1, 0.0)["steps"]
    for few, knots in ((slice(0, 20), 2), (slice(20, 40), 33)):
        last = steps[few].sum(axis=1).ravel()
        # 320 values: the variance is within 5 of its standard errors.
        assert abs(last.var() - 1) < 5 * math.sqrt(2 / len(last))
        assert not steps[few, knots:].any()


def test_embeddings_of_categories_have_unit_length_on_average() -> None:
    levels = initial(SPEC, LAYOUT, 1, 0.0)["levels"]
    assert levels.shape == (900, 5)
    assert np.mean(np.sum(levels**2, axis=1)) == pytest.approx(1, abs=0.15)


def test_each_array_has_a_stream_of_its_own() -> None:
    one, same, other = (initial(SPEC, LAYOUT, seed, 0.0) for seed in (1, 1, 2))
    narrow = initial(NetworkSpec("y", hidden=(120, 80)), LAYOUT, 1, 0.0)
    assert list(one) == list(shapes(SPEC, LAYOUT))
    for name, values in one.items():
        np.testing.assert_array_equal(values, same[name])
        assert values.dtype == np.float32
        if not name.startswith("bias"):
            assert not np.array_equal(values, other[name])
    np.testing.assert_array_equal(narrow["kernel_1"], one["kernel_1"])
