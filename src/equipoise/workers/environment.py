# SPDX-License-Identifier: Apache-2.0
"""What must be the same on all machines of a trial, or its numbers would differ."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from equipoise._core.checks import sentence
from equipoise.errors import UnsupportedError

PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "imbalanced-learn",
    "pyarrow",
    "tensorflow",
    "keras",
    "lightgbm",
    "xgboost-cpu",
    "catboost",
    "optuna",
)
"""What fits are computed with; one that is absent on both sides is the same."""

ABSENT = "absent"
_CODE = "code"


@cache
def environment() -> Mapping[str, str]:
    """Return the versions of all that computes here, by name.

    Example:
        >>> environment()["python"].count(".")
        2
    """
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "equipoise": _version("equipoise"),
        _CODE: _digest(),
        **{name: _version(name) for name in PACKAGES},
    }


def differences(asked: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    """Return in what two environments differ, in words.

    Args:
        asked: Of the process that runs the trial.
        here: Of the worker.

    Example:
        >>> differences({"numpy": "2.1.0"}, {"numpy": "2.0.0"})
        ['numpy 2.0.0 in place of 2.1.0']
    """
    names = dict.fromkeys([*asked, *here])
    pairs = {name: (asked.get(name, ABSENT), here.get(name, ABSENT)) for name in names}
    different = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    if _CODE in different and len(different) > 1:
        del different[_CODE]  # another version has other code
    return [
        "other code of equipoise"
        if name == _CODE
        else f"{name} {mine} in place of {theirs}"
        for name, (theirs, mine) in different.items()
    ]


def require_same_versions(asked: Mapping[str, str], who: str) -> None:
    """Check that this process computes with the versions of the trial.

    Args:
        asked: Of the process that runs the trial.
        who: What messages call this process.

    Raises:
        UnsupportedError: It does not; the packages are named.
    """
    different = differences(asked, environment())
    if different:
        raise UnsupportedError(
            sentence(
                f"{who} with {', '.join(different)}",
                "the versions of the process that runs the trial, since others may "
                "give other numbers",
                "Install the same versions in the worker's environment.",
            )
        )


def processor() -> str:
    """Return the name of the processor, or of its kind if it has none."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def thread_variables(threads: int) -> dict[str, str]:
    """Return the environment variables that hold libraries to so many threads.

    They count if they are set before the libraries are loaded.

    Args:
        threads: At least 1.
    """
    names = (
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
        *("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"),
        *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
    )
    return dict.fromkeys(names, str(threads))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ABSENT


def _digest() -> str:
    """Return a digest of the package's code: one version may have several states."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in _sources(root):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _sources(root: Path) -> Iterator[Path]:
    yield from sorted(root.rglob("*.py"))
