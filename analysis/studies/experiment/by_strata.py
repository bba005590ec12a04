"""By how much does an arm differ from the comparison arm, where chance decided within strata of customers?

The same contrasts as in `contrasts`, each made stratum by stratum and put together by the strata's shares of all
customers. Strata of which an arm holds nobody, or one customer only, can be compared with nothing: they are left out
and counted, and where they hold too many nothing is claimed, unless the chances were the same in all strata; then the
arms are compared as wholes. Where chances differ, the figure that forgets strata stands beside, as a raw one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add

from analysis.foundation.errors import DesignError
from analysis.inference.compare import difference_in_means
from analysis.inference.estimate import Estimate, Scale
from analysis.inference.moments import Moments
from analysis.inference.stratified import stratified_difference, stratified_ratio
from analysis.inference.stratified_means import Figure, Stratum
from analysis.studies.experiment.contrasts import (
    ADJUSTED,
    EFFECT,
    MOST_CELLS,
    NAIVE,
    Contrast,
    cells_of,
    of_means,
    of_ratio_metric,
    ratio_covariates,
    too_few,
)
from analysis.studies.experiment.plan import FEWEST_CUSTOMERS
from analysis.studies.experiment.rows import Rows
from analysis.studies.experiment.strata import FEWEST_OF_AN_ARM, MOST_LEFT_OUT, counted
from analysis.studies.result import Check
from analysis.tables.experiment_moments import Key, experiment_moments, margin

Within = Mapping[str | None, Moments]
"""Moments by stratum; None for customers without one."""
Groups = Mapping[tuple[str, str | None], Within]
"""The same by arm and value of a segment; None for all customers."""
COMPARED = "strata_compared"


def strata_groups_of(
    rows: Rows, segments: Sequence[str], outcomes: Mapping[str, Sequence[str]], source: str,
    parameters: Sequence[object] = (),
) -> dict[str | None, dict[str, Groups]]:  # fmt: skip
    """Moments of outcomes, each with the columns it needs, by arm, stratum and the values of each segment.

    As `contrasts.groups_of` finds them: in one scan where segments and strata together have few cells.

    Returns
    -------
    dict
        Segment, None for all customers, to outcomes and their moments by arm and value, then by stratum.
    """
    assert rows.stratum is not None
    few = cells_of(rows, [*segments, rows.stratum]) <= MOST_CELLS
    together = [tuple(segments)] if few or not segments else [(segment,) for segment in segments]
    found: dict[str | None, dict[str, Groups]] = {}
    for split in together:
        cells = experiment_moments(
            rows.engine, source, groups=["arm", rows.stratum, *split], outcomes=outcomes, parameters=parameters
        )
        if None not in found:
            found[None] = _by_outcome(margin(cells, [0, 1]) if split else cells, outcomes)
        for place, segment in enumerate(split, start=2):
            found[segment] = _by_outcome(margin(cells, [0, 1, place]) if len(split) > 1 else cells, outcomes)
    return found


def _by_outcome(cells: Mapping[Key, Mapping[str, Moments]], outcomes: Iterable[str]) -> dict[str, Groups]:
    found: dict[str, dict[tuple[str, str | None], dict[str | None, Moments]]] = {name: {} for name in outcomes}
    for (arm, stratum, *value), parts in cells.items():
        if not value or value[0] is not None:
            for name, moments in parts.items():
                key = str(arm), str(value[0]) if value else None
                found[name].setdefault(key, {})[None if stratum is None else str(stratum)] = moments
    return {name: dict(groups) for name, groups in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two arms within strata, or why they cannot be compared so.

    Parameters
    ----------
    strata : tuple of Stratum
        In which both arms hold customers.
    treated, comparison : Moments or None
        Of all strata; None where an arm is empty.
    left : int
        Customers of strata that are left out.
    of : int
        Customers of all strata.
    left_strata : int
    """

    strata: tuple[Stratum, ...]
    treated: Moments | None
    comparison: Moments | None
    left: int
    of: int
    left_strata: int

    @property
    def thin(self) -> str | None:
        """Why this is no comparison of all, if so."""
        if self.left <= MOST_LEFT_OUT * self.of:
            return None
        return f"{self._told} Up to {MOST_LEFT_OUT * 100:.0f} % are left out; without so many nothing is said of all."

    @property
    def check(self) -> Check:
        """How many customers are compared within strata."""
        if not self.left:
            detail = f"All {self.of:,} customers are in strata that hold both arms."
        else:
            rest = "their strata are left out." if self.thin is None else "arms are compared as wholes."
            detail = f"{self._told.removesuffix('.')}: {rest}"
        return Check(name=COMPARED, verdict="passed" if self.thin is None else "not_applicable", detail=detail)

    @property
    def _told(self) -> str:
        return (
            f"{self.left:,} of {self.of:,} customers are in {counted(self.left_strata)} of which an arm holds fewer "
            f"than {FEWEST_OF_AN_ARM} customers."
        )


def pair_of(groups: Groups, rows: Rows, arm: str, value: str | None) -> Pair:
    """An arm and the comparison arm, stratum by stratum; a stratum weighs as many customers as all arms have there."""
    held = [groups.get((one, value), {}) for one in rows.arms]
    one, other = groups.get((arm, value), {}), groups.get((rows.control, value), {})
    size = {stratum: sum(part[stratum].n for part in held if stratum in part) for part in held for stratum in part}
    strata, left = [], []
    for stratum, population in sorted(size.items(), key=lambda item: (item[0] is None, item[0] or "")):
        if min(part[stratum].n if stratum in part else 0 for part in (one, other)) < FEWEST_OF_AN_ARM:
            left.append(population)
        else:
            strata.append(Stratum(treated=one[stratum], comparison=other[stratum], population=population))
    return Pair(
        strata=tuple(strata),
        treated=reduce(add, one.values()) if one else None,
        comparison=reduce(add, other.values()) if other else None,
        left=sum(left),
        of=sum(size.values()),
        left_strata=len(left),
    )


def of_means_within(
    groups: Groups, rows: Rows, outcome: str, arm: str, value: str | None, level: float, *, uneven: bool
) -> Iterator[Contrast]:
    """The plain difference within strata, the adjusted one, both as relative effects; and the raw one beside.

    Parameters
    ----------
    groups : mapping
        With the outcome's measure and covariates.
    uneven : bool
        Whether chances differ between strata.
    """
    pair = pair_of(groups, rows, arm, value)
    if pair.thin is not None and not uneven:
        for contrast in of_means(_wholes(pair, rows, arm, value), rows, outcome, arm, value, level):
            yield replace(contrast, checks=(*contrast.checks, pair.check))
        return
    refused = _refused(pair)
    if refused is not None:
        yield refused
        return
    measure, unit = rows.measures[outcome], rows.units[outcome]
    figure, strata = (measure, None), pair.strata
    plain = stratified_difference(strata, figure, unit=unit, level=level, name=outcome)
    if plain.se == 0:
        reason = "nothing varies within the arms, so that no error can be told."
        yield Contrast(
            estimand=EFFECT, scale="difference", found=reason, n_treated=plain.n_treated,
            n_comparison=plain.n_comparison,
        )  # fmt: skip
        return
    moving: list[Figure] = [
        (name, None)
        for name in rows.covariates[outcome]
        if any((one.treated + one.comparison).variance(name) > 0 for one in strata)
    ]

    def relative(covariates: Sequence[Figure]) -> Estimate:
        return stratified_ratio(strata, figure, covariates=covariates, level=level, name=outcome)

    def adjusted() -> Estimate:
        return stratified_difference(strata, figure, covariates=moving, unit=unit, level=level, name=outcome)

    yield _told(EFFECT, "difference", lambda: plain, pair, beside=False)
    if moving:
        yield _told(ADJUSTED, "difference", adjusted, pair)
    yield _told(EFFECT, "ratio", lambda: relative(()), pair)
    if moving:
        yield _told(ADJUSTED, "ratio", lambda: relative(moving), pair)
    if uneven and value is None and pair.treated is not None and pair.comparison is not None:
        raw = difference_in_means(pair.treated, pair.comparison, measure, unit=unit, level=level, name=outcome)
        yield Contrast(estimand=NAIVE, scale="difference", found=raw, beside=True)


def of_ratio_within(
    groups: Groups, rows: Rows, name: str, parts: tuple[str, str], arm: str, value: str | None, level: float, *,
    uneven: bool,
) -> Iterator[Contrast]:  # fmt: skip
    """A ratio of two outcomes within strata: difference, adjusted difference and relative effects."""
    pair = pair_of(groups, rows, arm, value)
    if pair.thin is not None and not uneven:
        for contrast in of_ratio_metric(_wholes(pair, rows, arm, value), rows, name, parts, arm, value, level):
            yield replace(contrast, checks=(*contrast.checks, pair.check))
        return
    refused = _refused(pair)
    if refused is not None:
        yield refused
        return
    figure, strata = (rows.measures[parts[0]], rows.measures[parts[1]]), pair.strata
    earlier = ratio_covariates(rows, parts)
    covariates: list[Figure] = [earlier] if earlier else []
    try:
        plain = stratified_difference(strata, figure, unit=name, level=level, name=name)
    except DesignError as error:
        sizes = [sum(getattr(one, side).n for one in strata) for side in ("treated", "comparison")]
        yield Contrast(estimand=EFFECT, scale="difference", found=str(error), n_treated=sizes[0], n_comparison=sizes[1])
        return

    def difference() -> Estimate:
        return stratified_difference(strata, figure, covariates=covariates, unit=name, level=level, name=name)

    def relative(taken: Sequence[Figure]) -> Estimate:
        return stratified_ratio(strata, figure, covariates=taken, level=level, name=name)

    yield _told(EFFECT, "difference", lambda: plain, pair, beside=False)
    if earlier:
        yield _told(ADJUSTED, "difference", difference, pair)
    yield _told(EFFECT, "ratio", lambda: relative(()), pair)
    if earlier:
        yield _told(ADJUSTED, "ratio", lambda: relative(covariates), pair)
    if uneven and value is None:
        for contrast in of_ratio_metric(_wholes(pair, rows, arm, value), rows, name, parts, arm, value, level):
            if (contrast.estimand, contrast.scale) == (EFFECT, "difference"):
                yield replace(contrast, estimand=NAIVE, beside=True)


def _wholes(pair: Pair, rows: Rows, arm: str, value: str | None) -> dict[tuple[str, str | None], Moments]:
    both = {(arm, value): pair.treated, (rows.control, value): pair.comparison}
    return {key: moments for key, moments in both.items() if moments is not None}


def _refused(pair: Pair) -> Contrast | None:
    """The refusal of a contrast of too few, or of too few of all."""
    counts = [sum(getattr(one, side).n for one in pair.strata) for side in ("treated", "comparison")]
    if pair.thin is not None:
        return Contrast(
            estimand=EFFECT, scale="difference", found=pair.thin, n_treated=counts[0], n_comparison=counts[1],
            checks=(replace(pair.check, verdict="failed", detail=pair.thin),),
        )  # fmt: skip
    if not pair.strata or min(counts) < FEWEST_CUSTOMERS:
        return too_few(pair.treated, pair.comparison) if not pair.left else replace(
            too_few(pair.treated, pair.comparison), checks=(pair.check,)
        )  # fmt: skip
    return None


def _told(estimand: str, scale: Scale, made: Callable[[], Estimate], pair: Pair, *, beside: bool = True) -> Contrast:
    try:
        found: Estimate | str = made()
    except DesignError as error:
        found = str(error)
    return Contrast(estimand=estimand, scale=scale, found=found, beside=beside, checks=(pair.check,))
