# SPDX-License-Identifier: Apache-2.0
"""Images from folders and MedMNIST's files, as arrays for a network of the user's."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from equipoise._core.checks import integer, listing, one_of, sentence
from equipoise._core.types import AnyArray
from equipoise.errors import InputError, InputTypeError, TableError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif")
"""What Keras reads."""
COLORS = {"grayscale": 1, "rgb": 3, "rgba": 4}
"""How many numbers each pixel has."""
MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
"""What Pillow calls them."""
MOST_16_BITS = 2**16 - 1
MOST_BYTES = 8 * 2**30
"""Of all images, which are held in memory: 8 GB."""
DAMAGES = (
    *(OSError, ValueError, EOFError, MemoryError),
    *(zipfile.BadZipFile, zlib.error),
)
"""What is raised of damaged .npz files."""


def read_images(
    source: str | os.PathLike[str],
    labels: Any = None,
    *,
    size: Sequence[int] | None = None,
    color: str | None = None,
    split: str = "train",
) -> tuple[AnyArray, AnyArray]:
    """Read images and their labels, as `compare` and `fit` take them with `model=`.

    The images are read by `keras.utils.load_img`. With the defaults
    `eq.compare("folder/", model=build)` reads them by itself.

    Args:
        source: A folder with one sub-folder of images for each class, which is the
            sub-folder's name; or, with `labels`, a folder of images. Images in deeper
            folders count too; hidden ones, and files of other kinds, do not. Or an
            `.npz` file of MedMNIST ("train_images", "train_labels", ...) or Keras
            ("x_train", "y_train", ...).
        labels: One label per image, in the order of their paths within the folder,
            or a matrix `[images, labels]`; None if sub-folders tell.
        size: (height, width) to which images are resized; None if all have the same.
        color: "rgb" (if None), "grayscale" or "rgba". Grey of 16 bits becomes 8 bits.
        split: Which part of an `.npz` file: "train", "val" or "test".

    Returns:
        `[images, height, width, channels]` uint8 from 0 to 255, and the labels. Let
        the network begin with `keras.layers.Rescaling(1 / 255)`.

    Raises:
        InputError: An argument does not fit, or the labels are not as many.
        TableError: There are no sub-folders or no images, one cannot be read, their
            sizes differ, or they are too many to be held in memory.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "small.npz")
        ...     images = np.zeros((6, 28, 28), np.uint8)
        ...     np.savez(file, train_images=images, train_labels=np.arange(6) % 2)
        ...     x, y = read_images(file)
        >>> x.shape, y.shape
        ((6, 28, 28, 1), (6,))
    """
    if color is not None:
        one_of(color, COLORS, "color")
    place = Path(source)
    if not place.exists():
        raise TableError(
            sentence(f"{str(place)!r}, which does not exist", "a folder of images")
        )
    if place.is_dir():
        return _from_folder(place, labels, size, color or "rgb")
    if place.suffix.lower() != ".npz":
        raise TableError(
            sentence(
                f"{str(place)!r}, which is no folder",
                "a folder of images, or an .npz file of arrays",
                "Pass the folder that holds the images.",
            )
        )
    if labels is not None or size is not None or color is not None:
        raise InputError(
            sentence(
                "labels=, size= or color= with an .npz file",
                "none of them: the file holds arrays of images and of labels",
            )
        )
    return _from_arrays(place, split)


def image_pair(source: Any, target: Any = None) -> tuple[Any, Any]:
    """Return a source for a network of the user's, with images read.

    Args:
        source: A path; `(path, labels)`; or anything else, which is returned as it is.
        target: Labels beside a path.
    """
    if isinstance(source, str | os.PathLike):
        return read_images(source, target), None
    if isinstance(source, tuple) and len(source) == 2:
        first, labels = source
        if isinstance(first, str | os.PathLike):
            return read_images(first, labels), target
    return source, target


def _from_folder(
    folder: Path, labels: Any, size: Sequence[int] | None, color: str
) -> tuple[AnyArray, AnyArray]:
    if labels is not None:
        files = _images_in(folder)
        y = np.asarray(labels)
        if not files:
            raise _no_images(folder)
        if y.ndim == 0 or len(y) != len(files):
            raise InputError(
                sentence(
                    f"{len(files):,} images in {str(folder)!r} and "
                    f"{len(y) if y.ndim else 'no'} labels",
                    "one label per image, in the order of their paths",
                )
            )
        return _pixels(files, size, color), y
    classes = sorted(
        place
        for place in folder.iterdir()
        if place.is_dir() and not place.name.startswith(".")
    )
    if len(classes) < 2:
        raise TableError(
            sentence(
                f"the folder {str(folder)!r} with {len(classes)} sub-folders",
                "at least two, one for each class",
                "Put the images of each class into a folder of its name, or pass "
                "their labels: (folder, labels).",
            )
        )
    by_class = {place.name: _images_in(place) for place in classes}
    empty = [name for name, files in by_class.items() if not files]
    if empty:
        raise _no_images(folder / empty[0])
    y = np.repeat(list(by_class), [len(files) for files in by_class.values()])
    files = [file for of_class in by_class.values() for file in of_class]
    return _pixels(files, size, color), y


def _images_in(folder: Path) -> list[Path]:
    """Return the images of a folder and of those within that are not hidden."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and file.is_file()
    )


def _no_images(folder: Path) -> TableError:
    return TableError(
        sentence(f"the folder {str(folder)!r} without images", listing(SUFFIXES))
    )


def _pixels(files: Sequence[Path], size: Sequence[int] | None, color: str) -> AnyArray:
    """Return all images as one array."""
    resized_to = None if size is None else _size(size)
    first = _pixels_of(files[0], resized_to, color)
    if len(files) * first.nbytes > MOST_BYTES:
        raise TableError(
            sentence(
                f"{len(files):,} images of {first.shape[0]} x {first.shape[1]} pixels",
                f"at most {MOST_BYTES // 2**30} GB: they are held in memory",
                "Pass a smaller size=(height, width).",
            )
        )
    images = np.empty((len(files), *first.shape), np.uint8)
    for place, file in enumerate(files):
        image = first if place == 0 else _pixels_of(file, resized_to, color)
        if image.shape != first.shape:
            raise TableError(
                sentence(
                    f"images of different sizes: {str(files[0])!r} has "
                    f"{first.shape[0]} x {first.shape[1]} pixels, {str(file)!r} "
                    f"{image.shape[0]} x {image.shape[1]}",
                    "one size",
                    "Pass size=(height, width) to read_images, which resizes them.",
                )
            )
        images[place] = image
    return images


def _pixels_of(file: Path, size: tuple[int, int] | None, color: str) -> AnyArray:
    """Return one image, `[height, width, channels]`.

    Raises:
        TableError: It cannot be read.
    """
    import keras
    from PIL import Image

    try:
        with Image.open(file) as opened:
            mode = opened.mode
            deep = np.asarray(opened) if mode[0] in "IF" else None
        if deep is None:
            with keras.utils.load_img(
                file, color_mode=color, target_size=size, interpolation="bilinear"
            ) as image:
                return np.asarray(keras.utils.img_to_array(image, dtype="uint8"))
    # What Pillow raises of damaged files, by their kind.
    except (
        OSError,
        SyntaxError,
        ValueError,
        struct.error,
        Image.DecompressionBombError,
    ) as error:
        raise TableError(
            sentence(
                f"the image {str(file)!r}, which cannot be read: {error}",
                f"a whole file, {listing(SUFFIXES)}",
                "Remove it, or copy it again from where it came.",
            )
        ) from error
    if mode == "F" or deep.min() < 0 or deep.max() > MOST_16_BITS:
        raise TableError(
            sentence(
                f"the image {str(file)!r} of numbers from {deep.min()} to {deep.max()} "
                f"of type {deep.dtype}",
                "whole numbers of 8 or 16 bits",
                "Save it with 8 bits.",
            )
        )
    # Keras would clip it, or keep the lower 8 bits.
    grey = Image.fromarray(np.rint(deep / (MOST_16_BITS / 255)).astype(np.uint8))
    image = grey.convert(MODES[color])
    if size is not None:
        image = image.resize(size[::-1], Image.Resampling.BILINEAR)
    return np.asarray(keras.utils.img_to_array(image, dtype="uint8"))


def _size(size: Sequence[int]) -> tuple[int, int]:
    if np.shape(size) != (2,):
        raise InputTypeError(sentence(f"size={size!r}", "(height, width)"))
    height, width = size
    return (
        integer(height, "the height of size", 1, 2**15),
        integer(width, "the width of size", 1, 2**15),
    )


def _from_arrays(path: Path, split: str) -> tuple[AnyArray, AnyArray]:
    """Read one part of an .npz file; nothing in it is run."""
    one_of(split, ("train", "val", "test"), "split")
    pairs = (
        (f"{split}_images", f"{split}_labels"),
        (f"x_{split}", f"y_{split}"),
    )
    sizes = _unpacked_sizes(path)
    pair = next((pair for pair in pairs if set(pair) <= set(sizes)), None)
    if pair is None:
        raise TableError(
            sentence(
                f"{path.name!r}, which holds {listing(sizes)}",
                f"'{split}_images' and '{split}_labels', or 'x_{split}' and "
                f"'y_{split}'",
                "Pass split= with a part that it has.",
            )
        )
    total = sum(sizes[name] for name in pair)
    if total > MOST_BYTES:
        raise TableError(
            sentence(
                f"{path.name!r}, in which {listing(pair)} have {total:,} bytes "
                "unpacked",
                f"at most {MOST_BYTES // 2**30} GB: they are held in memory",
                "If the memory is enough, read them with numpy.load and pass "
                "(images, labels).",
            )
        )
    try:
        with np.load(path, allow_pickle=False) as arrays:
            images, labels = (np.asarray(arrays[name]) for name in pair)
    except DAMAGES as error:
        raise _damaged(path, error) from error
    volumes = images.ndim == 4 and images.shape[-1] not in COLORS.values()
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or volumes:
        raise TableError(
            sentence(
                f"images of shape {images.shape} and type {images.dtype} in "
                f"{path.name!r}",
                "[images, height, width] or [images, height, width, channels] of "
                "uint8, with 1, 3 or 4 channels",
                "Read other arrays with numpy.load, and pass (images, labels).",
            )
        )
    if labels.ndim == 0 or len(labels) != len(images):
        raise TableError(
            sentence(
                f"{len(images):,} images and labels of shape {labels.shape} in "
                f"{path.name!r}",
                "one label per image",
            )
        )
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    return images[..., None] if images.ndim == 3 else images, labels


def _unpacked_sizes(path: Path) -> dict[str, int]:
    """Return how many bytes each array of an .npz file has; no more are unpacked."""
    sizes: dict[str, int] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                name = entry.filename.removesuffix(".npy")
                sizes[name] = sizes.get(name, 0) + entry.file_size
    except DAMAGES as error:
        raise _damaged(path, error) from error
    return sizes


def _damaged(path: Path, error: BaseException) -> TableError:
    return TableError(
        sentence(
            f"{str(path)!r}, which cannot be read: {error}",
            "a whole .npz file of plain arrays",
        )
    )
