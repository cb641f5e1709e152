# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses

import pytest

from equipoise.diagnosis.checks.similar_names import CHECK
from equipoise.diagnosis.finding import Finding
from equipoise.diagnosis.subject import Subject
from equipoise.table.generated_tasks import make_classes


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("New York", "newyork", "Rome"), True),
        (("a", "A ", "b"), True),
        (("a", "b", "ab"), False),
    ],
)
def test_case_and_spaces(names: tuple[str, ...], says: bool) -> None:
    made = make_classes(60, counts=[30, 20, 10]).table
    task = dataclasses.replace(made.task, classes=names)
    finding = CHECK.run(Subject(dataclasses.replace(made, task=task)))
    assert isinstance(finding, Finding) is says
    if isinstance(finding, Finding):
        assert finding.evidence["alike"] == [list(names[:2])]
