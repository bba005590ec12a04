"""By how much does an arm differ from the comparison arm, in every way the plan asks for?

The plain difference of means first, adjusted right after it, then both as a relative effect; then what the plan asks
for besides: means under a cap, quantiles, ratios of two outcomes. Customers one by one are compared here, from their
moments; clusters, time blocks, early looks and compliers have modules of their own, whose answers are put into the same
form. What may be said of a contrast is left to `claims`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from analysis.foundation.errors import DesignError
from analysis.inference.adjusted import adjusted_difference, adjusted_ratio
from analysis.inference.compare import difference_in_means
from analysis.inference.estimate import Estimate, Scale
from analysis.inference.moments import Moments
from analysis.inference.ratio_metric import ratio_metric_difference, ratio_metric_ratio
from analysis.inference.winsor import cap_at, places_of_cap
from analysis.studies.experiment.plan import FEWEST_CUSTOMERS
from analysis.studies.result import Check
from analysis.tables.engine import identifier
from analysis.tables.experiment_moments import experiment_moments, margin
from analysis.tables.ordered_rows import counts_by, ordered_by

if TYPE_CHECKING:
    from analysis.studies.experiment.rows import Rows

EFFECT, ADJUSTED, WINSORISED, ANYTIME, COMPLIER = (
    "experiment_effect", "experiment_effect_adjusted", "experiment_effect_winsorised", "experiment_effect_anytime",
    "complier_effect",
)  # fmt: skip
QUANTILE = "quantile_effect"
NAIVE = "naive_pooled_arms"
_CAPPED = "w0"
MOST_CELLS = 500
"""Segments that cross in more cells are counted one after the other."""

Groups = Mapping[tuple[str, str | None], Moments]
"""Moments by arm and value of a segment; None for all customers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """One arm against the comparison arm in one way: an estimate, or the reason why there is none.

    Parameters
    ----------
    estimand : str
    scale : {"difference", "ratio"}
    found : Estimate or str
    n_treated, n_comparison : int
        Customers, where there is no estimate to tell.
    beside : bool
        Whether it stands beside another one: then it is left out where nothing was found.
    said : str
        What must be said of it besides.
    checks : tuple of Check
        Of this contrast alone.
    needed : tuple of str, optional
        Gates on which it rests, where chance alone does not make it an effect.
    """

    estimand: str
    scale: Scale
    found: Estimate | str
    n_treated: int = 0
    n_comparison: int = 0
    beside: bool = False
    said: str = ""
    checks: tuple[Check, ...] = ()
    needed: tuple[str, ...] | None = None


def groups_of(
    rows: Rows, segments: Sequence[str], outcomes: Mapping[str, Sequence[str]], source: str,
    parameters: Sequence[object] = (),
) -> dict[str | None, dict[str, dict[tuple[str, str | None], Moments]]]:  # fmt: skip
    """Moments of outcomes, each with the columns it needs, by arm and by the values of each segment.

    One scan finds all of them where the segments together have few cells, else one for each segment.

    Parameters
    ----------
    rows : Rows
    segments : sequence of str
    outcomes : mapping of str to sequence of str
        Outcome to columns of the rows.
    source : str
        A query of the rows, with its `parameters`.

    Returns
    -------
    dict
        Segment, None for all customers, to outcomes and their moments by arm and value.
    """
    together = [tuple(segments)] if cells_of(rows, segments) <= MOST_CELLS else [(segment,) for segment in segments]
    found: dict[str | None, dict[str, dict[tuple[str, str | None], Moments]]] = {}
    for split in together:
        cells = experiment_moments(
            rows.engine, source, groups=["arm", *split], outcomes=outcomes, parameters=parameters
        )  # fmt: skip
        if None not in found:
            found[None] = _by_outcome(cells if not split else margin(cells, [0]), outcomes)
        for place, segment in enumerate(split, start=1):
            found[segment] = _by_outcome(cells if len(split) == 1 else margin(cells, [0, place]), outcomes)
    return found


def cells_of(rows: Rows, segments: Sequence[str]) -> int:
    """How many combinations of values some columns of the rows have."""
    if not segments:
        return 1
    columns = ", ".join(identifier(name) for name in segments)
    counted = rows.engine.query(
        f"select count(*) as n from (select distinct {columns} from {identifier(rows.table)}) as cells"
    )
    return int(counted.column("n").to_pylist()[0])


def _by_outcome(
    cells: Mapping[tuple[Hashable, ...], Mapping[str, Moments]], outcomes: Iterable[str]
) -> dict[str, dict[tuple[str, str | None], Moments]]:
    """Moments by outcome, then by arm and value; customers without a value belong to no segment."""
    found: dict[str, dict[tuple[str, str | None], Moments]] = {name: {} for name in outcomes}
    for key, parts in cells.items():
        if len(key) == 1 or key[1] is not None:
            for name, moments in parts.items():
                found[name][str(key[0]), str(key[1]) if len(key) > 1 else None] = moments
    return found


def of_means(groups: Groups, rows: Rows, outcome: str, arm: str, value: str | None, level: float) -> Iterator[Contrast]:
    """The plain difference, the adjusted one, and both as relative effects.

    Parameters
    ----------
    groups : mapping
        With the outcome's measure and covariates.
    """
    measure, unit = rows.measures[outcome], rows.units[outcome]
    pair = (groups.get((arm, value)), groups.get((rows.control, value)))
    treated, comparison = pair
    if treated is None or comparison is None or min(treated.n, comparison.n) < FEWEST_CUSTOMERS:
        yield too_few(*pair)
        return
    plain = difference_in_means(treated, comparison, measure, unit=unit, level=level, name=outcome)
    if plain.se == 0:
        reason = "nothing varies within the arms, so that no error can be told."
        yield Contrast(
            estimand=EFFECT, scale="difference", found=reason, n_treated=treated.n, n_comparison=comparison.n
        )
        return
    yield Contrast(estimand=EFFECT, scale="difference", found=plain)
    moving = [name for name in rows.covariates[outcome] if (treated + comparison).variance(name) > 0]
    terms: dict[str, Any] = {"covariates": moving, "level": level, "name": outcome}
    if moving:
        yield _beside(
            ADJUSTED, "difference", lambda: adjusted_difference(treated, comparison, measure, unit=unit, **terms)
        )
    if min(treated.mean(measure), comparison.mean(measure)) > 0:
        yield _beside(
            EFFECT, "ratio",
            lambda: adjusted_ratio(treated, comparison, measure, covariates=(), level=level, name=outcome),
        )  # fmt: skip
        if moving:
            yield _beside(ADJUSTED, "ratio", lambda: adjusted_ratio(treated, comparison, measure, **terms))


def of_ratio_metric(
    groups: Groups, rows: Rows, name: str, parts: tuple[str, str], arm: str, value: str | None, level: float
) -> Iterator[Contrast]:
    """A ratio of two outcomes: difference, adjusted difference and relative effects."""
    top, bottom = (rows.measures[part] for part in parts)
    pair = (groups.get((arm, value)), groups.get((rows.control, value)))
    treated, comparison = pair
    if treated is None or comparison is None or min(treated.n, comparison.n) < FEWEST_CUSTOMERS:
        yield too_few(*pair)
        return
    try:
        plain = ratio_metric_difference(treated, comparison, top, bottom, unit=name, level=level, name=name)
    except DesignError as error:
        yield Contrast(
            estimand=EFFECT, scale="difference", found=str(error), n_treated=treated.n, n_comparison=comparison.n
        )
        return
    yield Contrast(estimand=EFFECT, scale="difference", found=plain)
    earlier = ratio_covariates(rows, parts)
    same: dict[str, Any] = {"level": level, "name": name}
    if earlier:
        yield _beside(ADJUSTED, "difference", lambda: ratio_metric_difference(
            treated, comparison, top, bottom, covariates=earlier, unit=name, **same))  # fmt: skip
    if min(treated.mean(top), comparison.mean(top)) > 0:
        yield _beside(EFFECT, "ratio", lambda: ratio_metric_ratio(treated, comparison, top, bottom, **same))
        if earlier:
            yield _beside(ADJUSTED, "ratio", lambda: ratio_metric_ratio(
                treated, comparison, top, bottom, covariates=earlier, **same))  # fmt: skip


def ratio_covariates(rows: Rows, parts: tuple[str, str]) -> tuple[str, str] | None:
    """The same ratio before the assignment, where both its parts have events there."""
    before = [rows.before.get(part) for part in parts]
    return (before[0], before[1]) if before[0] and before[1] else None


def of_capped(rows: Rows, outcome: str, cap: float, level: float) -> dict[str, Contrast]:
    """By arm: the difference of means where what lies above the cap counts as the cap. Never money.

    Parameters
    ----------
    rows : Rows
        Customers of whom the outcome is not known are passed over.
    outcome : str
    cap : float
        Below 1 a quantile of all arms together, else a number in the outcome's unit.
    level : float
    """
    treated = [arm for arm in rows.arms if arm != rows.control]
    measure, table = identifier(rows.measures[outcome]), identifier(rows.table)
    try:
        at = Decimal(str(cap if cap >= 1 else _cap_in(rows, outcome, cap)))
    except DesignError as error:
        refused = Contrast(estimand=WINSORISED, scale="difference", found=str(error))
        return dict.fromkeys(treated, refused)
    source = (
        f"select arm, least({measure}, cast(? as decimal(19, 6))) as {_CAPPED} from {table} where {measure} is not null"
    )
    groups = groups_of(rows, (), {outcome: [_CAPPED]}, source, [at])[None][outcome]
    found = {}
    for arm in treated:
        one, other = groups.get((arm, None)), groups.get((rows.control, None))
        if one is None or other is None or min(one.n, other.n) < FEWEST_CUSTOMERS:
            found[arm] = replace(too_few(one, other), estimand=WINSORISED)
            continue
        estimate = difference_in_means(one, other, _CAPPED, unit=rows.units[outcome], level=level, name=outcome)
        said = f"What lies above {at.normalize():,f} counts as that; money is never counted from this."
        found[arm] = Contrast(estimand=WINSORISED, scale="difference", found=estimate, said=said)
    return found


def _cap_in(rows: Rows, outcome: str, quantile: float) -> float:
    """The value that so large a share of all arms' customers does not exceed."""
    measure, source = rows.measures[outcome], f"select * from {identifier(rows.table)}"
    counts = counts_by(rows.engine, source, group=None, measure=measure)
    places: dict[str | None, tuple[int, ...]] = {None: places_of_cap(counts[None], quantile)}
    found = ordered_by(rows.engine, source, group=None, measure=measure, counts=counts, places=places)
    return cap_at(found[None], quantile, name=outcome)


def of_quantiles(rows: Rows, outcome: str, quantiles: Sequence[float], level: float) -> dict[str, list[Contrast]]:
    """By arm: how far quantiles of the outcome lie from the comparison arm's.

    Parameters
    ----------
    rows : Rows
        Customers of whom the outcome is not known are passed over.
    outcome : str
    quantiles : sequence of float
    level : float
    """
    from analysis.inference.quantile_effect import places_needed, quantile_effect

    measure, source = rows.measures[outcome], f"select * from {identifier(rows.table)}"
    counts = dict.fromkeys(rows.arms, 0) | counts_by(rows.engine, source, group="arm", measure=measure)
    places = {
        arm: [place for one in quantiles for place in places_needed(n, one, level=level)] for arm, n in counts.items()
    }
    values = ordered_by(rows.engine, source, group="arm", measure=measure, counts=counts, places=places)
    unit = rows.units[outcome].removesuffix(" per customer")
    found: dict[str, list[Contrast]] = {}
    for arm in (one for one in rows.arms if one != rows.control):
        one, other = values[arm], values[rows.control]
        for quantile in quantiles:
            told: Estimate | str
            try:
                told = quantile_effect(one, other, quantile, unit=unit, level=level, name=outcome)
            except DesignError as error:
                told = str(error)
            contrast = Contrast(
                estimand=f"{QUANTILE}:{quantile:g}", scale="difference", found=told, n_treated=one.n,
                n_comparison=other.n, said="It says how the arm's customers are spread, not how each of them changed.",
            )  # fmt: skip
            found.setdefault(arm, []).append(contrast)
    return found


def too_few(treated: Moments | None, comparison: Moments | None) -> Contrast:
    """The refusal of a contrast of so few customers."""
    counts = (treated.n if treated else 0, comparison.n if comparison else 0)
    reason = f"the two arms hold {counts[0]:,} and {counts[1]:,} customers; each needs {FEWEST_CUSTOMERS}."
    return Contrast(estimand=EFFECT, scale="difference", found=reason, n_treated=counts[0], n_comparison=counts[1])


def _beside(estimand: str, scale: Scale, made: Callable[[], Estimate]) -> Contrast:
    try:
        return Contrast(estimand=estimand, scale=scale, found=made(), beside=True)
    except DesignError as error:
        return Contrast(estimand=estimand, scale=scale, found=str(error), beside=True)
