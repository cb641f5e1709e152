# SPDX-License-Identifier: Apache-2.0
"""The facts of each learner, without its code: adding one is a file and a line here.

A strategy is checked, worded, cited and corrected by these facts alone. The code of a
learner is named by its import path and loaded when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from equipoise._core.checks import one_of
from equipoise._core.extras import require_extra
from equipoise._core.lazy import loaded
from equipoise._core.options import SearchRange, Setting
from equipoise.task import TASK_KINDS

ALL_PARTS = ("sampling", "synthesis", "weights", "loss", "plan")
"""The fields of a `Strategy` that a learner may serve or not."""


TABLE_PARTS = ("sampling", "synthesis", "weights", "plan")
"""What learners serve that are given rows, drawn and made for them."""


@dataclass(frozen=True)
class LearnerRecord:
    """What is known of a learner without loading it.

    Attributes:
        name: Its name in a `Strategy`.
        phrase: What it is, in words that begin a sentence such as "... on all rows".
        learner: A `Learner` class that takes no arguments, or where it is:
            "package.module:Class".
        scorer: The class of its fitted models, with `from_state`; or where it is.
        parts: The parts of a strategy that it serves.
        options: Its own options.
        scores: What its logits are. "log_odds": of the rows as drawn and weighted, so
            that the known shifts lead back to the population. "population": already
            those of the population. "uncalibrated": a calibrator is needed.
        obstacle: Why its scores need a calibrator, if they do.
        needs_columns: Whether it learns from the columns of a table only; otherwise it
            may stand in a trial of a network of the user's own.
        trains_networks: Whether it trains networks, epoch after epoch.
        draws_rows: Whether it draws the rows itself, as networks do for each batch. A
            learner that serves sampling and does not is given rows that were drawn
            once.
        constant: Whether it gives every row the same score.
        one_class: Whether it learns from negatives only, so that positives, and their
            weights, change nothing.
        takes_resampled: Whether it can learn from rows that a sampler object made.
        keras: A function of (scorer, name, inputs) that returns its log-odds as a Keras
            tensor `[rows, 1]`, or where it is; empty if it cannot be exported. Its
            fitted models then need an `encoding`, which says which columns they take.
        tasks: The kinds of task that it serves.
        citations: Keys of the sources.
        sources: The BibTeX entries of keys that Equipoise does not know.
        class_obstacle: The obstacle for several classes or labels; empty if the same.
        class_phrase: What it is to several classes or labels; empty if the same.
        extra: The extra of the package that it needs to fit; empty if none. What it
            has fitted scores rows without.
        modules: The top-level modules that the extra brings for it.
        fewer_rows: If there are very many rows, how many of the largest class it
            learns from at least; 0 for all (`trials.fewer_rows`).
        needs_model: Whether it changes the last layer of a network of the user's own,
            and so stands only in a trial with `model=`.

    Example:
        >>> LEARNERS["prior"].load_learner().__name__
        'PriorLearner'
    """

    name: str
    phrase: str
    learner: str | Callable[..., Any]
    scorer: str | Callable[..., Any]
    parts: tuple[str, ...] = ()
    options: Mapping[str, Setting] = field(default_factory=dict)
    scores: Literal["log_odds", "population", "uncalibrated"] = "uncalibrated"
    obstacle: str = ""
    needs_columns: bool = True
    trains_networks: bool = False
    draws_rows: bool = False
    constant: bool = False
    one_class: bool = False
    takes_resampled: bool = False
    keras: str | Callable[..., Any] = ""
    tasks: tuple[str, ...] = ("binary",)
    citations: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    class_obstacle: str = ""
    class_phrase: str = ""
    extra: str = ""
    modules: tuple[str, ...] = ()
    fewer_rows: int = 0
    needs_model: bool = False

    def require_extra(self) -> None:
        """Check that what it needs to fit is installed.

        Raises:
            MissingExtraError: It is not; the message has the command.
        """
        if self.extra:
            require_extra(self.extra, self.modules, f"learner={self.name!r}")

    def load_learner(self) -> Any:
        """Return the class of the learner."""
        return loaded(self.learner)

    def load_scorer(self) -> Any:
        """Return the class of its fitted models."""
        return loaded(self.scorer)


_SCORER = "equipoise.learners.anomaly.network:DetectorScorer"  # free of TensorFlow
_LAYER = "equipoise.learners.anomaly.keras_layer:detector_log_odds"
_STRANGE = "it says how unlike the negatives a row is, in a unit of its own"
"""Why the scores of detectors need a calibrator."""

_ROW_SHARE = "the share of the rows that each tree is grown on"
_COLUMN_SHARE = "the share of the columns that it may split by"
_L2 = (
    "the penalty on the squares of the leaves' values; 1 by default if a class has "
    "less than 1 % of the weight"
)


def _boosting_options(
    learning_rate: float, row_share: float, column_share: float, l2: float
) -> dict[str, Setting]:
    """Return the options that all boosting libraries have, with their defaults."""
    return {
        "learning_rate": Setting(
            learning_rate,
            0,
            1,
            open_ends=True,
            meaning="how much each tree adds",
            search=SearchRange(0.01, 0.2, log=True),
        ),
        "row_share": Setting(
            row_share, 0.01, 1, meaning=_ROW_SHARE, search=SearchRange(0.5, 1.0)
        ),
        "column_share": Setting(
            column_share, 0.01, 1, meaning=_COLUMN_SHARE, search=SearchRange(0.3, 1.0)
        ),
        "l2": Setting(
            l2, 0, 1e6, meaning=_L2, search=SearchRange(1e-3, 30.0, log=True)
        ),
        "trees": Setting(
            1000, 1, 100_000, whole=True, meaning="how many trees there are at most"
        ),
        "patience": Setting(
            300,
            1,
            100_000,
            whole=True,
            meaning="after how many trees without a gain it stops",
        ),
    }


def _network_options(width: int) -> dict[str, Setting]:
    """Return the options that detectors of networks share."""
    return {
        "width": Setting(
            width,
            low=1,
            high=4_096,
            whole=True,
            meaning="the width of a detector's first layer",
        ),
        "copies": Setting(
            2,
            low=1,
            high=100,
            whole=True,
            meaning="how many networks of a detector are averaged",
        ),
        "learning_rate": Setting(
            1e-3,
            low=0,
            high=10,
            open_ends=True,
            meaning="the step size of Adam",
        ),
    }


def _depth(default: int) -> Setting:
    meaning = "how many questions lead to a leaf at most"
    tried = SearchRange(values=(3, 4, 5, 6, 7, 8))
    return Setting(default, 1, 12, whole=True, meaning=meaning, search=tried)


_BOOSTING = "equipoise.learners.boosting.learner"

_BOOSTING_FACTS: dict[str, Any] = {
    "scorer": "equipoise.learners.trees.histogram:TreesScorer",
    "parts": TABLE_PARTS,
    "scores": "log_odds",
    "keras": "equipoise.export.keras:tree_log_odds",
    "tasks": TASK_KINDS,
}

_HEADS = "equipoise.learners.user_model.heads:HeadLearner"
_OWN_SCORER = "equipoise.learners.user_model.model:UserModelScorer"

DEFERRED = "deferred"
"""The option that says from when on class weights count."""

_DEFERRED = {
    DEFERRED: Setting(
        None,
        low=0,
        high=1,
        open_ends=True,
        optional=True,
        meaning="the share of the epochs before class weights count",
    )
}

_HEAD_FACTS: dict[str, Any] = {
    "needs_columns": False,
    "trains_networks": True,
    "needs_model": True,
}

LEARNERS: dict[str, LearnerRecord] = {
    record.name: record
    for record in (
        LearnerRecord(
            "network",
            "a network",
            "equipoise.learners.network:NetworkLearner",
            "equipoise.training.scorer:NetworkScorer",  # free of TensorFlow
            parts=ALL_PARTS,
            options={
                "learning_rate": Setting(
                    None,
                    low=0,
                    high=10,
                    open_ends=True,
                    optional=True,
                    meaning="the step size of Adam",
                    search=SearchRange(3e-4, 3e-2, log=True),
                ),
                "weight_decay": Setting(
                    None,
                    low=0,
                    high=10,
                    optional=True,
                    meaning="how fast weights shrink, per unit of step size",
                    search=SearchRange(1e-3, 1.0, log=True),
                ),
                "dropout": Setting(
                    None,
                    low=0,
                    high=0.99,
                    optional=True,
                    meaning="the share of hidden units that is dropped in training",
                    search=SearchRange(0.0, 0.6),
                ),
                "width": Setting(
                    None,
                    low=1,
                    high=65_536,
                    whole=True,
                    optional=True,
                    meaning="the units of each hidden layer",
                    search=SearchRange(values=(64, 128, 256)),
                ),
                "depth": Setting(
                    None,
                    low=1,
                    high=20,
                    whole=True,
                    optional=True,
                    meaning="the number of hidden layers",
                    search=SearchRange(values=(1, 2, 3)),
                ),
                **_DEFERRED,
            },
            scores="log_odds",
            needs_columns=False,
            fewer_rows=20_000,
            trains_networks=True,
            draws_rows=True,
            takes_resampled=True,
            tasks=TASK_KINDS,
        ),
        LearnerRecord(
            "trees",
            "gradient-boosted trees",
            "equipoise.learners.trees.histogram:TreesLearner",
            "equipoise.learners.trees.histogram:TreesScorer",
            parts=TABLE_PARTS,
            options={
                "learning_rate": Setting(
                    None,
                    low=0,
                    high=1,
                    open_ends=True,
                    optional=True,
                    meaning="the shrinkage of each tree",
                    search=SearchRange(0.02, 0.3, log=True),
                ),
                "leaves": Setting(
                    None,
                    low=2,
                    high=4096,
                    whole=True,
                    optional=True,
                    meaning="leaves per tree, at most",
                    search=SearchRange(3, 64, log=True),
                ),
                "least_rows": Setting(
                    None,
                    low=1,
                    high=1_000_000,
                    whole=True,
                    optional=True,
                    meaning="rows per leaf, at least",
                    search=SearchRange(2, 60, log=True),
                ),
                "l2": Setting(
                    None,
                    low=0,
                    high=1e6,
                    optional=True,
                    meaning="the penalty on the leaves' values; by default 0, or 1 "
                    "if a class has less than 1 % of the weight",
                    search=SearchRange(1e-3, 30.0, log=True),
                ),
                "column_share": Setting(
                    None,
                    low=0,
                    high=1,
                    optional=True,
                    meaning="the share of the columns that each split chooses from",
                    search=SearchRange(0.1, 1.0),
                ),
            },
            scores="log_odds",
            takes_resampled=True,
            keras="equipoise.export.keras:tree_log_odds",
            tasks=TASK_KINDS,
            citations=("ke2017", "pedregosa2011"),
        ),
        LearnerRecord(
            "extra_trees",
            "extremely randomised trees",
            "equipoise.learners.trees.extra:ExtraTreesLearner",
            "equipoise.learners.trees.extra:ExtraTreesScorer",
            parts=TABLE_PARTS,
            options={
                "leaf_rows": Setting(
                    None,
                    low=1,
                    high=1_000_000,
                    whole=True,
                    optional=True,
                    meaning="rows per leaf, at least, in place of a choice",
                ),
                "column_share": Setting(
                    None,
                    low=0.01,
                    high=1,
                    optional=True,
                    meaning=_COLUMN_SHARE,
                ),
            },
            fewer_rows=60_000,
            obstacle="a mean over leaves is drawn towards the share of positives",
            class_obstacle="a mean over leaves is drawn towards each class's share",
            keras="equipoise.export.keras:tree_log_odds",
            tasks=TASK_KINDS,
            citations=("geurts2006", "pedregosa2011"),
        ),
        LearnerRecord(
            "tree",
            "one decision tree",
            "equipoise.learners.trees.single:TreeLearner",
            "equipoise.learners.trees.single:TreeScorer",
            parts=TABLE_PARTS,
            options={
                "depth": Setting(
                    None,
                    low=1,
                    high=100,
                    whole=True,
                    optional=True,
                    meaning="the greatest depth of a decision tree",
                ),
                "leaf_rows": Setting(
                    1, low=1, whole=True, meaning="the least rows in a leaf of a tree"
                ),
            },
            obstacle="the few rows of a leaf say little about its share of positives",
            class_obstacle="the few rows of a leaf say little about its shares",
            keras="equipoise.export.keras:tree_log_odds",
            tasks=TASK_KINDS,
            citations=("breiman1984", "provost2003", "pedregosa2011"),
        ),
        LearnerRecord(
            "logistic",
            "a logistic regression",
            "equipoise.learners.linear.logistic:LogisticLearner",
            "equipoise.learners.linear.logistic:LogisticScorer",
            parts=TABLE_PARTS,
            options={
                "pieces": Setting(
                    None,
                    low=2,
                    high=48,
                    whole=True,
                    optional=True,
                    meaning="into how many pieces the line of each number is broken",
                ),
            },
            fewer_rows=20_000,
            scores="log_odds",
            takes_resampled=True,
            keras="equipoise.export.keras:linear_log_odds",
            tasks=TASK_KINDS,
            citations=("pedregosa2011",),
        ),
        LearnerRecord(
            "lightgbm",
            "LightGBM's gradient-boosted trees",
            f"{_BOOSTING}:LightGBMLearner",
            **_BOOSTING_FACTS,
            options={
                **_boosting_options(0.04, row_share=0.75, column_share=1.0, l2=0.0),
                "leaves": Setting(
                    50,
                    2,
                    4096,
                    whole=True,
                    meaning="how many leaves a tree has",
                    search=SearchRange(4, 128, log=True),
                ),
                "least_rows": Setting(
                    None,
                    1,
                    1e6,
                    whole=True,
                    optional=True,
                    meaning="how many rows a leaf has at least",
                    search=SearchRange(2, 100, log=True),
                ),
            },
            citations=("ke2017",),
            extra="boosting",
            modules=("lightgbm",),
        ),
        LearnerRecord(
            "xgboost",
            "XGBoost's gradient-boosted trees",
            f"{_BOOSTING}:XGBoostLearner",
            **_BOOSTING_FACTS,
            options={
                **_boosting_options(0.08, row_share=0.65, column_share=0.9, l2=0.0),
                "depth": _depth(6),
                "least_hessian": Setting(
                    5e-6,
                    0,
                    1e6,
                    meaning="the least sum of p (1 - p) over the rows of a leaf",
                ),
            },
            citations=("chen2016",),
            extra="boosting",
            modules=("xgboost",),
        ),
        LearnerRecord(
            "catboost",
            "CatBoost's gradient-boosted trees",
            f"{_BOOSTING}:CatBoostLearner",
            **_BOOSTING_FACTS,
            options={
                **_boosting_options(0.08, row_share=0.9, column_share=1.0, l2=1e-5),
                "depth": _depth(7),
                "random_strength": Setting(
                    0.8, 0, 1e3, meaning="how much noise the choice of a split has"
                ),
            },
            citations=("prokhorenkova2018",),
            extra="catboost",
            modules=("catboost",),
        ),
        LearnerRecord(
            "prior",
            "the share of positives as everyone's probability",
            "equipoise.learners.prior:PriorLearner",
            "equipoise.learners.prior:PriorScorer",
            class_phrase="the share of each class as everyone's probability",
            scores="population",
            needs_columns=False,
            constant=True,
            tasks=TASK_KINDS,
        ),
        LearnerRecord(
            "isolation_forest",
            "an isolation forest of the negatives",
            "equipoise.learners.anomaly.isolation_forest:IsolationForestLearner",
            "equipoise.learners.anomaly.isolation_forest:IsolationForestScorer",
            options={
                "trees": Setting(
                    100,
                    low=1,
                    high=10_000,
                    whole=True,
                    meaning="the number of isolation trees",
                ),
                "tree_rows": Setting(
                    256,
                    low=2,
                    high=1_000_000,
                    whole=True,
                    meaning="how many negatives each isolation tree is grown on",
                ),
            },
            obstacle=_STRANGE,
            one_class=True,
            keras="equipoise.learners.anomaly.keras_layer:isolation_log_odds",
            citations=("liu2008", "pedregosa2011"),
        ),
        LearnerRecord(
            "autoencoder",
            "an autoencoder of the negatives",
            "equipoise.learners.anomaly.autoencoder:AutoencoderLearner",
            _SCORER,
            options={
                **_network_options(width=64),
                "bottleneck": Setting(
                    None,
                    low=1,
                    high=4_096,
                    whole=True,
                    optional=True,
                    meaning="the width of an autoencoder's middle",
                ),
            },
            obstacle=_STRANGE,
            one_class=True,
            keras=_LAYER,
            citations=("hinton2006",),
        ),
        LearnerRecord(
            "deep_sad",
            "a deep detector that knows some positives",
            "equipoise.learners.anomaly.deep_sad:DeepSadLearner",
            _SCORER,
            options={
                **_network_options(width=64),
                "dimensions": Setting(
                    16,
                    low=1,
                    high=4_096,
                    whole=True,
                    meaning="the coordinates of the distance of Deep SAD",
                ),
                "eta": Setting(
                    1.0,
                    low=0,
                    high=1_000,
                    meaning="how much a known positive counts in Deep SAD",
                ),
            },
            obstacle=_STRANGE,
            keras=_LAYER,
            citations=("ruff2020",),
        ),
        LearnerRecord(
            "dev_net",
            "a deviation network",
            "equipoise.learners.anomaly.dev_net:DevNetLearner",
            _SCORER,
            options={
                **_network_options(width=20),
                "deviations": Setting(
                    5.0,
                    low=0,
                    high=1_000,
                    open_ends=True,
                    meaning="how far above the reference a positive is to score",
                ),
            },
            obstacle="its scores are deviations from a reference, not odds",
            keras=_LAYER,
            citations=("pang2019",),
        ),
        LearnerRecord(
            "head",
            "a new last layer over the features of a plain network",
            _HEADS,
            _OWN_SCORER,
            parts=("sampling", "synthesis", "weights", "loss"),
            options={
                "learning_rate": Setting(
                    None,
                    low=0,
                    high=10,
                    open_ends=True,
                    optional=True,
                    meaning="the step size of Adam",
                    search=SearchRange(1e-3, 1e-1, log=True),
                ),
                "weight_decay": Setting(
                    None,
                    low=0,
                    high=10,
                    optional=True,
                    meaning="how fast weights shrink, per unit of step size",
                    search=SearchRange(1e-3, 1.0, log=True),
                ),
                **_DEFERRED,
            },
            scores="log_odds",
            **_HEAD_FACTS,
            draws_rows=True,
            tasks=TASK_KINDS,
            citations=("kang2020",),
        ),
        LearnerRecord(
            "tau_norm",
            "a plain network whose last layer's weights are divided by a power of "
            "their length in each class",
            _HEADS,
            _OWN_SCORER,
            options={
                "power": Setting(
                    None,
                    low=0,
                    high=10,
                    optional=True,
                    meaning="tau, the power of the lengths",
                )
            },
            obstacle="a change of the lengths of weights is no change of the prior",
            **_HEAD_FACTS,
            tasks=("multiclass",),
            citations=("kang2020",),
        ),
        LearnerRecord(
            "lws",
            "a plain network with a learned factor for the logit of each class",
            _HEADS,
            _OWN_SCORER,
            parts=("weights",),
            options={
                "penalty": Setting(
                    None,
                    low=0,
                    high=1e12,
                    open_ends=True,
                    optional=True,
                    meaning="how firmly the factors of the logits are held at 1",
                )
            },
            obstacle="a factor for each class is no change of the prior",
            **_HEAD_FACTS,
            tasks=("multiclass",),
            citations=("kang2020",),
        ),
        LearnerRecord(
            "ncm",
            "the nearest mean of a class among the features of a plain network",
            _HEADS,
            _OWN_SCORER,
            obstacle="distances from means are log-odds only of round, equal clouds",
            **_HEAD_FACTS,
            tasks=TASK_KINDS,
            citations=("kang2020",),
        ),
    )
}

CLASSIFIER = LearnerRecord(
    "classifier",
    "a classifier",
    "equipoise.learners.classifier.learner:ClassifierLearner",
    "equipoise.learners.classifier.kept:KeptScorer",
    parts=TABLE_PARTS,
    obstacle="each classifier makes them in its own way",
    keras="equipoise.export.keras:classifier_log_odds",
    tasks=TASK_KINDS,
)
"""The learner of a classifier object: no name in a `Strategy` stands for it alone."""


def record_of(learner: str) -> LearnerRecord:
    """Return the record of a learner, that of classifier objects among them.

    Args:
        learner: As in `Strategy.learner`.

    Raises:
        InputError: No learner has that name.

    Example:
        >>> record_of("trees").phrase
        'gradient-boosted trees'
    """
    if learner == CLASSIFIER.name:
        return CLASSIFIER
    return LEARNERS[one_of(learner, LEARNERS, "learner")]
