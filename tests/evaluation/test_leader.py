# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.evaluation.leader import pick_leader
from equipoise.metrics import Estimate


def one_trial(random: np.random.Generator, arms: int) -> tuple[float, float]:
    """Equal arms with true value .5 and known noise: the winner, before and after."""
    value = 0.5 + 0.05 * random.standard_normal(arms)
    drawn = value[:, None] + 0.05 * random.standard_normal((arms, 400))
    names = [str(a) for a in range(arms)]
    found = pick_leader(
        {n: Estimate(v, v - 0.1, v + 0.1) for n, v in zip(names, value, strict=True)},
        dict(zip(names, drawn, strict=True)),
    )
    return float(value.max()), found.estimate.value


def test_the_best_of_equals_is_flattered_and_mended() -> None:
    random = np.random.default_rng(0)
    raw, mended = np.mean([one_trial(random, 10) for _ in range(300)], axis=0)
    assert raw - 0.5 > 0.07
    assert abs(mended - 0.5) < (raw - 0.5) / 2


def test_a_clear_winner_keeps_its_value() -> None:
    random = np.random.default_rng(1)
    drawn = {"a": 0.9 + 0.01 * random.standard_normal(500)}
    drawn["b"] = 0.5 + 0.01 * random.standard_normal(500)
    found = pick_leader({"a": Estimate(0.9, 0.88, 0.92), "b": Estimate(0.5)}, drawn)
    assert found.name == "a"
    assert found.optimism == pytest.approx(0, abs=2e-3)
    assert found.share == {"a": 1.0, "b": 0.0}


def test_an_undefined_arm_never_wins() -> None:
    drawn = {"a": np.full(50, np.nan), "b": np.full(50, 0.2)}
    found = pick_leader({"a": Estimate.undefined("no"), "b": Estimate(0.2)}, drawn)
    assert found.name == "b"
    assert found.estimate.value == pytest.approx(0.2)


def test_the_lowest_loss_leads_and_its_optimism_is_added() -> None:
    even = np.array([0.4, 0.6])
    arms = {"a": Estimate(0.5, 0.3, 0.7), "b": Estimate(0.5, 0.3, 0.7)}
    leader = pick_leader(arms, {"a": even, "b": 1 - even}, higher_is_better=False)
    assert leader.estimate.value == pytest.approx(0.6)
    assert (leader.estimate.low, leader.estimate.high) == pytest.approx((0.3, 0.8))
