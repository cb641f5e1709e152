# SPDX-License-Identifier: Apache-2.0
"""The house: who may import whom, what importing costs, one list of names."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Container, Iterable, Iterator
from pathlib import Path

import pytest

import equipoise

PACKAGE = Path(equipoise.__file__).parent

# From the top: a module imports only from rows above its own.
ORDER = [
    "errors",
    "_core",
    "links",
    "priors",
    "task",
    "table",
    "stores",
    "reading",
    "encoding",
    "metrics",
    "uncertainty",
    "diagnosis",
    "weights",
    "sampling",
    "synthesis",
    "losses",
    "strategies",
    "jobs",
    "networks",
    "training",
    "heads",
    "learners",
    "ensembles",
    "decision",
    "evaluation",
    "comparison",
    "explanations",
    "trials",
    "models",
    "workers",
    "export",
    "report",
    "verbs",
    "cli",
    "testing",
    "extending",
]
# These may import TensorFlow; where a folder is free of it but for one face, the
# face is named.
HEAVY = {
    "losses",
    "networks",
    "training",
    "heads",
    "learners",
    "models",
    "export",
    "verbs",
    "testing",
}
HEAVY_FILES = {
    "metrics/keras.py",
    "metrics/keras_inputs.py",
    "metrics/keras_streaming.py",
    "metrics/keras_tasks.py",
    "sampling/feeds/graph_noise.py",
    "sampling/feeds/made.py",
    "sampling/feeds/tf_data.py",
    "sampling/feeds/keras.py",
    "sampling/feeds/resume.py",
    "sampling/feeds/row_losses.py",
    "sampling/feeds/tf_stream.py",
    "report/tracking/tensorboard.py",
    "synthesis/augmented.py",
    "synthesis/hidden.py",
    "synthesis/wrapped.py",
}

# Private names of other libraries that are used all the same: shrink only.
# TensorFlow keeps the custom gradients of a trace for good and has no public way to
# release them: `networks.tracing` takes them out of the register, and does without if
# the register is no longer there. Keras lists weights without values, and has no public
# way to take back those of a model that `models.keras_file` refuses.
PRIVATE_ALLOWED = {
    "tensorflow.python.framework",
    "tensorflow.python.framework.ops",
    "keras.src.backend.common",
    "keras.src.backend.common.global_state",
}

MODULES = sorted(PACKAGE.rglob("*.py"))


def row(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_a_module_imports_only_from_rows_above(path: Path) -> None:
    here = row(path)
    if here == "__init__":
        return
    assert here in ORDER, f"{here} has no place in the order of the house"
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "equipoise" or len(parts) < 2 or parts[1] not in ORDER:
            continue
        assert ORDER.index(parts[1]) <= ORDER.index(here), (
            f"{path.relative_to(PACKAGE)} imports {name}, which lies below it: move "
            "what both need upwards, or pass it in as an argument"
        )


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_files() -> dict[str, set[str]]:
    """Return file -> the files it imports, in functions and for types as well."""
    names = {module_of(path) for path in MODULES}
    return {
        module_of(path): {name for name in imports(path) if name in names}
        for path in MODULES
    }


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Return the nodes of some circle, in its order; empty without one."""
    done: set[str] = set()
    trail: list[str] = []

    def walk(node: str) -> list[str]:
        if node in trail:
            return [*trail[trail.index(node) :], node]
        if node in done:
            return []
        trail.append(node)
        for other in sorted(graph[node] - {node}):
            if closed := walk(other):
                return closed
        done.add(trail.pop())
        return []

    return next((closed for node in sorted(graph) if (closed := walk(node))), [])


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert not circle({"a": {"b", "c"}, "b": {"c"}, "c": set()})


def test_no_file_imports_itself_by_a_detour() -> None:
    """Not even for its annotations: each file is understood after those it names."""
    graph = imported_files()
    assert sum(map(len, graph.values())) > 500
    assert circle(graph) == []


@pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_light_rows_never_import_tensorflow(path: Path) -> None:
    name = path.relative_to(PACKAGE).as_posix()
    if row(path) in HEAVY or name in HEAVY_FILES:
        return
    heavy = {"tensorflow", "keras"} & {n.split(".")[0] for n in imports(path)}
    assert not heavy, f"{name} imports {heavy}: it belongs to a row that may not"


@pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_no_private_names_of_other_libraries(path: Path) -> None:
    for name in imports(path):
        parts = name.split(".")
        if parts[0] in {"equipoise", "__future__"}:
            continue
        private = any(p.startswith("_") for p in parts) or name.startswith(
            ("tensorflow.python", "keras.src")
        )
        assert not private or name in PRIVATE_ALLOWED, (
            f"{path.relative_to(PACKAGE)} imports {name}, which may change without "
            "notice: use the public name"
        )


PACKAGES = sorted(
    p.parent.relative_to(PACKAGE.parent).as_posix().replace("/", ".")
    for p in PACKAGE.rglob("__init__.pyi")
)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_exists_and_is_listed_once(package: str) -> None:
    module = importlib.import_module(package)
    names = list(module.__all__)
    assert len(names) == len(set(names))
    for name in names:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        _ = module.absent


# Public names that share a file's name all the same: shrink only.
HIDDEN_ALLOWED = {"blend", "compare", "evaluate", "fit", "resampled"}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_public_name_is_hidden_by_a_file_of_that_name(package: str) -> None:
    # Once `package/name.py` is imported, `package.name` is the module.
    folder = PACKAGE.parent / package.replace(".", "/")
    stub = ast.parse((folder / "__init__.pyi").read_text(encoding="utf-8"))
    public = [
        alias.name
        for node in stub.body
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for alias in node.names
    ]
    hidden = [
        name
        for name in public
        if (folder / f"{name}.py").exists() or (folder / name).is_dir()
    ]
    assert not set(hidden) - HIDDEN_ALLOWED, (
        f"rename {hidden} in {package}: file and public name clash"
    )


LIGHT = [p for p in PACKAGES if p.split(".")[1:2] not in [[h] for h in HEAVY]]


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_importing_any_package_loads_nothing_heavy() -> None:
    """Even a heavy package loads TensorFlow only when a name of it is used."""
    code = "\n".join(
        ["import sys"]
        + [f"import {package}" for package in PACKAGES]
        + [
            "print(sorted({'tensorflow', 'keras', 'sklearn', 'imblearn', 'matplotlib',"
            " 'pandas', 'scipy.stats'} & set(sys.modules)))"
        ]
    )
    assert run(code).strip() == "[]"


def test_light_names_never_load_tensorflow() -> None:
    """Using every public name of the light half leaves TensorFlow unloaded."""
    code = "\n".join(
        ["import sys, importlib"]
        + [
            f"m = importlib.import_module({p!r})\n[getattr(m, n) for n in m.__all__ "
            f"if not (n == 'keras' or n.startswith(('Keras', 'Hidden', 'Augmented')))]"
            for p in LIGHT
            if p != "equipoise"
        ]
        + ["print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"]
    )
    assert run(code).strip() == "[]"


def test_importing_changes_no_global_state() -> None:
    code = (
        "import threading, random, numpy, warnings, os\n"
        "before = (threading.active_count(), random.getstate(),"
        " str(numpy.random.get_state()), list(warnings.filters), dict(os.environ))\n"
        "import equipoise; equipoise.Table\n"
        "after = (threading.active_count(), random.getstate(),"
        " str(numpy.random.get_state()), list(warnings.filters), dict(os.environ))\n"
        "print(before == after)"
    )
    assert run(code).strip() == "True"


FORBIDDEN = re.compile(r"https?://[^\s\"'<>)]*(?:simple/|/packages/)", re.I)


def test_every_source_file_names_its_licence() -> None:
    for path in MODULES:
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first == "# SPDX-License-Identifier: Apache-2.0", path


TESTS = Path(__file__).parents[1]
OWN_PURPOSE = {
    "browser": "the report as a browser shows it",
    "docs": "the documents",
    "house": "what holds for the whole package",
}
"""Folders of tests that mirror no room, and what they are about."""

WITHOUT_A_TEST_FILE = {
    "_core/types.py": "names of types only; mypy checks them",
}
"""Source files that need no test file of their own, and why."""

WITHOUT_A_SOURCE_FILE = {
    "cli/test_memory.py": "--memory in all verbs",
    "export/test_boosting_libraries.py": "models of other libraries without these",
    "learners/anomaly/test_arms.py": "detectors in trials and in exported models",
    "learners/rounds/test_whole_way.py": "ensembles in trials, fits and saved models",
    "learners/test_several.py": "several classes and labels, for all learners at once",
    "test_models.py": "attacks on bundles: container, storage and state together",
    "test_testing.py": "the contract checks of all pieces, from outside the package",
    "training/test_several.py": "several classes and labels, for all of training",
    "verbs/test_bad_targets.py": "targets that are wrong, in every verb",
    "verbs/test_by_group.py": "rows drawn by groups, from the source to the model",
    "verbs/test_stored_labels.py": "several labels on disk, from files to models",
}
"""Test files that mirror no source file, and what they are about."""


def without_a_test(sources: Iterable[str], tests: Container[str]) -> list[str]:
    """Return the source files whose test file is absent; all are relative."""
    return [
        source
        for source in sources
        if not source.endswith("__init__.py")
        and str(Path(source).with_name(f"test_{Path(source).name}")) not in tests
    ]


def without_a_source(tests: Iterable[str], sources: Container[str]) -> list[str]:
    """Return the test files whose source file is absent; all are relative."""
    return [
        test
        for test in tests
        if str(Path(test).with_name(Path(test).name.removeprefix("test_")))
        not in sources
    ]


def mirrored_files() -> tuple[list[str], list[str]]:
    """Return the source files and the test files, relative to their folders."""
    sources = [path.relative_to(PACKAGE).as_posix() for path in MODULES]
    tests = [
        path.relative_to(TESTS).as_posix()
        for path in sorted(TESTS.rglob("test_*.py"))
        if path.relative_to(TESTS).parts[0] not in OWN_PURPOSE
    ]
    return sources, tests


def test_a_missing_mirror_is_found() -> None:
    sources = ["a.py", "room/__init__.py", "room/b.py", "room/c.py"]
    tests = ["test_a.py", "room/test_b.py", "room/test_d.py", "test_c.py"]
    assert without_a_test(sources, tests) == ["room/c.py"]
    assert without_a_source(tests, sources) == ["room/test_d.py", "test_c.py"]


def test_the_test_tree_mirrors_the_source() -> None:
    """Both ways; the lists name the exceptions, and nothing that is none."""
    sources, tests = mirrored_files()
    assert len(sources) > 250
    assert without_a_test(sources, tests) == [*WITHOUT_A_TEST_FILE], (
        "write tests/ROOM/test_NAME.py for src/equipoise/ROOM/NAME.py, or say in "
        "WITHOUT_A_TEST_FILE why it needs none"
    )
    assert without_a_source(tests, sources) == [*WITHOUT_A_SOURCE_FILE], (
        "name a test file after its source file, or say in WITHOUT_A_SOURCE_FILE "
        "what it is about"
    )
    assert all((TESTS / folder).is_dir() for folder in OWN_PURPOSE)


ONE_NAME_TWICE = {
    "compare": "a command and its verb",
    "diagnose": "a command and its verb",
    "evaluate": "a command, its verb, and its form for arrays",
    "export": "a command and its verb",
    "fit": "a command and its verb",
    "work": "a command and what it does",
}
"""Public top-level names that may stand in several files, and why."""


def test_public_names_are_unique() -> None:
    """One name is one thing, wherever it is read."""
    places: dict[str, set[str]] = {}
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            targets: list[ast.expr] = []
            if isinstance(node, ast.Assign):
                targets = node.targets
            elif isinstance(node, ast.AnnAssign):
                targets = [node.target]
            names = [t.id for t in targets if isinstance(t, ast.Name)]
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names = [node.name]
            for name in names:
                if not name.startswith("_") and not name.isupper():
                    file = path.relative_to(PACKAGE).as_posix()
                    places.setdefault(name, set()).add(file)
    twice = {name: sorted(files) for name, files in places.items() if len(files) > 1}
    assert {n: f for n, f in twice.items() if n not in ONE_NAME_TWICE} == {}
    assert not ONE_NAME_TWICE.keys() - twice.keys()  # allowed, and not needed


def test_every_benchmark_has_a_quick_form() -> None:
    """`make bench` runs each of them so."""
    folder = Path(__file__).parents[2] / "benchmarks"
    scripts = sorted(folder.glob("*.py"))
    assert len(scripts) > 10
    assert [p.name for p in scripts if "--quick" not in p.read_text("utf-8")] == []
