# SPDX-License-Identifier: Apache-2.0
"""The facts of each loss, without TensorFlow: adding one is a file and a line here.

A strategy is checked, worded, cited and corrected by these facts alone. The functions
are named by their import paths and loaded when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from equipoise._core.options import Options, Setting
from equipoise._core.types import FloatArray
from equipoise.priors import log_odds, prior_logits
from equipoise.task import TASK_KINDS

Shifts = Callable[[Options, FloatArray], dict[str, FloatArray]]
"""From the options and the drawn prior, `[classes]`, to shifts of the log-odds,
`[width]`, by what they undo."""


def no_shifts(options: Options, prior: FloatArray) -> dict[str, FloatArray]:
    """Return no shifts: the minimiser is the log-odds of what is drawn."""
    return {}


def _alpha_shift(options: Options, prior: FloatArray) -> dict[str, FloatArray]:
    """Undo alpha, a class weight of alpha / (1 - alpha)."""
    alpha = options["alpha"]
    if not isinstance(alpha, float | int):
        return {}
    return {"the focal loss' alpha": np.array([-float(log_odds(alpha))])}


def _adjustment(options: Options, prior: FloatArray) -> dict[str, FloatArray]:
    """Undo the adjustment: the loss sees z + tau log-odds(prior), z is the score."""
    tau = float(options["tau"] or 0)
    return {"logit adjustment": tau * prior_logits(prior)}


@dataclass(frozen=True)
class LossRecord:
    """What is known of a loss without loading it.

    Attributes:
        name: Its name in a `Strategy`.
        kind: "example": one value per example. "set": one value for all examples
            of a batch together, which class weights cannot change.
        link: How its minimiser relates to the log-odds. "offset": it *is* the
            log-odds, up to known shifts. "focal": by the focal loss' closed form at
            the option `gamma`. "calibrate": not at all.
        phrase: What it is, in words that complete "minimising ..."; option names
            in braces are filled in.
        function: The function, or where it is: "package.module:function". For kind
            "example" `f(targets, logits, **options)`, which returns one value per
            example, `[..., batch]`. For kind "set"
            `f(targets, logits, weights=None, **options)`, which returns one value per
            leading index, `[...]`. It is applied to each label of several; kind "set"
            also to each class against the rest, at its log-odds.
        keras: The class for `model.compile(loss=...)`, or where it is; None for a plain
            class around the function, which cannot be saved.
        options: The options of the loss.
        training: Options that control the training with it.
        shifts: What its options add to the log-odds of the drawn examples.
        needs_prior: Whether the loss is given the share of positives among the
            drawn examples, as `prior`.
        class_share: The option that weights the classes as a share, or empty.
        softmax: For kind "example" the function for several classes, or where it is:
            targets and logits are `[..., batch, classes]`; None if there is none.
        neutral: Options at which it is the cross-entropy; None if there are none.
        tasks: The kinds of task that it serves.
        citations: Keys of the sources.
        sources: The BibTeX entries of keys that Equipoise does not know.
    """

    name: str
    kind: Literal["example", "set"]
    link: Literal["offset", "focal", "calibrate"]
    phrase: str
    function: str | Callable[..., Any]
    keras: str | type[Any] | None = None
    options: Mapping[str, Setting] = field(default_factory=dict)
    training: Mapping[str, Setting] = field(default_factory=dict)
    shifts: Shifts = no_shifts
    needs_prior: bool = False
    class_share: str = ""
    neutral: Options | None = None
    softmax: str | Callable[..., Any] | None = None
    tasks: tuple[str, ...] = ("binary",)
    citations: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What it is called in a sentence."""
        return f"the {self.name} loss"

    @property
    def obstacle(self) -> str:
        """Why scores that are trained with it need a calibrator; empty if not."""
        if self.link != "calibrate":
            return ""
        return f"{self.title} orders scores and does not say what they mean"


_MARGIN = {"margin": Setting(1.0, low=0, high=1000, open_ends=True)}
_WARM_START = {"warm_start": Setting(0.25, low=0, high=1)}

LOSS_RECORDS: dict[str, LossRecord] = {
    record.name: record
    for record in (
        LossRecord(
            "cross_entropy",
            "example",
            "offset",
            "the cross-entropy",
            "equipoise.losses.cross_entropy:cross_entropy_loss",
            "equipoise.losses.cross_entropy:CrossEntropy",
            neutral={},
            softmax="equipoise.losses.cross_entropy:softmax_cross_entropy_loss",
            tasks=TASK_KINDS,
        ),
        LossRecord(
            "focal",
            "example",
            "focal",
            "the focal loss at gamma {gamma:g}",
            "equipoise.losses.focal:focal_loss",
            "equipoise.losses.focal:Focal",
            options={
                "gamma": Setting(2.0, low=0, high=20),
                "alpha": Setting(None, low=0, high=1, open_ends=True, optional=True),
            },
            shifts=_alpha_shift,
            class_share="alpha",
            neutral={"gamma": 0.0},
            softmax="equipoise.losses.focal:softmax_focal_loss",
            tasks=TASK_KINDS,
            citations=("lin2017", "charoenphakdee2021"),
        ),
        LossRecord(
            "logit_adjusted",
            "example",
            "offset",
            "the cross-entropy of logits adjusted by {tau:g} times the drawn "
            "examples' prior log-odds",
            "equipoise.losses.logit_adjusted:logit_adjusted_loss",
            "equipoise.losses.logit_adjusted:LogitAdjusted",
            options={"tau": Setting(1.0, low=0, high=10)},
            shifts=_adjustment,
            needs_prior=True,
            neutral={"tau": 0.0},
            softmax="equipoise.losses.logit_adjusted:softmax_logit_adjusted_loss",
            tasks=TASK_KINDS,
            citations=("menon2021",),
        ),
        LossRecord(
            "pairwise_auc",
            "set",
            "calibrate",
            "the squared hinge at margin {margin:g} over all pairs of a positive "
            "and a negative, after a start with the cross-entropy of at most "
            "{warm_start:.0%} of the epochs",
            "equipoise.losses.pairwise_auc:pairwise_auc_loss",
            "equipoise.losses.pairwise_auc:PairwiseAUC",
            options=_MARGIN,
            training=_WARM_START,
            tasks=TASK_KINDS,
            citations=("rust2023",),
        ),
        LossRecord(
            "auc_margin",
            "set",
            "calibrate",
            "the AUC margin loss at margin {margin:g}, after a start with the "
            "cross-entropy of at most {warm_start:.0%} of the epochs",
            "equipoise.losses.auc_margin:auc_margin_loss",
            "equipoise.losses.auc_margin:AUCMargin",
            options=_MARGIN,
            training=_WARM_START,
            tasks=TASK_KINDS,
            citations=("ying2016", "yuan2021"),
        ),
    )
}


def loss_names() -> list[str]:
    """Return the names of all losses, without loading TensorFlow.

    Example:
        >>> loss_names()[:2]
        ['cross_entropy', 'focal']
    """
    return list(LOSS_RECORDS)
