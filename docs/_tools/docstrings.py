# SPDX-License-Identifier: Apache-2.0
"""Docstrings as the reference shows them."""

from __future__ import annotations

import re
from typing import Any

import griffe

_EXAMPLE = re.compile(r"^(?P<indent>[ \t]*)Example:[ \t]*$", re.M)


class Docstrings(griffe.Extension):
    """Let `Example:` open a section of examples, as `Examples:` does."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rename the heading in one object's docstring."""
        if obj.docstring is not None:
            obj.docstring.value = _EXAMPLE.sub(
                r"\g<indent>Examples:", obj.docstring.value
            )
