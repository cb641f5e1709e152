# SPDX-License-Identifier: Apache-2.0
"""A calibrator: a fitted map from a model's log-odds to calibrated ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats
from equipoise._core.checks import number, one_of, require_fields, sentence
from equipoise._core.numerals import as_probability
from equipoise._core.types import FloatArray
from equipoise.decision.decimals import json_number
from equipoise.errors import InputError
from equipoise.priors import log_odds as to_log_odds
from equipoise.priors import probability

Method = Literal["none", "intercept", "temperature", "platt", "isotonic"]
METHODS = ("auto", "none", "intercept", "temperature", "platt", "isotonic")
"""How a calibrator may be fitted; "auto" takes one of the others."""

SHARPNESS = 4.0
"""How sharply log-odds bend into the bounds that the number of rows sets."""

LEAST_EFFECT = 0.01
"""A slope that is to have no effect moves the log-odds by this much over all scores."""


@dataclass(frozen=True)
class Calibrator:
    """A map from a model's log-odds to calibrated log-odds, as plain data.

    "none": z. "intercept": z + intercept. "temperature" and "platt":
    slope z + intercept. "isotonic": linear interpolation between the knots,
    constant beyond the outermost (ties). Then p becomes
    (1 - smoothing) p + smoothing `base_rate`.

    Scores beyond `support`, the range of the scores of the fit, count as its end,
    except for a remainder of at most 1 that keeps their order. Log-odds approach
    `bounds` smoothly.

    Attributes:
        method: Which of these forms.
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
        reason: In words, why this form was taken.

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
        z = floats(log_odds, "log-odds")
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
        """Return plain data: numbers, strings and lists.

        Support and bounds are left out if they are infinite.
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
        require_fields(cls, data, "calibrator")
        one_of(data.get("method", "none"), METHODS[1:], "method")
        lists = {k: tuple(data.get(k, ())) for k in ("knots", "levels")}
        pairs = {k: _ends(data[k]) for k in _PAIRS if k in data}
        built = cls(**{**data, **lists, **pairs})
        built._require_sound()
        return built

    def _require_sound(self) -> None:
        """Check numbers that were read from a file."""
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
                sentence(
                    "knots and levels that do not form an increasing curve",
                    "as many levels as knots, both in increasing order",
                )
            )


_PAIRS = ("support", "bounds")


def base_rate_calibrator(calibrator: Calibrator, reason: str) -> Calibrator:
    """Return a calibrator that gives every score the base rate of another's rows.

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
    """Return a calibrator that adds a constant to the log-odds of another.

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
