# SPDX-License-Identifier: Apache-2.0
"""How TensorFlow takes the memory of GPUs."""

from __future__ import annotations

import os
from functools import cache

ENVIRONMENT = "TF_FORCE_GPU_ALLOW_GROWTH"
"""If it is set, TensorFlow follows it and nothing is changed here."""


@cache
def let_memory_grow() -> tuple[str, ...]:
    """Let TensorFlow take memory of GPUs as it needs it, not all of it at once.

    Must be called before TensorFlow computes anything. Only the first call in a
    process has an effect. What the user has set stands: the environment variable
    `TF_FORCE_GPU_ALLOW_GROWTH`, virtual devices, or devices that are already in use.

    Returns:
        The names of the GPUs whose memory grows because of this call.
    """
    if os.environ.get(ENVIRONMENT):
        return ()
    import tensorflow as tf

    changed = []
    for gpu in tf.config.list_physical_devices("GPU"):
        if tf.config.get_logical_device_configuration(gpu) is not None:
            continue
        try:
            if tf.config.experimental.get_memory_growth(gpu):
                continue
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:  # devices are in use: TensorFlow changes nothing then
            break
        changed.append(str(gpu.name))
    return tuple(changed)
