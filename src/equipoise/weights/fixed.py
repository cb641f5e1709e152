# SPDX-License-Identifier: Apache-2.0
"""Weights that the user names: for the positives, for each class, or by costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from equipoise._core.arrays import floats
from equipoise._core.checks import (
    LEAST_WEIGHT,
    MOST_WEIGHT,
    listing,
    nearest,
    sentence,
    weight_number,
)
from equipoise._core.options import Setting
from equipoise.errors import InputError
from equipoise.weights.scheme import Scheme


def fixed_ratios(
    totals: Sequence[float],
    *,
    positive_weight: float = 1.0,
    by_class: Sequence[float] | None = None,
    costs: Sequence[float] | None = None,
) -> list[float]:
    """Return 1 and `positive_weight`, or the ratios of named weights.

    They are the same whatever the counts.

    Source: Elkan (2001), "The foundations of cost-sensitive learning",
    theorem 1: weights are costs.

    Args:
        totals: Of two classes, unless weights or costs are named; not used otherwise.
        positive_weight: How many negatives one positive counts for, above 0.
        by_class: `[classes]` weights above 0.
        costs: `[classes]` what the errors on a class cost, above 0.

    Raises:
        InputError: There are more than two classes, without weights or costs for each,
            or there is more than one of the three.

    Example:
        >>> fixed_ratios([900, 10], positive_weight=5.0)
        [1.0, 5.0]
        >>> fixed_ratios([900, 10, 10], by_class=[1.0, 5.0, 8.0])
        [1.0, 5.0, 8.0]
    """
    each = costs if by_class is None else by_class
    if each is None:
        if len(totals) != 2:
            raise InputError(
                sentence(
                    f"weights='fixed' for {len(totals)} classes",
                    "two classes",
                    "Pass by_class={CLASS: WEIGHT, ...}.",
                )
            )
        return [1.0, float(positive_weight)]
    if positive_weight != 1.0 or (by_class is not None and costs is not None):
        raise InputError(
            sentence(
                "two kinds of weights for weights='fixed'",
                "one of positive_weight, by_class and costs",
            )
        )
    return [float(weight) / float(each[0]) for weight in each]


def named_weights(value: Any, classes: int, names: Sequence[str]) -> list[float]:
    """Return one weight for each class from what a user gave.

    Args:
        value: `[classes]` numbers, whose range is from 1e-30 to 1e30; or a mapping of
            classes, by their names or, if they have none, their numbers, to weights.
            Classes that it does not name count 1.
        classes: How many classes there are.
        names: Their names, or nothing.

    Raises:
        InputError: A class is unknown, or a weight is out of range.

    Example:
        >>> named_weights({"POX": 20}, 3, ["CYT", "POX", "VAC"])
        [1.0, 20.0, 1.0]
    """
    called: list[Any] = list(names) or list(range(classes))
    if isinstance(value, Mapping):
        for key in value:
            if key not in called:
                raise InputError(
                    sentence(
                        f"a weight for the class {key!r}",
                        f"classes among {listing(called, 20)}",
                        nearest(str(key), list(map(str, called))),
                    )
                )
        values = [value.get(name, 1.0) for name in called]
    else:
        values = list(value)
        if len(values) != classes:
            raise InputError(
                sentence(
                    f"by_class of {len(values)} weights for {classes} classes",
                    "one for each class, in their order, or {CLASS: WEIGHT, ...}",
                )
            )
    return [
        weight_number(weight, f"the weight of the class {name!r}")
        for name, weight in zip(called, values, strict=True)
    ]


def error_costs(value: Any, classes: int, names: Sequence[str]) -> list[float]:
    """Return what the errors on each class cost in all, from a matrix of costs.

    Class c counts as the sum of C[c, k] - C[c, c] over the decisions k. For two classes
    these are the costs of Elkan's theorem 1. For more, no weights stand for every
    matrix: to decide at the least expected cost, decide by the matrix on
    probabilities.

    Source: Ting (2002), "An instance-weighting method to induce cost-sensitive trees",
    section 2.

    Args:
        value: `[classes, classes]` finite costs: rows for the true class, columns for
            the decision.
        classes: How many classes there are.
        names: Their names, for messages.

    Raises:
        InputTypeError: The costs are not numbers.
        InputError: The shape differs, or the errors on a class cost nothing.

    Example:
        >>> error_costs([[0, 1, 1], [5, 0, 2], [9, 9, 0]], 3, [])
        [2.0, 7.0, 18.0]
    """
    matrix = floats(value, "costs")
    if matrix.shape != (classes, classes):
        raise InputError(
            sentence(
                f"costs of shape {matrix.shape} for {classes} classes",
                f"a matrix of shape ({classes}, {classes}): rows for the true class, "
                "columns for the decision",
            )
        )
    with np.errstate(over="ignore", invalid="ignore"):
        each = matrix.sum(axis=1) - classes * matrix.diagonal()
    usable = (each >= LEAST_WEIGHT) & (each <= MOST_WEIGHT)
    if not usable.all():
        place = int(np.flatnonzero(~usable)[0])
        named = repr(names[place]) if names else str(place)
        raise InputError(
            sentence(
                f"costs by which errors on the class {named} cost {each[place]:g} in "
                "all",
                "finite costs, more in all for errors than for right decisions, by "
                f"{LEAST_WEIGHT:g} to {MOST_WEIGHT:g}",
            )
        )
    return [float(cost) for cost in each]


FIXED_SCHEME = Scheme(
    name="fixed",
    ratios=fixed_ratios,
    phrase="{positive_weight:g} times as much as negatives",
    options={"positive_weight": Setting(1.0, LEAST_WEIGHT, MOST_WEIGHT)},
    arguments={"by_class": named_weights, "costs": error_costs},
    citations=("elkan2001",),
)
