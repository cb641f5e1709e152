# SPDX-License-Identifier: Apache-2.0
"""The rule that decides among several classes, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import listing, number, one_of, require_fields, sentence
from equipoise._core.notebook import html_card, lines_html
from equipoise._core.numerals import as_probability, exact
from equipoise._core.states import texts
from equipoise._core.types import FloatArray, IntArray
from equipoise.decision.class_calibrator import ClassCalibrator
from equipoise.decision.class_floors import ClassFloor, impose_floors
from equipoise.decision.class_rows import check_class_probabilities
from equipoise.decision.cost_matrix import (
    CostMatrix,
    cheapest,
    expected_row_costs,
    row_costs_of_classes,
)
from equipoise.decision.multipliers import log_probabilities
from equipoise.decision.task_objectives import CLASS_OBJECTIVES
from equipoise.errors import InputError
from equipoise.priors import softmax

CLASS_RULE_BASES = ("given", "analytic", "estimated")


@dataclass(frozen=True)
class ClassRule:
    """How the probabilities of several classes become decisions, as plain data.

    The class with the largest probability times multiplier is decided, or with `costs`
    the class of least expected cost. Floors of named classes are imposed afterwards.

    Attributes:
        classes: Their names.
        multipliers: By class, above 0; None if there are costs.
        costs: None if there are multipliers.
        floors: Of named classes.
        calibrator: Of the scores, applied before `decide`.
        objective: What it is best at, by name; "given" if the user set the multipliers.
        basis: "given" by the user; "analytic": right if the probabilities are;
            "estimated": searched on labelled rows, whose figures flatter it.
        factor: How far the multipliers were moved, in logarithms, to the searched ones:
            what did best on rows left out; 1 if nothing was held back.
        balance: From which power of 1 / share.
        level: With which probability all certified floors hold together; None if
            none is certified.
        rows: How many rows chose it; 0 if none did.
        totals: By class, how many of them were of it.
        notes: What the user should know.

    Raises:
        InputError: There are neither multipliers nor costs, or both, or they do not
            fit the classes.

    Example:
        >>> rule = ClassRule(("a", "b", "c"), multipliers=(1.0, 1.0, 4.0))
        >>> rule.decide([[0.6, 0.3, 0.1], [0.5, 0.3, 0.2]]).tolist()
        [0, 2]
    """

    classes: tuple[str, ...]
    multipliers: tuple[float, ...] | None = None
    costs: CostMatrix | None = None
    floors: tuple[ClassFloor, ...] = ()
    calibrator: ClassCalibrator = field(default_factory=ClassCalibrator)
    objective: str = "given"
    basis: str = "given"
    factor: float = 1.0
    balance: float = 0.0
    level: float | None = None
    rows: int = 0
    totals: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        one_of(self.basis, CLASS_RULE_BASES, "basis")
        number(self.factor, "factor", 0, 1)
        number(self.balance, "balance", 0, 1)
        if (self.multipliers is None) == (self.costs is None):
            both = "both" if self.costs else "neither"
            raise InputError(
                sentence(
                    f"a class rule with {both} multipliers and costs",
                    "one of multipliers and costs",
                )
            )
        if self.costs is not None and self.costs.classes != self.classes:
            raise InputError(
                sentence(
                    f"costs of the classes {listing(self.costs.classes)} for "
                    f"{listing(self.classes)}",
                    "costs of the same classes in the same order",
                    "Pass Costs.matrix(classes, costs), which puts them in order.",
                )
            )
        if self.multipliers is not None:
            if len(self.multipliers) != len(self.classes):
                raise InputError(
                    sentence(
                        f"{len(self.multipliers)} multipliers for "
                        f"{len(self.classes)} classes",
                        "one multiplier per class",
                    )
                )
            for value in self.multipliers:
                number(value, "multiplier", 0, open_ends=True)
        for floor in self.floors:
            one_of(floor.name, self.classes, "class")

    @property
    def abstains(self) -> bool:
        """Whether rows may be left undecided."""
        return self.costs is not None and self.costs.abstain is not None

    def probability(self, scores: npt.ArrayLike) -> FloatArray:
        """Return the calibrated probabilities that scores stand for.

        Args:
            scores: `[..., classes]` logits, before calibration.
        """
        z = self.calibrator.apply(scores)
        return softmax(np.nan_to_num(z, nan=np.nan, posinf=1e6, neginf=-1e6))

    def decide(
        self, probabilities: npt.ArrayLike, *, row_costs: npt.ArrayLike | None = None
    ) -> IntArray:
        """Return the class number of each decision, -1 for a row left undecided.

        Args:
            probabilities: `[..., classes]`, calibrated.
            row_costs: Instead of the rule's own: `[rows, classes]` what it costs not to
                decide a row's true class, or `[rows, classes, classes]` what each
                decision costs for each true class.

        Returns:
            `[...]`.

        Raises:
            InputError: The probabilities do not fit the classes, or a value cannot be
                used.
        """
        p = check_class_probabilities(probabilities, len(self.classes))
        values = self._values(p, row_costs)
        if self.costs is not None and self.costs.abstain is not None:
            decisions = cheapest(-values, self.costs.abstain)
        else:
            decisions = values.argmax(axis=-1).astype(np.int64)
        if not self.floors:
            return np.asarray(decisions, np.int64)
        shape = decisions.shape
        flat = (-1, len(self.classes))
        imposed = impose_floors(
            decisions.reshape(-1),
            values.reshape(flat),
            p.reshape(flat),
            self.classes,
            self.floors,
        )
        return imposed.reshape(shape)

    def decide_scores(
        self, scores: npt.ArrayLike, *, row_costs: npt.ArrayLike | None = None
    ) -> IntArray:
        """Return the decisions on a model's logits; see `decide`.

        Args:
            scores: `[..., classes]`, before calibration.
            row_costs: As in `decide`.
        """
        return self.decide(self.probability(scores), row_costs=row_costs)

    def values(self, probabilities: npt.ArrayLike) -> FloatArray:
        """Return what decisions are compared by: the largest is decided.

        Args:
            probabilities: `[..., classes]`, calibrated.
        """
        return self._values(
            check_class_probabilities(probabilities, len(self.classes)), None
        )

    def _values(self, p: FloatArray, row_costs: npt.ArrayLike | None) -> FloatArray:
        if row_costs is not None:
            if p.ndim != 2:
                raise InputError(
                    sentence(
                        f"costs by row for probabilities of shape {p.shape}",
                        "probabilities [rows, classes]",
                    )
                )
            return -expected_row_costs(p, row_costs_of_classes(row_costs, *p.shape))
        if self.costs is not None:
            return -self.costs.expected(p)
        return np.asarray(log_probabilities(p) + np.log(np.array(self.multipliers)))

    def describe(self) -> str:
        """Say in words what it does, how it was chosen, and what it rests on."""
        lines = [self._decides()]
        lines += [floor.describe() for floor in self.floors]
        if self.level is not None and len(self.floors) > 1:
            lines.append(
                f"All floors hold together with a probability of at least "
                f"{as_probability(self.level, 3)}."
            )
        lines.append(self._chosen())
        if self.calibrator.method != "none":
            lines.append(self.calibrator.describe(self.classes))
        lines += [f"{note[0].upper()}{note[1:].rstrip('.')}." for note in self.notes]
        return "\n".join(lines)

    def _decides(self) -> str:
        if self.multipliers is None:
            text = "Decide the class of least expected cost"
            return text + (
                ", or leave the row undecided if that costs less."
                if self.abstains
                else "."
            )
        if len({round(value, 9) for value in self.multipliers}) == 1:
            return "Decide the class of highest probability."
        factors = ", ".join(
            f"{name} {exact(float(f'{value:.3g}'))}"
            for name, value in zip(self.classes, self.multipliers, strict=True)
        )
        return (
            "Decide the class whose probability times its multiplier is highest: "
            f"{factors}."
        )

    def _chosen(self) -> str:
        if self.basis == "given":
            return "The multipliers were given."
        words = CLASS_OBJECTIVES[self.objective].words
        if self.costs is not None:
            words = self.costs.describe()
        if self.basis == "analytic":
            return f"This gives {words} if the probabilities are right."
        start = "equal multipliers"
        if self.balance:
            start = f"multipliers of (1 / share)^{exact(self.balance)}"
        held = ""
        if not self.factor:
            held = f" On rows left out, {start} did best."
        elif self.factor < 1:
            held = (
                f" On rows left out it did best to go {as_probability(self.factor, 3)} "
                f"of the way from {start} to the searched ones."
            )
        return f"Chosen for {words}: estimated on {self.rows:,} rows.{held}"

    def __str__(self) -> str:
        return self.describe()

    def _repr_html_(self) -> str:
        return html_card("Decision rule", lines_html(self.describe()))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON keeps: numbers, strings, lists."""
        return {
            **{f.name: getattr(self, f.name) for f in fields(self)},
            "classes": list(self.classes),
            "multipliers": None if self.multipliers is None else list(self.multipliers),
            "costs": None if self.costs is None else self.costs.to_dict(),
            "floors": [floor.to_dict() for floor in self.floors],
            "calibrator": self.calibrator.to_dict(),
            "totals": list(self.totals),
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ClassRule:
        """Rebuild a rule from `to_dict`.

        Args:
            data: What `to_dict` gave.

        Raises:
            InputError: A field is unknown, or a value cannot be used.
        """
        require_fields(cls, data, "rule")
        factors, costs = data.get("multipliers"), data.get("costs")
        return cls(
            **{
                **data,
                "classes": texts(data["classes"], "the classes"),
                "multipliers": None if factors is None else tuple(factors),
                "costs": None if costs is None else CostMatrix.from_dict(costs),
                "floors": tuple(map(ClassFloor.from_dict, data.get("floors", ()))),
                "calibrator": ClassCalibrator.from_dict(data.get("calibrator", {})),
                "totals": tuple(data.get("totals", ())),
                "notes": tuple(data.get("notes", ())),
            }
        )
