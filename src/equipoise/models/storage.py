# SPDX-License-Identifier: Apache-2.0
"""Save a fitted model as one file of plain numbers, and load it again."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import integer, listing, number, one_of, sentence
from equipoise._core.numerals import significant
from equipoise._core.states import array, integers_within, texts
from equipoise.decision.class_rule import ClassRule
from equipoise.decision.class_scores import ClassScores
from equipoise.decision.label_rule import LabelRule
from equipoise.decision.rule import DecisionRule
from equipoise.errors import BundleError, InputError, UnsupportedError
from equipoise.evaluation.evaluation import Confusion, Evaluation
from equipoise.evaluation.task_evaluation import TaskEvaluation
from equipoise.explanations.importance import Importance
from equipoise.jobs import Scorer
from equipoise.learners.registry import scorer_from_state
from equipoise.learners.resampled.learner import Resampled
from equipoise.learners.user_model.input import UserInput
from equipoise.metrics.class_confusion import ClassConfusion
from equipoise.metrics.estimate import Estimate
from equipoise.models import check_keras_file, pack, read_bundle, unpack, write_bundle
from equipoise.models.card import card
from equipoise.models.container import FORMAT, TASK_FORMAT
from equipoise.models.model import Component, ModelRecord, ModelRule
from equipoise.strategies.blended import Blend
from equipoise.strategies.classifier_object import Classified
from equipoise.strategies.parts import missing_pieces
from equipoise.strategies.strategy import Strategy
from equipoise.strategies.tuned import Tuned
from equipoise.table.notation import Notation
from equipoise.table.table import ClassValue, Column, Dropped, Table
from equipoise.table.units import DUPLICATES
from equipoise.task import Task

if TYPE_CHECKING:
    from equipoise.learners.user_model.model import UserModelScorer

Model = TypeVar("Model", bound=ModelRecord)

SUFFIX = ".equipoise"
# A file with more than these is taken to be damaged.
MOST_COMPONENTS = 100
MOST_SCORERS = 1_000
# What a model takes for a column of each kind, as `Encoding.columns` has it.
_RAW = {
    "numeric": "number",
    "boolean": "number",
    "categorical": "text",
    "datetime": "moment",
}
_DTYPES: dict[str, str] = {
    "numeric": "float64",
    "boolean": "float64",
    "categorical": "int32",
    "datetime": "datetime64[us]",
}


def model_path(path: str | os.PathLike[str]) -> Path:
    """Return the path of a model's file.

    Raises:
        InputError: Its name does not end in ".equipoise".

    Example:
        >>> model_path("fraud.equipoise").name
        'fraud.equipoise'
    """
    target = Path(path)
    if target.suffix != SUFFIX:
        raise InputError(
            sentence(
                f"the path {target.name!r}",
                f"a name that ends in {SUFFIX}",
                f"Try {target.with_suffix(SUFFIX).name!r}.",
            )
        )
    return target


def save(model: ModelRecord, path: str | os.PathLike[str]) -> Path:
    """Save a model as one file, whole or not at all.

    Args:
        model: What `fit` gave.
        path: The file; its name must end in ".equipoise".

    Returns:
        The path.

    Raises:
        InputError: The name ends otherwise, or the model is too large for one file.
        UnsupportedError: The user's own network could not be loaded again.
        OSError: The file cannot be written; an old one is intact then.
    """
    target = model_path(path)
    if model.user_input is not None:
        _require_loadable(model, model.user_input)
    several = model.task.kind != "binary"
    write_bundle(target, to_parts(model), format=TASK_FORMAT if several else FORMAT)
    return target


def _require_loadable(model: ModelRecord, user_input: UserInput) -> None:
    """Check that Keras reads back the network that it would write.

    The layers' own classes count as known: whoever loads them must have them too.
    """
    import keras

    for component in model.components:
        (scorer, *_) = cast("tuple[UserModelScorer, ...]", component.scorers)
        network = scorer.models[0]
        state = replace(scorer, models=(network,)).state()
        with keras.saving.custom_object_scope(_classes(network)):
            try:
                with usable_part("model"):
                    _user_scorer(state, user_input, "model")
            except BundleError as error:
                why = f"your own network, which could not be loaded again: {error}"
                raise UnsupportedError(
                    sentence(
                        why,
                        "layers of Keras, or classes with get_config() that "
                        "from_config() rebuilds",
                        "export() writes a SavedModel, which holds any layer.",
                    )
                ) from error


def _classes(model: Any) -> dict[str, Any]:
    """Return the classes of a network and of all layers in it, by name."""
    classes = {type(model).__name__: type(model)}
    for layer in getattr(model, "layers", []):
        classes |= _classes(layer)
    return {name: kind for name, kind in classes.items() if not _of_keras(kind)}


def _of_keras(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "keras"


def to_parts(model: ModelRecord) -> dict[str, bytes]:
    """Return all of a model as named parts: plain numbers and JSON, as `save` writes.

    Args:
        model: What `fit` gave.
    """
    state = {
        "schema": _schema_state(model.schema),
        "components": [
            {
                "strategy": component.strategy.to_dict(),
                "weight": component.weight,
                "scorers": len(component.scorers),
            }
            for component in model.components
        ],
        "rule": model.rule.to_dict(),
        "evaluation": model.evaluation.as_dict(),
        "facts": dict(model.facts),
        "notes": list(model.notes),
        "own": None if model.user_input is None else model.user_input.to_dict(),
    }
    seen: dict[str, Any] = {"hashes": model.seen}
    if model.tested is not None:
        seen["tested"] = model.tested
    parts = {**pack(state, "model"), **pack(seen, "seen")}
    for i, component in enumerate(model.components):
        for k, scorer in enumerate(component.scorers):
            parts |= pack(scorer.state(), f"scorers/{i}/{k}")
    parts["card.md"] = card(model).encode()
    return parts


def read_model(path: str | os.PathLike[str], kind: type[Model]) -> Model:
    """Load a model as a record of some class; see `equipoise.load`.

    Args:
        path: A file that `save` has written.
        kind: The class of the result.
    """
    return from_parts(read_bundle(path), kind)


def from_parts(parts: Mapping[str, bytes], kind: type[Model]) -> Model:
    """Rebuild a model from what `to_parts` gave.

    Raises:
        BundleError: A part cannot be used; it is named.
    """
    return _rebuild(unpack(parts, "model"), parts, kind)


@contextlib.contextmanager
def usable_part(
    name: str, file: str = "bundle", accepted: str = "a bundle that `save` has written"
) -> Iterator[None]:
    """Turn whatever odd values lead to into one error that names the part.

    Args:
        name: The part.
        file: What it is a part of.
        accepted: What is accepted instead.

    Raises:
        BundleError: The block met a value that it could not use.
    """
    try:
        yield
    except BundleError:
        raise
    except (
        KeyError,
        TypeError,
        ValueError,
        IndexError,
        AttributeError,
        OverflowError,
        UnsupportedError,
    ) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise BundleError(
            sentence(
                f"a {file} whose part {name!r} cannot be used ({what.rstrip('.')})",
                accepted,
            )
        ) from error


def _rebuild(state: Any, parts: Mapping[str, bytes], kind: type[Model]) -> Model:
    with usable_part("model.json"):
        schema = _schema(state["schema"])
        user_input = None if state["own"] is None else UserInput.from_dict(state["own"])
        rule = _rule(state["rule"], schema.task)
        components = _components(state["components"], schema, user_input, parts)
        return kind(
            schema=schema,
            components=components,
            rule=rule,
            evaluation=_any_evaluation(state["evaluation"], schema.task),
            facts=_facts(state["facts"], schema),
            **_seen(parts, state["facts"]),
            notes=tuple(map(str, state["notes"])),
            user_input=user_input,
        )


def _rule(state: Any, task: Task) -> ModelRule:
    """Rebuild the rule of a task, if it fits its classes or labels."""
    if task.kind == "binary":
        return DecisionRule.from_dict(state)
    rule: ClassRule | LabelRule
    if task.kind == "multilabel":
        rule = LabelRule.from_dict(state)
        names = rule.labels
    else:
        rule = ClassRule.from_dict(state)
        names = rule.classes
        slopes = len(rule.calibrator.slopes)
        if slopes != (0 if rule.calibrator.method == "none" else len(names)):
            raise InputError(
                sentence(f"a calibrator of {slopes} classes", f"{len(names)} classes")
            )
    if names != task.classes:
        raise InputError(
            sentence(f"a rule of {listing(names)}", f"one of {listing(task.classes)}")
        )
    return rule


def read_strategy(fields: Mapping[str, Any]) -> Strategy:
    """Rebuild a strategy of the kind that has such fields.

    Args:
        fields: What its `to_dict` gave.

    Raises:
        BundleError: It needs a piece of the user's that is not registered here.
        InputError: A field is unknown, or a value is not accepted.
    """
    if "blended" in fields:
        return Blend.of_members(fields, [_member(each) for each in fields["blended"]])
    return _member(fields)


def _member(fields: Mapping[str, Any]) -> Strategy:
    """Rebuild a strategy of any kind that a blend can average."""
    _require_registered(fields)
    if "resampler" in fields:
        return Resampled.from_dict(fields)
    if "classifier" in fields:
        return Classified.from_dict(fields)
    return (Tuned if "base" in fields else Strategy).from_dict(fields)


def _components(
    entries: Any,
    schema: Table,
    user_input: UserInput | None,
    parts: Mapping[str, bytes],
) -> tuple[Component, ...]:
    """Rebuild the components of the average."""
    components = []
    integer(len(entries), "components", 1, MOST_COMPONENTS)
    for i, data in enumerate(entries):
        fields = data["strategy"]
        strategy = read_strategy(fields)
        count = integer(data["scorers"], "scorers", 1, MOST_SCORERS)
        weight = number(data["weight"], "weight", 0, 1)
        scorers = []
        for k in range(count):
            name = f"scorers/{i}/{k}"
            scorer_state = unpack(parts, name)
            with usable_part(f"{name}.json"):
                if user_input is None:
                    scorer = scorer_from_state(strategy.learner, scorer_state)
                    _require_columns(scorer, schema)
                else:
                    scorer = _user_scorer(scorer_state, user_input, name)
                _require_width(scorer, schema)
            scorers.append(scorer)
        link = schema.task.link
        components.append(Component(strategy, weight, tuple(scorers), user_input, link))
    total = sum(component.weight for component in components)
    if not math.isclose(total, 1.0, rel_tol=1e-9):
        raise InputError(sentence(f"weights that sum to {significant(total, 6)}", "1"))
    return tuple(components)


def _require_registered(fields: Mapping[str, Any]) -> None:
    """Raise if a strategy needs a user's piece that is not registered here."""
    missing = missing_pieces(fields)
    if missing:
        raise BundleError(
            sentence(
                f"a bundle whose part 'model.json' needs {' and '.join(missing)}",
                "pieces of Equipoise, or pieces that are registered",
                "Import the code that defines it, and call equipoise.register(...) "
                "before load.",
            )
        )


def _user_scorer(state: Any, user_input: UserInput, name: str) -> Scorer:
    """Rebuild the user's own networks; each file is checked before Keras sees it."""
    from equipoise.learners.user_model.model import UserModelScorer

    integer(len(state["models"]), "models", 1, MOST_SCORERS)
    for k, data in enumerate(state["models"]):
        file = array({"models": data}, "models", "uint8", (None,))
        check_keras_file(file.tobytes(), f"{name}/{k}", user_input.shape)
    correction = state["correction"]
    number(correction["gamma"], "gamma")
    offset = correction["offset"]
    for value in offset if isinstance(offset, list) else [offset]:
        number(value, "offset")
    return UserModelScorer.from_state(state)


def _require_columns(scorer: Scorer, schema: Table) -> None:
    """Check that a scorer reads columns of the schema only."""
    encoding = getattr(scorer, "encoding", None)
    if encoding is None:
        return
    kinds = {column.name: _RAW[column.kind] for column in schema.columns}
    for name, kind in encoding.columns.items():
        if kinds.get(name) != kind:
            raise InputError(
                sentence(
                    f"an encoding of the column {name!r} as {kind}",
                    f"the columns of the model, {listing(schema.names)}",
                )
            )


def _require_width(scorer: Any, schema: Table) -> None:
    """Check that a scorer gives one score per class or label, if there are several."""
    task = schema.task
    if task.kind == "binary":
        return
    width = getattr(scorer, "width", None)
    if width is None:
        width = scorer.log_odds(schema).shape[1]
    if width != task.width:
        raise InputError(
            sentence(f"a scorer of {width} outputs", f"{task.width} outputs")
        )
    if getattr(scorer, "link", task.link) != task.link:
        raise InputError(sentence(f"a scorer of the link {scorer.link!r}", task.link))


def _seen(parts: Mapping[str, bytes], facts: Any) -> dict[str, Any]:
    """Return which rows the model has seen, and which of its models have not."""
    state = unpack(parts, "seen")
    with usable_part("seen.json"):
        hashes = array(state, "hashes", "uint64", (None,))
        if "tested" not in state:  # an older file
            return {"seen": hashes}
        tested = array(state, "tested", "int8", (None, len(hashes)))
        integers_within(tested, "tested", -1, integer(facts["folds"], "folds", 2))
        if len(tested) != integer(facts["repeats"], "repeats", 1):
            raise InputError(
                sentence(
                    f"folds of {len(tested)} repeats", f"{facts['repeats']} repeats"
                )
            )
        return {"seen": hashes, "tested": tested}


def _facts(facts: Any, schema: Table) -> dict[str, Any]:
    """Return how the model was made, if nothing is missing."""
    rows = integer(facts["rows"], "rows", 1)
    _require_sizes(facts, rows, schema.task)
    integer(facts["folds"], "folds", 2)
    integer(facts["seed"], "seed")
    if "cases" in facts:  # models of the first version have no count of cases
        cases = integer(facts["cases"], "cases", 1, rows)
        if schema.task.kind == "binary":
            integer(facts["positive_cases"], "positive_cases", 1, cases)
            number(facts["effective_rows"], "effective_rows", 0, rows)
        one_of(facts["duplicates"], DUPLICATES, "duplicates")
    number(facts["repeated"], "repeated", 0, 1)
    if "importance" in facts:
        Importance.from_dict(facts["importance"])
    if "class_scores" in facts:
        ClassScores.from_dict(facts["class_scores"])
    if [*facts["classes"]] != [*schema.classes] or facts["target"] != schema.target:
        raise InputError(sentence("facts of another target", repr(schema.target)))
    texts([facts["source"]], "the source")
    if facts["group"] is not None:
        texts([facts["group"]], "the group column")
    texts([*facts["versions"], schema.target], "the versions")
    return dict(facts)


def _require_sizes(facts: Any, rows: int, task: Task) -> None:
    """Check how many rows are positive, or of each class or label."""
    if task.kind == "binary":
        integer(facts["positives"], "positives", 1, rows - 1)
        number(facts["prevalence"], "prevalence", 0, 1)
        return
    totals = facts["totals"]
    if len(totals) != len(task.classes):
        raise InputError(
            sentence(f"totals of {len(totals)} classes", f"{len(task.classes)}")
        )
    each = [[total] if task.kind == "multiclass" else total for total in totals]
    for total in each:
        for count in total:
            integer(count, "a total", 0, rows)


def _schema_state(schema: Table) -> dict[str, Any]:
    return {
        "columns": [
            {"name": c.name, "kind": c.kind, "categories": list(c.categories)}
            | ({} if c.notation is None else {"notation": c.notation.to_dict()})
            for c in schema.columns
        ],
        "classes": list(schema.classes),
        "target": schema.target,
        **schema.task.to_dict(),
        "dropped": [asdict(dropped) for dropped in schema.dropped],
        "source": schema.source,
        **({"label_values": dict(schema.label_values)} if schema.label_values else {}),
    }


def _schema(state: Mapping[str, Any]) -> Table:
    columns = tuple(
        Column(
            c["name"],
            c["kind"],
            _empty(c["kind"]),
            texts(c["categories"], "levels"),
            _notation(c),
        )
        for c in state["columns"]
    )
    texts([column.name for column in columns], "the columns")
    task = Task.from_dict(state)
    none: npt.NDArray[Any] = np.zeros(0, np.int8)
    if task.kind == "multilabel":
        none = np.zeros((0, len(task.classes)), np.int8)
    elif task.kind == "multiclass":
        none = np.zeros(0, np.int64)
    return Table(
        columns,
        none,
        task,
        target=str(state["target"]),
        dropped=tuple(Dropped(**d) for d in state["dropped"]),
        source=state["source"],
        label_values=_label_values(state.get("label_values", {})),
    )


def _label_values(values: Mapping[str, Any]) -> dict[str, ClassValue]:
    """Return what stands for each class; older models do not store it.

    Raises:
        InputError: A value is no string, number or boolean.
    """
    for value in values.values():
        if not isinstance(value, str | int | float | bool):
            raise InputError(
                sentence(
                    f"a class written as {type(value).__name__}",
                    "a string, a number or a boolean",
                )
            )
    return dict(values)


def _notation(column: Mapping[str, Any]) -> Notation | None:
    """Return how a column's strings were written; older models do not store it."""
    stored = column.get("notation")
    return None if stored is None else Notation.from_dict(stored)


def _empty(kind: str) -> npt.NDArray[Any]:
    return np.zeros(0, _DTYPES[one_of(kind, _DTYPES, "kind")])


def _any_evaluation(
    state: Mapping[str, Any], task: Task
) -> Evaluation | TaskEvaluation:
    """Rebuild what is known of a model of any task."""
    if task.kind == "binary":
        return _evaluation(state)
    confusion, classes = state["confusion"], state["by_class"]
    if set(classes) != set(task.classes):
        raise InputError(
            sentence(f"figures of {listing(classes)}", listing(task.classes))
        )
    return TaskEvaluation(
        {name: Estimate(**e) for name, e in state["metrics"].items()},
        Task.from_dict(state),
        integer(state["rows"], "rows", 0),
        {name: _evaluation(classes[name]) for name in task.classes},
        None if confusion is None else ClassConfusion.from_dict(confusion),
        {str(name): str(why) for name, why in state["unjudged"].items()},
        str(state["rule"]),
        str(state["estimand"]),
        number(state["level"], "level", 0, 1),
        tuple(map(str, state["notes"])),
    )


def _evaluation(state: Mapping[str, Any]) -> Evaluation:
    confusion, ends = state["confusion"], state.get("threshold_range")
    return Evaluation(
        {name: Estimate(**e) for name, e in state["metrics"].items()},
        state["rows"],
        state["positives"],
        state["threshold"],
        None if confusion is None else Confusion(**confusion),
        state["estimand"],
        state["level"],
        tuple(state["notes"]),
        state.get("lower"),
        None if ends is None else (float(ends[0]), float(ends[1])),
        state.get("share"),
    )
