"""What did a quick answer change, judged by the luck of the queue? The instrument of the service study.

How many contacts about *other* products came in the hour before is no doing of the customer who writes now, and it
decides how long the answer takes. What goes with the clock, the month, the product and the product's own incidents is
taken out first, so that what is left compares contacts of the same hour of the week in the same month. Errors are
clustered by day. Whether the instrument is strong and sound is judged in `gates`; where it is not strong, the
comparison of `adjusted` stands in its place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.absorb import Absorber
from analysis.inference.cells import Flags, Floats, Ints, groups_of
from analysis.inference.instrument import Instrumented, instrumented
from analysis.inference.within import columns_within
from analysis.studies.service.table import UNKNOWN, ServiceRows

_APART = 1e8
"""Largest condition of two instruments that can still be told apart."""
METHOD = "queue load as instrument, two-stage least squares, Anderson–Rubin interval, clustered by day"


def by_queue(
    rows: ServiceRows,
    target_seconds: int,
    values: Floats,
    *,
    name: str,
    unit: str,
    covariates: Floats | None,
    level: float,
    absorb: Absorber | None = None,
) -> Instrumented:
    """By how much does an answer in time change something, for customers whose answer depended on the queue?

    Parameters
    ----------
    rows : ServiceRows
        Of known products, without those whom only a bot answered.
    target_seconds : int
    values : array of float, shape (n,)
        What may be changed.
    name, unit : str
        Of it.
    covariates : array of float, shape (n,) or (n, k), optional
        What was known before the contact, to make the answer sharper.
    level : float
    absorb : Absorber, optional
        `categories` of these rows, made ready once for several questions.

    Raises
    ------
    DesignError
        If the load does not vary, or does not move how soon customers are answered.
    """
    return instrumented(
        values,
        rows.in_time(target_seconds).astype(np.float64),
        rows.load.astype(np.float64),
        absorb=categories(rows) if absorb is None else absorb,
        covariates=covariates,
        cluster=rows.day,
        name=name,
        unit=unit,
        level=level,
    )


def categories(rows: ServiceRows) -> tuple[Ints, ...]:
    """What is taken out: hour of the week in each month, product in each month, product in each of its incidents."""
    return (
        groups_of([rows.hour_of_week, rows.month]),
        groups_of([rows.product, rows.month]),
        groups_of([rows.product, rows.episode]),
    )


def must_have_a_queue(rows: ServiceRows) -> None:
    """Stop where there is nobody else in the queue.

    Raises
    ------
    DesignError
        If no product is known, or there is one only.
    """
    if not (rows.product != UNKNOWN).any():
        raise DesignError("It is not known which product a contact is about, so contacts about others cannot be told.")
    if rows.products < 2:
        raise DesignError(
            "All contacts on social are about one product, so there is no queue of contacts about others whose length "
            "would be no doing of these customers."
        )


@dataclass(frozen=True, slots=True)
class Direct:
    """What customers did more or less with something that goes with the queue, beyond what their wait explains.

    `value` and `se` in the outcome's unit per customer, `p_value` of no such difference, from Student's t.
    """

    value: float
    se: float
    p_value: float


def beyond_the_wait(
    rows: ServiceRows,
    target_seconds: int,
    values: Floats,
    covariates: Floats | None,
    *,
    beside: Flags | Ints | None = None,
    absorb: Absorber | None = None,
) -> Direct:
    """Does something that goes with the queue move customers in another way than by the wait?

    On days of other products' incidents the queue is long, but on others it is too. What an answer in time changes is
    judged by the queue, such days taken out; a luck of the queue that works by the wait alone leaves nothing more on
    them. Two-stage least squares with two regressors (answered in time, and such a day) and two instruments (the load,
    and such a day).

    Parameters
    ----------
    rows, target_seconds, values, covariates, absorb
        As in `by_queue`.
    beside : array, shape (n,), optional
        What goes with the queue: `surge`, if nothing is said, or `load_after`.

    Raises
    ------
    DesignError
        If it does not vary within the same hours of the week and months, or not apart from the load.
    """
    table = columns_within(
        categories(rows) if absorb is None else absorb,
        covariates,
        rows.day,
        outcome=values,
        treatment=rows.in_time(target_seconds).astype(np.float64),
        load=rows.load.astype(np.float64),
        other=(rows.surge if beside is None else beside).astype(np.float64),
    )
    outcome, treated, load, other = (table.left[name][:, 0] for name in ("outcome", "treatment", "load", "other"))
    instruments, regressors = np.column_stack([load, other]), np.column_stack([treated, other])
    products = instruments.T @ regressors
    if np.linalg.cond(products / np.linalg.norm(products, axis=0)) > _APART:
        what = "on days of other products' incidents only" if beside is None else "when more contacts follow, always"
        raise DesignError(f"The queue is long {what}, so the two cannot be told apart.")
    inverse = np.linalg.inv(products)
    slopes = inverse @ (instruments.T @ outcome)
    scores = table.sums(instruments * (outcome - regressors @ slopes)[:, None]) @ inverse.T
    se = math.sqrt(table.factor(2) * float(np.sum(scores[:, 1] ** 2)))
    p_value = 2 * float(special.stdtr(table.n_clusters - 1, -abs(slopes[1]) / se)) if se > 0 else 1.0
    return Direct(float(slopes[1]), se, p_value)
