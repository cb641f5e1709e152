# SPDX-License-Identifier: Apache-2.0
"""A trial as one file: what it follows from, as plain numbers.

The file holds the targets, the folds and the out-of-fold scores of each arm, the
strategies and the diagnosis; no column of the table and no fitted model. A trial that
is read is concluded again from these, by the same functions.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from equipoise._core.checks import sentence
from equipoise.errors import InputError
from equipoise.explanations.importance import Importance
from equipoise.models.container import TRIAL_FORMAT, read_bundle, write_bundle
from equipoise.models.records import plain_record, read_record
from equipoise.models.state import pack, unpack
from equipoise.models.storage import read_strategy, usable_part
from equipoise.table.table import Dropped, Table
from equipoise.training.settings import TrainingSettings
from equipoise.trials.basis import StoredPlan, TrialBasis
from equipoise.trials.fewer_rows import may_leave_out
from equipoise.trials.fold_scores import Scores
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.protocol import Protocol

TRIAL_FILE = "trial.equipoise"
"""The name of the file in a trial's folder."""
PART = "trial"


def save_trial(basis: TrialBasis, path: str | os.PathLike[str]) -> Path:
    """Write what a trial follows from, whole or not at all.

    Args:
        basis: Of the trial.
        path: The file.

    Raises:
        InputError: It is too large for one file.
        OSError: The file cannot be written; an old one is intact then.
    """
    write_bundle(path, trial_parts(basis), format=TRIAL_FORMAT)
    return Path(path)


def read_trial_file(path: str | os.PathLike[str]) -> TrialBasis:
    """Read what `save_trial` wrote, after checking every byte of it.

    Args:
        path: The file.

    Raises:
        BundleError: The file is damaged, or is no trial's; the part is named.
        OSError: The file cannot be read.
    """
    return basis_of(read_bundle(path))


def trial_parts(basis: TrialBasis) -> dict[str, bytes]:
    """Return what a trial follows from as named parts: plain numbers and JSON.

    Args:
        basis: Of the trial.
    """
    plan = basis.plan
    state = {
        "protocol": plain_record(plan.protocol),
        "baseline": plan.baseline,
        "keys": plain_record(plan.keys),
        "table": _table_state(plan.table),
        "test": None
        if plan.test_table is None
        else {"table": _table_state(plan.test_table), "units": plan.test_units},
        "strategies": [strategy.to_dict() for strategy in basis.arms],
        "fitted": plain_record(replace(basis.fitted, scorers={})),
        "criteria": plain_record(basis.criteria),
        "diagnosis": plain_record(basis.diagnosis),
        "unseen": plain_record(basis.unseen),
        "training": plain_record(basis.training),
        "settings": _settings(plan.learners.training),
        "asked": plain_record(basis.asked),
        "reading": plain_record(basis.reading),
        "origin": plain_record(basis.origin),
        "digest": basis.digest,
        "notes": list(basis.notes),
        "later": list(basis.later),
        "seconds": basis.seconds,
        "versions": plain_record(basis.versions),
        "importance": None
        if basis.importance is None
        else {"of": basis.importance_of, **basis.importance.to_dict()},
    }
    return pack(state, PART)


def _settings(training: TrainingSettings | None) -> dict[str, Any]:
    """Return settings as plain data; the precision if it is not the usual one."""
    settings = asdict(training or TrainingSettings())
    if settings["precision"] == TrainingSettings.precision:
        del settings["precision"]
    return settings


def basis_of(parts: Mapping[str, bytes]) -> TrialBasis:
    """Rebuild what `trial_parts` was given.

    Args:
        parts: Of a file.

    Raises:
        BundleError: A part cannot be used.
    """
    state = unpack(parts, PART)
    importance = state.get("importance")
    with usable_part("trial.json", "trial", "a file that a trial has written"):
        table = _table(state["table"])
        fitted, training = read_record(state["fitted"]), read_record(state["training"])
        settings = dict(state["settings"])
        protocol, network = read_record(state["protocol"]), training.get("network")
        if (
            "fewer_rows" not in settings
            and network is not None
            and _many_rows(table, fitted, protocol)
        ):
            # Of a version whose fits learned from all rows.
            settings["fewer_rows"] = training["fewer_rows"] = False
        test = state["test"]
        arms = tuple(read_strategy(fields) for fields in state["strategies"])
        plan = StoredPlan(
            table,
            arms,
            protocol,
            LearnerChoice(network or "default", training=TrainingSettings(**settings)),
            None if test is None else _table(test["table"]),
            baseline=state["baseline"],
            known_keys=read_record(state["keys"]),
            stored_test_units=None if test is None else test["units"],
        )
        basis = TrialBasis(
            plan=plan,
            arms=arms,
            fitted=fitted,
            criteria=read_record(state["criteria"]),
            diagnosis=read_record(state["diagnosis"]),
            asked=read_record(state["asked"]),
            digest=str(state["digest"]),
            notes=tuple(map(str, state["notes"])),
            training=training,
            unseen=read_record(state["unseen"]),
            later=tuple(map(str, state["later"])),
            reading=read_record(state["reading"]),
            origin=read_record(state.get("origin", {})),
            seconds=float(state["seconds"]),
            versions=read_record(state["versions"]),
            importance=importance and Importance.from_dict(importance),
            importance_of="" if importance is None else str(importance["of"]),
        )
        _require_shapes(basis)
        return basis


def _many_rows(table: Table, fitted: Scores, protocol: Protocol) -> bool:
    """Return whether fits of later versions may learn from a share of the rows.

    The limit is on the rows to learn from, without those that decide when to stop.
    """
    trained = fitted.trained
    most = len(table) if trained is None else int(np.max(trained))
    return may_leave_out(math.ceil(most * (1 - protocol.stop_share)), table.task)


def _require_shapes(basis: TrialBasis) -> None:
    """Check that scores, folds and targets are of the same rows."""
    table, fitted = basis.plan.table, basis.fitted
    rows, width = len(table), table.task.width
    shape = (fitted.repeats, rows)
    each = shape if table.task.kind == "binary" else (*shape, width)
    if np.shape(fitted.folds) != shape:
        raise InputError(
            sentence(f"folds of shape {np.shape(fitted.folds)}", f"{shape}")
        )
    for name, scores in fitted.log_odds.items():
        if np.shape(scores) != each:
            raise InputError(
                sentence(f"scores of {name!r} of shape {np.shape(scores)}", f"{each}")
            )


def _table_state(table: Table) -> dict[str, Any]:
    """Return what a trial needs of its table: targets, and no column."""
    return {
        "y": table.labels(),
        "task": table.task.to_dict(),
        "target": table.target,
        "grouped": table.groups is not None,
        "dropped": [asdict(dropped) for dropped in table.dropped],
        "notes": list(table.notes),
        "source": table.source,
        "label_values": plain_record(table.label_values),
    }


def _table(state: Mapping[str, Any]) -> Table:
    from equipoise.task import Task

    y = np.asarray(state["y"])
    return Table(
        (),
        y,
        Task.from_dict(state["task"]),
        target=str(state["target"]),
        groups=np.zeros(len(y), np.int64) if state["grouped"] else None,
        dropped=tuple(Dropped(**d) for d in state["dropped"]),
        notes=tuple(map(str, state["notes"])),
        source=str(state["source"]),
        label_values=read_record(state["label_values"]),
    )


def is_trial(parts: Mapping[str, bytes]) -> bool:
    """Return whether the parts of a file are those of a trial.

    Args:
        parts: What `read_bundle` gave.
    """
    return f"{PART}.json" in parts
