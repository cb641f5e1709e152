# SPDX-License-Identifier: Apache-2.0
"""What the records declare is what the learners are."""

from __future__ import annotations

import subprocess
import sys

import pytest

from equipoise.strategies import Strategy
from equipoise.strategies.learner_records import ALL_PARTS, LEARNERS
from equipoise.strategies.sampler_object import resampled

IN_USE = {
    "sampling": "stratified",
    "synthesis": "mixup",
    "weights": "sqrt",
    "loss": "focal",
    "plan": "bagging",
}


class Sampler:
    def fit_resample(self, x: object, y: object) -> tuple[object, object]:
        return x, y


@pytest.mark.parametrize("name", LEARNERS)
def test_a_record_leads_to_its_code(name: str) -> None:
    record = LEARNERS[name]
    assert callable(record.load_learner()().run)
    assert callable(record.load_scorer().from_state)
    assert (record.scores == "uncalibrated") == bool(record.obstacle)


@pytest.mark.parametrize("name", LEARNERS)
def test_the_parts_that_it_serves_are_accepted(name: str) -> None:
    record = LEARNERS[name]
    assert {*record.parts} <= {*ALL_PARTS}
    for part in record.parts:
        parts = {part: IN_USE[part]}
        if part == "synthesis" and not record.draws_rows:
            parts = {"sampling": "oversample", "synthesis": "smote"}
        Strategy(learner=name, **parts)
    if record.takes_resampled:
        assert resampled(Sampler(), learner=name).resamples


def test_facts_need_no_tensorflow() -> None:
    code = (
        "import sys; from equipoise.strategies.learner_records import LEARNERS; "
        "LEARNERS['network'].load_scorer(); print('tensorflow' in sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "False"
