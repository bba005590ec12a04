"""What does a made-up company write down about itself as a whole? The change log, the programme's costs, unit costs.

Amounts grow with the number of customers. The programme's `agents` are the standing staff of the social desk; the time
spent on an issue is the cost of that issue, and `unit_costs` give its mean over severities.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from analysis.foundation.calendar import Month
from analysis.synthetic.clock import DATA_END, FIRST_MONTH, N_MONTHS, ZONE, epoch_seconds
from analysis.synthetic.columns import TEXT, TIME, instants, money, same
from analysis.synthetic.contacts import STAFFED_ON, cost_of_issue_eur
from analysis.synthetic.invitation import ASSIGNED_ON
from analysis.synthetic.world import CHANNELS, CURRENCY, PRODUCTS, World

_DESK_ON = FIRST_MONTH.first_day
_IMPLEMENTATION_EUR = (0.15, 0.07, 0.03)
"""Per customer, in the first months."""
_TRAINING_EUR = {0: 0.10, 12: 0.03, 17: 0.05, 24: 0.03}
_MONTHLY_EUR = {"agents": 0.018, "tools": 0.014, "measurement": 0.004, "goodwill": 0.003}
_STAFFED_FACTOR = 1.35
_CONTACTS_PER_ISSUE = 1.45
_AVERAGE_TO_MARGINAL = 1.6


def books_of(world: World, customers: int) -> dict[str, pa.Table]:
    """Change log, costs and unit costs of a company.

    Examples
    --------
    >>> from analysis.synthetic.world import world_named
    >>> {name: table.num_rows for name, table in books_of(world_named("none"), 1_000).items()}
    {'changes': 4, 'costs': 151, 'unit_costs': 10}
    """
    return {"changes": _changes(world), "costs": _costs(customers), "unit_costs": _unit_costs()}


def _changes(world: World) -> pa.Table:
    rows = [
        (_DESK_ON, "staffing", "social", "A social desk of its own opens, seven days a week", 1),
        (STAFFED_ON, "programme", "all", "Social care programme: we begin to answer all who write, and soon", 0),
        (STAFFED_ON, "staffing", "social", "Social desk staffed up: replies come sooner", 2),
        (ASSIGNED_ON, "campaign", "all", "Half of all customers, drawn at random, invited to social care", 0),
    ]
    if world.only_experiment:
        rows = rows[3:]
    for incident in world.incidents:
        product = PRODUCTS[incident.product]
        day = FIRST_MONTH.plus(incident.month).first_day
        rows.append((day, "incident", product, f"Outage of {product}, shared by its customers", 20))
    rows.sort()
    noon = time(12, tzinfo=ZoneInfo(ZONE))
    day_of = [datetime.combine(row[0], time(0, tzinfo=ZoneInfo(ZONE))) for row in rows]
    recorded = [datetime.combine(row[0] + timedelta(days=row[4]), noon) for row in rows]
    return pa.table(
        {
            "change_id": pa.array([f"CH{number:03d}" for number in range(1, len(rows) + 1)], TEXT),
            "effective_from": pa.array(day_of, TIME),
            "kind": pa.array([row[1] for row in rows], TEXT),
            "scope": pa.array([row[2] for row in rows], TEXT),
            "owner": same("head of service", len(rows)),
            "description": pa.array([row[3] for row in rows], TEXT),
            "recorded_at": pa.array(recorded, TIME),
            "known_at": pa.array(recorded, TIME),
        }
    )


def _costs(customers: int) -> pa.Table:
    rows: list[tuple[date, str, float]] = []
    for month in range(N_MONTHS):
        day = FIRST_MONTH.plus(month).first_day
        if month < len(_IMPLEMENTATION_EUR):
            rows.append((day, "implementation", _IMPLEMENTATION_EUR[month]))
        if month in _TRAINING_EUR:
            rows.append((day, "training", _TRAINING_EUR[month]))
        for line, amount in _MONTHLY_EUR.items():
            more = _STAFFED_FACTOR if line == "agents" and day >= STAFFED_ON.replace(day=1) else 1.0
            rows.append((day, line, amount * more))
    cents = np.array([round(100 * customers * amount) for _, _, amount in rows])
    return pa.table(
        {
            "cost_id": pa.array([f"cost-{number:04d}" for number in range(1, len(rows) + 1)], TEXT),
            "month": pa.array([day for day, _, _ in rows], pa.date32()),
            "line": pa.array([line for _, line, _ in rows], TEXT),
            "amount": money(cents),
            "currency": same(CURRENCY, len(rows)),
            "known_at": instants(np.minimum([epoch_seconds(_booked_on(day)) for day, _, _ in rows], DATA_END)),
        }
    )


def _booked_on(month: date) -> date:
    """The day on which the costs of a month are in the books; those of the last month are when the data end."""
    return Month.of(month).plus(1).first_day + timedelta(days=3)


def _unit_costs() -> pa.Table:
    rows = [
        (name, per, cost_of_issue_eur(channel) / (_CONTACTS_PER_ISSUE if per == "contact" else 1))
        for channel, name in enumerate(CHANNELS)
        for per in ("contact", "issue")
    ]
    marginal = np.array([round(100 * cost) for _, _, cost in rows])
    return pa.table(
        {
            "channel": pa.array([name for name, _, _ in rows], TEXT),
            "per": pa.array([per for _, per, _ in rows], TEXT),
            "effective_from": pa.array([_DESK_ON] * len(rows), pa.date32()),
            "marginal": money(marginal),
            "average": money(np.rint(_AVERAGE_TO_MARGINAL * marginal).astype(np.int64)),
            "currency": same(CURRENCY, len(rows)),
            "source": same("made-up ledger", len(rows)),
            "known_at": instants(np.full(len(rows), epoch_seconds(_DESK_ON))),
        }
    )
