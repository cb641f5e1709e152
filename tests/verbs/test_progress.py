# SPDX-License-Identifier: Apache-2.0
"""Progress is shown where it can be, and gone at the end."""

from __future__ import annotations

import io
import sys
import types
from typing import Any

import pytest

import equipoise as eq
from equipoise.verbs import progress as module
from equipoise.verbs.progress import (
    NotebookProgress,
    TerminalProgress,
    finish_progress,
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
    report = shown_progress(None)
    assert isinstance(report, TerminalProgress)
    report("fold 1\x1b[31m of 5" + "x" * 90, 0.5)
    line = stream.getvalue()
    assert "########        ]  50%" in line
    assert len(line) < 60
    assert line.count("\x1b") == 1  # our own
    finish_progress(report)
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
    report = shown_progress(True)
    assert isinstance(report, NotebookProgress)
    report("one <b>", 0.25)
    report("two", 0.5)
    finish_progress(report)
    assert 'value="0.250"' in shown[0]
    assert "&lt;b&gt;" in shown[0]
    assert "two" in shown[1]
    assert shown[-1] == ""


def test_elsewhere_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    calls: list[str] = []
    for given in (None, False, lambda text, share: calls.append(text)):
        report = shown_progress(given)
        report("a", 0.5)
        finish_progress(report)
    assert calls == ["a"]
    assert capsys.readouterr().err == ""
