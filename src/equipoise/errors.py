# SPDX-License-Identifier: Apache-2.0
"""Every exception and warning that Equipoise raises on purpose.

```
EquipoiseError                     catch this for anything of ours
├── InputError (ValueError)        a value was given that cannot be used
│   ├── TableError                 a file or frame cannot be read as a table
│   ├── TargetError                the target column cannot be used
│   ├── SplitError                 the rows cannot be split as asked
│   ├── UnknownNameError (KeyError)  a result does not hold what was asked for
│   └── BundleError                a saved model is damaged or not one of ours
├── InputTypeError (TypeError)     an argument has the wrong type
├── UnsupportedError               valid, but not served yet (NotImplementedError)
├── RefusedError                   a guarantee was asked for that the data cannot give
├── TrainingError                  training met a number that is not finite
└── MissingExtraError              an optional package is absent (ImportError)

EquipoiseWarning (UserWarning)     something was done that the user should know
├── TableWarning                   ... while reading or cleaning a table
└── TrialWarning                   ... while comparing or fitting
```
"""

from __future__ import annotations

import re
import unicodedata

__all__ = [
    "BundleError",
    "EquipoiseError",
    "EquipoiseWarning",
    "InputError",
    "InputTypeError",
    "MissingExtraError",
    "RefusedError",
    "SplitError",
    "TableError",
    "TableWarning",
    "TargetError",
    "TrainingError",
    "TrialWarning",
    "UnknownNameError",
    "UnsupportedError",
]


# Nothing but visible letters of the first pages, which is nearly every string.
_PLAIN = re.compile(r"[\n\x20-\x7e\xa1-\xac\xae-\u02ff]*")
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def printable(text: str, *, lines: bool = True) -> str:
    r"""Return a string whose control characters are written out, as in `\x1b`.

    Names of files, columns and classes are the user's, or a stranger's, and they
    enter messages. What moves a cursor, colours a terminal, turns the direction of
    writing, or takes no width (the Unicode categories Cc, Cf, Cs, Zl and Zp) must not
    reach a reader as it is.

    Args:
        text: Any string.
        lines: Whether line feeds stay, which are ours in a string of several lines.

    Example:
        >>> print(printable("Cla\x1b[31mss"))
        Cla\x1b[31mss
        >>> print(printable("two\nlines", lines=False))
        two\nlines
    """
    if _PLAIN.fullmatch(text) and (lines or "\n" not in text):
        return text
    return "".join(
        repr(c)[1:-1]
        if unicodedata.category(c) in _UNSEEN and not (lines and c == "\n")
        else c
        for c in text
    )


class EquipoiseError(Exception):
    """Anything that Equipoise raises on purpose."""

    def __str__(self) -> str:
        return printable(super().__str__())


class InputError(EquipoiseError, ValueError):
    """A value was given that cannot be used."""


class TableError(InputError):
    """A file, a frame or arrays cannot be read as a table."""


class TargetError(InputError):
    """The target column cannot be used."""


class SplitError(InputError):
    """The rows cannot be split as asked.

    Attributes:
        facts: What cannot be split, without the advice that follows it.
    """

    def __init__(self, facts: str, advice: str = "") -> None:
        super().__init__(f"{facts} {advice}".strip())
        self.facts = facts


class UnknownNameError(InputError, KeyError):
    """A result was asked for something that it does not hold."""

    def __str__(self) -> str:
        # KeyError would show the message in quotes.
        return printable(str(self.args[0]))


class BundleError(InputError):
    """A saved model is damaged, altered, or not one of ours."""


class InputTypeError(EquipoiseError, TypeError):
    """An argument has the wrong type."""


class UnsupportedError(EquipoiseError, NotImplementedError):
    """The request is valid but is not served yet."""


class RefusedError(EquipoiseError):
    """A guarantee was asked for that the data at hand cannot give."""


class TrainingError(EquipoiseError, RuntimeError):
    """Training met a number that is not finite, or could not go on."""


class MissingExtraError(EquipoiseError, ImportError):
    """An optional package is absent; the message holds the install command."""


class EquipoiseWarning(UserWarning):
    """Something was done that the user should know about."""

    def __str__(self) -> str:
        return printable(super().__str__())


class TableWarning(EquipoiseWarning):
    """Something was done while reading or cleaning a table."""


class TrialWarning(EquipoiseWarning):
    """Something was done while comparing or fitting."""
