"""What are the rows of the effort study? One issue of each customer, the effort it took, and what was bought after.

A customer's index issue is the first one opened after the customer was observed long enough, whatever its channel;
customers who had turned to social before it are left out, so that those whose issue went to social are new to it. All
that is adjusted for was known when the issue was opened. How rows are found in tables is left to `rows_sql`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from analysis.inference.cells import Flags, Floats, Ints, groups_of
from analysis.studies.effort.plan import MONEY

UNKNOWN = -1
FEWEST_IN_LEVEL = 20
"""A value of a covariate that fewer customers of a group have is told together with the other rare ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffortRows:
    """The rows of an effort study, one a customer.

    Parameters
    ----------
    exposed : array of bool, shape (n,)
        Whether the index issue went to social.
    month, product, severity, recent, earlier : array of int, shape (n,)
        Local month of the index issue (`Month.number`), code of the product, recorded severity (`UNKNOWN` where there
        is none), issues in the 180 days before it, at most 2, and issues of any time before it, at most 4: who comes
        back is told by all of them, and who had turned to social among them is not in the rows.
    observed : array of float, shape (n,)
        Years the customer had been observed.
    before, prior : mapping of outcome to array of float, shape (n,)
        What was bought in the window of equal length before the issue, and in the one before that (empty where
        customers were not observed so long).
    effort : mapping of mediator to array of float, shape (n,)
        Behavioural effort on the issue.
    moved : mapping of str to array of float, shape (n,)
        What the channel moves and what may change both effort and purchases: the wait for the first reply.
    said : mapping of instrument to array of float, shape (n,)
        Effort as said in a survey about the issue; not a number where nobody answered.
    asked : mapping of instrument to array of bool, shape (n,)
    after : mapping of outcome to array of float, shape (n,)
    attributes : mapping of column to array of int, shape (n,)
    labels : mapping of column to tuple of str
    currency : str, optional
    account : mapping of str to int
        Customers with an issue, those left out by reason, and the rows.

    Raises
    ------
    ValueError
        If the arrays differ in length.
    """

    exposed: Flags
    month: Ints
    product: Ints
    severity: Ints
    recent: Ints
    earlier: Ints
    observed: Floats
    effort: Mapping[str, Floats]
    after: Mapping[str, Floats]
    before: Mapping[str, Floats]
    prior: Mapping[str, Floats] = field(default_factory=dict)
    moved: Mapping[str, Floats] = field(default_factory=dict)
    said: Mapping[str, Floats] = field(default_factory=dict)
    asked: Mapping[str, Flags] = field(default_factory=dict)
    attributes: Mapping[str, Ints] = field(default_factory=dict)
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    currency: str | None = None
    account: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (*_MAPPINGS, "labels", "account"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        held = [getattr(self, name) for name in _ARRAYS]
        held += [array for name in _MAPPINGS for array in getattr(self, name).values()]
        if any(len(array) != len(self.exposed) for array in held):
            raise ValueError("All columns of the rows have one entry a customer.")

    def __len__(self) -> int:
        return len(self.exposed)

    def unit(self, name: str) -> str:
        """The unit of an outcome or of a kind of effort."""
        if name in ("repurchased", "repeat_contact"):
            return "share of customers"
        if name in MONEY:
            return f"{self.currency or 'money'} per customer"
        if name in self.said:
            return "points per customer"
        return {"contacts_to_resolve": "contacts", "channel_switches": "switches", "days_to_resolve": "days"}.get(
            name, name
        ) + " per customer"

    def where(self, part: Flags) -> EffortRows:
        """Some of the rows."""
        chosen: dict[str, Any] = {name: getattr(self, name)[part] for name in _ARRAYS}
        several: dict[str, Any] = {
            name: {key: held[part] for key, held in getattr(self, name).items()} for name in _MAPPINGS
        }
        return replace(self, **chosen, **several)

    def comparable(self) -> Flags:
        """Rows of index month and product of which both groups have somebody."""
        cell = groups_of([self.month, self.product])
        one, other = (np.bincount(cell, weights=self.exposed == side)[cell] > 0 for side in (True, False))
        return np.asarray(one & other)

    def covariates(self) -> dict[str, Floats]:
        """All that is adjusted for: codes as a column for each value but the commonest, rare values together."""
        columns = {"observed": self.observed}
        coded = {name: getattr(self, name) for name in ("month", "product", "severity", "recent", "earlier")}
        for name, codes in (coded | dict(self.attributes)).items():
            columns |= {f"{name}={value}": column for value, column in _levels(codes, self.exposed)}
        return columns


_ARRAYS = ("exposed", "month", "product", "severity", "recent", "earlier", "observed")
_MAPPINGS = ("effort", "after", "before", "prior", "moved", "said", "asked", "attributes")


def _levels(codes: Ints, exposed: Flags) -> Sequence[tuple[int | str, Floats]]:
    """One column of 0 and 1 for each value common enough in both groups, but for the commonest of them.

    Rare values share a column, so that they are not taken for the commonest; too few of them together are.
    """
    values, place = np.unique(codes, return_inverse=True)
    counts = [np.bincount(place[exposed == side], minlength=len(values)) for side in (True, False)]
    fewest = np.minimum(*counts)
    common = [n for n in np.argsort(-fewest, kind="stable") if fewest[n] >= FEWEST_IN_LEVEL]
    columns: list[tuple[int | str, Floats]] = [
        (int(values[n]), (place == n).astype(np.float64)) for n in sorted(common[1:])
    ]
    rare = ~np.isin(place, common)
    if common and min(int((rare & (exposed == side)).sum()) for side in (True, False)) >= FEWEST_IN_LEVEL:
        columns.append(("rare", rare.astype(np.float64)))
    return columns
