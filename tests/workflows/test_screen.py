# SPDX-License-Identifier: Apache-2.0
"""A trial on one screen."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from equipoise.workflows.screen import decision, how
from equipoise.workflows.trial import Trial


def test_an_empty_line_stands_on_each_side_of_the_leaderboard(
    make_trial: Callable[..., Trial],
) -> None:
    lines = [line.rstrip() for line in str(make_trial()).splitlines()]
    head = next(i for i, line in enumerate(lines) if "AUROC" in line)
    end = lines.index("", head)
    assert (lines[head - 1], bool(lines[head - 2])) == ("", True)
    assert (lines[end], bool(lines[end + 1])) == ("", True)


def test_the_decision_tells_the_costs_and_what_no_model_costs(
    make_trial: Callable[..., Trial],
) -> None:
    lines = decision(make_trial(rows=600, positives=60, costs=(1, 20)))
    assert "lowest cost (a false alarm 1, a missed positive 20) chosen" in lines[0]
    assert "flagging no row would cost 2, flagging every row 0.9" in lines[-1]
    plain = decision(make_trial())
    assert "best f1 chosen out of fold" in plain[0]
    assert not any("cost" in line for line in plain)


def test_how_the_rows_were_split(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial()
    assert ", stratified, seed" in how(trial)
    grouped = dataclasses.replace(trial.protocol, by="group")
    assert ", by group, seed" in how(dataclasses.replace(trial, protocol=grouped))
