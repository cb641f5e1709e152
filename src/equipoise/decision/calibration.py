# SPDX-License-Identifier: Apache-2.0
"""From log-odds to honest probabilities: none, intercept, temperature, Platt, isotonic.

Every fitted form but the isotonic keeps the ranking of the scores, and none of
them ever says 0 or 1: `smoothing` mixes in one row's worth of the base rate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import number, one_of, sentence
from equipoise.decision.newton import logistic
from equipoise.decision.rows import FloatArray, Rows, check_rows, doubt_log_odds
from equipoise.errors import InputError
from equipoise.priors import log_odds as to_log_odds
from equipoise.priors import probability

Method = Literal["none", "intercept", "temperature", "platt", "isotonic"]
METHODS = ("auto", "none", "intercept", "temperature", "platt", "isotonic")

# Scores that are infinite take this log-odds, or that of the largest finite score
# where it is larger, while a calibrator is fitted.
INFINITE = 40.0
# With an exact correction fewer rows of the rarer class are left alone.
FEWEST = 6
# Without one, from so many on the shape is learnt too.
MANY = 1_000
# One standard deviation of the scores moves the log-odds by at least this much.
LEAST_SLOPE = 0.01
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

    Attributes:
        method: Which form.
        slope: Above 0, so that the ranking is kept.
        intercept: In log-odds.
        knots: Isotonic only: log-odds before, increasing.
        levels: Isotonic only: log-odds after, one per knot, not decreasing.
        smoothing: Share of the base rate in every probability, in [0, 1).
        base_rate: Weighted share of positives among the rows of the fit.
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
            z = self.slope * z + self.intercept
        return np.asarray(_mix(z, self.smoothing, self.base_rate))

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
            f"base rate {self.base_rate:.3g} (temperature)",
            "platt": f"Log-odds z become {self.slope:.3f} z {self.intercept:+.3f} "
            "(Platt)",
            "isotonic": f"Log-odds pass through an increasing curve of "
            f"{len(self.knots)} knots (isotonic; it makes ties)",
        }[self.method]
        on = f" Fitted on {self.rows} rows, {self.positives} positive."
        why = f" {self.reason[0].upper()}{self.reason[1:]}." if self.reason else ""
        return f"{what}.{on if self.rows else ''}{why}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: numbers, texts and lists."""
        data = asdict(self)
        return {**data, "knots": list(self.knots), "levels": list(self.levels)}

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
        pair = {k: tuple(data.get(k, ())) for k in ("knots", "levels")}
        built = cls(**{**data, **pair})
        built._require_sound()
        return built

    def _require_sound(self) -> None:
        """Raise where numbers, read from a file for example, make no calibrator."""
        number(self.slope, "slope", 0, open_ends=True)
        number(self.intercept, "intercept")
        number(self.smoothing, "smoothing", 0, math.nextafter(1, 0))
        number(self.base_rate, "base_rate", 0, 1, open_ends=self.smoothing > 0)
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


def fit_calibrator(
    log_odds: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    method: str = "auto",
    exact: bool = True,
    weights: npt.ArrayLike | None = None,
) -> Calibrator:
    """Fit a calibrator on scores that the model was not trained on.

    - "none": nothing is changed.
    - "intercept": one shift, so that the mean probability is the share of positives.
    - "temperature": one slope around the base rate c = log-odds(share of
      positives): c + a (z - c). The usual form pivots at probability 1/2, which
      changes the mean probability of a rare class with every slope.
    - "platt": slope and intercept (Platt 1999), targets (n1 + 1) / (n1 + 2) and
      1 / (n0 + 2); the slope is at least 0.01 per standard deviation of the scores.
    - "isotonic": pool adjacent violators; a block of m rows with k positives
      says (k + base rate) / (m + 1), at its mean score, and log-odds are
      interpolated between blocks. Scores beyond the outermost blocks become tied.
    - "auto": see `automatic`.

    All but "none" and "isotonic" are smoothed: with n rows, p becomes
    (n p + base rate) / (n + 1), which leaves the mean unchanged.

    Args:
        log_odds: `[rows]`, in the population's log-odds where `exact`, else any
            increasing score. Infinities count as +-40, or as the largest finite
            score where that is larger.
        y: `[rows]` of 0 and 1.
        method: One of `METHODS`.
        exact: Whether the scores are log-odds up to estimation error (a proper
            loss with an exact correction); it decides only what "auto" chooses.
        weights: `[rows]`, for example bootstrap multiplicities; w means w copies.

    Returns:
        The calibrator. Where all scores are equal only an intercept is fitted.

    Raises:
        InputError: A method other than "auto" and "none" was asked for and one
            class is absent.

    Example:
        >>> from equipoise.decision.calibration import fit_calibrator
        >>> fit_calibrator([-2.0, 0.0, 2.0], [0, 1, 1], method="none").method
        'none'
    """
    one_of(method, METHODS, "method")
    rows = check_rows(log_odds, y, weights).present()
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
                f"method={method!r} with {rows.positives:g} positives and "
                f"{rows.negatives:g} negatives",
                "rows of both classes",
                "Use method='auto', which leaves such scores alone.",
            )
        )
    rows = rows._replace(score=_finite(rows.score))
    if np.ptp(rows.score) <= ROUNDING * np.abs(rows.score).max():
        chosen, reason = "intercept", "all scores are equal"
    return _FITTERS[chosen](rows, reason)


def automatic(positives: float, negatives: float, exact: bool) -> tuple[Method, str]:
    """Return the method for this many rows of the rarer class, and why.

    Evidence (`benchmarks/calibration.py`; eight learners, 6 to 1,000 positives,
    out-of-fold scores): Platt has the lowest log loss on other rows, or comes within
    .03 nats per positive of it (once .06, at 6 positives). This holds where the
    correction is exact in theory, too: with few positives a model is wrong in its
    mean as well as in its slope, which neither a shift nor a slope alone can
    mend. Where nothing was to be mended, Platt costs .03 at 50 positives and
    under .01 from 200 on. Isotonic draws level at about 1,000 and gains where the
    curve is bent.

    Args:
        positives: Their number, or summed weight.
        negatives: Likewise.
        exact: Whether the scores are log-odds up to estimation error.

    Example:
        >>> automatic(12, 574, exact=True)[0], automatic(4, 574, exact=True)[0]
        ('platt', 'none')
    """
    rarer = min(positives, negatives)
    if rarer <= 0:
        return "none", "one class is absent"
    cases = f"{rarer:g} rows of the rarer class"
    if exact and rarer < FEWEST:
        return "none", f"the correction is exact and {cases} are too few to mend it"
    if exact or rarer < MANY:
        return "platt", f"{cases} can tell a slope and a shift"
    return "isotonic", f"no exact correction, and {cases} can tell a curve"


def _fit_intercept(rows: Rows, reason: str) -> Calibrator:
    ones = np.ones((rows.score.size, 1))
    fit = logistic(ones, rows.y, rows.weights, rows.score)
    return _line("intercept", 1.0, float(fit.coefficients[0]), rows, reason)


def _fit_temperature(rows: Rows, reason: str) -> Calibrator:
    centre = float(to_log_odds(_base_rate(rows)))
    spread = _spread(rows)
    column = ((rows.score - centre) / spread)[:, None]
    fit = logistic(column, _smoothed(rows), rows.weights, centre)
    scaled = max(float(fit.coefficients[0]), LEAST_SLOPE)
    slope = scaled / spread
    return _line("temperature", slope, centre * (1 - slope), rows, reason)


def _fit_platt(rows: Rows, reason: str) -> Calibrator:
    spread, target = _spread(rows), _smoothed(rows)
    mean = float(np.average(rows.score, weights=rows.weights))
    column = (rows.score - mean) / spread
    ones = np.ones_like(column)
    fit = logistic(np.stack([column, ones], axis=1), target, rows.weights)
    scaled, level = map(float, fit.coefficients)
    if scaled < LEAST_SLOPE:
        # The loss is convex, so the constrained minimum lies on the boundary.
        scaled = LEAST_SLOPE
        again = logistic(ones[:, None], target, rows.weights, scaled * column)
        level = float(again.coefficients[0])
        reason = f"{reason}; the scores rank no better than chance"
    slope = scaled / spread
    return _line("platt", slope, level - slope * mean, rows, reason)


def _fit_isotonic(rows: Rows, reason: str) -> Calibrator:
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


_FITTERS = {
    "intercept": _fit_intercept,
    "temperature": _fit_temperature,
    "platt": _fit_platt,
    "isotonic": _fit_isotonic,
}


def _line(
    method: Method, slope: float, intercept: float, rows: Rows, reason: str
) -> Calibrator:
    return Calibrator(
        method,
        slope,
        intercept,
        smoothing=1 / (1 + float(rows.weights.sum())),
        base_rate=_base_rate(rows),
        rows=_count(rows),
        positives=_round(rows.positives),
        reason=reason,
    )


def _mix(z: FloatArray, share: float, base_rate: float) -> FloatArray:
    """Return the log-odds of (1 - share) sigmoid(z) + share base_rate."""
    if share == 0:
        return z
    keep = math.log1p(-share)
    up = np.logaddexp(keep - np.logaddexp(0.0, -z), math.log(share * base_rate))
    down = np.logaddexp(keep - np.logaddexp(0.0, z), math.log(share * (1 - base_rate)))
    return np.asarray(up - down)


def _smoothed(rows: Rows) -> FloatArray:
    """Platt's targets: the posterior means under a uniform prior."""
    up = (rows.positives + 1) / (rows.positives + 2)
    down = 1 / (rows.negatives + 2)
    return np.where(rows.y == 1, up, down)


def _finite(score: FloatArray) -> FloatArray:
    finite = np.abs(score[np.isfinite(score)])
    most = max(INFINITE, float(finite.max())) if finite.size else INFINITE
    return np.clip(score, -most, most)


def _spread(rows: Rows) -> float:
    mean = np.average(rows.score, weights=rows.weights)
    return float(np.sqrt(np.average((rows.score - mean) ** 2, weights=rows.weights)))


def _base_rate(rows: Rows) -> float:
    total = float(rows.weights.sum())
    return rows.positives / total if total else 0.5


def _count(rows: Rows) -> int:
    return _round(float(rows.weights.sum()))


def _round(value: float) -> int:
    return round(value)
