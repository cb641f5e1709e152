# SPDX-License-Identifier: Apache-2.0
"""Fit a calibrator: none, intercept, temperature, Platt or isotonic.

All fitted forms except the isotonic keep the ranking of the scores. None claims more
than its rows support: slopes have a prior, beyond the scores of the fit log-odds hardly
move, no probability is more extreme than the number of rows of its class allows, and a
calibrator that loses to the base rate on rows left out is not used.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import one_of, sentence
from equipoise._core.numerals import amount
from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray, IntArray
from equipoise.decision.calibrator import LEAST_EFFECT, METHODS, Calibrator, Method
from equipoise.decision.newton import fit_logistic
from equipoise.decision.rows import (
    ScoredRows,
    check_rows,
    doubt_log_odds,
)
from equipoise.errors import InputError
from equipoise.priors import log_odds as to_log_odds

# Scores that are infinite take this log-odds, or that of the largest finite score
# where it is larger, while a calibrator is fitted.
INFINITE = 40.0
# Without an exact correction a curve is fitted from so many rows of the rarer class on.
MANY = 1_000
# Standard deviation of the prior of a slope around 1, if the scores are log-odds.
SLOPE_DEVIATION = 2.0
# The same around 0, per standard deviation of the scores, if their unit is unknown.
EFFECT_DEVIATION = 3.0
# No score counts as farther from the median than so many times the distance between
# the 1st and the 99th percentile: one extreme score must not decide the slope.
FARTHEST = 20.0
# Parts of the rows that are left out in turn to check a calibrator.
PARTS = 5
# A calibrator may lose this much log loss (in nats, over all rows left out): one that
# is right may lose as much by chance.
ALLOWED_LOSS = 1.0
# Scores that differ by less, relative to the largest, are equal: an average of models
# that all agree differs in its last bits, and no slope explains those.
ROUNDING = 1e-9


def fit_calibrator(
    log_odds: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    method: str = "auto",
    exact: bool = True,
    weights: npt.ArrayLike | None = None,
    folds: npt.ArrayLike | None = None,
) -> Calibrator:
    """Fit a calibrator on scores that the model was not trained on.

    - "none": nothing is changed.
    - "intercept": one shift, so that the mean probability is the share of positives.
    - "temperature": one slope (Guo et al. 2017) around the base rate
      c = log-odds(share of positives): c + a (z - c). The usual form pivots at
      probability 1/2, which changes the mean probability of a rare class with every
      slope.
    - "platt": slope and intercept (Platt 1999), with the targets (n1 + 1) / (n1 + 2)
      and 1 / (n0 + 2), by Newton's steps on logits as in Lin, Lin and Weng (2007).
    - "isotonic": pool adjacent violators (Zadrozny and Elkan 2002); a block of m rows
      with k positives gets (k + base rate) / (m + 1), at its mean score, and log-odds
      are interpolated between blocks. Scores beyond the outermost blocks become tied.
    - "auto": see `automatic`.

    "intercept", "temperature" and "platt" are smoothed: with n rows, p becomes
    (n p + base rate) / (n + 1), which leaves the mean unchanged.

    No calibrator claims more than the rows support:

    - A slope has a normal prior: of mean 1 and standard deviation 2 if the scores
      are log-odds; of mean 0 and standard deviation 3 per standard deviation of the
      scores if their unit is unknown (`exact=False`). It is at least 0.
    - Scores beyond those of the fit count as its outermost (`Calibrator.support`).
      In the fit, a score farther from the median than 20 times the distance between
      the 1st and 99th percentile counts as that far.
    - With n1 positives and n0 negatives p stays between base rate / (n0 + 1) and
      (n1 + base rate) / (n1 + 1).
    - Scores that are constant within every fold carry no information: the result is
      the base rate.
    - Each fold (or each of five parts) is left out in turn. If the calibrators
      that were fitted on the others lose more than 1 nat of log loss there, in all,
      to the base rate, the result is the base rate, and `reason` says so. Isotonic
      first gives way to Platt.

    Args:
        log_odds: `[rows]`, the population's log-odds if `exact`, else any increasing
            score. Infinities count as +-40, or as the largest finite score if that is
            larger.
        y: `[rows]` of 0 and 1.
        method: One of `METHODS`.
        exact: Whether the scores are log-odds up to estimation error (a proper
            loss with an exact correction); it decides what "auto" chooses, and the
            prior of the slope.
        weights: `[rows]`, for example bootstrap multiplicities; w means w copies.
        folds: `[rows]` the fold of each row, if the scores are out-of-fold: the
            scores of a fold come from one model. None: unknown.

    Returns:
        The calibrator. If all scores are equal, only an intercept is fitted.

    Raises:
        InputError: A method other than "auto" and "none" was asked for and one
            class is absent.

    Example:
        >>> from equipoise.decision.calibration import fit_calibrator
        >>> fit_calibrator([-2.0, 0.0, 2.0], [0, 1, 1], method="none").method
        'none'
    """
    one_of(method, METHODS, "method")
    rows = check_rows(log_odds, y, weights)
    parts = _check_folds(folds, rows)[rows.weights > 0]
    rows = rows.present()
    doubt_log_odds(rows)
    chosen, reason = (method, "as asked")
    if method == "auto":
        chosen, reason = automatic(rows.positives, rows.negatives, exact)
    if chosen == "none":
        return Calibrator(
            rows=_count(rows),
            positives=round(rows.positives),
            base_rate=_base_rate(rows),
            reason=reason,
        )
    if min(rows.positives, rows.negatives) <= 0:
        raise InputError(
            sentence(
                f"method={method!r} with {amount(rows.positives)} positives and "
                f"{amount(rows.negatives)} negatives",
                "rows of both classes",
                "Use method='auto', which leaves such scores alone.",
            )
        )
    rows = rows._replace(score=_finite(rows.score))
    if _constant(rows.score):
        return _fit_intercept(rows, "all scores are equal")
    if folds is not None and all(
        _constant(rows.score[parts == part]) for part in np.unique(parts)
    ):
        return _base_only(rows, "the scores are constant within each fold")
    rows = rows._replace(score=np.clip(rows.score, *_reach(rows)))
    return _checked(chosen, rows, parts, exact, reason)


def _checked(
    method: str, rows: ScoredRows, parts: IntArray, exact: bool, reason: str
) -> Calibrator:
    """Fit, and give way to a simpler form if it loses to the base rate."""
    gain = _gain(method, rows, parts, exact)
    if not gain < -ALLOWED_LOSS:
        return _fit(method, rows, exact, reason)
    lost = f"{reason}; on rows left out it lost {-gain:.2g} nats to the base rate"
    if method == "isotonic":
        return _checked("platt", rows, parts, exact, f"{lost}, so a line is fitted")
    return _base_only(rows, f"{lost}, so the scores are not used")


def _gain(method: str, rows: ScoredRows, parts: IntArray, exact: bool) -> float:
    """Return how much log loss is saved against the base rate on parts left out.

    In nats, summed over the rows; NaN if there are too few rows to tell.
    """
    if not _divide(rows, parts):
        parts = _even_parts(rows)
        if not _divide(rows, parts):
            return math.nan
    gain = 0.0
    for part in np.unique(parts):
        out = parts == part
        others = ScoredRows(*(column[~out] for column in rows))
        base = float(to_log_odds(_base_rate(others)))
        if _constant(others.score):
            continue
        z = _fit(method, others, exact, "").apply(rows.score[out])
        y, w = rows.y[out], rows.weights[out]
        worse = np.logaddexp(0.0, z) - y * z - (np.logaddexp(0.0, base) - y * base)
        gain -= float(w @ worse)
    return gain


def _divide(rows: ScoredRows, parts: IntArray) -> bool:
    """Return whether both classes remain whichever part is left out."""
    numbers = np.unique(parts, return_inverse=True)[1]
    count = int(numbers.max()) + 1
    by_part = np.bincount(numbers, rows.weights * rows.y, minlength=count)
    size = np.bincount(numbers, rows.weights, minlength=count)
    return bool(
        count > 1
        and (by_part < by_part.sum()).all()
        and (size - by_part < rows.negatives).all()
    )


def _even_parts(rows: ScoredRows) -> IntArray:
    """Return five parts, each with rows of both classes over the whole range."""
    parts = np.empty(rows.y.size, np.int64)
    for label in (0, 1):
        of = np.flatnonzero(rows.y == label)
        of = of[np.argsort(rows.score[of], kind="stable")]
        # Blocks of neighbours are spread over the parts, each block in another order.
        order = generator(of.size, "calibration parts", label)
        blocks = -(-of.size // PARTS)
        shuffled = order.permuted(np.tile(np.arange(PARTS), (blocks, 1)), axis=1)
        parts[of] = shuffled.ravel()[: of.size]
    return parts


def _check_folds(folds: npt.ArrayLike | None, rows: ScoredRows) -> IntArray:
    if folds is None:
        return np.zeros(rows.y.size, np.int64)
    numbers = np.asarray(folds)
    if numbers.shape != rows.y.shape:
        raise InputError(
            sentence(
                f"folds of shape {numbers.shape} for scores of shape {rows.y.shape}",
                "one fold per score",
            )
        )
    return np.asarray(np.unique(numbers, return_inverse=True)[1], np.int64)


def _constant(score: FloatArray) -> bool:
    return bool(np.ptp(score) <= ROUNDING * np.abs(score).max())


def automatic(positives: float, negatives: float, exact: bool) -> tuple[Method, str]:
    """Return the method for this many rows of the rarer class, and why.

    Evidence (`benchmarks/calibration.py`; learners from overconfident to timid, 5 to
    1,000 positives, out-of-fold scores): from 30 positives on Platt comes within .01
    nats per positive of the best form on other rows, at 5 to 10 within .1 (once .2).
    This is so even if the correction is exact in theory: with few positives a model is
    wrong in its mean and in its slope, which neither a shift nor a slope alone can
    correct; log-odds that are left unchanged lose .3 to 9 nats per positive there.
    Isotonic is as good from about 1,000 on, and better if the curve is not a line.

    Args:
        positives: Their number, or summed weight.
        negatives: Likewise.
        exact: Whether the scores are log-odds up to estimation error.

    Example:
        >>> automatic(12, 574, exact=True)[0], automatic(0, 574, exact=True)[0]
        ('platt', 'none')
    """
    rarer = min(positives, negatives)
    if rarer <= 0:
        return "none", "one class is absent"
    cases = f"{amount(rarer)} rows of the rarer class"
    if exact or rarer < MANY:
        return "platt", f"{cases} are enough for a slope and a shift"
    return "isotonic", f"no exact correction, and {cases} are enough for a curve"


def _fit(method: str, rows: ScoredRows, exact: bool, reason: str) -> Calibrator:
    if method == "intercept":
        return _fit_intercept(rows, reason)
    if method == "isotonic":
        return _fit_isotonic(rows, reason)
    if method == "temperature":
        return _fit_temperature(rows, exact, reason)
    return _fit_platt(rows, exact, reason)


def _fit_intercept(rows: ScoredRows, reason: str) -> Calibrator:
    ones = np.ones((rows.score.size, 1))
    fit = fit_logistic(ones, rows.y, rows.weights, rows.score)
    return _line("intercept", 1.0, float(fit.coefficients[0]), rows, reason)


def _base_only(rows: ScoredRows, reason: str) -> Calibrator:
    """Return a calibrator that gives every score the base rate.

    Its slope only keeps the order: it moves the log-odds by a hundredth over all
    scores, and is at most 1.
    """
    slope = _no_slope(rows)
    fit = fit_logistic(
        np.ones((rows.score.size, 1)), rows.y, rows.weights, slope * rows.score
    )
    return _line("platt", slope, float(fit.coefficients[0]), rows, reason)


def _no_slope(rows: ScoredRows) -> float:
    return min(LEAST_EFFECT / float(np.ptp(rows.score)), 1.0)


def _slope_prior(spread: float, exact: bool) -> tuple[float, float]:
    """Return mean and precision of the log-odds per standard deviation of scores."""
    if exact:
        return spread, (SLOPE_DEVIATION * spread) ** -2
    return 0.0, EFFECT_DEVIATION**-2


def _fit_temperature(rows: ScoredRows, exact: bool, reason: str) -> Calibrator:
    centre = float(to_log_odds(_base_rate(rows)))
    spread = _spread(rows)
    column = ((rows.score - centre) / spread)[:, None]
    mean, precision = _slope_prior(spread, exact)
    fit = fit_logistic(
        column, _smoothed(rows), rows.weights, centre, prior=([mean], [precision])
    )
    slope = max(float(fit.coefficients[0]) / spread, _no_slope(rows))
    return _line("temperature", slope, centre * (1 - slope), rows, reason)


def _fit_platt(rows: ScoredRows, exact: bool, reason: str) -> Calibrator:
    spread, target = _spread(rows), _smoothed(rows)
    middle = float(np.average(rows.score, weights=rows.weights))
    column = (rows.score - middle) / spread
    mean, precision = _slope_prior(spread, exact)
    fit = fit_logistic(
        np.stack([column, np.ones_like(column)], axis=1),
        target,
        rows.weights,
        prior=([mean, 0.0], [precision, 0.0]),
    )
    scaled, level = map(float, fit.coefficients)
    slope = scaled / spread
    if slope <= _no_slope(rows):
        # The loss is convex, so the constrained minimum lies on the boundary.
        return _base_only(rows, f"{reason}; the scores rank no better than chance")
    return _line("platt", slope, level - slope * middle, rows, reason)


def _fit_isotonic(rows: ScoredRows, reason: str) -> Calibrator:
    from scipy.optimize import isotonic_regression

    score, group = np.unique(rows.score, return_inverse=True)
    size = np.bincount(group, rows.weights)
    share = np.bincount(group, rows.weights * rows.y) / size
    base = _base_rate(rows)
    blocks = isotonic_regression(share, weights=size).blocks[:-1]
    mass = np.add.reduceat(size, blocks)
    centre = np.add.reduceat(size * score, blocks) / mass
    smooth = (np.add.reduceat(size * share, blocks) + base) / (mass + 1)
    # Small blocks move more than large ones, so the order may have to be restored.
    level = to_log_odds(isotonic_regression(smooth, weights=mass + 1).x)
    return Calibrator(
        "isotonic",
        knots=tuple(centre.tolist()),
        levels=tuple(level.tolist()),
        base_rate=base,
        rows=_count(rows),
        positives=round(rows.positives),
        reason=reason,
    )


def _line(
    method: Method, slope: float, intercept: float, rows: ScoredRows, reason: str
) -> Calibrator:
    return Calibrator(
        method,
        slope=slope,
        intercept=intercept,
        smoothing=1 / (1 + float(rows.weights.sum())),
        base_rate=_base_rate(rows),
        support=(float(rows.score.min()), float(rows.score.max())),
        bounds=_supported(rows),
        rows=_count(rows),
        positives=round(rows.positives),
        reason=reason,
    )


def _supported(rows: ScoredRows) -> tuple[float, float]:
    """Return the log-odds of base rate / (n0 + 1) and (n1 + base rate) / (n1 + 1)."""
    base = _base_rate(rows)
    low = math.log(base) - math.log(rows.negatives + 1 - base)
    high = math.log(rows.positives + base) - math.log1p(-base)
    return low, high


def _smoothed(rows: ScoredRows) -> FloatArray:
    """Return Platt's targets: the posterior means under a uniform prior."""
    up = (rows.positives + 1) / (rows.positives + 2)
    down = 1 / (rows.negatives + 2)
    return np.where(rows.y == 1, up, down)


def _finite(score: FloatArray) -> FloatArray:
    finite = np.abs(score[np.isfinite(score)])
    most = max(INFINITE, float(finite.max())) if finite.size else INFINITE
    return np.clip(score, -most, most)


def _reach(rows: ScoredRows) -> tuple[float, float]:
    """Return the range within which scores count; no limit if most are equal."""
    low, middle, high = np.quantile(rows.score, [0.01, 0.5, 0.99])
    reach = FARTHEST * (high - low)
    if reach <= ROUNDING * np.abs(rows.score).max():
        return -math.inf, math.inf
    return float(middle - reach), float(middle + reach)


def _spread(rows: ScoredRows) -> float:
    mean = np.average(rows.score, weights=rows.weights)
    return float(np.sqrt(np.average((rows.score - mean) ** 2, weights=rows.weights)))


def _base_rate(rows: ScoredRows) -> float:
    total = float(rows.weights.sum())
    return rows.positives / total if total else 0.5


def _count(rows: ScoredRows) -> int:
    return round(float(rows.weights.sum()))
