"""Draws the throughput at 64 connections: plot.py RESULTS.json PICTURE.svg. A program of its own, because it needs matplotlib."""

import json
import statistics
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as pyplot

# Read on white and on black alike, on a background that lets the page's own through.
TEXT, OTHERS, PRODUCT, SPREAD = "#7d8590", "#8c959f", "#e8710a", "#57606a"
WORK = ["users-read", "orders-read", "users-create", "orders-create", "customers", "orders-list", "mix"]


def main(raw, picture):
    with open(raw) as file:
        samples = [sample for sample in json.load(file)["samples"] if sample["connections"] == 64]
    shown = [work for work in WORK if any(sample["work"] == work for sample in samples)]
    pyplot.rcParams.update({
        "svg.fonttype": "none", "svg.hashsalt": "throughput", "font.family": "sans-serif", "font.size": 9,
        "text.color": TEXT, "xtick.color": TEXT, "ytick.color": TEXT, "axes.edgecolor": TEXT,
    })
    columns = min(2, len(shown)) or 1
    rows = -(-len(shown) // columns) or 1
    contenders = list(dict.fromkeys(sample["contender"] for sample in samples))
    figure, axes = pyplot.subplots(rows, columns, figsize=(9, 0.6 + rows * (0.5 + 0.2 * len(contenders))), squeeze=False)
    for axis, work in zip(axes.flat, shown):
        panel(axis, work, samples, contenders)
    for axis in axes.flat[len(shown):]:
        axis.axis("off")
    figure.suptitle("Requests in a second, 64 connections: median of the rounds, and their least and most", fontsize=10, color=TEXT)
    figure.tight_layout()
    figure.savefig(picture, transparent=True, metadata={"Date": None})


def panel(axis, work, samples, contenders):
    rates = {}
    for name in contenders:
        found = [s["requests"] / s["seconds"] for s in samples if (s["work"], s["contender"]) == (work, name)]
        if found:
            rates[name] = found
    names = sorted(rates, key=lambda name: statistics.median(rates[name]))
    medians = [statistics.median(rates[name]) for name in names]
    axis.barh(names, medians, height=0.7, color=[PRODUCT if name == "product" else OTHERS for name in names])
    axis.hlines(names, [min(rates[name]) for name in names], [max(rates[name]) for name in names], color=SPREAD, linewidth=1.5)
    for name, median in zip(names, medians):
        axis.annotate(f"{median:,.0f}", (max(rates[name]), name), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)
    axis.set_title(work, loc="left", fontsize=9, fontweight="bold", color=TEXT)
    axis.set_xlim(0, max(map(max, rates.values())) * 1.18)
    axis.xaxis.set_visible(False)
    axis.tick_params(length=0)
    axis.spines[["top", "right", "bottom"]].set_visible(False)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
