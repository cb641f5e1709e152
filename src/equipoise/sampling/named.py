# SPDX-License-Identifier: Apache-2.0
"""Shares of the classes by name, and samplers, as a part of a strategy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from equipoise._core.checks import listing, sentence
from equipoise._core.options import Number
from equipoise.errors import InputError, UnsupportedError
from equipoise.sampling.groups import GroupBalanced
from equipoise.sampling.hard import HardExamples
from equipoise.sampling.proportions import TOLERANCE, Proportions
from equipoise.sampling.sampler import Sampler
from equipoise.sampling.samplers import SAMPLERS
from equipoise.task import Task
from equipoise.weights.by_class import NumbersByClass


@dataclass(frozen=True, repr=False)
class NamedShares(NumbersByClass):
    """The share of every batch that is drawn of each named class, or label.

    Classes without a name share out what is left of 1, in their natural ratios. Of
    several labels they are quotas: so much of every batch is drawn from the rows with
    the label, and what is left of 1 from all rows. See `Proportions`. Shares are
    between 0 and 1. The attributes are those of `NumbersByClass`.

    Example:
        >>> NamedShares.read({"POX": 0.2}).of(Task("multiclass", ("A", "B", "POX")))
        {'POX': 0.2}
    """

    part: ClassVar[str] = "sampling"
    noun: ClassVar[str] = "share"
    without: ClassVar[str] = "'natural'"
    most: ClassVar[float | None] = 1
    others: ClassVar[str] = "others naturally"

    @classmethod
    def read(cls, values: Any) -> Self:
        """Return what a user gave, or what `to_dict` returned.

        Args:
            values: A mapping of classes to shares.

        Raises:
            InputTypeError: A share is not a number.
            InputError: There is none, one is not between 0 and 1, a class has two, or
                they sum to more than 1.
        """
        shares = super().read(values)
        total = math.fsum(share for _, share in shares.by_name)
        if total > 1 + TOLERANCE:
            raise InputError(
                sentence(
                    f"shares of the classes with a sum of {total:.6g}",
                    "a sum of at most 1",
                    "Divide them by their sum.",
                )
            )
        return shares

    def of(self, task: Task) -> Self:
        """Return the shares for the classes, or labels, of a table.

        Args:
            task: The table's.

        Raises:
            InputError: A class is not among them; or nothing is left for the classes
                without a share, or for rows without the labels; or all classes have
                one, with a sum below 1.
        """
        bound = super().of(task)
        left = 1 - math.fsum(share for _, share in self.by_name)
        everyone = task.kind != "multilabel" and len(self.by_name) == len(task.classes)
        if (left > TOLERANCE) == everyone:
            rest = "rows" if task.kind == "multilabel" else "classes"
            raise InputError(
                sentence(
                    f"shares with a sum of {1 - left:.6g} for {len(self.by_name)} of "
                    f"{listing(task.classes, 20)}",
                    "a sum of 1 for all classes"
                    if everyone
                    else f"a sum below 1, so that the other {rest} are drawn too",
                )
            )
        return bound

    def sampler(self) -> Proportions:
        """Return what draws the batches, once the classes of the table are known.

        Raises:
            InputError: They are not.

        Example:
            >>> pair = Task("binary", ("no", "yes"))
            >>> shares = NamedShares.read({"yes": 0.3}).of(pair)
            >>> shares.sampler().prior([90, 10]).tolist()
            [0.7, 0.3]
        """
        if not self.classes:
            raise InputError(
                sentence(
                    f"sampling={self!r} for rows without names of classes",
                    "a strategy that knows the classes of its table",
                    "Call strategy.with_classes(table.task).",
                )
            )
        return Proportions(dict(self.by_name), self.classes)


def as_parts(sampler: Sampler) -> tuple[str | NamedShares, dict[str, Number]]:
    """Return what a strategy keeps of a sampler: its name, or shares; and its options.

    Args:
        sampler: A sampler of Equipoise, or one that is registered.

    Raises:
        InputError: Its shares are of classes without names.
        UnsupportedError: It holds numbers of the rows that it is to draw, which the
            parts of a trial do not have in common.

    Example:
        >>> from equipoise.sampling import Quotas
        >>> as_parts(Quotas(0.3))
        ('quotas', {'share': 0.3})
        >>> as_parts(Proportions({"rare": 0.2}, classes=["often", "rare"]))
        ({'rare': 0.2}, {})
    """
    if isinstance(sampler, Proportions):
        return _shares(sampler), {}
    if SAMPLERS.get(getattr(sampler, "name", "")) is type(sampler):
        options: dict[str, Number] = {
            name: getattr(sampler, name)
            for name, setting in sampler.settings().items()
            if getattr(sampler, name) != setting.default
        }
        return sampler.name, options
    raise UnsupportedError(
        sentence(
            f"sampling={sampler!r} in a strategy",
            "a name, shares of classes, or a sampler that holds no rows",
            _WHY.get(type(sampler), "Register its class: equipoise.register."),
        )
    )


_WHY = {
    GroupBalanced: "Its groups are those of certain rows, and each part of a trial has "
    "others: use ByGroup(column), or use it in a feed, sampler.over(...).",
    HardExamples: "It follows the losses of certain rows while one model trains, and "
    "the networks of a trial draw ahead: use it in a feed, sampler.over(...).",
}


def _shares(sampler: Proportions) -> str | NamedShares:
    if isinstance(sampler.shares, str):
        return sampler.shares
    if not sampler.classes:
        raise InputError(
            sentence(
                "shares of class numbers in a strategy",
                "shares by the names of classes",
                "Pass sampling={name: share}.",
            )
        )
    names = sampler.classes
    return NamedShares.read({names[number]: share for number, share in sampler.shares})
