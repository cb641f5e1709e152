# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.synthesis.features import distance_features

RANDOM = np.random.default_rng(0)
NUMBERS = RANDOM.normal(size=(40, 3)) * [1, 2, 5]
CODES = RANDOM.integers(0, 4, size=(40, 2))
LABELS = np.arange(40) % 4 == 0


def test_numbers_count_as_they_are():
    for codes in (None, np.empty((40, 0), np.int32)):
        found = distance_features(NUMBERS, codes, LABELS)
        np.testing.assert_array_equal(found, NUMBERS[LABELS])


def test_distance_of_positives_is_that_of_smote_nc():
    """Each category that differs adds the median deviation, squared."""
    found = distance_features(NUMBERS, CODES, LABELS)
    median = np.median(NUMBERS[LABELS].std(axis=0))
    numbers, codes = NUMBERS[LABELS], CODES[LABELS]
    assert len(found) == LABELS.sum()
    for a, b in itertools.combinations(range(len(found)), 2):
        expected = ((numbers[a] - numbers[b]) ** 2).sum()
        expected += median**2 * (codes[a] != codes[b]).sum()
        assert ((found[a] - found[b]) ** 2).sum() == pytest.approx(expected)


def test_categories_of_negatives_take_no_columns():
    """Else a column of many levels would be a wide table of all rows."""
    codes = np.where(LABELS, 0, np.arange(40))[:, None]
    assert distance_features(NUMBERS, codes, LABELS).shape == (10, 4)


def test_categories_alone():
    found = distance_features(np.empty((3, 0)), [[0], [1], [1]], [1, 1, 1])
    apart = ((found[:, None] - found[None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(apart, [[0, 1, 1], [1, 0, 0], [1, 0, 0]])


@pytest.mark.parametrize(
    ("numbers", "match"),
    [(np.zeros((3, 2)), "shape"), (np.full((40, 1), np.nan), "not finite")],
)
def test_bad_numbers(numbers, match):
    with pytest.raises(InputError, match=match):
        distance_features(numbers, None, LABELS)


def test_codes_of_other_rows():
    with pytest.raises(InputError, match=r"codes of shape \(39, 2\)"):
        distance_features(NUMBERS, CODES[1:], LABELS)
