# SPDX-License-Identifier: Apache-2.0
"""A fast learner that takes any table: small boosted trees of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from equipoise._core.types import FloatArray, IntArray
from equipoise.diagnosis.columns import as_numbers
from equipoise.table.table import Table

FastLearner = Callable[[Table, IntArray, IntArray, int], FloatArray]
"""(table, training rows, rows to score, seed) -> log-odds of these rows."""

# scikit-learn's trees take categories below this number; the rest count as numbers.
MOST_LEVELS = 255


def boosted_trees(
    table: Table, train: IntArray, score: IntArray, seed: int
) -> FloatArray:
    """Fit 60 small trees on some rows and score others.

    Leaves have at least 5 rows, so that a dozen positives can be learned from; missing
    values and categories are native. It is made for speed and for comparing sizes of
    training parts, not to be the best model.

    Args:
        table: A binary table.
        train: Training rows, of both classes.
        score: Rows to score.
        seed: The learner's.

    Returns:
        `[score rows]` log-odds.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    features = matrix(table, train)
    # A column whose values are all missing has no bins, and the fit would fail.
    usable = ~np.isnan(features).all(0)
    if not usable.any():
        return np.zeros(len(score))
    kinds = [
        c.kind == "categorical" and len(c.categories) < MOST_LEVELS
        for c in table.columns
    ]
    model = HistGradientBoostingClassifier(
        max_iter=60,
        max_leaf_nodes=15,
        min_samples_leaf=5,
        l2_regularization=1.0,
        early_stopping=False,
        categorical_features=np.array(kinds)[usable],
        random_state=seed % 2**32,
    )
    # Fits this small lose more to waiting threads than they gain from them.
    with threadpool_limits(limits=1, user_api="openmp"):
        model.fit(features[:, usable], table.labels()[train])
        scores = model.decision_function(matrix(table, score)[:, usable])
    return np.asarray(scores, np.float64)


def matrix(table: Table, rows: IntArray) -> FloatArray:
    """Return `[rows, columns]` numbers; codes of categories; NaN where missing.

    Values beyond 32-bit numbers are missing too.
    """
    columns = []
    for column in table.columns:
        values = as_numbers(column.take(rows))
        if column.kind == "categorical":
            values = np.where(values < 0, np.nan, values)
        columns.append(np.where(np.abs(values) < 1e38, values, np.nan))
    return np.column_stack(columns)
