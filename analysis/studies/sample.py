"""Who is compared with whom? The stack of customer × index-month rows behind the before-and-after study.

A row is a customer with an issue in a month and no social contact before that issue. It is *contacted* when the first
issue of the month went to social, *comparison* otherwise; a customer may be a comparison row in several months and be
contacted later, since nothing is conditioned on what happens after the index issue. The engine finds the rows and
counts their purchases month by month, zeros kept; estimating is left to `channel`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.foundation.calendar import Month, local_midnight, month_of, months_between
from analysis.foundation.errors import DesignError, TooSoon
from analysis.tables.engine import identifier
from analysis.tables.local_time import instant

if TYPE_CHECKING:
    from analysis.tables.load import Tables

MEASURES: Mapping[str, str] = {"orders": "count(*)", "revenue": "sum(revenue)", "margin": "sum(margin)"}
ATTRIBUTE = "attribute: "
"""What stands before the name of a customers' attribute in a stack, so that it cannot be taken for a column of ours."""
COVERED_DAYS = 25
"""A first or last month of the data with fewer covered days is not a month of data."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRules:
    """When an issue can be an index issue, and how long the windows around its month are."""

    before_months: int = 6
    after_months: int = 6
    look_back_days: int = 0
    zone: str = "UTC"
    until: Month | None = None

    @property
    def observed_before(self) -> int:
        """Months a customer must have been observed before the index month."""
        return max(self.before_months, -(-self.look_back_days // 30))


@dataclass(frozen=True, slots=True)
class Stack:
    """The rows, and what each bought in each month around its index month.

    Parameters
    ----------
    rows : DataFrame
        One row a customer and index month, sorted by customer and month: `customer` (code from 0), `month`,
        `contacted`, `issue_product`, `recent` (issues in the 6 months before: 0, 1, 2 for more), `lately` (any in the
        last 3), `observed` (months observed before), and a column `attribute: NAME` for each attribute asked for.
    monthly : mapping of outcome to array, shape (n_rows, before_months + 1 + after_months)
        What was bought per month, from `before_months` before the index month to `after_months` after it.
    rules : IndexRules
    first, last : Month
        First and last index month that the data allow.
    account : mapping of str to int
        Customers and rows considered, kept and left out, by reason.
    currency : str or None
    """

    rows: pd.DataFrame
    monthly: Mapping[str, Floats]
    rules: IndexRules
    first: Month
    last: Month
    account: Mapping[str, int]
    currency: str | None

    def before(self, outcome: str) -> Floats:
        """Sum over the before-window, shape (n_rows,)."""
        return np.asarray(self.monthly[outcome][:, : self.rules.before_months].sum(axis=1))

    def after(self, outcome: str) -> Floats:
        """Sum over the after-window, shape (n_rows,). The index month is in neither window."""
        return np.asarray(self.monthly[outcome][:, self.rules.before_months + 1 :].sum(axis=1))


def span_of_data(tables: Tables, zone: str, until: Month | None = None) -> tuple[Month, Month]:
    """Which complete months do purchases and issues have in common?

    A first or last month with fewer than 25 covered days is dropped.

    Raises
    ------
    DesignError
        If they have no month in common.
    """
    contacts, opened = ("issues", "opened_at") if tables.has("issues") else ("touchpoints", "occurred_at")
    bounds = [
        _months_covered(tables, table, time, zone) for table, time in (("orders", "ordered_at"), (contacts, opened))
    ]
    first = max(start for start, _ in bounds)
    last = min(end for _, end in bounds)
    if until is not None:
        last = min(last, until)
    if last < first:
        raise DesignError("Orders and issues have no complete month in common. Load exports that overlap in time.")
    return first, last


def _months_covered(tables: Tables, table: str, time: str, zone: str) -> tuple[Month, Month]:
    quick = _months_of_account(tables, table, time, zone)
    if quick is not None:
        return quick
    row = tables.engine.query(f"select min({time}) as low, max({time}) as high from {table}").to_pylist()[0]
    low, high = row["low"], row["high"]
    if low is None:
        raise DesignError(f"`{table}` holds no dated row.")
    return _whole_months(low, high, zone)


def _months_of_account(tables: Tables, table: str, time: str, zone: str) -> tuple[Month, Month] | None:
    """The months that the account of a table speaks of, where rows of it lie so near both ends that they must agree.

    An account spans all rows, also those set aside, such as cancelled orders. Where a row that is kept lies on the
    first day of the account and one on its last, and both days lead to the same months, no row needs to be looked for
    beyond them; finding one is much quicker than looking at all.
    """
    low, high = tables.accounts[table].first, tables.accounts[table].last
    if not isinstance(low, datetime) or not isinstance(high, datetime):
        return None
    day = timedelta(days=1)
    widest, narrowest = _whole_months(low, high, zone), _whole_months(low + day, high - day, zone)
    if widest != narrowest:
        return None
    ends = (
        f"{time} >= {instant(low)} and {time} <= {instant(low + day)}",
        f"{time} >= {instant(high - day)} and {time} <= {instant(high)}",
    )
    there = [len(tables.engine.query(f"select 1 from {table} where {end} limit 1")) > 0 for end in ends]
    return widest if all(there) else None


def _whole_months(low: datetime, high: datetime, zone: str) -> tuple[Month, Month]:
    """The first and the last month that are covered well enough."""
    first, last = month_of(low, zone), month_of(high, zone)
    if (_edge(first.plus(1), zone) - low).days + 1 < COVERED_DAYS:
        first = first.plus(1)
    if (high - _edge(last, zone)).days + 1 < COVERED_DAYS:
        last = last.plus(-1)
    return first, last


def _edge(month: Month, zone: str) -> datetime:
    return local_midnight(month.first_day, zone)


def build_stack(tables: Tables, rules: IndexRules, *, outcomes: Sequence[str], attributes: Sequence[str]) -> Stack:
    """Which rows can be compared, and what did each buy around its index month?

    Parameters
    ----------
    tables : Tables
        With `orders`, and `issues` or `touchpoints`.
    rules : IndexRules
    outcomes : sequence of {"orders", "revenue", "margin"}
    attributes : sequence of str
        Columns of `customers` that the rows shall carry.

    Raises
    ------
    TooSoon
        If no month has both windows inside the data; the message says when one will.
    DesignError
        If nobody, or only one group, remains.
    """
    begin, end = span_of_data(tables, rules.zone, rules.until)
    first, last = begin.plus(rules.observed_before), end.plus(-rules.after_months)
    if last < first:
        needed = first.plus(rules.after_months)
        raise TooSoon(
            f"The data cover {begin} to {end}. {rules.observed_before} months before and {rules.after_months} after an "
            f"index month need data to the end of {needed}: wait for them, or set shorter windows under `index`."
        )
    builder = _StackQueries(tables, rules, begin, end, attributes)
    builder.must_have_orders_in_every_month()
    builder.keep_rows(first, last)
    builder.keep_months(outcomes)
    rows = builder.rows()
    if not rows["contacted"].any() or rows["contacted"].all():
        who = "no customer whose first social contact" if not rows["contacted"].any() else "no comparison customer"
        raise DesignError(f"Between {first} and {last} there is {who} can be studied. Check the column `channel`.")
    monthly = {name: builder.monthly(name, len(rows)) for name in outcomes}
    stack = Stack(rows, monthly, rules, first, last, builder.account(rows), builder.currency())
    builder.forget()
    return stack


class _StackQueries:
    """The queries, in the order in which they build on each other."""

    NAMES = ("stack_issues", "stack_social", "stack_joined", "stack_rows", "stack_months")

    def __init__(self, tables: Tables, rules: IndexRules, begin: Month, end: Month, attributes: Sequence[str]) -> None:
        self.tables, self.rules, self.attributes = tables, rules, tuple(attributes)
        self.engine = tables.engine
        self.begin, self.end = begin, end

    def month(self, column: str) -> str:
        return str(self.engine.dialect.month_number(column, self.rules.zone, self.begin, self.end))

    def must_have_orders_in_every_month(self) -> None:
        """A month without a single order is a hole in the export, and would be read as nobody buying."""
        inside = self.engine.dialect.in_months("ordered_at", self.rules.zone, self.begin, self.end)
        found = self.engine.query(f"select distinct {self.month('ordered_at')} as month from orders where {inside}")
        held = set(found.column("month").to_pylist())
        holes = [str(month) for month in months_between(self.begin, self.end) if month.number not in held]
        if holes:
            raise DesignError(
                f"`orders` holds no order at all in {', '.join(holes)}, between months that have some. Export those "
                "months too; read as they are, nobody would have bought anything."
            )

    def keep_rows(self, first: Month, last: Month) -> None:
        self.engine.keep("stack_issues", self._issues())
        self.engine.keep("stack_social", self._social())
        self.engine.keep("stack_joined", self._joined())
        attributes = "".join(f", c.{identifier(name)} as {identifier(ATTRIBUTE + name)}" for name in self.attributes)
        customers = "left join customers c on c.customer_id = i.customer_id" if self.tables.has("customers") else ""
        product = "coalesce(i.product, c.product)" if self.tables.has("customers") else "i.product"
        self.engine.keep(
            "stack_rows",
            f"""
            select row_number() over (order by i.customer_id, i.month) - 1 as row_number,
                   dense_rank() over (order by i.customer_id) - 1 as customer,
                   i.customer_id, i.month, i.channel = 'social' as contacted,
                   coalesce({product}, '') as issue_product,
                   i.month - j.first_month as observed{attributes}
            from (
                select *, row_number() over (partition by customer_id, month order by opened_at, issue_id) as place
                from stack_issues
            ) i
            join stack_joined j on j.customer_id = i.customer_id
            left join stack_social s on s.customer_id = i.customer_id
            {customers}
            where i.place = 1 and i.month between {first.number} and {last.number}
              and i.month - j.first_month >= {self.rules.observed_before}
              and not (s.first_at is not null and s.first_at < i.opened_at
                       and (s.first_issue <> i.issue_id or i.channel <> 'social'))
              and not (s.next_at is not null and s.next_at < i.opened_at)
            """,
        )

    def _issues(self) -> str:
        """Issues with their local month; touchpoints stand in where there is no table of issues."""
        if self.tables.has("issues"):
            source = "select customer_id, issue_id, opened_at, channel, product from issues"
        else:
            source = """
                select customer_id, issue_id, opened_at, channel, cast(null as varchar) as product from (
                    select customer_id, coalesce(issue_id, touchpoint_id) as issue_id, occurred_at as opened_at,
                           channel, row_number() over (partition by customer_id, coalesce(issue_id, touchpoint_id)
                                              order by occurred_at, touchpoint_id) as place
                    from touchpoints where direction = 'inbound' and customer_id is not null
                ) as opening where place = 1
            """
        return f"select *, {self.month('opened_at')} as month from ({source}) as issue where customer_id is not null"

    def _social(self) -> str:
        """Per customer: the first social contact and its issue, and the first one of another issue.

        A message that belongs to the issue it opens must not count as a contact before that issue. One without an
        issue id counts a day later, since it may be the message that opened the issue.
        """
        contacts = "select customer_id, issue_id, opened_at as came_at from stack_issues where channel = 'social'"
        if self.tables.has("touchpoints"):
            contacts += """
                union all
                select customer_id, coalesce(issue_id, 'contact:' || touchpoint_id),
                       case when issue_id is null then occurred_at + interval '1 day' else occurred_at end
                from touchpoints where channel = 'social' and direction = 'inbound' and customer_id is not null
            """
        return f"""
            select customer_id,
                   max(case when place = 1 then came_at end) as first_at,
                   max(case when place = 1 then issue_id end) as first_issue,
                   max(case when place = 2 then came_at end) as next_at
            from (
                select customer_id, issue_id, came_at,
                       row_number() over (partition by customer_id order by came_at, issue_id) as place
                from (select customer_id, issue_id, min(came_at) as came_at from ({contacts}) as contact
                      group by customer_id, issue_id) as by_issue
            ) as ordered where place <= 2 group by customer_id
        """

    def _joined(self) -> str:
        """First whole month in which each customer can be observed."""
        if self.tables.has("customers"):
            joined = "select customer_id, joined_at from customers where joined_at is not null"
        else:
            joined = """
                select customer_id, min(came_at) as joined_at from (
                    select customer_id, ordered_at as came_at from orders where customer_id is not null
                    union all select customer_id, opened_at from stack_issues
                ) as seen group by customer_id
            """
        start = f"timestamp '{_edge(self.begin, self.rules.zone):%Y-%m-%d %H:%M:%S}'"
        return f"""
            select customer_id, case when joined_at <= {start} then {self.begin.number}
                                     else {self.month("joined_at")} + 1 end as first_month
            from ({joined}) as joined
        """

    def rows(self) -> pd.DataFrame:
        attributes = "".join(f", r.{identifier(ATTRIBUTE + name)}" for name in self.attributes)
        table = self.engine.query(
            f"""
            select r.row_number, r.customer, r.month, r.contacted, r.issue_product, r.observed{attributes},
                   least(count(case when p.month >= r.month - 6 then 1 end), 2) as recent,
                   count(case when p.month >= r.month - 3 then 1 end) > 0 as lately,
                   count(p.month) as earlier
            from stack_rows r
            left join stack_issues p on p.customer_id = r.customer_id and p.month < r.month
            group by r.row_number, r.customer, r.month, r.contacted, r.issue_product, r.observed{attributes}
            order by r.row_number
            """
        )
        rows = pd.DataFrame(table.to_pandas()).sort_values("row_number", ignore_index=True)
        return rows.drop(columns="row_number")

    def keep_months(self, outcomes: Sequence[str]) -> None:
        """What every customer of the stack bought in each month, in one pass over the orders."""
        measures = ", ".join(f"{MEASURES[name]} as {name}" for name in outcomes)
        self.engine.keep(
            "stack_months",
            f"""
            select customer, month, {measures}
            from (
                select c.customer, o.*, {self.month("ordered_at")} as month
                from orders o
                join (select distinct customer_id, customer from stack_rows) c on c.customer_id = o.customer_id
                where {self.engine.dialect.in_months("ordered_at", self.rules.zone, self.begin, self.end)}
            ) as dated
            group by customer, month
            """,
        )

    def monthly(self, outcome: str, n_rows: int) -> Floats:
        """Sparse amounts from the engine, laid into an array of zeros."""
        before, after = self.rules.before_months, self.rules.after_months
        amount = self.engine.dialect.as_float(f"o.{outcome}")
        found = self.engine.query(
            f"""
            select r.row_number, o.month - r.month + {before} as place, {amount} as amount
            from stack_rows r
            join stack_months o on o.customer = r.customer and o.month between r.month - {before} and r.month + {after}
            """
        )
        amounts = np.zeros((n_rows, before + 1 + after))
        amounts[found["row_number"].to_numpy(), found["place"].to_numpy()] = found["amount"].to_numpy()
        return amounts

    def account(self, rows: pd.DataFrame) -> dict[str, int]:
        row = self.engine.query(
            """
            select count(*) as issues,
                   count(case when month is null then 1 end) as outside_data,
                   count(distinct customer_id) as customers,
                   count(distinct case when channel = 'social' then customer_id end) as social_customers,
                   count(distinct case when customer_id not in (select customer_id from stack_joined)
                                       then customer_id end) as unknown_customers
            from stack_issues
            """
        ).to_pylist()[0]
        contacted = rows["contacted"].to_numpy(bool)
        return {
            "issues": int(row["issues"]),
            "issues_outside_the_data_span": int(row["outside_data"]),
            "customers_with_an_issue": int(row["customers"]),
            "customers_with_a_social_issue": int(row["social_customers"]),
            "customers_whose_start_is_unknown": int(row["unknown_customers"]),
            "contacted": int(contacted.sum()),
            "comparison_rows": int((~contacted).sum()),
            "comparison_customers": int(rows.loc[~contacted, "customer"].nunique()),
        }

    def currency(self) -> str | None:
        found: list[Any] = (
            self.engine.query("select distinct currency from orders where currency is not null")
            .column("currency")
            .to_pylist()
        )
        return found[0] if len(found) == 1 else None

    def forget(self) -> None:
        for name in self.NAMES:
            self.engine.drop(name)
