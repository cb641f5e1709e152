# SPDX-License-Identifier: Apache-2.0
"""What each loss means for probabilities: facts that need no TensorFlow.

The mathematics of a loss is in the file of `equipoise.losses` that bears its
name. Here is what a strategy must know of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from equipoise._core.options import Setting


@dataclass(frozen=True)
class LossRecord:
    """What is minimised, as far as a strategy must know it.

    Attributes:
        name: The loss, also the name of its file.
        kind: "example": one value per example. "set": one value for all examples
            of a batch together, which class weights cannot change.
        link: How its minimiser relates to the log-odds. "offset": it *is* the
            log-odds, up to a known shift. "focal": by the focal loss' closed
            form. "calibrate": not at all.
        phrase: What it is, in words that complete "minimising ..."; option names
            in braces are filled in.
        options: The options of the loss.
        training: Options that steer the training with it.
        needs_prior: Whether the loss is given the share of positives among the
            drawn examples, as `prior`.
        neutral: Options at which it is the cross-entropy; None where there are
            none.
        citations: Keys of the sources.
    """

    name: str
    kind: Literal["example", "set"]
    link: Literal["offset", "focal", "calibrate"]
    phrase: str
    options: Mapping[str, Setting] = field(default_factory=dict)
    training: Mapping[str, Setting] = field(default_factory=dict)
    needs_prior: bool = False
    neutral: Mapping[str, float] | None = None
    citations: tuple[str, ...] = ()


_MARGIN = Setting(1.0, low=0, high=1000, open_ends=True)
_WARM_START = {"warm_start": Setting(0.25, low=0, high=1)}

LOSS_RECORDS: dict[str, LossRecord] = {
    objective.name: objective
    for objective in (
        LossRecord(
            "cross_entropy", "example", "offset", "the cross-entropy", neutral={}
        ),
        LossRecord(
            "focal",
            "example",
            "focal",
            "the focal loss at gamma {gamma:g}",
            options={
                "gamma": Setting(2.0, low=0, high=20),
                "alpha": Setting(None, low=0, high=1, open_ends=True, optional=True),
            },
            neutral={"gamma": 0.0},
            citations=("lin2017", "charoenphakdee2021"),
        ),
        LossRecord(
            "logit_adjusted",
            "example",
            "offset",
            "the cross-entropy of logits adjusted by {tau:g} times the drawn "
            "examples' prior log-odds",
            options={"tau": Setting(1.0, low=0, high=10)},
            needs_prior=True,
            neutral={"tau": 0.0},
            citations=("menon2021",),
        ),
        LossRecord(
            "pairwise_auc",
            "set",
            "calibrate",
            "the squared hinge at margin {margin:g} over all pairs of a positive "
            "and a negative, after a start with the cross-entropy of at most "
            "{warm_start:.0%} of the epochs",
            options={"margin": _MARGIN},
            training=_WARM_START,
            citations=("rust2023",),
        ),
        LossRecord(
            "auc_margin",
            "set",
            "calibrate",
            "the AUC margin loss at margin {margin:g}, after a start with the "
            "cross-entropy of at most {warm_start:.0%} of the epochs",
            options={"margin": _MARGIN},
            training=_WARM_START,
            citations=("ying2016", "yuan2021"),
        ),
    )
}


def loss_names() -> list[str]:
    """Return the names of all losses.

    Example:
        >>> loss_names()[:2]
        ['cross_entropy', 'focal']
    """
    return list(LOSS_RECORDS)
