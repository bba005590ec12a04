"""What may be said of an experiment before it is over, to somebody who will look again?

The looks are declared beforehand: how many customers an arm has at the first and at the last one. Between them the
interval holds at every look at once. How wide that makes it is left to `analysis.inference.always_valid`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.studies.experiment.contrasts import ANYTIME, Contrast
from analysis.studies.result import Check
from analysis.tables.engine import identifier
from analysis.tables.moments_of import moments_by

if TYPE_CHECKING:
    from analysis.studies.experiment.rows import Rows

FEWEST = 500
"""Customers of an arm at the first look; for what is more than yes or no, as many who are not at zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """Customers of the smaller arm at the first and at the last look, as declared beforehand.

    Raises
    ------
    DesignError
        If the first is at fewer than 500, or comes after the last.

    Examples
    --------
    >>> Looks(first=1000, maximum=20_000).first
    1000
    """

    first: int
    maximum: int

    def __post_init__(self) -> None:
        if self.first < FEWEST or self.maximum < self.first:
            raise DesignError(
                f"Looks from {self.first:,} to {self.maximum:,} customers an arm: the first needs {FEWEST} at least, "
                "and the last comes after it."
            )


def one_look_interval(*, beside: bool) -> Check:
    """The cap on an interval that holds for one look, where somebody looks before the end.

    Parameters
    ----------
    beside : bool
        Whether the always-valid row stands beside it.

    Examples
    --------
    >>> print(one_look_interval(beside=True).detail)
    Somebody looks before the end, and this interval holds for one look only. What may be claimed is the always-valid
    row beside it.
    """
    rest = (
        "What may be claimed is the always-valid row beside it."
        if beside
        else "No always-valid row stands beside it, so that nothing above a C is claimed."
    )
    detail = f"Somebody looks before the end, and this interval holds for one look only. {rest}"
    return Check(name="one_look_interval", verdict="not_run", detail=detail, gate=True)


def at_one_look(contrasts: Sequence[Contrast]) -> list[Contrast]:
    """What was found of one arm, with the cap on every interval but the one that holds at every look."""
    beside = any(one.estimand == ANYTIME and isinstance(one.found, Estimate) for one in contrasts)
    cap = one_look_interval(beside=beside)
    return [
        one
        if one.estimand == ANYTIME or not isinstance(one.found, Estimate)
        else replace(one, checks=(*one.checks, cap))
        for one in contrasts
    ]


def always_valid_of(rows: Rows, outcome: str, looks: Looks, *, level: float) -> dict[str, Estimate | str]:
    """By how much does each arm differ so far, in an interval that holds at every look?

    Parameters
    ----------
    rows : Rows
    outcome : str
    looks : Looks
    level : float

    Returns
    -------
    dict
        Arm to the difference, or to the reason why there is none yet.

    Raises
    ------
    KeyError
        If there is no such outcome.
    """
    from analysis.inference.always_valid import always_valid

    measure = rows.measures[outcome]
    column, table = identifier(measure), identifier(rows.table)
    treated = [arm for arm in rows.arms if arm != rows.control]
    counted = rows.engine.query(
        f"""
        select arm, count(cluster) - count(distinct cluster) + count(block_start) as grouped,
            count(case when {column} <> 0 then 1 end) as other_than_zero,
            count(case when {column} not in (0, 1) then 1 end) as other_than_yes
        from {table} where {column} is not null group by arm order by arm
        """
    ).to_pylist()
    if any(row["grouped"] for row in counted):
        why = "looks along the way are for customers assigned one by one; clusters and time blocks are read at the end."
        return dict.fromkeys(treated, why)
    yes_or_no = not any(row["other_than_yes"] for row in counted)
    active = {str(row["arm"]): int(row["other_than_zero"]) for row in counted}
    moments = moments_by(
        rows.engine, f"select * from {table} where {column} is not null", groups=["arm"], measures=[measure]
    )
    found: dict[str, Estimate | str] = {}
    for arm in treated:
        one, other = moments.get((arm,)), moments.get((rows.control,))
        if one is None or other is None:
            found[arm] = "an arm is empty."
            continue
        fewest = min(active[arm], active[rows.control])
        if not yes_or_no and fewest < FEWEST:
            found[arm] = (
                f"{fewest:,} customers of an arm have `{outcome}` other than zero, and a look along the way needs "
                f"{FEWEST}. Wait for more."
            )
            continue
        try:
            estimate = always_valid(
                one, other, measure, first=looks.first, maximum=looks.maximum,
                unit=rows.units[outcome], level=level, name=outcome,
            )  # fmt: skip
        except DesignError as error:
            found[arm] = str(error)
            continue
        found[arm] = estimate if estimate.se > 0 else "nothing varies within the arms, so that no error can be told."
    return found
