# SPDX-License-Identifier: Apache-2.0
"""What is installed, and whether TensorFlow sees a GPU or why not."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from equipoise._core.layout import display_width, wrap

# What NVIDIA's driver shows on Linux, and in the Windows Subsystem for Linux.
_DRIVERS = ("/proc/driver/nvidia/version", "/dev/dxg")


@dataclass(frozen=True)
class Health:
    """What `examine` finds out about an installation.

    Attributes:
        versions: Of Python and of each required package; "absent" if it is missing.
        backend: The backend of Keras; only "tensorflow" is supported.
        processors: How many processors this process may use.
        gpus: The names of the GPUs that TensorFlow sees.
        gpu: What there is to know about them, in words.
        extras: Optional packages by extra, with their version or "absent".
    """

    versions: Mapping[str, str]
    backend: str
    processors: int
    gpus: tuple[str, ...]
    gpu: str
    extras: Mapping[str, Mapping[str, str]]

    @property
    def sound(self) -> bool:
        """Whether everything that is needed is there."""
        return "absent" not in self.versions.values() and self.backend == "tensorflow"

    @property
    def verdict(self) -> str:
        """Whether Equipoise can run here, in one sentence, and else why not."""
        absent = [name for name, v in self.versions.items() if v == "absent"]
        if absent:
            return f"Not ready: {', '.join(absent)} absent. Install Equipoise again."
        if not self.sound:
            return (
                f"Not ready: Keras runs on {self.backend!r}, which is not supported. "
                "Set KERAS_BACKEND=tensorflow."
            )
        return "Ready: everything that is needed is installed."

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**asdict(self), "sound": self.sound}

    def __str__(self) -> str:
        lines = [self.verdict, "", *_version_lines(self.versions), ""]
        lines += [f"Processors: {self.processors}.", f"GPU: {self.gpu}"]
        lines += _extra_lines(self.extras)
        return "\n".join(wrap(line, display_width()) for line in lines)


@dataclass(frozen=True)
class Packages:
    """What is known of an installation at once, without loading TensorFlow.

    Attributes:
        versions: As in `Health`.
        processors: As in `Health`.
        extras: As in `Health`.
    """

    versions: Mapping[str, str]
    processors: int
    extras: Mapping[str, Mapping[str, str]]

    def __str__(self) -> str:
        lines = [*_version_lines(self.versions), ""]
        lines += [f"Processors: {self.processors}.", *_extra_lines(self.extras)]
        return "\n".join(wrap(line, display_width()) for line in lines)


def _version_lines(versions: Mapping[str, str]) -> list[str]:
    width = max(map(len, versions))
    return [f"{name:<{width}}  {v}" for name, v in versions.items()]


def _extra_lines(extras: Mapping[str, Mapping[str, str]]) -> list[str]:
    lines = []
    for extra, packages in extras.items():
        listed = ", ".join(f"{name} {v}" for name, v in packages.items())
        lines.append(f"Extra [{extra}]: {listed}.")
    return lines


def installed_packages() -> Packages:
    """Look at the packages alone; it takes no time."""
    needed, extras = _requirements()
    versions = {
        "equipoise": _version("equipoise"),
        "python": f"{platform.python_version()} ({platform.platform(terse=True)})",
        **{name: _version(name) for name in needed},
    }
    return Packages(versions, _processors(), extras)


def examine() -> Health:
    """Look at the installation; TensorFlow is loaded for it."""
    packages = installed_packages()
    versions = packages.versions
    backend, gpus, gpu = "absent", tuple[str, ...](), "TensorFlow is absent."
    if "absent" not in (versions.get("tensorflow"), versions.get("keras")):
        backend, gpus, gpu = _tensorflow()
    return Health(versions, backend, packages.processors, gpus, gpu, packages.extras)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _requirements() -> tuple[list[str], dict[str, dict[str, str]]]:
    """Return the packages that are needed, and the optional ones by extra."""
    needed: list[str] = []
    extras: dict[str, dict[str, str]] = {}
    for requirement in requires("equipoise") or ():
        name = re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0]
        extra = re.search(r"extra == ['\"]([^'\"]+)", requirement)
        if extra is None:
            needed.append(name)
        else:
            extras.setdefault(extra[1], {})[name] = _version(name)
    return needed, extras


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _tensorflow() -> tuple[str, tuple[str, ...], str]:
    """Return Keras' backend, the GPUs that TensorFlow sees, and words on them."""
    import keras
    import tensorflow as tf

    devices = tf.config.list_physical_devices("GPU")
    names = tuple(
        tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
        for gpu in devices
    )
    backend = str(keras.backend.backend())
    if names:
        return backend, names, f"TensorFlow sees {', '.join(names)}."
    cuda = dict(tf.sysconfig.get_build_info()).get("cuda_version", "")
    return backend, (), f"TensorFlow sees none: {_why_none(cuda)}"


def _why_none(cuda: str) -> str:
    """Return the most likely reason why TensorFlow sees no GPU."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None and hidden.strip() in ("", "-1"):
        return f"CUDA_VISIBLE_DEVICES={hidden!r} hides every GPU. Unset it."
    if sys.platform == "darwin":
        return "its packages for macOS support no GPU."
    if sys.platform == "win32":
        return (
            "its packages for Windows support no GPU since 2.11. Use the Windows "
            "Subsystem for Linux."
        )
    if not cuda:
        return "this build supports no GPU. Install tensorflow, not tensorflow-cpu."
    if not any(Path(path).exists() for path in _DRIVERS):
        return (
            "no NVIDIA driver was found on this machine. That is fine: tables train "
            "on the processor."
        )
    return (
        f"there is an NVIDIA driver, but the libraries of CUDA {cuda} were not found "
        "or do not match it. Run: pip install 'tensorflow[and-cuda]'"
    )
