# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError, InputTypeError
from equipoise.sampling import StreamFeed
from equipoise.sampling.feeds.stream_rows import stacked_features, unbatched

LABELS = [n % 2 for n in range(20)]


def rows(features, *weights):
    return [
        (values, label, *(each[n] for each in weights))
        for n, (values, label) in enumerate(zip(features, LABELS, strict=True))
    ]


def batches(source, **options):
    return list(StreamFeed(source, batch=4, buffer=10, **options).batches())


def test_strings_are_padded_and_not_cut():
    texts = [["ab" * (n + 1)] * (1 + n % 3) for n in range(20)]
    for batch in batches(rows(texts), sequences=True):
        for row, words in zip(batch.rows, batch.features, strict=True):
            assert [word for word in words if word] == texts[row]


@pytest.mark.parametrize("order", [1, -1])
def test_whole_numbers_and_others_in_one_batch_keep_their_decimals(order):
    sequences = [[1, 2], [0.5]][::order]
    np.testing.assert_array_equal(
        stacked_features(sequences, sequences=True), [[1, 2], [0.5, 0]][::order]
    )


def test_shapes_differ_only_if_that_is_said():
    lengths = rows([np.ones(1 + n % 3) for n in range(20)])
    with pytest.raises(InputError, match=r"shapes \(\d,\), \(\d,\).*sequences=True"):
        batches(lengths)
    assert batches(lengths, sequences=True)
    images = rows([np.ones((2, 1 + n % 3)) for n in range(20)])
    with pytest.raises(InputError, match="alike but for the steps"):
        batches(images, sequences=True)


def test_every_row_has_a_weight_or_none_has():
    some = [row if row[1] else (*row, 2.0) for row in rows(range(20))]
    with pytest.raises(InputError, match=r"some have none.*the weight 1"):
        batches(some)
    whole = [row if len(row) == 3 else (*row, 1.0) for row in some]
    assert {weight for b in batches(whole) for weight in b.weights} == {1.0, 2.0}


@pytest.mark.parametrize(
    ("weight", "error"),
    [(-1.0, InputError), (np.nan, InputError), ("a", InputTypeError)],
)
def test_weights_are_checked(weight, error):
    with pytest.raises(error, match="weights"):
        batches(rows(range(20), [weight] * 20))


def test_rows_have_one_form():
    mixed = rows([{"a": 1.0} if n % 4 else {"b": 1.0} for n in range(20)])
    with pytest.raises(InputError, match="the keys 'a' and the keys 'b'"):
        batches(mixed)


@pytest.mark.parametrize(
    ("batch", "error", "words"),
    [
        ((np.float32(1.0), np.int64(1)), InputError, "a single number.*batched=True"),
        ({"x": [1.0], "y": [1]}, InputTypeError, "a batch of type dict"),
        ((np.ones((3, 1)), np.array([0, 1])), InputError, "as many rows as labels"),
        (({"a": np.ones(2), "b": np.ones(3)}, [0, 1]), InputError, "as many rows"),
    ],
)
def test_batches_that_are_none(batch, error, words):
    with pytest.raises(error, match=words):
        list(unbatched(batch))


def test_single_rows_need_no_batched():
    single = rows(np.arange(20.0))
    with pytest.raises(InputError, match="Leave out batched=True"):
        batches(single, batched=True)
    assert batches(single)


def test_a_data_set_cuts_no_decimals_off():
    late = rows([n if n < 10 else n + 0.5 for n in range(20)])
    feed = StreamFeed(late, batch=4, buffer=10)
    with pytest.raises(Exception, match="InputTypeError: Received features of type"):
        list(feed.dataset())
    floating = StreamFeed(
        rows([np.float32(values) for values, _ in late]), batch=4, buffer=10
    )
    shown = np.concatenate([x for x, _ in floating.dataset().as_numpy_iterator()])
    assert set(shown.tolist()) == {float(values) for values, _ in late}
