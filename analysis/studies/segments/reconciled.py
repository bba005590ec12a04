"""Do the segments add up to all customers, and do they point the same way?

Differences are weighed by the treated customers of each segment, ratios by what these would have had without the
treatment. In a comparison of like with like the mean so weighed is the effect on all customers, up to the chance that
mixed the groups a little differently. Where it lies outside the interval of the whole, the groups differ in what the
segments are: the reversal that Simpson made known. Shrunken effects are not claimed to add up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.inference.estimate import Estimate
from analysis.studies.result import Check, Verdict
from analysis.studies.segments.questions import Cell, names_of

NAME = "segments_reconcile"
_SAME = 1e-6
"""A ratio so near 1 says nothing of the total that it is a ratio of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """The weighted mean of an attribute's segments beside the effect on all customers.

    Parameters
    ----------
    check : Check
        `value` is the weighted mean; `low` and `high` the interval of all customers' effect.
    weights : tuple of float or None
        Of each segment given, adding up to 1; None where it has no effect to weigh.
    note : str, optional
        What a reader of the whole alone, or of the parts alone, would get wrong.
    """

    check: Check
    weights: tuple[float | None, ...]
    note: str | None = None


def reconciled(whole: Cell | None, parts: Sequence[Cell]) -> Reconciled:
    """Do these segments of one attribute add up to the effect on all customers?

    Parameters
    ----------
    whole : Cell, optional
        All customers.
    parts : sequence of Cell
        The segments that are shown.
    """
    names = names_of(parts[0].attribute)
    nothing = tuple(None for _ in parts)
    if whole is None or whole.stands.estimate is None:
        return Reconciled(
            check=_not_run(f"There is no effect on all customers to set the segments of {names} against."),
            weights=nothing,
        )
    scale = whole.stands.scale
    raw = [_mass(cell, scale) for cell in parts]
    pairs = [(mass, cell.ratio if scale == "ratio" else cell.difference) for mass, cell in zip(raw, parts, strict=True)]
    told = [(mass, estimate.value) for mass, estimate in pairs if mass is not None and estimate is not None]
    total = sum(mass for mass, _ in told)
    if not told or total <= 0:
        detail = f"The segments of {names} cannot be weighed: a ratio needs the difference beside it."
        return Reconciled(check=_not_run(detail), weights=nothing)
    weights = tuple(None if mass is None else mass / total for mass in raw)
    mean = sum(mass * value for mass, value in told) / total
    covered = sum(cell.sizes[0] for cell, mass in zip(parts, raw, strict=True) if mass is not None) / max(
        whole.sizes[0], 1
    )
    estimate = whole.ratio if scale == "ratio" else whole.difference
    assert estimate is not None
    return Reconciled(
        check=_judged(names, mean, covered, estimate), weights=weights, note=_turned(names, told, mean, estimate)
    )


def _mass(cell: Cell, scale: str) -> float | None:
    """What a segment weighs: its treated customers, or what these would have had without the treatment."""
    if scale == "difference":
        return float(cell.difference.n_treated) if cell.difference is not None else None
    if cell.ratio is None or cell.difference is None or abs(cell.ratio.value - 1) < _SAME:
        return None
    expected = cell.difference.n_treated * cell.difference.value / (cell.ratio.value - 1)
    return expected if expected > 0 and math.isfinite(expected) else None


def _judged(names: str, mean: float, covered: float, whole: Estimate) -> Check:
    weighed = "treated customers" if whole.scale == "difference" else "what was to be expected without the treatment"
    beside = f"{mean:.4g}, of all customers {whole.value:.4g} ({whole.low:.4g} to {whole.high:.4g})"
    verdict: Verdict = "passed" if whole.low <= mean <= whole.high else "failed"
    detail = f"The segments of {names}, weighed by {weighed}, come to {beside}."
    if covered < 0.995:
        verdict = "not_run"
        detail += f" They hold {covered * 100:.1f} % of the customers treated, so the two need not agree."
    elif verdict == "failed":
        detail += " The groups are made of different segments, so the effect on all customers mixes two things."
    return Check(name=NAME, verdict=verdict, detail=detail, value=mean, low=whole.low, high=whole.high)


def _turned(names: str, told: Sequence[tuple[float, float]], mean: float, whole: Estimate) -> str | None:
    """The note on a reversal: every segment on one side of no effect, all customers clearly on the other."""
    none = whole.no_effect
    if not whole.excludes_no_effect or len(told) < 2:
        return None
    side = 1 if whole.value > none else -1
    if any((value - none) * side >= 0 for _, value in told):
        return None
    return (
        f"All customers together point one way and every segment of {names} the other: the groups differ in their "
        "segments. Read the segments; the figure of all customers compares unlike groups."
    )


def _not_run(detail: str) -> Check:
    return Check(name=NAME, verdict="not_run", detail=detail)
