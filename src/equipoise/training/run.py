# SPDX-License-Identifier: Apache-2.0
"""Run a population to its end, with progress, checkpoints and a clean Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Callable

from equipoise.errors import InputError
from equipoise.training.checkpoints import CheckpointStore
from equipoise.training.key import run_key
from equipoise.training.population import Population
from equipoise.training.snapshot import Snapshot

Report = Callable[[int, int, float], None]
"""Called after each epoch with its number, the networks left, and the seconds that
are left at most."""


def train(
    population: Population,
    *,
    begin: Callable[[], None] | None = None,
    report: Report | None = None,
    checkpoints: CheckpointStore | None = None,
    tell: Callable[[str], None] | None = None,
) -> bool:
    """Run epochs until everybody is done.

    Args:
        population: Who is to be trained.
        begin: Called before the first epoch, if any is to be done.
        report: Called after each epoch.
        checkpoints: Where the state is written now and then, and at the end, and
            from where a run that was stopped goes on. A file that cannot be used is
            renamed to `NAME.damaged`, and the run begins from its start.
        tell: Called with a sentence if a file was set aside.

    Returns:
        Whether it ran to its end. False after Ctrl-C: the epoch that was running is
        lost, and each member is left at its best epoch so far.

    Raises:
        TrainingError: A member met a number that is not finite.
    """
    key = ""
    if checkpoints is not None:
        key = run_key(population)
        checkpoints.sweep(key)
        note = _restore(population, checkpoints, key)
        if note and tell is not None:
            tell(note)
    try:
        if begin is not None and not population.done:
            begin()
        _run(population, report, checkpoints, key)
    except KeyboardInterrupt:
        population.finish()
        return False
    population.finish()
    if checkpoints is not None:
        checkpoints.save(key, population.now.to_arrays())
    return True


def _restore(population: Population, checkpoints: CheckpointStore, key: str) -> str:
    """Go on from the last state; return a note if its file had to be set aside."""
    try:
        saved = checkpoints.load(key)
        if saved is not None:
            population.now = Snapshot.from_arrays(saved, like=population.now)
    except InputError:
        aside = checkpoints.set_aside(key)
        return (
            f"The checkpoint {checkpoints.path(key).name!r} is damaged or of another "
            f"version. It was renamed to {aside.name!r}, and its networks were "
            "trained again from the start."
        )
    return ""


def _run(
    population: Population,
    report: Report | None,
    checkpoints: CheckpointStore | None,
    key: str,
) -> None:
    start = written = time.monotonic()
    before = population.now.epoch
    while not population.done:
        population.run_epoch()
        now = time.monotonic()
        if checkpoints is not None and now - written >= population.settings.save_every:
            checkpoints.save(key, population.now.to_arrays())
            written = time.monotonic()
        if report is not None:
            each = (now - start) / (population.now.epoch - before)
            left = (
                0
                if population.done
                else population.settings.epochs - population.now.epoch
            )
            report(population.now.epoch, len(population.now.active), each * left)
