# SPDX-License-Identifier: Apache-2.0
"""A `.keras` file that holds our classes loads after `import equipoise`."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import equipoise
from equipoise._core.registration import CLASSES

PACKAGE = Path(equipoise.__file__).parent


def test_every_class_that_registers_itself_has_a_stand_in() -> None:
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        module = path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".")
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and any(
                "register_keras_serializable" in ast.unparse(d)
                for d in node.decorator_list
            ):
                found.setdefault(module, set()).add(node.name)
    assert {module: set(names) for module, names in CLASSES.items()} == found


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled model with a loss and metrics of ours, trained for one step."""
    path = tmp_path_factory.mktemp("saved") / "m.keras"
    code = f"""
import keras, numpy as np
from equipoise import losses, metrics
m = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
ranking = metrics.keras.AveragePrecision(name="ap")
m.compile("adam", losses.Focal(gamma=1.5), metrics=[ranking, metrics.keras.FBeta()])
m.fit(np.random.rand(64, 3), np.arange(64) % 9 == 0, verbose=0)
m.save({str(path)!r})
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return path


LOAD = """
m = keras.models.load_model({path!r})
assert type(m.loss).__module__ == "equipoise.losses.focal", m.loss
assert m.loss.options["gamma"] == 1.5
from equipoise.losses import Focal
assert type(m.loss) is Focal
m.fit(np.random.rand(64, 3), np.arange(64) % 9 == 0, verbose=0)
m.save({path!r} + "-again.keras")
assert keras.losses.get(keras.losses.serialize(Focal())).get_config()
"""


@pytest.mark.parametrize(
    "first",
    [
        "import equipoise; import keras",
        "import keras; import equipoise",
        "import equipoise.losses, equipoise.metrics; import tensorflow as tf; "
        "keras = tf.keras",
        "from equipoise.losses import Focal; import keras",
    ],
)
def test_a_saved_model_loads(first: str, saved: Path) -> None:
    code = f"{first}\nimport numpy as np\n" + LOAD.format(path=str(saved))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_keras_is_itself_and_not_loaded_by_us() -> None:
    code = """
import sys
before = list(sys.meta_path)
import equipoise
assert "keras" not in sys.modules and len(sys.meta_path) == len(before) + 1
import importlib.util
spec = importlib.util.find_spec("keras")
assert "keras" not in sys.modules
import keras
assert "_WhenKeras" not in {type(finder).__name__ for finder in sys.meta_path}
assert type(keras.__loader__).__name__ == "SourceFileLoader", keras.__loader__
assert keras.__spec__.loader is keras.__loader__
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
