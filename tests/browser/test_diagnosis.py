# SPDX-License-Identifier: Apache-2.0
"""The page of a diagnosis in a real browser."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from equipoise.diagnosis.diagnosis import diagnose
from equipoise.report import render_diagnosis
from equipoise.table.generators import gaussian_shift


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    table = dataclasses.replace(
        gaussian_shift(400, positives=20, seed=1).table,
        target="a_rather_long_name_of_a_target_that_must_not_widen_the_page",
    )
    path = tmp_path_factory.mktemp("diagnosis") / "diagnosis.html"
    path.write_text(render_diagnosis(diagnose(table), table), "utf-8")
    return path


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [320, 375, 1280])
def test_it_opens_and_fits(browser: Any, page: Path, width: int, dark: bool) -> None:
    browser.open(page, width=width, dark=dark)
    browser.js("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.js("document.title").endswith("what to know before training")
    assert browser.js("document.documentElement.scrollWidth") <= width
    assert not browser.named("Runtime.exceptionThrown", "Log.entryAdded")
    assert not browser.named("Runtime.consoleAPICalled")
    urls = [e["request"]["url"] for e in browser.named("Network.requestWillBeSent")]
    assert [url for url in urls if not url.startswith("data:")] == [page.as_uri()]
