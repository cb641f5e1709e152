# SPDX-License-Identifier: Apache-2.0
"""TensorFlow's operators in ONNX, run by ONNX Runtime, against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from equipoise.export.onnx_operators import HANDLERS

LIMITS = np.iinfo(np.int64)


def run(function: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    tf2onnx = pytest.importorskip("tf2onnx")
    onnx = pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    signature = [tf.TensorSpec([None, *a.shape[1:]], a.dtype) for a in arrays]
    proto, _ = tf2onnx.convert.from_function(
        tf.function(function, input_signature=signature),
        input_signature=signature,
        opset=18,
        custom_op_handlers=HANDLERS,
    )
    onnx.checker.check_model(proto, full_check=True)
    # No kernel for a Softplus of doubles from here on.
    proto.opset_import[0].version = 20
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    names = [entry.name for entry in session.get_inputs()]
    (result,) = session.run(None, dict(zip(names, arrays, strict=True)))
    return np.asarray(result)


@pytest.mark.parametrize("kind", [np.int64, np.int32])
def test_integers_are_divided_as_in_numpy(kind: type[np.integer]) -> None:
    ends = np.iinfo(kind)
    random = np.random.default_rng(0)
    few = np.arange(-20, 21)
    many = random.integers(ends.min, ends.max, 200, kind)
    x = np.concatenate([few, many, [ends.min, ends.min + 1, ends.max]]).astype(kind)
    for divisor in (1, 2, 7, 146_097, -3, -365):
        y = np.full(len(x), divisor, kind)
        quotient = run(tf.math.floordiv, x, y)
        np.testing.assert_array_equal(quotient, np.floor_divide(x, y))
        rest = run(tf.math.floormod, x, y)
        np.testing.assert_array_equal(rest, np.mod(x, y))


def test_doubles_are_divided_as_in_numpy() -> None:
    x = np.concatenate([np.arange(-20.0, 21.0) / 3, [1e300, -1e300, 0.0]])
    np.testing.assert_array_equal(
        run(lambda a: tf.math.floordiv(a, 0.5), x), np.floor_divide(x, 0.5)
    )
    small = x[:41]
    np.testing.assert_allclose(
        run(lambda a: tf.math.floormod(a, -0.7), small), np.mod(small, -0.7), atol=1e-14
    )


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_a_soft_plus_has_no_overflow(kind: type[np.floating]) -> None:
    x = np.array([-np.inf, -800, -40, -1.5, 0, 1e-3, 2, 40, 800, np.inf], kind)
    tolerance = 1e-15 if kind is np.float64 else 1e-6
    np.testing.assert_allclose(
        run(tf.nn.softplus, x), np.logaddexp(0, x), rtol=tolerance, atol=tolerance
    )
    assert np.isnan(run(tf.nn.softplus, np.array([np.nan], kind))).all()


def test_a_logarithm_keeps_its_type() -> None:
    x = np.array([1e-300, 0.1, 1.0, 3.0, 1e300])
    result = run(tf.math.log, x)
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, np.log(x), rtol=1e-15)


def test_a_search_among_sorted_numbers() -> None:
    random = np.random.default_rng(1)
    lines = np.sort(random.normal(size=(3, 20)), axis=1)
    lines[:, 17:] = np.inf
    values = np.concatenate([random.normal(size=(3, 50)), lines], axis=1)
    places = run(lambda a, b: tf.searchsorted(a, b, side="right"), lines, values)
    pairs = zip(lines, values, strict=True)
    expected = [np.searchsorted(*pair, side="right") for pair in pairs]
    np.testing.assert_array_equal(places, expected)


def test_a_loop_copies_nothing_but_its_condition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The file has the same nodes as with the converter's own loop."""
    graphs = pytest.importorskip("tf2onnx.graph")
    onnx = pytest.importorskip("onnx")
    monkeypatch.setenv("TF2ONNX_CATCH_ERRORS", "FALSE")
    copied: list[Any] = []
    plain = graphs.Node.__reduce_ex__

    def counted(node: Any, protocol: Any) -> Any:
        copied.append(node)
        return plain(node, protocol)

    def halved(x: Any) -> Any:
        for _ in range(40):  # a graph around the loop
            x = 0.9 * x + 0.1 * tf.sin(x)
        (y,) = tf.while_loop(
            lambda y: tf.reduce_any(tf.abs(y) > 1.0), lambda y: (y / 2.0,), (x,)
        )
        return y + 1.0

    x = np.array([-3.0, 0.5, 20.0])
    monkeypatch.setattr(graphs.Node, "__reduce_ex__", counted)
    ours, few = run(halved, x), len(copied)
    copied.clear()
    shapes = []
    for handlers in (HANDLERS, {}):
        proto, _ = pytest.importorskip("tf2onnx").convert.from_function(
            tf.function(halved),
            input_signature=[tf.TensorSpec([None], tf.float64)],
            opset=18,
            custom_op_handlers=dict(handlers),
        )
        onnx.checker.check_model(proto, full_check=True)
        nodes = list(proto.graph.node)
        loops = [node for node in nodes if node.op_type == "Loop"]
        inside = [a.g.node for n in loops for a in n.attribute if a.name == "body"]
        shapes.append(
            [sorted(node.op_type for node in some) for some in (nodes, *inside)]
        )
    assert shapes[0] == shapes[1]
    assert few < 40 < len(copied) - few
    np.testing.assert_allclose(ours, halved(tf.constant(x)), rtol=1e-12)
