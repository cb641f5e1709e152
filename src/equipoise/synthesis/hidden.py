# SPDX-License-Identifier: Apache-2.0
"""Mixup and SMOTE in the space of a hidden layer, for images, texts, and anything else.

Between two images there is no image, but between what a network makes of them there may
well be a third. A wrapper around a Keras model blends the outputs of one of its layers
while it trains, and is the model itself at all other times.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from equipoise._core.arrays import floats
from equipoise._core.checks import integer, listing, nearest, number, sentence
from equipoise._core.types import Tensor
from equipoise.errors import InputError, InputTypeError
from equipoise.synthesis.wrapped import (
    TrainingStep,
    WrappedModel,
    is_whole_number,
    target_rows,
)
from equipoise.task import UNKNOWN_LABEL

_QUANTILES = 4096


class HiddenSynthesis(WrappedModel):
    """A model that is shown made examples at one of its layers while it trains.

    It has the weights of the model that it wraps, and calls it. Only `fit` and
    `train_on_batch` differ. A mask of padding does not pass the layer: of texts, name
    one behind the pooling.

    Args:
        model: A functional or sequential Keras model.
        layer: The name of the layer whose output is blended, or its number.
        seed: The seed of the blends; None for another one each time.
        **options: As `keras.Model`.

    Raises:
        InputTypeError: It is no functional or sequential model.
        InputError: It has no such layer, or the layers behind need more than its
            output.
    """

    def __init__(
        self, model: Any, layer: str | int, seed: int | None = None, **options: Any
    ) -> None:
        lower, upper, name = _cut(model, layer)
        super().__init__(model, seed, **options)
        self.layer_name = name
        self._parts = _Parts(lower, upper)

    def trained(self, inputs: Any, step: TrainingStep) -> Tensor:
        """Return what the model makes of examples that are blended at the layer.

        Args:
            inputs: What the model takes.
            step: As in `WrappedModel`.
        """
        hidden = self._parts.lower(inputs, training=True)
        return self._parts.upper(self.made(hidden, step), training=True)

    def made(self, hidden: Tensor, step: TrainingStep) -> Tensor:
        """Return blended outputs of the layer.

        Args:
            hidden: `[batch, ...]` its outputs.
            step: As in `WrappedModel`.
        """
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {**super().get_config(), "layer": self.layer_name}


@keras.saving.register_keras_serializable(package="equipoise")
class HiddenMixup(HiddenSynthesis):
    """Mixup of the outputs of a hidden layer ("manifold mixup").

    h = h_i + m (h_j - h_i) and y = y_i + m (y_j - y_i), where h is the output of the
    layer, j the example at a shuffled place of the batch, and m ~ Beta(a, a), of m and
    1 - m the smaller. Sample weights are blended as targets are. Of several labels,
    one that is not known (NaN or -1) of either example is not known of the blend: its
    target is NaN, which the losses of Equipoise leave out. What it learns are the
    probabilities of blends: calibrate its scores before you take them for
    probabilities.

    Metrics while it trains compare blends with the targets of the examples that they
    are mostly made of; those of validation data are as always.

    Source: Verma et al. (2019), "Manifold mixup: better representations by
    interpolating hidden states", section 2.

    Args:
        model: A functional or sequential Keras model.
        layer: The name of the layer whose output is blended, or its number.
        concentration: a, the paper's alpha, above 0. The paper uses 2.
        seed: The seed of the blends; None for another one each time.
        **options: As `keras.Model`.

    Raises:
        InputTypeError: It is no functional or sequential model.
        InputError: It has no such layer, or the layers behind need more than its
            output; or, in training, targets are class numbers of several classes.

    Example:
        >>> import keras
        >>> plain = keras.Sequential(
        ...     [keras.Input((4,)), keras.layers.Dense(8, "relu", name="hidden"),
        ...      keras.layers.Dense(1)])
        >>> mixed = HiddenMixup(plain, "hidden", seed=0)
        >>> mixed.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
        >>> x, y = np.eye(4, dtype="float32"), np.array([0.0, 0.0, 0.0, 1.0])
        >>> history = mixed.fit(x, y, epochs=2, verbose=0)
        >>> bool(np.all(mixed.predict(x, verbose=0) == plain.predict(x, verbose=0)))
        True
    """

    def __init__(
        self,
        model: Any,
        layer: str | int,
        concentration: float = 2.0,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(model, layer, seed, **options)
        self.concentration = number(
            concentration, "concentration", 0, 1000, open_ends=True
        )
        self._table = _folded_quantiles(self.concentration)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {**super().get_config(), "concentration": self.concentration}

    def checked(self, y: Any) -> Any:
        """Return targets that can be blended, or say why they cannot.

        Args:
            y: Of a batch.

        Raises:
            InputError: They are class numbers of several classes.
        """
        y = super().checked(y)
        outputs = self.model.output_shape[-1]
        # Of labels, the learner of a trial puts weights behind the targets.
        wide = (outputs, 2 * outputs)
        if outputs > 1 and (len(y.shape) < 2 or y.shape[-1] not in wide):
            raise InputError(
                sentence(
                    f"targets of shape {tuple(y.shape)} for a model of {outputs} "
                    "outputs",
                    f"one-hot targets of shape (batch, {outputs})",
                    "Use keras.utils.to_categorical(y) and a loss such as "
                    "CategoricalCrossentropy.",
                )
            )
        return y

    def made(self, hidden: Tensor, step: TrainingStep) -> Tensor:
        """Return blended outputs of the layer, and set blended targets.

        Args:
            hidden: `[batch, ...]` its outputs.
            step: As in `WrappedModel`.
        """
        batch = ops.shape(hidden)[0]
        order = keras.random.uniform((batch,), seed=self._random)
        partner = ops.argsort(order)
        place = keras.random.uniform((batch,), seed=self._random) * (_QUANTILES - 1)
        mix = ops.take(ops.convert_to_tensor(self._table), ops.cast(place, "int32"))
        weights = step.weights
        if weights is not None:
            weights = _towards(ops.cast(weights, "float32"), partner, mix)
        step.made = self._blended(step.targets, partner, mix), weights
        return _towards(hidden, partner, mix)

    def _blended(self, targets: Any, partner: Tensor, mix: Tensor) -> Tensor:
        """Return blended targets; of labels, those of either example if unknown."""
        targets = ops.cast(targets, "float32")
        outputs = self.model.output_shape[-1]
        if outputs == 1:
            return _towards(targets, partner, mix)
        targets = ops.where(targets == UNKNOWN_LABEL, np.nan, targets)
        made = _towards(targets, partner, mix)
        if targets.shape[-1] == outputs:
            return made
        # Behind the targets of a trial are weights: 0 of a label that is not known.
        unknown = targets[:, outputs:] == 0
        unknown = ops.logical_or(unknown, ops.take(unknown, partner, axis=0))
        weights = ops.where(unknown, 0.0, made[:, outputs:])
        return ops.concatenate([made[:, :outputs], weights], axis=1)


@keras.saving.register_keras_serializable(package="equipoise")
class HiddenSmote(HiddenSynthesis):
    """SMOTE of the outputs of a hidden layer.

    A share of the examples of a batch is moved towards one of the k nearest examples of
    the same class: h = h_i + m (h_j - h_i), m ~ U(0, 1), where h is the output of the
    layer and nearness is Euclidean. Neighbours are looked for in the batch, and in a
    memory of the last outputs if there is one; an example without a neighbour stays.
    Targets and weights stay. Draw the batches so that rare classes are in each, for
    example by `equipoise.sampling.Balanced`.

    Of several labels, a neighbour has all labels in common that are known of the
    example: one that is not known of a neighbour (NaN or -1) is never taken for one
    that it has in common, and one that is not known of the example itself has no target
    and asks for nothing. An example of which no label is known stays.

    It changes where the examples of a class lie, as SMOTE does: calibrate its scores.

    Source: Chawla et al. (2002), section 4.2; in the space of a network as in Dablain
    et al. (2022), "DeepSMOTE: fusing deep learning and SMOTE for imbalanced data",
    section III, but without a decoder.

    Args:
        model: A functional or sequential Keras model.
        layer: The name of the layer whose output is moved, or its number.
        neighbours: k, at least 1.
        rate: The share of examples that are moved, from 0 to 1; or one share for each
            class, in the order of their numbers: two for a model of one output. Of
            several labels, one share for each: an example has the largest of those of
            its labels, and 0 without a label.
        memory: How many of the last outputs are kept as neighbours; 0 for none.
        seed: The seed of the choices; None for another one each time.
        **options: As `keras.Model`.

    Raises:
        InputTypeError: It is no functional or sequential model, or a rate is not a
            number.
        InputError: It has no such layer, or the layers behind need more than its
            output, or an option is out of range.

    Example:
        >>> import keras
        >>> plain = keras.Sequential(
        ...     [keras.Input((4,)), keras.layers.Dense(8, "relu", name="hidden"),
        ...      keras.layers.Dense(1)])
        >>> smote = HiddenSmote(plain, "hidden", rate=(0.0, 0.8), memory=32, seed=0)
        >>> smote.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
        >>> x, y = np.eye(4, dtype="float32"), np.array([0.0, 0.0, 1.0, 1.0])
        >>> history = smote.fit(x, y, epochs=2, verbose=0)
    """

    def __init__(
        self,
        model: Any,
        layer: str | int,
        neighbours: int = 5,
        rate: float | Sequence[float] = 0.5,
        memory: int = 0,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(model, layer, seed, **options)
        self.neighbours = integer(neighbours, "neighbours", 1)
        self.memory = integer(memory, "memory", 0)
        shares = floats(rate, "rate")
        self.rate = [number(each, "rate", 0, 1) for each in shares.ravel().tolist()]
        self._by_class = shares.ndim > 0
        self._outputs = int(model.output_shape[-1])
        if self._by_class and shares.shape != (max(2, self._outputs),):
            raise InputError(
                sentence(
                    f"rate={rate!r} for a model whose output is {self._outputs} wide",
                    f"one share for all, or {max(2, self._outputs)} shares in the "
                    "order of the classes",
                    "The first is that of class 0." if self._outputs == 1 else "",
                )
            )
        if self.memory:
            width = self._width()
            options = {"initializer": "zeros", "trainable": False, "autocast": False}
            self._kept = self.add_weight(
                shape=(self.memory, width), name="memory", **options
            )
            self._kept_targets = self.add_weight(
                shape=(self.memory, self._outputs), name="memory_targets", **options
            )
            self._places = self.add_weight(
                shape=(2,), dtype="int32", name="memory_places", **options
            )

    def _width(self) -> int:
        shape = self._parts.lower.output_shape[1:]
        if None in shape:
            raise InputError(
                sentence(
                    f"memory={self.memory} with a layer of output shape {shape}",
                    "a layer whose output has one size for all examples",
                    "Use a layer behind the pooling, or memory=0.",
                )
            )
        return int(np.prod(shape))

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {
            **super().get_config(),
            "neighbours": self.neighbours,
            "rate": self.rate if self._by_class else self.rate[0],
            "memory": self.memory,
        }

    def made(self, hidden: Tensor, step: TrainingStep) -> Tensor:
        """Return outputs of the layer, some of them moved towards a neighbour.

        Args:
            hidden: `[batch, ...]` its outputs.
            step: As in `WrappedModel`.
        """
        batch = ops.shape(hidden)[0]
        points = ops.reshape(hidden, (batch, -1))
        classes = self._known(step.targets)
        others, other_classes, there = points, classes, None
        if self.memory:
            memory = ops.cast(self._kept, points.dtype)
            others = ops.concatenate([points, memory], axis=0)
            other_classes = ops.concatenate([classes, self._kept_targets], axis=0)
            filled = ops.arange(self.memory) < self._places[1]
            there = ops.concatenate([ops.ones((batch,), "bool"), filled], axis=0)
        partner, able = self._neighbour(points, classes, others, other_classes, there)
        chance = keras.random.uniform((batch,), seed=self._random)
        mix = keras.random.uniform((batch,), seed=self._random)
        moved = ops.logical_and(able, chance < self._rates(classes))
        mix = ops.cast(ops.where(moved, mix, 0.0), points.dtype)[:, None]
        made = points + mix * (ops.take(others, partner, axis=0) - points)
        if self.memory:
            self._remember(ops.stop_gradient(points), classes, batch)
        return ops.reshape(made, ops.shape(hidden))

    def _known(self, targets: Any) -> Tensor:
        """Return targets `[batch, outputs]`; of labels -1 if one is not known."""
        rows = target_rows(targets, self._outputs)
        if self._outputs == 1:
            return rows
        rows = ops.where(ops.isnan(rows), float(UNKNOWN_LABEL), rows)
        shape = ops.convert_to_tensor(targets).shape
        if len(shape) == 2 and shape[1] == 2 * self._outputs:
            # Behind the targets of a trial are weights: 0 of an unknown label.
            weights = ops.convert_to_tensor(targets)[:, self._outputs :]
            rows = ops.where(weights == 0, float(UNKNOWN_LABEL), rows)
        return rows

    def _neighbour(
        self,
        points: Tensor,
        classes: Tensor,
        others: Tensor,
        other_classes: Tensor,
        there: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Return one of the k nearest of the same class, and whether there is one."""
        a = ops.stop_gradient(ops.cast(points, "float32"))
        b = ops.stop_gradient(ops.cast(others, "float32"))
        square = ops.sum(a * a, axis=1)[:, None] + ops.sum(b * b, axis=1)[None]
        apart = square - 2.0 * ops.matmul(a, ops.transpose(b))
        alike = ops.abs(classes[:, None] - other_classes[None]) < 0.5
        if self._outputs > 1:
            unknown = classes == UNKNOWN_LABEL
            alike = ops.logical_or(alike, unknown[:, None])
            asks = ops.logical_not(ops.all(unknown, axis=1))
            alike = ops.logical_and(alike, asks[:, None, None])
        fits = ops.all(alike, axis=-1)
        fits = ops.logical_and(
            fits, ops.arange(ops.shape(a)[0])[:, None] != ops.arange(ops.shape(b)[0])
        )
        if there is not None:
            fits = ops.logical_and(fits, there[None])
        count = ops.sum(ops.cast(fits, "int32"), axis=1)
        order = ops.argsort(ops.where(fits, apart, np.inf), axis=1)
        several = ops.minimum(count, self.neighbours)
        chance = keras.random.uniform(ops.shape(count), seed=self._random)
        place = ops.cast(chance * ops.cast(several, "float32"), "int32")
        place = ops.minimum(place, ops.maximum(several - 1, 0))
        partner = ops.take_along_axis(order, place[:, None], axis=1)[:, 0]
        return partner, count > 0

    def _rates(self, classes: Tensor) -> Tensor:
        """Return the share of its class that is moved, for each example."""
        if not self._by_class:
            return ops.convert_to_tensor(self.rate[0], "float32")
        shares = ops.convert_to_tensor(self.rate, "float32")
        there = classes > 0.5
        if self._outputs == 1:
            return ops.where(there[:, 0], shares[1], shares[0])
        return ops.max(ops.where(there, shares, 0.0), axis=1)

    def _remember(self, points: Tensor, classes: Tensor, batch: Any) -> None:
        """Put the last outputs of the batch in the place of the oldest ones."""
        last = points[-self.memory :], classes[-self.memory :]
        several = ops.minimum(batch, self.memory)
        start = self._places[0]
        place = (start + ops.arange(several)) % self.memory
        points = ops.cast(last[0], self._kept.dtype)
        update = ops.scatter_update
        self._kept.assign(update(self._kept, place[:, None], points))
        self._kept_targets.assign(
            update(self._kept_targets, place[:, None], ops.cast(last[1], "float32"))
        )
        filled = ops.minimum(self._places[1] + several, self.memory)
        self._places.assign(ops.stack([(start + several) % self.memory, filled]))


class _Parts:
    """The two halves of a model, which Keras is not to track beside the whole."""

    def __init__(self, lower: Any, upper: Any) -> None:
        self.lower, self.upper = lower, upper


def _cut(model: Any, layer: str | int) -> tuple[Any, Any, str]:
    """Return the model up to a layer, the model behind it, and the layer's name."""
    usable = isinstance(model, keras.Model) and getattr(model, "inputs", None)
    if not usable or len(getattr(model, "outputs", None) or ()) != 1:
        raise InputTypeError(
            sentence(
                f"model={model!r}",
                "a functional or sequential keras.Model with one output",
                "A sequential model needs a keras.Input as its first entry.",
            )
        )
    names = [each.name for each in model.layers]
    if is_whole_number(layer):
        if not -len(names) <= int(layer) < len(names):
            raise InputError(
                sentence(f"layer={layer}", f"a number below {len(names)}, or a name")
            )
        name = names[int(layer)]
    elif layer in names:
        name = str(layer)
    else:
        raise InputError(
            sentence(f"layer={layer!r}", listing(names, 20), nearest(str(layer), names))
        )
    if name == names[-1]:
        raise InputError(
            sentence(f"layer={name!r}, the last one", "a layer with another behind it")
        )
    try:
        inputs, hidden, output = _tensors(model, name)
        lower, upper = keras.Model(inputs, hidden), keras.Model(hidden, output)
    except (ValueError, AttributeError) as error:
        raise InputError(
            sentence(
                f"layer={name!r}, which some layers behind it bypass",
                "a layer that all of the model's computation passes through, once",
                "Name one where the branches of the model have come together.",
            )
        ) from error
    return lower, upper, name


def _tensors(model: Any, name: str) -> tuple[Any, Any, Any]:
    """Return a model's inputs, the output of a layer, and its own output."""
    if not isinstance(model, keras.Sequential):
        return model.inputs, model.get_layer(name).output, model.outputs[0]
    # The layers of a sequential model may have been called before, as in loading.
    inputs = tensor = keras.Input(
        batch_shape=model.input_shape, dtype=model.inputs[0].dtype
    )
    hidden = None
    for each in model.layers:
        tensor = each(tensor)
        hidden = tensor if each.name == name else hidden
    return inputs, hidden, tensor


def _folded_quantiles(concentration: float) -> Any:
    """Return quantiles of the smaller of m and 1 - m, m ~ Beta(a, a), ascending."""
    from scipy.stats import beta

    places = (np.arange(_QUANTILES - 1) + 0.5) / (_QUANTILES - 1)
    return beta.ppf(places / 2, concentration, concentration).astype(np.float32)


def _towards(values: Tensor, partner: Tensor, mix: Tensor) -> Tensor:
    """Return rows moved towards their partners."""
    rank = len(values.shape)
    share = ops.cast(ops.reshape(mix, (-1, *[1] * (rank - 1))), values.dtype)
    return values + share * (ops.take(values, partner, axis=0) - values)
