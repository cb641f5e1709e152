# SPDX-License-Identifier: Apache-2.0
"""Class weights by name, as a part of a strategy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, sentence
from equipoise._core.types import FloatArray
from equipoise.errors import InputError
from equipoise.weights.by_class import NumbersByClass
from equipoise.weights.scheme import Scheme, kind_of_totals, normalise, task_totals

NAMED = "named"
"""The name of the scheme, in names of strategies."""


@dataclass(frozen=True, repr=False)
class NamedWeights(NumbersByClass):
    """How much a row of each named class counts; classes without a name count 1.

    Of several labels, how much a row with the label counts, against 1 without it.
    Weights are above 0. The attributes are those of `NumbersByClass`.

    Example:
        >>> NamedWeights.read({"POX": 20, "ERL": 5})
        {'ERL': 5.0, 'POX': 20.0}
        >>> NamedWeights.read({"POX": 20, "ERL": 5}).describe()
        'ERL 5, POX 20, others 1'
    """

    part: ClassVar[str] = "weights"
    noun: ClassVar[str] = "weight"
    without: ClassVar[str] = "None"
    others: ClassVar[str] = "others 1"


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
        >>> from equipoise.task import Task
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
