"""Is what is asked for there? Arms, outcomes and columns in the tables, instants on the command line, before any work.

A name that is in no table is a slip of the pen, and is said at once with the nearest one there is. Whether the data
suffice for a comparison is left to the studies; which steps run, to `steps`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from analysis.foundation.errors import Fault, ParamsError, did_you_mean
from analysis.runner.params_model import OTHER_CHANNELS, Params
from analysis.runner.params_values import instant_of

if TYPE_CHECKING:
    from analysis.runner.params_tests import ExperimentSection
    from analysis.tables.load import Tables

OUTCOMES = (
    "orders", "revenue", "margin", "issues", "support_cost", "index_issue_cost", "repurchased", "retained",
)  # fmt: skip
"""The outcomes of the contract; others come with the table `outcomes`."""


def instant_asked(option: str, text: str) -> datetime:
    """The instant (naive UTC) that an option of the command line names; ParamsError if it names none.

    Examples
    --------
    >>> instant_asked("--as-of", "2026-10-03")
    datetime.datetime(2026, 10, 3, 0, 0)
    """
    try:
        return instant_of(text)
    except ValueError as error:
        what, remedy = "is no day and no time", "Write 2026-10-06 or 2026-10-06T00:00:00Z."
        raise ParamsError(Fault(where=option, what=what, remedy=remedy, rule="instant")) from error


def names_not_there(values: Params, tables: Tables, steps: Collection[str], *, name: str) -> list[Fault]:
    """Which of the names asked for are in none of the tables?

    Parameters
    ----------
    values : Params
    tables : Tables
    steps : collection of str
        The steps that will run: an arm is looked for where randomised tests are read.
    name : str
        How faults call the parameters file.
    """
    faults = []
    if values.comparison != OTHER_CHANNELS and "ab_segments" in steps:
        arms = _names(tables, "select distinct arm as name from assignments")
        if values.comparison not in arms:
            what = f"no experiment has an arm `{values.comparison}`"
            remedy = did_you_mean(values.comparison, arms)
            faults.append(Fault(where=f"{name}: comparison", what=what, remedy=remedy, rule="unknown_arm"))
    if "ab_segments" in steps:
        faults += _experiment_not_there(values, tables, name=name)
        if tables.has("assignments") and (values.designs is None or "ab_randomised" in values.designs):
            faults += _not_in_the_tests(values.experiment, tables, name=name)
    if values.outcomes is None:
        return faults
    known = set(OUTCOMES)
    if not known.issuperset(values.outcomes):
        known |= _measured(tables)
    for place, outcome in enumerate(values.outcomes):
        if outcome not in known:
            what, remedy = f"there is no outcome `{outcome}`", did_you_mean(outcome, known)
            faults.append(Fault(where=f"{name}: outcomes[{place}]", what=what, remedy=remedy, rule="unknown_outcome"))
    return faults


def _experiment_not_there(values: Params, tables: Tables, *, name: str) -> list[Fault]:
    """Ratios that would take the place of an outcome, and an experiment or groups that nobody was assigned to."""
    faults = []
    ratios = values.experiment.ratios
    if ratios:
        for ratio in sorted({*OUTCOMES, *_measured(tables)}.intersection(ratios)):
            what, remedy = f"`{ratio}` is the name of an outcome already", "Give the ratio a name of its own."
            faults.append(Fault(where=f"{name}: experiment.ratios", what=what, remedy=remedy, rule="taken_name"))
    asked = values.observational
    if asked.experiment is None:
        return faults
    there = (
        _names(tables, "select distinct experiment_id as name from assignments") if tables.has("assignments") else ()
    )
    if asked.experiment not in there:
        what = f"there is no experiment `{asked.experiment}` in `assignments`"
        remedy = did_you_mean(asked.experiment, there)
        return [
            *faults,
            Fault(where=f"{name}: observational.experiment", what=what, remedy=remedy, rule="unknown_name"),
        ]
    arms = _names(tables, "select distinct arm as name from assignments where experiment_id = ?", asked.experiment)
    for key in ("treated", "comparison"):
        group = getattr(asked, key)
        if group is not None and group not in arms:
            what = f"experiment `{asked.experiment}` has no group `{group}`"
            remedy = did_you_mean(group, arms)
            faults.append(Fault(where=f"{name}: observational.{key}", what=what, remedy=remedy, rule="unknown_arm"))
    return faults


def _not_in_the_tests(asked: ExperimentSection, tables: Tables, *, name: str) -> list[Fault]:
    """Outcomes and columns that are named for the randomised tests alone, and that no test can have."""
    wanted = [
        *((f"ratios.{key}", part) for key, one in asked.ratios.items() for part in (one.numerator, one.denominator)),
        *(("winsorise", outcome) for outcome in asked.winsorise),
        *(("quantiles", outcome) for outcome in asked.quantiles),
        *(("guardrails", outcome) for outcome in asked.guardrails if outcome not in asked.ratios),
        *((f"explore[{place}]", outcome) for place, outcome in enumerate(asked.explore)),
    ]
    known = _of_tests(tables) if wanted else set()
    faults = []
    for key, outcome in wanted:
        if outcome in known:
            continue
        what, remedy = f"no test has an outcome `{outcome}`", did_you_mean(outcome, known)
        if outcome in asked.ratios:
            what, remedy = f"`{outcome}` is a ratio, which no single customer has", "Name one of its two outcomes."
        faults.append(Fault(where=f"{name}: experiment.{key}", what=what, remedy=remedy, rule="unknown_outcome"))
    columns = tables.accounts["customers"].columns if tables.has("customers") else ()
    for place, column in enumerate(asked.covariates if columns else ()):
        if column not in columns:
            where, what = f"{name}: experiment.covariates[{place}]", f"`customers` has no column `{column}`"
            faults.append(Fault(where=where, what=what, remedy=did_you_mean(column, columns), rule="unknown_column"))
    return faults


def _of_tests(tables: Tables) -> set[str]:
    """Outcomes that a randomised test can have."""
    from analysis.studies.experiment.outcomes import ON_REQUEST, UNASKED  # here: most studies name none

    return {*UNASKED, *ON_REQUEST, *_measured(tables)}


def _measured(tables: Tables) -> set[str]:
    """Outcomes that were measured with an experiment."""
    return _names(tables, "select distinct name from outcomes") if tables.has("outcomes") else set()


def _names(tables: Tables, query: str, *given: str) -> set[str]:
    return {str(one) for one in tables.engine.query(query, list(given)).column("name").to_pylist()}
