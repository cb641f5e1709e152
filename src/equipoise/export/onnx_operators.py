# SPDX-License-Identifier: Apache-2.0
"""TensorFlow's operators in ONNX, where the converter's are missing, differ or slow.

Each function is a handler of tf2onnx: it takes the graph's context, a node, the node's
name and arguments, and puts ONNX nodes with the same result in the node's place.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

_INT32 = 6  # onnx.TensorProto.INT32
_INT64 = 7  # onnx.TensorProto.INT64
_DOUBLE = 11  # onnx.TensorProto.DOUBLE


def upper_bound(context: Any, node: Any, name: str, arguments: Any) -> None:
    """Write `searchsorted(sorted, values, side="right")` in ONNX's operators.

    It counts, per line, the sorted numbers that are not larger: `[lines, values,
    sorted]` comparisons.

    Args:
        context: The graph.
        node: With the sorted lines and the values.
        name: The node's name.
        arguments: Unused.
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


def logarithm(context: Any, node: Any, name: str, arguments: Any) -> None:
    """Write a logarithm in its own type; the converter would round it to float32.

    Args:
        context: The graph.
        node: With the numbers.
        name: The node's name.
        arguments: Unused.
    """
    _put_in_place(context, node, "Log", node.input, {})


def soft_plus(context: Any, node: Any, name: str, arguments: Any) -> None:
    """Write `log(1 + exp(x))` of doubles as max(x, 0) + log(1 + exp(-|x|)).

    ONNX Runtime has no kernel for doubles from opset 19 on, and exp(x) alone overflows.

    Args:
        context: The graph.
        node: With the numbers.
        name: The node's name.
        arguments: Unused.
    """
    if context.get_dtype(node.output[0]) != _DOUBLE:
        _put_in_place(context, node, "Softplus", node.input, {})
        return
    (x,) = node.input
    zero, one = (
        context.make_const(f"{name}-{number}", np.array(number, np.float64)).output[0]
        for number in (0, 1)
    )
    above = context.make_node("Max", [x, zero]).output[0]
    size = context.make_node("Abs", [x]).output[0]
    power = context.make_node("Exp", [context.make_node("Neg", [size]).output[0]])
    sum_ = context.make_node("Add", [power.output[0], one]).output[0]
    rest = context.make_node("Log", [sum_]).output[0]
    _put_in_place(context, node, "Add", [above, rest], {})


def floor_modulus(context: Any, node: Any, name: str, arguments: Any) -> None:
    """Write the remainder that has the divisor's sign.

    The converter rounds quotients of integers towards zero: wrong before 1970.

    Args:
        context: The graph.
        node: With the dividends and the divisors.
        name: The node's name.
        arguments: Unused.
    """
    dividend, divisor = node.input
    if _of_integers(context, node):
        _put_in_place(context, node, "Mod", node.input, {"fmod": 0})
        return
    quotient = context.make_node("Div", node.input).output[0]
    whole = context.make_node("Floor", [quotient]).output[0]
    less = context.make_node("Mul", [whole, divisor]).output[0]
    _put_in_place(context, node, "Sub", [dividend, less], {})


def floor_quotient(context: Any, node: Any, name: str, arguments: Any) -> None:
    """Write the quotient that is rounded down.

    Of integers: the quotient towards zero, less 1 if it is below zero and not exact. No
    intermediate result is larger than the dividend, so nothing overflows.

    Args:
        context: The graph.
        node: With the dividends and the divisors.
        name: The node's name.
        arguments: Unused.
    """
    quotient = context.make_node("Div", node.input).output[0]
    if not _of_integers(context, node):
        _put_in_place(context, node, "Floor", [quotient], {})
        return
    kind = np.int64 if context.get_dtype(node.output[0]) == _INT64 else np.int32
    zero = context.make_const(f"{name}-zero", np.array(0, kind)).output[0]
    # Not with fmod=1, which ONNX Runtime computes in doubles.
    rest = context.make_node("Mod", node.input, attr={"fmod": 0}).output[0]
    exact = context.make_node("Equal", [rest, zero]).output[0]
    inexact = context.make_node("Not", [exact]).output[0]
    signs = [context.make_node("Less", [side, zero]).output[0] for side in node.input]
    differ = context.make_node("Xor", signs).output[0]
    down = context.make_node("And", [inexact, differ]).output[0]
    to = {"to": context.get_dtype(node.output[0])}
    one = context.make_node("Cast", [down], attr=to).output[0]
    _put_in_place(context, node, "Sub", [quotient, one], {})


def while_loop(context: Any, node: Any, name: str, arguments: Any) -> None:
    """Write a loop as the converter does, without a copy of the whole model for it.

    The converter deep-copies the loop's condition, and with it the graph around it,
    twice for each loop. It changes nothing of the copy but the records of its own lists
    and mappings: copies of these are enough, and the file is the same.

    Args:
        context: The graph.
        node: The loop.
        name: The node's name.
        arguments: Unused.
    """
    from tf2onnx.onnx_opset.controlflow import While

    context.__deepcopy__ = lambda memo: _with_its_own_lists(context)
    try:
        While.version_7(context, node)
    finally:
        del context.__deepcopy__


def _with_its_own_lists(graph: Any) -> Any:
    """Return a graph that shares its nodes, but not its lists and mappings."""
    twin = copy.copy(graph)
    del twin.__deepcopy__
    for name, value in vars(graph).items():
        if isinstance(value, list):
            setattr(twin, name, list(value))
        elif isinstance(value, dict):
            inner = {k: dict(v) if isinstance(v, dict) else v for k, v in value.items()}
            setattr(twin, name, inner)
    return twin


def _of_integers(context: Any, node: Any) -> bool:
    return context.get_dtype(node.output[0]) in (_INT32, _INT64)


def _put_in_place(
    context: Any, node: Any, operator: str, inputs: Any, attributes: dict[str, Any]
) -> None:
    """Put one ONNX node where a node of TensorFlow was."""
    inputs, outputs = list(inputs), node.output
    kind, shape = context.get_dtype(outputs[0]), context.get_shape(outputs[0])
    context.remove_node(node.name)
    context.make_node(
        operator,
        inputs,
        attr=attributes,
        outputs=outputs,
        name=node.name,
        dtypes=[kind],
        shapes=[shape],
    )


HANDLERS: dict[str, tuple[Any, list[Any]]] = {
    "UpperBound": (upper_bound, []),
    "Log": (logarithm, []),
    "Softplus": (soft_plus, []),
    "FloorMod": (floor_modulus, []),
    "FloorDiv": (floor_quotient, []),
    "While": (while_loop, []),
    "StatelessWhile": (while_loop, []),
}
"""By the name of TensorFlow's operator, as tf2onnx takes them."""
