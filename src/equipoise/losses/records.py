# SPDX-License-Identifier: Apache-2.0
"""The facts of each loss, without TensorFlow: adding one is a file and a line here.

A strategy is checked, worded, cited and corrected by these facts alone. The functions
are named by their import paths and loaded when they are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import LEAST_WEIGHT, MOST_WEIGHT
from equipoise._core.options import Options, Setting
from equipoise._core.types import FloatArray
from equipoise.links import Form
from equipoise.priors import Correction, Link, log_odds, prior_logits, weight_offsets
from equipoise.task import TASK_KINDS

LossShift = dict[str, FloatArray]
"""Shifts of the log-odds, `[width]`, by what they undo."""

Shifts = Callable[[Mapping[str, Any], FloatArray], LossShift]
"""From the options and the drawn prior, `[classes]`, to shifts. With `needs_rows` the
options hold the number of "rows" as well."""


def no_shifts(options: Mapping[str, Any], prior: FloatArray) -> LossShift:
    """Return no shifts: the minimiser is the log-odds of what is drawn."""
    return {}


Forms = Callable[[Mapping[str, Any], FloatArray, bool], Form]
"""From the options, the drawn prior, `[classes]` or `[labels, 2]`, and whether a
softmax belongs to the logits, to what these mean in closed form."""


def no_form(options: Mapping[str, Any], prior: FloatArray, several: bool) -> Form:
    """Return that the logits of the minimiser are log-odds."""
    return Form()


def _alpha_shift(options: Mapping[str, Any], prior: FloatArray) -> LossShift:
    """Undo alpha, a class weight of alpha / (1 - alpha); or one per class."""
    alpha = options["alpha"]
    if isinstance(alpha, list | tuple):
        return {"the focal loss' alpha": weight_offsets(alpha, "softmax")}
    if not isinstance(alpha, float | int):
        return {}
    return {"the focal loss' alpha": np.array([-float(log_odds(alpha))])}


def _adjustment(options: Mapping[str, Any], prior: FloatArray) -> LossShift:
    """Undo the adjustment: the loss sees z + tau log-odds(prior), z is the score."""
    tau = float(options["tau"] or 0)
    return {"logit adjustment": tau * prior_logits(prior)}


def _balanced(options: Mapping[str, Any], prior: FloatArray) -> LossShift:
    return {"balanced softmax": prior_logits(prior)}


def _class_weight(options: Mapping[str, Any], prior: FloatArray) -> LossShift:
    """Undo a weight of positives, or one per class."""
    weight, name = options["class_weight"], "the loss' class weight"
    if isinstance(weight, list | tuple):
        return {name: weight_offsets(weight, "softmax")}
    return {name: np.array([-math.log(weight)])}


def _effective_numbers(options: Mapping[str, Any], prior: FloatArray) -> LossShift:
    """Undo weights of (1 - beta) / (1 - beta^n_c)."""
    beta, counts = options["beta"], prior * options["rows"]
    log_beta = math.log(beta) if beta > 0 else -math.inf
    worth = -np.expm1(counts * log_beta)
    return {"class-balanced weights": weight_offsets(1 / worth)}


def _vector_form(options: Mapping[str, Any], prior: FloatArray, several: bool) -> Form:
    tau, gamma = options["tau"], options["gamma"]
    if several:
        slopes = (prior / prior.max()) ** gamma
        return Form.of("slopes", slope=slopes, shift=tau * np.log(prior))
    odds = np.log(prior[..., 1]) - np.log(prior[..., 0])
    shift = tau * odds
    slope0, slope1 = np.exp(gamma * np.minimum([-odds, odds], 0.0))
    return Form.of("sides", slope0=slope0, shift0=shift, slope1=slope1, shift1=shift)


def _margin_form(options: Mapping[str, Any], prior: FloatArray, several: bool) -> Form:
    scale, least = options["scale"], prior.min(axis=-1, keepdims=True)
    margins = options["max_margin"] * (least / prior) ** 0.25
    if several:
        return Form.of("margins", scale=scale, margin=margins)
    slope = np.full(margins.shape[:-1], scale)
    shift0, shift1 = scale * margins[..., 0], -scale * margins[..., 1]
    return Form.of("sides", slope0=slope, shift0=shift0, slope1=slope, shift1=shift1)


def _poly_form(options: Mapping[str, Any], prior: FloatArray, several: bool) -> Form:
    return Form.of("poly", epsilon=options["epsilon"])


@dataclass(frozen=True)
class LossRecord:
    """What is known of a loss without loading it.

    Attributes:
        name: Its name in a `Strategy`.
        kind: "example": one value per example. "set": one value for all examples
            of a batch together, which class weights cannot change.
        link: How its minimiser relates to the log-odds. "offset": it *is* the
            log-odds, up to known shifts. "focal": by the focal loss' closed form at
            the option `gamma`. "form": by the closed form that `forms` returns.
            "calibrate": not at all.
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
        needs_rows: Whether it is given the number of training rows, as `rows`.
        idle_if_even: Whether it changes nothing if the prior is even.
        forms: What the logits mean, if the link is "form".
        why: Why its scores need a calibrator, if they do, in words of its own.
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
    link: Literal["offset", "focal", "form", "calibrate"]
    phrase: str
    function: str | Callable[..., Any]
    keras: str | type[Any] | None = None
    options: Mapping[str, Setting] = field(default_factory=dict)
    training: Mapping[str, Setting] = field(default_factory=dict)
    shifts: Shifts = no_shifts
    needs_prior: bool = False
    needs_rows: bool = False
    idle_if_even: bool = True
    forms: Forms = no_form
    why: str = ""
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
        return self.why or f"{self.title} orders scores and does not say what they mean"


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
        LossRecord(
            "pairwise_hinge",
            "set",
            "calibrate",
            "the hinge at margin {margin:g} over all pairs of a positive and a "
            "negative, after a start with the cross-entropy of at most "
            "{warm_start:.0%} of the epochs",
            "equipoise.losses.pairwise_hinge:pairwise_hinge_loss",
            "equipoise.losses.pairwise_hinge:PairwiseHinge",
            options=_MARGIN,
            training=_WARM_START,
            tasks=TASK_KINDS,
            citations=("joachims2005",),
        ),
        LossRecord(
            "pairwise_logistic",
            "set",
            "calibrate",
            "the logistic loss over all pairs of a positive and a negative, "
            "after a start with the cross-entropy of at most {warm_start:.0%} of the "
            "epochs",
            "equipoise.losses.pairwise_logistic:pairwise_logistic_loss",
            "equipoise.losses.pairwise_logistic:PairwiseLogistic",
            options={},
            training=_WARM_START,
            tasks=TASK_KINDS,
            citations=("gao2015",),
        ),
        LossRecord(
            "partial_auc",
            "set",
            "calibrate",
            "the squared hinge at margin {margin:g} over the pairs that make the ROC "
            "curve up to the false positive rate {max_fpr:g} and from the true "
            "positive rate {min_tpr:g}, "
            "after a start with the cross-entropy of at most {warm_start:.0%} of the "
            "epochs",
            "equipoise.losses.partial_auc:partial_auc_loss",
            "equipoise.losses.partial_auc:PartialAUC",
            options={
                "max_fpr": Setting(0.1, low=0, high=1),
                "min_tpr": Setting(0.0, low=0, high=math.nextafter(1, 0)),
                **_MARGIN,
            },
            training=_WARM_START,
            tasks=TASK_KINDS,
            citations=("yang2021",),
        ),
        LossRecord(
            "average_precision",
            "set",
            "calibrate",
            "a smooth average precision at margin {margin:g}, "
            "after a start with the cross-entropy of at most {warm_start:.0%} of the "
            "epochs",
            "equipoise.losses.average_precision:average_precision_loss",
            "equipoise.losses.average_precision:AveragePrecisionLoss",
            options=_MARGIN,
            training=_WARM_START,
            tasks=TASK_KINDS,
            citations=("qi2021",),
        ),
        LossRecord(
            "precision_at_recall",
            "set",
            "calibrate",
            "a bound on the false alarms at a recall of {recall:g}, "
            "after a start with the cross-entropy of at most {warm_start:.0%} of the "
            "epochs",
            "equipoise.losses.precision_at_recall:precision_at_recall_loss",
            "equipoise.losses.precision_at_recall:PrecisionAtRecallLoss",
            options={"recall": Setting(0.8, low=0, high=1, open_ends=True)},
            training=_WARM_START,
            tasks=TASK_KINDS,
            citations=("eban2017",),
        ),
        LossRecord(
            "recall_at_precision",
            "set",
            "calibrate",
            "a bound on what is missed at a precision of {precision:g}, "
            "after a start with the cross-entropy of at most {warm_start:.0%} of the "
            "epochs",
            "equipoise.losses.recall_at_precision:recall_at_precision_loss",
            "equipoise.losses.recall_at_precision:RecallAtPrecisionLoss",
            options={
                "precision": Setting(0.8, low=0, high=1, open_ends=True),
                "penalty": Setting(4.0, low=0, high=1000, open_ends=True),
            },
            training=_WARM_START,
            tasks=TASK_KINDS,
            citations=("eban2017",),
        ),
        LossRecord(
            "dice",
            "set",
            "calibrate",
            "the Dice loss, "
            "after a start with the cross-entropy of at most {warm_start:.0%} of the "
            "epochs",
            "equipoise.losses.dice:dice_loss",
            "equipoise.losses.dice:Dice",
            options={},
            training=_WARM_START,
            tasks=TASK_KINDS,
            citations=("milletari2016",),
        ),
        LossRecord(
            "tversky",
            "set",
            "calibrate",
            "the Tversky loss at {false_positives:g} for a false positive and "
            "{false_negatives:g} for a false negative, "
            "after a start with the cross-entropy of at most {warm_start:.0%} of the "
            "epochs",
            "equipoise.losses.tversky:tversky_loss",
            "equipoise.losses.tversky:Tversky",
            options={
                "false_positives": Setting(0.5, low=0, high=1000, open_ends=True),
                "false_negatives": Setting(0.5, low=0, high=1000, open_ends=True),
            },
            training=_WARM_START,
            tasks=TASK_KINDS,
            citations=("salehi2017",),
        ),
        LossRecord(
            "soft_f_beta",
            "set",
            "calibrate",
            "one minus the soft F-beta at beta {recall_weight:g}, "
            "after a start with the cross-entropy of at most {warm_start:.0%} of the "
            "epochs",
            "equipoise.losses.soft_f_beta:soft_f_beta_loss",
            "equipoise.losses.soft_f_beta:SoftFBeta",
            options={"recall_weight": Setting(1.0, low=0, high=1000, open_ends=True)},
            training=_WARM_START,
            tasks=TASK_KINDS,
            citations=("pastor2013",),
        ),
        LossRecord(
            "weighted_cross_entropy",
            "example",
            "offset",
            "the cross-entropy with {class_weight:g} for a positive and 1 for a "
            "negative",
            "equipoise.losses.weighted_cross_entropy:weighted_cross_entropy_loss",
            "equipoise.losses.weighted_cross_entropy:WeightedCrossEntropy",
            options={"class_weight": Setting(1.0, LEAST_WEIGHT, MOST_WEIGHT)},
            shifts=_class_weight,
            neutral={"class_weight": 1.0},
            softmax="equipoise.losses.weighted_cross_entropy:"
            "softmax_weighted_cross_entropy_loss",
            tasks=("binary", "multilabel"),
            citations=("elkan2001",),
        ),
        LossRecord(
            "class_balanced",
            "example",
            "focal",
            "the focal loss at gamma {gamma:g} with weights by the effective number of "
            "examples at beta {beta:g}",
            "equipoise.losses.class_balanced:class_balanced_loss",
            "equipoise.losses.class_balanced:ClassBalanced",
            options={
                "beta": Setting(0.9999, low=0, high=math.nextafter(1, 0)),
                "gamma": Setting(0.0, low=0, high=20),
            },
            shifts=_effective_numbers,
            needs_prior=True,
            needs_rows=True,
            idle_if_even=False,
            neutral={"beta": 0.0, "gamma": 0.0},
            softmax="equipoise.losses.class_balanced:softmax_class_balanced_loss",
            tasks=TASK_KINDS,
            citations=("cui2019",),
        ),
        LossRecord(
            "balanced_softmax",
            "example",
            "offset",
            "the balanced softmax",
            "equipoise.losses.balanced_softmax:balanced_softmax_loss",
            "equipoise.losses.balanced_softmax:BalancedSoftmax",
            shifts=_balanced,
            needs_prior=True,
            softmax="equipoise.losses.balanced_softmax:softmax_balanced_softmax_loss",
            tasks=TASK_KINDS,
            citations=("ren2020",),
        ),
        LossRecord(
            "vector_scaling",
            "example",
            "form",
            "the vector-scaling loss at gamma {gamma:g} and tau {tau:g}",
            "equipoise.losses.vector_scaling:vector_scaling_loss",
            "equipoise.losses.vector_scaling:VectorScaling",
            options={
                "tau": Setting(1.0, low=0, high=10),
                "gamma": Setting(0.3, low=0, high=20),
            },
            forms=_vector_form,
            needs_prior=True,
            neutral={"tau": 0.0, "gamma": 0.0},
            softmax="equipoise.losses.vector_scaling:softmax_vector_scaling_loss",
            tasks=TASK_KINDS,
            citations=("kini2021",),
        ),
        LossRecord(
            "ldam",
            "example",
            "form",
            "the cross-entropy of logits with margins by class of at most "
            "{max_margin:g}",
            "equipoise.losses.ldam:ldam_loss",
            "equipoise.losses.ldam:LDAM",
            options={
                "max_margin": Setting(0.5, low=0, high=1000),
                "scale": Setting(1.0, low=0, high=1000, open_ends=True),
            },
            forms=_margin_form,
            needs_prior=True,
            idle_if_even=False,
            neutral={"max_margin": 0.0, "scale": 1.0},
            softmax="equipoise.losses.ldam:softmax_ldam_loss",
            tasks=TASK_KINDS,
            citations=("cao2019",),
        ),
        LossRecord(
            "poly",
            "example",
            "form",
            "the Poly-1 loss at epsilon {epsilon:g}",
            "equipoise.losses.poly:poly_loss",
            "equipoise.losses.poly:Poly",
            options={"epsilon": Setting(1.0, low=-1, high=1000, open_ends=True)},
            forms=_poly_form,
            neutral={"epsilon": 0.0},
            softmax="equipoise.losses.poly:softmax_poly_loss",
            tasks=TASK_KINDS,
            citations=("leng2022",),
        ),
        LossRecord(
            "asymmetric",
            "example",
            "calibrate",
            "the asymmetric loss at gamma {gamma_positive:g} and {gamma_negative:g} "
            "and the cutoff {cutoff:g}",
            "equipoise.losses.asymmetric:asymmetric_loss",
            "equipoise.losses.asymmetric:Asymmetric",
            options={
                "gamma_negative": Setting(4.0, low=0, high=20),
                "gamma_positive": Setting(1.0, low=0, high=20),
                "cutoff": Setting(0.05, low=0, high=math.nextafter(1, 0)),
            },
            why="the asymmetric loss is flat below its cutoff, so what low scores mean "
            "depends on the training",
            neutral={"gamma_negative": 0.0, "gamma_positive": 0.0, "cutoff": 0.0},
            tasks=("binary", "multilabel"),
            citations=("ridnik2021",),
        ),
        LossRecord(
            "expected_cost",
            "example",
            "calibrate",
            "the expected cost of decisions at {miss:g} for a miss and "
            "{false_alarm:g} for a false alarm",
            "equipoise.losses.expected_cost:expected_cost_loss",
            "equipoise.losses.expected_cost:ExpectedCost",
            options={
                "miss": Setting(1.0, LEAST_WEIGHT, MOST_WEIGHT),
                "false_alarm": Setting(1.0, LEAST_WEIGHT, MOST_WEIGHT),
            },
            why="the expected cost is least at a decision, not at a probability",
            tasks=("binary", "multilabel"),
            citations=("elkan2001",),
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


def closed_link(name: str, options: Mapping[str, Any], link: Link) -> Correction:
    """Return what the logits of a loss' minimiser mean, in closed form.

    Args:
        name: The loss' name; its record has a link other than "calibrate".
        options: All options of the function: numbers; or sequences, of a number per
            class if the link is the softmax, else per label.
        link: What turns logits into probabilities.

    Returns:
        From the logits to the log-odds of the examples that the loss was shown.

    Example:
        >>> closed_link("logit_adjusted", {"prior": 0.1, "tau": 1.0}, "sigmoid").offset
        (-2.197224577336219,)
    """
    record, several = LOSS_RECORDS[name], link == "softmax"
    prior = _shares(options.get("prior", 0.5), several)
    each = [options]
    if not several:
        listed = [len(v) for v in options.values() if isinstance(v, list | tuple)]
        each = [_of_label(options, label) for label in range(max(listed, default=1))]
    shifts = [
        sum(
            record.shifts(one, _shares(one.get("prior", 0.5), several)).values(),
            np.zeros(1),
        )
        for one in each
    ]
    offset = np.concatenate(shifts)
    if several and len(offset) == 1 and offset.any():
        offset = np.array([0.0, offset[0]])
    gamma = float(options["gamma"]) if record.link == "focal" else 0.0
    kind: Any = record.link
    form = record.forms(options, prior, several)
    return Correction(kind, tuple(offset.tolist()), gamma, link=link, form=form)


def _shares(prior: npt.ArrayLike, several: bool) -> FloatArray:
    """Return `[classes]` shares; `[labels, 2]` if the prior is one of each label."""
    p = np.asarray(prior, np.float64)
    return p if several and p.ndim else np.stack([1 - p, p], axis=-1)


def _of_label(options: Mapping[str, Any], label: int) -> dict[str, Any]:
    return {
        name: value[label] if isinstance(value, list | tuple) else value
        for name, value in options.items()
    }
