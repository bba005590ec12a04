"""Stacks of rows with planted truths, and rows by hand: what the tests of the before-and-after study are fed with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.foundation.calendar import Month
from analysis.inference.cells import Cells
from analysis.studies.fits import Fits
from analysis.studies.stack import Layout, early, lag, window
from analysis.studies.stack_arrays import ArrayStack

BEGIN, END = Month.of("2023-01"), Month.of("2025-06")
PRODUCTS = ("bread", "milk")
REGIONS = ("east", "north", "south")


def layout_with(
    *, before: int = 6, after: int = 6, outcomes: tuple[str, ...] = ("orders",), attributes: tuple[str, ...] = ()
) -> Layout:
    """Thirty months of data."""
    labels = {"product": PRODUCTS, **{f"a{place}": REGIONS for place in range(len(attributes))}}
    return Layout(
        begin=BEGIN,
        end=END,
        first=BEGIN.plus(before),
        last=END.plus(-after),
        before=before,
        after=after,
        outcomes=outcomes,
        attributes=attributes,
        labels=labels,
        currency="EUR",
    )


def by_hand(layout: Layout, rows: Sequence[Mapping[str, Any]]) -> ArrayStack:
    """A stack of rows of which only what matters is given: each a customer of its own, in one month, otherwise 0."""
    usual = {"month": layout.first.number, "observed": 12, "study": 1, "future": 0}
    columns = ("customer", *layout.columns, "study", "future", *layout.measures)
    made = [{**dict.fromkeys(columns, 0), **usual, "customer": place, **row} for place, row in enumerate(rows)]
    return ArrayStack(pd.DataFrame(made, columns=list(columns)), layout)


def planted(
    seed: int,
    *,
    customers: int = 6_000,
    layout: Layout | None = None,
    effect: float = 1.0,
    drift: float = 0.0,
    hidden: float = 1.0,
) -> ArrayStack:
    """A company's rows with known truths, in Poisson orders around tastes that customers keep.

    Parameters
    ----------
    effect : float
        By which contacted customers' orders are multiplied in all months after.
    drift : float
        By which the logarithm of contacted customers' orders grows each month, beside everybody else's.
    hidden : float
        By which orders are multiplied in the months after an issue elsewhere, of those who turn to social later.
    """
    made = layout or layout_with()
    draw = np.random.default_rng(seed)
    last = draw.integers(made.first.number, made.end.number - 2, customers)
    had_one = (draw.random(customers) < 0.4) & (last > made.first.number)
    first = draw.integers(made.first.number, np.maximum(last, made.first.number + 1))
    customer = np.concatenate([np.arange(customers), np.flatnonzero(had_one)])
    month = np.concatenate([last, first[had_one]])
    n = len(customer)
    product = draw.integers(0, 2, customers)[customer]
    recent = draw.choice([0, 1, 2], n, p=[0.7, 0.2, 0.1])
    region = draw.integers(0, 3, customers)[customer]
    arm = (np.arange(n) < customers) & (draw.random(n) < 0.25 + 0.1 * product + 0.05 * recent)
    future = np.where(~arm & (month <= made.end.number - 4) & (draw.random(n) < 0.4), draw.integers(1, 3, n), 0)
    future[customers:] = np.minimum(future[customers:], 1)  # the issue after it is the customer's last one
    taste = (draw.gamma(4, 0.25, customers)[customer] * (1 + 0.3 * product)) * np.where(arm, 1.4, 1.0)
    season = 1 + 0.3 * np.sin(np.arange(made.begin.number - 12, made.end.number + 13) / 2)

    def orders(step: int) -> np.ndarray:
        rate = taste * season[month + step - made.begin.number + 12]
        rate = rate * np.where(arm, np.exp(drift * step) * (effect if step > 0 else 1.0), 1.0)
        return np.asarray(draw.poisson(rate * np.where((future == 2) & (step > 0), hidden, 1.0)), dtype=float)

    columns: dict[str, np.ndarray] = {
        "customer": customer,
        "arm": arm.astype(np.int64),
        "month": month,
        "product": product,
        "recent": recent,
        "lately": ((recent > 0) & (draw.random(n) < 0.5)).astype(np.int64),
        "observed": draw.choice([8, 14, 26], n, p=[0.2, 0.4, 0.4]),
        "earlier": np.minimum(recent + draw.integers(0, 3, n), 4),
        "study": (month <= made.last.number).astype(np.int64),
        "future": future,
        **{f"a{place}": region for place in range(len(made.attributes))},
    }
    columns |= {lag("orders", step): orders(step) for step in range(-made.leads, made.after + 1)}
    columns[early("orders")] = np.sum([orders(step) for step in range(-6 - made.before, -6)], axis=0)
    for money in {"revenue", "margin"} & set(made.outcomes):
        price = draw.gamma(9, 3 if money == "revenue" else 1, n).round(2)
        for name in [name for name in columns if name.startswith("orders_")]:
            columns[name.replace("orders", money)] = columns[name] * price
    if "issues" in made.outcomes:
        columns |= {lag("issues", step): draw.poisson(0.1, n) for step in range(-made.leads, made.after + 1)}
    return ArrayStack(pd.DataFrame(columns), made)


def changed(stack: ArrayStack, **columns: Any) -> ArrayStack:
    """The same stack with some columns replaced: a value, an array, or a function of the frame."""
    return ArrayStack(stack.rows().assign(**columns), stack.layout, stack.account)


def with_effect(stack: ArrayStack, factor: float, outcome: str = "orders") -> ArrayStack:
    """What contacted customers did after, multiplied: an effect that is exactly constant."""
    rows = stack.rows()
    times = np.where(rows["arm"] == 1, factor, 1.0)
    return changed(stack, **{name: rows[name] * times for name in window(outcome, 1, stack.layout.after)})


def study_cells(stack: ArrayStack, where: str = "study") -> Cells:
    """Cells by all keys, with all measures, and products for the bias of orders."""
    made = stack.layout
    before, after = window("orders", -made.before, -1), window("orders", 1, made.after)
    return stack.cells(made.columns, where=where, measures=made.measures, products=[(before, before), (before, after)])


def fits_of(stack: ArrayStack, where: str = "study") -> Fits:
    """Nothing gathered yet."""
    return Fits(stack, study_cells(stack, where), where=where)
