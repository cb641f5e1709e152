# SPDX-License-Identifier: Apache-2.0
"""`equipoise diagnose`: what is wrong with the data, before any training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from equipoise.cli import options
from equipoise.cli.terminal import say_error, say_next, say_text, say_wrote
from equipoise.cli.wording import command, in_options

if TYPE_CHECKING:
    from equipoise.diagnosis.diagnosis import Diagnosis

FailOn = Annotated[
    str | None,
    typer.Option(
        metavar="SEVERITY",
        help="Exit with 1 if a finding is this severe, or more: error, warning or "
        "info.",
        show_default=False,
    ),
]
Mute = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CODE",
        help="Skip a check, for example EQP003; may be repeated.",
        show_default=False,
    ),
]


def diagnose(
    context: typer.Context,
    source: options.Source,
    target: options.Target = None,
    targets: options.Targets = None,
    task: options.TaskName = None,
    rare: options.RareName = "keep",
    test: options.TestFile = None,
    positive: options.Positive = None,
    group: options.GroupColumn = None,
    time: options.TimeColumn = None,
    drop: options.Drop = None,
    keep: options.KeepColumn = None,
    unlabelled: options.Unlabelled = "refuse",
    day_first: options.DayFirst = None,
    precision: Annotated[
        float, typer.Option(help="The precision that flagged rows should have.")
    ] = 0.8,
    deep: Annotated[
        bool,
        typer.Option(
            "--deep",
            help="Also train small models: overlap, suspicious labels, what more "
            "positives would gain.",
        ),
    ] = False,
    mute: Mute = None,
    duplicates: options.DuplicatesName = "auto",
    fail_on: FailOn = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print plain data instead of sentences.")
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Also write a page that opens in any browser.",
            show_default=False,
        ),
    ] = None,
    seed: options.Seed = 0,
    memory: options.Memory = None,
    store: options.Store = None,
) -> None:
    """Say what is wrong with the data, before any training."""
    from equipoise._core.checks import one_of
    from equipoise._core.files import to_json
    from equipoise._core.outputs import writable_file, write_or_rescue
    from equipoise.diagnosis import diagnose as diagnose_table
    from equipoise.diagnosis.finding import SEVERITIES

    if html is not None:
        writable_file(html, "html", suffixes=[".html", ".htm"], inputs=[source, test])
    if fail_on is not None:
        one_of(fail_on, SEVERITIES, "--fail-on")
    reading = options.Reading(
        target,
        positive,
        group,
        time,
        drop,
        day_first,
        keep,
        unlabelled,
        targets,
        task,
        memory,
        store,
    )
    table, later = reading.read(source, test)
    diagnosis = diagnose_table(
        table,
        test=later,
        rare=rare,
        deep=deep,
        mute=tuple(mute or ()),
        precision=precision,
        duplicates=duplicates,
        seed=seed,
    )
    if as_json:
        text = to_json(diagnosis.to_dict())
    else:
        text = str(_in_options(diagnosis, in_options(context)))
    say_text(text)
    elsewhere = ""
    if html is not None:
        from equipoise._core.files import write_whole
        from equipoise.report import render_diagnosis
        from equipoise.table.table import Table

        held = table if isinstance(table, Table) else None
        page = render_diagnosis(diagnosis, held).encode()
        _, elsewhere = write_or_rescue(lambda path: write_whole(path, page), html)
        if elsewhere:
            say_error(f"{elsewhere}.")
        else:
            say_wrote(html, to_stderr=True)
    if not as_json and rare == "keep":  # compare has no such option
        trying = reading.options()
        say_next(
            command("compare", source, [*trying, ("--test", test), ("--out", "trial")])
        )
    if elsewhere or (fail_on is not None and diagnosis.failed(fail_on)):
        raise typer.Exit(1)


def _in_options(diagnosis: Diagnosis, words: Callable[[str], str]) -> Diagnosis:
    """Return a diagnosis whose advice names options, before its lines are wrapped."""
    findings = tuple(
        replace(
            finding,
            message=words(finding.message),
            advice=words(finding.advice),
        )
        for finding in diagnosis.findings
    )
    skipped = tuple(
        replace(one, reason=words(one.reason)) for one in diagnosis.not_applicable
    )
    return replace(diagnosis, findings=findings, not_applicable=skipped)
