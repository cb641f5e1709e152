# SPDX-License-Identifier: Apache-2.0
"""What is installed, and why no GPU is seen."""

from __future__ import annotations

import dataclasses

import pytest

from equipoise.verbs import doctor
from equipoise.verbs.doctor import Health


def why(
    monkeypatch: pytest.MonkeyPatch, platform: str, drivers: tuple[str, ...]
) -> str:
    monkeypatch.setattr(doctor.sys, "platform", platform)
    monkeypatch.setattr(doctor, "_DRIVERS", drivers)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return doctor._why_none("12.5")


def test_each_reason_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "macOS" in why(monkeypatch, "darwin", ())
    assert "Subsystem" in why(monkeypatch, "win32", ())
    assert "no NVIDIA driver" in why(monkeypatch, "linux", ("/absent/driver",))
    assert "and-cuda" in why(monkeypatch, "linux", (__file__,))
    assert "tensorflow-cpu" in doctor._why_none("")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert "Unset it" in doctor._why_none("12.5")


def test_an_absent_package_or_another_backend_is_unsound() -> None:
    good = Health({"keras": "3"}, "tensorflow", 2, (), "TensorFlow sees none.", {})
    assert good.sound
    assert str(good).startswith("Ready: ")
    lacking = dataclasses.replace(good, versions={"keras": "absent", "rich": "1"})
    assert not lacking.sound
    assert str(lacking).startswith("Not ready: keras absent. Install")
    other = dataclasses.replace(good, backend="torch")
    assert not other.sound
    assert "KERAS_BACKEND=tensorflow" in str(other).split("\n\n")[0].replace("\n", " ")
    assert other.to_dict()["sound"] is False


def test_extras_are_listed_with_their_packages() -> None:
    needed, extras = doctor._requirements()
    assert {"tensorflow", "keras", "numpy"} <= set(needed)
    assert extras["dev"]["pytest"] == pytest.__version__
    health = Health({"keras": "3"}, "tensorflow", 2, (), "", {"x": {"y": "absent"}})
    assert "Extra [x]: y absent." in str(health)
