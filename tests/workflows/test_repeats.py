# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.table.generators import Known
from equipoise.workflows.compare import compare
from equipoise.workflows.repeats import MOST_REPEATS, Repeats


def test_the_budget_decides() -> None:
    auto = Repeats.of("auto", minutes=2, by="stratified")
    assert auto.more(spent=1) == MOST_REPEATS - 1
    assert auto.more(spent=50) == 1
    assert auto.more(spent=119) == 0
    assert auto.more(spent=500) == 0
    assert Repeats.of(3, minutes=2, by="group").more(spent=500) == 2
    assert Repeats.of("auto", minutes=2, by="time").more(spent=1) == 0


def test_ctrl_c_after_the_first_repeat_keeps_it(
    known: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(text: str, share: float) -> None:
        if 0.5 < share < 0.9:
            raise KeyboardInterrupt

    trial = compare(
        known.table,
        strategies=["prior", "plain"],
        folds=2,
        repeats=2,
        seed=1,
        progress=stop,
    )
    assert trial.scores.repeats == 1
    assert any("Stopped by the user" in note for note in trial.notes)
    whole = compare(
        known.table, strategies=["prior", "plain"], folds=2, repeats=1, seed=1
    )
    assert np.array_equal(
        trial.scores.log_odds["plain"], whole.scores.log_odds["plain"]
    )


def test_a_trial_that_goes_on_has_as_many_repeats(
    known: Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On resuming, the clock starts anew; the number of repeats must not."""
    settings: dict[str, Any] = {
        "strategies": ["prior", "plain"],
        "folds": 2,
        "checkpoints": tmp_path,
    }
    first = compare(known.table, minutes=1e-6, **settings)
    again = compare(known.table, minutes=10, **settings)
    assert first.scores.repeats == again.scores.repeats == 1
    other = compare(known.table, minutes=1e-6, seed=1, **settings)
    assert other.scores.repeats == 1
    assert len(list(tmp_path.glob("*.repeats"))) == 2
