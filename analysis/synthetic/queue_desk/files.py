"""In which rows do exports show the company with a queue? The contract's tables, and `truth.json` beside them.

Only what a company would know is written: no late hours, no rota, no gravity that nobody recorded. The rows are those
of `queue_life`, with times inside the months of purchases. A company is written in one piece, because its customers
wait for one another: a million of them take about 4 GB.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from analysis.synthetic.clock import DATA_END, MONTH_DAY, N_MONTHS, instants_on
from analysis.synthetic.columns import ids, instants, money, names, same
from analysis.synthetic.contacts import UNKNOWN
from analysis.synthetic.folder import Append, put_into
from analysis.synthetic.queue_desk.desk import (
    CHANNELS,
    CURRENCY,
    PRODUCTS,
    REGIONS,
    SOCIAL,
    WINDOW_MONTHS,
    Ints,
    desk_named,
    stream,
)
from analysis.synthetic.queue_desk.life import QueueLife, order_values, queue_life
from analysis.synthetic.queue_desk.truth import effects_of, first_contacts, queue_truth

RECIPE = 1
"""Raised when the same variant, seed and number of customers make other rows than before."""
_TOPICS = ("access", "charges", "delivery", "limits")
_PLATFORMS = ("facebook", "x")
_REPLIERS = ("human", "bot")
_HANDLERS = ("us", "nobody")
_SOLVED_S = 30_000.0


def write_queue_company(folder: Path, name: str, seed: int, customers: int) -> None:
    """Write a company with a queue and its truth.

    Parameters
    ----------
    folder : Path
        Made if it is not there. An earlier made-up company in it is replaced; a folder that holds tables and no
        truth is somebody's data, and refused.
    name : str
        One of `QUEUES`.
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
    ...     write_queue_company(Path(folder), "queue_none", seed=1, customers=300)
    ...     sorted(file.name.partition(".")[0] for file in Path(folder).iterdir())
    ['customers', 'issues', 'orders', 'touchpoints', 'truth']
    """
    desk_named(name)

    def write(append: Append) -> Mapping[str, object]:
        life = queue_life(name, seed, customers)
        append(tables_of(life))
        return _truth(life)

    put_into(folder, world=name, seed=seed, customers=customers, recipe=RECIPE, write=write)


def _truth(life: QueueLife) -> Mapping[str, object]:
    """What is true of a company, and beside its effects how far they move with those who are asked about."""
    if not len(first_contacts(life, before=WINDOW_MONTHS, after=WINDOW_MONTHS)):
        return {"effects": []}
    truth = queue_truth(life)
    return {
        "effects": list(effects_of(life, truth)),
        "orders_on_the_answered": truth.on_the_answered("orders"),
        "answered_in_time": float(truth.in_time.mean()),
    }


def tables_of(life: QueueLife) -> dict[str, pa.Table]:
    """The rows of a company, by table."""
    rng = stream(life.seed, "times")
    customer_id = ids(np.arange(len(life)) + 1, width=8, prefix="Q")
    return {"customers": _customers(life, customer_id), "orders": _orders(life, customer_id, rng)} | _contacts(
        life, customer_id, rng
    )


def _customers(life: QueueLife, customer_id: pa.Array) -> pa.Table:
    return pa.table(
        {
            "customer_id": customer_id,
            "joined_at": instants(life.people.joined),
            "region": names(life.region, REGIONS),
            "product": names(life.product, PRODUCTS),
            "known_at": instants(life.people.joined),
        }
    )


def _orders(life: QueueLife, customer_id: pa.Array, rng: np.random.Generator) -> pa.Table:
    cell, revenue, margin = order_values(life.people, life.orders.astype(np.int64), life.seed)
    customer, month = cell // N_MONTHS, cell % N_MONTHS
    days = np.diff(MONTH_DAY)[month]
    ordered = instants_on(MONTH_DAY[month] + (rng.random(len(cell)) * days).astype(np.int64), rng)
    return pa.table(
        {
            "order_id": ids(np.arange(len(cell)), width=10, prefix="P"),
            "customer_id": customer_id.take(pa.array(customer)),
            "ordered_at": instants(ordered),
            "revenue": money(revenue),
            "margin": money(margin),
            "currency": same(CURRENCY, len(cell)),
            "product": names(life.product[customer], PRODUCTS),
            "known_at": instants(ordered),
        }
    )


def _contacts(life: QueueLife, customer_id: pa.Array, rng: np.random.Generator) -> dict[str, pa.Table]:
    """Each issue came with one inbound contact, on the channel it was opened on and at the same time."""
    n, opened = len(life.issue_customer), life.issue_opened
    answered = np.isfinite(life.issues.reply_s)
    reply = np.where(answered, opened + np.where(answered, life.issues.reply_s, 0).astype(np.int64), UNKNOWN)
    solved = reply + (_SOLVED_S * np.exp(rng.standard_normal(n))).astype(np.int64)
    solved = np.where(answered & (solved < DATA_END), solved, UNKNOWN)
    known = _last_of(opened, reply, solved)
    issue_id = ids(np.arange(n), width=9, prefix="I")
    shared = {
        "customer_id": customer_id.take(pa.array(life.issue_customer)),
        "channel": names(life.issue_channel, CHANNELS),
        "first_reply_at": instants(reply),
        "known_at": instants(known),
    }
    on_social = life.issue_channel == SOCIAL
    platform = np.where(on_social, rng.integers(0, len(_PLATFORMS), size=n), -1)
    issues = {
        "issue_id": issue_id,
        "opened_at": instants(opened),
        "closed_at": instants(solved),
        "product": names(life.issue_product, PRODUCTS),
        "topic": names(rng.integers(0, len(_TOPICS), size=n), _TOPICS),
        "severity": pa.array(life.issue_severity),
    }
    touchpoints = {
        "touchpoint_id": ids(np.arange(n), width=9, prefix="T"),
        "occurred_at": instants(opened),
        "platform": names(platform, _PLATFORMS),
        "direction": same("inbound", n),
        "issue_id": issue_id,
        "replied_by": names(np.where(answered, 0, -1), _REPLIERS),
        "resolved_at": instants(solved),
        "handled_by": names(np.where(answered, 0, 1), _HANDLERS),
    }
    return {"issues": pa.table(issues | shared), "touchpoints": pa.table(touchpoints | shared)}


def _last_of(*times: Ints) -> Ints:
    """The latest of several times that is known: when the row got its last word."""
    known = [np.where(time == UNKNOWN, np.iinfo(np.int64).min, time) for time in times]
    return np.asarray(np.maximum.reduce(known))
