# SPDX-License-Identifier: Apache-2.0
"""A rule of several labels is plain data, one rule for each label."""

from __future__ import annotations

import json

import numpy as np
import pytest

from equipoise.decision import Calibrator, Costs, DecisionRule, LabelRule, make_rule
from equipoise.errors import InputError
from equipoise.priors import probability

RANDOM = np.random.default_rng(0)
Z = RANDOM.normal(size=(60, 2))
COSTS = Costs(fp=1, fn=3, abstain=0.5)
RULES = (
    DecisionRule(0.5, calibrator=Calibrator("platt", slope=2.0, intercept=-1.0)),
    make_rule(Z[:, 1], Z[:, 1] > 0, objective="cost", costs=COSTS),
)
RULE = LabelRule(("x", "y"), RULES, objective="by label", rows=60, notes=("a note",))


def test_each_label_has_its_rule() -> None:
    decided = RULE.decide_scores(Z)
    p = RULE.probability(Z)
    for j, rule in enumerate(RULES):
        assert (decided[:, j] == rule.decide(Z[:, j])).all()
        assert p[:, j] == pytest.approx(probability(rule.log_odds(Z[:, j])))
    assert (RULE.decide(p) == decided).all()
    assert (decided == -1).any()
    stacked = RULE.decide(p.reshape(6, 10, 2))
    assert (stacked == decided.reshape(6, 10, 2)).all()


def test_it_survives_json_and_says_what_it_does() -> None:
    again = LabelRule.from_dict(json.loads(json.dumps(RULE.to_dict())))
    assert again == RULE or str(again) == str(RULE)  # NaN is no NaN's equal
    assert (again.decide_scores(Z) == RULE.decide_scores(Z)).all()
    text = RULE.describe()
    assert "x: Flag a row if its calibrated probability is at least" in text
    assert "y: " in text
    assert text.endswith("A note.")


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: LabelRule(("x",), RULES), "2 rules for 1 labels"),
        (lambda: RULE.decide([[0.5]]), "a last axis of 2"),
        (lambda: RULE.decide([[0.5, 1.5]]), "outside"),
        (lambda: RULE.decide_scores([[0.5, np.nan]]), "NaN"),
        (lambda: LabelRule.from_dict({**RULE.to_dict(), "colour": 1}), "rule fields"),
    ],
)
def test_what_does_not_fit_is_refused(build, says) -> None:
    with pytest.raises(InputError, match=says):
        build()
