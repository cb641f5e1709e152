"""Every check is listed once, in the order of its code, and has a page."""

from __future__ import annotations

import importlib
import pkgutil
import re

import equipoise.diagnosis.checks as package
from equipoise.diagnosis.catalogue import CHECKS


def test_every_file_of_checks_is_in_the_list() -> None:
    files = [m.name for m in pkgutil.iter_modules(package.__path__)]
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in files]
    assert {module.CHECK for module in modules} == set(CHECKS)
    assert len(CHECKS) == len(modules)


def test_a_check_is_named_after_its_file() -> None:
    for check in CHECKS:
        file = check.examine.__module__.rpartition(".")[2]
        assert check.examine.__name__ == f"check_{file}"


def test_codes_are_unique_and_rise() -> None:
    codes = [check.code for check in CHECKS]
    assert all(re.fullmatch(r"EQP\d{3}", code) for code in codes)
    assert codes == sorted(set(codes))
