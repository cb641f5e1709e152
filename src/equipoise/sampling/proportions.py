# SPDX-License-Identifier: Apache-2.0
"""Batches with shares of the classes, or quotas of the labels, that the user names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, nearest, number, one_of, sentence
from equipoise._core.numerals import as_probability
from equipoise._core.options import Setting
from equipoise.errors import InputError, InputTypeError
from equipoise.sampling.balanced import present
from equipoise.sampling.classes import Classes
from equipoise.sampling.quotas import quota_groups
from equipoise.sampling.sampler import QuotaSampler, quotas_of
from equipoise.task import TASK_KINDS, label_matrix

TOLERANCE = 1e-6
"""By how much a sum of shares may miss 1."""

_ACCEPTED = "'balanced', 'natural', a number for each class, or a mapping of classes"


@dataclass(frozen=True)
class Proportions(QuotaSampler):
    """Give every batch the shares of the classes that you name.

    Classes that are not named share out what is left of 1, in their natural ratios. An
    absent class has no share, and the others have theirs in the same ratios.

    Of several labels they are quotas: so much of every batch is drawn from the rows
    that have the label, and what is left of 1 from all rows. It must be above 0, so
    that each row can be drawn; weights of `importance` then undo the draws exactly.

    Source: Elkan (2001), "The foundations of cost-sensitive learning", theorem 2:
    drawing within the classes changes the prior and nothing else.

    Attributes:
        shares: "balanced" or "natural"; or an array `[classes]` that sums to 1; or a
            mapping of classes, by name or number, to shares strictly between 0 and 1.
            Of labels, an array of quotas `[labels]` or a mapping, with a sum below 1.
        classes: The names of the classes in their order, as in `table.task.classes`;
            needed for shares by name.

    Raises:
        InputTypeError: A share is not a number, or a class is neither name nor number.
        InputError: A share is out of range, the sum is, or a class is not known.

    Example:
        >>> sampler = Proportions({"rare": 0.3}, classes=["often", "less", "rare"])
        >>> sampler.prior([80, 20, 5]).round(3).tolist()
        [0.56, 0.14, 0.3]
    """

    shares: Any = "balanced"
    classes: Sequence[str] = ()

    name: ClassVar[str] = "proportions"
    tasks: ClassVar[tuple[str, ...]] = TASK_KINDS
    citations: ClassVar[tuple[str, ...]] = ("elkan2001",)
    repeats_positives: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(map(str, self.classes)))
        if isinstance(self.shares, str):
            one_of(self.shares, ("balanced", "natural"), "shares")
        else:
            object.__setattr__(self, "shares", self._read(self.shares))

    @classmethod
    def settings(cls) -> dict[str, Setting]:
        """Return nothing: shares are no single numbers."""
        return {}

    def _read(self, shares: Any) -> tuple[tuple[int, float], ...]:
        """Return the shares as pairs of a class number and a share."""
        if isinstance(shares, Mapping):
            pairs = [(self._number(key), value) for key, value in shares.items()]
        else:
            try:
                pairs = list(enumerate(np.asarray(shares).ravel().tolist()))
            except ValueError as error:
                raise InputTypeError(
                    sentence(f"shares={shares!r}", _ACCEPTED)
                ) from error
            if np.ndim(shares) != 1 or not pairs:
                raise InputError(sentence(f"shares={shares!r}", _ACCEPTED))
            if self.classes and len(pairs) != len(self.classes):
                raise InputError(
                    sentence(
                        f"{len(pairs)} shares for {len(self.classes)} classes",
                        "one for each class, or a mapping of some of them",
                    )
                )
        if not pairs:
            raise InputError(sentence(f"shares={shares!r}", _ACCEPTED))
        read: dict[int, float] = {}
        for key, value in pairs:
            if key in read:
                raise InputError(
                    sentence(f"two shares of class {key}", "one for each class")
                )
            read[key] = number(value, f"the share of class {key}", 0, 1, open_ends=True)
        if math.fsum(read.values()) > 1 + TOLERANCE:
            raise InputError(
                sentence(
                    f"shares with a sum of {math.fsum(read.values()):.6g}",
                    "a sum of at most 1",
                    "Divide them by their sum.",
                )
            )
        return tuple(sorted(read.items()))

    def _number(self, key: Any) -> int:
        """Return the number of a class from its name or number."""
        if isinstance(key, str):
            if key in self.classes:
                return list(self.classes).index(key)
            if not self.classes:
                raise InputError(
                    sentence(
                        f"a share of the class {key!r} without the names of classes",
                        "class numbers, or names together with classes=",
                        "Pass classes=table.task.classes.",
                    )
                )
            raise InputError(
                sentence(
                    f"a share of the class {key!r}",
                    f"classes among {listing(self.classes, 20)}",
                    nearest(key, self.classes),
                )
            )
        if isinstance(key, bool | np.bool_ | int | np.integer):
            if int(key) < 0:
                raise InputError(
                    sentence(f"a share of class {key}", "class numbers from 0")
                )
            return int(key)
        raise InputTypeError(
            sentence(f"a share of the class {key!r}", "its name or its number")
        )

    def quotas(self, totals: Sequence[int]) -> list[int]:
        """Return the ratios in which the classes are drawn, `[classes]`.

        Args:
            totals: `[classes]` the number of rows of each class.

        Raises:
            InputError: There are fewer classes than the shares name, or the sum of the
                shares of all is not 1.
        """
        if self.shares == "balanced":
            return present(totals)
        if self.shares == "natural":
            return list(totals)
        read = dict(self.shares)
        self._require_known(read, len(totals))
        left = 1 - math.fsum(read.values())
        others = sum(t for c, t in enumerate(totals) if c not in read)
        if (len(read) == len(totals) and left > TOLERANCE) or (
            others and left <= TOLERANCE
        ):
            raise InputError(
                sentence(
                    f"shares with a sum of {1 - left:.6g} for {len(read)} of "
                    f"{len(totals)} classes",
                    "a sum of 1 for all classes, below 1 for some of them",
                    "Name all classes and divide the shares by their sum.",
                )
            )
        return quotas_of(
            [
                0.0 if not total else read.get(c, left * total / max(others, 1))
                for c, total in enumerate(totals)
            ]
        )

    def _require_known(self, read: Mapping[int, float], classes: int) -> None:
        most = max(read)
        if most >= classes:
            raise InputError(
                sentence(
                    f"a share of class {most}",
                    f"class numbers from 0 to {classes - 1}",
                )
            )

    def grouped(self, labels: npt.ArrayLike, classes: int | None = None) -> Classes:
        """Return the classes; of a label matrix all rows, and those of each label.

        Raises:
            InputError: Quotas of labels leave nothing for the other rows, or name a
                label that there is not.
        """
        if np.ndim(labels) != 2 or isinstance(self.shares, str):
            return super().grouped(labels, classes)
        there = label_matrix(labels) == 1
        read = dict(self.shares)
        self._require_known(read, there.shape[1])
        held = {label: share for label, share in read.items() if there[:, label].any()}
        if math.fsum(held.values()) > 1 - TOLERANCE:
            raise InputError(
                sentence(
                    f"quotas of labels with a sum of {math.fsum(held.values()):.6g}",
                    "a sum below 1: the rest is drawn from all rows",
                    "Divide them by twice their sum, for half of every batch.",
                )
            )
        return quota_groups(there, held)

    def describe(self) -> str:
        """Return what it does."""
        if self.shares == "balanced":
            return "half positive, half negative"
        if self.shares == "natural":
            return "with the natural share of positives in every batch"
        read = dict(self.shares)
        share = as_probability(read.get(1, 1 - read.get(0, 0.0)), 3)
        return f"with {share} of every batch positive"

    def describe_classes(self, kind: str) -> str:
        """Return what it does to several classes or labels."""
        what = "quotas" if kind == "multilabel" else "shares"
        if isinstance(self.shares, str):
            return f"with {self.shares} {what} in every batch"
        named = [
            f"{self.classes[c] if self.classes else c} {as_probability(share, 3)}"
            for c, share in self.shares[:8]
        ]
        more = f", {len(self.shares) - 8} more" if len(self.shares) > 8 else ""
        return f"with {what} in every batch of {', '.join(named)}{more}"
