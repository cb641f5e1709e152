# SPDX-License-Identifier: Apache-2.0
"""Sound models of three kinds, as files that attacks begin with."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.learners.own_model import OwnModelScorer
from equipoise.priors import Correction
from equipoise.table.generators import gaussian_shift
from equipoise.workflows.fit import fit
from equipoise.workflows.model import Component, FittedModel
from equipoise.workflows.own_input import OwnInput


def fitted(strategy: str, seed: int) -> FittedModel:
    known = gaussian_shift(rows=240, positives=60, seed=seed)
    return fit(known.table, strategy=strategy, folds=2, repeats=1, seed=seed)


def build() -> Any:
    import keras

    return keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(4, activation="relu"),
            keras.layers.Dense(1),
        ]
    )


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of a linear model, another one, trees, and a network of the user's own."""
    folder = tmp_path_factory.mktemp("sound")
    linear = fitted("logistic", 0)
    own = OwnInput((6,), "float32")
    scorer: Any = OwnModelScorer((build(),), Correction())
    part = Component(linear.components[0].strategy, 1.0, (scorer,), own)
    schema = dataclasses.replace(linear.schema, columns=())
    models = {
        "linear": linear,
        "other": fitted("logistic", 1),
        "trees": fitted("trees", 0),
        "own": dataclasses.replace(
            linear, components=(part,), own=own, schema=schema, seen=np.zeros(1, "u8")
        ),
    }
    return {
        name: model.save(folder / f"{name}.equipoise") for name, model in models.items()
    }
