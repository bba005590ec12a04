"""The stack out of the query engine: built once, scanned for cells and for what customers add to estimates.

The engine reads each table once, the rows are found among the issues (`stack_found`), and what happened around them is
counted by customer and month (`stack_months_sql`, `stack_grid`); orders never stay. Rows and months are whole numbers
throughout, so that neither the order of rows nor the number of threads can change a digit. Cells are summed here, and
influences are weighted here, a customer's rows together (`stack_sums`). Estimating is left to `channel`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.inference.cells import Cells, Flags, Floats, Influences, Ints, Linear, Measure
from analysis.studies.issue_costs import PricedRows, priced_rows
from analysis.studies.sample import IndexRules, find_span
from analysis.studies.soundness import currency_of_orders
from analysis.studies.stack import MONTHLY, PARTS, RECENTLY, SINGLE, Layout
from analysis.studies.stack_found import Found, Messages, account_of, find_rows, social_messages
from analysis.studies.stack_grid import Measured, Shape, beside, by_cell, product_sums, sources, summed
from analysis.studies.stack_issues import Asked, Issues, Period, read_issues, source_of
from analysis.studies.stack_months_sql import Months, Read, contracts_of, lay_out_months, no_contracts, orders_of
from analysis.studies.stack_once import once
from analysis.studies.stack_people import People
from analysis.studies.stack_sums import Placed, cells_among, influences_of
from analysis.studies.stack_threads import begun, meanwhile, side_by_side, while_reading

if TYPE_CHECKING:
    from analysis.tables.load import Tables

OUTCOMES = (*MONTHLY, *SINGLE)


def engine_stack(
    tables: Tables, rules: IndexRules, *, outcomes: Sequence[str], attributes: Sequence[str] = ()
) -> EngineStack:
    """Which rows can be compared, and what happened around the index month of each?

    Parameters
    ----------
    tables : Tables
        With `orders`, and `issues` or `touchpoints`; `subscriptions` for "retained", costs for what costs.
    rules : IndexRules
    outcomes : sequence of str
        Among `OUTCOMES`. Only what they need is computed; orders are always there.
    attributes : sequence of str
        Columns of `customers` that the rows shall carry.

    Raises
    ------
    TooSoon
        If no month has both windows inside the data; the message says when one will.
    DesignError
        If the period ends too soon for both windows; if nobody, or only one group, remains; if a month of orders or
        issues or a cost is missing.
    """
    if unknown := [name for name in outcomes if name not in OUTCOMES]:
        raise DesignError(f"No stack holds {', '.join(unknown)}; one can hold {', '.join(OUTCOMES)}.")
    zone, until = rules.zone, rules.until
    priced = priced_rows(tables, zone) if {"support_cost", "index_issue_cost"} & set(outcomes) else None
    people, span = while_reading(
        tables.engine,
        lambda: once(tables, ("people", *attributes), lambda: People.of(tables, source_of(tables), attributes)),
        lambda batches: once(tables, ("span", zone, until), lambda: find_span(tables, zone, until, batches)),
    )
    span.must_fit(rules)
    span.must_hold_every_month()
    period = Period(span.first, span.last, rules)
    calendar, engine = period.calendar(), tables.engine
    held = contracts_of if "retained" in outcomes else no_contracts
    with begun(engine, orders_of(people, outcomes)) as orders:
        issues, asked, messages = _read(tables, people, period, priced)
        with meanwhile(engine, partial(held, people, calendar), line=2) as contracts:
            found, account = _who(people, period, issues, asked, messages)
            if span.thin:
                account["first_months_left_out_for_few_issues"] = span.thin
            rows, labels = _rows(people, issues, found)
            layout = Layout(
                begin=period.begin,
                end=period.end,
                first=period.first,
                last=period.last,
                before=rules.before_months,
                after=rules.after_months,
                outcomes=tuple(outcomes),
                attributes=tuple(attributes),
                labels=labels,
                currency=currency_of_orders(tables),
            )
            shape = Shape.of(layout, len(found.customers))
            read = Read(tables, people, asked, issues, found, rules.zone, calendar, shape)
            return EngineStack(rows, lay_out_months(read, layout, priced, orders, contracts), layout, account)


def _read(
    tables: Tables, people: People, period: Period, priced: PricedRows | None
) -> tuple[Issues, Asked, list[Messages]]:
    """All issues, and beside them the messages on social."""
    of_issues = priced if tables.has("issues") else None
    asked_for = ("issues", period.begin, period.end, period.rules.zone, None if of_issues is None else of_issues.sql)
    (issues, asked), messages = while_reading(
        tables.engine,
        lambda: once(tables, asked_for, lambda: read_issues(tables, people, period, of_issues)),
        lambda batches: social_messages(tables, people, batches),
    )
    return issues, asked, messages


def _who(
    people: People, period: Period, issues: Issues, asked: Asked, messages: Sequence[Messages]
) -> tuple[Found, dict[str, int]]:
    """The rows among all issues, and who was left out.

    Raises
    ------
    DesignError
        If nobody, or only one group, remains.
    """
    found, new = find_rows(people, period, issues, messages)
    account = account_of(people, period, asked, issues, found, new)
    if not account["contacted"] or not account["comparison_rows"]:
        who = "comparison customer" if account["contacted"] else "customer whose first social contact"
        raise DesignError(
            f"Between {period.first} and {period.last} there is no {who} can be studied. Check the column `channel`."
        )
    return found, account


def _rows(people: People, issues: Issues, found: Found) -> tuple[dict[str, Ints], dict[str, tuple[str, ...]]]:
    """Key columns of the rows, sorted by customer and month, and what the codes among them stand for."""
    who = issues.customer[found.issue]
    rows = {"customer": found.place[who].astype(np.int32), **found.keys}
    product = issues.product.at(found.issue).filled(people.product.at(who))
    labels = {"product": product.labels}
    rows["product"] = product.codes
    for place, attribute in enumerate(people.attributes):
        coded = attribute.at(who)
        rows[f"a{place}"], labels[f"a{place}"] = coded.codes, coded.labels
    return rows, labels


class EngineStack:
    """Rows that the engine found, and the months of their customers. See `Stack` for what can be asked of them.

    Parameters
    ----------
    rows : mapping of str to array, shape (n_rows,)
        `customer`, the key columns, `study` and `future`, sorted by customer and month.
    months : Months
        What the measures are made of.
    layout : Layout
    account : mapping of str to int
    """

    def __init__(self, rows: Mapping[str, Ints], months: Months, layout: Layout, account: Mapping[str, int]) -> None:
        self._rows, self._layout = dict(rows), layout
        self._account = MappingProxyType(dict(account))
        self._sources = sources(layout)
        field = months.shape.field(rows["customer"], rows["month"] - months.shape.begin)
        self._columns = {**beside(months.grids, self._sources, field, months.shape), **months.own}
        self._units = {column: 10 ** self._digits(column, months.digits) for column in layout.measures}
        self._placed: list[tuple[Cells, str, Placed, Measured]] = []
        self._placing = Lock()
        self._totals: dict[Measure, Ints] = {}
        self.everybody = months.everybody

    @property
    def layout(self) -> Layout:
        return self._layout

    @property
    def account(self) -> Mapping[str, int]:
        return self._account

    def forget(self) -> None:
        """Give the memory back. Nothing can be asked afterwards."""
        self._placed.clear()
        self._totals.clear()
        self._rows.clear()
        self._columns.clear()

    def cells(
        self,
        by: Sequence[str],
        *,
        where: str = "study",
        measures: Sequence[str] = (),
        products: Sequence[tuple[Measure, Measure]] = (),
    ) -> Cells:
        """Rows, sums and sums of products by combination of the key columns, in one scan. See `Stack.cells`."""
        part = np.flatnonzero(self._part(where))
        keys = {name: self._key(name, where)[part] for name in by}
        place, held = cells_among(keys, len(part))
        size = len(next(iter(held.values()))) if by else min(len(part), 1)
        measured, of_cells = Measured(self._columns, part, self._totals), by_cell(place, size)

        def product(two: tuple[Measure, Measure]) -> Floats:
            units = float(self._unit_of(two[0]) * self._unit_of(two[1]))
            return product_sums(of_cells, measured.of(two[0]), measured.of(two[1])) / units

        def total(name: str) -> Floats:
            return np.asarray(summed(of_cells, measured.of((name,))) / self._units[name])

        pieces = [*(partial(product, two) for two in products), *(partial(total, name) for name in measures)]
        found = side_by_side(lambda piece: piece(), pieces, numbers=len(part) * len(pieces))
        return Cells(
            held,
            np.bincount(place, minlength=size).astype(np.int64),
            dict(zip(measures, found[len(products) :], strict=True)),
            dict(zip(products, found, strict=False)),
        )

    def influences(
        self, cells: Cells, linears: Sequence[Linear], *, where: str = "study", joint: bool = True
    ) -> Influences:
        """What customers add to estimates made of `cells`. See `Stack.influences`."""
        placed, measured = self._place(cells, where)
        scaled = side_by_side(self._scaled, linears, numbers=len(cells) * len(linears))
        return influences_of(placed, scaled, measured.of, joint=joint)

    def _scaled(self, linear: Linear) -> Linear:
        """Weights of whole numbers, where those given are of amounts in their main unit."""
        units = [*map(self._unit_of, linear.measures), 1]
        return linear if max(units) == 1 else Linear(linear.name, linear.measures, linear.weights / np.array(units))

    def customers(self, cells: Cells, masks: Flags, *, where: str = "study") -> Ints:
        """Different customers with a row in the marked cells. See `Stack.customers`."""
        return self._place(cells, where)[0].customers(np.asarray(masks, dtype=bool))

    def rows(self) -> pd.DataFrame:
        """All rows, sorted by customer and month; money in its main unit."""
        columns = ("customer", *self._layout.columns, "study", "future")
        found: dict[str, Ints | Floats] = {name: self._rows[name].astype(np.int64) for name in columns}
        for name in self._layout.measures:
            whole, unit = self._columns[name].astype(np.int64), self._units[name]
            found[name] = whole / unit if unit > 1 else whole
        return pd.DataFrame(found)

    def _place(self, cells: Cells, where: str) -> tuple[Placed, Measured]:
        """The cell of each row; the last few answers are kept, since a study asks for the same cells again.

        Others who ask meanwhile wait for it, so that nothing is looked for twice.
        """
        with self._placing:
            return self._placed_in(cells, where)

    def _placed_in(self, cells: Cells, where: str) -> tuple[Placed, Measured]:
        for held, asked, placed, measured in self._placed:
            if held is cells and asked == where:
                return placed, measured
        part = np.flatnonzero(self._part(where))
        keys = {name: self._key(name, where)[part] for name in cells.keys}
        placed = Placed.among(cells, keys, self._rows["customer"][part])
        measured = Measured(self._columns, placed.chosen(part), self._totals)
        self._placed = [*self._placed[-3:], (cells, where, placed, measured)]
        return placed, measured

    def _part(self, where: str) -> Flags:
        rows, latest = self._rows, self._layout.end.number - RECENTLY
        if where not in PARTS:
            raise ValueError(f"There are no rows called `{where}`.")
        if where == "study":
            return np.asarray(rows["study"] == 1)
        if where == "future":
            return np.asarray(rows["future"] > 0)
        recent = np.asarray(rows["month"] <= latest)
        return recent if where == "main" else recent & (rows["study"] == 0)

    def _key(self, column: str, where: str) -> Ints:
        if (column, where) == ("arm", "future"):
            return np.asarray(self._rows["future"] == 2, dtype=np.int64)
        return self._rows[column]

    def _digits(self, column: str, digits: Mapping[str, int]) -> int:
        """Digits after the point of a measure that is money; its whole numbers are so many times too large."""
        source = self._sources.get(column)
        return digits.get(column, digits.get(source.grid, 0) if source is not None else 0)

    def _unit_of(self, measure: Measure) -> int:
        """By what the whole numbers of a measure are divided; its columns share it."""
        units: list[int] = list({self._units[column] for column in measure} or {1})
        if len(units) > 1:
            raise ValueError(f"{', '.join(measure)} are not in one unit.")
        return units[0]
