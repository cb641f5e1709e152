# SPDX-License-Identifier: Apache-2.0
"""Decisions of an exported model are those of its rule, also at the extremes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equipoise.decision.calibrator import Calibrator
from equipoise.decision.class_calibrator import ClassCalibrator
from equipoise.decision.class_floors import ClassFloor
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.cost_matrix import CostMatrix
from equipoise.decision.label_rule import LabelRule
from equipoise.decision.rule import DecisionRule
from equipoise.errors import InputError

Made = Callable[..., Any]


def class_rule(classes: int, kind: str) -> ClassRule:
    names = tuple(f"class {k}" for k in range(classes))
    random = np.random.default_rng(classes)
    if kind in ("costs", "abstaining"):
        table = random.uniform(0.5, 5, (classes, classes))
        np.fill_diagonal(table, 0.0)
        rows = tuple(map(tuple, table.tolist()))
        least = 0.8 if kind == "abstaining" else None
        return ClassRule(names, costs=CostMatrix(names, rows, least))
    multipliers = tuple(random.uniform(0.5, 4, classes).tolist())
    floors = {
        "multipliers": (),
        "recall": (ClassFloor(names[1], -1.5, recall=0.9),),
        "precision": (ClassFloor(names[0], 1.0, precision=0.8),),
        "several": (
            ClassFloor(names[2], -1.0, recall=0.9),
            ClassFloor(names[1], 0.3, recall=0.7, precision=0.6),
            ClassFloor(names[0], math.inf, precision=0.9),
        ),
        "all strict": tuple(ClassFloor(n, 0.5, precision=0.5) for n in names),
        "always": (ClassFloor(names[1], -math.inf, recall=1.0),),
    }[kind]
    return ClassRule(names, multipliers, floors=floors)


@pytest.mark.parametrize(
    "kind",
    [
        *("multipliers", "costs", "abstaining", "recall", "precision", "several"),
        *("all strict", "always"),
    ],
)
@pytest.mark.parametrize("classes", [3, 10])
def test_the_decision_among_classes_is_in_the_graph(
    classes: int, kind: str, reloaded: Made, traced: Made
) -> None:
    from equipoise.export.decision_layers import ClassDecision

    rule = class_rule(classes, kind)
    p = np.random.default_rng(0).dirichlet(np.full(classes, 0.4), 5_000)
    p[:classes], p[classes] = np.eye(classes), 1 / classes
    decisions = rule.decide(p)
    assert len(np.unique(decisions)) > 1 or kind == "always"
    layer = reloaded(ClassDecision(rule), (classes,))
    for each in (layer, traced(layer)):
        by_graph = np.asarray(each(p))
        assert by_graph.dtype == np.int32
        np.testing.assert_array_equal(by_graph, decisions)


def test_the_first_of_equal_classes_is_decided_and_nan_is_undecided() -> None:
    from equipoise.export.decision_layers import ClassDecision

    layer = ClassDecision(ClassRule(("a", "b", "c"), (1.0, 1.0, 1.0)))
    p = np.array([[0.4, 0.4, 0.2], [0.2, 0.4, 0.4], [np.nan, 0.5, 0.5]])
    assert np.asarray(layer(p)).tolist() == [0, 1, -1]


def test_a_rule_of_other_classes_is_refused() -> None:
    from equipoise.export.decision_layers import ClassDecision, LabelDecision
    from equipoise.export.layers import ClassCalibration, LabelCalibration

    wrong, third = np.zeros((2, 4)), (1 / 3,) * 3
    vector = ClassCalibrator("vector", (1.0,) * 3, shifts=(0.0,) * 3, base_rates=third)
    classes, labels = class_rule(3, "multipliers"), label_rule()
    labels = LabelRule(labels.labels[:3], labels.rules[:3])
    for layer in (
        ClassDecision(classes),
        ClassCalibration(vector),
    ):
        with pytest.raises(InputError, match=r"shape \(2, 4\) for 3 classes"):
            layer(wrong)
    for layer in (LabelCalibration(labels), LabelDecision(labels)):
        with pytest.raises(InputError, match=r"shape \(2, 4\) for 3 labels"):
            layer(wrong)


def label_rule() -> LabelRule:
    """Four labels: a bounded line, a curve, none at all, all undecided."""
    line = Calibrator(
        "platt",
        slope=0.7,
        intercept=0.3,
        smoothing=0.002,
        base_rate=0.1,
        support=(-8.0, 6.0),
        bounds=(-9.0, 7.0),
    )
    curve = Calibrator("isotonic", knots=(-3.0, -1.0, 0.5), levels=(-4.0, -0.5, 2.0))
    rules = (
        DecisionRule(-1.0, calibrator=line, offset=0.25),
        DecisionRule(0.1, lower_log_odds=-2.0, calibrator=curve),
        DecisionRule(math.inf),
        DecisionRule(1.0, lower_log_odds=-math.inf, offset=-0.5),
    )
    return LabelRule(("a", "b", "c", "d"), rules)


def test_labels_are_calibrated_and_decided_in_the_graph(
    reloaded: Made, traced: Made
) -> None:
    from equipoise.export.decision_layers import LabelDecision
    from equipoise.export.layers import LabelCalibration

    rule = label_rule()
    z = np.random.default_rng(0).normal(0, 5, (2_000, 4))
    z[0], z[1] = 50.0, -50.0
    calibration = reloaded(LabelCalibration(rule), (4,))
    decision = reloaded(LabelDecision(rule), (4,))
    expected, decisions = rule.log_odds(z), rule.decide_scores(z)
    assert set(decisions[:, 1].tolist()) == {-1, 0, 1}
    assert set(decisions[:, 2].tolist()) == {0}
    for calibrate, decide in (
        (calibration, decision),
        (traced(calibration), traced(decision)),
    ):
        odds = np.asarray(calibrate(z))
        np.testing.assert_allclose(odds, expected, rtol=1e-12, atol=1e-9)
        np.testing.assert_array_equal(np.asarray(decide(odds)), decisions)


def test_labels_without_undecided_rows() -> None:
    from equipoise.export.decision_layers import LabelDecision

    rule = LabelRule(("a", "b"), (DecisionRule(0.0), DecisionRule(-math.inf)))
    z = np.array([[-0.1, -9.0], [0.0, 3.0]])
    assert np.asarray(LabelDecision(rule)(z)).tolist() == [[0, 1], [1, 1]]
    assert rule.decide_scores(z).tolist() == [[0, 1], [1, 1]]
