# SPDX-License-Identifier: Apache-2.0
"""Progress is shown where it can be, and gone at the end."""

from __future__ import annotations

import io
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import equipoise as eq
from equipoise.errors import TrainingError
from equipoise.jobs import Progress
from equipoise.verbs import progress as module
from equipoise.verbs import trial
from equipoise.verbs.progress import (
    NotebookProgress,
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


def test_elsewhere_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    calls: list[str] = []
    for given in (None, False, lambda text, share: calls.append(text)):
        with shown_progress(given) as report:
            report("a", 0.5)
    assert calls == ["a"]
    assert capsys.readouterr().err == ""
