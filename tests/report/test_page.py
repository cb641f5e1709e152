# SPDX-License-Identifier: Apache-2.0
"""The page: whole, closed, escaped, and the same each time."""

from __future__ import annotations

import copy
import html
import itertools
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.report import render, words
from equipoise.report.finding_page import finding_page
from equipoise.table.table import Column
from equipoise.task import Task
from equipoise.verbs.trial import Trial

HOSTILE = "<script>alert(1)</script>"
VOID = {"meta", "link", "input"}


class Reader(HTMLParser):
    """Collects tags, identifiers and headings, and checks that tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "action", "data", "poster", "srcset"):
                self.links.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


@pytest.fixture(scope="module")
def page(summary: dict[str, Any]) -> str:
    return render(summary)


def test_every_tag_closes_and_every_identifier_is_unique(page: str) -> None:
    reader = read(page)
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))


def test_headings_descend_one_level_at_a_time(page: str) -> None:
    levels = read(page).headings
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))


def test_it_refers_to_nothing_outside(page: str) -> None:
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", page)
    links = read(page).links
    numbers = [link for link in links if link.startswith("data:text/csv;")]
    assert len(numbers) == 1
    rest = [link for link in links if link not in numbers]
    assert all(link.startswith("#") or link == "data:," for link in rest)


def test_references_within_lead_somewhere(page: str) -> None:
    reader = read(page)
    wanted = {link[1:] for link in reader.links if link.startswith("#")}
    wanted |= set(re.findall(r"url\(#([^)]+)\)", page))
    wanted |= set(re.findall(r'aria-labelledby="([^"]+)"', page))
    assert wanted <= set(reader.ids)


def test_one_trial_gives_one_page(trial: Trial, page: str) -> None:
    assert trial.report() == page


def test_it_says_what_the_summary_says(summary: dict[str, Any], page: str) -> None:
    assert page.index(summary["action"]) < page.index(summary["verdict"])
    assert page.index(summary["verdict"]) < page.index("The data")
    for arm in summary["leaderboard"]:
        assert f"{arm['average_precision']['value']:.3f}" in page
    for finding in summary["findings"]["found"]:
        assert finding["code"] in page
        assert finding["title"] in page
        about = finding_page(finding["code"])[0][1][0]
        assert html.escape(about, quote=True).replace("&#x27;", "&#39;") in page
    for step in ("focal: stopped at the last epoch", "Protocol"):
        assert step in page


def test_hostile_texts_stay_texts(make_trial: Callable[..., Trial]) -> None:
    column = Column(HOSTILE, "numeric", np.arange(600.0))
    trial = make_trial(
        columns=(column,),
        task=Task("binary", ("$x^2$ & co", HOSTILE)),
        target=f'"{HOSTILE}',
        source=f"{HOSTILE}.csv",
    )
    page = trial.report()
    assert HOSTILE not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4
    assert read(page).tags.count("script") == 2


def test_a_hostile_arm_cannot_leave_the_data(summary: dict[str, Any]) -> None:
    bad = copy.deepcopy(summary)
    bad["explorer"]["arms"][0]["name"] = f"{HOSTILE}<!--\u2028"
    page = render(bad)
    assert HOSTILE not in page
    found = re.search(r'id="explorer-data">(.*?)</script>', page, re.S)
    assert found is not None
    held = json.loads(found[1])
    for arm in held["arms"]:  # its own rule's figures, as the decision writes them
        recall = arm["estimates"]["recall"]
        assert arm.pop("texts")["recall"] == [words.value(recall), words.ends(recall)]
    assert held == bad["explorer"]


def test_an_error_in_the_data_comes_before_the_decision(
    make_trial: Callable[..., Trial],
) -> None:
    trial = make_trial(later=True)  # the test file repeats the table's rows
    assert trial.diagnosis.worst == "error"
    page = trial.report()
    assert page.index("Fix the data first") < page.index("The decision")
    assert "Fix the data first" not in make_trial().report()


def test_it_holds_no_rows(make_trial: Callable[..., Trial]) -> None:
    values = 1234.567891 + np.arange(600.0)
    page = make_trial(columns=(Column("x", "numeric", values),)).report()
    assert not any(f"{value:.6f}"[:10] in page for value in values)


def test_undefined_numbers_give_their_reason(summary: dict[str, Any]) -> None:
    bare = copy.deepcopy(summary)
    bare["leaderboard"][0]["roc_auc"] = {
        "value": None,
        "low": None,
        "high": None,
        "reason": "no fold holds both classes",
    }
    assert "undefined: no fold holds both classes" in render(bare)


@pytest.mark.parametrize(("optimism", "told"), [(0.0004, False), (0.0006, True)])
def test_a_correction_is_told_where_it_can_be_seen(
    optimism: float, told: bool, summary: dict[str, Any]
) -> None:
    changed = copy.deepcopy(summary)
    changed["winner"] = {
        **changed["winner"],
        "optimism": optimism,
        "estimate": {"value": 0.196, "low": 0.1, "high": 0.3},
    }
    assert ("is at 0.196" in render(changed)) == told


def test_rows_that_are_never_tested_are_spoken_of(summary: dict[str, Any]) -> None:
    sentence = "500 of the rows are tested"
    assert sentence not in render(summary)
    by_time = {**summary, "data": {**summary["data"], "evaluated": 500}}
    assert sentence in render(by_time)


def test_captions_are_not_hidden_behind_a_picture(page: str) -> None:
    assert page.count("<figure>") == page.count("<figcaption>") == 5
    assert page.count('<div role="img" aria-label="') == 5


@pytest.mark.parametrize(
    "settings",
    [
        {"names": ("plain",)},
        {"names": ("prior", "plain")},
        {"later": True, "repeats": 2},
        {"objective": "cost", "costs": (1.0, 9.0)},
        {"rows": 4000, "positives": 40},
    ],
    ids=str,
)
def test_every_kind_of_trial_has_a_page(
    make_trial: Callable[..., Trial], settings: dict[str, Any]
) -> None:
    page = make_trial(**settings).report()
    assert read(page).open == []
    assert len(page.encode()) < 400_000


def test_two_hundred_thousand_rows_stay_below_three_megabytes(
    make_trial: Callable[..., Trial],
) -> None:
    page = make_trial(200_000, 2_000, ("prior", "plain", "focal")).report()
    assert len(page.encode()) < 3_000_000


def test_a_trial_writes_its_report(trial: Trial, page: str, tmp_path: Path) -> None:
    written = trial.write(tmp_path / "new")
    assert [path.name for path in written] == ["comparison.json", "report.html"]
    assert written[1].read_text("utf-8") == page


@pytest.mark.parametrize(
    ("metric", "says"),
    [
        ("average_precision", ("highest average precision first", ">Difference from")),
        ("roc_auc", ("highest AUROC first", ">AUROC, difference from plain")),
        ("brier", ("lowest Brier score first", ">Brier score, gain over plain")),
        ("mcc", ("highest Matthews correlation first", ">Matthews correlation<")),
    ],
)
def test_the_metric_of_the_trial_is_named(
    metric: str, says: tuple[str, ...], make_trial: Callable[..., Trial]
) -> None:
    summary = make_trial(metric=metric).summary()
    assert summary["metric"] == metric
    assert metric in summary["leaderboard"][0]
    page = render(summary)
    assert all(words in page for words in says)
    failed = render({**summary, "failed": [{"name": "auto", "reason": "it did"}]})
    assert f'colspan="{7 if metric == "mcc" else 6}" data-label="Failed"' in failed
