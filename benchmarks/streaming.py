# SPDX-License-Identifier: Apache-2.0
"""Rows that are larger than memory: the ceiling, the batches, and a kill in the middle.

The script makes its own set: Parquet shards of float32 columns, one row in 200 of them
positive, sorted by time, with most positives late. Then

- a trial with a limit of memory runs in a process of its own on the whole set and on a
  third of it, and says by how much its peak exceeds what it held after a first step of
  training. `ratio stream_ceiling` is the limit, and 100 MB for what
  does not depend on the rows (readers, the report), over that excess;
- batches of 256, half of them positive, are taken from the store, and from tf.data in
  two ways: `sample_from_datasets` over generators of rows, as tutorials show it, and
  the best idiom with batches that we know of. The ratios are of batches per second;
- a process that writes the store is killed in the middle, and taken up again: the
  store must be the same, byte for byte.

    python benchmarks/streaming.py [--gigabytes 12] [--memory 2GB] [--quick]

The full size needs twice its gigabytes on disk. Needs Linux, whose /proc says what a
process holds.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from memory import megabytes, reset_peak

BARS = {"stream_ceiling": 1, "stream_rows": 20, "stream_batched": 3}
COLUMNS = 40
SHARE = 0.005
GROUP = 65_536
BATCH = 256
FIXED = 100.0
"""Megabytes that do not depend on the rows."""
ARMS = ("prior", "logistic", "trees", "plain", "class_weight")


def make_set(folder: Path, gigabytes: float, shards: int, group: int = GROUP) -> int:
    """Write shards of so many gigabytes of float32 values; return the rows."""
    folder.mkdir(parents=True)
    rows = int(gigabytes * 1e9 / 4 / COLUMNS / shards)
    names = [f"x{j}" for j in range(COLUMNS)]
    for shard in range(shards):
        random = np.random.default_rng(shard)
        path = folder / f"part-{shard:04d}-of-{shards:04d}.parquet"
        schema = pa.schema(
            [*((name, pa.float32()) for name in names), ("y", pa.int8())]
        )
        with pq.ParquetWriter(path, schema, compression="none") as writer:
            for start in range(0, rows, group):
                count = min(group, rows - start)
                x = random.standard_normal((count, COLUMNS), dtype=np.float32)
                late = 2 * (shard + start / rows) / shards
                y = random.random(count) < SHARE * late
                x[y, :5] += 0.8
                columns = [pa.array(column) for column in np.ascontiguousarray(x.T)]
                labels = pa.array(y.astype(np.int8))
                writer.write_table(pa.table([*columns, labels], schema))
    return rows * shards


def store_of(source: Path, memory: str, store: Path) -> Any:
    """Return the set as a stored table."""
    import equipoise as eq

    return eq.read_table(source, "y", memory=memory, store=store)


def trial(source: Path, memory: str, store: Path, epochs: int) -> None:
    """Run a trial in this process, and print by how much memory grew."""
    import equipoise as eq
    from equipoise.training import TrainingSettings

    x = np.random.default_rng(0).normal(size=(300, 3))
    settings: dict[str, Any] = {
        "strategies": ARMS,
        "network": "linear" if epochs == 1 else "small",
        "training": TrainingSettings(epochs=epochs),
        "folds": 2 if epochs == 1 else 3,
        "repeats": 1,
    }
    eq.compare((x, (x[:, 0] > 1).astype(int)), **settings)
    reset_peak()
    before = megabytes("VmHWM")
    started = time.monotonic()
    result = eq.compare(store_of(source, memory, store), **settings)
    seconds = time.monotonic() - started
    best = result[result.names[0]].evaluation["average_precision"]
    facts = result.to_dict()["stored"]
    print(
        f"RESULT {megabytes('VmHWM') - before:.1f} {seconds:.1f} {facts['rows']} "
        f"{sum(facts['fitted_on'].values())} {best.value:.4f}"
    )


def in_process(*words: str) -> list[str]:
    """Run this script in another process, and return what it says at its end."""
    command = [sys.executable, __file__, *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    line = next(li for li in done.stdout.splitlines() if li.startswith("RESULT"))
    return line.split()[1:]


def killed_in_the_middle(source: Path, memory: str, folder: Path) -> bool:
    """Return whether a store is the same if its writer is killed and taken up."""
    whole = store_of(source, memory, folder / "whole")
    command = [sys.executable, __file__, "--convert", str(source), memory]
    for _ in range(2):
        process = subprocess.Popen([*command, str(folder / "cut")])
        lines = 0
        while process.poll() is None:
            journals = list((folder / "cut").glob("*/journal.jsonl"))
            now = journals[0].read_bytes().count(b"\n") if journals else 0
            if now >= lines + 2:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                break
            lines = lines or now
            time.sleep(0.002)
    again = store_of(source, memory, folder / "cut")
    return all(
        (whole.folder / part.file).read_bytes()
        == (again.folder / part.file).read_bytes()
        for part in whole.parts
    )


def parquet_batches(source: Path, label: int) -> Iterator[np.ndarray]:
    """Yield the rows of a class, as they come in the files."""
    for path in sorted(source.glob("*.parquet")):
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(GROUP):
                columns = [c.to_numpy() for c in batch.columns[:-1]]
                here = batch.columns[-1].to_numpy() == label
                if here.any():
                    yield np.stack([column[here] for column in columns], axis=1)


def rows_dataset(source: Path) -> Any:
    """Return what tutorials build: generators of rows, sampled from."""
    import tensorflow as tf

    spec = tf.TensorSpec((COLUMNS,), tf.float32)

    def of_class(label: int) -> Any:
        def rows() -> Iterator[np.ndarray]:
            for block in parquet_batches(source, label):
                yield from block

        data = tf.data.Dataset.from_generator(rows, output_signature=spec)
        data = data.shuffle(10_000).repeat()
        return data.map(lambda x: (x, tf.constant(label)))

    pair = [of_class(0), of_class(1)]
    mixed = tf.data.Dataset.sample_from_datasets(pair, weights=[0.5, 0.5])
    return mixed.batch(BATCH).prefetch(2)


def batched_dataset(source: Path) -> Any:
    """Return the best that we know of: blocks, unbatched, halves joined."""
    import tensorflow as tf

    spec = tf.TensorSpec((None, COLUMNS), tf.float32)

    def half(label: int) -> Any:
        data = tf.data.Dataset.from_generator(
            lambda: parquet_batches(source, label), output_signature=spec
        )
        return data.unbatch().shuffle(10_000).repeat().batch(BATCH // 2)

    y = tf.repeat([0, 1], BATCH // 2)
    pair = tf.data.Dataset.zip(half(0), half(1))
    return pair.map(lambda a, b: (tf.concat([a, b], 0), y)).prefetch(2)


def rate(batches: Any, seconds: float) -> float:
    """Return batches per second, the first of them left out."""
    iterator = iter(batches)
    for _ in range(3):
        next(iterator)
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        next(iterator)
        count += 1
    return count / (time.perf_counter() - started)


def main() -> None:
    """Make the set, run everything, and print the ratios last."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=12.0)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--trial", nargs=4)
    parser.add_argument("--convert", nargs=3)
    arguments = parser.parse_args()
    if arguments.trial:
        source, memory, store, epochs = arguments.trial
        trial(Path(source), memory, Path(store), int(epochs))
        return
    if arguments.convert:
        source, memory, store = arguments.convert
        store_of(Path(source), memory, Path(store))
        return
    quick = arguments.quick
    gigabytes = 0.006 if quick else arguments.gigabytes
    memory = "60MB" if quick else arguments.memory
    seconds, epochs = (0.5, 1) if quick else (10.0, 100)
    limit = float(memory[:-2]) * (1 if memory.endswith("MB") else 1000)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        sizes = {}
        # In a quick run one size is enough to see the ceiling.
        for share in (1.0,) if quick else (1 / 3, 1.0):
            source = folder / f"set-{share:.2f}"
            group = GROUP // 16 if quick else GROUP
            rows = make_set(source, share * gigabytes, 3 if quick else 12, group)
            print(f"{rows:,} rows of {COLUMNS} columns, {share * gigabytes:.2f} GB")
            words = (str(source), memory, str(folder / "stores"), str(epochs))
            excess, spent, total, fitted, best = in_process("--trial", *words)
            sizes[share] = float(excess)
            print(
                f"  a trial of {len(ARMS)} arms on {int(total):,} rows, fitted on "
                f"{int(fitted):,}: {float(spent):.0f} s, {float(excess):.0f} MB above "
                f"its first step (limit {limit:.0f} MB), best AP {best}"
            )
        same = killed_in_the_middle(source, memory, folder / "kills")
        print(
            f"killed twice and taken up: the store is {'the same' if same else 'NOT'}"
        )
        from equipoise.stores import StoredBatches

        table = store_of(source, memory, folder / "stores")
        half = {"0": BATCH // 2, "1": BATCH // 2}
        rates = {"ours": rate(StoredBatches(table, half), seconds)}
        rates["stream_rows"] = rate(rows_dataset(source), seconds)
        rates["stream_batched"] = rate(batched_dataset(source), seconds)
        for name, value in rates.items():
            print(f"  {name}: {value:,.0f} batches of {BATCH} per second")
    if not same:
        raise SystemExit("the store differs after a kill")
    ceiling = (limit + FIXED) / max(max(sizes.values()), 1e-9)
    print(f"ratio stream_ceiling {ceiling:.2f} bar {BARS['stream_ceiling']}")
    for name in ("stream_rows", "stream_batched"):
        print(f"ratio {name} {rates['ours'] / rates[name]:.1f} bar {BARS[name]}")


if __name__ == "__main__":
    main()
