# SPDX-License-Identifier: Apache-2.0
"""How often the folds are drawn anew, and what is kept when the user stops."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from equipoise._core.checks import integer, sentence
from equipoise._core.files import set_aside, to_json, write_whole
from equipoise.errors import InputError, InputTypeError, SplitError
from equipoise.jobs import Progress
from equipoise.strategies.strategy import Strategy
from equipoise.table.hashes import row_hashes
from equipoise.table.table import Table
from equipoise.trials.fold_scores import Scores, join, run, scaled
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.protocol import Protocol, parts

MOST_REPEATS = 5
"""How many repeats `repeats="auto"` draws at most."""
MOST_REPEATS_EVER = 20
"""How many can be asked for."""


@dataclass(frozen=True)
class Repeats:
    """How many repeats a trial has.

    Attributes:
        wanted: The number; None where the time budget decides.
        budget: Seconds that `wanted=None` may take.
    """

    wanted: int | None
    budget: float

    @classmethod
    def of(cls, repeats: int | str, minutes: float, by: str) -> Repeats:
        """Return what the user's arguments mean.

        Raises:
            InputTypeError: `repeats` is neither an integer nor "auto".
            InputError: It is out of range, or above 1 with splits by time.
        """
        if repeats == "auto":
            # Time has one order: there is nothing to draw anew.
            return cls(1 if by == "time" else None, minutes * 60)
        if isinstance(repeats, str):
            raise InputTypeError(
                sentence(f"repeats={repeats!r}", "an integer or 'auto'")
            )
        count = integer(repeats, "repeats", 1, MOST_REPEATS_EVER)
        if by == "time" and count > 1:
            raise InputError(
                sentence(
                    f"repeats={count} with splits by time",
                    "repeats=1: time has one order, so a repeat would change nothing",
                )
            )
        return cls(count, minutes * 60)

    def more(self, spent: float) -> int:
        """Return how many repeats follow the first, which took `spent` seconds."""
        if self.wanted is not None:
            return self.wanted - 1
        left = int((self.budget - spent) / max(spent, 1e-3))
        return min(MOST_REPEATS - 1, max(0, left))


def fit_repeats(
    whole: Table,
    rows: int,
    arms: Sequence[Strategy],
    protocol: Protocol,
    learner: LearnerChoice,
    repeats: Repeats,
    started: float,
    progress: Progress,
    baseline: str | None = None,
) -> Scores:
    """Fit the first repeat, then as many more as were asked for or fit in time.

    With checkpoints, the number of repeats that the time allowed is remembered: a
    trial that goes on after a stop has as many as it would have had. Ctrl-C after
    the first repeat leaves its scores, with a note.

    Args:
        whole: The trial's rows, and after them a test file's.
        rows: How many are the trial's.
        arms: The strategies.
        protocol: How the rows are split.
        learner: Who learns.
        repeats: How many repeats there are.
        started: When the trial began, `time.monotonic()`.
        progress: Called with a sentence and the share of the work done.
        baseline: As in `run`: an error in another arm ends that arm alone.

    Raises:
        KeyboardInterrupt: The user stopped it within the first repeat.
    """
    own = whole if len(whole) == rows else whole.take(range(rows))
    memory = _Memory.of(learner.checkpoints, own, arms, protocol)
    share = 0.3 if repeats.wanted is None else 0.95 / repeats.wanted
    scores = run(
        whole,
        parts(own, protocol, [0]),
        arms,
        rows=rows,
        learner=learner,
        progress=scaled(progress, 0, share),
        baseline=baseline,
    )
    more, damaged = memory.recall()
    if damaged:
        scores = replace(scores, notes=(*scores.notes, damaged))
    if more is None:
        more = repeats.more(time.monotonic() - started)
        memory.keep(more)
    if not more:
        return scores
    try:
        rest = run(
            whole,
            parts(own, protocol, range(1, more + 1)),
            [arm for arm in arms if arm.name not in scores.failed],
            rows=rows,
            learner=learner,
            progress=scaled(progress, share, 0.95 - share),
            baseline=baseline,
        )
    except SplitError as error:
        note = f"One repeat only: the folds could not be drawn anew. {error.facts}"
        return replace(scores, notes=(*scores.notes, note))
    except KeyboardInterrupt:
        note = f"Stopped by the user after the first of {more + 1} repeats."
        return replace(scores, notes=(*scores.notes, note))
    return join(scores, rest)


@dataclass(frozen=True)
class _Memory:
    """Where the number of further repeats of one trial is remembered."""

    path: Path | None

    @classmethod
    def of(
        cls,
        folder: str | os.PathLike[str] | None,
        table: Table,
        arms: Sequence[Strategy],
        protocol: Protocol,
    ) -> _Memory:
        if folder is None:
            return cls(None)
        digest = hashlib.sha256(row_hashes(table).tobytes())
        digest.update(table.labels().tobytes())
        digest.update(to_json([arm.to_dict() for arm in arms]).encode())
        digest.update(to_json(vars(protocol)).encode())
        return cls(Path(folder) / f"{digest.hexdigest()[:16]}.repeats")

    def recall(self) -> tuple[int | None, str]:
        """Return the number, None if there is none, and a note on a damaged file."""
        if self.path is None or not self.path.exists():
            return None, ""
        try:
            held = json.loads(self.path.read_text(encoding="utf-8"))
            if not isinstance(held, dict):
                raise InputError(sentence("no JSON object", "an object with 'more'"))
            return integer(held.get("more"), "more", 0, MOST_REPEATS_EVER - 1), ""
        except (OSError, ValueError, RecursionError, InputTypeError):
            # `ValueError` is that of `json`, of UTF-8, and of `InputError`.
            aside = set_aside(self.path)
            return None, (
                f"The file {self.path.name!r}, which held the number of repeats, is "
                f"damaged. It was renamed to {aside.name!r}, and the number was "
                "chosen again."
            )

    def keep(self, more: int) -> None:
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, to_json({"more": more}).encode())
