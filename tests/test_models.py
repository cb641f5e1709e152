# SPDX-License-Identifier: Apache-2.0
"""Malicious and damaged bundles: each is refused, by the name of the part.

The table of `docs/decisions/0002-a-container-of-our-own.md` lists them; a test
compares both.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import pickle
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.errors import BundleError
from equipoise.learners.user_model.input import UserInput
from equipoise.learners.user_model.model import UserModelScorer
from equipoise.models import pack, read_bundle, unpack, write_bundle
from equipoise.models.model import Component
from equipoise.priors import Correction
from equipoise.table.generators import gaussian_shift
from equipoise.verbs.fit import fit
from equipoise.verbs.model import FittedModel, load

# Keras itself meets NumPy's new keyword when it reads variables.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)

DOCUMENT = Path(__file__).parents[1] / "docs/decisions/0002-a-container-of-our-own.md"
SECONDS, MEGABYTES = 1.0, 200
Sound = dict[str, Path]
Attack = Callable[[Sound], bytes]
ATTACKS: dict[str, tuple[str, Attack]] = {}


def attack(name: str, part: str) -> Callable[[Attack], Attack]:
    """List an attack: what it is, and what the refusal must name."""

    def listed(make: Attack) -> Attack:
        assert name not in ATTACKS
        ATTACKS[name] = part, make
        return make

    return listed


# ---- the container


def forged(manifest: Any, body: bytes = b"") -> bytes:
    """Return a bundle whose manifest says anything, with a right checksum."""
    text = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    head = struct.pack("<8sQ", b"EQUIPOIS", len(text)) + text
    return head + hashlib.sha256(head).digest() + body


def entry(name: str, data: bytes = b"", **changes: Any) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    return {"name": name, "size": len(data), "sha256": digest, **changes}


def listing(*entries: Any, version: int = 1) -> dict[str, Any]:
    return {"format": version, "parts": list(entries)}


def fitted(strategy: str, seed: int) -> FittedModel:
    known = gaussian_shift(rows=240, positives=60, seed=seed)
    return fit(known.table, strategy=strategy, folds=2, repeats=1, seed=seed)


def build() -> Any:
    import keras

    return keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(4, activation="relu"),
            keras.layers.Dense(1),
        ]
    )


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of a linear model, another one, trees, and a network of the user's own."""
    folder = tmp_path_factory.mktemp("sound")
    linear = fitted("logistic", 0)
    own = UserInput((6,), "float32")
    scorer: Any = UserModelScorer((build(),), Correction())
    part = Component(linear.components[0].strategy, 1.0, (scorer,), own)
    schema = dataclasses.replace(linear.schema, columns=())
    models = {
        "linear": linear,
        "other": fitted("logistic", 1),
        "trees": fitted("trees", 0),
        "own": dataclasses.replace(
            linear,
            components=(part,),
            user_input=own,
            schema=schema,
            seen=np.zeros(1, "u8"),
            tested=None,
        ),
    }
    return {
        name: model.save(folder / f"{name}.equipoise") for name, model in models.items()
    }


WITNESS = Path(tempfile.gettempdir()) / "equipoise-was-here"


class Runs:
    """What a pickle would run."""

    def __reduce__(self) -> Any:
        return os.system, (f"touch {WITNESS}",)


@attack("a pickle that runs a command", "begin like a bundle")
def _(sound: Sound) -> bytes:
    return pickle.dumps(Runs())


@attack("a zip archive under our name", "begin like a bundle")
def _(sound: Sound) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.json", b"0" * 10_000_000)
    return stream.getvalue()


@attack("a manifest that claims 2^60 bytes", "'manifest'")
def _(sound: Sound) -> bytes:
    return struct.pack("<8sQ", b"EQUIPOIS", 2**60) + b"\0" * 64


@attack("a manifest of 100,000 open brackets", "'manifest'")
def _(sound: Sound) -> bytes:
    return forged(b"[" * 100_000)


@attack("a part that climbs out of its folder", "'manifest'")
def _(sound: Sound) -> bytes:
    return forged(listing(entry("../../etc/cron.d/x")))


@attack("a part with an absolute path", "'manifest'")
def _(sound: Sound) -> bytes:
    return forged(listing(entry("/etc/passwd")))


@attack("one part listed twice", "'model.json'")
def _(sound: Sound) -> bytes:
    return forged(listing(entry("model.json"), entry("model.json")))


@attack("a part that claims 2^62 bytes", "'model.json'")
def _(sound: Sound) -> bytes:
    return forged(listing(entry("model.json", size=2**62)))


@attack("a part of negative size", "'manifest'")
def _(sound: Sound) -> bytes:
    return forged(listing(entry("model.json", size=-8)))


@attack("a version from the future", "format 4")
def _(sound: Sound) -> bytes:
    return forged(listing(version=4))


@attack("an altered manifest", "'manifest'")
def _(sound: Sound) -> bytes:
    return sound["linear"].read_bytes().replace(b'"seen.json"', b'"zeen.json"', 1)


@attack("an altered part", "'model.json'")
def _(sound: Sound) -> bytes:
    data = sound["linear"].read_bytes()
    return data.replace(b'"threshold"', b'"thresh0ld"', 1)


@attack("bytes behind the last part", "'end'")
def _(sound: Sound) -> bytes:
    return sound["linear"].read_bytes() + b"PK\x03\x04"


@attack("the parts of two models in one file", "'scorers/0/0.json'")
def _(sound: Sound) -> bytes:
    mine, other = read_bundle(sound["linear"]), read_bundle(sound["trees"])
    kept = {n: d for n, d in mine.items() if not n.startswith("scorers/")}
    return whole(kept | {n: d for n, d in other.items() if n.startswith("scorers/")})


# ---- what the parts say


def whole(parts: dict[str, bytes]) -> bytes:
    """Return a bundle that is sound as a container."""
    entries = [entry(name, data) for name, data in parts.items()]
    return forged(listing(*entries), b"".join(parts.values()))


def altered(source: Path, part: str, change: Callable[[Any], None]) -> bytes:
    """Return a bundle that is sound but says something else in one part."""
    parts = read_bundle(source)
    state = unpack(parts, part)
    change(state)
    gone = (f"{part}.json", f"{part}/")
    kept = {n: d for n, d in parts.items() if not n.startswith(gone)}
    return whole(kept | pack(state, part))


def put(value: Any, *where: Any) -> Callable[[Any], None]:
    def change(state: Any) -> None:
        for key in where[:-1]:
            state = state[key]
        state[where[-1]] = value

    return change


@attack("a state of 100,000 open brackets", "'model.json'")
def _(sound: Sound) -> bytes:
    return whole(read_bundle(sound["linear"]) | {"model.json": b"[" * 100_000})


@attack("a state of 8 MB of empty lists", "'model.json'")
def _(sound: Sound) -> bytes:
    lists = b"[" + b"[]," * 2_700_000 + b"[]]"
    return whole(read_bundle(sound["linear"]) | {"model.json": lists})


@attack("a state of 64 MB", "'model.json'")
def _(sound: Sound) -> bytes:
    return whole(read_bundle(sound["linear"]) | {"model.json": b'"' + b"x" * 2**26})


@attack("a class to be made in place of a number", "'model.json'")
def _(sound: Sound) -> bytes:
    payload = {"__class__": "os.system", "py/object": "os.system", "args": ["id"]}
    return altered(sound["linear"], "model", put(payload, "rule", "threshold"))


@attack("a class to be made in place of a rule", "'model.json'")
def _(sound: Sound) -> bytes:
    payload = {"__reduce__": ["os.system", ["id"]]}
    return altered(sound["linear"], "model", put(payload, "rule"))


@attack("a learner that is a module", "'model.json'")
def _(sound: Sound) -> bytes:
    change = put("os", "components", 0, "strategy", "learner")
    return altered(sound["linear"], "model", change)


@attack("10^9 models announced", "'model.json'")
def _(sound: Sound) -> bytes:
    return altered(sound["linear"], "model", put(10**9, "components", 0, "scorers"))


@attack("an array that claims 2^78 bytes", "'scorers/0/0/")
def _(sound: Sound) -> bytes:
    parts = read_bundle(sound["linear"])
    text = parts["scorers/0/0.json"]
    parts["scorers/0/0.json"] = re.sub(
        rb'"shape": \[\s*\d+\s*\]', b'"shape": [%d, %d]' % (2**39, 2**39), text
    )
    return whole(parts)


@attack("an array of objects", "'scorers/0/0.json'")
def _(sound: Sound) -> bytes:
    parts = read_bundle(sound["linear"])
    text = parts["scorers/0/0.json"]
    parts["scorers/0/0.json"] = text.replace(b'"float64"', b'"object"')
    return whole(parts)


@attack("weights that are NaN", "'scorers/0/0.json'")
def _(sound: Sound) -> bytes:
    def change(state: Any) -> None:
        state["coefficients"] = state["coefficients"] * np.nan

    return altered(sound["linear"], "scorers/0/0", change)


@attack("weights of another type", "'scorers/0/0.json'")
def _(sound: Sound) -> bytes:
    def change(state: Any) -> None:
        state["coefficients"] = state["coefficients"].astype(np.int64)

    return altered(sound["linear"], "scorers/0/0", change)


@attack("trees that go in a circle", "'scorers/0/0.json'")
def _(sound: Sound) -> bytes:
    def change(state: Any) -> None:
        forest = state["forests"][0]
        forest["left"] = np.zeros_like(forest["left"])

    return altered(sound["trees"], "scorers/0/0", change)


@attack("a walk of 10^12 steps", "'scorers/0/0.json'")
def _(sound: Sound) -> bytes:
    return altered(sound["trees"], "scorers/0/0", put(10**12, "forests", 0, "depth"))


@attack("a threshold that is NaN", "'model.json'")
def _(sound: Sound) -> bytes:
    change = put(float("nan"), "rule", "threshold")
    return altered(sound["linear"], "model", change)


@attack("hashes of another type", "'seen.json'")
def _(sound: Sound) -> bytes:
    return altered(sound["linear"], "seen", put(np.zeros(3), "hashes"))


# ---- a network of the user's own


def with_file(sound: Sound, data: bytes) -> bytes:
    """Return a bundle whose `.keras` file is another."""
    array = np.frombuffer(data, np.uint8)
    return altered(sound["own"], "scorers/0/0", put(array, "models", 0))


def keras_file(sound: Sound) -> dict[str, bytes]:
    state = unpack(read_bundle(sound["own"]), "scorers/0/0")
    with zipfile.ZipFile(io.BytesIO(state["models"][0].tobytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(*entries: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return stream.getvalue()


def with_config(sound: Sound, change: Callable[[Any], None]) -> bytes:
    entries = keras_file(sound)
    config = json.loads(entries["config.json"])
    change(config)
    entries["config.json"] = json.dumps(config).encode()
    return with_file(sound, zipped(*entries.items()))


def with_layer(sound: Sound, layer: dict[str, Any]) -> bytes:
    return with_config(sound, lambda c: c["config"]["layers"].append(layer))


def layer(name: str, module: str = "keras.layers", **config: Any) -> dict[str, Any]:
    made = {"module": module, "class_name": name, "registered_name": None}
    return {**made, "config": {"name": "odd", **config}}


@attack("a Lambda layer", "/config.json'")
def _(sound: Sound) -> bytes:
    function = {"class_name": "__lambda__", "config": {"code": "4wEAAAA="}}
    return with_layer(sound, layer("Lambda", function=function))


@attack("a layer that loads a SavedModel", "/config.json'")
def _(sound: Sound) -> bytes:
    return with_layer(sound, layer("TFSMLayer", filepath="elsewhere/model"))


@attack("a layer that reads a file", "/config.json'")
def _(sound: Sound) -> bytes:
    return with_layer(sound, layer("StringLookup", vocabulary="/etc/passwd"))


@attack("a function that is exec", "/config.json'")
def _(sound: Sound) -> bytes:
    function = {"module": "builtins", "class_name": "function", "config": "exec"}
    return with_layer(sound, layer("Activation", activation=function))


@attack("a class of another package", "/config.json'")
def _(sound: Sound) -> bytes:
    return with_layer(sound, layer("Popen", "subprocess", args=["id"]))


@attack("a switch that turns safe mode off", "/config.json'")
def _(sound: Sound) -> bytes:
    function = "enable_unsafe_deserialization"
    return with_layer(sound, layer(function, "keras.config"))


@attack("a layer of 2 * 10^8 units", "/config.json'")
def _(sound: Sound) -> bytes:
    def change(config: Any) -> None:
        config["config"]["layers"][1]["config"]["units"] = 200_000_000

    return with_config(sound, change)


@attack("a layer that gives 10^9 numbers per row", "/config.json'")
def _(sound: Sound) -> bytes:
    return with_layer(sound, layer("RepeatVector", n=1_000_000_000))


@attack("a configuration of 100,000 open brackets", "/config.json'")
def _(sound: Sound) -> bytes:
    entries = keras_file(sound)
    entries["config.json"] = b'{"a":' * 100_000
    return with_file(sound, zipped(*entries.items()))


@attack("a network that is packed 1 to 1,000", "/model.weights.h5'")
def _(sound: Sound) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in keras_file(sound).items():
            if name == "model.weights.h5":
                archive.writestr(name, b"\0" * 100_000_000, zipfile.ZIP_DEFLATED)
            else:
                archive.writestr(name, data)
    return with_file(sound, stream.getvalue())


@attack("an entry that climbs out of the archive", "/0'")
def _(sound: Sound) -> bytes:
    more = ("../../.bashrc", b"id")
    return with_file(sound, zipped(*keras_file(sound).items(), more))


@attack("an archive with one entry twice", "/0'")
def _(sound: Sound) -> bytes:
    entries = keras_file(sound)
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped(*entries.items(), ("config.json", b"{}"))
    return with_file(sound, data)


@attack("an archive with a link in place of a file", "/config.json'")
def _(sound: Sound) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in keras_file(sound).items():
            info = zipfile.ZipInfo(name)
            if name == "config.json":
                info.external_attr, data = 0o120777 << 16, b"/etc/passwd"
            archive.writestr(info, data)
    return with_file(sound, stream.getvalue())


@attack("half an archive", "/0'")
def _(sound: Sound) -> bytes:
    data = zipped(*keras_file(sound).items())
    return with_file(sound, data[: len(data) // 2])


def with_weights(sound: Sound, write: Callable[[Any], None]) -> bytes:
    import h5py

    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        write(file)
    entries = keras_file(sound)
    entries["model.weights.h5"] = stream.getvalue()
    return with_file(sound, zipped(*entries.items()))


@attack("weights that claim 40 GB", "/model.weights.h5: w'")
def _(sound: Sound) -> bytes:
    return with_weights(
        sound, lambda f: f.create_dataset("w", (10**10,), "f4", chunks=(10**6,))
    )


@attack("weights in a file outside", "/model.weights.h5: w'")
def _(sound: Sound) -> bytes:
    place = [("/etc/passwd", 0, 40)]
    return with_weights(
        sound, lambda f: f.create_dataset("w", (10,), "f4", external=place)
    )


@attack("weights behind a link to another file", "/model.weights.h5'")
def _(sound: Sound) -> bytes:
    import h5py

    def write(file: Any) -> None:
        file["layers"] = h5py.ExternalLink("/etc/passwd", "/")

    return with_weights(sound, write)


@attack("weights packed 1 to 1,000", "/model.weights.h5: w'")
def _(sound: Sound) -> bytes:
    zeros = np.zeros(10**6, "f4")
    return with_weights(
        sound, lambda f: f.create_dataset("w", data=zeros, compression="gzip")
    )


@attack("the weights of another network", "/config.json'")
def _(sound: Sound) -> bytes:
    return with_weights(sound, lambda f: f.create_dataset("w", data=np.zeros(7, "f4")))


# ---- the tests


@pytest.fixture
def written(request: pytest.FixtureRequest, sound: Sound, tmp_path: Path) -> Path:
    path = tmp_path / "odd.equipoise"
    path.write_bytes(ATTACKS[request.param][1](sound))
    return path


def test_what_the_attacks_begin_with_is_sound(sound: Sound) -> None:
    for path in sound.values():
        load(path)
    own = load(sound["own"])
    assert own.predict_proba(np.zeros((2, 6), "float32")).shape == (2, 2)
    parts = unpack(read_bundle(sound["own"]), "scorers/0/0")
    again = with_file(sound, zipped(*keras_file(sound).items()))
    assert len(again) > len(parts["models"][0])


@pytest.mark.parametrize(
    ("name", "written"), [(name, name) for name in ATTACKS], indirect=["written"]
)
def test_it_is_refused_by_the_name_of_the_part(name: str, written: Path) -> None:
    with pytest.raises(BundleError, match=re.escape(ATTACKS[name][0])):
        load(written)
    assert not WITNESS.exists()


MEASURE = """
import sys, time
from pathlib import Path
from equipoise.errors import BundleError
from equipoise.learners.user_model.model import UserModelScorer
from equipoise.priors import Correction
from equipoise.table.generators import gaussian_shift
from equipoise.verbs.fit import fit
from equipoise.models.model import Component
from equipoise.verbs.model import FittedModel
from equipoise.learners.user_model.input import UserInput
from equipoise.verbs.model import load

def high():
    lines = Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024

load(sys.argv[1])  # so that what is measured is the refusal, not imports
for path in sys.argv[2:]:
    Path("/proc/self/clear_refs").write_text("5")
    start, before = time.process_time(), high()
    try:
        load(path)
    except BundleError:
        print(time.process_time() - start, high() - before)
    else:
        sys.exit(f"{path} was loaded")
"""


def test_refusing_is_quick_and_small(sound: Sound, tmp_path: Path) -> None:
    """Every refusal within a second and 200 MB, after the first load.

    The clock is the process' own: what else the machine does is not counted.
    """
    if not os.access("/proc/self/clear_refs", os.W_OK):
        pytest.skip("the peak of memory is read from Linux' /proc")
    paths = []
    for number, (_, make) in enumerate(ATTACKS.values()):
        paths.append(tmp_path / f"{number}.equipoise")
        paths[-1].write_bytes(make(sound))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(sound["own"]), *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [tuple(map(float, line.split())) for line in done.stdout.splitlines()]
    assert len(rows) == len(ATTACKS)
    for name, (seconds, megabytes) in zip(ATTACKS, rows, strict=True):
        assert seconds < SECONDS, name
        assert megabytes < MEGABYTES, name


def test_every_cut_at_a_part_is_refused(sound: Sound, tmp_path: Path) -> None:
    path = tmp_path / "cut.equipoise"
    for kind in ("linear", "own"):
        data = sound[kind].read_bytes()
        sizes = [len(part) for part in read_bundle(sound[kind]).values()]
        ends = len(data) - np.cumsum([0, *sizes[::-1]])
        cuts = {0, 8, 16, *ends.tolist(), *(ends - 1).tolist(), *(ends + 1).tolist()}
        for cut in sorted(c for c in cuts if 0 <= c < len(data)):
            path.write_bytes(data[:cut])
            with pytest.raises(BundleError):
                load(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.equipoise"
    os.mkfifo(pipe)
    link = tmp_path / "link.equipoise"
    link.symlink_to("/dev/zero")
    for path in (pipe, link):
        with pytest.raises(BundleError, match="not a regular file"):
            load(path)
    with pytest.raises(BundleError, match=r"without trial\.equipoise"):
        load(tmp_path)


def test_a_link_to_a_sound_file_is_followed(sound: Sound, tmp_path: Path) -> None:
    link = tmp_path / "link.equipoise"
    link.symlink_to(sound["linear"])
    load(link)


def test_a_custom_layer_loads_where_it_is_given(sound: Sound) -> None:
    import keras

    from equipoise.models import check_keras_file

    class Twice(keras.layers.Layer):  # type: ignore[misc]  # keras is untyped
        def call(self, x: Any) -> Any:
            return 2 * x

    entries = keras_file(sound)
    config = json.loads(entries["config.json"])
    config["config"]["layers"].append(
        {**layer("Twice", "tests"), "registered_name": "Custom>Twice"}
    )
    entries["config.json"] = json.dumps(config).encode()
    data = zipped(*entries.items())
    with pytest.raises(BundleError, match="custom_object_scope"):
        check_keras_file(data, "own")
    with keras.saving.custom_object_scope({"Custom>Twice": Twice}):
        check_keras_file(data, "own")


def test_a_bundle_holds_no_more_than_its_parts(sound: Sound, tmp_path: Path) -> None:
    """Attacks are built on `write_bundle`' own form."""
    path = tmp_path / "same.equipoise"
    write_bundle(path, read_bundle(sound["linear"]))
    assert path.read_bytes() == whole(read_bundle(sound["linear"]))


def test_the_document_lists_them_all() -> None:
    rows = re.findall(r"^\| ([^|]+?) \| `([^|]+?)` \|$", DOCUMENT.read_text(), re.M)
    assert rows == [(name, part.strip("'/: ")) for name, (part, _) in ATTACKS.items()]
