# SPDX-License-Identifier: Apache-2.0
"""Comparing arms over many tables: ranks with ties, signed-rank tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number, one_of, sentence
from equipoise._core.types import FloatArray
from equipoise.comparison.bayesian import Beliefs, bayesian_signed_rank
from equipoise.errors import InputError
from equipoise.uncertainty.multiplicity import holm


@dataclass(frozen=True)
class OverTables:
    """One arm against the baseline over several tables.

    Attributes:
        arm: The arm's name.
        mean: Mean difference to the baseline, positive if the arm is better.
        wins: Tables on which the arm is ahead by more than the margin.
        ties: Tables on which the two lie within the margin.
        losses: Tables on which the baseline is ahead by more than the margin.
        p: Wilcoxon's signed-rank p-value, adjusted by Holm over the arms.
        beliefs: Posterior shares of (worse, equivalent, better) for a new table.
    """

    arm: str
    mean: float
    wins: int
    ties: int
    losses: int
    p: float
    beliefs: Beliefs


def ranks_with_ties(values: npt.ArrayLike, margin: float = 0.0) -> FloatArray:
    """Rank arms on each table, 1 the best; values within the margin share a rank.

    From the best downwards, an arm opens a new group if it lies more than
    `margin` below its group's best; a group shares the mean of its places.

    Args:
        values: `[tables, arms]`, the larger the better; NaN (not run) ranks last.
        margin: What counts as no difference, at least 0.

    Returns:
        `[tables, arms]` ranks; each row adds up to arms (arms + 1) / 2.

    Raises:
        InputError: The shape or the margin is wrong.

    Example:
        >>> ranks_with_ties([[0.80, 0.795, 0.60]], margin=0.01).tolist()
        [[1.5, 1.5, 3.0]]
    """
    number(margin, "margin", 0)
    table = np.asarray(values, np.float64)
    if table.ndim != 2:
        raise InputError(sentence(f"values of shape {table.shape}", "[tables, arms]"))
    return np.stack([_ranks(row, margin) for row in table]) if len(table) else table


def _ranks(row: FloatArray, margin: float) -> FloatArray:
    filled = np.where(np.isnan(row), -np.inf, row)
    order = np.argsort(-filled, kind="stable")
    group = np.zeros(row.size, int)
    best = filled[order[0]]
    for place in range(1, row.size):
        value = filled[order[place]]
        # A last bit of rounding in best - value must not part what the margin ties.
        apart = value != best and not best - value <= margin * (1 + 1e-9)
        group[place] = group[place - 1] + apart
        best = value if apart else best
    places = np.arange(1, row.size + 1, dtype=np.float64)
    shared = np.bincount(group, places) / np.bincount(group)
    ranks = np.empty(row.size)
    ranks[order] = shared[group]
    return ranks


def wilcoxon_holm(differences: npt.ArrayLike) -> FloatArray:
    """Return Wilcoxon signed-rank p-values over tables, adjusted over the arms.

    Zeros are split evenly between the signs (Demšar 2006); an arm that equals the
    baseline on every table has p = 1.

    Args:
        differences: `[tables, arms]` differences to the baseline.

    Returns:
        `[arms]` two-sided p-values after Holm's adjustment.

    Raises:
        InputError: The shape is wrong.

    Example:
        >>> import numpy as np
        >>> d = np.column_stack([np.linspace(0.01, 0.1, 10), np.zeros(10)])
        >>> wilcoxon_holm(d).round(4).tolist()
        [0.0039, 1.0]

    References:
        Demšar (2006), Statistical comparisons of classifiers over multiple data
        sets, JMLR 7, section 3.1.3.
    """
    from scipy import stats

    table = np.asarray(differences, np.float64)
    if table.ndim != 2:
        raise InputError(
            sentence(f"differences of shape {table.shape}", "[tables, arms]")
        )
    p = []
    for arm in table.T:
        defined = arm[~np.isnan(arm)]
        if defined.size and defined.any():
            p.append(float(stats.wilcoxon(defined, zero_method="zsplit").pvalue))
        else:
            p.append(1.0)
    return holm(p)


def over_tables(
    values: Mapping[str, Sequence[float]],
    baseline: str = "plain",
    *,
    margin: float = 0.01,
    seed: int = 0,
) -> list[OverTables]:
    """Compare each arm with the baseline over several tables.

    Args:
        values: For each arm, one value per table, the larger the better.
        baseline: The arm that the others are compared with.
        margin: What counts as no difference.
        seed: Seed of the posterior draws.

    Returns:
        One record per other arm, the best mean difference first.

    Raises:
        InputError: The baseline is absent or the lengths differ.

    Example:
        >>> scores = {"plain": [0.5, 0.6, 0.7], "trees": [0.6, 0.7, 0.8]}
        >>> record = over_tables(scores)[0]
        >>> record.wins, round(record.mean, 2)
        (3, 0.1)
    """
    one_of(baseline, values, "baseline")
    number(margin, "margin", 0)
    lengths = {len(row) for row in values.values()}
    if len(lengths) != 1:
        raise InputError(
            sentence(f"{sorted(lengths)} values per arm", "one value per table")
        )
    arms = [arm for arm in values if arm != baseline]
    if not arms:
        return []
    base = np.asarray(values[baseline], np.float64)
    differences = np.column_stack([np.asarray(values[a], float) - base for a in arms])
    p = wilcoxon_holm(differences)
    rows = [
        _record(arm, differences[:, i], float(p[i]), margin, seed)
        for i, arm in enumerate(arms)
    ]
    return sorted(rows, key=lambda row: -row.mean)


def _record(
    arm: str, difference: FloatArray, p: float, margin: float, seed: int
) -> OverTables:
    defined = difference[~np.isnan(difference)]
    wins, losses = int((defined > margin).sum()), int((defined < -margin).sum())
    return OverTables(
        arm,
        float(defined.mean()),
        wins,
        defined.size - wins - losses,
        losses,
        p,
        bayesian_signed_rank(defined, margin, seed=seed),
    )
