# SPDX-License-Identifier: Apache-2.0
"""A cost matrix from a CSV file."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from equipoise._core.checks import listing, sentence
from equipoise.decision.cost_matrix import CostMatrix, check_names, cost_matrix
from equipoise.errors import InputError

ABSTAIN = "abstain"
"""The name of the column that holds the cost of leaving a row undecided."""

DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,(?![0-9]{3}$)[0-9]+")
"""1,5 and 0,25; not 1,000, which may be a thousand."""

LAYOUT = (
    "a first line with the decisions, and for each true class a line that begins with "
    "its name and holds the cost of each decision"
)


def read_costs(source: str | Path, classes: Sequence[str]) -> CostMatrix:
    r"""Read a cost matrix from a CSV file.

    The first line names the decisions; each further line begins with a true class and
    holds what each decision costs if that is the truth. Classes may stand in any
    order, on each axis. Columns are separated by commas, semicolons or tabs; if not by
    commas, 1,5 is read as 1.5. An empty cell of the diagonal is 0. A column named
    "abstain", if that is no class, holds the cost of leaving a row undecided: one
    number, in every line.

    Args:
        source: A path; or the text itself, if it holds a line feed.
        classes: The table's.

    Raises:
        InputError: The file cannot be read, is no such matrix, or its classes are not
            the table's.

    Example:
        >>> read_costs("truth,b,a\na,1,0\nb,0,9\n", ("a", "b")).costs
        ((0.0, 1.0), (9.0, 0.0))
    """
    what, text = _text(source)
    lines = _cells(text)
    if len(lines) < 2:
        raise InputError(sentence(f"{what} with {len(lines)} lines", LAYOUT))
    header, *body = lines
    decisions = header[1:]
    names = tuple(classes)
    undecided = ABSTAIN in decisions and ABSTAIN not in names
    check_names(names, [d for d in decisions if not (undecided and d == ABSTAIN)])
    for line in body:
        if len(line) != len(header):
            raise InputError(
                sentence(
                    f"{what} with {len(line)} cells in the line of {line[0]!r}, and "
                    f"{len(header)} in the first line",
                    LAYOUT,
                )
            )
    check_names(names, [line[0] for line in body], "true class", "row")
    matrix = {
        line[0]: {
            decided: _number(cell, line[0], decided, what)
            for decided, cell in zip(decisions, line[1:], strict=True)
        }
        for line in body
    }
    return cost_matrix(names, *_without_abstaining(matrix, undecided, what))


def _without_abstaining(
    matrix: dict[str, dict[str, float]], undecided: bool, what: str
) -> tuple[dict[str, dict[str, float]], float | None]:
    if not undecided:
        return matrix, None
    costs = {line.pop(ABSTAIN) for line in matrix.values()}
    if len(costs) > 1:
        raise InputError(
            sentence(
                f"{what} with the costs {sorted(costs)} in the column {ABSTAIN!r}",
                "one cost of leaving a row undecided, the same in every line",
            )
        )
    return matrix, costs.pop()


def _text(source: str | Path) -> tuple[str, str]:
    if isinstance(source, str) and "\n" in source:
        return "a cost matrix", source
    path = Path(source)
    try:
        return str(path), path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            sentence(
                f"the costs {str(path)!r}, which cannot be read ({error})",
                f"a CSV file in UTF-8: {LAYOUT}",
            )
        ) from error


def _cells(text: str) -> list[list[str]]:
    """Return the cells of all lines that hold any, without surrounding space."""
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    lines = csv.reader(text.splitlines(), delimiter=delimiter, skipinitialspace=True)
    cells = [[cell.strip() for cell in line] for line in lines]
    return [line for line in cells if any(line)]


def _number(cell: str, truth: str, decided: str, what: str) -> float:
    if not cell and truth == decided:
        return 0.0
    try:
        return float(cell.replace(",", ".") if DECIMAL_COMMA.fullmatch(cell) else cell)
    except ValueError:
        raise InputError(
            sentence(
                f"{what} with {listing([cell])} as the cost of deciding {decided!r} "
                f"where the truth is {truth!r}",
                "a number",
            )
        ) from None
