"""What does the before-and-after study ask of its rows, wherever they lie? The stack, its columns and its scans.

A row is a customer and a month with an issue, at the first issue of that month, before which there was no social
contact. It is *contacted* when that issue went to social, *comparison* otherwise; a customer may be a comparison row in
several months and be contacted later, since nothing is conditioned on what happens after the index issue. The rows
stay where they are, in the query engine (`stack_sql`) or in arrays (`stack_arrays`, the second road): what leaves are
cells and the covariances of estimates. Estimating is left to `channel`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from analysis.foundation.calendar import Month
from analysis.inference.cells import Cells, Flags, Influences, Ints, Linear, Measure

if TYPE_CHECKING:
    import pandas as pd

BOUGHT = ("orders", "revenue", "margin")
"""Outcomes followed month by month before and after, from the table of orders."""
MONTHLY = (*BOUGHT, "issues")
LEADS_FROM = 6
"""Months before the index month that are always kept, for the placebo date."""
RECENTLY = 3
"""Months after the index month that an interim window and the future-social gate follow."""
PARTS = ("study", "recent", "main", "future")
"""Which rows a scan reads: those whose after-window is over, those of whom only three months are, both, or those of
the future-social gate (where the arm is whether the *next* issue goes to social)."""


def lag(outcome: str, month: int) -> str:
    """The column that holds one outcome in one month relative to the index month.

    Examples
    --------
    >>> lag("orders", -6), lag("orders", 0), lag("issues", 3)
    ('orders_m6', 'orders_0', 'issues_p3')
    """
    return f"{outcome}_{'m' if month < 0 else 'p' if month > 0 else ''}{abs(month)}"


def early(outcome: str) -> str:
    """The column that holds one outcome in the window before the placebo date.

    Examples
    --------
    >>> early("orders")
    'orders_early'
    """
    return f"{outcome}_early"


def window(outcome: str, first: int, last: int) -> Measure:
    """One outcome summed over months relative to the index month, both included; empty where `last` lies before.

    Examples
    --------
    >>> window("orders", -2, 1)
    ('orders_m2', 'orders_m1', 'orders_0', 'orders_p1')
    """
    return tuple(lag(outcome, month) for month in range(first, last + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Of what a stack is made.

    Parameters
    ----------
    begin, end : Month
        First and last month of the data.
    first, last : Month
        First and last index month whose windows lie inside the data.
    before, after : int
        Months of the windows.
    outcomes : tuple of str
    attributes : tuple of str
        Columns of `customers` behind `a0`, `a1`, ...
    labels : mapping of column to tuple of str
        What the codes of `product`, `a0`, `a1`, ... stand for, by code.
    currency : str, optional
    """

    begin: Month
    end: Month
    first: Month
    last: Month
    before: int
    after: int
    outcomes: tuple[str, ...]
    attributes: tuple[str, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    currency: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", MappingProxyType(dict(self.labels)))

    @property
    def leads(self) -> int:
        """Months kept before the index month."""
        return max(self.before, LEADS_FROM)

    @property
    def columns(self) -> tuple[str, ...]:
        """The keys of a row."""
        codes = tuple(f"a{place}" for place in range(len(self.attributes)))
        return ("arm", "month", "product", "recent", "lately", "observed", "earlier", *codes)

    def code(self, attribute: str) -> str:
        """The column that holds an attribute.

        Raises
        ------
        ValueError
            If the stack does not carry it.
        """
        return f"a{self.attributes.index(attribute)}"

    @property
    def measures(self) -> tuple[str, ...]:
        """The columns that hold what is measured, for the outcomes of this stack."""
        kept: list[str] = []
        for outcome in MONTHLY:
            if outcome in self.outcomes or outcome == "orders":
                kept += window(outcome, -self.leads, self.after)
                kept += [early(outcome)] if outcome in BOUGHT else []
        for outcome, columns in SINGLE.items():
            kept += columns if outcome in self.outcomes else ()
        return tuple(kept)


SINGLE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "support_cost": ("support_cost_after",),
        "index_issue_cost": ("index_issue_cost",),
        "repurchased": ("repurchased_before", "repurchased_after"),
        "retained": ("retained_before", "retained_after"),
    }
)
"""Outcomes that are held in columns of their own."""


class Stack(Protocol):
    """Rows of a before-and-after study, and the scans that can be asked of them."""

    @property
    def layout(self) -> Layout: ...

    @property
    def account(self) -> Mapping[str, int]:
        """Customers and rows considered, kept and left out, by reason."""
        ...

    def cells(
        self,
        by: Sequence[str],
        *,
        where: str = "study",
        measures: Sequence[str] = (),
        products: Sequence[tuple[Measure, Measure]] = (),
    ) -> Cells:
        """Rows, sums and sums of products by combination of the key columns, sorted by them, in one scan."""
        ...

    def influences(
        self, cells: Cells, linears: Sequence[Linear], *, where: str = "study", joint: bool = True
    ) -> Influences:
        """What customers add to estimates made of `cells`; without `joint` only the variances."""
        ...

    def customers(self, cells: Cells, masks: Flags, *, where: str = "study") -> Ints:
        """Different customers with a row in the marked cells, for masks of shape (n_masks, n_cells)."""
        ...

    def rows(self) -> pd.DataFrame:
        """All rows: `customer`, the key columns, `study`, `future` and the measures."""
        ...
