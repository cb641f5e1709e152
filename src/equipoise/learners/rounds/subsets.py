# SPDX-License-Identifier: Apache-2.0
"""AdaBoosts on balanced subsets: side by side, or each on what the others left."""

from __future__ import annotations

import numpy as np

from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray, IntArray
from equipoise.learners.rounds.boosting import boost
from equipoise.learners.rounds.fits import Algorithm, Rounds, abreast


class EasyEnsemble(Algorithm):
    """AdaBoosts side by side, each on all positives and a random part of the negatives.

    The sum of all their votes is the score, divided by the number of subsets. The
    thresholds of the AdaBoosts, which the paper subtracts, are one constant for all
    rows: calibration takes it up.

    Source: Liu, Wu and Zhou (2009), "Exploratory undersampling for class-imbalance
    learning", algorithm 1; of several classes each is cut down to the rarest, and
    SAMME takes the place of AdaBoost.
    """

    def rounds(self) -> Rounds:
        """Yield one fit per subset in each round."""
        members, most = self.count("members"), self.count("rounds")
        results = yield from abreast(
            boost(
                self.rows,
                self.rows.subset(
                    generator(self.seed, "easy_ensemble", member),
                    self.number("ratio"),
                ),
                most,
                divisor=members,
            )
            for member in range(members)
        )
        early = sum(boosted.ended == "no error" for boosted in results)
        if early and most > 1:
            self.notes.append(_early("EasyEnsemble", most))


class BalanceCascade(Algorithm):
    """AdaBoosts one after the other, on ever fewer negatives.

    After each, the negatives that it is the surest of are dropped: it keeps the share
    f = (P / N)^(1 / (T - 1)), so that the last one draws from as many negatives as
    there are positives.

    Source: Liu, Wu and Zhou (2009), algorithm 2. Its threshold of a false-positive
    rate f keeps exactly these negatives; where votes are equal, chance decides. Of
    several classes each is cut down to the rarest, by the margin of its own class.
    """

    def rounds(self) -> Rounds:
        """Yield one fit per round."""
        members, most = self.count("members"), self.count("rounds")
        left = list(self.rows.groups)
        sizes = [len(group) for group in left]
        least = self.rows.per_pass(left, 1.0)
        early = 0
        for member in range(members):
            random = generator(self.seed, "balance_cascade", member)
            places = self.rows.subset(random, 1.0, left)
            (boosted,) = yield from abreast(
                [boost(self.rows, places, most, divisor=members)]
            )
            early += boosted.ended == "no error"
            if member == members - 1:
                break
            for label, (size, last) in enumerate(zip(sizes, least, strict=True)):
                if last >= size:
                    continue
                power = (member + 1) / (members - 1)
                count = max(last, round(size * (last / size) ** power))
                margin = margins(boosted.total[left[label]], label)
                left[label] = _hardest(left[label], margin, count, random)
        if early and most > 1:
            self.notes.append(_early("BalanceCascade", most))


def margins(total: FloatArray, label: int) -> FloatArray:
    """Return by how much the score of a class exceeds the best of the others, `[rows]`.

    Args:
        total: `[rows, classes]`.
        label: The class.

    Example:
        >>> margins(np.array([[3.0, 1.0, 2.0]]), 1).tolist()
        [-2.0]
    """
    others = np.delete(total, label, axis=1)
    return np.asarray(total[:, label] - others.max(axis=1))


def _hardest(
    group: IntArray, margin: FloatArray, count: int, random: np.random.Generator
) -> IntArray:
    """Return the rows with the smallest margins, in their order; ties by chance."""
    order = np.lexsort((random.random(len(group)), margin))
    return np.sort(group[order[:count]])


def _early(name: str, most: int) -> str:
    # Without numbers of its own: the splits of a trial share one note.
    return (
        f"AdaBoosts of {name} ended before round {most}: a model mistakes no row of "
        "its subset. A weaker learner boosts further."
    )
