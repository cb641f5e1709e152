# SPDX-License-Identifier: Apache-2.0
"""The user's own network as an arm: images, texts, or anything that Keras takes."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, number, sentence
from equipoise._core.seeds import derive
from equipoise._core.types import AnyArray, FloatArray
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.heads.train import is_plain
from equipoise.jobs import (
    Job,
    Outcome,
    Progress,
)
from equipoise.learners.user_model.compiled_epochs import flat_logits
from equipoise.learners.user_model.heads import Backbones, HeadFits
from equipoise.learners.user_model.input import ArrayRows
from equipoise.learners.user_model.keras_fit import (
    Build,
    KerasLoopLearner,
    wide_scores,
)
from equipoise.networks.catalogue import network
from equipoise.priors import Correction, Link
from equipoise.strategies.by_task import require_task
from equipoise.table.table import Table
from equipoise.training.average import average_log_odds
from equipoise.training.devices import let_memory_grow
from equipoise.training.members import RECIPE_OPTIONS
from equipoise.training.settings import TrainingSettings, require_float32

SCORED_AT_ONCE = 256

PATIENCE_UPDATES = 250
"""Updates without improvement that a network of the user's is given, at least. On few
rows the usual ten epochs are 60 to 100 updates: convolutional and recurrent networks
then stop before they have begun to learn."""

LEAST_UPDATES = 10 * PATIENCE_UPDATES
"""The largest number of updates is at least this."""


@dataclass(frozen=True, eq=False)
class UserModelScorer:
    """Fitted models of the user's, and the strategy's correction.

    Attributes:
        models: Keras models; their corrected scores are averaged.
        correction: From raw logits to log-odds.
    """

    models: tuple[Any, ...]
    correction: Correction

    @property
    def width(self) -> int:
        """How many scores it gives per row."""
        return int(np.size(self.correction.offset))

    @property
    def link(self) -> Link:
        """What turns its scores into probabilities."""
        return self.correction.link

    def log_odds(self, rows: ArrayRows) -> FloatArray:
        """Return corrected log-odds, `[rows, width]`.

        Each model is traced once and called in blocks: `keras.Model.predict` takes a
        tenth of a second for one row.

        Args:
            rows: What the models take.
        """
        shape, dtype = rows.x.shape[1:], rows.x.dtype
        key = shape, dtype.name
        if key not in self._functions:
            self._functions[key] = [
                _traced(model, shape, dtype.name) for model in self.models
            ]
        return average_log_odds(
            [
                wide_scores(self.correction.apply(_logits(function, rows.x)))
                for function in self._functions[key]
            ],
            self.correction.link,
        )

    @cached_property
    def _functions(self) -> dict[tuple[tuple[int, ...], str], list[Any]]:
        """The traced models, by the shape and the type of what they take."""
        return {}

    def uncompiled(self, build: Build, row: AnyArray) -> UserModelScorer:
        """Return this scorer with models that are layers and parameters only.

        Only `keras.Model.fit`, which serves a model with a training step of its own,
        leaves an optimiser behind; it would treble the file of the model.

        Args:
            build: The user's function.
            row: `[1, ...]` what the models take.
        """

        def plain(model: Any) -> Any:
            if not model.compiled:
                return model
            with seeded(0):
                copy = build()
                copy(row, training=False)
            copy.set_weights(model.get_weights())
            return copy

        return dataclasses.replace(self, models=tuple(map(plain, self.models)))

    def state(self) -> dict[str, Any]:
        """Return the models as the bytes of `.keras` files, and the correction."""
        return {
            "models": [_file_bytes(model) for model in self.models],
            "correction": self.correction.to_dict(),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> UserModelScorer:
        """Rebuild it from `state()`; Keras' safe mode loads no code.

        A file may ask for more memory than there is: check where it comes from.
        """
        models = tuple(_from_bytes(np.asarray(data)) for data in state["models"])
        return cls(models, Correction.from_dict(state["correction"]))


@dataclass(frozen=True, eq=False)
class UserModelLearner:
    """Trains the user's own network under the protocol of a trial.

    One model after another: the same draws, weights, losses and early stopping on
    the corrected log loss of the stop rows as for every other network. Where
    nothing else seeds them, first weights and dropout follow the job's seed, so
    one seed gives one result.

    Attributes:
        build: Returns a new, uncompiled `keras.Model` with one logit per row: a
            last layer `Dense(1)` without an activation.
        x: `[rows, ...]` what the model takes, one entry per row of the table.
        settings: How it is trained. None: the usual settings, but at least
            `PATIENCE_UPDATES` without improvement before it stops.
        learning_rate: The step size of Adam, if the strategy names none.

    Raises:
        InputTypeError: `build` cannot be called, or returns no Keras model.
        InputError: What it returns cannot be trained here; the error says why.
    """

    build: Build
    x: npt.NDArray[Any]
    settings: TrainingSettings | None = None
    learning_rate: float = 1e-3

    def __post_init__(self) -> None:
        number(self.learning_rate, "learning_rate", 0, 10, open_ends=True)
        require_float32(self.settings, "a model of your own")
        let_memory_grow()
        check_build(self.build, self.x, None)

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job (see `equipoise.strategies.Learner`).

        Args:
            table: Its labels count, its columns do not.
            jobs: What is to be fitted.
            keep: Whether each outcome carries its fitted models.
            progress: Called after each job.

        Raises:
            InputError: `x` has another number of rows than the table.
            UnsupportedError: A strategy needs columns: it has another learner, or
                its synthesis measures distances; or rows have weights, which a loss
                of pairs does not take here.
            TrainingError: A model met a number that is not finite.
        """
        if table.task.width not in self._checked:
            check_build(self.build, self.x, table.task.width)
            self._checked.add(table.task.width)
        for job in jobs:
            if job.strategy.learner_record.needs_model:
                continue  # the population engine serves what this loop does not
            _check_served(job, self.x.dtype)
            if job.strategy.loss_record.kind == "set":
                who = f"the {job.strategy.loss} loss and a model of your own"
                job.require_no_weights(who)
        # Its columns, if it has any, are another view of x: nobody encodes them.
        rows = dataclasses.replace(table, columns=())
        heads = [job for job in jobs if job.strategy.learner_record.needs_model]
        if heads:
            self._backbones.keep_only(jobs)
        made: dict[int, Outcome] | None = None
        for place, job in enumerate(jobs, start=1):
            if job.strategy.learner_record.needs_model:
                require_task(job.strategy, table.task)
                if made is None:
                    plain = [job for job in jobs if is_plain(job.strategy)]
                    run = self._head_fits(rows)
                    made = run.outcomes(heads, plain=plain, keep=keep)
                yield made.pop(id(job))
            elif heads and is_plain(job.strategy):
                fit = functools.partial(self._fit, rows, keep=True)
                whole = self._backbones.plain(job, fit)
                yield self._backbones.as_arm(job, whole, keep)
            else:
                yield self._fit(rows, job, keep=keep)
            if progress is not None:
                text = f"{job.strategy.name}: fit {place} of {len(jobs)}"
                progress(text, place / len(jobs))

    @cached_property
    def _backbones(self) -> Backbones:
        """The plain networks whose heads are trained."""
        return Backbones()

    def _head_fits(self, table: Table) -> HeadFits:
        return HeadFits(
            self.x,
            table,
            self._backbones,
            functools.partial(self._fit, table, keep=True),
            _Seeded(self.build, 0, self.x[:1]),
            lambda model, correction: UserModelScorer((model,), correction),
            self.settings or TrainingSettings(),  # a last layer learns at once
        )

    @cached_property
    def _checked(self) -> set[int]:
        """The widths that the model is known to have: one, or none yet."""
        return set()

    def _fit(self, table: Table, job: Job, *, keep: bool) -> Outcome:
        loop = KerasLoopLearner(
            _Seeded(self.build, job.seed, self.x[:1]),
            self.x,
            dataclasses.replace(
                network("linear"), learning_rate=self.learning_rate, weight_decay=0.0
            ),
            self.settings or patient_settings(len(job.train_rows)),
            compiled=True,
        )
        (outcome,) = loop.run(table, [job], keep=keep)
        if not keep:
            return outcome
        fitted: Any = outcome.scorer
        scorer = UserModelScorer(fitted.models, fitted.correction)
        scorer = scorer.uncompiled(self.build, self.x[:1])
        return dataclasses.replace(outcome, scorer=scorer)


def patient_settings(rows: int) -> TrainingSettings:
    """Return the usual settings, with patience for a network that learns slowly.

    Args:
        rows: The number of training rows.

    Example:
        >>> patient_settings(200).patience, patient_settings(100_000).patience
        (36, 10)
    """
    usual = TrainingSettings()
    steps = usual.steps_for(rows)
    return dataclasses.replace(
        usual,
        patience=max(usual.patience, math.ceil(PATIENCE_UPDATES / steps)),
        epochs=max(usual.epochs, math.ceil(LEAST_UPDATES / steps)),
    )


class _Seeded:
    """A build function whose n-th model depends on the seed and n alone.

    A model without an input layer makes its weights at its first call: that is here,
    since an optimizer must know them, and what makes them is seeded too.
    """

    def __init__(self, build: Build, seed: int, row: npt.NDArray[Any]) -> None:
        self._build, self._seed, self._row, self._count = build, seed, row, 0

    def __call__(self) -> Any:
        self._count += 1
        with seeded(derive(self._seed, "own model", self._count)):
            model = self._build()
            if not model.built:
                model(self._row, training=False)
            return model


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed Python's and NumPy's global streams, and put them back afterwards.

    Keras takes the seed of an unseeded initialiser or dropout layer from Python's
    stream while the layer is made; a user's code may use NumPy's.

    Args:
        seed: Any integer from 0.

    Example:
        >>> before = random.getstate()
        >>> with seeded(7):
        ...     first = random.random()
        >>> with seeded(7):
        ...     first == random.random()
        True
        >>> random.getstate() == before
        True
    """
    python, legacy = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed % 2**32)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)


def check_build(build: Build, x: npt.NDArray[Any], width: int | None = 1) -> None:
    """Check that a build function returns a model that a trial can train.

    Args:
        build: The user's function.
        x: `[rows, ...]` what the model must take.
        width: How many logits per row it must give; None if that is not known yet.

    Raises:
        InputTypeError: `build` cannot be called, or returns no Keras model.
        InputError: The model is compiled, is the same object at each call, ends in
            an activation, does not take `x`, or does not give one number per row.
    """
    import keras

    logits = f"{width} logits" if width and width > 1 else "one logit"
    accepted = f"a function that returns a new, uncompiled keras.Model with {logits}"
    if not callable(build) or isinstance(build, keras.Model):
        raise InputTypeError(
            sentence(f"model={build!r}", accepted, "Try model=lambda: your_model().")
        )
    with seeded(0):
        model, other = build(), build()
    if not isinstance(model, keras.Model):
        raise InputTypeError(sentence(f"{model!r} from model()", accepted))
    if model is other:
        raise InputError(
            sentence(
                "the same model twice from model()",
                accepted,
                "Make the layers inside the function: each fit needs its own.",
            )
        )
    if model.compiled:
        raise InputError(
            sentence(
                "a compiled model from model()",
                accepted,
                "Leave compile() out: strategies bring losses and weights.",
            )
        )
    _check_output(model, np.asarray(x), width)


def _check_output(model: Any, x: npt.NDArray[Any], width: int | None) -> None:
    try:
        # Called, not predicted: that would compile a function for one row.
        output = model(x[:1], training=False)
    except (ValueError, TypeError) as error:
        raise InputError(
            sentence(
                f"x of shape {x.shape} and type {x.dtype}, which the model does not "
                "take",
                "",
                f"Keras says: {error}",
            )
        ) from error
    shape = getattr(output, "shape", None)
    last = tuple(shape)[-1] if shape is not None and len(shape) == 2 else 1
    outputs_needed = last if width is None else width
    fitting = ((1, 1), (1,)) if outputs_needed == 1 else ((1, outputs_needed),)
    if shape is None or tuple(shape) not in fitting:
        outputs = (
            "several outputs" if shape is None else f"outputs of shape {shape[1:]}"
        )
        several = outputs_needed > 1
        count = f"{outputs_needed} logits per row" if several else "one logit per row"
        raise InputError(
            sentence(
                f"a model with {outputs}",
                count,
                f"End it with Dense({outputs_needed}).",
            )
        )
    activation = _last_activation(model)
    if activation in ("", "linear"):  # a layer of another kind may hold one
        activation = _traced_activation(model, x)
    if activation not in ("", "linear"):
        raise InputError(
            sentence(
                f"a model that ends in {activation!r}",
                "a last layer without an activation, whose output is a logit",
                f"End it with Dense({outputs_needed}): the trial makes probabilities "
                "of logits.",
            )
        )


def _last_activation(model: Any) -> str:
    """Return the name of the activation that a model ends with; "" if none is seen."""
    layers = getattr(model, "layers", [])
    if not layers:
        return ""
    last = layers[-1]
    if getattr(last, "layers", None):
        return _last_activation(last)
    activation = getattr(last, "activation", None)
    if activation is None:
        return {"Sigmoid": "sigmoid", "Softmax": "softmax"}.get(type(last).__name__, "")
    return str(getattr(activation, "__name__", activation))


def _traced_activation(model: Any, x: npt.NDArray[Any]) -> str:
    """Return the activation that gives the model's output in its graph, or ""."""
    import tensorflow as tf

    from equipoise.metrics.keras_inputs import activation_of

    traced = tf.function(lambda rows: model(rows, training=False), autograph=False)
    rows = tf.TensorSpec([None, *x.shape[1:]], tf.as_dtype(x.dtype))
    return activation_of(traced.get_concrete_function(rows).outputs[0])


def _check_served(job: Job, dtype: npt.DTypeLike) -> None:
    strategy = job.strategy
    if not strategy.learner_record.trains_networks:
        raise UnsupportedError(
            sentence(
                f"the strategy {strategy.name!r} with a model of your own",
                "strategies with learner='network'",
                "It learns from columns; compare it on a table.",
            )
        )
    if strategy.resamples:
        raise UnsupportedError(
            sentence(
                f"the strategy {strategy.name!r} with a model of your own",
                "a Strategy with sampling=",
                "A sampler object works on the columns of a table.",
            )
        )
    named = [name for name in RECIPE_OPTIONS if strategy.option(name) is not None]
    if named:
        raise UnsupportedError(
            sentence(
                f"{listing(named)} in the strategy {strategy.name!r} with a model of "
                "your own",
                "options of the loss, the batches and learning_rate",
                "Set them where your function makes the layers.",
            )
        )
    synthesis = strategy.synthesizer()
    if synthesis is not None and synthesis.noisy:
        raise UnsupportedError(
            sentence(
                f"the strategy {strategy.name!r} with a model of your own",
                "synthesis=None or 'mixup'",
                "Put a layer such as keras.layers.GaussianNoise into the model: how "
                "wide its noise may be is for you to say.",
            )
        )
    if synthesis is not None and synthesis.fills:
        raise UnsupportedError(
            sentence(
                f"the strategy {strategy.name!r} with a model of your own",
                "synthesis=None or 'mixup'",
                "Nearest neighbours of raw arrays, as of pixels, mean little.",
            )
        )
    if strategy.synthesis is not None and np.dtype(dtype).kind != "f":
        raise UnsupportedError(
            sentence(
                f"the strategy {strategy.name!r} on x of type {dtype}",
                "floating-point x, since examples are blended",
                "Convert pixels with x.astype('float32') / 255.",
            )
        )


def _traced(model: Any, shape: tuple[int, ...], dtype: str) -> Any:
    """Return a model as one graph for any number of rows."""
    import tensorflow as tf

    traced = tf.function(lambda x: model(x, training=False))
    return traced.get_concrete_function(tf.TensorSpec([None, *shape], dtype))


def _logits(function: Any, x: AnyArray) -> FloatArray:
    import tensorflow as tf

    blocks = [
        np.asarray(function(tf.constant(x[start : start + SCORED_AT_ONCE])), np.float64)
        for start in range(0, len(x), SCORED_AT_ONCE)
    ]
    if not blocks:
        width = function.outputs[0].shape[-1] if function.outputs[0].shape.rank else 1
        return np.empty((0, width) if (width or 1) > 1 else 0)
    return np.concatenate([flat_logits(block) for block in blocks])


def _file_bytes(model: Any) -> npt.NDArray[np.uint8]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return np.frombuffer(path.read_bytes(), np.uint8)


def _from_bytes(data: npt.NDArray[np.uint8]) -> Any:
    import keras

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(data.tobytes())
        return keras.saving.load_model(path, compile=False, safe_mode=True)
