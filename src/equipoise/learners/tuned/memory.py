# SPDX-License-Identifier: Apache-2.0
"""What searches have chosen, kept in the folder of a trial that may be interrupted."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from equipoise.errors import InputError
from equipoise.jobs import Job
from equipoise.learners.tuned.candidates import TuningResult
from equipoise.table.hashes import row_hashes
from equipoise.table.table import Table
from equipoise.training.checkpoints import CheckpointStore

FORM = 1
"""What a stored choice holds and means; another number makes older ones unknown."""


@dataclass(frozen=True, eq=False)
class SearchMemory:
    """Keeps the choice of each training part, under all that it depends on.

    Attributes:
        store: Where; None keeps nothing.
        table: The rows that the jobs index.
        learner: Who fits, as plain data.
    """

    store: CheckpointStore | None
    table: Table
    learner: Any

    def recall(self, job: Job) -> TuningResult | None:
        """Return what was chosen for a job, or None.

        A file that is damaged is renamed, and the part is searched again.

        Args:
            job: Its strategy is tuned.
        """
        if self.store is None:
            return None
        key = self._key(job)
        try:
            stored = self.store.load(key)
            if stored is None:
                return None
            values = json.loads(stored["result"].tobytes())
            names = {field.name for field in fields(TuningResult)}
            return TuningResult(**{k: values[k] for k in names})
        except (InputError, KeyError, TypeError, ValueError):
            self.store.set_aside(key)
            return None

    def keep(self, jobs: Sequence[Job], results: Sequence[TuningResult]) -> None:
        """Store what was chosen for some jobs.

        Args:
            jobs: The jobs.
            results: In their order.
        """
        if self.store is None:
            return
        for job, result in zip(jobs, results, strict=True):
            data = json.dumps(result.to_dict()).encode()
            array = np.frombuffer(data, np.uint8)
            self.store.save(self._key(job), {"result": array})

    @cached_property
    def _rows(self) -> str:
        """A hash of all rows with their targets, groups and time."""
        digest = hashlib.sha256(row_hashes(self.table).tobytes())
        for values in (self.table.labels(), self.table.groups, self.table.time):
            digest.update(b"-" if values is None else np.asarray(values).tobytes())
        return digest.hexdigest()

    def _key(self, job: Job) -> str:
        digest = hashlib.sha256(self._rows.encode())
        for rows in (job.train_rows, job.stop_rows, job.row_weights):
            digest.update(b"-" if rows is None else np.asarray(rows).tobytes())
        plain = [FORM, job.strategy.to_dict(), job.seed, self.learner]
        digest.update(json.dumps(plain, sort_keys=True, default=str).encode())
        return f"search {digest.hexdigest()}"


def learner_facts(learner: Any) -> Any:
    """Return a learner as plain data, without what does not change its fits.

    Args:
        learner: Who fits the candidates.
    """
    if not dataclasses.is_dataclass(learner) or isinstance(learner, type):
        return type(learner).__name__
    facts = {
        field.name: getattr(learner, field.name)
        for field in fields(learner)
        if field.name != "checkpoints"
        # Not there in earlier versions, whose searches are kept.
        and (field.name != "supply" or getattr(learner, field.name) is not None)
    }
    return [type(learner).__name__, facts]
