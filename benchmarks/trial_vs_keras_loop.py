# SPDX-License-Identifier: Apache-2.0
"""A trial of network arms as one program, against a plain loop of keras.Model.fit.

    python benchmarks/trial_vs_keras_loop.py [--quick] [--classes K]

With --classes K the networks have K logits, and only the small trial is measured.
Prints lines `ratio NAME VALUE bar BAR`, and what they are made of. The loop is
extrapolated from the fits that were run; how many is printed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold, train_test_split

from equipoise.jobs import Job
from equipoise.learners.network import NetworkLearner
from equipoise.networks.catalogue import network
from equipoise.networks.layout import arrange, common_layout
from equipoise.networks.spec import NetworkSpec
from equipoise.strategies.catalogue import strategy
from equipoise.table.table import Column, Table
from equipoise.task import Task
from equipoise.training.encoded_store import encode_parts
from equipoise.training.members import Family
from equipoise.training.program import Signature, program
from equipoise.training.settings import TrainingSettings

ARMS = (
    "plain",
    "class_weight",
    "log_weight",
    "sqrt_weight",
    "effective_number",
    "capped_weight",
    "oversample",
    "undersample",
    "balanced_batches",
    "focal",
    "logit_adjusted",
)
BATCH, EPOCHS = 256, 10


def made_table(rows: int = 11_000, columns: int = 30, classes: int = 2) -> Table:
    """Return a table of numbers with 5 % positives, or a long tail of classes."""
    if classes > 2:
        shares = 0.7 ** np.arange(classes)
        x, y = make_classification(
            rows,
            columns,
            n_informative=10,
            n_classes=classes,
            n_clusters_per_class=1,
            weights=(shares / shares.sum()).tolist(),
            random_state=0,
        )
        named = tuple(Column(f"x{i}", "numeric", x[:, i]) for i in range(columns))
        return Table(named, y, Task("multiclass", tuple(map(str, range(classes)))))
    x, y = make_classification(
        rows, columns, n_informative=10, weights=[0.95], random_state=0
    )
    named = tuple(Column(f"x{i}", "numeric", x[:, i]) for i in range(columns))
    return Table(named, y.astype(np.int8), Task("binary", ("0", "1")))


def made_jobs(table: Table, arms: tuple[str, ...]) -> list[Job]:
    """Return a job for each arm and each of five folds."""
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    jobs = []
    for part, (train, score) in enumerate(folds.split(np.zeros(len(table)), table.y)):
        own, stop = train_test_split(
            train, test_size=0.2, stratify=table.y[train], random_state=0
        )
        jobs += [
            Job(strategy(arm), np.sort(own), np.sort(stop), score, part, part)
            for arm in arms
        ]
    return jobs


def trial_seconds(table: Table, jobs: list[Job], name: str) -> float:
    """Return the seconds of a trial in this process, without a learning rate's cut."""
    settings = TrainingSettings(batch=BATCH, epochs=EPOCHS, patience=EPOCHS)
    start = time.perf_counter()
    list(NetworkLearner(name, settings).run(table, jobs))
    return time.perf_counter() - start


def loop_seconds(table: Table, jobs: list[Job], spec: NetworkSpec) -> float:
    """Return the seconds of one fit of the plain loop: build, compile, fit, predict.

    What a user writes: arrays, `class_weight`, early stopping that restores the
    best weights. The network is the arm's, embeddings included.
    """
    job = jobs[0]
    common = common_layout(table, spec)
    (part,) = encode_parts(table, [job], common)
    inputs = arrange(part.encode(), part.exact, part.exact)
    start = time.perf_counter()
    several = table.task.kind == "multiclass"
    width = table.task.width
    model = keras_network(spec, inputs.dense.shape[1], part.exact.knots, width)
    x = [inputs.dense, inputs.positions] if spec.number_width else inputs.dense
    take = (lambda r: [v[r] for v in x]) if spec.number_width else (lambda r: x[r])
    model.compile(
        keras.optimizers.Adam(spec.learning_rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        if several
        else keras.losses.BinaryCrossentropy(from_logits=True),
    )
    counts = np.bincount(table.y[job.train_rows])
    model.fit(
        take(job.train_rows),
        table.y[job.train_rows],
        batch_size=BATCH,
        epochs=EPOCHS,
        verbose=0,
        class_weight=dict(enumerate(counts.sum() / (len(counts) * counts))),
        validation_data=(take(job.stop_rows), table.y[job.stop_rows]),
        callbacks=[
            keras.callbacks.EarlyStopping(patience=EPOCHS, restore_best_weights=True)
        ],
    )
    model.predict(take(job.scored_rows), batch_size=1024, verbose=0)
    return (time.perf_counter() - start) * spec.copies


class Embedding(keras.layers.Layer):
    """Piecewise-linear embedding, as Keras users write it: encode, then a product."""

    def __init__(self, knots: int, numbers: int, width: int) -> None:
        super().__init__()
        self.kernel = self.add_weight(
            shape=(numbers, knots, width), initializer="glorot_uniform"
        )
        self.knots = knots

    def call(self, positions):
        """Return the embedding, `[rows, numbers, width]`."""
        grid = keras.ops.arange(self.knots, dtype="float32")
        encoding = keras.ops.clip(positions[..., None] - grid, 0.0, 1.0)
        return keras.ops.einsum("bjk,jkw->bjw", encoding, self.kernel)


def keras_network(
    spec: NetworkSpec, columns: int, knots: tuple[int, ...], width: int = 1
):
    """Return the plain Keras form of a network on dense columns and positions."""
    dense = keras.Input((columns,))
    inputs, h = [dense], dense
    if spec.number_width:
        positions = keras.Input((len(knots),))
        wide = Embedding(max(knots), len(knots), spec.number_width)(positions)
        h = keras.layers.Concatenate()([dense, keras.layers.Flatten()(wide)])
        inputs.append(positions)
    for units in spec.hidden:
        h = keras.layers.Dense(units, "relu")(h)
        if spec.dropout:
            h = keras.layers.Dropout(spec.dropout)(h)
    return keras.Model(inputs, keras.layers.Dense(width)(h))


def compare(name: str, table: Table, arms: tuple[str, ...], rounds: int) -> float:
    """Print and return how many times faster the trial is than the loop.

    Others share the machine, so a trial and two fits of the loop are taken in turn,
    and the median of the rounds' ratios counts.
    """
    jobs = made_jobs(table, arms)
    trials, fits = [], []
    for _ in range(rounds):
        program.cache_clear()  # each trial is compiled anew
        trials.append(trial_seconds(table, jobs, name))
        fits.append([loop_seconds(table, jobs, network(name)) for _ in range(2)])
    each = np.mean(fits, axis=1)
    print(
        f"{name}: {len(jobs)} fits as one program {statistics.median(trials):.2f} s, "
        f"compilation included; a loop of keras.Model.fit "
        f"{statistics.median(each) * len(jobs):.1f} s, extrapolated from "
        f"{np.size(fits)} fits of {statistics.median(each):.2f} s (medians)"
    )
    return statistics.median(each * len(jobs) / trials)


def seconds_of(call: Callable[[], object]) -> float:
    """Return the seconds of a call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


MEMBERS, NUMBERS, WIDTH, STEPS = 16, 30, 16, 4
WIDE = NUMBERS + NUMBERS * WIDTH


def normal(random: np.random.Generator, *shape: int):
    """Return small normal numbers."""
    return tf.constant(random.normal(0, 0.05, shape).astype("float32"))


def made_steps(batch: int, precision: str = "float32") -> Callable[[], None]:
    """Return a call that makes a few of the engine's own steps.

    16 members, 30 features embedded in 16, two layers of 256, Adam, examples gathered
    from 20,000 rows.
    """
    members, numbers, knots, width, rows = MEMBERS, NUMBERS, 49, WIDTH, 20_000
    spec = NetworkSpec("step", hidden=(256, 256), number_width=width)
    random = np.random.default_rng(0)
    shapes = (
        ("steps", (numbers, knots, width)),
        *(("kernel_0", (WIDE, 256)), ("bias_0", (256,))),
        *(("kernel_1", (256, 256)), ("bias_1", (256,))),
        *(("kernel_2", (256, 1)), ("bias_2", (1,))),
    )

    weights = {name: normal(random, members, *size) for name, size in shapes}
    zeros = {name: tf.zeros_like(value) for name, value in weights.items()}
    state = {"weights": weights, "m": dict(zeros), "v": dict(zeros)}
    position = random.uniform(0, knots - 1, (rows, numbers)).astype("float32")
    data = {
        "numbers": normal(random, rows, numbers),
        "positions": tf.constant(position),
        "codes": tf.zeros((rows, 0), tf.uint8),
        "targets": tf.cast(normal(random, rows) > 0.08, tf.float32),
    }
    index = random.integers(0, rows, (STEPS, members, batch)).astype("int32")
    draws = {
        "index": tf.constant(index),
        "rates": tf.fill([STEPS], 1e-3),
        "first": tf.constant(0),
    }
    columns = {
        "negative": tf.ones(members),
        "positive": tf.ones(members),
        "stream": tf.ones((members, 2), tf.uint32),
        "bounds": tf.constant([0, members]),
        "warm": tf.constant([False]),
        "options": ((),),
    }
    families = (Family("cross_entropy"),)
    own = program(
        Signature(
            *(spec, shapes, (numbers, numbers), (), families, False, "float32"),
            precision=precision,
        )
    )

    def whole() -> None:
        state.update(own.epoch(state, data, draws, columns))

    return whole


def step_rate(batch: int, repeats: int) -> float:
    """Return the bare products' seconds over a whole step's.

    The products are the forward and the two backward ones of each layer of
    `made_steps`, each on tensors that lie ready.

    Others share the machine, so both are taken in turn, a few steps long, and the
    median of the ratios of neighbours counts.
    """
    random = np.random.default_rng(0)
    whole = made_steps(batch)
    pairs = [(WIDE, 256), (256, 256), (256, 1)]
    x = [normal(random, MEMBERS, batch, a) for a, _ in pairs]
    w = [normal(random, MEMBERS, a, b) for a, b in pairs]
    g = [normal(random, MEMBERS, batch, b) for _, b in pairs]

    @tf.function(autograph=False)
    def products():
        return [
            part
            for a, b, c in zip(x, w, g, strict=True)
            for part in (
                tf.matmul(a, b),
                tf.matmul(a, c, transpose_a=True),
                tf.matmul(c, b, transpose_b=True),
            )
        ]

    def bare() -> None:
        for _ in range(STEPS):
            products()

    bare(), whole()
    found = [(seconds_of(bare), seconds_of(whole)) for _ in range(repeats)]
    least = np.min(found, axis=0) / STEPS * 1e3
    print(
        f"step of 16 members at batch {batch}: bare products {least[0]:.1f} ms, whole "
        f"step {least[1]:.1f} ms, at best of {repeats}"
    )
    return statistics.median(one / other for one, other in found)


def bfloat16_units() -> list[str]:
    """Return the names of the processor's units for bfloat16, as Linux tells them."""
    facts = Path("/proc/cpuinfo")
    words = set(facts.read_text().split()) if facts.exists() else set()
    return sorted(words & {"amx_bf16", "avx512_bf16"})


def bfloat16_rate(batch: int, repeats: int) -> float:
    """Return the seconds of a step in float32 over those with products in bfloat16.

    Taken in turn, as in `step_rate`. It is below 1 on a processor without units.
    """
    usual, other = made_steps(batch), made_steps(batch, "bfloat16")
    usual(), other()
    seconds = [(seconds_of(usual), seconds_of(other)) for _ in range(repeats)]
    least = np.min(seconds, axis=0) / STEPS * 1e3
    units = ", ".join(bfloat16_units()) or "none"
    print(
        f"step of 16 members at batch {batch}: float32 {least[0]:.1f} ms, products in "
        f"bfloat16 {least[1]:.1f} ms, at best of {repeats}; units for bfloat16: {units}"
    )
    return statistics.median(one / two for one, two in seconds)


def seconds_to_most(table: Table, name: str) -> None:
    """Print how long `plain` takes to 95 % of its final average precision.

    A run of few epochs is the beginning of a longer one, so each is run anew, on
    compiled programs, and its seconds are from its start.
    """
    jobs = made_jobs(table, ("plain",))
    found = []
    for epochs in (1, 1, 2, 4, 8, 16, 32, 64):
        settings = TrainingSettings(batch=BATCH, epochs=epochs)
        start = time.perf_counter()
        outcomes = list(NetworkLearner(name, settings).run(table, jobs))
        seconds = time.perf_counter() - start
        precision = np.mean(
            [
                average_precision_score(table.y[o.job.scored_rows], o.log_odds)
                for o in outcomes
            ]
        )
        found.append((epochs, seconds, float(precision)))
    final = found[-1][2]
    epochs, seconds, precision = next(e for e in found[1:] if e[2] >= 0.95 * final)
    print(
        f"{name}: 5 folds reach AP {precision:.3f}, 95 % of the final {final:.3f}, in "
        f"{seconds:.2f} s ({epochs} epochs)"
    )


def main() -> None:
    """Run all measurements and print their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--classes", type=int, default=2, help="logits per row")
    asked = parser.parse_args()
    quick = asked.quick
    if asked.classes > 2:
        several = compare("small", made_table(classes=asked.classes), ARMS, 3)
        print(f"ratio small_trial_classes {several:.1f} bar 25")
        return
    table = made_table()
    small = compare("small", table, ARMS, 3)
    print(f"ratio small_trial {small:.1f} bar 25")
    repeats = 5 if quick else 30
    print(f"ratio step_256 {step_rate(256, repeats):.2f} bar 0.4")
    print(f"ratio step_1024 {step_rate(1024, repeats):.2f} bar 0.6")
    print(f"ratio step_bf16 {bfloat16_rate(1024, repeats):.2f} bar 2.0")
    if quick:
        return
    default = compare("default", table, ARMS[:3], 2)
    print(f"ratio default_trial {default:.1f}")
    for name in ("small", "default"):
        seconds_to_most(table, name)


if __name__ == "__main__":
    main()
