# SPDX-License-Identifier: Apache-2.0
"""A population: many networks trained as one program."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from equipoise._core.checks import sentence
from equipoise._core.seeds import derive
from equipoise.errors import TrainingError
from equipoise.networks.layout import Layout
from equipoise.networks.parameters import Parameters, shapes
from equipoise.networks.spec import NetworkSpec
from equipoise.training import adam
from equipoise.training.data import Part, stack
from equipoise.training.members import Family, Member, stacked_weights
from equipoise.training.program import Signature, program
from equipoise.training.settings import LANES, TrainingSettings
from equipoise.training.stopping import Patience, stop_value

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Arrays = dict[str, Any]

Report = Callable[[int, int, float], None]
"""Called after each epoch with its number, the networks left and seconds left."""

MOST_CHUNK = 1024
LEAST_CHUNK = 64


@dataclass(eq=False)
class Population:
    """Networks with one recipe and one number of updates per epoch, in training.

    Attributes:
        members: The networks, sorted by family.
        spec: Their recipe.
        common: The layout of the table.
        settings: How they are trained.
        active: The members that still learn, ascending.
        epoch: How many epochs have ended.
        state: "weights", "m" and "v" of the active members, on the device.
        best: The best weights of the active members, on the device.
        kept: The best weights of the members that are done, in the common layout.
        patience: Who improved when.
    """

    members: Sequence[Member]
    spec: NetworkSpec
    common: Layout
    settings: TrainingSettings
    active: IntArray = field(init=False)
    epoch: int = field(init=False, default=0)
    state: dict[str, Arrays] = field(init=False)
    best: Arrays = field(init=False)
    kept: dict[int, Parameters] = field(init=False, default_factory=dict)
    patience: Patience = field(init=False)

    def __post_init__(self) -> None:
        count = len(self.members)
        rows = len(self.members[0].part.train)
        self.batch = self.settings.batch_for(rows)
        self.steps = -(-rows // self.batch)
        self.active = np.arange(count)
        self.patience = Patience(count, self.settings.patience)
        self._chunk = _chunk(len(self.members[0].part.labels))
        self._place()
        self._restart()

    # ---- what is the same for the whole run

    def _place(self) -> None:
        """Put the rows of all parts on the device, and find each part's offset."""
        parts: dict[int, Part] = {m.part.number: m.part for m in self.members}
        rows = len(next(iter(parts.values())).labels)
        self._offset = {number: i * rows for i, number in enumerate(parts)}
        inputs = stack(list(parts.values()), self.common)
        targets = np.concatenate([part.labels for part in parts.values()])
        dtype = self.settings.dtype
        self.data = {
            "dense": tf.constant(inputs.dense, dtype),
            "positions": tf.constant(inputs.positions, dtype),
            "codes": tf.constant(inputs.codes),
            "targets": tf.constant(targets, dtype),
        }
        families = tuple(dict.fromkeys(member.family for member in self.members))
        signature = Signature(
            self.spec,
            tuple(shapes(self.spec, self.common).items()),
            (self.common.dense, len(self.common.positions), len(self.common.embedded)),
            families,
            any(member.neighbours is not None for member in self.members),
            dtype,
        )
        self._program = program(signature)

    def _restart(self) -> None:
        weights = stacked_weights(self.members, self.spec, self.common)
        dtype = self.settings.dtype
        start = {name: tf.constant(value, dtype) for name, value in weights.items()}
        zeros = {name: tf.zeros_like(value) for name, value in start.items()}
        self.state = {"weights": start, "m": zeros, "v": zeros}
        self.best = start

    # ---- training

    @property
    def done(self) -> bool:
        """Whether nobody learns any more."""
        return len(self.active) == 0 or self.epoch >= self.settings.epochs

    def run_epoch(self) -> None:
        """Train the active members for an epoch; those who are done leave.

        Raises:
            TrainingError: A member met a number that is not finite.
        """
        self.state = self._program.epoch(
            self.state, self.data, self._draws(), self._columns()
        )
        self.epoch += 1
        values = self._stop_values()
        improved, done = self.patience.update(self.epoch, self.active, values)
        if improved.all():
            self.best = self.state["weights"]
        elif improved.any():
            self.best = _chosen(improved, self.state["weights"], self.best)
        if done.any():
            self._release(done)

    def _release(self, done: npt.NDArray[np.bool_]) -> None:
        """Keep the best weights of members that are done; go on with the others."""
        leaving, staying = np.flatnonzero(done), np.flatnonzero(~done)
        self._keep(leaving)
        self.active = self.active[staying]
        rows = tf.constant(staying, tf.int32)
        self.best = {n: tf.gather(value, rows) for n, value in self.best.items()}
        self.state = {
            kind: {name: tf.gather(value, rows) for name, value in arrays.items()}
            for kind, arrays in self.state.items()
        }

    def _keep(self, places: IntArray) -> None:
        rows = tf.constant(places, tf.int32)
        best = {n: tf.gather(value, rows).numpy() for n, value in self.best.items()}
        for i, place in enumerate(places):
            member = int(self.active[place])
            self.kept[member] = {name: value[i] for name, value in best.items()}

    def finish(self) -> None:
        """Keep the best weights of everyone who still learns."""
        self._keep(np.arange(len(self.active)))
        self.active = self.active[:0]

    def updates(self, member: int) -> int:
        """Return how many updates a member took."""
        best, patience = int(self.patience.epoch[member]), self.settings.patience
        return min(self.epoch, best + patience) * self.steps

    # ---- what a program takes

    def _draws(self) -> Arrays:
        shape = (self.steps, len(self.active), self.batch)
        index = np.empty(shape, np.int32)
        mixed = self._program.signature.mixed
        partner = np.empty(shape if mixed else 0, np.int32)
        mix = np.zeros(shape if mixed else 0, self.settings.dtype)
        for place, number in enumerate(self.active):
            member = self.members[number]
            offset = self._offset[member.part.number]
            draw = member.draw(self.epoch, self.batch, self.steps)
            index[:, place] = draw.index + offset
            if mixed:
                other = draw.index if draw.partner is None else draw.partner
                partner[:, place] = other + offset
                if draw.mix is not None:
                    mix[:, place] = draw.mix
        first = self.epoch * self.steps
        draws: Arrays = {
            "index": tf.constant(index),
            "rates": tf.constant(adam.rates(first, self.steps), self.settings.dtype),
            "first": tf.constant(first, tf.int32),
        }
        if mixed:
            draws |= {"partner": tf.constant(partner), "mix": tf.constant(mix)}
        return draws

    def _columns(self) -> Arrays:
        """Return what differs by member."""
        active = [self.members[number] for number in self.active]
        families = self._program.signature.families
        sizes = [sum(m.family == family for m in active) for family in families]
        dtype = self.settings.dtype
        count = len(active)
        options = []
        for family in families:
            rows = [m.options for m in active if m.family == family]
            columns = np.array(rows, dtype).reshape(len(rows), len(family.options)).T
            options.append(tuple(tf.constant(column, dtype) for column in columns))
        return {
            "learning_rate": tf.fill([count], tf.cast(self.spec.learning_rate, dtype)),
            "decay": tf.fill([count], tf.cast(self.spec.weight_decay, dtype)),
            "negative": tf.constant([m.weights[0] for m in active], dtype),
            "positive": tf.constant([m.weights[1] for m in active], dtype),
            "last": self._last(active),
            "stream": tf.constant([_stream(m.seed) for m in active], tf.uint32),
            "bounds": tf.constant([0, *np.cumsum(sizes)], tf.int32),
            "warm": tf.constant([self._warm(f) for f in families]),
            "options": tuple(options),
        }

    def _warm(self, family: Family) -> bool:
        share = next(m.warm_start for m in self.members if m.family == family)
        return self.epoch < share * self.settings.epochs

    def _last(self, members: Sequence[Member]) -> Any:
        rows = [last_intervals(m.part.exact, self.common) for m in members]
        shape = (len(members), len(self.common.positions))
        return tf.constant(np.reshape(rows, shape), self.settings.dtype)

    # ---- scores

    def _stop_values(self) -> FloatArray:
        rows = [self.members[number].part.stop for number in self.active]
        logits = self.logits(self.state["weights"], self.active, rows)
        values = np.empty(len(self.active))
        for place, (number, own) in enumerate(zip(self.active, logits, strict=True)):
            member = self.members[number]
            if not np.isfinite(own).all():
                raise TrainingError(
                    sentence(
                        f"a logit that is not finite from {member.name} after epoch "
                        f"{self.epoch}",
                        "finite numbers throughout",
                        "Try a smaller learning rate, or milder weights.",
                    )
                )
            values[place] = stop_value(
                self.settings.metric,
                member.part.labels[member.part.stop],
                own,
                member.correction,
            )
        return values

    def scores(self) -> list[FloatArray]:
        """Return the corrected log-odds of each member's rows to score.

        All members must be done.
        """
        everyone = range(len(self.members))
        names = self.kept[0].keys()
        weights = {
            n: tf.constant(np.stack([self.kept[i][n] for i in everyone])) for n in names
        }
        rows = [member.part.score for member in self.members]
        logits = self.logits(weights, np.arange(len(self.members)), rows)
        return [
            member.correction.apply(own)
            for member, own in zip(self.members, logits, strict=True)
        ]

    def logits(
        self, weights: Arrays, which: IntArray, rows: Sequence[IntArray]
    ) -> list[FloatArray]:
        """Return the raw logits of some members on rows of their own.

        Rows are taken in chunks of one size, so that a member's numbers do not
        depend on how many rows another one has.

        Args:
            weights: Of these members.
            which: The members.
            rows: The rows of each, positions in the table.
        """
        members = [self.members[number] for number in which]
        most = max(len(own) for own in rows)
        padded = np.zeros(
            (len(members), -(-most // self._chunk) * self._chunk), np.int32
        )
        for place, (member, own) in enumerate(zip(members, rows, strict=True)):
            padded[place, : len(own)] = own + self._offset[member.part.number]
        last = self._last(members)
        found = [
            self._program.logits(
                weights, self.data, last, tf.constant(padded[:, i : i + self._chunk])
            ).numpy()
            for i in range(0, padded.shape[1], self._chunk)
        ]
        joined = np.concatenate(found, axis=1).astype(np.float64)
        return [joined[i, : len(own)] for i, own in enumerate(rows)]


def train(population: Population, report: Report | None = None) -> None:
    """Run epochs until everybody is done.

    Args:
        population: Who is to be trained; it may have been trained in part.
        report: Called after each epoch.
    """
    start, before = time.monotonic(), population.epoch
    while not population.done:
        population.run_epoch()
        if report is not None:
            each = (time.monotonic() - start) / (population.epoch - before)
            left = population.settings.epochs - population.epoch
            report(population.epoch, len(population.active), each * left)
    population.finish()


def last_intervals(exact: Layout, common: Layout) -> npt.NDArray[np.float32]:
    """Return the number of the last interval of each embedded number, `[numbers]`."""
    own = dict(zip(exact.positions, exact.knots, strict=True))
    return np.asarray([own.get(n, 2) - 2 for n in common.positions], np.float32)


def _stream(seed: int) -> tuple[int, int]:
    """Return the shift and the odd factor of a member's dropout."""
    bits = derive(seed, "dropout")
    return bits & 0xFFFFFFFF, (bits >> 31) & 0xFFFFFFFF | 1


def _chunk(rows: int) -> int:
    """Return how many rows are scored at once: a function of the table alone."""
    wanted = -(-rows // (8 * LANES)) * LANES
    return min(MOST_CHUNK, max(LEAST_CHUNK, wanted))


def _chosen(improved: npt.NDArray[np.bool_], new: Arrays, old: Arrays) -> Arrays:
    result = {}
    for name, value in new.items():
        mask = improved.reshape(-1, *(1 for _ in value.shape[1:]))
        result[name] = tf.where(mask, value, old[name])
    return result
