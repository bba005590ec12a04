"""Do parts add up to the whole where customers without a counterpart were left out of each? They do, counted as asked.

Everybody asked of belongs to one segment of an attribute; of those that could be compared each part has its own, and
what all customers hold beyond their parts would be taken for a part that is hidden. So segments are settled by the
customers asked of, and every estimate gets back the number of those compared. What may be said is left to `settled`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analysis.studies.result import Effect
from analysis.studies.segments.questions import Declared
from analysis.studies.segments.segmented import Segmented
from analysis.studies.segments.settled import FEWEST, settled


def settled_as_asked(
    effects: Sequence[Effect], *, declared: Declared = None, fewest: int = FEWEST, level: float = 0.95
) -> Segmented:
    """`settled`, of effects that count everybody asked of and whose estimates count those compared.

    Parameters
    ----------
    effects : sequence of Effect
        `n_treated` and `n_comparison` of an effect are those of all its customers.
    declared, fewest, level
        As in `settled`.

    Examples
    --------
    Of 300 treated customers of each region 20 have nobody like them; of all together none has.

    >>> from analysis.inference.compare import ratio_estimate
    >>> def effect(compared, asked, **segment):
    ...     found = ratio_estimate("orders", 1.05, 0.02, n_treated=compared, n_comparison=asked, method="matched")
    ...     return Effect(design="effort", estimand="total_effect", treated="social", comparison="other", grade="C",
    ...                   outcome="orders", scale="ratio", claim="Found.", estimate=found, segment=segment,
    ...                   n_treated=asked, n_comparison=asked)
    >>> told = settled_as_asked([effect(600, 600), effect(280, 300, region="n"), effect(280, 300, region="s")])
    >>> [one.estimate.n_treated for one in told.effects], told.notes
    ([600, 280, 280], ())
    """
    found = settled([_as_asked(effect) for effect in effects], declared=declared, fewest=fewest, level=level)
    told = tuple(_as_compared(one, effect) for one, effect in zip(found.effects, effects, strict=True))
    return replace(found, effects=told)


def _as_asked(effect: Effect) -> Effect:
    if effect.estimate is None:
        return effect
    whole = replace(effect.estimate, n_treated=effect.n_treated, n_comparison=effect.n_comparison)
    return replace(effect, estimate=whole)


def _as_compared(told: Effect, effect: Effect) -> Effect:
    if told.estimate is None or effect.estimate is None:
        return told
    treated, comparison = effect.estimate.n_treated, effect.estimate.n_comparison
    return replace(told, estimate=replace(told.estimate, n_treated=treated, n_comparison=comparison))
