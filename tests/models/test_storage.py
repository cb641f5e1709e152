# SPDX-License-Identifier: Apache-2.0
"""Saved models: equal after loading, refused when damaged or made up."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from packaging.version import Version

from equipoise._core.files import to_json
from equipoise.errors import BundleError, InputError, TableWarning
from equipoise.learners.resampled.learner import resampled
from equipoise.models import pack, read_bundle, unpack, write_bundle
from equipoise.models.storage import model_path, read_strategy, save, to_parts
from equipoise.reading.read import read_table
from equipoise.strategies.blended import Blend
from equipoise.strategies.catalogue import strategy
from equipoise.strategies.tuned import Tuned, tuned_strategies
from equipoise.verbs.fit import fit
from equipoise.verbs.model import FittedModel, load

Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def saved(
    linear: FittedModel,
    trees: FittedModel,
    network: FittedModel,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("saved")
    models = {"linear": linear, "trees": trees, "network": network}
    return {
        name: model.save(folder / f"{name}.equipoise") for name, model in models.items()
    }


@pytest.mark.parametrize("kind", ["linear", "trees", "network"])
def test_predictions_are_equal_after_loading(
    kind: str,
    saved: dict[str, Path],
    request: pytest.FixtureRequest,
    make_rows: Callable[..., Any],
) -> None:
    model: FittedModel = request.getfixturevalue(kind)
    again = load(saved[kind])
    new = model.read(make_rows(200, seed=3))
    np.testing.assert_array_equal(again.log_odds(new), model.log_odds(new))
    np.testing.assert_array_equal(again.decide(new), model.decide(new))
    np.testing.assert_array_equal(again.seen, model.seen)
    assert again.rule == model.rule
    assert again.facts == model.facts
    assert again.card() == model.card()
    assert {k: str(e) for k, e in again.evaluation.items()} == {
        k: str(e) for k, e in model.evaluation.items()
    }


def test_saving_the_loaded_model_gives_the_same_file(
    saved: dict[str, Path], tmp_path: Path
) -> None:
    for name, path in saved.items():
        again = load(path).save(tmp_path / f"{name}.equipoise")
        assert again.read_bytes() == path.read_bytes()


def test_a_model_behind_a_sampler_object_tells_what_it_was(
    make_rows: Callable[..., Any], tmp_path: Path
) -> None:
    arm = resampled(RandomOverSampler(random_state=0), learner="logistic")
    model = fit(read_table(make_rows(), "fraud"), strategy=arm, folds=2, repeats=1)
    again = load(model.save(tmp_path / "m.equipoise"))
    new = model.read(make_rows(50, seed=3))
    np.testing.assert_array_equal(again.log_odds(new), model.log_odds(new))
    assert "the rows that RandomOverSampler(random_state=0) makes" in again.card()
    assert again.card() == model.card()
    twice = load(again.save(tmp_path / "n.equipoise"))
    assert twice.card() == model.card()


def test_parts_are_the_whole_model(
    linear: FittedModel, make_rows: Callable[..., Any]
) -> None:
    new = linear.read(make_rows(50, seed=3))
    parts = to_parts(linear)
    assert all(isinstance(part, bytes) for part in parts.values())
    again = FittedModel.of_parts(parts)
    np.testing.assert_array_equal(again.log_odds(new), linear.log_odds(new))
    del parts["scorers/0/1.json"]
    with pytest.raises(BundleError, match=r"scorers/0/1\.json"):
        FittedModel.of_parts(parts)


def test_the_name_must_tell_what_it_is(linear: FittedModel) -> None:
    with pytest.raises(InputError, match=r"Try 'm\.equipoise'"):
        save(linear, "m.pkl")
    assert model_path("m.equipoise") == Path("m.equipoise")


def test_saving_is_whole_or_not_at_all(
    linear: FittedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.equipoise"
    path.write_bytes(b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save(linear, path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["m.equipoise"]


@pytest.mark.parametrize("kind", ["linear", "trees"])
def test_every_flipped_bit_is_refused(
    kind: str, saved: dict[str, Path], tmp_path: Path
) -> None:
    data = saved[kind].read_bytes()
    random = np.random.default_rng(0)
    path = tmp_path / "flipped.equipoise"
    for position in random.integers(0, 8 * len(data), 100).tolist():
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        path.write_bytes(flipped)
        with pytest.raises(BundleError):
            load(path)


def test_every_cut_is_refused(saved: dict[str, Path], tmp_path: Path) -> None:
    data = saved["linear"].read_bytes()
    random = np.random.default_rng(1)
    path = tmp_path / "cut.equipoise"
    for length in [0, 1, 15, *random.integers(0, len(data), 50).tolist()]:
        path.write_bytes(data[:length])
        with pytest.raises(BundleError):
            load(path)


def altered(source: Path, path: Path, part: str, change: Change) -> Path:
    """Write a bundle that is whole but says something else in one part."""
    parts = read_bundle(source)
    state = unpack(parts, part)
    change(state)
    for name in [n for n in parts if n == f"{part}.json" or n.startswith(f"{part}/")]:
        del parts[name]
    write_bundle(path, parts | pack(state, part))
    return path


def forest(change: Callable[[dict[str, Any]], None]) -> Change:
    return lambda state: change(state["forests"][0])


def put(name: str, value: Any, *where: Any) -> Change:
    def change(state: Any) -> None:
        for key in where:
            state = state[key]
        state[name] = value

    return change


def set_first(name: str, value: Any) -> Change:
    def change(state: dict[str, Any]) -> None:
        state[name] = state[name].copy()
        state[name].flat[0] = value

    return change


def cycle(state: dict[str, Any]) -> None:
    root = int(state["roots"][0])
    for side in ("left", "right"):
        state[side] = state[side].copy()
        state[side][root] = (root + 1) % len(state["value"])
        state[side][(root + 1) % len(state["value"])] = root


def shorter(name: str) -> Change:
    return lambda state: state.update({name: state[name][:-1]})


def of_type(name: str, dtype: str) -> Change:
    return lambda state: state.update({name: state[name].astype(dtype)})


FORESTS: dict[str, Change] = {
    "a cycle": cycle,
    "a child outside": set_first("left", 10**6),
    "a negative child": set_first("right", -2),
    "a root outside": set_first("roots", 10**6),
    "a column outside": set_first("feature", 500),
    "a negative column": set_first("feature", -1),
    "a set outside": set_first("subset", 10**5),
    "a value that is NaN": set_first("value", np.nan),
    "a threshold that is NaN": set_first("threshold", np.nan),
    "a base that is NaN": put("base", float("nan")),
    "no depth": put("depth", 0),
    "an absurd depth": put("depth", 10**12),
    "a depth that is a text": put("depth", "9"),
    "arrays of unequal length": shorter("threshold"),
    "another type": of_type("left", "float64"),
    "narrow sets": lambda s: s.update(subsets=np.zeros((9, 3), bool)),
    "two axes": lambda s: s.update(value=s["value"][None]),
}


@pytest.mark.parametrize("name", FORESTS)
def test_made_up_trees_are_refused(
    name: str, saved: dict[str, Path], tmp_path: Path
) -> None:
    part = "scorers/0/1"
    path = tmp_path / "odd.equipoise"
    altered(saved["trees"], path, part, forest(FORESTS[name]))
    with pytest.raises(BundleError, match=part):
        load(path)


def without(name: str) -> Change:
    def change(state: dict[str, Any]) -> None:
        del state[name]

    return change


SCORERS: dict[str, tuple[str, Change]] = {
    "no forests": ("trees", put("forests", [])),
    "an unknown view": ("trees", put("view", "sparse")),
    "an infinite offset": ("trees", put("offset", float("inf"))),
    "no encoding": ("trees", without("encoding")),
    "an encoding of other columns": (
        "linear",
        put("column", "absent", "encoding", "numbers", 0),
    ),
    "knots that fall": ("linear", put("knots", [3.0, 1.0], "encoding", "numbers", 0)),
    "one knot": ("linear", put("knots", [3.0], "encoding", "numbers", 0)),
    "a median that is NaN": (
        "linear",
        put("median", float("nan"), "encoding", "numbers", 0),
    ),
    "an unknown origin": ("linear", put("origin", "hash", "encoding", "numbers", 0)),
    "a category twice": (
        "linear",
        put("vocabulary", ["Bonn", "Bonn", "Oslo"], "encoding", "categories", 0),
    ),
    "coefficients of another length": ("linear", shorter("coefficients")),
    "coefficients that are NaN": ("linear", set_first("coefficients", np.nan)),
    "an intercept that is NaN": ("linear", put("intercept", float("nan"))),
    "an intercept of 400 digits": ("linear", put("intercept", 10**400)),
}


@pytest.mark.parametrize("name", SCORERS)
def test_made_up_scorers_are_refused(
    name: str, saved: dict[str, Path], tmp_path: Path
) -> None:
    kind, change = SCORERS[name]
    path = altered(saved[kind], tmp_path / "odd.equipoise", "scorers/0/0", change)
    with pytest.raises(BundleError, match="scorers/0/0"):
        load(path)


def in_arrays(change: Change) -> Change:
    return lambda state: change(state["arrays"])


NETWORKS: dict[str, Change] = {
    "weights that are NaN": in_arrays(set_first("kernel_0", np.nan)),
    "weights of another shape": in_arrays(
        lambda a: a.update(kernel_0=a["kernel_0"][:, :-1])
    ),
    "weights of another type": in_arrays(of_type("kernel_0", "float64")),
    "absent weights": in_arrays(without("bias_0")),
    "no networks": in_arrays(lambda a: a.update({k: v[:0] for k, v in a.items()})),
    "an absurd width": put("hidden", [10**9], "plain", "spec"),
    "an unknown field": put("pickle", "x", "plain", "spec"),
    "an unknown correction": put("kind", "exec", "plain", "correction"),
    "a correction that is NaN": put("offset", float("nan"), "plain", "correction"),
    "another layout": put("numbers", ["x"], "plain", "layout"),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_made_up_networks_are_refused(
    name: str, saved: dict[str, Path], tmp_path: Path
) -> None:
    source = saved["network"]
    entries = unpack(read_bundle(source), "model")["components"]
    place = [e["strategy"]["learner"] for e in entries].index("network")
    part = f"scorers/{place}/0"
    path = altered(source, tmp_path / "odd.equipoise", part, NETWORKS[name])
    with pytest.raises(BundleError, match=part):
        load(path)


MODELS: dict[str, Change] = {
    "an unknown learner": put("learner", "pickle", "components", 0, "strategy"),
    "an unknown option": put("options", {"x": 1}, "components", 0, "strategy"),
    "an unknown field": put("call", "x", "components", 0, "strategy"),
    "absurd counts": put("scorers", 10**9, "components", 0),
    "no scorers": put("scorers", 0, "components", 0),
    "half a scorer": put("scorers", 1.5, "components", 0),
    "no components": put("components", []),
    "components that are a number": put("components", 3),
    "a negative weight": put("weight", -1.0, "components", 0),
    "weights that do not sum to 1": put("weight", 0.3, "components", 0),
    "an unknown kind": put("kind", "object", "schema", "columns", 0),
    "a column twice": put("name", "city", "schema", "columns", 0),
    "three classes": put("classes", ["a", "b", "c"], "schema"),
    "another task": put("task", "multiclass", "schema"),
    "a threshold that is NaN": put("threshold", float("nan"), "rule"),
    "an unknown field of the rule": put("run", "x", "rule"),
    "a slope below 0": put("slope", -1.0, "rule", "calibrator"),
    "an unknown calibrator": put("method", "eval", "rule", "calibrator"),
    "an unknown field of a metric": put("x", 1, "evaluation", "metrics", "recall"),
    "no rows": put("rows", 0, "facts"),
    "facts of another target": put("target", "x", "facts"),
    "no facts": without("facts"),
    "notes that are none": put("notes", None),
}


@pytest.mark.parametrize("name", MODELS)
def test_made_up_models_are_refused(
    name: str, saved: dict[str, Path], tmp_path: Path
) -> None:
    source, path = saved["linear"], tmp_path / "odd.equipoise"
    with pytest.raises(BundleError, match=r"model\.json"):
        load(altered(source, path, "model", MODELS[name]))


def test_missing_parts_are_named(saved: dict[str, Path], tmp_path: Path) -> None:
    parts = read_bundle(saved["linear"])
    for part in ("model.json", "seen.json", "scorers/0/1.json"):
        kept = {name: data for name, data in parts.items() if name != part}
        write_bundle(tmp_path / "less.equipoise", kept)
        with pytest.raises(BundleError, match=part):
            load(tmp_path / "less.equipoise")


def test_hashes_of_another_type_are_refused(
    saved: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "odd.equipoise"
    altered(saved["linear"], path, "seen", of_type("hashes", "float64"))
    with pytest.raises(BundleError, match="seen"):
        load(path)


def test_two_models_parts_do_not_mix(saved: dict[str, Path], tmp_path: Path) -> None:
    parts = read_bundle(saved["linear"])
    other = read_bundle(saved["trees"])
    swapped = {n: d for n, d in other.items() if n.startswith("scorers/")}
    kept = {n: d for n, d in parts.items() if not n.startswith("scorers/")}
    write_bundle(tmp_path / "mixed.equipoise", kept | swapped)
    with pytest.raises(BundleError, match="scorers/0/0"):
        load(tmp_path / "mixed.equipoise")


# ---- files of earlier releases

OLDER = Path(__file__).parent / "data"
"""Models that were saved when their format was new. None of these files is ever
written again: a new format brings files of its own beside them. `columns` averages a
logistic regression, a `small` network and boosted trees over columns of every kind;
`own` holds Keras networks of a user's. `log_odds.json` is what each said of `rows.csv`,
or of 24 numbers from -2 to 2, on the day that it was saved."""


def older_inputs(name: str) -> Any:
    if name == "own":
        return np.linspace(-2, 2, 24, dtype="float32").reshape(6, 4)
    return OLDER / "rows.csv"


@pytest.mark.filterwarnings("ignore:.*unseen by a model:equipoise.errors.TableWarning")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("name", ["logistic", "columns", "own"])
def test_a_model_saved_by_an_earlier_release_says_what_it_said(name: str) -> None:
    if name == "own" and Version(keras.__version__) < Version("3.15"):
        pytest.skip("Keras reads no layers of a later Keras: these are of 3.15")
    model = load(OLDER / f"format-1-{name}.equipoise")
    expected = json.loads((OLDER / "log_odds.json").read_text())[name]
    found = model.log_odds(older_inputs(name))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert len(model.seen) == 120
    assert model.card()


@pytest.mark.parametrize("name", ["logistic", "columns"])
def test_the_format_is_the_one_that_was_saved(name: str) -> None:
    """Any change of what is written needs a new format, or this test says so."""
    older = read_bundle(OLDER / f"format-1-{name}.equipoise")
    now = to_parts(FittedModel.of_parts(older))
    assert list(now) == list(older)
    for part in older:
        if part != "card.md":  # words may improve
            assert now[part] == older[part], part


def test_an_average_is_rebuilt_with_members_of_any_kind() -> None:
    made = (
        resampled(RandomOverSampler(random_state=0)),
        Tuned("plain", trials=3, space={"learning_rate": [1e-3, 1e-2]}),
        strategy("logistic"),
    )
    blend = Blend("odd", blended=made, shares=(1, 2, 3), rule="average_precision")
    (tuned,) = tuned_strategies([strategy("auto")], 3)
    for each in (blend, tuned):
        fields = json.loads(to_json(each.to_dict()))
        again = read_strategy(fields)
        assert to_json(again.to_dict()) == to_json(each.to_dict())
        assert isinstance(again, Blend)
        assert [type(m) for m in again.blended] == [type(m) for m in each.blended]
    fields["blended"][0]["loss"] = "mine"
    with pytest.raises(BundleError, match="needs the loss 'mine'"):
        read_strategy(fields)
    fields["blended"][0] = blend.to_dict()
    with pytest.raises(BundleError, match="needs the learner 'blend'"):
        read_strategy(fields)


def test_how_columns_were_written_is_saved(tmp_path: Path) -> None:
    lines = [
        f"{i % 9},{i % 7}5;{1 + i % 28:02d}.01.2021;{i % 3 // 2}" for i in range(90)
    ]
    path = tmp_path / "train.csv"
    path.write_text("\n".join(["x;day;y", *lines]))
    with pytest.warns(TableWarning, match="a decimal comma"):
        model = fit(path, "y", strategy="logistic", folds=2, repeats=1)
    again = load(model.save(tmp_path / "m.equipoise"))
    for column, before in zip(again.schema.columns, model.schema.columns, strict=True):
        assert column.notation == before.notation
    rows = again.read({"x": ["1,250"], "day": ["02/03/2021"]})
    assert rows["x"].values.tolist() == [1.25]
    assert rows["day"].values[0] == np.datetime64("2021-03-02")
