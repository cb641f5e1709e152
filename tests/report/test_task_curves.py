# SPDX-License-Identifier: Apache-2.0
"""The curves of each class."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.report.task_curves import class_curves, pooled_reliability, reliability
from equipoise.verbs.trial import Trial


def test_the_rarest_class_is_first_and_lines_end_at_its_share(
    class_trial: Trial,
) -> None:
    made = class_curves(class_trial.results, ["plain", "logistic"])
    assert [c["name"] for c in made["classes"]] == ["c3", "c2", "c1", "c0"]
    for entry in made["classes"]:
        assert len(entry["lines"]) == 2
        for line in entry["lines"]:
            assert line["x"][-1] == 1.0
            assert line["y"][-1] >= entry["share"] - 1e-4
            assert len(line["x"]) <= 42


def test_reliability_of_honest_probabilities_is_the_diagonal() -> None:
    random = np.random.default_rng(0)
    p = random.random((2, 20_000))
    line = pooled_reliability(random.random(p.shape) < p, p, 0.95)
    assert len(line.x) == 10
    assert line.y == pytest.approx(line.x, abs=0.02)
    assert line.at.sum() == 20_000
    inside = (line.low <= line.x) & (line.x <= line.high)
    assert inside.mean() >= 0.8


@pytest.mark.parametrize("kind", ["class_trial", "label_trial"])
def test_reliability_of_a_trial(kind: str, request: pytest.FixtureRequest) -> None:
    trial = request.getfixturevalue(kind)
    made = reliability(trial.results, ["plain"])
    (line,) = made["lines"]
    assert all(
        a <= b <= c
        for a, b, c in zip(line["low"], line["y"], line["high"], strict=True)
    )
    assert made["title"].startswith("Share ")
