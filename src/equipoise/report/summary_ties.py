# SPDX-License-Identifier: Apache-2.0
"""Which arms of a trial cannot be told apart, as letters."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from equipoise.comparison.constant import against_constant
from equipoise.comparison.letters import letter_groups
from equipoise.comparison.paired import nadeau_bengio
from equipoise.uncertainty.multiplicity import holm

if TYPE_CHECKING:
    from equipoise.trials.trial import TrialRecord


def ties(trial: TrialRecord) -> dict[str, str]:
    """Return each arm's letters; arms that share one cannot be told apart.

    Against the baseline the verdict decides. Every other pair is judged by the
    same test, the corrected resampled t-test over the splits, with Holm's
    correction for the number of those pairs; a pair with a constant arm is tested by
    the intervals of the other, and counts for itself.
    """
    names = trial.names
    differ = np.zeros((len(names), len(names)), bool)
    pairs = [
        (i, j)
        for i, j in itertools.combinations(range(len(names)), 2)
        if trial.results.baseline not in (names[i], names[j])
    ]
    alone = [pair for pair in pairs if _one_constant(trial, *(names[k] for k in pair))]
    family = [pair for pair in pairs if pair not in alone]
    p_values = list(holm([_p(trial, names[i], names[j]) for i, j in family]))
    p_values += [_p_constant(trial, names[i], names[j]) for i, j in alone]
    for (i, j), p in zip([*family, *alone], p_values, strict=True):
        differ[i, j] = differ[j, i] = p <= 1 - trial.verdict.level
    base = names.index(trial.results.baseline)
    for name, verdict in trial.verdict.arms.items():
        i = names.index(name)
        differ[i, base] = differ[base, i] = verdict.outcome in ("better", "worse")
    return dict(zip(names, letter_groups(differ), strict=True))


def _p(trial: TrialRecord, first: str, second: str) -> float:
    metric = trial.verdict.metric
    a, b = (trial.results[name].splits[metric] for name in (first, second))
    return nadeau_bengio(a - b, trial.results.test_share).p


def _one_constant(trial: TrialRecord, first: str, second: str) -> bool:
    """Return whether one of two arms says the same of every row, if that ranks."""
    results = trial.results
    ranked = results.constants.precision, results.constants.area
    return (
        trial.verdict.metric in ranked
        and results[first].constant != results[second].constant
    )


def _p_constant(trial: TrialRecord, first: str, second: str) -> float:
    results = trial.results
    arm = results[second] if results[first].constant else results[first]
    tested = against_constant(
        trial.verdict.metric,
        arm.at_level.__getitem__,
        results.constants,
        units=results.units,
        level=trial.verdict.level,
    )
    return tested.test.p
