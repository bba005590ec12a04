"""What is known of customers before they were assigned, as numbers that every outcome can be adjusted for?

A column of numbers is taken as it is, one of texts by its values, each against the first; where a value is missing, a
mark that it is missing stands beside. A column that goes together with the arms is no covariate but a result of the
assignment: adjusting for it would take a part of the effect away, so it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.studies.experiment.arms_sql import TRAITS
from analysis.studies.experiment.outcomes_sql import Term
from analysis.studies.experiment.untouched import means_p, result_of_treatment, spread_p
from analysis.studies.soundness import MOST_VALUES, unusable_attribute
from analysis.tables.contract import SCHEMAS
from analysis.tables.engine import identifier

if TYPE_CHECKING:
    from analysis.tables.engine import Engine
    from analysis.tables.load import Tables

_NUMBER = "decimal(19, 6)"
_LARGEST = 2**31 - 1
_TAKEN = ("own_place", "own_arm", "own_first", "arm", "cluster", "block_start", "exposed", "place", "at", "customer_id")
_NUMBERED = re.compile(r"[mxw]\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariates:
    """Terms for the adjustment, what they were made of, and what was left out of it."""

    terms: tuple[Term, ...] = ()
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def covariates_of(tables: Tables, names: Sequence[str], *, by_customer: bool = True) -> Covariates:
    """The terms of an adjustment for columns of `customers`, for those in the kept `TRAITS`.

    Parameters
    ----------
    tables : Tables
    names : sequence of str
        One that cannot be used is left out, and the notes say why.
    by_customer : bool
        Whether customers were assigned one by one. Clusters and blocks differ in what their customers are like, by
        chance and by more than chance would make single customers differ, so that nothing can be told from it.
    """
    terms: list[Term] = []
    used, notes = [], []
    for name in names:
        made = _terms(tables, name, by_customer)
        if isinstance(made, str):
            notes.append(f"Outcomes are not adjusted for `{name}`: {made}")
            continue
        terms += made
        used.append(name)
    return Covariates(terms=tuple(terms), names=tuple(used), notes=tuple(notes))


def _terms(tables: Tables, name: str, by_customer: bool) -> list[Term] | str:
    if not tables.has_column("customers", name):
        return f"`customers` has no column `{name}`."
    schema = SCHEMAS["customers"].by_name.get(name)
    if schema is not None and schema.type in ("id", "time"):
        return "it tells single customers apart."
    column = f"c.{identifier(name)}"
    number = f"try_cast({column} as {_NUMBER})"
    row = tables.engine.query(
        f"select count(*) as n, count({column}) as filled, count({number}) as numbers, "
        f"count(case when {number} = round({number}, 0) and abs({number}) <= {_LARGEST} then 1 end) as short, "
        f"count(distinct {column}) as different from {TRAITS} c"
    ).to_pylist()[0]
    if not row["filled"]:
        return "it is empty."
    missing = [Term(f"{name} missing", f"{column} is null")] if row["filled"] < row["n"] else []
    if row["numbers"] == row["filled"]:
        p_value = _number_p(tables.engine, number) if by_customer else 1.0
        touched = result_of_treatment("its numbers", p_value)
        filled = f"coalesce({number}, 0)"
        return touched or [
            Term(name, f"cast({filled} as integer)" if row["short"] == row["filled"] else filled), *missing
        ]  # fmt: skip
    if row["different"] > MOST_VALUES:
        return (
            f"it is a text of {row['different']:,} different values; {MOST_VALUES} are the most that can be told apart."
        )
    counts = value_counts(tables.engine, name)
    touched = result_of_treatment("its values", spread_p(counts) if by_customer else 1.0)
    values = sorted(value for value in counts if value is not None)
    return touched or [
        *(Term(f"{name}: {value}", f"coalesce({column} = ?, false)", (value,)) for value in values[1:]), *missing
    ]  # fmt: skip


def _number_p(engine: Engine, number: str) -> float:
    """How often would chance alone spread the arms' means of a column of numbers so far?"""
    rows = engine.query(
        f"select own_arm, count({number}) as n, avg({number}) as mean, stddev_samp({number}) as sd from {TRAITS} c "
        "group by own_arm order by own_arm"
    ).to_pylist()
    found = [
        (float(row["mean"]), float(row["sd"]) / float(row["n"]) ** 0.5)
        for row in rows
        if row["n"] and row["sd"] is not None
    ]
    return means_p(found)


def value_counts(engine: Engine, name: str) -> dict[str | None, dict[str, int]]:
    """Value of a column of `customers` to customers by arm, for those in the kept `TRAITS`."""
    column = f"c.{identifier(name)}"
    rows = engine.query(
        f"select cast({column} as varchar) as value, own_arm as arm, count(case when own_first then 1 end) as n "
        f"from {TRAITS} c group by 1, 2 order by 1, 2"
    ).to_pylist()
    found: dict[str | None, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["value"], {})[str(row["arm"])] = int(row["n"])
    return found


def unusable_segment(tables: Tables, name: str, *, fewest: int, by_customer: bool = True) -> str | None:
    """Why a column of `customers` cannot split the experiment whose customers lie in `TRAITS`, or None.

    Parameters
    ----------
    tables : Tables
    name : str
    fewest : int
        Customers that a segment needs in two arms at least.
    by_customer : bool
        As in `covariates_of`.
    """
    lack = unusable_attribute(tables, name)
    if lack is not None:
        return lack
    if name.lower() in _TAKEN or _NUMBERED.fullmatch(name.lower()):
        return "its name is one that the study gives to columns of its own. Name it otherwise."
    counts: dict[str | None, dict[str, int]] = {
        value: row for value, row in value_counts(tables.engine, name).items() if value is not None
    }
    if not counts:
        return "it is empty for the customers of this experiment."
    if all(sorted(row.values())[-2:][0] < fewest or len(row) < 2 for row in counts.values()):
        largest = max(sum(row.values()) for row in counts.values())
        return (
            f"its {len(counts):,} values leave {largest:,} customers at most in one segment, and each arm needs "
            f"{fewest} of them: there are more segments than the data can fill."
        )
    return result_of_treatment("its values", spread_p(counts) if by_customer else 1.0)
