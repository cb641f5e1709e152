# SPDX-License-Identifier: Apache-2.0
"""`equipoise doctor`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any


def test_it_tells_versions_and_the_gpu(call: Callable[..., Any]) -> None:
    result = call("doctor")
    assert result.exit_code == 0, result.output
    assert version("tensorflow") in result.stdout
    assert "GPU: TensorFlow sees" in result.stdout
    # What needs no TensorFlow stands first, the verdict last.
    assert result.stdout.index("Processors") < result.stdout.index("GPU")
    assert result.stdout.rstrip().split("\n")[-1].startswith("Ready: ")
    data = json.loads(call("doctor", "--json").stdout)
    assert data["versions"]["keras"] == version("keras")
    assert data["backend"] == "tensorflow"
    assert data["sound"] is True
    assert data["processors"] >= 1
    assert "pytest" in data["extras"]["dev"]


def test_packages_are_known_without_tensorflow() -> None:
    code = (
        "import sys; from equipoise.verbs.doctor import installed_packages; "
        "print(installed_packages()); sys.exit('tensorflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert version("tensorflow") in done.stdout
    assert "Extra [dev]: " in done.stdout
