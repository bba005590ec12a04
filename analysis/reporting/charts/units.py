"""In which unit does an axis of effects stand, for the ticks and for the words beside it?

How a number is written in a unit is left to `wording`, how ticks are set to `marks`.
"""

from __future__ import annotations

from analysis.reporting.formats import is_currency
from analysis.reporting.naming import unit_in_words
from analysis.reporting.rows import Row


def ticks_of_effects(row: Row) -> str:
    """The unit in which ticks of an axis of effects are labelled.

    Parameters
    ----------
    row : Row
        Of an effect, with `scale` and `unit`.

    Examples
    --------
    >>> ticks_of_effects({"scale": "ratio", "unit": "ratio"})
    'percent change'
    >>> [ticks_of_effects({"scale": "difference", "unit": unit}) for unit in ("share", "EUR per customer", "orders")]
    ['share signed', 'EUR signed', 'count signed']
    """
    unit = str(row["unit"]).partition(" per ")[0]
    if row["scale"] == "ratio":
        return "percent change"
    return f"{unit if unit == 'share' or is_currency(unit) else 'count'} signed"


def effects_in_words(row: Row) -> str:
    """In what an effect is measured, as it stands on an axis.

    Parameters
    ----------
    row : Row
        Of an effect, with `scale` and `unit`.

    Examples
    --------
    >>> effects_in_words({"scale": "ratio", "unit": "ratio"})
    'difference in %'
    >>> effects_in_words({"scale": "difference", "unit": "share per customer"})
    'percentage points per customer'
    """
    if row["scale"] == "ratio":
        return "difference in %"
    unit, per, whom = unit_in_words(str(row["unit"])).partition(" per ")
    return ("percentage points" if unit == "share" else unit) + per + whom
