"""For whom does it work, and of whom may that be said? Whatever the study, from its effects by segment.

`settled` takes the effects of any study and hands them back in the same order, with what segments need: those too small
hidden, a test whether segments differ before anything is said of one, Holm's rule for those named beforehand, widened
intervals for those found by looking, each raw effect beside the one helped by the others, and the sum of the parts set
against the whole. The grade falls to C where nothing may be said of a segment alone; all customers' effects pass
untouched. How an effect came about is left to its study, the arithmetic to `inference`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.inference.multiplicity import at_level
from analysis.inference.shrinkage import FEWEST_SEGMENTS, shrunken
from analysis.studies.claim import refusal
from analysis.studies.result import Check, Effect, Grade
from analysis.studies.segments.hidden import BESIDE, SMALL, reasons
from analysis.studies.segments.questions import Cell, Declared, cells_of
from analysis.studies.segments.reconciled import reconciled
from analysis.studies.segments.saying import ALONE, DIFFER, alone_check, claim_in_words, differ_check, hidden_in_words
from analysis.studies.segments.segmented import FOREST, TESTS, Segmented
from analysis.studies.segments.verdicts import Group, group_of, verdicts

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 50
"""Customers that each group of a segment needs."""


def settled(
    effects: Sequence[Effect], *, declared: Declared = None, fewest: int = FEWEST, level: float = 0.95
) -> Segmented:
    """What may be said of each segment, beside all customers?

    Parameters
    ----------
    effects : sequence of Effect
        All that one study found, all customers among them. Segments of one attribute share no customers.
    declared : collection of str, or anything with `covers(outcome, segment)`, optional
        Attributes (columns) named before the data were looked at, or a declaration. None: what each effect says itself.
    fewest : int
        Customers that each group of a segment needs.
    level : float
        1 − `level` is the share of studies with a false claim, and of false ones among the discoveries, borne with.

    Returns
    -------
    Segmented

    Raises
    ------
    ValueError
        If `fewest` is not above zero, the level not between 0 and 1, or `declared` a text.

    Source
    ------
    Kulinskaya et al. (2021) for the difference of segments; Holm (1979); Benjamini and Hochberg (1995); Benjamini and
    Yekutieli (2005); Armstrong, Kolesár and Plagborg-Møller (2022).

    Examples
    --------
    >>> from analysis.inference.compare import ratio_estimate
    >>> def effect(ratio, **segment):
    ...     found = ratio_estimate("orders", ratio, 0.02, n_treated=900, n_comparison=2500, method="ratio of means")
    ...     return Effect(design="ab_randomised", estimand="experiment_effect", treated="mail", comparison="no mail",
    ...                   outcome="orders", scale="ratio", grade="A", claim="Found.", estimate=found, segment=segment)
    >>> found = settled([effect(1.05), effect(1.00, region="north"), effect(1.10, region="south")])
    >>> [row for row in found.forest["verdict"]]
    ['whole', 'not_clear', 'claimed']
    >>> print(found.checks[0].detail)
    The segments of region differ by more than chance would make them (orders, mail against no mail: p < 0.001).
    >>> looked = settled([effect(1.05), effect(1.00, region="north"), effect(1.10, region="south")], declared=())
    >>> [row for row in looked.forest["verdict"]], looked.effects[2].grade, round(looked.effects[2].estimate.level, 3)
    (['whole', 'not_selected', 'selected'], 'C', 0.975)
    """
    if fewest < 1 or not 0 < level < 1:
        raise ValueError(f"A group needs a customer and a level lies between 0 and 1; given: {fewest} and {level}.")
    return _Settling(tuple(effects), declared, fewest, level).segmented()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pooled:
    """By place: a segment's effect helped by the others, and its interval; and how far their true effects spread."""

    spread: float
    of: Mapping[int, tuple[float, float, float]]


class _Settling:
    """One study's effects on their way."""

    def __init__(self, effects: tuple[Effect, ...], declared: Declared, fewest: int, level: float) -> None:
        self.effects, self.level = effects, level
        self.cells = cells_of(effects, declared)
        self.silent = reasons(self.cells, fewest)
        self.verdicts = verdicts(self.cells, self.silent, level=level)
        self.wholes = {cell.question: cell for cell in self.cells if not cell.segment}
        self.groups: dict[Group, list[int]] = {}
        for place, cell in enumerate(self.cells):
            if cell.segment:
                self.groups.setdefault(group_of(cell), []).append(place)
        self.shown = {
            group: [place for place in places if place not in self.silent] for group, places in self.groups.items()
        }
        self.sums = {
            group: reconciled(self.wholes.get(group[0]), [self.cells[place] for place in places])
            for group, places in self.shown.items()
            if places
        }
        self.pooled = {group: self._pooled(places) for group, places in self.shown.items()}

    def segmented(self) -> Segmented:
        told = list(self.effects)
        for place, cell in enumerate(self.cells):
            for row in cell.places if cell.segment else ():
                told[row] = self._told(self.effects[row], place, cell)
        checks = tuple(check for group in self.groups for check in self._group_checks(group))
        notes = dict.fromkeys(found.note for found in self.sums.values() if found.note is not None)
        hidden = sum(why in (SMALL, BESIDE) for why in self.silent.values())
        few = sum(why not in (SMALL, BESIDE) for why in self.silent.values())
        return Segmented(
            effects=tuple(told),
            checks=checks,
            forest=self._forest(told),
            tests=self._tests(),
            notes=(*notes, *hidden_in_words(hidden, few)),
        )

    def _pooled(self, places: Sequence[int]) -> _Pooled | None:
        spreads = {place: self.cells[place].spread for place in places}
        told = {place: spread for place, spread in spreads.items() if spread is not None}
        if len(told) < FEWEST_SEGMENTS:
            return None
        values, errors = zip(*told.values(), strict=True)
        found = shrunken(values, errors, level=self.level)
        logs = self.cells[places[0]].stands.scale == "ratio"
        numbers = [np.exp(one) if logs else one for one in (found.values, found.low, found.high)]
        triples = zip(*(one.tolist() for one in numbers), strict=True)
        return _Pooled(spread=found.spread_found, of=dict(zip(told, triples, strict=True)))

    def _group_checks(self, group: Group) -> tuple[Check, ...]:
        differ = differ_check(group, self.verdicts.apart[group], self.level)
        return (differ, self.sums[group].check) if group in self.sums else (differ,)

    def _told(self, effect: Effect, place: int, cell: Cell) -> Effect:
        """One row of a segment as it may be shown."""
        effect = replace(effect, declared=cell.declared)
        if (why := self.silent.get(place)) is not None:
            treated, comparison = (0, 0) if why in (SMALL, BESIDE) else _sizes(effect)
            return replace(
                effect, estimate=None, reason=why, grade="D", claim=refusal(why),
                n_treated=treated, n_comparison=comparison,
            )  # fmt: skip
        judgement = self.verdicts.judged[place]
        if effect.estimate is None:
            return effect
        differ = differ_check(group_of(cell), self.verdicts.apart[group_of(cell)], self.level)
        alone = alone_check(cell, judgement, differ, effect)
        kept = tuple(check for check in effect.checks if check.name not in (DIFFER, ALONE))
        estimate = effect.estimate
        if judgement.interval_level is not None:
            wider = at_level(estimate, judgement.interval_level)
            estimate = replace(wider, method=f"{estimate.method}; interval widened for having been selected")
        grade: Grade = "C" if alone.verdict == "not_run" and effect.grade in ("A", "B") else effect.grade
        claim = claim_in_words(effect, estimate, judgement, alone, grade)
        return replace(effect, estimate=estimate, checks=(*kept, differ, alone), grade=grade, claim=claim)

    def _forest(self, told: Sequence[Effect]) -> pd.DataFrame:
        import pandas as pd

        rows = [self._forest_row(place, cell, told) for place, cell in enumerate(self.cells)]
        return pd.DataFrame(rows, columns=list(FOREST))

    def _forest_row(self, place: int, cell: Cell, told: Sequence[Effect]) -> dict[str, Any]:
        here = next(row for row in cell.places if self.effects[row] is cell.stands)
        shown, raw = told[here], cell.stands.estimate if place not in self.silent else None
        judgement = self.verdicts.judged.get(place)
        group = group_of(cell)
        weight = None
        if cell.segment and place in self.shown[group]:
            weight = self.sums[group].weights[self.shown[group].index(place)]
        found = self.pooled.get(group)
        pooled = (None, None, None) if found is None else found.of.get(place, (None, None, None))
        row = shown.to_dict()
        return {name: row.get(name) for name in FOREST} | {
            "attribute": ", ".join(cell.attribute),
            "segment": " · ".join(cell.segment.values()),
            "raw_low": None if raw is None else raw.low,
            "raw_high": None if raw is None else raw.high,
            "weight": weight,
            "p_value": judgement.p_value if judgement else None,
            "p_adjusted": judgement.p_adjusted if judgement else None,
            "family": judgement.family if judgement else 0,
            "verdict": judgement.verdict if judgement else "whole",
            "shrunk": pooled[0],
            "shrunk_low": pooled[1],
            "shrunk_high": pooled[2],
        }

    def _tests(self) -> pd.DataFrame:
        import pandas as pd

        rows = []
        for group, places in self.groups.items():
            question, attribute = group
            apart, found = self.verdicts.apart[group], self.sums.get(group)
            pooled = self.pooled[group]
            whole = self.wholes.get(question)
            estimate = None if whole is None else whole.stands.estimate
            rows.append(
                {
                    "design": question.design,
                    "estimand": question.estimand,
                    "treated": question.treated,
                    "comparison": question.comparison,
                    "outcome": question.outcome,
                    "attribute": ", ".join(attribute),
                    "scale": self.cells[places[0]].stands.scale,
                    "maturity": question.maturity,
                    "segments": apart.told,
                    "declared": all(self.cells[place].declared for place in places),
                    "p_value": apart.p_value,
                    "p_adjusted": apart.p_adjusted,
                    "differ": apart.differ(self.level),
                    "spread": None if pooled is None else pooled.spread,
                    "whole": None if estimate is None else estimate.value,
                    "weighted_mean": None if found is None else found.check.value,
                    "reconciled": "not_run" if found is None else found.check.verdict,
                }
            )
        return pd.DataFrame(rows, columns=list(TESTS))


def _sizes(effect: Effect) -> tuple[int, int]:
    one = effect if effect.estimate is None else effect.estimate
    return one.n_treated, one.n_comparison
