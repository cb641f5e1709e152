# SPDX-License-Identifier: Apache-2.0
"""Texts looked up by ONNX: as `str.strip` and a dictionary do."""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np
import pytest

from equipoise.export.check import encoding_of
from equipoise.export.keras import scores_model
from equipoise.export.onnx import text_inputs
from equipoise.export.onnx_texts import (
    LONGEST,
    ML_DOMAIN,
    ML_OPSET,
    OPSET,
    expressions,
    number_texts,
    take_texts,
)
from equipoise.verbs.model import FittedModel

SPACES = [chr(n) for n in range(sys.maxunicode + 1) if chr(n).isspace()]
SPECIAL = [
    "",
    *r"\.+*?()|[]{}^$-&~#/",
    "a|b",
    "(a)",
    "[a-z]",
    "a b",
    "\\d",
    "é",
    "東京",
]


def texts_of(count: int, length: int, seed: int) -> list[str]:
    """Return different texts without spaces around them, short ones and long ones."""
    random = np.random.default_rng(seed)
    letters = np.array(list("abcXYZ09 _-.é東|(\t"))
    made = dict.fromkeys(SPECIAL)
    while len(made) < count:
        size = random.integers(1, length)
        made["".join(random.choice(letters, size)).strip()] = None
    return list(made)


def around(texts: list[str], seed: int) -> list[str]:
    """Return texts as they are, within spaces of all kinds, changed and unseen."""
    random = np.random.default_rng(seed)
    rows = [*texts, *SPACES, "".join(SPACES), "\0", "unseen"]
    for text in texts:
        before, after = random.choice(SPACES, 2)
        rows += [before + text, text + after, before * 2 + text + after + before]
        rows += [text + "\0", text.swapcase(), f"{text}{before}{text}", text + "\u200b"]
    return rows


def places(texts: list[str], rows: list[str]) -> np.ndarray:
    """Return what `take_texts` gives, by ONNX Runtime."""
    onnx = pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    kind, helper = onnx.TensorProto.INT64, onnx.helper
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "places",
        [helper.make_tensor_value_info("x", kind, [None])],
        [helper.make_tensor_value_info("y", kind, [None])],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    take_texts(proto, {"x": texts})
    onnx.checker.check_model(proto, full_check=True)
    versions = {one.domain: one.version for one in proto.opset_import}
    assert versions == {"": OPSET, ML_DOMAIN: ML_OPSET}
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    (result,) = session.run(None, {"x": np.array(rows, object)})
    return np.asarray(result)


@pytest.mark.parametrize(
    ("count", "length"), [(30, 4), (300, 12), (1_002, 40), (60, 1_500)]
)
def test_texts_are_looked_up_as_by_a_dictionary(
    count: int, length: int, capfd: pytest.CaptureFixture[str]
) -> None:
    texts = texts_of(count, length, seed=count)
    rows = around(texts, seed=1)
    place_of = {text: place for place, text in enumerate(texts, start=1)}
    expected = [place_of.get(row.strip(), 0) for row in rows]
    assert 0 in expected
    assert len(set(expected)) == count + 1
    np.testing.assert_array_equal(places(texts, rows), expected)
    assert capfd.readouterr().err == ""  # such as a regular expression too long


def test_rows_without_spaces_and_no_rows() -> None:
    assert places(["", "a"], ["a", "b", ""]).tolist() == [2, 0, 1]
    assert places(["", "a"], []).tolist() == []
    assert places([""], [" ", "a"]).tolist() == [1, 0]


def test_the_longest_text_is_found(capfd: pytest.CaptureFixture[str]) -> None:
    longest = "a." * (LONGEST // 2)
    rows = [longest, f" {longest}", longest[1:], f"\t{longest[:-1]}"]
    assert places(["", longest], rows).tolist() == [2, 2, 0, 0]
    assert capfd.readouterr().err == ""


def test_expressions_are_those_of_python_too() -> None:
    """The reference runtime of ONNX reads them by `re`."""
    texts = texts_of(80, 12, seed=3)
    parts = [(re.compile(pattern), weight) for pattern, weight in expressions(texts)]
    for row in around(texts, seed=2):
        place = sum(weight for pattern, weight in parts if pattern.fullmatch(row))
        assert place == (texts.index(row.strip()) + 1 if row.strip() in texts else 0)


def test_short_texts_take_one_expression_per_bit() -> None:
    assert len(expressions(["", "a", "b", "c", "d", "e", "f"])) == 3
    sizes = [len(p.encode()) for p, _ in expressions(texts_of(1_002, 40, seed=4))]
    assert len(sizes) < 150
    assert max(sizes) < 2 * LONGEST + 500  # half of it may be escapes


@pytest.mark.parametrize("which", ["linear", "trees", "network"])
def test_all_encodings_of_a_model_take_places(
    which: str, request: pytest.FixtureRequest
) -> None:
    model: FittedModel = request.getfixturevalue(which)
    twin = scores_model(model, text_inputs(model))
    lists = number_texts(twin)
    assert set(lists) == {"city"}
    listed = list(lists["city"])
    assert listed[0] == ""
    known: set[str] = set()
    for component in model.components:
        scorers: Any = component.scorers  # of tables, so each has an encoding
        for scorer in scorers:
            known |= set(scorer.encoding.categories[0].vocabulary)
    assert set(listed) == {"", *known}
    rows = ["", "Bonn", "Lima", "Oslo", "unseen"]
    raw: dict[str, Any] = {
        "amount": np.zeros(5),
        "paid": np.zeros(5),
        "when": np.zeros(5, np.int64),
    }
    numbered = [listed.index(text) + 1 if text in listed else 0 for text in rows]
    by_place = twin({**raw, "city": np.array(numbered)}).numpy()
    by_text = scores_model(model)({**raw, "city": np.array(rows, object)}).numpy()
    np.testing.assert_array_equal(by_place, by_text)
    assert encoding_of(model).columns["city"] == "text"
