"""In which rows do exports show a made-up company? The contract's tables, from the arrays of one block.

Only what a company would know is written: no tastes, no rates, no traits, no demand. Ids are text: customers have
leading zeros, mentions have nineteen digits. Tables of the company as a whole are in `books`, `posts`, `counters` and
`series`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.synthetic import mentions as public
from analysis.synthetic import subscriptions as contracts
from analysis.synthetic import surveys as asked
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
from analysis.synthetic.known import HOUR, INSTAGRAM_LATE, MINUTES, MORNING, TV_ORDERS_LATE, known_from
from analysis.synthetic.mentions import Mentions
from analysis.synthetic.world import CHANNELS, CURRENCY, PRODUCTS, REGIONS, SOCIAL

_ROWS_PER_BLOCK = 100_000_000
_FIRST_MENTION = 1_700_000_000_000_000_000
_FIRST_EXPERIMENT_MONTH = 24
_ACQUIRED = ("shop", "web", "phone", "friend")
_OPENED_INVITATION = 0.4
_REPLIERS = ("human", "bot")
_HANDLERS = ("us", "bot", "nobody")
_INSTAGRAM = PLATFORMS.index("instagram")


def tables_of(block: Block, mentions: Mentions | None) -> dict[str, pa.Table]:
    """The rows of a block, by table.

    Parameters
    ----------
    block : Block
    mentions : Mentions or None
        What was written about it; None for a world of the randomised test alone.

    Examples
    --------
    >>> from analysis.synthetic.block import block_of
    >>> from analysis.synthetic.world import world_named
    >>> tables = tables_of(block_of(world_named("none"), seed=1, index=0, size=50), None)
    >>> tables["customers"].select(["customer_id", "region"]).slice(0, 1).to_pylist()
    [{'customer_id': '000000001', 'region': 'west'}]
    """
    customer_id = customer_ids(block.customers.number)
    rng = block.stream("known")
    tables = {
        "customers": _customers(block.customers, customer_id, rng),
        "orders": _orders(block, customer_id, rng),
        **_experiment(block, customer_id, rng),
    }
    if mentions is None:
        return tables
    return tables | {
        **_contacts(block, customer_id, rng),
        "mentions": _mentions(block, mentions, customer_id, rng),
        "surveys": _surveys(block, customer_id, rng),
        "subscriptions": _subscriptions(block, customer_id, rng),
    }


def customer_ids(number: Ints) -> pa.Array:
    """The id of each customer, by the number in the company."""
    return ids(number + 1, width=9)


def _table(columns: Mapping[str, pa.Array]) -> pa.Table:
    return pa.table(dict(columns))


def _customers(customers: Customers, customer_id: pa.Array, rng: np.random.Generator) -> pa.Table:
    acquired = customers.number * 7 % 11 % len(_ACQUIRED)
    return _table(
        {
            "customer_id": customer_id,
            "joined_at": instants(customers.joined),
            "region": names(customers.region, REGIONS),
            "product": names(customers.product, PRODUCTS),
            "acquired_by": names(acquired, _ACQUIRED),
            "known_at": instants(known_from(customers.joined, rng, usual_s=MINUTES, late_share=0.0)),
        }
    )


def _orders(block: Block, customer_id: pa.Array, rng: np.random.Generator) -> pa.Table:
    orders, n = block.orders, len(block.orders)
    product = block.customers.product[orders.customer]
    held_up = product == PRODUCTS.index("tv")
    known = known_from(orders.ordered, rng, usual_s=MINUTES, held_up=held_up, burst=TV_ORDERS_LATE)
    table = _table(
        {
            "order_id": ids(block.index * _ROWS_PER_BLOCK + np.arange(n), width=12, prefix="O"),
            "customer_id": customer_id.take(pa.array(orders.customer)),
            "ordered_at": instants(orders.ordered),
            "revenue": money(orders.revenue_cents),
            "margin": money(orders.margin_cents),
            "currency": same(CURRENCY, n),
            "product": names(product, PRODUCTS),
            "cancelled_at": instants(orders.cancelled),
            "known_at": instants(known),
        }
    )
    if block.world.only_experiment:
        return table.filter(pa.array(orders.month >= _FIRST_EXPERIMENT_MONTH))
    return table


def _contacts(block: Block, customer_id: pa.Array, rng: np.random.Generator) -> dict[str, pa.Table]:
    issues, contacts = block.issues, block.touchpoints
    n = len(issues)
    issue_id = _issue_ids(block)
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
            "known_at": instants(known_from(issues.opened, rng, usual_s=MINUTES)),
        }
    )
    of, opening = contacts.issue, contacts.opening
    on_social = contacts.channel == SOCIAL
    reply = np.where(opening, issues.first_reply[of], UNKNOWN)
    replier = np.where(opening & answered[of], issues.by_bot[of] * 1, -1)
    held_up = on_social & (issues.platform[of] == _INSTAGRAM)
    known = known_from(contacts.occurred, rng, usual_s=MINUTES, held_up=held_up, burst=INSTAGRAM_LATE)
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
                "known_at": instants(known),
            }
        ),
    }


def _issue_ids(block: Block) -> pa.Array:
    return ids(block.index * _ROWS_PER_BLOCK + np.arange(len(block.issues)), width=11, prefix="I")


def _mentions(block: Block, rows: Mentions, customer_id: pa.Array, rng: np.random.Generator) -> pa.Table:
    n = len(rows)
    held_up = rows.platform == _INSTAGRAM
    known = known_from(rows.posted, rng, usual_s=HOUR, held_up=held_up, burst=INSTAGRAM_LATE)
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
            "known_at": instants(known),
        }
    )


def _surveys(block: Block, customer_id: pa.Array, rng: np.random.Generator) -> pa.Table:
    rows = asked.surveys_of(block.issues, block.stream("surveys"))
    n = len(rows)
    return _table(
        {
            "survey_id": ids(block.index * _ROWS_PER_BLOCK + np.arange(n), width=11, prefix="S"),
            "customer_id": customer_id.take(pa.array(block.issues.customer[rows.issue])),
            "issue_id": _issue_ids(block).take(pa.array(rows.issue)),
            "instrument": names(rows.instrument, asked.INSTRUMENTS),
            "asked_at": instants(rows.asked),
            "answered_at": instants(rows.answered),
            "score": money(100 * np.maximum(rows.score, 0), rows.score != asked.NO_SCORE),
            "known_at": instants(known_from(rows.asked, rng, usual_s=HOUR)),
        }
    )


def _subscriptions(block: Block, customer_id: pa.Array, rng: np.random.Generator) -> pa.Table:
    rows = contracts.subscriptions_of(block.customers, block.stream("subscriptions"))
    n = len(rows)
    return _table(
        {
            "subscription_id": ids(block.index * _ROWS_PER_BLOCK + np.arange(n), width=11, prefix="U"),
            "customer_id": customer_id.take(pa.array(rows.customer)),
            "product": names(rows.product, PRODUCTS),
            "started_at": instants(rows.started),
            "ended_at": instants(rows.ended),
            "end_kind": names(rows.end_kind, contracts.END_KINDS),
            "monthly_margin": money(rows.margin_cents),
            "currency": same(CURRENCY, n),
            "known_at": instants(known_from(rows.started, rng, usual_s=MINUTES)),
        }
    )


def _optional(position: Ints) -> pa.Array:
    return pa.array(np.maximum(position, 0), mask=position < 0)


def _experiment(block: Block, customer_id: pa.Array, known: np.random.Generator) -> dict[str, pa.Table]:
    people = np.flatnonzero(block.customers.arm != UNASSIGNED)
    n, arm = len(people), block.customers.arm[people]
    rng = block.stream("outcomes")
    who = customer_id.take(pa.array(people))
    opened = (arm == 1) & (rng.random(n) < _OPENED_INVITATION)
    exposed = ASSIGNED_AT + rng.integers(3_600, 5 * 86_400, size=n)
    uplift = np.where(arm == 1, 1 + block.world.logins_effect, 1.0)
    logins = rng.poisson(logins_mean(block.customers.demand[people] / block.world.orders) * uplift)
    assigned = np.full(n, ASSIGNED_AT)
    measured = assigned + WINDOW_DAYS * 86_400
    assignments = _table(
        {
            "experiment_id": same(EXPERIMENT, n),
            "customer_id": who,
            "arm": names(arm, ARMS),
            "assigned_at": instants(assigned),
            "exposed_at": instants(np.where(opened, exposed, UNKNOWN)),
            "unit": same("customer", n),
            "probability": money(np.full(n, round(100 * PROBABILITY))),
            "known_at": instants(known_from(assigned, known, usual_s=MINUTES, late_share=0.0)),
        }
    )
    outcomes = _table(
        {
            "experiment_id": same(EXPERIMENT, n),
            "customer_id": who,
            "name": same("logins_90d", n),
            "value": money(100 * logins),
            "measured_at": instants(measured),
            "known_at": instants(known_from(measured, known, usual_s=MORNING)),
        }
    )
    return {"assignments": assignments, "outcomes": outcomes}
