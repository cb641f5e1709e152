# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from equipoise._core.checks import integer
from equipoise.errors import InputError
from equipoise.testing.promises import refuses, require


def test_a_promise_that_holds_says_nothing() -> None:
    require(True, "never told")
    with pytest.raises(AssertionError, match="told"):
        require(False, "told")


def test_a_refusal_says_what_is_accepted() -> None:
    refuses(integer, 1.5, "rows")
    with pytest.raises(AssertionError, match="was accepted"):
        refuses(integer, 1, "rows")

    def curt() -> None:
        raise InputError("No.")

    with pytest.raises(AssertionError, match="what is accepted, not: No"):
        refuses(curt)
