# SPDX-License-Identifier: Apache-2.0
"""What a folder holds before a trial is written there."""

from __future__ import annotations

from pathlib import Path

import pytest

from equipoise.errors import BundleError, InputError
from equipoise.table.generators import gaussian_shift
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Protocol
from equipoise.verbs.earlier import earlier_basis, require_no_trial

PLAN = TrialPlan(gaussian_shift(60, positives=20, seed=1).table, (), Protocol())


def test_an_empty_folder_or_none(tmp_path: Path) -> None:
    assert earlier_basis(None, PLAN, {}, "") is None
    assert earlier_basis(tmp_path / "new", PLAN, {}, "") is None
    assert earlier_basis(tmp_path, PLAN, {}, "") is None


def test_a_folder_of_an_older_version(tmp_path: Path) -> None:
    (tmp_path / "comparison.json").write_text("{}")
    with pytest.raises(InputError, match="force=True"):
        earlier_basis(tmp_path, PLAN, {}, "")
    assert earlier_basis(tmp_path, PLAN, {}, "", force=True) is None


def test_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "trial.equipoise").write_bytes(b"EQUIPOIS and so on")
    with pytest.raises(BundleError):
        earlier_basis(tmp_path, PLAN, {}, "")
    assert earlier_basis(tmp_path, PLAN, {}, "", force=True) is None


def test_rows_on_disk_replace_no_trial(tmp_path: Path) -> None:
    require_no_trial(None)
    require_no_trial(tmp_path)
    (tmp_path / "trial.equipoise").write_bytes(b"")
    require_no_trial(tmp_path, force=True)
    with pytest.raises(InputError, match="force=True"):
        require_no_trial(tmp_path)
