# SPDX-License-Identifier: Apache-2.0
"""The source that `compare` is given passes few functions before the first fit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

MOST_FUNCTIONS = 60
MOST_FILES = 20
MOST_CALLS = 4
"""Below `compare`, until a byte of the file is read."""

TRACE = """
import json, os, sys
import equipoise as eq
from equipoise.learners.prior import PriorLearner
from equipoise.table.table import Table
from equipoise.trials.sources import TrialRows

path, passed, calls = sys.argv[1], {}, []


class FirstFit(BaseException):
    pass


def is_source(value):
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value) == path
    return isinstance(value, (Table, TrialRows))


def profile(frame, event, argument):
    code = frame.f_code
    if event != "call" or "equipoise" not in code.co_filename:
        return
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if any(is_source(frame.f_locals.get(name)) for name in names):
        passed[code.co_qualname] = code.co_filename


def opened(event, arguments):
    if event != "open" or calls or not is_source(arguments[0]):
        return
    frame = sys._getframe(1)
    while frame.f_code.co_qualname != "compare":
        if "equipoise" in frame.f_code.co_filename:
            calls.append(frame.f_code.co_qualname)
        frame = frame.f_back


def first_fit(*_, **__):
    raise FirstFit


PriorLearner.run = first_fit
sys.addaudithook(opened)
sys.setprofile(profile)
try:
    eq.compare(path, target="y", strategies=["prior"], repeats=1, progress=False)
except FirstFit:
    sys.setprofile(None)
    print(json.dumps([passed, calls]))
"""


def test_a_source_takes_few_steps_to_the_first_fit(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    y = random.random(300) < 0.15
    lines = [
        f"{value:.4f},{label:d}"
        for value, label in zip(random.normal(y), y, strict=True)
    ]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["x,y", *lines]), "utf-8")
    traced = subprocess.run(
        [sys.executable, "-c", TRACE, str(path)],
        check=True,
        capture_output=True,
        text=True,
    )
    passed, calls = json.loads(traced.stdout.splitlines()[-1])
    assert 20 < len(passed) <= MOST_FUNCTIONS, sorted(passed)
    assert len(set(passed.values())) <= MOST_FILES, sorted(set(passed.values()))
    assert 0 < len(calls) <= MOST_CALLS, calls
