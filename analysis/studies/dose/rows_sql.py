"""What are the rows of dose and mix, found by the query engine? Contacts and orders by customer and month.

The engine counts by month; which months belong to which window is told here. What a row is, is told in `rows`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, TooSoon
from analysis.inference.cells import Flags, Floats, Ints
from analysis.studies.dose.plan import DosePlan
from analysis.studies.dose.rows import DoseRows
from analysis.studies.sample import IndexRules, find_span
from analysis.studies.stack_issues_sql import Workshop

if TYPE_CHECKING:
    import pyarrow as pa

    from analysis.tables.load import Tables

YEARS = 5
"""Years of being a customer that are told apart; the last stands for all later ones."""
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class _Counts:
    """How many contacts or orders a customer had in a month, one entry for each that has any."""

    code: Ints
    month: Ints
    n: Ints

    def within(self, first: int, end: int, customers: int) -> Ints:
        """By customer, in the months from `first` up to but not `end`."""
        part = (self.month >= first) & (self.month < end)
        return np.bincount(self.code[part], weights=self.n[part], minlength=customers).astype(np.int64)


def dose_rows(tables: Tables, plan: DosePlan) -> DoseRows:
    """The rows of dose and mix in these tables.

    Parameters
    ----------
    tables : Tables
        With `orders`, and `touchpoints` or `issues`; `customers` says since when, `subscriptions` until when somebody
        is a customer.
    plan : DosePlan

    Raises
    ------
    TooSoon
        If the data are shorter than the windows.
    DesignError
        If there are no orders, or nobody can be followed.
    """
    if not tables.has("orders") or not (tables.has("touchpoints") or tables.has("issues")):
        raise DesignError("Dose and mix need `orders`, and `touchpoints` or `issues`.")
    span = find_span(tables, plan.zone, plan.until)
    span.must_hold_every_month()
    dates = plan.dates(span.first, span.last)
    if not dates:
        needed = plan.prior_months + plan.dose_months + plan.outcome_months
        raise TooSoon(
            f"The data cover {span.first} to {span.last}. {plan.prior_months} months to make customers alike, "
            f"{plan.dose_months} of contacts and {plan.outcome_months} of outcome need {needed}. Wait for the data, or "
            "set shorter windows."
        )
    with Workshop.open(tables, IndexRules(zone=plan.zone), span.first, span.last) as shop:
        return _rows(shop, plan, dates, span.first, span.last)


def _rows(shop: Workshop, plan: DosePlan, dates: tuple[Month, ...], first: Month, last: Month) -> DoseRows:
    shop.keep("people", _people_sql(shop))
    people = shop.tables.engine.query(f"select * from {shop.named('people')} order by code")
    joined = _ints(people.column("joined"), _NEVER)
    if not len(joined):
        raise DesignError("There is no customer with a contact or an order.")
    n = len(joined)
    orders = _counts(shop, "select customer_id, ordered_at as at, '' as channel from orders")[""]
    contacts = _counts(shop, _contacts_sql(shop.tables))
    everything = list(contacts.values())
    parts = []
    for date in dates:
        start = date.number - plan.dose_months
        early = joined < start - plan.prior_months  # the month of joining is no whole one
        kept = np.flatnonzero(early & _running(shop, date, n))
        prior = (start - plan.prior_months, start)
        over = date.number + plan.outcome_months
        later = (over, over + plan.dose_months)
        parts.append(
            {
                "customer": kept,
                "date": np.full(len(kept), date.number),
                "tenure": date.number - joined[kept],
                "prior_orders": orders.within(*prior, n)[kept],
                "prior_contacts": sum((one.within(*prior, n) for one in everything), np.zeros(n, dtype=np.int64))[kept],
                "orders": orders.within(date.number, over, n)[kept],
                "known": np.full(len(kept), later[1] <= last.number + 1),
                **{f"on {name}": one.within(start, date.number, n)[kept] for name, one in contacts.items()},
                **{f"later on {name}": one.within(*later, n)[kept] for name, one in contacts.items()},
            }
        )
    held = {name: np.concatenate([part[name] for part in parts]).astype(np.int64) for name in parts[0]}
    if not len(held["customer"]):
        raise DesignError(
            f"Nobody was a customer from {plan.prior_months + plan.dose_months} months before a date up to it. Check "
            "`customers.joined_at`, or set shorter windows."
        )
    bought = held["orders"].astype(np.float64)
    after = {"orders": bought, "repurchased": (bought > 0).astype(np.float64)}
    customers = len(np.unique(held["customer"]))
    return DoseRows(
        customer=held["customer"],
        date=held["date"],
        contacts={name: held[f"on {name}"] for name in contacts},
        later={name: held[f"later on {name}"] for name in contacts},
        later_known=held["known"] == 1,
        tenure=held["tenure"],
        prior_orders=held["prior_orders"],
        prior_contacts=held["prior_contacts"],
        after={name: after[name] for name in plan.outcomes},
        life=_life(contacts, joined, first.number, last.number),
        account={
            "customers": n,
            "left_out_since_when_not_known": int((joined == _NEVER).sum()),
            "left_out_never_followed_long_enough": int((joined != _NEVER).sum()) - customers,
            "customers_followed": customers,
            "rows": len(bought),
        },
    )


def _people_sql(shop: Workshop) -> str:
    """Everybody, with the month of joining; those who joined before the data count from where they joined."""
    tables = shop.tables
    if tables.has("customers"):
        source = "select customer_id, joined_at from customers"
    else:
        source = f"""select customer_id, min(at) as joined_at from (
            select customer_id, ordered_at as at from orders
            union all select customer_id, at from ({_contacts_sql(tables)}) as c) as s
            where customer_id is not null group by customer_id"""
    month = tables.engine.dialect.month_number("joined_at", shop.rules.zone, shop.begin.plus(-600), shop.end)
    return f"""select row_number() over (order by customer_id) - 1 as code, customer_id, {month} as joined
               from ({source}) as everybody"""


def _contacts_sql(tables: Tables) -> str:
    """Inbound contacts on known channels; issues stand in where there are no touchpoints."""
    if tables.has("touchpoints"):
        return """select customer_id, occurred_at as at, channel from touchpoints
                  where direction = 'inbound' and channel is not null"""
    return "select customer_id, opened_at as at, channel from issues where channel is not null"


def _counts(shop: Workshop, source: str) -> dict[str, _Counts]:
    """Events by channel, customer and month."""
    found = shop.tables.engine.query(f"""
        select channel, code, {shop.month("e.at")} as month, count(*) as n
        from ({source}) as e join {shop.named("people")} as p on p.customer_id = e.customer_id
        where {shop.within("e.at")} group by 1, 2, 3
    """)
    channel = np.array(found.column("channel").to_pylist(), dtype=object)
    code, month, n = (_ints(found.column(name)) for name in ("code", "month", "n"))
    named = sorted(set(channel.tolist()))
    return {name: _Counts(code[channel == name], month[channel == name], n[channel == name]) for name in named}


def _running(shop: Workshop, date: Month, n: int) -> Flags:
    """Who is still a customer at a date; everybody where no subscription says."""
    if not shop.tables.has("subscriptions"):
        return np.ones(n, dtype=bool)
    at = shop.start_of(date)
    found = shop.tables.engine.query(f"""
        select distinct code from subscriptions as s join {shop.named("people")} as p on p.customer_id = s.customer_id
        where s.started_at <= {at} and (s.ended_at is null or s.ended_at > {at})
    """)
    running = np.zeros(n, dtype=bool)
    running[_ints(found.column("code"))] = True
    return running


def _life(contacts: dict[str, _Counts], joined: Ints, first: int, last: int) -> dict[tuple[int, str], float]:
    """Contacts per customer in each year since joining, from customer-months inside the data."""
    known = joined[joined != _NEVER]
    lived: Floats = np.zeros(YEARS)
    for year in range(YEARS):
        begin, end = known + 12 * year, known + 12 * (year + 1) if year < YEARS - 1 else np.full(len(known), last + 1)
        lived[year] = np.clip(np.minimum(end, last + 1) - np.maximum(begin, first), 0, None).sum()
    life: dict[tuple[int, str], float] = {}
    for name, one in contacts.items():
        year = np.minimum((one.month - joined[one.code]) // 12, YEARS - 1)
        inside = (joined[one.code] != _NEVER) & (year >= 0)
        counted = np.bincount(year[inside], weights=one.n[inside], minlength=YEARS)
        life |= {(place + 1, name): float(12 * counted[place] / lived[place]) for place in range(YEARS) if lived[place]}
    return life


def _ints(column: pa.ChunkedArray, missing: int = 0) -> Ints:
    import pyarrow as pa

    return np.asarray(column.cast(pa.int64()).fill_null(missing).to_numpy(), dtype=np.int64)
