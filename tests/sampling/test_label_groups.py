# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from equipoise.errors import InputError
from equipoise.sampling.label_groups import label_groups, rarest_labels, rows_by_number

LABELS = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, -1, 1], [1, 1, 1], [1, 0, 0]])


def test_the_rarest_label_of_each_row_by_brute_force():
    counts = (LABELS == 1).sum(axis=0)
    expected = [
        min((j for j in range(3) if row[j] == 1), key=lambda j: counts[j], default=-1)
        for row in LABELS
    ]
    assert rarest_labels(LABELS).tolist() == expected
    unknown = np.where(LABELS == -1, np.nan, LABELS)
    assert rarest_labels(unknown).tolist() == expected


def test_rows_of_one_label_set_are_in_one_group():
    random = np.random.default_rng(0)
    labels = (random.random((500, 6)) < 0.2).astype(np.int8)
    rarest = rarest_labels(labels)
    sets = np.unique(labels, axis=0, return_inverse=True)[1].ravel()
    for each in np.unique(sets):
        assert len(set(rarest[sets == each].tolist())) == 1


def test_groups_are_whole_and_the_largest_is_first():
    groups = label_groups(LABELS)
    sizes = [len(group) for group in groups]
    assert sizes == sorted(sizes, reverse=True)
    assert sorted(np.concatenate(groups).tolist()) == list(range(6))
    assert all((np.diff(group) > 0).all() for group in groups)


def test_rows_without_labels_are_one_group():
    assert [group.tolist() for group in label_groups(np.zeros((3, 2)))] == [[0, 1, 2]]


def test_empty_classes_have_empty_groups():
    assert [len(rows) for rows in rows_by_number(np.array([3, 1, 3]), 5)] == [
        0,
        1,
        0,
        2,
        0,
    ]


@pytest.mark.parametrize("labels", [[[0, 2]], [0, 1], np.zeros((0, 3))])
def test_what_is_no_label_matrix(labels):
    with pytest.raises(InputError):
        label_groups(labels)
