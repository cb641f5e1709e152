# SPDX-License-Identifier: Apache-2.0
"""Class by class: the table, the confusions, the labels' counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from equipoise.report.task_classes import (
    class_rows,
    confusion_facts,
    effect_facts,
    paired_facts,
)
from equipoise.uncertainty.proportion import clopper_pearson
from equipoise.verbs.trial import Trial


def test_rows_are_those_of_by_class(class_trial: Trial) -> None:
    rows = class_rows(class_trial.results, "logistic")
    by_class = class_trial["logistic"].by_class
    assert [row["name"] for row in rows] == list(by_class)
    assert [row["rows"] for row in rows] == [300, 120, 60, 20]
    assert [row["few"] for row in rows] == [False] * 4
    for row in rows:
        for metric, shown in row["metrics"].items():
            assert shown["value"] == by_class[row["name"]][metric].value


def test_cells_are_the_mean_confusion_matrix(class_trial: Trial) -> None:
    facts: Any = confusion_facts(class_trial.results, "plain")
    results = class_trial.results
    expected = np.mean(
        [confusion_matrix(results.y, made) for made in results["plain"].decisions],
        axis=0,
    )
    made = np.zeros((4, 4))
    for cell in facts["cells"]:
        made[cell["i"], cell["j"]] = cell["count"]
        assert cell["low"] <= cell["value"] <= cell["high"]
    assert np.array_equal(made, expected)
    cell = next(c for c in facts["cells"] if (c["i"], c["j"]) == (3, 3))
    low, _ = clopper_pearson(expected[3, 3], 20.0, 0.95)
    assert cell["low"] == pytest.approx(float(low), abs=0.03)
    counts = [row["count"] for row in facts["listed"]]
    assert counts == sorted(counts, reverse=True)
    assert all(row["true"] != row["decided"] for row in facts["listed"])


def test_label_tables_count_every_row(
    label_trial: Trial, label_summary: dict[str, Any]
) -> None:
    decisions = label_trial["plain"].decisions
    y = label_trial.results.y
    for k, table in enumerate(label_summary["tables"]):
        found = ((decisions[:, :, k] == 1) & (y[:, k] == 1)).sum(axis=1).mean()
        assert table["tp"] == found
        assert table["tp"] + table["fn"] == y[:, k].sum()
        assert sum(table[c] for c in ("tp", "fp", "fn", "tn")) == len(y)


def test_effects_are_those_of_the_verdict(class_trial: Trial) -> None:
    facts = effect_facts(class_trial.verdict)
    assert {row["arm"] for row in facts["rows"]} == {"logistic"}
    assert facts["sentences"][0].startswith("logistic costs ")
    for row in facts["rows"]:
        one = class_trial.verdict.by_class["logistic"][row["name"]]
        assert row["difference"]["value"] == one.difference.value


def test_thousands_of_classes_have_a_list_alone(
    class_trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole: Any = confusion_facts(class_trial.results, "plain")
    monkeypatch.setattr("equipoise.report.task_classes.IN_MAP", 3)
    facts: Any = confusion_facts(class_trial.results, "plain")
    assert facts["cells"] == []
    pairs = zip(facts["listed"], whole["listed"], strict=True)
    for one, other in pairs:
        assert one["value"] == pytest.approx(other["value"])
        assert np.isnan(one["low"])


def test_paired_decisions_of_every_arm_and_class(class_trial: Trial) -> None:
    results = class_trial.results
    facts = paired_facts(results)
    others = [name for name in results.arms if name != results.baseline]
    assert [row["arm"] for row in facts] == list(np.repeat(others, 4))
    arm, base = (results[name].decisions for name in (others[0], results.baseline))
    alone = (arm == 0) & (base != 0) & (results.y == 0)
    assert facts[0]["gained"] == alone.sum(axis=1).mean()
