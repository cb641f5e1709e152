# SPDX-License-Identifier: Apache-2.0
"""Images of folders and of .npz files are the arrays that a network takes."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

import equipoise as eq
from equipoise.errors import InputError, InputTypeError, TableError, UnsupportedError
from equipoise.learners.user_model import images as module
from equipoise.learners.user_model.images import read_images


def write(path: Path, pixels: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Dark images are "cat", bright ones "dog"; one lies deeper."""
    for k in range(3):
        write(tmp_path / "cat" / f"{k}.png", np.full((4, 5, 3), k))
    write(tmp_path / "dog" / "b.png", np.full((4, 5, 3), 200))
    write(tmp_path / "dog" / "a" / "x.bmp", np.full((4, 5, 3), 201))
    (tmp_path / "dog" / "notes.txt").write_text("no image")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "readme.md").write_text("no class")
    return tmp_path


def test_sub_folders_are_classes(folder: Path) -> None:
    x, y = read_images(folder)
    assert (x.shape, x.dtype) == ((5, 4, 5, 3), np.uint8)
    assert y.tolist() == ["cat", "cat", "cat", "dog", "dog"]
    assert x[:, 0, 0, 0].tolist() == [0, 1, 2, 201, 200]


def test_hidden_images_do_not_count(folder: Path) -> None:
    hidden = np.full((4, 5, 3), 99)
    for place in (".hidden/x.png", "a/.hidden/deeper/x.png", ".x.png"):
        write(folder / "dog" / place, hidden)
    x, y = read_images(folder)
    assert x[:, 0, 0, 0].tolist() == [0, 1, 2, 201, 200]
    assert y.tolist() == ["cat", "cat", "cat", "dog", "dog"]
    x, _ = read_images(folder / "dog", [0, 1])
    assert x[:, 0, 0, 0].tolist() == [201, 200]
    # What lies above the folder says nothing of the images.
    x, _ = read_images(folder / "dog" / ".hidden", [0])
    assert x[:, 0, 0, 0].tolist() == [99]


def test_they_are_what_keras_reads(folder: Path) -> None:
    random = np.random.default_rng(0)
    for k in range(2):
        write(folder / "cat" / f"{k}.png", random.integers(0, 256, (4, 5, 3)))
    (folder / "dog" / "a" / "x.bmp").unlink()
    x, y = read_images(folder)
    data = keras.utils.image_dataset_from_directory(
        folder, image_size=(4, 5), shuffle=False, batch_size=None, verbose=False
    )
    theirs = list(data.as_numpy_iterator())
    np.testing.assert_array_equal(x, np.stack([image for image, _ in theirs]))
    assert y.tolist() == [data.class_names[label] for _, label in theirs]


def test_colours_and_sizes(folder: Path) -> None:
    x, _ = read_images(str(folder), size=(8, 10), color="grayscale")
    assert x.shape == (5, 8, 10, 1)
    assert x[1].min() == x[1].max() == 1
    assert read_images(folder, color="rgba")[0].shape[-1] == 4


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [("uint16", ".png"), ("uint16", ".tif"), (">u2", ".tif"), ("int32", ".tif")],
)
def test_grey_of_16_bits_becomes_8_bits(tmp_path: Path, kind: str, suffix: str) -> None:
    values = np.array([[0, 300, 0x1234], [257 * 100, 40_000, 65_535]])
    (tmp_path / "a").mkdir()
    made = tmp_path / f"made{suffix}"
    Image.fromarray(values.astype(kind)).save(made)
    made.rename(tmp_path / "a" / "1.png")  # Pillow looks at the content
    expected = np.rint(values / 257)
    for color, channels in (("grayscale", 1), ("rgb", 3)):
        x, _ = read_images(tmp_path / "a", [0], color=color)
        assert (x.shape, x.dtype) == ((1, 2, 3, channels), np.uint8)
        for k in range(channels):
            np.testing.assert_array_equal(x[0, ..., k], expected)
    x, _ = read_images(tmp_path / "a", [0], color="rgba")
    np.testing.assert_array_equal(x[0, ..., 0], expected)
    assert (x[..., 3] == 255).all()
    write(tmp_path / "b" / "1.png", expected)
    for color in ("grayscale", "rgb"):
        eight, _ = read_images(tmp_path / "b", [0], color=color, size=(5, 4))
        x, _ = read_images(tmp_path / "a", [0], color=color, size=(5, 4))
        np.testing.assert_array_equal(x, eight)


@pytest.mark.parametrize(
    ("pixels", "match"),
    [
        (np.array([[0.0, 0.5]], np.float32), r"1\.png' of numbers .* float32"),
        (np.array([[0, 65_536]], np.int32), r"1\.png' of numbers from 0 to 65536"),
        (np.array([[-1, 5]], np.int32), r"1\.png' of numbers from -1 to 5"),
    ],
)
def test_other_numbers_are_refused(tmp_path: Path, pixels: Any, match: str) -> None:
    (tmp_path / "a").mkdir()
    Image.fromarray(pixels).save(tmp_path / "made.tif")
    file = (tmp_path / "made.tif").rename(tmp_path / "a" / "1.png")
    with pytest.raises(TableError, match=match) as raised:
        read_images(tmp_path / "a", [0])
    assert "Save it with 8 bits" in str(raised.value)
    write(file, np.zeros((1, 2)))
    assert read_images(tmp_path / "a", [0])[0].shape == (1, 1, 2, 3)


def test_labels_may_be_passed(folder: Path) -> None:
    x, y = read_images(folder / "cat", ["a", "b", "a"])
    assert (len(x), y.tolist()) == (3, ["a", "b", "a"])
    _, matrix = read_images(folder / "cat", [[0, 1], [1, 1], [0, 0]])
    assert matrix.shape == (3, 2)
    with pytest.raises(InputError, match=r"3 images in .* and 2 labels"):
        read_images(folder / "cat", [0, 1])
    with pytest.raises(InputError, match=r"3 images in .* and no labels"):
        read_images(folder / "cat", "name")


def test_images_of_different_sizes_are_named_and_can_be_resized(folder: Path) -> None:
    write(folder / "dog" / "z.png", np.zeros((6, 5, 3)))
    with pytest.raises(TableError, match=r"0\.png' has 4 x 5 .*z\.png' 6 x 5.*size="):
        read_images(folder)
    assert read_images(folder, size=(4, 4))[0].shape == (6, 4, 4, 3)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"0" * 40])
def test_a_file_that_cannot_be_read_is_named(folder: Path, content: bytes) -> None:
    (folder / "cat" / "bad.png").write_bytes(content)
    with pytest.raises(TableError, match=r"bad\.png', which cannot be read") as raised:
        read_images(folder)
    assert "Remove it" in str(raised.value)
    (folder / "cat" / "bad.png").unlink()
    assert len(read_images(folder)[0]) == 5


def test_half_a_file_is_named(folder: Path) -> None:
    path = folder / "cat" / "half.png"
    write(path, np.random.default_rng(0).integers(0, 256, (4, 5, 3)))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(TableError, match=r"half\.png', which cannot be read"):
        read_images(folder)


def test_folders_without_classes_or_images(folder: Path) -> None:
    with pytest.raises(TableError, match=r"with 0 sub-folders.*at least two"):
        read_images(folder / "cat")
    with pytest.raises(TableError, match=r"with 1 sub-folders.*\(folder, labels\)"):
        read_images(folder / "dog")
    (folder / "empty").mkdir()
    with pytest.raises(TableError, match=r"empty' without images.*\.png"):
        read_images(folder)
    with pytest.raises(TableError, match="without images"):
        read_images(folder / "empty", [])
    with pytest.raises(TableError, match="does not exist"):
        read_images(folder / "absent")
    with pytest.raises(TableError, match="Pass the folder"):
        read_images(folder / "cat" / "0.png")


def test_arguments_that_do_not_fit(folder: Path) -> None:
    with pytest.raises(InputError, match="color='blue'"):
        read_images(folder, color="blue")
    sizes: list[Any] = [(4,), "ab", 3]
    for size in sizes:
        with pytest.raises(InputTypeError, match=r"\(height, width\)"):
            read_images(folder, size=size)
    with pytest.raises(InputError, match="height of size"):
        read_images(folder, size=(0, 3))


def test_too_many_to_be_held(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 299)
    with pytest.raises(TableError, match=r"5 images of 4 x 5 pixels.*smaller size="):
        read_images(folder)
    assert len(read_images(folder, size=(3, 3))[0]) == 5


def test_medmnist_files(tmp_path: Path) -> None:
    path = tmp_path / "path.npz"
    images = np.arange(4 * 3 * 3, dtype=np.uint8).reshape(4, 3, 3)
    parts = {"train_images": images, "train_labels": np.array([[0], [1], [1], [0]])}
    wide = {"val_images": np.zeros((2, 3, 3, 3), np.uint8), "val_labels": np.eye(2)}
    np.savez(path, **parts, **wide)
    x, y = read_images(path)
    np.testing.assert_array_equal(x[..., 0], images)
    assert y.tolist() == [0, 1, 1, 0]
    x, y = read_images(path, split="val")
    assert (x.shape, y.shape) == ((2, 3, 3, 3), (2, 2))
    with pytest.raises(TableError, match=r"holds 'train_images'.*'test_images'"):
        read_images(path, split="test")
    with pytest.raises(InputError, match="split='dev'"):
        read_images(path, split="dev")
    others: list[dict[str, Any]] = [
        {"size": (3, 3)},
        {"color": "rgb"},
        {"labels": [0, 1, 1, 0]},
    ]
    for other in others:
        with pytest.raises(InputError, match="none of them"):
            read_images(path, **other)


def test_arrays_that_are_too_large_are_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "dense.npz"
    images = np.zeros((40, 4, 5, 3), np.uint8)
    labels = np.arange(40) % 3 // 2
    images[..., 0] = np.arange(40)[:, None, None]
    images[labels == 1, ..., 1] = 200
    others = {"test_images": images[:2], "test_labels": labels[:2]}
    np.savez_compressed(path, train_images=images, train_labels=labels, **others)
    # Each array has a header of 128 bytes.
    total = images.nbytes + labels.nbytes + 2 * 128
    assert path.stat().st_size < total
    monkeypatch.setattr(module, "MOST_BYTES", total)
    np.testing.assert_array_equal(read_images(path)[0], images)
    monkeypatch.setattr(module, "MOST_BYTES", total - 1)
    unpacked: list[str] = []
    monkeypatch.setattr(np, "load", lambda file, **_: unpacked.append(file))
    match = rf"'train_images', 'train_labels' have {total:,} bytes.*numpy\.load"
    with pytest.raises(TableError, match=match):
        read_images(path)
    assert not unpacked
    monkeypatch.undo()
    monkeypatch.setattr(module, "MOST_BYTES", total - 1)
    assert len(read_images(path, split="test")[0]) == 2
    with np.load(path) as arrays:
        pair = (arrays["train_images"], arrays["train_labels"])
    model = eq.fit(pair, model=build, folds=2, repeats=1)
    assert model.predict_proba(images).shape == (40, 2)


def test_damaged_arrays_are_named(tmp_path: Path) -> None:
    path = tmp_path / "damaged.npz"
    images = np.random.default_rng(0).integers(0, 256, (9, 8, 8), np.uint8)
    np.savez_compressed(path, x_train=images, y_train=np.arange(9) % 2)
    whole = path.read_bytes()
    start = whole.index(b"x_train.npy") + 40
    path.write_bytes(whole[:start] + b"\xff" * 60 + whole[start + 60 :])
    with pytest.raises(TableError, match=r"damaged\.npz', which cannot be read"):
        read_images(path)
    with path.open("wb") as file:  # one array, not several
        np.save(file, images)
    with pytest.raises(TableError, match=r"damaged\.npz', which cannot be read"):
        read_images(path)
    # The header of an array says that it is larger than any memory.
    header = io.BytesIO()
    facts = {"descr": "|u1", "fortran_order": False, "shape": (2**50, 8, 8)}
    np.lib.format.write_array_header_1_0(header, facts)
    np.savez(path, y_train=np.arange(9) % 2)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x_train.npy", header.getvalue())
    with pytest.raises(TableError, match=r"damaged\.npz', which cannot be read"):
        read_images(path)
    path.write_bytes(whole)
    np.testing.assert_array_equal(read_images(path)[0][..., 0], images)


def test_volumes_are_refused_and_can_be_passed_as_arrays(tmp_path: Path) -> None:
    path = tmp_path / "volumes.npz"
    y = (np.arange(40) % 3 == 0).astype(int)
    volumes = (
        np.random.default_rng(0).integers(0, 99, (40, 2, 2, 2))
        + 100 * y[:, None, None, None]
    )
    np.savez(path, train_images=volumes.astype(np.uint8), train_labels=y[:, None])
    with pytest.raises(TableError, match=r"\(40, 2, 2, 2\).*4 channels.*numpy\.load"):
        read_images(path)

    def deep() -> keras.Model:
        layers = [keras.layers.Flatten(), keras.layers.Dense(1)]
        return keras.Sequential([keras.Input((2, 2, 2)), *layers])

    with np.load(path) as arrays:
        pair = (arrays["train_images"], arrays["train_labels"][:, 0])
    model = eq.fit(pair, model=deep, folds=2, repeats=1)
    assert model.predict_proba(pair[0]).shape == (40, 2)


@pytest.mark.parametrize(
    ("images", "labels", "match"),
    [
        (np.zeros((2, 3, 3)), [0, 1], "float64"),
        (np.zeros((2, 3), np.uint8), [0, 1], r"shape \(2, 3\)"),
        (np.zeros((2, 3, 3), np.uint8), [0], r"2 images and labels of shape \(1,\)"),
        (np.zeros((2, 3, 3), np.uint8), 0, "labels of shape"),
        (np.array([None, 1], object), [0, 1], "cannot be read"),
    ],
)
def test_other_arrays_are_refused(
    tmp_path: Path, images: Any, labels: Any, match: str
) -> None:
    path = tmp_path / "other.npz"
    np.savez(path, x_train=images, y_train=labels)
    with pytest.raises(TableError, match=match):
        read_images(path)
    path.write_bytes(b"PK nothing")
    with pytest.raises(TableError, match="cannot be read"):
        read_images(path)


def build() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((4, 5, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )


def test_a_folder_is_a_source_of_a_trial_and_of_a_fit(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for k in range(40):
        name = "rare" if k < 15 else "usual"
        pixels = random.integers(0, 120, (4, 5, 3)) + 100 * (name == "rare")
        write(tmp_path / name / f"{k}.png", pixels)
    short: dict[str, Any] = {"model": build, "folds": 2, "repeats": 1}
    x, y = read_images(tmp_path)
    arrays = eq.compare((x, y), strategies=["plain"], **short)
    trial = eq.compare(tmp_path, strategies=["plain"], **short)
    again = eq.compare((str(tmp_path), y), strategies=["plain"], **short)
    for other in (trial, again):
        np.testing.assert_array_equal(
            arrays.scores.log_odds["plain"], other.scores.log_odds["plain"]
        )
    assert trial.facts["positive_class"] == "rare"
    model = eq.fit(tmp_path, **short)
    assert model.predict_proba(x).shape == (40, 2)


def test_keras_own_file_is_read(shared_data: Path) -> None:
    x, y = read_images(shared_data / "mnist.npz", split="test")
    assert x.shape == (10_000, 28, 28, 1)
    assert np.unique(y).tolist() == list(range(10))


@pytest.mark.parametrize("verb", [eq.compare, eq.fit])
def test_images_are_not_read_if_the_call_is_refused(
    verb: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "read_images", None)
    with pytest.raises(UnsupportedError, match="model= for rows larger than memory"):
        verb(folder, model=dict, memory="1GB")
