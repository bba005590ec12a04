"""Is there no effect where there can be none? The study on purchases of a product that no contact can have touched.

The product is named before the data are looked at. The same customers are compared by the same rules; only the orders
differ. An effect on them is a difference between the groups that the comparison did not take away. It is shown beside
the effect and caps nothing, since nobody can be sure that a product is out of reach.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from analysis.foundation.errors import DesignError
from analysis.studies.result import Check

if TYPE_CHECKING:
    from analysis.inference.estimate import Estimate
    from analysis.tables.load import Tables

NAME = "negative_control"


def negative_control(tables: Tables, product: str | None, study: Callable[[], Estimate | str]) -> Check:
    """Run the study on the orders of one product.

    Parameters
    ----------
    tables : Tables
    product : str or None
        As `orders.product` writes it; None where none was named.
    study : callable
        The study of orders on whatever `orders` holds: its ratio over all customers, or why there is none.
    """
    if product is None:
        detail = "No product was named that a contact cannot have touched (`index: {negative_control: …}`)."
        return Check(name=NAME, verdict="not_applicable", detail=detail)
    if not tables.has_column("orders", "product"):
        return Check(name=NAME, verdict="not_run", detail="`orders` has no column `product`.")
    engine = tables.engine
    engine.keep("control_orders", "select * from orders where product = ?", [product])
    try:
        with engine.standing_in("orders", "control_orders"):
            found = study()
    except DesignError as error:
        found = str(error)
    finally:
        engine.drop("control_orders")
    if isinstance(found, str):
        return Check(name=NAME, verdict="not_run", detail=f"The product that was named could not be followed: {found}")
    return Check(
        name=NAME,
        verdict="failed" if found.excludes_no_effect else "passed",
        detail=f"On orders of the product that no contact should have touched, the ratio is {found.value:.3f} "
        f"({found.low:.3f} to {found.high:.3f}); 1 is to be expected there.",
        value=found.value,
        low=found.low,
        high=found.high,
    )
