# SPDX-License-Identifier: Apache-2.0
"""Pieces of HTML for notebooks are whole, escaped, and need no script."""

from __future__ import annotations

from html.parser import HTMLParser

from equipoise._core.notebook import (
    html_card,
    html_table,
    lines_html,
    paragraph,
    tabs,
    text_html,
)

EVIL = "<script>alert('x')</script> & \"quotes\" \x1b[31m"
VOID = {"input", "br", "meta", "path", "use", "rect"}


class Balance(HTMLParser):
    """Counts tags that are opened and closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def tags_of(html: str) -> list[str]:
    parser = Balance()
    parser.feed(html)
    assert parser.open == []
    return parser.tags


def test_everything_is_escaped_and_closed() -> None:
    html = html_card(
        EVIL,
        tabs({EVIL: html_table([EVIL], [[EVIL], [1.5]], 0), "b": paragraph(EVIL)}),
        lines_html(f"{EVIL}\n\nlast"),
    )
    tags = tags_of(html)
    assert "script" not in tags
    assert "\x1b" not in html
    assert tags.count("input") == tags.count("label") == 2
    assert "class=first" in html
    assert text_html(EVIL).count("&lt;") == 2


def test_it_follows_the_light_and_the_dark() -> None:
    html = html_card("a")
    for setting in ("prefers-color-scheme:dark", "jp-theme-light=false", "vscode-dark"):
        assert setting in html


def test_two_sets_of_tabs_do_not_meet() -> None:
    one, two = tabs({"a": "1", "b": "2"}), tabs({"a": "1", "b": "3"})
    assert one == tabs({"a": "1", "b": "2"})
    names = {html.split('name="')[1].split('"')[0] for html in (one, two)}
    assert len(names) == 2
