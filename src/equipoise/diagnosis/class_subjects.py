# SPDX-License-Identifier: Apache-2.0
"""A table of several classes or labels as binary subjects, one of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from equipoise._core.types import AnyArray, BoolArray, IntArray
from equipoise.diagnosis.subject import Subject
from equipoise.diagnosis.words import Wording
from equipoise.table.table import Table
from equipoise.table.units import count_units
from equipoise.task import Task, View


@dataclasses.dataclass(frozen=True, eq=False)
class ClassSubjects:
    """The classes of a subject, each against the rest; or its labels.

    Attributes:
        whole: The subject, of several classes or labels.
    """

    whole: Subject

    def __len__(self) -> int:
        return len(self.whole.table.classes)

    @property
    def labels(self) -> bool:
        """Whether they are labels, which do not exclude each other."""
        return self.whole.table.task.kind == "multilabel"

    @property
    def noun(self) -> str:
        """What they are, in the plural."""
        return "labels" if self.labels else "classes"

    @cached_property
    def sides(self) -> IntArray:
        """`[classes, 2]` rows without and with each; of labels where it is known."""
        return _sides(self.whole.table)

    @cached_property
    def cases(self) -> IntArray:
        """`[classes]` independent cases that have each."""
        units = self.whole.tied
        if units is None:
            return self.sides[:, 1]
        y = self.whole.table.labels()
        if self.labels:
            return np.array([count_units(units, column == 1) for column in y.T])
        pairs = np.unique(np.stack([y, units]), axis=1)[0]
        return np.bincount(pairs, minlength=len(self)).astype(np.int64)

    @cached_property
    def rarest_first(self) -> IntArray:
        """Numbers of the classes that some rows have and others have not."""
        smaller = self.sides.min(1)
        order = np.lexsort((self.sides[:, 1], smaller))
        return np.asarray(order[smaller[order] > 0], np.int64)

    def __iter__(self) -> Iterator[Subject]:
        return (self.of(int(number)) for number in self.rarest_first)

    def of(self, number: int) -> Subject:
        """Return one class against the rest, or one label in its known rows.

        Args:
            number: Of the class. The subject is made once.
        """
        if number not in self._made:
            self._made[number] = _binary(self.whole, number)
        return self._made[number]

    @cached_property
    def _made(self) -> dict[int, Subject]:
        return {}


def _sides(table: Table) -> IntArray:
    totals = table.task.totals(table.labels()).astype(np.int64)
    if table.task.kind == "multilabel":
        return totals
    return np.stack([len(table) - totals, totals], axis=1)


def view_of(table: Table, number: int) -> View:
    """Return one binary problem of a task.

    Args:
        table: Of several classes or labels.
        number: Of the class.
    """
    y, name = table.labels(), table.classes[number]
    if table.task.kind == "multiclass":
        return View(name, y == number)
    column = y[:, number]
    labelled = (column == 0) | (column == 1)
    return View(name, column == 1, None, None if labelled.all() else labelled)


def _binary(whole: Subject, number: int) -> Subject:
    view = view_of(whole.table, number)
    labels = whole.table.task.kind == "multilabel"
    terms = (Wording.of_label if labels else Wording.of_class)(view.name)
    task = Task("binary", ("without" if labels else "other", view.name))
    later = None if whole.test is None else view_of(whole.test, number)
    subject = dataclasses.replace(
        whole,
        table=_two_classes(whole.table, view, task),
        test=None if later is None else _two_classes(whole.test_file, later, task),
        terms=terms,
        places=None if view.labelled is None else np.flatnonzero(view.labelled),
    )
    # What does not depend on the class was worked out for the whole table.
    shared: dict[str, AnyArray | None] = {"hashes": _rows(whole.hashes, view.labelled)}
    shared["tied"] = _tied(whole.tied, view.labelled)
    if later is not None:
        shared["test_hashes"] = _rows(whole.test_hashes, later.labelled)
        shared["test_tied"] = _tied(whole.test_tied, later.labelled)
    vars(subject).update(shared)
    return subject


def _two_classes(table: Table, view: View, task: Task) -> Table:
    two = dataclasses.replace(table, y=view.y.astype(np.int8), task=task)
    return two if view.labelled is None else two.take(np.flatnonzero(view.labelled))


def _rows(values: AnyArray, labelled: BoolArray | None) -> AnyArray:
    return values if labelled is None else values[labelled]


def _tied(units: IntArray | None, labelled: BoolArray | None) -> IntArray | None:
    return None if units is None else _rows(units, labelled)
