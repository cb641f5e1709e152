# SPDX-License-Identifier: Apache-2.0
"""Fitting on rows that are larger than memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import equipoise as eq
from equipoise.errors import (
    InputError,
    InputTypeError,
    TrialWarning,
    UnsupportedError,
)
from equipoise.models.explaining import unseen_folds
from equipoise.stores.stored_table import StoredTable
from equipoise.table.hashes import row_hashes
from equipoise.training.settings import TrainingSettings
from equipoise.trials.fresh_rows import FreshRows

ROWS = 8_000


def frame() -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    x = random.normal(size=(ROWS, 3))
    y = random.random(ROWS) < 1 / (1 + np.exp(4.0 - 1.5 * x[:, 0] - x[:, 1]))
    return {**{f"x{j}": x[:, j] for j in range(3)}, "y": y.astype(int)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("stored")
    whole = pa.table(frame())
    for k in range(4):
        pq.write_table(whole.slice(2_000 * k, 2_000), place / f"part-{k}.parquet")
    return place


@pytest.fixture(scope="module")
def stored(folder: Path) -> StoredTable:
    return eq.read_table(folder, "y", memory="1GB")


def small(stored: StoredTable, rows: int) -> StoredTable:
    return stored.with_memory(int(rows * stored.memory / stored.most_rows))


def test_if_the_rows_fit_the_model_is_that_of_memory(stored: StoredTable) -> None:
    """Up to the rounding of the values to float32."""
    model = eq.fit(stored, strategy="logistic", repeats=1, folds=3)
    memory = eq.fit(pa.table(frame()), "y", strategy="logistic", repeats=1, folds=3)
    x = {name: values for name, values in frame().items() if name != "y"}
    np.testing.assert_allclose(
        model.predict_proba(x), memory.predict_proba(x), atol=1e-5
    )
    for metric in ("average_precision", "roc_auc", "log_loss"):
        one, other = model.evaluation[metric], memory.evaluation[metric]
        assert one.value == pytest.approx(other.value, abs=1e-5)
        assert one.low == pytest.approx(other.low, abs=1e-4)
    assert "All 8,000 rows fit" in " ".join(model.notes)


def test_a_share_of_the_negatives_is_undone(
    stored: StoredTable, folder: Path, tmp_path: Path
) -> None:
    model = eq.fit(small(stored, 2_000), strategy="logistic", repeats=1, folds=3)
    facts = model.facts
    assert facts["rows"] == ROWS
    assert facts["positives"] == int(frame()["y"].sum())
    assert sum(facts["stored"]["fitted_on"].values()) == 2_000
    memory = eq.fit(pa.table(frame()), "y", strategy="logistic", repeats=1, folds=3)
    x = {name: values for name, values in frame().items() if name != "y"}
    p, q = model.predict_proba(x)[:, 1], memory.predict_proba(x)[:, 1]
    assert p.mean() == pytest.approx(frame()["y"].mean(), rel=0.05)
    # In log-odds the two differ by estimation error alone; the shift is 1.5.
    gap = np.log(p / (1 - p)) - np.log(q / (1 - q))
    assert abs(gap.mean()) < 0.15
    assert np.abs(p - q).mean() < 0.01
    one = model.evaluation["average_precision"]
    other = memory.evaluation["average_precision"]
    assert one.value == pytest.approx(other.value, abs=0.01)
    assert (one.high - one.low) == pytest.approx(other.high - other.low, rel=0.25)
    assert "Models were fitted on 2,000 of 8,000 rows" in str(model.card())
    # The model is saved, scores files and knows the rows that it has seen.
    model.save(tmp_path / "m.equipoise")
    again = eq.load(tmp_path / "m.equipoise")
    np.testing.assert_array_equal(again.predict_proba(x)[:, 1], p)
    assert again.facts["stored"] == facts["stored"]
    with pytest.warns(TrialWarning, match="that the model has seen in training"):
        again.evaluate(pa.table(frame()))


def test_what_is_not_served_is_named(stored: StoredTable, folder: Path) -> None:
    with pytest.raises(UnsupportedError, match="weights= for rows larger than memory"):
        eq.fit(stored, weights=np.ones(ROWS))
    with pytest.raises(UnsupportedError, match=r"goal\.certify= for rows"):
        eq.fit(stored, goal=eq.Goal(precision_floor=0.8, certify=0.95))
    assert eq.read_table(folder, "y", drop=["x0"], memory="1GB").names == ("x1", "x2")
    with pytest.raises(InputTypeError, match="a source of type dict"):
        eq.read_table(frame(), "y", memory="1GB")
    assert len(eq.read_table(frame(), "y")) == ROWS
    with pytest.raises(InputError, match="memory='much'"):
        eq.read_table(folder, "y", memory="much")
    with pytest.raises(InputError, match="without memory="):
        eq.read_table(folder / "part-0.parquet", "y", store=folder)


def test_the_model_says_what_it_owes_to_columns(stored: StoredTable) -> None:
    model = eq.fit(
        small(stored, 2_000), strategy="logistic", repeats=1, folds=2, importance=True
    )
    columns = model.facts["importance"]["columns"]
    assert list(columns[0]["columns"]) == ["x0"]


def test_a_fitted_model_takes_files_or_some_rows(
    stored: StoredTable, folder: Path
) -> None:
    model = eq.fit(small(stored, 2_000), strategy="prior", repeats=1, folds=2)
    with pytest.raises(UnsupportedError, match="a fitted model reads them block by"):
        model.predict_proba(stored)
    some = stored.take(range(1_000))
    assert model.predict_proba(some).shape == (1_000, 2)
    with pytest.warns(TrialWarning, match="that the model has seen in training"):
        assert model.evaluate(str(folder / "part-3.parquet")).rows == 2_000


def test_rows_of_a_store_are_the_rows_of_the_file(
    stored: StoredTable, folder: Path
) -> None:
    """The file holds float64 values, and the store float32 ones."""
    share = small(stored, 2_000)
    model = eq.fit(share, strategy="logistic", repeats=1, folds=2, importance=True)
    # The rows are judged by the models of the folds that left them out.
    importance = model.facts["importance"]
    assert importance["basis"] == "out of fold"
    assert importance["rows"] == model.facts["stored"]["judged"]
    rows = share.take(share.choose(share.most_rows)[0])
    assert model.seen_rows(rows) == len(rows) == 2_000
    with pytest.warns(TrialWarning, match="that the model has seen in training"):
        model.evaluate(rows)
    # A row of the test file is found among those in memory.
    shared = eq.diagnose(share, test=str(folder / "part-0.parquet"))["EQP007"]
    assert shared.evidence


@pytest.mark.parametrize(
    "strategy",
    [
        "plain",
        eq.Strategy(
            "bag", learner="logistic", plan="under_bagging", options={"members": 3}
        ),
    ],
    ids=["networks", "under_bagging"],
)
def test_rows_that_came_from_disk_are_rows_that_the_model_has_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strategy: Any
) -> None:
    learned: list[Any] = []

    def noted(method: Any) -> Any:
        def called(*arguments: Any) -> Any:
            made = method(*arguments)
            if isinstance(made, tuple):
                learned.append(row_hashes(made[1]))
                return made
            pieces = list(made)
            learned.extend(row_hashes(rows) for piece in pieces for _, rows in piece)
            return iter(pieces)

        return called

    for name in ("refill", "shard"):
        monkeypatch.setattr(FreshRows, name, noted(getattr(FreshRows, name)))
    values = {name: each.astype(np.float32) for name, each in frame().items()}
    pq.write_table(pa.table({**values, "y": frame()["y"]}), tmp_path / "t.parquet")
    whole = eq.read_table(tmp_path / "t.parquet", "y", memory="1GB")
    model = eq.fit(
        small(whole, 2_000),
        strategy=strategy,
        network="linear",
        training=TrainingSettings(epochs=4),
        repeats=1,
        folds=3,
    )
    from_disk = np.unique(np.concatenate(learned))
    judged = model.facts["stored"]["judged"]
    assert len(from_disk) > 1_000
    assert judged < ROWS
    assert np.isin(from_disk, model.seen).all()
    model.save(tmp_path / "m.equipoise")
    again = eq.load(tmp_path / "m.equipoise")
    rows = eq.read_table(tmp_path / "t.parquet", "y")
    folds, new = unseen_folds(again, rows)
    assert not new.any()
    assert np.bincount(folds[0]).min() > ROWS / 4
    assert again.seen_rows(rows) == ROWS
    with pytest.warns(TrialWarning, match="8,000 of 8,000 rows"):
        again.evaluate(str(tmp_path / "t.parquet"))


def test_a_model_of_the_rows_in_memory_knows_the_judged_ones(
    stored: StoredTable,
) -> None:
    model = eq.fit(small(stored, 2_000), strategy="logistic", repeats=1, folds=3)
    assert len(model.seen) == model.facts["stored"]["judged"] < ROWS
