# SPDX-License-Identifier: Apache-2.0
"""An ensemble of single trees as one forest.

What a tree adds to the sums of the classes depends on the leaf alone. So the sums are
those of a forest whose leaves hold them: it scores rows in one walk, on one encoding,
and is stored and exported like any other forest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from equipoise._core.types import FloatArray
from equipoise.jobs import Scorer
from equipoise.learners.rounds.combining import class_shares, terms
from equipoise.learners.rounds.scorer import RoundsScorer
from equipoise.learners.trees.extra import ExtraTreesScorer
from equipoise.learners.trees.forest import join_forests
from equipoise.learners.trees.histogram import TreesScorer
from equipoise.learners.trees.shares import ClassSharesScorer
from equipoise.learners.trees.single import node_scores


def as_forest(fitted: RoundsScorer) -> Scorer:
    """Return an ensemble as one forest, if each of its models is a single tree.

    Args:
        fitted: An ensemble.

    Returns:
        A scorer with the same scores; the ensemble itself if it is made of others.
    """
    trees: list[Any] = list(fitted.models)
    if not all(_is_tree(tree) for tree in trees):
        return fitted
    said = [
        class_shares(node_scores(tree) + shift)
        for tree, shift in zip(trees, fitted.shifts, strict=True)
    ]
    joined = join_forests([tree.forest for tree in trees])
    sizes = [len(tree.forest.value) for tree in trees]
    if fitted.combination == "mean":
        weights = fitted.shares / fitted.shares.sum()
        return _mean(trees[0], joined, said, weights, sizes)
    parts = [
        share * terms(each, fitted.combination)
        for share, each in zip(fitted.shares, said, strict=True)
    ]
    sums = np.concatenate(parts)
    encoding = trees[0].encoding
    if fitted.width == 1:
        forest = dataclasses.replace(joined, value=sums[:, 1] - sums[:, 0])
        return TreesScorer(encoding, (forest,), 0.0, "ordinal")
    forests = tuple(
        dataclasses.replace(joined, value=np.ascontiguousarray(sums[:, label]))
        for label in range(fitted.width)
    )
    return TreesScorer(encoding, forests, np.zeros(fitted.width), "ordinal")


def _is_tree(scorer: Any) -> bool:
    kinds = (ExtraTreesScorer, ClassSharesScorer)
    return isinstance(scorer, kinds) and len(scorer.forest.roots) == 1


def _mean(
    first: Any,
    joined: Any,
    said: Sequence[FloatArray],
    weights: FloatArray,
    sizes: Sequence[int],
) -> Scorer:
    """Return trees whose leaves add up to the weighted mean of shares."""
    # What all leaves of a tree have in common goes to the base, which is above 0.
    lows = [each.min(axis=0) / 2 for each in said]
    base = sum(
        (weight * low for weight, low in zip(weights, lows, strict=True)),
        np.zeros(said[0].shape[1]),
    )
    parts = [
        weight * (each - low)
        for weight, each, low in zip(weights, said, lows, strict=True)
    ]
    values = np.concatenate(parts)
    if said[0].shape[1] == 2:
        forest = dataclasses.replace(
            joined, base=float(base[1]), value=np.ascontiguousarray(values[:, 1])
        )
        return ExtraTreesScorer(first.encoding, forest, 0.0)
    return ClassSharesScorer(first.encoding, joined, values, base, np.zeros(len(base)))
