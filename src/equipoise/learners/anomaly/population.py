# SPDX-License-Identifier: Apache-2.0
"""Training of detector networks together, each until its own stop rows say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from equipoise._core.types import AnyArray, Float32Array, FloatArray
from equipoise.jobs import Progress
from equipoise.learners.anomaly.members import (
    DetectorDraws,
    DetectorSettings,
    WeightedRows,
)
from equipoise.learners.anomaly.program import (
    DetectorProgram,
    DetectorSignature,
    detector_program,
)
from equipoise.networks.alone import doubled, first_of, needs_company
from equipoise.training.adam import rates
from equipoise.training.devices import let_memory_grow

STOP_BLOCK = 2_048
"""Rows of each network whose losses are computed at once."""

PARTED = 0.25
"""Finished networks are taken out once they are this share of all."""

Extras = Callable[[int, FloatArray], Mapping[str, AnyArray]]
"""By the place of a network and its mean output before any update, what else its loss
takes."""


@dataclass(frozen=True, eq=False)
class DetectorResult:
    """One trained network.

    Attributes:
        parameters: By name, at its best look.
        extras: What else its loss took.
        updates: How many updates were made.
        best: The look that was kept, from 1.
    """

    parameters: Mapping[str, Float32Array]
    extras: Mapping[str, AnyArray]
    updates: int
    best: int


def train_population(
    signature: DetectorSignature,
    data: Mapping[str, AnyArray],
    draws: Sequence[DetectorDraws],
    stop: Sequence[WeightedRows],
    first: Sequence[Mapping[str, Float32Array]],
    extras: Extras,
    learning_rates: Sequence[float],
    settings: DetectorSettings,
    report: Progress | None = None,
) -> list[DetectorResult | None]:
    """Train networks until each has not improved for some time.

    Args:
        signature: What all of them share.
        data: "numbers" and "codes" of all rows.
        draws: By network, its batches.
        stop: By network, the rows that decide when it stops.
        first: By network, its first parameters.
        extras: Gives what else its loss takes.
        learning_rates: By network, the step size of Adam.
        settings: Batches and patience.
        report: Called after each look.

    Returns:
        One result for each; None for a network that never had a finite loss.
    """
    let_memory_grow()
    program = detector_program(signature)
    tensors = {name: tf.constant(values) for name, values in data.items()}
    parameters = {n: np.stack([each[n] for each in first]) for n in signature.shapes}
    means = _first_pass(program, parameters, tensors, [each.train for each in draws])
    of_each = [extras(place, mean) for place, mean in enumerate(means)]
    living = _Living(
        places=np.arange(len(draws)),
        state={
            "parameters": {n: tf.constant(v) for n, v in parameters.items()},
            **{
                kind: {n: tf.zeros_like(v) for n, v in parameters.items()}
                for kind in ("m", "v")
            },
        },
        extras={
            name: tf.constant(
                np.stack([each[name] for each in of_each]).astype(np.float32)
            )
            for name in signature.extras
        },
    )
    best = _Best(len(draws))
    step_sizes = np.asarray(learning_rates)
    for look in range(1, settings.looks + 1):
        batches = _batches([draws[place] for place in living.places], settings)
        corrected = rates((look - 1) * settings.updates, settings.updates)
        batches["rates"] = corrected[:, None] * step_sizes[living.places]
        living.state = _after_look(program, living, tensors, _as_float32(batches))
        losses = _stop_losses(
            program,
            living.state["parameters"],
            tensors,
            [stop[place] for place in living.places],
            living.extras,
        )
        best.see(look, living, losses)
        done = look - best.look[living.places] >= settings.patience
        if report is not None:
            left = int(np.count_nonzero(~done))
            text = f"look {look}: {left} of {len(draws)} detectors left"
            report(text, max(look / settings.looks, 1 - left / len(draws)))
        if done.all():
            break
        if done.mean() >= PARTED:
            living = living.without(done)
        best.updates[living.places] = look * settings.updates
    return [
        DetectorResult(at_best, of_each[place], int(updates), int(look))
        if at_best
        else None
        for place, (at_best, updates, look) in enumerate(
            zip(best.parameters, best.updates, best.look, strict=True)
        )
    ]


@dataclass(eq=False)
class _Living:
    """The networks that are still trained.

    Attributes:
        places: `[members]` their places among all.
        state: Parameters and moments.
        extras: What else their losses take.
    """

    places: Any
    state: Any
    extras: Any

    def without(self, done: Any) -> _Living:
        """Return those that are not done."""
        rest = np.flatnonzero(~done)

        def some(tensors: Mapping[str, Any]) -> dict[str, Any]:
            return {name: tf.gather(value, rest) for name, value in tensors.items()}

        state = {kind: some(tensors) for kind, tensors in self.state.items()}
        return _Living(self.places[rest], state, some(self.extras))


def _after_look(
    program: DetectorProgram, living: _Living, data: Any, batches: Any
) -> Any:
    """Return parameters and moments after the updates of a look."""
    state, extras = living.state, living.extras
    alone = needs_company(len(living.places))
    if alone:
        state, extras = doubled(state), doubled(extras)
        batches = doubled(batches, axis=1)
    after = program.epoch(state, data, batches, extras)
    return first_of(after) if alone else after


class _Best:
    """By network, the best look so far.

    Attributes:
        loss: The stop rows' loss there.
        look: Its number; 0 before any.
        updates: How many updates were made in all.
        parameters: The parameters there; empty before any.
    """

    def __init__(self, members: int) -> None:
        self.loss = np.full(members, np.inf)
        self.look = np.zeros(members, np.int64)
        self.updates = np.zeros(members, np.int64)
        self.parameters: list[dict[str, Float32Array]] = [{} for _ in range(members)]

    def see(self, look: int, living: _Living, losses: FloatArray) -> None:
        """Keep what is better than before."""
        better = np.flatnonzero(losses < self.loss[living.places])
        arrays = {
            name: tf.gather(value, better).numpy()
            for name, value in living.state["parameters"].items()
        }
        for row, member in enumerate(better):
            place = living.places[member]
            self.loss[place], self.look[place] = losses[member], look
            self.parameters[place] = {name: a[row] for name, a in arrays.items()}


def _batches(
    draws: Sequence[DetectorDraws], settings: DetectorSettings
) -> dict[str, AnyArray]:
    """Return "index", "targets" and "weights" `[updates, members, batch]`."""
    each = [one.take(settings.updates, settings.batch) for one in draws]
    return {
        name: np.stack([vars(rows)[name] for rows in each], axis=1)
        for name in ("index", "targets", "weights")
    }


def _as_float32(arrays: Mapping[str, AnyArray]) -> dict[str, Any]:
    """Return tensors; places of rows are int32."""
    return {
        name: tf.constant(values.astype(np.int32 if name == "index" else np.float32))
        for name, values in arrays.items()
    }


def _blocks(rows: Sequence[WeightedRows]) -> Any:
    """Yield the rows of all networks block by block, padded with rows of weight 0."""
    longest = max(len(each) for each in rows)
    for start in range(0, longest, STOP_BLOCK):
        size = min(STOP_BLOCK, longest - start)
        block = {
            name: np.zeros((len(rows), size))
            for name in ("index", "targets", "weights")
        }
        for member, each in enumerate(rows):
            part = each.take(slice(start, start + size))
            for name, values in block.items():
                values[member, : len(part)] = vars(part)[name]
        yield block


def _stop_losses(
    program: DetectorProgram,
    parameters: Any,
    data: Any,
    stop: Sequence[WeightedRows],
    extras: Any,
) -> FloatArray:
    """Return the mean loss of each network's stop rows, `[members]`."""
    total = np.zeros(len(stop))
    alone = needs_company(len(stop))
    if alone:
        parameters, extras = doubled(parameters), doubled(extras)
    for block in _blocks(stop):
        batch = _as_float32(block)
        if alone:
            batch = doubled(batch)
        losses = program.losses(parameters, data, batch, extras).numpy()
        total += losses[: len(stop)]
    return total


def _first_pass(
    program: DetectorProgram,
    parameters: Mapping[str, Float32Array],
    data: Any,
    train: Sequence[WeightedRows],
) -> FloatArray:
    """Return the mean output of the training rows, `[members, out]`."""
    width = program.signature.widths[-1]
    if program.signature.kind != "distance":
        return np.zeros((len(train), width))
    tensors = {name: tf.constant(value) for name, value in parameters.items()}
    total, weight = np.zeros((len(train), width)), np.zeros((len(train), 1))
    alone = needs_company(len(train))
    if alone:
        tensors = doubled(tensors)
    for block in _blocks(train):
        index = tf.constant(block["index"].astype(np.int32))
        if alone:
            index = doubled(index)
        outputs = program.outputs(tensors, data, index).numpy().astype(np.float64)
        outputs = outputs[: len(train)]
        total += np.einsum("mr,mro->mo", block["weights"], outputs)
        weight += block["weights"].sum(axis=1, keepdims=True)
    return total / weight
