# SPDX-License-Identifier: Apache-2.0
"""Class weights that begin late."""

from __future__ import annotations

import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import InputError, UnsupportedError
from equipoise.strategies import Strategy
from equipoise.strategies.deferral import deferred_share, without_weights
from equipoise.strategies.tuned import Tuned
from equipoise.table.generators import gaussian_shift

LATE = Strategy(
    "late", weights="capped", loss="focal", options={"deferred": 0.6, "cap": 4.0}
)


def test_what_it_is_before_its_weights_count() -> None:
    early = without_weights(LATE)
    assert early == Strategy("late", loss="focal")
    assert without_weights(early) == early
    assert (deferred_share(LATE), deferred_share(early)) == (0.6, 0.0)
    np.testing.assert_array_equal(early.class_weights([9, 1]), [1, 1])


def test_probabilities_are_calibrated_after_the_shift_of_the_weights() -> None:
    now = Strategy("now", weights="balanced")
    late = Strategy("late", weights="balanced", options={"deferred": 0.5})
    for totals in ([900, 100], [60, 30, 10], [[90, 10], [80, 20]]):
        one, other = late.correction(totals), now.correction(totals)
        assert (one.kind, other.kind) == ("calibrate", "offset")
        assert one.offset == other.offset
        assert "while the network trains" in one.reason
    head = Strategy("head", "head", weights="balanced", options={"deferred": 0.5})
    assert head.correction([60, 30, 10]).exact


def test_it_says_so() -> None:
    words = LATE.describe([900, 100])
    assert "capped" in words or "at most" in words
    assert "from 60% of the epochs on at the latest" in words
    assert eq.catalogue()["ldam_drw"].option("deferred") == 0.8
    assert {"cao2019", "cui2019"} <= set(eq.catalogue()["ldam_drw"].parts.citations)


def test_what_has_no_effect_is_refused() -> None:
    with pytest.raises(InputError, match="weights= with this option"):
        Strategy(options={"deferred": 0.5})
    with pytest.raises(UnsupportedError, match="use learner='network'"):
        Strategy(learner="trees", weights="balanced", options={"deferred": 0.5})
    for share in (0, 1, 1.5):
        with pytest.raises(InputError, match="deferred"):
            Strategy(weights="balanced", options={"deferred": share})


def test_a_search_over_weights_may_leave_them_out() -> None:
    base = Strategy("late", weights="balanced", options={"deferred": 0.5})
    tuned = Tuned(base, trials=4, space={"weights": [None, "sqrt"]})
    assert tuned.candidate({"weights": None}).settings == {}
    assert tuned.candidate({"weights": "sqrt"}).settings == {"deferred": 0.5}


def test_a_trial_and_a_saved_model(tmp_path) -> None:
    table = gaussian_shift(300, positives=60, auroc=0.9, seed=1).table
    late = Strategy("late", weights="balanced", options={"deferred": 0.5})
    how = {"folds": 2, "repeats": 1, "network": "linear"}
    trial = eq.compare(table, strategies=["plain", late], **how)
    assert "late" in trial.names
    model = eq.fit(table, strategy=late, **how)
    share = np.mean(model.predict_proba(table)[:, 1])
    assert share == pytest.approx(0.2, abs=0.05)
    again = eq.load(model.save(tmp_path / "m.equipoise"))
    np.testing.assert_array_equal(again.log_odds(table), model.log_odds(table))
