"""What if customers who came to social are compared with customers who had no problem at all? Only when asked.

The comparison then includes the harm of the problem that led to the contact, and can be graded C at most. The treated
are all customers by the month of their first contact on social, be it an issue or a message; compared are customers in
one month each, drawn by a hash of their id among all months, in which they had neither an issue nor a message, and no
social contact to date. What is counted around those months is the same as in `contacts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.foundation.errors import DesignError
from analysis.studies.observational.contacts import asked_of, trial_of
from analysis.studies.observational.covariates import category, numeric
from analysis.studies.observational.plan import ObservationalPlan
from analysis.studies.observational.rows import Floats, Ints, ObservationalRows
from analysis.studies.result import Check
from analysis.studies.sample import find_span
from analysis.studies.soundness import currency_of_orders
from analysis.studies.stack import BOUGHT, LEADS_FROM
from analysis.studies.stack_issues_sql import Workshop
from analysis.tables.engine import identifier

if TYPE_CHECKING:
    import pyarrow as pa

    from analysis.tables.load import Tables

HARM = (
    "Compared are customers without a problem, so the difference includes the harm of the problem that led to the "
    "contact, and whatever made it happen just then."
)
CAVEAT = "It includes the harm of the problem that led to the contact."
_RECENT, _LATELY, _MOST_EARLIER = 6, 3, 4


def harm_of_the_problem() -> Check:
    """The cap on a comparison with customers who had no problem.

    Examples
    --------
    >>> harm_of_the_problem().verdict
    'not_run'
    """
    return Check(name="harm_of_the_problem", verdict="not_run", detail=HARM, gate=True)


def no_contact_rows(tables: Tables, plan: ObservationalPlan) -> ObservationalRows:
    """First contacts on social, and one month each of customers without a contact in it.

    Parameters
    ----------
    tables : Tables
        With `orders`, and `issues` or `touchpoints`.
    plan : ObservationalPlan

    Raises
    ------
    TooSoon, DesignError
        If no month has both windows inside the data, or one of the groups is empty.
    """
    outcomes, attributes, notes = asked_of(tables, plan)
    span = find_span(tables, plan.zone, plan.until)
    span.must_fit(plan.rules())
    span.must_hold_every_month()
    with Workshop.open(tables, plan.rules(), span.first, span.last) as shop:
        shop.keep("contacts", _contacts_sql(shop))
        shop.keep("people", _people_sql(shop, attributes))
        shop.keep("zeros", _zeros_sql(shop))
        found = tables.engine.query(
            f"select z.*, p.first_month{''.join(f', p.a{place}' for place in range(len(attributes)))} "
            f"from {shop.named('zeros')} z join {shop.named('people')} p on p.code = z.code order by z.place"
        )
        arms = _ints(found, "treated") if len(found) else np.zeros(0, dtype=np.int64)
        if not arms.any() or arms.all():
            raise DesignError(
                f"{int(arms.sum()):,} first contacts on social and {int((arms == 0).sum()):,} months without a contact "
                f"lie between {shop.first} and {shop.last}, where their windows are inside the data; both are needed. "
                "Check the channel names, wait for more months, or set shorter windows."
            )
        sums = _Sums(shop, plan, outcomes, len(found))
        asked = sums.issues
        month = _ints(found, "month")
        texts = {name: _texts(found, f"a{place}") for place, name in enumerate(attributes)}
        return trial_of(
            plan,
            sums.of,
            outcomes=outcomes,
            currency=currency_of_orders(tables),
            treated=arms == 1,
            customer=_ints(found, "code"),
            month=month,
            observed=month - _ints(found, "first_month"),
            earlier=np.minimum(asked["earlier"], _MOST_EARLIER).astype(np.int64),
            known=[
                category(
                    "issues in the 6 months before (0, 1, 2 or more)", np.minimum(asked["recent"], 2).astype(object)
                ),
                numeric("an issue in the last 3 months", asked["lately"] > 0),
            ],
            texts=texts,
            names=("social", "no_contact"),
            words=(
                "Customers whose first social contact was from {first} to {last}",
                "similar customers without a contact in that month",
            ),
            months_after=plan.after_months,
            placebos={},
            account={"contacted": int(arms.sum()), "comparison_rows": int((arms == 0).sum())},
            caps=(harm_of_the_problem(),),
            caveat=CAVEAT,
            notes=tuple(notes),
        )


def _contacts_sql(shop: Workshop) -> str:
    """Every issue, and every message of a customer, with its month; issues count as such where there are any."""
    parts, tables = [], shop.tables
    if tables.has("issues"):
        parts.append(
            "select customer_id, opened_at as came_at, channel, 1 as issue from issues where customer_id is not null"
        )
    if tables.has("touchpoints"):
        parts.append(
            f"select customer_id, occurred_at as came_at, channel, {0 if parts else 1} as issue from touchpoints "
            "where customer_id is not null and direction = 'inbound'"
        )
    return (
        "select customer_id, came_at, issue, case when channel = 'social' then 1 else 0 end as social, "
        f"{shop.month('came_at')} as month from ({' union all '.join(parts)}) as c"
    )


def _people_sql(shop: Workshop, attributes: tuple[str, ...]) -> str:
    """All customers of known start, by a code, with the first whole month they can be observed in."""
    source, columns = "customers", ""
    if shop.tables.has("customers"):
        columns = "".join(f", cast(j.{identifier(name)} as varchar) as a{n}" for n, name in enumerate(attributes))
    else:
        source = (
            "(select customer_id, min(came_at) as joined_at from (select customer_id, ordered_at as came_at "
            f"from orders union all select customer_id, came_at from {shop.named('contacts')}) as s "
            "where customer_id is not null group by 1)"
        )
    return (
        "select cast(row_number() over (order by customer_id) - 1 as bigint) as code, * from (select j.customer_id, "
        f"case when j.joined_at <= {shop.start_of(shop.begin)} then {shop.begin.number} "
        f"else {shop.month('j.joined_at')} + 1 end as first_month{columns} from {source} as j) as p "
        "where first_month is not null"
    )


def _zeros_sql(shop: Workshop) -> str:
    """Time zero of everybody: the month of the first social contact, and a month drawn by a hash of the id."""
    first, last = shop.first.number, shop.last.number
    drawn = f"{first} + cast({shop.tables.engine.dialect.number_of('p.customer_id')} % {last - first + 1} as bigint)"
    contacts = shop.named("contacts")
    return f"""
        select cast(row_number() over (order by code, treated) - 1 as bigint) as place,
               code, customer_id, month, treated
        from (
            select p.code, p.customer_id, p.first_month, s.month, 1 as treated
            from {shop.named("people")} p join (
                select customer_id, month, row_number() over (partition by customer_id order by came_at) as place
                from {contacts} where social = 1
            ) as s on s.customer_id = p.customer_id and s.place = 1
            union all
            select z.code, z.customer_id, z.first_month, z.month, 0 as treated
            from (select p.*, {drawn} as month from {shop.named("people")} p) as z
            where not exists (
                select 1 from {contacts} c where c.customer_id = z.customer_id and c.month = z.month
            ) and not exists (
                select 1 from {contacts} c where c.customer_id = z.customer_id and c.social = 1
                and (c.month < z.month or c.came_at < {shop.start_of(shop.begin)})
            )
        ) as both_groups
        where month between {first} and {last} and month - first_month >= {shop.rules.observed_before}
    """


class _Sums:
    """What each row bought and asked, by month relative to time zero."""

    def __init__(self, shop: Workshop, plan: ObservationalPlan, outcomes: list[str], n: int) -> None:
        b, a = plan.before_months, plan.after_months
        self._held: dict[tuple[str, int], Floats] = {}
        engine, zeros = shop.tables.engine, shop.named("zeros")
        amounts = {
            name: "1" if name == "orders" else name for name in dict.fromkeys(["orders", *outcomes]) if name in BOUGHT
        }
        columns = ", ".join(f"cast(sum({amount}) as double) as {name}" for name, amount in amounts.items())
        kept = "".join(f", o.{name}" for name in amounts if name != "orders")
        bought = engine.query(
            f"select place, lag, {columns} from (select z.place, {shop.month('o.ordered_at')} - z.month as lag{kept} "
            f"from orders o join {zeros} z on z.customer_id = o.customer_id where {shop.within('o.ordered_at')}) as w "
            f"where lag between {-b - LEADS_FROM} and {a} group by 1, 2"
        )
        asked = engine.query(
            f"select z.place, c.month - z.month as lag, count(*) as issues from {shop.named('contacts')} c "
            f"join {zeros} z on z.customer_id = c.customer_id where c.issue = 1 and c.month is not null "
            f"and c.month - z.month between {-b - LEADS_FROM} and {a} group by 1, 2"
        )
        for found, names in ((bought, tuple(amounts)), (asked, ("issues",))):
            place, lag = _ints(found, "place"), _ints(found, "lag")
            for name in names:
                for step in range(-b - LEADS_FROM, a + 1):
                    own = lag == step
                    values = np.zeros(n)
                    values[place[own]] = found.column(name).to_numpy()[own]
                    self._held[name, step] = values
        history = engine.query(
            f"select z.place, count(case when c.came_at < {shop.start_of(shop.begin)} then 1 end) as old, "
            f"count(case when c.month < z.month then 1 end) as earlier, "
            f"count(case when c.month between z.month - {_RECENT} and z.month - 1 then 1 end) as recent, "
            f"count(case when c.month between z.month - {_LATELY} and z.month - 1 then 1 end) as lately "
            f"from {shop.named('contacts')} c join {zeros} z on z.customer_id = c.customer_id where c.issue = 1 "
            "group by 1"
        )
        self.issues: dict[str, Ints] = {}
        place = _ints(history, "place")
        for name in ("old", "earlier", "recent", "lately"):
            counted = np.zeros(n, dtype=np.int64)
            counted[place] = _ints(history, name)
            self.issues[name] = counted
        self.issues["earlier"] = self.issues["earlier"] + self.issues["old"]

    def of(self, outcome: str, first: int, last: int) -> Floats:
        return np.asarray(sum(self._held[outcome, step] for step in range(first, last + 1)), dtype=np.float64)


def _ints(found: pa.Table, column: str) -> Ints:
    import pyarrow as pa

    return np.asarray(found.column(column).cast(pa.int64()).to_numpy(), dtype=np.int64)


def _texts(found: pa.Table, column: str) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    return np.array(found.column(column).to_pylist(), dtype=object)
