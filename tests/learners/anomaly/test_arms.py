# SPDX-License-Identifier: Apache-2.0
"""Detectors as arms of a trial, and in a fitted model that is exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import equipoise as eq
from equipoise.strategies.strategy import Strategy
from equipoise.table.table import Column, Table

DETECTORS = [
    Strategy("isolation_forest", learner="isolation_forest", options={"trees": 20}),
    *(
        Strategy(name, learner=name, options={"copies": 1, "width": 8})
        for name in ("autoencoder", "deep_sad", "dev_net")
    ),
]


def columns(reversed_: bool = False) -> dict[str, np.ndarray]:
    """Positives lie further out than negatives; or nearer to the middle."""
    random = np.random.default_rng(0)
    y = np.arange(300) % 10 == 0
    out = ~y if reversed_ else y
    x = random.normal(size=(300, 2)) * np.where(out, 4.0, 1.0)[:, None]
    word = np.array(["a", "b"])[random.integers(0, 2, 300)]
    x[random.random(300) < 0.05, 1] = np.nan
    return {"a": x[:, 0], "b": x[:, 1], "c": word, "y": y.astype(int)}


@pytest.mark.parametrize("case", ["reversed", "constant"])
def test_scores_that_say_nothing_are_calibrated_to_the_prior(case: str) -> None:
    """An odd row is a negative, or all rows are alike: no arm is worse than `prior`."""
    table: Any = eq.read_table(columns(reversed_=True), "y")
    if case == "constant":
        same = Column("a", "numeric", np.ones(len(table)))
        table = Table((same,), table.labels(), table.task)
    arms = [DETECTORS[0], DETECTORS[1], "prior"]
    trial = eq.compare(table, strategies=arms, network="linear", folds=3, repeats=1)
    prior = trial["prior"].evaluation
    for arm in ("isolation_forest", "autoencoder"):
        found = trial[arm].evaluation
        # A slope that is kept to keep the order moves the log-odds by a hundredth.
        assert found["log_loss"].value < prior["log_loss"].value + 0.01
        assert found["brier"].value < prior["brier"].value + 0.005
        if case == "reversed":
            assert found["roc_auc"].value < 0.4
        else:
            assert found["roc_auc"].value == pytest.approx(0.5, abs=0.05)


def test_scores_become_probabilities() -> None:
    trial = eq.compare(
        columns(),
        "y",
        strategies=[*DETECTORS, "prior"],
        network="linear",
        folds=3,
        repeats=1,
    )
    assert not trial.failed
    for arm in DETECTORS:
        found = trial[arm.name].evaluation
        assert found["roc_auc"].value > 0.8
        prior = trial["prior"].evaluation["log_loss"].value
        assert found["log_loss"].value < prior + 0.01  # of 30 positives
        assert "need a calibrator" in arm.describe()
        assert "@" in arm.citation()


# Keras itself meets NumPy's new keyword when it writes variables.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_model_of_detectors_is_saved_and_exported(tmp_path: Path) -> None:
    """`export` itself compares the copies with the model."""
    data = columns()
    model = eq.fit(data, "y", strategy=DETECTORS, folds=2, repeats=1)
    model.save(tmp_path / "m.equipoise")
    again = eq.load(tmp_path / "m.equipoise")
    rows = {name: values for name, values in data.items() if name != "y"}
    probability = model.predict_proba(rows)
    np.testing.assert_array_equal(again.predict_proba(rows), probability)
    model.export(tmp_path / "m.onnx")
    model.export(tmp_path / "saved")
