# SPDX-License-Identifier: Apache-2.0
"""Any object with `fit_resample` as a strategy: imbalanced-learn's samplers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from equipoise._core.checks import listing, sentence
from equipoise.errors import InputTypeError, UnsupportedError
from equipoise.priors import Correction, Link
from equipoise.strategies.corrections import no_correction
from equipoise.strategies.learner_records import LEARNERS
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.wording import at_rate


@dataclass(frozen=True, repr=False)
class Resampled(Strategy):
    """A strategy that hands the training part of each fold to a sampler object.

    The object sees the training rows and nothing else: neither the rows that stop the
    training nor those that are scored. It is handed a matrix with the table's columns
    in their order: numbers, booleans and times scaled into (-3, 3), a missing value 0
    with a 0/1 column at the end, and a category one 0/1 column per level. A sampler
    that takes categories as they are gets one column of codes for each instead, and
    its `categorical_features` is translated: names, "auto", or numbers and masks of
    your own columns without the target. The rows that it returns become rows of the
    table again, with whole categories and booleans. The result has no prior that is
    known in advance, so scores need a calibrator. `synthesis="smote"` of a plain
    `Strategy` makes fresh rows in each epoch of a network and stores none.

    Make one with `resampled`.

    Attributes:
        resampler: Any object with `fit_resample(X, y)`.
    """

    resampler: Any = field(default=None)

    @property
    def resamples(self) -> bool:
        """That a sampler object makes the rows that it learns from."""
        return True

    def correction(self, totals: npt.ArrayLike, link: Link | None = None) -> Correction:
        """Return that there is no exact correction.

        Raises:
            InputError: A class is empty.
        """
        plain = no_correction(totals, link)
        kind = type(self.resampler).__name__
        return Correction(
            "calibrate",
            plain.offset,
            reason=f"{kind} draws and makes rows as it sees",
            link=plain.link,
        )

    def describe(self, totals: npt.ArrayLike | None = None) -> str:
        """Return one sentence that says what it does."""
        who = self.learner_record.phrase
        # A pipeline prints itself over several lines.
        sampler = " ".join(str(self.resampler).split())
        return (
            f"{who[0].upper()}{who[1:]} on the rows that {sampler} makes of each "
            f"training part{at_rate(self.parts)}; scores need a calibrator."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the strategy as plain data; the object as a string.

        `from_dict` leaves the string in its place: a loaded model says what made its
        rows, and no longer needs the object.
        """
        sampler = self.resampler
        text = sampler if isinstance(sampler, str) else repr(sampler)
        return {**super().to_dict(), "resampler": text}


def resampled(resampler: Any, learner: str = "trees", name: str = "") -> Resampled:
    """Return a strategy around an imbalanced-learn sampler.

    Args:
        resampler: Any object with `fit_resample(X, y)`. It is copied for each fit,
            and its `random_state`, if it is None, is set from the fit's seed.
        learner: Who learns from the result: "trees", "logistic" or "network".
        name: Its name in leaderboards; made of the object's class if empty.

    Raises:
        InputTypeError: The object has no `fit_resample`.
        UnsupportedError: The learner does not take resampled rows.

    Example:
        >>> from imblearn.over_sampling import SMOTE
        >>> resampled(SMOTE(k_neighbors=3))
        Strategy('SMOTE+trees', learner='trees', resampler=SMOTE(k_neighbors=3))
    """
    if not callable(getattr(resampler, "fit_resample", None)):
        raise InputTypeError(
            sentence(f"the sampler {resampler!r}", "an object with fit_resample(X, y)")
        )
    able = [name for name, record in LEARNERS.items() if record.takes_resampled]
    if learner not in able:
        raise UnsupportedError(
            sentence(
                f"learner={learner!r} with a sampler object",
                f"learner as one of {listing(able)}",
            )
        )
    title = name or f"{type(resampler).__name__}+{learner}"
    return Resampled(title, learner=learner, resampler=resampler)


def is_sampler_object(item: Any) -> bool:
    """Return whether something resamples rows as imbalanced-learn's samplers do."""
    return callable(getattr(item, "fit_resample", None))
