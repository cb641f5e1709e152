# SPDX-License-Identifier: Apache-2.0
"""Tables with a known optimum, to hold a result against the best possible.

Each generator returns the rows and, for each row, the true log-odds of the
positive class at the table's own prevalence: no score ranks better, and no
probability is better calibrated.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from equipoise._core.checks import integer, number, sentence
from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray
from equipoise.errors import InputError
from equipoise.table.table import (
    Column,
    Table,
)
from equipoise.task import Task


@dataclass(frozen=True, eq=False)
class GeneratedTable:
    """A table whose best possible score is known.

    Attributes:
        table: The rows.
        log_odds: `[rows]` the true log-odds of the positive class.
        auroc: The population's AUROC of the true score if it has a closed
            form, else NaN.
    """

    table: Table
    log_odds: FloatArray
    auroc: float = math.nan


def gaussian_shift(
    rows: int,
    *,
    positives: int | None = None,
    prevalence: float | None = None,
    auroc: float = 0.85,
    features: int = 5,
    seed: int = 0,
) -> GeneratedTable:
    r"""Draw two Gaussians with equal covariance: the log-odds are linear.

    x | y=0 ~ N(0, I) and x | y=1 ~ N(mu, I), with mu equal in all features. With
    d = |mu| the log-odds are logit(prevalence) + mu.x - d^2 / 2, and the AUROC is
    Phi(d / sqrt(2)) (linear discriminant analysis).

    Args:
        rows: The number of rows.
        positives: The exact number of positive rows; or
        prevalence: the population's share of positives, strictly in (0, 1), from
            which the number is drawn. .05 if neither is given.
        auroc: The best possible AUROC, in [.5, 1).
        features: The number of features, each as informative as the others.
        seed: One seed gives one table.

    Raises:
        InputError: A number is out of range, or both of `positives` and
            `prevalence` are given.

    Example:
        >>> made = gaussian_shift(1000, positives=20, auroc=0.9, seed=1)
        >>> made.table
        <Table of 1,000 rows, columns: 5 numeric; target 'target': 20 positive
        ('1'), 2.00%>
    """
    from scipy.special import ndtri

    integer(features, "features", 1)
    number(auroc, "auroc", 0.5, 1 - 1e-9)
    distance = math.sqrt(2) * float(ndtri(auroc))
    shift = np.full(features, distance / math.sqrt(features))
    y, prior, random = _labels(rows, positives, prevalence, seed, "gaussian_shift")
    x = random.normal(size=(rows, features)) + y[:, None] * shift
    truth = _logit(prior) + x @ shift - distance**2 / 2
    return GeneratedTable(_numeric(x, y, "gaussian_shift"), truth, float(auroc))


def gaussian_spread(
    rows: int,
    *,
    positives: int | None = None,
    prevalence: float | None = None,
    spread: float = 2.0,
    shift: float = 0.5,
    features: int = 4,
    seed: int = 0,
) -> GeneratedTable:
    """Draw two Gaussians with different covariances: the log-odds are quadratic.

    x | y=0 ~ N(0, I) and x | y=1 ~ N(shift, spread^2 I), in each feature alike. A
    linear score cannot reach the optimum.

    Args:
        rows: The number of rows.
        positives: See `gaussian_shift`.
        prevalence: See `gaussian_shift`.
        spread: The positives' standard deviation in each feature, above 0.
        shift: The positives' mean in each feature.
        features: The number of features.
        seed: One seed gives one table.

    Raises:
        InputError: A number is out of range.

    Example:
        >>> gaussian_spread(500, positives=25).table.positives
        25
    """
    integer(features, "features", 1)
    number(spread, "spread", 0, open_ends=True)
    number(shift, "shift")
    y, prior, random = _labels(rows, positives, prevalence, seed, "gaussian_spread")
    x = random.normal(size=(rows, features))
    x = np.where(y[:, None] == 1, shift + spread * x, x)
    ratio = 0.5 * x**2 - 0.5 * ((x - shift) / spread) ** 2 - math.log(spread)
    truth = _logit(prior) + ratio.sum(axis=1)
    # With no shift the squared radii are chi-square variables up to `spread`^2,
    # and the AUROC is a probability of an F distribution.
    best = _spread_auroc(spread, features) if shift == 0 else math.nan
    return GeneratedTable(_numeric(x, y, "gaussian_spread"), truth, best)


def _spread_auroc(spread: float, features: int) -> float:
    """P(spread^2 F > 1) for F ~ F(features, features), or its complement."""
    from scipy.special import fdtr

    below = float(fdtr(features, features, 1 / spread**2))
    return max(below, 1 - below)


def logistic(
    rows: int,
    *,
    positives: int | None = None,
    prevalence: float | None = None,
    coefficients: Sequence[float] = (1.0, -0.7, 0.4),
    categories: Mapping[str, float] | None = None,
    missing: float = 0.0,
    seed: int = 0,
) -> GeneratedTable:
    """Draw from a logistic model with numbers, a category and missing values.

    The log-odds are b + sum_j c_j x_j + e(category), with x_j ~ N(0, 1), each
    category equally likely, and the term of a missing number left out. Rows are
    drawn from the model until both classes are full, so each class has the model's
    own distribution; the log-odds are then those at the table's prevalence.

    Args:
        rows: The number of rows.
        positives: See `gaussian_shift`.
        prevalence: See `gaussian_shift`.
        coefficients: Of the numeric columns; at most 10 if values are missing.
        categories: The effect of each category on the log-odds, by its text; None
            for no categorical column.
        missing: The share of numbers that are missing completely at random, in
            [0, 1).
        seed: One seed gives one table.

    Raises:
        InputError: A number is out of range.

    Example:
        >>> effects = {"red": 0.0, "blue": 1.5}
        >>> made = logistic(400, positives=40, categories=effects, missing=0.1)
        >>> made.table.names
        ('x0', 'x1', 'x2', 'category')
    """
    beta = np.asarray(coefficients, np.float64)
    effects = dict(categories) if categories is not None else {}
    number(missing, "missing", 0, 1 - 1e-9)
    if missing and len(beta) > 10:
        raise InputError(
            sentence(f"{len(beta)} coefficients", "at most 10 with missing values")
        )
    y, prior, random = _labels(rows, positives, prevalence, seed, "logistic")
    intercept = _intercept(beta, list(effects.values()), missing, prior)
    x, level, score = _fill(y, beta, list(effects.values()), missing, intercept, random)
    columns = [Column(f"x{j}", "numeric", x[:, j].copy()) for j in range(len(beta))]
    if effects:
        texts = tuple(str(text) for text in effects)
        columns.append(Column("category", "categorical", level.astype(np.int32), texts))
    table = Table(
        tuple(columns), y, Task("binary", ("0", "1")), source="generators.logistic"
    )
    return GeneratedTable(table, score)


def _intercept(
    beta: FloatArray, effects: Sequence[float], missing: float, prior: float
) -> float:
    """Return b such that the model's prevalence is `prior`.

    Given which numbers are missing and the category, the log-odds are Gaussian, so
    the prevalence is a sum over those cases of Gauss-Hermite quadratures.
    """
    from scipy.optimize import brentq
    from scipy.special import expit

    nodes, heights = np.polynomial.hermite_e.hermegauss(120)
    heights = heights / heights.sum()
    patterns = np.array(
        list(itertools.product((0, 1), repeat=len(beta) if missing else 0)), float
    )
    seen = 1 - patterns if missing else np.ones((1, len(beta)))
    share = np.prod(np.where(seen == 1, 1 - missing, missing), axis=1)
    spreads = np.sqrt((seen * beta**2).sum(axis=1))
    shifts = np.asarray(effects or [0.0])
    z = spreads[:, None, None] * nodes + shifts[:, None]
    reach = float(np.abs(z).max()) + abs(_logit(prior)) + 1

    def excess(b: float) -> float:
        by_case = (expit(z + b) * heights).sum(axis=2).mean(axis=1)
        return float(share @ by_case) / float(share.sum()) - prior

    return float(brentq(excess, -reach, reach, xtol=1e-12))


def _fill(
    y: np.ndarray,
    beta: FloatArray,
    effects: Sequence[float],
    missing: float,
    intercept: float,
    random: np.random.Generator,
) -> tuple[FloatArray, np.ndarray, FloatArray]:
    """Draw rows from the model until each class is full; return x, level, log-odds."""
    from scipy.special import expit

    rows = len(y)
    x = np.empty((rows, len(beta)))
    level = np.zeros(rows, np.int64)
    score = np.empty(rows)
    open_slots = [np.flatnonzero(y == label) for label in (0, 1)]
    shifts = np.asarray(effects or [0.0])
    while any(len(slots) for slots in open_slots):
        many = 2 * rows + 1000
        draws = random.normal(size=(many, len(beta)))
        gone = random.random(size=draws.shape) < missing
        which = random.integers(len(shifts), size=many)
        z = intercept + np.where(gone, 0.0, draws) @ beta + shifts[which]
        label = random.random(many) < expit(z)
        draws[gone] = np.nan
        for value in (0, 1):
            accepted = np.flatnonzero(label == bool(value))[: len(open_slots[value])]
            slots = open_slots[value][: len(accepted)]
            x[slots], level[slots], score[slots] = (
                draws[accepted],
                which[accepted],
                z[accepted],
            )
            open_slots[value] = open_slots[value][len(accepted) :]
    return x, level, score


def checkerboard(
    rows: int,
    *,
    positives: int | None = None,
    prevalence: float | None = None,
    cells: int = 4,
    auroc: float = 0.9,
    seed: int = 0,
) -> GeneratedTable:
    """Draw points on a board whose dark fields favour the positive class.

    Positives lie on a dark field with probability `auroc`, negatives on a light
    one, uniformly within. The log-odds take two values, logit(prevalence) +- logit
    (auroc), and the best AUROC is `auroc` itself. No column helps alone.

    Args:
        rows: The number of rows.
        positives: See `gaussian_shift`.
        prevalence: See `gaussian_shift`.
        cells: Fields along a side, an even number of at least 2.
        auroc: The best possible AUROC, in [.5, 1).
        seed: One seed gives one table.

    Raises:
        InputError: A number is out of range.

    Example:
        >>> checkerboard(300, positives=30).table.names
        ('x0', 'x1')
    """
    integer(cells, "cells", 2)
    if cells % 2:
        raise InputError(sentence(f"cells={cells}", "an even number"))
    number(auroc, "auroc", 0.5, 1 - 1e-9)
    y, prior, random = _labels(rows, positives, prevalence, seed, "checkerboard")
    dark = (random.random(rows) < auroc) == (y == 1)
    row = random.integers(cells, size=rows)
    # Half of each row's fields are dark: draw one, then step aside for a light one.
    column = 2 * random.integers(cells // 2, size=rows) + (row + ~dark) % 2
    x = (np.stack([row, column], axis=1) + random.random((rows, 2))) / cells
    truth = _logit(prior) + np.where(dark, 1, -1) * _logit(auroc)
    return GeneratedTable(_numeric(x, y, "checkerboard"), truth, float(auroc))


def small_disjuncts(
    rows: int,
    *,
    positives: int | None = None,
    prevalence: float | None = None,
    clusters: int = 6,
    width: float = 0.25,
    features: int = 2,
    seed: int = 0,
) -> GeneratedTable:
    """Draw positives in a few tight clusters, each half as common as the one before.

    x | y=0 ~ N(0, 4 I); x | y=1 is a mixture of N(m_k, width^2 I) with weights
    proportional to 2^-k. The small clusters are what a learner misses first.

    Args:
        rows: The number of rows.
        positives: See `gaussian_shift`.
        prevalence: See `gaussian_shift`.
        clusters: The number of clusters.
        width: Their standard deviation, above 0; small is easy to tell apart and
            hard to find.
        features: The number of features.
        seed: One seed gives one table, cluster centres included.

    Raises:
        InputError: A number is out of range.

    Example:
        >>> small_disjuncts(300, positives=30, seed=2).table.positives
        30
    """
    from scipy.special import logsumexp

    integer(clusters, "clusters", 1)
    integer(features, "features", 1)
    number(width, "width", 0, open_ends=True)
    y, prior, random = _labels(rows, positives, prevalence, seed, "small_disjuncts")
    centres = random.uniform(-3, 3, size=(clusters, features))
    weights = 0.5 ** np.arange(clusters)
    weights /= weights.sum()
    member = random.choice(clusters, size=rows, p=weights)
    noise = random.normal(size=(rows, features))
    x = np.where(y[:, None] == 1, centres[member] + width * noise, 2 * noise)
    near = ((x[:, None, :] - centres) ** 2).sum(axis=2)
    positive = logsumexp(np.log(weights) - near / (2 * width**2), axis=1)
    negative = -(x**2).sum(axis=1) / (2 * 4)
    scale = features * (math.log(2) - math.log(width))
    truth = _logit(prior) + positive - negative + scale
    return GeneratedTable(_numeric(x, y, "small_disjuncts"), truth)


def _labels(
    rows: int,
    positives: int | None,
    prevalence: float | None,
    seed: int,
    purpose: str,
) -> tuple[np.ndarray, float, np.random.Generator]:
    """Return shuffled labels, the prior of the log-odds, and the stream."""
    integer(rows, "rows", 2)
    random = generator(seed, "generators", purpose)
    if positives is not None and prevalence is not None:
        raise InputError(
            sentence(
                f"positives={positives!r} and prevalence={prevalence!r}", "one of them"
            )
        )
    if positives is None:
        share = 0.05 if prevalence is None else prevalence
        prior = number(share, "prevalence", 0, 1, open_ends=True)
        return (random.random(rows) < prior).astype(np.int8), prior, random
    count = integer(positives, "positives", 1, rows - 1)
    y = np.zeros(rows, np.int8)
    y[random.permutation(rows)[:count]] = 1
    return y, count / rows, random


def _logit(share: float) -> float:
    return math.log(share) - math.log1p(-share)


def _numeric(x: FloatArray, y: np.ndarray, name: str) -> Table:
    columns = tuple(
        Column(f"x{j}", "numeric", np.ascontiguousarray(x[:, j]))
        for j in range(x.shape[1])
    )
    return Table(columns, y, Task("binary", ("0", "1")), source=f"generators.{name}")
