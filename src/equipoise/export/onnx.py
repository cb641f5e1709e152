# SPDX-License-Identifier: Apache-2.0
"""A fitted model of numeric columns as one ONNX file, checked in another runtime.

The file is made from the same graph as the SavedModel. ONNX has no operator for a
search among sorted numbers, so that one is written as counting those that are not
larger.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from equipoise._core.checks import sentence
from equipoise._core.extras import require_extra
from equipoise._core.files import writing
from equipoise._core.outputs import writable_file
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.label_rule import LabelRule
from equipoise.errors import InputError, TrainingError, UnsupportedError
from equipoise.export.check import (
    ARRAY_INPUT,
    boolean_inputs,
    checked_inputs,
    encoding_of,
    require_same,
)
from equipoise.export.keras import keras_model, serving, signature_of
from equipoise.models.model import ModelRecord
from equipoise.priors import probability

MODULES = ("onnx", "onnxruntime", "tf2onnx")
OPSET = 18
OUTPUTS = ("probability", "decision")
SUFFIX = ".onnx"


def export_onnx(model: ModelRecord, target: Path) -> Path:
    """Write the file; see `equipoise.export.export`.

    Args:
        model: A model whose columns are all numeric or boolean.
        target: The file, whole or not at all; its name ends in ".onnx".
    """
    if target.suffix != SUFFIX:
        raise InputError(
            sentence(
                f"the path {target.name!r} for ONNX",
                f"a name that ends in {SUFFIX}",
                f"Try {target.with_suffix(SUFFIX).name!r}.",
            )
        )
    writable_file(target, "out")
    require_numeric(model)
    require_extra("onnx", MODULES, "an export to ONNX")
    twin = keras_model(model, output="log_odds")
    proto = _converted(model, twin)
    _describe(model, proto)
    data = proto.SerializeToString()
    _compare(model, data)
    target.absolute().parent.mkdir(parents=True, exist_ok=True)
    with writing(target) as stream:
        stream.write(data)
    return target


def require_numeric(model: ModelRecord) -> None:
    """Raise if a model takes a column that is neither numeric nor boolean.

    Raises:
        UnsupportedError: The model takes such columns; they are named.
    """
    taken = getattr(model.components[0].scorers[0], "encoding", None)
    names = set() if taken is None else set(taken.columns)
    others = [
        f"{column.name!r} ({column.kind})"
        for column in model.schema.columns
        if column.kind not in ("numeric", "boolean") and column.name in names
    ]
    if others:
        raise UnsupportedError(
            sentence(
                f"a model that takes {', '.join(others)} in the format 'onnx'",
                "numeric and boolean columns only",
                "Export it with format='saved_model', which takes them as they are; "
                "or turn them into numbers before fit.",
            )
        )


def _converted(model: ModelRecord, twin: Any) -> Any:
    """Return the model as an `onnx.ModelProto`."""
    import tensorflow as tf
    import tf2onnx

    serve = _without_errors(model, serving(twin, model.rule))
    names, signature = zip(*signature_of(twin).items(), strict=True)
    traced = tf.function(
        lambda *columns: serve(dict(zip(names, columns, strict=True))),
        input_signature=signature,
    )
    with _unlogged():
        proto, _ = tf2onnx.convert.from_function(
            traced,
            input_signature=list(signature),
            opset=OPSET,
            custom_op_handlers={
                "UpperBound": (_upper_bound, []),
                "Log": (_logarithm, []),
            },
        )
    return proto


def _without_errors(
    model: ModelRecord, serve: Callable[[Mapping[str, Any]], Any]
) -> Callable[[Mapping[str, Any]], Any]:
    """Return the function with NaN and -1 for rows that the model would refuse.

    ONNX has no operator that raises; the converter leaves the checks out.
    """
    import tensorflow as tf

    from equipoise.export.accepted_layers import refused_booleans, refused_rows

    booleans = boolean_inputs(model)

    def served(columns: Mapping[str, Any]) -> dict[str, Any]:
        outputs: dict[str, Any] = serve(columns)
        refused = [refused_booleans(columns[name]) for name in booleans]
        if model.user_input is not None and columns[ARRAY_INPUT].dtype.is_floating:
            refused.append(refused_rows(columns[ARRAY_INPUT]))
        for wrong in refused:
            outputs = {
                "probability": _but(wrong, np.nan, outputs["probability"]),
                "decision": _but(wrong, -1, outputs["decision"]),
            }
        return outputs

    def _but(wrong: Any, instead: float, values: Any) -> Any:
        wide = wrong[:, None] if values.shape.rank == 2 else wrong
        return tf.where(wide, tf.constant(instead, values.dtype), values)

    return served


def _upper_bound(context: Any, node: Any, name: str, arguments: Any) -> None:
    """Write `searchsorted(sorted, values, side="right")` in ONNX's operators.

    It counts, per line, the sorted numbers that are not larger: `[lines, values,
    sorted]` comparisons.
    """
    (lines, values), (result,) = node.input, node.output
    context.remove_node(node.name)
    last = context.make_const(f"{name}-last", np.array([2], np.int64)).output[0]
    middle = context.make_const(f"{name}-middle", np.array([1], np.int64)).output[0]
    wide = context.make_node("Unsqueeze", [values, last]).output[0]
    flat = context.make_node("Unsqueeze", [lines, middle]).output[0]
    below = context.make_node("LessOrEqual", [flat, wide]).output[0]
    ones = context.make_node("Cast", [below], attr={"to": _INT32}).output[0]
    context.make_node(
        "ReduceSum", [ones, last], attr={"keepdims": 0}, outputs=[result], name=name
    )


def _logarithm(context: Any, node: Any, name: str, arguments: Any) -> None:
    """Write a logarithm in its own type; the converter would round it to float32."""
    inputs, outputs = node.input, node.output
    kind, shape = context.get_dtype(outputs[0]), context.get_shape(outputs[0])
    context.remove_node(node.name)
    context.make_node(
        "Log", inputs, outputs=outputs, name=name, dtypes=[kind], shapes=[shape]
    )


_INT32 = 6  # onnx.TensorProto.INT32
_TYPES = {
    "float64": "double",
    "float32": "float",
    "int64": "int64",
    "int32": "int32",
    "uint8": "uint8",
    "bool": "bool",
}


@contextlib.contextmanager
def _unlogged() -> Iterator[None]:
    """Keep the converter's log lines away, and the root logger as it is.

    `logging.warning`, which the converter calls, would set up the root logger of the
    whole process if it has no handler.
    """
    root, silent = logging.getLogger(), logging.NullHandler()
    root.addHandler(silent)
    try:
        yield
    finally:
        root.removeHandler(silent)


def _describe(model: ModelRecord, proto: Any) -> None:
    """Put the outputs in order, and say what the file is in its own fields."""
    from onnx import helper

    from equipoise.networks.encoding import input_names

    outputs = sorted(proto.graph.output, key=lambda one: OUTPUTS.index(one.name))
    del proto.graph.output[:]
    proto.graph.output.extend(outputs)
    for entry in (*proto.graph.input, *proto.graph.output):
        entry.type.tensor_type.shape.dim[0].dim_param = "rows"
    proto.producer_name = "equipoise"
    proto.producer_version = str(model.facts["versions"]["equipoise"])
    proto.graph.name = "equipoise"
    proto.doc_string = (
        "In: columns, [rows] float64 each, NaN if missing. Out: the calibrated "
        f"{_outputs_of(model)} A row that holds what the model does not accept has the "
        "probability NaN and the decision -1: a boolean column takes 0, 1 or NaN."
    )
    names = (
        {ARRAY_INPUT: ARRAY_INPUT}
        if model.user_input
        else input_names(encoding_of(model))
    )
    helper.set_model_props(
        proto,
        {
            "target": model.schema.target,
            **_decisions_of(model),
            "columns": json.dumps(names, ensure_ascii=False),
        },
    )


def _outputs_of(model: ModelRecord) -> str:
    """Return what the outputs are, in a sentence that has begun."""
    if isinstance(model.rule, ClassRule):
        return (
            "probability of each class, in their order, and the decision (the number "
            "of a class, from 0; -1 undecided)."
        )
    if isinstance(model.rule, LabelRule):
        return (
            "probability of each label, in their order, and the decision for each (1 "
            "flagged, 0 not, -1 undecided)."
        )
    return (
        "probability of the positive class, and the decision (1 flagged, 0 not, -1 "
        "undecided)."
    )


def _decisions_of(model: ModelRecord) -> dict[str, str]:
    """Return what decisions are made by, as strings."""
    rule = model.rule
    classes = json.dumps(list(model.schema.classes), ensure_ascii=False)
    if isinstance(rule, ClassRule):
        return {"classes": classes, "rule": rule.describe()}
    if isinstance(rule, LabelRule):
        cuts = [float(probability(one.threshold_log_odds)) for one in rule.rules]
        return {"labels": classes, "thresholds": json.dumps(cuts)}
    facts = {
        "positive_class": model.schema.classes[1],
        "threshold": repr(float(probability(rule.threshold_log_odds))),
    }
    if rule.lower_log_odds is not None:
        facts["lower"] = repr(float(probability(rule.lower_log_odds)))
    return facts


def _compare(model: ModelRecord, data: bytes) -> None:
    """Raise if the runtime asks for other inputs or gives other results."""
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    rows, raw = checked_inputs(model)
    inputs = {entry.name: entry.type for entry in session.get_inputs()}
    expected = {name: f"tensor({_TYPES[v.dtype.name]})" for name, v in raw.items()}
    if inputs != expected:
        raise TrainingError(
            sentence(
                f"an exported model that takes {inputs}",
                f"{expected}",
                "Please report it; the model itself is sound and was not exported.",
            )
        )
    outputs = dict(zip(OUTPUTS, session.run(list(OUTPUTS), raw), strict=True))
    require_same(model, rows, outputs)
    one = {name: values[:1] for name, values in raw.items()}
    alone = dict(zip(OUTPUTS, session.run(list(OUTPUTS), one), strict=True))
    require_same(model, rows.take(np.arange(1)), alone)
