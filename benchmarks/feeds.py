# SPDX-License-Identifier: Apache-2.0
"""Balanced batches for a plain `model.fit`, in memory and in streams, against others.

Half of every batch is positive, though of the rows only one in a hundred is. Two
things are timed, side by side in one run: a bare loop over the batches, and
`model.fit` of a small network that takes them. In a loop there is nothing but the
feed. In `fit` Keras' own step is part of the time of each, so the row "one batch, no
feed" says what would be left if batches cost nothing: no ratio can be above that.
Batches are of 256, and once more of 2,048 as in TensorFlow's guide to imbalanced
data.

Then, in a bare loop, other sources: images and sequences of different lengths in
memory, and a generator that cannot be indexed, of which rare rows are repeated or
frequent ones thrown away. Each against the nearest that tf.data has.

Feeds take turns, each turn with a new iterator, and the first batches, which fill
buffers and compile, do not count. A rate is the median of the turns.

    python benchmarks/feeds.py [--rows 100000] [--columns 30] [--turns 7]
        [--quick]
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from imblearn.keras import BalancedBatchGenerator
from imblearn.over_sampling import RandomOverSampler

from equipoise.sampling import Balanced, Sequences, StreamFeed

BARS = {
    "images": 2,
    "sequences": 2,
    "stream": 50,
    "stream_once": 5,
    "sample_from_datasets": 50,
    "rejection_resample": 1000,
    "imbalanced_learn": 5,
    "best_idiom": 5,
}
SMALL, LARGE = 256, 2048

SLOW = "rejection_resample"
"""A batch of 256 takes a second: one turn is enough, and larger ones tell no more."""


@dataclass(frozen=True)
class Table:
    """A table in memory, and the batches wanted of it."""

    x: np.ndarray
    y: np.ndarray
    batch: int

    def shuffled(self, label: int) -> tf.data.Dataset:
        """Return the rows of a class without end, in an order of their own."""
        rows = np.flatnonzero(self.y == label)
        parts = tf.data.Dataset.from_tensor_slices((self.x[rows], self.y[rows]))
        return parts.shuffle(len(rows)).repeat()


def table(rows: int, columns: int, batch: int) -> Table:
    """Return normal columns; one row in a hundred is positive."""
    random = np.random.default_rng(0)
    y = np.zeros(rows, np.float32)
    y[random.choice(rows, rows // 100, replace=False)] = 1
    x = random.normal(size=(rows, columns)) + 0.5 * y[:, None]
    return Table(x.astype(np.float32), y, batch)


def dataset(data: Table) -> tf.data.Dataset:
    """Return our feed as a `tf.data.Dataset`."""
    return Balanced().over(data.x, data.y, batch=data.batch).dataset().repeat()


def sequence(data: Table) -> keras.utils.PyDataset:
    """Return our feed as a `keras.utils.PyDataset`."""
    return Balanced().over(data.x, data.y, batch=data.batch).sequence()


def sample_from_datasets(data: Table) -> tf.data.Dataset:
    """Return what TensorFlow's guide to imbalanced data builds."""
    classes = [data.shuffled(0), data.shuffled(1)]
    mixed = tf.data.Dataset.sample_from_datasets(classes, weights=[0.5, 0.5])
    return mixed.batch(data.batch).prefetch(2)


def rejection_resample(data: Table) -> tf.data.Dataset:
    """Return rows at random of which most negatives are thrown away."""
    rows = tf.data.Dataset.from_tensor_slices((data.x, data.y))
    share = float(data.y.mean())
    kept = (
        rows.shuffle(len(data.y))
        .repeat()
        .rejection_resample(
            lambda _, y: tf.cast(y, tf.int32), [0.5, 0.5], [1 - share, share]
        )
    )
    return kept.map(lambda _, row: row).batch(data.batch).prefetch(2)


def imbalanced_learn(data: Table) -> keras.utils.PyDataset:
    """Return imbalanced-learn's generator for Keras; it shuffles once."""
    return BalancedBatchGenerator(
        data.x,
        data.y,
        sampler=RandomOverSampler(random_state=0),
        batch_size=data.batch,
        random_state=0,
    )


def best_idiom(data: Table) -> tf.data.Dataset:
    """Return half a batch of each class, batched apart and joined."""
    halves = [data.shuffled(c).batch(data.batch // 2) for c in (0, 1)]

    def join(*rows: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        x, y = zip(*rows, strict=True)
        return tf.concat(x, 0), tf.concat(y, 0)

    return tf.data.Dataset.zip(*halves).map(join, tf.data.AUTOTUNE).prefetch(2)


def random_rows(data: Table) -> tf.data.Dataset:
    """Return rows drawn by random numbers, as our feed but with replacement.

    Nobody's documentation shows it. It is here to see what is left to gain.
    """
    x, y = tf.constant(data.x), tf.constant(data.y)
    classes = [tf.constant(np.flatnonzero(data.y == c)) for c in (0, 1)]

    def draw(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        halves = [
            tf.gather(rows, _below(len(rows), data.batch // 2, step, number))
            for number, rows in enumerate(classes)
        ]
        index = tf.concat(halves, 0)
        return tf.gather(x, index), tf.gather(y, index)

    return tf.data.Dataset.counter().map(draw, tf.data.AUTOTUNE).prefetch(2)


def _below(limit: int, size: int, step: tf.Tensor, number: int) -> tf.Tensor:
    seed = tf.stack([step, tf.constant(number, tf.int64)])
    return tf.random.stateless_uniform([size], seed, 0, limit, tf.int64)


def one_batch(data: Table) -> tf.data.Dataset:
    """Return the same batch again and again."""
    batch = data.x[: data.batch], data.y[: data.batch]
    return tf.data.Dataset.from_tensors(batch).repeat().prefetch(2)


OURS: dict[str, Callable[[Table], Any]] = {"dataset": dataset, "sequence": sequence}
PEERS: dict[str, Callable[[Table], Any]] = {
    make.__name__: make
    for make in (sample_from_datasets, rejection_resample, imbalanced_learn, best_idiom)
}
OTHERS: dict[str, Callable[[Table], Any]] = {
    "random_rows": random_rows,
    "one batch, no feed": one_batch,
}


class Rate:
    """Examples per second, counted from a quarter of the time on."""

    def __init__(self, batch: int, seconds: float) -> None:
        self.batch, self.seconds = batch, seconds
        self.first = self.start = self.last = 0.0
        self.count = -1

    def done(self) -> bool:
        """Count a batch; return whether there was time enough."""
        self.last = time.perf_counter()
        if not self.first:
            self.first = self.last  # what came before has filled buffers
        elif self.count < 0 and self.last - self.first >= self.seconds / 4:
            self.start, self.count = self.last, 0
        elif self.count >= 0:
            self.count += 1
        return self.count > 0 and self.last - self.start >= self.seconds

    @property
    def value(self) -> float:
        """Examples per second."""
        return self.count * self.batch / (self.last - self.start)


def looped(feed: Any, data: Table, seconds: float) -> float:
    """Return examples per second of a bare loop over the batches."""
    rate = Rate(data.batch, seconds)
    for _ in batches(feed):
        if rate.done():
            break
    return rate.value


def batches(feed: Any) -> Iterator[Any]:
    """Return the batches of a feed without end."""
    if isinstance(feed, tf.data.Dataset):
        yield from feed
    while True:
        for step in range(len(feed)):
            yield feed[step]
        feed.on_epoch_end()


class Stop(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is untyped
    """Ends the training when there was time enough."""

    def __init__(self, rate: Rate) -> None:
        super().__init__()
        self.rate = rate

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Count the batch."""
        if self.rate.done():
            self.model.stop_training = True


def fitted(feed: Any, data: Table, seconds: float) -> float:
    """Return examples per second of `model.fit` of a small network."""
    rate = Rate(data.batch, seconds)
    network = keras.Sequential(
        [
            keras.layers.Input((data.x.shape[1],)),
            keras.layers.Dense(16, "relu"),
            keras.layers.Dense(1),
        ]
    )
    network.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    network.fit(feed, epochs=10**6, verbose=0, shuffle=False, callbacks=[Stop(rate)])
    return rate.value


def compare(
    name: str, measure: Callable[..., float], data: Table, turns: int, seconds: float
) -> None:
    """Print the rates of all feeds, and the ratios of ours to the others."""
    makers = OURS | PEERS | OTHERS
    if data.batch > SMALL:
        del makers[SLOW]
    found: dict[str, list[float]] = {feed: [] for feed in makers}
    for turn in range(turns):
        for feed, make in makers.items():
            if turn == 0 or feed != SLOW:
                found[feed].append(measure(make(data), data, seconds))
    rates = {feed: float(np.median(each)) for feed, each in found.items()}
    print(f"{name}, batches of {data.batch:,}, examples per second")
    for feed, rate in rates.items():
        low, high = min(found[feed]), max(found[feed])
        print(f"  {feed:22}{rate:12,.0f}   ({low:,.0f} to {high:,.0f})")
    for feed in [peer for peer in PEERS if peer in makers]:
        ratio = rates["dataset"] / rates[feed]
        print(f"ratio {name}_{data.batch}_{feed} {ratio:.1f} bar {BARS[feed]}")
    alike = rates["sequence"] / rates["imbalanced_learn"]
    print(f"  sequence to imbalanced_learn, both a PyDataset: {alike:.1f}", flush=True)


# ---- other sources: ours and the nearest of tf.data, by name


def balanced_dataset(features: Any, y: np.ndarray, batch: int) -> tf.data.Dataset:
    """Return our feed of arrays or sequences."""
    return Balanced().over(features, y, batch=batch).dataset().repeat()


def images(batch: int) -> tuple[Any, Any]:
    """Images of 32 x 32 x 3 bytes: gathered, and by `sample_from_datasets`."""
    data = table(4_000, 1, batch)
    pixels = np.random.default_rng(1).integers(0, 255, (4_000, 32, 32, 3), np.uint8)
    wide = Table(pixels, data.y, batch)
    return (
        lambda: balanced_dataset(pixels, data.y, batch),
        lambda: sample_from_datasets(wide),
    )


def sequences(batch: int) -> tuple[Any, Any]:
    """Sequences of 1 to 60 numbers: ours, and ragged rows by `sample_from_datasets`."""
    data = table(20_000, 1, batch)
    random = np.random.default_rng(1)
    rows = [random.integers(1, 1000, n) for n in random.integers(1, 61, len(data.y))]
    ragged = tf.ragged.constant([row.tolist() for row in rows], tf.int64)

    def theirs() -> tf.data.Dataset:
        classes = []
        for label in (0, 1):
            which = np.flatnonzero(data.y == label)
            slices = tf.data.Dataset.from_tensor_slices
            parts = slices((tf.gather(ragged, which), data.y[which]))
            rows_of = parts.shuffle(len(which)).map(_dense)
            classes.append(rows_of.repeat())
        mixed = tf.data.Dataset.sample_from_datasets(classes, weights=[0.5, 0.5])
        return mixed.padded_batch(batch, ([None], [])).prefetch(2)

    return lambda: balanced_dataset(Sequences(rows), data.y, batch), theirs


def _dense(x: Any, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return tf.convert_to_tensor(x), y


def generator_of(data: Table) -> Callable[[], Iterator[Any]]:
    """Return a source of single rows without end, which cannot be indexed."""

    def rows() -> Iterator[Any]:
        while True:
            yield from zip(data.x, data.y, strict=True)

    return rows


def as_stream(data: Table) -> tf.data.Dataset:
    """Return the same source as tf.data reads it."""
    one = tf.TensorSpec(data.x.shape[1:]), tf.TensorSpec(())
    return tf.data.Dataset.from_generator(generator_of(data), output_signature=one)


def stream(batch: int) -> tuple[Any, Any]:
    """A generator, rare rows repeated: ours, and a filter for each class.

    The filters read the source twice, once for each class.
    """
    data = table(100_000, 30, batch)

    def ours() -> tf.data.Dataset:
        feed = StreamFeed(generator_of(data), batch=batch, steps=1_000)
        return feed.dataset().repeat()

    def theirs() -> tf.data.Dataset:
        classes = [
            as_stream(data)
            .filter(lambda _, y, label=label: y == label)
            .shuffle(10 if label else 1_000)  # a longer one waits for 100 times as many
            for label in (0.0, 1.0)
        ]
        mixed = tf.data.Dataset.sample_from_datasets(classes, weights=[0.5, 0.5])
        return mixed.batch(batch).prefetch(2)

    return ours, theirs


def stream_once(batch: int) -> tuple[Any, Any]:
    """A generator, frequent rows thrown away: ours, and `rejection_resample`."""
    data = table(100_000, 30, batch)
    share = float(data.y.mean())

    def ours() -> tf.data.Dataset:
        feed = StreamFeed(generator_of(data), batch=batch, steps=1_000, repeat=False)
        return feed.dataset().repeat()

    def theirs() -> tf.data.Dataset:
        kept = as_stream(data).rejection_resample(
            lambda _, y: tf.cast(y, tf.int32), [0.5, 0.5], [1 - share, share]
        )
        return kept.map(lambda _, row: row).batch(batch).prefetch(2)

    return ours, theirs


SOURCES = (images, sequences, stream, stream_once)


def compare_sources(turns: int, seconds: float) -> None:
    """Print the rates of the other sources, ours and theirs in turn."""
    print("other sources, in a loop, examples per second")
    lines = []
    for source in SOURCES:
        name, batch = source.__name__, 16 if "stream" in source.__name__ else 128
        data = table(100, 1, batch)
        ours, theirs = source(batch)
        rates: tuple[list[float], list[float]] = ([], [])
        for _ in range(turns):
            for each, make in zip(rates, (ours, theirs), strict=True):
                each.append(looped(make(), data, seconds))
        one, other = (float(np.median(each)) for each in rates)
        print(f"  {name:14}{one:12,.0f} ours {other:12,.0f} theirs")
        lines.append(f"ratio source_{name} {one / other:.1f} bar {BARS[name]}")
    print("\n".join(lines), flush=True)


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=30)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each turn")
    parser.add_argument(
        "--quick", action="store_true", help="two short turns, batches of 256"
    )
    options = parser.parse_args()
    if options.quick:
        options.rows, options.turns, options.seconds = 30_000, 2, 0.2
    for batch in (SMALL,) if options.quick else (SMALL, LARGE):
        data = table(options.rows, options.columns, batch)
        for name, measure in (("loop", looped), ("fit", fitted)):
            compare(name, measure, data, options.turns, options.seconds)
    compare_sources(1 if options.quick else 3, options.seconds)


if __name__ == "__main__":
    main()
