"""What does an answer in time do at the company with a queue? Each contact lives on along both paths.

Studied is a customer's first contact on social, six observed months before its month and six whole ones after. Along
one path it is answered in time, along the other it is not; everything else happens as it happened, and purchases enter
as expected values. Whose difference is it? Over those who *were* answered in time; over those whom the queue decides
about, each weighted by how much less likely an answer in time is if one more contact of another product came in the
hour before, times how much that number varies; and over those whose answer was open, each weighted by the variance of
being answered in time. An instrument sees the second, a comparison within hours the third. They differ by a few per
cent of the effect, because people of different demand write at different hours. A study is judged by the second, and
where staff is ample, so that the queue decides about nobody, by the third.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from analysis.synthetic.clock import N_MONTHS, ZONE
from analysis.synthetic.queue_desk.desk import (
    CURRENCY,
    PRODUCTS,
    REGIONS,
    TARGET_S,
    WINDOW_MONTHS,
    Flags,
    Floats,
    Ints,
)
from analysis.synthetic.queue_desk.life import MARGIN_SHARE, QueueLife, demand_of
from analysis.synthetic.queue_desk.queue import chance_in_time

OUTCOMES = ("orders", "revenue", "margin", "issues")
_UNITS = {"orders": "orders", "revenue": CURRENCY, "margin": CURRENCY, "issues": "issues"}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTruth:
    """Expected totals of the window along both paths, and how much each contact counts.

    Parameters
    ----------
    contact : array of int, shape (n,)
        Positions among the contacts of a life, one a customer.
    answered, not_answered : array of float, shape (outcomes, n)
        Expected over the window if answered in time, and if not; EUR for money.
    in_time : array of bool, shape (n,)
        What happened.
    swayed, open : array of float, shape (n,)
        Weights of those whom the queue decides about, and of those whose answer was open. Not negative.
    ample : bool
        Whether staff is ample: a study is judged by `open` then, else by `swayed`.
    """

    contact: Ints
    answered: Floats
    not_answered: Floats
    in_time: Flags
    swayed: Floats
    open: Floats
    ample: bool

    @property
    def judged(self) -> Floats:
        """The weights by which a study is judged, shape (n,)."""
        return self.open if self.ample else self.swayed

    def difference(self, outcome: str, rows: Flags | None = None) -> float:
        """What an answer in time adds to the outcome, per customer over the window.

        `rows`, shape (n,), pick a segment.
        """
        return self._mean(self.answered - self.not_answered, outcome, self.judged, rows)

    def ratio(self, outcome: str, rows: Flags | None = None) -> float:
        """The same as a ratio of means."""
        parts = [self._mean(path, outcome, self.judged, rows) for path in (self.answered, self.not_answered)]
        return parts[0] / parts[1]

    def on_the_answered(self, outcome: str, rows: Flags | None = None) -> float:
        """The difference for those who were answered in time."""
        return self._mean(self.answered - self.not_answered, outcome, self.in_time.astype(np.float64), rows)

    def _mean(self, paths: Floats, outcome: str, weight: Floats, rows: Flags | None) -> float:
        if rows is not None:
            weight = np.where(rows, weight, 0.0)
        return float(paths[OUTCOMES.index(outcome)] @ weight / weight.sum())


def queue_truth(life: QueueLife, *, before: int = 6, after: int = WINDOW_MONTHS) -> QueueTruth:
    """The true effect of an answer in time on first contacts, for windows in months.

    Raises
    ------
    ValueError
        If no first contact has both windows inside the data.

    Examples
    --------
    >>> from analysis.synthetic.queue_desk.life import queue_life
    >>> queue_truth(queue_life("queue_none", 1, customers=2_000)).difference("orders")
    0.0
    """
    desk, people, queue = life.desk, life.people, life.queue
    contact = first_contacts(life, before=before, after=after)
    if not len(contact):
        raise ValueError(f"None of {len(life):,} customers has a first contact with both windows inside the data.")
    customer, month, in_time = life.contact_customer[contact], life.contact_month[contact], life.in_time[contact]
    demand = demand_of(desk, people, life.issues, queue, life.in_time)
    reached = month[:, None] + np.arange(1, after + 1)
    as_is = demand[customer[:, None], reached]
    moved = np.arange(1, after + 1) <= WINDOW_MONTHS
    without = as_is / np.where(moved & in_time[:, None], 1 + desk.effect, 1.0)
    no, yes = without.sum(axis=1), (without * np.where(moved, 1 + desk.effect, 1.0)).sum(axis=1)
    basket = people.basket_cents[customer] / 100
    factors = np.stack([np.ones(len(contact)), basket, basket * np.asarray(MARGIN_SHARE)[people.product[customer]]])
    issues = _issues_after(life, customer, month, after)
    chance, less = (chance_in_time(desk, queue, queue.load + more)[contact] for more in (0, 1))
    return QueueTruth(
        contact=contact,
        answered=np.concatenate([factors * yes, issues]),
        not_answered=np.concatenate([factors * no, issues]),
        in_time=in_time,
        swayed=np.maximum(chance - less, 0.0) * queue.expected_other[contact],
        open=chance * (1 - chance),
        ample=desk.ample,
    )


def first_contacts(life: QueueLife, *, before: int, after: int) -> Ints:
    """Positions of customers' first contacts on social that have both windows inside the data and their tenure."""
    _, first = np.unique(life.contact_customer, return_index=True)
    month, since = life.contact_month[first], life.first_month[life.contact_customer[first]]
    return np.asarray(first[(month - before >= since) & (month + after < N_MONTHS)])


def _issues_after(life: QueueLife, customer: Ints, month: Ints, after: int) -> Floats:
    """Issues of the window, which no answer changes, shape (1, n)."""
    by_month = np.bincount(life.issue_customer * N_MONTHS + life.issue_month, minlength=len(life) * N_MONTHS)
    return (
        np.asarray(by_month[(customer * N_MONTHS + month)[:, None] + np.arange(1, after + 1)].sum(axis=1))[None] * 1.0
    )


def effects_of(life: QueueLife, truth: QueueTruth) -> Iterator[Mapping[str, object]]:
    """The rows of `truth.json`: all customers, each region, each product."""
    customer = life.contact_customer[truth.contact]
    parts: list[tuple[Mapping[str, str], Flags]] = [({}, np.ones(len(customer), dtype=bool))]
    parts += [({"product": name}, life.product[customer] == code) for code, name in enumerate(PRODUCTS)]
    parts += [({"region": name}, life.region[customer] == code) for code, name in enumerate(REGIONS)]
    window = f"over {WINDOW_MONTHS} whole months of {ZONE} after the month of the first contact on social"
    for segment, rows in parts:
        if not truth.judged[rows].sum() > 0:
            continue
        for outcome in OUTCOMES:
            base = {"design": "service_effect", "estimand": "service_effect", "treated": "answered_in_time"}
            base |= {"comparison": "not_answered_in_time", "outcome": outcome}
            what = f"of an answer within {TARGET_S:,} seconds: expected {outcome} {window}"
            who = "of those whose answer was open, each by its variance"
            if not truth.ample:
                who = (
                    "of those whom the queue decides about, each by how much load moves the chance of an answer in time"
                )
            difference = {"scale": "difference", "value": truth.difference(outcome, rows)}
            difference["definition"] = f"effect {what}, difference per customer in {_UNITS[outcome]}, {who}"
            yield base | {"segment": dict(segment)} | difference
            if truth.not_answered[OUTCOMES.index(outcome)] @ (truth.judged * rows) > 0:
                ratio = {"scale": "ratio", "value": truth.ratio(outcome, rows)}
                ratio["definition"] = f"effect {what}, with it divided by without it, {who}"
                yield base | {"segment": dict(segment)} | ratio
