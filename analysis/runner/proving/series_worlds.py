"""What do the fits of changed monthly series and panels say of made-up ones, and what is true of them?

Series and panels come from `series`, and no company stands behind them; here their answers are set down as records, so
that the same tallies serve them. Each series of a hazard is made with every correlation of neighbouring months, and
fitted the study's way and the usual ones. A panel's answer is that of synthetic difference-in-differences; beside it
stands a difference of differences of plain means, which has no interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from analysis.runner.proving.hazards import RHOS, Hazard
from analysis.runner.proving.records import DEFAULT, RECORD, Asked, Records
from analysis.runner.proving.series import panel_records, series_records
from analysis.synthetic.monthly_series import PanelWorld

OURS = "reml_averaged"
PLAIN = "plain_means"
LEVEL, SLOPE = 2.0, 0.1
"""The true effects on each series, in standard deviations of a month's error."""
SERIES = "series_"
PANELS: Mapping[str, PanelWorld] = MappingProxyType(
    {
        "panel_none": PanelWorld(donors=30, tilt=0.0),
        "panel_effect": PanelWorld(donors=40, treated=(4,), effect=2.0, tilt=0.0),
        "panel_unlike": PanelWorld(donors=30, treated=(3,)),
        "panel_few": PanelWorld(donors=10, effect=2.0, tilt=0.0),
    }
)
_NORMAL = 1.959963984540054


def proved_worlds(hazard: Hazard, seeds: Iterable[int], asked: Asked) -> Records:
    """The records of some series, or panels, of one hazard; through files there are none."""
    if asked.files:
        return Records.of([])
    numbers = list(seeds)
    found = _series(hazard, numbers) if hazard.name.startswith(SERIES) else _panels(hazard, numbers)
    if not asked.forbidden:
        found = found[found["estimator"] == DEFAULT]
    return Records.of([{"effects": found[list(RECORD)].reset_index(drop=True)}])


def _series(hazard: Hazard, seeds: list[int]) -> pd.DataFrame:
    months = int(hazard.name.removeprefix(SERIES))
    parts = []
    for rho in RHOS:
        found = series_records(seeds, months, rho, level=LEVEL, slope=SLOPE)
        parts.append(found.assign(estimand=found["effect"] + f"_difference:rho={rho:g}"))
    told = pd.concat(parts, ignore_index=True)
    told["estimator"] = told["method"].where(told["method"] != OURS, DEFAULT)
    half = (told["high"] - told["low"]) / 2
    return _records(hazard, told.assign(se=half / _NORMAL, customers=months, n_treated=months - months // 2))


def _panels(hazard: Hazard, seeds: list[int]) -> pd.DataFrame:
    world = PANELS[hazard.name]
    found = panel_records(seeds, world).rename(columns={"effect": "truth", "treated": "n_treated"})
    found = found.assign(customers=world.donors + sum(world.treated), estimand="level_difference")
    found = found.assign(se=(found["high"] - found["low"]) / 2 / _NORMAL)
    plain = found.assign(value=found["plain"], low=np.nan, high=np.nan, se=np.nan)
    return pd.concat([_records(hazard, found.assign(estimator=DEFAULT)), _records(hazard, plain, PLAIN)])


def _records(hazard: Hazard, found: pd.DataFrame, estimator: str | None = None) -> pd.DataFrame:
    told = found if estimator is None else found.assign(estimator=estimator)
    return told.assign(hazard=hazard.name, grade="D")
