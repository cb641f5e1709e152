# SPDX-License-Identifier: Apache-2.0
"""Classes and labels as binary subjects."""

from __future__ import annotations

import numpy as np

from equipoise.diagnosis.class_subjects import ClassSubjects, view_of
from equipoise.diagnosis.subject import Subject
from equipoise.table.generated_tasks import make_classes, make_labels
from equipoise.table.hashes import row_hashes
from equipoise.table.units import count_units, tied_rows


def test_a_class_is_held_against_the_rest() -> None:
    table = make_classes(60, counts=[40, 15, 5]).table
    classes = ClassSubjects(Subject(table, table.take(np.arange(30))))
    assert classes.rarest_first.tolist() == [2, 1, 0]
    for number, one in zip(classes.rarest_first, classes, strict=True):
        assert one.binary
        np.testing.assert_array_equal(one.table.labels(), table.labels() == number)
        assert one.test is not None
        np.testing.assert_array_equal(one.test.labels(), table.labels()[:30] == number)
        assert one.counts[1] == classes.sides[number, 1]
        assert table.classes[number] in one.terms.many
        assert classes.of(int(number)) is one


def test_a_label_is_looked_at_in_the_rows_in_which_it_is_known() -> None:
    table = make_labels(300, shares=[0.4, 0.1], unknown=0.3, seed=2).table
    doubled = table.take(np.r_[0:300, 0:50])
    classes = ClassSubjects(Subject(doubled, duplicates="group"))
    units = tied_rows(doubled, "group")
    assert units is not None
    for number in (0, 1):
        y = doubled.labels()[:, number]
        one = classes.of(number)
        np.testing.assert_array_equal(one.table.labels(), y[y >= 0])
        np.testing.assert_array_equal(one.hashes, row_hashes(one.table))
        np.testing.assert_array_equal(one.units.rows, units[y >= 0])
        assert one.units.positives == count_units(units, y == 1)
        assert classes.cases[number] == one.units.positives
        np.testing.assert_array_equal(
            doubled.labels()[one.in_table(np.arange(len(one.table))), number],
            one.table.labels(),
        )
        labelled = view_of(doubled, number).labelled
        np.testing.assert_array_equal(labelled, y >= 0)


def test_cases_of_classes_are_those_of_each_view() -> None:
    table = make_classes(80, counts=[50, 20, 10], seed=3).table
    doubled = table.take(np.r_[0:80, 0:80, 5:9])
    classes = ClassSubjects(Subject(doubled, duplicates="group"))
    assert classes.cases.tolist() == [
        one.units.positives for one in map(classes.of, range(3))
    ]
    assert classes.sides[:, 1].tolist() != classes.cases.tolist()


def test_a_class_without_rows_is_passed_over() -> None:
    table = make_classes(60, counts=[40, 15, 5]).table
    part = table.take(np.flatnonzero(table.labels() != 1))
    assert ClassSubjects(Subject(part)).rarest_first.tolist() == [2, 0]
