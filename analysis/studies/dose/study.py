"""What did customers buy after few or many contacts, on one channel or several? Association, and nothing more.

Raw figures first, graded D; then beside them the same among customers alike in when, how long they had been customers,
and what they had bought and asked before: C where nearly everybody has somebody alike and where contacts still to come,
which can have changed nothing, go with nothing; else D. People contact us for reasons, and nothing here takes those
out; so no figure is told in money, and none enters a business case.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.inference.cells import groups_of
from analysis.studies.dose.band import DOSE, MIX, Band
from analysis.studies.dose.plan import DOSES, MIXES, NO_CREDIT, ONE_OTHER, DosePlan
from analysis.studies.dose.result import DoseResult
from analysis.studies.dose.rows import DoseRows, dose_of, mix_of
from analysis.studies.dose.rows_sql import dose_rows
from analysis.studies.result import Effect

if TYPE_CHECKING:
    from analysis.tables.load import Tables

__all__ = ["DosePlan", "DoseResult", "dose_and_mix", "dose_on"]


def dose_and_mix(tables: Tables, plan: DosePlan) -> DoseResult:
    """What did customers buy after few or many contacts, on one channel or several?

    Parameters
    ----------
    tables : Tables
        With `orders`, and `touchpoints` or `issues`.
    plan : DosePlan

    Returns
    -------
    DoseResult
        Differences per customer in the outcome window, and ratios.

    Raises
    ------
    TooSoon, DesignError
        If the data are shorter than the windows, or nobody can be followed.

    Source
    ------
    Anderson, Cain and Gelber (1983), Journal of Clinical Oncology 1: the landmark method against immortal time.
    """
    return dose_on(dose_rows(tables, plan), plan)


def dose_on(rows: DoseRows, plan: DosePlan) -> DoseResult:
    """The study on rows, wherever they come from; `dose_and_mix` without the tables.

    Doses are compared among customers alike before, mixes among those with as many contacts too. Contacts to come are
    compared among customers whose contacts now are alike, so that what these changed is in neither side.
    """
    effects: list[Effect] = []
    lines: list[dict[str, Any]] = []
    n, alike = len(rows), rows.alike
    (dose, later_dose), (mix, later_mix) = ((of(rows.contacts, n), of(rows.later, n)) for of in (dose_of, mix_of))
    asked = (
        (DOSE, DOSES, DOSES[0], (dose, alike), (later_dose, groups_of([alike, dose]))),
        (MIX, MIXES, ONE_OTHER, (mix, groups_of([alike, dose])), (later_mix, groups_of([alike, mix, later_dose]))),
    )
    for outcome in plan.outcomes:
        for by, names, reference, now, later in asked:
            for place, name in enumerate(names):
                one = Band(rows, plan, outcome, by, name, reference, (place, names.index(reference)), now, later)
                effects += one.effects()
                lines.append(one.line())
    life = [(year, channel, contacts) for (year, channel), contacts in sorted(rows.life.items())]
    return DoseResult(
        effects=tuple(effects),
        bands=pd.DataFrame(lines),
        life=pd.DataFrame(life, columns=["year", "channel", "contacts"]),
        sample=MappingProxyType(dict(rows.account)),
        notes=(NO_CREDIT,),
    )
