# SPDX-License-Identifier: Apache-2.0
"""Averages of models, each on other rows."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray, IntArray
from equipoise.learners.rounds.combining import Combination
from equipoise.learners.rounds.fits import Algorithm, Fit, Rounds, as_weights


class Bagging(Algorithm):
    """The average of models that have a bootstrap sample of each class.

    Source: Breiman (1996), "Bagging predictors", there without regard to the class.
    """

    combination: ClassVar[Combination] = "mean"

    def rounds(self) -> Rounds:
        """Yield all models at once: none depends on another."""
        members = self.count("members")
        yield [
            self._member(number, generator(self.seed, "bagging", number), members)
            for number in range(members)
        ]

    def _member(self, number: int, random: np.random.Generator, members: int) -> Fit:
        rows = self.rows
        counts = np.zeros(len(rows))
        for group in rows.groups:
            for side in (group[rows.teaches[group]], group[~rows.teaches[group]]):
                if len(side):
                    counts += np.bincount(
                        random.choice(side, len(side)), minlength=len(rows)
                    )
        places = np.flatnonzero(counts)
        weights = as_weights(counts[places] * rows.weights[places])
        return Fit(places, weights, share=1 / members)


class UnderBagging(Algorithm):
    """The average of models that have all positives and a random part of the negatives.

    Each model's scores are brought back to the shares of all rows before they are
    averaged: by the logarithm of the rate at which a class was drawn. That is exact
    if they are the log-odds of the drawn rows. If there are more rows on disk, each
    model has a part of those.

    Source: Barandela et al. (2003), "New applications of ensembles of classifiers",
    and Dal Pozzolo et al. (2015), section III, for the correction.
    """

    combination: ClassVar[Combination] = "mean"

    def rounds(self) -> Rounds:
        """Yield all models at once: none depends on another."""
        members, ratio = self.count("members"), self.number("ratio")
        drawn_rows = np.array(self.rows.per_pass(self.rows.groups, ratio), np.float64)
        sizes = np.array([len(group) for group in self.rows.groups], np.float64)
        rates = np.where(sizes > 0, drawn_rows / np.maximum(sizes, 1), 1.0)
        shift = -np.log(rates)
        if len(shift) == 2:
            shift = shift[1:] - shift[:1]
        yield [
            Fit(
                self.rows.subset(generator(self.seed, "under_bagging", number), ratio),
                shift=shift,
                part=number,
                share=1 / members,
            )
            for number in range(members)
        ]


class SelfPaced(Algorithm):
    """The average of models on all positives and negatives chosen by hardness.

    The hardness of a negative is how far the average so far is from 0 there. The
    negatives are cut into bins of equal width by it, and a bin of mean hardness h
    gives a share of the drawn negatives that is proportional to 1 / (h + a). The
    self-paced factor a = tan(pi i / 2 n) grows from round to round: first every bin
    counts for as much hardness, in the end for as many rows. The first model, on a
    random subset, only serves to tell hardness.

    Source: Liu, Z. et al. (2020), "Self-paced ensemble for highly imbalanced massive
    data classification", algorithm 1; of several classes each is cut down to the
    rarest, and its hardness is one less the probability of the class.
    """

    combination: ClassVar[Combination] = "mean"

    def rounds(self) -> Rounds:
        """Yield one fit per round, and one before the first."""
        members, rows = self.count("members"), self.rows
        random = generator(self.seed, "self_paced", 0)
        (shares,) = yield [Fit(rows.subset(random))]
        total = shares.copy()
        for number in range(1, members + 1):
            random = generator(self.seed, "self_paced", number)
            own_class = (total / number)[np.arange(len(rows)), rows.y]
            factor = math.tan(math.pi / 2 * number / members)
            places = self._chosen(1.0 - own_class, factor, random)
            fit = Fit(places, share=1 / members)
            (shares,) = yield [fit]
            total += shares

    def _chosen(
        self, hardness: FloatArray, factor: float, random: np.random.Generator
    ) -> IntArray:
        groups = self.rows.groups
        parts = []
        for group, count in zip(groups, self.rows.per_pass(groups, 1.0), strict=True):
            if count >= len(group):
                parts.append(group)
                continue
            bins = hardness_bins(hardness[group], self.count("bins"))
            numbers = bin_quotas(hardness[group], bins, factor, count)
            for place, size in enumerate(numbers):
                inside = group[bins == place]
                parts.append(random.choice(inside, size, replace=False))
        return np.sort(np.concatenate(parts).astype(np.int64))


def hardness_bins(hardness: FloatArray, bins: int) -> IntArray:
    """Return in which of several bins of equal width each number lies, `[rows]`.

    The bins divide the range from the least to the greatest number.

    Args:
        hardness: `[rows]`.
        bins: How many bins.

    Example:
        >>> hardness_bins(np.array([0.0, 0.1, 0.9, 1.0]), 2).tolist()
        [0, 0, 1, 1]
    """
    low, high = float(hardness.min()), float(hardness.max())
    if high <= low:
        return np.zeros(len(hardness), np.int64)
    places = np.floor((hardness - low) / (high - low) * bins).astype(np.int64)
    return np.minimum(places, bins - 1)


def bin_quotas(
    hardness: FloatArray, bins: IntArray, factor: float, count: int
) -> list[int]:
    """Return how many rows each bin gives, `count` in all.

    A bin of mean hardness h has the share (1 / (h + a)) / (the sum of that over the
    bins that have rows). What a bin is short of, the others give in the same
    proportions. Fractions are rounded so that the numbers add up.

    Args:
        hardness: `[rows]`.
        bins: `[rows]` each row's bin.
        factor: a, at least 0.
        count: How many rows in all, at most as many as there are.

    Example:
        >>> hardness = np.array([0.1] * 8 + [0.9] * 8)
        >>> bins = hardness_bins(hardness, 2)
        >>> bin_quotas(hardness, bins, 0.0, 6), bin_quotas(hardness, bins, 1e16, 6)
        ([5, 1], [3, 3])
    """
    sizes = np.bincount(bins)
    sums = np.bincount(bins, hardness)
    means = np.where(sizes > 0, sums / np.maximum(sizes, 1), 0.0)
    weights = np.where(sizes > 0, 1.0 / np.maximum(means + factor, 1e-12), 0.0)
    quotas = np.zeros(len(sizes))
    free = sizes > 0
    while free.any() and quotas.sum() < count:
        left = count - quotas[~free].sum()
        quotas[free] = left * weights[free] / weights[free].sum()
        full = free & (quotas >= sizes)
        if not full.any():
            break
        quotas[full] = sizes[full]
        free &= ~full
    numbers = np.floor(quotas + 1e-9).astype(np.int64)
    short = count - int(numbers.sum())
    rest = np.where(numbers < sizes, quotas - numbers, -1.0)
    for place in np.argsort(-rest, kind="stable")[:short]:
        numbers[place] += 1
    return [int(number) for number in numbers]
