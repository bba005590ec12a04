"""How large must a test be, how long must it run, and what can it see? The design sheet, from the user's own records.

For every outcome and arm, with and without the adjustment by earlier events: the smallest effect that would be found,
the sizes that the smallest effect that matters would take, and the days until there is an answer. Simulated tests on
the same records are left to `a_a`, what is decided beforehand to `declaration`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import local_day
from analysis.foundation.errors import DesignError, TooSoon
from analysis.studies.planning.baseline import baselines
from analysis.studies.planning.declaration import Declaration
from analysis.studies.planning.figures import SIZES, Figures, Planned, relative, told
from analysis.studies.planning.plan import PlanningPlan
from analysis.studies.planning.records import TABLE, Records, keep_records, with_window

if TYPE_CHECKING:
    import pandas as pd

    from analysis.tables.load import Tables

_DURATIONS = ["outcome", "adjusted", "window_days", "mean", "rho", "smallest_effect", "smallest_effect_relative"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignSheet:
    """What a test of this plan can see.

    Parameters
    ----------
    rows : tuple of Planned
        Every outcome, arm, and both ways of comparing.
    sizes : DataFrame
        `outcome`, `adjusted`, `customers`, `smallest_effect`, `smallest_effect_relative`: the first treated arm's
        comparison, by how many customers take part in all.
    durations : DataFrame
        `outcome`, `adjusted`, `window_days`, `mean`, `rho`, `smallest_effect`, `smallest_effect_relative`: the same
        customers over shorter and longer windows.
    customers : int
        That the records show.
    entered_from, entered_to : str
        Days of the stretch that played the test.
    plan : PlanningPlan
    notes : tuple of str
    """

    rows: tuple[Planned, ...]
    sizes: pd.DataFrame
    durations: pd.DataFrame
    customers: int
    entered_from: str
    entered_to: str
    plan: PlanningPlan
    notes: tuple[str, ...]

    def of(self, outcome: str, *, adjusted: bool = False) -> tuple[Planned, ...]:
        """One outcome's rows, an arm each."""
        return tuple(row for row in self.rows if row.outcome == outcome and row.adjusted == adjusted)

    def declare(
        self,
        name: str,
        *,
        hypotheses: Sequence[Mapping[str, Any]] = (),
        segments: Sequence[str] = (),
        declared_on: date | None = None,
    ) -> Declaration:
        """What this sheet plans, to be written down before the test begins.

        Guardrails are the outcomes with a margin, in their own unit; more issues are worse, alone or in a ratio above,
        of all else less.
        """
        plan, rows = self.plan, {row.outcome: row for row in self.rows}
        guardrails = {outcome: rows[outcome] for outcome in plan.margins if outcome in rows}
        claimed = tuple(outcome for outcome in plan.names if outcome in rows and outcome not in guardrails)
        if not claimed:
            raise DesignError("Every outcome of the sheet is a guardrail; a test needs one that it is to change.")
        sizes = {row.arm: row.n_treated for row in self.rows} | {plan.control: self.rows[0].n_comparison}
        return Declaration(
            name=name,
            outcomes=claimed,
            primary=claimed[0],
            hypotheses=tuple(hypotheses),
            segments=tuple(segments),
            guardrails={
                outcome: {"margin": row.matters, "worse": "higher" if plan.counted(outcome) == "issues" else "lower"}
                for outcome, row in guardrails.items()
            },
            treated=plan.treated,
            control=plan.control,
            sizes=sizes,
            smallest_effects={outcome: plan.matters[outcome] for outcome in claimed if outcome in plan.matters},
            window_days=plan.window_days,
            pre_days=plan.pre_days,
            stopping="fixed" if plan.looks is None else "always_valid",
            looks=plan.looks,
            power=plan.power,
            level=plan.level,
            declared_on=declared_on,
        )

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {"power": [row.to_dict() for row in self.rows]}

    def to_frame(self) -> pd.DataFrame:
        """One row an outcome, arm and way of comparing."""
        import pandas as pd

        return pd.DataFrame([row.to_dict() for row in self.rows])

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def design_sheet(tables: Tables, plan: PlanningPlan) -> DesignSheet:
    """What would a test of this plan be able to see?

    Parameters
    ----------
    tables : Tables
        With `orders` or `issues`; `customers` for clusters.
    plan : PlanningPlan

    Raises
    ------
    DesignError
        If a table or column is missing, or the records hold too few customers.
    TooSoon
        If the records are shorter than the window.

    Assumes
    -------
    Customers, and how much they differ, stay as they were in the stretch that plays the test.
    """
    import pandas as pd

    records = keep_records(tables, plan)
    try:
        found, reasons = baselines(records, plan)
        arrivals = _arrivals(records, plan)
    finally:
        tables.engine.drop(TABLE)
    notes = [*records.notes, *(f"Outcome `{name}` cannot be planned: {why}" for name, why in reasons.items())]
    if not found:
        raise DesignError("None of the outcomes can be planned. " + " ".join(notes))
    sheet = Figures(plan, records.customers, arrivals)
    rows = tuple(row for one in found.values() for row in sheet.rows(one))
    notes += sheet.notes(found)
    durations, short = _durations(tables, plan, records)
    return DesignSheet(
        rows=rows,
        sizes=pd.DataFrame([line for one in found.values() for line in sheet.curve(one)], columns=SIZES),
        durations=pd.DataFrame(durations, columns=_DURATIONS),
        customers=records.customers,
        entered_from=local_day(records.entered_from, plan.zone).isoformat(),
        entered_to=local_day(records.entered_to, plan.zone).isoformat(),
        plan=plan,
        notes=(*notes, *short),
    )


def _arrivals(records: Records, plan: PlanningPlan) -> tuple[int, ...]:
    """Customers that had entered by the end of each day, where they enter one by one."""
    if plan.entry == "list":
        return ()
    entered = records.engine.query(f"select entered from {TABLE} order by entered").column("entered").to_pylist()
    begin = records.entered_from
    days = [(moment - begin).days for moment in entered]
    counts = [0] * (days[-1] + 1)
    for day in days:
        counts[day] += 1
    return tuple(sum(counts[: day + 1]) for day in range(len(counts)))


def _durations(tables: Tables, plan: PlanningPlan, records: Records) -> tuple[list[dict[str, Any]], list[str]]:
    """The smallest effect by the length of the window, with the customers planned."""
    lines: list[dict[str, Any]] = []
    notes: list[str] = []
    for days in sorted({*plan.windows, plan.window_days}):
        other = with_window(plan, days)
        try:
            kept = keep_records(tables, other)
        except TooSoon as error:
            notes.append(f"A window of {days} days was left out: {error}")
            continue
        try:
            found, reasons = baselines(kept, other)
        finally:
            tables.engine.drop(TABLE)
        notes += [f"`{name}` over a window of {days} days was left out: {why}" for name, why in reasons.items()]
        sheet = Figures(other, kept.customers, ())
        sheet.planned = plan.customers if plan.customers is not None else records.customers
        for one in found.values():
            for adjusted, baseline in ((False, one.plain), (True, one.adjusted)):
                if baseline is None:
                    continue
                sizes = [sheet.units(one, name) for name in (plan.treated[0], plan.control)]
                smallest = told(lambda: sheet.smallest(one, baseline, *sizes), [])  # noqa: B023 (called at once)
                values = (
                    one.outcome,
                    adjusted,
                    days,
                    baseline.mean,
                    baseline.correlation if adjusted else None,
                    smallest,
                    relative(smallest, baseline),
                )
                lines.append(dict(zip(_DURATIONS, values, strict=True)))
    return lines, notes
