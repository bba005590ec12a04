"""What did something change that was given to some regions and held out from others?

Regions are few, so that their customers cannot be compared as if each had been assigned alone: a region is held against
others that ran beside it before. What the held-out regions lost is what the others gained. The table of regions is left
to `geo_panel`, how one arm is compared to `geo_contrast`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.foundation.errors import TouchstoneError
from analysis.studies.experiment.control import control_arm
from analysis.studies.experiment.geo_contrast import Contrast
from analysis.studies.experiment.geo_panel import RegionPanel, panel_of, regions_of
from analysis.studies.result import Check, Effect, effects_frame

if TYPE_CHECKING:
    import pandas as pd

    from analysis.tables.load import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOut:
    """What holding out regions showed.

    Parameters
    ----------
    effects : tuple of Effect
        Per customer over the window after the start, for each outcome and arm.
    regions : DataFrame
        `outcome`, `arm`, `region`, `role` (held against others, donor), `customers`, `weight`.
    paths : DataFrame
        `outcome`, `arm`, `period` (the first after the start is 0), `starts_on`, `regions` (mean per customer and
        period of the smaller group), `expected` (where the others would have taken it), `unit`.
    notes : tuple of str
    """

    effects: tuple[Effect, ...]
    regions: pd.DataFrame
    paths: pd.DataFrame
    notes: tuple[str, ...]

    def of(self, outcome: str) -> tuple[Effect, ...]:
        """The effects on one outcome, by arm."""
        return tuple(effect for effect in self.effects if effect.outcome == outcome)

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {"effects": [effect.to_dict() for effect in self.effects]}

    def to_frame(self) -> pd.DataFrame:
        """One row an effect, columns as in the contract."""
        return effects_frame(self.effects)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def hold_out(
    tables: Tables,
    experiment: str,
    outcomes: Sequence[str],
    *,
    control: str | None = None,
    level: float = 0.95,
    window_days: int = 84,
    besides: tuple[Check, ...] = (),
) -> HoldOut:
    """What did each arm change in regions, against those that were held out?

    Parameters
    ----------
    tables : Tables
        With `assignments`, whose `cluster_id` is the region, and the events behind the outcomes.
    experiment : str
    outcomes : sequence of str
        Of orders, revenue, margin, issues and support_cost.
    control : str, optional
        The arm that was held out; by default the one called `control` or `holdout`.
    level : float
    window_days : int
        Whole periods of 28 days in it are counted, or one where it is shorter.
    besides : tuple of Check
        Gates that every effect carries besides its own.

    Returns
    -------
    HoldOut

    Raises
    ------
    DesignError
        If regions were not assigned as wholes and on one day, or no comparison arm can be told.
    UnknownName
        If the comparison arm named does not exist.

    Assumes
    -------
    Regions do not touch one another: customers of one are not moved by what is done in another. In 360 made-up
    hold-outs of 1 of 27 or 4 of 30 regions, with 8 periods before and a trend of its own for each, the 95 % interval of
    the weighted regions held the truth in 93 %.
    """
    import pandas as pd

    regions = regions_of(tables, experiment)
    arms = sorted(set(regions.arms))
    held = control_arm(arms, control, experiment)
    effects: list[Effect] = []
    shown: list[dict[str, Any]] = []
    paths: list[dict[str, Any]] = []
    notes: list[str] = []
    for outcome in outcomes:
        try:
            panel: RegionPanel | str = panel_of(tables, experiment, regions, outcome, window_days=window_days)
        except TouchstoneError as error:
            panel = str(error)
            notes.append(panel)
        for arm in arms:
            if arm != held:
                one = Contrast(regions, panel, arm, held, outcome, level, besides)
                effects.append(one.effect())
                shown += one.regions_shown()
                paths += one.paths()
    of_regions = ["outcome", "arm", "region", "role", "customers", "weight"]
    of_paths = ["outcome", "arm", "period", "starts_on", "regions", "expected", "unit"]
    return HoldOut(
        effects=tuple(effects),
        regions=pd.DataFrame(shown, columns=of_regions),
        paths=pd.DataFrame(paths, columns=of_paths),
        notes=tuple(notes),
    )
