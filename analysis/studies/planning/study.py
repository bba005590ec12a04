"""What is decided before a test begins, and what the user's own records say of it? The design sheet as a study.

Sizes and durations from the records, false alarms on divisions of the very same customers, and the declaration that
fixes hypotheses, outcomes, segments and the stopping rule under a hash. How each is made is left to `sheet`, `a_a` and
`declaration`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from analysis.foundation.errors import DesignError
from analysis.studies.planning.a_a import a_a
from analysis.studies.planning.declaration import Declaration
from analysis.studies.planning.plan import PlanningPlan
from analysis.studies.planning.sheet import DesignSheet, design_sheet

if TYPE_CHECKING:
    import pandas as pd

    from analysis.studies.planning.false_alarms import AAResult
    from analysis.tables.load import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetResult:
    """A sheet, the A/A test beside it, and what is thereby declared.

    `a_a` is None where none was asked for or the records allow none; `notes` then say why.
    """

    sheet: DesignSheet
    a_a: AAResult | None
    declaration: Declaration
    unanswered: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.sheet.notes, *(self.a_a.notes if self.a_a else ()), *self.unanswered)))

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`: `power`, and under `coverage` the A/A test and the declaration."""
        parts = self.sheet.to_parts()
        declared = {**self.declaration.to_dict(), "sha256": self.declaration.sha256}
        coverage: dict[str, Any] = {**parts.get("coverage", {}), "declaration": declared}
        if self.a_a is not None:
            coverage |= self.a_a.to_parts().get("coverage", {})
        return {**parts, "coverage": coverage}

    def to_frame(self) -> pd.DataFrame:
        """One row an outcome and arm, as in the sheet."""
        return self.sheet.to_frame()

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def planned(
    tables: Tables,
    plan: PlanningPlan,
    *,
    name: str,
    hypotheses: Sequence[Mapping[str, Any]] = (),
    segments: Sequence[str] = (),
    declared_on: date | None = None,
    divisions: int = 1_000,
    seed: int = 0,
) -> SheetResult:
    """The design sheet of a test that is being thought about.

    Parameters
    ----------
    tables : Tables
    plan : PlanningPlan
    name : str
        What the test is called in its declaration.
    hypotheses, segments, declared_on
        As `DesignSheet.declare` takes them.
    divisions : int
        Of the A/A test; 0 leaves it out.
    seed : int

    Raises
    ------
    DesignError, TooSoon
        If the records cannot be planned from.
    """
    sheet = design_sheet(tables, plan)
    found, unanswered = None, []
    if divisions:
        try:
            found = a_a(tables, plan, divisions=divisions, seed=seed)
        except DesignError as error:
            unanswered.append(f"There is no A/A test: {error}")
    return SheetResult(
        sheet=sheet,
        a_a=found,
        declaration=sheet.declare(name, hypotheses=hypotheses, segments=segments, declared_on=declared_on),
        unanswered=tuple(unanswered),
    )
