"""Before-and-after studies made by hand, with their pages: one gained, one harmed, one had nothing to see."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from analysis.reporting import charts, tables
from analysis.reporting.evidence_age import evidence_age
from analysis.studies.channel_result import ChannelResult, Evidence, PreTrend
from analysis.studies.gates import Finding, judge
from analysis.studies.result import Check
from analysis.studies.sensitivity import sensitivity_of

WORLDS = {"gain": 1.08, "harm": 0.92, "null": 1.004}
FIELD_TERMS = re.compile(r"\b(ATT|DiD|[Pp]re-?trends?|[Pp]lacebo|[Ee]-?values?|Wald|[Ee]stimand|[Cc]ovariate)\b")
UNITS = {"orders": "orders per customer", "revenue": "EUR per customer", "margin": "EUR per customer",
         "issues": "issues per customer", "support_cost": "EUR per customer"}  # fmt: skip


def gates(outcome: str, *, drift: float = 0.996) -> tuple[Check, ...]:
    found = [
        Finding(name="pre_trend", ratio=drift, se_log=0.011, p_value=1e-6 if abs(drift - 1) > 0.02 else 0.7,
                what=f"{outcome.capitalize()} in the later of the months before, against the earlier ones."),
        Finding(name="placebo_date", ratio=1.01, se_log=0.03, p_value=0.74, what=f"{outcome} six months earlier."),
        Finding(name="future_social", ratio=1.02, se_log=0.09, p_value=0.8, what="Those who turn to social later."),
    ]  # fmt: skip
    return judge(found)


def study(made, ratio: float = 1.08, *, drift: float = 0.996) -> ChannelResult:
    """A study in which every outcome moved by that factor, with an interim, segments and raw figures."""
    effects = []
    for outcome, unit in UNITS.items():
        checks = (*gates(outcome, drift=drift), *made.CHECKS[:2])
        effects.append(made.effect(outcome, ratio, ratio * 0.963, ratio * 1.038, checks=checks))
        gap = 2.5 * (ratio - 1)
        numbers = {"unit": unit}
        effects.append(
            made.effect(outcome, gap, gap - 0.1, gap + 0.1, scale="difference", numbers=numbers, checks=checks)
        )
    for outcome, unit in {"index_issue_cost": "EUR per customer", "repurchased": "share", "retained": "share"}.items():
        gap = ratio - 1
        effects.append(
            made.effect(
                outcome,
                gap,
                gap - 0.03,
                gap + 0.03,
                scale="difference",
                grade="C",
                numbers={"unit": unit},
                checks=made.CHECKS[:2],
            )
        )
    effects += [made.effect("orders", ratio * f, ratio * f * 0.92, ratio * f * 1.08, segment={"region": name})
                for f, name in ((1.01, "north"), (0.98, "south"))]  # fmt: skip
    effects.append(made.effect("orders", None, segment={"region": "east"}))
    early = {"maturity": "interim", "after_months": 3, "index_from": "2026-04", "index_to": "2026-06", "grade": "C"}
    effects.insert(0, made.effect("orders", ratio * 1.03, ratio * 0.95, ratio * 1.12, **early))  # before the mature one
    effects += [made.naive("naive_before_after", 0.87, 0.85, 0.89), made.naive("naive_user_gap", 1.62, 1.57, 1.67)]
    main = [one.estimate for one in effects if one.estimate and one.maturity == "mature" and not one.segment]
    return ChannelResult(
        effects=tuple(effects),
        paths=paths(made, ratio),
        event_study=events(ratio, drift),
        pre_trends={"orders": PreTrend(wald=3.2, degrees=4, p_joint=0.52, drift=drift, low=drift * 0.978,
                                       high=drift * 1.022, se_log=0.011, detectable=0.031)},
        sensitivities=tuple(
            sensitivity_of(one, benchmarks={"the issue's product": 1.003} if one.scale == "ratio" else {})
            for one in main if not one.method.startswith("raw")
        ),
        maturing=cohorts(ratio),
        evidence=Evidence(index_from="2025-07", index_to="2026-03", before_months=6, after_months=6,
                          data_to="2026-09", interim_from="2026-04", interim_to="2026-06"),
        balance=pd.DataFrame(
            [("the issue's product", "mobile", 0.41, 0.40, 0.02), ("months observed", "mean", 21.5, 20.9, 0.05),
             ("region", "north", 0.3, 0.22, 0.19)],
            columns=["covariate", "value", "contacted", "comparison", "difference"],
        ),
        strata="index month, product",
        sample={"contacted": 2810, "comparison_customers": 9120},
        notes=(),
        covariance={"ids": [], "matrix": []},
    )  # fmt: skip


def paths(made, ratio: float) -> pd.DataFrame:
    """Both groups alike before; afterwards the contacted ones that factor above or below the others."""
    frame = made.paths_frame()
    flat = frame[frame["group"] == "comparison"]
    lift = np.where(flat["month"] > 0, ratio, 1.0)
    return pd.concat(
        [flat, flat.assign(group="contacted", **{name: flat[name] * lift for name in ("mean", "low", "high")})]
    )


def events(ratio: float, drift: float = 1.0) -> pd.DataFrame:
    months = np.arange(-6, 7)
    part = np.where(months < -1, "lead", np.where(months == -1, "dip", np.where(months == 0, "index", "after")))
    level = np.where(months > 0, ratio, np.where(months == 0, 0.8, 1 + (drift - 1) * months / 6))
    return pd.DataFrame({"outcome": "orders", "month": months, "ratio": level, "low": level * 0.95,
                         "high": level * 1.05, "part": part})  # fmt: skip


def cohorts(ratio: float) -> pd.DataFrame:
    rows = [("orders", "2025-07", "2025-09", ratio * 1.02, ratio, "x"), ("orders", "2025-10", "2025-12", ratio * 0.99,
            ratio, "x"), ("orders", "2026-01", "2026-03", ratio * 1.04, ratio, "x"),
            ("orders", "2026-04", "2026-06", ratio * 1.03, None, "x")]  # fmt: skip
    records = [
        {"outcome": outcome, "cohort_from": first, "cohort_to": last,
         "interim": early, "interim_low": early * 0.92, "interim_high": early * 1.09,
         "mature": late, "mature_low": None if late is None else late * 0.94,
         "mature_high": None if late is None else late * 1.07, "moved": None if late is None else late / early}
        for outcome, first, last, early, late, _ in rows
    ]  # fmt: skip
    return pd.DataFrame(records).astype({"mature": float, "mature_low": float, "mature_high": float, "moved": float})


def page(found, *, outcome: str = "orders"):
    """Everything the notebook shows, in its order."""
    return {
        "age": evidence_age(found),
        "sample": tables.sample(found),
        "balance": tables.balance(found),
        "checks": tables.checks(found),
        "paths": charts.shown(charts.paths, found, outcome),
        "event_study": charts.shown(charts.event_study, found, outcome),
        "drift": tables.drift(found),
        "naive": charts.shown(charts.naive_against_adjusted, found),
        "effects": tables.effects_on_all(found),
        "by_segment": charts.shown(charts.effect_by_segment, found, outcome),
        "segments": tables.effects(found, segments_only=True),
        "sensitivity": tables.sensitivity(found),
        "interim": tables.interim(found),
        "maturing_chart": charts.shown(charts.maturing, found, outcome),
        "maturing": tables.maturing(found),
        "claims": tables.claims(found),
    }


def cells(table):
    frame = table.cells.map(lambda cell: cell.replace("\xa0", " "))
    return frame.rename(columns=lambda name: name.replace("\xa0", " "))


def said(shown) -> str:
    """All words of one thing on the page."""
    if isinstance(shown, tables.Table):
        return re.sub(r"<[^>]*>", " ", shown.html)
    if isinstance(shown, charts.Figure):
        inside = [text.get_text() for axes in shown.axes for text in axes.texts]
        return " ".join([shown.alt, *(text.get_text() for text in shown.texts), *inside])
    return str(shown)


def drawn(page_):
    return {name: one for name, one in page_.items() if isinstance(one, charts.Figure)}
