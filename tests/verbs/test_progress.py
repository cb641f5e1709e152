# SPDX-License-Identifier: Apache-2.0
"""Progress is shown where it can be, and gone at the end."""

from __future__ import annotations

import io
import itertools
import math
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import equipoise as eq
from equipoise.errors import TrainingError
from equipoise.jobs import ArmProgress, ArmSoFar, Progress
from equipoise.table.generators import gaussian_shift
from equipoise.verbs import progress as module
from equipoise.verbs import trial
from equipoise.verbs.progress import (
    NotebookProgress,
    Pulse,
    TerminalProgress,
    shown_progress,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(module, "EVERY", 0.0)
    monkeypatch.setenv("COLUMNS", "50")
    with shown_progress(None) as report:
        assert isinstance(report, TerminalProgress)
        report("fold 1\x1b[31m of 5" + "x" * 90, 0.5)
        line = stream.getvalue()
    assert "########        ]  50%" in line
    assert len(line) < 60
    assert line.count("\x1b") == 1  # our own
    assert stream.getvalue().endswith("\r\x1b[K")


def test_a_fit_in_a_terminal_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    y = [0] * 40 + [1] * 20
    data = {"x": [0.1 * k for k in range(60)], "y": y}
    short: dict[str, Any] = {"strategy": "logistic", "folds": 2, "repeats": 1}
    eq.fit(data, "y", **short)
    assert stream.getvalue().endswith("\x1b[K")
    before = stream.getvalue()
    eq.fit(data, "y", progress=False, **short)
    assert stream.getvalue() == before


class Failing:
    """A runner that says how far it is, and then fails."""

    def run(
        self, plan: Any, shards: Any, progress: Progress | None = None
    ) -> Iterator[Any]:
        assert progress is not None
        progress("one of two", 0.5)
        raise TrainingError("The second diverged.")
        yield


@pytest.mark.parametrize("memory", [None, "1GB"])
@pytest.mark.parametrize("verb", ["fit", "compare"])
def test_an_error_leaves_nothing_in_a_terminal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verb: str, memory: str | None
) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    data = tmp_path / "rows.csv"
    lines = [f"{0.1 * k:.1f},{int(k >= 40)}" for k in range(60)]
    data.write_text("\n".join(["x,y", *lines]))
    with pytest.raises(TrainingError, match="second diverged"):
        getattr(eq, verb)(data, "y", folds=2, runner=Failing(), memory=memory)
    assert "%" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_arms_that_cannot_be_added_leave_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = Terminal()
    data = {"x": [0.1 * k for k in range(60)], "y": [0] * 40 + [1] * 20}
    short: dict[str, Any] = {"folds": 2, "repeats": 1, "network": "linear"}
    made = eq.compare(data, "y", strategies=["prior"], **short)

    def failing(*args: Any) -> Any:
        args[-1]("logistic", 0.5)
        raise TrainingError("It diverged.")

    monkeypatch.setattr(trial, "with_more_arms", failing)
    monkeypatch.setattr(sys, "stderr", stream)
    with pytest.raises(TrainingError):
        made.add("logistic")
    assert "logistic" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_a_notebook_shows_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    class Handle:
        def update(self, html: str) -> None:
            shown.append(html)

    def display(html: str, display_id: bool) -> Handle:
        assert display_id
        shown.append(html)
        return Handle()

    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=1)  # type: ignore[attr-defined]
    inner = types.ModuleType("IPython.display")
    inner.display, inner.HTML = display, str  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", inner)
    monkeypatch.setattr(module, "EVERY", 0.0)
    with shown_progress(True) as report:
        assert isinstance(report, NotebookProgress)
        report("one <b>", 0.25)
        report("two", 0.5)
    assert 'value="0.250"' in shown[0]
    assert "&lt;b&gt;" in shown[0]
    assert "two" in shown[1]
    assert shown[-1] == ""


def test_a_step_slower_than_reckoned_never_moves_the_bar_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    pulse = Pulse()
    now = 10.0
    pulse.tell("lines", 0.3)
    now = 60.0
    shown = pulse.share
    assert shown > 0.5
    pulse.tell("trees", 0.35)
    assert pulse.share == shown
    assert pulse.left == pytest.approx(60 * 0.65 / 0.35)
    now = 61.0
    assert pulse.share == shown
    pulse.tell("networks", 0.9)
    assert pulse.share == 0.9


def test_the_share_goes_on_at_the_pace_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    pulse = Pulse()
    assert (pulse.share, pulse.left) == (0.0, None)
    clock[0] = 10.0
    pulse.tell("fit 1", 0.2)
    assert pulse.left == pytest.approx(40.0)
    clock[0] = 12.0  # a fifth in ten seconds: a twenty-fifth in two
    assert pulse.share == pytest.approx(0.24, abs=0.003)
    seen = []
    for second in range(13, 400):
        clock[0] = float(second)
        seen.append(pulse.share)
    assert all(a < b for a, b in itertools.pairwise(seen))
    assert seen[-1] < 0.6  # half way to the end, at most
    pulse.tell("fit 2", 0.1)  # what was told before stands
    assert pulse.share >= seen[-1]
    assert pulse.text == "fit 2"
    pulse.tell("done", 1.0)
    assert pulse.share == 1.0
    assert pulse.left == 0.0


def test_it_moves_while_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(module, "TICK", 0.02)
    report = TerminalProgress(stream)
    report("a long step", 0.5)
    before = len(stream.getvalue())
    time.sleep(0.5)
    report.finish()
    after = stream.getvalue()
    assert after.count("a long step") >= 3
    assert len(after) > before
    time.sleep(0.1)
    assert stream.getvalue() == after  # it has ended


def test_arms_stand_above_the_bar_the_best_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "EVERY", 0.0)
    monkeypatch.setenv("COLUMNS", "80")
    stream = Terminal()
    report = TerminalProgress(stream)
    assert isinstance(report, ArmProgress)
    for name, value, fits in (
        ("prior", 0.05, 5),
        ("trees", 0.514, 3),
        ("x", math.nan, 1),
    ):
        report.arm(ArmSoFar(name, "average precision", value, fits, 5))
    report("fit", 0.5)
    last = stream.getvalue().split("\x1b[J")[-1].split("\n")
    assert last[:3] == [
        "average precision so far",
        "  trees  0.51 in 3 of 5 folds",
        "  prior  0.05 in 5 of 5 folds",
    ]
    assert last[3].startswith("[########")
    report.finish()
    assert stream.getvalue().endswith("\r\x1b[3A\x1b[J")


def test_an_arm_may_come_while_the_board_is_drawn() -> None:
    pulse = Pulse()

    class Meanwhile:
        """An arm that is read while another is told of, as by another thread."""

        name, metric, fits, folds = "trees", "average precision", 1, 5

        @property
        def value(self) -> float:
            pulse.arm(ArmSoFar(f"arm {len(pulse.arms)}", self.metric, 0.2, 1, 5))
            return 0.5

    meanwhile: Any = Meanwhile()
    pulse.arm(meanwhile)
    assert pulse.board()[1] == "  trees  0.50 in 1 of 5 folds"
    assert "arm 1" in pulse.arms


def test_a_trial_tells_what_its_arms_are_worth() -> None:
    class Watcher:
        def __init__(self) -> None:
            self.arms: list[ArmSoFar] = []

        def __call__(self, text: str, share: float) -> None: ...

        def arm(self, so_far: ArmSoFar) -> None:
            self.arms.append(so_far)

    table = gaussian_shift(200, positives=60, seed=1).table
    watcher = Watcher()
    short: dict[str, Any] = {"folds": 2, "repeats": 1, "network": "linear"}
    eq.compare(table, strategies=["prior", "logistic"], progress=watcher, **short)
    assert {arm.name for arm in watcher.arms} == {"prior", "logistic", "plain"}
    assert max(arm.fits for arm in watcher.arms) == 2


def test_elsewhere_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    calls: list[str] = []
    for given in (None, False, lambda text, share: calls.append(text)):
        with shown_progress(given) as report:
            report("a", 0.5)
    assert calls == ["a"]
    assert capsys.readouterr().err == ""
