# SPDX-License-Identifier: Apache-2.0
"""`equipoise doctor`."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from typing import Any


def test_it_tells_versions_and_the_gpu(call: Callable[..., Any]) -> None:
    result = call("doctor")
    assert result.exit_code == 0, result.output
    assert version("tensorflow") in result.stdout
    assert "GPU: TensorFlow sees" in result.stdout
    data = json.loads(call("doctor", "--json").stdout)
    assert data["versions"]["keras"] == version("keras")
    assert data["backend"] == "tensorflow"
    assert data["sound"] is True
    assert data["processors"] >= 1
    assert "pytest" in data["extras"]["dev"]
