# SPDX-License-Identifier: Apache-2.0
"""The event files, read back with TensorBoard's own reader."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import InputError, MissingExtraError
from equipoise.report.tracking.runs import CLASS_NAMES, folder_names, tracked_runs
from equipoise.report.tracking.tensorboard import CURVE
from equipoise.table.generated_tasks import make_classes
from equipoise.task import Task
from equipoise.verbs.trial import Trial


@pytest.fixture(scope="module")
def trial(make_trial: Callable[..., Trial]) -> Trial:
    return make_trial(names=("prior", "plain", "focal"))


@pytest.fixture(scope="module")
def folder(trial: Trial, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("tensorboard")
    place = tmp_path_factory.mktemp("logs") / "trial"
    assert trial.to_tensorboard(place) == place
    return place


def events(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    found.Reload()
    return found


def value(found: Any, tag: str) -> Any:
    from tensorboard.util import tensor_util

    return tensor_util.make_ndarray(found.Tensors(tag)[0].tensor_proto)


def test_there_is_one_run_per_strategy(folder: Path) -> None:
    assert {p.name for p in folder.iterdir() if p.is_dir()} == {
        "prior",
        "plain",
        "focal",
    }
    files = [p for p in folder.rglob("*") if p.is_file()]
    assert len(files) == 4  # one per strategy, one for the trial
    assert sum(p.stat().st_size for p in files) < 200_000  # no models


def test_scalars_are_the_trials(folder: Path, trial: Trial) -> None:
    for run in tracked_runs(trial):
        found = events(folder / run.name)
        for name, number in run.metrics.items():
            # The plugin keeps scalars as float32.
            assert value(found, name) == pytest.approx(number, rel=1e-6), name
        splits = [e.step for e in found.Tensors("split/average_precision")]
        assert splits == list(range(5))


def test_the_curve_is_the_trials(folder: Path, trial: Trial) -> None:
    from tensorboard.plugins.pr_curve import metadata

    for run in tracked_runs(trial):
        found = events(folder / run.name)
        plugin = found.SummaryMetadata(f"{CURVE}/pr_curves").plugin_data
        assert plugin.plugin_name == metadata.PLUGIN_NAME
        tp, fp, tn, fn, precision, recall = value(found, f"{CURVE}/pr_curves")
        np.testing.assert_allclose(tp, run.curve.tp, rtol=1e-6)
        np.testing.assert_allclose(fp, run.curve.fp, rtol=1e-6)
        np.testing.assert_allclose(tp + fn, 60, rtol=1e-6)
        np.testing.assert_allclose(tp + fp + tn + fn, 600, rtol=1e-6)
        np.testing.assert_allclose(recall, tp / 60, rtol=1e-6)
        flagged = tp + fp > 0
        expected = (tp / np.maximum(tp + fp, 1))[flagged]
        np.testing.assert_allclose(precision[flagged], expected, rtol=1e-6)
        assert flagged[:-1].all()


def test_the_plugins_themselves_serve_it(folder: Path) -> None:
    """TensorBoard's own code lists hyper-parameters and curves of every run."""
    from tensorboard.plugins.hparams import metadata

    root = events(folder)
    data = root.SummaryMetadata(metadata.EXPERIMENT_TAG).plugin_data
    experiment = metadata.parse_experiment_plugin_data(data.content)
    columns = {h.name: h for h in experiment.hparam_infos}
    assert {"loss", "learner", "gamma"} <= set(columns)
    losses = {v.string_value for v in columns["loss"].domain_discrete.values}
    assert losses == {"cross_entropy", "focal"}
    shown = [m.name.tag for m in experiment.metric_infos]
    assert shown[0] == "average_precision"
    focal = events(folder / "focal")
    data = focal.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data
    session = metadata.parse_session_start_info_plugin_data(data.content)
    assert session.hparams["loss"].string_value == "focal"
    assert session.hparams["gamma"].number_value == 2.0
    assert set(shown) <= set(focal.Tags()["tensors"])


def test_the_verdict_is_there_to_read(folder: Path, trial: Trial) -> None:
    assert value(events(folder), "verdict").item().decode() == str(trial.verdict)


def test_a_folder_of_another_trial_is_refused(trial: Trial, folder: Path) -> None:
    with pytest.raises(InputError, match="not empty"):
        trial.to_tensorboard(folder)


def test_a_missing_extra_gives_the_command(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda n: None if n == "tensorboard" else real(n)
    )
    with pytest.raises(MissingExtraError, match=r'"equipoise\[tensorboard\]"'):
        trial.to_tensorboard(tmp_path / "logs")
    assert list(tmp_path.iterdir()) == []


def test_folders_are_different_and_stay_inside() -> None:
    found = folder_names(["../up", "a b", "a:b", "..", "plain"])
    assert found == ["___up", "a_b", "a_b_2", "__", "plain"]


@pytest.mark.parametrize("labels", [False, True])
def test_several_classes_and_labels_are_written_by_their_metrics(
    labels: bool, make_task_trial: Callable[..., Trial], tmp_path: Path
) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    trial = make_task_trial((150, 60, 30), labels=labels, repeats=1)
    place = trial.to_tensorboard(tmp_path / "board")
    events = EventAccumulator(str(place / "plain"), {"tensors": 0})
    events.Reload()
    tags = events.Tags()["tensors"]
    assert "macro_average_precision" in tags
    assert "class/c2/recall" in tags
    assert "split/macro_average_precision" in tags
    assert CURVE not in tags


def test_classes_of_odd_names_can_be_found_again(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    names = ("A+ (50 %)", "ä/ö", "../c")
    table = make_classes(240, counts=[150, 60, 30]).table
    table = dataclasses.replace(table, task=Task("multiclass", names))
    trial = eq.compare(table, strategies="logistic", folds=3, repeats=1)
    place = trial.to_tensorboard(tmp_path / "board")
    by_key = json.loads((place / CLASS_NAMES).read_text(encoding="utf-8"))
    assert tuple(by_key.values()) == names
    events = EventAccumulator(str(place / "logistic"), {"tensors": 0})
    events.Reload()
    tags = events.Tags()["tensors"]
    assert {f"class/{key}/recall" for key in by_key} <= set(tags)
