# SPDX-License-Identifier: Apache-2.0
"""The compiled program: one epoch of a whole population, and its logits.

The member axis is left open, so one trace serves every number of members: a trial,
its remainder after some are done, and the next trial of the same shape.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from equipoise import losses
from equipoise._core.types import Tensor, Tensors
from equipoise.losses.classes import class_log_odds
from equipoise.losses.views import mean_over_views
from equipoise.networks.forward import arranged, forward
from equipoise.networks.spec import NetworkSpec
from equipoise.networks.tracing import traced
from equipoise.sampling.feeds.graph_noise import GraphNoise
from equipoise.sampling.noise import normals
from equipoise.task import TaskKind
from equipoise.training import adam
from equipoise.training.members import Family

MOST_PROGRAMS = 16
"""Compiled programs that are kept; a trial needs one, a search one per shape."""


@dataclass(frozen=True)
class Signature:
    """All that a trace depends on.

    Attributes:
        spec: The network.
        shapes: The name and the shape of each array of weights.
        inputs: The number of numbers and indicators, and of embedded numbers.
        categories: By categorical column, the number of its codes and whether it is
            embedded.
        families: The losses, in the order of the members.
        mixed: Whether any member blends examples.
        dtype: The floating type.
        code_type: The type of codes of categories.
        weighted: Whether rows have weights of their own.
        rated: Whether any member has a step size of its own: by its learning rate, or
            since Adam begins again after a warm start.
        task: The kind of the target.
        decayed: Whether any member has a weight decay of its own; it is then `rated`.
        dropped: Whether any member has a dropout of its own.
        voted: Whether the categories of any member's made examples are those of a vote.
        retargeted: Whether any member blends targets otherwise than features.
        relabelled: Whether the labels of any member's made examples are their own.
        noise_groups: How many groups of rows get noise, at most; 0 if none does.
        precision: That of the products of hidden layers in updates; scores are
            computed in `dtype`.
    """

    spec: NetworkSpec
    shapes: tuple[tuple[str, tuple[int, ...]], ...]
    inputs: tuple[int, int]
    categories: tuple[tuple[int, bool], ...]
    families: tuple[Family, ...]
    mixed: bool
    dtype: str
    code_type: str = "uint8"
    weighted: bool = False
    rated: bool = False
    task: TaskKind = "binary"
    decayed: bool = False
    dropped: bool = False
    voted: bool = False
    retargeted: bool = False
    relabelled: bool = False
    noise_groups: int = 0
    precision: str = "float32"

    @property
    def width(self) -> int:
        """How many logits a network gives per row."""
        return dict(self.shapes)[f"bias_{len(self.spec.hidden)}"][0]


@functools.lru_cache(maxsize=MOST_PROGRAMS)
def program(signature: Signature) -> Program:
    """Return the program of a signature; the last few are kept."""
    return Program(signature)


class Program:
    """The compiled functions of one signature.

    Attributes:
        signature: What it was made for.
    """

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        self._dtype = tf.as_dtype(signature.dtype)
        rounds = signature.precision == "bfloat16"
        self._factors = tf.bfloat16 if rounds else None
        self._lock = threading.Lock()
        self._held = {
            kind: {
                name: _variable(shape, self._dtype) for name, shape in shapes.items()
            }
            for kind, shapes in {key: dict(signature.shapes) for key in _KINDS}.items()
        }

    @functools.cached_property
    def _compiled(self) -> Any:
        specs = _Specs(self.signature)
        signature = [specs.data(), specs.draws(), specs.members()]
        return traced(self._epoch, signature)

    @functools.cached_property
    def logits(self) -> Any:
        """`(weights, data, last, rows) -> [members, rows]`, or `[..., width]`."""
        specs = _Specs(self.signature)
        signature = [
            specs.weights(),
            specs.data(),
            specs.floats(None, self.signature.inputs[1]),
            specs.integers(None, None),
        ]
        return traced(self._logits, signature)

    def _logits(
        self, weights: Tensors, data: Tensors, last: Tensor, rows: Tensor
    ) -> Tensor:
        dense, positions, codes = self._inputs(data, rows)
        return forward(self.signature.spec, weights, dense, positions, codes, last)

    def epoch(
        self,
        state: Mapping[str, dict[str, Tensor]],
        data: Tensors,
        draws: Tensors,
        members: Mapping[str, Any],
    ) -> dict[str, dict[str, Tensor]]:
        """Return the state after an epoch.

        Args:
            state: "weights", "m" and "v", each name to `[members, ...]`. It is moved
                into the program, which leaves the dictionaries empty: while it is
                updated in place, no second copy is held.
            data: The rows of all parts: "numbers", "positions" and "codes" as in
                `EncodedStore`, "targets", and "weights" if rows have weights. Targets
                are 0 or 1; class numbers, int32; or `[rows, labels]` int8, -1 for a
                label that is not known. "votes", if examples have categories of a
                vote: `[rows, categories]` the codes of what is made from each row.
            draws: "index" `[steps, members, batch]`, with "partner" and "mix" where
                examples are blended; "rates" `[steps]`, the step size times the
                bias correction, and where members have their own, "own_rates"
                `[steps, members]`; "first", the number of the first update.
            members: What differs by member: "negative" and "positive" `[members]`, the
                class weights; with several, "weights" `[members, classes]` or
                `[members, labels, 2]`; "stream" `[members, 2]` uint32; "bounds"
                `[families + 1]`, "warm" `[members]` bool, "options" a tuple of
                `[members of a family]`, or `[members of a family, width]` if wide;
                "shift" `[members]`, where a member's row weights are, if rows have
                weights: so many places behind the rows of its part;
                "decay" `[members]`, what an update leaves of a kernel, where
                members have learning rates of their own; "dropout" `[members]`, the
                share that is dropped, where they have one of their own.
        """
        after: dict[str, dict[str, Tensor]]
        with self._lock:  # the variables serve one call at a time
            try:
                for kind, variables in self._held.items():
                    for name, variable in variables.items():
                        variable.assign(state[kind].pop(name))
                after = self._compiled(data, draws, members)
            finally:
                for variables in self._held.values():
                    for variable in variables.values():
                        variable.assign(_empty(variable.shape[1:], self._dtype))
        return after

    def _epoch(
        self, data: Tensors, draws: Tensors, members: Mapping[str, Any]
    ) -> dict[str, dict[str, Tensor]]:
        """Run the updates on variables, which Adam changes in place.

        They hold nothing between calls: the state is what `epoch` takes and returns.
        """
        steps = tf.shape(draws["index"])[0]

        def body(step: Tensor) -> tuple[Tensor]:
            self._step(step, data, draws, members)
            return (step + 1,)

        tf.while_loop(
            lambda step: step < steps, body, (tf.constant(0),), parallel_iterations=1
        )
        return {
            kind: {name: variable.read_value() for name, variable in variables.items()}
            for kind, variables in self._held.items()
        }

    def _step(
        self,
        step: Tensor,
        data: Tensors,
        draws: Tensors,
        members: Mapping[str, Any],
    ) -> None:
        (dense, positions, codes), (targets, *weighted) = self._examples(
            step, data, draws, members
        )
        weights = {n: value.read_value() for n, value in self._held["weights"].items()}
        mask = self._dropout(draws["first"] + step, targets, members)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            logits = forward(
                self.signature.spec,
                weights,
                dense,
                positions,
                codes,
                None,
                mask,
                inside=True,
                factors=self._factors,
            )
            if self.signature.task == "multilabel" and self.signature.width == 1:
                # One label has an axis of labels too, as its targets have.
                logits = logits[..., None]
        classes = self._drawn_classes(step, data, draws)
        slopes = self._slopes(targets, logits, members, *weighted, classes=classes)
        gradients = tape.gradient(logits, weights, output_gradients=slopes)
        if self.signature.rated:
            rates = draws["rates"][step], draws["own_rates"][step]
            self._update_each(gradients, *rates, members["decay"])
        else:
            self._update(gradients, draws["rates"][step])

    def _inputs(self, data: Tensors, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the dense inputs, the positions and the codes of some rows."""
        numbers, positions, codes = (tf.gather(data[name], rows) for name in _INPUTS)
        codes = tf.cast(codes, tf.int32)
        dense, embedded = arranged(numbers, codes, self.signature.categories)
        return dense, positions, embedded

    def _examples(
        self,
        step: Tensor,
        data: Tensors,
        draws: Tensors,
        members: Mapping[str, Any],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return the examples of a batch: inputs; targets, and weights if any.

        Targets are `[members, batch]`, or `[members, batch, classes]` shares of the
        classes; of labels `[members, batch, labels, 2]`, whether the label is there and
        whether that is known.
        """

        def rows(index: Tensor) -> list[Tensor]:
            flat = [self._targets(tf.gather(data["targets"], index))]
            if self.signature.weighted:
                flat.append(
                    tf.gather(data["weights"], index + members["shift"][:, None])
                )
            return [*self._inputs(data, index), *flat]

        examples = rows(draws["index"][step])
        if not self.signature.mixed:
            return examples[:3], examples[3:]
        partner, mix = draws["partner"][step], draws["mix"][step]
        dense, positions, codes, *flat = zip(examples, rows(partner), strict=True)
        wide = mix[..., None]
        inputs = [
            dense[0] + wide * (dense[1] - dense[0]),
            positions[0] + wide * (positions[1] - positions[0]),
            tf.where(wide < 0.5, codes[0], codes[1]),
        ]
        if self.signature.voted:
            voted = self._voted(draws["index"][step], mix, inputs[0], data, members)
            chosen = members["voted"][:, None, None]
            inputs[0] = tf.where(chosen, voted[0], inputs[0])
            inputs[2] = tf.where(chosen, voted[1], inputs[2])
        if self.signature.noise_groups:
            inputs[:2] = self._noised(step, inputs[:2], mix, data, draws, members)
        mixes = [mix] * len(flat)
        if self.signature.retargeted:
            mixes[0] = draws["target_mix"][step]
        made = [
            first + _by_example(mix, first) * (second - first)
            for (first, second), mix in zip(flat, mixes, strict=True)
        ]
        if self.signature.relabelled:
            made[0] = self._targets(draws["labels"][step])
        return inputs, made

    def _noised(
        self,
        step: Tensor,
        inputs: Sequence[Tensor],
        mix: Tensor,
        data: Tensors,
        draws: Tensors,
        members: Mapping[str, Any],
    ) -> list[Tensor]:
        """Return dense inputs and positions with noise for the made examples.

        A number and its position get the same noise, each as wide as it spreads.

        Args:
            step: As in `_examples`.
            inputs: `[members, batch, dense]`, the numbers first, and
                `[members, batch, positions]`.
            mix: `[members, batch]` above 0 for an example that gets noise.
            data: As in `epoch`.
            draws: Likewise.
            members: Likewise.
        """
        dense, positions = inputs
        numbers, embedded = self.signature.inputs
        index = draws["index"][step]
        group = tf.gather(data["noise_groups"], index + members["noise_shift"][:, None])
        group = tf.where(mix > 0, group, self.signature.noise_groups)
        batch = tf.shape(index)[1]
        place = tf.cast(step * batch + tf.range(batch), tf.uint32)
        normal = tf.cast(
            normals(
                draws["noise_seed"][:, None, None],
                place[None, :, None],
                tf.constant(np.arange(numbers)[None, None], tf.uint32),
                GraphNoise,
            ),
            self._dtype,
        )
        width = tf.gather(members["noise_numbers"], group, batch_dims=1)
        noise = tf.pad(normal * width, [[0, 0], [0, 0], [0, dense.shape[-1] - numbers]])
        width = tf.gather(members["noise_positions"], group, batch_dims=1)
        moved = positions + normal[..., :embedded] * width
        high = members["noise_last"][:, None] + 1.0
        moved = tf.minimum(tf.maximum(moved, 0.0), high)
        made = (group < self.signature.noise_groups)[..., None]
        return [dense + noise, tf.where(made, moved, positions)]

    def _voted(
        self,
        index: Tensor,
        mix: Tensor,
        dense: Tensor,
        data: Tensors,
        members: Mapping[str, Any],
    ) -> tuple[Tensor, Tensor]:
        """Return dense and embedded inputs whose categories are those of a vote.

        Args:
            index: `[members, batch]` the rows that examples are made from.
            mix: `[members, batch]` 0 for a row as it is.
            dense: `[members, batch, dense]` blended, the numbers first.
            data: As in `epoch`.
            members: Likewise.
        """
        places = index + members["votes_shift"][:, None]
        codes = tf.where(
            mix[..., None] > 0,
            tf.gather(data["votes"], places),
            tf.gather(data["codes"], index),
        )
        numbers = dense[..., : self.signature.inputs[0]]
        return arranged(numbers, tf.cast(codes, tf.int32), self.signature.categories)

    def _targets(self, labels: Tensor) -> Tensor:
        """Return what is learned from the labels of some rows."""
        if self.signature.task == "binary":
            return labels
        if self.signature.task == "multiclass":
            return tf.one_hot(labels, self.signature.width, dtype=self._dtype)
        there = tf.cast(tf.maximum(labels, tf.zeros_like(labels)), self._dtype)
        return tf.stack([there, tf.cast(labels >= 0, self._dtype)], axis=-1)

    def _drawn_classes(
        self, step: Tensor, data: Tensors, draws: Tensors
    ) -> Tensor | None:
        """Return the class of each example, `[members, batch]`, if there are several.

        None for other tasks, and if examples are blends of several classes.
        """
        if self.signature.task != "multiclass" or self.signature.mixed:
            return None
        return tf.gather(data["targets"], draws["index"][step])

    def _slopes(
        self,
        targets: Tensor,
        logits: Tensor,
        members: Mapping[str, Any],
        row_weights: Tensor | None = None,
        *,
        classes: Tensor | None = None,
    ) -> Tensor:
        """Return the derivative of each member's loss by its logits.

        The loss of several labels is the sum of theirs.

        Args:
            targets: As `_examples` gives them.
            logits: `[members, batch]`, or `[members, batch, width]`.
            members: What differs by member.
            row_weights: `[members, batch]` those of the examples, or None.
            classes: As `_drawn_classes` gives them.
        """
        task, labelled = self.signature.task, None
        if task == "multilabel":
            # An example between two others is labelled if both are.
            labelled = tf.cast(targets[..., 1] >= 1, self._dtype)
            targets = targets[..., 0]
        weights = self._class_weights(targets, members, classes)
        weights /= tf.cast(tf.shape(targets)[1], self._dtype)
        if row_weights is not None:
            weights *= _by_example(row_weights, weights)
        if labelled is not None:
            weights *= labelled
        set_weights = _set_weights(row_weights, labelled)
        parts = []
        for number, family in enumerate(self.signature.families):
            here = slice(members["bounds"][number], members["bounds"][number + 1])
            options = dict(zip(family.options, members["options"][number], strict=True))
            both = targets[here], logits[here]
            example = (*both, weights[here])
            if losses.get(family.loss).kind == "example":
                parts.append(_example_slopes(task, family.loss, options, *example))
                continue
            alone = (*both, None if set_weights is None else set_weights[here])
            set_slopes = functools.partial(
                _set_slopes, task, family.loss, options, *alone
            )
            if family.warm_start:
                warm = members["warm"][here]
                first = functools.partial(
                    _example_slopes, task, "cross_entropy", {}, *example
                )
                parts.append(_slopes_by_phase(warm, first, set_slopes))
            else:
                parts.append(set_slopes())
        return tf.concat(parts, axis=0)

    def _class_weights(
        self, targets: Tensor, members: Mapping[str, Any], classes: Tensor | None
    ) -> Tensor:
        """Return how much each example counts by its class, or each of its labels."""
        if self.signature.task == "binary":
            return (
                members["negative"][:, None]
                + targets * (members["positive"] - members["negative"])[:, None]
            )
        if classes is not None:
            return tf.gather(members["weights"], classes, batch_dims=1)
        each = members["weights"][:, None]
        if self.signature.task == "multiclass":
            return tf.reduce_sum(targets * each, axis=-1)
        return each[..., 0] + targets * (each[..., 1] - each[..., 0])

    def _dropout(
        self, update: Tensor, targets: Tensor, members: Mapping[str, Any]
    ) -> Any:
        share, stream = self.signature.spec.dropout, members["stream"]
        if share == 0 and not self.signature.dropped:
            return None
        layers = len(self.signature.spec.hidden)
        batch = tf.shape(targets)[1]

        def mask(values: Tensor, layer: int) -> Tensor:
            # One field of independent zeros and ones per update and layer. Each
            # member reads it from a row of its own, by a shift that its seed and
            # the update give, so no neighbour changes it.
            field = tf.random.stateless_uniform(
                tf.shape(values)[1:],
                seed=tf.stack([update, layer]),
                dtype=self._dtype,
                alg="philox",
            )
            turn = tf.cast(update * layers + layer, tf.uint32)
            shift = tf.bitwise.right_shift(stream[:, 0] + turn * stream[:, 1], 8)
            row = tf.range(batch) + tf.cast(shift, tf.int32)[:, None]
            row = tf.math.floormod(row, batch)
            if self.signature.dropped:
                shares = members["dropout"][:, None, None]
                stays = tf.cast(tf.gather(field, row) >= shares, self._dtype)
                return values * (stays / (1.0 - shares))
            scaled = tf.cast(field >= share, self._dtype) / (1.0 - share)
            return values * tf.gather(scaled, row)

        return mask

    def _update(self, gradients: Tensors, rate: Tensor) -> None:
        spec = self.signature.spec
        for name, _ in self.signature.shapes:
            value, m, v = (self._held[kind][name] for kind in _KINDS)
            if spec.weight_decay and name.startswith("kernel"):
                value.assign(value * (1.0 - spec.learning_rate * spec.weight_decay))
            adam.update(value, m, v, gradients[name], rate)

    def _update_each(
        self, gradients: Tensors, rate: Tensor, rates: Tensor, decay: Tensor
    ) -> None:
        for name, _ in self.signature.shapes:
            value, m, v = (self._held[kind][name] for kind in _KINDS)
            decays = self.signature.decayed or self.signature.spec.weight_decay
            if decays and name.startswith("kernel"):
                value.assign(value * adam.by_member(decay, value))
            adam.update_each(value, m, v, gradients[name], rate, rates)


_KINDS = ("weights", "m", "v")
_INPUTS = ("numbers", "positions", "codes")


def _by_example(values: Tensor, like: Tensor) -> Tensor:
    """Return `[members, batch]` numbers, shaped to multiply more axes behind them."""
    for _ in like.shape[2:]:
        values = values[..., None]
    return values


def _set_weights(row_weights: Any, labelled: Any) -> Any:
    """Return the weights of examples for a set loss, or None."""
    if labelled is None or row_weights is None:
        return row_weights if labelled is None else labelled
    return labelled * row_weights[..., None]


def _example_slopes(
    task: TaskKind,
    loss: str,
    options: Tensors,
    targets: Tensor,
    logits: Tensor,
    weights: Tensor,
) -> Tensor:
    """Return the slopes of a weighted mean of example losses."""
    if task == "multiclass" and loss == "cross_entropy":
        # Known in closed form, p - t, at half of what differentiation costs.
        return (tf.nn.softmax(logits) - targets) * weights[..., None]
    # Options are spread over the batch first: a logarithm of one number per member
    # would round differently with the member's place (see settings.LANES).
    spread = {
        name: tf.broadcast_to(_over_batch(value, logits), tf.shape(logits))
        for name, value in options.items()
    }
    spec = losses.get(loss)
    function = spec.function
    if task == "multiclass" and spec.softmax is not None:
        function = spec.softmax
    with tf.GradientTape() as tape:
        tape.watch(logits)
        values = function(targets, logits, **spread)
    return tape.gradient(values, logits, output_gradients=weights)


def _over_batch(option: Tensor, logits: Tensor) -> Tensor:
    """Return an option of members, or of their outputs, shaped like their logits."""
    if len(option.shape) == 1:
        return tf.reshape(option, (-1, *(1 for _ in logits.shape[1:])))
    return option[:, None]


def _set_slopes(
    task: TaskKind,
    loss: str,
    options: Tensors,
    targets: Tensor,
    logits: Tensor,
    weights: Any,
) -> Tensor:
    """Return the slopes of set losses; `weights` of the examples, or None."""
    function = losses.get(loss).function
    with tf.GradientTape() as tape:
        tape.watch(logits)
        if task == "binary":
            values = function(targets, logits, weights, **options)
        else:
            odds = class_log_odds(logits) if task == "multiclass" else logits
            values = mean_over_views(function, targets, odds, weights, **options)
    return tape.gradient(values, logits)


def _slopes_by_phase(
    warm: Tensor, first: Callable[[], Tensor], then: Callable[[], Tensor]
) -> Tensor:
    """Return the slopes of members of which some are in their warm start.

    What nobody needs is not computed.

    Args:
        warm: `[members]` bool.
        first: Gives the slopes of the warm start, shaped like the logits.
        then: Gives those of the strategy's own loss.
    """
    return tf.cond(
        tf.reduce_all(warm),
        first,
        lambda: tf.cond(
            tf.reduce_any(warm),
            lambda: _where_warm(warm, first(), then()),
            then,
        ),
    )


def _where_warm(warm: Tensor, first: Tensor, then: Tensor) -> Tensor:
    return tf.where(_over_batch(warm, first), first, then)


def _variable(shape: tuple[int, ...], dtype: Any) -> Any:
    """Return an empty variable with an open member axis."""
    return tf.Variable(_empty(shape, dtype), trainable=False, shape=(None, *shape))


def _empty(shape: Sequence[int], dtype: Any) -> Tensor:
    return tf.zeros((0, *shape), dtype)


class _Specs:
    """The types of what a program takes; None is the open member axis."""

    def __init__(self, signature: Signature) -> None:
        self._signature = signature
        self._dtype = tf.as_dtype(signature.dtype)

    def floats(self, *shape: int | None) -> Any:
        return tf.TensorSpec(shape, self._dtype)

    def integers(self, *shape: int | None) -> Any:
        return tf.TensorSpec(shape, tf.int32)

    def weights(self) -> dict[str, Any]:
        return {n: self.floats(None, *shape) for n, shape in self._signature.shapes}

    def data(self) -> dict[str, Any]:
        numbers, positions = self._signature.inputs
        categories = self._signature.categories
        specs = {
            "numbers": self.floats(None, numbers),
            "positions": self.floats(None, positions),
            "codes": tf.TensorSpec((None, len(categories)), self._signature.code_type),
            "targets": self.targets(),
        }
        if self._signature.weighted:
            specs["weights"] = self.floats(None)
        if self._signature.voted:
            specs["votes"] = specs["codes"]
        if self._signature.noise_groups:
            specs["noise_groups"] = self.integers(None)
        return specs

    def targets(self) -> Any:
        task = self._signature.task
        if task == "multiclass":
            return self.integers(None)
        if task == "multilabel":
            return tf.TensorSpec((None, self._signature.width), tf.int8)
        return self.floats(None)

    def draws(self) -> dict[str, Any]:
        specs = {
            "index": self.integers(None, None, None),
            "rates": self.floats(None),
            "first": self.integers(),
        }
        if self._signature.mixed:
            specs["partner"] = self.integers(None, None, None)
            specs["mix"] = self.floats(None, None, None)
        if self._signature.retargeted:
            specs["target_mix"] = self.floats(None, None, None)
        if self._signature.relabelled:
            shape = (None, None, None, self._signature.width)
            specs["labels"] = tf.TensorSpec(shape, tf.int8)
        if self._signature.noise_groups:
            specs["noise_seed"] = tf.TensorSpec((None,), tf.uint32)
        if self._signature.rated:
            specs["own_rates"] = self.floats(None, None)
        return specs

    def members(self) -> dict[str, Any]:
        families = self._signature.families
        width = self._signature.width
        weights = {
            "binary": {"negative": self.floats(None), "positive": self.floats(None)},
            "multiclass": {"weights": self.floats(None, width)},
            "multilabel": {"weights": self.floats(None, width, 2)},
        }
        specs = {
            **weights[self._signature.task],
            "stream": tf.TensorSpec((None, 2), tf.uint32),
            "bounds": self.integers(len(families) + 1),
            "warm": tf.TensorSpec((None,), tf.bool),
            "options": tuple(
                tuple(
                    self.floats(None, *([width] if name in family.wide else []))
                    for name in family.options
                )
                for family in families
            ),
        }
        if self._signature.weighted:
            specs["shift"] = self.integers(None)
        if self._signature.rated:
            specs["decay"] = self.floats(None)
        if self._signature.dropped:
            specs["dropout"] = self.floats(None)
        if self._signature.voted:
            specs["voted"] = tf.TensorSpec((None,), tf.bool)
            specs["votes_shift"] = self.integers(None)
        if self._signature.noise_groups:
            specs["noise_shift"] = self.integers(None)
            numbers, positions = self._signature.inputs
            groups = self._signature.noise_groups + 1
            specs["noise_numbers"] = self.floats(None, groups, numbers)
            specs["noise_positions"] = self.floats(None, groups, positions)
            specs["noise_last"] = self.floats(None, positions)
        return specs
