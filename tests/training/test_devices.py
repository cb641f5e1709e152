# SPDX-License-Identifier: Apache-2.0
"""The memory of GPUs grows, unless the user has chosen otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import tensorflow as tf

from equipoise.training import devices, population
from equipoise.training.devices import ENVIRONMENT, let_memory_grow

GPUS = [SimpleNamespace(name=f"/physical_device:GPU:{i}") for i in range(2)]


class Devices:
    """What TensorFlow knows of two GPUs."""

    def __init__(self) -> None:
        self.grows = {gpu.name: False for gpu in GPUS}
        self.virtual: set[str] = set()
        self.in_use = False
        self.calls: list[str] = []

    def listed(self, kind: str) -> list[Any]:
        assert kind == "GPU"
        return GPUS

    def configuration(self, gpu: Any) -> Any:
        return ["half"] if gpu.name in self.virtual else None

    def get(self, gpu: Any) -> bool:
        return self.grows[gpu.name]

    def set(self, gpu: Any, enable: bool) -> None:
        self.calls.append(gpu.name)
        if self.in_use:
            raise RuntimeError("Physical devices cannot be modified after being used")
        self.grows[gpu.name] = enable


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> Iterator[Devices]:
    there = Devices()
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setattr(tf.config, "list_physical_devices", there.listed)
    monkeypatch.setattr(
        tf.config, "get_logical_device_configuration", there.configuration
    )
    monkeypatch.setattr(tf.config.experimental, "get_memory_growth", there.get)
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", there.set)
    let_memory_grow.cache_clear()
    yield there
    let_memory_grow.cache_clear()


def test_the_memory_of_every_gpu_grows_and_is_set_once(gpus: Devices) -> None:
    assert let_memory_grow() == tuple(gpu.name for gpu in GPUS)
    assert gpus.grows == {gpu.name: True for gpu in GPUS}
    let_memory_grow()
    assert len(gpus.calls) == 2


def test_virtual_devices_and_what_grows_already_are_left_alone(gpus: Devices) -> None:
    gpus.virtual.add(GPUS[0].name)
    gpus.grows[GPUS[1].name] = True
    assert let_memory_grow() == ()
    assert not gpus.calls


def test_devices_in_use_are_left_as_they_are(gpus: Devices) -> None:
    gpus.in_use = True
    assert let_memory_grow() == ()
    assert gpus.grows == {gpu.name: False for gpu in GPUS}


def test_the_environment_decides_if_it_is_set(
    gpus: Devices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT, "false")
    assert let_memory_grow() == ()
    assert not gpus.calls


def test_a_population_sets_it_before_its_first_tensor(
    population_of: Any, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    constant = tf.constant

    def watched(*args: Any, **options: Any) -> Any:
        order.append("tensor")
        return constant(*args, **options)

    monkeypatch.setattr(population, "let_memory_grow", lambda: order.append("grow"))
    monkeypatch.setattr(tf, "constant", watched)
    population_of(table, ["plain"])
    assert order[:2] == ["grow", "tensor"]
    assert order.count("grow") == 1


def test_without_a_gpu_nothing_is_set(
    gpus: Devices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    assert devices.let_memory_grow() == ()
    assert not gpus.calls
