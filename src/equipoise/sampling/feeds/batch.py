# SPDX-License-Identifier: Apache-2.0
"""One batch, with where its examples come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise._core.types import AnyArray, Float32Array, FloatArray
from equipoise.sampling.draw import Draw


@dataclass(frozen=True, eq=False)
class Batch:
    """The examples of a step, the rows that they are made from, and their prior.

    Attributes:
        features: `[batch, ...]`, or a dictionary or tuple of such arrays.
        targets: `[batch]`; `[batch, classes]` for blends of several classes;
            `[batch, labels]`, NaN if a label is not known.
        weights: `[batch]`, or None.
        rows: `[batch]` the number of the row that each example is, or starts from.
        epoch: The number of the epoch, from 0.
        step: The number of the batch in it, from 0.
        prior: `[classes]` or `[labels]` the share of each among the examples that the
            feed declares; None if it declares none.
        partners: `[batch]` the row towards which each example was moved by a synthesis,
            or None without one.
        mix: `[batch]` by which part of the way, or None.
    """

    features: Any
    targets: AnyArray
    weights: AnyArray | None
    rows: AnyArray
    epoch: int
    step: int
    prior: FloatArray | None = None
    partners: AnyArray | None = None
    mix: Float32Array | None = None

    def parts(self) -> tuple[Any, ...]:
        """Return (features, targets) or (features, targets, weights), as Keras does."""
        weights = () if self.weights is None else (self.weights,)
        return (self.features, self.targets, *weights)


def mapped(rule: Callable[..., Any], *parts: Any) -> Any:
    """Return what a rule makes of each array of the features, or of several alike.

    Args:
        rule: Called with one array of each part.
        *parts: Arrays, or dictionaries or tuples of arrays; all as the first.

    Example:
        >>> mapped(lambda a, b: a + b, {"x": 1, "y": 2}, {"x": 10, "y": 20})
        {'x': 11, 'y': 22}
        >>> mapped(abs, (-1, -2)), mapped(abs, -3)
        ((1, 2), 3)
    """
    first = parts[0]
    if isinstance(first, Mapping):
        return {name: rule(*(part[name] for part in parts)) for name in first}
    if isinstance(first, tuple):
        return tuple(rule(*arrays) for arrays in zip(*parts, strict=True))
    return rule(*parts)


class BatchMaker:
    """Makes the batches of draws: gathers rows, blends them, and adds noise.

    Args:
        parts: As `Feed.parts`: features, targets, and weights if there are any.
    """

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self._parts = parts
        self._widths: FloatArray | None = None

    def make(self, draw: Draw, step: int) -> tuple[Any, ...]:
        """Return batch `step` of a draw: features, targets, weights if any.

        Args:
            draw: The draw of an epoch.
            step: The number of the batch, from 0.
        """
        index, parts = draw.index[step], self._parts
        if draw.partner is None or draw.mix is None:
            return tuple(
                mapped(lambda part: part.take(index, axis=0), p) for p in parts
            )
        partner, mix = draw.partner[step], draw.mix[step]
        batch = tuple(
            mapped(lambda part: _mixed(part, index, partner, mix), p) for p in parts
        )
        return self._finished(batch, draw, step)

    def _finished(
        self, batch: tuple[Any, ...], draw: Draw, step: int
    ) -> tuple[Any, ...]:
        """Return a batch with targets and noise of the draw's own, if it has any."""
        features, targets, *weights = batch
        index = draw.index[step]
        if draw.target_mix is not None and draw.partner is not None:
            partner, share = draw.partner[step], draw.target_mix[step]
            targets = _mixed(self._parts[1], index, partner, share)
        if draw.labels is not None:
            targets = Draw(index, labels=draw.labels[step]).targets([[0]])
        if draw.noise is not None and draw.mix is not None:
            if self._widths is None:
                self._widths = draw.noise.deviations(self._parts[0])
            first, mix = step * len(index), draw.mix[step]
            features = draw.noise.added(features, index, mix, self._widths, first)
        return (features, targets, *weights)


def _mixed(
    values: AnyArray, index: AnyArray, partner: AnyArray, mix: AnyArray
) -> AnyArray:
    share = mix.reshape(-1, *[1] * (values.ndim - 1)).astype(values.dtype)
    first = values.take(index, axis=0)
    return np.asarray(first + share * (values.take(partner, axis=0) - first))
