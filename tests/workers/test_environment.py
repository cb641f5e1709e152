# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from equipoise.errors import UnsupportedError
from equipoise.workers.environment import (
    differences,
    environment,
    processor,
    require_same_versions,
    thread_variables,
)


def test_versions_are_those_of_the_packages() -> None:
    here = environment()
    assert here["numpy"] == np.__version__
    assert here["python"] == ".".join(map(str, sys.version_info[:3]))
    assert len(here["code"]) == 16


def test_equal_environments_do_not_differ() -> None:
    require_same_versions(dict(environment()), "a worker")


@pytest.mark.parametrize("package", ["numpy", "tensorflow", "python", "equipoise"])
def test_another_version_is_refused_by_name(package: str) -> None:
    asked = {**environment(), package: "0.0.1", "code": "other"}
    with pytest.raises(UnsupportedError, match=rf"{package} \S+ in place of 0\.0\.1"):
        require_same_versions(asked, "a worker")


def test_other_code_of_one_version_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="other code of equipoise"):
        require_same_versions({**environment(), "code": "other"}, "a worker")


def test_a_package_on_one_side_only_is_a_difference() -> None:
    assert differences({"optuna": "5.0"}, {}) == ["optuna absent in place of 5.0"]
    assert differences({}, {"optuna": "5.0"}) == ["optuna 5.0 in place of absent"]


def test_the_processor_has_a_name() -> None:
    assert processor().strip()


def test_the_variables_hold_libraries_to_their_threads() -> None:
    code = (
        "import numpy, sklearn.linear_model\n"
        "from threadpoolctl import threadpool_info\n"
        "print({pool['num_threads'] for pool in threadpool_info()})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=thread_variables(1),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "{1}"
