# SPDX-License-Identifier: Apache-2.0
"""How scores return to the population's probabilities.

Sampling, weights and logit adjustment change the prior that a model is trained on. For
a proper loss the change is a known shift of the log-odds, and it can be undone exactly
(Elkan 2001, theorem 2; Dal Pozzolo et al. 2015 for rows that were left out).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats
from equipoise._core.checks import number, one_of, sentence
from equipoise._core.types import FloatArray
from equipoise.errors import InputError
from equipoise.links import Form
from equipoise.links import one_against_rest as one_against_rest

Link = Literal["sigmoid", "softmax"]
"""What turns scores into probabilities."""

CorrectionKind = Literal["offset", "focal", "form", "calibrate"]
"""What turns raw logits into the population's log-odds; see `Correction`."""

_CERTAIN = 700.0
"""From this logit on exp(-z) approaches the smallest float64."""

_MOST_STEPS = 200
"""Of a search for a root, which takes about seven."""

_LAST_DIGITS = 16 * math.ulp(1.0)
"""Relative to the root: where the search for it ends."""


def log_odds(probability: npt.ArrayLike) -> FloatArray:
    """Return log(p / (1 - p)), with infinities at 0 and 1.

    Args:
        probability: Any shape, in [0, 1].

    Example:
        >>> float(log_odds(0.5))
        0.0
    """
    p = np.asarray(probability, np.float64)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(p) - np.log1p(-p))


def probability(log_odds: npt.ArrayLike) -> FloatArray:
    """Return 1 / (1 + exp(-z)), stable at any z.

    Args:
        log_odds: Any shape.

    Example:
        >>> float(probability(0.0))
        0.5
    """
    z = np.asarray(log_odds, np.float64)
    small = np.exp(-np.abs(z))
    return np.asarray(np.where(z >= 0, 1.0, small) / (1.0 + small))


def softmax(logits: npt.ArrayLike) -> FloatArray:
    """Return exp(z) / sum(exp(z)) over the last axis, stable at any z.

    Args:
        logits: `[..., classes]`; if several are infinite and the largest, or all are
            -inf, they share the probability evenly.

    Example:
        >>> softmax([0.0, 0.0]).tolist()
        [0.5, 0.5]
        >>> softmax([float("inf"), 0.0]).tolist()
        [1.0, 0.0]
    """
    z = np.asarray(logits, np.float64)
    largest = z.max(axis=-1, keepdims=True)
    with np.errstate(over="ignore", invalid="ignore"):
        powers = np.exp(np.where(z == largest, 0.0, z - largest))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def bounded_logits(logits: FloatArray, most: float = 1e150) -> FloatArray:
    """Return logits with infinities, and what overflows as easily, made finite.

    Args:
        logits: Any shape; NaN stays.
        most: The largest that is left as it is, far beyond where probabilities are 0
            and 1.

    Example:
        >>> bounded_logits(np.array([-np.inf, 2.0]), most=1e3).tolist()
        [-1000.0, 2.0]
    """
    return np.clip(logits, -most, most)


@dataclass(frozen=True)
class Correction:
    """How a strategy's raw logits become the population's log-odds.

    Attributes:
        kind: "offset": log-odds = logit + offset, exact for a proper loss.
            "focal": the closed-form inverse of the focal loss at `gamma`, then
            the offset. "form": `form`, then the offset. "calibrate": no exact form, a
            calibrator must be fitted; the logits pass through unchanged but for the
            offset.
        offset: `[width]` added to the log-odds, or to the logits of the classes; a
            number stands for a width of 1.
        gamma: The focal loss' exponent; 0 elsewhere.
        reason: In words, for the report.
        link: What turns the scores into probabilities: "sigmoid" if each is the
            log-odds of a class or label of its own, "softmax" if they are logits of
            classes that exclude each other. Only the inverses of losses depend on it.
        form: What the logits of the loss mean in closed form, if the kind is "form".

    Example:
        >>> float(Correction("offset", offset=(-2.0,)).apply(1.5))
        -0.5
        >>> Correction("offset", (0.0, 1.0, 2.0), link="softmax").apply([0, 0, 0])
        array([0., 1., 2.])
    """

    kind: CorrectionKind = "offset"
    offset: tuple[float, ...] = (0.0,)
    gamma: float = 0.0
    reason: str = "trained on the population's own prior"
    link: Link = "sigmoid"
    form: Form = field(default_factory=Form)

    def __post_init__(self) -> None:
        each = np.atleast_1d(np.asarray(self.offset, np.float64))
        object.__setattr__(self, "offset", tuple(each.tolist()))

    @property
    def shift(self) -> Any:
        """The offset as it is added: a number at a width of 1, else `[width]`."""
        return self.offset[0] if len(self.offset) == 1 else np.array(self.offset)

    @property
    def exact(self) -> bool:
        """Whether the correction has a closed form."""
        return self.kind != "calibrate"

    def apply(self, logits: npt.ArrayLike) -> FloatArray:
        """Return the population's log-odds for raw logits.

        Args:
            logits: Raw scores of the model, `[..., width]`; any shape at a width of 1.
        """
        z = np.asarray(logits, np.float64)
        if self.kind in ("focal", "form"):
            with np.errstate(invalid="ignore"):  # NaN stays NaN
                z = self._inverse(bounded_logits(z))
        return np.asarray(z + self.shift)

    def _inverse(self, z: FloatArray) -> FloatArray:
        """Return what the logits of the loss mean, before the offset."""
        several = self.link == "softmax"
        if self.kind == "form":
            return np.asarray(self.form.scores(z, several=several))
        return (focal_class_link if several else focal_link)(z, self.gamma)

    def invert(self, log_odds: npt.ArrayLike) -> FloatArray:
        """Return the raw logits that `apply` turns into these log-odds.

        The bias of an untrained network is the inverse of the prior log-odds: it
        starts with what training would teach it first. Under a softmax the logits are
        known up to a constant that all classes of a row have in common.

        Args:
            log_odds: The population's log-odds, shaped as in `apply`.

        Example:
            >>> correction = Correction("focal", (-2.0,), gamma=2.0)
            >>> round(float(correction.apply(correction.invert(-3.0))), 9)
            -3.0
        """
        z: FloatArray = np.asarray(log_odds, np.float64) - self.shift
        if self.kind == "form":
            return self.form.logits(z, several=self.link == "softmax")
        if self.kind != "focal":
            return z
        several = self.link == "softmax"
        return (focal_class_logits if several else focal_logits)(z, self.gamma)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; the offset is a number at a width of 1.

        The link is named if it is the softmax, and the form if there is one.

        Example:
            >>> Correction("offset", (-2.0,)).to_dict()["offset"]
            -2.0
        """
        offset: Any = self.offset[0] if len(self.offset) == 1 else list(self.offset)
        return {
            "kind": self.kind,
            "offset": offset,
            "gamma": self.gamma,
            "reason": self.reason,
            **({} if self.link == "sigmoid" else {"link": self.link}),
            **({} if self.kind != "form" else {"form": self.form.to_dict()}),
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Correction:
        """Rebuild it from `to_dict`.

        Args:
            state: What `to_dict` gave.

        Raises:
            InputError: A value is not accepted.

        Example:
            >>> plain = Correction("offset", (0.0, -1.0, 2.0)).to_dict()
            >>> Correction.from_dict(plain).offset
            (0.0, -1.0, 2.0)
        """
        one_of(state["kind"], get_args(CorrectionKind), "kind")
        link = state.get("link", "sigmoid")
        one_of(link, get_args(Link), "link")
        offset = state["offset"]
        each = offset if isinstance(offset, list | tuple) else [offset]
        return cls(
            state["kind"],
            tuple(number(value, "offset") for value in each),
            number(state["gamma"], "gamma", 0),
            str(state["reason"]),
            link,
            Form.from_dict(state["form"]) if "form" in state else Form(),
        )


def focal_link(logits: npt.ArrayLike, gamma: float) -> FloatArray:
    """Return the log-odds that a focal-loss minimiser with these logits means.

    With q = sigmoid(z) the minimiser of the expected focal loss satisfies
    p / (1 - p) = phi(1 - q) / phi(q) with
    phi(q) = (1 - q)^gamma / q - gamma (1 - q)^(gamma - 1) log q
    (Charoenphakdee et al. 2021, theorem 11). Computed in log space.

    Args:
        logits: Raw scores z, any shape.
        gamma: The exponent, at least 0; 0 returns the logits unchanged.

    Example:
        >>> float(focal_link(0.0, 2.0))
        0.0
    """
    z = np.asarray(logits, np.float64)
    if gamma == 0:
        return z
    return np.asarray(_log_phi(-z, gamma) - _log_phi(z, gamma))


def focal_logits(log_odds: npt.ArrayLike, gamma: float) -> FloatArray:
    """Return the logits whose `focal_link` these log-odds are, by bisection.

    The link increases with the logit, and away from 0 its slope is about 1 + gamma, so
    the logit lies between 0 and the log-odds.

    Args:
        log_odds: Finite log-odds, any shape.
        gamma: The exponent, at least 0; 0 returns the log-odds unchanged.

    Example:
        >>> round(float(focal_link(focal_logits(1.5, 2.0), 2.0)), 9)
        1.5
    """
    z = np.asarray(log_odds, np.float64)
    low, high = np.minimum(z, 0.0), np.maximum(z, 0.0)
    for _ in range(80):  # halves the interval to below a float64's last digit
        middle = (low + high) / 2
        above = focal_link(middle, gamma) > z
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.asarray((low + high) / 2)


def focal_class_link(logits: npt.ArrayLike, gamma: float) -> FloatArray:
    """Return the logits of the classes that a focal-loss minimiser's logits mean.

    With q = softmax(z) and h(v) = (1 - v)^gamma / v - gamma (1 - v)^(gamma - 1) log v
    the minimiser of the expected focal loss satisfies p_c = (1 / h(q_c)) / (the sum of
    1 / h(q_k) over the classes) (Charoenphakdee et al. 2021, theorem 11). Computed in
    log space.

    Args:
        logits: `[..., classes]` raw scores z.
        gamma: The exponent, at least 0; 0 returns the logits unchanged.

    Returns:
        `[..., classes]` logits of p, up to a constant per row.

    Example:
        >>> softmax(focal_class_link([1.0, 0.0, 0.0], 2.0)).round(3).tolist()
        [0.775, 0.112, 0.112]
    """
    z = np.asarray(logits, np.float64)
    if gamma == 0:
        return z
    return np.asarray(-_class_log_phi(one_against_rest(z), gamma))


def focal_class_logits(logits: npt.ArrayLike, gamma: float) -> FloatArray:
    """Return the raw scores whose `focal_class_link` these logits are.

    The larger the log-odds of the most probable class are, the smaller is what its
    probability leaves over, and the larger are the probabilities that belong to the
    other classes. The two meet at one point.

    Args:
        logits: `[..., classes]` finite logits of p.
        gamma: The exponent, at least 0; 0 returns the logits unchanged.

    Returns:
        `[..., classes]` logarithms of q = softmax(z).

    Raises:
        InputError: A logit is not finite, or there is no axis of classes.

    Example:
        >>> z = focal_class_logits([2.0, 0.5, 0.0], 2.0)
        >>> (focal_class_link(z, 2.0) - focal_class_link(z, 2.0)[2]).round(9).tolist()
        [2.0, 0.5, 0.0]
    """
    target = floats(logits, "logits")
    if gamma == 0:
        return target
    if not target.ndim or not np.isfinite(target).all():
        what = "that are not finite" if target.ndim else "without an axis of classes"
        raise InputError(sentence(f"logits {what}", "finite logits [..., classes]"))
    below = target - target.max(axis=-1, keepdims=True)
    first = np.zeros(below.shape, np.bool_)
    np.put_along_axis(first, below.argmax(axis=-1)[..., None], True, axis=-1)

    def others(most: FloatArray) -> FloatArray:
        """Return the log-odds of all classes, given those of the most probable one."""
        goal = below - _class_log_phi(most, gamma)
        low = np.minimum(goal - gamma * math.log(2) - 1, -1.0)

        def excess(z: FloatArray) -> tuple[FloatArray, FloatArray]:
            return -_class_log_phi(z, gamma) - goal, -_log_phi_slope(z, gamma)

        return np.where(first, most, _root(excess, low, np.maximum(most, low)))

    def excess_share(most: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return by how much too much the others need, as a log, and its slope."""
        z = others(most)
        needed = np.where(first, -np.inf, -np.logaddexp(0.0, -z))
        total, left = _log_sum(needed), -np.logaddexp(0.0, most)
        slopes = _log_phi_slope(most, gamma) / _log_phi_slope(z, gamma)
        rise = np.exp(needed - total) * probability(-z) * slopes
        slope = rise.sum(axis=-1, keepdims=True) + probability(most)
        return total - left, slope

    # The most probable of K classes has a probability of at least 1 / K.
    low = np.full((*below.shape[:-1], 1), -math.log(max(below.shape[-1] - 1, 1)))
    high = np.maximum(-below.min(axis=-1, keepdims=True), 1.0)
    while not (enough := excess_share(high)[0] > 0).all():
        high = np.where(enough, high, 2 * high)
    return np.asarray(-np.logaddexp(0.0, -others(_root(excess_share, low, high))))


def _root(
    function: Callable[[FloatArray], tuple[FloatArray, FloatArray]],
    low: FloatArray,
    high: FloatArray,
) -> FloatArray:
    """Return where increasing functions are 0, each between two ends.

    Newton's method, with a halving of the interval where a step would leave it or is
    more than half of the last but one (Press et al. 2007, section 9.4).

    Args:
        function: Gives the values and the slopes at points of the ends' shape.
        low: Where the values are at most 0.
        high: Where they are at least 0.
    """
    z, last, before = (low + high) / 2, high - low, high - low
    for _ in range(_MOST_STEPS):
        value, slope = function(z)
        low, high = np.where(value > 0, low, z), np.where(value > 0, z, high)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            newton = z - value / slope
            short = 2 * np.abs(value) <= np.abs(before * slope)
        inside = (newton >= low) & (newton <= high) & short
        after = np.where(inside, newton, (low + high) / 2)
        step = np.abs(after - z)
        z, last, before = after, step, last
        if (step <= _LAST_DIGITS * np.maximum(1.0, np.abs(z))).all():
            break
    return np.asarray(z)


def _log_sum(logs: FloatArray) -> FloatArray:
    """Return the log of the sum of exponentials over the last axis, which it keeps."""
    most = logs.max(axis=-1, keepdims=True)
    return np.asarray(most + np.log(np.exp(logs - most).sum(axis=-1, keepdims=True)))


def _log_phi(z: FloatArray, gamma: float) -> FloatArray:
    """Log of phi(q) at q = sigmoid(z): the slope of the focal loss, negated."""
    log_q = -np.logaddexp(0.0, -z)
    log_not_q = -np.logaddexp(0.0, z)
    # Where q rounds to 1 its logarithm vanishes; there -log q = 1 - q = exp(-z).
    certain = z > _CERTAIN
    with np.errstate(divide="ignore", invalid="ignore"):
        log_minus_log_q = np.log(-log_q)
        general = np.logaddexp(
            gamma * log_not_q - log_q,
            math.log(gamma) + (gamma - 1) * log_not_q + log_minus_log_q,
        )
    return np.asarray(np.where(certain, math.log1p(gamma) - gamma * z, general))


def _class_log_phi(z: FloatArray, gamma: float) -> FloatArray:
    """Return `_log_phi` to the last digits, in a third of its time.

    With q = sigmoid(z) and a = -q log(q) / (1 - q) it is
    gamma log(1 - q) - log(q) + log(1 + gamma a), and log(1 - q) is log(q) - z.
    `_log_phi` keeps the order of operations, and the bits, of two classes.
    """
    log_q = np.minimum(z, 0.0) - np.log1p(np.exp(-np.abs(z)))
    general = gamma * (log_q - z) - log_q + np.log1p(gamma * _bounded(z, log_q))
    return np.asarray(general)


def _bounded(z: FloatArray, log_q: FloatArray) -> FloatArray:
    """Return -q log(q) / (1 - q) at q = sigmoid(z), which lies between 0 and 1."""
    return np.where(z > _CERTAIN, 1.0, -log_q * np.exp(np.minimum(z, _CERTAIN)))


def _log_phi_slope(z: FloatArray, gamma: float) -> FloatArray:
    """Return the derivative of `_log_phi` by z, which is below 0.

    With q = sigmoid(z) and a = -q log(q) / (1 - q), which lies between 0 and 1, it is
    -(1 - q + q (2 gamma + gamma (gamma - 1) a)) / (1 + gamma a).
    """
    q, rest = probability(z), probability(-z)
    a = _bounded(z, np.minimum(z, 0.0) - np.log1p(np.exp(-np.abs(z))))
    slope = (rest + q * (2 * gamma + gamma * (gamma - 1) * a)) / (1 + gamma * a)
    return np.asarray(-slope)


def weight_offset(positive_weight: float, negative_weight: float) -> float:
    """Return the correction for class weights: -log(w1 / w0).

    Args:
        positive_weight: w1, above 0.
        negative_weight: w0, above 0.

    Example:
        >>> round(weight_offset(10.0, 1.0), 4)
        -2.3026
    """
    return -math.log(positive_weight / negative_weight)


def prior_offset(sampled: float, population: float) -> float:
    """Return the correction for drawing at another prior.

    Args:
        sampled: Share of positives among the drawn examples, strictly in (0, 1).
        population: Share of positives in the population, strictly in (0, 1).

    Raises:
        InputError: A prior is not strictly between 0 and 1.

    Example:
        >>> round(prior_offset(0.5, 0.1), 4)
        -2.1972
    """
    shown = number(sampled, "sampled", 0, 1, open_ends=True)
    real = number(population, "population", 0, 1, open_ends=True)
    return float(log_odds(real) - log_odds(shown))


def prior_logits(prior: npt.ArrayLike, link: Link | None = None) -> FloatArray:
    """Return a prior as scores: what a model knows that only knows the prior.

    Args:
        prior: `[classes]` shares above 0 that sum to 1.
        link: "softmax" for one score per class, also of two classes; by default two
            classes have one score.

    Returns:
        `[1]` log-odds of the second of two classes; else `[classes]` logits, that is
        log(p_c / p_0).

    Example:
        >>> prior_logits([0.9, 0.1]).round(4).tolist()
        [-2.1972]
    """
    p = np.asarray(prior, np.float64)
    alone = len(p) == 2 and link != "softmax"
    return log_odds(p[1:]) if alone else np.log(p) - np.log(p[0])


def prior_offsets(
    sampled: npt.ArrayLike, population: npt.ArrayLike, link: Link | None = None
) -> FloatArray:
    """Return the correction for drawing classes at other shares.

    The score of class c is shifted by -log r_c, where r_c is proportional to
    sampled_c / population_c, the rate at which its rows are drawn (Elkan 2001, theorem
    2; for several classes Saerens et al. 2002, equation 2.4).

    Args:
        sampled: `[classes]` each class's share of the drawn examples, above 0.
        population: `[classes]` its share of the population, above 0.
        link: As in `prior_logits`.

    Returns:
        `[1]` for two classes, else `[classes]` relative to the first.

    Example:
        >>> prior_offsets([0.5, 0.5], [0.9, 0.1]).round(4).tolist()
        [-2.1972]
    """
    return prior_logits(population, link) - prior_logits(sampled, link)


def prior_correction(sampled: npt.ArrayLike, population: npt.ArrayLike) -> Correction:
    """Return `prior_offsets` as the correction of scores that were learned so.

    Args:
        sampled: `[classes]` each class's share of the drawn examples, above 0.
        population: `[classes]` its share of the population, above 0.

    Example:
        >>> prior_correction([0.5, 0.5], [0.9, 0.1]).link
        'sigmoid'
    """
    link: Link = "softmax" if np.size(population) > 2 else "sigmoid"
    offset = prior_offsets(sampled, population)
    return Correction("offset", tuple(offset.tolist()), link=link)


def weight_offsets(
    class_weights: npt.ArrayLike, link: Link | None = None
) -> FloatArray:
    """Return the correction for class weights: -log(w_c / w_0).

    Args:
        class_weights: `[classes]` above 0.
        link: As in `prior_logits`.

    Returns:
        `[1]` for two classes, else `[classes]` relative to the first.

    Example:
        >>> weight_offsets([1.0, 10.0]).round(4).tolist()
        [-2.3026]
    """
    first, *rest = np.asarray(class_weights, np.float64).tolist()
    shifts = [weight_offset(weight, first) for weight in rest]
    alone = len(shifts) == 1 and link != "softmax"
    return np.array(shifts if alone else [0.0, *shifts])
