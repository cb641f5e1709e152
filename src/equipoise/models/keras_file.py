# SPDX-License-Identifier: Apache-2.0
"""A `.keras` file from a bundle: checked before Keras sees it.

Keras' safe mode runs no code, but believes every size that a file declares: a file of
a few kilobytes can ask for gigabytes. So, before Keras loads anything, the archive
must hold three known entries and no more than it is long; the configuration must name
layers of Keras only; the weights must be plain arrays inside the file; and the layers,
built without memory, must have exactly as many weights as the file holds.
"""

from __future__ import annotations

import io
import json
import math
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from equipoise._core.checks import sentence
from equipoise.errors import BundleError

ENTRIES = ("metadata.json", "config.json", "model.weights.h5")
MOST_CONFIG = 4 * 2**20
MOST_DEPTH = 60
MOST_OBJECTS = 50_000
MOST_PER_ROW = 2**26
"""Numbers that one layer may give for one row: 256 MB in float32."""

_MODULES = re.compile(
    r"keras(\.(layers|initializers|regularizers|constraints|models|dtype_policies))?"
    r"|keras\.src\.(ops|layers|models|initializers)(\.\w+)*"
)
# Marks of a graph of layers: tensors and plain values.
_MARKS = {"__keras_tensor__", "__tuple__", "__slice__", "__ellipsis__"}
# Objects of Keras that run code, or read files, when they are made or called.
_REFUSED = {
    "Lambda",
    "TFSMLayer",
    "TorchModuleWrapper",
    "JaxLayer",
    "FlaxLayer",
    "StringLookup",
    "IntegerLookup",
    "TextVectorization",
    "FeatureSpace",
    "__lambda__",
    "__tensor__",
    "__numpy__",
}


def check_keras_file(
    data: bytes, part: str, shape: tuple[int, ...] | None = None
) -> None:
    """Raise if a `.keras` file is not what Equipoise stores.

    Args:
        data: The file.
        part: Its name in the bundle, for the message.
        shape: Of one row of its input, if it is known.

    Raises:
        BundleError: It is damaged, holds more than a model, or asks for more memory
            than it is long; the entry is named.
    """
    entries = _entries(data, part)
    config = _config(entries["config.json"], f"{part}/config.json")
    weights = _count_stored(entries["model.weights.h5"], f"{part}/model.weights.h5")
    _require_built(config, weights, shape, f"{part}/config.json")


def _entries(data: bytes, part: str) -> dict[str, bytes]:
    """Return the archive's entries, none larger than the whole file."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            listed = archive.infolist()
            names = [entry.filename for entry in listed]
            if sorted(names) != sorted(ENTRIES):
                odd = next((n for n in names if n not in ENTRIES), "")
                what = f"the entry {odd[:60]!r}" if odd else f"the entries {names[:9]}"
                raise _refused(part, f"{what} in place of {list(ENTRIES)}")
            return {entry.filename: _entry(archive, entry, part) for entry in listed}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise _refused(part, f"an invalid archive ({error})") from error


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, part: str) -> bytes:
    where = f"{part}/{entry.filename}"
    if stat.S_ISLNK(entry.external_attr >> 16) or entry.flag_bits & 1:
        raise _refused(where, "a link, or an encrypted entry")
    # Keras stores without compression: no entry is longer than its bytes.
    if entry.compress_type != zipfile.ZIP_STORED or (
        entry.file_size != entry.compress_size
    ):
        raise _refused(where, f"{entry.file_size:,} bytes in compressed form")
    return archive.read(entry)


def _config(text: bytes, where: str) -> Any:
    if len(text) > MOST_CONFIG:
        raise _refused(where, f"{len(text):,} bytes of configuration")
    if _depth(text) > MOST_DEPTH:
        raise _refused(where, "brackets that are nested too deeply")
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refused(where, "invalid JSON") from error
    for count, entry in enumerate(_objects(config)):
        if count > MOST_OBJECTS:
            raise _refused(where, "too many objects")
        _require_allowed(entry, where)
    return config


def _depth(text: bytes) -> int:
    """Return how deeply brackets nest; those inside strings count too."""
    deepest = depth = 0
    for byte in text:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    waiting = [value]
    while waiting:
        now = waiting.pop()
        if isinstance(now, dict):
            yield now
            waiting.extend(now.values())
        elif isinstance(now, list):
            waiting.extend(now)


def _require_allowed(entry: dict[str, Any], where: str) -> None:
    """Check that an object is one of Keras, or registered by the user."""
    name, module = entry.get("class_name"), entry.get("module")
    registered = entry.get("registered_name")
    if name is None and module is None:
        return
    if not isinstance(name, str) or name in _REFUSED or registered in _REFUSED:
        raise _refused(where, f"the object {str(name)[:60]!r}")
    if name == "function":
        if not _is_function(entry.get("config")):
            raise _refused(where, f"the function {str(entry.get('config'))[:60]!r}")
        return
    if name in _MARKS or (isinstance(module, str) and _MODULES.fullmatch(module)):
        return
    if not _is_registered(registered or name):
        raise _refused(
            where,
            f"the object {f'{module}.{name}'[:80]!r}, which is not part of Keras",
            "Load it inside `keras.saving.custom_object_scope` if it is your own.",
        )


def _is_registered(name: Any) -> bool:
    import keras

    return (
        isinstance(name, str) and keras.saving.get_registered_object(name) is not None
    )


def _is_function(name: Any) -> bool:
    """Return whether a function is an activation of Keras, or the user's own."""
    import keras

    if isinstance(name, str) and name in dir(keras.activations):
        return True
    return _is_registered(name)


def _count_stored(data: bytes, where: str) -> int:
    """Return how many numbers the weights are, all of them inside the file."""
    import h5py

    total = 0

    def visit(name: str, entry: Any) -> None:
        nonlocal total
        if isinstance(entry, h5py.Dataset):
            _require_plain(entry, len(data), f"{where}: {name}")
            total += entry.size

    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            _require_no_links(h5py, file, where)
            file.visititems(visit)
    except (OSError, RuntimeError, KeyError) as error:
        raise _refused(where, f"an invalid HDF5 file ({str(error)[:80]})") from error
    return total


def _require_no_links(h5py: Any, file: Any, where: str) -> None:
    waiting = [file]
    while waiting:
        group = waiting.pop()
        for name in group:
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise _refused(where, f"the link {name[:60]!r}")
            if isinstance(group[name], h5py.Group):
                waiting.append(group[name])


def _require_plain(dataset: Any, length: int, where: str) -> None:
    if dataset.external or dataset.is_virtual:
        raise _refused(where, "numbers outside the file")
    if dataset.compression or dataset.chunks:
        raise _refused(where, "compressed numbers")
    if dataset.dtype.kind not in "fiub":
        raise _refused(where, f"values of type {dataset.dtype}")
    needed = math.prod(dataset.shape) * dataset.dtype.itemsize
    if needed > length:
        raise _refused(where, f"an array of {needed:,} bytes in a file of {length:,}")


def _require_built(
    config: Any, stored: int, shape: tuple[int, ...] | None, where: str
) -> None:
    """Build the layers without memory and raise if they do not fit."""
    import keras

    def build() -> Any:
        with _without_memory():
            return keras.saving.deserialize_keras_object(config, safe_mode=True)

    model = _guarded(build, where)
    if not isinstance(model, keras.Model):
        raise _refused(where, f"a {type(model).__name__}")
    needed = sum(math.prod(weight.shape) for weight in model.weights)
    if needed != stored:
        raise _refused(
            where, f"layers of {needed:,} weights but {stored:,} stored numbers"
        )
    inputs = getattr(model, "inputs", None)
    if shape is not None and inputs:
        shapes = [tuple(one.shape[1:]) for one in inputs]
        fits = len(shapes) == 1 and _fits(shapes[0], shape)
        if not fits:
            raise _refused(
                where, f"a model with the inputs {shapes} in place of {shape}"
            )
    for layer in getattr(model, "layers", []):
        _require_modest(layer, where)


@contextmanager
def _without_memory() -> Iterator[None]:
    """Let layers be built whose weights never get values.

    Keras lists the weights that have none yet, and makes the values of all of them
    when any other model is built later: of layers that were refused for their size,
    too. So the list is put back as it was.
    """
    import keras
    from keras.src.backend.common import global_state

    name = "uninitialized_variables"
    before = list(global_state.get_global_attribute(name) or ())
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        global_state.set_global_attribute(name, before)


def _guarded(build: Callable[[], Any], where: str) -> Any:
    try:
        return build()
    except BundleError:
        raise
    except Exception as error:
        # No narrower set can be named. Keras hands the numbers of the file to the
        # constructors of its layers, and of classes that the user has registered,
        # and documents no errors: 1,500 altered configurations of eight layers
        # raised seven kinds, from TypeError to RecursionError. Whatever it is, the
        # file is refused, and the kind is named.
        text = str(error).splitlines()[0][:120] if str(error) else ""
        why = f"layers that Keras refuses ({type(error).__name__}: {text})"
        raise _refused(where, why) from error


def _fits(declared: tuple[int | None, ...], shape: tuple[int, ...]) -> bool:
    pairs = zip(declared, shape, strict=False)
    return len(declared) == len(shape) and all(a in (None, b) for a, b in pairs)


def _require_modest(layer: Any, where: str) -> None:
    try:
        shape = layer.output.shape
    except (AttributeError, ValueError):  # called more than once, or never
        return
    size = math.prod(n for n in shape[1:] if n is not None)
    if size > MOST_PER_ROW:
        raise _refused(where, f"{layer.name!r}, which gives {size:,} numbers per row")


def _refused(where: str, what: str, remedy: str = "") -> BundleError:
    return BundleError(
        sentence(
            f"a bundle whose part {where!r} holds {what}",
            "a Keras model of plain layers, as `save` has written it",
            remedy,
        )
    )
