# SPDX-License-Identifier: Apache-2.0
"""Columns of texts in ONNX: each text is looked up once for all encodings of a model.

The learned encodings of a model, one for each fold, know other texts each. In ONNX a
text first becomes its place in a list of all texts that any of them knows; what
follows are tables of numbers.

ONNX has no operator that removes spaces. A text with spaces around it, of any kind that
Unicode has, is recognised by a regular expression, and its place is put together from
bits: one expression for each bit, which matches the texts of the places that have it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from equipoise._core.checks import sentence
from equipoise.errors import UnsupportedError
from equipoise.learners.trees.keras_layer import TreeMatrix
from equipoise.networks.encoding import EncodingLayer, input_names

OPSET = 20
"""The first with regular expressions."""

ML_DOMAIN, ML_OPSET = "ai.onnx.ml", 3

LONGEST = 4_000
"""Bytes of UTF-8 in one expression, at most: runtimes keep few states of one."""

# What `str.strip` removes, character by character: expressions of all runtimes read it.
_SPACE = "[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_SPACED = f"(?s)(?:{_SPACE}.*|.*{_SPACE})"
_SPECIAL = frozenset(r"\.+*?()|[]{}^$")


def number_texts(twin: Any) -> dict[str, tuple[str, ...]]:
    """Let a model's encodings take places in lists of texts, and return the lists.

    Args:
        twin: What `scores_model` gave, with int64 inputs for columns of texts.

    Returns:
        By the name of the input: all texts that an encoding knows, the empty one,
        which is a missing value, first. Their places begin at 1; 0 is any other.

    Raises:
        UnsupportedError: A text is longer than `LONGEST` bytes.
    """
    encoders = list(_encoders(twin))
    texts: dict[str, dict[str, None]] = {}
    for encoder in encoders:
        for category in encoder.encoding.categories:
            listed = texts.setdefault(category.column, {})
            listed.update(dict.fromkeys(category.lookup))
    lists = {column: tuple(listed) for column, listed in texts.items()}
    for column, listed_texts in lists.items():
        _require_short(column, listed_texts)
    for encoder in encoders:
        encoder.take_places(lists)
    names = input_names(encoders[0].encoding) if encoders else {}
    return {names[column]: listed_texts for column, listed_texts in lists.items()}


def _encoders(layer: Any) -> Iterator[EncodingLayer]:
    """Yield the encodings inside a layer or a model."""
    if isinstance(layer, EncodingLayer):
        yield layer
    elif isinstance(layer, TreeMatrix):
        yield layer.encoder
    for inner in getattr(layer, "layers", ()):
        yield from _encoders(inner)


def _require_short(column: str, texts: Sequence[str]) -> None:
    longest = max(len(text.encode()) for text in texts)
    if longest > LONGEST:
        raise UnsupportedError(
            sentence(
                f"a category of {longest:,} bytes in the column {column!r} in the "
                "format 'onnx'",
                f"{LONGEST:,} bytes at most",
                "Export it with format='saved_model', which has no limit; or shorten "
                "the column's texts before fit.",
            )
        )


def take_texts(proto: Any, lists: Mapping[str, Sequence[str]]) -> None:
    """Put before each input of places the nodes that look up its texts.

    Args:
        proto: An `onnx.ModelProto`, changed in place: its inputs become strings.
        lists: What `number_texts` gave.
    """
    from onnx import TensorProto, helper

    nodes: list[Any] = []
    for entry in proto.graph.input:
        if entry.name in lists:
            place = f"{entry.name}-place"
            for node in proto.graph.node:
                node.input[:] = [
                    place if name == entry.name else name for name in node.input
                ]
            entry.type.tensor_type.elem_type = TensorProto.STRING
            nodes += _nodes(proto.graph, entry.name, place, lists[entry.name])
    if not nodes:
        return
    rest = list(proto.graph.node)
    del proto.graph.node[:]
    proto.graph.node.extend([*nodes, *rest])
    versions = {one.domain: one.version for one in proto.opset_import}
    versions |= {"": OPSET, ML_DOMAIN: ML_OPSET}
    del proto.opset_import[:]
    proto.opset_import.extend(helper.make_opsetid(*one) for one in versions.items())
    proto.ir_version = helper.find_min_ir_version_for(proto.opset_import)


def _nodes(graph: Any, name: str, place: str, texts: Sequence[str]) -> list[Any]:
    """Return nodes from the strings called `name` to their places called `place`."""
    from onnx import TensorProto, helper, numpy_helper

    def inside(part: str) -> str:
        return f"{name}-text-{part}"

    def constant(part: str, value: Any) -> str:
        graph.initializer.append(
            numpy_helper.from_array(np.array(value, np.int64), inside(part))
        )
        return inside(part)

    def node(operator: str, inputs: Sequence[str], part: str, **options: Any) -> str:
        output = part if part == place else inside(part)
        nodes.append(helper.make_node(operator, inputs, [output], output, **options))
        return output

    nodes: list[Any] = []
    as_they_are = node(
        "LabelEncoder",
        [name],
        "as-they-are",
        domain=ML_DOMAIN,
        keys_strings=list(texts),
        values_int64s=list(range(1, len(texts) + 1)),
        default_int64=0,
    )
    # The rows with spaces around their texts, usually none.
    spaced = node("RegexFullMatch", [name], "spaced", pattern=_SPACED)
    where = node("NonZero", [spaced], "where")
    flat = node("Reshape", [where, constant("flat", [-1])], "rows")
    odd = node("Gather", [name, flat], "odd")
    total = ""
    for number, (pattern, weight) in enumerate(expressions(texts)):
        match = node("RegexFullMatch", [odd], f"match-{number}", pattern=pattern)
        one = node("Cast", [match], f"one-{number}", to=TensorProto.INT64)
        part = node("Mul", [one, constant(f"weight-{number}", weight)], f"of-{number}")
        total = node("Add", [total, part], f"sum-{number}") if total else part
    node("ScatterElements", [as_they_are, flat, total], place)
    return nodes


def expressions(texts: Sequence[str]) -> list[tuple[str, int]]:
    r"""Return expressions and weights whose sum is a text's place, from 1.

    A text counts with spaces around it. The weights of the expressions that match it
    whole add up to its place in the list; none matches a text that is not there.

    Args:
        texts: Different ones, without spaces around them.

    Returns:
        Expressions that RE2 and Python's `re` read alike, as few as there are bits if
        the texts are short.

    Example:
        >>> import re
        >>> parts = expressions(["", "a b", "c"])
        >>> [sum(weight for pattern, weight in parts if re.fullmatch(pattern, text))
        ...  for text in (" ", "c", "\u3000a b", "b")]
        [1, 3, 2, 0]
    """
    result: list[tuple[str, int]] = []
    for chunk in _chunks(texts):
        weights: dict[tuple[str, ...], int] = {}
        for bit in range(len(texts).bit_length()):
            having = tuple(text for place, text in chunk if place >> bit & 1)
            if having:
                weights[having] = weights.get(having, 0) + (1 << bit)
        for having, weight in weights.items():
            choice = "|".join(map(_escaped, having))
            result.append((f"{_SPACE}*(?:{choice}){_SPACE}*", weight))
    return result


def _chunks(texts: Sequence[str]) -> list[list[tuple[int, str]]]:
    """Return places and texts in parts of one text or of at most `LONGEST` bytes."""
    chunks: list[list[tuple[int, str]]] = []
    length = LONGEST + 1
    for place, text in enumerate(texts, start=1):
        size = len(text.encode()) + 1
        if length + size > LONGEST:
            chunks.append([])
            length = 0
        chunks[-1].append((place, text))
        length += size
    return chunks


def _escaped(text: str) -> str:
    """Return a text as an expression that matches it alone."""
    return "".join(f"\\{c}" if c in _SPECIAL else c for c in text)
