"""Which issues have the customers of a study, and when? Read once, a customer's together in the order of time.

Whole numbers stand in place of ids (`stack_people`). Which of the issues make a row of the stack is left to
`stack_found`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.calendar import Month
from analysis.inference.cells import Flags, Ints
from analysis.studies.issue_costs import PricedRows
from analysis.studies.sample import IndexRules
from analysis.studies.stack import RECENTLY
from analysis.studies.stack_calendar import NEVER, Calendar, instants
from analysis.studies.stack_money import micros
from analysis.studies.stack_people import Coded, Codes, Numbers, People, by_customer, numbers_of
from analysis.studies.stack_threads import ahead, side_by_side

if TYPE_CHECKING:
    import pyarrow as pa

    from analysis.tables.load import Tables

RECENT_MONTHS = 6
"""Months before an issue whose issues are history of their own."""
LONG_AGO = -(2**14)
"""The month of an issue that is too long ago to matter, or of none."""


@dataclass(frozen=True, slots=True)
class Period:
    """The months of a study's data, and the rules of its rows."""

    begin: Month
    end: Month
    rules: IndexRules

    @property
    def first(self) -> Month:
        """First index month whose before-window lies inside the data."""
        return self.begin.plus(self.rules.observed_before)

    @property
    def last(self) -> Month:
        """Last index month whose after-window lies inside the data."""
        return self.end.plus(-self.rules.after_months)

    def calendar(self) -> Calendar:
        """The months of the data."""
        return Calendar.of(self.rules.zone, self.begin, self.end)

    @property
    def latest(self) -> int:
        """The last month of which any row is kept: three months after it are enough for some questions."""
        return max(self.last.number, self.end.number - RECENTLY)


@dataclass(frozen=True, slots=True)
class Asked:
    """Everybody's issues: how many customers have one, and of customers who are known, how many each, and whether on
    social, shape (n,)."""

    customers: int
    social_customers: int
    issues: int
    inside: int
    count: Ints
    social: Flags

    @classmethod
    def of(cls, count: Ints, social: Flags, strangers: Numbers, inside: int) -> Asked:
        """From what was counted; customers whom no table knows are told apart by their numbers, shape (2, n_issues)."""
        unknown, their_social = np.unique(strangers[0]), np.unique(strangers[0, strangers[1] == 1])
        return cls(
            int(np.count_nonzero(count[:-1])) + len(unknown),
            int(np.count_nonzero(social[:-1])) + len(their_social),
            int(count.sum()),
            inside,
            count[:-1],
            social[:-1],
        )


@dataclass(frozen=True, slots=True)
class Issues:
    """Issues of customers whose start is known, by customer and in the order of time.

    Parameters
    ----------
    customer : array of int
        Places among `people`.
    starts : array of int, shape (n_people + 1,)
        The first issue of each.
    number : array of uint64
        Of the issue's id.
    opened_at : array of int
        Instants.
    reached : array of int
        The local month, from a few months before the data on; `LONG_AGO` outside.
    social : array of bool
    product : Coded
        As the issue says.
    micros : array of int, optional
        The cost, where it was asked for; `NEVER` where there is none.
    """

    customer: Codes
    starts: Ints
    number: Numbers
    opened_at: Ints
    reached: NDArray[np.int32]
    social: Flags
    product: Coded
    micros: Ints | None

    def __len__(self) -> int:
        return len(self.customer)


def source_of(tables: Tables) -> str:
    """Issues with a known customer; touchpoints stand in where there is no table of issues."""
    if tables.has("issues"):
        return "select customer_id, issue_id, opened_at, channel, product from issues where customer_id is not null"
    return """
        select customer_id, issue_id, opened_at, channel, cast(null as varchar) as product from (
            select customer_id, coalesce(issue_id, touchpoint_id) as issue_id, occurred_at as opened_at,
                   channel, row_number() over (partition by customer_id, coalesce(issue_id, touchpoint_id)
                                      order by occurred_at, touchpoint_id) as place
            from touchpoints where direction = 'inbound' and customer_id is not null
        ) as opening where place = 1
    """


def read_issues(
    tables: Tables, people: People, period: Period, priced: PricedRows | None = None
) -> tuple[Issues, Asked]:
    """All issues, in one pass; with their costs, where a query of priced issues is given."""
    import pyarrow as pa

    source, time = (source_of(tables), "opened_at") if priced is None else (priced.sql, "came_at")
    cost = "" if priced is None else ", cast(cost as decimal(19, 6))"
    begin, end = period.calendar().edges[[0, -1]]
    known = np.append(people.joined_at != NEVER, False)
    count, on_social = np.zeros(len(known), dtype=np.int64), np.zeros(len(known), dtype=bool)
    strangers, inside = [np.zeros((2, 0), dtype=np.uint64)], 0
    whole = [_whole(np.int32), _whole(np.uint64), _whole(np.int64), _whole(np.bool_), _whole(np.int64)]
    texts: tuple[list[pa.Array], list[pa.Array]] = ([pa.array([], pa.string())], [pa.array([], pa.string())])
    batches = tables.engine.batches(
        f"select {people.number()}, {people.number('issue_id')}, {time}, channel = 'social', issue_id, product{cost} "
        f"from ({source}) as issue",
        () if priced is None else priced.parameters,
    )

    def read(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, Codes, Ints, Flags, Ints]:
        """A batch with its customers, times and costs."""
        code, opened_at = people.codes(batch.column(0)), instants(batch.column(2))
        social = batch.column(3).fill_null(False).to_numpy(zero_copy_only=False)
        amounts = opened_at if priced is None else micros(batch.column(6), "cost", NEVER)
        return batch, code, opened_at, social, amounts

    for batch, code, opened_at, social, amounts in ahead(read, batches):
        np.add.at(count, code, 1)
        on_social[code[social]] = True
        strangers.append(np.stack([numbers_of(batch.column(0)), social])[:, code < 0])
        inside += int(np.count_nonzero((opened_at >= begin) & (opened_at < end)))
        rows = np.flatnonzero(known[code])
        columns: tuple[NDArray[Any], ...] = (code, numbers_of(batch.column(1)), opened_at, social, amounts)
        for held, column in zip(whole, columns, strict=True):
            held.append(column[rows])
        for part, text in zip(texts, (batch.column(4), batch.column(5)), strict=True):
            part.append(text if len(rows) == len(batch) else text.take(pa.array(rows)))
    code, number, opened_at, social, amounts = (np.concatenate(held) for held in whole)
    whole.clear()
    order, starts = _in_order(code, opened_at, len(people), texts[0])
    unsorted = (code, number, opened_at, social, amounts)
    in_order = side_by_side(lambda column: column[order], unsorted, numbers=len(unsorted) * len(order))
    code, number, opened_at, social, amounts = in_order
    return (
        Issues(
            customer=code,
            starts=starts,
            number=number,
            opened_at=opened_at,
            reached=_months(period, opened_at),
            social=social,
            product=_coded(texts[1], order),
            micros=None if priced is None else amounts,
        ),
        Asked.of(count, on_social, np.concatenate(strangers, axis=1), inside),
    )


def _whole(kind: type[np.generic]) -> list[NDArray[Any]]:
    return [np.zeros(0, dtype=kind)]


def _months(period: Period, opened_at: Ints) -> NDArray[np.int32]:
    """The months of issues, some before the data too: what happened then is history of the first rows."""
    calendar = Calendar.of(period.rules.zone, period.begin.plus(-RECENT_MONTHS), period.end)
    month = calendar.since_first(opened_at).astype(np.int32)
    return np.where((month >= 0) & (month < calendar.length), month + calendar.first, LONG_AGO)


def _coded(texts: Sequence[pa.Array], order: Ints) -> Coded:
    import pyarrow as pa

    return Coded.of(pa.chunked_array([part.dictionary_encode() for part in texts]).combine_chunks()).in_order(order)


def _in_order(code: Codes, opened_at: Ints, n: int, names: Sequence[pa.Array]) -> tuple[Ints, Ints]:
    """By customer, by time, and by id where times are the same; and where each customer begins."""
    import pyarrow as pa
    from pyarrow import compute

    if (np.diff(opened_at) < 0).any():
        by_time = np.argsort(opened_at, kind="stable")
        order, starts = by_customer(code[by_time], n)
        order = by_time[order]
    else:
        order, starts = by_customer(code, n)
    times, who = opened_at[order], code[order]
    same = (times[1:] == times[:-1]) & (who[1:] == who[:-1])
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    if len(tied):
        together = np.cumsum(~np.append(False, same)[tied])
        texts = pa.chunked_array(names).take(pa.array(order[tied])).combine_chunks()
        rank = compute.rank(texts, tiebreaker="dense").to_numpy()
        order[tied] = order[tied][np.lexsort((rank, together))]
    return order, starts
