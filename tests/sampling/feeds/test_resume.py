# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from equipoise.errors import InputError, UnsupportedError
from equipoise.sampling import (
    Balanced,
    HardExamples,
    KerasResumeFeed,
    KerasRowLosses,
    StreamFeed,
)

X = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
Y = (np.arange(64) % 9 == 0).astype(int)
BATCH, STEPS, EPOCHS = 8, 8, 4

# Keras turns its variables into arrays by what NumPy no longer does when it saves
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")


class KilledError(Exception):
    """Stands for a kill, in this process."""


class Kill(keras.callbacks.Callback):
    """Ends a fit at an update, as nothing in Keras would."""

    def __init__(self, at, how):
        super().__init__()
        self.at, self.how = at, how

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.optimizer.iterations) == self.at and logs:
            self.how()


class Seen(keras.Model):
    """Keeps the rows of each batch that it learns from; the last column is the row."""

    def __init__(self):
        super().__init__()
        self.score = keras.layers.Dense(1, kernel_initializer="zeros")
        self.rows = []
        self(np.zeros((1, 3), np.float32))

    def call(self, x):
        return self.score(x)

    def train_step(self, data):
        self.rows.append(data[0].numpy().tolist())
        return super().train_step(data)


def model(eager=False):
    network = Seen() if eager else small()
    network.compile(
        keras.optimizers.Adam(0.05),
        keras.losses.BinaryCrossentropy(from_logits=True),
        run_eagerly=eager,
    )
    return network


def small():
    layer = keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant(0.1))
    return keras.Sequential([keras.Input((3,)), layer])


def array_feed():
    return Balanced().over(X, Y, batch=BATCH, seed=2)


def stream_feed():
    rows = list(zip(X, Y, strict=True))
    return StreamFeed(lambda: iter(rows), batch=BATCH, steps=STEPS, buffer=10, seed=2)


def hard_feed():
    return HardExamples(64, part=0.9).over(X, Y, batch=BATCH, seed=2)


def losses_of(y, scores):
    return keras.losses.binary_crossentropy(y, scores, from_logits=True)


def fit(network, folder, save_freq, *others, feed=None, epochs=EPOCHS):
    feed = feed or array_feed()
    resume = KerasResumeFeed(feed, Path(folder) / "feed.json")
    sampler = getattr(feed, "sampler", None)
    hard = isinstance(sampler, HardExamples)
    first = [KerasRowLosses(sampler, X, Y, losses_of)] if hard else []
    backup = keras.callbacks.BackupAndRestore(
        str(Path(folder) / "backup"), save_freq=save_freq
    )
    network.fit(
        resume.dataset(),
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=[*first, backup, resume, *others],
    )
    return network


def stop():
    raise KilledError


@pytest.mark.parametrize(
    ("make", "save_freq", "at", "restored"),
    [
        (array_feed, 3, 13, 12),  # within an epoch
        (array_feed, 8, 17, 16),  # Keras repeats the epoch that the last save ended
        (array_feed, "epoch", 21, 16),
        (array_feed, 5, 3, 0),  # before anything was saved
        (stream_feed, 3, 13, 12),
        (hard_feed, 3, 13, 12),
        (hard_feed, 3, 21, 21),
        (hard_feed, 8, 17, 16),
        (hard_feed, "epoch", 29, 24),
        (hard_feed, 5, 3, 0),
    ],
)
def test_the_same_batches_afterwards(tmp_path, make, save_freq, at, restored):
    whole = fit(model(True), tmp_path / "a", save_freq, feed=make())
    assert len(whole.rows) == STEPS * EPOCHS
    first, folder = model(True), tmp_path / "b"
    with pytest.raises(KilledError):
        fit(first, folder, save_freq, Kill(at, stop), feed=make())
    assert first.rows == whole.rows[:at]
    second = fit(model(True), folder, save_freq, feed=make())
    assert second.rows == whole.rows[restored:]
    assert int(second.optimizer.iterations) == STEPS * EPOCHS
    for one, other in zip(whole.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not [each for each in folder.iterdir() if each.name != "backup"]


SCRIPT = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_resume as t
folder, at = sys.argv[1], int(sys.argv[2])
kill = t.Kill(at, lambda: os.kill(os.getpid(), signal.SIGKILL))
network = t.fit(t.model(), folder, 3, kill)
t.np.savez(folder + "/weights.npz", *network.get_weights())
"""


def run(folder, at):
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder), str(at)],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_fit_that_was_killed_ends_with_the_same_weights(tmp_path):
    """SIGKILL within an epoch; Keras restores its weights, ours the feed."""
    killed = run(tmp_path, 13)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (tmp_path / "weights.npz").exists()
    again = run(tmp_path, -1)
    assert again.returncode == 0, again.stderr
    assert "ran out of data" not in again.stderr
    after = np.load(tmp_path / "weights.npz")
    whole = fit(model(), tmp_path / "whole", 3).get_weights()
    for name, expected in zip(after.files, whole, strict=True):
        np.testing.assert_array_equal(after[name], expected)


def test_epochs_are_those_of_the_feed_without_a_kill(tmp_path):
    network = fit(model(True), tmp_path, "epoch", epochs=2)
    index = [array_feed().draw(epoch).index for epoch in (0, 1)]
    np.testing.assert_array_equal(network.rows, X[np.concatenate(index)])


def test_another_feed_is_refused(tmp_path):
    with pytest.raises(KilledError):
        fit(model(), tmp_path, 3, Kill(4, stop))
    other = Balanced().over(X, Y, batch=BATCH, seed=3)
    with pytest.raises(InputError, match="a feed with seed=2"):
        fit(model(), tmp_path, 3, feed=other)


def test_a_model_that_is_not_that_of_the_file(tmp_path):
    with pytest.raises(KilledError):
        fit(model(), tmp_path, "epoch", Kill(4, stop))
    trained = model()
    trained.fit(X, Y, batch_size=4, verbose=0)
    with pytest.raises(InputError, match="16 updates of the optimizer in epoch 0"):
        fit(trained, tmp_path, "epoch")
    (tmp_path / "feed.json").unlink()
    fit(trained, tmp_path, "epoch", epochs=1)


def test_hard_examples_are_drawn_by_the_losses_of_the_epoch(tmp_path):
    network = fit(model(True), tmp_path, "epoch", feed=hard_feed())
    index = hard_feed().draw(EPOCHS - 1).index  # without losses
    assert network.rows[-STEPS:] != X[index].tolist()


def test_losses_are_kept_of_three_epochs(tmp_path):
    with pytest.raises(KilledError):
        fit(model(), tmp_path, "epoch", Kill(35, stop), feed=hard_feed(), epochs=9)
    names = {each.name for each in tmp_path.glob("feed.json.*")}
    assert names == {f"feed.json.{epoch}.npy" for epoch in (2, 3, 4)}
    (tmp_path / "feed.json.4.npy").unlink()
    with pytest.raises(InputError, match=r"weights of epoch 4.*Delete"):
        fit(model(), tmp_path, "epoch", feed=hard_feed(), epochs=9)
    (tmp_path / "feed.json").unlink()
    again = fit(model(), tmp_path, "epoch", feed=hard_feed(), epochs=9)
    assert int(again.optimizer.iterations) == 9 * STEPS


def test_a_second_fit_in_one_process_has_the_losses_of_the_first(tmp_path):
    whole = fit(model(True), tmp_path / "a", "epoch", feed=hard_feed())
    feed = hard_feed()
    with pytest.raises(KilledError):
        fit(model(True), tmp_path / "b", "epoch", Kill(13, stop), feed=feed)
    feed.sampler.update(np.arange(64), np.full(64, 5.0))
    again = fit(model(True), tmp_path / "b", "epoch", feed=feed)
    assert again.rows == whole.rows[8:]


def test_what_it_cannot_follow(tmp_path):
    endless = StreamFeed(zip(X, Y, strict=True))
    with pytest.raises(UnsupportedError, match="Pass steps="):
        KerasResumeFeed(endless, tmp_path / "feed.json")
    network = small()
    optimizer = keras.optimizers.SGD(gradient_accumulation_steps=2)
    network.compile(optimizer, "mse")
    with pytest.raises(UnsupportedError, match="accumulates gradients"):
        fit(network, tmp_path, "epoch")
    network.compile(keras.optimizers.SGD(), "mse")
    fit(network, tmp_path, "epoch", epochs=1)
