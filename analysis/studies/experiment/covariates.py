"""What is known of customers before they were assigned, as numbers that every outcome can be adjusted for?

A column of numbers is taken as it is, one of texts by its values, each against the first; where a value is missing, a
mark that it is missing stands beside. A column that goes together with the arms is no covariate but a result of the
assignment: adjusting for it would take a part of the effect away, so it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.studies.experiment.arms_sql import TRAITS
from analysis.studies.experiment.outcomes_sql import Term
from analysis.studies.experiment.untouched import means_p, result_of_treatment, spread_p, spread_within_p
from analysis.studies.soundness import MOST_VALUES, unusable_attribute
from analysis.tables.contract import SCHEMAS
from analysis.tables.engine import identifier

if TYPE_CHECKING:
    from analysis.tables.engine import Engine
    from analysis.tables.load import Tables

_NUMBER = "decimal(19, 6)"
_LARGEST = 2**31 - 1
_TAKEN = ("own_place", "own_arm", "own_stratum", "own_first", "arm", "cluster", "block_start", "exposed", "place", "at",
          "customer_id")  # fmt: skip
_NUMBERED = re.compile(r"[mxw]\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariates:
    """Terms for the adjustment, what they were made of, and what was left out of it."""

    terms: tuple[Term, ...] = ()
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def covariates_of(
    tables: Tables, names: Sequence[str], *, by_customer: bool = True, strata: bool = False
) -> Covariates:
    """The terms of an adjustment for columns of `customers`, for those in the kept `TRAITS`.

    Parameters
    ----------
    tables : Tables
    names : sequence of str
        One that cannot be used is left out, and the notes say why.
    by_customer : bool
        Whether customers were assigned one by one. Clusters and blocks differ in what their customers are like, by
        chance and by more than chance would make single customers differ, so that nothing can be told from it.
    strata : bool
        Whether the odds of the arms differ by stratum, so that only within strata chance makes them alike.
    """
    terms: list[Term] = []
    used, notes = [], []
    for name in names:
        made = _terms(tables, name, by_customer, strata)
        if isinstance(made, str):
            notes.append(f"Outcomes are not adjusted for `{name}`: {made}")
            continue
        terms += made
        used.append(name)
    return Covariates(terms=tuple(terms), names=tuple(used), notes=tuple(notes))


def _terms(tables: Tables, name: str, by_customer: bool, strata: bool) -> list[Term] | str:
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
        p_value = _number_p(tables.engine, number, strata) if by_customer else 1.0
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
    p_value = _values_p(tables.engine, name, counts, strata) if by_customer else 1.0
    touched = result_of_treatment("its values", p_value)
    values = sorted(value for value in counts if value is not None)
    return touched or [
        *(Term(f"{name}: {value}", f"coalesce({column} = ?, false)", (value,)) for value in values[1:]), *missing
    ]  # fmt: skip


def _values_p(
    engine: Engine, name: str, counts: Mapping[str | None, Mapping[str, int]], strata: bool, *, filled: bool = False
) -> float:
    """How often would chance alone spread the values of a column so unevenly over the arms?"""
    if not strata:
        return spread_p(counts)
    return spread_within_p(
        {
            stratum: {value: row for value, row in rows.items() if value is not None or not filled}
            for stratum, rows in values_within(engine, name).items()
        }
    )


def _number_p(engine: Engine, number: str, strata: bool) -> float:
    """How often would chance alone spread the arms' means of a column of numbers so far?"""
    rows = engine.query(
        f"select own_arm, {'own_stratum' if strata else 'null'} as stratum, count({number}) as n, "
        f"avg({number}) as mean, stddev_samp({number}) as sd from {TRAITS} c group by 1, 2 order by 1, 2"
    ).to_pylist()
    found = [row for row in rows if row["n"] and row["sd"] is not None]
    if strata:
        return means_p(_over_strata(found))
    return means_p([(float(row["mean"]), float(row["sd"]) / float(row["n"]) ** 0.5) for row in found])


def _over_strata(rows: Sequence[Mapping[str, Any]]) -> list[tuple[float, float]]:
    """Every arm's mean and error over the strata that all arms share, each weighted by its customers."""
    arms = sorted({str(row["own_arm"]) for row in rows})
    by_stratum: dict[str | None, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        by_stratum.setdefault(row["stratum"], {})[str(row["own_arm"])] = row
    shared = [cells for cells in by_stratum.values() if len(cells) == len(arms)]
    total = sum(float(row["n"]) for cells in shared for row in cells.values())
    found = []
    for arm in arms:
        mean, variance = 0.0, 0.0
        for cells in shared:
            weight = sum(float(row["n"]) for row in cells.values()) / total
            mean += weight * float(cells[arm]["mean"])
            variance += (weight * float(cells[arm]["sd"])) ** 2 / float(cells[arm]["n"])
        found.append((mean, variance**0.5))
    return found


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


def values_within(engine: Engine, name: str) -> dict[str | None, dict[str | None, dict[str, int]]]:
    """Stratum to value of a column of `customers` to customers by arm, for those in the kept `TRAITS`."""
    rows = engine.query(
        f"select own_stratum, cast(c.{identifier(name)} as varchar) as value, own_arm as arm, count(*) as n "
        f"from {TRAITS} c group by 1, 2, 3 order by 1, 2, 3"
    ).to_pylist()
    found: dict[str | None, dict[str | None, dict[str, int]]] = {}
    for row in rows:
        found.setdefault(row["own_stratum"], {}).setdefault(row["value"], {})[str(row["arm"])] = int(row["n"])
    return found


def unusable_segment(
    tables: Tables, name: str, *, fewest: int, by_customer: bool = True, strata: bool = False
) -> str | None:
    """Why a column of `customers` cannot split the experiment whose customers lie in `TRAITS`, or None.

    Parameters
    ----------
    tables : Tables
    name : str
    fewest : int
        Customers that a segment needs in two arms at least.
    by_customer, strata : bool
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
    p_value = _values_p(tables.engine, name, counts, strata, filled=True) if by_customer else 1.0
    return result_of_treatment("its values", p_value)
