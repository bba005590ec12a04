"""Does the whole road of an experiment give the truth: files, contract, query engine, the study itself?

The experiment is written to a folder of its own, read back through the same door as any other, and studied by the
function that serves tables, with a plan that asks for what the hazard is about. What comes out is set down under the
names that the same experiment in arrays uses; an answer that the study does not give has no record.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.runner.proving.experiment_worlds import CAP, FIRST_LOOK, LAST_LOOK, QUANTILE, truths_of
from analysis.runner.proving.hazards import Hazard
from analysis.runner.proving.records import DEFAULT, Told
from analysis.studies.experiment.contrasts import ADJUSTED, ANYTIME, COMPLIER, EFFECT, WINSORISED
from analysis.studies.experiment.contrasts import QUANTILE as QUANTILE_EFFECT
from analysis.studies.experiment.looks import Looks
from analysis.studies.experiment.plan import ExperimentPlan
from analysis.studies.experiment.study import randomised
from analysis.synthetic.experiments.files import CENTS, DAYS, OUTCOMES, ZONE, write_trial
from analysis.synthetic.experiments.grouped import WASHOUT_HOURS
from analysis.synthetic.experiments.trial import trial
from analysis.tables.load import Source, open_tables, prepare

if TYPE_CHECKING:
    from analysis.inference.estimate import Estimate
    from analysis.studies.result import Effect

RATIO = "orders_per_session"
_MEASURES = {outcome: measure for measure, outcome in OUTCOMES.items()}
_HOW = {EFFECT: "", ADJUSTED: ":cuped", WINSORISED: ":winsorised", ANYTIME: ":anytime", COMPLIER: ":moved",
        f"{QUANTILE_EFFECT}:{QUANTILE:g}": ":quantile"}  # fmt: skip
_SPEND = OUTCOMES["spend"]


def told_through_files(hazard: Hazard, seed: int, customers: int) -> Told:
    """The records of one experiment that was written to files and studied from there."""
    truth = truths_of(hazard, trial(hazard.name, seed, customers).truth)
    told = Told(hazard, seed, customers, truth)
    with tempfile.TemporaryDirectory(prefix="touchstone-prove-") as place:
        folder = Path(place) / "company"
        write_trial(folder, hazard.name, seed, customers)
        sources = [Source(path) for path in sorted(folder.glob("*.parquet"))]
        with open_tables(prepare(sources, cache=Path(place) / "cache", zone=ZONE)) as tables:
            effects = randomised(tables, plan_of(hazard, customers)).effects
    for effect in effects:
        estimand = named(effect)
        if estimand in truth:
            told.effect(DEFAULT, estimand, _in_cents(estimand, effect.estimate), effect.grade)
        if estimand == "orders_difference":
            told.gates("orders", effect.checks)
    return told


def plan_of(hazard: Hazard, customers: int) -> ExperimentPlan:
    """What the study is asked in a hazard."""
    family = hazard.name.partition("_")[0]
    if family == "trial":
        capped = "spend_difference:winsorised" in hazard.estimands
        return ExperimentPlan(
            outcomes=("orders", *OUTCOMES.values()), window_days=DAYS, pre_days=DAYS,
            ratios={RATIO: ("orders", "sessions")}, quantiles={_SPEND: (QUANTILE,)},
            winsorise={_SPEND: CAP} if capped else {},
        )  # fmt: skip
    if family == "looks":
        looks = Looks(first=int(FIRST_LOOK * customers), maximum=int(LAST_LOOK * customers))
        return ExperimentPlan(outcomes=("orders", _SPEND), window_days=DAYS, pre_days=0, looks=looks)
    if family == "strata":
        ratios = {RATIO: ("orders", "sessions")}
        return ExperimentPlan(outcomes=("orders",), covariates=("orders_before",), ratios=ratios)
    more: Mapping[str, dict[str, object]] = {
        "clusters": {"covariates": ("orders_before",) if "orders_difference:cuped" in hazard.estimands else ()},
        "switchback": {"washout_hours": WASHOUT_HOURS},
        "invitation": {"template": "encouragement"},
    }
    return ExperimentPlan(outcomes=("orders",), **more[family])  # type: ignore[arg-type]


def named(effect: Effect) -> str:
    """What an effect of the study is called among the records."""
    measure = _MEASURES.get(effect.outcome, effect.outcome)
    return f"{measure}_{effect.scale}{_HOW.get(effect.estimand, ':other')}"


def _in_cents(estimand: str, found: Estimate | None) -> Estimate | None:
    """Files tell money in euros; the truth is in cents."""
    measure, _, rest = estimand.partition("_")
    if found is None or measure not in CENTS or not rest.startswith("difference"):
        return found
    return replace(found, value=100 * found.value, low=100 * found.low, high=100 * found.high, se=100 * found.se)
