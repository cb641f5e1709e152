# SPDX-License-Identifier: Apache-2.0
"""Another prevalence: known, or estimated from scores without labels.

All of it assumes that only the share of positives differs (label shift): within each
class the features are distributed as before. Known shares shift the log-odds (Elkan
2001, theorem 2); unknown ones are estimated by maximum likelihood (Saerens, Latinne and
Decaestecker 2002).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, number, one_of, sentence
from equipoise._core.numerals import as_p_value, as_probability, exact
from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray
from equipoise.decision.class_scores import ClassScores
from equipoise.decision.rows import (
    check_score_column,
)
from equipoise.decision.rule import DecisionRule
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.metrics.estimate import Estimate
from equipoise.priors import log_odds as to_log_odds
from equipoise.priors import prior_offset, probability

# Objectives whose best threshold stays with the same rows at any prevalence.
UNMOVED = ("recall", "balanced_accuracy", "g_mean", "given")
# The share of positives is sought within these.
LOWEST = 1e-12
HALVINGS = 60
CERTAIN = 500.0
# Likelihood ratios this close to 1 differ from it by rounding.
FLAT = 1e-9
# A worse fit of the new scores to a mixture of the classes is reported.
MISFIT = 0.01


@dataclass(frozen=True)
class PrevalenceEstimate:
    """The share of positives among unlabelled rows.

    Attributes:
        share: With its interval.
        base: The share that the scores were calibrated for.
        p_value: Of "the share is still `base`" (likelihood ratio, 1 degree of
            freedom).
        rows: How many unlabelled rows there are.
        fit: The p-value of "the new scores are a mixture of the two classes as they
            were"; NaN if that was not tested.
        taken_as_exact: Whether the calibration was taken as exact.
    """

    share: Estimate
    base: float
    p_value: float
    rows: int
    fit: float = math.nan
    taken_as_exact: bool = True

    @property
    def changed(self) -> bool:
        """Whether a change is shown at the interval's level."""
        return self.p_value < 1 - self.share.level

    def describe(self) -> str:
        """Say in words what the estimate is, and when it is right."""
        verdict = "differs from" if self.changed else "does not show a change from"
        text = (
            f"Prevalence among {self.rows:,} unlabelled rows: {self.share}; it "
            f"{verdict} {as_probability(self.base, 3)} "
            f"({as_p_value(self.p_value)}). Right if only the prevalence differs."
        )
        if self.taken_as_exact:
            return (
                f"{text} The calibration is taken as exact: its error is not in the "
                "interval."
            )
        if self.fit < MISFIT:
            text += (
                f" More than the prevalence differs ({as_p_value(self.fit)}): the new "
                "scores are not a mixture of the two classes as they were in training. "
                "Do not rely on this estimate."
            )
        return text


def estimate_prevalence(
    log_odds: npt.ArrayLike,
    base: float,
    *,
    level: float = 0.95,
    interval: str = "likelihood",
    draws: int = 1_000,
    seed: int = 0,
    labelled: ClassScores | tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> PrevalenceEstimate:
    """Estimate the share of positives among unlabelled rows.

    For a fitted model use `model.estimate_prevalence(new)`, whose interval contains the
    error of its training sample. For your own scores, pass labelled rows that the
    scores did not learn from as `labelled`.

    Calibrated log-odds z at prevalence `base` hold the likelihood ratio of the
    classes, log L = z - log-odds(base). The estimate maximises
    sum log(1 - q + q L) over the share q: the fixed point of the EM of Saerens,
    Latinne and Decaestecker (2002, eq. 2.10), found by bisection on the
    derivative, for the likelihood is concave.

    That interval covers the draw of these rows. It does not cover an error of the
    calibration.

    With `labelled` nothing rests on the calibration: the labelled rows of each class
    and the new ones are counted in cells of the scores, and the new ones are a mixture
    of the classes. The interval is the profile likelihood of all three samples, and a
    test says whether the new scores are such a mixture. `benchmarks/prevalence.py`
    simulates the coverage.

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
        labelled: `(scores, y)` of labelled rows that the scores did not learn from,
            or `ClassScores` of them; the interval then covers their draw too, and
            `base` is only what the estimate is compared with.

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
    z = check_score_column(log_odds)
    if not z.size:
        raise InputError(sentence("no rows", "at least one unlabelled row"))
    if labelled is not None:
        if not isinstance(labelled, ClassScores):
            if not isinstance(labelled, tuple | list) or len(labelled) != 2:
                raise InputTypeError(
                    sentence(f"labelled={labelled!r}", "(scores, y), or ClassScores")
                )
            labelled = ClassScores.of(*labelled)
        return _with_labelled(z, share, labelled, level)
    # Log-odds of +-500 are certain enough, and infinities would cancel to NaN.
    ratio = np.clip(z, -CERTAIN, CERTAIN) - float(to_log_odds(share))
    best = float(_maximum(ratio, np.ones((1, z.size)))[0])
    if np.abs(ratio).max() < FLAT:
        # Scores without information make every share as likely; the EM does not move.
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


def _with_labelled(
    z: FloatArray, base: float, labelled: ClassScores, level: float
) -> PrevalenceEstimate:
    """Estimate the share by the profile likelihood of labelled and new rows."""
    from scipy.optimize import brentq
    from scipy.stats import chi2

    new = labelled.counts(z)
    cells = len(new)
    grid = np.concatenate([[0.0], probability(np.linspace(-11, 11, 89)), [1.0]])
    values = labelled.profile(new, grid)
    top = int(values.argmax())
    inner = np.linspace(grid[max(top - 1, 0)], grid[min(top + 1, len(grid) - 1)], 81)
    finer = labelled.profile(new, inner)
    best, most = float(inner[finer.argmax()]), float(finer.max())
    at_base = float(labelled.profile(new, np.array([base]))[0])
    if most - at_base < FLAT:
        # Scores without information make every share as likely.
        best, most = base, max(most, at_base)
    allowed = _quantile(labelled, level) / 2

    def excess(share: float) -> float:
        return most - float(labelled.profile(new, np.array([share]))[0]) - allowed

    low = brentq(excess, 0.0, best, xtol=1e-6) if best and excess(0.0) > 0 else 0.0
    high = brentq(excess, best, 1.0, xtol=1e-6) if excess(1.0) > 0 else 1.0
    fall = 2 * (most - at_base)
    misfit = 2 * (labelled.most(new) - most)
    return PrevalenceEstimate(
        Estimate(best, float(low), float(high), "profile likelihood", level=level),
        base,
        float(chi2.sf(max(fall, 0.0), 1)),
        z.size,
        float(chi2.sf(max(misfit, 0.0), cells - 2)) if cells > 2 else math.nan,
        taken_as_exact=False,
    )


def _quantile(labelled: ClassScores, level: float) -> float:
    """Return by how much twice the log-likelihood may fall.

    The square of Student's t with the degrees of freedom of the smaller class: with
    few rows the chi-squared quantile is too small.
    """
    from scipy.stats import t

    fewer = min(sum(labelled.positives), sum(labelled.negatives))
    return float(t.ppf((1 + level) / 2, max(fewer - 1, 1)) ** 2)


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
        >>> round(new.threshold_log_odds, 3), round(new.offset, 3)
        (-2.197, -2.197)
    """
    new = number(prevalence, "prevalence", 0, 1, open_ends=True)
    if not 0 < rule.prevalence < 1:
        raise InputError(
            sentence(
                f"a rule of prevalence {exact(rule.prevalence)}",
                "a rule that knows its prevalence, strictly between 0 and 1",
                "Set it with dataclasses.replace(rule, prevalence=...).",
            )
        )
    shift = prior_offset(rule.prevalence, new)
    shifted = replace(rule, offset=rule.offset + shift, prevalence=new, tally=None)
    if rule.objective == "cost" and rule.basis == "analytic":
        return shifted
    if not is_movable(rule):
        raise UnsupportedError(
            sentence(
                f"a rule for {rule.objective!r} at another prevalence",
                f"analytic costs, {', '.join(UNMOVED)}",
                "Choose it again with make_rule(..., prevalence=...), or certify "
                "on rows of the new population.",
            )
        )
    lower = rule.lower_log_odds
    certificates = tuple(
        replace(c, threshold=c.threshold + shift) for c in rule.certificates
    )
    return replace(
        shifted,
        threshold_log_odds=rule.threshold_log_odds + shift,
        lower_log_odds=None if lower is None else lower + shift,
        certificates=certificates,
    )


def is_movable(rule: DecisionRule) -> bool:
    """Return whether a rule's threshold is known at another prevalence.

    Args:
        rule: Any.

    Example:
        >>> is_movable(DecisionRule(0.0, objective="recall"))
        True
        >>> is_movable(DecisionRule(0.0, objective="f1", basis="estimated"))
        False
    """
    costs = rule.objective == "cost" and rule.basis == "analytic"
    return costs or rule.objective in UNMOVED


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
