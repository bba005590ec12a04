"""What is the subscription firm, all of it, as the arrays an estimator needs? No file is written.

Validation runs over hundreds of firms; it wants issues, what each customer bought in each month, who is still there,
and the truth. The same seed and number of customers give the same company as the tables hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from analysis.synthetic.subscription_firm.dates import FIRST_MONTH, N_MONTHS, Floats, Ints
from analysis.synthetic.subscription_firm.firm import SOCIAL, Firm, Flags, firm_named
from analysis.synthetic.subscription_firm.lives import BLOCK, Lives, invoice_margin_cents, lives_of
from analysis.synthetic.subscription_firm.truth import AFTER_MONTHS, BEFORE_MONTHS, REPLICATES, Truth, truth_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmLife:
    """A firm as arrays: n customers, m issues, 30 months. Months are `Month.number`, customers count from 0.

    Parameters
    ----------
    name, seed
        Which firm.
    begin, end : int
        First and last month of the data.
    region, product : array of int, shape (n,)
        Codes in the order of `REGIONS` and `PRODUCTS` of `firm`, which is that of the text.
    first_month : array of int, shape (n,)
        First whole month in which each is a customer; `begin` for those who joined before the data.
    issue_customer, issue_month, issue_opened, issue_product : array of int, shape (m,)
        Sorted by customer and time; `issue_opened` in seconds of the UTC epoch, no two of a customer alike.
    issue_social : array of bool, shape (m,)
    issue_cost : array of float, shape (m,)
        In EUR.
    orders : array of int16, shape (n, 30)
        Orders kept, by customer and month.
    revenue, margin : array of float, shape (n, 30)
        In EUR.
    running : array of bool, shape (n, 30)
        Whether the subscription runs at the end of each month.
    truth : mapping of (outcome, scale) to float
        True effects over all treated customers.
    by_segment : mapping of (outcome, scale, column, value) to float
        The same by region and product.
    treated : int
        How many customers the truth is about.
    """

    name: str
    seed: int
    begin: int
    end: int
    region: Ints
    product: Ints
    first_month: Ints
    issue_customer: Ints
    issue_month: Ints
    issue_opened: Ints
    issue_social: Flags
    issue_product: Ints
    issue_cost: Floats
    orders: NDArray[np.int16]
    revenue: Floats
    margin: Floats
    running: Flags
    truth: Mapping[tuple[str, str], float]
    by_segment: Mapping[tuple[str, str, str, str], float]
    treated: int

    def __len__(self) -> int:
        return len(self.region)


def blocks_of(firm: Firm, *, seed: int, customers: int) -> Iterator[Lives]:
    """The blocks of a firm, one at a time."""
    for block, first in enumerate(range(0, customers, BLOCK)):
        yield lives_of(firm, seed=seed, block=block, size=min(BLOCK, customers - first))


def firm_life(
    name: str,
    seed: int,
    customers: int = 20_000,
    *,
    before: int = BEFORE_MONTHS,
    after: int = AFTER_MONTHS,
    replicates: int = REPLICATES,
) -> FirmLife:
    """A firm as arrays, with its truth for windows in months.

    Raises
    ------
    UnknownName
        If there is no variant of that name.

    Examples
    --------
    >>> life = firm_life("firm_none", 1, customers=1_000)
    >>> life.truth["orders", "ratio"], life.truth["retained", "difference"], life.orders.shape
    (1.0, 0.0, (1000, 30))
    """
    blocks = list(blocks_of(firm_named(name), seed=seed, customers=customers))
    truth: Truth = reduce(add, (truth_of(one, before=before, after=after, replicates=replicates) for one in blocks))
    of_all, by_segment = {}, {}
    for outcome, scale, segment, value in truth.values():
        if not segment:
            of_all[outcome, scale] = value
        for column, which in segment.items():
            by_segment[outcome, scale, column, which] = value
    bought = [bought_of(one) for one in blocks]
    starts = np.cumsum([0, *(len(one.people) for one in blocks)])
    issues = [one.issues for one in blocks]
    customer = np.concatenate([one.customer + start for one, start in zip(issues, starts[:-1], strict=True)])
    product = np.concatenate([one.people.product for one in blocks])
    return FirmLife(
        name=name,
        seed=seed,
        begin=FIRST_MONTH.number,
        end=FIRST_MONTH.number + N_MONTHS - 1,
        region=np.concatenate([one.people.region for one in blocks]),
        product=product,
        first_month=FIRST_MONTH.number + np.concatenate([one.people.first_month for one in blocks]),
        issue_customer=customer,
        issue_month=FIRST_MONTH.number + np.concatenate([one.month for one in issues]),
        issue_opened=np.concatenate([one.opened for one in issues]),
        issue_social=np.concatenate([one.channel for one in issues]) == SOCIAL,
        issue_product=product[customer],
        issue_cost=np.concatenate([one.cost_cents for one in issues]) / 100,
        orders=np.concatenate([one[0] for one in bought]),
        revenue=np.concatenate([one[1] for one in bought]),
        margin=np.concatenate([one[2] for one in bought]),
        running=np.concatenate([one.running() for one in blocks]),
        truth=of_all,
        by_segment=by_segment,
        treated=int(truth.treated[0]),
    )


def bought_of(lives: Lives) -> tuple[NDArray[np.int16], Floats, Floats]:
    """Orders kept, revenue and margin in EUR, of a block by customer and month."""
    addons, shape = lives.addons, lives.invoiced.shape
    place = (addons.customer * N_MONTHS + addons.month)[~addons.returned]
    kept = lives.invoiced - lives.credited

    def with_addons(of_invoices: Ints, each: Ints | None) -> Floats:
        weight = None if each is None else each[~addons.returned]
        return np.asarray(of_invoices + np.bincount(place, weights=weight, minlength=kept.size).reshape(shape))

    revenue = with_addons(kept * lives.invoice_cents, addons.value_cents)
    margin = with_addons(kept * invoice_margin_cents(lives), addons.margin_cents)
    return with_addons(kept, None).astype(np.int16), revenue / 100, margin / 100
