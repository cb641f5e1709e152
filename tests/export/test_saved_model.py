# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

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
