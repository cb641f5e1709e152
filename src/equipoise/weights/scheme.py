# SPDX-License-Identifier: Apache-2.0
"""What a weight scheme is: ratios of weights, and the numbers they depend on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.options import Setting, require_options
from equipoise._core.types import FloatArray
from equipoise.errors import InputError, InputTypeError


@dataclass(frozen=True)
class Scheme:
    """A rule that says how much more a row of each class counts than one of the first.

    Attributes:
        name: Its name in a `Strategy`.
        ratios: `ratios(totals, **options)`, of `[classes]` numbers of rows or sums of
            their weights: each class's weight over that of the first, `[classes]`.
        phrase: What it does, in words that complete "positives count ...";
            option names in braces are filled in.
        options: Its options.
        limit: The option that limits another scheme's ratio, and the name of that
            scheme; or None.
        citations: Keys of the sources.
        sources: The BibTeX entries of keys that Equipoise does not know.
        tasks: The kinds of task that it serves.
    """

    name: str
    ratios: Callable[..., Sequence[float]]
    phrase: str
    options: Mapping[str, Setting] = field(default_factory=dict)
    limit: tuple[str, str] | None = None
    citations: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    tasks: tuple[str, ...] = ("binary",)

    def weights(self, totals: npt.ArrayLike, **options: float) -> FloatArray:
        """Return how much a row of each class counts, see `class_weights`.

        Args:
            totals: `[classes]` the number of training rows of each class, or their
                total weight.
            **options: The scheme's own options.

        Raises:
            InputError: An option is unknown or out of range, or a class is empty.
        """
        each = check_totals(totals)
        require_options(options, self.options, f"weights={self.name!r}")
        for name, value in options.items():
            self.options[name].check(value, name)
        return normalise(self.ratios(each.tolist(), **options), each)


def check_totals(totals: npt.ArrayLike) -> FloatArray:
    """Return the totals of the classes if each is above 0.

    Args:
        totals: `[classes]` the number of rows of each class, or their total weight.

    Raises:
        InputTypeError: A total is not a number.
        InputError: A class is empty, a total is not finite, or there is one class.

    Example:
        >>> check_totals([90, 10]).tolist()
        [90.0, 10.0]
    """
    accepted = "one number per class, such as [900, 100]"
    try:
        values = np.asarray(totals)
    except ValueError:  # sequences of several lengths among numbers
        raise InputTypeError(sentence(f"totals={totals!r}", accepted)) from None
    mixed = isinstance(totals, list | tuple) and any(
        isinstance(total, bool | np.bool_) for total in totals
    )
    if mixed or values.dtype.kind not in "iuf":
        raise InputTypeError(sentence(f"totals={totals!r}", accepted))
    if values.ndim != 1 or len(values) < 2:
        raise InputError(sentence(f"totals of shape {values.shape}", accepted))
    each = values.astype(np.float64)
    if not (np.isfinite(each).all() and (each > 0).all()):
        numbers = [f"{total:.15g}" for total in each]
        named = f"totals of {', '.join(numbers)}"
        if len(numbers) == 2:
            named = "{} negatives and {} positives".format(*numbers)
        raise InputError(
            sentence(
                named,
                "at least one of each class, and finite numbers",
                "Check the split: a class is absent from the training rows.",
            )
        )
    return each


def normalise(ratios: npt.ArrayLike, totals: npt.ArrayLike) -> FloatArray:
    """Return weights in these ratios, with mean 1 over the rows.

    A mean of 1 keeps the scale of the loss, and so the learning rate, the same
    whatever the scheme.

    Args:
        ratios: `[classes]` above 0: each class's weight over that of the first.
        totals: `[classes]` the number of rows of each class.

    Example:
        >>> normalise([1.0, 9.0], [90, 10]).tolist()
        [0.5555555555555556, 5.0]
    """
    sizes = np.asarray(totals, np.float64)
    each = np.asarray(ratios, np.float64)
    # Added in the order of the classes, whatever NumPy would do.
    first = sum(sizes.tolist()) / sum((sizes * each).tolist())
    return np.asarray(first * each)
