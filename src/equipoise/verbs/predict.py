# SPDX-License-Identifier: Apache-2.0
"""The verb `predict`: a file of rows in, a file of decisions out, in blocks."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from equipoise._core.checks import listing, nearest, sentence
from equipoise._core.files import writing
from equipoise._core.layout import display_width, wrap
from equipoise._core.numerals import amount, percent
from equipoise._core.outputs import writable_file
from equipoise.errors import InputError, TableError, UnsupportedError
from equipoise.models.explaining import BlockReasons
from equipoise.models.model import ModelRecord
from equipoise.priors import probability
from equipoise.reading.arrow_types import unnamed
from equipoise.reading.blocks import FileBlock, MergedNotes
from equipoise.reading.new_rows import warn
from equipoise.reading.shards import read_shard_blocks, shard_files
from equipoise.table.table import Dropped, Table
from equipoise.verbs.predict_task import (
    PredictedTask,
    require_other_names,
    scored_columns,
    task_columns,
)

SUFFIXES = (".csv", ".parquet")
COLUMNS = ("probability", "decision")

# A string that a spreadsheet would run (OWASP, "CSV Injection"); no plain number is.
_FORMULA = "^[=+\\-@\t\r]"
_NUMBER = r"^[+-]?(\d+([.,]\d*)*|[.,]\d+)([eE][+-]?\d+)?$"


@dataclass(frozen=True)
class Predicted:
    """What was written.

    Attributes:
        path: The file.
        rows: How many rows.
        flagged: How many of them are flagged.
        undecided: How many are left undecided.
        expected: The sum of the probabilities: how many positives are expected.
    """

    path: Path
    rows: int
    flagged: int
    undecided: int
    expected: float

    def __str__(self) -> str:
        text = (
            f"{self.rows:,} rows: {self.flagged:,} flagged "
            f"({percent(self.flagged / self.rows)}), {amount(self.expected)} "
            f"positives expected"
        )
        text += f", {self.undecided:,} undecided" if self.undecided else ""
        return wrap(text, display_width())


def predict_file(
    model: ModelRecord,
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    keep: Sequence[str] = (),
    explain: bool = False,
    background: Any = None,
    say: Callable[[str], None] | None = None,
) -> Predicted | PredictedTask:
    """Score a file of any size, block by block, and write one row for each row.

    The columns written are those of `keep`, then "probability" (calibrated, of the
    positive class) and "decision" (1 flagged, 0 not, -1 undecided), in the order of
    the rows. Of several classes they are "probability_" and the class for each, and
    "decision", the class that is decided ("" undecided); of labels "probability_" and
    "decision_" (1, 0, -1) for each. In CSV a string that a spreadsheet would take for a
    formula gets an apostrophe in front. Columns are found by name; the rules are those
    of `equipoise.reading.matching`, and its notes are issued once for the whole file.

    Args:
        model: What `fit` or `load` gave.
        source: A file with the model's columns, of any format that `read_table` takes;
            a folder of CSV or Parquet files; or a pattern.
        out: The file to write, ".csv" or ".parquet"; whole or not at all. Folders
            that are absent are made.
        keep: Columns of the source to copy, such as a row's name.
        explain: Whether "reason_1" to "reason_3" name the columns that moved a row's
            score most, as "age = 71 (+0.83)" in log-odds; of several classes that of
            the likeliest, of labels three for each. See `FittedModel.explain`.
        background: Rows to compare with, for the reasons; None for a sample of the
            file's first rows.
        say: Called after each block with how many rows are scored, as a sentence.

    Returns:
        What was written.

    Raises:
        UnsupportedError: The model is the user's own network.
        InputError: `out` has another suffix, is the source or cannot be written, or a
            column to keep is called like one that is written.
        TableError: The source cannot be read, or lacks a column.
        OSError: The file cannot be written; an old one is intact then.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import equipoise as eq
        >>> x = {"x": [0.1 * row for row in range(60)]}
        >>> model = eq.fit(
        ...     {**x, "y": [0] * 40 + [1] * 20}, "y", strategy="logistic", repeats=1
        ... )
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     new, out = Path(folder, "new.csv"), Path(folder, "scores.csv")
        ...     size = new.write_text(chr(10).join(["name,x", "a,0.5", "b,5.5"]))
        ...     predicted = predict_file(model, new, out, keep=["name"])
        ...     lines = out.read_text().splitlines()
        >>> predicted.rows, predicted.flagged, lines[0]
        (2, 1, '"name","probability","decision"')
    """
    if model.user_input is not None:
        raise UnsupportedError(
            sentence(
                "a file for your own network",
                "a model of columns",
                "Give the array that it takes to predict_proba.",
            )
        )
    files = shard_files(source)
    inputs = [file.path for file in files]
    what = inputs[0].name if len(inputs) == 1 else f"{len(inputs):,} files"
    target = writable_file(out, "out", suffixes=SUFFIXES, inputs=inputs)
    suffix = target.suffix.lower()
    several = model.task.kind != "binary"
    why = BlockReasons(model, background) if explain else None
    written = task_columns(model.task) if several else COLUMNS
    require_other_names(keep, (*written, *(() if why is None else why.names)))
    merged = MergedNotes()
    rows = 0
    tally = np.zeros((3, len(model.task.classes)) if several else 3)
    target.absolute().parent.mkdir(parents=True, exist_ok=True)
    blocks = read_shard_blocks(files, like=_expecting(model.schema, keep))
    with contextlib.closing(blocks), writing(target) as stream:
        writer: Any = None
        for block in blocks:
            merged.add(block.table.notes)
            scored, counts = _scored(model, block, keep, suffix)
            scored = scored if why is None else _with_reasons(scored, why, block.table)
            tally += counts
            rows += len(block.table)
            scored = _escaped(scored) if suffix == ".csv" else scored
            writer = writer or _writer(stream, scored.schema, suffix)
            writer.write_table(scored.cast(writer.schema))
            if say is not None:
                say(f"{rows:,} rows of {what} are scored")
        writer.close()
    warn(merged.sentences())
    if several:
        decided, sums, left = tally
        return PredictedTask(
            target,
            rows,
            dict(zip(model.task.classes, map(int, decided), strict=True)),
            dict(zip(model.task.classes, sums.tolist(), strict=True)),
            int(left.sum()),
        )
    flagged, undecided, expected = tally.tolist()
    return Predicted(target, rows, int(flagged), int(undecided), expected)


def _expecting(schema: Table, keep: Sequence[str]) -> Table:
    """Return the schema, which expects the columns that are copied."""
    copied = tuple(Dropped(name, "it is copied") for name in keep)
    return dataclasses.replace(schema, dropped=(*schema.dropped, *copied))


def _scored(
    model: ModelRecord, block: FileBlock, keep: Sequence[str], suffix: str
) -> tuple[Any, np.ndarray]:
    """Return a block's rows as they are written, and what is counted of them."""
    import pyarrow as pa

    present = block.source.column_names
    for name in keep:
        if name not in present:
            raise TableError(
                sentence(
                    f"keep={name!r}, a column that {block.table.source} does not have",
                    f"one of its columns, {listing(present, 20)}",
                    nearest(name, present),
                )
            )
    copied = {name: _copied(block.source.column(name), name, suffix) for name in keep}
    if model.task.kind != "binary":
        made, tally = scored_columns(model, block.table)
        return pa.table({**copied, **made}), tally
    z = model.log_odds(block.table)
    p, decision = probability(z), model.binary_rule.decide(z, calibrated=True)
    columns = {**copied, "probability": pa.array(p), "decision": pa.array(decision)}
    counts = [(decision == 1).sum(), (decision == -1).sum(), p.sum()]
    return pa.table(columns), np.array(counts, np.float64)


def _with_reasons(scored: Any, why: BlockReasons, rows: Table) -> Any:
    """Return a block as it is written with the reasons of its rows."""
    import pyarrow as pa

    for name, texts in why.columns(rows).items():
        scored = scored.append_column(name, pa.array(texts, pa.large_string()))
    return scored


def _copied(column: Any, name: str, suffix: str) -> Any:
    """Return a column to copy in a type that can be written.

    Raises:
        InputError: A file of this kind cannot hold its values.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    kind = column.type
    if pa.types.is_string(kind):
        return pc.cast(column, pa.large_string())
    never = pa.types.is_union(kind) or pa.types.is_interval(kind)
    if never or (suffix == ".csv" and unnamed(kind)):
        raise InputError(
            sentence(
                f"keep={name!r}, a column of type {kind}, for a {suffix} file",
                "strings, numbers, booleans, dates or times",
                "Keep another column."
                if never
                else "Keep another column, or write a .parquet file.",
            )
        )
    return column


class _Csv:
    """A CSV writer with the face of a Parquet writer."""

    def __init__(self, stream: Any, schema: Any) -> None:
        from pyarrow import csv

        self.schema = schema
        self._writer = csv.CSVWriter(stream, schema)

    def write_table(self, table: Any) -> None:
        self._writer.write_table(table)

    def close(self) -> None:
        self._writer.close()


def _writer(stream: Any, schema: Any, suffix: str) -> Any:
    if suffix == ".csv":
        return _Csv(stream, schema)
    import pyarrow.parquet as pq

    return pq.ParquetWriter(stream, schema)


def _escaped(table: Any) -> Any:
    """Put an apostrophe before every string that a spreadsheet would run."""
    import pyarrow as pa

    columns, names = [], []
    for name, column in zip(table.column_names, table.columns, strict=True):
        columns.append(_without_formulas(column))
        names.append(_safe(name))
    return pa.table(columns, names=names)


def _without_formulas(column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if not pa.types.is_large_string(kind):
        return column
    runs = pc.and_(
        pc.match_substring_regex(column, _FORMULA),
        pc.invert(pc.match_substring_regex(column, _NUMBER)),
    )
    nothing = pa.scalar("", kind)
    marked = pc.binary_join_element_wise(pa.scalar("'", kind), column, nothing)
    return pc.if_else(runs, marked, column)


def _safe(name: str) -> str:
    return f"'{name}" if re.match(_FORMULA, name) else name
