"""In what shape are segments handed on, so that the forest plot, its table and `results.json` say the same?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.studies.plain_rows import plain_rows
from analysis.studies.result import Check, Effect, effects_frame

if TYPE_CHECKING:
    import pandas as pd

FOREST = (
    "design", "estimand", "treated", "comparison", "outcome", "attribute", "segment", "scale", "value", "low", "high",
    "level", "raw_low", "raw_high", "unit", "n_treated", "n_comparison", "weight", "p_value", "p_adjusted", "family",
    "declared", "maturity", "verdict", "shrunk", "shrunk_low", "shrunk_high", "grade", "reason",
)  # fmt: skip
TESTS = (
    "design", "estimand", "treated", "comparison", "outcome", "attribute", "scale", "segments", "declared", "p_value",
    "p_adjusted", "differ", "maturity", "spread", "whole", "weighted_mean", "reconciled",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmented:
    """A study's effects with all that segments need said of them.

    Parameters
    ----------
    effects : tuple of Effect
        As given and in that order; those of segments with their checks, the grade that is left and the claim that may
        be made. A selected one that nobody named carries its widened interval.
    checks : tuple of Check
        For each attribute and question: whether its segments differ, and whether they add up to all customers.
    forest : DataFrame
        A row for all customers and each segment of each question, on the scale judged: columns `FOREST`. `verdict` is
        `whole`, `claimed`, `not_apart`, `not_clear`, `selected`, `not_selected` or `refused`; `raw_low` and `raw_high`
        are the interval before any widening; `shrunk` the effect helped by the others, where there are six or more.
    tests : DataFrame
        A row for each attribute of each question: columns `TESTS`. `spread` is the standard deviation of the true
        effects that the segments suggest (of a ratio, of logarithms).
    notes : tuple of str
    """

    effects: tuple[Effect, ...]
    checks: tuple[Check, ...]
    forest: pd.DataFrame
    tests: pd.DataFrame
    notes: tuple[str, ...]

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {
            "effects": [effect.to_dict() for effect in self.effects],
            "coverage": {"segments": {"forest": plain_rows(self.forest), "tests": plain_rows(self.tests)}},
        }

    def to_frame(self) -> pd.DataFrame:
        """One row an effect, columns as in the contract."""
        return effects_frame(self.effects)

    def _repr_html_(self) -> str:
        return str(self.forest.to_html(index=False, escape=True))
