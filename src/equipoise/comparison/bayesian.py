# SPDX-License-Identifier: Apache-2.0
"""Posterior probabilities of worse, practically equivalent, and better."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, number, sentence
from equipoise._core.seeds import generator
from equipoise.comparison.paired import finite, variance_factor
from equipoise.errors import InputError


class Beliefs(NamedTuple):
    """Three probabilities that add up to 1.

    Attributes:
        worse: The difference lies below the region of practical equivalence.
        equivalent: It lies inside the region.
        better: It lies above the region.
    """

    worse: float
    equivalent: float
    better: float


def bayesian_correlated_t(
    differences: npt.ArrayLike, test_share: float, rope: float = 0.01
) -> Beliefs:
    """Return the posterior of a mean difference over correlated splits.

    Under a flat prior the posterior of the mean is a t distribution with J - 1
    degrees of freedom, centred on the mean difference, with the scale of the
    corrected t-test; so the two agree on the evidence and differ in the question.

    Args:
        differences: One per split, positive if the arm is better; NaN is left
            out.
        test_share: The share of the rows that a split tests on, 1/folds.
        rope: Half the width of the region of practical equivalence, at least 0.

    Returns:
        The probabilities of (worse, equivalent, better).

    Raises:
        InputError: Fewer than two differences, or an argument out of range.

    Example:
        >>> beliefs = bayesian_correlated_t([0.05, 0.03, 0.06, 0.02, 0.04], 0.2)
        >>> [round(b, 3) for b in beliefs]
        [0.005, 0.019, 0.976]

    References:
        Corani and Benavoli (2015), A Bayesian approach for comparing
        cross-validated algorithms, equation 7; Benavoli et al. (2017), JMLR 18.
    """
    rope = number(rope, "rope", 0)
    values = finite(differences)
    if values.size < 2:
        raise InputError(sentence(f"{values.size} differences", "at least 2"))
    mean = float(values.mean())
    scale = float(values.std(ddof=1)) * math.sqrt(
        variance_factor(values.size, test_share)
    )
    return t_beliefs(mean, scale, values.size - 1, rope)


def t_beliefs(mean: float, se: float, df: float, rope: float) -> Beliefs:
    """Return where a t posterior lies.

    Args:
        mean: Its centre.
        se: Its scale, at least 0.
        df: Its degrees of freedom.
        rope: Half the width of the region of practical equivalence.

    Example:
        >>> [round(b, 3) for b in t_beliefs(0.04, 0.01, 4, 0.01)]
        [0.004, 0.016, 0.98]
    """
    from scipy.special import stdtr

    if se == 0:
        return Beliefs(
            float(mean < -rope), float(-rope <= mean <= rope), float(mean > rope)
        )
    worse = float(stdtr(df, (-rope - mean) / se))
    better = float(stdtr(df, (mean - rope) / se))
    return Beliefs(worse, max(0.0, 1.0 - worse - better), better)


def bayesian_signed_rank(
    differences: npt.ArrayLike,
    rope: float = 0.01,
    *,
    prior: float = 0.5,
    samples: int = 20_000,
    seed: int = 0,
) -> Beliefs:
    """Return, for a new table, which region the difference most probably lies in.

    The Bayesian signed-rank test: the distribution of differences over tables
    has a Dirichlet process prior of the given strength at zero; a posterior draw
    weights the tables, and says in which region the average of two random tables'
    differences falls most often.

    Args:
        differences: One per table, positive if the arm is better.
        rope: Half the width of the region of practical equivalence, at least 0.
        prior: Strength of the pseudo-table with difference 0, above 0.
        samples: Posterior draws.
        seed: Seed of the draws.

    Returns:
        The shares of draws in which (worse, equivalent, better) is the most
        probable of the three.

    Raises:
        InputError: No differences, or an argument out of range.

    Example:
        >>> bayesian_signed_rank([0.03, 0.05, 0.02, 0.04, 0.06, 0.05]).better > 0.9
        True

    References:
        Benavoli et al. (2014), A Bayesian Wilcoxon signed-rank test based on the
        Dirichlet process, ICML; Benavoli et al. (2017), JMLR 18, section 4.2.
    """
    rope = number(rope, "rope", 0)
    number(prior, "prior", 0, open_ends=True)
    integer(samples, "samples", 1)
    values = finite(differences)
    if not values.size:
        raise InputError(sentence("no differences", "one per table"))
    points = np.concatenate([[0.0], values])
    pair = (points[:, None] + points[None, :]) / 2
    regions = np.stack([pair < -rope, np.abs(pair) <= rope, pair > rope]).astype(float)
    shape = np.concatenate([[prior], np.ones(values.size)])
    weights = generator(seed, "bayesian signed rank").dirichlet(shape, samples)
    mass = np.stack(
        [np.einsum("si,si->s", weights @ region, weights) for region in regions], axis=1
    )
    # Draws that favour two regions equally are shared between them.
    best = np.isclose(mass, mass.max(axis=1, keepdims=True), rtol=0, atol=1e-12)
    share = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    return Beliefs(*(float(part) for part in share))
