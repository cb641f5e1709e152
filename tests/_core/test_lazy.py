# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import equipoise


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "lazy_example"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from equipoise._core.lazy import attach\n"
        "__getattr__, __dir__, __all__ = attach(__name__, __file__)\n"
    )
    (folder / "__init__.pyi").write_text(
        "from . import part as part\nfrom .part import thing as thing\n"
    )
    (folder / "part.py").write_text("thing = 3\nhidden = 4\n")
    monkeypatch.syspath_prepend(tmp_path)
    return "lazy_example"


def test_names_are_loaded_when_used(package: str) -> None:
    module = __import__(package)
    assert module.__all__ == ["part", "thing"]
    assert dir(module) == ["part", "thing"]
    assert f"{package}.part" not in sys.modules
    assert module.thing == 3
    assert module.part.hidden == 4
    with pytest.raises(AttributeError, match="'lazy_example' has no attribute 'no'"):
        _ = module.no
    for name in [package, f"{package}.part"]:
        del sys.modules[name]


def test_a_part_that_is_not_listed_is_loaded_when_used(package: str) -> None:
    module = __import__(package)
    folder = Path(str(module.__file__)).parent
    (folder / "other.py").write_text("thing = 5\n")
    (folder / "_private.py").write_text("thing = 6\n")
    assert module.other.thing == 5
    assert module.__all__ == ["part", "thing"]
    with pytest.raises(AttributeError, match="has no attribute '_private'"):
        _ = module._private
    for name in [package, f"{package}.other"]:
        del sys.modules[name]


@pytest.mark.parametrize("name", ["folder/inner", "folder.inner", "folder", "../x", ""])
def test_what_is_no_name_of_a_module_is_no_attribute(package: str, name: str) -> None:
    module = __import__(package)
    inner = Path(str(module.__file__)).parent / "folder"
    inner.mkdir()
    for path in (inner / "inner.py", inner.parent.parent / "x.py"):
        path.write_text("thing = 7\n")
    with pytest.raises(AttributeError, match="has no attribute"):
        getattr(module, name)
    del sys.modules[package]


def test_a_path_in_the_package_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="'equipoise' has no attribute 'cli/app'"):
        getattr(equipoise, "cli/app")


def test_packages_need_no_import_of_their_own() -> None:
    code = (
        "import sys, equipoise; assert equipoise.training.TrainingSettings; "
        "assert equipoise.decision.Costs; assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
