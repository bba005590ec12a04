"""What does the study of the service effect say in one made-up company with a queue, and what is true there?

The company is lived in arrays, its contacts are made into the rows that tables would give, and the study is run on them
by the function that serves tables. Beside what it lets stand are written the estimates that it lets not: by the queue
where the adjusted comparison stands, the adjusted comparison where the queue does, and the raw difference of those
answered in time and the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.foundation.calendar import Month
from analysis.inference.estimate import Estimate
from analysis.runner.proving.hazards import Hazard
from analysis.runner.proving.records import DEFAULT, Asked, Records, Told, each
from analysis.studies.service.plan import ServicePlan
from analysis.studies.service.rows import ServiceEvents, service_rows
from analysis.studies.service.scope import Found, ServiceScope
from analysis.studies.service.study import service_on
from analysis.studies.service.table import NEVER, ServiceRows
from analysis.synthetic.clock import DATA_END, N_MONTHS, ZONE
from analysis.synthetic.queue_desk import QueueLife, queue_life, queue_truth
from analysis.synthetic.queue_desk.desk import PRODUCTS, REGIONS

if TYPE_CHECKING:
    from analysis.studies.service.result import ServiceResult

OUTCOMES = ("orders", "issues")
PLAN = ServicePlan(zone=ZONE, outcomes=OUTCOMES)
QUEUE, ADJUSTED, RAW = "queue", "adjusted", "answered_or_not"
"""Estimators beside what stands."""
SECOND = 1_000_000


def proved_worlds(hazard: Hazard, seeds: Iterable[int], asked: Asked) -> Records:
    """The records of some companies of one hazard."""
    return each(proved_world, hazard, seeds, asked)


def proved_world(hazard: Hazard, seed: int, asked: Asked) -> dict[str, pd.DataFrame]:
    """The records of one company, as frames by name."""
    if asked.files:
        from analysis.runner.proving.through_files import service_through_files

        result, known = service_through_files(hazard, seed, asked.customers, PLAN)
        return _told(hazard, seed, asked, known, result).frames()
    life = queue_life(hazard.name, seed, asked.customers)
    true = queue_truth(life)
    known = {f"{outcome}_difference": true.difference(outcome) for outcome in OUTCOMES}
    rows = rows_of(life)
    if asked.light:
        return _light(Told(hazard, seed, asked.customers, known), rows).frames()
    told = _told(hazard, seed, asked, known, service_on(rows, PLAN))
    if asked.forbidden:
        _beside(told, rows)
    return told.frames()


def rows_of(life: QueueLife) -> ServiceRows:
    """The rows of the study of a company in arrays."""
    first = Month(life.begin)
    return service_rows(events_of(life), PLAN, first, first.plus(N_MONTHS - 1))


def events_of(life: QueueLife) -> ServiceEvents:
    """A company with a queue as the events that its tables would tell of."""
    replied = np.isfinite(life.contact_reply_s)
    waited = np.where(replied, life.contact_reply_s, 0).astype(np.int64)
    return ServiceEvents(
        origin=Month(life.begin),
        first_month=life.first_month + life.begin,
        monthly={"orders": life.orders.astype(np.int64)},
        contact_customer=life.contact_customer,
        contact_at=life.contact_at * SECOND,
        contact_product=life.contact_product,
        contact_issue=life.contact_issue,
        contact_reply=np.where(replied, (life.contact_at + waited) * SECOND, NEVER),
        contact_bot=np.zeros(len(waited), dtype=bool),
        issue_customer=life.issue_customer,
        issue_at=life.issue_opened * SECOND,
        issue_severity=life.issue_severity,
        seen_until=DATA_END * SECOND,
        attributes={"region": life.region},
        labels={"product": PRODUCTS, "region": REGIONS},
    )


def _told(hazard: Hazard, seed: int, asked: Asked, known: Mapping[str, float], result: ServiceResult) -> Told:
    """What the study lets stand, the raw figures, and the verdicts of its gates."""
    told = Told(hazard, seed, asked.customers, {name: known[name] for name in hazard.estimands if name in known})
    for effect in result.effects:
        if effect.segment or effect.scale != "difference":
            continue
        if effect.naive:
            if asked.forbidden:
                told.effect(RAW, f"{effect.outcome}_difference", effect.estimate)
            continue
        told.effect(DEFAULT, f"{effect.outcome}_difference", effect.estimate, effect.grade)
        told.gates(effect.outcome, effect.checks)
    return told


def _beside(told: Told, rows: ServiceRows) -> None:
    """The estimates that do not stand, as the study makes them."""
    scope = ServiceScope(rows, PLAN, {})
    if scope.refused is not None:
        return
    for outcome in OUTCOMES:
        name, found = (ADJUSTED, scope.alike(outcome)) if scope.strong else (QUEUE, scope.by_luck(outcome))
        told.effect(name, f"{outcome}_difference", _difference(found))


def _light(told: Told, rows: ServiceRows) -> Told:
    """What stands alone, by the study's own functions: no gates but the first stage, no grade."""
    scope = ServiceScope(rows, PLAN, {})
    for outcome in OUTCOMES:
        refused = scope.refused or scope.constant(outcome)
        told.effect(
            DEFAULT, f"{outcome}_difference", None if refused is not None else _difference(scope.standing(outcome))
        )
    return told


def _difference(found: Found) -> Estimate | None:
    return next((one for one in found.estimates if one.scale == "difference"), None)
