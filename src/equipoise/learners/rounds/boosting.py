# SPDX-License-Identifier: Apache-2.0
"""Boosting: each round learns from rows that count the more, the worse they fare."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray, IntArray
from equipoise.learners.rounds.combining import Combination, terms
from equipoise.learners.rounds.fits import (
    Algorithm,
    Fit,
    MadeRows,
    RoundRows,
    Rounds,
    abreast,
    as_weights,
)
from equipoise.learners.rounds.steps import (
    BoostStep,
    adaboost_m2,
    mistaken_pairs,
    samme,
    samme_r,
)
from equipoise.synthesis.smote import Smote

StepRule = Callable[
    [FloatArray, npt.NDArray[np.int64], FloatArray, float],
    BoostStep,
]


@dataclass(frozen=True, eq=False)
class BoostSums:
    """What one AdaBoost gave.

    Attributes:
        total: `[rows, classes]` the sums of its models for all rows.
        models: How many models it has.
        ended: Why it ended before its last round; empty if it did not.
    """

    total: FloatArray
    models: int
    ended: str


def among_present(rows: RoundRows, shares: FloatArray) -> FloatArray:
    """Return the probabilities of the classes that have rows, `[rows, present]`.

    Args:
        rows: The rows that are learned from.
        shares: `[rows, classes]`.
    """
    if len(rows.present) == shares.shape[1]:
        return shares
    present = shares[:, rows.present]
    return np.asarray(present / present.sum(axis=1, keepdims=True))


def boost(
    rows: RoundRows,
    places: IntArray,
    most: int,
    rule: StepRule = samme,
    *,
    combination: Combination = "vote",
    shrinkage: float = 1.0,
    divisor: float = 1.0,
) -> Generator[Fit, FloatArray, BoostSums]:
    """Yield the fits of one AdaBoost, a round after the other.

    Args:
        rows: All rows.
        places: Those that it learns from.
        most: How many rounds there are, at most.
        rule: What a model changes.
        combination: How its models add up.
        shrinkage: How much of each step is taken.
        divisor: What the models count is divided by it.

    Returns:
        The sums of its models.
    """
    y = np.searchsorted(rows.present, rows.y)[places]
    weights = rows.weights[places]
    total = np.zeros((len(rows), rows.classes))
    ended = ""
    models = 0
    for number in range(most):
        fit = Fit(places, as_weights(weights))
        shares = yield fit
        step = rule(weights, y, among_present(rows, shares)[places], shrinkage)
        ended = step.end
        share = step.share
        if not share and not number:
            share = 1.0  # what is no better than chance is better than nothing
        if share:
            fit.share = share / divisor
            total += share * terms(shares, combination)
            models += 1
        if ended:
            break
        weights = step.weights
    early = ended if models < most or ended == "no better than chance" else ""
    return BoostSums(total, models, early)


def ending(name: str, boosted: BoostSums, most: int) -> list[str]:
    """Return what to say of a boosting that ended before its last round.

    Args:
        name: What it is called.
        boosted: What it gave.
        most: How many rounds there could have been.
    """
    if not boosted.ended or most == 1:
        return []
    if boosted.ended == "no error":
        return [
            f"{name} ended before round {most}: its last model mistakes no row that it "
            "learned from. A weaker learner boosts further."
        ]
    return [
        f"{name} ended before round {most}: the next model was no better than chance "
        "on the weighted rows."
    ]


class AdaBoost(Algorithm):
    """AdaBoost for two or several classes: SAMME, or SAMME.R if `real`.

    Source: Zhu et al. (2009), "Multi-class AdaBoost", algorithms 2 and 4; with two
    classes SAMME is AdaBoost.M1 of Freund and Schapire (1997), figure 4.
    """

    @property
    def combines(self) -> Combination:
        """Return how its models add up."""
        return "log" if self.options["real"] else "vote"

    def rounds(self) -> Rounds:
        """Yield one fit per round, of all rows."""
        most = self.count("rounds")
        (boosted,) = yield from abreast(
            [
                boost(
                    self.rows,
                    np.arange(len(self.rows)),
                    most,
                    samme_r if self.options["real"] else samme,
                    combination=self.combines,
                    shrinkage=self.number("shrinkage"),
                )
            ]
        )
        self.notes += ending("AdaBoost", boosted, most)


class _PairBoost(Algorithm):
    """AdaBoost.M2 on other rows in each round; all rows are weighted all the time."""

    combination: ClassVar[Combination] = "share"
    title: ClassVar[str] = ""

    def rounds(self) -> Rounds:
        """Yield one fit per round."""
        rows, most = self.rows, self.count("rounds")
        y = np.searchsorted(rows.present, rows.y)
        pairs = mistaken_pairs(rows.weights, y, len(rows.present))
        models, ended = 0, ""
        for number in range(most):
            weights = pairs.sum(axis=1)
            fit = self.fit(number, weights / weights.mean())
            (shares,) = yield [fit]
            step = adaboost_m2(
                pairs, y, among_present(rows, shares), self.number("shrinkage")
            )
            fit.share = step.share or float(not number)
            models += fit.share > 0
            ended = step.end
            if ended:
                break
            pairs = step.weights
        early = ended if models < most or ended == "no better than chance" else ""
        self.notes += ending(self.title, BoostSums(pairs, models, early), most)

    @abstractmethod
    def fit(self, number: int, weights: FloatArray) -> Fit:
        """Return what a round learns from.

        Args:
            number: The round, from 0.
            weights: `[rows]` how much each row counts, with mean 1.
        """


class RusBoost(_PairBoost):
    """AdaBoost.M2 whose rounds learn from random balanced subsets.

    Only the subset is shown to the model of a round; what it says of all rows decides
    their weights.

    Source: Seiffert et al. (2010), "RUSBoost: A hybrid approach to alleviating class
    imbalance", figure 1; of several classes each is cut down to the rarest.
    """

    title: ClassVar[str] = "RUSBoost"

    def fit(self, number: int, weights: FloatArray) -> Fit:
        """Return a balanced subset with the weights of its rows."""
        random = generator(self.seed, "rusboost", number)
        places = self.rows.subset(random, self.number("ratio"))
        return Fit(places, as_weights(weights[places]))


class SmoteBoost(_PairBoost):
    """AdaBoost.M2 whose rounds learn from all rows and rows made by SMOTE.

    Every round makes other rows, which nothing sees but its own model. A row of each
    class but the largest has `made` rows made of it, though no class becomes larger
    than the largest. A made row counts what the two rows count that it lies between,
    each as much as it is near, which the paper leaves open. Its categories are the most
    frequent ones among the nearest rows, as in SMOTE-NC.

    Source: Chawla et al. (2003), "SMOTEBoost: Improving prediction of the minority
    class in boosting", figure 1.
    """

    title: ClassVar[str] = "SMOTEBoost"

    def fit(self, number: int, weights: FloatArray) -> Fit:
        """Return all rows, and rows that are made for this round."""
        random = generator(self.seed, "smoteboost", number)
        first, second, voters = self._pairs(random)
        mix = random.random(len(first))
        made = MadeRows(
            first,
            second,
            mix,
            (1 - mix) * weights[first] + mix * weights[second],
            voters,
        )
        return Fit(np.arange(len(self.rows)), as_weights(weights), made)

    def _pairs(
        self, random: np.random.Generator
    ) -> tuple[IntArray, IntArray, IntArray | None]:
        """Return between which rows the made ones lie, and whose categories they have.

        As `MadeRows` has them.
        """
        sizes = np.array([len(group) for group in self.rows.groups])
        firsts: list[IntArray] = []
        seconds: list[IntArray] = []
        voters: list[IntArray] = []
        for label, group in enumerate(self.rows.groups):
            taught = group[self.rows.teaches[group]]
            if label == sizes.argmax() or not len(taught):
                continue
            count = round(self.number("made") * len(taught))
            count = min(count, int(sizes.max() - sizes[label]))
            passes = -(-count // len(taught))
            order = [random.permutation(taught) for _ in range(passes)]
            first = np.concatenate([*order, taught[:0]])[:count]
            near, votes = self._neighbours[label]
            lines = np.searchsorted(taught, first)
            second = first
            if near.shape[1]:
                chosen = random.integers(near.shape[1], size=count)
                second = near[lines, chosen]
            firsts.append(first)
            seconds.append(second)
            voters.append(votes[lines])
        none = np.empty(0, np.int64)
        of_rows = np.concatenate(voters) if voters else None
        if of_rows is not None and not of_rows.shape[1]:
            of_rows = None
        return (
            np.concatenate([none, *firsts]),
            np.concatenate([none, *seconds]),
            of_rows,
        )

    @cached_property
    def _neighbours(self) -> list[tuple[IntArray, IntArray]]:
        """The nearest rows of each taught row in its class, and its voters, by class.

        The voters are `[taught rows, category columns]` places of rows whose categories
        its made rows have; its own place if it is alone in its class.
        """
        numbers, codes = self.rows.features()
        smote = Smote(neighbours=self.count("neighbours"))
        largest = int(np.argmax([len(group) for group in self.rows.groups]))
        lines = []
        for label, group in enumerate(self.rows.groups):
            taught = group[self.rows.teaches[group]]
            index = np.empty((len(taught), 0), np.int64)
            voters = np.repeat(taught[:, None], codes.shape[1], axis=1)
            if label != largest and len(taught) > 1:
                ones = np.ones(len(taught), np.int8)
                near = smote.prepare(numbers[taught], codes[taught], ones, 0)
                index = taught[near.index]
                if near.voters is not None:
                    voters = taught[near.voters]
            lines.append((index, voters))
        return lines
