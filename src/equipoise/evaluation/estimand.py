# SPDX-License-Identifier: Apache-2.0
"""What a cross-validation estimates, from the sizes of its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.numerals import share as as_share
from equipoise._core.types import IntArray
from equipoise.errors import InputError

NEAR = 0.01
"""A share of the rows is named by a fraction that it is this close to."""


@dataclass(frozen=True, eq=False)
class SplitSizes:
    """How many rows the models of each split were trained and tested on.

    Attributes:
        train: `[repeats, folds]` rows of the training part, those that decide when
            training stops among them.
        test: `[repeats, folds]` rows of the test part.
        total: Rows of the table.
        past: Whether every model was trained on rows earlier than those it is
            tested on.
        source_rows: Rows of the source, if the table holds some of them; else None.

    Example:
        >>> sizes = SplitSizes.of(np.repeat([[0, 1, 2, 3, 4]], 20, axis=1))
        >>> sizes.estimand, round(sizes.test_share, 3)
        ('a model trained on 4/5 of this table', 0.2)
        >>> SplitSizes.of(np.array([0] * 10 + [1] * 10), [10, 20], 30, past=True).words
        '1/3 to 2/3 of this table, always on earlier rows'
    """

    train: IntArray
    test: IntArray
    total: int
    past: bool = False
    source_rows: int | None = None

    @classmethod
    def of(
        cls,
        folds: npt.ArrayLike,
        train: npt.ArrayLike | None = None,
        total: int | None = None,
        *,
        past: bool = False,
    ) -> SplitSizes:
        """Count the rows of each split.

        Args:
            folds: `[repeats, rows]` or `[rows]` the fold that tests a row.
            train: `[repeats, folds]` or `[folds]` training rows; those of all other
                folds if None.
            total: Rows of the table; those of `folds` if None.
            past: Whether training rows always come before test rows.

        Raises:
            InputError: There is not one number of training rows per split.
        """
        split = np.atleast_2d(np.asarray(folds, np.int64))
        count = int(split.max()) + 1
        test = np.stack([np.bincount(row, minlength=count) for row in split])
        rows = split.shape[1] if total is None else total
        if train is None:
            return cls(split.shape[1] - test, test, rows, past)
        sizes = np.atleast_2d(np.asarray(train, np.int64))
        if sizes.shape != test.shape or (sizes < 1).any():
            raise InputError(
                sentence(
                    f"training rows of shape {sizes.shape}",
                    f"one number above 0 per repeat and fold, {test.shape}",
                )
            )
        return cls(sizes, test, rows, past)

    @property
    def test_share(self) -> float:
        """The share s of a split's rows that are tested, for the paired test.

        The corrected resampled t-test needs n_test / n_train = s / (1 - s); this is
        the share that gives the mean of that ratio over the splits: 1 / folds if the
        folds are equal and partition the table, and more by time.
        """
        ratio = float(np.mean(self.test / self.train))
        return ratio / (1 + ratio)

    @property
    def words(self) -> str:
        """How much of the table the models were trained on, in words."""
        of = "of this table"
        later = ", always on earlier rows" if self.past else ""
        if self.source_rows is not None:
            count = round(float(self.train.mean()))
            return f"about {count:,} of {self.source_rows:,} rows{later}"
        shares = self.train / self.total
        low, high = float(shares.min()), float(shares.max())
        # By time the table is cut into one more part than there are folds.
        parts = self.test.shape[1] + self.past
        if self._alike:
            mean = float(shares.mean())
            return f"{_fraction(mean, parts) or _percent([mean])} {of}{later}"
        ends = [_fraction(low, parts), _fraction(high, parts)]
        if all(ends):
            return f"{ends[0]} to {ends[1]} {of}{later}"
        return f"{_percent([low, high])} {of}{later}"

    @property
    def estimand(self) -> str:
        """What the numbers of the cross-validation are estimates of."""
        return f"{'a model' if self._alike else 'models'} trained on {self.words}"

    @property
    def _alike(self) -> bool:
        """Whether all models were trained on about as many rows."""
        return float(np.ptp(self.train / self.total)) <= NEAR + 1e-9


def _fraction(share: float, parts: int) -> str:
    """Return a share as a number of equal parts of the table, if it is near one."""
    number = round(share * parts)
    if not 0 < number < parts or abs(number / parts - share) > NEAR / 2:
        return ""
    return f"{number}/{parts}"


def _percent(shares: Sequence[float]) -> str:
    texts = list(dict.fromkeys(as_share(round(share, 2)) for share in shares))
    return " to ".join(texts)
