# SPDX-License-Identifier: Apache-2.0
"""The report in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from equipoise.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from equipoise.verbs.trial import Trial

HOSTILE = "<script>alert(1)</script>"
BOX = "getBoundingClientRect()"


@pytest.fixture(scope="module")
def page(
    make_trial: Callable[..., Trial], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    trial = make_trial(
        names=("prior", "logistic", "plain", "focal", "sweep"),
        task=Task("binary", ("no", HOSTILE)),
        target="a_rather_long_name_of_a_target_that_must_not_widen_the_page",
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(trial.report(), "utf-8")
    return path


def slide(browser: Any, place: int) -> None:
    browser.js(
        f"(s => {{ s.value = {place}; s.dispatchEvent(new Event('input')); }})"
        "(document.getElementById('x-slider'))"
    )


def text(browser: Any, name: str) -> str:
    found: str = browser.js(f"document.getElementById('x-{name}').textContent")
    return found


def number(browser: Any, name: str) -> float:
    """Return the value of a tile, without its small print."""
    shown = browser.js(f"document.getElementById('x-{name}').firstChild.textContent")
    return float(shown.replace(",", ""))


def test_it_opens_without_an_error_and_fetches_nothing(
    browser: Any, page: Path
) -> None:
    browser.open(page)
    assert browser.js("document.title").endswith("what helps with the rare class")
    assert not browser.named("Runtime.exceptionThrown", "Log.entryAdded")
    assert not browser.named("Runtime.consoleAPICalled", "Page.javascriptDialogOpening")
    urls = [e["request"]["url"] for e in browser.named("Network.requestWillBeSent")]
    assert [url for url in urls if not url.startswith("data:")] == [page.as_uri()]


def test_a_hostile_class_label_is_shown_as_text(browser: Any, page: Path) -> None:
    browser.open(page)
    assert HOSTILE in browser.js("document.querySelector('h1').textContent")
    assert browser.js("document.scripts.length") == 2


def test_moving_the_threshold_moves_everything(browser: Any, page: Path) -> None:
    browser.open(page)
    last = int(browser.js("document.getElementById('x-slider').max"))
    slide(browser, 0)
    assert number(browser, "recall") == 1.0
    assert number(browser, "alerts") == 1000
    assert number(browser, "precision") == 0.1
    seen = []
    for place in range(0, last + 1, 10):
        slide(browser, place)
        seen.append(number(browser, "recall"))
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) > 5
    slide(browser, last)
    assert number(browser, "recall") == 0.0
    assert text(browser, "words").startswith("No row is flagged")


def test_it_starts_at_the_decision_of_the_trial(browser: Any, page: Path) -> None:
    browser.open(page)
    data = browser.js(
        "JSON.parse(document.getElementById('explorer-data').textContent)"
    )
    arm = next(a for a in data["arms"] if a["name"] == data["start"])
    _, tp, fp = arm["points"][arm["chosen"]]
    assert number(browser, "recall") == pytest.approx(tp / data["positives"], abs=0.005)
    assert number(browser, "precision") == pytest.approx(tp / (tp + fp), abs=0.005)


def test_at_the_decision_the_intervals_are_those_of_the_box(
    browser: Any, page: Path
) -> None:
    browser.open(page)
    data = browser.js(
        "JSON.parse(document.getElementById('explorer-data').textContent)"
    )
    arm = next(a for a in data["arms"] if a["name"] == data["start"])
    box = browser.js(
        "[...document.querySelectorAll('header .tiles div')].map(d => "
        "[d.querySelector('dt').textContent, d.querySelector('dd').textContent])"
    )
    tiles = {"Recall": "recall", "Precision": "precision", "F1": "f"}
    compared = {word: shown for word, shown in box if word in tiles}
    assert len(compared) == 3
    for word, shown in compared.items():
        squeezed = "".join(shown.split())
        assert "".join(text(browser, tiles[word]).split()) == squeezed
    flagged = re.search(
        r"Of 1,000 rows like these, (\S+) are flagged",
        browser.js("document.querySelector('header').textContent"),
    )
    assert flagged is not None
    assert f"1,000 rows {flagged[1]} are flagged" in text(browser, "words")
    assert arm["estimates"]["recall"]["low"] <= arm["estimates"]["recall"]["high"]


def test_a_typed_probability_leads_to_its_decisions(browser: Any, page: Path) -> None:
    browser.open(page)
    data = browser.js(
        "JSON.parse(document.getElementById('explorer-data').textContent)"
    )
    arm = next(a for a in data["arms"] if a["name"] == data["start"])
    before = text(browser, "recall"), text(browser, "precision")
    slide(browser, 0)
    browser.js(
        f"(f => {{ f.value = {arm['threshold']}; f.dispatchEvent(new Event('change')); "
        "})(document.getElementById('x-typed'))"
    )
    assert (text(browser, "recall"), text(browser, "precision")) == before


def test_elsewhere_intervals_are_those_of_wilson(browser: Any, page: Path) -> None:
    from equipoise.uncertainty.proportion import wilson

    browser.open(page)
    data = browser.js(
        "JSON.parse(document.getElementById('explorer-data').textContent)"
    )
    arm = next(a for a in data["arms"] if a["name"] == data["start"])
    place = arm["chosen"] + 5
    slide(browser, len(arm["points"]) - 1 - place)
    _, tp, fp = arm["points"][place]
    for name, trials in (("recall", data["positives"]), ("precision", tp + fp)):
        low, high = wilson(tp, trials)
        assert text(browser, name).endswith(f"{low:.2f} to {high:.2f}")


def set_field(browser: Any, name: str, value: float) -> None:
    browser.js(
        f"(f => {{ f.value = {value}; f.dispatchEvent(new Event('input')); }})"
        f"(document.getElementById('x-{name}'))"
    )


def test_costs_rows_and_share_are_the_readers(browser: Any, page: Path) -> None:
    browser.open(page)
    recall, alerts = number(browser, "recall"), number(browser, "alerts")
    hidden = "document.getElementById('x-money-box').hidden"
    assert browser.js(hidden)  # no cost is invented
    assert text(browser, "alerts-word") == "Alerts in 1,000 rows"
    set_field(browser, "rows", 100_000)
    assert text(browser, "alerts-word") == "Alerts per day"
    assert number(browser, "alerts") == pytest.approx(100 * alerts, rel=0.05)
    set_field(browser, "fp", 0)
    set_field(browser, "fn", 3)
    assert not browser.js(hidden)
    missed = number(browser, "missed")
    assert number(browser, "money") == pytest.approx(3 * missed, abs=3)
    before = number(browser, "precision")
    set_field(browser, "share", 1)
    assert number(browser, "recall") == recall
    assert number(browser, "precision") < before / 2


def test_buttons_find_the_best_places(browser: Any, page: Path) -> None:
    browser.open(page)
    chosen = number(browser, "f")
    browser.js("document.getElementById('x-f1').click()")
    assert number(browser, "f") >= chosen
    set_field(browser, "fp", 1)
    set_field(browser, "fn", 1_000_000)
    browser.js("document.getElementById('x-cost').click()")
    assert number(browser, "recall") == 1.0


def test_a_key_moves_the_slider(browser: Any, page: Path) -> None:
    browser.open(page)
    browser.js("document.getElementById('x-slider').focus()")
    before = browser.js("document.getElementById('x-slider').value")
    for kind in ("keyDown", "keyUp"):
        browser.call(
            "Input.dispatchKeyEvent",
            type=kind,
            key="ArrowRight",
            code="ArrowRight",
            windowsVirtualKeyCode=39,
        )
    assert int(browser.js("document.getElementById('x-slider').value")) == (
        int(before) + 1
    )
    spoken = browser.js("document.getElementById('x-slider').ariaValueText")
    assert spoken is None or "probability" in spoken


@pytest.mark.parametrize("width", [375, 1280])
def test_a_drag_with_the_mouse_moves_the_numbers(
    browser: Any, page: Path, width: int
) -> None:
    browser.open(page, width=width)
    slider = "document.getElementById('x-slider')"
    browser.js(f"{slider}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
    box = browser.js(f"(r => [r.x, r.y, r.width, r.height])({slider}.{BOX})")
    last = int(browser.js(f"{slider}.max"))
    share = int(browser.js(f"{slider}.value")) / last
    x, y = box[0] + 8 + share * (box[2] - 16), box[1] + box[3] / 2
    before = number(browser, "recall")
    shown = text(browser, "words")
    mouse = {"button": "left", "buttons": 1, "clickCount": 1, "y": y}
    browser.call("Input.dispatchMouseEvent", type="mousePressed", x=x, **mouse)
    for part in (0.5, 0.2, 0.05):
        at = box[0] + part * x
        browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=at, **mouse)
    browser.call("Input.dispatchMouseEvent", type="mouseReleased", x=at, **mouse)
    assert int(browser.js(f"{slider}.value")) < share * last / 2
    assert number(browser, "recall") > before
    assert text(browser, "words") != shown
    assert not browser.named("Runtime.exceptionThrown", "Log.entryAdded")


def test_every_arm_can_be_explored(browser: Any, page: Path) -> None:
    browser.open(page)
    count = browser.js("document.getElementById('x-arm').options.length")
    assert count == 14
    seen = set()
    for k in range(count):
        browser.js(
            f"(a => {{ a.value = {k}; a.dispatchEvent(new Event('change')); }})"
            "(document.getElementById('x-arm'))"
        )
        seen.add(text(browser, "words"))
    assert len(seen) > 8


@pytest.mark.parametrize("width", [320, 375, 700, 820, 1100])
def test_no_width_needs_sideways_scrolling(
    browser: Any, page: Path, width: int
) -> None:
    browser.open(page, width=width)
    browser.js("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.js("document.documentElement.scrollWidth") <= width
    # Nothing is cut off inside the page either, but in boxes that scroll.
    wide = browser.js(
        "[...document.querySelectorAll('main *, header *')].filter(e => !e.closest("
        "'.scroll, svg, .vh, thead')"
        " && e.getBoundingClientRect().right > innerWidth + 1)"
        ".map(e => e.outerHTML.slice(0, 80)).join('\\n')"
    )
    assert wide == ""


def luminance(colour: str) -> float:
    """Return the relative luminance of "rgb(r, g, b)" (WCAG 2)."""
    parts = [float(v) / 255 for v in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    r, g, b = (
        v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts
    )
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(first: str, second: str) -> float:
    low, high = sorted([luminance(first), luminance(second)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark_are_legible(browser: Any, page: Path, dark: bool) -> None:
    browser.open(page, dark=dark)
    paper = browser.js("getComputedStyle(document.body).backgroundColor")
    assert (luminance(paper) < 0.2) == dark
    for place in ("body", ".note", "figcaption", ".verdict", ".code"):
        ink = browser.js(f"getComputedStyle(document.querySelector('{place}')).color")
        assert contrast(ink, paper) >= 4.5, place
    for series in (1, 2, 3):
        line = browser.js(
            "getComputedStyle(document.querySelector('figure [style*=\"stroke: "
            f"var(--series-{series})\"]')).stroke"
        )
        assert contrast(line, paper) >= 3


def test_it_prints_dark_on_light(browser: Any, page: Path) -> None:
    browser.open(page, dark=True, width=700)
    dark = {"name": "prefers-color-scheme", "value": "dark"}
    browser.call("Emulation.setEmulatedMedia", media="print", features=[dark])
    ink = browser.js("getComputedStyle(document.body).color")
    assert luminance(ink) < 0.2
    for part in (".controls", ".by-hand"):
        style = f"getComputedStyle(document.querySelector('{part}'))"
        assert browser.js(f"{style}.display") == "none"
    lead = "getComputedStyle(document.querySelector('#explorer-title + p'))"
    assert browser.js(f"{lead}.breakAfter") == "avoid"
    assert browser.js("document.documentElement.scrollWidth") <= 700
    folded = browser.js("document.querySelector('details dl').checkVisibility()")
    assert folded
    assert len(browser.call("Page.printToPDF")["data"]) > 10_000
