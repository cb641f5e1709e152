# SPDX-License-Identifier: Apache-2.0
"""Class weights by name, as a part of a strategy."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, nearest, number, sentence
from equipoise._core.numerals import exact
from equipoise._core.types import FloatArray
from equipoise.errors import InputError, InputTypeError
from equipoise.task import Task
from equipoise.weights.scheme import Scheme, kind_of_totals, normalise, task_totals

NAMED = "named"
"""The name of the scheme, in names of strategies."""

MOST_SHOWN = 8


@dataclass(frozen=True, repr=False)
class NamedWeights:
    """How much a row of each named class counts; classes without a name count 1.

    Of several labels, how much a row with the label counts, against 1 without it.

    Attributes:
        by_name: Pairs of a class, or a label, and its weight above 0, sorted by name.
        classes: The classes of the table, in its order, once it is known; else empty.
        kind: The kind of its task, once it is known; else "".

    Example:
        >>> NamedWeights.read({"POX": 20, "ERL": 5})
        {'ERL': 5.0, 'POX': 20.0}
    """

    by_name: tuple[tuple[str, float], ...]
    classes: tuple[str, ...] = ()
    kind: str = ""

    @classmethod
    def read(cls, values: Any) -> NamedWeights:
        """Return what a user gave, or what `to_dict` returned.

        Args:
            values: A mapping of classes to weights.

        Raises:
            InputTypeError: A weight is not a number.
            InputError: There is none, or one is not above 0, or a class has two.
        """
        if isinstance(values, NamedWeights):
            return values
        if isinstance(values.get("by_name"), Mapping):
            classes, kind = tuple(values["classes"]), str(values["kind"])
            return dataclasses.replace(
                cls.read(values["by_name"]), classes=classes, kind=kind
            )
        if not values:
            raise InputError(
                sentence("weights={}", "a weight for some class, or weights=None")
            )
        named: dict[str, float] = {}
        for label, weight in values.items():
            name = _written(label)
            if name in named:
                raise InputError(
                    sentence(f"two weights of the class {name!r}", "one for each class")
                )
            named[name] = number(
                weight, f"the weight of the class {name!r}", 0, open_ends=True
            )
        return cls(tuple(sorted(named.items())))

    def __repr__(self) -> str:
        return repr(dict(self.by_name))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the weights, with the classes if they are known."""
        if not self.classes:
            return dict(self.by_name)
        return {
            "by_name": dict(self.by_name),
            "classes": list(self.classes),
            "kind": self.kind,
        }

    def of(self, task: Task) -> NamedWeights:
        """Return the weights for the classes, or labels, of a table.

        Args:
            task: The table's.

        Raises:
            InputError: A class is not among them.
        """
        noun = "label" if task.kind == "multilabel" else "class"
        plural = "labels" if noun == "label" else "classes"
        for name, _ in self.by_name:
            if name not in task.classes:
                raise InputError(
                    sentence(
                        f"a weight of the {noun} {name!r}",
                        f"{plural} among {listing(task.classes, 20)}",
                        nearest(name, task.classes),
                    )
                )
        return dataclasses.replace(self, classes=task.classes, kind=task.kind)

    def describe(self) -> str:
        """Return them in words.

        Example:
            >>> NamedWeights.read({"POX": 20, "ERL": 5}).describe()
            'ERL 5, POX 20, others 1'
        """
        shown = [f"{name} {exact(weight)}" for name, weight in self.by_name]
        more = len(shown) - MOST_SHOWN
        text = ", ".join(shown[:MOST_SHOWN]) + (f", {more} more" if more > 0 else "")
        everyone = self.kind != "multilabel" and len(self.classes) == len(shown)
        return text if everyone else f"{text}, others 1"

    def example(self) -> NamedWeights:
        """Return the same for a task of these classes and two more, for words."""
        names = tuple(name for name, _ in self.by_name)
        longer = "_" * max(map(len, names))
        return self.of(Task("multiclass", (*names, f"1{longer}", f"2{longer}")))


def _written(label: Any) -> str:
    """Return a label as classes are written: whole numbers without a point."""
    plain = label.item() if isinstance(label, np.generic) else label
    if isinstance(plain, str):
        return plain
    if isinstance(plain, int | float):
        return f"{plain:.15g}" if isinstance(plain, float) else str(plain)
    raise InputTypeError(
        sentence(f"a weight of the class {label!r}", "the name of a class, or a number")
    )


@dataclass(frozen=True)
class NamedScheme(Scheme):
    """The scheme of weights by name: the same whatever the totals.

    Attributes:
        named: The weights.
    """

    named: NamedWeights = NamedWeights(())

    def task_weights(self, totals: npt.ArrayLike, **options: Any) -> FloatArray:
        """Return how much a row of each class counts, as `Scheme.task_weights`.

        Args:
            totals: Of the classes that the weights were bound to.
            **options: None.

        Raises:
            InputError: The table's classes are not known, or these are others.
        """
        each, kind = task_totals(totals), kind_of_totals(totals)
        named = self.named
        if not named.classes:
            raise InputError(
                sentence(
                    f"weights={named!r} for totals without names",
                    "a strategy that knows the classes of its table",
                    "Call strategy.with_classes(table.task).",
                )
            )
        if (kind, len(each)) != (named.kind, len(named.classes)):
            raise InputError(
                sentence(
                    f"totals of a {kind} task of shape {each.shape} for weights of the "
                    f"{named.kind} task of {listing(named.classes, 5)}",
                    "totals of these, in this order",
                )
            )
        weight = dict(named.by_name)
        ratios = np.array([weight.get(name, 1.0) for name in named.classes])
        if each.ndim == 2:
            pairs = np.stack([np.ones(len(ratios)), ratios], axis=1)
            return np.stack([_present(*both) for both in zip(pairs, each, strict=True)])
        return _present(ratios, each)


def _present(ratios: FloatArray, totals: FloatArray) -> FloatArray:
    """Return the weights of the classes that have rows, and 1 for the others."""
    present, result = totals > 0, np.ones(len(totals))
    if np.count_nonzero(present) > 1:
        result[present] = normalise(ratios[present], totals[present])
    return result


def _unused(totals: Any) -> list[float]:
    """Stand for ratios of totals, which weights by name do not follow from."""
    return [1.0] * len(totals)


def named_scheme(named: NamedWeights) -> NamedScheme:
    """Return the scheme of weights by name.

    Args:
        named: The weights.

    Example:
        >>> named = NamedWeights.read({"b": 9}).of(Task("multiclass", ("a", "b", "c")))
        >>> named_scheme(named).task_weights([80, 10, 10]).tolist()
        [0.5555555555555556, 5.0, 0.5555555555555556]
    """
    return NamedScheme(
        name=NAMED,
        ratios=_unused,
        phrase="by name",
        tasks=("binary", "multiclass", "multilabel"),
        citations=("elkan2001",),
        named=named,
    )
