# SPDX-License-Identifier: Apache-2.0
"""A cost matrix from a text file, written as tables are."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from equipoise._core.checks import sentence
from equipoise._core.types import FloatArray
from equipoise.decision.cost_matrix import CostMatrix, cost_matrix, named_classes
from equipoise.errors import InputError
from equipoise.reading.class_names import class_number
from equipoise.reading.csv_bytes import read_bytes, to_utf8
from equipoise.reading.csv_dialect import DELIMITERS, Dialect, sniff
from equipoise.reading.parse_numbers import parse_numbers
from equipoise.reading.source import Notes

ABSTAIN = "abstain"
"""The name of the column that holds the cost of leaving a row undecided."""

LAYOUT = (
    "a first line with the decisions, and for each true class a line that begins with "
    "its name and holds the cost of each decision; columns separated by commas, "
    "semicolons, tabs or bars"
)


@dataclass(frozen=True)
class _Line:
    """The cells of a line.

    Attributes:
        number: Where it ends in the file, from 1.
        cells: Its cells, without spaces around them.
    """

    number: int
    cells: list[str]

    def without_empty(self, width: int) -> _Line:
        """Return the line without its last cells, as far as they are empty.

        Args:
            width: How many cells are left at least.
        """
        filled = [j + 1 for j, cell in enumerate(self.cells) if cell]
        return _Line(self.number, self.cells[: max(width, *filled)])


def read_costs(source: str | Path, classes: Sequence[str]) -> CostMatrix:
    r"""Read a cost matrix from a text file.

    The first line names the decisions; each further line begins with a true class and
    holds what each decision costs if that is the truth. Classes may stand in any
    order, on each axis, and are spelled as in the table's file: case makes no
    difference, and 1, 1.0 and 01 are one number. Columns are separated by commas,
    semicolons, tabs or bars; numbers may have a decimal comma or marks between
    thousands, as a table's. Lines that begin with # are comments. An empty cell of
    the diagonal is 0. A column named "abstain", if that is no class, holds the cost of
    leaving a row undecided: one number, in every line.

    Args:
        source: A path; or the text itself, if it holds a line break.
        classes: The table's.

    Raises:
        InputError: The file cannot be read, is no such matrix, or its classes are not
            the table's. The message names the line.

    Example:
        >>> read_costs("truth,b,a\na,1,0\nb,0,9\n", ("a", "b")).costs
        ((0.0, 1.0), (9.0, 0.0))
        >>> read_costs("# EUR\n|A|B\nA|0|1.5\nB|9|0\n", ("a", "b")).costs
        ((0.0, 1.5), (9.0, 0.0))
    """
    what, text = _text(source)
    names = tuple(classes)
    lines, dialect = _lines(text, names, what)
    if len(lines) < 2:
        plural = "line" if len(lines) == 1 else "lines"
        raise InputError(sentence(f"{what} with {len(lines)} {plural}", LAYOUT))
    decisions, body = _decisions(lines, names)
    where = f"{what}, line {lines[0].number},"
    if not decisions:
        raise InputError(sentence(f"{where} with one column", LAYOUT))
    undecided = [j for j, name in enumerate(decisions) if _abstains(name, names)]
    places = [j for j in range(len(decisions)) if j not in undecided]
    chosen = named_classes(names, [decisions[j] for j in places], where=where)
    _require_width(body, len(decisions), what)
    truths = named_classes(
        names, [line.cells[0] for line in body], "true class", "row", where=what
    )
    diagonal = {(k, places[chosen.index(truth)]) for k, truth in enumerate(truths)}
    values = _numbers(body, decisions, dialect, diagonal, what)
    matrix = {
        truth: {
            decided: values[k, j] for decided, j in zip(chosen, places, strict=True)
        }
        for k, truth in enumerate(truths)
    }
    return cost_matrix(names, matrix, _cost_of_abstaining(values[:, undecided], what))


def _abstains(name: str, names: tuple[str, ...]) -> bool:
    return name.casefold() == ABSTAIN and class_number(name, names) is None


def _cost_of_abstaining(values: FloatArray, what: str) -> float | None:
    costs = np.unique(values).tolist()
    if len(costs) > 1:
        raise InputError(
            sentence(
                f"{what} with the costs {costs} in the column {ABSTAIN!r}",
                "one cost of leaving a row undecided, the same in every line",
            )
        )
    return costs[0] if costs else None


def _text(source: str | Path) -> tuple[str, str]:
    if isinstance(source, str) and ("\n" in source or "\r" in source):
        what, data = "a cost matrix", source.encode()
    else:
        path = Path(source)
        what = str(path)
        try:
            data = read_bytes(path)
        except OSError as error:
            raise InputError(
                sentence(
                    f"the costs {what!r}, which cannot be read ({error})",
                    f"a CSV file: {LAYOUT}",
                )
            ) from error
    return what, to_utf8(data, what, Notes()).decode()


def _lines(text: str, names: tuple[str, ...], what: str) -> tuple[list[_Line], Dialect]:
    """Return the lines that hold any cells but comments, and how they are written."""
    lines = [
        "\n" if _is_comment(line, names) else line
        for line in io.StringIO(text, newline="")
    ]
    above = next((k for k, line in enumerate(lines) if line.strip()), 0)
    # A hash that begins the header is no sign of a comment.
    dialect, _ = sniff("".join(lines[above:]).lstrip("#").encode())
    above += dialect.skip
    reader = csv.reader(
        io.StringIO("".join(lines[above:]), newline=""),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        escapechar=dialect.escape or None,
        doublequote=not dialect.escape,
        skipinitialspace=True,
    )
    try:
        records = [
            _Line(above + reader.line_num, [" ".join(cell.split()) for cell in cells])
            for cells in reader
        ]
    except csv.Error as error:
        raise InputError(
            sentence(f"{what}, line {above + reader.line_num}: {error}", LAYOUT)
        ) from error
    return [line for line in records if any(line.cells)], dialect


def _is_comment(line: str, names: tuple[str, ...]) -> bool:
    """Return whether a line begins with a hash and is not one of the matrix."""
    if not line.lstrip().startswith("#"):
        return False
    for delimiter in DELIMITERS:
        cells = next(csv.reader([line.strip()], delimiter=delimiter), [])
        named = [class_number(cell, names) is not None for cell in cells]
        if len(cells) > 1 and (named[0] or sum(named) >= len(names)):
            return False
    return True


def _decisions(
    lines: list[_Line], names: tuple[str, ...]
) -> tuple[list[str], list[_Line]]:
    """Return the names of the decisions, and the lines of the true classes.

    The first line may lack the cell above the true classes, as R writes tables.
    """
    header, body = lines[0].without_empty(1).cells, lines[1:]
    wider = all(len(line.cells) == len(header) + 1 for line in body)
    if wider and any(line.cells[-1] for line in body):
        return header, body
    return header[1:], [line.without_empty(len(header)) for line in body]


def _require_width(body: list[_Line], decisions: int, what: str) -> None:
    for line in body:
        if len(line.cells) != decisions + 1:
            raise InputError(
                sentence(
                    f"{what}, line {line.number}, with {len(line.cells)} cells in the "
                    f"line of {line.cells[0]!r}, and {decisions + 1} in the first line",
                    LAYOUT,
                )
            )


def _numbers(
    body: list[_Line],
    decisions: list[str],
    dialect: Dialect,
    diagonal: set[tuple[int, int]],
    what: str,
) -> FloatArray:
    """Return the costs `[true classes, decisions]`; 0 if empty on the diagonal."""
    import pyarrow as pa

    cells = [
        "0" if not cell and (k, j) in diagonal else cell
        for k, line in enumerate(body)
        for j, cell in enumerate(line.cells[1:])
    ]
    parsed = parse_numbers(
        pa.array(cells, pa.large_string()),
        dialect.decimal,
        proven=dialect.proven,
        accounting=True,
    )
    for place, (cell, value) in enumerate(zip(cells, parsed.values, strict=True)):
        unclear = bool(parsed.guess) and _EITHER.fullmatch(cell) is not None
        if unclear or not math.isfinite(value):
            k, j = divmod(place, len(decisions))
            raise _no_cost(
                cell,
                f"{what}, line {body[k].number}, with {cell!r} as the cost of "
                f"deciding {decisions[j]!r} where the truth is {body[k].cells[0]!r}",
                unclear,
            )
    return parsed.values.reshape(len(body), len(decisions))


_EITHER = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
"""A thousand, or a number with three decimals."""


def _no_cost(cell: str, received: str, unclear: bool) -> InputError:
    if not unclear:
        return InputError(sentence(received, "a finite number"))
    digits, point = re.sub("[.,]", "", cell), float(cell.replace(",", "."))
    return InputError(
        sentence(
            f"{received}, and nothing tells whether its mark parts decimals or "
            "thousands",
            "numbers that can be read in one way only",
            f"Write {digits}, or {point:.4f}.",
        )
    )
