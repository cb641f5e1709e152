# SPDX-License-Identifier: Apache-2.0
"""Plans and outcomes as plain data: JSON and raw arrays, and no code.

What a user's own objects hold cannot be sent: their strategies are fitted by the
process that runs the trial. The user's own network is sent as the place of the function
that makes it, with a digest of the file that it is written in.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise import errors
from equipoise._core.checks import sentence
from equipoise._core.types import IntArray
from equipoise.errors import EquipoiseError, UnsupportedError
from equipoise.jobs import Job, Outcome
from equipoise.learners.registry import scorer_from_state
from equipoise.models.state import DTYPES, pack, unpack
from equipoise.strategies.parts import missing_pieces
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.table.fingerprint import Fingerprint
from equipoise.table.notation import Notation
from equipoise.table.table import Column, Dropped, SourceSums, Table
from equipoise.task import Task
from equipoise.training.settings import TrainingSettings
from equipoise.trials.fresh_rows import FreshRows
from equipoise.trials.learner_choice import LearnerChoice
from equipoise.trials.plan import TrialPlan
from equipoise.trials.protocol import Part, Protocol
from equipoise.trials.runners.runner import StrategyFailure

PartsOfData = dict[str, bytes]
"""What `pack` makes: parts by name."""


# ---- the plan


def plan_parts(plan: TrialPlan) -> PartsOfData:
    """Return what a worker must know of a plan, without its strategies.

    Args:
        plan: Of a trial or a fit.

    Raises:
        UnsupportedError: The user's own network, or what it takes, cannot be sent.
    """
    learners = plan.learners
    state = {
        "table": table_state(plan.table),
        "test_table": None if plan.test_table is None else table_state(plan.test_table),
        "weights": plan.weights,
        "keep": plan.keep,
        "baseline": plan.baseline,
        "network": learners.network,
        "training": None if learners.training is None else learners.training.to_dict(),
        "model": None if learners.model is None else import_path(learners.model),
        "x": None if learners.x is None else _sendable(learners.x),
    }
    if isinstance(learners.supply, FreshRows):
        state["supply"] = learners.supply.state()
    if plan.keep and learners.model is not None:
        raise UnsupportedError(
            sentence(
                "a model of your own to be kept, with workers",
                "workers for compare, or for fit with networks of ours",
                "Leave runner= out: the fits are then done in this process.",
            )
        )
    if learners.model is not None:
        state["model_code"] = code_digest(learners.model)
    return pack(state, "plan")


def plan_of(parts: Mapping[str, bytes], checkpoints: Path | None = None) -> TrialPlan:
    """Rebuild the plan of a worker.

    Args:
        parts: What `plan_parts` gave.
        checkpoints: Where networks keep their state; None for nowhere.

    Raises:
        UnsupportedError: The user's own network cannot be imported here, or its code
            is another.
    """
    state = unpack(parts, "plan")
    training, table = state["training"], table_of(state["table"])
    supply = None
    if "supply" in state:
        supply = FreshRows.from_state(state["supply"], table)
    learners = LearnerChoice(
        state["network"],
        checkpoints,
        None
        if state["model"] is None
        else _imported_alike(state["model"], state["model_code"]),
        state["x"],
        None if training is None else TrainingSettings.from_dict(training),
        supply,
    )
    test = state["test_table"]
    return TrialPlan(
        table,
        (),
        Protocol(),
        learners,
        None if test is None else table_of(test),
        weights=state["weights"],
        keep=state["keep"],
        baseline=state["baseline"],
    )


def digest(parts: Mapping[str, bytes]) -> str:
    """Return a digest of parts, by which equal ones are known."""
    hashed = hashlib.sha256()
    for name in sorted(parts):
        hashed.update(f"{name}\0{len(parts[name])}\0".encode())
        hashed.update(parts[name])
    return hashed.hexdigest()


def import_path(build: Any) -> str:
    """Return the place of a function, as "module:name".

    Args:
        build: What makes the user's network.

    Raises:
        UnsupportedError: No other process could import it.
    """
    module = getattr(build, "__module__", None)
    name = getattr(build, "__qualname__", "")
    path = f"{module}:{name}"
    try:
        # A function within another has "<locals>" in its name.
        if module != "__main__" and imported(path) is build:
            return path
    except UnsupportedError:
        pass
    raise UnsupportedError(
        sentence(
            f"model={build!r} with workers, which other processes cannot import",
            "a function at the top of a module",
            "Move it to a file of its own, such as networks.py, import it from there, "
            "and make the workers find the file, for example by PYTHONPATH.",
        )
    )


def imported(path: str) -> Any:
    """Return the function at a place.

    Args:
        path: "module:name".

    Raises:
        UnsupportedError: There is none here.
    """
    module, _, name = path.partition(":")
    try:
        value = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UnsupportedError(
            sentence(
                f"the model {path!r}, which cannot be imported here: {error}",
                "a function that this process can import",
                "Put its folder on PYTHONPATH.",
            )
        ) from error
    return value


@functools.cache
def code_digest(build: Any) -> str:
    """Return a digest of the file in which a function stands.

    It is taken once for each function: the code in memory does not change if the file
    does later. What the file imports is not part of it.

    Args:
        build: What makes the user's network.
    """
    file = getattr(sys.modules.get(build.__module__), "__file__", None)
    try:
        code = b"" if file is None else Path(file).read_bytes()
    except OSError:  # within an archive, for example
        code = b""
    return hashlib.sha256(code).hexdigest()


def _imported_alike(path: str, code: str) -> Any:
    """Return the function at a place, if its file is that of the trial's process."""
    build = imported(path)
    if code_digest(build) == code:
        return build
    raise UnsupportedError(
        sentence(
            f"the model {path!r}, whose file is not the same here as in the process "
            "that runs the trial",
            "the same code in all processes",
            "Make the file the same everywhere, then start compare and the workers "
            "again.",
        )
    )


def _sendable(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if x.dtype.name in DTYPES:
        return x
    raise UnsupportedError(
        sentence(
            f"an array x of type {x.dtype} with workers",
            "numbers or booleans",
            "Turn it into numbers first, or leave runner= out.",
        )
    )


# ---- tables


def table_state(table: Table) -> dict[str, Any]:
    """Return a table as plain data and arrays.

    Args:
        table: With or without rows.
    """
    sums = table.source_sums
    return {
        "columns": [_column_state(column) for column in table.columns],
        "y": table.y,
        "task": table.task.to_dict(),
        "target": table.target,
        "groups": table.groups,
        "time": None if table.time is None else _moments(table.time),
        "dropped": [[each.name, each.reason] for each in table.dropped],
        "notes": list(table.notes),
        "source": table.source,
        "fingerprint": None
        if table.fingerprint is None
        else {"parts": table.fingerprint.parts, "axes": table.fingerprint.axes},
        "order": _texts_state(table.order),
        "label_values": [list(pair) for pair in table.label_values.items()],
        "group_keys": table.group_keys,
        "beside": [_column_state(column) for column in table.beside],
        **({} if sums is None else {"here": sums.here, "from_source": sums.source}),
    }


def table_of(state: Mapping[str, Any]) -> Table:
    """Rebuild a table from `table_state`.

    Args:
        state: As it came back from `unpack`.
    """
    marks, moments = state["fingerprint"], state["time"]
    sums = SourceSums(state["here"], state["from_source"]) if "here" in state else None
    return Table(
        tuple(map(_column_of, state["columns"])),
        state["y"],
        Task.from_dict(state["task"]),
        state["target"],
        state["groups"],
        None if moments is None else _moments_of(moments),
        tuple(Dropped(*each) for each in state["dropped"]),
        tuple(state["notes"]),
        state["source"],
        None if marks is None else Fingerprint(marks["parts"], marks["axes"]),
        _texts_of(state["order"]),
        dict(state["label_values"]),
        sums,
        group_keys=state["group_keys"],
        beside=tuple(map(_column_of, state["beside"])),
    )


def _column_state(column: Column) -> dict[str, Any]:
    notation = column.notation
    return {
        "name": column.name,
        "kind": column.kind,
        "values": _moments(column.values),
        "categories": _texts_state(column.categories),
        "notation": None if notation is None else notation.to_dict(),
    }


def _column_of(state: Mapping[str, Any]) -> Column:
    notation = state["notation"]
    return Column(
        state["name"],
        state["kind"],
        _moments_of(state["values"]),
        _texts_of(state["categories"]),
        None if notation is None else Notation.from_dict(notation),
    )


def _moments(values: npt.NDArray[Any]) -> dict[str, Any]:
    """Return an array whose type may be that of date-times."""
    if values.dtype.kind == "M":
        return {"moments": values.dtype.str, "values": values.view(np.int64)}
    return {"moments": "", "values": values}


def _moments_of(state: Mapping[str, Any]) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = state["values"]
    return values.view(state["moments"]) if state["moments"] else values


def _texts_state(texts: Sequence[str]) -> dict[str, Any]:
    """Return strings as arrays: there may be millions, and JSON has a limit."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    return {
        "bytes": np.frombuffer(b"".join(encoded), np.uint8),
        "lengths": np.array([len(each) for each in encoded], np.int64),
    }


def _texts_of(state: Mapping[str, Any]) -> tuple[str, ...]:
    data, ends = state["bytes"].tobytes(), np.cumsum(state["lengths"]).tolist()
    starts = [0, *ends][: len(ends)]
    return tuple(
        data[start:end].decode("utf-8", "surrogatepass")
        for start, end in zip(starts, ends, strict=True)
    )


# ---- strategies and parts


def strategy_state(strategy: Strategy, task: Task) -> dict[str, Any] | None:
    """Return a strategy as plain data; None if it holds objects of the user's.

    Args:
        strategy: What is to be fitted.
        task: What the target is.
    """
    if type(strategy) not in (Strategy, Tuned):
        return None
    data = strategy.to_dict()
    again = strategy_of(data, task)
    return data if again == strategy else None


def strategy_of(data: Mapping[str, Any], task: Task) -> Strategy:
    """Rebuild a strategy.

    Args:
        data: What `strategy_state` gave.
        task: What the target is.
    """
    kind = Tuned if "base" in data else Strategy
    return kind.from_dict(data).with_classes(task)


def absent_pieces(data: Mapping[str, Any]) -> list[str]:
    """Return the pieces that a strategy names and that are not registered here.

    Args:
        data: What `strategy_state` gave.
    """
    schemes = data.get("space", {}).get("weights", {}).get("values", ())
    return [
        piece
        for fields in (data, data.get("base", {}), *({"weights": s} for s in schemes))
        for piece in missing_pieces(fields)
    ]


def parts_state(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Return parts as plain data and arrays.

    Args:
        parts: Of a trial.
    """
    return [
        {
            "repeat": part.repeat,
            "fold": part.fold,
            "number": part.number,
            "train": _small(part.train),
            "stop": _small(part.stop),
            "test": _small(part.test),
            "seed": part.seed,
        }
        for part in parts
    ]


def part_from_state(state: Mapping[str, Any]) -> Part:
    """Rebuild a part from an entry of `parts_state`.

    Args:
        state: The entry.
    """
    rows = {name: state[name].astype(np.int64) for name in ("train", "stop", "test")}
    return Part(
        state["repeat"], state["fold"], state["number"], **rows, seed=state["seed"]
    )


def _small(rows: IntArray) -> npt.NDArray[Any]:
    """Return positions in four bytes, if they fit."""
    return rows.astype(np.uint32) if not len(rows) or rows.max() < 2**32 else rows


# ---- outcomes

Results = list[Outcome | StrategyFailure]


def result_parts(results: Results) -> PartsOfData:
    """Return what an item gave as parts.

    Args:
        results: What `shard_outcomes` yielded.
    """
    parts: PartsOfData = {}
    entries: list[dict[str, Any]] = []
    for place, result in enumerate(results):
        if isinstance(result, StrategyFailure):
            entries.append({"failed": result.name, "reason": result.reason})
            continue
        entries.append({"strategy": result.job.strategy.name, "part": result.job.part})
        parts |= pack(_outcome_state(result), f"outcomes/{place}")
    return {**parts, **pack({"entries": entries}, "result")}


def error_parts(error: EquipoiseError) -> PartsOfData:
    """Return an error that ends the trial, as parts.

    Args:
        error: What was raised.
    """
    facts = getattr(error, "facts", None)
    state = {"kind": type(error).__name__, "text": str(error), "facts": facts}
    return pack({"error": state}, "result")


def refused_parts(reason: str) -> PartsOfData:
    """Return that an item cannot be done by other processes.

    Args:
        reason: What is absent there.
    """
    return pack({"refused": reason}, "result")


@dataclasses.dataclass(frozen=True)
class ItemResult:
    """What an item gave.

    Attributes:
        entries: By outcome its strategy and part, or the strategy's failure.
        error: What ends the trial, or None.
        refused: Why other processes cannot do it, or an empty string.
        parts: The outcomes.
    """

    entries: Sequence[Mapping[str, Any]]
    error: EquipoiseError | None
    refused: str
    parts: Mapping[str, bytes]

    @classmethod
    def of(cls, parts: Mapping[str, bytes]) -> ItemResult:
        """Read what a worker wrote.

        Args:
            parts: What `result_parts`, `error_parts` or `refused_parts` gave.
        """
        state = unpack(parts, "result")
        stored = state.get("error")
        return cls(
            state.get("entries", ()),
            None if stored is None else _error_of(stored),
            state.get("refused", ""),
            parts,
        )

    def results(self, jobs: Mapping[tuple[str, int], Job]) -> Results:
        """Return the outcomes and failures, in the order of the worker.

        Args:
            jobs: By the name of a strategy and the number of a part.
        """
        results: Results = []
        for place, entry in enumerate(self.entries):
            if "failed" in entry:
                results.append(StrategyFailure(entry["failed"], entry["reason"]))
                continue
            job = jobs[entry["strategy"], entry["part"]]
            results.append(_outcome_of(unpack(self.parts, f"outcomes/{place}"), job))
        return results


def _outcome_state(outcome: Outcome) -> dict[str, Any]:
    state = {
        field.name: getattr(outcome, field.name)
        for field in dataclasses.fields(Outcome)
        if field.name not in ("job", "scorer")
    }
    scorer = outcome.scorer
    return {**state, "scorer": None if scorer is None else scorer.state()}


def _outcome_of(state: Mapping[str, Any], job: Job) -> Outcome:
    scorer = state["scorer"]
    return Outcome(
        job,
        **{
            **state,
            "scorer": None
            if scorer is None
            else scorer_from_state(job.strategy.learner, scorer),
            **{name: tuple(state[name]) for name in ("notes", "groups", "idle")},
        },
    )


def _error_of(state: Mapping[str, Any]) -> EquipoiseError:
    kind = getattr(errors, state["kind"], EquipoiseError)
    if not issubclass(kind, EquipoiseError):
        kind = EquipoiseError
    if state["facts"] is not None:
        advice = state["text"].removeprefix(state["facts"]).strip()
        made: EquipoiseError = kind(state["facts"], advice)
        return made
    made = kind(state["text"])
    return made
