# SPDX-License-Identifier: Apache-2.0
"""Parts of data as checksummed files, written whole."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from equipoise._core.checks import sentence
from equipoise.errors import InputError
from equipoise.training.checkpoints import CheckpointStore


def save_parts(store: CheckpointStore, key: str, parts: Mapping[str, bytes]) -> None:
    """Write parts under a key.

    Args:
        store: Where.
        key: The name.
        parts: What `models.pack` gave.

    Raises:
        OSError: The folder is not writable, or the disk is full.
    """
    store.save(
        key, {name: np.frombuffer(data, np.uint8) for name, data in parts.items()}
    )


def load_parts(store: CheckpointStore, key: str) -> dict[str, bytes]:
    """Return the parts under a key.

    Args:
        store: Where.
        key: The name.

    Raises:
        InputError: There are none, or the file is damaged.
    """
    arrays = store.load(key)
    if arrays is None:
        raise InputError(
            sentence(
                f"the file {str(store.path(key))!r}, which is absent",
                "a file of the trial",
                "Run the same command again: what is done is kept.",
            )
        )
    return {name: array.tobytes() for name, array in arrays.items()}
