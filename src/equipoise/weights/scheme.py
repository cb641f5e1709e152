# SPDX-License-Identifier: Apache-2.0
"""What a weighting scheme is: one ratio, and the numbers it depends on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from equipoise._core.checks import number, sentence
from equipoise._core.options import Setting, require_options
from equipoise.errors import InputError


@dataclass(frozen=True)
class Scheme:
    """A rule that says how much more a positive counts than a negative.

    Attributes:
        name: Its name in a `Strategy`.
        ratio: `ratio(negatives, positives, **options)`: w1 / w0.
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
    ratio: Callable[..., float]
    phrase: str
    options: Mapping[str, Setting] = field(default_factory=dict)
    limit: tuple[str, str] | None = None
    citations: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    tasks: tuple[str, ...] = ("binary",)

    def weights(
        self, negatives: float, positives: float, **options: float
    ) -> tuple[float, float]:
        """Return the weights of a negative and of a positive row, see `class_weights`.

        Args:
            negatives: The number of negative training rows, or their total weight.
            positives: The number of positive training rows, or their total weight.
            **options: The scheme's own options.

        Raises:
            InputError: An option is unknown or out of range, or a class is empty.
        """
        n0, n1 = check_counts(negatives, positives)
        require_options(options, self.options, f"weights={self.name!r}")
        for name, value in options.items():
            self.options[name].check(value, name)
        return normalise(self.ratio(n0, n1, **options), n0, n1)


def check_counts(negatives: float, positives: float) -> tuple[float, float]:
    """Return the counts of both classes where each is above 0.

    Where rows have weights, their sums stand for the counts.

    Raises:
        InputTypeError: A count is not a number.
        InputError: A class is empty, or a count is not finite.

    Example:
        >>> check_counts(90, 10)
        (90, 10)
    """
    number(negatives, "negatives", 0)
    number(positives, "positives", 0)
    if not negatives or not positives:
        raise InputError(
            sentence(
                f"{negatives} negatives and {positives} positives",
                "at least one of each",
                "Check the split: a class is absent from the training rows.",
            )
        )
    return negatives, positives


def normalise(ratio: float, negatives: float, positives: float) -> tuple[float, float]:
    """Return (w0, w1) with w1 / w0 = ratio and mean 1 over the rows.

    A mean of 1 keeps the scale of the loss, and so the learning rate, the same
    whatever the scheme.

    Args:
        ratio: w1 / w0, above 0.
        negatives: The number of negatives.
        positives: The number of positives.

    Example:
        >>> normalise(9.0, 90, 10)
        (0.5555555555555556, 5.0)
    """
    w0 = (negatives + positives) / (negatives + positives * ratio)
    return w0, w0 * ratio
