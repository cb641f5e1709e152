# SPDX-License-Identifier: Apache-2.0
"""A sampler over arrays in memory: the batches of each epoch, for any consumer."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats, require_finite_rows, unmasked
from equipoise._core.checks import integer, require_scale, sentence
from equipoise._core.types import AnyArray, FloatArray
from equipoise.errors import InputError, InputTypeError
from equipoise.priors import Correction
from equipoise.sampling.classes import Classes
from equipoise.sampling.draw import Draw
from equipoise.sampling.feeds.batch import Batch, BatchMaker, mapped
from equipoise.sampling.feeds.protocols import Draws, Mixing
from equipoise.sampling.feeds.sequences import Sequences
from equipoise.task import UNKNOWN_LABEL, label_matrix
from equipoise.weights.row_classes import row_classes

RowPart = AnyArray | Sequences
Features = RowPart | dict[str, RowPart] | tuple[RowPart, ...]

_STATE_FORMAT = 2


@dataclass(frozen=True, eq=False)
class Feed:
    """Arrays, and the rule that draws batches from them.

    Attributes:
        sampler: Which rows are drawn.
        features: One array `[rows, ...]` or `Sequences`, or a dictionary or tuple of
            them.
        labels: `[rows]` class numbers, 0 or 1 for two classes; or `[rows, labels]`.
        weights: `[rows]` example weights, or None.
        batch: Examples per batch.
        steps: Batches per epoch.
        seed: The seed of the run.
        mixing: A synthesis, or None.
        neighbours: What the synthesis has learned from the rows.
    """

    sampler: Draws
    features: Features
    labels: AnyArray
    weights: AnyArray | None
    batch: int
    steps: int
    seed: int
    mixing: Mixing | None = None
    neighbours: Any = None

    def draw(self, epoch: int) -> Draw:
        """Return the rows of an epoch, `[steps, batch]`.

        Args:
            epoch: The number of the epoch, from 0.
        """
        draw = self.sampler.draw(
            self.labels,
            batch=self.batch,
            steps=self.steps,
            seed=self.seed,
            epoch=epoch,
        )
        if self.mixing is None:
            return draw
        return self.mixing.mix(draw, self.neighbours, self.labels, self.seed, epoch)

    def parts(self) -> tuple[Any, ...]:
        """Return (features, targets) or (features, targets, weights), by row.

        Targets are `[rows]` numbers 0. and 1. of two classes. Of several classes they
        are whole numbers, or one-hot `[rows, classes]` if examples are blended; of
        labels `[rows, labels]`, NaN if one is not known.
        """
        targets = self._targets()
        weights = () if self.weights is None else (self.weights,)
        return (self.features, targets, *weights)

    def _targets(self) -> AnyArray:
        if self.labels.ndim == 2:
            labels = label_matrix(self.labels)
            hidden = labels == UNKNOWN_LABEL
            return np.where(hidden, np.float32(np.nan), labels).astype(np.float32)
        if len(self.labels) and self.labels.max() > 1:
            number, classes = row_classes(self.labels)
            if getattr(self.mixing, "soft", False):
                return np.eye(classes, dtype=np.float32)[number]
            return number.astype(np.int32)
        return self.labels.astype(np.float32)

    @property
    def prior(self) -> FloatArray | None:
        """The share of each class, or label, among the drawn examples.

        `[classes]`, or `[labels]`; None if the sampler has no `rates`. That of a
        sampler whose shares change is the last, and of labels the share before weights.
        """
        if not hasattr(self.sampler, "rates"):
            return None
        rates = np.asarray(self.sampler.rates(self.labels), np.float64)
        if self.labels.ndim == 2:
            there = label_matrix(self.labels) == 1
            return np.asarray(rates @ there / len(rates))
        number, classes = row_classes(self.labels)
        return np.bincount(number, rates, classes) / len(rates)

    def correction(self) -> Correction:
        """Return how scores learned on the batches become the population's.

        Exact for a loss whose minimiser is the log-odds, or of kind "calibrate" with
        the reason.

        Raises:
            InputError: The sampler is not one of Equipoise's and has no correction.
        """
        if not hasattr(self.sampler, "correction"):
            raise InputError(
                sentence(
                    f"the sampler {self.sampler!r}",
                    "a sampler with correction(labels), as equipoise.sampling.Sampler",
                )
            )
        correction: Correction = self.sampler.correction(self.labels)
        if self.mixing is None or correction.kind == "calibrate":
            return correction
        reason = "a synthesis puts examples between the rows"
        return replace(correction, kind="calibrate", reason=reason)

    def batches(
        self, first_epoch: int = 0, first_step: int = 0, *, epochs: int = 1
    ) -> Iterator[Batch]:
        """Yield batches with their row numbers and prior, for loops of your own.

        Args:
            first_epoch: The first epoch, from 0.
            first_step: The first batch in it, from 0 to below `steps`.
            epochs: How many epochs; of the first only what is left of it.

        Example:
            >>> from equipoise.sampling import Balanced
            >>> feed = Balanced().over(np.eye(4), [0, 0, 0, 1], batch=2, steps=3)
            >>> batch = list(feed.batches(first_step=2))[0]
            >>> batch.step, batch.targets.tolist(), batch.prior.tolist()
            (2, [1.0, 0.0], [0.5, 0.5])
            >>> batch.rows[0].item()
            3
        """
        epoch, step = self._position(first_epoch, first_step)
        prior, maker = self.prior, BatchMaker(self.parts())
        for number in range(epoch, epoch + integer(epochs, "epochs", 0)):
            draw = self.draw(number)
            for place in range(step if number == epoch else 0, self.steps):
                features, targets, *weights = maker.make(draw, place)
                yield Batch(
                    features,
                    targets,
                    weights[0] if weights else None,
                    draw.index[place],
                    number,
                    place,
                    prior,
                    None if draw.partner is None else draw.partner[place],
                    None if draw.mix is None else draw.mix[place],
                )

    def state(self, epoch: int = 0, step: int = 0) -> dict[str, int | str]:
        """Return plain numbers from which a later process goes on.

        A draw depends on its arguments only, so that a position is all there is to
        keep. The other numbers serve to tell whether the feed is the same.

        Args:
            epoch: The epoch of the next batch, from 0.
            step: Its number in the epoch, from 0 to below `steps`.

        Example:
            >>> from equipoise.sampling import Balanced
            >>> feed = Balanced().over(np.eye(4), [0, 0, 0, 1], batch=2, steps=3)
            >>> feed.from_state(feed.state(epoch=5, step=2))
            (5, 2)
        """
        epoch, step = self._position(epoch, step)
        return {**self._identity(), "epoch": epoch, "step": step}

    def from_state(self, state: Mapping[str, Any]) -> tuple[int, int]:
        """Return the epoch and the step of a state, for `dataset` and `batches`.

        Args:
            state: What `state` of such a feed returned.

        Raises:
            InputError: It is the state of another feed, or none.
        """
        expected = {**self._identity(), "epoch": 0, "step": 0}
        for name, value in expected.items():
            if name not in state:
                raise InputError(
                    sentence(f"a state without {name!r}", "what Feed.state() returns")
                )
            if name not in ("epoch", "step") and state[name] != value:
                raise InputError(
                    sentence(
                        f"the state of a feed with {name}={state[name]!r}",
                        f"that of this feed, with {name}={value!r}",
                        "Make the feed as it was, or start without the state.",
                    )
                )
        return self._position(state["epoch"], state["step"])

    def _identity(self) -> dict[str, int | str]:
        labels = np.ascontiguousarray(self.parts()[1])
        groups = getattr(self.sampler, "groups", None)  # those of GroupBalanced
        groups = groups.tobytes() if isinstance(groups, np.ndarray) else b""
        return {
            "format": _STATE_FORMAT,
            "sampler": _shown(self.sampler),
            "synthesis": _shown(self.mixing),
            "rows": len(self.labels),
            "labels": zlib.crc32(labels.tobytes()),
            "groups": zlib.crc32(groups),
            "batch": self.batch,
            "steps": self.steps,
            "seed": self.seed,
        }

    def _position(self, epoch: int, step: int) -> tuple[int, int]:
        return (
            integer(epoch, "first_epoch", 0),
            integer(step, "first_step", 0, self.steps - 1),
        )

    def dataset(  # a tf.data.Dataset
        self, first_epoch: int = 0, first_step: int = 0, *, rows: bool = False
    ) -> Any:
        """Return the batches as a `tf.data.Dataset`.

        One pass is one epoch of `steps` batches. Each new pass goes on to the next
        epoch, so `model.fit(feed.dataset(), epochs=10)` sees ten different draws. With
        a first step, each pass is still of `steps` batches, from that step on to the
        one before it in the next epoch.

        Args:
            first_epoch: The epoch of the first pass, from 0.
            first_step: The batch that it begins with, from 0 to below `steps`.
            rows: Whether row numbers follow as a fourth part, `[batch]` int32, after
                weights that are 1 if there are none. For loops of your own: `fit` takes
                three parts at most.
        """
        from equipoise.sampling.feeds.tf_data import as_dataset

        return as_dataset(self, *self._position(first_epoch, first_step), rows=rows)

    def sequence(  # a keras.utils.PyDataset
        self, first_epoch: int = 0, first_step: int = 0
    ) -> Any:
        """Return the batches as a `keras.utils.PyDataset`, for any backend of Keras.

        An epoch of `fit` is one pass of `steps` batches. Pass it without
        `steps_per_epoch`, which `dataset` takes: Keras says only when its own epochs
        end, and what is left of a pass would come from another draw.

        Args:
            first_epoch: The epoch that training starts with, from 0.
            first_step: The batch that it starts with, as in `dataset`.
        """
        from equipoise.sampling.feeds.keras import Batches

        return Batches(self, *self._position(first_epoch, first_step))


def _shown(piece: Any) -> str:
    """Return what an object is, alike in every process."""
    if repr(piece) == object.__repr__(piece):  # that has an address in it
        return f"{type(piece).__module__}.{type(piece).__qualname__}"
    return repr(piece)


def feed_from(
    sampler: Draws,
    features: npt.ArrayLike | Mapping[str, npt.ArrayLike] | tuple[Any, ...],
    labels: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    batch: int = 256,
    steps: int | None = None,
    seed: int = 0,
    synthesis: Mixing | None = None,
) -> Feed:
    """Check the arrays and prepare the synthesis.

    Args:
        sampler: Which rows are drawn.
        features: One array `[rows, ...]`, or a dictionary or tuple of such arrays. In
            place of an array `Sequences`, or a list of sequences of different lengths.
        labels: `[rows]` class numbers, 0 or 1 for two classes; or `[rows, labels]` 1,
            0, and NaN or -1 if a label is not known.
        weights: `[rows]` example weights, at least 0. The rows of a label matrix that
            a sampler draws at other shares also weigh one over the rate at which they
            are drawn, so that a model learns the shares among all rows.
        batch: Examples per batch, at least 1.
        steps: Batches per epoch; by default ceil(rows / batch).
        seed: The seed of the run.
        synthesis: Puts examples between the drawn ones, as `Smote` or `Mixup` do;
            for one array of finite numbers `[rows, columns]`.

    Raises:
        InputTypeError: A number is not an integer, or a name stands in place of a
            sampler or a synthesis.
        InputError: The arrays differ in length, a label is no class number, a weight
            is negative or not finite, or a synthesis is given for features that are
            not one array of numbers.
        UnsupportedError: The sampler or the synthesis does not serve such labels.

    Example:
        >>> from equipoise.sampling import Balanced
        >>> x, y = np.arange(200.0).reshape(100, 2), np.arange(100) < 5
        >>> feed = feed_from(Balanced(), x, y, batch=10)
        >>> feed.steps, feed.draw(epoch=0).targets(y).sum(axis=1).tolist()[:3]
        (10, [5.0, 5.0, 5.0])
    """
    for piece, what, one in (
        (sampler, "sampler", "make_sampler('balanced')"),
        (synthesis, "synthesis", "make_synthesis('smote')"),
    ):
        if isinstance(piece, str | type):
            raise InputTypeError(
                sentence(f"{what}={piece!r}", f"an object, for example {one}")
            )
    y = np.asarray(unmasked(labels, "labels"))
    Classes.of(y)  # refuses labels that are no classes
    feed = Feed(
        sampler,
        _features(features),
        y,
        _row_weights(sampler, y, weights),
        integer(batch, "batch", 1),
        steps_per_epoch(len(y), batch) if steps is None else integer(steps, "steps", 1),
        integer(seed, "seed"),
    )
    _check_lengths(feed)
    return feed if synthesis is None else _with_synthesis(feed, synthesis)


def _with_synthesis(feed: Feed, synthesis: Mixing) -> Feed:
    x = feed.features
    if not isinstance(x, np.ndarray) or x.ndim != 2 or x.dtype.kind not in "biuf":
        raise InputError(
            sentence(
                "a synthesis for features that are not one table of numbers",
                "one array [rows, columns]",
                "Encode the features first, or leave the synthesis out.",
            )
        )
    require_finite_rows(x, "features for a synthesis")
    x = x if x.dtype.kind == "f" else x.astype(np.float32)
    learned = synthesis.prepare(x, None, feed.labels, feed.seed)
    return replace(feed, features=x, mixing=synthesis, neighbours=learned)


def _check_lengths(feed: Feed) -> None:
    lengths = {len(array) for array in _arrays(feed.features)}
    lengths |= set() if feed.weights is None else {len(feed.weights)}
    if lengths != {len(feed.labels)}:
        raise InputError(
            sentence(
                f"{len(feed.labels):,} labels and arrays of {sorted(lengths)} rows",
                "arrays with as many rows as labels",
                "Pass several inputs as a tuple or a dictionary of arrays."
                if len(feed.labels) not in lengths
                else "",
            )
        )


def _arrays(features: Features) -> tuple[RowPart, ...]:
    if isinstance(features, dict):
        return tuple(features.values())
    return features if isinstance(features, tuple) else (features,)


def _features(features: Any) -> Features:
    if isinstance(features, Mapping):
        features = {str(name): array for name, array in features.items()}
    made: Features = mapped(_part, features)
    return made


def _part(values: Any) -> RowPart:
    """Return rows as an array, or as sequences if they differ in length."""
    if isinstance(values, Sequences):
        return values
    if isinstance(values, list) and len({np.shape(row)[:1] for row in values}) > 1:
        return Sequences(values)
    try:
        array = np.asarray(unmasked(values, "features"))
    except ValueError as error:  # NumPy's, of arrays that differ in shape
        raise InputError(
            sentence(
                "features that are arrays of different shapes",
                "one array [rows, ...], or rows that differ in their first axis only",
                "Pass several inputs as a tuple or a dictionary of arrays.",
            )
        ) from error
    if not array.ndim:  # a generator is a single object to NumPy
        raise InputTypeError(
            sentence(
                f"features of type {type(values).__name__}",
                "arrays with one row for each label; StreamFeed takes a generator",
            )
        )
    return array


def _row_weights(
    sampler: Draws, labels: AnyArray, weights: npt.ArrayLike | None
) -> AnyArray | None:
    """Return what rows weigh: as the user says, times what makes up for the draws."""
    each = None if weights is None else finite_weights(weights)
    if labels.ndim != 2 or not hasattr(sampler, "importance"):
        return each
    importance = np.asarray(sampler.importance(labels), np.float32)
    if (np.abs(importance - 1) < 1e-6).all():
        return each
    return importance if each is None else each * importance


def finite_weights(weights: npt.ArrayLike) -> AnyArray:
    """Return weights of examples as float32.

    Args:
        weights: `[rows]` at least 0, the largest from 1e-30 to 1e30.

    Raises:
        InputTypeError: A weight is not a number.
        InputError: They are not `[rows]`, or one is negative or out of range.

    Example:
        >>> finite_weights([1, 0.5]).tolist()
        [1.0, 0.5]
    """
    values = floats(weights, "weights")
    if values.ndim != 1 or not (np.isfinite(values) & (values >= 0)).all():
        raise InputError(
            sentence(
                f"weights of shape {values.shape}, some negative or not finite",
                "one finite weight of at least 0 for each row",
            )
        )
    largest = float(values.max(initial=0.0))
    require_scale(largest, f"weights up to {largest:g}")
    return values.astype(np.float32)


def steps_per_epoch(rows: int, batch: int) -> int:
    """Return ceil(rows / batch): every row is reached in about one epoch.

    Args:
        rows: The number of training rows, at least 1.
        batch: Examples per batch, at least 1.

    Raises:
        InputTypeError: A number is not an integer.
        InputError: A number is below 1.

    Example:
        >>> steps_per_epoch(50, 64), steps_per_epoch(129, 64)
        (1, 3)
    """
    return -(-integer(rows, "rows", 1) // integer(batch, "batch", 1))
