# SPDX-License-Identifier: Apache-2.0
"""Files of probabilities and decisions of several classes and labels."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import equipoise as eq
from equipoise.errors import InputError, TableWarning
from equipoise.verbs.predict_task import PredictedTask

NAMES = ("=SUM(A1)", "b", "c")


def rows(several: int, seed: int = 0) -> dict[str, list[object]]:
    random = np.random.default_rng(seed)
    y = np.repeat([0, 1, 2], several)
    x = random.normal(y, 0.7)
    return {"x": x.tolist(), "y": [NAMES[k] for k in y]}


def test_a_file_has_a_probability_per_class_and_the_class(tmp_path: Path) -> None:
    data = rows(40)
    model = eq.fit(data, "y", strategy="logistic", repeats=1)
    new = tmp_path / "new.csv"
    new.write_text("id,x\n" + "\n".join(f"r{i},{x}" for i, x in enumerate(data["x"])))
    done = model.predict_file(new, tmp_path / "out.csv", keep=["id"])
    assert isinstance(done, PredictedTask)
    with open(tmp_path / "out.csv", newline="") as stream:
        header, *lines = list(csv.reader(stream))
    each = [f"probability_{name}" for name in model.task.classes]
    assert header == ["id", *each, "decision"]
    p = model.predict_proba({"x": data["x"]})
    written = np.array([line[1:4] for line in lines], np.float64)
    np.testing.assert_array_equal(written, p)
    # What a spreadsheet would run is marked.
    decided = [line[4].removeprefix("'") for line in lines]
    assert decided == model.predict({"x": data["x"]}).tolist()
    assert any(line[4].startswith("'=") for line in lines)
    assert sum(done.decided.values()) == done.rows == 120
    assert done.expected["b"] == pytest.approx(
        p[:, list(model.task.classes).index("b")].sum()
    )
    assert "120 rows" in str(done)


def test_labels_have_two_columns_each_and_names_may_not_clash(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=120)
    data = {
        "x": x.tolist(),
        "a": (x + random.normal(size=120) > 0).astype(int).tolist(),
        "b": (x - random.normal(size=120) > 1).astype(int).tolist(),
    }
    model = eq.fit(data, targets=["a", "b"], strategy="logistic", repeats=1)
    new = tmp_path / "new.csv"
    new.write_text("decision_a,x\n" + "\n".join(f"1,{value}" for value in x))
    with pytest.raises(InputError, match="decision_a"):
        model.predict_file(new, tmp_path / "out.csv", keep=["decision_a"])
    with pytest.warns(TableWarning, match="decision_a"):
        done = model.predict_file(new, tmp_path / "out.csv")
    table = np.genfromtxt(tmp_path / "out.csv", delimiter=",", names=True)
    assert list(table.dtype.names) == [
        "probability_a", "probability_b", "decision_a", "decision_b"
    ]  # fmt: skip
    decided = model.decide({"x": data["x"]})
    np.testing.assert_array_equal(table["decision_b"], decided[:, 1])
    assert isinstance(done, PredictedTask)
    assert done.decided["a"] == (decided[:, 0] == 1).sum()


def test_reasons_are_about_the_likeliest_class(tmp_path: Path) -> None:
    data = rows(40)
    model = eq.fit(data, "y", strategy="logistic", folds=2, repeats=1)
    source, out = tmp_path / "new.csv", tmp_path / "out.csv"
    source.write_text("id,x\n" + "\n".join(f"r,{x}" for x in data["x"]))
    model.predict_file(source, out, keep=["id"], explain=True)
    with out.open(newline="") as stream:
        written = list(csv.DictReader(stream))
    assert list(written[0])[-3:] == ["reason_1", "reason_2", "reason_3"]
    assert any(row["reason_1"].startswith("x = ") for row in written)
