# SPDX-License-Identifier: Apache-2.0
"""The key that says what a population is trained on."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from equipoise.training.population import Population

STATE = 2
"""What a checkpoint holds and means; another number makes older ones another run's."""


def run_key(population: Population) -> str:
    """Return a string that two populations share if one can go on from the other.

    It covers the encoded rows, the targets, the splits, the seeds, the strategies,
    the network and the settings, but for how often checkpoints are written.
    """
    digest = hashlib.sha256()
    for part in {id(m.part): m.part for m in population.members}.values():
        encoded = part.encode()
        for array in (
            encoded.numbers,
            encoded.positions,
            encoded.codes,
            part.labels,
            part.train,
            part.stop,
            part.score,
            *(() if part.weights is None else (part.weights,)),
        ):
            digest.update(str((array.shape, array.dtype)).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    settings = population.settings.to_dict()
    del settings["save_every"], settings["memory_limit"]
    plain = {
        "state": STATE,
        "members": [
            [m.seed, m.part.number, m.strategy.to_dict()] for m in population.members
        ],
        "network": population.spec.to_dict(),
        "settings": settings,
    }
    if population.task.kind != "binary":
        plain["task"] = population.task.kind
    if population.supply is not None:
        plain["supply"] = population.supply.digest
    digest.update(json.dumps(plain, sort_keys=True).encode())
    return digest.hexdigest()
