# SPDX-License-Identifier: Apache-2.0
"""Public names that are imported when first used.

Each package lists its public names once, in its `__init__.pyi` (which type
checkers read as it stands). `attach` reads that list at run time, so importing
a package loads nothing heavy.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any


def attach(
    package: str, file: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return `__getattr__`, `__dir__` and `__all__` for a package.

    Modules and packages in it are imported when they are first used too, as
    `equipoise.losses` is after `import equipoise`.

    Args:
        package: The package's `__name__`.
        file: The package's `__file__`; the stub `__init__.pyi` lies beside it.

    Returns:
        The three module attributes, in that order.

    Example:
        >>> import equipoise
        >>> "Table" in dir(equipoise)
        True
    """
    origin = _read_stub(Path(file).with_name("__init__.pyi"))
    names = list(origin)

    def __getattr__(name: str) -> Any:  # noqa: N807 (the name Python looks for)
        source = origin.get(name)
        if source is None and (name in origin or _is_inside(name, package)):
            return importlib.import_module(f"{package}.{name}")
        if source is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{source}"), name)

    def __dir__() -> list[str]:  # noqa: N807 (the name Python looks for)
        return sorted(names)

    return __getattr__, __dir__, names


def _is_inside(name: str, package: str) -> bool:
    """Return whether a public module or package of that name lies in a package."""
    if not name.isidentifier() or name.startswith("_"):
        return False
    spec = importlib.util.find_spec(f"{package}.{name}")
    return spec is not None and spec.has_location  # a mere folder has none


def loaded(item: Any) -> Any:
    """Return what "package.module:name" names; anything else as it is.

    Example:
        >>> loaded("math:inf")
        inf
    """
    if not isinstance(item, str):
        return item
    module, _, name = item.partition(":")
    return getattr(importlib.import_module(module), name)


def _read_stub(stub: Path) -> dict[str, str | None]:
    """Map each public name to its module (None: the name is a sub-package)."""
    origin: dict[str, str | None] = {}
    for node in ast.parse(stub.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            for alias in node.names:
                origin[alias.asname or alias.name] = node.module
    return origin
