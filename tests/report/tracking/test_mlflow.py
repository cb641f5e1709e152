# SPDX-License-Identifier: Apache-2.0
"""MLflow runs, read back with MLflow's own client."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import re
import socket
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

import equipoise as eq
from equipoise.errors import InputError, MissingExtraError
from equipoise.report.tracking.mlflow import (
    CURVE,
    SPLIT,
    _require_answer,
    _unusable,
    require_mlflow,
)
from equipoise.report.tracking.runs import CLASS_NAMES, tracked_runs
from equipoise.table.generated_tasks import make_classes
from equipoise.task import Task
from equipoise.verbs.trial import Trial

PARENT = "mlflow.parentRunId"


@pytest.fixture(scope="module")
def trial(make_trial: Callable[..., Trial]) -> Trial:
    return make_trial(names=("prior", "plain", "focal"))


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A store in files, which MLflow serves on request only."""
    pytest.importorskip("mlflow")
    patch = pytest.MonkeyPatch()
    patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    yield (tmp_path_factory.mktemp("mlflow") / "store").as_uri()
    patch.undo()


@pytest.fixture(scope="module")
def logged(trial: Trial, uri: str) -> dict[str, str]:
    return trial.to_mlflow("screening", uri=uri)


@pytest.fixture(scope="module")
def client(uri: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri)


def test_there_is_one_run_per_strategy_below_the_trial(
    logged: dict[str, str], client: Any, trial: Trial
) -> None:
    assert set(logged) == {"", *trial.names}
    place = client.get_experiment_by_name("screening").experiment_id
    trials = {logged[""]}  # another test adds a second one to the experiment
    runs = [
        run
        for run in client.search_runs([place])
        if {run.info.run_id, run.data.tags.get(PARENT)} & trials
    ]
    assert {run.info.run_id for run in runs} == set(logged.values())
    assert {run.info.status for run in runs} == {"FINISHED"}
    for name, identifier in logged.items():
        run = client.get_run(identifier)
        assert run.data.tags.get(PARENT) == (logged[""] if name else None)
        if name:
            assert run.info.run_name == name
            assert client.list_artifacts(identifier) == []  # no model copies


def test_numbers_are_the_trials(
    logged: dict[str, str], client: Any, trial: Trial
) -> None:
    for run in tracked_runs(trial):
        data = client.get_run(logged[run.name]).data
        assert data.params == {k: str(v) for k, v in run.parameters.items()}
        own = {k: v for k, v in data.metrics.items() if k not in (CURVE, SPLIT)}
        assert own == pytest.approx(dict(run.metrics))


def test_the_curve_runs_over_recall_in_per_cent(
    logged: dict[str, str], client: Any, trial: Trial
) -> None:
    for run in tracked_runs(trial):
        line = client.get_metric_history(logged[run.name], CURVE)
        counts = run.curve
        assert [m.step for m in line] == list(range(1, 101))
        for m in line:
            tp, fp = counts.tp[100 - m.step], counts.fp[100 - m.step]
            assert m.value == pytest.approx(tp / (tp + fp))
        splits = client.get_metric_history(logged[run.name], SPLIT)
        assert sorted(m.value for m in splits) == pytest.approx(sorted(run.splits))


def test_the_trial_holds_the_verdict_and_the_report(
    logged: dict[str, str], client: Any, trial: Trial, tmp_path: Path
) -> None:
    run = client.get_run(logged[""])
    assert run.data.tags["mlflow.note.content"] == str(trial.verdict)
    assert run.data.params["rows"] == "600"
    assert run.data.params["folds"] == "5"
    names = {item.path for item in client.list_artifacts(logged[""])}
    assert names == {"comparison.json", "report.html"}
    page = client.download_artifacts(logged[""], "report.html", str(tmp_path))
    assert Path(page).read_text("utf-8") == trial.report()


def test_a_second_trial_joins_the_experiment(
    logged: dict[str, str], client: Any, trial: Trial, uri: str
) -> None:
    again = trial.to_mlflow("screening", uri=uri)
    assert not set(again.values()) & set(logged.values())


def test_the_global_address_is_left_alone(logged: dict[str, str]) -> None:
    import mlflow

    assert mlflow.active_run() is None
    assert not mlflow.is_tracking_uri_set()


def test_an_address_that_cannot_be_used_is_named(trial: Trial, uri: str) -> None:
    with pytest.raises(InputError, match=r"'nowhere://x', which failed"):
        trial.to_mlflow(uri="nowhere://x")


# MLflow 3.17 asks SQLAlchemy 2.1 for a loader that a later version will remove.
@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")
def test_a_database_needs_no_server(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is what the error of a folder proposes, and the extra can open it."""
    monkeypatch.chdir(tmp_path)  # artifacts go beside it
    from mlflow import environment_variables

    folder = (tmp_path / "runs").as_uri()
    if hasattr(environment_variables, "MLFLOW_ALLOW_FILE_STORE"):
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
            with pytest.raises(InputError, match=r"sqlite:///mlflow\.db") as raised:
                require_mlflow(folder)
        assert "MLFLOW_ALLOW_FILE_STORE=true" in str(raised.value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        require_mlflow(folder)
    database = f"sqlite:///{tmp_path / 'mlflow.db'}"
    require_mlflow(database)
    assert set(trial.to_mlflow(uri=database)) == {"", *trial.names}


def test_an_address_is_tried_before_the_trial(uri: str) -> None:
    require_mlflow(uri)
    with pytest.raises(InputError, match="which needs no server"):
        require_mlflow("nowhere://x")


def without_proxies(patch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            patch.delenv(name)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://h:99999", "out of range"),
        ("http://h:port", "could not be cast"),
        ("http://[::1", "Invalid IPv6 URL"),
        (f"http://{64 * 'h'}", "label"),
    ],
)
def test_what_is_no_address_is_named(
    address: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow")
    without_proxies(monkeypatch)
    said = f"'{re.escape(address)}', which failed: .*{why}.*an address that MLflow"
    with pytest.raises(InputError, match=rf"{said}.*mlflow server"):
        require_mlflow(address)


@pytest.mark.parametrize(
    ("names", "asked"),
    [
        ({}, True),
        ({"http_proxy": "http://p:1"}, False),
        ({"all_proxy": "http://p:1"}, False),
        ({"https_proxy": "http://p:1"}, True),  # of the other scheme
        ({"http_proxy": "http://p:1", "no_proxy": "127.0.0.1"}, True),
        ({"http_proxy": "http://p:1", "no_proxy": "other"}, False),
    ],
)
def test_a_server_behind_a_proxy_need_not_answer_here(
    names: dict[str, str], asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_proxies(monkeypatch)
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and it does not listen
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(InputError) if asked else nullcontext():
            _require_answer(address)


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("runs", True),
        ("./a:b", True),
        ("file:///runs", True),
        ("FILE:runs", True),
        ("files://runs", False),
        ("sqlite:runs", False),
        ("http://[::1", False),
    ],
)
def test_a_folder_has_advice_of_its_own(address: str, folder: bool) -> None:
    advice = str(_unusable(address, OSError("it is refused")))
    assert ("MLFLOW_ALLOW_FILE_STORE" in advice) is folder


def test_a_server_that_does_not_answer_is_named_at_once(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow itself asks it again for four minutes."""
    without_proxies(monkeypatch)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and it does not listen
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        begun = time.monotonic()
        with pytest.raises(InputError, match=rf"'{address}', which failed.*server"):
            require_mlflow(address)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        with pytest.raises(InputError, match=rf"'{address}', which failed"):
            require_mlflow()
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_database_in_memory_would_be_lost(address: str) -> None:
    with pytest.raises(InputError, match=r"gone when the program ends.*mlflow\.db"):
        require_mlflow(address)


def test_a_missing_extra_gives_the_command(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda n: None if n == "mlflow" else real(n)
    )
    with pytest.raises(MissingExtraError, match=r'"equipoise\[mlflow\]"'):
        trial.to_mlflow()


def test_several_classes_are_logged_by_their_metrics(
    make_task_trial: Callable[..., Trial], uri: str, client: Any
) -> None:
    trial = make_task_trial((150, 60, 30), repeats=1)
    runs = trial.to_mlflow("classes", uri=uri)
    metrics = client.get_run(runs["plain"]).data.metrics
    evaluation = trial["plain"].evaluation
    assert metrics["macro_roc_auc"] == evaluation["macro_roc_auc"].value
    recall = trial["plain"].by_class["c2"]["recall"].value
    assert metrics["class/c2/recall"] == recall
    splits = client.get_metric_history(runs["plain"], "split_macro_average_precision")
    assert len(splits) == 5
    whole = client.get_run(runs[""]).data
    assert "best_macro_average_precision" in whole.metrics
    assert "positives" not in whole.params


def test_odd_names_of_classes_are_logged_and_can_be_found_again(
    uri: str, client: Any, tmp_path: Path
) -> None:
    names = ("A+ (50 %)", "ä/ö", "../c")
    table = make_classes(240, counts=[150, 60, 30]).table
    table = dataclasses.replace(table, task=Task("multiclass", names))
    trial = eq.compare(table, strategies="logistic", folds=3, repeats=1)
    runs = trial.to_mlflow("odd names", uri=uri)
    path = client.download_artifacts(runs[""], CLASS_NAMES, str(tmp_path))
    by_key = json.loads(Path(path).read_text(encoding="utf-8"))
    assert tuple(by_key.values()) == names
    metrics = client.get_run(runs["logistic"]).data.metrics
    for key, name in by_key.items():
        value = trial["logistic"].by_class[name]["recall"].value
        assert metrics[f"class/{key}/recall"] == value
