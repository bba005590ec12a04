"""How do the study, the raw and the forbidden estimators lie beside the truth, and how often is it covered? One figure.

Left, by hazard, the mean of estimate over truth with its 2.5 and 97.5 % band; right the coverage of the 95 % interval
of the default study with the band that chance allows. Drawn from cells alone; always the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analysis.runner.proving.proof import Proof
from analysis.runner.proving.records import DEFAULT
from analysis.runner.proving.tallies import Cell

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN: Mapping[str, str] = {
    DEFAULT: "the study",
    "before_after": "raw: after / before",
    "user_gap": "raw: users / others",
    "prior_order_strata": "strata on prior orders",
    "additive_did": "additive DiD",
    "low_band": "low spend band",
    "high_band": "high spend band",
}
"""Estimators in the picture, and what they are called there."""
_MARKS = {DEFAULT: "o", "before_after": "s", "user_gap": "D", "prior_order_strata": "^", "additive_did": "v",
          "low_band": "<", "high_band": ">"}  # fmt: skip
_TICKS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0)
_ROW_INCHES, _WIDTH_INCHES = 0.52, 10.0


def picture(proof: Proof) -> Figure:
    """The figure, for orders as a ratio in the channel study."""
    from matplotlib.figure import Figure

    from analysis.reporting.theme import COLOURS, INK, RULE, SHADE, SOFT, drawing

    cells = [cell for cell in proof.of("before_after") if cell.estimand == "orders_ratio" and cell.n]
    hazards = [name for name in proof.hazards if any(cell.hazard == name for cell in cells)]
    colours = {DEFAULT: COLOURS["contacted"], "before_after": COLOURS["naive"], "user_gap": COLOURS["naive"]}
    with drawing():
        figure = Figure(figsize=(_WIDTH_INCHES, 1.9 + _ROW_INCHES * len(hazards)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=[3, 1])
        shown = [name for name in SHOWN if any(cell.estimator == name for cell in cells)]
        for place, name in enumerate(shown):
            offset = (place - (len(shown) - 1) / 2) * 0.8 / max(len(shown), 1)
            _band(left, [cell for cell in cells if cell.estimator == name], hazards, offset, name,
                  colours.get(name, COLOURS["comparison"]))  # fmt: skip
        left.axvline(1.0, color=INK, linewidth=1)
        left.set_xscale("log")
        ends = [end for cell in cells if cell.estimator in SHOWN for end in (cell.spread_low, cell.spread_high)]
        left.set_xlim(min([0.9, *ends]) / 1.02, max([1.1, *ends]) * 1.02)
        ticks = [tick for tick in _TICKS if left.get_xlim()[0] <= tick <= left.get_xlim()[1]]
        left.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        left.minorticks_off()
        left.set_xlabel("estimate / truth, orders")
        main = [cell for cell in cells if cell.estimator == DEFAULT]
        _coverage(right, main, hazards, COLOURS["contacted"], SHADE)
        left.set_yticks(range(len(hazards)), hazards)
        left.set_ylim(len(hazards) - 0.4, -0.6)
        for row in range(1, len(hazards)):
            for axes in (left, right):
                axes.axhline(row - 0.5, color=RULE, linewidth=0.6, zorder=0)
        for axes in (left, right):
            axes.spines[["top", "right"]].set_visible(False)
            axes.tick_params(axis="y", length=0)
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
        figure.suptitle(_title(main), x=0.01, ha="left", fontsize=14, color=INK)
        left.set_title("Mean and middle 95 % of all companies", loc="left", fontsize=10, color=SOFT)
        right.set_title("Truth inside the 95 % interval", loc="left", fontsize=10, color=SOFT)
    return figure


def _title(cells: Sequence[Cell]) -> str:
    judged = [cell for cell in cells if "coverage" in cell.verdicts]
    missed = sum(not cell.verdicts["coverage"] for cell in judged)
    if missed:
        return (
            f"The study's intervals miss the truth too often, or too seldom, in {missed} of {len(judged)} sound kinds"
        )
    return "The study finds the truth where raw and forbidden estimators miss it"


def svg(figure: Figure) -> bytes:
    """The figure as SVG, without clock or version."""
    import matplotlib as mpl

    from analysis.reporting.theme import drawing

    held = io.BytesIO()
    with drawing(), mpl.rc_context({"svg.hashsalt": "touchstone", "svg.fonttype": "path"}):
        figure.savefig(held, format="svg", metadata={"Date": None, "Creator": None}, bbox_inches=None)
    return held.getvalue()


def _band(axes: Any, cells: Sequence[Cell], hazards: Sequence[str], offset: float, name: str, colour: str) -> None:
    rows = [hazards.index(cell.hazard) + offset for cell in cells]
    middle = [cell.middle for cell in cells]
    ends = [[m - cell.spread_low for m, cell in zip(middle, cells, strict=True)],
            [cell.spread_high - m for m, cell in zip(middle, cells, strict=True)]]  # fmt: skip
    own = name == DEFAULT
    look = {"markersize": 4, "linewidth": 1.2, "markerfacecolor": colour if own else "white"}
    axes.errorbar(middle, rows, xerr=ends, fmt=_MARKS[name], color=colour, label=SHOWN[name], **look)


def _coverage(axes: Any, cells: Sequence[Cell], hazards: Sequence[str], colour: str, shade: str) -> None:
    for cell in cells:
        row = hazards.index(cell.hazard)
        axes.fill_betweenx(
            [row - 0.42, row + 0.42], cell.accept_low, cell.accept_high, color=shade, zorder=0, linewidth=0
        )
        axes.plot(
            [max(cell.coverage, 0.7)], [row], marker="o" if cell.coverage >= 0.7 else "<", color=colour, markersize=5
        )
        if cell.coverage < 0.7:
            axes.annotate(f"{cell.coverage:.2f}", (0.715, row), va="center", fontsize=9)
    axes.axvline(0.95, color=colour, linewidth=0.8)
    axes.set_xlim(0.69, 1.005)
    axes.set_xticks([0.7, 0.8, 0.9, 0.95, 1.0], ["0.7", "0.8", "0.9", "", "1"])
    axes.set_xlabel("share of companies")
