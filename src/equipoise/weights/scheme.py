# SPDX-License-Identifier: Apache-2.0
"""What a weight scheme is: ratios of weights, and the numbers they depend on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import described, sentence
from equipoise._core.options import Setting, require_options
from equipoise._core.types import FloatArray
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.task import TaskKind

_LEAST_TOTAL, _MOST_TOTAL = 1e-50, 1e50

Argument = Callable[[Any, int, Sequence[str]], Any]
"""Checks what a user gave, for so many classes of these names."""


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
        tasks: The kinds of task that it serves; each label is two classes.
        arguments: What `class_weights` takes besides the options, which are numbers:
            by name, a function of (value, number of classes, their names) that checks
            a value and returns what `ratios` takes.
        class_phrase: What it does to several classes, in words that complete "classes
            count ..."; empty if the same.
    """

    name: str
    ratios: Callable[..., Sequence[float]]
    phrase: str
    options: Mapping[str, Setting] = field(default_factory=dict)
    limit: tuple[str, str] | None = None
    citations: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    tasks: tuple[str, ...] = ("binary", "multilabel")
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    class_phrase: str = ""

    def weights(
        self, totals: npt.ArrayLike, classes: Sequence[str] = (), **options: Any
    ) -> FloatArray:
        """Return how much a row of each class counts, see `class_weights`.

        Args:
            totals: `[classes]` the number of training rows of each class, or their
                total weight.
            classes: The names of the classes, by which an argument may call them.
            **options: The scheme's own options and arguments.

        Raises:
            InputError: An option is unknown or out of range, or a class is empty.
        """
        each = check_totals(totals)
        accepted = [*self.options, *self.arguments]
        require_options(options, accepted, f"weights={self.name!r}")
        values = dict(options)
        for name, value in options.items():
            if name in self.options:
                self.options[name].check(value, name)
            else:
                values[name] = self.arguments[name](value, len(each), classes)
        ratios = list(self.ratios(each.tolist(), **values))
        if len(ratios) != len(each):
            raise InputError(
                sentence(
                    f"{len(ratios)} ratios of weights={self.name!r} for {len(each)} "
                    "classes",
                    "one for each class",
                )
            )
        return normalise(ratios, each)

    def task_weights(self, totals: npt.ArrayLike, **options: Any) -> FloatArray:
        """Return how much a row of each class counts, for the totals of any task.

        Args:
            totals: `[classes]`, or `[labels, 2]` without and with each label. Of
                several classes, and of labels, some may be absent.
            **options: The scheme's own options.

        Returns:
            Shaped as the totals, with mean 1 over the rows, for each label if they are
            labels. An absent class counts 1, and so does a label that all rows have or
            none has.

        Raises:
            InputTypeError: A total is not a number.
            InputError: An option is unknown or out of range, or one of two classes is
                empty.
            UnsupportedError: The scheme does not serve such a task.
        """
        each, kind = task_totals(totals), kind_of_totals(totals)
        if kind not in self.tasks:
            raise UnsupportedError(
                sentence(
                    f"weights={self.name!r} for totals of a {kind} task",
                    f"totals of a {' or '.join(self.tasks)} task",
                    "Use another scheme, such as weights='balanced'.",
                )
            )
        if each.ndim == 2:
            return np.stack([self._of_present(pair, options) for pair in each])
        return self._of_present(each, options)

    def _of_present(self, totals: FloatArray, options: Mapping[str, Any]) -> FloatArray:
        """Return the weights of the classes that have rows, and 1 for the others."""
        present = totals > 0
        if present.all():
            return self.weights(totals, **options)
        result = np.ones(len(totals))
        if np.count_nonzero(present) > 1:
            result[present] = self.weights(totals[present], **options)
        return result


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
        raise InputTypeError(sentence(described("totals", totals), accepted)) from None
    mixed = isinstance(totals, list | tuple) and any(
        isinstance(total, bool | np.bool_) for total in totals
    )
    if mixed or values.dtype.kind not in "iuf":
        raise InputTypeError(sentence(described("totals", totals), accepted))
    if values.ndim != 1 or len(values) < 2:
        raise InputError(sentence(f"totals of shape {values.shape}", accepted))
    each = values.astype(np.float64)
    if not ((each >= _LEAST_TOTAL) & (each <= _MOST_TOTAL)).all():
        numbers = [f"{total:.15g}" for total in each]
        named = f"totals of {', '.join(numbers)}"
        if len(numbers) == 2:
            named = "{} negatives and {} positives".format(*numbers)
        raise InputError(
            sentence(
                named,
                f"at least one of each class, and numbers from {_LEAST_TOTAL:g} to "
                f"{_MOST_TOTAL:g}",
                "Check the split: a class is absent from the training rows."
                if not each.all()
                else "If they are sums of weights, divide these by the largest.",
            )
        )
    return each


def task_totals(totals: npt.ArrayLike) -> FloatArray:
    """Return the totals of any task, as `Task.totals` gives them.

    Of several classes, and of labels, some may be absent: the training rows of some
    folds hold none of a class that is rare.

    Args:
        totals: `[classes]` the number of rows of each class, or their total weight; or
            `[labels, 2]` without and with each label.

    Raises:
        InputTypeError: A total is not a number.
        InputError: One of two classes is empty, a total is negative or not finite, or
            all are 0.

    Example:
        >>> task_totals([90, 0, 10]).tolist(), task_totals([[9, 1], [10, 0]]).shape
        ([90.0, 0.0, 10.0], (2, 2))
    """
    shape = totals_shape(totals)
    if len(shape) != 2 and (len(shape) != 1 or shape[0] <= 2):
        return check_totals(totals)
    values = np.asarray(totals)
    if values.dtype.kind not in "iuf":
        raise InputTypeError(
            sentence(
                described("totals", totals), "numbers of rows, or sums of their weights"
            )
        )
    each = values.astype(np.float64)
    usable = (each >= _LEAST_TOTAL) & (each <= _MOST_TOTAL)
    if not (usable | (each == 0)).all() or not each.any():
        raise InputError(
            sentence(
                f"totals of {each.tolist()}",
                f"0, or numbers from {_LEAST_TOTAL:g} to {_MOST_TOTAL:g}; not all of "
                "them 0",
            )
        )
    return each


def totals_shape(totals: npt.ArrayLike) -> tuple[int, ...]:
    """Return the shape of totals, `(labels, 2)` if they are of labels; else nothing.

    Args:
        totals: What a user gave.

    Example:
        >>> totals_shape([[9, 1]]), totals_shape([9, 1, 3]), totals_shape([[9], 1])
        ((1, 2), (3,), ())
    """
    try:
        shape = np.shape(totals)
    except ValueError:  # sequences of several lengths
        return ()
    labels = len(shape) == 2 and shape[0] > 0 and shape[1] == 2
    return shape if labels or len(shape) == 1 else ()


def kind_of_totals(totals: npt.ArrayLike) -> TaskKind:
    """Return what task totals are of: two classes, several classes, or labels.

    Args:
        totals: `[classes]` or `[labels, 2]`.

    Example:
        >>> kind_of_totals([90, 10]), kind_of_totals([[90, 10]])
        ('binary', 'multilabel')
    """
    shape = totals_shape(totals)
    if len(shape) == 2:
        return "multilabel"
    return "multiclass" if shape and shape[0] > 2 else "binary"


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
