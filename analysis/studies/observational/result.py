"""In what shape does the observational study say what it found, so that pages and `results.json` say the same?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.inference.estimate import Scale
from analysis.studies.plain_rows import plain_rows
from analysis.studies.result import Effect, effects_frame

if TYPE_CHECKING:
    import pandas as pd

DESIGN, ESTIMAND, NAIVE = "ab_observational", "user_effect", "naive_user_gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationalResult:
    """Effects, the raw figures beside them, and the frames behind the charts.

    Parameters
    ----------
    effects : tuple of Effect
        For each outcome the difference and, where means are above zero, the ratio: all customers, then segments, then
        the raw gap between the groups.
    overlap : DataFrame
        `from`, `to`, `treated`, `comparison`, `left_out`: customers by likelihood of treatment.
    balance : DataFrame
        `covariate`, `value`, `before`, `after` (standard deviations), `judged`.
    beside : DataFrame
        `outcome`, `estimator` (doubly_robust, weighted, matched, raw), `value`, `low`, `high`, `unit`, `stands`,
        `reason`: every road to one difference beside the others.
    sensitivity : DataFrame
        As `hidden` describes it, one line an outcome and scale.
    placebos : DataFrame
        `placebo`, `observed`, `expected`, `value`, `low`, `high`, `reason`: differences where none can be.
    forest, tests : DataFrame
        Segments, one line each beside all customers, and whether those of an attribute differ: see `studies.segments`.
    sample : mapping of str to int
    strata : str
        What customers were alike in, in words.
    notes : tuple of str
    """

    effects: tuple[Effect, ...]
    overlap: pd.DataFrame
    balance: pd.DataFrame
    beside: pd.DataFrame
    sensitivity: pd.DataFrame
    placebos: pd.DataFrame
    forest: pd.DataFrame
    tests: pd.DataFrame
    sample: Mapping[str, int]
    strata: str
    notes: tuple[str, ...]

    def of(self, outcome: str, scale: Scale = "difference") -> tuple[Effect, ...]:
        """The effects on one outcome: all customers first, then by segment; never the raw gap."""
        return tuple(
            effect
            for effect in self.effects
            if effect.outcome == outcome and effect.scale == scale and not effect.naive
        )

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        frames = ("overlap", "balance", "beside", "sensitivity", "placebos", "forest", "tests")
        told: dict[str, Any] = {name: plain_rows(getattr(self, name)) for name in frames}
        return {
            "effects": [effect.to_dict() for effect in self.effects],
            "coverage": {"observational": told | {"sample": dict(self.sample), "strata": self.strata}},
        }

    def to_frame(self) -> pd.DataFrame:
        """One row an effect, columns as in the contract."""
        return effects_frame(self.effects)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))
