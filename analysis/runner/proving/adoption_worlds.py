"""What does the study of adoption say in one made-up company, and what is true there? Roll-outs, and first contacts.

In a company that invites its customers in waves, the effect of the invitation is known; the regression on customer and
month effects, which most reports would use, is run beside the study. First contacts are studied in the companies of the
first generator: there the study can only say how much harm of the problem is in its figure. Compared with everybody who
had not yet come to social, issue or none, the figure is farther off still; that comparison is forbidden, and shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.inference.staggered.cohort_sums import CohortSums
from analysis.inference.staggered.two_way import two_way_effect
from analysis.runner.proving.hazards import CONTACTS, Hazard
from analysis.runner.proving.records import DEFAULT, Asked, Records, Told, each
from analysis.studies.adoption.cells import Estimated, estimated
from analysis.studies.adoption.cohorts import cohorts_of
from analysis.studies.adoption.estimates import difference_of, ratio_of
from analysis.studies.adoption.panel import NEVER, AdoptionPanel, everybody_compared, issue_months
from analysis.studies.adoption.plan import AdoptionPlan
from analysis.studies.adoption.study import adoption_on
from analysis.synthetic import roll_out
from analysis.synthetic.block import NO_INSTANT
from analysis.synthetic.clock import DAY_START, FIRST_MONTH, MONTH_DAY, N_MONTHS
from analysis.synthetic.lean import LeanLife, lean_life, lean_truth
from analysis.synthetic.world import world_named

if TYPE_CHECKING:
    from analysis.studies.adoption.result import AdoptionResult

ROLLED = AdoptionPlan(outcomes=("orders", "issues"), roll_out=roll_out.EXPERIMENT, robust=False)
CONTACTED = AdoptionPlan(outcomes=("orders",), robust=False)
TWO_WAY, EVERYBODY = "two_way", "everybody_compared"
"""The forbidden estimators: the regression, and the comparison with customers who had no issue."""
UNIT = "orders per customer"
LEVEL = 0.95
_NOT_TREATED = 0


def proved_worlds(hazard: Hazard, seeds: Iterable[int], asked: Asked) -> Records:
    """The records of some companies of one hazard."""
    return each(proved_world, hazard, seeds, asked)


def proved_world(hazard: Hazard, seed: int, asked: Asked) -> dict[str, pd.DataFrame]:
    """The records of one company, as frames by name."""
    contacts = hazard.name.startswith(CONTACTS)
    plan = CONTACTED if contacts else ROLLED
    if asked.files:
        from analysis.runner.proving.through_files import adoption_through_files

        result, known = adoption_through_files(hazard, seed, asked.customers, plan)
        told = _told(hazard, seed, asked, known)
        _study(told, result)
        return told.frames()
    panel, known = _contacts(hazard, seed, asked.customers) if contacts else _waves(hazard, seed, asked.customers)
    told = _told(hazard, seed, asked, known)
    if asked.light:
        _light(told, panel, plan)
    else:
        _study(told, adoption_on(panel, plan))
    if asked.forbidden and contacts:
        _everybody(told, panel)
    elif asked.forbidden:
        told.effect(TWO_WAY, "orders_difference", regression(panel, "orders"))
    return told.frames()


def panel_of_waves(life: roll_out.RollOutLife) -> AdoptionPanel:
    """A company that rolls social care out, as the panel of its study."""
    begin = roll_out.FIRST_MONTH.number
    return AdoptionPanel(
        begin=roll_out.FIRST_MONTH,
        end=roll_out.FIRST_MONTH.plus(roll_out.N_MONTHS - 1),
        first=begin + life.first_month,
        adopted=np.where(life.wave == roll_out.NEVER, NEVER, begin + life.wave),
        counted={"orders": life.orders, "issues": life.issues},
        fixed={"region": life.region, "product": life.product},
        labels={"region": roll_out.REGIONS, "product": roll_out.PRODUCTS},
    )


def panel_of_contacts(life: LeanLife) -> AdoptionPanel:
    """A company of the first generator, lived in all months, as the panel of its first contacts on social."""
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


def regression(panel: AdoptionPanel, outcome: str) -> Estimate | None:
    """The coefficient of "is treated" beside customer and month effects, over as many months as the study's effect.

    Of customers who are there from the first month on, as such regressions are run.
    """
    begin, months = panel.begin.number, panel.end.number - panel.begin.number + 1
    there = np.flatnonzero(panel.first <= begin)
    cohort = np.where(panel.adopted > panel.end.number, _NOT_TREATED, np.maximum(panel.adopted - begin, 0) + 1)[there]
    sums = CohortSums.of(panel.counted[outcome][there], cohort, np.arange(1, months + 1), digits=0)
    found = two_way_effect(sums)
    after = ROLLED.after_months
    value, se = after * float(found.values[0]), after * float(found.se[0])
    treated = int((cohort != _NOT_TREATED).sum())
    return Estimate(
        name=outcome,
        value=value,
        low=value - 1.96 * se,
        high=value + 1.96 * se,
        level=LEVEL,
        se=se,
        scale="difference",
        unit=UNIT,
        n_treated=treated,
        n_comparison=len(cohort) - treated,
        method="two-way fixed effects",
    )


def _waves(hazard: Hazard, seed: int, customers: int) -> tuple[AdoptionPanel, Mapping[str, float]]:
    life = roll_out.roll_out_life(hazard.name, seed, customers)
    known = {f"{outcome}_{scale}": value for (scale, outcome), value in roll_out.truth(life).items()}
    return panel_of_waves(life), known


def _contacts(hazard: Hazard, seed: int, customers: int) -> tuple[AdoptionPanel, Mapping[str, float]]:
    """Nothing has an effect in most of these; else the truth is that of the index issues of the same company."""
    life = lean_life(world_named(hazard.name.removeprefix(CONTACTS)), seed, customers, everywhere=True)
    true = 1.0 if hazard.null else lean_truth(life)["ratio", "orders", "all"]
    return panel_of_contacts(life), {"orders_ratio": true}


def _told(hazard: Hazard, seed: int, asked: Asked, known: Mapping[str, float]) -> Told:
    return Told(hazard, seed, asked.customers, {name: known[name] for name in hazard.estimands if name in known})


def _study(told: Told, result: AdoptionResult) -> None:
    """What the study says of every outcome on both scales, and the verdicts of its gates."""
    for effect in result.effects:
        told.effect(DEFAULT, f"{effect.outcome}_{effect.scale}", effect.estimate, effect.grade)
        if effect.scale == "ratio":
            told.gates(effect.outcome, effect.checks)


def _light(told: Told, panel: AdoptionPanel, plan: AdoptionPlan) -> None:
    """The estimates alone, by the study's own functions: no checks, no grade."""
    studied = cohorts_of(panel, plan.before_months, plan.after_months)
    for outcome in plan.outcomes:
        found = estimated(
            panel, studied, outcome, before=plan.before_months, after=plan.after_months, reference=plan.reference
        )
        told.effect(DEFAULT, f"{outcome}_difference", difference_of(found, UNIT, LEVEL))
        told.effect(DEFAULT, f"{outcome}_ratio", _ratio(found))


def _everybody(told: Told, panel: AdoptionPanel) -> None:
    """First contacts against all who had not yet come to social."""
    everybody = everybody_compared(panel)
    plan = CONTACTED
    try:
        studied = cohorts_of(everybody, plan.before_months, plan.after_months)
    except DesignError:
        told.effect(EVERYBODY, "orders_ratio", None)
        return
    found = estimated(
        everybody, studied, "orders", before=plan.before_months, after=plan.after_months, reference=plan.reference
    )
    told.effect(EVERYBODY, "orders_ratio", _ratio(found))


def _ratio(found: Estimated) -> Estimate | None:
    ratio = ratio_of(found, LEVEL)
    return None if isinstance(ratio, str) else ratio
