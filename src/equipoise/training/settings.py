# SPDX-License-Identifier: Apache-2.0
"""How networks are trained: the same numbers for every arm of a trial."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from equipoise._core.checks import integer, number, one_of, sentence
from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.metrics.registry import METRICS

LANES = 16
"""Batches are multiples of this many examples. Exponentials and logarithms round
differently in the body and in the tail of a vector loop (measured: 15 of 1,500
values of `tf.exp` differ); with whole vectors no member is ever in a tail, so its
place among the others does not matter."""

ROWS_AHEAD = 1 << 16
"""How many rows of each network are drawn at once, about."""

MOST_STEPS = 30
"""Where the batch is not given, it doubles while a pass would take more updates."""

MOST_UPDATES = 200
"""Updates between two looks at the stop rows, at most. On a large table a pass is
several looks, so patience is a bounded number of updates, not of passes: 145,000 rows
would else train for thousands of updates after their best one."""

MOST_BATCH = 256
LEAST_BATCH = 32


PRECISIONS = ("float32", "bfloat16")
"""Of the products of hidden layers while a network is trained."""

_LATER = ("fewer_rows", "precision")
"""Settings that early records lack."""


@dataclass(frozen=True)
class TrainingSettings:
    """The numbers of a training run.

    Attributes:
        batch: Examples per update, a multiple of 16; None chooses by the number of
            training rows: 32 to 256, doubling while a pass takes over 30 updates.
        epochs: The largest number of epochs. An epoch is a pass over as many examples
            as there are training rows, or `updates` of a longer pass.
        patience: Epochs without improvement on the stop rows, after which a
            network is done and returns to its best epoch.
        metric: What the stop rows decide by: "log_loss" of the corrected scores,
            or a metric of the kinds "ranking" and "probability".
        memory_limit: Bytes that one group of networks may take, roughly. More are
            trained group by group. It is a number, never the free memory, so that
            a rerun groups alike.
        dtype: "float32", or "float64" for comparisons.
        save_every: Seconds between checkpoints, if there are any.
        updates: Updates per epoch, at most.
        fewer_rows: Whether fits learn from a share of the largest class if there are
            more than 32,000 training rows, see `trials.fewer_rows`: those of networks,
            and of linear models and randomised trees beside them.
        precision: "float32"; or "bfloat16" to round the factors and the results of the
            products of hidden layers to 8 bits in training, also those of their
            gradients; biases, their gradients and the last layer are not. It is faster
            on processors that have units for it and slower on others. Weights, Adam's
            moments, the losses and all scores stay in float32. Scores differ a little
            from those of "float32", and are the same bits each time.

    Raises:
        InputTypeError: A value has the wrong type.
        InputError: A value is out of range.

    Example:
        >>> TrainingSettings().batch_for(2_000), TrainingSettings().batch_for(90_000)
        (128, 256)
    """

    batch: int | None = None
    epochs: int = 100
    patience: int = 10
    metric: str = "log_loss"
    memory_limit: int = 4 * 2**30
    dtype: str = "float32"
    save_every: float = 30.0
    updates: int = MOST_UPDATES
    fewer_rows: bool = True
    precision: str = "float32"

    def __post_init__(self) -> None:
        if self.batch is not None and integer(self.batch, "batch", LANES) % LANES:
            raise InputError(
                sentence(
                    f"batch={self.batch}",
                    f"a multiple of {LANES}",
                    f"Try batch={-(-self.batch // LANES) * LANES}.",
                )
            )
        integer(self.epochs, "epochs", 1, 1_000_000)
        integer(self.patience, "patience", 1)
        one_of(self.metric, stop_metrics(), "metric")
        integer(self.memory_limit, "memory_limit", 2**20)
        one_of(self.dtype, ("float32", "float64"), "dtype")
        number(self.save_every, "save_every", 0)
        integer(self.updates, "updates", 1)
        if not isinstance(self.fewer_rows, bool):
            raise InputTypeError(
                sentence(f"fewer_rows={self.fewer_rows!r}", "True or False")
            )
        one_of(self.precision, PRECISIONS, "precision")
        if self.precision != "float32" and self.dtype != "float32":
            raise InputError(
                sentence(
                    f"precision={self.precision!r} and dtype={self.dtype!r}",
                    "dtype='float32' with it",
                    "Leave one of them out.",
                )
            )

    def __repr__(self) -> str:
        """Leave out what was added later if it is as usual: keys of searches hold this.

        Example:
            >>> "fewer_rows" in repr(TrainingSettings())
            False
        """
        values = ", ".join(
            f"{name}={getattr(self, name)!r}" for name in self._recorded()
        )
        return f"TrainingSettings({values})"

    def _recorded(self) -> list[str]:
        """Return the names of the fields without the later ones that are as usual."""
        return [
            field.name
            for field in dataclasses.fields(self)
            if field.name not in _LATER or getattr(self, field.name) != field.default
        ]

    def batch_for(self, rows: int) -> int:
        """Return the examples per update for so many training rows."""
        if self.batch is not None:
            return self.batch
        size = LEAST_BATCH
        while size < MOST_BATCH and rows >= size * MOST_STEPS:
            size *= 2
        return size

    def steps_for(self, rows: int) -> int:
        """Return the updates per epoch for so many training rows.

        Example:
            >>> settings = TrainingSettings()
            >>> settings.steps_for(2_000), settings.steps_for(90_000)
            (16, 200)
        """
        return min(self.updates, -(-rows // self.batch_for(rows)))

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain data.

        What was added later is named only if it is not as usual, so that records of
        earlier versions stay as they are.

        Example:
            >>> "fewer_rows" in TrainingSettings().to_dict()
            False
        """
        return {name: getattr(self, name) for name in self._recorded()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainingSettings:
        """Rebuild settings from `to_dict`."""
        return cls(**values)


def with_precision(
    training: TrainingSettings | None, precision: str | None
) -> TrainingSettings | None:
    """Return settings with a precision of products.

    Args:
        training: How networks are trained; None for the usual settings.
        precision: "float32" or "bfloat16"; None for that of `training`.

    Returns:
        None if everything is as usual and nothing else was passed.

    Raises:
        InputError: The name is unknown, or the settings have another `dtype`.

    Example:
        >>> with_precision(None, "float32") is None
        True
        >>> with_precision(None, "bfloat16").precision
        'bfloat16'
    """
    if precision is None:
        return training
    usual = TrainingSettings()
    one_of(precision, PRECISIONS, "precision")
    if training is None and precision == usual.precision:
        return None
    return dataclasses.replace(training or usual, precision=precision)


def require_float32(training: TrainingSettings | None, who: str) -> None:
    """Refuse products in bfloat16 for what has none of hidden layers.

    Args:
        training: How networks are trained; None for the usual settings.
        who: What is trained, for the message.

    Raises:
        UnsupportedError: The precision is not float32.
    """
    if training is not None and training.precision != "float32":
        raise UnsupportedError(
            sentence(
                f"precision={training.precision!r} with {who}",
                "the networks 'default' and 'small'",
                "Leave precision out.",
            )
        )


def stop_metrics() -> list[str]:
    """Return the names of the metrics that stop rows can decide by.

    Example:
        >>> "average_precision" in stop_metrics()
        True
    """
    return [
        name
        for name, entry in METRICS.items()
        if entry.kind in ("ranking", "probability")
    ]
