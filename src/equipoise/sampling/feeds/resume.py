# SPDX-License-Identifier: Apache-2.0
"""A feed that goes on where a killed `model.fit` left off."""

from __future__ import annotations

import glob
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from equipoise._core.checks import sentence
from equipoise._core.files import write_whole
from equipoise.errors import InputError, UnsupportedError
from equipoise.sampling.feeds.arrays import Feed
from equipoise.sampling.feeds.stream import StreamFeed
from equipoise.sampling.hard import HardExamples

_KEPT = 3
"""Of how many epochs the losses are kept."""


class KerasResumeFeed(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """Lets a feed go on at the batch after the last that restored weights have seen.

    `keras.callbacks.BackupAndRestore` restores weights, optimizer and epoch, but no
    iterator: after a kill within an epoch it shows the batches of that epoch
    again, on weights that have seen some of them. With this callback beside it, the
    optimizer's count of updates says how far the restored weights have come. The
    batches before are passed over without a step of training, and those after are what
    they would have been. So the final weights are those of a fit without a kill.

    In an epoch that is passed over in part, Keras' averages of loss and metrics are
    those of the rest, and the batch callbacks are called for all its batches, with
    empty logs for those that are passed over.

    `HardExamples` draws an epoch by the losses at its start. They are kept too, of the
    last three epochs, so the weights that are restored must not be older: leave
    `save_freq="epoch"`, or below the batches of an epoch. `KerasRowLosses` goes before
    `BackupAndRestore` in the list of callbacks.

    Attributes:
        feed: What is drawn from what.
        path: A small file, written at the start of each epoch and removed at the end of
            training: at how many updates each epoch began. Losses are files beside it,
            `PATH.EPOCH.npy`.

    Raises:
        UnsupportedError: The feed is a stream whose epochs have no fixed number of
            steps. When training begins: the optimizer does not count each batch.
        InputError: When training begins: the file is that of another feed, or the
            losses of the epoch are not kept.

    Example:
        >>> import tempfile, numpy as np
        >>> from equipoise.sampling import Balanced
        >>> feed = Balanced().over(np.eye(4), [0, 0, 0, 1], batch=2)
        >>> folder = Path(tempfile.mkdtemp())
        >>> resume = KerasResumeFeed(feed, folder / "feed.json")
        >>> backup = keras.callbacks.BackupAndRestore(folder / "backup", save_freq=16)
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True))
        >>> fitted = model.fit(
        ...     resume.dataset(),
        ...     epochs=2,
        ...     shuffle=False,
        ...     callbacks=[backup, resume],
        ...     verbose=0,
        ... )
        >>> int(model.optimizer.iterations)
        4
    """

    def __init__(self, feed: Feed | StreamFeed, path: str | Path) -> None:
        super().__init__()
        if feed.steps is None:
            raise UnsupportedError(
                sentence(
                    "a stream whose epochs end with their source",
                    "a stream with steps=, batches per epoch",
                    "Pass steps= to the StreamFeed.",
                )
            )
        self.feed = feed
        self.path = Path(path)
        self._steps: int = feed.steps
        sampler = feed.sampler if isinstance(feed, Feed) else None
        self._hard = sampler if isinstance(sampler, HardExamples) else None
        self._resumed = False
        self._start = 0
        self._began: dict[str, int] | None = None

    def dataset(self) -> Any:  # a tf.data.Dataset
        """Return the batches for `model.fit`, of which each pass is one epoch.

        Pass it to one `fit` together with this callback, without `steps_per_epoch`.
        """
        if isinstance(self.feed, Feed):
            from equipoise.sampling.feeds.tf_data import as_dataset

            return as_dataset(self.feed, starts=self._starts())
        return self.feed.dataset(starts=self._starts())

    def _starts(self) -> Iterator[int]:
        while True:
            yield self._start

    def on_train_begin(self, logs: Any = None) -> None:
        """Read where epochs began, if a fit was interrupted."""
        optimizer = self.model.optimizer
        scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        if scaled or getattr(optimizer, "gradient_accumulation_steps", None):
            raise UnsupportedError(
                sentence(
                    "an optimizer that accumulates gradients or scales the loss",
                    "one that counts each batch in its iterations",
                    "Leave gradient_accumulation_steps out, or train in bfloat16.",
                )
            )
        self._began, self._resumed = {}, self.path.exists()
        if self.path.exists():
            record = json.loads(self.path.read_text("utf-8"))
            self.feed.from_state(record["feed"])
            self._began = dict(record["began"])
        else:
            self._forget_losses()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Find the position that the weights have reached."""
        began = self._began
        if began is None:
            return
        updates = int(self.model.optimizer.iterations)
        before = updates - began.get(str(epoch), updates)
        if not 0 <= before <= self._steps:
            raise InputError(
                sentence(
                    f"{updates} updates of the optimizer in epoch {epoch}, which began "
                    f"at {began[str(epoch)]}",
                    f"at most {self._steps} updates more",
                    f"Delete {self.path} to start afresh.",
                )
            )
        self._start = epoch * self._steps + before
        if self._hard is not None:
            self._follow(self._hard, epoch)
        if str(epoch) not in began:
            began[str(epoch)] = updates
            record = {"feed": self.feed.state(), "began": began}
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, json.dumps(record).encode())
        if before:
            self._pass_over(before)

    def _follow(self, sampler: HardExamples, epoch: int) -> None:
        """Keep the losses of an epoch, or take back those of one that goes on."""
        place = self._losses(epoch)
        if not self._resumed:
            stream = io.BytesIO()
            np.save(stream, sampler.losses, allow_pickle=False)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(place, stream.getvalue())
            self._losses(epoch - _KEPT).unlink(missing_ok=True)
        elif place.exists():
            sampler.restore(np.load(place, allow_pickle=False))
        else:
            raise InputError(
                sentence(
                    f"weights of epoch {epoch}, whose losses are not in {place}",
                    f"weights of the last {_KEPT} epochs",
                    f"Delete {self.path} to go on without the losses.",
                )
            )
        self._resumed = False

    def _losses(self, epoch: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{epoch}.npy")

    def _forget_losses(self) -> None:
        for place in self.path.parent.glob(f"{glob.escape(self.path.name)}.*.npy"):
            place.unlink()

    def _pass_over(self, batches: int) -> None:
        """Let the first batches of the epoch go without a step of training."""
        model = self.model
        train: Callable[[Any], Any] = model.train_function
        at_once = int(getattr(model, "steps_per_execution", 1) or 1)
        left = batches // at_once

        def nothing(iterator: Any) -> dict[str, Any]:
            nonlocal left
            left -= 1
            if left <= 0:
                model.train_function = train
            return {}

        if left:
            model.train_function = nothing

    def on_train_end(self, logs: Any = None) -> None:
        """Remove the files."""
        self._began = None
        self.path.unlink(missing_ok=True)
        self._forget_losses()
