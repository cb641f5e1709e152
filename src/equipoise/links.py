# SPDX-License-Identifier: Apache-2.0
"""From the logits of a loss' minimiser to what they mean, in closed form.

At the minimum of the expected loss, sum_y eta_y grad l_y(z) = 0, where eta_y is the
probability of class y and l_y its loss at the logits z. Solved for eta by hand, it
gives a form: a few numbers and a formula, which works on arrays and in a graph alike.
The focal loss' form is in `equipoise.priors`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import one_of, sentence
from equipoise._core.types import FloatArray
from equipoise.errors import InputError

FormNumbers = tuple[tuple[str, tuple[float, ...]], ...]
"""Names of a form's numbers, and the numbers: one, or one for each output."""

FORMS: dict[str, tuple[str, ...]] = {
    "": (),
    "sides": ("slope0", "shift0", "slope1", "shift1"),
    "poly": ("epsilon",),
    "slopes": ("slope", "shift"),
    "margins": ("scale", "margin"),
}
"""The forms and the numbers that each has."""


@dataclass(frozen=True)
class Form:
    """A closed form and its numbers.

    Attributes:
        name: "" the logits are the log-odds. "sides": with one logit for two classes,
            l_1 = softplus(-(slope1 z + shift1)), l_0 = softplus(slope0 z + shift0).
            "poly": -log p_y + epsilon (1 - p_y), p the sigmoid or the softmax.
            "slopes": the softmax cross-entropy at slope_c z_c + shift_c. "margins": the
            softmax cross-entropy at scale times the logits, of which that of the
            example's class is first lowered by its margin.
        numbers: Its numbers by name.

    Example:
        >>> Form.of("poly", epsilon=1.0).scores(np.array([0.0, 2.0])).round(4).tolist()
        [0.0, 1.4809]
    """

    name: str = ""
    numbers: FormNumbers = ()

    def __post_init__(self) -> None:
        one_of(self.name, FORMS, "form")
        names = tuple(name for name, _ in self.numbers)
        if names != FORMS[self.name]:
            raise InputError(
                sentence(
                    f"numbers {names} for the form {self.name!r}", f"{FORMS[self.name]}"
                )
            )

    @classmethod
    def of(cls, name: str, **numbers: npt.ArrayLike) -> Form:
        """Return a form of numbers or arrays `[width]`.

        Args:
            name: As in `Form`.
            **numbers: Its numbers, in their order.

        Example:
            >>> Form.of("margins", scale=1.0, margin=[0.5, 0.25]).numbers
            (('scale', (1.0,)), ('margin', (0.5, 0.25)))
        """
        each = (
            (key, tuple(np.atleast_1d(np.asarray(value, np.float64)).tolist()))
            for key, value in numbers.items()
        )
        return cls(name, tuple(each))

    def scores(self, logits: Any, *, several: bool = False, graph: Any = None) -> Any:
        """Return the log-odds that the logits mean; of several classes their logits.

        Args:
            logits: `[..., width]`; any shape at a width of 1.
            several: Whether a softmax belongs to them, not a sigmoid each.
            graph: The functions of a graph, see `ArrayFunctions`; those of NumPy if
                None.

        Returns:
            Shaped as the logits; of several classes up to a constant per row.
        """
        f = ArrayFunctions() if graph is None else graph
        n = {name: _plain(each) for name, each in self.numbers}
        z = logits
        if not self.name:
            return z
        if self.name == "sides":
            low = n["slope0"] * z + n["shift0"]
            high = n["slope1"] * z + n["shift1"]
            slopes = np.log(n["slope0"]) - np.log(n["slope1"])
            return slopes - f.softplus(-low) + f.softplus(high)
        if self.name == "slopes":
            return n["slope"] * z + n["shift"]
        if self.name == "poly":
            flat = math.log1p(n["epsilon"])
            if several:  # log(1 / p + epsilon), negated
                return -flat - f.softplus(-f.odds(z) - flat)
            return f.softplus(z - flat) - f.softplus(-z - flat)
        scaled = n["scale"] * z
        odds = f.odds(scaled)
        return 2 * scaled - odds + f.softplus(odds - n["scale"] * n["margin"])

    def logits(self, scores: npt.ArrayLike, *, several: bool = False) -> FloatArray:
        """Return the logits whose `scores` these are.

        Args:
            scores: Finite, `[..., width]`; any shape at a width of 1.
            several: As in `scores`.

        Returns:
            Shaped as the scores; of several classes up to a constant per row.

        Example:
            >>> form = Form.of("margins", scale=2.0, margin=[0.1, 0.5, 0.9])
            >>> z = form.scores(form.logits([2.0, 0.0, -1.0], several=True),
            ...                 several=True)
            >>> (z - z[1]).round(9).tolist()
            [2.0, 0.0, -1.0]
        """
        target = np.asarray(scores, np.float64)
        if not self.name:
            return target
        if self.name == "slopes":
            slope, shift = (np.asarray(each) for _, each in self.numbers)
            return np.asarray((target - shift) / slope)
        if not several:
            return self._bisected(target)
        flat = target.reshape(-1, target.shape[-1])
        return np.stack([self._newton(row) for row in flat]).reshape(target.shape)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"name": self.name, **{key: list(each) for key, each in self.numbers}}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Form:
        """Rebuild it from `to_dict`.

        Args:
            state: What `to_dict` gave.

        Raises:
            InputError: There is no such form.

        Example:
            >>> Form.from_dict({"name": "poly", "epsilon": [1.0]}).name
            'poly'
        """
        name = one_of(state["name"], FORMS, "form")
        return cls.of(name, **{key: state[key] for key in FORMS[name]})

    def _bisected(self, target: FloatArray) -> FloatArray:
        """Solve for each logit by itself: the scores increase with it."""
        low, high = np.full(target.shape, -1.0), np.full(target.shape, 1.0)
        for _ in range(60):
            low = np.where(self.scores(low) > target, 2 * low, low)
            high = np.where(self.scores(high) < target, 2 * high, high)
        for _ in range(100):
            middle = (low + high) / 2
            above = self.scores(middle) > target
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return np.asarray((low + high) / 2)

    def _newton(self, target: FloatArray) -> FloatArray:
        """Solve for the logits of one row by damped Newton steps, `[classes]`."""
        z, size = target - target.mean(), 1e-6

        def missing(logits: FloatArray) -> FloatArray:
            away = self.scores(logits, several=True) - target
            return np.asarray(away - away.mean())

        away = missing(z)
        for _ in range(100):
            if np.abs(away).max() < 1e-12:
                break
            steps = size * np.eye(len(z))
            jacobian = np.stack(
                [(missing(z + s) - missing(z - s)) / (2 * size) for s in steps], axis=1
            )
            move = np.linalg.lstsq(jacobian, -away, rcond=None)[0]
            share = 1.0
            while share > 1e-4:
                after = missing(z + share * move)
                if np.abs(after).max() < np.abs(away).max():
                    break
                share /= 2
            else:
                break
            z, away = z + share * move, after
        return np.asarray(z - z.mean())


def one_against_rest(logits: npt.ArrayLike) -> FloatArray:
    """Return the log-odds of each class against all others under a softmax.

    log(p / (1 - p)) of class c is z_c - log(sum of exp(z_k) over the others), which
    stays exact where p rounds to 0 or 1.

    Args:
        logits: `[..., classes]` finite, of two classes or more.

    Example:
        >>> one_against_rest([0.0, 1.5]).tolist()
        [-1.5, 1.5]
    """
    z = np.asarray(logits, np.float64)
    largest = z.argmax(axis=-1)[..., None]
    most = np.take_along_axis(z, largest, axis=-1)
    below = z.copy()
    np.put_along_axis(below, largest, -np.inf, axis=-1)
    # Of the largest logit the others are added up apart. For any other class the sum
    # less its own part is at least 1 in units of the largest, and loses no digits.
    second = below.max(axis=-1, keepdims=True)
    ahead = most - second - np.log(np.exp(below - second).sum(axis=-1, keepdims=True))
    behind = z - most
    result = behind - np.log1p(np.maximum(np.exp(-ahead) - np.exp(behind), 0.0))
    np.put_along_axis(result, largest, ahead, axis=-1)
    return np.asarray(result)


@dataclass(frozen=True)
class ArrayFunctions:
    """What the formulas need: of NumPy, or of a graph.

    Attributes:
        softplus: log(1 + exp(x)).
        odds: From `[..., classes]` logits to the log-odds of each class against the
            others.
    """

    softplus: Callable[[Any], Any] = lambda x: np.logaddexp(0.0, x)
    odds: Callable[[Any], Any] = one_against_rest


def _plain(numbers: tuple[float, ...]) -> Any:
    return numbers[0] if len(numbers) == 1 else np.array(numbers)
