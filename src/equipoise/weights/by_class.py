# SPDX-License-Identifier: Apache-2.0
"""Numbers by the names of classes, as a part of a strategy."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from equipoise._core.checks import listing, nearest, number, sentence, weight_number
from equipoise._core.numerals import exact
from equipoise.errors import InputError, InputTypeError
from equipoise.task import Task

MOST_SHOWN = 8


@dataclass(frozen=True, repr=False)
class NumbersByClass:
    """A number for each named class, or label.

    Attributes:
        by_name: Pairs of a class, or a label, and its number, sorted by name.
        classes: The classes of the table, in its order, once it is known; else empty.
        kind: The kind of its task, once it is known; else "".
        part: The part of a strategy that it is.
        noun: What the numbers are.
        without: What stands for none of them.
        most: The numbers are between 0 and this; None for weights, from
            1e-30 to 1e30.
        others: What is said of the classes without a name.
    """

    by_name: tuple[tuple[str, float], ...]
    classes: tuple[str, ...] = ()
    kind: str = ""

    part: ClassVar[str]
    noun: ClassVar[str]
    without: ClassVar[str]
    most: ClassVar[float | None] = None
    others: ClassVar[str]

    @classmethod
    def read(cls, values: Any) -> Self:
        """Return what a user gave, or what `to_dict` returned.

        Args:
            values: A mapping of classes to numbers.

        Raises:
            InputTypeError: One is not a number.
            InputError: There is none, or one is out of range, or a class has two.
        """
        if isinstance(values, cls):
            return values
        if isinstance(values.get("by_name"), Mapping):
            classes, kind = tuple(values["classes"]), str(values["kind"])
            return dataclasses.replace(
                cls.read(values["by_name"]), classes=classes, kind=kind
            )
        if not values:
            raise InputError(
                sentence(
                    f"{cls.part}={{}}",
                    f"a {cls.noun} for some class, or {cls.part}={cls.without}",
                )
            )
        named: dict[str, float] = {}
        for label, value in values.items():
            name = cls._written(label)
            if name in named:
                raise InputError(
                    sentence(
                        f"two {cls.noun}s of the class {name!r}", "one for each class"
                    )
                )
            what = f"the {cls.noun} of the class {name!r}"
            if cls.most is None:
                named[name] = weight_number(value, what)
            else:
                named[name] = number(value, what, 0, cls.most, open_ends=True)
        return cls(tuple(sorted(named.items())))

    def __repr__(self) -> str:
        return repr(dict(self.by_name))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the numbers, with the classes if they are known."""
        if not self.classes:
            return dict(self.by_name)
        return {
            "by_name": dict(self.by_name),
            "classes": list(self.classes),
            "kind": self.kind,
        }

    def of(self, task: Task) -> Self:
        """Return them for the classes, or labels, of a table.

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
                        f"a {self.noun} of the {noun} {name!r}",
                        f"{plural} among {listing(task.classes, 20)}",
                        nearest(name, task.classes),
                    )
                )
        return dataclasses.replace(self, classes=task.classes, kind=task.kind)

    def describe(self) -> str:
        """Return them in words."""
        shown = [f"{name} {exact(value)}" for name, value in self.by_name]
        more = len(shown) - MOST_SHOWN
        text = ", ".join(shown[:MOST_SHOWN]) + (f", {more} more" if more > 0 else "")
        everyone = self.kind != "multilabel" and len(self.classes) == len(shown)
        return text if everyone else f"{text}, {self.others}"

    def example(self) -> Self:
        """Return the same for a task of these classes and two more, for words."""
        return self.of(example_task([name for name, _ in self.by_name]))

    @classmethod
    def _written(cls, label: Any) -> str:
        """Return a label as classes are written."""
        text = written_name(label)
        if text is not None:
            return text
        raise InputTypeError(
            sentence(
                f"a {cls.noun} of the class {label!r}",
                "the name of a class, or a number",
            )
        )


def written_name(value: Any) -> str | None:
    """Return a name as tables hold it: whole numbers without a point.

    Args:
        value: A string or a number; else None is returned.

    Example:
        >>> written_name(3.0), written_name("a"), written_name(())
        ('3', 'a', None)
    """
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, str):
        return plain
    if isinstance(plain, int | float):
        return f"{plain:.15g}" if isinstance(plain, float) else str(plain)
    return None


def example_task(names: Sequence[str], *, others: bool = True) -> Task:
    """Return a task of these classes, for words about numbers of them.

    Args:
        names: At least one class, or two without others.
        others: Whether it has two more, with names that none of these has.

    Example:
        >>> example_task(["a", "b"]).classes
        ('a', 'b', '1_', '2_')
        >>> example_task(["a", "b"], others=False).kind
        'binary'
    """
    classes = tuple(names)
    if others:
        longer = "_" * max(map(len, names))
        classes = (*classes, f"1{longer}", f"2{longer}")
    return Task("multiclass" if len(classes) > 2 else "binary", classes)
