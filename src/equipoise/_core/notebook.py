# SPDX-License-Identifier: Apache-2.0
"""Small pieces of HTML for notebooks, in the colours of the report.

They follow the reader's light or dark setting, and that of JupyterLab and VS Code. All
text is escaped; no script runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from string import Template

from equipoise.errors import printable

_LIGHT = {
    "paper": "#fdfdfb",
    "ink": "#1b1d1f",
    "muted": "#5d6368",
    "rule": "#d6d6cf",
    "series-1": "#0063a6",
    "series-2": "#b34a00",
    "series-3": "#00775a",
    "accent": "#0063a6",
    "error": "#a4161a",
    "warning": "#855300",
}
_DARK = {
    "paper": "#15181b",
    "ink": "#e7e6e1",
    "muted": "#a2a7aa",
    "rule": "#3a3f44",
    "series-1": "#6db8f2",
    "series-2": "#f0a04b",
    "series-3": "#4fcaa5",
    "accent": "#6db8f2",
    "error": "#ff8f8a",
    "warning": "#e9b44c",
}
_RULES = (
    ".eqp{$light;background:$paper;color:$ink;border:1px solid $rule;"
    "border-radius:6px;padding:.8rem 1rem;max-width:60rem;"
    "font:14px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
    "@media (prefers-color-scheme:dark){.eqp{$dark}}"
    "[data-jp-theme-light=true] .eqp,.vscode-light .eqp{$light}"
    "[data-jp-theme-light=false] .eqp,.vscode-dark .eqp{$dark}"
    ".eqp h3{font:600 1.15em/1.3 Palatino,Georgia,serif;margin:0 0 .4em}"
    ".eqp p{margin:.3em 0;max-width:48rem}"
    ".eqp .note{color:$muted;font-size:.92em}"
    ".eqp .scroll{overflow-x:auto;margin:.5em 0}"
    ".eqp table{border-collapse:collapse;font-variant-numeric:tabular-nums;"
    "background:transparent;color:inherit;font-size:1em}"
    ".eqp th,.eqp td{padding:.2em .8em .2em 0;border-bottom:1px solid $rule;"
    "text-align:left;vertical-align:top;background:transparent}"
    ".eqp th{color:$muted;font-weight:600}.eqp .first td{font-weight:600}"
    ".eqp .error{color:$error}.eqp .warning{color:$warning}"
    ".eqp .tabs>input{position:absolute;opacity:0}"
    ".eqp .tabs>label{display:inline-block;padding:.2em .8em;margin:0 .2em 0 0;"
    "cursor:pointer;border-bottom:2px solid transparent;color:$muted}"
    ".eqp .tabs>input:checked+label{border-color:$accent;color:$ink}"
    ".eqp .tabs>input:focus-visible+label{outline:2px solid $accent}"
    ".eqp .tabs>div{display:none;padding-top:.6em}"
    ".eqp svg{width:100%;height:auto}"
    ".eqp figure{margin:0 0 1em;width:24rem;max-width:100%}"
    ".eqp .figures{display:flex;flex-wrap:wrap;gap:1.5em}"
)


def _style() -> str:
    """Return the style of a card, with the colours of both settings."""

    def colours(of: Mapping[str, str], scheme: str) -> str:
        each = ";".join(f"--{name}:{value}" for name, value in of.items())
        return f"{each};color-scheme:{scheme}"

    names = {name: f"var(--{name})" for name in _LIGHT}
    both = {"light": colours(_LIGHT, "light"), "dark": colours(_DARK, "dark")}
    return Template(_RULES).safe_substitute({**names, **both})


STYLE = _style()


def text_html(value: object) -> str:
    """Return a text for HTML; control characters are written out.

    Example:
        >>> text_html("a < b")
        'a &lt; b'
    """
    return escape(printable(str(value), lines=False))


def paragraph(text: object, kind: str = "") -> str:
    """Return a paragraph.

    Args:
        text: Plain text.
        kind: "note", "error", "warning" or nothing.
    """
    return f'<p class="{kind}">{text_html(text)}</p>'


def html_table(
    head: Sequence[object], rows: Sequence[Sequence[object]], first: int = -1
) -> str:
    """Return a table.

    Args:
        head: The titles.
        rows: The cells, plain text.
        first: The row that stands out; -1 for none.
    """
    titles = "".join(f'<th scope="col">{text_html(title)}</th>' for title in head)
    lines = [
        f"<tr{' class=first' if place == first else ''}>"
        + "".join(f"<td>{text_html(cell)}</td>" for cell in row)
        + "</tr>"
        for place, row in enumerate(rows)
    ]
    return (
        f'<div class="scroll"><table><thead><tr>{titles}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def tabs(parts: Mapping[str, str]) -> str:
    """Return parts of which one is shown at a time, without a script.

    Args:
        parts: Title to HTML.
    """
    everything = "".join(parts.values())
    key = hashlib.sha256(everything.encode()).hexdigest()[:10]
    pieces, shown = [], []
    for place, title in enumerate(parts):
        name = f"eqp-{key}-{place}"
        checked = " checked" if place == 0 else ""
        pieces.append(
            f'<input type="radio" name="eqp-{key}" id="{name}"{checked}>'
            f'<label for="{name}">{text_html(title)}</label>'
        )
        shown.append(f"#{name}:checked~.{name}{{display:block}}")
    bodies = [
        f'<div class="eqp-{key}-{place}">{html}</div>'
        for place, html in enumerate(parts.values())
    ]
    rules = f"<style>{''.join('.eqp .tabs>' + rule for rule in shown)}</style>"
    return f'{rules}<div class="tabs">{"".join(pieces)}{"".join(bodies)}</div>'


def html_card(title: object, *parts: str) -> str:
    """Return pieces as one card, with the style that they need.

    Args:
        title: Plain text.
        *parts: HTML.
    """
    body = "".join(parts)
    head = f"<h3>{text_html(title)}</h3>"
    return f"<style>{STYLE}</style><div class=eqp>{head}{body}</div>"


def lines_html(text: str) -> str:
    """Return lines of plain text as paragraphs; empty lines are left out.

    Args:
        text: Plain text.
    """
    return "".join(paragraph(line) for line in text.split("\n") if line.strip())
