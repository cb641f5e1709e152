# SPDX-License-Identifier: Apache-2.0
"""Text for the terminal: whole words, whole numbers, no line that is too long."""

from __future__ import annotations

import io

import pytest

from equipoise._core.layout import columns, display_width, wrap

TEXT = (
    "On the test file's 32 positives a measured recall of .75 [.57, .89] and a name "
    "such as RandomOverSampler_with_many_words_logistic_regression stay whole."
)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_lines_fit_and_words_stay_whole(width: int) -> None:
    shown = wrap(TEXT, width, first="note: ")
    lines = shown.split("\n")
    assert max(map(len, lines)) <= width
    words = shown.removeprefix("note: ").split()
    whole = [word for word in TEXT.split() if len(word) < 30]
    assert [word for word in words if word in whole] == whole
    joined = "".join(words)
    assert joined == TEXT.replace(" ", "")
    assert any("[.57, .89]" in line for line in lines)
    assert "\u2026" not in shown


def test_a_word_without_marks_is_never_cut() -> None:
    word = "a" * 70
    assert word in wrap(f"It is {word} here.", 40).split("\n")


def test_indentation_bullets_and_inner_spaces_are_kept() -> None:
    assert wrap("  one two three", 11) == "  one two\n  three"
    assert wrap("- one two three", 10) == "- one two\n  three"
    assert wrap("name   1.00 [0.9, 1]", 40) == "name   1.00 [0.9, 1]"
    assert wrap("a\n\nb", 40) == "a\n\nb"


def test_the_width_is_that_of_columns_else_of_no_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = io.StringIO()
    monkeypatch.delenv("COLUMNS", raising=False)
    assert display_width(stream) == 80
    for text, width in (("60", 60), ("10", 40), ("500", 120), ("wide", 80)):
        monkeypatch.setenv("COLUMNS", text)
        assert display_width(stream) == width


def test_a_table_lines_up() -> None:
    head, body = columns(
        [["name"], ["average", "precision"]],
        [[["plain"], [".5", "[.4, .6]"]], [["a", "b"], [".25"]]],
    )
    lines = [*head, *(line for block in body for line in block)]
    assert lines[2] == "-" * 16
    assert [line[-2:] for line in lines[3:5]] == [".5", "6]"]
    assert lines[3].endswith("      .5")
    assert lines[-1] == "b"
