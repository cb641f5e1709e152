# SPDX-License-Identifier: Apache-2.0
"""How a strategy's scores return to the population's probabilities.

Weights and sampling within a class leave the class-conditional distributions as
they are. They multiply the odds of class c against the first, as the model is shown
them, by (w_c / w_0) * odds(drawn prior) / odds(population prior), and a loss whose
minimiser is the log-odds learns exactly that. See Elkan (2001), theorem 2, and for
several classes Saerens et al. (2002), equation 2.4.

Labels are weighted one by one, which shifts each alone. Their rows are drawn whole,
which no shift of single labels undoes: drawing by one label changes the share of every
label that goes with it, by an amount that depends on the row. So the drawn rows are
weighted by one over the rate at which they are drawn, which leaves nothing to undo. So
are rows that are drawn by their groups, if that is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import sentence
from equipoise._core.types import FloatArray
from equipoise.errors import UnsupportedError
from equipoise.priors import Correction, Link, prior_offsets, weight_offsets
from equipoise.strategies.parts import Parts
from equipoise.weights.scheme import kind_of_totals, task_totals


def correction(
    parts: Parts, totals: npt.ArrayLike, link: Link | None = None
) -> Correction:
    """Return the correction of a strategy on so many training rows.

    Args:
        parts: What the strategy is made of.
        totals: `[classes]` the number of training rows of each class, or their total
            weight; or `[labels, 2]` without and with each label. An absent class is
            shifted as the first class that is present.
        link: "softmax" for one score per class, also of two classes; by default two
            classes have one score.

    Returns:
        A correction with an offset of `[width]`.

    Raises:
        InputError: One of two classes is empty.
        UnsupportedError: The loss has no correction for so many classes.
    """
    each = task_totals(totals)
    plain = no_correction(each, link)
    if parts.learner.scores == "population":
        return plain
    if parts.plan is not None and parts.plan.obstacle:
        return Correction(
            "calibrate", plain.offset, reason=parts.plan.obstacle, link=plain.link
        )
    shifts = _shifts(parts, each, plain)
    offset = tuple(map(math.fsum, zip(*shifts.values(), strict=True)))
    obstacle = _obstacle(parts, kind_of_totals(each))
    if obstacle:
        return Correction("calibrate", offset, reason=obstacle, link=plain.link)
    named = [name for name, shift in shifts.items() if any(shift)]
    weighted = weighs_rows(parts, kind_of_totals(each))
    if parts.loss.link == "focal":
        gamma = float(parts.options["gamma"] or 0)
        reason = _reason([parts.loss.title, *named], weighted, parts)
        return Correction("focal", offset, gamma, reason, plain.link)
    if parts.loss.link == "form":
        several = plain.link == "softmax"
        form = parts.loss.forms(parts.options, parts.loss_prior(each), several)
        reason = _reason([parts.loss.title, *named], weighted, parts)
        return Correction("form", offset, 0.0, reason, plain.link, form)
    if not named and not weighted:
        return plain
    reason = _reason(named, weighted, parts)
    return Correction(offset=offset, reason=reason, link=plain.link)


def no_correction(totals: npt.ArrayLike, link: Link | None = None) -> Correction:
    """Return that scores are those of the population, for totals of any task.

    Args:
        totals: As in `correction`.
        link: As in `correction`.

    Raises:
        InputError: One of two classes is empty.

    Example:
        >>> no_correction([50, 30, 20]).offset
        (0.0, 0.0, 0.0)
    """
    each = task_totals(totals)
    if each.ndim == 2:
        return Correction(offset=(0.0,) * len(each))
    if len(each) == 2 and link != "softmax":
        return Correction()
    return Correction(offset=(0.0,) * len(each), link="softmax")


def weighs_rows(parts: Parts, kind: str) -> bool:
    """Return whether drawn rows weigh 1 / the rate of drawing, see `importance`.

    Args:
        parts: What the strategy is made of.
        kind: The kind of the task.
    """
    asked = parts.by_group is not None and parts.by_group.weighted
    changes = parts.draws and not parts.sampler_type.keeps_shares
    return changes and (kind == "multilabel" or asked)


def _shifts(
    parts: Parts, totals: FloatArray, plain: Correction
) -> dict[str, FloatArray]:
    """Return what each part adds to the correction, `[width]`, by the part's name."""
    sampling = f"{parts.sampler_type.name} sampling"
    weights, prior = parts.class_weights(totals), parts.loss_prior(totals)
    options = {**parts.options, **parts.told_rows(totals)}
    if totals.ndim == 2:
        each = [
            parts.loss.shifts(_of_label(options, label), pair)
            for label, pair in enumerate(prior)
        ]
        return {
            "class weights": np.concatenate(list(map(weight_offsets, weights))),
            sampling: np.zeros(len(totals)),
            **{name: np.concatenate([one[name] for one in each]) for name in each[0]},
        }
    link = plain.link if plain.link == "softmax" else None
    sampled, population = parts.drawn_prior(totals), totals / totals.sum()
    if not totals.all():  # an absent class is treated as the first that is present
        first = int(np.flatnonzero(totals)[0])
        weights, sampled, population = (
            np.where(totals > 0, each, each[first])
            for each in (weights, sampled, population)
        )
    shifts = {
        "class weights": weight_offsets(weights, link),
        sampling: prior_offsets(sampled, population, link),
        **parts.loss.shifts(options, prior),
    }
    return {name: _wide(shift, plain, name) for name, shift in shifts.items()}


def _of_label(options: Mapping[str, Any], label: int) -> dict[str, Any]:
    return {
        name: value[label] if isinstance(value, tuple) else value
        for name, value in options.items()
    }


def _wide(shift: FloatArray, plain: Correction, name: str) -> FloatArray:
    """Return a shift `[width]`; a shift of two classes is that of the second."""
    width = len(plain.offset)
    if len(shift) == width:
        return shift
    if width == 2 and len(shift) == 1:
        return np.array([0.0, shift[0]])
    raise UnsupportedError(
        sentence(
            f"{name} for {width} classes",
            f"{name} for two classes, or for labels",
            "Use weights=... for a weight of each class.",
        )
    )


def _obstacle(parts: Parts, kind: str) -> str:
    """Return why there is no exact correction, or an empty string."""
    if parts.loss.link == "calibrate":
        return parts.loss.obstacle
    if parts.learner.scores == "uncalibrated":
        for_classes = "" if kind == "binary" else parts.learner.class_obstacle
        return for_classes or parts.learner.obstacle
    if parts.weights_after is not None:
        return "class weights begin to count while the network trains"
    undone = parts.by_group is not None and weighs_rows(parts, kind)
    if parts.draws and parts.sampler_type.obstacle and not undone:
        return parts.sampler_type.obstacle
    return "" if parts.synthesis_type is None else parts.synthesis_type.obstacle(kind)


def _reason(names: list[str], weighted: bool, parts: Parts) -> str:
    undone = f"{' and '.join(names)} undone in closed form" if names else ""
    if not weighted:
        return undone
    rows = f"rows of {parts.sampler_type.name} sampling weigh 1 / the rate of drawing"
    return f"{undone}; {rows}" if undone else rows
