"""The company with a queue as the events that the service study reads: what its tests are fed with."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.foundation.calendar import Month
from analysis.studies.service.plan import ServicePlan
from analysis.studies.service.rows import ServiceEvents, service_rows
from analysis.studies.service.table import NEVER, ServiceRows
from analysis.synthetic.clock import DATA_END, N_MONTHS, ZONE
from analysis.synthetic.queue_desk import QueueLife, queue_life
from analysis.synthetic.queue_desk.desk import PRODUCTS, REGIONS

SECOND, CENT = 1_000_000, 10_000
PLAN = ServicePlan(zone=ZONE, outcomes=("orders", "issues"))


def events_of(life: QueueLife, *, money: bool = False) -> ServiceEvents:
    """What the tables of that company would say."""
    replied = np.isfinite(life.contact_reply_s)
    waited = np.where(replied, life.contact_reply_s, 0).astype(np.int64)
    monthly: dict[str, Any] = {"orders": life.orders.astype(np.int64)}
    if money:
        monthly |= {"revenue": life.revenue * CENT, "margin": life.margin * CENT}
    return ServiceEvents(
        origin=Month(life.begin),
        first_month=life.first_month + life.begin,
        monthly=monthly,
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
        currency="EUR",
    )


def world(name: str, seed: int, customers: int = 20_000, plan: ServicePlan = PLAN) -> ServiceRows:
    """The rows of a made-up company."""
    life = queue_life(name, seed, customers, money="revenue" in plan.outcomes)
    first = Month(life.begin)
    return service_rows(events_of(life, money="revenue" in plan.outcomes), plan, first, first.plus(N_MONTHS - 1))
