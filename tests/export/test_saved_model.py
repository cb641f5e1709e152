# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from equipoise.errors import InputError
from equipoise.export.check import encoding_of
from equipoise.export.saved_model import export_saved_model
from equipoise.networks.encoding import input_names
from equipoise.table.generated_tasks import make_classes, make_labels
from equipoise.verbs.fit import fit
from equipoise.verbs.model import FittedModel


def test_names_of_other_formats_are_refused(
    linear: FittedModel, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"which is a folder.*Try 'model'"):
        export_saved_model(linear, tmp_path / "model.keras")


def test_a_folder_that_holds_something_is_left_alone(
    linear: FittedModel, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="not empty"):
        export_saved_model(linear, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_model_is_written_whole_into_an_empty_folder(
    linear: FittedModel, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    assert export_saved_model(linear, folder) == folder
    assert (folder / "saved_model.pb").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_models_of_several_classes_and_labels_are_served(
    kind: str, tmp_path: Path
) -> None:
    if kind == "multiclass":
        table = make_classes(240, counts=[150, 60, 30], seed=1).table
    else:
        table = make_labels(240, shares=[0.4, 0.3, 0.2], seed=1).table
    model = fit(table, strategy="logistic", repeats=1, folds=2)
    folder = export_saved_model(model, tmp_path / "served")
    served = tf.saved_model.load(folder).signatures["serve"]
    names = input_names(encoding_of(model))
    raw = {n: v for n, v in table.raw().items() if n in names}
    outputs = served(
        **{
            names[n]: tf.constant(v.astype(object) if v.dtype.kind == "U" else v)
            for n, v in raw.items()
        }
    )
    p, decided = outputs["probability"].numpy(), outputs["decision"].numpy()
    assert p == pytest.approx(model.predict_proba(table), abs=1e-6)
    assert np.array_equal(decided, model.decide(table))


def test_a_served_model_takes_the_rows_of_a_rest_request(
    linear: FittedModel, make_rows: Callable[..., Any], tmp_path: Path
) -> None:
    """Decode `{"instances": [...]}` by the default signature, as a server does."""
    table = linear.read(make_rows(60, seed=11))
    names = input_names(encoding_of(linear))
    columns = {names[n]: v.tolist() for n, v in table.raw().items() if n in names}
    rows = [
        dict(zip(columns, row, strict=True))
        for row in zip(*columns.values(), strict=True)
    ]
    there = [k for k, row in enumerate(rows) if _whole(row)]
    body = json.dumps({"instances": [rows[k] for k in there]}, allow_nan=False)
    folder = export_saved_model(linear, tmp_path / "1")
    serve = tf.saved_model.load(folder).signatures["serving_default"]
    instances = json.loads(body)["instances"]
    tensors = {}
    for name, spec in serve.structured_input_signature[1].items():
        assert spec.shape.as_list() == [None]  # one value per row, in any number
        tensors[name] = tf.constant([row[name] for row in instances], spec.dtype)
    outputs = {name: one.numpy() for name, one in serve(**tensors).items()}
    assert all(one.shape[0] == len(there) for one in outputs.values())
    answer = [
        dict(zip(outputs, row, strict=True))
        for row in zip(*map(list, outputs.values()), strict=True)
    ]
    json.dumps([{name: one.item() for name, one in row.items()} for row in answer])
    shown = linear.predict_proba(table)[there, 1]
    assert outputs["probability"] == pytest.approx(shown, abs=2e-6)


def _whole(row: dict[str, Any]) -> bool:
    """Return whether no value of a row is NaN, which JSON cannot say."""
    return all(value == value for value in row.values())
