# SPDX-License-Identifier: Apache-2.0
"""One `keras.Model.fit` after another: any Keras model as an arm of a trial.

The same strategies under the same protocol as the population engine, for models
that it cannot stack. It is also the reference that the engine is tested against:
its batches are the very ones that the engine draws.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise import losses
from equipoise._core.checks import sentence
from equipoise._core.types import FloatArray
from equipoise.errors import InputError, TrainingError
from equipoise.jobs import Job, Outcome, Progress
from equipoise.learners.user_model.compiled_epochs import (
    GraphEpochs,
    flat_logits,
    trains_as_usual,
)
from equipoise.learners.user_model.input import ArrayRows
from equipoise.learners.user_model.label_loss import LabelLoss
from equipoise.networks.catalogue import network
from equipoise.networks.layout import Layout, arrange, common_layout
from equipoise.networks.spec import NetworkSpec
from equipoise.sampling.draw import Draw
from equipoise.sampling.noise import Noise
from equipoise.strategies.by_task import absence_notes, require_task
from equipoise.table.table import Table
from equipoise.training.average import average_log_odds
from equipoise.training.encoded_store import EncodedPart, encode_parts
from equipoise.training.idle import idle_in_training
from equipoise.training.members import Member, make_members
from equipoise.training.settings import TrainingSettings
from equipoise.training.stopping import stop_value

Build = Callable[[], Any]
"""Returns an uncompiled `keras.Model` whose output is one logit per row, or one for
each class or label."""


@dataclass(frozen=True, eq=False)
class KerasScorer:
    """The fitted Keras models of one job.

    Attributes:
        models: They are averaged.
        part: The encoding that they were trained on.
        correction: From raw logits to the population's log-odds.
    """

    models: tuple[Any, ...]
    part: EncodedPart
    correction: Any

    def log_odds(self, rows: Table | ArrayRows) -> FloatArray:
        """Return corrected log-odds, `[rows, width]`.

        Args:
            rows: A table, or what the models take in its place.
        """
        if isinstance(rows, ArrayRows):
            x = rows.x
        else:
            encoded = self.part.encoding.transform(rows)
            x = arrange(encoded, self.part.exact, self.part.exact).dense
        return average_log_odds(
            [wide_scores(self.correction.apply(_logits(m, x))) for m in self.models],
            self.correction.link,
        )

    def state(self) -> dict[str, Any]:
        """Return each model's weights; its architecture is the user's own code."""
        return {
            f"model_{i}": {f"weight_{j}": w for j, w in enumerate(model.get_weights())}
            for i, model in enumerate(self.models)
        }


@dataclass(frozen=True, eq=False)
class KerasLoopLearner:
    """Fits one Keras model after another.

    Attributes:
        build: Makes the user's model; None makes the plain network of `network`.
            First weights are Keras' own: pass seeded initialisers for one result
            per seed.
        x: `[rows, ...]` what the user's model takes, one entry per row of the
            table; None gives it the encoded columns, `[rows, columns]`.
        network: The plain network; its learning rate and weight decay serve the
            user's model too.
        settings: How models are trained.
        compiled: Whether an epoch is one compiled call instead of
            `keras.Model.fit`, if the model has no training step of its own.
    """

    build: Build | None = None
    x: npt.NDArray[Any] | None = None
    network: str | NetworkSpec = "small"
    settings: TrainingSettings = field(default_factory=TrainingSettings)
    compiled: bool = False

    def run(
        self,
        table: Table,
        jobs: Sequence[Job],
        *,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Yield the outcome of each job, in the order of the jobs.

        Args:
            table: The rows that all jobs index.
            jobs: What is to be fitted.
            keep: Whether each outcome carries its fitted models.
            progress: Called after each job.

        Raises:
            InputError: `x` has another number of rows than the table, or the plain
                network embeds, which a chain of dense layers does not.
            TrainingError: A model met a number that is not finite.
            UnsupportedError: Rows have weights, which a loss of pairs does not take
                here.
        """
        for job in jobs:
            require_task(job.strategy, table.task)
        spec = network(self.network)
        common = common_layout(table, spec)
        self._check(table, spec, common)
        for place, job in enumerate(jobs):
            if not _is_example(job.strategy.loss):
                job.require_no_weights(f"the {job.strategy.loss} loss in this loop")
            yield self._fit(table, job, spec, common, keep)
            if progress is not None:
                progress(f"{place + 1} of {len(jobs)} fits", (place + 1) / len(jobs))

    def _check(self, table: Table, spec: NetworkSpec, common: Layout) -> None:
        if self.x is not None and len(self.x) != len(table):
            raise InputError(
                sentence(f"{len(self.x):,} rows of x", f"{len(table):,}, as the table")
            )
        if self.x is not None and self.build is None:
            raise InputError(sentence("x without a model", "x together with build="))
        if self.build is None and (common.positions or common.embedded):
            raise InputError(
                sentence(
                    f"the network {spec.name!r} on columns that it embeds",
                    "a network of dense layers, or build=",
                    "Use NetworkLearner.",
                )
            )

    def _fit(
        self, table: Table, job: Job, spec: NetworkSpec, common: Layout, keep: bool
    ) -> Outcome:
        start = time.monotonic()
        (part,) = encode_parts(table, [job], common)
        x = self.x
        if x is None:
            x = arrange(part.encode(), part.exact, part.exact).dense
        if x.dtype.kind == "f":
            x = x.astype(self.settings.dtype, copy=False)
        fits = [
            _Fit(self, spec, member, x) for member in make_members([job], [part], spec)
        ]
        odds = [fit.run(job.scored_rows) for fit in fits]
        first = fits[0].member
        notes = () if first.neighbours is None else first.neighbours.notes
        scorer = KerasScorer(tuple(fit.model for fit in fits), part, first.correction)
        return Outcome(
            job,
            average_log_odds(odds, first.task.link),
            time.monotonic() - start,
            sum(fit.updates for fit in fits),
            round(float(np.mean([fit.best for fit in fits]))),
            scorer if keep else None,
            (
                *first.strategy.draw_notes,
                *notes,
                *absence_notes(table.task, part.totals()),
            ),
            limit=self.settings.epochs,
            idle=idle_in_training(
                [fit.member for fit in fits],
                [fit.trained for fit in fits],
                fits[0].batch,
                fits[0].steps,
            ),
        )


class _Fit:
    """One model in training."""

    def __init__(
        self,
        learner: KerasLoopLearner,
        spec: NetworkSpec,
        member: Member,
        x: npt.NDArray[Any],
    ) -> None:
        self.member, self.settings = member, learner.settings
        self.x, self.y = x, _targets(member, learner.settings.dtype)
        if learner.build is None:
            first = member
            if member.early and member.family.warm_epochs(self.settings.epochs):
                first = member.early
            self.model = plain_model(spec, x.shape[1], first, self.settings.dtype)
        else:
            self.model = learner.build()
        self._adam = (member.step_size(spec), spec.weight_decay)
        self.epochs = None
        if learner.compiled and trains_as_usual(self.model):
            self.epochs = GraphEpochs(self.model, self._optimizer())
        rows = len(member.part.train)
        self.batch = self.settings.batch_for(rows)
        self.steps = self.settings.steps_for(rows)
        self._noise_widths: FloatArray | None = None
        self.updates = self.best = 0
        self.trained = 0

    def run(self, score: npt.NDArray[np.int64]) -> FloatArray:
        """Train to the end and return the corrected log-odds of some rows.

        A warm start is a run of its own, with its own early stopping; so is a start
        without the class weights, if they are deferred. The strategy's loss goes on
        from its best weights with a fresh optimizer.
        """
        family, epochs = self.member.family, self.settings.epochs
        warm, early = family.warm_epochs(epochs), self.member.early
        ended = 0
        if warm and early is not None:
            whole, self.member = self.member, early
            ended = self._phase(family.loss, 0, warm)
            self.member = whole
        elif warm and not _is_example(family.loss):
            ended = self._phase("cross_entropy", 0, warm)
        if ended < epochs:
            self._phase(family.loss, ended, epochs)
            self.trained = max(0, self.best - ended)
        logits = self._logits(self.x[score])
        return wide_scores(self.member.correction.apply(logits))

    def _phase(self, name: str, first: int, most: int) -> int:
        """Train with one loss and leave the model at the best epoch.

        Args:
            name: The loss.
            first: How many epochs there were before.
            most: The number of the last epoch, at most.

        Returns:
            How many epochs there have been.
        """
        loss, least, weights = self._loss(name), np.inf, self.model.get_weights()
        if self.epochs is None:
            self.model.compile(self._optimizer(), loss)
        elif first:
            self.epochs.restart(self._optimizer())
        epoch = since = first
        while epoch < most and epoch - since < self.settings.patience:
            self._epoch(epoch, name, loss)
            value = self._stop_value(epoch)
            epoch += 1
            if value < least:
                least, weights = value, self.model.get_weights()
                self.best = since = epoch
        self.model.set_weights(weights)
        return epoch

    def _optimizer(self) -> Any:
        import keras

        rate, decay = self._adam
        optimizer = keras.optimizers.Adam(rate, weight_decay=decay or None)
        if decay:
            optimizer.exclude_from_weight_decay(var_names=["bias"])
        return optimizer

    def _logits(self, x: npt.NDArray[Any]) -> FloatArray:
        return _logits(self.model, x) if self.epochs is None else self.epochs.logits(x)

    def _epoch(self, epoch: int, name: str, loss: Any) -> None:
        (rows,) = self.member.rows(epoch, 1, self.batch, self.steps)
        draw = self.member.draw(rows, epoch)
        index = draw.index.ravel()
        x, y = self.x[index], self.y[index]
        if draw.partner is not None and draw.mix is not None:
            partner, mix = draw.partner.ravel(), draw.mix.ravel().astype(self.y.dtype)
            wide = mix.reshape(-1, *(1 for _ in x.shape[1:]))
            x = x + wide * (self.x[partner] - x)
            if draw.noise is not None:
                x = draw.noise.added(x, index, mix, self._deviations(draw.noise))
            share = mix if draw.share is None else draw.share.ravel()
            share = share.astype(self.y.dtype).reshape(-1, *(1 for _ in y.shape[1:]))
            y = y + share * (self.y[partner] - y)
        if draw.labels is not None:
            y = _label_targets(draw.labels.reshape(-1, draw.labels.shape[-1]), y.dtype)
        weights = None
        if self.member.task.kind == "multilabel":
            y = self._packed(draw, y, _is_example(name))
        elif _is_example(name):
            weights = self._shares(draw, self._class_weights(y))
        if self.epochs is not None:
            self.epochs.train(loss, x, y, weights, self.batch)
        else:
            self.model.fit(
                x,
                y[:, None] if y.ndim == 1 else y,
                sample_weight=weights,
                batch_size=self.batch,
                shuffle=False,
                verbose=0,
            )
        self.updates += self.steps

    def _stop_value(self, epoch: int) -> float:
        part = self.member.part
        logits = self._logits(self.x[part.stop])
        if not np.isfinite(logits).all():
            raise TrainingError(
                sentence(
                    f"a logit that is not finite from {self.member.name} after epoch "
                    f"{epoch + 1}",
                    "finite numbers throughout",
                    "Try a smaller learning rate, or milder weights.",
                )
            )
        labels = part.labels[part.stop]
        return stop_value(
            self.settings.metric,
            labels,
            logits,
            self.member.correction,
            None if part.weights is None else part.weights[part.stop],
            self.member.task,
        )

    def _class_weights(self, y: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the class weight of each example, `[steps * batch]`."""
        weights = np.asarray(self.member.weights, self.y.dtype)
        if self.member.task.kind == "binary":
            negative, positive = self.member.weights
            return np.asarray(negative + y * (positive - negative))
        return np.asarray(y @ weights)

    def _deviations(self, noise: Noise) -> FloatArray:
        """Return how wide noise is, in what the model takes, `[groups, ...]`."""
        if self._noise_widths is None:
            self._noise_widths = noise.deviations(self.x)
        return self._noise_widths

    def _packed(
        self, draw: Draw, y: npt.NDArray[Any], example: bool
    ) -> npt.NDArray[Any]:
        """Return targets and weights of labels, `[steps * batch, 2 labels]`.

        Args:
            draw: The examples.
            y: `[steps * batch, labels, 2]`: the label, and whether it is known.
            example: Whether class weights count, as they do not for a set loss.
        """
        there, labelled = y[..., 0], (y[..., 1] >= 1).astype(y.dtype)
        weights = np.ones_like(there)
        if example:
            each = np.asarray(self.member.weights, y.dtype)
            weights = each[:, 0] + there * (each[:, 1] - each[:, 0])
        rows = self._shares(draw, np.ones(len(y), y.dtype))
        return np.concatenate([there, weights * labelled * rows[:, None]], axis=1)

    def _shares(self, draw: Draw, weights: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return class weights times the examples' own, `[steps * batch]`."""
        if not self.member.weighs_rows:
            return weights
        shares = self.member.row_shares().astype(self.y.dtype)
        row_weights = shares[draw.index.ravel()]
        if draw.partner is not None and draw.mix is not None:
            mix = draw.mix.ravel().astype(self.y.dtype)
            row_weights = row_weights + mix * (
                shares[draw.partner.ravel()] - row_weights
            )
        return np.asarray(weights * row_weights)

    def _loss(self, name: str) -> Any:
        spec = losses.get(name)
        options: dict[str, Any] = {}
        if name == self.member.family.loss:
            names = self.member.family.options
            options |= zip(names, self.member.options, strict=True)
        kind = self.member.task.kind
        if kind == "multilabel":
            wide = {n: np.asarray(v, self.y.dtype) for n, v in options.items()}
            return LabelLoss(spec.kind, spec.function, wide, self.settings.dtype)
        if kind == "multiclass":
            options["link"] = "softmax"
        if spec.kind == "example":
            options["reduction"] = "sum_over_batch_size"
        return spec.keras(**options, dtype=self.settings.dtype)


def plain_model(spec: NetworkSpec, columns: int, member: Member, dtype: str) -> Any:
    """Return the network as a chain of Keras layers, with the engine's first weights.

    Args:
        spec: The network; it embeds nothing.
        columns: The number of dense columns.
        member: Whose first weights they are.
        dtype: The floating type.
    """
    import keras

    layers: list[Any] = [keras.Input((columns,), dtype=dtype)]
    for width in spec.hidden:
        layers.append(keras.layers.Dense(width, "relu", dtype=dtype))
        if spec.dropout:
            layers.append(keras.layers.Dropout(spec.dropout, dtype=dtype))
    layers.append(keras.layers.Dense(member.width, dtype=dtype))
    model = keras.Sequential(layers)
    model.set_weights(list(member.first_weights(spec, member.part.exact).values()))
    return model


def _is_example(loss: str) -> bool:
    return losses.get(loss).kind == "example"


def _logits(model: Any, x: npt.NDArray[Any]) -> FloatArray:
    logits = model.predict(x, batch_size=1024, verbose=0)
    return flat_logits(np.asarray(logits, np.float64))


def wide_scores(scores: FloatArray) -> FloatArray:
    """Return scores `[rows, width]`, also of one score per row."""
    return scores[:, None] if scores.ndim == 1 else scores


def _targets(member: Member, dtype: str) -> npt.NDArray[Any]:
    """Return what is learned of all rows: `[rows]`, or with an axis for classes.

    Of several classes `[rows, classes]` zeros and ones; of labels `[rows, labels, 2]`
    whether the label is there, and whether that is known.
    """
    labels, task = member.part.labels, member.task
    if task.kind == "multiclass":
        return np.eye(task.width, dtype=dtype)[labels]
    if task.kind == "multilabel":
        return _label_targets(labels, dtype)
    return np.asarray(labels.astype(dtype))


def _label_targets(labels: npt.NDArray[Any], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return whether labels are there and whether that is known, `[..., labels, 2]`."""
    both = np.stack([np.maximum(labels, 0), labels >= 0], axis=-1)
    return np.asarray(both, dtype)
