# SPDX-License-Identifier: Apache-2.0
"""Tables of several classes or several labels whose posteriors are known exactly.

Each generator returns the rows and, for each row, the true probability of every
class, label, and set of labels given the row's features: what no model can improve.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, number, sentence
from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray, IntArray
from equipoise.errors import InputError
from equipoise.priors import log_odds, softmax
from equipoise.table.table import Column, Table
from equipoise.task import UNKNOWN_LABEL, Task

MOST_LABELS = 12
"""Labels whose sets can be listed: 4,096 probabilities a row."""

_SMALL = 1e-12


@dataclass(frozen=True, eq=False)
class GeneratedClasses:
    """A table of several classes whose posteriors are known.

    Attributes:
        table: The rows.
        scores: `[rows, classes]` the log of the true probability of each class, so
            `table.task.probability(scores)` are the posteriors.
        shares: `[classes]` each class's share of the population.
    """

    table: Table
    scores: FloatArray
    shares: FloatArray

    @property
    def posterior(self) -> FloatArray:
        """The true probability of each class, `[rows, classes]`."""
        return softmax(self.scores)


@dataclass(frozen=True, eq=False)
class GeneratedLabels:
    """A table of several labels whose posteriors are known.

    Attributes:
        table: The rows.
        joint: `[rows, sets]` the true probability of each set of labels.
        sets: `[sets, labels]` int8: which labels a set holds.
        prior: `[sets]` each set's share of the population.
    """

    table: Table
    joint: FloatArray
    sets: npt.NDArray[np.int8]
    prior: FloatArray

    @property
    def posterior(self) -> FloatArray:
        """The true probability of each label, `[rows, labels]`."""
        return np.asarray(self.joint @ self.sets)

    @property
    def scores(self) -> FloatArray:
        """The true log-odds of each label, `[rows, labels]`."""
        return log_odds(np.clip(self.posterior, 0.0, 1.0))


def long_tail(classes: int, ratio: float) -> FloatArray:
    """Return shares that fall from class to class by one factor.

    Args:
        classes: Their number.
        ratio: The first class's share, divided by the last one's.

    Returns:
        `[classes]` of sum 1.

    Example:
        >>> long_tail(3, 4.0).round(3).tolist()
        [0.571, 0.286, 0.143]
    """
    integer(classes, "classes", 2)
    number(ratio, "ratio", 1)
    shares = np.geomspace(ratio, 1.0, classes)
    return np.asarray(shares / shares.sum())


def make_classes(
    rows: int,
    *,
    shares: Sequence[float] | FloatArray | None = None,
    counts: Sequence[int] | None = None,
    separation: float = 2.0,
    numeric: int = 4,
    categories: int = 5,
    seed: int = 0,
) -> GeneratedClasses:
    """Draw several classes with numbers and a category.

    x | c ~ N(m_c, I), where each m_c has the length `separation` and a random
    direction; the category g | c has probabilities drawn from a flat Dirichlet
    distribution; both are independent given c. With shares pi the posterior of c is
    proportional to pi_c N(x; m_c, I) P(g | c).

    Args:
        rows: The number of rows.
        shares: `[classes]` above 0, of any sum: the population's, from which classes
            are drawn; `long_tail(4, 20)` if neither this nor `counts` is given.
        counts: `[classes]` the exact number of rows of each class instead; the
            posteriors are those at these shares.
        separation: The length of each class's mean, 0 or more.
        numeric: The number of numeric columns, x0, x1, ...
        categories: The number of categories; 0 for no such column.
        seed: One seed gives one table. Means and categories depend on it alone, so
            tables of one seed and other rows are of one population.

    Raises:
        InputError: A number is out of range, or both `shares` and `counts` are given.

    Example:
        >>> made = make_classes(100, counts=[80, 15, 5])
        >>> made.table
        <Table of 100 rows, columns: 4 numeric, 1 categorical; multiclass target
        'target': 3 classes, from 5 ('c2') to 80 rows ('c0')>
        >>> made.posterior.shape
        (100, 3)
    """
    integer(rows, "rows", 1)
    integer(numeric, "numeric", 0)
    integer(categories, "categories", 0)
    number(separation, "separation", 0)
    if not numeric and not categories:
        raise InputError(sentence("numeric=0 and categories=0", "at least one column"))
    random = generator(seed, "generators", "make_classes", rows)
    prior, y = _drawn_classes(rows, shares, counts, random)
    means, effects = _population(seed, len(prior), separation, numeric, categories)
    x, level, scores = _features(y, means, effects, random)
    scores = scores + np.log(prior)
    task = Task("multiclass", tuple(f"c{label}" for label in range(len(prior))))
    columns = _columns(x, level, categories)
    table = Table(columns, y, task, source="generators.make_classes")
    return GeneratedClasses(table, scores, prior)


def make_labels(
    rows: int,
    *,
    shares: Sequence[float] | FloatArray,
    dependence: float = 0.5,
    separation: float = 1.5,
    numeric: int = 4,
    categories: int = 5,
    unknown: float = 0.0,
    seed: int = 0,
) -> GeneratedLabels:
    """Draw several labels that depend on each other, with numbers and a category.

    The sets s of labels have the shares P(s) proportional to exp(sum_j a_j s_j +
    dependence sum_{j<k} s_j s_k), with a such that each label has its share. Given a
    set, x ~ N(sum_j s_j m_j, I), where each m_j has the length `separation` and a
    random direction, and the category's log-probabilities are the labels' effects
    added up, normalised. The posterior of each set follows by Bayes' rule.

    Args:
        rows: The number of rows.
        shares: `[labels]` each label's share, strictly in (0, 1); at most 12.
        dependence: How much likelier labels are together; 0 for independent ones.
        separation: The length of each label's mean, 0 or more.
        numeric: The number of numeric columns, x0, x1, ...
        categories: The number of categories; 0 for no such column.
        unknown: The share of labels that are unknown completely at random, in [0, 1).
        seed: One seed gives one table; the population depends on it alone.

    Raises:
        InputError: A number is out of range.

    Example:
        >>> made = make_labels(200, shares=[0.4, 0.1, 0.02])
        >>> made.joint.shape, made.posterior.shape
        ((200, 8), (200, 3))
    """
    integer(rows, "rows", 1)
    integer(numeric, "numeric", 0)
    integer(categories, "categories", 0)
    number(dependence, "dependence")
    number(separation, "separation", 0)
    number(unknown, "unknown", 0, 1 - 1e-9)
    marginals = np.asarray(shares, np.float64)
    if not 1 <= len(marginals) <= MOST_LABELS:
        raise InputError(
            sentence(f"shares of {len(marginals)} labels", f"1 to {MOST_LABELS}")
        )
    for share in marginals.tolist():
        number(share, "a share", 0, 1, open_ends=True)
    if not numeric and not categories:
        raise InputError(sentence("numeric=0 and categories=0", "at least one column"))
    random = generator(seed, "generators", "make_labels", rows)
    sets = np.array(list(itertools.product((0, 1), repeat=len(marginals))), np.int8)
    prior = _set_shares(sets, marginals, dependence)
    means, effects = _population(seed, len(marginals), separation, numeric, categories)
    if categories:  # log-probabilities relative to no label
        effects = sets @ effects
        effects -= np.log(np.exp(effects).sum(axis=1, keepdims=True))
    drawn_sets = random.choice(len(sets), size=rows, p=prior)
    x, level, scores = _features(drawn_sets, sets @ means, effects, random)
    joint = softmax(scores + np.log(prior))
    y = sets[drawn_sets].copy()
    y[random.random(y.shape) < unknown] = UNKNOWN_LABEL
    task = Task("multilabel", tuple(f"l{label}" for label in range(len(marginals))))
    columns = _columns(x, level, categories)
    table = Table(
        columns, y, task, ", ".join(task.classes), source="generators.make_labels"
    )
    return GeneratedLabels(table, joint, sets, prior)


def _drawn_classes(
    rows: int,
    shares: Sequence[float] | FloatArray | None,
    counts: Sequence[int] | None,
    random: np.random.Generator,
) -> tuple[FloatArray, IntArray]:
    """Return the shares of the classes, and each row's class."""
    if shares is not None and counts is not None:
        raise InputError(sentence("shares= and counts=", "one of them"))
    if counts is None:
        prior = np.asarray(long_tail(4, 20.0) if shares is None else shares, np.float64)
        for share in prior.tolist():
            number(share, "a share", 0, open_ends=True)
        prior = prior / prior.sum()
        y = random.choice(len(prior), size=rows, p=prior)
    else:
        for count in counts:
            integer(count, "a count", 1)
        if sum(counts) != rows:
            raise InputError(
                sentence(f"counts that add up to {sum(counts):,}", f"a sum of {rows:,}")
            )
        prior = np.asarray(counts, np.float64) / rows
        y = random.permutation(np.repeat(np.arange(len(counts)), counts))
    if len(prior) < 2:
        raise InputError(sentence(f"{len(prior)} class", "at least two"))
    return prior, y.astype(np.int64)


def _population(
    seed: int, count: int, separation: float, numeric: int, categories: int
) -> tuple[FloatArray, FloatArray]:
    """Return means `[count, numeric]` and log-probabilities `[count, categories]`."""
    random = generator(seed, "generators", "population")
    means = random.normal(size=(count, numeric))
    length = np.sqrt((means**2).sum(axis=1, keepdims=True))
    means = separation * means / np.maximum(length, _SMALL)
    if not categories:
        return means, np.zeros((count, 0))
    shares = random.dirichlet(np.ones(categories), size=count)
    return means, np.log(np.maximum(shares, _SMALL))


def _features(
    kinds: IntArray,
    means: FloatArray,
    effects: FloatArray,
    random: np.random.Generator,
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Draw the features of rows whose kind (class or set of labels) is drawn.

    Args:
        kinds: `[rows]`.
        means: `[kinds, numeric]`.
        effects: `[kinds, categories]` log-probabilities.
        random: Draws.

    Returns:
        x, the category, and the log-likelihood of every kind up to a constant of the
        row, `[rows, kinds]`.
    """
    rows = len(kinds)
    x = random.normal(size=(rows, means.shape[1])) + means[kinds]
    likelihood = x @ means.T - 0.5 * (means**2).sum(axis=1)
    if not effects.shape[1]:
        return x, np.zeros(rows, np.int64), likelihood
    logs = effects - np.log(np.exp(effects).sum(axis=1, keepdims=True))
    below = np.cumsum(np.exp(logs), axis=1)[kinds]
    level = (random.random((rows, 1)) > below[:, :-1]).sum(axis=1)
    return x, level.astype(np.int64), likelihood + logs[:, level].T


def _set_shares(
    sets: npt.NDArray[np.int8], marginals: FloatArray, dependence: float
) -> FloatArray:
    """Return the share of each set such that each label has its share.

    An exponential family in a: its means are matched by Newton's method, and the
    function whose gradient that zeroes is convex, so halved steps always descend.
    """
    s = sets.astype(np.float64)
    together = 0.5 * (s.sum(axis=1) ** 2 - s.sum(axis=1))
    a = np.log(marginals) - np.log1p(-marginals) - dependence * (marginals.sum())

    def shares_of(a: FloatArray) -> tuple[FloatArray, float]:
        z = s @ a + dependence * together
        top = z.max()
        powers = np.exp(z - top)
        value = top + np.log(powers.sum()) - a @ marginals
        return powers / powers.sum(), float(value)

    prior, value = shares_of(a)
    for _ in range(200):
        mean = prior @ s
        if np.abs(mean - marginals).max() < 1e-13:
            break
        covariance = (s * prior[:, None]).T @ s - np.outer(mean, mean)
        step = np.linalg.solve(covariance, mean - marginals)
        size = 1.0
        while size > 1e-8:
            prior, lower = shares_of(a - size * step)
            if lower <= value + 1e-15:
                break
            size /= 2
        a, value = a - size * step, lower
    return prior


def _columns(x: FloatArray, level: IntArray, categories: int) -> tuple[Column, ...]:
    columns = [
        Column(f"x{j}", "numeric", np.ascontiguousarray(x[:, j]))
        for j in range(x.shape[1])
    ]
    if categories:
        texts = tuple(f"g{k}" for k in range(categories))
        columns.append(Column("category", "categorical", level.astype(np.int32), texts))
    return tuple(columns)
