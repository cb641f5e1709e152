# SPDX-License-Identifier: Apache-2.0
"""The compiled program that trains the detector networks of all jobs at once.

Every array has a leading member axis, which is left open: one trace serves any number
of members. Slopes of the losses are written out, of operations that do not depend on a
member's place among the others (see `networks.forward`), so a job's numbers do not
depend on which other jobs it is trained with.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from equipoise._core.types import Tensor, Tensors
from equipoise.learners.anomaly.network import LEAK, DetectorKind
from equipoise.networks.forward import affine, arranged, product
from equipoise.networks.tracing import traced
from equipoise.training.adam import BETA_1, BETA_2, EPSILON, by_member

MOST_PROGRAMS = 8
"""Compiled programs that are kept."""

INVERSE = 1e-6
"""Added to a distance before its inverse is taken, as in the authors' code of
Deep SAD."""


@dataclass(frozen=True)
class DetectorSignature:
    """All that a trace depends on.

    Attributes:
        kind: What is measured, see `DetectorNetwork`.
        widths: Of all layers, from the input to the output.
        numbers: How many numbers and indicators there are.
        categories: By categorical column, the number of its codes, and False.
        code_type: The type of codes.
        penalty: Times the squares of the hidden layers' kernels, added to the loss.
    """

    kind: DetectorKind
    widths: tuple[int, ...]
    numbers: int
    categories: tuple[tuple[int, bool], ...]
    code_type: str
    penalty: float = 0.0

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each array of parameters, without the member axis."""
        shapes: dict[str, tuple[int, ...]] = {}
        for layer, (low, high) in enumerate(
            zip(self.widths[:-1], self.widths[1:], strict=True)
        ):
            shapes[f"kernel_{layer}"] = (low, high)
            if self.kind != "distance":
                shapes[f"bias_{layer}"] = (high,)
        return shapes

    @property
    def extras(self) -> dict[str, tuple[int, ...]]:
        """The shape of what else differs by member."""
        extras: dict[DetectorKind, dict[str, tuple[int, ...]]] = {
            "reconstruction": {"mask": (self.widths[-1],), "columns": ()},
            "distance": {"centre": (self.widths[-1],), "eta": ()},
            "deviation": {"mean": (), "deviation": (), "margin": ()},
        }
        return extras[self.kind]


@functools.lru_cache(maxsize=MOST_PROGRAMS)
def detector_program(signature: DetectorSignature) -> DetectorProgram:
    """Return the program of a signature; the last few are kept."""
    return DetectorProgram(signature)


class DetectorProgram:
    """The compiled functions of one signature.

    Attributes:
        signature: What it was made for.
    """

    def __init__(self, signature: DetectorSignature) -> None:
        self.signature = signature
        self._parameters = _specs(signature.shapes)
        self._extras = _specs(signature.extras)
        self._data = {
            "numbers": tf.TensorSpec((None, signature.numbers), tf.float32),
            "codes": tf.TensorSpec(
                (None, len(signature.categories)), signature.code_type
            ),
        }

    @functools.cached_property
    def epoch(self) -> Any:
        """`(state, data, draws, extras) -> state` after some updates.

        The state holds "parameters", "m" and "v"; data "numbers" and "codes" of all
        rows; draws "index" and "weights" `[steps, members, batch]`, "targets" of the
        same shape, "rates" `[steps, members]`: the step size times the bias correction.
        """
        draws = {
            "index": tf.TensorSpec((None, None, None), tf.int32),
            "targets": tf.TensorSpec((None, None, None), tf.float32),
            "weights": tf.TensorSpec((None, None, None), tf.float32),
            "rates": tf.TensorSpec((None, None), tf.float32),
        }
        state = dict.fromkeys(("parameters", "m", "v"), self._parameters)
        return traced(self._epoch, [state, self._data, draws, self._extras])

    @functools.cached_property
    def losses(self) -> Any:
        """`(parameters, data, batch, extras) -> [members]` summed losses.

        A batch holds "index", "targets" and "weights" `[members, rows]`.
        """
        batch = {
            "index": tf.TensorSpec((None, None), tf.int32),
            "targets": tf.TensorSpec((None, None), tf.float32),
            "weights": tf.TensorSpec((None, None), tf.float32),
        }
        signature = [self._parameters, self._data, batch, self._extras]
        return traced(self._losses, signature)

    @functools.cached_property
    def outputs(self) -> Any:
        """`(parameters, data, index) -> [members, rows, out]`."""
        index = tf.TensorSpec((None, None), tf.int32)
        return traced(self._outputs, [self._parameters, self._data, index])

    def _inputs(self, data: Tensors, index: Tensor) -> Tensor:
        numbers = tf.gather(data["numbers"], index)
        codes = tf.cast(tf.gather(data["codes"], index), tf.int32)
        return arranged(numbers, codes, self.signature.categories)[0]

    def _network(self, parameters: Tensors, x: Tensor) -> Tensor:
        leak = LEAK[self.signature.kind]
        for layer in range(len(self.signature.widths) - 1):
            if layer:
                x = tf.nn.leaky_relu(x, leak) if leak else tf.nn.relu(x)
            kernel = parameters[f"kernel_{layer}"]
            if self.signature.kind == "distance":
                x = product(x, kernel)
            else:
                x = affine(x, kernel, parameters[f"bias_{layer}"])
        return x

    def _outputs(self, parameters: Tensors, data: Tensors, index: Tensor) -> Tensor:
        return self._network(parameters, self._inputs(data, index))

    def _losses(
        self, parameters: Tensors, data: Tensors, batch: Tensors, extras: Tensors
    ) -> Tensor:
        x = self._inputs(data, batch["index"])
        out = self._network(parameters, x)
        loss, _ = losses_and_slopes(
            self.signature.kind, out, x, batch["targets"], extras
        )
        return tf.reduce_sum(loss * batch["weights"], axis=1)

    def _epoch(
        self, state: Mapping[str, Any], data: Tensors, draws: Tensors, extras: Tensors
    ) -> dict[str, Tensors]:
        names = list(self.signature.shapes)
        steps = tf.shape(draws["index"])[0]

        def step(at: Tensor, *arrays: Tensor) -> Any:
            parameters, m, v = _unpacked(names, arrays)
            gradients = self._gradients(parameters, data, draws, extras, at)
            moved = [
                _adam(parameters[n], m[n], v[n], gradients[n], draws["rates"][at])
                for n in names
            ]
            return at + 1, *(each[kind] for kind in range(3) for each in moved)

        start = [state[kind][n] for kind in ("parameters", "m", "v") for n in names]
        shapes = [tf.TensorSpec((None, *self.signature.shapes[n])) for n in names]
        _, *end = tf.while_loop(
            lambda at, *arrays: at < steps,
            step,
            (tf.constant(0), *start),
            shape_invariants=(tf.TensorSpec((), tf.int32), *shapes * 3),
        )
        parts = _unpacked(names, end)
        return dict(zip(("parameters", "m", "v"), parts, strict=True))

    def _gradients(
        self,
        parameters: Tensors,
        data: Tensors,
        draws: Tensors,
        extras: Tensors,
        at: Tensor,
    ) -> dict[str, Tensor]:
        x = self._inputs(data, draws["index"][at])
        with tf.GradientTape() as tape:
            tape.watch(list(parameters.values()))
            out = self._network(parameters, x)
        _, slopes = losses_and_slopes(
            self.signature.kind, out, x, draws["targets"][at], extras
        )
        share = draws["weights"][at] / tf.cast(tf.shape(x)[1], tf.float32)
        gradients: dict[str, Tensor] = tape.gradient(
            out, dict(parameters), output_gradients=slopes * share[..., None]
        )
        if self.signature.penalty:
            for layer in range(len(self.signature.widths) - 2):
                name = f"kernel_{layer}"
                decay = 2.0 * self.signature.penalty * parameters[name]
                gradients[name] = gradients[name] + decay
        return gradients


def losses_and_slopes(
    kind: DetectorKind, out: Tensor, x: Tensor, targets: Tensor, extras: Tensors
) -> tuple[Tensor, Tensor]:
    """Return the loss of each row, and its slopes by the network's outputs.

    - "reconstruction": the mean over the columns of (out - x)^2.
    - "distance": d = |out - c|^2 of a negative, eta / (d + 1e-6) of a positive (Ruff
      et al. 2020, equation 7, with the inverse that the text describes).
    - "deviation": with z = (out - mean) / deviation, |z| of a negative and
      max(0, margin - z) of a positive (Pang et al. 2019, equations 5 and 6).

    Args:
        kind: Which of them.
        out: `[members, rows, out]`.
        x: `[members, rows, in]`.
        targets: `[members, rows]` 1 for positives, else 0.
        extras: By member: "mask" and "columns"; "centre" and "eta"; or "mean",
            "deviation" and "margin".

    Returns:
        `[members, rows]` and `[members, rows, out]`.
    """
    if kind == "deviation":
        deviation = extras["deviation"][:, None]
        z = (out[..., 0] - extras["mean"][:, None]) / deviation
        short = extras["margin"][:, None] - z
        loss = tf.where(targets > 0, tf.nn.relu(short), tf.abs(z))
        away = tf.where(short > 0, -tf.ones_like(z), tf.zeros_like(z))
        slope = tf.where(targets > 0, away, tf.sign(z))
        return loss, (slope / deviation)[..., None]
    if kind == "distance":
        gap = out - extras["centre"][:, None]
        distance = _squares(gap)
        inverse = 1.0 / (distance + INVERSE)
        eta = extras["eta"][:, None]
        loss = tf.where(targets > 0, eta * inverse, distance)
        factor = tf.where(targets > 0, -eta * inverse * inverse, tf.ones_like(inverse))
        return loss, 2.0 * gap * factor[..., None]
    columns = extras["columns"][:, None]
    gap = (out - x) * extras["mask"][:, None]
    return _squares(gap) / columns, 2.0 * gap / columns[..., None]


def _squares(gap: Tensor) -> Tensor:
    """Return sums of squares over the last axis, as products with ones."""
    ones = tf.ones_like(gap[:, :1])
    return tf.matmul(gap * gap, ones, transpose_b=True)[..., 0]


def _adam(value: Tensor, m: Tensor, v: Tensor, slope: Tensor, rates: Tensor) -> Any:
    """Return parameters and moments after one update; see `training.adam`."""
    m = BETA_1 * m + (1.0 - BETA_1) * slope
    v = BETA_2 * v + (1.0 - BETA_2) * slope * slope
    return value - by_member(rates, value) * m / (tf.sqrt(v) + EPSILON), m, v


def _unpacked(names: Sequence[str], arrays: Sequence[Tensor]) -> list[dict[str, Any]]:
    """Return parameters, m and v by name, of arrays one behind the other."""
    count = len(names)
    return [
        dict(zip(names, arrays[part * count : (part + 1) * count], strict=True))
        for part in range(3)
    ]


def _specs(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    return {
        name: tf.TensorSpec((None, *shape), tf.float32)
        for name, shape in shapes.items()
    }
