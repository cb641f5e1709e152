# SPDX-License-Identifier: Apache-2.0
"""What the results of a trial have in common, whatever its task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import unmasked
from equipoise._core.checks import listing, one_of, sentence
from equipoise._core.frames import make_frame
from equipoise._core.types import FloatArray, IntArray
from equipoise.errors import InputError
from equipoise.evaluation.estimand import SplitSizes

ONE_REPEAT = (
    "With one repeat, the variation between splits is unknown and not included in the "
    "intervals."
)


class _EvaluatedArm(Protocol):
    @property
    def evaluation(self) -> Any:
        """Every metric with its interval."""

    @property
    def splits(self) -> Mapping[str, FloatArray]:
        """By metric, the value within each fold, `[repeats, folds]`."""


_Arm = TypeVar("_Arm", bound=_EvaluatedArm)


class TrialArms(Generic[_Arm]):
    """A trial's arms on the same rows and splits.

    Attributes:
        arms: By name, in the order given.
        baseline: The arm that the others are compared with.
        folds: `[repeats, rows]` the fold of each row.
        sizes: How many rows each split trained and tested on; None if each fold's
            model was trained on all rows of the other folds.
    """

    arms: Mapping[str, _Arm]
    baseline: str
    folds: IntArray
    sizes: SplitSizes | None

    def __getitem__(self, name: str) -> _Arm:
        return self.arms[one_of(name, self.arms, "arm")]

    @property
    def repeats(self) -> int:
        """How often the rows were divided into folds."""
        return len(self.folds)

    @property
    def folds_per_repeat(self) -> int:
        """The number of folds of a repeat."""
        return int(self.folds.max()) + 1

    @property
    def test_share(self) -> float:
        """The share of a split's rows that it tests, as `nadeau_bengio` takes it."""
        sizes = SplitSizes.of(self.folds) if self.sizes is None else self.sizes
        return sizes.test_share

    def frame(self, library: str | None = None) -> Any:
        """Return every metric of every arm as a data frame, one row each.

        Args:
            library: "pandas", "polars" or "pyarrow"; by default the first of them
                that is installed.
        """
        rows = [
            {"arm": name, **row}
            for name, arm in self.arms.items()
            for row in arm.evaluation.plain_rows()
        ]
        return make_frame(rows, library)

    def __repr__(self) -> str:
        names = listing(list(self.arms), 10)
        return f"<{type(self).__name__}: {names}; baseline {self.baseline!r}>"

    def split_differences(self, name: str, metric: str) -> FloatArray:
        """Return an arm's values minus the baseline's, `[repeats, folds]`."""
        base = self.arms[self.baseline].splits
        one_of(metric, base, "metric")
        return np.asarray(self[name].splits[metric] - base[metric])


class Constants(NamedTuple):
    """The two ranking metrics of which a constant's values are known.

    Attributes:
        precision: The name of the one whose value is the share of positives.
        area: The name of the one whose value is .5.
        prevalence: That share, or its mean over the classes or labels.
    """

    precision: str
    area: str
    prevalence: float


def check_folds(folds: npt.ArrayLike, rows: int) -> IntArray:
    """Return folds `[repeats, rows]`, numbered 0 to folds - 1 in every repeat.

    Args:
        folds: `[repeats, rows]` or `[rows]`.
        rows: How many rows there are.

    Raises:
        InputError: There is not one fold per row and repeat, or a fold is empty.
    """
    split = np.atleast_2d(np.asarray(unmasked(folds, "folds")))
    if split.ndim != 2 or split.shape[1] != rows or not len(split):
        raise InputError(
            sentence(f"folds of shape {np.shape(folds)}", f"[repeats, {rows}]")
        )
    if not np.issubdtype(split.dtype, np.integer) or split.min() < 0:
        raise InputError(
            sentence(
                f"folds of type {split.dtype}, or negative",
                "whole numbers from 0",
                "Every row needs a fold in every repeat.",
            )
        )
    count = int(split.max()) + 1
    for repeat, row in enumerate(split):
        if count < 2 or np.unique(row).size != count:
            raise InputError(
                sentence(
                    f"{np.unique(row).size} folds of {count} in repeat {repeat}",
                    "at least two folds, each of which occurs in every repeat",
                )
            )
    return split.astype(np.int64)


def constant_within_folds(log_odds: FloatArray, folds: IntArray) -> bool:
    """Return whether every fold's scores are all equal.

    Args:
        log_odds: `[repeats, rows]` scores.
        folds: `[repeats, rows]` the fold of each row.

    Example:
        >>> folds = np.array([[0, 0, 1, 1]])
        >>> constant_within_folds(np.array([[-3.0, -3.0, -2.9, -2.9]]), folds)
        True
        >>> constant_within_folds(np.array([[-3.0, -3.1, -2.9, -2.9]]), folds)
        False
    """
    for z, fold in zip(log_odds, folds, strict=True):
        first = np.zeros(int(fold.max()) + 1)
        first[fold] = z  # any row of each fold
        if (z != first[fold]).any():
            return False
    return True
