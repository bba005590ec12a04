"""In which rows do exports show a made-up company? The contract's tables, from the arrays of one block.

Only what a company would know is written: no tastes, no rates, no traits, no demand. Ids are text: customers have
leading zeros, mentions have nineteen digits. Tables of the company as a whole are in `books`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.synthetic import mentions as public
from analysis.synthetic.block import Block
from analysis.synthetic.columns import flags, ids, instants, money, names, same
from analysis.synthetic.company import Customers, Ints
from analysis.synthetic.contacts import PLATFORMS, TOPICS, UNKNOWN
from analysis.synthetic.invitation import (
    ARMS,
    ASSIGNED_AT,
    EXPERIMENT,
    PROBABILITY,
    UNASSIGNED,
    WINDOW_DAYS,
    logins_mean,
)
from analysis.synthetic.world import CHANNELS, CURRENCY, PRODUCTS, REGIONS, SOCIAL

_ROWS_PER_BLOCK = 100_000_000
_FIRST_MENTION = 1_700_000_000_000_000_000
_FIRST_EXPERIMENT_MONTH = 24
_ACQUIRED = ("shop", "web", "phone", "friend")
_OPENED_INVITATION = 0.4
_REPLIERS = ("human", "bot")
_HANDLERS = ("us", "bot", "nobody")


def tables_of(block: Block) -> dict[str, pa.Table]:
    """The rows of a block, by table.

    Examples
    --------
    >>> from analysis.synthetic.block import block_of
    >>> from analysis.synthetic.world import world_named
    >>> tables = tables_of(block_of(world_named("none"), seed=1, index=0, size=50))
    >>> tables["customers"].select(["customer_id", "region"]).slice(0, 1).to_pylist()
    [{'customer_id': '000000001', 'region': 'west'}]
    """
    customer_id = ids(block.customers.number + 1, width=9)
    tables = {
        "customers": _customers(block.customers, customer_id),
        "orders": _orders(block, customer_id),
        **_experiment(block, customer_id),
    }
    if block.world.only_experiment:
        return tables
    return tables | _contacts(block, customer_id) | {"mentions": _mentions(block, customer_id)}


def _table(columns: Mapping[str, pa.Array]) -> pa.Table:
    return pa.table(dict(columns))


def _customers(customers: Customers, customer_id: pa.Array) -> pa.Table:
    acquired = customers.number * 7 % 11 % len(_ACQUIRED)
    return _table(
        {
            "customer_id": customer_id,
            "joined_at": instants(customers.joined),
            "region": names(customers.region, REGIONS),
            "product": names(customers.product, PRODUCTS),
            "acquired_by": names(acquired, _ACQUIRED),
        }
    )


def _orders(block: Block, customer_id: pa.Array) -> pa.Table:
    orders, n = block.orders, len(block.orders)
    table = _table(
        {
            "order_id": ids(block.index * _ROWS_PER_BLOCK + np.arange(n), width=12, prefix="O"),
            "customer_id": customer_id.take(pa.array(orders.customer)),
            "ordered_at": instants(orders.ordered),
            "revenue": money(orders.revenue_cents),
            "margin": money(orders.margin_cents),
            "currency": same(CURRENCY, n),
            "product": names(block.customers.product[orders.customer], PRODUCTS),
            "cancelled_at": instants(orders.cancelled),
        }
    )
    if block.world.only_experiment:
        return table.filter(pa.array(orders.month >= _FIRST_EXPERIMENT_MONTH))
    return table


def _contacts(block: Block, customer_id: pa.Array) -> dict[str, pa.Table]:
    issues, contacts = block.issues, block.touchpoints
    n = len(issues)
    issue_id = ids(block.index * _ROWS_PER_BLOCK + np.arange(n), width=11, prefix="I")
    answered = issues.first_reply != UNKNOWN
    issue_table = _table(
        {
            "issue_id": issue_id,
            "customer_id": customer_id.take(pa.array(issues.customer)),
            "opened_at": instants(issues.opened),
            "closed_at": instants(issues.closed),
            "reopened_at": instants(issues.reopened),
            "channel": names(issues.channel, CHANNELS),
            "product": names(block.customers.product[issues.customer], PRODUCTS),
            "topic": names(issues.topic, TOPICS),
            "severity": pa.array(issues.severity),
            "first_reply_at": instants(issues.first_reply),
            "cost": money(issues.cost_cents),
            "currency": same(CURRENCY, n),
        }
    )
    of, opening = contacts.issue, contacts.opening
    on_social = contacts.channel == SOCIAL
    reply = np.where(opening, issues.first_reply[of], UNKNOWN)
    replier = np.where(opening & answered[of], issues.by_bot[of] * 1, -1)
    return {
        "issues": issue_table,
        "touchpoints": _table(
            {
                "touchpoint_id": ids(block.index * _ROWS_PER_BLOCK + np.arange(len(contacts)), width=12, prefix="T"),
                "customer_id": customer_id.take(pa.array(issues.customer[of])),
                "occurred_at": instants(contacts.occurred),
                "channel": names(contacts.channel, CHANNELS),
                "platform": names(np.where(on_social, issues.platform[of], -1), PLATFORMS),
                "direction": names(contacts.inbound * 1, ("outbound", "inbound")),
                "issue_id": issue_id.take(pa.array(of)),
                "first_reply_at": instants(reply),
                "replied_by": names(replier, _REPLIERS),
                "resolved_at": instants(np.where(opening, issues.closed[of], UNKNOWN)),
                "handled_by": names(np.where(opening, np.where(answered[of], issues.by_bot[of], 2), -1), _HANDLERS),
            }
        ),
    }


def _mentions(block: Block, customer_id: pa.Array) -> pa.Table:
    rows = public.mentions_of(block.customers, block.issues, block.stream("mentions"))
    n = len(rows)
    mention_id = ids(_FIRST_MENTION + block.index * _ROWS_PER_BLOCK + np.arange(n), width=19)
    answered = rows.first_reply != UNKNOWN
    address = pc.binary_join_element_wise(pa.scalar("https://social.example/larkfield/"), mention_id, "")
    return _table(
        {
            "mention_id": mention_id,
            "posted_at": instants(rows.posted),
            "platform": names(rows.platform, PLATFORMS),
            "brand": same(public.BRAND, n),
            "in_reply_to": mention_id.take(_optional(rows.parent)),
            "author_id": ids(rows.author, width=13),
            "customer_id": customer_id.take(_optional(rows.customer)),
            "conversation_id": mention_id.take(pa.array(rows.root)),
            "product": names(rows.product, PRODUCTS),
            "kind": names(rows.kind, public.KINDS),
            "sales_flag": names(rows.sales_flag, public.SALES_FLAGS),
            "potential_value": money(np.maximum(rows.potential_cents, 0), rows.potential_cents >= 0),
            "actionable": flags(rows.actionable),
            "first_reply_at": instants(rows.first_reply),
            "replied_by": names(np.where(answered, rows.by_bot, -1), _REPLIERS),
            "resolved_at": instants(rows.resolved),
            "resolved_by": names(rows.resolved_by, public.RESOLVERS),
            "consent": flags(rows.consent),
            "text": names(rows.text, public.ALL_TEXTS),
            "url": pc.if_else(pa.array(rows.hostile_address), pa.scalar(public.HOSTILE_ADDRESS), address),
        }
    )


def _optional(position: Ints) -> pa.Array:
    return pa.array(np.maximum(position, 0), mask=position < 0)


def _experiment(block: Block, customer_id: pa.Array) -> dict[str, pa.Table]:
    people = np.flatnonzero(block.customers.arm != UNASSIGNED)
    n, arm = len(people), block.customers.arm[people]
    rng = block.stream("outcomes")
    who = customer_id.take(pa.array(people))
    opened = (arm == 1) & (rng.random(n) < _OPENED_INVITATION)
    exposed = ASSIGNED_AT + rng.integers(3_600, 5 * 86_400, size=n)
    uplift = np.where(arm == 1, 1 + block.world.logins_effect, 1.0)
    logins = rng.poisson(logins_mean(block.customers.demand[people] / block.world.orders) * uplift)
    assignments = _table(
        {
            "experiment_id": same(EXPERIMENT, n),
            "customer_id": who,
            "arm": names(arm, ARMS),
            "assigned_at": instants(np.full(n, ASSIGNED_AT)),
            "exposed_at": instants(np.where(opened, exposed, UNKNOWN)),
            "unit": same("customer", n),
            "probability": money(np.full(n, round(100 * PROBABILITY))),
        }
    )
    outcomes = _table(
        {
            "experiment_id": same(EXPERIMENT, n),
            "customer_id": who,
            "name": same("logins_90d", n),
            "value": money(100 * logins),
            "measured_at": instants(np.full(n, ASSIGNED_AT + WINDOW_DAYS * 86_400)),
        }
    )
    return {"assignments": assignments, "outcomes": outcomes}
