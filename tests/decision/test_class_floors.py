# SPDX-License-Identifier: Apache-2.0
"""Floors of named classes hold: on these rows if estimated, mostly if certified."""

from __future__ import annotations

import json

import numpy as np
import pytest

from equipoise.decision import ClassFloor, ClassRule, certify_class_rule
from equipoise.decision.class_floors import check_floors, choose_floors
from equipoise.decision.floors import certify_precision, certify_recall
from equipoise.errors import (
    InputError,
    InputTypeError,
    RefusedError,
    UnsupportedError,
)
from equipoise.priors import log_odds, softmax

NAMES = ("a", "b", "c", "d")
RULE = ClassRule(NAMES, multipliers=(1.0,) * 4)


def sample(rows: int, seed: int, apart: float = 1.5):
    """Normal classes with their exact posteriors."""
    rng = np.random.default_rng(seed)
    share = np.array([0.5, 0.25, 0.15, 0.1])
    y = rng.choice(4, rows, p=share)
    x = apart * np.eye(4)[y] + rng.normal(size=(rows, 4))
    return softmax(apart * x + np.log(share)), y


def measures(rule: ClassRule, p, y, k: int) -> tuple[float, float]:
    """Recall and precision of a class."""
    decided = rule.decide(p)
    hit = ((decided == k) & (y == k)).sum()
    return hit / (y == k).sum(), hit / max((decided == k).sum(), 1)


def with_floors(p, y, floors, level=None) -> ClassRule:
    made = choose_floors(RULE.decide(p), p, y, NAMES, floors, level=level)
    return ClassRule(NAMES, multipliers=(1.0,) * 4, floors=made, level=level)


def test_an_estimated_recall_holds_with_the_fewest_claims() -> None:
    p, y = sample(2_000, 0)
    assert measures(RULE, p, y, 3)[0] < 0.8
    rule = with_floors(p, y, {"d": {"recall": 0.8}})
    recall, _ = measures(rule, p, y, 3)
    positives = (y == 3).sum()
    assert 0.8 <= recall < 0.8 + 2 / positives
    # Rows that are not claimed are decided as before.
    decided, before = rule.decide(p), RULE.decide(p)
    assert (decided[decided != 3] == before[decided != 3]).all()
    assert ((before == 3) <= (decided == 3)).all()


def test_an_estimated_precision_holds_and_keeps_recall() -> None:
    p, y = sample(2_000, 0)
    before = measures(RULE, p, y, 3)
    rule = with_floors(p, y, {"d": {"precision": 0.85}})
    recall, precision = measures(rule, p, y, 3)
    assert before[1] < 0.85 <= precision
    decided, plain = rule.decide(p), RULE.decide(p)
    moved = decided != plain
    assert (plain[moved] == 3).all()
    # The rows that are let go are given to the best other class.
    assert (decided[moved] == p[moved][:, :3].argmax(axis=1)).all()
    # Every threshold that keeps more of them breaks the floor.
    score = log_odds(p[plain == 3, 3])
    truth = y[plain == 3] == 3
    for cut in np.unique(score):
        on = score >= cut
        if truth[on].sum() > recall * (y == 3).sum():
            assert truth[on].mean() < 0.85


def test_both_floors_of_one_class() -> None:
    p, y = sample(2_000, 0, 2.5)
    rule = with_floors(p, y, {"d": {"recall": 0.8, "precision": 0.6}})
    recall, precision = measures(rule, p, y, 3)
    assert recall >= 0.8
    assert precision >= 0.6
    with pytest.raises(RefusedError, match=r"precision of at least 0.99.*'d'"):
        with_floors(p, y, {"d": {"recall": 0.95, "precision": 0.99}})


def test_several_named_classes() -> None:
    p, y = sample(3_000, 1)
    floors = {"c": {"recall": 0.7}, "d": {"recall": 0.7}, "b": {"precision": 0.7}}
    rule = with_floors(p, y, floors)
    assert measures(rule, p, y, 2)[0] >= 0.7
    assert measures(rule, p, y, 3)[0] >= 0.7
    assert measures(rule, p, y, 1)[1] >= 0.7


def test_a_rule_that_holds_the_floor_is_left_as_it_is() -> None:
    p, y = sample(2_000, 0, 4.0)
    rule = with_floors(p, y, {"a": {"recall": 0.5}, "b": {"precision": 0.2}})
    assert (rule.decide(p) == RULE.decide(p)).all()
    assert all("The rule itself gives" in f.describe() for f in rule.floors)


def test_the_certificate_is_that_of_the_view() -> None:
    p, y = sample(1_500, 2)
    plain = RULE.decide(p)
    (floor,) = with_floors(p, y, {"d": {"recall": 0.7}}, 0.95).floors
    score = np.where(plain == 3, np.inf, log_odds(p[:, 3]))
    assert floor.certificate == certify_recall(score, y == 3, 0.7, level=0.95)
    (floor,) = with_floors(p, y, {"a": {"precision": 0.6}}, 0.95).floors
    of_it = plain == 0
    assert floor.certificate == certify_precision(
        log_odds(p[of_it, 0]), y[of_it] == 0, 0.6, level=0.95
    )
    # Two classes share the error.
    both = with_floors(p, y, {"d": {"recall": 0.7}, "c": {"recall": 0.7}}, 0.95)
    assert {f.certificate.level for f in both.floors} == {0.975}
    assert "All floors hold together" in both.describe()


@pytest.mark.parametrize(
    "floors",
    [
        {"d": {"recall": 0.7}, "c": {"recall": 0.8}},
        {"d": {"recall": 0.7}, "a": {"precision": 0.65}},
        {"d": {"recall": 0.6, "precision": 0.5}},
    ],
)
def test_certified_floors_are_broken_as_rarely_as_promised(floors) -> None:
    truth_p, truth_y = sample(100_000, 999, 2.0)
    broken, made = 0, 0
    for seed in range(120):
        p, y = sample(500, seed, 2.0)
        try:
            rule = certify_class_rule(RULE, p, y, floors, level=0.9)
        except RefusedError:
            continue
        made += 1
        for name, asked in floors.items():
            recall, precision = measures(rule, truth_p, truth_y, NAMES.index(name))
            if recall < asked.get("recall", 0) or precision < asked.get("precision", 0):
                broken += 1
                break
    assert made > 60
    # Three standard errors above the promised tenth.
    assert broken <= 120 * 0.1 + 3 * np.sqrt(120 * 0.09)


def test_too_few_rows_for_a_certificate_are_counted() -> None:
    p, y = sample(60, 3)
    with pytest.raises(RefusedError, match=r"The class 'd': .* at least 29 positives"):
        with_floors(p, y, {"d": {"recall": 0.9}}, 0.95)
    with pytest.raises(RefusedError, match="which none of these rows is"):
        with_floors(p[y != 3], y[y != 3], {"d": {"recall": 0.9}})
    with pytest.raises(RefusedError, match="a floor that some threshold meets"):
        with_floors(p, 0 * y, {"b": {"precision": 0.9}})


def test_classes_that_leave_no_room_are_named() -> None:
    p, y = sample(1_000, 0, 0.4)
    floors = {"a": {"recall": 0.5}, "d": {"recall": 0.9}}
    with pytest.raises(RefusedError, match="other classes with floors"):
        with_floors(p, y, floors)


def test_rows_without_weight_do_not_count_and_certificates_refuse_weights() -> None:
    p, y = sample(800, 4)
    w = (np.arange(800) % 3).astype(float)
    rows = np.repeat(np.arange(800), w.astype(int))
    made = choose_floors(RULE.decide(p), p, y, NAMES, {"d": {"recall": 0.8}}, weights=w)
    copies = with_floors(p[rows], y[rows], {"d": {"recall": 0.8}}).floors
    assert made[0].threshold == copies[0].threshold
    with pytest.raises(InputError, match="leave the weights out"):
        choose_floors(
            RULE.decide(p), p, y, NAMES, {"d": {"recall": 0.8}}, level=0.9, weights=w
        )


@pytest.mark.parametrize(
    ("floors", "error", "says"),
    [
        ({"D": {"recall": 0.5}}, InputError, "class='D'"),
        ({"d": {"recal": 0.5}}, InputError, "Did you mean 'recall'"),
        ({"d": {"recall": 1.0}}, InputError, "recall of 'd'=1.0"),
        ({"d": {}}, InputTypeError, "such as"),
        ({"d": 0.9}, InputTypeError, "such as"),
        (0.9, InputTypeError, "floors=0.9"),
        ({n: {"precision": 0.5} for n in NAMES}, InputError, "at least one class"),
        (
            {"d": {"recall": 0.5, "precision": 0.5}, "c": {"recall": 0.5}},
            UnsupportedError,
            "both floors for one class",
        ),
    ],
)
def test_what_cannot_be_asked_for_is_refused(floors, error, says) -> None:
    with pytest.raises(error, match=says):
        check_floors(floors, NAMES)


def test_a_floor_survives_json() -> None:
    p, y = sample(1_500, 2)
    made = [
        *with_floors(p, y, {"d": {"recall": 0.7}}, 0.95).floors,
        *with_floors(p, y, {"d": {"precision": 0.5}}).floors,
        ClassFloor("a", float("-inf"), precision=0.5),
    ]
    for floor in made:
        assert ClassFloor.from_dict(json.loads(json.dumps(floor.to_dict()))) == floor
    with pytest.raises(InputError, match="a floor of nothing"):
        ClassFloor("a", 0.0)
