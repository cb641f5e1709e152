# SPDX-License-Identifier: Apache-2.0
"""The figures of a report, drawn from its summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from equipoise._core.numerals import exact
from equipoise.metrics.registry import METRICS
from equipoise.report.canvas import (
    GRID,
    MARKERS,
    MUTED,
    SERIES,
    SIZE,
    STYLES,
    axes,
    to_svg,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Summary = Mapping[str, Any]


def figures(summary: Summary) -> dict[str, str]:
    """Draw every figure of a report.

    Args:
        summary: What `Trial.summary()` gives.

    Returns:
        By name, SVG for a page: "precision_recall", "roc", "calibration" and, if the
        trial holds a sweep of weights, "sweep_decisions" and "sweep_ranking".
    """
    pictures = {
        "precision_recall": precision_recall(summary),
        "roc": roc(summary),
        "calibration": calibration(summary),
    }
    if summary["sweep"] is not None:
        pictures["sweep_decisions"] = sweep_decisions(summary["sweep"])
        pictures["sweep_ranking"] = sweep_ranking(summary["sweep"])
    return pictures


def precision_recall(summary: Summary) -> str:
    """Draw precision over recall, in steps, as average precision sums them."""
    figure, plot = axes()
    share = summary["data"]["prevalence"]
    plot.axhline(share, color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)))
    _curves(plot, summary, "precision_recall", step=True)
    plot.set(
        xlabel=METRICS["recall"].title,
        ylabel=METRICS["precision"].title,
        xlim=(0, 1.01),
        ylim=(0, 1.03),
    )
    return to_svg(figure, "pr")


def roc(summary: Summary) -> str:
    """Draw recall over the share of negatives that are flagged."""
    figure, plot = axes()
    plot.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)))
    _curves(plot, summary, "roc", step=False)
    plot.set(
        xlabel="False positive rate",
        ylabel=METRICS["recall"].title,
        xlim=(-0.01, 1),
        ylim=(0, 1.03),
    )
    return to_svg(figure, "roc")


def calibration(summary: Summary) -> str:
    """Draw the share of positives over the predicted probability, with intervals."""
    figure, plot = axes()
    data = summary["calibration"]
    if data["log"]:
        plot.set_xscale("log")
        plot.set_yscale("log")
        for axis in (plot.xaxis, plot.yaxis):
            axis.set_major_formatter(lambda value, _: exact(value))
    for k, line in enumerate(data["lines"]):
        below = [y - end for y, end in zip(line["y"], line["low"], strict=True)]
        above = [end - y for y, end in zip(line["y"], line["high"], strict=True)]
        plot.errorbar(
            line["x"],
            line["y"],
            yerr=[below, above],
            color=SERIES[k],
            linestyle=STYLES[k],
            marker=MARKERS[k],
            markersize=4.5,
            linewidth=1.4,
            elinewidth=1.0,
            zorder=4 - k,
        )
    # The diagonal spans what is drawn and does not stretch it.
    low, high = _limits(plot, data["log"])
    plot.plot(
        [low, high], [low, high], color=MUTED, linewidth=0.9, linestyle=(0, (1, 2))
    )
    plot.set(
        xlabel="Predicted probability",
        ylabel=data.get("title", "Share of positives"),
        xlim=(low, high),
        ylim=(low, high),
    )
    return to_svg(figure, "cal")


def sweep_decisions(data: Mapping[str, Any]) -> str:
    """Draw a weight's effect on decisions beside that of moving the threshold."""
    figure, plot = axes()
    weights = data["weights"]
    for k, metric in enumerate(("recall", "precision")):
        for style, source in (("solid", "weighted"), ("dashed", "moved")):
            plot.plot(
                weights,
                [_number(point[metric]) for point in data[source]],
                color=SERIES[k],
                linestyle=style,
                linewidth=1.6,
                marker=MARKERS[k] if style == "solid" else None,
                markersize=4,
            )
        _label(plot, metric, weights, data["weighted"], SERIES[k])
    plot.set(ylim=(0, 1.03), ylabel="Recall, precision")
    _weight_axis(plot, weights)
    return to_svg(figure, "swd")


def sweep_ranking(data: Mapping[str, Any]) -> str:
    """Draw average precision over the weight."""
    figure, plot = axes()
    weights = data["weights"]
    value, low, high = (
        [_number(row[i]) for row in data["average_precision"]] for i in range(3)
    )
    plot.fill_between(weights, low, high, color=SERIES[0], alpha=0.15, linewidth=0)
    plot.plot(weights, value, color=SERIES[0], linewidth=1.6, marker="o", markersize=4)
    plot.set(ylim=(0, 1.03), ylabel=METRICS["average_precision"].title)
    _weight_axis(plot, weights)
    return to_svg(figure, "swr")


def _label(
    plot: Axes,
    metric: str,
    weights: Sequence[float],
    points: Sequence[Mapping[str, float | None]],
    colour: str,
) -> None:
    """Write a line's name at its end, on the side that it does not come from."""
    last, before = points[-1][metric], points[-2][metric]
    if last is None:
        return
    rises = before is not None and last > before
    above = last < 0.93 if rises else last < 0.1
    plot.annotate(
        METRICS[metric].label,
        (weights[-1], last),
        textcoords="offset points",
        xytext=(0, 8 if above else -15),
        ha="right",
        color=colour,
        fontsize=SIZE,
    )


def _curves(plot: Axes, summary: Summary, kind: str, *, step: bool) -> None:
    """Draw the highlighted arms in colour, the chosen with its band, others grey."""
    shown = summary["highlighted"]
    style = "steps-pre" if step else "default"
    by_name = {curve["name"]: curve[kind] for curve in summary["curves"]}
    for name, line in by_name.items():
        if name not in shown:
            plot.plot(
                line["x"], line["y"], color=GRID, linewidth=1, drawstyle=style, zorder=1
            )
    for k, name in enumerate(shown):
        line = by_name[name]
        if k == 0:  # bands over each other are mud
            plot.fill_between(
                line["x"],
                line["low"],
                line["high"],
                step="pre" if step else None,
                color=SERIES[k],
                alpha=0.14,
                linewidth=0,
                zorder=2,
            )
        plot.plot(
            line["x"],
            line["y"],
            color=SERIES[k],
            linestyle=STYLES[k],
            linewidth=1.7,
            drawstyle=style,
            zorder=5 - k,
        )


def _limits(plot: Axes, log: bool) -> tuple[float, float]:
    if not log:
        return -0.02, 1.02
    low, high = plot.get_ylim()
    left, right = plot.get_xlim()
    return max(min(low, left), 1e-6), min(max(high, right), 1.2)


def _weight_axis(plot: Axes, weights: Sequence[float]) -> None:
    """Label a logarithmic axis with at most six of its own numbers."""
    plot.set_xscale("log")
    plot.set_xlabel("Weight of a positive in training")
    chosen = weights[:: max(1, -(-len(weights) // 6))]
    plot.set_xticks(chosen, [exact(w) for w in chosen], minor=False)
    plot.set_xticks([], minor=True)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
