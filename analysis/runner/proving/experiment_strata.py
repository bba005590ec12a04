"""What do the estimators of experiments say where chance decided within strata, at odds that differ?

The same functions as the study calls, on strata made from arrays. Beside them stands the pooled difference, which
forgets the strata. What is drawn is left to `analysis.synthetic.experiments.stratified`.
"""

from __future__ import annotations

from analysis.inference.compare import difference_in_means
from analysis.inference.stratified import stratified_difference, stratified_ratio
from analysis.inference.stratified_lot import sample_ratio_within
from analysis.inference.stratified_means import Figure, Stratum
from analysis.runner.proving.experiment_sums import arms_of, exact_moments
from analysis.runner.proving.records import DEFAULT, Asked, Told
from analysis.synthetic.experiments.shop import BEFORE, RATIO
from analysis.synthetic.experiments.trial import Trial

POOLED = "strata_pooled"
"""The estimator beside: all strata at once."""
FIGURES: dict[str, Figure] = {"orders": ("orders", None), "bought": ("bought", None), RATIO: ("orders", "sessions")}
_UNITS = {"orders": "orders per customer", "bought": "share per customer", RATIO: "orders per session"}


def strata_of(made: Trial) -> list[Stratum]:
    """The strata of an experiment with the moments of everything measured."""
    assert made.stratum is not None
    found = []
    for place in range(len(made.chances)):
        here = made.stratum == place
        one, other = (exact_moments(made.measures, here & side) for side in (made.treated, ~made.treated))
        found.append(Stratum(treated=one, comparison=other, population=int(here.sum())))
    return found


def ratio_p(made: Trial) -> float:
    """The p-value of the sample ratio over strata."""
    assert made.stratum is not None
    counts: dict[str | None, dict[str, int]] = {}
    odds: dict[str | None, dict[str, float]] = {}
    for place, chance in enumerate(made.chances):
        treated = made.treated[made.stratum == place]
        counts[str(place)] = {"treated": int(treated.sum()), "comparison": int((~treated).sum())}
        odds[str(place)] = {"treated": chance, "comparison": 1 - chance}
    return sample_ratio_within(counts, odds).ratio.p_value


def tell_strata(told: Told, made: Trial, asked: Asked, grade: str) -> None:
    """Means, shares and a ratio of sums within strata, plain and with the same before taken out."""
    strata = strata_of(made)
    for name, (top, bottom) in FIGURES.items():
        earlier: Figure = (f"{top}{BEFORE}", None if bottom is None else f"{bottom}{BEFORE}")
        for how, covariates in (("", []), (":cuped", [earlier])):
            found = stratified_difference(strata, (top, bottom), covariates=covariates, unit=_UNITS[name])
            told.effect(DEFAULT, f"{name}_difference{how}", found, grade)
            relative = stratified_ratio(strata, (top, bottom), covariates=covariates)
            told.effect(DEFAULT, f"{name}_ratio{how}", relative, grade)
    if asked.forbidden:
        pooled = difference_in_means(*arms_of(made, ["orders"]), "orders", unit=_UNITS["orders"])
        told.effect(POOLED, "orders_difference", pooled)
