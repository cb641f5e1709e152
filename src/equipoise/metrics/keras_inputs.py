# SPDX-License-Identifier: Apache-2.0
"""What losses and metrics for Keras are given, and what they refuse.

Values are checked where there are values: at once in eager mode; in a compiled
function by an assertion of TensorFlow, which raises as the function runs. XLA has no
assertions: there the caller makes NaN of what was refused.
"""

from __future__ import annotations

import math
import warnings

import keras
import numpy as np
from keras import ops

from equipoise._core.checks import sentence
from equipoise._core.types import Tensor
from equipoise.errors import EquipoiseWarning, InputError

LABELS = "labels that are 0 or 1, or shares between"
LABELS_REMEDY = (
    "Pass (y + 1) / 2 for labels of -1 and 1, y - 1 for 1 and 2; give rows that have "
    "no label the weight 0."
)


def require_labels(labels: Tensor, weights: Tensor | None, whose: str) -> Tensor:
    """Refuse labels outside [0, 1], NaN included, of rows that count.

    Args:
        labels: Of any shape.
        weights: Weights that broadcast against the labels, or None.
        whose: The name of the metric or the loss, for the message.

    Returns:
        Whether any label is refused, a scalar.

    Raises:
        InputError: One is, in eager mode.
        tf.errors.InvalidArgumentError: One is, in a compiled function.

    Example:
        >>> bool(require_labels(ops.array([0.0, 0.5, 1.0]), None, "AUROC"))
        False
    """
    # Not a negated comparison: TensorFlow's optimiser turns it round, and NaN is lost.
    wrong = ops.logical_or(labels < 0, labels > 1)
    wrong = ops.logical_or(wrong, ops.isnan(labels))
    return _refused(
        wrong, labels, weights, f"labels for {whose}", LABELS, LABELS_REMEDY
    )


def require_class_numbers(
    numbers: Tensor, classes: int, weights: Tensor | None, whose: str
) -> Tensor:
    """Refuse numbers that are no classes, as `require_labels` does.

    Args:
        numbers: Of any shape.
        classes: How many classes there are; they are numbered from 0.
        weights: Weights that broadcast against the numbers, or None.
        whose: The name of the metric or the loss, for the message.

    Example:
        >>> bool(require_class_numbers(ops.array([0.0, 2.0]), 3, None, "Focal"))
        False
    """
    wrong = ops.logical_or(numbers < 0, numbers >= classes)
    wrong = ops.logical_or(wrong, numbers != ops.floor(numbers))
    wrong = ops.logical_or(wrong, ops.isnan(numbers))
    return _refused(
        wrong,
        numbers,
        weights,
        f"class numbers for {whose}",
        f"whole numbers from 0 to {classes - 1}, as there are {classes} logits",
        "Number the classes from 0; give rows that have no class the weight 0.",
    )


def require_weights(weights: Tensor, whose: str) -> Tensor:
    """Refuse negative and infinite weights, and NaN, as `require_labels` does.

    Args:
        weights: Of any shape.
        whose: The name of the metric or the loss, for the message.
    """
    wrong = ops.logical_or(weights < 0, weights == math.inf)
    wrong = ops.logical_or(wrong, ops.isnan(weights))
    return _refused(
        wrong, weights, None, f"weights for {whose}", "weights of 0 or more"
    )


def require_probabilities(scores: Tensor, weights: Tensor, whose: str) -> Tensor:
    """Refuse scores beyond 0 and 1 by more than rounding, as `require_labels` does.

    Args:
        scores: Of any shape; NaN passes.
        weights: Weights that broadcast against the scores.
        whose: The name of the metric, for the message.
    """
    wrong = ops.logical_or(scores < -1e-3, scores > 1 + 1e-3)
    return _refused(
        wrong,
        scores,
        weights,
        f"scores for {whose}(from_logits=False)",
        "probabilities",
        "Leave from_logits=False out for logits.",
    )


def _refused(
    wrong: Tensor,
    values: Tensor,
    weights: Tensor | None,
    what: str,
    accepted: str,
    remedy: str = "",
) -> Tensor:
    if weights is not None:
        wrong = ops.logical_and(wrong, weights != 0)
    refused = ops.any(wrong)
    if keras.backend.backend() != "tensorflow":
        return refused
    import tensorflow as tf

    if tf.executing_eagerly():
        if bool(refused):
            first = float(ops.convert_to_numpy(values)[ops.convert_to_numpy(wrong)][0])
            raise InputError(sentence(f"{what} that hold {first:g}", accepted, remedy))
        return refused
    message = sentence(f"other {what}", accepted, remedy)
    check = tf.debugging.Assert(~refused, [message, "The values:", values])
    with tf.control_dependencies([] if check is None else [check]):
        return tf.identity(refused)


def require_as_many(y_true: Tensor, y_pred: Tensor, whose: str) -> None:
    """Raise if there are not as many labels as scores, as far as shapes tell.

    Args:
        y_true: Labels.
        y_pred: Scores.
        whose: The name of the metric, for the message.

    Raises:
        InputError: Their numbers differ.
    """
    labels, scores = tuple(y_true.shape), tuple(y_pred.shape)
    if None in labels or None in scores:  # the number of rows is not known
        labels, scores = labels[1:], scores[1:]
    if None in labels or None in scores or math.prod(labels) == math.prod(scores):
        return
    raise InputError(
        sentence(
            f"labels of shape {tuple(y_true.shape)} and scores of shape "
            f"{tuple(y_pred.shape)} for {whose}",
            "one label for each score",
            "If there is one score per class, pass that of the positive class alone.",
        )
    )


def require_as_many_weights(
    weights: Tensor, scores: tuple[int | None, ...], whose: str
) -> None:
    """Raise if weights cannot be spread over the scores, as far as shapes tell.

    Args:
        weights: Of the scores' rank.
        scores: The shape of the scores; None if a size is not known.
        whose: The name of the metric, for the message.

    Raises:
        InputError: An axis has another size.
    """
    shape = tuple(weights.shape)
    pairs = zip(reversed(shape), reversed(scores), strict=False)
    if all(one in (None, 1) or other in (None, one) for one, other in pairs):
        return
    raise InputError(
        sentence(
            f"weights of shape {shape} and scores of shape {scores} for {whose}",
            "one weight for each row, or for each score",
        )
    )


def aligned_weights(weights: Tensor, rank: int) -> Tensor:
    """Return weights of a rank: axes of size 1 are added at the end, or taken away.

    Args:
        weights: `[rows]`, `[rows, 1]`, or of the scores' shape.
        rank: The scores' number of axes.

    Example:
        >>> aligned_weights(ops.ones((3,)), 2).shape, aligned_weights(
        ...     ops.ones((3, 1)), 1
        ... ).shape
        (TensorShape([3, 1]), TensorShape([3]))
    """
    while len(weights.shape) < rank:
        weights = ops.expand_dims(weights, -1)
    while len(weights.shape) > max(rank, 1) and weights.shape[-1] == 1:
        weights = ops.squeeze(weights, -1)
    return weights


def replicas() -> int:
    """Return how many replicas compute the parts of a batch, 1 without a strategy.

    Example:
        >>> replicas()
        1
    """
    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return int(tf.distribute.get_strategy().num_replicas_in_sync)


ACTIVATIONS = {"Sigmoid": "sigmoid", "Softmax": "softmax"}
"""Operations of TensorFlow whose results are probabilities."""

_PASSED_ON = {
    *("Identity", "Cast", "Reshape", "Squeeze", "ExpandDims", "Transpose"),
    *("StridedSlice", "GatherV2", "Pack", "ConcatV2", "EnsureShape", "StopGradient"),
    *("ClipByValue", "Maximum", "Minimum"),
}
_MOST_STEPS = 20


def activation_of(output: Tensor) -> str:
    """Return which activation gave a tensor in a graph of TensorFlow.

    Steps that change shape, type or bounds only are passed over.

    Args:
        output: A tensor in a function that is being traced.

    Returns:
        "sigmoid", "softmax", or "" if it is neither or cannot be told.

    Example:
        >>> import tensorflow as tf
        >>> seen = []
        >>> @tf.function
        ... def traced(x):
        ...     seen.append(activation_of(tf.sigmoid(x)[:, 0]))
        >>> traced(tf.zeros((2, 1)))
        >>> seen
        ['sigmoid']
    """
    for _ in range(_MOST_STEPS):
        operation = getattr(output, "op", None)
        kind = getattr(operation, "type", "")
        if kind in ACTIVATIONS:
            return ACTIVATIONS[kind]
        if operation is None or kind not in _PASSED_ON:
            return ""
        output = operation.inputs[0]
    return ""


class OutputWatch:
    """Says once that outputs are probabilities instead of logits.

    While a function is traced, the operation that gave them tells. In eager mode the
    values of the first batches do: all above 0 and none above 1, and not all equal.
    (Logits begin on both sides of 0, those of a relu at 0.)

    Args:
        whose: The name of the metric or the loss.
        remedy: What to do, a sentence.
    """

    BATCHES = 3
    LEAST = 32

    def __init__(self, whose: str, remedy: str) -> None:
        self.whose, self.remedy = whose, remedy
        self.done, self.batches, self.rows = False, 0, 0

    def look(self, outputs: Tensor) -> None:
        """Look at the outputs of a batch.

        Args:
            outputs: What the model gave, a tensor or an array.
        """
        if self.done or keras.backend.backend() != "tensorflow":
            return
        import tensorflow as tf

        if not tf.executing_eagerly():
            activation = activation_of(outputs)
            if activation:
                self._say(f"outputs of a {activation}")
            return
        values = np.asarray(outputs)
        inside = values.size > 0 and (values > 0).all() and (values <= 1).all()
        if not inside or values.min() == values.max():
            self.done = True
            return
        self.batches, self.rows = self.batches + 1, self.rows + values.size
        if self.batches >= self.BATCHES and self.rows >= self.LEAST:
            self._say(f"outputs from {values.min():.2g} to {values.max():.2g}")

    def _say(self, what: str) -> None:
        self.done = True
        received = f"{what} for {self.whose}, which look like probabilities"
        text = sentence(received, "logits", self.remedy)
        warnings.warn(text, EquipoiseWarning, stacklevel=2)
