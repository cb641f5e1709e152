# SPDX-License-Identifier: Apache-2.0
"""What every kind of source becomes first: columns in Arrow, and where rows lie."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from equipoise._core.checks import listing


@dataclass(frozen=True, eq=False)
class Raw:
    """The columns of a source before they are typed.

    Attributes:
        data: A `pyarrow.Table` with unique column names.
        name: The source in words, for messages.
        typed: Whether the source declares types; else all columns are texts that
            are to be parsed, and texts such as `NA` may mean that a value is missing.
        decimal: The decimal mark if a text could be read both ways.
        proven: Whether numbers of the file that can be read in one way only tell it.
        positions: `[rows]` where these rows lie among all, or None for all of them.
        order: Which comes first in dates if no date tells, "day" or "month"; "" if
            the user did not say.
        line: The line of a row in the file, or None if rows have no lines.
        notes: What was done while reading the file.
        hint: Added to the error about an absent column.
        first: How many rows of the source come before these.
        unread: Columns of the source that were not read, as they are to be dropped.
        targets: The names of the targets, if the source itself has them; else those
            that the user names are.
    """

    data: Any
    name: str
    typed: bool = True
    decimal: str = "."
    line: Callable[[int], int] | None = None
    notes: tuple[str, ...] = ()
    hint: str = ""
    first: int = 0
    proven: bool = False
    order: str = ""
    positions: Any = None
    unread: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()

    def place(self, row: int) -> str:
        """Return where a row lies, for messages.

        Example:
            >>> Raw(None, "a frame").place(3)
            'row 3'
            >>> Raw(None, "a file", line=lambda row: row + 2).place(3)
            'line 5'
        """
        row = row if self.positions is None else int(self.positions[row])
        if self.line is None:
            return f"row {self.first + row}"
        return f"line {self.line(row)}"

    def without(self, names: Collection[str]) -> Raw:
        """Return the source without some columns, if it has them."""
        present = [name for name in self.data.column_names if name not in names]
        return dataclasses.replace(self, data=self.data.select(present))


@dataclass(frozen=True)
class Request:
    """What a reader is told of the columns before it reads.

    Attributes:
        targets: The targets that the user names.
        expected: Names of other columns that the source should have.
        drop: Columns that need not be read.
    """

    targets: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


@dataclass
class Notes:
    """Collects what was done while reading; many columns share one sentence.

    Example:
        >>> notes = Notes()
        >>> notes.column("x", "2 infinite values were taken as missing")
        >>> notes.sentences()
        ("Column 'x': 2 infinite values were taken as missing.",)
    """

    texts: list[str] = field(default_factory=list)
    by_what: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def add(self, text: str) -> None:
        """Add a sentence."""
        self.texts.append(text)

    def column(self, name: str, text: str, what: str = "") -> None:
        """Add what was done to a column.

        Args:
            name: The column.
            text: What was done, without a full stop.
            what: The same without numbers; columns that share it are listed in one
                sentence once there are more than three.
        """
        self.by_what.setdefault(what or text, []).append((name, text))

    def sentences(self) -> tuple[str, ...]:
        """Return all sentences, in the order of their first occurrence."""
        sentences = list(self.texts)
        for what, entries in self.by_what.items():
            if len(entries) <= 3:
                sentences += [f"Column {name!r}: {text}." for name, text in entries]
            else:
                names = listing([name for name, _ in entries])
                example = f"{entries[0][0]!r}: {entries[0][1]}"
                sentences.append(
                    f"{len(entries)} columns ({names}): {what}. {example}."
                )
        return tuple(dict.fromkeys(sentences))
