"""Do enough customers have an outcome for the interval of a difference to hold?

Welch's interval trusts means to be about normal. Of 4 customers among 50 who bought and none among 50 others they are
not: it leaves out zero, where an exact test does not. So an effect is told only where 10 customers with the outcome are
to be expected in the smaller arm if the arms are alike, and, of an outcome that is yes or no, 10 without it. Clusters
and time blocks need that too, and have bounds of their own besides. Which contrasts there are is left to `trial`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.inference.estimate import Estimate
from analysis.studies.experiment.contrasts import EFFECT, Contrast
from analysis.tables.engine import identifier

if TYPE_CHECKING:
    from analysis.studies.experiment.rows import Rows

FEWEST_EXPECTED = 10
"""Customers with an outcome to be expected in the smaller arm; of yes or no, also customers without it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Customers of an arm of whom an outcome is known, and how many have one other than zero, or than zero and one."""

    n: int
    other_than_zero: int
    other_than_yes: int


def too_rare(treated: Seen, comparison: Seen, outcome: str, *, of_ratio: bool = False) -> str | None:
    """Why nothing can be said of so rare an outcome, or None.

    Parameters
    ----------
    treated, comparison : Seen
    outcome : str
    of_ratio : bool
        Whether it is a part of a ratio, of which everybody may have one.

    Source
    ------
    Ten expected in each cell rather than the customary five (Cochran, 1954, Biometrics 10): weighed over all pairs of
    binomials of one share, intervals of 95 % then leave out a true zero in at most 6.3 % of tests, with arms of 50 and
    500, or of 200 and 2,000, as well. With five it is 8 % of those told, without a bound it is up to 46 %.

    Examples
    --------
    >>> print(too_rare(Seen(50, 4, 0), Seen(50, 0, 0), "visits"))
    4 of 100 customers have `visits` other than zero, 2 in an arm of 50 if the arms are alike; 10 are needed there for
    an interval that holds. Wait for more customers, or choose an outcome that more of them have.
    >>> too_rare(Seen(50, 14, 0), Seen(50, 9, 0), "visits")
    """
    n, smaller = treated.n + comparison.n, min(treated.n, comparison.n)
    active = treated.other_than_zero + comparison.other_than_zero
    found = [(active, "other than zero", "have")]
    if not of_ratio and treated.other_than_yes + comparison.other_than_yes == 0:
        found.append((n - active, "zero", "do not have"))
    for count, what, wanted in found:
        if count * smaller < FEWEST_EXPECTED * n:
            return (
                f"{count:,} of {n:,} customers have `{outcome}` {what}, {count * smaller / n:.3g} in an arm of "
                f"{smaller:,} if the arms are alike; {FEWEST_EXPECTED} are needed there for an interval that holds. "
                f"Wait for more customers, or choose an outcome that more of them {wanted}."
            )
    return None


def seen_by(
    rows: Rows, outcomes: Mapping[str, Sequence[str]], segment: str | None = None
) -> dict[str, dict[tuple[str, str | None], tuple[Seen, ...]]]:
    """Customers who have outcomes at all, by arm and by the value of a segment; all outcomes in one scan.

    Parameters
    ----------
    rows : Rows
    outcomes : mapping of str to sequence of str
        Name to the outcomes it is made of: itself, or the two parts of a ratio, which are counted where both are known.
    segment : str, optional

    Returns
    -------
    dict
        Name to arm and value (None for all customers) to one `Seen` for each part.
    """
    found: dict[str, dict[tuple[str, str | None], tuple[Seen, ...]]] = {name: {} for name in outcomes}
    for name, (arm, *more), seen in _seen(rows, outcomes, [segment] if segment else []):
        found[name][str(arm), str(more[0]) if more else None] = seen
    return found


def seen_within(
    rows: Rows, outcomes: Mapping[str, Sequence[str]], segment: str | None = None
) -> dict[str, dict[tuple[str, str | None], dict[str | None, tuple[Seen, ...]]]]:
    """The same stratum by stratum, for rows that are compared within strata."""
    found: dict[str, dict[tuple[str, str | None], dict[str | None, tuple[Seen, ...]]]] = {name: {} for name in outcomes}
    for name, (arm, stratum, *more), seen in _seen(
        rows, outcomes, [str(rows.stratum), *([segment] if segment else [])]
    ):
        held = None if stratum is None else str(stratum)
        found[name].setdefault((str(arm), str(more[0]) if more else None), {})[held] = seen
    return found


def _seen(
    rows: Rows, outcomes: Mapping[str, Sequence[str]], groups: Sequence[str]
) -> Iterator[tuple[str, tuple[object, ...], tuple[Seen, ...]]]:
    """Outcome, arm and groups, and one `Seen` for each part. Customers without a segment, the last group, are none."""
    columns: list[str] = []
    for parts in outcomes.values():
        measures = [identifier(rows.measures[part]) for part in parts]
        known = " and ".join(f"{measure} is not null" for measure in measures)
        columns.append(f"count(case when {known} then 1 end)")
        for measure in measures:
            columns.append(f"count(case when {known} and {measure} <> 0 then 1 end)")
            columns.append(f"count(case when {known} and {measure} not in (0, 1) then 1 end)")
    keys = ["arm", *map(identifier, groups)]
    counted = ", ".join(f"{column} as c{place}" for place, column in enumerate(columns))
    held = [identifier(name) for name in groups if name != rows.stratum]
    where = f" where {held[0]} is not null" if held else ""
    table = rows.engine.query(
        f"select {', '.join(keys)}, {counted} from {identifier(rows.table)}{where} group by {', '.join(keys)}"
    )
    for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
        counts = iter([int(one) for one in row[len(keys) :]])
        for name, parts in outcomes.items():
            n = next(counts)
            yield name, row[: len(keys)], tuple(Seen(n, next(counts), next(counts)) for _ in parts)


def too_rare_within(
    treated: Mapping[str | None, Seen], comparison: Mapping[str | None, Seen], outcome: str, *, of_ratio: bool = False
) -> str | None:
    """The same where arms are compared within strata: what is to be expected in each stratum's smaller arm adds up.

    Parameters
    ----------
    treated, comparison : mapping of stratum to Seen
    outcome : str
    of_ratio : bool

    Examples
    --------
    >>> print(too_rare_within({"old": Seen(90, 60, 0), "new": Seen(10, 4, 0)}, {"old": Seen(10, 7, 0),
    ...                       "new": Seen(90, 20, 0)}, "visits"))
    91 of 200 customers have `visits` other than zero, 9.1 in the smaller arms of 2 strata if the arms are alike there;
    10 are needed for an interval that holds. Wait for more customers, or choose an outcome that more of them have.
    """
    pairs = [(treated[stratum], comparison[stratum]) for stratum in treated if stratum in comparison]
    n = sum(one.n + other.n for one, other in pairs)
    found = [("other than zero", "have", [one.other_than_zero + other.other_than_zero for one, other in pairs])]
    if not of_ratio and not any(one.other_than_yes + other.other_than_yes for one, other in pairs):
        without = [one.n + other.n - count for (one, other), count in zip(pairs, found[0][2], strict=True)]
        found.append(("zero", "do not have", without))
    for what, wanted, counts in found:
        expected = sum(
            count * min(one.n, other.n) / (one.n + other.n)
            for count, (one, other) in zip(counts, pairs, strict=True)
            if count
        )
        if expected < FEWEST_EXPECTED:
            return (
                f"{sum(counts):,} of {n:,} customers have `{outcome}` {what}, {expected:.3g} in the smaller arms of "
                f"{len(pairs)} strata if the arms are alike there; {FEWEST_EXPECTED} are needed for an interval that "
                f"holds. Wait for more customers, or choose an outcome that more of them {wanted}."
            )
    return None


def without_rare(
    found: Mapping[tuple[str, str | None], list[Contrast]], seen: Mapping[tuple[str, str | None], Sequence[Seen]],
    parts: Sequence[str], *, control: str, of_ratio: bool,
) -> dict[tuple[str, str | None], list[Contrast]]:  # fmt: skip
    """What was found of an outcome, with one refusal in the place of all that rests on too few who have it.

    Parameters
    ----------
    found : mapping
        Arm and value of a segment to contrasts.
    seen : mapping
        The same, and the comparison arm, to one `Seen` for each part.
    parts : sequence of str
        The outcome, or the two outcomes of a ratio.
    control : str
    of_ratio : bool
    """
    told = dict(found)
    for (arm, value), contrasts in found.items():
        if not any(isinstance(one.found, Estimate) for one in contrasts):
            continue  # it is refused already, and says why
        one, other = seen[arm, value], seen[control, value]
        lacks = [
            too_rare(mine, theirs, part, of_ratio=of_ratio)
            for part, mine, theirs in zip(parts, one, other, strict=True)
        ]
        _refuse(told, (arm, value), lacks, one[0].n, other[0].n)
    return told


def without_rare_within(
    found: Mapping[tuple[str, str | None], list[Contrast]],
    seen: Mapping[tuple[str, str | None], Mapping[str | None, Sequence[Seen]]],
    parts: Sequence[str], *, control: str, of_ratio: bool,
) -> dict[tuple[str, str | None], list[Contrast]]:  # fmt: skip
    """The same where arms are compared within strata; `seen` as `seen_within` gives it."""
    told = dict(found)
    for (arm, value), contrasts in found.items():
        if not any(isinstance(one.found, Estimate) for one in contrasts):
            continue
        one, other = seen[arm, value], seen[control, value]
        lacks = [
            too_rare_within(
                {stratum: row[place] for stratum, row in one.items()},
                {stratum: row[place] for stratum, row in other.items()},
                part,
                of_ratio=of_ratio,
            )
            for place, part in enumerate(parts)
        ]
        sizes = [sum(row[0].n for row in arms.values()) for arms in (one, other)]
        _refuse(told, (arm, value), lacks, *sizes)
    return told


def _refuse(
    told: dict[tuple[str, str | None], list[Contrast]], key: tuple[str, str | None], lacks: Sequence[str | None],
    n_treated: int, n_comparison: int,
) -> None:  # fmt: skip
    reason = next((lack for lack in lacks if lack is not None), None)
    if reason is not None:
        told[key] = [
            Contrast(estimand=EFFECT, scale="difference", found=reason, n_treated=n_treated, n_comparison=n_comparison)
        ]
