# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from equipoise.heads.feature_part import FeaturePart
from equipoise.jobs import Job
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Table
from equipoise.task import Task
from equipoise.training.encoded_store import EncodedStore


def part_of(features: np.ndarray) -> FeaturePart:
    y = (np.arange(len(features)) % 3 == 0).astype(np.int8)
    table = Table((), y, Task("binary", ("no", "yes")))
    rows = np.arange(len(features))
    job = Job(Strategy(), rows[:12], rows[12:16], rows[16:], seed=0, part=3)
    return FeaturePart.of(table, job, features)


def test_features_are_scaled_by_the_training_rows_and_scaled_back() -> None:
    random = np.random.default_rng(0)
    x = (random.normal(size=(20, 4)) * [1, 50, 1e-3, 1] + [0, 9, 7, 0]).astype("f4")
    x[:, 3] = 0.1  # constant, and not a number of float32
    part = part_of(x)
    scaled = part.encode().numbers.astype(np.float64)
    np.testing.assert_allclose(scaled[:12, :3].mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(scaled[:12, :3].std(0), 1, atol=1e-3)
    assert (scaled[:, 3] == 0).all()
    kernel, bias = random.normal(size=(4, 2)), random.normal(size=2)
    raw_kernel, raw_bias = part.unscaled(kernel, bias)
    np.testing.assert_allclose(
        x @ raw_kernel + raw_bias, scaled @ kernel + bias, atol=2e-3
    )
    assert (raw_kernel[3] == 0).all()


def test_the_engine_s_store_holds_them() -> None:
    x = np.random.default_rng(1).normal(size=(20, 3)).astype(np.float32)
    part = part_of(x)
    store = EncodedStore.of([part, part], part.exact)
    np.testing.assert_array_equal(store.numbers[:20], part.encode().numbers)
    np.testing.assert_array_equal(store.numbers[20:], part.encode().numbers)
    assert store.positions.shape == (40, 0)
    assert store.codes.shape == (40, 0)
    np.testing.assert_array_equal(
        part.encode(part.stop).numbers, part.encode().numbers[12:16]
    )
    assert part.totals().tolist() == [8.0, 4.0]
