# SPDX-License-Identifier: Apache-2.0
"""How numbers are written in findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from equipoise._core.numerals import interval_parts
from equipoise._core.numerals import ratio as ratio
from equipoise._core.numerals import share as share
from equipoise.table.table import shortened

LONGEST = 40
"""A class's name is cut off after so many characters in a finding."""


@dataclass(frozen=True)
class Wording:
    """What the two sides of a binary problem are called in a finding.

    A check is written in these terms, so that it reads well of two classes, of a class
    against all others, and of a label.

    Attributes:
        one: A row that is looked for.
        many: Such rows; the name of the class is in it.
        short_one: The same, if the class was named before.
        short: Such rows, if the class was named before.
        negative: A row of the other side.
        negatives: Rows of the other side.
        are: That rows are such.
        is_one: That a row is such.
        to_be: The same as an infinitive.
        another: A row of the other side, if it is compared.
        apart: What is separated from what.
        neighbour: A neighbour that is such a row.
        rows: Such rows after an adjective.
        whole: All such rows together, at the start of a sentence.
    """

    one: str = "positive"
    many: str = "positives"
    short_one: str = "positive"
    short: str = "positives"
    negative: str = "negative"
    negatives: str = "negatives"
    are: str = "are positive"
    is_one: str = "is positive"
    to_be: str = "be positive"
    another: str = "a row of the other class"
    apart: str = "the classes"
    neighbour: str = "positive neighbour"
    rows: str = "positives"
    whole: str = "The rare class"

    @classmethod
    def of_class(cls, name: str) -> Wording:
        """Return the terms of a class against all others.

        Example:
            >>> Wording.of_class("POX").many
            "rows of 'POX'"
        """
        name = quoted(name)
        return cls(
            one=f"row of {name}",
            many=f"rows of {name}",
            short_one="row of the class",
            short="rows of the class",
            negative="other row",
            negatives="other rows",
            are=f"are of {name}",
            is_one=f"is of {name}",
            to_be="be of the class",
            another="a row of another class",
            apart=f"{name} from the other classes",
            neighbour="neighbour of the class",
            rows="rows",
            whole="The class",
        )

    @classmethod
    def of_label(cls, name: str) -> Wording:
        """Return the terms of a label, of rows in which it is known.

        Example:
            >>> Wording.of_label("angry").are
            "have the label 'angry'"
        """
        name = quoted(name)
        return cls(
            one=f"row with {name}",
            many=f"rows with {name}",
            short_one="row with the label",
            short="rows with the label",
            negative="row without it",
            negatives="rows without it",
            are=f"have the label {name}",
            is_one=f"has the label {name}",
            to_be="have the label",
            another="a row without the label",
            apart=f"rows with {name} from rows without it",
            neighbour="neighbour with the label",
            rows="rows",
            whole="The label",
        )

    def count(self, number: int) -> str:
        """Write a number of rows that are looked for.

        Example:
            >>> Wording().count(1), Wording.of_class("POX").count(20)
            ('1 positive', "20 rows of 'POX'")
        """
        return count(number, self.one, self.many)


TWO_CLASSES = Wording()
"""Positives and negatives."""


def quoted(name: str) -> str:
    """Write the name of a class in quotes, cut off if it is long."""
    return repr(shortened(name, LONGEST))


def count(number: int, noun: str, plural: str = "") -> str:
    """Write a count with its noun.

    Example:
        >>> count(1, "row"), count(12000, "row"), count(2, "category", "categories")
        ('1 row', '12,000 rows', '2 categories')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def interval_text(low: float, high: float) -> str:
    """Write an interval of shares, with two decimals or the more that it needs.

    Example:
        >>> interval_text(0.428, 0.946), interval_text(0.99912, 0.99988)
        ('0.43 to 0.95', '0.9991 to 0.9999')
    """
    low_text, high_text = interval_parts(low, high)
    return f"{low_text} to {high_text}"


def name_list(items: Sequence[str] | Iterable[str], most: int = 3) -> str:
    """Write column names as a short list.

    Example:
        >>> name_list(["a", "b", "c", "d", "e"])
        "'a', 'b', 'c' and 2 more"
        >>> name_list(["a", "b"])
        "'a' and 'b'"
    """
    quoted = [repr(item) for item in items]
    if len(quoted) > most + 1:
        return f"{', '.join(quoted[:most])} and {len(quoted) - most:,} more"
    return " and ".join(filter(None, [", ".join(quoted[:-1]), *quoted[-1:]]))


def class_list(names: Sequence[str], most: int = 3) -> str:
    """Write names of classes as a short list.

    Example:
        >>> class_list(["a", "b", "c", "d", "e"])
        "'a', 'b', 'c' and 2 more"
    """
    return name_list([shortened(name, LONGEST) for name in names], most)


def capital(text: str) -> str:
    """Return a text with a capital letter first.

    Example:
        >>> capital("rows of 'a'")
        "Rows of 'a'"
    """
    return text[:1].upper() + text[1:]


def inputs_in_words(size: Mapping[str, Any]) -> str:
    """Return what a model is given of each row: columns, or an array of some shape.

    Args:
        size: Facts with "columns", kind to number, and with "input_shape" if the rows
            are arrays.

    Example:
        >>> inputs_in_words({"columns": {"number": 2, "text": 1}})
        '3 columns'
        >>> inputs_in_words({"columns": {}, "input_shape": [28, 28, 1]})
        'inputs of shape 28x28x1'
    """
    shape = size.get("input_shape")
    if shape:
        return f"inputs of shape {'x'.join(map(str, shape))}"
    return count(sum(size["columns"].values()), "column")
