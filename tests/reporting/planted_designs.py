"""Made-up results of the service, adoption and change-log studies: shapes are those of the studies, numbers are not."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pandas as pd

from analysis.inference.estimate import Estimate
from analysis.studies.result import Check, Effect

NAN = math.nan
BANDS = ("within 15 minutes", "15 minutes to 1 hour", "1 to 4 hours", "never", "only a bot, as far as is known")


def estimate(
    name: str, value: float, half: float, *, scale: str = "difference", unit: str = "ratio", **more: Any
) -> Any:
    given = {"level": 0.95, "se": half / 2, "n_treated": 3800, "n_comparison": 4100, "method": "made by hand", **more}
    return Estimate(name=name, value=value, low=value - half, high=value + half, scale=scale, unit=unit, **given)  # type: ignore[arg-type]


def gate(name: str, verdict: str = "passed", detail: str = "As it should be.", **more: Any) -> Check:
    return Check(name=name, verdict=verdict, detail=detail, gate=True, **more)  # type: ignore[arg-type]


def effect(design: str, estimand: str, treated: str, comparison: str, outcome: str, found: Any, **more: Any) -> Effect:
    given: dict[str, Any] = {
        "grade": "C", "claim": "A claim.", "index_from": "2025-07", "index_to": "2026-03", "before_months": 6,
        "after_months": 6, **more,
    }  # fmt: skip
    if isinstance(found, str):
        return Effect(design=design, estimand=estimand, treated=treated, comparison=comparison, outcome=outcome,
                      scale="difference", reason=found, **{**given, "grade": "D"})  # fmt: skip
    return Effect(design=design, estimand=estimand, treated=treated, comparison=comparison, outcome=outcome,
                  scale=found.scale, estimate=found, **given)  # fmt: skip


# The service study

BY_QUEUE = (
    gate("first_stage"),
    gate("placebo_before", value=-0.04, low=-0.14, high=0.06, p_value=1.0),
    gate("balance"),
    gate("other_incidents", "not_applicable", "No product had an incident."),
)
ADJUSTED = (
    gate("first_stage", "failed", "The effective F is 1.2; the instrument decides too little."),
    gate("overlap"),
    gate("reply_not_by_chance", "not_run", "The desk decided who was answered in time."),
)


def service(gap: float = 0.5, *, strong: bool = True, ar: tuple[str, float, float] | None = None) -> Any:
    """A study in which an answer in time moves orders by `gap`, told by the queue or by similar customers."""
    checks, grade = (BY_QUEUE, "B") if strong else (ADJUSTED, "C")
    told = estimate("orders", gap, 0.2, unit="orders per customer")
    names = ("service_effect", "service_effect", "answered_in_time", "not_answered_in_time", "orders")
    effects = [effect(*names, told, checks=checks, grade=grade)]
    if not strong:
        ratio = estimate("orders", 1 + gap / 4, 0.05, scale="ratio", se_log=0.02)
        effects.append(effect(*names, ratio, checks=checks, grade=grade))
    raw = estimate("orders", gap + 0.2, 0.1, unit="orders per customer")
    effects.append(effect(names[0], "naive_user_gap", *names[2:], raw, grade="D"))
    kind, low, high = ar or ("interval", gap - 0.2, gap + 0.2)
    unit = "orders per customer"
    bands = pd.DataFrame(
        [
            ("orders", name, 400 if place < 4 else 0, 0.25, *_around(2.0 + (gap + 0.2) * (place < 2), 0.1),
             *_around(2.0 + gap * (place < 2), 0.1), 1.9, unit, "D")
            if place < 4 else ("orders", name, 0, 0.0, *[NAN] * 7, unit, "D")
            for place, name in enumerate(BANDS)
        ],
        columns=["outcome", "band", "n", "share", "mean", "low", "high", "adjusted", "adjusted_low", "adjusted_high",
                 "before", "unit", "grade"],
    )  # fmt: skip
    hours = pd.DataFrame(
        [("orders", hour, 5, *[NAN] * 6, unit, "D") if hour == 3 else
         ("orders", hour, 200, *_around(0.2 if hour < 6 else 0.6, 0.05), *_around(2.0, 0.3), unit, "D")
         for hour in range(24)],
        columns=["outcome", "hour", "n", "in_time", "in_time_low", "in_time_high", "mean", "low", "high", "unit",
                 "grade"],
    )  # fmt: skip
    instrument = pd.DataFrame(
        [{"outcome": "orders", "f": 1970.9 if strong else 1.2, "first_stage": -0.105, "partial_r2": 0.1, "n": 7000,
          "days": 730, "value": gap, "ar_kind": kind, "ar_low": low, "ar_high": high, "placebo": -0.04,
          "placebo_low": -0.14, "placebo_high": 0.06, "placebo_p": 1.0, "unit": unit, "reason": ""}]
    )  # fmt: skip
    beside = pd.DataFrame(
        [("orders", name, "difference", value, value - 0.2, value + 0.2, unit, letter, name == stands, "")
         for stands in ("queue" if strong else "adjusted",)
         for name, value, letter in (("queue", gap, "B"), ("adjusted", gap + 0.05, "C"), ("raw", gap + 0.2, "D"))],
        columns=["outcome", "estimator", "scale", "value", "low", "high", "unit", "grade", "stands", "reason"],
    )  # fmt: skip
    balance = pd.DataFrame([("earlier issues", 0.01, -0.09, 0.11, 1.0)],
                           columns=["covariate", "difference", "low", "high", "p_value"])  # fmt: skip
    evidence = SimpleNamespace(
        index_from="2025-07", index_to="2026-03", before_months=6, after_months=6, target_seconds=3600,
        within="1 hour", customers=7900, in_time=0.48,
        sentence="7,900 customers who first wrote on social from 2025-07 to 2026-03; 48 % were answered within 1 hour.",
    )  # fmt: skip
    return SimpleNamespace(
        effects=tuple(effects), bands=bands, hours=hours, instrument=instrument, beside=beside, balance=balance,
        evidence=evidence, strata="month", sample={"customers_with_a_social_contact": 9000, "left_out_start_unknown": 0,
        "left_out_window_not_over": 1100, "rows": 7900}, notes=("Severity is not recorded.",),
    )  # fmt: skip


def _around(value: float, half: float) -> tuple[float, float, float]:
    return value, value - half, value + half


# The study of adoption


def adoption(gap: float = 0.06, *, roll_out: str | None = None, drifted: bool = False) -> Any:
    """First contacts, or a roll-out, after which customers do `gap` more in every month."""
    treated, reference = roll_out or "social", -1 if roll_out else -2
    cap = () if roll_out else (gate("problem_apart", "not_run", "The figure includes the harm of the problem."),)
    trend = gate("pre_trend", "failed", "They drifted apart.") if drifted else gate(
        "pre_trend", value=0.99, low=0.95, high=1.03, p_value=1.0)  # fmt: skip
    checks = (trend, gate("overlap"), gate("balance"), *cap)
    grade = "B" if roll_out and not drifted else "C"
    names = ("adoption", "adoption_effect", treated, "not_yet_treated", "orders")
    effects = (
        effect(*names, estimate("orders", 6 * gap, 0.1, unit="orders per customer"), checks=checks, grade=grade),
        effect(*names, estimate("orders", 1 + gap, 0.03, scale="ratio", se_log=0.015), checks=checks, grade=grade),
    )
    rows = []
    for month in range(-6, 7):
        part = "after" if month > 0 else "index" if month == 0 else "lead" if month <= reference else "dip"
        value = 0.0 if month == reference else gap if month > 0 else 0.005
        half = 0.0 if month == reference else 0.03
        rows.append(("orders", month, value, value - half, value + half, value - 2 * half, value + 2 * half, part,
                     "orders per customer and month"))  # fmt: skip
    dynamic = pd.DataFrame(
        rows, columns=["outcome", "month", "value", "low", "high", "band_low", "band_high", "part", "unit"]
    )
    unit = "orders per customer and month"
    groups = pd.DataFrame([("orders", "2025-07", 900, gap, gap - 0.1, gap + 0.1, unit)],
                          columns=["outcome", "cohort", "n", "value", "low", "high", "unit"])  # fmt: skip
    calendar = pd.DataFrame([("orders", "2025-08", gap, gap - 0.1, gap + 0.1, unit)],
                            columns=["outcome", "month", "value", "low", "high", "unit"])  # fmt: skip
    bacon = pd.DataFrame(
        [("2025-07", "never", "never_treated", 0.6, 0.05, unit),
         ("2025-07", "2025-09", "not_yet_treated", 0.2, 0.04, unit),
         ("2025-09", "2025-07", "already_treated", 0.2, -0.08, unit)],
        columns=["treated", "comparison", "kind", "weight", "estimate", "unit"],
    )  # fmt: skip
    evidence = SimpleNamespace(
        index_from="2025-07", index_to="2026-03", before_months=6, after_months=6, data_to="2026-09",
        roll_out=roll_out, sentence="Customers from 2025-07 to 2026-03, followed for 6 months.",
    )  # fmt: skip
    return SimpleNamespace(
        effects=effects, dynamic=dynamic, groups=groups, calendar=calendar, bacon=bacon,
        warning="A regression would have said +0.01 from 2025-07 on.", evidence=evidence, strata="product",
        sample={"adopters": 900, "comparison_customers": 4000}, notes=(), pre_trends={}, sensitivities=(),
    )  # fmt: skip


# The change log

ENTRIES = (
    ("CH2", "2025-03-03", "programme", "all", "We answer all who write", "2025-03-03", "no", "CH3, CH4", "CH2"),
    ("CH3", "2025-03-03", "staffing", "social", "Desk staffed up", "2025-03-05", "yes", "CH2, CH4", "CH2"),
    ("CH4", "2025-08-01", "incident", "tv", "Outage of tv", "2025-08-21", "yes", "", ""),
    ("CH5", "2025-12-01", "campaign", "all", "A campaign", "", "unknown", "", "CH5"),
)
ENTRY_COLUMNS = ["change_id", "effective_from", "kind", "scope", "description", "recorded_at", "written_afterwards",
                 "others_in_window", "studied_as"]  # fmt: skip
MONTHS = tuple(f"{2024 + month // 12}-{month % 12 + 1:02d}" for month in range(24))


def change_checks(*, alone: bool, many: str = "passed") -> tuple[Check, ...]:
    return (
        gate("control_series", "not_run", "No control series was named."),
        gate("placebo_dates", value=0.01, low=-0.02, high=0.04, p_value=1.0),
        gate("single_cause") if alone else gate("single_cause", "failed", "In the same months came CH3 (2025-03-03)."),
        gate("written_before"),
        gate("long_enough"),
        Check(name="many_figures", verdict=many, detail="Looked at 2 figures."),  # type: ignore[arg-type]
    )


def change_log(step: float = 0.09, *, unit: str = "share", size: float = 1.0, band: bool = False) -> Any:
    """A figure that steps by `step` in 2025-04, another that does not, and a change that cannot be judged."""
    effects = []
    for metric, found in (("response_rate", step), ("mentions", 0.0)):
        own = unit if metric == "response_rate" else "mentions"
        scale = size if metric == "response_rate" else 100.0
        for estimand, value, per in (("level_change", found, ""), ("slope_change", 0.0, " per month")):
            told = estimate(metric, value * scale, 0.02 * scale, unit=own + per, n_treated=8, n_comparison=14)
            effects.append(
                effect("change_log", estimand, "CH2", "before", metric, told, checks=change_checks(alone=False),
                       index_from="2025-04", index_to="2025-12", before_months=14, after_months=9)
            )  # fmt: skip
    effects += [
        effect("change_log", estimand, "CH5", "before", "response_rate", "It has 1 month after 2025-12.",
               index_from=None, index_to=None, before_months=None, after_months=None)
        for estimand in ("level_change", "slope_change")
    ]  # fmt: skip
    rows = []
    for metric, found in (("response_rate", step), ("mentions", 0.0)):
        own, scale = (unit, size) if metric == "response_rate" else ("mentions", 100.0)
        for place, month in enumerate(MONTHS):
            part = "partly" if place == 14 else "incident" if place == 19 else "before" if place < 14 else "after"
            level = 0.8 + (found if place >= 14 else 0.0)
            seen = NAN if place == 5 else (level + 0.01 * (-1) ** place) * scale
            state = "provisional" if place == 23 else "locked"
            fitted, without = NAN if place == 14 else level * scale, NAN if place < 14 else 0.8 * scale
            rows.append((metric, "", "CH2", month, seen, fitted, without, part, state, own))
    series = pd.DataFrame(
        rows,
        columns=["outcome", "segment", "change", "month", "observed", "fitted", "without", "part", "state", "unit"],
    )
    if band:
        series = series.assign(
            without_low=series["without"] - 0.03 * size, without_high=series["without"] + 0.03 * size
        )
    placebo = pd.DataFrame(
        [("response_rate", "", "CH2", month, *_around(value * size, 0.02 * size), 0.5, made_up, unit)
         for month, value, made_up in (("2024-07", 0.01, True), ("2024-08", -0.02, True), ("2024-09", 0.1, True),
                                       ("2025-04", step, False))],
        columns=["outcome", "segment", "change", "month", "level", "low", "high", "p_value", "made_up", "unit"],
    )  # fmt: skip
    synthetic = pd.DataFrame(
        [("response_rate", "CH2", "region", "north", "changed", 1.0, 0.05, 1, 5, "share"),
         ("response_rate", "CH2", "region", "south", "donor", 0.4, 0.01, 3, 5, "share")],
        columns=["outcome", "change", "column", "value", "role", "weight", "difference", "rank", "of", "unit"],
    )  # fmt: skip
    entries = pd.DataFrame(list(ENTRIES), columns=ENTRY_COLUMNS)
    return SimpleNamespace(
        effects=tuple(effects), series=series, entries=entries, placebo=placebo, synthetic=synthetic,
        sample={"entries": 4, "entries_studied": 3}, notes=("`mentions`: 1 of 24 months are not closed.",),
    )  # fmt: skip


def with_claims(found: Any, claim: str) -> Any:
    """The same result with another claim in every effect."""
    return SimpleNamespace(**{**vars(found), "effects": tuple(replace(one, claim=claim) for one in found.effects)})


def results(*studies: Any) -> dict[str, Any]:
    """What `results.json` would hold of these studies."""
    coverage: dict[str, Any] = {"notes": {}}
    for study in studies:
        if hasattr(study, "entries"):
            coverage["change_log"] = {"entries": study.entries.to_dict("records")}
            coverage["notes"]["change_log"] = list(study.notes)
    rows = [one.to_dict() for study in studies for one in study.effects]
    return {"effects": rows, "metrics": [], "roi": None, "coverage": coverage}
