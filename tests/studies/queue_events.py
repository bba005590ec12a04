"""The company with a queue as the events that the service study reads: what its tests are fed with."""

from __future__ import annotations

from dataclasses import replace

from analysis.foundation.calendar import Month
from analysis.runner.proving import service_worlds
from analysis.studies.service.plan import ServicePlan
from analysis.studies.service.rows import ServiceEvents, service_rows
from analysis.studies.service.table import ServiceRows
from analysis.synthetic.clock import N_MONTHS, ZONE
from analysis.synthetic.queue_desk import QueueLife, queue_life

SECOND, CENT = 1_000_000, 10_000
PLAN = ServicePlan(zone=ZONE, outcomes=("orders", "issues"))


def events_of(life: QueueLife, *, money: bool = False) -> ServiceEvents:
    """What the tables of that company would say; with money, as they hold it."""
    events = service_worlds.events_of(life)
    if not money:
        return events
    paid = {"revenue": life.revenue * CENT, "margin": life.margin * CENT}
    return replace(events, monthly={**events.monthly, **paid}, currency="EUR")


def world(name: str, seed: int, customers: int = 20_000, plan: ServicePlan = PLAN) -> ServiceRows:
    """The rows of a made-up company."""
    life = queue_life(name, seed, customers, money="revenue" in plan.outcomes)
    first = Month(life.begin)
    return service_rows(events_of(life, money="revenue" in plan.outcomes), plan, first, first.plus(N_MONTHS - 1))
