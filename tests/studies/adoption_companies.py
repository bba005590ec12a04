"""Made-up companies as panels of adoption, and small companies by hand: what the tests of adoption are fed with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from analysis.foundation.calendar import Month
from analysis.runner.proving.adoption_worlds import panel_of_contacts as of_lean
from analysis.runner.proving.adoption_worlds import panel_of_waves
from analysis.studies.adoption.panel import NEVER, AdoptionPanel
from analysis.synthetic import roll_out

__all__ = ["of_lean", "of_roll_out", "waves"]

CENTS = 2


def of_roll_out(life: roll_out.RollOutLife, *, money: bool = False) -> AdoptionPanel:
    """The waves of a company that rolls social care out; with money, as the tables hold it."""
    panel = panel_of_waves(life)
    if not money:
        return panel
    paid = {name: life.money_cents(name) for name in ("revenue", "margin")}
    return replace(panel, counted={**panel.counted, **paid}, digits=dict.fromkeys(paid, CENTS), currency="EUR")


def waves(
    orders: Sequence[Sequence[int]], adopted: Sequence[int], *, fixed: Mapping[str, Sequence[int]] | None = None
) -> AdoptionPanel:
    """A roll-out by hand: orders by month, and the month of the invitation, counted from 0; -1 for never."""
    begin = Month.of("2025-01")
    grid, wave = np.array(orders), np.array(adopted)
    return AdoptionPanel(
        begin=begin,
        end=begin.plus(grid.shape[1] - 1),
        first=np.full(len(grid), begin.number),
        adopted=np.where(wave < 0, NEVER, begin.number + wave),
        counted={"orders": grid},
        fixed={name: np.array(codes) for name, codes in (fixed or {}).items()},
        labels={name: tuple(str(code) for code in range(max(codes) + 1)) for name, codes in (fixed or {}).items()},
    )
