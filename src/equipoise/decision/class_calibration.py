# SPDX-License-Identifier: Apache-2.0
"""Fit a calibrator of several classes or labels, by the log loss on rows left out.

Three forms, each with one more kind of parameter: a temperature, a shift for each
class, a slope for each class. The parameters of a class are held back by a prior, and a
class of few rows has no slope of its own. A form is used only if it predicts rows that
are left out better than the simpler ones.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from equipoise._core.checks import one_of, sentence
from equipoise._core.types import AnyArray, FloatArray, IntArray
from equipoise.decision.calibration import fit_calibrator
from equipoise.decision.calibrator import Calibrator
from equipoise.decision.class_calibrator import (
    CLASS_METHODS,
    FARTHEST_LOG,
    ClassCalibrator,
    LabelCalibrator,
    Scale,
    relative,
)
from equipoise.decision.class_rows import (
    ClassRows,
    check_class_rows,
    check_parts,
    check_wide,
    class_parts,
)
from equipoise.decision.multinomial import ScalingPrior, fit_scaling
from equipoise.decision.newton import fit_logistic
from equipoise.errors import InputError
from equipoise.metrics.inputs import check_row_weights
from equipoise.priors import log_odds as to_log_odds
from equipoise.task import Task, check_task, label_matrix

FEWEST_ROWS = 20
"""A class or label of fewer rows has no slope of its own."""

MOST_CLASSES = 100
"""With more classes only the temperature is fitted."""

SLOPE_DEVIATION = 2.0
"""Standard deviation of the prior of the common slope around 1, if the scores are
logits."""

EFFECT_DEVIATION = 3.0
"""The same around 0, per standard deviation of the scores, if their unit is unknown."""

OWN_DEVIATION = 0.25
"""Of a class's own slope around the common one, as a share of its prior mean."""

SHIFT_DEVIATION = 0.5
"""Of a class's shift around 0: with 4 rows it is about half of what fits best."""

LEAST_SLOPE = 0.01

CLEARLY_BETTER = 0.5
"""A form with more parameters must lower the log loss on rows left out by so many
standard errors, beyond what stratified parts flatter it by. Simulated on exact logits
of 5 to 50 classes and 300 or 1,000 rows, the result then loses at most .002 nats per
row to leaving them alone; on logits that are too extreme or shifted it gains .05 to
.36."""

WITH_SHIFTS = ("shifts", "vector")
"""Forms in which a class has a shift of its own."""

ALLOWED_LOSS = 1.0
"""As in `calibration`: what a calibrator may lose to the base rates, in nats."""

ROUNDING = 1e-9


def fit_class_calibrator(
    task: Task,
    scores: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    exact: bool = True,
    weights: npt.ArrayLike | None = None,
    folds: npt.ArrayLike | None = None,
    method: str = "auto",
    seed: int = 0,
) -> Calibrator | ClassCalibrator | LabelCalibrator:
    """Fit a calibrator on scores that the model was not trained on.

    Several classes. With log-probabilities log p_k and base rates pi_k, class k gets
    the logit log pi_k + (a + d_k) log(p_k / pi_k) + b_k:

    - "none": nothing is changed.
    - "temperature": `a` alone (Guo et al. 2017, but around the base rates, so that
      `a` near 0 predicts the base rates).
    - "shifts": `a`, and b_k for each class that has rows.
    - "vector": also d_k for each class of 20 rows or more.
    - "auto": each form is fitted without each fold in turn and judged by its log
      loss there. A form is taken instead of a simpler one, and of leaving the logits
      as they are, if it gains more than half a standard error. Of what shifts gain,
      as much is taken off as stratified parts flatter them by: about half a nat to
      one per shift.

    `a` has a normal prior of mean 1 and standard deviation 2; d_k and b_k have mean 0
    and standard deviations .25 and .5, so the parameters of a class of few rows stay
    near 0. With n rows the targets are smoothed by one row of the base rates, and p
    becomes (n p + pi) / (n + 1). If the calibrator loses more than 1 nat in all to the
    base rates on rows left out, the result is the base rates.

    A class without rows takes no part in the fit. It has the common slope, no shift,
    and the base rate that the scores expect.

    If the unit of the scores is unknown (`exact=False`), log(p_k / pi_k) is replaced
    by the score less its mean over the classes and over the rows, `a` has mean 0 and
    standard deviation 3 per standard deviation of the scores, and "none" is no choice.

    Several labels: `fit_calibrator` for each, on the rows whose label is known. A
    label of fewer than 20 positives or negatives has the slope that fits all labels
    best, and a shift of its own that is held back.

    Args:
        task: What the scores are for.
        scores: `[rows, width]`, as in `Task.probability`.
        y: Targets as in `Table`: class numbers, or a label matrix.
        exact: Whether the scores are logits or log-odds up to estimation error.
        weights: `[rows]` row weights; w means w copies.
        folds: `[rows]` the fold of each row if the scores are out-of-fold; None:
            five parts of our own.
        method: For several classes one of `CLASS_METHODS`; else see `fit_calibrator`.
        seed: Of the parts, if there are no folds.

    Returns:
        A `Calibrator` if the task is binary, a `LabelCalibrator` if it has several
        labels, else a `ClassCalibrator`. Each has `apply`, which takes and returns
        `[..., width]`.

    Raises:
        InputError: The arrays do not fit the task, or the method is unknown.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y = rng.integers(0, 3, 600)
        >>> z = np.eye(3)[y] + rng.normal(size=(600, 3))
        >>> task = Task("multiclass", ("a", "b", "c"))
        >>> sharp = fit_class_calibrator(task, 3 * z, y)
        >>> sharp.method == "none", max(sharp.slopes) < 0.5
        (False, True)
    """
    if check_task(task).kind == "binary":
        column = check_wide(task, scores)[:, 0]
        return fit_calibrator(
            column, y, method=method, exact=exact, weights=weights, folds=folds
        )
    if task.kind == "multilabel":
        return _fit_labels(task, scores, y, method, exact, weights, folds)
    one_of(method, CLASS_METHODS, "method")
    rows = check_class_rows(task, scores, y, weights)
    parts = check_parts(folds, rows, seed)[rows.weights > 0]
    rows = rows.present()
    if method == "none" or np.count_nonzero(rows.totals) < 2:
        reason = "as asked" if method == "none" else "fewer than two classes have rows"
        return _described(ClassCalibrator(reason=reason), rows)
    if _all_constant(rows, parts, folds is not None):
        return _base_rates(rows, exact, "the scores do not vary")
    if np.unique(parts).size < 2:
        parts = class_parts(rows.y, seed)
    losses = _losses_left_out(rows, parts, _forms(method, rows, exact), exact)
    if method == "auto":
        form, reason = _choose(losses, rows.weights, _flattery(rows, parts, exact))
    else:
        form, reason = method, "as asked"
    lost = rows.weights @ (losses[form] - losses["base"])
    if lost > ALLOWED_LOSS:
        return _base_rates(
            rows,
            exact,
            f"{reason}; on rows left out it lost {lost:.2g} nats to the base rates, so "
            "the scores are not used",
        )
    return replace(_fit(form, rows, exact), reason=reason)


def _forms(method: str, rows: ClassRows, exact: bool) -> tuple[str, ...]:
    """Return the forms to try, from the simplest on."""
    if method != "auto":
        return (method,)
    forms = ["none"] if exact else []
    if rows.classes > MOST_CLASSES:
        return (*forms, "temperature")
    forms += ["temperature", "shifts"]
    if np.count_nonzero(rows.totals >= FEWEST_ROWS) > 1:
        forms.append("vector")
    return tuple(forms)


def _losses_left_out(
    rows: ClassRows, parts: IntArray, forms: tuple[str, ...], exact: bool
) -> dict[str, FloatArray]:
    """Return each row's log loss under forms that were fitted without its part."""
    losses = {form: np.empty(rows.y.size) for form in (*forms, "base")}
    for part in np.unique(parts):
        out = parts == part
        others, test = rows.where(~out), rows.where(out)
        for form in forms:
            losses[form][out] = _loss(_fit(form, others, exact), test)
        rates = base_rates(others.totals)
        losses["base"][out] = -np.log(rates)[test.y]
    return losses


def _choose(
    losses: dict[str, FloatArray], weights: FloatArray, flattery: float
) -> tuple[str, str]:
    """Return the form to use, and why.

    Args:
        losses: By form, `[rows]` log losses on rows left out.
        weights: `[rows]`.
        flattery: Nats by which the parts flatter a form that has shifts.
    """
    forms = [form for form in losses if form != "base"]
    best, gains = forms[0], ""
    for form in forms[1:]:
        gain, error = _gain(losses[best] - losses[form], weights)
        if form in WITH_SHIFTS and best not in WITH_SHIFTS:
            gain -= flattery
        if gain > CLEARLY_BETTER * error:
            best, gains = form, f"{gain:.2g} nats better than {best!r}"
    if best == "none":
        return best, "no other form is clearly better on rows left out"
    why = f"on rows left out it is {gains}" if gains else "the simplest form is enough"
    return best, why


def _flattery(rows: ClassRows, parts: IntArray, exact: bool) -> float:
    """Return by how many nats stratified parts flatter the shifts of the classes.

    A sample has more or fewer rows of a class than the scores expect, by chance, and a
    shift follows it. If the parts are stratified, the rows left out have the same
    excess, so they cannot show that the shift is noise. What it seems to gain there is
    the number of shifts, each counted by the share that the prior lets through
    (v / (v + 1 / deviation^2), with v the information that the rows have on it). Parts
    made at random show it; by the spread of the class totals over the parts we tell how
    far they are stratified.
    """
    scores = _fit("temperature", rows, exact).apply(rows.scores)
    p = np.exp(relative(scores, "log_probability"))
    counted = (rows.weights @ (p * (1 - p)))[rows.totals > 0]
    free = float((counted / (counted + SHIFT_DEVIATION**-2)).sum())
    return free * _stratified(rows, parts)


def _stratified(rows: ClassRows, parts: IntArray) -> float:
    """Return 1 if class totals are as even over the parts as can be, 0 if by chance."""
    numbers, column = np.unique(parts, return_inverse=True)
    counts = np.zeros((rows.classes, numbers.size))
    np.add.at(counts, (rows.y, column), 1.0)
    counts = counts[counts.any(axis=1)]
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    free = (counts.shape[0] - 1) * (numbers.size - 1)
    chi_square = float(((counts - expected) ** 2 / expected).sum())
    return max(0.0, 1.0 - chi_square / free)


def _gain(saved: FloatArray, weights: FloatArray) -> tuple[float, float]:
    """Return the sum over the rows and its standard error."""
    mean = float(np.average(saved, weights=weights))
    return float(weights @ saved), float(np.sqrt((weights**2) @ (saved - mean) ** 2))


def _loss(calibrator: ClassCalibrator, rows: ClassRows) -> FloatArray:
    log_p = relative(calibrator.apply(rows.scores), "log_probability")
    return -log_p[np.arange(rows.y.size), rows.y]


def _fit(form: str, rows: ClassRows, exact: bool) -> ClassCalibrator:
    """Fit one form."""
    if form == "none":
        return _described(ClassCalibrator(), rows)
    totals, size = rows.totals, float(rows.weights.sum())
    rates = _rates(rows, exact)
    scale: Scale = "log_probability" if exact else "centred"
    raw = relative(rows.scores, scale)
    centre = np.log(rates) if exact else np.average(raw, axis=0, weights=rows.weights)
    x = raw - centre
    spread = 1.0 if exact else _spread(x, rows.weights)
    # A class without rows takes no part in the fit: it has the common slope.
    present = np.flatnonzero(totals)
    count = present.size
    some, none = totals[present] >= FEWEST_ROWS, np.zeros(count, np.bool_)
    within = rates[present] / rates[present].sum()
    fit = fit_scaling(
        x[:, present] / spread,
        np.searchsorted(present, rows.y),
        rows.weights,
        np.log(within),
        (size * np.eye(count) + within) / (size + 1),
        ScalingPrior(
            slope_mean=1.0 if exact else 0.0,
            slope_precision=(SLOPE_DEVIATION if exact else EFFECT_DEVIATION) ** -2,
            own_slope=some if form == "vector" else none,
            own_precision=OWN_DEVIATION**-2,
            shift=~none if form in ("shifts", "vector") else none,
            shift_precision=SHIFT_DEVIATION**-2,
        ),
    )
    slopes, shifts = np.full(totals.size, fit.common), np.zeros(totals.size)
    slopes[present], shifts[present] = fit.slopes, fit.shifts
    slopes = np.maximum(slopes, LEAST_SLOPE) / spread
    shifts += np.log(rates) - slopes * centre
    built = ClassCalibrator(
        form,  # type: ignore[arg-type]  # one of CLASS_METHODS
        slopes=tuple(slopes.tolist()),
        shifts=tuple(shifts.tolist()),
        scale=scale,
        smoothing=1 / (1 + size),
        base_rates=tuple(rates.tolist()),
    )
    return _described(built, rows)


def _base_rates(rows: ClassRows, exact: bool, reason: str) -> ClassCalibrator:
    """Return a calibrator that gives every row the base rates, nearly.

    Its slope only keeps the order: it moves the logits by a hundredth over all scores.
    """
    rates, size = _rates(rows, exact), float(rows.weights.sum())
    scale: Scale = "log_probability" if exact else "centred"
    raw = relative(rows.scores, scale)
    slope = LEAST_SLOPE / max(float(np.ptp(raw)), 1.0)
    shifts = np.log(rates) - slope * np.average(raw, axis=0, weights=rows.weights)
    built = ClassCalibrator(
        "temperature",
        slopes=(slope,) * rows.classes,
        shifts=tuple(shifts.tolist()),
        scale=scale,
        smoothing=1 / (1 + size),
        base_rates=tuple(rates.tolist()),
        reason=reason,
    )
    return _described(built, rows)


def _described(calibrator: ClassCalibrator, rows: ClassRows) -> ClassCalibrator:
    return replace(
        calibrator,
        rows=round(float(rows.weights.sum())),
        totals=tuple(round(total) for total in rows.totals.tolist()),
    )


def base_rates(totals: FloatArray, expected: FloatArray | None = None) -> FloatArray:
    """Return the share of each class.

    A class without rows counts as half a row, or as the rows that the scores expect if
    these are more: it is neither favoured nor ruled out.

    Args:
        totals: `[classes]`.
        expected: `[classes]` sums of probabilities.

    Example:
        >>> base_rates(np.array([1.5, 0.0])).tolist()
        [0.75, 0.25]
    """
    absent = np.full(totals.size, 0.5)
    if expected is not None:
        absent = np.maximum(absent, expected)
    counted = np.where(totals > 0, totals, absent)
    return np.asarray(counted / counted.sum())


def _rates(rows: ClassRows, exact: bool) -> FloatArray:
    if not exact or rows.totals.all():
        return base_rates(rows.totals)
    p = np.exp(relative(rows.scores, "log_probability"))
    return base_rates(rows.totals, rows.weights @ p)


def _all_constant(rows: ClassRows, parts: IntArray, by_fold: bool) -> bool:
    """Return whether all rows (of each fold) have the same scores."""
    z = relative(rows.scores, "centred")
    groups = [parts == part for part in np.unique(parts)] if by_fold else [...]
    size = ROUNDING * max(float(np.abs(z).max()), 1e-300)
    return all(bool((np.ptp(z[group], axis=0) <= size).all()) for group in groups)


def _spread(x: FloatArray, weights: FloatArray) -> float:
    return float(np.sqrt(np.average((x**2).mean(axis=1), weights=weights)))


# Labels


def _fit_labels(
    task: Task,
    scores: npt.ArrayLike,
    y: npt.ArrayLike,
    method: str,
    exact: bool,
    weights: npt.ArrayLike | None,
    folds: npt.ArrayLike | None,
) -> LabelCalibrator:
    z = check_wide(task, scores)
    labels = label_matrix(y)
    if labels.shape != z.shape:
        raise InputError(
            sentence(
                f"labels of shape {labels.shape} for scores of shape {z.shape}",
                "one label per score",
            )
        )
    w = check_row_weights(weights, (len(z),))
    parts = None if folds is None else np.asarray(folds)
    if parts is not None and parts.shape != (len(z),):
        raise InputError(
            sentence(f"folds of shape {parts.shape}", f"one per row, ({len(z)},)")
        )
    shared: float | None = None
    calibrators = []
    for j in range(task.width):
        rows = labels[:, j] >= 0
        column, of_it, weight = z[rows, j], labels[rows, j], w[rows]
        rarer = min(float(weight @ (of_it == 1)), float(weight @ (of_it == 0)))
        if rarer >= FEWEST_ROWS or method != "auto":
            calibrators.append(
                fit_calibrator(
                    column,
                    of_it,
                    method=method,
                    exact=exact,
                    weights=weight,
                    folds=None if parts is None else parts[rows],
                )
            )
            continue
        if shared is None:
            shared = _shared_slope(z, labels, w, exact)
        calibrators.append(_shrunk(column, of_it, weight, shared, exact))
    return LabelCalibrator(tuple(calibrators))


def _shared_slope(
    z: FloatArray, labels: AnyArray, weights: FloatArray, exact: bool
) -> float:
    """Return the slope around each label's base rate that fits all labels best."""
    columns, targets, offsets, counts = [], [], [], []
    for j in range(z.shape[1]):
        rows = (labels[:, j] >= 0) & (weights > 0)
        if not rows.any():
            continue
        column, base = (
            _finite(z[rows, j]),
            _base_log_odds(labels[rows, j], weights[rows]),
        )
        centre = base if exact else float(np.average(column, weights=weights[rows]))
        columns.append(column - centre)
        targets.append(labels[rows, j].astype(np.float64))
        offsets.append(np.full(column.size, base))
        counts.append(weights[rows])
    if not columns:
        return 1.0
    x, t, b, w = map(np.concatenate, (columns, targets, offsets, counts))
    spread = float(np.sqrt(np.average(x**2, weights=w)))
    if spread == 0:
        return 1.0
    size = float(w.sum())
    target = (size * t + np.average(t, weights=w)) / (size + 1)
    mean, deviation = (spread, SLOPE_DEVIATION * spread) if exact else (0.0, 3.0)
    fit = fit_logistic(
        (x / spread)[:, None], target, w, b, prior=([mean], [deviation**-2])
    )
    return max(float(fit.coefficients[0]), LEAST_SLOPE) / spread


def _shrunk(
    z: FloatArray, y: AnyArray, weights: FloatArray, slope: float, exact: bool
) -> Calibrator:
    """Return the shared slope with a shift that is held back."""
    rows = weights > 0
    if not rows.any():
        return Calibrator(reason="the label is known for no row")
    z, y, w = _finite(z[rows]), y[rows].astype(np.float64), weights[rows]
    base = _base_log_odds(y, w)
    centre = base if exact else float(np.average(z, weights=w))
    start = base - slope * centre
    shift = 0.0
    if (y == 1).any() and (y == 0).any():
        fit = fit_logistic(
            np.ones((z.size, 1)),
            y,
            w,
            slope * z + start,
            prior=([0.0], [SHIFT_DEVIATION**-2]),
        )
        shift = float(fit.coefficients[0])
    size, positives = float(w.sum()), float(w @ y)
    return Calibrator(
        "platt",
        slope=slope,
        intercept=start + shift,
        smoothing=1 / (1 + size),
        base_rate=float(1 / (1 + np.exp(-base))),
        rows=round(size),
        positives=round(positives),
        reason=f"{round(min(positives, size - positives))} rows of the rarer class are "
        "too few for a slope of its own: it has that of all labels",
    )


def _base_log_odds(y: AnyArray, weights: FloatArray) -> float:
    """Return the log-odds of the share of positives, with half a row of each class."""
    positives, size = float(weights @ (y == 1)), float(weights.sum())
    return float(to_log_odds((positives + 0.5) / (size + 1)))


def _finite(z: FloatArray) -> FloatArray:
    """Return log-odds with infinities as +-40, or the largest finite one if larger."""
    finite = np.abs(z[np.isfinite(z)])
    most = max(FARTHEST_LOG, float(finite.max()) if finite.size else 0.0)
    return np.clip(z, -most, most)
