# SPDX-License-Identifier: Apache-2.0
"""A folder that may hold a finished trial: the same, or another one."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from equipoise._core.checks import sentence
from equipoise.errors import InputError
from equipoise.models.trial_file import TRIAL_FILE, read_trial_file
from equipoise.trials.basis import TrialBasis
from equipoise.trials.plan import TrialPlan

OTHER_FILES = ("comparison.json", "report.html")


def earlier_basis(
    folder: str | os.PathLike[str] | None,
    plan: TrialPlan,
    asked: Mapping[str, Any],
    digest: str,
    *,
    force: bool = False,
) -> TrialBasis | None:
    """Return what the finished trial of a folder follows from, if it is this one.

    Arms, costs, metric and margin may differ: they need no fit again.

    Args:
        folder: Where trials are written; None for nowhere.
        plan: Of the trial that is to be made.
        asked: What was asked for that decides about the fits.
        digest: Of its rows.
        force: Whether another trial in the folder is to be replaced.

    Returns:
        The basis, with the rows of `plan`; None if there is no trial there, or it is to
        be replaced.

    Raises:
        InputError: The folder holds another trial.
        BundleError: The trial's file is damaged.
    """
    if folder is None or force:
        return None
    place = Path(folder)
    if not (place / TRIAL_FILE).exists():
        _require_no_older(place)
        return None
    basis = read_trial_file(place / TRIAL_FILE)
    what = basis.differs(plan, asked, digest)
    if what:
        raise InputError(
            sentence(
                f"the folder {str(place)!r}, which holds another trial: it differs in "
                f"{what}",
                "a new folder, or that of the same trial",
                "Choose another folder, or replace it with force=True.",
            )
        )
    return replace(basis, plan=plan)


def require_no_trial(
    folder: str | os.PathLike[str] | None, *, force: bool = False
) -> None:
    """Raise if a folder holds any trial, which would be lost.

    Args:
        folder: Where a trial is to be written; None for nowhere.
        force: Whether it is to be replaced.

    Raises:
        InputError: The folder holds a trial.
    """
    if folder is not None and not force:
        _require_no_older(Path(folder), (TRIAL_FILE, *OTHER_FILES))


def _require_no_older(place: Path, names: Sequence[str] = OTHER_FILES) -> None:
    """Raise if a trial without its own file would be lost."""
    there = [name for name in names if (place / name).exists()]
    if there:
        raise InputError(
            sentence(
                f"the folder {str(place)!r}, which holds {there[0]} of a trial that "
                "cannot be used again here",
                "a new folder, or that of the same trial",
                "Choose another folder, or replace it with force=True.",
            )
        )
