# SPDX-License-Identifier: Apache-2.0
"""From log-odds to honest probabilities: none, intercept, temperature, Platt, isotonic.

Every fitted form but the isotonic keeps the ranking of the scores, and none of them
says more than its rows support: slopes have a prior, beyond the scores of the fit
log-odds hardly move, no probability is surer than the number of rows of its class
allows, and a calibrator that loses to the base rate on rows left out is not used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number, one_of, sentence
from equipoise._core.numerals import amount, as_probability
from equipoise._core.seeds import generator
from equipoise._core.types import FloatArray, IntArray
from equipoise.decision.decimals import json_number
from equipoise.decision.newton import fit_logistic
from equipoise.decision.rows import (
    ScoredRows,
    check_rows,
    doubt_log_odds,
)
from equipoise.errors import InputError
from equipoise.priors import log_odds as to_log_odds
from equipoise.priors import probability

Method = Literal["none", "intercept", "temperature", "platt", "isotonic"]
METHODS = ("auto", "none", "intercept", "temperature", "platt", "isotonic")

# Scores that are infinite take this log-odds, or that of the largest finite score
# where it is larger, while a calibrator is fitted.
INFINITE = 40.0
# Without one, from so many on the shape is learnt too.
MANY = 1_000
# Standard deviation of a slope around 1 before any data, if the scores are log-odds.
SLOPE_DEVIATION = 2.0
# The same around 0, per standard deviation of the scores, if their unit is not known.
EFFECT_DEVIATION = 3.0
# A slope that is to have no effect moves the log-odds by this much over all scores.
LEAST_EFFECT = 0.01
# Scores count as at most so many times the distance between the 1st and the 99th
# percentile away from the median: one wild score must not decide the slope.
FARTHEST = 20.0
# How sharply probabilities bend into the bounds that the number of rows sets.
SHARPNESS = 4.0
# Parts of the rows that are left out in turn to check a calibrator.
PARTS = 5
# A calibrator may lose this much log loss (in nats, over all rows left out), as one
# that is right does by chance.
ALLOWED_LOSS = 1.0
# Scores that differ by less, relative to the largest, are equal: an average of models
# that all say the same differs in its last bits, and no slope explains those.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Calibrator:
    """A map from a model's log-odds to calibrated log-odds, as plain data.

    "none": z. "intercept": z + intercept. "temperature" and "platt":
    slope z + intercept. "isotonic": linear interpolation between the knots,
    constant beyond the outermost (ties). Then p becomes
    (1 - smoothing) p + smoothing `base_rate`.

    Scores beyond `support`, those of the fit, count as its end, but for a rest of at
    most 1 that keeps their order. Log-odds bend into `bounds`.

    Attributes:
        method: Which form.
        slope: Above 0, so that the ranking is kept.
        intercept: In log-odds.
        knots: Isotonic only: log-odds before, increasing.
        levels: Isotonic only: log-odds after, one per knot, not decreasing.
        smoothing: Share of the base rate in every probability, in [0, 1).
        base_rate: Weighted share of positives among the rows of the fit.
        support: The lowest and the highest score of the fit.
        bounds: The lowest and the highest log-odds that so many rows of each class
            support.
        rows: How many rows it was fitted on.
        positives: How many of them were positive.
        reason: Why this form, in words.

    Example:
        >>> half = Calibrator("temperature", slope=0.5)
        >>> half.apply([-4.0, 0.0, 2.0]).tolist()
        [-2.0, 0.0, 1.0]
    """

    method: Method = "none"
    slope: float = 1.0
    intercept: float = 0.0
    knots: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()
    smoothing: float = 0.0
    base_rate: float = 0.5
    support: tuple[float, float] = (-math.inf, math.inf)
    bounds: tuple[float, float] = (-math.inf, math.inf)
    rows: int = 0
    positives: int = 0
    reason: str = ""

    def apply(self, log_odds: npt.ArrayLike) -> FloatArray:
        """Return calibrated log-odds.

        Args:
            log_odds: Of any shape. Infinities become finite under every method
                but "none".
        """
        z = np.asarray(log_odds, np.float64)
        if self.method == "isotonic":
            z = np.interp(z, np.array(self.knots), np.array(self.levels))
        elif self.method != "none":
            inside = np.clip(z, *self.support)
            z = self.slope * inside + self.intercept + self._beyond(z)
        return _bounded(_mix(z, self.smoothing, self.base_rate), *self.bounds)

    @property
    def reach(self) -> float:
        """The most, in log-odds, by which a score beyond `support` moves on."""
        low, high = self.support
        return min(self.slope * (high - low), 1.0)

    def _beyond(self, z: FloatArray) -> FloatArray | float:
        """Return how much further scores beyond the support go, at most `reach`."""
        if not np.isfinite(self.support).all() or not self.reach:
            return 0.0
        low, high = self.support
        above, below = np.maximum(z - high, 0.0), np.maximum(low - z, 0.0)
        pace = self.slope / self.reach
        return self.reach * (1 / (1 + pace * below) - 1 / (1 + pace * above))

    def probability(self, log_odds: npt.ArrayLike) -> FloatArray:
        """Return calibrated probabilities, of the same shape.

        Args:
            log_odds: Any shape, before calibration.
        """
        return probability(self.apply(log_odds))

    @property
    def keeps_ranking(self) -> bool:
        """Whether no two different scores become equal (isotonic makes ties)."""
        return self.method != "isotonic"

    def describe(self) -> str:
        """Say in words what it does and why."""
        what = {
            "none": "Log-odds are left as they are",
            "intercept": f"Log-odds are shifted by {self.intercept:+.3f}",
            "temperature": f"Log-odds are multiplied by {self.slope:.3f} around the "
            f"base rate {as_probability(self.base_rate, 3)} (temperature)",
            "platt": f"Log-odds z become {self.slope:.3f} z {self.intercept:+.3f} "
            "(Platt)",
            "isotonic": f"Log-odds pass through an increasing curve of "
            f"{len(self.knots)} knots (isotonic; it makes ties)",
        }[self.method]
        on = f" Fitted on {self.rows} rows, {self.positives} positive."
        why = f" {self.reason[0].upper()}{self.reason[1:]}." if self.reason else ""
        return f"{what}.{on if self.rows else ''}{why}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: numbers, texts and lists.

        Ends of support and bounds are left out if there are none.
        """
        data = {k: v for k, v in asdict(self).items() if k not in _PAIRS}
        ends = {name: [json_number(v) for v in getattr(self, name)] for name in _PAIRS}
        pairs = {name: pair for name, pair in ends.items() if pair != ["-inf", "inf"]}
        return {**data, "knots": list(self.knots), "levels": list(self.levels), **pairs}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibrator:
        """Rebuild a calibrator from `to_dict`.

        Args:
            data: What `to_dict` gave.

        Raises:
            InputError: A field is unknown, or the method is.
        """
        known = {field.name for field in fields(cls)}
        if unknown := set(data) - known:
            raise InputError(
                sentence(f"calibrator fields {sorted(unknown)}", str(sorted(known)))
            )
        one_of(data.get("method", "none"), METHODS[1:], "method")
        lists = {k: tuple(data.get(k, ())) for k in ("knots", "levels")}
        pairs = {k: _ends(data[k]) for k in _PAIRS if k in data}
        built = cls(**{**data, **lists, **pairs})
        built._require_sound()
        return built

    def _require_sound(self) -> None:
        """Raise where numbers, read from a file for example, make no calibrator."""
        number(self.slope, "slope", 0, open_ends=True)
        number(self.intercept, "intercept")
        number(self.smoothing, "smoothing", 0, math.nextafter(1, 0))
        number(self.base_rate, "base_rate", 0, 1, open_ends=self.smoothing > 0)
        for name in _PAIRS:
            low, high = getattr(self, name)
            if not low <= high:
                raise InputError(sentence(f"{name} {low:g} to {high:g}", "low <= high"))
        knots = np.array([number(knot, "a knot") for knot in self.knots])
        levels = np.array([number(level, "a level") for level in self.levels])
        least = 1 if self.method == "isotonic" else 0
        if not (
            least <= knots.size == levels.size
            and (np.diff(knots) > 0).all()
            and (np.diff(levels) >= 0).all()
        ):
            raise InputError(
                sentence("knots and levels that make no curve", "increasing pairs")
            )


_PAIRS = ("support", "bounds")


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
    - "temperature": one slope around the base rate c = log-odds(share of
      positives): c + a (z - c). The usual form pivots at probability 1/2, which
      changes the mean probability of a rare class with every slope.
    - "platt": slope and intercept (Platt 1999), targets (n1 + 1) / (n1 + 2) and
      1 / (n0 + 2).
    - "isotonic": pool adjacent violators; a block of m rows with k positives
      says (k + base rate) / (m + 1), at its mean score, and log-odds are
      interpolated between blocks. Scores beyond the outermost blocks become tied.
    - "auto": see `automatic`.

    All but "none" and "isotonic" are smoothed: with n rows, p becomes
    (n p + base rate) / (n + 1), which leaves the mean unchanged.

    No calibrator says more than the rows support:

    - A slope has a normal prior: of mean 1 and standard deviation 2 if the scores
      are log-odds; of mean 0 and standard deviation 3 per standard deviation of the
      scores if their unit is not known (`exact=False`). It is at least 0.
    - Scores beyond those of the fit count as its outermost (`Calibrator.support`).
      In the fit, a score farther from the median than 20 times the distance between
      the 1st and 99th percentile counts as that far.
    - With n1 positives and n0 negatives p stays between base rate / (n0 + 1) and
      (n1 + base rate) / (n1 + 1).
    - Scores that are constant within every fold tell nothing: the base rate.
    - Each fold (or each of five parts) is left out in turn. If the calibrators
      that were fitted on the others lose more than 1 nat of log loss there, in all,
      to the base rate, the result is the base rate, and `reason` says so. Isotonic
      first gives way to Platt.

    Args:
        log_odds: `[rows]`, in the population's log-odds where `exact`, else any
            increasing score. Infinities count as +-40, or as the largest finite
            score where that is larger.
        y: `[rows]` of 0 and 1.
        method: One of `METHODS`.
        exact: Whether the scores are log-odds up to estimation error (a proper
            loss with an exact correction); it decides what "auto" chooses, and the
            prior of the slope.
        weights: `[rows]`, for example bootstrap multiplicities; w means w copies.
        folds: `[rows]` the fold of each row, if the scores are out-of-fold: the
            scores of a fold come from a model of its own. None: not known.

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
            positives=_round(rows.positives),
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
    return _base_only(rows, f"{lost}, so the scores tell nothing that can be used")


def _gain(method: str, rows: ScoredRows, parts: IntArray, exact: bool) -> float:
    """Return how much log loss is saved against the base rate on parts left out.

    In nats, summed over the rows; NaN if there are too few rows to tell.
    """
    if not _divide(rows, parts):
        parts = _own_parts(rows)
        if not _divide(rows, parts):
            return math.nan
    gain = 0.0
    for part in np.unique(parts):
        out = parts == part
        fitted = _taken(rows, ~out)
        base = float(to_log_odds(_base_rate(fitted)))
        if _constant(fitted.score):
            continue
        z = _fit(method, fitted, exact, "").apply(rows.score[out])
        y, w = rows.y[out], rows.weights[out]
        worse = np.logaddexp(0.0, z) - y * z - (np.logaddexp(0.0, base) - y * base)
        gain -= float(w @ worse)
    return gain


def _divide(rows: ScoredRows, parts: IntArray) -> bool:
    """Return whether both classes are there whichever part is left out."""
    numbers = np.unique(parts, return_inverse=True)[1]
    count = int(numbers.max()) + 1
    by_part = np.bincount(numbers, rows.weights * rows.y, minlength=count)
    size = np.bincount(numbers, rows.weights, minlength=count)
    return bool(
        count > 1
        and (by_part < by_part.sum()).all()
        and (size - by_part < rows.negatives).all()
    )


def _own_parts(rows: ScoredRows) -> IntArray:
    """Return five parts, each with rows of both classes from all over the scores."""
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


def _taken(rows: ScoredRows, keep: npt.NDArray[np.bool_]) -> ScoredRows:
    return ScoredRows(*(column[keep] for column in rows))


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

    Evidence (`benchmarks/calibration.py`; learners from too sure to too timid, 5 to
    1,000 positives, out-of-fold scores): from 30 positives on Platt comes within .01
    nats per positive of the best form on other rows, at 5 to 10 within .1 (once .2).
    This holds where the correction is exact in theory, too: with few positives a
    model is wrong in its mean as well as in its slope, which neither a shift nor a
    slope alone can mend; log-odds that are left alone lose .3 to 9 nats per positive
    there. Isotonic draws level at about 1,000 and gains where the curve is bent.

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
        return "platt", f"{cases} can tell a slope and a shift"
    return "isotonic", f"no exact correction, and {cases} can tell a curve"


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
    """Return the base rate for every score, with a slope that only keeps the order.

    It moves the log-odds by a hundredth over all scores, and is at most 1.
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
    # Small blocks move more than large ones, so the order may need mending.
    level = to_log_odds(isotonic_regression(smooth, weights=mass + 1).x)
    return Calibrator(
        "isotonic",
        knots=tuple(centre.tolist()),
        levels=tuple(level.tolist()),
        base_rate=base,
        rows=_count(rows),
        positives=_round(rows.positives),
        reason=reason,
    )


def _line(
    method: Method, slope: float, intercept: float, rows: ScoredRows, reason: str
) -> Calibrator:
    return Calibrator(
        method,
        slope,
        intercept,
        smoothing=1 / (1 + float(rows.weights.sum())),
        base_rate=_base_rate(rows),
        support=(float(rows.score.min()), float(rows.score.max())),
        bounds=_supported(rows),
        rows=_count(rows),
        positives=_round(rows.positives),
        reason=reason,
    )


def _supported(rows: ScoredRows) -> tuple[float, float]:
    """Return the log-odds of base rate / (n0 + 1) and (n1 + base rate) / (n1 + 1)."""
    base = _base_rate(rows)
    low = math.log(base) - math.log(rows.negatives + 1 - base)
    high = math.log(rows.positives + base) - math.log1p(-base)
    return low, high


def _bounded(z: FloatArray, low: float, high: float) -> FloatArray:
    """Return log-odds that bend into their bounds, in order and strictly within."""
    if high < math.inf:
        z = high - np.logaddexp(0.0, SHARPNESS * (high - z)) / SHARPNESS
    if low > -math.inf:
        z = low + np.logaddexp(0.0, SHARPNESS * (z - low)) / SHARPNESS
    return np.asarray(z)


def _mix(z: FloatArray, share: float, base_rate: float) -> FloatArray:
    """Return the log-odds of (1 - share) sigmoid(z) + share base_rate."""
    if share == 0:
        return z
    keep = math.log1p(-share)
    up = np.logaddexp(keep - np.logaddexp(0.0, -z), math.log(share * base_rate))
    down = np.logaddexp(keep - np.logaddexp(0.0, z), math.log(share * (1 - base_rate)))
    return np.asarray(up - down)


def _smoothed(rows: ScoredRows) -> FloatArray:
    """Platt's targets: the posterior means under a uniform prior."""
    up = (rows.positives + 1) / (rows.positives + 2)
    down = 1 / (rows.negatives + 2)
    return np.where(rows.y == 1, up, down)


def _finite(score: FloatArray) -> FloatArray:
    finite = np.abs(score[np.isfinite(score)])
    most = max(INFINITE, float(finite.max())) if finite.size else INFINITE
    return np.clip(score, -most, most)


def _reach(rows: ScoredRows) -> tuple[float, float]:
    """Return how far scores count; as far as they go if most of them are equal."""
    low, middle, high = np.quantile(rows.score, [0.01, 0.5, 0.99])
    reach = FARTHEST * (high - low)
    if reach <= ROUNDING * np.abs(rows.score).max():
        return -math.inf, math.inf
    return float(middle - reach), float(middle + reach)


def base_rate_calibrator(calibrator: Calibrator, reason: str) -> Calibrator:
    """Return the base rate of a calibrator's rows for every score.

    A slope that moves the log-odds by a hundredth over its support keeps the order.

    Args:
        calibrator: Fitted, not "none".
        reason: Why, in words.

    Example:
        >>> half = Calibrator("platt", slope=0.5, base_rate=0.25, support=(-4.0, 4.0))
        >>> base_rate_calibrator(half, "").probability([-90.0, 5.0]).round(2).tolist()
        [0.25, 0.25]
    """
    low, high = calibrator.support
    if calibrator.method == "isotonic":
        low, high = calibrator.knots[0], calibrator.knots[-1]
    slope = min(LEAST_EFFECT / (high - low), 1.0) if high > low else 1.0
    base = float(to_log_odds(calibrator.base_rate))
    return replace(
        calibrator,
        method="platt",
        slope=slope,
        intercept=base - slope * (low + high) / 2,
        knots=(),
        levels=(),
        support=(low, high),
        reason=f"{calibrator.reason}; {reason}",
    )


def shifted(calibrator: Calibrator, by: float, reason: str) -> Calibrator:
    """Return a calibrator whose log-odds are another one's plus a constant.

    Args:
        calibrator: Fitted, not "none".
        by: Added to the log-odds, before smoothing.
        reason: Why, in words.

    Example:
        >>> line = Calibrator("platt", slope=0.5, intercept=1.0)
        >>> shifted(line, -3.0, "").apply([2.0]).tolist()
        [-1.0]
    """
    low, high = calibrator.bounds
    return replace(
        calibrator,
        intercept=calibrator.intercept + by,
        levels=tuple(level + by for level in calibrator.levels),
        bounds=(min(low, low + by), max(high, high + by)),
        reason=f"{calibrator.reason}; {reason}",
    )


def _ends(values: Any) -> tuple[float, float]:
    low, high = map(float, values)
    return low, high


def _spread(rows: ScoredRows) -> float:
    mean = np.average(rows.score, weights=rows.weights)
    return float(np.sqrt(np.average((rows.score - mean) ** 2, weights=rows.weights)))


def _base_rate(rows: ScoredRows) -> float:
    total = float(rows.weights.sum())
    return rows.positives / total if total else 0.5


def _count(rows: ScoredRows) -> int:
    return _round(float(rows.weights.sum()))


def _round(value: float) -> int:
    return round(value)
