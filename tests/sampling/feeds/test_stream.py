# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError, UnsupportedError
from equipoise.sampling import StreamFeed
from equipoise.sampling.classes import interleaved_numbers

RANDOM = np.random.default_rng(0)
Y = (RANDOM.random(3000) < 0.02).astype(int)
X = np.stack([np.arange(3000), Y], axis=1).astype(np.float32)


class Source:
    """Counts how often it is opened and how many rows are read."""

    def __init__(self, labels=Y, features=X):
        self.labels, self.features = labels, features
        self.opened = self.read = 0

    def __call__(self):
        self.opened += 1
        for row in zip(self.features, self.labels, strict=True):
            self.read += 1
            yield row


def test_every_frequent_row_once_and_rare_ones_again():
    source = Source()
    feed = StreamFeed(source, batch=32, buffer=200)
    batches = list(feed.batches())
    assert (source.opened, source.read) == (1, 3000)
    assert all(batch.targets.sum() == 16 for batch in batches)
    rows = np.concatenate([batch.rows for batch in batches])
    np.testing.assert_array_equal(
        np.concatenate([batch.features for batch in batches]), X[rows]
    )
    counts = np.bincount(rows, minlength=3000)
    negatives = counts[Y == 0]
    assert negatives.min() == 1
    assert negatives.sum() - len(negatives) < 16  # the last batch is filled up
    assert counts[Y == 1].min() >= 1
    assert feed.counts.seen.tolist() == np.bincount(Y).tolist()
    assert feed.counts.shown.tolist() == [16 * len(batches)] * 2
    assert feed.counts.repeated[1] == 16 * len(batches) - Y.sum()
    assert feed.counts.thrown_away.tolist() == [0, 0]
    assert feed.counts.held == 200 + Y.sum()
    assert feed.prior.tolist() == [0.5, 0.5]


def test_without_repeats_rows_are_thrown_away():
    source = Source()
    feed = StreamFeed(source, batch=8, buffer=50, repeat=False)
    rows = np.concatenate([batch.rows for batch in feed.batches()])
    assert source.read == 3000
    assert len(np.unique(rows)) == len(rows)
    assert feed.counts.repeated.tolist() == [0, 0]
    shown = int(feed.counts.shown[1])
    assert Y.sum() - 4 < shown <= Y.sum()
    thrown_away = np.bincount(np.delete(Y, rows), minlength=2)
    assert feed.counts.thrown_away.tolist() == thrown_away.tolist()
    assert (feed.counts.seen == feed.counts.shown + feed.counts.thrown_away).all()
    assert 50 <= feed.counts.held <= 100


@pytest.mark.parametrize("shares", [[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
def test_several_classes_have_their_shares(shares):
    labels = RANDOM.choice(3, 4000, p=[0.8, 0.15, 0.05])
    feed = StreamFeed(
        Source(labels, np.arange(4000)), shares, classes=3, batch=40, buffer=100
    )
    batches = list(feed.batches())
    for batch in batches:
        assert batch.targets.dtype == np.int32
        counts = np.bincount(batch.targets, minlength=3)
        assert np.abs(counts - 40 * np.array(shares)).max() <= 3
        np.testing.assert_array_equal(labels[batch.rows], batch.targets)
    seen = np.bincount(np.concatenate([b.rows for b in batches]), minlength=4000)
    assert seen.min() >= 1
    correction = feed.correction()
    rates = np.array(shares) / (feed.counts.seen / 4000)
    np.testing.assert_allclose(correction.offset, -np.log(rates / rates[0]), atol=1e-5)


def test_rows_are_shuffled_as_far_as_the_buffer_reaches():
    feed = StreamFeed(Source(), batch=32, buffer=300)
    rows = np.concatenate([b.rows[b.targets == 0] for b in feed.batches()])
    place = np.argsort(np.argsort(rows[: len(Y) - Y.sum()]))
    moved = np.abs(place - np.arange(len(place)))
    assert np.median(moved) > 50
    other = StreamFeed(Source(), batch=32, buffer=300, seed=1)
    assert (next(other.batches()).rows != next(feed.batches()).rows).any()


def test_an_epoch_is_another_order_and_can_be_made_again():
    feed = StreamFeed(Source(), batch=32, buffer=300)
    epochs = [[b.rows.tolist() for b in feed.batches(e)] for e in (0, 1, 1)]
    assert epochs[0] != epochs[1]
    assert epochs[1] == epochs[2]
    later = [b.rows.tolist() for b in feed.batches(1, 5)]
    assert later == epochs[1][5:]


def test_steps_make_epochs_of_one_endless_stream():
    source = Source()
    feed = StreamFeed(source, batch=32, steps=60, buffer=300)
    batches = list(itertools.islice(feed.batches(), 400))
    assert [(b.epoch, b.step) for b in batches[59:61]] == [(0, 59), (1, 0)]
    negatives = np.concatenate([b.rows[b.targets == 0] for b in batches])
    counts = np.bincount(negatives, minlength=3000)[Y == 0]
    assert counts.max() - counts.min() <= 2
    assert source.opened == 3
    later = list(itertools.islice(feed.batches(2, 7), 5))
    for one, other in zip(later, batches[127:], strict=False):
        np.testing.assert_array_equal(one.rows, other.rows)
    dataset = feed.dataset(rows=True)
    assert int(dataset.cardinality()) == 60
    rows = [r.numpy() for _ in range(2) for *_, r in dataset]
    np.testing.assert_array_equal(rows, [b.rows for b in batches[:120]])


def test_a_pass_that_is_broken_off_does_no_harm():
    feed = StreamFeed(Source(), batch=32, steps=10, buffer=50)
    batches = list(itertools.islice(feed.batches(), 20))
    dataset = feed.dataset(rows=True)
    next(iter(dataset))
    rows = [r.numpy() for *_, r in dataset]
    np.testing.assert_array_equal(rows, [b.rows for b in batches[10:20]])


def test_a_data_set_of_tensorflow_is_a_source():
    import tensorflow as tf

    parts = {"a": X, "b": X[:, :1]}
    weights = np.arange(3000, dtype=np.float32)
    dataset = tf.data.Dataset.from_tensor_slices((parts, Y, weights))
    feed = StreamFeed(dataset, batch=32, buffer=100)
    for batch in itertools.islice(feed.batches(), 5):
        np.testing.assert_array_equal(batch.features["a"], X[batch.rows])
        np.testing.assert_array_equal(batch.weights, batch.rows)
    batched = StreamFeed(dataset.batch(70), batch=32, buffer=100, batched=True)
    for one, other in zip(feed.batches(), batched.batches(), strict=True):
        np.testing.assert_array_equal(one.rows, other.rows)
        np.testing.assert_array_equal(one.features["b"], other.features["b"])
    features, targets, back = next(iter(feed.dataset()))
    assert features["a"].shape == (32, 2)
    assert float(tf.reduce_sum(targets)) == 16
    np.testing.assert_array_equal(features["a"][:, 0], back)


def test_fit_takes_it_and_learns():
    import keras

    keras.utils.set_random_seed(1)
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    network.compile(
        keras.optimizers.Adam(0.05), keras.losses.BinaryCrossentropy(from_logits=True)
    )
    source = Source(features=X / [3000, 1])
    data = StreamFeed(source, batch=32, steps=50, buffer=100).dataset()
    history = network.fit(data, epochs=3, verbose=0, shuffle=False).history
    assert history["loss"][2] < history["loss"][0]
    assert int(network.optimizer.iterations) == 150


def test_a_generator_is_read_once():
    feed = StreamFeed(iter(Source()()), batch=32, buffer=100)
    data = feed.dataset()
    assert sum(1 for _ in data) > 100
    with pytest.raises(InputError, match="Pass a function"):
        next(feed.batches())


def test_sequences_are_padded():
    rows = [(np.arange(1, 2 + n % 4), n % 2) for n in range(40)]
    feed = StreamFeed(lambda: iter(rows), batch=4, buffer=8, sequences=True)
    for batch, (features, _) in zip(feed.batches(), feed.dataset(), strict=True):
        longest = max(len(rows[n][0]) for n in batch.rows)
        assert batch.features.shape == (4, longest)
        np.testing.assert_array_equal(features, batch.features)


def test_states():
    feed = StreamFeed(Source(), batch=32, steps=10)
    assert feed.from_state(feed.state(3, 4)) == (3, 4)
    with pytest.raises(InputError, match="another feed"):
        StreamFeed(Source(), batch=16, steps=10).from_state(feed.state())


def test_places_are_those_of_the_stream():
    numbers = interleaved_numbers([5, 3, 0, 2], 0, 1000)
    assert np.bincount(numbers).tolist() == [500, 300, 0, 200]
    np.testing.assert_array_equal(
        interleaved_numbers([5, 3, 0, 2], 333, 50), numbers[333:383]
    )


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"batch": 0}, InputError, "batch=0"),
        ({"steps": 0}, InputError, "steps=0"),
        ({"buffer": 1.5}, InputTypeError, "buffer"),
        ({"classes": 1}, InputError, "classes=1"),
        ({"proportions": "natural"}, InputError, "for a stream"),
        ({"proportions": {1: 0.5}}, InputError, "a share for each class"),
    ],
)
def test_what_is_refused(options, error, words):
    with pytest.raises(error, match=words):
        StreamFeed(Source(), **options)


@pytest.mark.parametrize(
    ("rows", "error", "words"),
    [
        ([], InputError, "a source of no rows"),
        ([(1.0, 0)] * 5, InputError, "without rows of class 1"),
        ([(1.0, 2)], InputError, "the label 2"),
        ([(1.0, 0.5)], InputError, r"the label 0\.5"),
        ([(1.0, [0, 1])], UnsupportedError, "one class number for each row"),
    ],
)
def test_rows_that_are_refused(rows, error, words):
    for steps in (None, 3):
        with pytest.raises(error, match=words):
            list(StreamFeed(lambda: iter(rows), batch=2, steps=steps).batches())


def test_shares_that_are_not_known_yet():
    with pytest.raises(InputError, match="Pass population="):
        StreamFeed(Source()).correction()
    offset = StreamFeed(Source()).correction([0.9, 0.1]).offset
    assert offset == pytest.approx((np.log(1 / 9),))
    with pytest.raises(InputError, match="a source of no rows"):
        StreamFeed(list).dataset()


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ([(X[0], "a")], InputTypeError, r"the label .*'a'.*class numbers from 0 to 1"),
        (list(X), InputTypeError, "a row of type ndarray"),
        ([(X[0],)], InputTypeError, "a row of type tuple of length 1"),
        (5, InputTypeError, "source=5. Accepted: rows, or a function"),
        ([(X[:4], Y[:4])], UnsupportedError, "or batched=True for batches"),
    ],
)
def test_sources_that_are_no_rows(source, error, words):
    with pytest.raises(error, match=words):
        list(StreamFeed(source, batch=4).batches())


@pytest.mark.parametrize("steps", [None, 20])
def test_a_pass_without_rows_is_an_error_and_no_endless_search(steps):
    rows = iter(zip(X[:40], np.arange(40) % 2, strict=True))
    feed = StreamFeed(lambda: rows, batch=4, buffer=8, steps=steps)
    read = feed.batches()
    if steps is None:
        assert len(list(read)) == 10
        read = feed.batches(1)
    with pytest.raises(InputError, match=r"in every pass.*a new iterator each time"):
        list(itertools.islice(read, 100))


def test_the_first_row_is_looked_at_before_anything_is_read():
    pairs = [(X[:4], Y[:4])] * 3
    with pytest.raises(UnsupportedError, match="or batched=True"):
        StreamFeed(pairs, batch=4).dataset()
    assert StreamFeed(pairs, batch=4, batched=True).dataset() is not None


def test_a_state_with_a_step_that_is_no_number():
    feed = StreamFeed(Source(), batch=4, steps=3)
    with pytest.raises(InputTypeError, match="step='a'"):
        feed.from_state({**feed.state(), "step": "a"})
