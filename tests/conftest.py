# SPDX-License-Identifier: Apache-2.0
"""Fixtures that every test folder shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# TensorFlow's start-up lines on stderr drown a failing test's output.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real benchmark tables; the test skips where it is absent."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("EQUIPOISE_DATA", default))
    if not folder.is_dir():
        pytest.skip("the benchmark tables are absent: set EQUIPOISE_DATA")
    return folder
