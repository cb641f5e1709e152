# SPDX-License-Identifier: Apache-2.0
"""Numbers by class: what weights and shares have in common."""

from __future__ import annotations

import json

import pytest

from equipoise.errors import InputError
from equipoise.sampling.named import NamedShares
from equipoise.task import Task
from equipoise.weights.by_class import example_task
from equipoise.weights.named import NamedWeights

KINDS = (NamedWeights, NamedShares)
ABC = Task("multiclass", ("a", "b", "c"))


@pytest.mark.parametrize("kind", KINDS)
def test_plain_data_and_back(kind: type[NamedWeights] | type[NamedShares]) -> None:
    one = kind.read({"c": 0.2, "b": 0.5})
    assert one.by_name == (("b", 0.5), ("c", 0.2))
    assert kind.read(one) is one
    for each in (one, one.of(ABC)):
        assert kind.read(json.loads(json.dumps(each.to_dict()))) == each
    assert one != one.of(ABC)


@pytest.mark.parametrize("kind", KINDS)
def test_messages_name_the_part(kind: type[NamedWeights] | type[NamedShares]) -> None:
    with pytest.raises(InputError, match=rf"{kind.part}=\{{\}}"):
        kind.read({})
    with pytest.raises(InputError, match=f"the {kind.noun} of the class 'a'"):
        kind.read({"a": 0})
    with pytest.raises(InputError, match=f"a {kind.noun} of the class 'd'"):
        kind.read({"d": 0.3}).of(ABC)


@pytest.mark.parametrize(
    ("kind", "others"), [(NamedWeights, "others 1"), (NamedShares, "others naturally")]
)
def test_the_classes_without_a_name_are_told(
    kind: type[NamedWeights] | type[NamedShares], others: str
) -> None:
    assert kind.read({"a": 0.2}).of(ABC).describe() == f"a 0.2, {others}"
    assert kind.read({"a": 0.2}).example().classes == ("a", "1_", "2_")


def test_a_task_of_the_names_alone_or_with_two_more() -> None:
    assert example_task(["a", "b"], others=False) == Task("binary", ("a", "b"))
    assert example_task(["c", "a", "b"], others=False).kind == "multiclass"
    more = example_task(["1_", "2__"])
    assert (more.kind, more.classes) == ("multiclass", ("1_", "2__", "1___", "2___"))
