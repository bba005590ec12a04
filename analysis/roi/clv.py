"""What is a customer worth, of whom every month some leave? The three formulas in use by name, and the sum cut off.

The three differ in whether the first payment is certain and in when it is booked; each is the expected value of the
same customer, told from another day. A case over some years counts no payment after its end: it uses the sum cut off
there. One rate of staying for all is assumed; where customers differ, those who are left stay longer than it says, so
that the sums are rather too small. Where margins and rates come from is left to `lines.customer_value` and
`lines.cancel_save`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Form = Literal["due_now", "if_renewed", "in_arrears"]
FORMS: tuple[Form, ...] = ("due_now", "if_renewed", "in_arrears")
"""`due_now`: the first payment is made today and is certain. `if_renewed`: the first payment is a period from now, by
those who are still there. `in_arrears`: the first period is certain, and each is paid at its end."""

MONTHS = 12


def customer_value(
    margin: float, retention: float, discount: float, form: Form = "if_renewed", periods: int | None = None
) -> float:
    """What is one customer worth, in the unit of `margin`?

    Parameters
    ----------
    margin : float
        Per period.
    retention : float
        Share of customers who stay from one period to the next, 0 to 1.
    discount : float
        Rate per period, 0 or more.
    form : {"due_now", "if_renewed", "in_arrears"}
    periods : int, optional
        How many payments are counted; all there will ever be when left out.

    Raises
    ------
    ValueError
        If a rate lies outside its range, or an endless sum has no end (everybody stays and nothing is discounted).

    Source
    ------
    m(1+d)/(1+d−r), mr/(1+d−r), m/(1+d−r): Fader and Hardie, Reconciling and clarifying CLV formulas.

    Examples
    --------
    >>> [round(customer_value(100, 0.8, 0.1, form), 2) for form in FORMS]
    [366.67, 266.67, 333.33]
    >>> round(customer_value(100, 0.8, 0.1, "if_renewed", periods=2), 4)  # 80 / 1.1 + 64 / 1.21
    125.6198
    """
    if not 0 <= retention <= 1:
        raise ValueError(f"The share that stays lies between 0 and 1, not {retention}.")
    if not discount >= 0:
        raise ValueError(f"A discount rate is 0 or more, not {discount}.")
    if periods is not None and periods < 0:
        raise ValueError(f"The number of periods is 0 or more, not {periods}.")
    kept = retention / (1 + discount)
    first = {"due_now": 1.0, "if_renewed": kept, "in_arrears": 1 / (1 + discount)}[form]
    if periods is None:
        if kept == 1:
            raise ValueError(
                "Where everybody stays and nothing is discounted, the sum has no end: say how many periods."
            )
        return margin * first / (1 - kept)
    return margin * first * (periods if kept == 1 else (1 - kept**periods) / (1 - kept))


def starting(form: Form) -> int:
    """How often the share that stays multiplies the first payment: once where it is paid by those still there."""
    return 1 if form == "if_renewed" else 0


def spread_over_years(first_month: int, months: int, years: int) -> NDArray[np.float64]:
    """Of contacts spread evenly over a year, which part of each following month falls in which year?

    A contact in month j of its year (0 to 11) has its month m in year (j + m) // 12. Months that begin after the last
    year are not counted.

    Parameters
    ----------
    first_month : int
        The first month counted; 0 is the month of the contact itself.
    months : int
        How many are counted.
    years : int
        How many years there are, that of the contact included.

    Returns
    -------
    array of float, shape (years, months)
        Shares 0 to 1: by year after that of the contact, and by month counted.

    Examples
    --------
    >>> spread_over_years(0, 3, 2).round(3).tolist()
    [[1.0, 0.917, 0.833], [0.0, 0.083, 0.167]]
    >>> float(spread_over_years(0, 12, 5).sum())  # nothing is lost where the years are long enough
    12.0
    """
    if first_month < 0 or months < 0 or years < 1:
        raise ValueError("Months are counted from 0, and there is at least one year.")
    begun = np.arange(MONTHS)[:, None] + np.arange(first_month, first_month + months)[None, :]
    of_year = begun[None, :, :] // MONTHS == np.arange(years)[:, None, None]
    return np.asarray(of_year.mean(axis=1), dtype=np.float64)
