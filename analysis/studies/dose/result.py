"""In what shape do dose and mix say what they found, so that pages and `results.json` say the same?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.studies.plain_rows import plain_rows
from analysis.studies.result import Effect, effects_frame

if TYPE_CHECKING:
    import pandas as pd

DESIGN, ADJUSTED, NAIVE = "dose_and_mix", "dose_association", "naive_dose_gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseResult:
    """Associations, the frames behind the charts, and the account of who was studied.

    Parameters
    ----------
    effects : tuple of Effect
        For each outcome every dose against none and every mix against one other channel: the raw figure
        (`naive_dose_gap`, D), then the one among customers alike (`dose_association`, C or D), as difference and ratio.
    bands : DataFrame
        `by` (contacts, mix), `band`, `outcome`, `customers`, `rows`, `mean`, `raw`, `raw_low`, `raw_high`, `alike`,
        `alike_low`, `alike_high`, `unmatched` (share of rows), `unit`, `grade`, `reason`; the reference has no
        differences.
    life : DataFrame
        `year` of being a customer, `channel`, `contacts` of an average customer in that year.
    sample : mapping of str to int
    notes : tuple of str
        The first says why no order is credited to a channel.
    """

    effects: tuple[Effect, ...]
    bands: pd.DataFrame
    life: pd.DataFrame
    sample: Mapping[str, int]
    notes: tuple[str, ...]

    def of(self, outcome: str, estimand: str = ADJUSTED) -> tuple[Effect, ...]:
        """Differences in one outcome."""
        return tuple(
            effect
            for effect in self.effects
            if (effect.outcome, effect.estimand, effect.scale) == (outcome, estimand, "difference")
        )

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {
            "effects": [effect.to_dict() for effect in self.effects],
            "coverage": {
                "dose": {
                    "bands": plain_rows(self.bands),
                    "life": plain_rows(self.life),
                    "sample": dict(self.sample),
                    "notes": list(self.notes),
                }
            },
        }

    def to_frame(self) -> pd.DataFrame:
        """One row an association, columns as in the contract."""
        return effects_frame(self.effects)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))
