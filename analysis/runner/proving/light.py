"""What are the estimates of the default study alone, without gates, grades and all that stands beside them?

The same strata, contrasts and errors as the study's, by the same functions, in a fifth of the time: for tests that live
through hundreds of companies. That it gives the study's own numbers is tested; what a grade needs it does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import numpy as np

from analysis.foundation.errors import DesignError
from analysis.inference.cells import Flags, Ints
from analysis.inference.estimate import Estimate
from analysis.studies.fits import Fits
from analysis.studies.stack import Stack, window
from analysis.studies.strata import Strata, choose_strata


def light_estimates(stack: Stack, estimands: tuple[str, ...]) -> dict[str, Estimate | None]:
    """The estimates by name of the estimand; None where the study refuses.

    Parameters
    ----------
    stack : Stack
        That carries the outcomes, and the attribute `region` where an estimand names one.
    estimands : tuple of str
        As `hazards` names them.
    """
    layout = stack.layout
    measures = [column for column in layout.measures if column.startswith(("orders_", "issues_p", "retained_"))]
    fits = Fits(stack, stack.cells(layout.columns, measures=measures))
    strata = choose_strata(fits.cells, layout, layout.attributes)
    for name in estimands:
        with suppress(DesignError):
            _gather(fits, name, strata)
    fits.settle()
    return {name: _read(fits, name) for name in estimands}


def _gather(fits: Fits, estimand: str, strata: Strata) -> None:
    cells, layout = fits.cells, fits.stack.layout
    before, after = window("orders", -layout.before, -1), window("orders", 1, layout.after)
    where = estimand.partition(":region=")[2]
    if estimand == "orders_ratio":
        fits.growth("orders", "", after=after, before=before, strata=strata, gap=True)
    elif estimand == "issues_ratio":
        history = choose_strata(cells, layout, layout.attributes, after_only=True)
        fits.after("issues", "", after=window("issues", 1, layout.after), strata=history)
    elif estimand == "retained_difference":
        fits.mean_gap("retained", "", after=("retained_after",), before=("retained_before",), strata=strata)
    elif where:
        own = choose_strata(cells, layout, layout.attributes, part=_of_region(fits.stack, cells.keys, where))
        fits.growth(f"orders:{where}", "", after=after, before=before, strata=own)


def _of_region(stack: Stack, keys: Mapping[str, Ints], name: str) -> Flags:
    column = stack.layout.code("region")
    return np.asarray(keys[column] == stack.layout.labels[column].index(name))


def _read(fits: Fits, estimand: str) -> Estimate | None:
    where = estimand.partition(":region=")[2]
    outcome, _, scale = estimand.partition(":")[0].partition("_")
    key = f"{outcome}:{where}" if where else outcome
    if not fits.holds(key):
        return None
    return fits.ratio(key) if scale == "ratio" else fits.difference(key)
