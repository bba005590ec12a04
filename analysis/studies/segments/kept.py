"""Did what was said of segments hold, in a world whose truth is known?

One world at a time: how many claims were made and how many of them are false, how many were found by looking and how
many of those are false or carry an interval that leaves out their truth, and how many pooled intervals leave it out.
Over many worlds `promised` sets their shares against what `settled` promises. Making worlds is left to others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.inference.estimate import NO_EFFECT
from analysis.studies.segments.segmented import Segmented

Place = tuple[str, str, str, str]
"""Outcome, treated group, attribute and segment, as the forest names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What came of one world.

    Parameters
    ----------
    claims, false_claims : int
        Segments named beforehand of which something was claimed; those of them without an effect, or with one of the
        other sign.
    selected, false_discoveries, missed : int
        Segments found by looking; those without an effect, or with one of the other sign; those whose widened interval
        leaves out the truth.
    pooled, pooled_missed : int
        Segments with a pooled effect, and those whose pooled interval leaves out the truth.
    """

    claims: int
    false_claims: int
    selected: int
    false_discoveries: int
    missed: int
    pooled: int
    pooled_missed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share over worlds, with its Monte Carlo error and what was promised."""

    name: str
    value: float
    error: float
    most: float
    worlds: int

    @property
    def holds(self) -> bool:
        """Whether the promise is kept, up to 2.58 Monte Carlo errors of a share that is just kept."""
        at_the_limit = (self.most * (1 - self.most) / max(self.worlds, 1)) ** 0.5
        return bool(self.value <= self.most + 2.58 * max(self.error, at_the_limit))


def kept(segmented: Segmented, truth: Mapping[Place, float]) -> Kept:
    """Which of the things said are true?

    Parameters
    ----------
    segmented : Segmented
    truth : mapping of (outcome, treated, attribute, segment) to float
        The true effect on the scale of the forest (1 or 0 for none); of each segment that was told.

    Raises
    ------
    KeyError
        If a segment was told whose truth is not given.
    """
    rows = [row for row in segmented.forest.to_dict("records") if row["verdict"] not in ("whole", "refused")]
    real = [truth[row["outcome"], row["treated"], row["attribute"], row["segment"]] for row in rows]
    false = [_false(row["value"], true, NO_EFFECT[row["scale"]]) for row, true in zip(rows, real, strict=True)]
    claimed = [row["verdict"] == "claimed" for row in rows]
    selected = [row["verdict"] == "selected" for row in rows]
    outside = [not row["low"] <= true <= row["high"] for row, true in zip(rows, real, strict=True)]
    pooled = [(row, true) for row, true in zip(rows, real, strict=True) if not pd.isna(row["shrunk"])]
    return Kept(
        claims=sum(claimed),
        false_claims=int(np.logical_and(claimed, false).sum()),
        selected=sum(selected),
        false_discoveries=int(np.logical_and(selected, false).sum()),
        missed=int(np.logical_and(selected, outside).sum()),
        pooled=len(pooled),
        pooled_missed=sum(not row["shrunk_low"] <= true <= row["shrunk_high"] for row, true in pooled),
    )


def promised(worlds: Sequence[Kept], *, level: float = 0.95) -> tuple[Share, ...]:
    """Are the promises kept over many worlds?

    Returns
    -------
    tuple of Share
        `false_claims`: worlds with at least one false claim; `false_discoveries`: mean share of false ones among those
        selected (0 where none was); `false_coverage`: mean share of their intervals that miss; `pooled_misses`: mean
        share of pooled intervals that miss.

    Examples
    --------
    >>> world = Kept(claims=2, false_claims=0, selected=4, false_discoveries=1, missed=0, pooled=0, pooled_missed=0)
    >>> [(share.name, share.value) for share in promised([world])]
    [('false_claims', 0.0), ('false_discoveries', 0.25), ('false_coverage', 0.0), ('pooled_misses', 0.0)]
    """
    shares = {
        "false_claims": [float(one.false_claims > 0) for one in worlds],
        "false_discoveries": [one.false_discoveries / max(one.selected, 1) for one in worlds],
        "false_coverage": [one.missed / max(one.selected, 1) for one in worlds],
        "pooled_misses": [one.pooled_missed / one.pooled for one in worlds if one.pooled],
    }
    return tuple(_share(name, values, 1 - level) for name, values in shares.items())


def _share(name: str, values: Sequence[float], most: float) -> Share:
    n = len(values)
    error = float(np.std(values, ddof=1)) / n**0.5 if n > 1 else 0.0
    return Share(name=name, value=float(np.mean(values)) if n else 0.0, error=error, most=most, worlds=n)


def _false(value: float, truth: float, none: float) -> bool:
    return truth == none or (value - none) * (truth - none) < 0
