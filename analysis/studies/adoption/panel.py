"""Who took up social care in which month, who can stand beside them, and what did each do month by month?

An `AdoptionPanel` holds whole numbers: a line a customer and a column a month for each outcome, the month of adoption,
and, where only customers with an issue may be compared, which customers had one in which month. It serves companies in
tables (`rows_sql` fills it) and made-up companies in arrays alike. Who is compared with whom is left to
`cohorts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.foundation.calendar import Month
from analysis.inference.cells import Ints

NEVER = 1_000_000
"""A month that never comes: of those who did not adopt, and of those whose start is not known."""
_RECENT, _LATE, _MOST_RECENT = 6, 3, 2

Grid = NDArray[np.signedinteger]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueMonths:
    """Customers and the months in which they had an issue or first came to social, one row each.

    Parameters
    ----------
    customer, month : array of int, shape (n_rows,)
        Position of the customer, and `Month.number`; sorted by month, then customer; months of the data only.
    product : array of int, shape (n_rows,)
        Code of what the first issue of the month was about.
    recent, lately : array of int, shape (n_rows,)
        Issues in the six months before (0, 1, 2 or more), whether there was one in the last three, and all issues ever
        seen before the month (0 to 4 or more).
    """

    customer: Ints
    month: Ints
    product: Ints
    recent: Ints
    lately: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionPanel:
    """Customers, the month in which each adopted, and their months.

    Parameters
    ----------
    begin, end : Month
        First and last month of the data.
    first : array of int, shape (n,)
        First whole month in which each customer can be observed, as `Month.number`; `NEVER` where that is not known.
    adopted : array of int, shape (n,)
        Month of adoption; `NEVER` for those who did not.
    counted : mapping of outcome to array of int, shape (n, n_months)
        Whole numbers, of the smallest unit in use.
    digits : mapping of outcome to int
        Digits after the point of that unit: 2 for cents, 0 unless said.
    issues : IssueMonths, optional
        Given where adopters are compared with customers who had an issue in the same month only.
    fixed : mapping of str to array of int, shape (n,)
        Fixed attributes by code.
    labels : mapping of str to tuple of str
        What the codes of "product" and of the fixed attributes stand for.
    currency : str, optional
    account : mapping of str to int
        Customers considered and left out on the way, by reason.

    Raises
    ------
    ValueError
        If lengths do not fit.
    """

    begin: Month
    end: Month
    first: Ints
    adopted: Ints
    counted: Mapping[str, Grid]
    digits: Mapping[str, int] = field(default_factory=dict)
    issues: IssueMonths | None = None
    fixed: Mapping[str, Ints] = field(default_factory=dict)
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    currency: str | None = None
    account: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("counted", "digits", "fixed", "labels", "account"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        n, months = len(self.first), self.end.number - self.begin.number + 1
        given = {"adopted": self.adopted.shape == (n,)}
        given |= {f"fixed[{name!r}]": codes.shape == (n,) for name, codes in self.fixed.items()}
        given |= {f"counted[{name!r}]": grid.shape == (n, months) for name, grid in self.counted.items()}
        if wrong := [name for name, fits in given.items() if not fits]:
            raise ValueError(f"{', '.join(wrong)}: there are {n} customers and {months} months.")

    def __len__(self) -> int:
        return len(self.first)

    def scale(self, outcome: str) -> float:
        """What one counted unit of an outcome is worth in its own unit: 0.01 for cents."""
        return 10.0 ** -self.digits.get(outcome, 0)


def issue_months(
    begin: Month,
    end: Month,
    adopted: Ints,
    *,
    customer: ArrayLike,
    month: ArrayLike,
    product: ArrayLike,
    product_of_customer: ArrayLike | None = None,
) -> tuple[IssueMonths, Grid]:
    """The rows of customers with an issue, and how many issues each had in each month, shape (n, n_months).

    Parameters
    ----------
    begin, end : Month
    adopted : array of int, shape (n,)
    customer, month, product : array of int, shape (n_issues,)
        Of each issue, in order of time; months outside the data count as earlier ones if they lie before it.
    product_of_customer : array of int, shape (n,), optional
        For months of adoption without an issue; 0 unless given.

    Examples
    --------
    >>> months = [Month.of("2025-01"), Month.of("2025-03")]
    >>> jan = months[0].number
    >>> rows, grid = issue_months(*months, np.array([jan + 2, NEVER]), customer=[1, 0, 1], month=[jan, jan, jan + 2],
    ...                           product=[0, 0, 1])
    >>> rows.customer.tolist(), (rows.month - jan).tolist(), rows.recent.tolist(), grid.tolist()
    ([0, 1, 0, 1], [0, 0, 2, 2], [0, 0, 1, 1], [[1, 0, 0], [1, 0, 1]])
    """
    who, when, about = (np.asarray(values, dtype=np.int64) for values in (customer, month, product))
    n, months, start = len(adopted), end.number - begin.number + 1, begin.number
    inside = (when >= start) & (when <= end.number)
    before = np.bincount(who[when < start], minlength=n).astype(np.int32)
    cell = who[inside] * months + when[inside] - start
    counts = np.bincount(cell, minlength=n * months).astype(np.int16).reshape(n, months)
    own = np.zeros(n, dtype=np.int16) if product_of_customer is None else np.asarray(product_of_customer, np.int16)
    topic = np.repeat(own, months)
    topic[cell[::-1]] = about[inside][::-1]  # the first issue of a month is written last
    there = counts > 0
    came = np.flatnonzero((adopted >= start) & (adopted <= end.number))
    there[came, adopted[came] - start] = True
    there &= adopted[:, None] >= np.arange(start, end.number + 1)
    person, place = np.nonzero(there)
    order = np.argsort(place.astype(np.int16), kind="stable")
    person, place = person[order], place[order]
    ever = np.empty((n, months + 1), dtype=np.int32)
    ever[:, 0] = before
    np.cumsum(counts, axis=1, dtype=np.int32, out=ever[:, 1:])
    ever[:, 1:] += before[:, None]
    so_far = ever[person, place].astype(np.int64)
    recent = so_far - ever[person, np.maximum(place - _RECENT, 0)]
    late = so_far - ever[person, np.maximum(place - _LATE, 0)]
    rows = IssueMonths(
        customer=person,
        month=place + start,
        product=topic[person * months + place].astype(np.int64),
        recent=np.minimum(recent, _MOST_RECENT),
        lately=(late > 0).astype(np.int64),
    )
    return rows, counts


def everybody_compared(panel: AdoptionPanel) -> AdoptionPanel:
    """The same adopters, beside all who had not yet adopted, with or without an issue.

    The comparison of a roll-out. For first contacts it is forbidden: a month is chosen for its problem, and customers
    without one are no measure of it. It is here so that its error can be shown.
    """
    return replace(panel, issues=None)
