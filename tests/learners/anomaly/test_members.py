# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.learners.anomaly.members import (
    DetectorDraws,
    DetectorSettings,
    RowStream,
    WeightedRows,
    dense_places,
    first_parameters,
    picked,
    spread_out,
)
from equipoise.networks.layout import Category, Layout


def rows(positives: int, negatives: int) -> WeightedRows:
    size = positives + negatives
    targets = (np.arange(size) < positives).astype("float32")
    return WeightedRows(100 + np.arange(size), targets, np.arange(size) + 1.0)


def test_a_stream_shows_each_row_once_before_any_twice() -> None:
    stream = RowStream(7, np.random.default_rng(0))
    shown = np.concatenate([stream.take(n) for n in (3, 9, 2)])
    assert sorted(shown[:7].tolist()) == sorted(shown[7:].tolist()) == list(range(7))


def test_even_batches_are_half_positives() -> None:
    drawn = DetectorDraws(rows(2, 50), True, np.random.default_rng(0)).take(5, 8)
    assert drawn.index.shape == (5, 8)
    assert (drawn.targets.sum(axis=1) == 4).all()
    assert set(drawn.index[drawn.targets > 0].tolist()) == {100, 101}
    negatives = drawn.index[drawn.targets == 0]
    assert len(set(negatives.tolist())) == 20  # in turn: none comes twice
    np.testing.assert_array_equal(drawn.weights, drawn.index - 99.0)


def test_other_batches_are_rows_as_they_are() -> None:
    drawn = DetectorDraws(rows(10, 30), False, np.random.default_rng(0)).take(5, 8)
    assert sorted(drawn.index.ravel().tolist()) == list(range(100, 140))


def test_columns_are_put_in_their_places_and_back() -> None:
    exact = Layout(
        ("a", "c"), (), (), (Category("k", 2, False), Category("l", 3, False))
    )
    common = Layout(
        ("a", "b", "c"), (), (), (Category("k", 4, False), Category("l", 3, False))
    )
    places = dense_places(exact, common)
    assert places.tolist() == [0, 2, 3, 4, 7, 8, 9]
    narrow = first_parameters((7, 4, 7), True, np.random.default_rng(0))
    wide = spread_out(narrow, places, 10, outputs=True)
    assert wide["kernel_0"].shape == (10, 4)
    assert wide["kernel_1"].shape == (4, 10)
    assert not wide["kernel_0"][[1, 5, 6]].any()
    for name, value in picked(wide, places, outputs=True).items():
        np.testing.assert_array_equal(value, narrow[name])


def test_first_kernels_have_the_variance_of_glorot_and_bengio() -> None:
    kernel = first_parameters((300, 200), False, np.random.default_rng(0))["kernel_0"]
    assert kernel.var() == pytest.approx(2 / 500, rel=0.02)


@pytest.mark.parametrize("wrong", [{"batch": 7}, {"looks": 0}, {"patience": 0}])
def test_settings_have_ranges(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError):
        DetectorSettings(**wrong)
