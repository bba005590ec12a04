"""Made-up results of tests, users against others, design sheets, hypotheses and effort: shapes are the studies' own."""

from __future__ import annotations

import math
from dataclasses import replace
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pandas as pd

from analysis.inference.estimate import Estimate
from analysis.studies.experiment.guardrails import guardrails_frame, held_by
from analysis.studies.experiment.plan import Guardrail
from analysis.studies.experiment.result import ExperimentResult
from analysis.studies.hypotheses.choices import Alternative
from analysis.studies.hypotheses.hypothesis import Hypothesis
from analysis.studies.hypotheses.study import test_hypotheses as tested
from analysis.studies.planning.declaration import Declaration
from analysis.studies.planning.false_alarms import FalseAlarms
from analysis.studies.planning.figures import SIZES, Planned
from analysis.studies.result import Check, Effect
from analysis.studies.segments.settled import settled

REGIONS = ("north", "south", "east", "west", "mid", "isles")
PASSED = Check(name="sample_ratio", verdict="passed", detail="A 900, B 900.", gate=True)
NAMES = {"design": "ab_randomised", "treated": "mail", "comparison": "no mail", "claim": "A claim."}


def told(
    value: float, se: float, *, scale: str = "difference", unit: str = "EUR per customer", **more: Any
) -> Estimate:
    given = {"name": "spend", "level": 0.95, "n_treated": 900, "n_comparison": 950, "method": "by hand", **more}
    if scale == "ratio":
        ends = value * math.exp(-1.96 * se), value * math.exp(1.96 * se)
        return Estimate(
            value=value, low=ends[0], high=ends[1], se=value * se, se_log=se, scale="ratio", unit="ratio", **given
        )
    return Estimate(
        value=value, low=value - 1.96 * se, high=value + 1.96 * se, se=se, scale="difference", unit=unit, **given
    )


def effect(found: Estimate | str, estimand: str = "experiment_effect", outcome: str = "spend", **more: Any) -> Effect:
    given: dict[str, Any] = {**NAMES, "grade": "A", "checks": (PASSED,), **more}
    if isinstance(found, str):
        return Effect(estimand=estimand, outcome=outcome, scale="difference", reason=found, **{**given, "grade": "D"})
    return Effect(estimand=estimand, outcome=outcome, scale=found.scale, estimate=found, **given)


def experiment(
    *, apart: bool = False, harm: bool = False, looked: bool = False, small: bool = False
) -> ExperimentResult:
    """One arm: every way of counting, six regions (one below `apart` far off; one too small), and a guardrail."""
    part = {"n_treated": 150, "n_comparison": 160}
    moved = Check(name="first_stage", verdict="passed", detail="F = 90.", value=0.4, low=0.36, high=0.44)
    effects = [
        effect(told(0.7, 0.1)),
        effect(told(0.68, 0.09), "experiment_effect_adjusted"),
        effect(told(1.3, 0.05, scale="ratio")),
        effect(told(1.29, 0.04, scale="ratio"), "experiment_effect_adjusted"),
        effect(told(0.5, 0.05), "experiment_effect_winsorised"),
        effect(told(2.0, 0.5, unit="EUR"), "quantile_effect:0.9"),
        effect(told(1.7, 0.3), "complier_effect", grade="B", checks=(PASSED, moved)),
        effect(told(0.02, 0.02, unit="share per customer", name="visit"), outcome="visit"),
        effect(told(0.1, 0.02, unit="orders per session", name="orders per session"), outcome="orders per session",
               declared=False),
        *(
            effect(
                told(5.0 if apart and name == "north" else 0.6 + 0.02 * place, 0.3,
                     **(part if not small or name != "isles" else {"n_treated": 7, "n_comparison": 160})),
                "experiment_effect", segment={"region": name},
            )
            for place, name in enumerate(REGIONS)
        ),
    ]  # fmt: skip
    if looked:
        effects.append(effect(told(0.7, 0.2), "experiment_effect_anytime"))
    csat = told(-0.3 if harm else 0.1, 0.05, unit="points per customer", name="csat")
    effects.append(effect(csat, outcome="csat"))
    held = held_by(effects, {"csat": Guardrail(margin=0.1, worse="lower")}, ["mail"])
    segmented = settled([replace(one, checks=(*one.checks, *(h.check for h in held))) for one in effects])
    arms = pd.DataFrame(
        {
            "experiment_id": "care", "arm": ["mail", "no mail"], "customers": [900, 950], "expected_share": [0.5, 0.5],
            "comparison": [False, True], "units": [900, 950], "exposed": pd.array([360, 0], dtype="Int64"),
        }
    )  # fmt: skip
    return ExperimentResult(
        effects=segmented.effects,
        arms=arms,
        notes=("12 customers were assigned twice and left out.", *segmented.notes),
        guardrails=guardrails_frame("care", held),
        recommended=MappingProxyType({("care", "mail"): not harm}),
        frames=MappingProxyType({"forest": segmented.forest, "tests": segmented.tests}),
        declaration=True,
    )


def uplift() -> Any:
    """A ranking that beats choosing by lot, judged on 400 customers."""
    shares = [0.0, 0.5, 1.0]
    curve = pd.DataFrame({"share": shares, "gain": [0.0, 0.06, 0.07], "low": [0.0, 0.04, 0.05],
                          "high": [0.0, 0.08, 0.09], "at_random": [0.0, 0.035, 0.07]})  # fmt: skip
    fifths = pd.DataFrame({"part": [1, 2, 3, 4, 5], "customers": 80, "value": [0.2, 0.1, 0.05, 0.0, -0.02],
                           "low": [0.1, 0.0, -0.05, -0.1, -0.12], "high": [0.3, 0.2, 0.15, 0.1, 0.08]})  # fmt: skip
    return SimpleNamespace(
        outcome="visit", treated="mail", comparison="no mail", curve=curve, fifths=fifths, traits=("age", "region"),
        coefficient=told(0.02, 0.005, unit="share"), learned_from=400, judged_on=400,
        claim="Explored: ranking customers beats choosing at random. Name it and test it before relying on it.",
    )  # fmt: skip


def users(*, alike: bool = True, groups: bool = False, comparison: str = "other_channels") -> Any:
    """Users against others: alike after weighting or not, with a raw gap far off."""
    names = {
        "design": "ab_observational", "treated": "trained" if groups else "social",
        "comparison": "survey" if groups else comparison, "claim": "A claim.", "index_from": "2025-07",
        "index_to": "2026-03", "after_months": 6,
    }  # fmt: skip
    gates = (
        Check(name="overlap", verdict="passed", detail="1 was left out.", gate=True),
        Check(name="balance", verdict="passed" if alike else "failed", detail="As told.", gate=True),
        Check(name="placebo_earnings", verdict="not_run", detail="Too rough.", gate=True),
        Check(name="harm_of_the_problem", verdict="not_run", detail="The problem came first.", gate=True),
    )
    pair = [told(0.3, 0.1, unit="orders per customer", name="orders"), told(1.1, 0.03, scale="ratio", name="orders")]
    raw = [told(1.2, 0.1, unit="orders per customer", name="orders"), told(1.5, 0.03, scale="ratio", name="orders")]
    effects = [
        effect(one, estimand, "orders", **names, grade=grade, checks=gates if grade == "C" else ())
        for found, estimand, grade in ((pair, "user_effect", "C"), (raw, "naive_user_gap", "D"))
        for one in found
    ]
    after = 0.03 if alike else 0.31
    beside = [("doubly_robust", 0.3, True), ("weighted", 0.28, False), ("matched", 0.33, False), ("raw", 1.2, False)]
    return SimpleNamespace(
        effects=tuple(effects),
        overlap=pd.DataFrame({"from": [0.0, 0.5], "to": [0.5, 1.0], "treated": [40, 60], "comparison": [300, 20],
                              "left_out": [0, 3]}),
        balance=pd.DataFrame({"covariate": ["earnings", "earnings", "region"],
                              "value": ["earnings", "squared", "north"], "before": [-1.7, -1.4, 0.02],
                              "after": [after, 0.4, 0.01], "judged": [True, False, True]}),
        beside=pd.DataFrame([("orders", road, value, value - 0.2, value + 0.2, "orders per customer", stands, "")
                             for road, value, stands in beside],
                            columns=["outcome", "estimator", "value", "low", "high", "unit", "stands", "reason"]),
        sensitivity=pd.DataFrame([{
            "outcome": "orders", "scale": "difference", "unit": "orders per customer", "bias_needed": 0.104,
            "bias_point": 0.3, "e_value": math.nan, "e_value_limit": math.nan, "robustness": 0.1,
            "robustness_limit": 0.03,
            "strongest": "earnings", "strongest_treatment": 0.09, "strongest_outcome": 0.03, "without_strongest": 0.5,
            "left_at_1": 0.2, "left_at_2": 0.1, "left_at_3": -0.02, "critical_gamma": 1.2, "reason": ""}]),
        placebos=pd.DataFrame([("earnings", 5.0, 7.0, -2.0, -3.0, -1.0, ""), ("region", 1.0, 1.1, -0.1, -0.3, 0.1, "")],
                              columns=["placebo", "observed", "expected", "value", "low", "high", "reason"]),
        sample={"customers": 423, "kept": 420}, strata="earnings, region", notes=("3 were left out.",),
    )  # fmt: skip


def contacts() -> Any:
    """Two numbers of contacts against none: more goes with fewer orders, also among customers alike."""
    unknown = Check(name="reasons_for_contact", verdict="not_run", detail="No.", gate=True)
    names = {
        "design": "dose_and_mix",
        "treated": "contacts: 3 to 4",
        "comparison": "contacts: none",
        "checks": (unknown,),
    }
    unit = "orders per customer"
    effects = tuple(
        effect(told(-0.3, 0.1, unit=unit, name="orders"), estimand, "orders", **{**names, "grade": grade})
        for estimand, grade in (("naive_dose_gap", "D"), ("dose_association", "C"))
    )
    bands = pd.DataFrame(
        [("contacts", "none", "orders", 4000, 3.7, *[math.nan] * 6, unit, "D", ""),
         ("contacts", "1", "orders", 1800, 3.5, -0.2, -0.4, 0.02, -0.18, -0.37, 0.01, unit, "C", ""),
         ("contacts", "3 to 4", "orders", 640, 3.4, -0.3, -0.6, -0.1, -0.3, -0.5, -0.1, unit, "C", "")],
        columns=["by", "band", "outcome", "customers", "mean", "raw", "raw_low", "raw_high", "alike", "alike_low",
                 "alike_high", "unit", "grade", "reason"],
    )  # fmt: skip
    return SimpleNamespace(effects=effects, bands=bands, notes=("No order is credited to a channel here.",), sample={})


def sheet(*, a_a: bool = True) -> Any:
    """A design sheet of orders, as assigned and adjusted."""
    given: dict[str, Any] = {
        "outcome": "orders", "kind": "amount", "unit": "orders per customer", "arm": "invited", "comparison": "control",
        "role": "primary", "cluster": None, "mean": 1.7, "variance": 7.6, "icc": None, "design_effect": None,
        "n_treated": 3000, "n_comparison": 3000, "units_treated": 3000, "units_comparison": 3000, "level": 0.95,
        "power": 0.8, "matters": 0.085, "matters_relative": 0.05, "power_for_it": 0.21, "days": None,
        "needed_treated": 17_000, "needed_comparison": 17_001, "reason": "It takes 34,001 customers.",
    }  # fmt: skip
    rows = (
        Planned(**given, adjusted=False, rho=None, smallest_effect=0.2, smallest_effect_relative=0.12),
        Planned(**given, adjusted=True, rho=0.6, smallest_effect=0.16, smallest_effect_relative=0.094),
    )
    sizes = [("orders", adjusted, n, 12 / n**0.5 * f, 8 / n**0.5 * f) for adjusted, f in ((False, 1.0), (True, 0.8))
             for n in (400, 1600, 6400)]  # fmt: skip
    durations = pd.DataFrame(
        [("orders", adjusted, days, 1.7, None, 0.2, 0.12) for adjusted in (False, True) for days in (30, 90)],
        columns=["outcome", "adjusted", "window_days", "mean", "rho", "smallest_effect", "smallest_effect_relative"],
    )
    alarms = tuple(
        FalseAlarms(outcome="orders", estimator=name, divisions=400, alarms=count, expected=0.05, uniformity_p=0.4,
                    error_ratio=1.0)
        for name, count in (("plain", 21), ("clusters ignored", 190))
    )  # fmt: skip
    return SimpleNamespace(
        sheet=SimpleNamespace(rows=rows, sizes=pd.DataFrame(sizes, columns=SIZES), durations=durations, customers=5937,
                              entered_from="2026-01-30", entered_to="2026-02-28", plan=SimpleNamespace(window_days=90)),
        a_a=SimpleNamespace(rows=alarms, customers=5937) if a_a else None,
        declaration=Declaration(name="care_invitation", outcomes=("orders",), primary="orders", segments=("region",),
                                guardrails={"csat": {"margin": 0.1, "worse": "lower"}}, sizes={"invited": 3000},
                                hypotheses=({"name": "more", "statement": "Invited customers buy <b>more</b>."},)),
        notes=(), unanswered=() if a_a else ("There is no A/A test: too few.",),
    )  # fmt: skip


def family(*, again: bool = True) -> Any:
    """Three hypotheses: one supported, one that finds nothing that matters, one that nothing answers."""
    rows = experiment().to_parts()["effects"]

    def asked(name: str, outcome: str, smallest: float | None, direction: str = "higher") -> Hypothesis:
        return Hypothesis(name=name, statement=f"It is said that {name}.", design="ab_randomised", outcome=outcome,
                          scale="difference", smallest_effect=smallest, direction=direction)  # type: ignore[arg-type]  # fmt: skip

    wanted = [
        asked("mail sells", "spend", 0.2),
        asked("mail brings visits", "visit", 0.2),
        asked("mail pleases", "joy", None),
    ]
    plans = [Alternative(plan=shift, choices={"window": f"{shift}"}, declared=shift == 0) for shift in (0, 1, 2)]

    def study(shift: int) -> Any:
        moved = [
            effect(told(0.7 + 0.1 * shift, 0.1)),
            effect(told(0.02, 0.02, unit="share per customer", name="visit"), outcome="visit"),
        ]
        return SimpleNamespace(effects=moved)

    return tested(wanted, rows, again={"ab_randomised": (plans, study)} if again else None)


def effort() -> Any:
    """Effort and its ways: social spares contacts, and part of the effect runs by way of it."""
    unseen = Check(name="unrecorded_causes", verdict="not_run", detail="None is seen.", gate=True)
    names = {"design": "effort", "treated": "social", "comparison": "other_channels", "grade": "C",
             "index_from": "2025-07", "index_to": "2026-03", "checks": (unseen,)}  # fmt: skip
    unit = "orders per customer"
    effects = [
        effect(told(-0.3, 0.05, unit="contacts per customer", name="contacts_to_resolve"), "total_effect",
               "contacts_to_resolve", **names),
        *(effect(told(value, 0.05, unit=unit, name="orders"), estimand, "orders", **names)
          for estimand, value in (("total_effect", 0.3), ("indirect_effect", 0.2), ("direct_effect", 0.1),
                                  ("effort_slope:contacts_to_resolve", -0.6))),
    ]  # fmt: skip
    paths = pd.DataFrame(
        [("orders", "together", 0.2, 0.1, 0.3, math.nan, math.nan, math.nan, -0.3, -0.1, unit, 900, ""),
         ("orders", "ces1", *[math.nan] * 8, "", 0, "8 answered `ces1`.")],
        columns=["outcome", "effort", "indirect", "indirect_low", "indirect_high", "slope", "slope_low", "slope_high",
                 "rho", "rho_limit", "unit", "customers", "reason"],
    )  # fmt: skip
    return SimpleNamespace(
        effects=tuple(effects), paths=paths, sample={"customers_with_an_issue": 900}, notes=(),
        effort=pd.DataFrame([("repeat_contact", 0.13, 0.14, -0.01, -0.04, 0.02, "share of customers", 900)],
                            columns=["effort", "social", "elsewhere", "value", "low", "high", "unit", "customers"]),
        response=pd.DataFrame([("ces1", 149, 39, 8, math.nan, math.nan, "8 answered `ces1`.")],
                              columns=["instrument", "asked", "answered", "answered_social", "effective", "cut",
                                       "reason"]),
    )  # fmt: skip
