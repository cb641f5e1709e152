# SPDX-License-Identifier: Apache-2.0
"""Ensembles in a trial and in a fitted model: scores, bundle, exports."""

from __future__ import annotations

import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import UnsupportedError
from equipoise.strategies import Strategy

ARMS = (
    Strategy("rusboost", plan="rusboost", learner="tree", options={"rounds": 8}),
    Strategy("self_paced", plan="self_paced", learner="tree", options={"members": 4}),
    Strategy("boosted", plan="adaboost", learner="logistic", options={"rounds": 3}),
    Strategy("bags", plan="under_bagging", learner="logistic", options={"members": 3}),
)


@pytest.mark.parametrize("classes", [2, 3])
def test_what_is_fitted_is_saved_and_exported(table_of, tmp_path, classes):
    import tensorflow as tf

    table = table_of(classes, rows=360)
    for arm in ARMS:
        model = eq.fit(table, strategy=arm, folds=3, repeats=1)
        p = model.predict_proba(table)
        assert np.isfinite(p).all()
        np.testing.assert_allclose(p.sum(axis=1), 1.0)
        again = eq.load(model.save(tmp_path / f"{arm.name}-{classes}.equipoise"))
        np.testing.assert_array_equal(again.predict_proba(table), p)
        raw = {name: tf.constant(v) for name, v in table.raw().items()}
        exported = np.asarray(again.keras_model(raw))
        expected = p[:, 1:] if classes == 2 else p
        np.testing.assert_allclose(exported, expected, atol=1e-6)


def test_a_saved_model_and_onnx_serve_an_ensemble(table_of, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    table = table_of(rows=360)
    options = {"members": 2}
    arm = Strategy(plan="under_bagging", learner="logistic", options=options)
    model = eq.fit(table, strategy=arm, folds=2, repeats=1)
    model.export(tmp_path / "served")
    path = model.export(tmp_path / "served.onnx")
    session = onnxruntime.InferenceSession(str(path))
    columns = {name: np.asarray(values) for name, values in table.raw().items()}
    outputs = dict(
        zip(
            [output.name for output in session.get_outputs()],
            session.run(None, columns),
            strict=True,
        )
    )
    np.testing.assert_allclose(
        outputs["probability"], model.predict_proba(table)[:, 1], atol=1e-6
    )


def test_probabilities_of_boosting_are_calibrated_out_of_fold(table_of):
    table = table_of(rows=900)
    options = {"depth": 2, "rounds": 15}
    arm = Strategy("boosted", plan="adaboost", learner="tree", options=options)
    trial = eq.compare(table, strategies=["prior", arm], folds=3, repeats=1)
    brier = {
        name: float(trial[name].splits["brier"].mean()) for name in ("prior", "boosted")
    }
    assert brier["boosted"] < brier["prior"]
    assert not arm.correction([90, 10]).exact


def test_labels_are_refused_before_anything_is_trained(table_of):
    from equipoise.table.table import Table
    from equipoise.task import Task

    y = np.random.default_rng(0).integers(0, 2, (240, 2)).astype(np.int8)
    table = Table(table_of().columns, y, Task("multilabel", ("p", "q")))
    with pytest.raises(UnsupportedError, match="several labels"):
        eq.fit(table, strategy=ARMS[0], folds=3, repeats=1)
