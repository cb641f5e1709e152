# SPDX-License-Identifier: Apache-2.0
"""Labels together or never, against counting and Fisher's exact test."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy.stats import hypergeom

from equipoise.diagnosis.checks.label_pairs import CHECK, PairCounts
from equipoise.diagnosis.finding import Finding, NotApplicable
from equipoise.diagnosis.subject import Subject
from equipoise.table.generated_tasks import make_labels
from equipoise.table.table import Table
from equipoise.task import Task


def table_of(y: Any) -> Table:
    labels = np.asarray(y, np.int8)
    made = make_labels(len(labels), shares=[0.5], seed=0).table
    names = tuple(f"l{j}" for j in range(labels.shape[1]))
    return dataclasses.replace(made, y=labels, task=Task("multilabel", names))


def test_counts_are_those_of_rows_in_which_both_are_known() -> None:
    y = np.random.default_rng(0).choice([-1, 0, 1], (200, 4), p=[0.2, 0.5, 0.3])
    pairs = PairCounts.of(y)
    for i in range(4):
        for j in range(4):
            both = (y[:, i] >= 0) & (y[:, j] >= 0)
            a, b = y[both, i] == 1, y[both, j] == 1
            assert pairs.rows[i, j] == both.sum()
            assert (pairs.first[i, j], pairs.second[i, j]) == (a.sum(), b.sum())
            assert pairs.both[i, j] == (a & b).sum()
            law = hypergeom(both.sum(), a.sum(), b.sum())
            assert pairs.absent_together()[i, j] == pytest.approx(law.pmf(0), rel=1e-9)
            inside = law.pmf(a.sum()) if a.sum() <= b.sum() else 0.0
            assert pairs.all_together()[i, j] == pytest.approx(inside, rel=1e-9)


def test_what_is_built_in_is_found() -> None:
    random = np.random.default_rng(1)
    first = random.random(500) < 0.4
    apart = ~first & (random.random(500) < 0.4)
    inside = first & (random.random(500) < 0.5)
    copy = first ^ (np.arange(500) % 250 == 0)
    finding = CHECK.run(Subject(table_of(np.stack([first, apart, inside, copy], 1))))
    assert isinstance(finding, Finding)
    assert ["l0", "l3"] in finding.evidence["nearly_equal"]
    assert ["l0", "l1"] in finding.evidence["never_together"]
    assert ["l2", "l0"] in finding.evidence["within"]
    assert "'l0' and 'l3' are nearly equal" in finding.message


def test_chance_is_no_finding() -> None:
    random = np.random.default_rng(2)
    alarms = 0
    for _ in range(300):
        y = random.random((200, 6)) < [0.03, 0.04, 0.05, 0.3, 0.5, 0.97]
        alarms += isinstance(CHECK.run(Subject(table_of(y))), Finding)
    assert alarms <= 0.05 * 300 + 3 * np.sqrt(0.05 * 0.95 * 300)


def test_too_little_to_say() -> None:
    one = CHECK.run(Subject(table_of(np.arange(20)[:, None] % 2)))
    assert isinstance(one, NotApplicable)
    few = np.zeros((40, 2), int)
    few[:4, 0] = few[:9, 1] = 1
    assert isinstance(CHECK.run(Subject(table_of(few))), NotApplicable)
