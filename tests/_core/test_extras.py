# SPDX-License-Identifier: Apache-2.0
"""A missing extra is an error with the command that helps."""

from __future__ import annotations

import pytest

from equipoise._core.extras import require_extra
from equipoise.errors import MissingExtraError


def test_what_is_there_passes() -> None:
    require_extra("any", ("json", "math"), "a test")


def test_what_is_absent_is_named() -> None:
    with pytest.raises(MissingExtraError) as caught:
        require_extra("onnx", ("json", "surely_absent"), "an export")
    assert str(caught.value) == (
        "Received an export without 'surely_absent'. Accepted: the extra [onnx]. "
        'Run: pip install "equipoise[onnx]"'
    )
