"""Who belongs to which group of `assignments`, and what is known and measured of them? Groups not made at random.

Customers who are in both groups are left out and counted; one who is in a group twice counts once, from the first time.
Outcomes come from the table `outcomes`, none of before the assignment; covariates and placebo outcomes from
`customers`. Comparing them is left to `study`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.foundation.errors import DesignError, UnknownName
from analysis.studies.observational.covariates import number_of, of_column
from analysis.studies.observational.plan import ObservationalPlan
from analysis.studies.observational.rows import ObservationalRows, Placebo
from analysis.studies.soundness import NO_SEGMENT, unusable_attribute
from analysis.tables.contract import ENGINE_TYPES, SCHEMAS
from analysis.tables.engine import identifier

if TYPE_CHECKING:
    import pyarrow as pa

    from analysis.tables.load import Tables

CONTROL_NAMES = ("control", "holdout")


def group_rows(tables: Tables, plan: ObservationalPlan) -> ObservationalRows:
    """The customers of two groups, one row each, in the order of their ids.

    Parameters
    ----------
    tables : Tables
        With `assignments`, `outcomes`, and `customers` for the covariates.
    plan : ObservationalPlan
        Whose `experiment` is given.

    Raises
    ------
    UnknownName
        If there is no such experiment or group.
    DesignError
        If there is no outcome, no covariate, the groups cannot be told, or they were drawn by lot.
    """
    treated, comparison = _names(tables, plan)
    _must_not_be_drawn(tables, plan)
    names = _outcomes(tables, plan)
    if shared := sorted({*plan.covariates, *plan.placebo_outcomes, *plan.segments} & set(names)):
        raise DesignError(
            f"An outcome of `{plan.experiment}` cannot be known before it: {', '.join(shared)}. Take it out of "
            "`covariates`, `placebo_outcomes` and `segments`, or name other `outcomes`."
        )
    attributes = tuple(dict.fromkeys((*plan.covariates, *plan.placebo_outcomes, *plan.segments)))
    _must_hold(tables, plan)
    columns = "".join(f", max(c.{identifier(name)}) as a{place}" for place, name in enumerate(attributes))
    early = "x.measured < a.assigned and x.value is not null"
    values = "".join(
        f", max(case when x.name = ? and not coalesce({early}, false) then x.value end) as y{place}"
        for place in range(len(names))
    )
    asked = ", ".join("?" for _ in names)
    found = tables.engine.query(
        f"""
        select a.customer_id, a.arm, a.cluster, a.arms, a.assigned, sum(case when {early} then 1 else 0 end) as early
               {columns}{values}
        from (select customer_id, min(arm) as arm, min({_held(tables, "assignments", "cluster_id")}) as cluster,
                     count(distinct arm) as arms, min({_held(tables, "assignments", "assigned_at")}) as assigned
              from assignments where experiment_id = ? and arm in (?, ?) group by customer_id) a
        {"left join customers c on c.customer_id = a.customer_id" if attributes else ""}
        left join (select customer_id, name, value, {_held(tables, "outcomes", "measured_at")} as measured
                   from outcomes where experiment_id = ? and name in ({asked})) x on x.customer_id = a.customer_id
        group by a.customer_id, a.arm, a.cluster, a.arms, a.assigned order by a.customer_id
        """,
        [*names, plan.experiment, treated, comparison, plan.experiment, *names],
    )
    once = np.asarray(found.column("arms").to_numpy()) == 1
    both = int((~once).sum())
    rows = found.filter(once) if both else found
    if not len(rows):
        raise DesignError(
            f"Nobody of `{plan.experiment}` belongs to one of the two groups alone: {both:,} customers are in both. "
            "Name groups that exclude each other: `treated` and `comparison`."
        )
    before = int(np.asarray(rows.column("early").to_numpy()).sum())
    arm = np.array(rows.column("arm").to_pylist(), dtype=object) == treated
    held = {name: rows.column(f"a{place}").to_pylist() for place, name in enumerate(attributes)}
    return ObservationalRows(
        treated_name=treated,
        comparison_name=comparison,
        who=f"Customers of {treated}",
        against=f"similar customers of {comparison}",
        when="",
        treated=arm,
        customer=_clusters(rows),
        cell=np.zeros(len(rows), dtype=np.int64),
        after={name: _floats(rows, f"y{place}") for place, name in enumerate(names)},
        units={name: f"{name} per customer" for name in names},
        covariates=tuple(of_column(in_words(name), held[name]) for name in plan.covariates),
        placebos={
            name: Placebo(
                after=np.array([np.nan if value is None else number_of(value) for value in held[name]], dtype=float),
                what=f"The study on {in_words(name)}, measured before, with the column itself left out.",
                without=in_words(name),
            )
            for name in plan.placebo_outcomes
        },
        attributes={
            name: np.array([None if value is None else str(value) for value in held[name]], dtype=object)
            for name in plan.segments
        },
        account={
            "customers": len(found),
            "left_out_in_both_groups": both,
            "outcomes_before_time_zero": before,
            "kept": len(rows),
        },
        notes=tuple(_notes(plan, rows, both, before)),
    )


def in_words(column: str) -> str:
    """A column as a page says it."""
    return column.replace("_", " ")


def _names(tables: Tables, plan: ObservationalPlan) -> tuple[str, str]:
    found = tables.engine.query(
        "select arm, count(*) as n from assignments where experiment_id = ? group by arm order by arm",
        [plan.experiment],
    )
    arms = [str(arm) for arm in found.column("arm").to_pylist() if arm is not None]
    if not arms:
        known = tables.engine.query("select distinct experiment_id from assignments order by 1").column(0).to_pylist()
        raise UnknownName.of("experiment", str(plan.experiment), [str(name) for name in known])
    for asked in (plan.treated, plan.comparison):
        if asked is not None and asked not in arms:
            raise UnknownName.of(f"group of `{plan.experiment}`", asked, arms)
    comparison = plan.comparison
    if comparison is None:
        named = [arm for arm in arms if arm.lower() in CONTROL_NAMES]
        others = [arm for arm in arms if arm != plan.treated]
        comparison = named[0] if len(named) == 1 else others[0] if plan.treated and len(others) == 1 else None
    rest = [arm for arm in arms if arm != comparison]
    treated = plan.treated or (rest[0] if len(rest) == 1 else None)
    if comparison is None or treated is None or treated == comparison:
        raise DesignError(
            f"`{plan.experiment}` has the groups {', '.join(arms)}; say which is compared with which: `treated` and "
            "`comparison`."
        )
    return treated, comparison


def _must_not_be_drawn(tables: Tables, plan: ObservationalPlan) -> None:
    """A `probability` in the rows says that chance chose the group: such groups need no making alike."""
    if not tables.has_column("assignments", "probability"):
        return
    drawn, rows = (
        int(one[0].as_py())
        for one in tables.engine.query(
            "select count(probability), count(*) from assignments where experiment_id = ?", [plan.experiment]
        ).columns
    )
    if drawn:
        raise DesignError(
            f"The groups of `{plan.experiment}` were drawn by lot: {drawn:,} of {rows:,} rows of `assignments` state a "
            "`probability`. Read them as a randomised test (design `ab_randomised`, the parameter "
            "`observational.experiment` left out); if nobody drew them, take `probability` out of these rows."
        )


def _outcomes(tables: Tables, plan: ObservationalPlan) -> list[str]:
    if not tables.has("outcomes"):
        raise DesignError("Groups are compared in what the table `outcomes` holds, and there is none.")
    found = tables.engine.query(
        "select distinct name from outcomes where experiment_id = ? and value is not null order by name",
        [plan.experiment],
    )
    there = [str(name) for name in found.column("name").to_pylist()]
    if plan.outcomes is not None:
        for name in plan.outcomes:
            if name not in there:
                raise UnknownName.of(f"outcome of `{plan.experiment}`", name, there)
        there = list(plan.outcomes)
    if not there:
        raise DesignError(f"`outcomes` holds nothing of `{plan.experiment}`.")
    return there


def _must_hold(tables: Tables, plan: ObservationalPlan) -> None:
    """Columns of customers that models may see: numbers of any kind, and texts of few values."""
    lacks = []
    for name in dict.fromkeys((*plan.covariates, *plan.placebo_outcomes, *plan.segments)):
        numbers = _holds_numbers(tables, name)
        lack = None if numbers and name not in plan.segments else unusable_attribute(tables, name)
        if lack is None and name in plan.placebo_outcomes and not numbers:
            lack = "a placebo outcome is a number."
        if lack is not None:
            lacks.append(f"`{name}`: {lack}")
    if lacks:
        raise DesignError(f"Customers cannot be compared by these columns. {' '.join(lacks)}")


def _holds_numbers(tables: Tables, name: str) -> bool:
    """Whether a column holds numbers only, however they are written; ids and times of the contract do not count."""
    known = SCHEMAS["customers"].by_name.get(name)
    if not tables.has_column("customers", name) or (known is not None and known.type in NO_SEGMENT):
        return False
    held = tables.engine.query(f"select distinct {identifier(name)} as a from customers").column("a").to_pylist()
    return any(value is not None for value in held) and all(
        value is None or number_of(value) is not None for value in held
    )


def _held(tables: Tables, table: str, column: str) -> str:
    """A column, or nothing of its type where the export has none."""
    kind = ENGINE_TYPES[SCHEMAS[table].by_name[column].type]
    return column if tables.has_column(table, column) else f"cast(null as {kind})"


def _floats(rows: pa.Table, column: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([np.nan if value is None else float(value) for value in rows.column(column).to_pylist()])


def _clusters(rows: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The cluster of each customer where they came in clusters, else the customer."""
    names = [
        f"alone {place}" if name is None else f"cluster {name}"
        for place, name in enumerate(rows.column("cluster").to_pylist())
    ]
    return np.unique(np.array(names, dtype=object).astype(str), return_inverse=True)[1].reshape(-1).astype(np.int64)


def _notes(plan: ObservationalPlan, rows: pa.Table, both: int, before: int) -> list[str]:
    notes = []
    if both:
        notes.append(f"{both:,} customers are in both groups and were left out.")
    if before:
        notes.append(f"{before:,} outcomes were measured before their customer's `assigned_at` and are not counted.")
    without = rows.column("assigned").null_count
    if without:
        notes.append(
            f"For {without:,} of {len(rows):,} customers no `assigned_at` is recorded: that outcomes lie after time "
            "zero is taken as given."
        )
    if undated := dict.fromkeys((*plan.covariates, *plan.placebo_outcomes, *plan.segments)):
        notes.append(
            f"Columns of `customers` carry no date: that {', '.join(map(in_words, undated))} were known before the "
            "treatment, and not changed by it, is taken from the parameters."
        )
    return notes
