# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from equipoise.evaluation.cross_validation import CrossValidated, cross_validated
from equipoise.evaluation.kind_values import (
    UnseenKinds,
    false_alarm_rates,
    kind_values,
)
from equipoise.metrics.estimate import Estimate

ROWS = 400
KINDS = np.repeat([0, 1, -1], [25, 15, 360])


def results(repeats: int = 1) -> CrossValidated:
    """The first kind is told from negatives, the second one is not."""
    random = np.random.default_rng(0)
    y = (KINDS >= 0).astype(int)
    scores = random.normal(size=(repeats, ROWS)) + 3.0 * (KINDS == 0)
    folds = np.tile(np.where(KINDS >= 0, KINDS, np.arange(ROWS) % 2), (repeats, 1))
    return cross_validated(y, {"plain": scores}, folds)


@pytest.mark.parametrize("repeats", [1, 3])
def test_values_are_means_over_the_repeats(repeats: int) -> None:
    found = results(repeats)
    values = kind_values(found, KINDS, ["told", "hidden"])["plain"]
    arm = found["plain"]
    for number, kind in enumerate(["told", "hidden"]):
        rows = (number == KINDS) | (KINDS < 0)
        y = KINDS[rows] == number
        each = [
            (average_precision_score(y, z), roc_auc_score(y, z))
            for z in arm.aligned[:, rows]
        ]
        precision, area = np.mean(each, axis=0)
        assert values[kind]["average_precision"].value == pytest.approx(precision)
        assert values[kind]["roc_auc"].value == pytest.approx(area)
        flagged = arm.decided.flagged[:, number == KINDS]
        assert values[kind]["recall"].value == pytest.approx(flagged.mean())
    rates = false_alarm_rates(found)
    assert rates["plain"] == pytest.approx(arm.decided.flagged[:, KINDS < 0].mean())


def test_intervals_hold_the_truth() -> None:
    """AUROC of normal scores 3 apart is Phi(3 / sqrt 2); of equal ones, one half."""
    values = kind_values(results(), KINDS, ["told", "hidden"])["plain"]
    told, hidden = values["told"]["roc_auc"], values["hidden"]["roc_auc"]
    assert told.low < 0.983 < told.high
    assert hidden.low < 0.5 < hidden.high
    assert hidden.high - hidden.low > told.high - told.low  # fewer, and harder


def test_clusters_make_intervals_wider() -> None:
    """Each row with three copies is no more than the row alone."""
    found = results()
    alone = kind_values(found, KINDS, ["told", "hidden"])["plain"]["hidden"]["recall"]
    clusters = np.arange(ROWS) // 5
    tied = kind_values(found, KINDS, ["told", "hidden"], clusters=clusters)
    wide = tied["plain"]["hidden"]["recall"]
    assert wide.high - wide.low > alone.high - alone.low


@pytest.mark.parametrize("repeats", [1, 3])
def test_whole_weights_are_rows_that_often(repeats: int) -> None:
    """The points and the shares of flagged negatives, of the same scores and rule."""
    once = results(repeats)
    often = np.random.default_rng(7).integers(1, 5, ROWS)
    rows = np.repeat(np.arange(ROWS), often)
    repeated = repeated_rows(once, rows)
    names, weights = ["told", "hidden"], often.astype(float)
    weighted = kind_values(once, KINDS, names, weights=weights)["plain"]
    plain = kind_values(once, KINDS, names)["plain"]
    expected = kind_values(repeated, KINDS[rows], names)["plain"]
    for kind in names:
        for metric, estimate in expected[kind].items():
            value = weighted[kind][metric].value
            assert value == pytest.approx(estimate.value, rel=1e-12)
        area = weighted[kind]["roc_auc"].value
        assert area != pytest.approx(plain[kind]["roc_auc"].value)
    rates = false_alarm_rates(once, weights)["plain"]
    assert rates == pytest.approx(false_alarm_rates(repeated)["plain"], rel=1e-12)
    assert rates != pytest.approx(false_alarm_rates(once)["plain"])


def repeated_rows(once: CrossValidated, rows: np.ndarray) -> CrossValidated:
    """Return results of some rows, with their scores and the rule as they are."""
    arm = once["plain"]
    fitted = replace(arm.fitted, log_odds=arm.fitted.log_odds[:, rows])
    decided = replace(arm.decided, score=arm.decided.score[:, rows])
    again = replace(arm, fitted=fitted, decided=decided, aligned=arm.aligned[:, rows])
    return replace(
        once, y=once.y[rows], folds=once.folds[:, rows], arms={"plain": again}
    )


def test_which_arms_rank_a_kind() -> None:
    def estimates(low: float) -> dict[str, dict[str, Estimate]]:
        area = Estimate(0.8, low, 0.9)
        return {"a": dict.fromkeys(("recall", "average_precision", "roc_auc"), area)}

    unseen = UnseenKinds(
        "kind",
        {"a": 9},
        {"a": 8},
        90,
        {"one": 0.1, "two": 0.2, "three": 0.3},
        {"one": estimates(0.6), "two": estimates(0.5), "three": estimates(np.nan)},
        {"one": estimates(0.7)},
    )
    assert unseen.names == ("a",)
    assert unseen.ranked("a") == ("one",)
    (kind,) = unseen.to_dict()["kinds"]
    assert kind["ranked_unseen_by"] == ["one"]
    assert (kind["positives"], kind["cases"]) == (9, 8)
    assert kind["arms"][0]["seen"]["recall"]["low"] == 0.7
    assert kind["arms"][1]["seen"] is None
