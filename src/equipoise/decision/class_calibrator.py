# SPDX-License-Identifier: Apache-2.0
"""Calibrators of several classes, and of several labels, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats
from equipoise._core.checks import number, one_of, require_fields, sentence
from equipoise._core.types import FloatArray
from equipoise.decision.calibrator import Calibrator
from equipoise.errors import InputError
from equipoise.priors import probability, softmax

ClassMethod = Literal["none", "temperature", "shifts", "vector"]
CLASS_METHODS = ("auto", "none", "temperature", "shifts", "vector")
"""How a calibrator of several classes may be fitted; "auto" takes one of the others."""

Scale = Literal["log_probability", "centred"]
SCORE_SCALES: tuple[Scale, ...] = get_args(Scale)

FARTHEST_LOG = 40.0
"""No class counts as less likely than exp(-40) before calibration."""

_VECTORS = ("slopes", "shifts", "base_rates")


@dataclass(frozen=True)
class ClassCalibrator:
    """A map from the logits of several classes to calibrated ones, as plain data.

    "none": z. Else class k gets slopes_k x_k + shifts_k, where x is the log of
    softmax(z), or z less its mean over the classes if the scores are no logits. Then
    p becomes (1 - smoothing) p + smoothing `base_rates`.

    Attributes:
        method: "temperature": one slope; "shifts": one slope, and a shift for each
            class; "vector": a slope and a shift for each class.
        slopes: By class, above 0; empty for "none".
        shifts: By class, added to the logits; empty for "none".
        scale: What x is: "log_probability" or "centred".
        smoothing: Share of the base rates in every probability, in [0, 1).
        base_rates: By class, its share of the rows of the fit; for a class without a
            row see `class_calibration.base_rates`.
        rows: How many rows it was fitted on.
        totals: By class, how many of them were of it.
        reason: In words, why this form was taken.

    Example:
        >>> half = ClassCalibrator(
        ...     "temperature", (0.5, 0.5), shifts=(0.0, 0.0), base_rates=(0.5, 0.5)
        ... )
        >>> half.apply([[4.0, 0.0]]).round(4).tolist()
        [[-0.1269, -2.1269]]
    """

    method: ClassMethod = "none"
    slopes: tuple[float, ...] = ()
    shifts: tuple[float, ...] = ()
    scale: Scale = "log_probability"
    smoothing: float = 0.0
    base_rates: tuple[float, ...] = ()
    rows: int = 0
    totals: tuple[int, ...] = ()
    reason: str = ""

    def apply(self, scores: npt.ArrayLike) -> FloatArray:
        """Return calibrated logits; they are log-probabilities unless it does nothing.

        Args:
            scores: `[..., classes]` logits. Infinities become finite under every
                method but "none".

        Raises:
            InputError: The last axis is not one score per class.
        """
        z = floats(scores, "scores")
        if self.method == "none":
            return z
        if not z.ndim or z.shape[-1] != len(self.slopes):
            raise InputError(
                sentence(
                    f"scores of shape {z.shape} for a calibrator of "
                    f"{len(self.slopes)} classes",
                    f"a last axis of {len(self.slopes)}",
                )
            )
        raw = np.array(self.slopes) * relative(z, self.scale) + np.array(self.shifts)
        p = softmax(raw)
        return np.log(
            (1 - self.smoothing) * p + self.smoothing * np.array(self.base_rates)
        )

    def probability(self, scores: npt.ArrayLike) -> FloatArray:
        """Return calibrated probabilities, which sum to 1 over the classes.

        Args:
            scores: `[..., classes]` logits, before calibration.
        """
        return softmax(_finite(self.apply(scores)))

    def describe(self, classes: tuple[str, ...] = ()) -> str:
        """Say in words what it does and why.

        Args:
            classes: Their names, to list slopes and shifts by class.
        """
        slope = f"{self.slopes[0]:.3f}" if self.slopes else ""
        what = {
            "none": "Logits are left as they are",
            "temperature": f"Log-probabilities are multiplied by {slope} around the "
            "base rates (temperature)",
            "shifts": f"Log-probabilities are multiplied by {slope}, and each class "
            "has a shift of its own",
            "vector": "Log-probabilities have a slope and a shift for each class "
            "(vector scaling)",
        }[self.method]
        names = classes or tuple(map(str, range(len(self.slopes))))
        by_class = ", ".join(
            f"{name} {slope:.2f} z {shift:+.2f}"
            for name, slope, shift in zip(names, self.slopes, self.shifts, strict=True)
        )
        listed = f": {by_class}" if self.method in ("shifts", "vector") else ""
        on = f" Fitted on {self.rows:,} rows." if self.rows else ""
        why = f" {self.reason[0].upper()}{self.reason[1:]}." if self.reason else ""
        return f"{what}{listed}.{on}{why}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: numbers, strings and lists."""
        lists = {name: list(getattr(self, name)) for name in (*_VECTORS, "totals")}
        return {**asdict(self), **lists}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ClassCalibrator:
        """Rebuild a calibrator from `to_dict`.

        Args:
            data: What `to_dict` gave.

        Raises:
            InputError: A field is unknown, or a number cannot be used.
        """
        require_fields(cls, data, "calibrator")
        one_of(data.get("method", "none"), CLASS_METHODS[1:], "method")
        one_of(data.get("scale", SCORE_SCALES[0]), SCORE_SCALES, "scale")
        lists = {k: tuple(data.get(k, ())) for k in (*_VECTORS, "totals")}
        built = cls(**{**data, **lists})
        built._require_sound()
        return built

    def _require_sound(self) -> None:
        """Check numbers that were read from a file."""
        for slope in self.slopes:
            number(slope, "slope", 0, open_ends=True)
        for shift in self.shifts:
            number(shift, "shift")
        smoothing = number(self.smoothing, "smoothing", 0, 1)
        for rate in self.base_rates:
            number(rate, "base rate", 0, 1)
        sizes = {len(getattr(self, name)) for name in _VECTORS}
        if self.method != "none" and (len(sizes) > 1 or sizes == {0} or smoothing == 1):
            raise InputError(
                sentence(
                    f"a calibrator of {sorted(sizes)} classes with smoothing "
                    f"{smoothing:g}",
                    "a slope, a shift and a base rate for each class, and a smoothing "
                    "below 1",
                )
            )


@dataclass(frozen=True)
class LabelCalibrator:
    """A calibrator for each label, as plain data.

    Attributes:
        calibrators: In the order of the labels.

    Example:
        >>> both = LabelCalibrator((Calibrator(), Calibrator("temperature", slope=0.5)))
        >>> both.apply([[2.0, 2.0]]).tolist()
        [[2.0, 1.0]]
    """

    calibrators: tuple[Calibrator, ...]

    def apply(self, scores: npt.ArrayLike) -> FloatArray:
        """Return calibrated log-odds.

        Args:
            scores: `[..., labels]` log-odds.

        Raises:
            InputError: The last axis is not one score per label.
        """
        z = floats(scores, "scores")
        if not z.ndim or z.shape[-1] != len(self.calibrators):
            raise InputError(
                sentence(
                    f"scores of shape {z.shape} for {len(self.calibrators)} labels",
                    f"a last axis of {len(self.calibrators)}",
                )
            )
        columns = [c.apply(z[..., j]) for j, c in enumerate(self.calibrators)]
        return np.stack(columns, axis=-1)

    def probability(self, scores: npt.ArrayLike) -> FloatArray:
        """Return calibrated probabilities of each label.

        Args:
            scores: `[..., labels]` log-odds, before calibration.
        """
        return probability(self.apply(scores))

    def describe(self, labels: tuple[str, ...] = ()) -> str:
        """Say in words what it does, a line per label.

        Args:
            labels: Their names.
        """
        names = labels or tuple(map(str, range(len(self.calibrators))))
        return "\n".join(
            f"{name}: {calibrator.describe()}"
            for name, calibrator in zip(names, self.calibrators, strict=True)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: numbers, strings and lists."""
        return {"calibrators": [c.to_dict() for c in self.calibrators]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LabelCalibrator:
        """Rebuild the calibrators from `to_dict`.

        Args:
            data: What `to_dict` gave.
        """
        return cls(tuple(Calibrator.from_dict(c) for c in data["calibrators"]))


def relative(z: FloatArray, scale: Scale) -> FloatArray:
    """Return scores without the constant that all classes of a row share.

    Args:
        z: `[..., classes]`.
        scale: "log_probability": the log of the softmax, at least -40. "centred": less
            the mean over the classes.

    Example:
        >>> relative(np.array([[0.0, 0.0], [np.inf, 0.0]]), "log_probability").round(4)
        array([[ -0.6931,  -0.6931],
               [  0.    , -40.    ]])
    """
    z = _finite(z)
    if scale == "centred":
        return np.asarray(z - z.mean(axis=-1, keepdims=True))
    less = z - z.max(axis=-1, keepdims=True)
    log_p = less - np.log(np.exp(less).sum(axis=-1, keepdims=True))
    return np.asarray(np.maximum(log_p, -FARTHEST_LOG))


def _finite(z: FloatArray) -> FloatArray:
    """Return scores with infinities beyond the finite ones by 40."""
    if np.isfinite(z).all():
        return z
    finite = np.abs(z[np.isfinite(z)])
    most = FARTHEST_LOG + (float(finite.max()) if finite.size else 0.0)
    return np.clip(z, -most, most)
