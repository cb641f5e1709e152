# SPDX-License-Identifier: Apache-2.0
"""Models of LightGBM, XGBoost and CatBoost leave the house without their library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from equipoise.errors import TableWarning
from equipoise.priors import log_odds
from equipoise.reading.read import read_table
from equipoise.table.table import Table
from equipoise.verbs.fit import fit
from equipoise.verbs.model import FittedModel, load

LIBRARIES = {"lightgbm": "lightgbm", "xgboost": "xgboost", "catboost": "catboost"}


def rows(count: int, seed: int, *, strange: bool = False) -> pa.Table:
    """Numbers with missing ones, and a category; strange rows have new ones too."""
    random = np.random.default_rng(seed)
    y = random.random(count) < 0.3
    amount = random.normal(y * 1.5, 1.0)
    places = ["north", "south", "east"] + (["nowhere"] if strange else [])
    place = np.where(
        y & (random.random(count) < 0.5), "east", random.choice(places, count)
    )
    missing = random.random(count) < 0.1
    return pa.table(
        {
            "amount": np.where(missing, np.nan, amount),
            "place": pa.array(place.tolist(), mask=random.random(count) < 0.1),
            "age": random.integers(18, 90, count) - 10.0 * y,
            "fraud": np.where(y, "yes", "no"),
        }
    )


def strange_rows(model: FittedModel) -> Table:
    with pytest.warns(TableWarning, match="unseen"):
        return model.read(rows(500, 3, strange=True))


@pytest.fixture(scope="module", params=LIBRARIES)
def model(request: pytest.FixtureRequest) -> FittedModel:
    pytest.importorskip(LIBRARIES[request.param])
    table = read_table(rows(400, 0), "fraud")
    return fit(table, strategy=request.param, folds=2, minutes=1e-6, seed=1)


def test_a_saved_model_says_the_same(model: FittedModel, tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow")
    served = tf.saved_model.load(str(model.export(tmp_path / "served")))
    new = strange_rows(model)
    raw = {name: tf.constant(value) for name, value in new.raw().items()}
    answer = served.signatures["serving_default"](**raw)
    np.testing.assert_allclose(
        log_odds(answer["probability"].numpy()), model.log_odds(new), rtol=0, atol=1e-4
    )
    np.testing.assert_array_equal(answer["decision"].numpy(), model.decide(new))


def test_a_bundle_says_the_same(model: FittedModel, tmp_path: Path) -> None:
    again = load(model.save(tmp_path / "m.equipoise"))
    new = strange_rows(model)
    np.testing.assert_array_equal(again.log_odds(new), model.log_odds(new))


@pytest.mark.parametrize("library", LIBRARIES)
def test_another_runtime_says_the_same(library: str, tmp_path: Path) -> None:
    pytest.importorskip(LIBRARIES[library])
    pytest.importorskip("tf2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    model = fit(
        read_table(rows(400, 0), "fraud"),
        strategy=library,
        folds=2,
        minutes=1e-6,
        seed=1,
    )
    path = model.export(tmp_path / "m.onnx")
    run: Any = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    new = strange_rows(model)
    p, decision = run.run(None, dict(new.raw()))
    np.testing.assert_allclose(log_odds(p), model.log_odds(new), rtol=0, atol=1e-4)
    np.testing.assert_array_equal(decision, model.decide(new))
