# SPDX-License-Identifier: Apache-2.0
"""Costs of several classes: the least expected cost, by name, with its notes."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pandas as pd
import pytest

from equipoise.decision import CostMatrix, Costs
from equipoise.decision.cost_matrix import (
    cost_matrix,
    expected_row_costs,
    row_costs_of_classes,
)
from equipoise.errors import InputError, InputTypeError
from equipoise.priors import softmax

NAMES = ("a", "b", "c")
TABLE = [[0.0, 1.0, 5.0], [2.0, 0.0, 1.0], [20.0, 3.0, 0.0]]


def probabilities(rows: int = 50, classes: int = 3, seed: int = 0):
    return softmax(2 * np.random.default_rng(seed).normal(size=(rows, classes)))


def test_the_decision_has_the_least_expected_cost() -> None:
    costs, p = CostMatrix(NAMES, TABLE), probabilities()
    for row, decided, cost in zip(
        p, costs.decide(p), costs.per_row(p, costs.decide(p)), strict=True
    ):
        by_hand = [sum(row[j] * TABLE[j][k] for j in range(3)) for k in range(3)]
        assert decided == int(np.argmin(by_hand))
        assert cost == pytest.approx(min(by_hand))


def test_no_other_rule_costs_less_if_the_probabilities_are_right() -> None:
    """All 27 rules on three distinct rows, by exhaustive expectation."""
    costs, p = CostMatrix(NAMES, TABLE), probabilities(3)
    best = costs.per_row(p, costs.decide(p)).sum()
    totals = [
        sum(p[i] @ np.array(TABLE)[:, k] for i, k in enumerate(rule))
        for rule in itertools.product(range(3), repeat=3)
    ]
    assert best == pytest.approx(min(totals))


def test_abstaining_is_one_more_decision() -> None:
    costs, p = CostMatrix(NAMES, TABLE, abstain=0.8), probabilities()
    plain = CostMatrix(NAMES, TABLE)
    cheap = plain.expected(p).min(axis=1)
    decided = costs.decide(p)
    assert ((decided == -1) == (cheap > 0.8)).all()
    assert (decided[cheap <= 0.8] == plain.decide(p)[cheap <= 0.8]).all()
    assert costs.per_row(p, decided) == pytest.approx(np.minimum(cheap, 0.8))
    assert np.isnan(plain.per_row(p[:1], [-1])).all()


def test_two_classes_decide_by_elkans_threshold() -> None:
    p = np.linspace(0, 1, 501)
    both = np.stack([1 - p, p], axis=1)
    costs = Costs(fp=1, fn=9, tp=-0.5, tn=0.25, abstain=0.7)
    matrix = CostMatrix(("no", "yes"), [[0.25, 1], [9, -0.5]], 0.7)
    assert Costs.of_matrix(matrix) == costs
    low, high = costs.band()
    expected = np.where(p > high, 1, np.where(p < low, 0, -1))
    inside = (np.abs(p - low) > 1e-9) & (np.abs(p - high) > 1e-9)
    assert (matrix.decide(both)[inside] == expected[inside]).all()
    with pytest.raises(InputError, match="3 classes for two"):
        Costs.of_matrix(CostMatrix(NAMES, TABLE))


@pytest.mark.parametrize("source", ["mapping", "frame", "matrix"])
def test_names_decide_the_place(source) -> None:
    order, columns = ["c", "a", "b"], ["b", "c", "a"]
    named = {
        truth: {d: TABLE[NAMES.index(truth)][NAMES.index(d)] for d in columns}
        for truth in order
    }
    given = {
        "mapping": named,
        "frame": pd.DataFrame(named).T[columns],
        "matrix": CostMatrix(
            ("c", "a", "b"), [[named[t][d] for d in order] for t in order]
        ),
    }[source]
    assert cost_matrix(NAMES, given).costs == CostMatrix(NAMES, TABLE).costs
    assert Costs.matrix(NAMES, given) == CostMatrix(NAMES, TABLE)


def test_a_correct_decision_may_be_left_out_of_a_mapping() -> None:
    costs = cost_matrix(("x", "y"), {"x": {"y": 2}, "y": {"x": 3}})
    assert costs.costs == ((0.0, 2.0), (3.0, 0.0))


@pytest.mark.parametrize(
    ("matrix", "says"),
    [
        ([[0, 1], [1, 0]], r"shape \(2, 2\) for 3 classes.*true class by row"),
        ([[0, 1, np.inf]] * 3, "some are inf.*from -1e.30 to 1e.30"),
        ({"a": {}, "b": {}}, "missing: 'c'"),
        ({n: {"a": 0, "b": 0} for n in NAMES}, "missing: 'c'"),
        (
            {n: {"a": 0, "b": 0, "Cc": 0} for n in NAMES},
            "no class of the table: 'Cc'.*Did you mean 'c'",
        ),
        (
            pd.DataFrame(TABLE, index=["a", "a", "b"], columns=list(NAMES)),
            "'a' in two rows",
        ),
        (
            pd.DataFrame(TABLE, index=list(NAMES), columns=["a", "b", "b"]),
            "'b' in two columns",
        ),
    ],
)
def test_a_wrong_matrix_is_refused(matrix, says) -> None:
    with pytest.raises(InputError, match=says):
        cost_matrix(NAMES, matrix)


def test_classes_come_once() -> None:
    with pytest.raises(InputError, match="each class once"):
        CostMatrix(("a", "a", "b"), TABLE)


@pytest.mark.parametrize(
    ("probabilities", "says"),
    [
        ([[0.5, np.nan, 0.5]], "NaN or infinite"),
        ([[0.5, 0.5]], r"shape \(1, 2\)"),
        (0.5, r"shape \(\)"),
    ],
)
def test_nothing_is_decided_without_probabilities(probabilities, says) -> None:
    with pytest.raises(InputError, match=says):
        cost_matrix(NAMES, TABLE).decide(probabilities)


@pytest.mark.parametrize("decisions", [[0], [0, 3], [0, -2], [0.0, 1.0], [[0, 1]]])
def test_decisions_that_are_no_classes_have_no_cost(decisions) -> None:
    with pytest.raises(InputError, match="decisions of"):
        cost_matrix(NAMES, TABLE).per_row(np.full((2, 3), 1 / 3), decisions)


def test_costs_are_numbers() -> None:
    with pytest.raises(InputTypeError, match="deciding 'b' where the truth is 'a'"):
        cost_matrix(("a", "b"), {"a": {"b": "much"}, "b": {"a": 1}})
    with pytest.raises(InputTypeError, match="a mapping from each decision"):
        cost_matrix(("a", "b"), {"a": 1, "b": 2})


def brute_never(table, abstain=None) -> set[str]:
    """Classes that win nowhere on a fine grid of the simplex."""
    grid = np.array(
        [(i, j, 120 - i - j) for i in range(121) for j in range(121 - i)], float
    )
    costs = (grid / 120) @ np.array(table)
    if abstain is not None:
        costs = np.column_stack([costs, np.full(len(costs), abstain)])
    wins = {int(i) for i in costs.argmin(axis=1)}
    return {name for k, name in enumerate(NAMES) if k not in wins}


@pytest.mark.parametrize("abstain", [None, 1.5])
def test_classes_that_are_never_chosen(abstain) -> None:
    rng = np.random.default_rng(4)
    seen = set()
    for _ in range(60):
        table = rng.exponential(2, size=(3, 3))
        table[rng.integers(3), rng.integers(3)] += 3
        never = set(CostMatrix(NAMES, table, abstain).never_chosen())
        assert never == brute_never(table, abstain)
        seen.add(len(never))
    assert {0, 1} <= seen


def test_a_column_that_a_mixture_beats_is_named() -> None:
    # c is dominated by neither a nor b, but by tossing a coin between them.
    table = [[0.0, 4.0, 2.5], [4.0, 0.0, 2.5], [3.0, 3.0, 3.0]]
    costs = CostMatrix(NAMES, table)
    assert costs.never_chosen() == ("c",)
    assert "no row is ever decided to be 'c'" in costs.notes()[0]


def test_notes_on_the_diagonal() -> None:
    assert CostMatrix(NAMES, TABLE).notes() == ()
    (paid,) = CostMatrix(("a", "b"), [[1, 2], [5, 0]]).notes()
    assert paid.startswith("Correct decisions of 'a' have a cost of their own")
    swapped = CostMatrix(("a", "b"), [[3, 1], [0, 3]]).notes()
    assert any("are rows and columns exchanged" in note for note in swapped)


def test_a_constant_of_a_row_changes_no_decision() -> None:
    p = probabilities()
    moved = np.array(TABLE) + np.array([[1.0], [-3.0], [10.0]])
    assert (
        CostMatrix(NAMES, moved).decide(p) == CostMatrix(NAMES, TABLE).decide(p)
    ).all()


def test_it_survives_json_and_says_what_it_is() -> None:
    costs = CostMatrix(NAMES, TABLE, 0.5)
    assert CostMatrix.from_dict(json.loads(json.dumps(costs.to_dict()))) == costs
    text = costs.describe()
    assert "'a' where the truth is 'c': 20" in text
    assert "undecided costs 0.5" in text


def test_costs_by_row() -> None:
    p = probabilities(4)
    rng = np.random.default_rng(1)
    full = rng.random((4, 3, 3))
    expected = expected_row_costs(p, row_costs_of_classes(full, 4, 3))
    for i in range(4):
        assert expected[i] == pytest.approx(p[i] @ full[i])
    missed = rng.random((4, 3))
    same = missed[:, :, None] * (1 - np.eye(3))
    assert expected_row_costs(p, missed) == pytest.approx(expected_row_costs(p, same))
    for missed in (np.nan, -np.inf, 1e31):
        with pytest.raises(InputError, match="by row of which some are"):
            row_costs_of_classes(np.full((4, 3), missed), 4, 3)
    for wrong in (np.ones((3, 3)), np.ones((4, 2, 3))):
        with pytest.raises(InputError, match=r"\(4, 3\).*\(4, 3, 3\)"):
            row_costs_of_classes(wrong, 4, 3)


def test_classes_may_be_named_by_numbers() -> None:
    costs = {2: {1: 5, 3: 6}, 1: {2: 3, 3: 4}, 3: {1: 7, 2: 8}}
    made = cost_matrix(("1", "2", "3"), costs)
    assert made.costs == ((0.0, 3.0, 4.0), (5.0, 0.0, 6.0), (7.0, 8.0, 0.0))


def test_names_are_spelled_as_in_the_table() -> None:
    costs = {1.0: {"0": 5}, "00": {True: 2}}
    assert cost_matrix(("0", "1"), costs).costs == ((0.0, 2.0), (5.0, 0.0))
    costs = {"B": {" a": 5}, "A": {"B": 2}}
    assert cost_matrix(("a", "b"), costs).costs == ((0.0, 2.0), (5.0, 0.0))
    with pytest.raises(InputError, match=r"2 rows.*twice: 'a'; missing: 'b'"):
        cost_matrix(("a", "b"), {"A": {"b": 1}, "a": {"b": 1}})


def test_costs_of_very_different_size_hide_no_class() -> None:
    # Beside a large cost of abstaining, or of one error, others are no less different.
    assert CostMatrix(("a", "b"), [[0, 1], [1, 0]], 1e20).never_chosen() == ()
    costs = [[0, 1, 1], [1, 0, 1], [1e15, 1e15, 0]]
    assert CostMatrix(NAMES, costs).never_chosen() == ()
    assert CostMatrix(NAMES, costs, 1e20).never_chosen() == ()


def test_of_equal_decisions_the_first_is_taken() -> None:
    for cost in (0.0, 1.0):
        costs = CostMatrix(NAMES, np.full((3, 3), cost), cost)
        assert costs.never_chosen() == ("b", "c")
        assert costs.decide(np.full(3, 1 / 3)) == 0


def test_costs_that_would_overflow_in_another_unit() -> None:
    """The advice: the decisions are those of the costs as they were meant."""
    costs, p = np.array([[0, 5e40], [1e42, 0]]), [[0.9, 0.1], [0.99, 0.01]]
    with pytest.raises(InputError, match="another unit gives the same decisions"):
        CostMatrix(("a", "b"), costs)
    decided = CostMatrix(("a", "b"), costs / 1e40).decide(p)
    assert decided.tolist() == (np.asarray(p) @ costs).argmin(axis=1).tolist()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("cost", [1e31, -1e308, np.inf, np.nan])
def test_costs_that_would_overflow_are_refused(cost) -> None:
    with pytest.raises(InputError, match=r"from -1e\+30 to 1e\+30"):
        CostMatrix(("a", "b"), [[0, cost], [1, 0]])
    with pytest.raises(InputError, match=r"from -1e\+30 to 1e\+30"):
        cost_matrix(("a", "b"), {"a": {"b": cost}, "b": {"a": 1}})
    with pytest.raises(InputError, match=r"from -1e\+30 to 1e\+30"):
        CostMatrix(("a", "b"), [[0, 1], [1, 0]], cost)
    costs = CostMatrix(("a", "b"), [[-1e30, 1e30], [1e30, -1e30]], 1e29)
    assert costs.decide([[0.5, 0.5], [0.4, 0.6]]).tolist() == [0, 1]
    assert costs.never_chosen() == ()
