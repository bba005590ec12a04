"""Made-up companies as panels of adoption, and small companies by hand: what the tests of adoption are fed with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from analysis.foundation.calendar import Month
from analysis.studies.adoption.panel import NEVER, AdoptionPanel, issue_months
from analysis.synthetic import roll_out
from analysis.synthetic.block import NO_INSTANT
from analysis.synthetic.clock import DAY_START, FIRST_MONTH, MONTH_DAY, N_MONTHS
from analysis.synthetic.lean import LeanLife

CENTS = 2


def of_lean(life: LeanLife) -> AdoptionPanel:
    """First contacts of a company of the first generator."""
    begin, end = FIRST_MONTH.number, FIRST_MONTH.plus(N_MONTHS - 1)
    came = life.first_contact != NO_INSTANT
    edges = DAY_START[MONTH_DAY]
    month = begin + np.searchsorted(edges, np.where(came, life.first_contact, edges[0]), side="right") - 1
    adopted = np.where(came, month, NEVER)
    rows, issues = issue_months(
        FIRST_MONTH,
        end,
        adopted,
        customer=life.issue_customer,
        month=begin + life.issue_month,
        product=life.customers.product[life.issue_customer],
        product_of_customer=life.customers.product,
    )
    return AdoptionPanel(
        begin=FIRST_MONTH,
        end=end,
        first=begin + life.customers.first_month,
        adopted=adopted,
        counted={"orders": life.bought["orders"].astype(np.int64), "issues": issues},
        issues=rows,
    )


def of_roll_out(life: roll_out.RollOutLife, *, money: bool = False) -> AdoptionPanel:
    """The waves of a company that rolls social care out."""
    begin = roll_out.FIRST_MONTH.number
    counted = {"orders": life.orders, "issues": life.issues}
    counted |= {name: life.money_cents(name) for name in ("revenue", "margin") if money}
    return AdoptionPanel(
        begin=roll_out.FIRST_MONTH,
        end=roll_out.FIRST_MONTH.plus(roll_out.N_MONTHS - 1),
        first=begin + life.first_month,
        adopted=np.where(life.wave == roll_out.NEVER, NEVER, begin + life.wave),
        counted=counted,
        digits={"revenue": CENTS, "margin": CENTS},
        fixed={"region": life.region, "product": life.product},
        labels={"region": roll_out.REGIONS, "product": roll_out.PRODUCTS},
        currency="EUR",
    )


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
