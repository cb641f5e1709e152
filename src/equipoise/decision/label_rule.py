# SPDX-License-Identifier: Apache-2.0
"""The rule that decides each of several labels, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.arrays import floats
from equipoise._core.checks import require_fields, sentence
from equipoise._core.notebook import html_card, lines_html
from equipoise._core.numerals import as_probability
from equipoise._core.states import texts
from equipoise._core.types import FloatArray
from equipoise.decision.rule import DecisionArray, DecisionRule
from equipoise.errors import InputError
from equipoise.priors import probability


@dataclass(frozen=True)
class LabelRule:
    """How the log-odds of several labels become decisions, as plain data.

    Attributes:
        labels: Their names.
        rules: One for each label, with its calibrator and threshold.
        objective: What they are best at together, by name; "given" if each was given.
        level: With which probability all certified floors hold together; None if
            none is certified.
        rows: How many rows chose them; 0 if none did.
        notes: What the user should know.

    Raises:
        InputError: There is not one rule per label.

    Example:
        >>> rule = LabelRule(("a", "b"), (DecisionRule(0.0), DecisionRule(-2.0)))
        >>> rule.decide([[0.4, 0.4], [0.6, 0.05]]).tolist()
        [[0, 1], [1, 0]]
    """

    labels: tuple[str, ...]
    rules: tuple[DecisionRule, ...]
    objective: str = "given"
    level: float | None = None
    rows: int = 0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.rules):
            raise InputError(
                sentence(
                    f"{len(self.rules)} rules for {len(self.labels)} labels",
                    "one rule per label",
                )
            )

    def log_odds(self, scores: npt.ArrayLike) -> FloatArray:
        """Return calibrated log-odds, of the same shape.

        Args:
            scores: `[..., labels]` log-odds before calibration.
        """
        z = self._wide(scores, "scores")
        columns = [rule.log_odds(z[..., j]) for j, rule in enumerate(self.rules)]
        return np.stack(columns, axis=-1)

    def probability(self, scores: npt.ArrayLike) -> FloatArray:
        """Return the calibrated probabilities that scores stand for.

        Args:
            scores: `[..., labels]` log-odds before calibration.
        """
        return probability(self.log_odds(scores))

    def decide(self, probabilities: npt.ArrayLike) -> DecisionArray:
        """Return 1 for a label that is decided, 0 for none, -1 for undecided.

        Args:
            probabilities: `[..., labels]`, calibrated.

        Raises:
            InputError: They do not fit the labels, or a value lies outside [0, 1].
        """
        p = self._wide(probabilities, "probabilities")
        columns = [
            rule.decide_probability(p[..., j]) for j, rule in enumerate(self.rules)
        ]
        return np.stack(columns, axis=-1)

    def decide_scores(self, scores: npt.ArrayLike) -> DecisionArray:
        """Return the decisions on a model's log-odds; see `decide`.

        Args:
            scores: `[..., labels]`, before calibration; NaN is refused.
        """
        z = self._wide(scores, "scores")
        columns = [rule.decide(z[..., j]) for j, rule in enumerate(self.rules)]
        return np.stack(columns, axis=-1)

    def describe(self) -> str:
        """Say in words what is decided for each label, and why."""
        lines = [
            f"{label}: {rule.describe().replace(chr(10), ' ')}"
            for label, rule in zip(self.labels, self.rules, strict=True)
        ]
        if self.level is not None:
            lines.append(
                "All certified floors hold together with a probability of at least "
                f"{as_probability(self.level, 3)}."
            )
        lines += [f"{note[0].upper()}{note[1:].rstrip('.')}." for note in self.notes]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.describe()

    def _repr_html_(self) -> str:
        return html_card("Decision rule", lines_html(self.describe()))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON keeps: numbers, strings, lists."""
        return {
            **{f.name: getattr(self, f.name) for f in fields(self)},
            "labels": list(self.labels),
            "rules": [rule.to_dict() for rule in self.rules],
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LabelRule:
        """Rebuild a rule from `to_dict`.

        Args:
            data: What `to_dict` gave.

        Raises:
            InputError: A field is unknown, or a value cannot be used.
        """
        require_fields(cls, data, "rule")
        return cls(
            **{
                **data,
                "labels": texts(data["labels"], "the labels"),
                "rules": tuple(map(DecisionRule.from_dict, data["rules"])),
                "notes": tuple(data.get("notes", ())),
            }
        )

    def _wide(self, values: npt.ArrayLike, what: str) -> FloatArray:
        array = floats(values, what)
        if not array.ndim or array.shape[-1] != len(self.labels):
            raise InputError(
                sentence(
                    f"{what} of shape {array.shape} for {len(self.labels)} labels",
                    f"a last axis of {len(self.labels)}, in the order of the labels",
                )
            )
        return array
