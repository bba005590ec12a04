"""What are the rows of dose and mix? One a customer and date: contacts before it, purchases after it.

How rows are found in tables is left to `rows_sql`; how they are compared to `alike`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from analysis.inference.cells import Flags, Floats, Ints, groups_of
from analysis.studies.dose.plan import DOSES_FROM, MIXES, ONE_OTHER, OTHERS, SOCIAL_AND_OTHERS, SOCIAL_ONLY

NO_MIX = -1
_ORDERS_FROM = (0, 1, 2, 3, 5, 8, 13)
_TENURE_FROM = (0, 1, 2, 3, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseRows:
    """The rows of dose and mix, one a customer and date.

    Parameters
    ----------
    customer, date : array of int, shape (n,)
        Code of the customer; the month (`Month.number`) that begins at the date.
    contacts : mapping of channel to array of int, shape (n,)
        Inbound contacts in the dose window.
    later : mapping of channel to array of int, shape (n,)
        Contacts in a window as long that begins when the outcome window is over: they can have changed nothing in it.
    later_known : array of bool, shape (n,)
        Whether the data reach so far.
    tenure : array of int, shape (n,)
        Months since the customer joined.
    prior_orders, prior_contacts : array of int, shape (n,)
        In the window before the dose window.
    after : mapping of outcome to array of float, shape (n,)
    life : mapping of (year of tenure, channel) to float
        Contacts of an average customer in that year of being one; the last year stands for all later ones.
    account : mapping of str to int

    Raises
    ------
    ValueError
        If the arrays differ in length.
    """

    customer: Ints
    date: Ints
    contacts: Mapping[str, Ints]
    later: Mapping[str, Ints]
    later_known: Flags
    tenure: Ints
    prior_orders: Ints
    prior_contacts: Ints
    after: Mapping[str, Floats]
    life: Mapping[tuple[int, str], float] = field(default_factory=dict)
    account: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("contacts", "later", "after", "life", "account"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        held: list[Any] = [self.date, self.later_known, self.tenure, self.prior_orders, self.prior_contacts]
        held += [array for several in (self.contacts, self.later, self.after) for array in several.values()]
        if any(len(array) != len(self) for array in held):
            raise ValueError("All columns of the rows have one entry a customer and date.")

    def __len__(self) -> int:
        return len(self.customer)

    @property
    def alike(self) -> Ints:
        """Stratum: date, tenure, and what was bought and asked before the dose window."""
        orders, tenure = _band(self.prior_orders, _ORDERS_FROM), _band(self.tenure // 12, _TENURE_FROM)
        return groups_of([self.date, tenure, orders, np.minimum(self.prior_contacts, 2)])


def dose_of(contacts: Mapping[str, Ints], n: int) -> Ints:
    """Place among `DOSES` of each of n rows.

    Examples
    --------
    >>> dose_of({"social": np.array([0, 1, 4]), "phone": np.array([0, 1, 3])}, 3).tolist()
    [0, 2, 4]
    """
    return _band(np.asarray(sum(contacts.values(), np.zeros(n, dtype=np.int64)), dtype=np.int64), DOSES_FROM)


def mix_of(contacts: Mapping[str, Ints], n: int) -> Ints:
    """Place among `MIXES` of each of n rows; `NO_MIX` without a contact.

    Examples
    --------
    >>> mix_of({"social": np.array([0, 2, 1, 0]), "phone": np.array([0, 0, 3, 2])}, 4).tolist()
    [-1, 0, 3, 1]
    """
    nothing = np.zeros(n, dtype=np.int64)
    social = contacts.get("social", nothing) > 0
    others = np.asarray(sum((held > 0 for name, held in contacts.items() if name != "social"), nothing), dtype=np.int64)
    named = np.select(
        [social & (others > 0), social, others > 1, others == 1],
        [MIXES.index(name) for name in (SOCIAL_AND_OTHERS, SOCIAL_ONLY, OTHERS, ONE_OTHER)],
        NO_MIX,
    )
    return np.asarray(named, dtype=np.int64)


def _band(numbers: Ints, begins: tuple[int, ...]) -> Ints:
    return np.asarray(np.searchsorted(begins, numbers, side="right") - 1, dtype=np.int64)
