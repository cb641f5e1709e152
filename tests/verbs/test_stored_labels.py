# SPDX-License-Identifier: Apache-2.0
"""Several labels of rows that are larger than memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import average_precision_score
from typer.testing import CliRunner

import equipoise as eq
from equipoise.cli.app import app
from equipoise.errors import InputError, TargetError, UnsupportedError
from equipoise.reading import into_store
from equipoise.stores.class_shares import row_keys
from equipoise.stores.stored_batches import StoredBatches
from equipoise.stores.stored_table import StoredTable
from equipoise.strategies.catalogue import as_strategies
from equipoise.table.hashes import row_hashes
from equipoise.trials.fold_scores import fit_parts
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.trials.stored_rows import StoredRows, judge_store

ROWS = 8_000
NAMES = ("label_rare", "label_some", "label_often")
SHORT: dict[str, Any] = {"folds": 3, "repeats": 1}


def frame(unknown: float = 0.0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(7)
    x = random.normal(size=(ROWS, 3))
    values = {f"x{j}": x[:, j] for j in range(3)}
    for j, (name, base) in enumerate(zip(NAMES, (-5.5, -3.5, -0.5), strict=True)):
        p = 1 / (1 + np.exp(-base - 1.5 * x[:, j] - 0.5 * x[:, 0]))
        y = (random.random(ROWS) < p).astype(np.int8)
        y[random.random(ROWS) < unknown] = -1
        values[name] = y
    return values


def labels(values: dict[str, np.ndarray]) -> np.ndarray:
    return np.stack([values[name] for name in NAMES], axis=1)


def written(folder: Path, values: dict[str, np.ndarray], parts: int = 4) -> Path:
    folder.mkdir(exist_ok=True)
    whole, each = pa.table(values), ROWS // parts
    for k in range(parts):
        path = folder / f"part-{k}.parquet"
        pq.write_table(whole.slice(k * each, each), path, row_group_size=700)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("labels") / "rows", frame())


@pytest.fixture(scope="module")
def stored(folder: Path) -> StoredTable:
    return eq.read_table(folder, targets="label_*", memory="1GB")


def small(stored: StoredTable, rows: int) -> StoredTable:
    return stored.with_memory(int(rows * stored.memory / stored.most_rows))


def test_a_store_of_labels_is_the_table_of_memory(stored: StoredTable) -> None:
    memory = eq.read_table(pa.table(frame()), targets=NAMES)
    assert (stored.names, stored.task) == (memory.names, memory.task)
    assert stored.target == memory.target
    everything = stored.rows(np.ones(ROWS, bool)).table
    np.testing.assert_array_equal(everything.labels(), memory.labels())
    np.testing.assert_array_equal(row_hashes(everything), row_hashes(memory))
    np.testing.assert_array_equal(stored.labels(), labels(frame()))
    np.testing.assert_array_equal(
        stored.totals, memory.task.totals(memory.labels()).astype(int)
    )
    some = np.array([5, 700, ROWS - 1])
    np.testing.assert_array_equal(stored.labels_at(some), labels(frame())[some])
    assert stored.schema.labels().shape == (0, 3)
    again = StoredTable.load(stored.folder, 10**9)
    np.testing.assert_array_equal(again.labels(), stored.labels())
    assert "'label_rare'" in repr(stored)
    with pytest.raises(UnsupportedError, match="batches by class"):
        StoredBatches(stored, {"label_rare": 4})
    # The advice.
    files = stored.folder.parent.parent
    one = eq.read_table(files, "label_some", drop=[NAMES[0], NAMES[2]], memory="1GB")
    _, y = next(iter(StoredBatches(one, {"0": 3, "1": 1})))
    assert y.tolist() == [0, 0, 0, 1]


def test_rows_belong_to_the_rarest_label_that_they_have(stored: StoredTable) -> None:
    y = labels(frame())
    expected = np.full(ROWS, 3)
    for j in np.argsort(-y.sum(axis=0)):
        expected[y[:, j] == 1] = j
    np.testing.assert_array_equal(stored.strata(np.arange(ROWS)), expected)
    places, shares = stored.choose(2_000, seed=3)
    np.testing.assert_array_equal(shares.totals, np.bincount(expected, minlength=4))
    assert sum(shares.kept) == len(places) == 2_000
    np.testing.assert_array_equal(
        shares.kept, np.bincount(expected[places], minlength=4)
    )
    # Rare labels whole; of the others the rows with the smallest keys.
    assert (y[places, :2].sum(axis=0) == y[:, :2].sum(axis=0)).all()
    keys = row_keys(np.arange(ROWS), 3, "kept rows")
    for stratum in (2, 3):
        here = np.flatnonzero(expected == stratum)
        lowest = here[np.argsort(keys[here])[: shares.kept[stratum]]]
        np.testing.assert_array_equal(
            np.sort(lowest), places[expected[places] == stratum]
        )
    rows = StoredRows.of(small(stored, 2_000), 3)
    weights = rows.row_weights
    assert weights is not None
    # Each stratum stands for all of its rows, so rare labels are counted exactly.
    assert weights.sum() == pytest.approx(ROWS)
    kept = rows.table.labels()
    np.testing.assert_allclose(weights @ kept[:, :2], y[:, :2].sum(axis=0))
    assert weights @ kept[:, 2] == pytest.approx(y[:, 2].sum(), rel=0.05)


def test_if_the_rows_fit_the_trial_is_that_of_memory(stored: StoredTable) -> None:
    arms = ["prior", "logistic"]
    trial = eq.compare(stored, strategies=arms, network="linear", **SHORT)
    memory = eq.compare(
        pa.table(frame()), targets=NAMES, strategies=arms, network="linear", **SHORT
    )
    assert trial.names == memory.names
    for name in arms:
        for metric, estimate in trial[name].evaluation.items():
            other = memory[name].evaluation[metric]
            assert estimate.value == pytest.approx(other.value, abs=1e-4, nan_ok=True)
    assert trial.to_dict()["stored"]["fitted_on"] == {
        **dict(zip((*NAMES, "no label"), _strata(), strict=True))
    }


def _strata() -> list[int]:
    y = labels(frame())
    expected = np.full(ROWS, 3)
    for j in np.argsort(-y.sum(axis=0)):
        expected[y[:, j] == 1] = j
    return np.bincount(expected, minlength=4).tolist()


@pytest.mark.parametrize("exact", [True, False])
def test_a_share_is_undone_and_told(
    stored: StoredTable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    exact: bool,
) -> None:
    if exact:
        monkeypatch.setattr("equipoise.trials.stored_rows.JUDGED_BYTES", 0)
        monkeypatch.setattr("equipoise.trials.stored_rows.DRAWN_BYTES", 0)
    arms = ["prior", "logistic"]
    trial = eq.compare(small(stored, 2_000), strategies=arms, network="linear", **SHORT)
    memory = eq.compare(
        pa.table(frame()), targets=NAMES, strategies=arms, network="linear", **SHORT
    )
    for name in arms:
        for metric in ("macro_average_precision", "macro_roc_auc", "log_loss"):
            if metric not in trial[name].evaluation:
                continue
            one, other = (t[name].evaluation[metric] for t in (trial, memory))
            assert one.value == pytest.approx(
                other.value, abs=max((other.high - other.low) / 2, 0.01)
            )
    trial.write(tmp_path)
    facts = json.loads((tmp_path / "comparison.json").read_text())["stored"]
    assert facts["rows"] == ROWS
    assert sum(facts["fitted_on"].values()) == 2_000
    assert facts["row_weights"]["label_rare"] == 1.0
    assert facts["row_weights"]["no label"] > 2
    assert facts["added_to_scores"] == [0.0, 0.0, 0.0]
    assert (facts["judged"] == ROWS) is exact
    told = " ".join(str(trial).split())
    assert "In training each row counts for as many as it stands for" in told


def test_a_fitted_model_is_one_of_all_rows(stored: StoredTable, folder: Path) -> None:
    model = eq.fit(small(stored, 2_000), strategy="logistic", **SHORT)
    memory = eq.fit(pa.table(frame()), targets=NAMES, strategy="logistic", **SHORT)
    x = {name: values for name, values in frame().items() if name not in NAMES}
    p, q = model.predict_proba(x), memory.predict_proba(x)
    np.testing.assert_allclose(p.mean(0), q.mean(0), rtol=0.15)
    assert np.abs(p - q).mean() < 0.02
    y = labels(frame())
    assert model.facts["rows"] == ROWS
    assert model.facts["totals"] == [
        [int((column == 0).sum()), int((column == 1).sum())] for column in y.T
    ]
    one = model.evaluation["macro_average_precision"]
    other = memory.evaluation["macro_average_precision"]
    assert one.value == pytest.approx(other.value, abs=(other.high - other.low) / 2)
    with pytest.warns(eq.errors.TrialWarning, match="has seen in training"):
        evaluation = model.evaluate(str(folder / "part-*.parquet"))
    assert evaluation.rows == ROWS


def test_all_rows_are_counted_by_a_diagnosis(stored: StoredTable) -> None:
    facts = eq.diagnose(small(stored, 2_000)).facts
    whole = eq.diagnose(pa.table(frame()), targets=NAMES).facts
    for key in ("rows", "imbalance_ratio", "labels_per_row", "label_sets", "density"):
        assert facts[key] == whole[key], key
    for one, other in zip(facts["classes"], whole["classes"], strict=True):
        assert {**one, "cases": 0} == {**other, "cases": 0}


@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
def test_unknown_and_constant_labels(tmp_path: Path) -> None:
    values = frame(unknown=0.2)
    values |= dict.fromkeys(("label_none",), np.zeros(ROWS, np.int8))
    gone = np.arange(ROWS) < 900  # whole row groups, and more
    for name in (*NAMES, "label_none"):
        values[name] = np.where(gone, -1, values[name])
    source = written(tmp_path / "rows", values)
    table = eq.read_table(source, targets="label_*", memory="1GB")
    memory = eq.read_table(pa.table(values), targets="label_*")
    assert "900 rows of 'rows' have no known label" in " ".join(table.notes)
    assert table.task == memory.task
    np.testing.assert_array_equal(table.labels(), memory.labels())
    assert {d.name: d.reason for d in table.dropped} == {
        d.name: d.reason for d in memory.dropped
    }
    assert [n for n in memory.notes if "weigh nothing" in n] == [
        n for n in table.notes if "weigh nothing" in n
    ]
    dropped = eq.read_table(source, targets="label_*", memory="1GB", unlabelled="drop")
    assert "900 rows of 'rows' without a label were left out" in " ".join(dropped.notes)
    assert len(dropped) == ROWS - 900


def test_the_command_line_takes_labels_on_disk(folder: Path, tmp_path: Path) -> None:
    words = ["--targets", "label_*", "--memory", "1GB"]
    shown = CliRunner().invoke(app, ["diagnose", str(folder), *words])
    assert shown.exit_code == 0, shown.output
    assert "3 labels" in shown.output
    model = str(tmp_path / "m.equipoise")
    fit = ["fit", str(folder), *words, "--strategy", "prior"]
    made = CliRunner().invoke(app, [*fit, "--out", model])
    assert made.exit_code == 0, made.output
    assert eq.load(model).task.classes == NAMES


def test_labels_in_bad_order(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one of them"):
        eq.read_table(folder, "label_rare", targets="label_*", memory="1GB")
    with pytest.raises(TargetError, match="no such column"):
        eq.read_table(folder, targets="tag_*", memory="1GB")
    with pytest.raises(TargetError, match="label column 'x0'"):
        eq.read_table(folder, targets=["x0", "label_some"], memory="1GB")
    with pytest.raises(TargetError, match="positive="):
        eq.read_table(folder, targets="label_*", positive=1, memory="1GB")
    one = eq.read_table(folder, "label_some", task="multilabel", memory="1GB")
    assert one.task.classes == ("label_some",)


def test_a_kill_goes_on_with_the_same_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = written(tmp_path / "rows", frame())
    original, calls = into_store._Writer._add, []

    def add(self: Any, raw: Any) -> None:
        calls.append(1)
        original(self, raw)
        if len(calls) == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(into_store._Writer, "_add", add)
        with pytest.raises(KeyboardInterrupt):
            eq.read_table(source, targets="label_*", memory="1GB")
    table = eq.read_table(source, targets="label_*", memory="1GB")
    np.testing.assert_array_equal(table.labels(), labels(frame()))


def test_judged_rows_give_the_metrics_of_all_rows(
    stored: StoredTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weighted metrics of some rows against exact ones of all rows, fold by fold."""
    rows = StoredRows.of(small(stored, 2_000), 0)
    plan = TrialPlan(
        rows.table,
        tuple(as_strategies(["logistic", "trees"])),
        Protocol(folds=3),
        weights=rows.row_weights,
        keep=True,
    )
    scores = fit_parts(plan, plan.parts([0]))
    monkeypatch.setattr("equipoise.trials.stored_rows.DRAWN_BYTES", 0)
    monkeypatch.setattr("equipoise.trials.stored_rows.JUDGED_BYTES", 0)
    everything = judge_store(rows, plan, scores)
    np.testing.assert_array_equal(everything.y, labels(frame()))
    monkeypatch.setattr("equipoise.trials.stored_rows.JUDGED_BYTES", 10**6)
    some = judge_store(rows, plan, scores)
    assert 2_000 < len(some.y) < ROWS
    assert some.weights is not None
    assert some.weights.sum() == pytest.approx(ROWS)
    np.testing.assert_array_equal(some.y, labels(frame())[some.places])
    for name in ("logistic", "trees"):
        z, v = (each.scores.log_odds[name][0] for each in (everything, some))
        np.testing.assert_array_equal(v, z[some.places].astype(np.float32))
        # The models are those of all rows: the mean probability is the prevalence, of
        # trees somewhat more, since their scores are noisy and not calibrated here.
        # Without the weights it would be several times as much.
        p = 1 / (1 + np.exp(-z))
        near = 0.25 if name == "logistic" else 0.5
        np.testing.assert_allclose(p.mean(0), everything.y.mean(0), rtol=near)
        for j, fold in np.ndindex(3, 3):
            whole = everything.scores.folds[0] == fold
            here = some.scores.folds[0] == fold
            exact = average_precision_score(everything.y[whole, j], z[whole, j])
            about = average_precision_score(
                some.y[here, j], v[here, j], sample_weight=some.weights[here]
            )
            assert about == pytest.approx(exact, abs=0.03), (name, j)
