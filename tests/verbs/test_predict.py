# SPDX-License-Identifier: Apache-2.0
"""A file of rows in, a file of decisions out."""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from equipoise.errors import InputError, TableError, TableWarning
from equipoise.reading import shards
from equipoise.reading.read import read_features
from equipoise.verbs.fit import fit
from equipoise.verbs.model import FittedModel
from equipoise.verbs.predict import predict_file


@pytest.fixture
def new(make_rows: Callable[..., Any]) -> Any:
    return make_rows(500, seed=9).drop_columns(["fraud"])


@pytest.fixture(scope="module")
def named() -> FittedModel:
    x = [0.1 * row for row in range(60)]
    data = {"x": x, "y": [0] * 40 + [1] * 20}
    return fit(data, "y", strategy="logistic", folds=2, repeats=1)


def written(path: Path) -> Any:
    if path.suffix == ".parquet":
        return pq.read_table(path)
    return pyarrow.csv.read_csv(path)


@pytest.mark.parametrize("into", ["out.csv", "out.parquet"])
@pytest.mark.parametrize("source", ["new.csv", "new.parquet"])
def test_rows_keep_their_order_and_probabilities(
    linear: FittedModel, new: Any, tmp_path: Path, source: str, into: str
) -> None:
    path = tmp_path / source
    shuffled = new.select(["when", "paid", "city", "amount"])
    if source.endswith("csv"):
        pyarrow.csv.write_csv(shuffled, path)
    else:
        pq.write_table(shuffled, path)
    done = predict_file(linear, path, tmp_path / into)
    found = written(tmp_path / into)
    expected = linear.predict_proba(read_features(new, like=linear.schema))[:, 1]
    assert found.column_names == ["probability", "decision"]
    np.testing.assert_array_equal(found["probability"].to_numpy(), expected)
    decisions = found["decision"].to_numpy()
    np.testing.assert_array_equal(decisions, linear.decide(new))
    assert (done.rows, done.flagged) == (500, int((decisions == 1).sum()))
    assert done.expected == pytest.approx(expected.sum())
    assert "500 rows" in str(done)


def test_blocks_change_nothing(
    linear: FittedModel, new: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "new.csv"
    pyarrow.csv.write_csv(new, source)
    predict_file(linear, source, tmp_path / "one.csv")
    whole = shards.read_blocks

    def small(path: Path, **options: Any) -> Any:
        return whole(path, **options, block_bytes=2_000)

    monkeypatch.setattr(shards, "read_blocks", small)
    said: list[str] = []
    predict_file(linear, source, tmp_path / "many.csv", say=said.append)
    assert len(said) > 2
    assert said[-1] == "500 rows of new.csv are scored"
    one = written(tmp_path / "one.csv")["probability"].to_numpy()
    many = written(tmp_path / "many.csv")["probability"].to_numpy()
    # BLAS may round a product of one row and of many differently.
    np.testing.assert_allclose(one, many, rtol=1e-12)


def test_of_several_files_none_is_named(
    linear: FittedModel, new: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    pq.write_table(new.slice(0, 200), folder / "part-0.parquet")
    pq.write_table(new.slice(200), folder / "part-1.parquet")
    said: list[str] = []
    predict_file(linear, folder, tmp_path / "out.csv", say=said.append)
    assert said == [
        "200 rows of 2 files are scored",
        "500 rows of 2 files are scored",
    ]


def test_formulas_are_disarmed_and_numbers_are_not(
    linear: FittedModel, new: Any, tmp_path: Path
) -> None:
    odd = ["=1+1", "+cmd", "-2", "@x", "\tx", "\rx", "plain", "-a", "+3.5e2", ""]
    rows = new.slice(0, len(odd)).append_column("=id", pa.array(odd))
    pq.write_table(rows, tmp_path / "new.parquet")
    source = tmp_path / "new.parquet"
    predict_file(linear, source, tmp_path / "out.csv", keep=["=id"])
    text = (tmp_path / "out.csv").read_bytes().decode()
    assert text.splitlines()[0].startswith('"\'=id"')
    for formula in ("=1+1", "+cmd", "@x", "\tx", "\rx", "-a"):
        assert f'"\'{formula}"' in text
    for harmless in ("-2", "plain", "+3.5e2"):
        assert f'"{harmless}"' in text


def test_kept_columns_keep_their_type_in_parquet(
    linear: FittedModel, new: Any, tmp_path: Path
) -> None:
    pq.write_table(new, tmp_path / "new.parquet")
    out = tmp_path / "out.parquet"
    predict_file(linear, tmp_path / "new.parquet", out, keep=["when", "city"])
    found = pq.read_table(out)
    assert found.column_names == ["when", "city", "probability", "decision"]
    assert found["when"].equals(new["when"])


def test_a_note_is_issued_once_for_all_blocks(
    linear: FittedModel,
    new: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cities = pa.array([f"place {i}" for i in range(len(new))])
    odd = new.set_column(new.column_names.index("city"), "city", cities)
    pyarrow.csv.write_csv(odd, tmp_path / "new.csv")
    whole = shards.read_blocks
    monkeypatch.setattr(
        shards, "read_blocks", lambda path, **o: whole(path, **o, block_bytes=3_000)
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        predict_file(linear, tmp_path / "new.csv", tmp_path / "out.csv")
    told = [str(w.message) for w in caught if w.category is TableWarning]
    assert len(told) == 1
    assert "new categories" in told[0]
    assert "later blocks" in told[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop_columns(["city"]), "without the column 'city'"),
        (
            lambda t: t.set_column(0, "amount", pa.array(["x"] * len(t))),
            "'amount' holds",
        ),
    ],
)
def test_wrong_columns_leave_no_file(
    linear: FittedModel, new: Any, tmp_path: Path, change: Any, message: str
) -> None:
    pq.write_table(change(new), tmp_path / "new.parquet")
    (tmp_path / "out.csv").write_text("old")
    with pytest.raises(TableError, match=message):
        predict_file(linear, tmp_path / "new.parquet", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new.parquet", "out.csv"]


def test_usage_is_checked_before_anything_is_read(
    linear: FittedModel, new: Any, tmp_path: Path
) -> None:
    path = tmp_path / "new.csv"
    pyarrow.csv.write_csv(new, path)
    with pytest.raises(InputError, match=r"ends in '\.csv', '\.parquet'"):
        predict_file(linear, path, tmp_path / "out.xlsx")
    with pytest.raises(InputError, match="which is read as well"):
        predict_file(linear, path, path)
    with pytest.raises(InputError, match="not called"):
        predict_file(linear, path, tmp_path / "o.csv", keep=["decision"])
    with pytest.raises(TableError, match="Did you mean 'city'"):
        predict_file(linear, path, tmp_path / "o.csv", keep=["citi"])
    with pytest.raises(TableError, match=r"Did you mean 'new\.csv'"):
        predict_file(linear, tmp_path / "ne.csv", tmp_path / "o.csv")


def columns_to_keep() -> dict[str, Any]:
    texts = ["=a", "b", None]
    packed = [b"a", b"\xff", None]
    ticks = pa.array([1, 2, 3])
    found: dict[str, Any] = {
        "string": pa.array(texts),
        "large_string": pa.array(texts, pa.large_string()),
        "string_view": pa.array(texts, pa.string_view()),
        "codes": pa.array(texts).dictionary_encode(),
        "codes_of_days": pa.array([dt.date(2021, 1, 1)] * 3).dictionary_encode(),
        "null": pa.nulls(3),
        "bool": pa.array([True, None, False]),
        "half": pa.array(np.array([1, 2, 3], np.float16)),
        "decimal": pa.array([decimal.Decimal("1.25"), None, decimal.Decimal("-2.5")]),
        "day": pa.array([dt.date(2021, 1, 1), None, None], pa.date64()),
        "time": ticks.cast(pa.time64("ns")),
        "moment": ticks.cast(pa.timestamp("ns", "Asia/Tokyo")),
        "span": ticks.cast(pa.duration("us")),
        "bytes": pa.array(packed),
        "views_of_bytes": pa.array(packed, pa.binary_view()),
        "fixed": pa.array([b"ab", b"cd", None], pa.binary(2)),
        "list": pa.array([[1], None, [2, 3]]),
        "struct": pa.array([{"a": 1}, None, {"a": 2}]),
        "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
        "uuid": pa.ExtensionArray.from_storage(
            pa.uuid(), pa.array([b"0" * 16] * 3, pa.binary(16))
        ),
    }
    return found | {str(k): pa.array([1, None, 3], k) for k in (pa.int8(), pa.uint64())}


KEPT = columns_to_keep()
NOT_IN_CSV = {"bytes", "views_of_bytes", "fixed", "list", "struct", "map"}


@pytest.mark.filterwarnings("ignore::equipoise.errors.TableWarning")
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("name", KEPT)
def test_every_type_is_kept_or_named(
    name: str, suffix: str, named: FittedModel, tmp_path: Path
) -> None:
    path, out = tmp_path / "new.parquet", tmp_path / f"scores{suffix}"
    pq.write_table(pa.table({"x": [0.5, 1.5, 2.5], "k": KEPT[name]}), path)
    if suffix == ".csv" and name in NOT_IN_CSV:
        with pytest.raises(InputError, match=r"keep='k', a column of type .* \.csv"):
            named.predict_file(path, out, keep=["k"])
        assert not out.exists()
        return
    named.predict_file(path, out, keep=["k"])
    if suffix == ".csv":
        with out.open() as file:
            rows = list(csv.DictReader(file))
        assert [bool(row["k"]) for row in rows] == [
            value is not None for value in KEPT[name].to_pylist()
        ]
        if "string" in name:
            assert rows[0]["k"] == "'=a"
        return
    kept = pq.read_table(out).column("k")
    if name == "uuid":
        assert kept.to_pylist() == ["30303030-3030-3030-3030-303030303030"] * 3
    else:
        assert kept.to_pylist() == pq.read_table(path).column("k").to_pylist()


@pytest.mark.parametrize("into", ["out.csv", "out.parquet"])
def test_reasons_name_the_columns_that_moved_a_row(
    linear: FittedModel, new: Any, tmp_path: Path, into: str
) -> None:
    source = tmp_path / "new.parquet"
    pq.write_table(new, source)
    predict_file(linear, source, tmp_path / into, explain=True)
    rows = written(tmp_path / into).to_pylist()
    assert list(rows[0])[2:] == ["reason_1", "reason_2", "reason_3"]
    names = {column.name for column in linear.schema.columns}
    assert {row["reason_1"].split(" = ")[0] for row in rows} <= names
    # The largest contribution of a row with a high score is mostly positive.
    rows.sort(key=lambda row: -row["probability"])
    assert sum("(+" in row["reason_1"] for row in rows[:20]) > 15
    with pytest.raises(InputError, match="reason_1"):
        predict_file(linear, source, tmp_path / into, keep=["reason_1"], explain=True)


def test_a_short_file_needs_rows_to_compare_with(
    named: FittedModel, tmp_path: Path
) -> None:
    source = tmp_path / "new.csv"
    source.write_text("id,x\na,0.5\nb,5.5\n")
    with pytest.raises(InputError, match="background"):
        predict_file(named, source, tmp_path / "out.csv", keep=["id"], explain=True)
    assert not (tmp_path / "out.csv").exists()
    background = {"x": [0.1 * row for row in range(60)]}
    out = tmp_path / "out.csv"
    options = {"keep": ["id"], "explain": True, "background": background}
    predict_file(named, source, out, **options)  # type: ignore[arg-type]  # by name
    first, second = written(out)["reason_1"].to_pylist()
    assert first.startswith("x = 0.5 (-")
    assert second.startswith("x = 5.5 (+")
