# SPDX-License-Identifier: Apache-2.0
"""The verb `fit` for rows that are larger than memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from time import monotonic
from typing import Any

import numpy as np

from equipoise.jobs import Progress
from equipoise.learners.classifier.kept import require_kept
from equipoise.models.average import average_models
from equipoise.models.explaining import with_columns_judged
from equipoise.models.facts import fit_facts, folds_of_seen
from equipoise.models.goal import Goal
from equipoise.models.stored_seen import SeenRows, seen_in_store
from equipoise.stores.stored_table import StoredTable, TakenRows
from equipoise.strategies.strategy import Strategy
from equipoise.trials.idle_notes import idle_notes
from equipoise.trials.independent_rows import unit_notes
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.protocol import Protocol
from equipoise.trials.runners.runner import Runner
from equipoise.trials.sources import TrialRows
from equipoise.trials.stored_rows import stored_facts
from equipoise.verbs.fit_parts import (
    doubts_about,
    judge_model,
    tuning_notes,
    what_is_averaged,
)
from equipoise.verbs.model import FittedModel
from equipoise.verbs.stored_trial import StoredTrial, fit_stored


def fit_on_store(
    store: StoredTable,
    strategies: Sequence[Strategy],
    goal: Goal,
    protocol: Protocol,
    learners: LearnerChoice,
    *,
    repeats: int | str,
    minutes: float,
    calibration: str,
    report: Progress,
    runner: Runner | None = None,
    notes: Sequence[str] = (),
    importance: bool = False,
) -> FittedModel:
    """Fit on the rows that fit into memory, and calibrate and decide on all; see `fit`.

    The models are those of the population of all rows: the shares of the classes that
    were kept are undone in each of them, those of labels by weights of the rows.
    Calibration, threshold and evaluation rest on out-of-fold scores of the judged rows,
    each of which counts for as many rows as it stands for. If learners took rows from
    all over the disk, all rows count as rows that the model may have seen.

    Args:
        store: All rows.
        strategies: What is fitted.
        goal: What the decision rule is to reach.
        protocol: How the rows are split.
        learners: Who learns.
        repeats: As in `fit`.
        minutes: As in `fit`.
        calibration: As in `fit`.
        report: Called with a sentence and the share done.
        runner: Who does the fits; this process if None.
        notes: What was done before.
        importance: Whether the model's facts say what it owes to each column.
    """
    started = monotonic()
    binary = store.task.kind == "binary"
    if binary:
        goal.require_binary(store.task)
    else:
        goal.of_task(store.task)
    arms, average_of = what_is_averaged(
        [s.with_store(store.task, store.names, store.group) for s in strategies]
    )
    require_kept(arms)
    trial = fit_stored(
        store,
        arms,
        protocol=protocol,
        learners=learners,
        repeats=repeats,
        minutes=minutes,
        baseline=None,
        report=report,
        started=started,
        runner=runner,
        with_columns=True,
    )
    scores = trial.judged.scores.of_task(store.task)
    taken = _in_memory(trial)
    doubts = doubts_about(trial.rows.table, protocol.seed)
    plan = dataclasses.replace(trial.judged_plan, table=taken.table)
    rows = TrialRows(taken.table, weights=trial.judged.weights)
    average = average_models(rows, plan, scores, blended=average_of)
    judged = judge_model(plan, scores, average, goal, calibration, None)
    hashes = taken.keys.hashes
    facts = fit_facts(
        taken.table,
        plan,
        scores,
        average,
        goal,
        hashes=hashes,
        seconds=monotonic() - started,
    )
    seen = SeenRows(
        np.unique(hashes), folds_of_seen(hashes, scores.folds), facts["repeated"]
    )
    if trial.streaming or trial.sharded:
        fold_of_row = trial.judged.fold_of_row
        seen = seen_in_store(fold_of_row, taken, protocol.duplicates)
    fitted = FittedModel(
        schema=store.schema,
        components=average.components,
        rule=judged.rule,
        evaluation=judged.evaluation,
        facts={**facts, **_of_all_rows(trial, facts), "repeated": seen.repeated},
        seen=seen.hashes,
        tested=seen.tested,
        notes=(
            *doubts,
            *notes,
            *trial.notes,
            *judged.cautions,
            *idle_notes(scores),
            *unit_notes(plan.table, plan.keys.units),
            *judged.notes,
            *scores.notes,
            *scores.share_notes(plan.table.task),
            *tuning_notes(plan, scores),
        ),
    )
    if not importance:
        return fitted
    weights = trial.judged.weights
    return with_columns_judged(fitted, taken.table, weights, seed=protocol.seed)


def _in_memory(trial: StoredTrial) -> TakenRows:
    """Return the judged rows with their columns, in the order of the scores."""
    rows, places = trial.rows, trial.judged.places
    if rows.shares.whole:
        return rows.taken
    taken = rows.store.rows(places)
    order = np.argsort(taken.places)
    keys = taken.keys
    return TakenRows(
        places,
        taken.table.take(order),
        dataclasses.replace(keys, row=keys.row[order], hashes=keys.hashes[order]),
    )


def _of_all_rows(trial: StoredTrial, facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts that are about all rows, in place of those of the judged ones.

    Args:
        trial: The trial.
        facts: Of the judged rows.
    """
    store, totals = trial.rows.store, trial.rows.store.totals
    total = len(store)
    changed: dict[str, Any] = {"rows": total, "group": store.group}
    changed["stored"] = stored_facts(
        trial.rows, trial.judged, trial.streaming, trial.sharded
    )
    share = facts["cases"] / facts["rows"]
    changed["cases"] = round(share * total)
    if store.task.kind == "binary":
        changed |= {
            "positives": int(totals[1]),
            "prevalence": float(totals[1] / total),
            "effective_rows": facts["effective_rows"] / facts["rows"] * total,
        }
    else:
        changed["totals"] = totals.tolist()
    return changed
