# SPDX-License-Identifier: Apache-2.0
"""What a user does with a trial."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import equipoise as eq
from equipoise.verbs.trial import Trial


def test_a_trial_is_a_record_with_conveniences(trial: Trial) -> None:
    again = Trial.of(trial)
    assert type(again) is Trial
    assert again.to_dict() == trial.to_dict()
    assert repr(again).startswith("<Trial of prior, logistic")
    assert str(again) == str(trial)


def test_both_files_are_written(trial: Trial, tmp_path: Path) -> None:
    written = trial.write(tmp_path / "new" / "folder")
    names = ["comparison.json", "report.html", "trial.equipoise"]
    assert [path.name for path in written] == names
    data = json.loads(written[0].read_text(encoding="utf-8"))
    assert data["verdict"] == str(trial.verdict)
    assert written[1].read_text(encoding="utf-8") == trial.report()


def test_arrays_are_named_by_their_shape(tmp_path: Path) -> None:
    """Not by their number of columns, which is none."""

    def build() -> Any:
        import keras

        layers = [keras.layers.Flatten(), keras.layers.Dense(1)]
        return keras.Sequential([keras.Input((3, 2)), *layers])

    random = np.random.default_rng(0)
    y = (np.arange(90) % 5 == 0).astype(int)
    x = (random.normal(size=(90, 3, 2)) + y[:, None, None]).astype(np.float32)
    trial = eq.compare((x, y), model=build, strategies="plain", folds=2, repeats=1)
    trial.write(tmp_path / "trial")
    again = eq.load(tmp_path / "trial")
    page = (tmp_path / "trial" / "report.html").read_text("utf-8")
    shown = [str(trial), repr(trial), str(trial.diagnosis), str(again), repr(again)]
    for text in [*shown, page.partition("<script")[0]]:
        words = " ".join(text.split()).replace("Inputs", "inputs")
        assert "inputs of shape 3x2" in words
        assert "0 column" not in words
