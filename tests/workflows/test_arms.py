# SPDX-License-Identifier: Apache-2.0
"""A network of the user's own runs through the same trial."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.strategies.catalogue import strategy
from equipoise.workflows.arms import Arms, labels_of
from equipoise.workflows.compare import compare


def images() -> tuple[np.ndarray, np.ndarray]:
    """Small pictures; the positives have a bright corner."""
    rng = np.random.default_rng(0)
    y = (np.arange(480) % 4 == 0).astype(int)
    x = rng.normal(size=(480, 6, 6, 1)).astype("float32")
    x[y == 1, :2, :2] += 3.0
    return x, y


def build() -> Any:
    import keras

    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )


def test_images_in_a_network_of_ones_own() -> None:
    arms = ["prior", "plain"]
    trial = compare(images(), model=build, strategies=arms, folds=2, repeats=1)
    assert trial.names == ("plain", "prior")
    assert trial["plain"].evaluation["roc_auc"].value > 0.8
    assert trial["prior"].evaluation["roc_auc"].value == 0.5
    assert trial.facts["rows"] == 480
    assert "480 rows" in str(trial)


@pytest.mark.parametrize(
    ("source", "error", "says"),
    [
        (np.zeros((4, 2)), InputTypeError, r"\(x, y\)"),
        ((np.zeros((4, 2)), [0, 1]), InputError, "as many labels"),
        ((np.zeros(4), [0, 1, 0, 0]), InputError, "shape"),
    ],
)
def test_sources_that_do_not_fit(
    source: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        compare(source, model=build)


@pytest.mark.parametrize(
    "given", [{"test": "later.csv"}, {"group": "who"}, {"drop": ("x",)}]
)
def test_what_is_about_columns_or_files_is_not_served_with_it(
    given: dict[str, Any],
) -> None:
    with pytest.raises(UnsupportedError, match=f"{next(iter(given))}= with model="):
        compare(images(), model=build, **given)


def test_trees_cannot_take_pictures() -> None:
    with pytest.raises(UnsupportedError):
        compare(images(), model=build, strategies="trees", folds=2, repeats=1)


def test_labels_follow_the_rules_of_tables() -> None:
    x, _ = images()
    table, kept = labels_of((x, np.where(np.arange(480) % 8, "no", "yes")))
    assert table.classes == ("no", "yes")
    assert table.positives == 60
    assert table.columns == ()
    assert kept.shape == x.shape


def test_learners_are_shared() -> None:
    arms = Arms()
    assert arms(strategy("plain")) is arms(strategy("focal"))
    assert arms(strategy("trees")) is not arms(strategy("plain"))
    with pytest.raises(InputError, match="Did you mean 'small'"):
        Arms("smal")
