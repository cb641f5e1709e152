# SPDX-License-Identifier: Apache-2.0
"""What a weight scheme promises."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from equipoise.testing.promises import refuses, require
from equipoise.weights.schemes import SCHEMES, class_weights


def check_scheme(name: str, **options: float) -> None:
    """Check a weight scheme against every contract.

    Args:
        name: One of `equipoise.weights.scheme_names()`.
        **options: Options other than the defaults.

    Raises:
        AssertionError: A contract is broken.

    Example:
        >>> check_scheme("capped", cap=5.0)
    """
    for check in SCHEME_CHECKS:
        check(name, options)


def scheme_has_mean_one(name: str, options: Mapping[str, float]) -> None:
    """The mean weight over the training rows is 1, and both are above 0."""
    for n0, n1 in ((9_900, 100), (50, 50), (10_000_000, 1), (3, 400)):
        w0, w1 = class_weights(name, [n0, n1], **options)
        require(w0 > 0 and w1 > 0, f"{name}: weights above 0")
        np.testing.assert_allclose((n0 * w0 + n1 * w1) / (n0 + n1), 1, rtol=1e-12)


def scheme_is_monotone(name: str, options: Mapping[str, float]) -> None:
    """The rarer a class, the more it counts, or at least not less."""
    ratios = []
    for positives in (500, 250, 100, 20, 3, 1):
        w0, w1 = class_weights(name, [1000 - positives, positives], **options)
        ratios.append(w1 / w0)
    rising = np.all(np.diff(ratios) >= -1e-12)
    require(rising, f"{name}: rarer counts more: {ratios}")


def scheme_refuses_bad_arguments(name: str, options: Mapping[str, float]) -> None:
    """An empty class, an unknown option and a string are refused."""
    refuses(class_weights, name, [0, 5], **options)
    refuses(class_weights, name, [5, 0], **options)
    refuses(class_weights, name, [5, 5], unheard_of=1.0)
    for option in SCHEMES[name].options:
        for bad in ("2", -1.0, math.nan):
            wrong: Any = {**options, option: bad}
            refuses(class_weights, name, [5, 5], **wrong)


def scheme_serves_its_tasks(name: str, options: Mapping[str, float]) -> None:
    """Of several classes and labels too, weights are above 0 and have mean 1."""
    record = SCHEMES[name]
    tables: dict[str, Any] = {
        "multiclass": ([900, 90, 10], [5, 3, 7, 1000], [1, 1, 1]),
        "multilabel": ([[90, 10], [100, 0]], [[3, 400]]),
    }
    for kind, totals in tables.items():
        for each in totals if kind in record.tasks else ():
            sizes = np.asarray(each, np.float64)
            weights = class_weights(name, each, **options)
            require(weights.shape == sizes.shape, f"{name}: a weight for each class")
            require((weights > 0).all(), f"{name}: weights above 0")
            mean = (sizes * weights).sum(axis=-1) / sizes.sum(axis=-1)
            np.testing.assert_allclose(mean, 1, rtol=1e-12)


SCHEME_CHECKS: tuple[Callable[[str, Mapping[str, float]], None], ...] = (
    scheme_has_mean_one,
    scheme_is_monotone,
    scheme_refuses_bad_arguments,
    scheme_serves_its_tasks,
)
"""The contracts of a scheme, each to be called alone: `check(name, options)`."""
