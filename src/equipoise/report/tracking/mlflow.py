# SPDX-License-Identifier: Apache-2.0
"""A trial for MLflow: one run per strategy below one run for the trial."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

import numpy as np

from equipoise._core.checks import sentence
from equipoise._core.extras import require_extra
from equipoise._core.files import to_json
from equipoise.errors import InputError
from equipoise.report.page import render
from equipoise.report.summary import summarise
from equipoise.report.tracking.runs import CLASS_NAMES, TrackedRun, tracked_runs

if TYPE_CHECKING:
    from equipoise.trials.trial import TrialRecord

CURVE = "precision_at_recall"
"""The precision-recall curve as a metric: its step is the recall in per cent."""

SPLIT = "split_average_precision"
EXPERIMENT = "equipoise"
ANSWER_SECONDS = 5.0
"""How long a server may take to accept a connection."""
_OTHER_SCHEME = re.compile(r"(?!file:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
"""The beginning of an address that is no folder."""


def require_mlflow(uri: str | None = None) -> None:
    """Raise if a trial could not be logged; call it before the trial runs.

    Args:
        uri: The tracking address; by default MLflow's own (MLFLOW_TRACKING_URI).

    Raises:
        MissingExtraError: MLflow is not installed.
        InputError: The address cannot be used; the error says why and what to do.
    """
    require_extra("mlflow", ("mlflow",), "a trial for MLflow")
    _require_answer(uri)
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        MlflowClient(tracking_uri=uri).search_experiments(max_results=1)
    except MlflowException as error:
        raise _unusable(uri, error) from error


def _require_answer(uri: str | None) -> None:
    """Check what MLflow would find out late, or not at all.

    It asks an absent server again for four minutes, and a database without a file is
    gone when the program ends.

    Raises:
        InputError: Nobody answers at the address, it is no address, or it names no
            file.
    """
    asked = os.environ.get("MLFLOW_TRACKING_URI", "") if uri is None else uri
    try:
        address = urlsplit(asked)
        _connect(address)
    except (OSError, ValueError) as error:  # ValueError: no port, no host, ...
        raise _unusable(asked, error) from error
    if address.scheme == "sqlite" and address.path in ("", "/", "/:memory:"):
        raise InputError(
            sentence(
                f"the tracking address {asked!r}, a database in memory, "
                "which is gone when the program ends",
                "an address that keeps what is written",
                "Pass a file, such as sqlite:///mlflow.db.",
            )
        )


def _connect(address: SplitResult) -> None:
    """Connect to a server, unless it is reached through a proxy.

    Raises:
        OSError: Nobody answers.
        ValueError: The port or the host cannot be one.
    """
    host, scheme = address.hostname, address.scheme
    if scheme not in ("http", "https") or not host:
        return
    port = address.port or {"http": 80, "https": 443}[scheme]
    proxies = getproxies()
    if (scheme in proxies or "all" in proxies) and not proxy_bypass(f"{host}:{port}"):
        return  # it need not answer here
    socket.create_connection((host, port), ANSWER_SECONDS).close()


def _unusable(uri: str | None, error: Exception) -> InputError:
    """Return the error for an address that MLflow refuses or cannot reach."""
    if "sqlite" in str(error):  # mlflow-skinny alone opens no database
        require_extra("mlflow", ("sqlalchemy", "alembic"), "a database for MLflow")
    files = uri is not None and not _OTHER_SCHEME.match(uri)
    remedy = (
        "Pass a database, such as sqlite:///mlflow.db; or set the environment variable "
        "MLFLOW_ALLOW_FILE_STORE=true to use the folder."
        if files
        else "Start a server with `mlflow server` (of the package mlflow) and pass its "
        "address, or pass a file, such as sqlite:///mlflow.db, which needs no server."
    )
    return InputError(
        sentence(
            f"the tracking address {uri or 'that MLflow is set to'!r}, which failed: "
            f"{_first_words(error)}",
            "an address that MLflow can write to",
            remedy,
        )
    )


def _first_words(error: Exception) -> str:
    """Return the first sentence of an error, without the full stop."""
    line = str(error).strip().splitlines()[0]
    sentence_end = re.search(r"[.;] ", line)
    return (line if sentence_end is None else line[: sentence_end.start()])[:300]


def to_mlflow(
    trial: TrialRecord, experiment: str = EXPERIMENT, *, uri: str | None = None
) -> dict[str, str]:
    """Log a trial to MLflow: parameters, metrics and PR curves, and no models.

    The trial's own run holds the verdict and the report; each strategy has a run
    below it. The global tracking address and the active run are left alone.

    Args:
        trial: A finished trial.
        experiment: The experiment's name; it is made if it is absent.
        uri: The tracking server; by default MLflow's own (MLFLOW_TRACKING_URI).

    Returns:
        Strategy -> the identifier of its run; the trial's own under "".

    Raises:
        MissingExtraError: MLflow is not installed.
        InputError: The server cannot be reached or refuses; the error says why.
    """
    require_mlflow(uri)
    from mlflow.exceptions import MlflowException

    runs = tracked_runs(trial)
    try:
        return _log(trial, runs, experiment, uri)
    except MlflowException as error:
        raise _unusable(uri, error) from error


def _log(
    trial: TrialRecord, runs: list[TrackedRun], experiment: str, uri: str | None
) -> dict[str, str]:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    earlier = client.get_experiment_by_name(experiment)
    place: str = (
        client.create_experiment(experiment)
        if earlier is None
        else earlier.experiment_id
    )
    facts = trial.to_dict()
    whole = client.create_run(place, run_name=f"trial of {facts['source']}"[:250])
    trial_run = whole.info.run_id
    _write(client, trial_run, _trial_parameters(facts), _trial_metrics(trial), [])
    client.set_tag(trial_run, "mlflow.note.content", str(trial.verdict))
    client.log_text(trial_run, render(summarise(trial)), "report.html")
    client.log_text(trial_run, to_json(facts), "comparison.json")
    if runs and runs[0].class_names:
        client.log_text(trial_run, to_json(dict(runs[0].class_names)), CLASS_NAMES)
    identifiers = {"": trial_run}
    for run in runs:
        made = client.create_run(
            place, run_name=run.name, tags={"mlflow.parentRunId": trial_run}
        )
        identifiers[run.name] = made.info.run_id
        _write(client, made.info.run_id, run.parameters, run.metrics, _series(run))
        client.set_tag(made.info.run_id, "mlflow.note.content", run.description)
        client.set_terminated(made.info.run_id)
    client.set_terminated(trial_run)
    return identifiers


def _write(
    client: Any,
    run: str,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
    series: list[tuple[str, int, float]],
) -> None:
    from mlflow.entities import Metric, Param

    now = int(1000 * time.time())
    single = [Metric(name, value, now, 0) for name, value in metrics.items()]
    lines = [Metric(name, value, now, step) for name, step, value in series]
    client.log_batch(
        run,
        metrics=single + lines,
        params=[Param(name, str(value)[:500]) for name, value in parameters.items()],
    )


def _series(run: TrackedRun) -> list[tuple[str, int, float]]:
    """Return what MLflow draws as lines: name, step and value."""
    counts, lines = run.curve, []
    if counts is not None:
        flagged = counts.tp + counts.fp
        recall = np.round(100 * np.linspace(1, 0, len(flagged))).astype(int).tolist()
        lines = [
            (CURVE, step, tp / n)
            for step, tp, n in zip(recall, counts.tp, flagged, strict=True)
            if n > 0
        ]
    splits = enumerate(run.splits.tolist())
    name = f"split_{run.split_metric}"
    lines += [(name, k, value) for k, value in splits if np.isfinite(value)]
    return [(name, step, float(value)) for name, step, value in reversed(lines)]


def _trial_parameters(facts: Mapping[str, Any]) -> dict[str, Any]:
    names = ("source", "target", "positive_class", "rows", "positives", "seed")
    chosen = {n: facts[n] for n in (*names, "objective", "best") if n in facts}
    return chosen | dict(facts["splits"])


def _trial_metrics(trial: TrialRecord) -> dict[str, float]:
    best, metric = trial.results.leader.estimate, "average_precision"
    if trial.task.kind != "binary":
        metric = trial.results.metric
    metrics = {
        f"best_{metric}": best.value,
        f"best_{metric}_low": best.low,
        f"best_{metric}_high": best.high,
        "seconds": trial.seconds,
    }
    return {name: float(v) for name, v in metrics.items() if np.isfinite(v)}
