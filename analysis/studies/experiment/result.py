"""In what shape does an experiment say what it found, so that pages, charts and `results.json` say the same?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.studies.experiment.contrasts import EFFECT
from analysis.studies.experiment.guardrails import COLUMNS
from analysis.studies.plain_rows import plain_rows
from analysis.studies.result import Effect, effects_frame

if TYPE_CHECKING:
    from analysis.inference.estimate import Scale
    from analysis.studies.segments.uplifted import Uplift

DESIGN = "ab_randomised"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentResult:
    """Effects of every experiment, the arms with their sizes, the guardrails, and what a reader should know besides.

    Parameters
    ----------
    effects : tuple of Effect
        Of each outcome and arm the plain difference, the adjusted one, both as relative effects, and what else the
        plan asked for; all customers first, then by segment.
    arms : DataFrame
        `experiment_id`, `arm`, `customers`, `expected_share`, `comparison`, `units` (what chance assigned: customers,
        clusters or time blocks), `exposed` (customers who met what the arm offers; null where not recorded).
    guardrails : DataFrame
        `experiment_id`, `arm`, `outcome`, `margin`, `worse`, `value`, `low`, `high`, `level`, `unit`, `verdict`.
    recommended : mapping of (experiment, arm) to bool
        False where a guardrail is breached or cannot be told; arms without a guardrail are absent: nothing was asked.
    frames : mapping of str to DataFrame
        Tables for charts, each with its `experiment_id`: `forest` and `tests` of segments (see `studies.segments`),
        `regions` and `paths` of a hold-out of regions (see `geo`), `strata` within which chance decided (`stratum`,
        `arm`, `customers`, `expected_share`; see `strata`); those there are.
    uplift : tuple of Uplift
        Who benefits most, where the plan asks to explore it; nothing is claimed from it.
    declaration : bool
        Whether it was read beside a declaration; without one every effect counts as declared.
    notes : tuple of str
    """

    effects: tuple[Effect, ...]
    arms: pd.DataFrame
    notes: tuple[str, ...]
    guardrails: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(COLUMNS)))
    recommended: Mapping[tuple[str, str], bool] = field(default_factory=lambda: MappingProxyType({}))
    frames: Mapping[str, pd.DataFrame] = field(default_factory=lambda: MappingProxyType({}))
    uplift: tuple[Uplift, ...] = ()
    declaration: bool = False

    def of(self, outcome: str, *, estimand: str = EFFECT, scale: Scale = "difference") -> tuple[Effect, ...]:
        """The effects on one outcome, the plain difference unless said otherwise: all customers, then by segment."""
        return tuple(
            effect
            for effect in self.effects
            if effect.outcome == outcome and effect.estimand == estimand and effect.scale == scale
        )

    @property
    def outcomes(self) -> tuple[str, ...]:
        """All outcomes, in the order of the plan."""
        return tuple(dict.fromkeys(effect.outcome for effect in self.effects))

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        told = {"arms": self.arms, "guardrails": self.guardrails, **self.frames}
        coverage: dict[str, Any] = {"experiments": {name: plain_rows(frame) for name, frame in told.items()}}
        if self.uplift:
            coverage["uplift"] = [part for one in self.uplift for part in one.to_parts()["coverage"]["uplift"]]
        return {"effects": [effect.to_dict() for effect in self.effects], "coverage": coverage}

    def to_frame(self) -> pd.DataFrame:
        """One row an effect, columns as in the contract."""
        return effects_frame(self.effects)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))
