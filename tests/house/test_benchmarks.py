# SPDX-License-Identifier: Apache-2.0
"""What benchmarks measure: whole arms of one time budget, and the peak of a call."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.table.generators import gaussian_shift

WHOLE = [0.5, 0.6, 0.7, 0.6, 0.5]


@pytest.fixture(scope="module")
def benchmarks() -> Iterator[Any]:
    """Three files of benchmarks/ as modules, which import each other."""
    folder = str(Path(__file__).parents[2] / "benchmarks")
    names = ("quality", "quality_page", "memory")
    sys.path.insert(0, folder)
    yield [importlib.import_module(name) for name in names]
    sys.path.remove(folder)
    for name in names:
        del sys.modules[name]


def test_auto_of_another_budget_starts_afresh(
    benchmarks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    quality = benchmarks[0]
    fitted: list[dict] = []

    class Model:
        def __init__(self) -> None:
            self.facts = {"repeats": 1}

        def predict_proba(self, table: Any) -> Any:
            return np.full((len(table), 2), 0.5)

    def fit(table: Any, **options: Any) -> Model:
        fitted.append(options)
        return Model()

    monkeypatch.setattr(importlib.import_module("equipoise.verbs.fit"), "fit", fit)
    table = gaussian_shift(100, positives=20).table
    half = {"ap": [0.1, 0.1], "brier": [0.0, 0.0], "seconds": 1.0, "repeats": [2, 2]}

    def scored(entry: dict, minutes: float | None) -> tuple[int, dict]:
        fitted.clear()
        quality.whole_fit(table, minutes, entry, lambda: None)
        return len(fitted), entry["auto"]

    fits, auto = scored({"auto": {**half, "minutes": 1.0}}, 1.0)
    assert (fits, auto["ap"]) == (3, [0.1, 0.1, *[pytest.approx(0.2)] * 3])
    for minutes in (2.0, None):
        fits, auto = scored({"auto": {**half, "minutes": 1.0}}, minutes)
        assert (fits, auto["minutes"]) == (5, minutes)
        assert auto["ap"] == pytest.approx([0.2] * 5)
        assert auto["repeats"] == [1] * 5
    assert scored({}, 2.0)[0] == 5
    assert fitted == [{"minutes": 2.0}] * 5


def test_what_is_missing(benchmarks: Any) -> None:
    quality = benchmarks[0]
    entry = {"auto": {"ap": WHOLE, "minutes": 1.0}, "plain": {"ap": WHOLE}}
    arms = ["auto", "plain", "smote"]
    assert quality.missing_arms(entry, arms, 1.0) == ["smote"]
    assert quality.missing_arms(entry, arms, None) == ["auto", "smote"]
    entry["auto"]["ap"] = WHOLE[:4]
    assert quality.missing_arms(entry, arms, 1.0) == ["auto", "smote"]


def test_half_measured_arms_are_not_shown(
    benchmarks: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    quality, page, _ = benchmarks
    entry = {"plain": {"ap": WHOLE}, "auto": {"ap": WHOLE[:3]}}
    quality.show("one", entry, {"peer": {"ap": WHOLE}})
    lines = capsys.readouterr().out.split()
    assert lines == ["one", "plain", "0.5800", "(peer)", "0.5800"]

    peers = {
        name: {"rows": 90, "positives": 9, "scores": {"peer": {"ap": WHOLE}}}
        for name in ("one", "two")
    }
    text = page.beside_peers({"one": entry, "two": {"auto": {"ap": WHOLE}}}, peers)
    assert text.startswith("Over 1 tables `auto` has 0.580.")
    assert "| two |" in text
    assert "| one |" not in text
    before = {"one": ["one", "90", "9", "0.400", "0.580", "", "0.580 peer"]}
    text = page.beside_peers(
        {"one": entry, "two": {"auto": {"ap": WHOLE}}}, peers, before
    )
    assert text.startswith("Over 2 tables `auto` has 0.490.")


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux alone")
def test_the_peak_is_that_of_the_call(benchmarks: Any) -> None:
    memory = benchmarks[2]

    def hold(megabytes: int) -> None:
        np.ones(megabytes << 17).sum()

    hold(300)  # a peak from before, which hid that of the call
    held = memory.megabytes("VmRSS")
    assert memory.megabytes("VmHWM") > held + 200
    memory.reset_peak()
    assert memory.megabytes("VmHWM") < held + 50
    hold(100)
    assert 80 < memory.megabytes("VmHWM") - held < 150
