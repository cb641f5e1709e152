# SPDX-License-Identifier: Apache-2.0
"""Exact Shapley values of fitted models whose log-odds are sums: trees and lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from equipoise._core.types import FloatArray, IntArray
from equipoise.encoding.matrix import piecewise_matrix
from equipoise.explanations.matrix_columns import MatrixView, matrix_columns
from equipoise.explanations.tree_shapley import (
    MOST_ON_A_PATH,
    forest_shapley,
    longest_path,
)
from equipoise.jobs import Scorer
from equipoise.learners.linear.logistic import LogisticScorer
from equipoise.learners.prior import PriorScorer
from equipoise.learners.trees.histogram import MATRICES, TreesScorer
from equipoise.table.table import Table


def is_exact(scorer: Scorer) -> bool:
    """Return whether a fitted model's log-odds can be explained exactly.

    Boosted trees, linear models and constants can. The log-odds of networks, of mean
    shares in leaves and of most ensembles are no sums of terms that each ask about few
    columns.

    Args:
        scorer: A fitted model.

    Example:
        >>> is_exact(PriorScorer(-2.0))
        True
    """
    if isinstance(scorer, LogisticScorer | PriorScorer):
        return True
    if not isinstance(scorer, TreesScorer):
        return False
    names = matrix_columns(scorer.encoding, scorer.view)
    players = _numbers(names, tuple(dict.fromkeys(names)))
    count = len(set(names))
    return all(
        longest_path(forest, players, count) <= MOST_ON_A_PATH
        for forest in scorer.forests
    )


def exact_contributions(
    scorer: Scorer, rows: Table, background: Table, names: Sequence[str]
) -> FloatArray:
    """Return what each column adds to the log-odds of one fitted model.

    The worth of some columns is the mean score of rows that have them from the row
    and the others from a background row.

    Args:
        scorer: One that `is_exact`.
        rows: The rows to explain.
        background: What they are compared with, one row or more.
        names: The columns, in the order of the result.

    Returns:
        `[rows, names, width]`: they add up, over the columns, to the score of the row
        less the mean score of the background rows.

    Example:
        >>> from equipoise.table.generators import gaussian_shift
        >>> table = gaussian_shift(50, positives=10, auroc=0.9, seed=1).table
        >>> exact_contributions(PriorScorer(-2.0), table, table, table.names).any()
        np.False_
    """
    if isinstance(scorer, LogisticScorer):
        return _of_lines(scorer, rows, background, names)
    if isinstance(scorer, TreesScorer):
        return _of_trees(scorer, rows, background, names)
    width = scorer.log_odds(rows.take(np.arange(0))).shape[1]
    return np.zeros((len(rows), len(names), width))


def _numbers(columns: Sequence[str], names: Sequence[str]) -> IntArray:
    place = {name: k for k, name in enumerate(names)}
    return np.array([place[name] for name in columns], np.int64)


def _of_trees(
    scorer: TreesScorer, rows: Table, background: Table, names: Sequence[str]
) -> FloatArray:
    view: MatrixView = scorer.view
    players = _numbers(matrix_columns(scorer.encoding, view), names)
    matrix = MATRICES[view](rows, scorer.encoding)
    reference = MATRICES[view](background, scorer.encoding)
    members = len(scorer.forests) // scorer.width
    result = np.zeros((len(rows), len(names), scorer.width))
    for place, forest in enumerate(scorer.forests):
        made = forest_shapley(forest, matrix, reference, players, len(names))
        result[..., place // members] += made / members
    return result


def _of_lines(
    scorer: LogisticScorer, rows: Table, background: Table, names: Sequence[str]
) -> FloatArray:
    from scipy import sparse

    encoding, pieces = scorer.encoding, scorer.pieces
    columns = matrix_columns(encoding, "dense", pieces)
    players = _numbers(columns, names)
    x: Any = piecewise_matrix(rows, encoding, pieces)
    reference: Any = piecewise_matrix(background, encoding, pieces)
    coefficients = np.reshape(scorer.coefficients, (len(columns), -1))
    mean = np.asarray(reference.mean(axis=0)).ravel()
    result = np.zeros((len(rows), len(names), coefficients.shape[1]))
    for output, slope in enumerate(coefficients.T):
        place = np.arange(len(columns)), players
        terms = sparse.csr_array((slope, place), shape=(len(columns), len(names)))
        dense = np.asarray((sparse.csr_array(x) @ terms).toarray())
        result[..., output] = dense - mean @ terms.toarray()
    return result
