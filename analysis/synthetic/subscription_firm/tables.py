"""In which rows do exports show the subscription firm? The contract's tables, and `truth.json` beside them.

Only what a firm would know is written: no ages, no tastes, no traits, no strain. Follow-ups stay on the channel of
their issue, so that a contact on social belongs to an issue on social.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
import pyarrow as pa

from analysis.synthetic.columns import TEXT, ids, instants, money, names, same
from analysis.synthetic.contacts import UNKNOWN
from analysis.synthetic.folder import Append, put_into
from analysis.synthetic.subscription_firm.arrays import blocks_of
from analysis.synthetic.subscription_firm.dates import (
    DATA_END,
    DATA_START,
    FIRST_MONTH,
    MONTH_DAY,
    MONTH_START,
    N_MONTHS,
    Floats,
    Ints,
    day_in_month,
    hour_of,
    instant,
)
from analysis.synthetic.subscription_firm.firm import (
    CHANNELS,
    CURRENCY,
    ISSUE_COST_CENTS,
    PRODUCTS,
    REGIONS,
    SEVERITY_SHARE,
    firm_named,
)
from analysis.synthetic.subscription_firm.lives import BLOCK, Lives, invoice_margin_cents, stream
from analysis.synthetic.subscription_firm.people import NEVER
from analysis.synthetic.subscription_firm.truth import truth_of

RECIPE = 1
"""Raised when the same variant, seed and number of customers make other rows than before."""
END_KINDS = ("cancelled", "lapsed", "moved")
TOPICS = ("access", "billing", "setup", "slow", "sync")
_ROWS_PER_BLOCK = 100_000_000
_LAST_BILLING_DAY = 20
_LAPSED_SHARE = 0.25
_REPLY_S = (90.0, 14_400.0, 21_600.0, 60.0, 1_800.0, 3_600.0)
"""The median wait for a first reply, by channel."""
_UNANSWERED = 0.08
_FOLLOW_UPS = 0.4
_USUAL_LAG_S, _LATE_SHARE, _LATE_S = 600.0, 0.015, 12 * 86_400.0
_AVERAGE_TO_MARGINAL = 1.5


def make_firm(folder: Path, *, name: str, seed: int, customers: int) -> None:
    """Write a subscription firm and its truth.

    Parameters
    ----------
    folder : Path
        Made if it is not there. An earlier made-up company in it is replaced; a folder that holds tables and no
        truth is somebody's data, and refused.
    name : str
        One of `FIRMS`.
    seed : int
        Not negative.
    customers : int
        At least 1.

    Raises
    ------
    UnknownName
        If there is no such variant.
    ParamsError
        If seed or customers cannot be used, or the folder holds tables that were not made up.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     make_firm(Path(folder), name="firm_none", seed=1, customers=300)
    ...     sorted(file.name.partition(".")[0] for file in Path(folder).iterdir())
    ['customers', 'issues', 'orders', 'subscriptions', 'touchpoints', 'truth', 'unit_costs']
    """
    firm = firm_named(name)

    def write(append: Append) -> Mapping[str, object]:
        truths = []
        for lives in blocks_of(firm, seed=seed, customers=customers):
            append(tables_of(lives))
            truths.append(truth_of(lives))
        append({"unit_costs": _unit_costs()})
        return {"effects": reduce(add, truths).effects()}

    put_into(folder, world=name, seed=seed, customers=customers, recipe=RECIPE, write=write)


def tables_of(lives: Lives) -> dict[str, pa.Table]:
    """The rows of a block, by table."""
    times, known = (stream(lives.seed, lives.block, purpose) for purpose in ("times", "known"))
    customer_id = ids(lives.block * BLOCK + np.arange(len(lives.people)) + 1, width=8, prefix="K")
    return {
        "customers": _customers(lives, customer_id),
        "orders": _orders(lives, customer_id, times, known),
        **_contacts(lives, customer_id, times, known),
        "subscriptions": _subscriptions(lives, customer_id, times, known),
    }


def _customers(lives: Lives, customer_id: pa.Array) -> pa.Table:
    people = lives.people
    return pa.table(
        {
            "customer_id": customer_id,
            "joined_at": instants(people.joined),
            "region": names(people.region, REGIONS),
            "product": names(people.product, PRODUCTS),
            "known_at": instants(people.joined),
        }
    )


def _orders(lives: Lives, customer_id: pa.Array, times: np.random.Generator, known: np.random.Generator) -> pa.Table:
    """Invoices (one a seat and month, the first of those who joined during the data at that instant), and add-ons."""
    people, addons = lives.people, lives.addons
    billed_on = times.integers(0, _LAST_BILLING_DAY, size=len(people))
    customer, month = np.nonzero(lives.invoiced)
    sent = instant(MONTH_DAY[month] + billed_on[customer], np.full(len(month), 5), times.random(len(month)))
    sent = np.where(month < people.first_month[customer], people.joined[customer], sent)
    seats = lives.invoiced[customer, month]
    opens = np.repeat(np.diff(customer * N_MONTHS + month, prepend=-1) != 0, seats)
    opens &= np.diff(np.repeat(np.arange(len(seats)), seats), prepend=-1) != 0  # the first of the month's invoices
    credited = np.repeat(lives.credited[customer, month], seats) & opens
    margin = invoice_margin_cents(lives)[customer, month]

    roll, hour, minute = (column[addons.occasion] for column in times.random((3, _occasions(lives))))
    bought = instant(day_in_month(addons.month, roll), hour_of(hour), minute)

    who = np.concatenate([np.repeat(customer, seats), addons.customer])
    ordered = np.concatenate([np.repeat(sent, seats), bought])
    cancelled = np.concatenate([credited, addons.returned])
    back = np.minimum(ordered + (86_400 * (1 + 12 * times.random(len(who)))).astype(np.int64), DATA_END - 1)
    n = len(who)
    revenue = np.concatenate([np.repeat(lives.invoice_cents[customer, month], seats), addons.value_cents])
    return pa.table(
        {
            "order_id": ids(lives.block * _ROWS_PER_BLOCK + np.arange(n), width=11, prefix="B"),
            "customer_id": customer_id.take(pa.array(who)),
            "ordered_at": instants(ordered),
            "revenue": money(revenue),
            "margin": money(np.concatenate([np.repeat(margin, seats), addons.margin_cents])),
            "currency": same(CURRENCY, n),
            "product": names(people.product[who], PRODUCTS),
            "cancelled_at": instants(np.where(cancelled, back, UNKNOWN)),
            "known_at": instants(_known(ordered, known)),
        }
    )


def _occasions(lives: Lives) -> int:
    return int(lives.addons.occasion[-1]) + 1 if len(lives.addons) else 0


def _contacts(
    lives: Lives, customer_id: pa.Array, times: np.random.Generator, known: np.random.Generator
) -> dict[str, pa.Table]:
    issues, n = lives.issues, len(lives.issues)
    issue_id = ids(lives.block * _ROWS_PER_BLOCK + np.arange(n), width=10, prefix="V")
    reply = _later(issues.opened, np.asarray(_REPLY_S)[issues.channel], times)
    reply = np.where(times.random(n) < _UNANSWERED, UNKNOWN, reply)
    closed = _later(np.where(reply == UNKNOWN, issues.opened, reply), np.full(n, 40_000.0), times)
    topic = times.integers(0, len(TOPICS), size=n)
    issue_table = pa.table(
        {
            "issue_id": issue_id,
            "customer_id": customer_id.take(pa.array(issues.customer)),
            "opened_at": instants(issues.opened),
            "closed_at": instants(closed),
            "channel": names(issues.channel, CHANNELS),
            "product": names(lives.people.product[issues.customer], PRODUCTS),
            "topic": names(topic, TOPICS),
            "severity": pa.array(issues.severity),
            "first_reply_at": instants(reply),
            "cost": money(issues.cost_cents),
            "currency": same(CURRENCY, n),
            "known_at": instants(_known(issues.opened, known)),
        }
    )
    again = np.flatnonzero(times.random(n) < _FOLLOW_UPS)
    at = _later(issues.opened[again], np.full(len(again), 60_000.0), times)
    again, at = again[at != UNKNOWN], at[at != UNKNOWN]
    of = np.concatenate([np.arange(n), again])
    occurred = np.concatenate([issues.opened, at])
    opening = np.arange(len(of)) < n
    answered = np.where(opening & (reply[of] != UNKNOWN), 0, -1)
    touchpoints = pa.table(
        {
            "touchpoint_id": ids(lives.block * _ROWS_PER_BLOCK + np.arange(len(of)), width=10, prefix="W"),
            "customer_id": customer_id.take(pa.array(issues.customer[of])),
            "occurred_at": instants(occurred),
            "channel": names(issues.channel[of], CHANNELS),
            "direction": same("inbound", len(of)),
            "issue_id": issue_id.take(pa.array(of)),
            "first_reply_at": instants(np.where(opening, reply[of], UNKNOWN)),
            "replied_by": names(answered, ("human",)),
            "known_at": instants(_known(occurred, known)),
        }
    )
    return {"issues": issue_table, "touchpoints": touchpoints}


def _later(event: Ints, usual_s: Floats, rng: np.random.Generator) -> Ints:
    """An instant after each event, `UNKNOWN` where it lies after the data."""
    found = event + np.maximum(usual_s * np.exp(0.9 * rng.standard_normal(len(event))), 20).astype(np.int64)
    return np.where(found < DATA_END, found, UNKNOWN)


def _subscriptions(
    lives: Lives, customer_id: pa.Array, times: np.random.Generator, known: np.random.Generator
) -> pa.Table:
    """A row for each tariff a customer was on; the last one ends where the customer leaves, with the month."""
    people, n = lives.people, len(lives.people)
    moved_who, moved_month = np.nonzero(lives.moved)
    moved_at = MONTH_START[moved_month + 1] - 1
    who = np.concatenate([np.arange(n), moved_who])
    started = np.concatenate([people.joined, moved_at])
    priced_in = np.concatenate([np.maximum(people.first_month - 1, 0), moved_month + 1])
    order = np.lexsort((started, who))
    who, started, priced_in = who[order], started[order], priced_in[order]
    last = np.append(np.diff(who) != 0, True)
    gone = np.where(lives.left < NEVER, MONTH_START[np.minimum(lives.left, N_MONTHS - 1) + 1] - 1, UNKNOWN)
    ended = np.where(last, gone[who], np.append(started[1:], UNKNOWN))
    why = np.where(times.random(len(who)) < _LAPSED_SHARE, END_KINDS.index("lapsed"), END_KINDS.index("cancelled"))
    kind = np.where(last, np.where(ended == UNKNOWN, -1, why), END_KINDS.index("moved"))
    margin = people.seats[who] * invoice_margin_cents(lives)[who, priced_in]
    return pa.table(
        {
            "subscription_id": ids(lives.block * _ROWS_PER_BLOCK + np.arange(len(who)), width=10, prefix="A"),
            "customer_id": customer_id.take(pa.array(who)),
            "product": names(people.product[who], PRODUCTS),
            "started_at": instants(started),
            "ended_at": instants(ended),
            "end_kind": names(kind, END_KINDS),
            "monthly_margin": money(margin),
            "currency": same(CURRENCY, len(who)),
            "known_at": instants(_known(started, known)),
        }
    )


def _known(event: Ints, rng: np.random.Generator) -> Ints:
    """When the records first held rows: minutes later, a few days later, for events before the data at once."""
    lag = _USUAL_LAG_S * np.exp(rng.standard_normal(len(event)))
    late = rng.random(len(event)) < _LATE_SHARE
    lag = np.where(late, _LATE_S * rng.random(len(event)), lag)
    return np.where(event < DATA_START, event, np.minimum(event + lag.astype(np.int64), DATA_END))


def _unit_costs() -> pa.Table:
    mean = np.rint(ISSUE_COST_CENTS @ np.asarray(SEVERITY_SHARE)).astype(np.int64)
    n = len(CHANNELS)
    return pa.table(
        {
            "channel": pa.array(list(CHANNELS), TEXT),
            "per": same("issue", n),
            "effective_from": pa.array([FIRST_MONTH.first_day] * n, pa.date32()),
            "marginal": money(mean),
            "average": money(np.rint(_AVERAGE_TO_MARGINAL * mean).astype(np.int64)),
            "currency": same(CURRENCY, n),
            "source": same("controlling", n),
            "known_at": instants(np.full(n, DATA_START)),
        }
    )
