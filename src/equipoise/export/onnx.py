# SPDX-License-Identifier: Apache-2.0
"""A fitted model as one ONNX file, checked in another runtime.

The file is made from the same graph as the SavedModel; `onnx_operators` writes what the
converter does not. Texts are looked up before that graph, see `onnx_texts`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from equipoise._core.checks import sentence
from equipoise._core.extras import require_extra
from equipoise._core.files import writing
from equipoise._core.outputs import writable_file
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.label_rule import LabelRule
from equipoise.errors import InputError, TrainingError
from equipoise.export.check import (
    ARRAY_INPUT,
    boolean_inputs,
    checked_inputs,
    encoding_of,
    require_same,
    silent,
)
from equipoise.export.keras import (
    require_served,
    scores_model,
    serving,
    signature_of,
)
from equipoise.export.onnx_operators import HANDLERS
from equipoise.models.model import ModelRecord
from equipoise.priors import probability

MODULES = ("onnx", "onnxruntime", "tf2onnx")
OPSET = 18
"""Of models without columns of texts; see `onnx_texts` for the others."""

OUTPUTS = ("probability", "decision")
SUFFIX = ".onnx"


def export_onnx(
    model: ModelRecord, target: Path, say: Callable[[str], None] = silent
) -> Path:
    """Write the file; see `equipoise.export.export`.

    Args:
        model: A model whose learners are Keras layers.
        target: The file, whole or not at all; its name ends in ".onnx".
        say: Called with what is done from now on.
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
    require_served(model.components)
    require_extra("onnx", MODULES, "an export to ONNX")
    from equipoise.export.onnx_texts import number_texts, take_texts

    say("converting the model to ONNX")
    twin = scores_model(model, text_inputs(model))
    lists = number_texts(twin)
    proto = _converted(model, twin)
    take_texts(proto, lists)
    _describe(model, proto)
    data = proto.SerializeToString()
    say(f"checking that {target.name} gives the same results")
    _compare(model, data)
    target.absolute().parent.mkdir(parents=True, exist_ok=True)
    with writing(target) as stream:
        stream.write(data)
    return target


def text_inputs(model: ModelRecord) -> dict[str, str]:
    """Return the data type that each input of texts has in the converter: int64.

    Args:
        model: The model.
    """
    from equipoise.networks.encoding import input_names

    if model.user_input is not None:
        return {}
    encoding = encoding_of(model)
    names = input_names(encoding)
    texts = (column for column, kind in encoding.columns.items() if kind == "text")
    return dict.fromkeys((names[column] for column in texts), "int64")


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
    convert = partial(
        tf2onnx.convert.from_function,
        traced,
        input_signature=list(signature),
        opset=OPSET,
        custom_op_handlers=HANDLERS,
    )
    with _unlogged():
        try:
            with _without_copies():
                proto, _ = convert()
        except _SLIPS:
            # A step of the converter's optimizer failed: only if it works on copies
            # does it leave such a step out.
            proto, _ = convert()
    return proto


_SLIPS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    RuntimeError,
    TypeError,
    ValueError,
)
_WITH_COPIES = "TF2ONNX_CATCH_ERRORS"


@contextlib.contextmanager
def _without_copies() -> Iterator[None]:
    """Let the converter's optimizer change the graph itself.

    It would copy the whole graph before each of some 36 steps, in which large models
    spend most of the time. What the user has set in the environment is left as it is.
    """
    if _WITH_COPIES in os.environ:
        yield
        return
    os.environ[_WITH_COPIES] = "FALSE"
    try:
        yield
    finally:
        os.environ.pop(_WITH_COPIES, None)


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


_TYPES = {
    "float64": "double",
    "float32": "float",
    "int64": "int64",
    "int32": "int32",
    "uint8": "uint8",
    "bool": "bool",
    "object": "string",
}


@contextlib.contextmanager
def _unlogged() -> Iterator[None]:
    """Keep the converter's log lines away, and the root logger as it is.

    `logging.warning`, which the converter calls, would set up the root logger of the
    whole process if it has no handler. TensorFlow has a warning about the tables that
    encodings look texts up in, which are not converted.
    """
    import tensorflow as tf

    root, silent = logging.getLogger(), logging.NullHandler()
    root.addHandler(silent)
    tf.get_logger().addFilter(_nothing)
    try:
        yield
    finally:
        root.removeHandler(silent)
        tf.get_logger().removeFilter(_nothing)


def _nothing(record: logging.LogRecord) -> bool:
    return False


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
        f"In: {_inputs_of(model)} Out: the calibrated {_outputs_of(model)} A "
        "row that holds what the model does not accept has the probability NaN and the "
        "decision -1: a boolean column takes 0, 1 or NaN."
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


def _inputs_of(model: ModelRecord) -> str:
    """Return what the inputs are, in a sentence that has begun."""
    if model.user_input is not None:
        return "rows for the network."
    kinds = set(encoding_of(model).columns.values())
    said = {
        "number": "numbers are float64, NaN if missing",
        "text": 'categories are strings, "" if missing',
        "moment": "times are int64 microseconds since 1970 in UTC, the smallest int64 "
        "if missing",
    }
    parts = [text for kind, text in said.items() if kind in kinds]
    return f"columns, [rows] each: {'; '.join(parts)}."


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
