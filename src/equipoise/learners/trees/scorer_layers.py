# SPDX-License-Identifier: Apache-2.0
"""Fitted trees of two classes, several classes or labels as layers, for export."""

from __future__ import annotations

import numpy as np

from equipoise.learners.trees.extra import ExtraTreesScorer
from equipoise.learners.trees.forest import join_forests
from equipoise.learners.trees.histogram import TreesScorer
from equipoise.learners.trees.keras_layer import ForestLogOdds, forest_layer
from equipoise.learners.trees.shares import ClassSharesScorer, LabelSharesScorer


def boosted_layer(scorer: TreesScorer) -> ForestLogOdds:
    """Return the average of boosted forests as a layer.

    Args:
        scorer: The forests, of any task.

    Returns:
        From the matrix of the scorer's view to `[rows, width]` corrected scores.
    """
    forests = scorer.forests
    if scorer.width == 1:
        return forest_layer(
            join_forests(forests),
            base=sum(forest.base for forest in forests),
            divisor=len(forests),
            offset=float(np.ravel(scorer.offset)[0]),
        )
    members = len(forests) // scorer.width
    by_output = [
        forests[place * members : (place + 1) * members]
        for place in range(scorer.width)
    ]
    return forest_layer(
        join_forests(forests),
        base=[sum(forest.base for forest in group) for group in by_output],
        divisor=members,
        offset=np.ravel(scorer.offset).tolist(),
        groups=[sum(len(forest.roots) for forest in group) for group in by_output],
    )


def shares_layer(
    scorer: ExtraTreesScorer | ClassSharesScorer | LabelSharesScorer,
) -> ForestLogOdds:
    """Return trees whose leaves hold shares as a layer.

    Args:
        scorer: The trees, of any task.

    Returns:
        From the ordinal matrix to `[rows, width]` corrected scores.
    """
    if isinstance(scorer, ExtraTreesScorer):
        return forest_layer(scorer.forest, link="share", offset=scorer.offset)
    if isinstance(scorer, ClassSharesScorer):
        return forest_layer(
            scorer.forest,
            link="class_share",
            base=scorer.base.tolist(),
            offset=scorer.offset.tolist(),
            values=scorer.shares,
        )
    return forest_layer(
        join_forests(scorer.forests),
        link="share",
        base=[forest.base for forest in scorer.forests],
        offset=scorer.offset.tolist(),
        groups=[len(forest.roots) for forest in scorer.forests],
    )
