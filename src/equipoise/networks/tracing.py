# SPDX-License-Identifier: Apache-2.0
"""Functions that are traced once, and freed when nothing uses them any more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import ops

_LOCK = threading.Lock()


def traced(function: Callable[..., Any], signature: Sequence[Any]) -> Any:
    """Return the one trace of a function, which nobody differentiates later.

    TensorFlow counts no traces of it, and so does not warn that many programs look like
    one function that is traced over and over.

    In a trace `tf.custom_gradient` enters each gradient into a register of TensorFlow's
    for good, and with it all tensors of the graph, so that compiled programs are never
    freed: some 5 MB each. The register serves those who differentiate the trace later.
    What is traced here holds its derivatives already, so its entries are taken out
    again.

    Args:
        function: Takes and returns tensors, or structures of them.
        signature: A `tf.TensorSpec`, or a structure of them, for each argument.

    Returns:
        Its concrete function.
    """
    compiled = tf.function(function, input_signature=list(signature), autograph=False)
    # Not public: if TensorFlow renames it, entries stay, as without this function.
    register = getattr(getattr(ops, "gradient_registry", None), "_registry", {})
    with _LOCK:
        before = set(register)
        concrete = compiled.get_concrete_function()
        for name in set(register) - before:
            if name.startswith("CustomGradient-"):
                del register[name]
    return concrete
