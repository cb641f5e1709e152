# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import numpy as np

from equipoise.learners.anomaly.members import (
    DetectorDraws,
    DetectorSettings,
    WeightedRows,
    first_parameters,
)
from equipoise.learners.anomaly.population import train_population
from equipoise.learners.anomaly.program import DetectorSignature

SIGNATURE = DetectorSignature("deviation", (2, 4, 1), 2, (), "uint8")
EXTRAS = {"mean": np.array(0.0), "deviation": np.array(1.0), "margin": np.array(5.0)}


def trained(rates: list[float], looks: int, *, patience: int = 3) -> list[Any]:
    """Networks on rows of which the second column tells the class."""
    random = np.random.default_rng(0)
    y = (np.arange(3_000) % 10 == 0).astype("float32")
    x = random.normal(size=(3_000, 2)).astype("float32")
    x[:, 1] += 2 * y
    part = [
        WeightedRows(rows, y[rows], np.full(len(rows), 1 / len(rows)))
        for rows in (np.arange(500), np.arange(500, 3_000))
    ]
    reports: list[float] = []
    results = train_population(
        SIGNATURE,
        {"numbers": x, "codes": np.zeros((3_000, 0), "uint8")},
        [
            DetectorDraws(
                WeightedRows(part[0].index, part[0].targets, np.ones(500)),
                True,
                np.random.default_rng(7),
            )
            for _ in rates
        ],
        [part[1]] * len(rates),
        [first_parameters((2, 4, 1), True, np.random.default_rng(1)) for _ in rates],
        lambda place, mean: EXTRAS,
        rates,
        DetectorSettings(batch=32, updates=8, looks=looks, patience=patience),
        lambda text, share: reports.append(share),
    )
    assert all(0 <= share <= 1 for share in reports)
    return results


def stop_loss(result: Any) -> float:
    """The mean loss of the stop rows, over several blocks of them, by NumPy."""
    random = np.random.default_rng(0)
    y = (np.arange(3_000) % 10 == 0).astype("float32")
    x = random.normal(size=(3_000, 2)).astype("float32")
    x[:, 1] += 2 * y
    w = result.parameters
    h = np.maximum(x[500:] @ w["kernel_0"] + w["bias_0"], 0)
    z = (h @ w["kernel_1"] + w["bias_1"])[:, 0]
    return float(np.where(y[500:] > 0, np.maximum(0, 5 - z), np.abs(z)).mean())


def test_the_look_that_is_kept_is_the_best_one() -> None:
    """Ended at any look, the kept parameters are the best of the looks so far."""
    losses = [
        stop_loss(trained([0.05], looks, patience=99)[0]) for looks in range(1, 8)
    ]
    assert losses == sorted(losses, reverse=True)
    (result,) = trained([0.05], 7, patience=99)
    assert stop_loss(result) == losses[-1] == losses[result.best - 1]


def test_each_network_ends_by_its_own_rows() -> None:
    """Those that are done are taken out; the others go on as if alone."""
    rates = [0.5, 1e-3, 0.3, 2e-3]
    together = trained(rates, 60)
    updates = [result.updates for result in together]
    assert min(updates) < max(updates)
    for rate, result in zip(rates, together, strict=True):
        (alone,) = trained([rate], 60)
        assert (alone.best, alone.updates) == (result.best, result.updates)
        for name, value in alone.parameters.items():
            np.testing.assert_array_equal(value, result.parameters[name])
