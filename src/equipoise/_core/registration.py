# SPDX-License-Identifier: Apache-2.0
"""Our Keras classes by name, so that a `.keras` file loads after `import equipoise`.

Keras finds the classes of others by the names under which they were registered, and a
class registers itself when its module is imported. Ours are imported when first used,
so Keras gets a stand-in for each, which imports the class when a file asks for it. The
stand-ins are handed over as soon as Keras is imported, before us or after; nothing here
imports it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

PACKAGE = "equipoise"

CLASSES = {
    "losses.asymmetric": ("Asymmetric",),
    "losses.auc_margin": ("AUCMargin",),
    "losses.average_precision": ("AveragePrecisionLoss",),
    "losses.balanced_softmax": ("BalancedSoftmax",),
    "losses.class_balanced": ("ClassBalanced",),
    "losses.class_weighted": ("ClassWeighted",),
    "losses.combined": ("Combined",),
    "losses.cross_entropy": ("CrossEntropy",),
    "losses.dice": ("Dice",),
    "losses.expected_cost": ("ExpectedCost",),
    "losses.focal": ("Focal",),
    "losses.ldam": ("LDAM",),
    "losses.logit_adjusted": ("LogitAdjusted",),
    "losses.pairwise_auc": ("PairwiseAUC",),
    "losses.pairwise_hinge": ("PairwiseHinge",),
    "losses.pairwise_logistic": ("PairwiseLogistic",),
    "losses.partial_auc": ("PartialAUC",),
    "losses.poly": ("Poly",),
    "losses.precision_at_recall": ("PrecisionAtRecallLoss",),
    "losses.recall_at_precision": ("RecallAtPrecisionLoss",),
    "losses.scheduled": ("Scheduled",),
    "losses.soap": ("SOAP",),
    "losses.soft_f_beta": ("SoftFBeta",),
    "losses.switch": ("Switch",),
    "losses.tversky": ("Tversky",),
    "losses.vector_scaling": ("VectorScaling",),
    "losses.weighted_cross_entropy": ("WeightedCrossEntropy",),
    "metrics.keras": (
        *("AUROC", "AveragePrecision", "BalancedAccuracy", "FBeta", "GMean", "MCC"),
        *("Precision", "PrecisionAtRecall", "Recall", "RecallAtPrecision"),
        "Specificity",
    ),
    "metrics.keras_tasks": (
        *("BalancedClassAccuracy", "MacroAUROC", "MacroAveragePrecision", "MacroF1"),
    ),
    "networks.encoding": ("EncodingLayer",),
    "networks.layer": ("AverageLogOdds", "CorrectedLogOdds", "TabularNetwork"),
    "learners.anomaly.keras_layer": ("DetectorScores",),
    "learners.linear.keras_layer": ("LinearLogOdds",),
    "learners.rounds.keras_layer": ("CombinedScores",),
    "synthesis.augmented": ("AugmentedModel",),
    "synthesis.hidden": ("HiddenMixup", "HiddenSmote"),
    "export.accepted_layers": ("AcceptedColumns", "AcceptedRows"),
    "export.decision_layers": ("ClassDecision", "LabelDecision"),
    "export.layers": (
        *("CalibratedLogOdds", "ClassCalibration", "LabelCalibration", "MeanLogOdds"),
        *("PooledLogOdds", "Probability"),
    ),
    "learners.trees.keras_layer": ("ForestLogOdds", "TreeMatrix"),
}
"""Module -> the classes in it that register themselves with Keras."""


def tell_keras() -> None:
    """Give Keras the stand-ins: now if it is imported, else as soon as it is.

    Example:
        >>> tell_keras()  # `import equipoise` has done so already
    """
    if "keras" in sys.modules:
        _hand_over(sys.modules["keras"])
    elif not any(isinstance(finder, _WhenKeras) for finder in sys.meta_path):
        sys.meta_path.insert(0, _WhenKeras())


def _hand_over(keras: ModuleType) -> None:
    saving = getattr(keras, "saving", None)
    if saving is None:  # an import that failed half-way, or another keras
        return
    objects = saving.get_custom_objects()
    for name, stand_in in _stand_ins():
        objects.setdefault(name, stand_in)


def _stand_ins() -> Iterator[tuple[str, type]]:
    """Yield a class for each of ours under its registered name."""
    for module, names in CLASSES.items():
        for name in names:
            yield f"{PACKAGE}>{name}", _stand_in(f"{PACKAGE}.{module}", name)


def _stand_in(module: str, name: str) -> type:
    def from_config(cls: type, config: dict[str, Any]) -> Any:
        actual = getattr(importlib.import_module(module), name)
        return actual.from_config(config)

    return type(name, (), {"from_config": classmethod(from_config)})


class _WhenKeras(MetaPathFinder):
    """Leaves finding Keras to the other finders, and acts once it is loaded."""

    def __init__(self) -> None:
        self._looking = False

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return the spec of Keras with a loader of ours around its own."""
        if fullname != "keras" or self._looking:
            return None
        self._looking = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._looking = False
        if spec is not None and spec.loader is not None:
            spec.loader = _AndThen(spec.loader, self)
        return spec


class _AndThen(Loader):
    """Loads a module with its own loader, and then registers."""

    def __init__(self, loader: Loader, finder: _WhenKeras) -> None:
        self._loader, self._finder = loader, finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return what the module's own loader makes."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module as its own loader does; then hand over the stand-ins."""
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        _hand_over(module)
