# SPDX-License-Identifier: Apache-2.0
"""Another prevalence: known, or estimated from scores without labels.

All of it assumes that only the share of positives differs (label shift): within
each class the features are distributed as before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, number, one_of, sentence
from equipoise._core.numerals import as_p_value, as_probability, exact
from equipoise._core.seeds import generator
from equipoise.decision.rows import FloatArray, check_scores
from equipoise.decision.rule import DecisionRule
from equipoise.errors import InputError, UnsupportedError
from equipoise.metrics.estimate import Estimate
from equipoise.priors import log_odds as to_log_odds
from equipoise.priors import prior_offset

# Objectives whose best threshold stays with the same rows at any prevalence.
UNMOVED = ("recall", "balanced_accuracy", "g_mean", "given")
# The share of positives is sought within these.
LOWEST = 1e-12
HALVINGS = 60
CERTAIN = 500.0
# Likelihood ratios this close to 1 differ from it by rounding.
FLAT = 1e-9


@dataclass(frozen=True)
class PrevalenceEstimate:
    """The share of positives among unlabelled rows.

    Attributes:
        share: With its interval.
        base: The share that the scores were calibrated for.
        p_value: Of "the share is still `base`" (likelihood ratio, 1 degree of
            freedom).
        rows: How many unlabelled rows were looked at.
    """

    share: Estimate
    base: float
    p_value: float
    rows: int

    @property
    def changed(self) -> bool:
        """Whether a change is shown at the interval's level."""
        return self.p_value < 1 - self.share.level

    def describe(self) -> str:
        """Say in words what was found."""
        verdict = "differs from" if self.changed else "does not show a change from"
        return (
            f"Prevalence among {self.rows:,} unlabelled rows: {self.share}; it "
            f"{verdict} {as_probability(self.base, 3)} "
            f"({as_p_value(self.p_value)}). Right if the scores "
            "are calibrated and only the prevalence differs."
        )


def estimate_prevalence(
    log_odds: npt.ArrayLike,
    base: float,
    *,
    level: float = 0.95,
    interval: str = "likelihood",
    draws: int = 1_000,
    seed: int = 0,
) -> PrevalenceEstimate:
    """Estimate the share of positives among unlabelled rows.

    Calibrated log-odds z at prevalence `base` hold the likelihood ratio of the
    classes, log L = z - log-odds(base). The estimate maximises
    sum log(1 - q + q L) over the share q: the fixed point of the EM of Saerens,
    Latinne and Decaestecker (2002, eq. 2.10), found by bisection on the
    derivative, for the likelihood is concave.

    The interval covers the draw of these rows. It does not cover an error of the
    calibration, which is why scores of separating models transfer best.

    Args:
        log_odds: `[rows]`, calibrated.
        base: The share of positives they are calibrated for, in (0, 1).
        level: Of the interval.
        interval: "likelihood": where twice the fall of the log-likelihood stays
            below the chi-squared quantile; never of zero width. "bootstrap":
            percentiles over resampled rows; of zero width where the estimate
            is 0.
        draws: Bootstrap replicates.
        seed: Of the bootstrap.

    Raises:
        InputError: No rows, or `base` is not strictly between 0 and 1.

    Example:
        >>> z = [-4.0] * 90 + [4.0] * 10
        >>> print(estimate_prevalence(z, 0.5).share)
        0.085 [0.035, 0.156]
    """
    from scipy.stats import chi2

    number(level, "level", 0, 1, open_ends=True)
    one_of(interval, ["likelihood", "bootstrap"], "interval")
    share = number(base, "base", 0, 1, open_ends=True)
    z = check_scores(log_odds)
    if not z.size:
        raise InputError(sentence("no rows", "at least one unlabelled row"))
    # Log-odds of +-500 are certain enough, and infinities would cancel to NaN.
    ratio = np.clip(z, -CERTAIN, CERTAIN) - float(to_log_odds(share))
    best = float(_maximum(ratio, np.ones((1, z.size)))[0])
    if np.abs(ratio).max() < FLAT:
        # Scores that tell nothing leave every share as likely; the EM stays put.
        best = share
    fall = 2 * (_likelihood(best, ratio) - _likelihood(share, ratio))
    if interval == "likelihood":
        ends = _likelihood_ends(best, ratio, float(chi2.ppf(level, 1)) / 2)
        method = "profile likelihood"
    else:
        ends = _bootstrap_ends(ratio, level, integer(draws, "draws", 2), seed)
        method = f"bootstrap, {draws} draws"
    return PrevalenceEstimate(
        Estimate(best, *ends, method, level=level),
        share,
        float(chi2.sf(max(fall, 0.0), 1)),
        z.size,
    )


def at_prevalence(rule: DecisionRule, prevalence: float) -> DecisionRule:
    """Return a rule for another prevalence, without looking at data.

    Log-odds are shifted. Under "cost" the threshold stays where it is, so other
    rows are flagged. Under "recall", "balanced_accuracy", "g_mean" and a given
    threshold the same rows stay flagged: the threshold moves along (what was
    certified for recall stays certified, since it rests on positives alone).

    Args:
        rule: Made for `rule.prevalence`.
        prevalence: The new share of positives, strictly between 0 and 1.

    Raises:
        InputError: The rule's own prevalence is not known.
        UnsupportedError: The best threshold of this objective depends on the
            prevalence; it must be chosen again.

    Example:
        >>> old = DecisionRule(0.0, objective="recall", prevalence=0.5)
        >>> new = at_prevalence(old, 0.1)
        >>> round(new.threshold, 3), round(new.offset, 3)
        (-2.197, -2.197)
    """
    wanted = number(prevalence, "prevalence", 0, 1, open_ends=True)
    if not 0 < rule.prevalence < 1:
        raise InputError(
            sentence(
                f"a rule of prevalence {exact(rule.prevalence)}",
                "a rule that knows its prevalence, strictly between 0 and 1",
                "Set it with dataclasses.replace(rule, prevalence=...).",
            )
        )
    shift = prior_offset(rule.prevalence, wanted)
    moved = replace(rule, offset=rule.offset + shift, prevalence=wanted, tally=None)
    if rule.objective == "cost" and rule.basis == "analytic":
        return moved
    if rule.objective not in UNMOVED:
        raise UnsupportedError(
            sentence(
                f"a rule for {rule.objective!r} at another prevalence",
                f"analytic costs, {', '.join(UNMOVED)}",
                "Choose it again with make_rule(..., prevalence=...), or certify "
                "on rows of the new population.",
            )
        )
    lower = None if rule.lower is None else rule.lower + shift
    certificates = tuple(
        replace(c, threshold=c.threshold + shift) for c in rule.certificates
    )
    return replace(
        moved,
        threshold=rule.threshold + shift,
        lower=lower,
        certificates=certificates,
    )


def _maximum(ratio: FloatArray, counts: FloatArray) -> FloatArray:
    """Return the share that maximises the likelihood, one per row of `counts`."""
    low = np.full(len(counts), to_log_odds(LOWEST))
    high = -low
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        up = _slope(middle, ratio, counts) > 0
        low, high = np.where(up, middle, low), np.where(up, high, middle)
    share = 1 / (1 + np.exp(-(low + high) / 2))
    # The ends of the range stand for 0 and 1.
    return np.where(share < 2 * LOWEST, 0.0, np.where(share > 1 - 2 * LOWEST, 1, share))


def _slope(at: FloatArray, ratio: FloatArray, counts: FloatArray) -> FloatArray:
    """Return the sign-carrying derivative of the likelihood at log-odds `at`.

    With the responsibility r = sigmoid(at + log L) it is sum (r - q), the step of
    the EM.
    """
    out = np.empty(len(at))
    for b, (value, count) in enumerate(zip(at, counts, strict=True)):
        r = 1 / (1 + np.exp(-np.clip(value + ratio, -700, 700)))
        out[b] = count @ (r - 1 / (1 + math.exp(-value)))
    return out


def _likelihood(share: float, ratio: FloatArray) -> float:
    with np.errstate(divide="ignore"):
        return float(np.logaddexp(np.log1p(-share), np.log(share) + ratio).sum())


def _likelihood_ends(
    best: float, ratio: FloatArray, allowed: float
) -> tuple[float, float]:
    from scipy.optimize import brentq

    top = _likelihood(best, ratio)

    def excess(share: float) -> float:
        return top - _likelihood(share, ratio) - allowed

    low = brentq(excess, 0.0, best, xtol=1e-12) if excess(0.0) > 0 else 0.0
    high = brentq(excess, best, 1.0, xtol=1e-12) if excess(1.0) > 0 else 1.0
    return float(low), float(high)


def _bootstrap_ends(
    ratio: FloatArray, level: float, draws: int, seed: int
) -> tuple[float, float]:
    rng = generator(seed, "prevalence bootstrap")
    equal = np.full(ratio.size, 1 / ratio.size)
    shares = [
        _maximum(ratio, rng.multinomial(ratio.size, equal)[None, :].astype(float))[0]
        for _ in range(draws)
    ]
    low, high = np.quantile(shares, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
