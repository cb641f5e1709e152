# SPDX-License-Identifier: Apache-2.0
"""The report of several classes and labels in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from equipoise.decision.class_calibrator import ClassCalibrator

if TYPE_CHECKING:
    from collections.abc import Callable

    from equipoise.verbs.trial import Trial

HOSTILE = "<script>alert(1)</script>"
KINDS = ("three", "fifty", "labels")


@pytest.fixture(scope="module")
def pages(
    make_task_trial: Callable[..., Trial], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("task_report")
    names = (HOSTILE, "\u0645\u0631\u062d\u0628\u0627", "a name that is long " * 12)
    trials = {
        "three": make_task_trial((200, 80, 20), classes=names, repeats=1),
        "labels": make_task_trial((200, 90, 30), labels=True, repeats=1),
    }
    with mock.patch(
        "equipoise.evaluation.task_out_of_fold.fit_class_calibrator",
        return_value=ClassCalibrator(),
    ):
        trials["fifty"] = make_task_trial([8] * 25 + [30] * 25, ("plain",), repeats=1)
    for name, trial in trials.items():
        (folder / f"{name}.html").write_text(trial.report(), "utf-8")
    return {name: folder / f"{name}.html" for name in trials}


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 900, 1280])
@pytest.mark.parametrize("kind", KINDS)
def test_it_opens_and_fits(
    browser: Any, pages: dict[str, Path], kind: str, width: int, dark: bool
) -> None:
    browser.open(pages[kind], width=width, dark=dark)
    browser.js("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.js("document.documentElement.scrollWidth") <= width
    assert not browser.named("Runtime.exceptionThrown", "Log.entryAdded")
    assert not browser.named("Runtime.consoleAPICalled", "Page.javascriptDialogOpening")
    urls = [e["request"]["url"] for e in browser.named("Network.requestWillBeSent")]
    assert [url for url in urls if not url.startswith("data:")] == [
        pages[kind].as_uri()
    ]
    assert browser.js("document.scripts.length") == 2


def test_a_heading_sorts_its_column(browser: Any, pages: dict[str, Path]) -> None:
    browser.open(pages["fifty"])
    column = (
        "[...document.querySelector('table[data-sortable]').tBodies[0].rows]"
        ".map(row => Number(row.cells[5].dataset.value))"
    )
    head = "document.querySelectorAll('table[data-sortable] th button')[5]"
    browser.js(f"{head}.click()")
    rising = browser.js(column)
    assert rising == sorted(rising)
    browser.js(f"{head}.click()")
    assert browser.js(column) == rising[::-1]


def test_another_class_can_be_drawn(browser: Any, pages: dict[str, Path]) -> None:
    browser.open(pages["fifty"])
    drawn = "document.querySelectorAll('#pick-pr svg polyline').length"
    assert browser.js(drawn) >= 5
    assert browser.js("document.getElementById('pick-pr').clientHeight") > 60


def test_moving_a_class_moves_its_figures(browser: Any, pages: dict[str, Path]) -> None:
    for kind in ("three", "labels"):
        browser.open(pages[kind])
        recall = "document.getElementById('c-recall').firstChild.textContent"
        seen = []
        last = int(browser.js("document.getElementById('c-slider').max"))
        for place in (0, last // 2, last):
            browser.js(
                f"(s => {{ s.value = {place}; s.dispatchEvent(new Event('input')); }})"
                "(document.getElementById('c-slider'))"
            )
            seen.append(float(browser.js(recall)))
        assert seen[0] == 0.0
        assert seen[-1] == 1.0
        assert seen == sorted(seen)


def test_costs_that_are_entered_decide(browser: Any, pages: dict[str, Path]) -> None:
    browser.open(pages["three"])
    right = "document.querySelector('#k-table tbody').rows[2].cells[4].textContent"
    before = float(browser.js(right).rstrip("%"))
    for column in (0, 1):
        browser.js(
            "(i => { i.value = 1000; i.dispatchEvent(new Event('input')); })"
            f"(document.querySelectorAll('#k-table tbody tr')[2]"
            f".querySelectorAll('input')[{column}])"
        )
    assert float(browser.js(right).rstrip("%")) == 100 > before
    assert browser.js("document.getElementById('k-cost').textContent") != ""
