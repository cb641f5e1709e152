# SPDX-License-Identifier: Apache-2.0
"""How often the folds are drawn, and what is kept when the user stops."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

from equipoise._core.checks import integer, number, sentence
from equipoise._core.files import set_aside, to_json, write_whole
from equipoise.errors import InputError, InputTypeError, SplitError
from equipoise.jobs import Progress
from equipoise.table.hashes import row_hashes
from equipoise.trials.early_scores import EarlyScores
from equipoise.trials.fold_scores import Scores, fit_parts, join
from equipoise.trials.plan import TrialPlan
from equipoise.trials.runners.runner import Runner

MOST_REPEATS = 5
"""How many repeats `compare` draws at most with `repeats="auto"`."""
MOST_KEPT = 3
"""The same for `fit`, which keeps the models of each."""
MOST_REPEATS_EVER = 20
"""How many can be asked for."""


@dataclass(frozen=True)
class Repeats:
    """How many repeats there are, and how they follow each other.

    Attributes:
        number: How many; None if the time budget decides.
        budget: Seconds that they may take then.
        most: How many the time budget may decide on.
        together: Whether all repeats after the first are fitted together, as one run
            of each learner; or one after the other, which takes less memory.
    """

    number: int | None
    budget: float
    most: int = MOST_REPEATS
    together: bool = True

    @classmethod
    def of(cls, repeats: int | str, minutes: float, by: str) -> Repeats:
        """Return what the user's arguments mean.

        Args:
            repeats: A number from 1 to 20, or "auto".
            minutes: The time budget of "auto".
            by: How the rows are split.

        Raises:
            InputTypeError: `repeats` is neither an integer nor "auto".
            InputError: It is out of range, or above 1 with splits by time.
        """
        if repeats == "auto":
            # Time has one order: there is nothing to draw again.
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

    def one_by_one(self) -> Repeats:
        """Return the same for models that are kept: fewer, one after the other."""
        return replace(self, most=MOST_KEPT, together=False)

    def more(self, spent: float) -> int:
        """Return how many repeats follow the first, which took `spent` seconds."""
        if self.number is not None:
            return self.number - 1
        left = int((self.budget - spent) / max(spent, 1e-3))
        return min(self.most - 1, max(0, left))

    def following(self, done: int, more: int, spent: float, last: float) -> range:
        """Return the repeats to fit next; none if those done were all.

        Args:
            done: How many are fitted.
            more: How many were to follow the first.
            spent: Seconds since the start.
            last: Seconds that the last one took.
        """
        if self.together:
            return range(1, more + 1) if done == 1 else range(0)
        if self.number is None and spent + last > self.budget:
            return range(0)
        return range(done, min(done + 1, self.number or self.most))

    def expected(self, spent: float) -> int:
        """Return how many repeats there will be if one takes `spent` seconds.

        Args:
            spent: Seconds; more than the first has taken so far if it is going on.
        """
        if self.number is not None:
            return self.number
        return 1 + self.more(spent)


@dataclass
class _Shares:
    """Turns the share of some repeats that is done into that of all repeats.

    How many repeats there are follows from the time that the first takes. Until it is
    done, its time is reckoned from the share of it that is done, so that the share
    shown is of as many repeats as there will be on this machine. It never falls.

    Attributes:
        progress: Called with a sentence and the share of all repeats.
        repeats: How many there are.
        done: How many are done.
        expected: How many there will be, once that is known.
    """

    progress: Progress
    repeats: Repeats
    done: int = 0
    expected: int | None = None
    _shown: float = 0.0

    def of(self, number: int) -> Progress:
        """Return a progress call for the repeats that come next.

        Args:
            number: How many are fitted together.
        """
        begun = time.monotonic()

        def report(text: str, share: float) -> None:
            count = self.expected
            if count is None:
                spent = time.monotonic() - begun
                count = self.repeats.expected(spent / max(share, 1e-3))
            shown = (self.done + number * share) / max(count, self.done + number)
            self._shown = max(self._shown, min(shown, 1.0))
            self.progress(text, self._shown)

        return report


def fit_repeats(
    plan: TrialPlan,
    repeats: Repeats,
    progress: Progress,
    *,
    started: float,
    runner: Runner | None = None,
    early: EarlyScores | None = None,
) -> Scores:
    """Fit the first repeat, then as many more as were asked for or fit in time.

    With checkpoints, the number of repeats that the time allowed is remembered, and
    before it is there the time that was spent: a trial that goes on after a stop has as
    many as it would have had. Ctrl-C after
    the first repeat leaves the scores so far with a note, unless models are kept.

    Args:
        plan: Rows, strategies and learners.
        repeats: How many there are.
        progress: Called with a sentence and the share of the fits done.
        started: When the trial began, `time.monotonic()`.
        runner: Who does the fits; this process if None.
        early: Who tells what the arms are worth so far, or None.

    Raises:
        SplitError: A class cannot be present in every part.
        KeyboardInterrupt: The user stopped it within the first repeat, or while
            models are kept.
    """
    begun = time.monotonic()
    shares = _Shares(progress, repeats)
    memory = _Memory.of(plan)
    before = memory.recall()
    try:
        scores = fit_parts(
            plan, plan.parts([0]), shares.of(1), runner=runner, early=early
        )
    except (KeyboardInterrupt, SystemExit):
        if before.more is None:
            with contextlib.suppress(OSError):  # the stop is what counts
                memory.keep(spent=before.spent + time.monotonic() - started)
        raise
    more = before.more
    if more is None:
        more = repeats.more(before.spent + time.monotonic() - started)
        memory.keep(more=more)
    scores = _with_note(scores, before.note)
    while True:
        now = time.monotonic()
        batch = repeats.following(scores.repeats, more, now - started, now - begun)
        if not batch:
            return scores
        shares.done = scores.repeats
        shares.expected = repeats.number or min(1 + more, repeats.most)
        begun = now
        try:
            rest = fit_parts(
                plan,
                plan.parts(batch),
                shares.of(len(batch)),
                without=scores.failed,
                runner=runner,
                early=early,
            )
        except SplitError as error:
            number = (
                "One repeat" if scores.repeats == 1 else f"{scores.repeats} repeats"
            )
            note = f"{number} only: the folds could not be drawn again. {error.facts}"
            return _with_note(scores, note)
        except KeyboardInterrupt:
            if plan.keep:
                raise
            note = f"Stopped by the user after the first of {more + 1} repeats."
            return _with_note(scores, note)
        scores = join(scores, rest)


def _with_note(scores: Scores, note: str) -> Scores:
    return replace(scores, notes=(*scores.notes, note)) if note else scores


@dataclass(frozen=True)
class _Remembered:
    """What is remembered of a trial that was interrupted.

    Attributes:
        more: How many repeats follow the first; None if that is not decided.
        spent: Seconds that were spent on the first before the last stop.
        note: What to say of a damaged file.
    """

    more: int | None = None
    spent: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class _Memory:
    """Where the number of further repeats of one trial, or its time, is remembered."""

    path: Path | None

    @classmethod
    def of(cls, plan: TrialPlan) -> _Memory:
        folder = plan.learners.checkpoints
        if folder is None:
            return cls(None)
        digest = hashlib.sha256(row_hashes(plan.table).tobytes())
        digest.update(plan.table.labels().tobytes())
        arms = [strategy.to_dict() for strategy in plan.strategies]
        digest.update(to_json(arms).encode())
        digest.update(to_json(vars(plan.protocol)).encode())
        if plan.kinds is not None:
            digest.update(plan.kinds.of_rows.tobytes())
        return cls(Path(folder) / f"{digest.hexdigest()[:16]}.repeats")

    def recall(self) -> _Remembered:
        """Return what is remembered, or nothing with a note on a damaged file."""
        if self.path is None or not self.path.exists():
            return _Remembered()
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            if not isinstance(stored, dict):
                raise InputError(sentence("no JSON object", "an object with 'more'"))
            if "spent" in stored:
                return _Remembered(spent=number(stored["spent"], "spent", 0))
            most = MOST_REPEATS_EVER - 1
            return _Remembered(integer(stored.get("more"), "more", 0, most))
        except (OSError, ValueError, RecursionError, InputTypeError):
            # `ValueError` is that of `json`, of UTF-8, and of `InputError`.
            aside = set_aside(self.path)
            note = (
                f"The file {self.path.name!r}, which held the number of repeats, is "
                f"damaged. It was renamed to {aside.name!r}, and the number was "
                "chosen again."
            )
            return _Remembered(note=note)

    def keep(self, **values: float) -> None:
        """Remember one number: `more` repeats, or the seconds `spent`."""
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, to_json(values).encode())
