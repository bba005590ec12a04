"""Small made-up results for the tests of this floor: the shapes are those of the studies, the numbers are not."""

from __future__ import annotations

import base64
import math
import sys
from datetime import date, datetime, timedelta
from types import ModuleType, SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest

from analysis.foundation.calendar import Month
from analysis.inference.estimate import Estimate, RowsUsed
from analysis.inference.spikes import Excess
from analysis.ledger.closing import Closing, Notice, Waiting
from analysis.ledger.entry import CloseEntry, FigureEntry, Key
from analysis.ledger.month import MonthClose
from analysis.ledger.reading import Booked, Reported
from analysis.ledger.score import Change as ScoredChange
from analysis.ledger.score import Index, LeftOut, Part, Point, Score
from analysis.ledger.scorecard import Scorecard
from analysis.metrics.figure import Metric
from analysis.metrics.incident_facts import Change, Impact
from analysis.metrics.incidents import Incident, IncidentsResult
from analysis.metrics.programme import ProgrammeResult
from analysis.metrics.run_off import MonthsRunOff, RunOff
from analysis.metrics.triangle import Bridge, Triangle
from analysis.studies.result import Check, Effect
from analysis.studies.stories import BaseRate, StoriesResult, Story

MONTHS = tuple(f"{2025 + (6 + n) // 12}-{(6 + n) % 12 + 1:02d}" for n in range(15))
MENTIONS = (812, 840, 795, 861, 1490, 1120, 905, 880, 902, 940, 915, 968, 990, 1011, 1040)
HOSTILE = (
    '<script>alert("x")</script><img src=x onerror=alert(1)> $\\frac{1}{2}$ \\textbf{b} \u202ereversed\u202c {0} %s'
)
LONG = "Longname" * 625


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """This module: its functions make the results, its constants are hostile."""
    return sys.modules[__name__]


def metric(name: str, period: str, value: float | None, **more: Any) -> Metric:
    """One figure, with the rest filled in."""
    given = {"version": 1, "basis": "action", "unit": "mentions", "state": "locked", **more}
    if value is None:
        given.setdefault("reason", "no opening mention in the period")
    return Metric(id=name, period=period, value=value, **given)


def metrics(**more: Any) -> Any:
    """Fifteen months of mentions, the last one provisional."""
    rows = []
    for number, (month, total) in enumerate(zip(MONTHS, MENTIONS, strict=True)):
        state = "provisional" if number == len(MONTHS) - 1 else "locked"
        rows.append(metric("mentions", month, total, numerator=total, state=state))
        parts = {"inquiry": 0.46, "complaint": 0.27 + 0.01 * (number % 4), "positive": 0.18, "other": 0.07}
        for kind, share in parts.items():
            count = round(total * share)
            rows.append(metric("mentions_by_kind", month, count, numerator=count, segment={"kind": kind}, state=state))
        for platform, share in {"x": 0.55, "facebook": 0.25, "instagram": 0.15, "youtube": 0.05}.items():
            count = round(total * share)
            rows.append(
                metric(
                    "mentions_by_platform", month, count, numerator=count, segment={"platform": platform}, state=state
                )
            )
        opened = round(total * 0.6)
        answered = round(opened * (0.62 + 0.008 * number))
        rows.append(
            metric("response_rate", month, answered / opened, numerator=answered, denominator=opened, unit="share",
                   basis="post", state=state)
        )  # fmt: skip
        rows.append(
            metric("first_response_time_median", month, 5400.0 - 90 * number, unit="seconds", basis="post", state=state)
        )
    return SimpleNamespace(metrics=tuple(rows), missing={"backlog": "table `issues`"}, whole="2025-07/2026-09", **more)


def estimate(name: str, value: float, low: float, high: float, **more: Any) -> Estimate:
    given = {
        "level": 0.95, "se": (high - low) / 4, "scale": "ratio", "unit": "ratio", "n_treated": 2810,
        "n_comparison": 9120, "method": "issue-anchored ratio DiD",
    }  # fmt: skip
    return Estimate(name=name, value=value, low=low, high=high, **{**given, **more})


CHECKS = (
    Check(name="overlap", verdict="passed", detail="Comparison customers exist for 99.1 % of the contacted."),
    Check(
        name="balance", verdict="passed", detail="Largest standardised difference 0.03; below 0.1 is alike.", gate=True
    ),
    Check(
        name="pre_trend", verdict="failed", detail="The pre-trend test found a drift of 3.1 % (p = 0.01).", gate=True
    ),
    Check(name="future_social", verdict="not_run", detail="Too few customers turn to social later.", gate=True),
)


def effect(outcome: str, value: float | None, low: float = 0, high: float = 0, **more: Any) -> Effect:
    """One adjusted effect of the channel study."""
    given: dict[str, Any] = {
        "design": "before_after", "estimand": "channel_effect", "treated": "social", "comparison": "other_channels",
        "scale": "ratio", "grade": "B" if value is not None else "D", "claim": "A claim.", "checks": CHECKS,
        "index_from": "2025-07", "index_to": "2026-03", "before_months": 6, "after_months": 6,
    }  # fmt: skip
    numbers = more.pop("numbers", {})
    given |= more
    if value is None:
        given.setdefault("reason", "12 contacted customers; each group needs 50.")
        return Effect(outcome=outcome, **given)
    made = estimate(outcome, value, low, high, **({"scale": given["scale"]} | numbers))
    return Effect(outcome=outcome, estimate=made, **given)


def naive(estimand: str, value: float, low: float, high: float) -> Effect:
    comparison = "before" if estimand == "naive_before_after" else "never_social"
    return effect("orders", value, low, high, estimand=estimand, comparison=comparison, grade="D", checks=())


def channel(**more: Any) -> Any:
    """A channel study: three outcomes on two scales, two kinds of segment, both raw figures."""
    effects = [
        effect("orders", 1.083, 1.041, 1.127),
        effect("orders", 0.21, 0.11, 0.31, scale="difference", numbers={"unit": "orders per customer"}),
        effect("revenue", 1.064, 1.012, 1.118),
        effect("margin", 1.052, 0.991, 1.117),
        effect("margin", 6.4, -1.1, 13.9, scale="difference", numbers={"unit": "EUR per customer"}),
        naive("naive_before_after", 0.87, 0.85, 0.89),
        naive("naive_user_gap", 1.62, 1.57, 1.67),
    ]
    segments = {
        "region": {"north": (1.11, 1.03, 1.19), "south": (1.05, 0.98, 1.13), "east": (1.19, 1.10, 1.29)},
        "product": {"mobile": (1.02, 0.95, 1.10), "broadband": (1.12, 1.04, 1.21), "tv": None},
    }
    for kind, values in segments.items():
        for name, numbers in values.items():
            effects.append(effect("orders", *(numbers or (None,)), segment={kind: name}))
    return SimpleNamespace(
        effects=tuple(effects), paths=paths_frame(), sample={"contacted": 2810, "comparison_customers": 9120}, notes=(),
        **more,
    )  # fmt: skip


def paths_frame() -> pd.DataFrame:
    months = np.arange(-6, 7)
    frames = []
    for group, lift, spread in (("comparison", 0.0, 0.008), ("contacted", 0.035, 0.016)):
        mean = 0.42 + 0.004 * np.sin(months) - 0.09 * (months == 0) - 0.03 * (months == -1) + lift * (months > 0)
        frames.append(
            pd.DataFrame({
                "outcome": "orders", "group": group, "month": months, "mean": mean, "low": mean - spread,
                "high": mean + spread, "unit": "orders per customer and month",
            })
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def experiment(**more: Any) -> Any:
    """The shape of the e-mail experiment: two arms, three outcomes in three units."""
    numbers = {
        "visit": ((0.0766, 0.0700, 0.0832), (0.0452, 0.0389, 0.0516), "visit per customer"),
        "conversion": ((0.0068, 0.0050, 0.0086), (0.0031, 0.0015, 0.0047), "conversion per customer"),
        "spend": ((0.770, 0.485, 1.054), (0.424, 0.169, 0.680), "USD per customer"),
    }
    effects = [
        effect(
            outcome, *values, design="ab_randomised", estimand="experiment_effect", treated=arm, comparison="No E-Mail",
            scale="difference", grade="A", index_from=None, index_to=None, before_months=None, after_months=None,
            checks=(Check(name="sample_ratio", verdict="passed", detail="p = 0.83", gate=True),),
            numbers={"unit": unit, "n_treated": 21307, "n_comparison": 21306, "method": "difference in means, Welch"},
        )
        for outcome, (mens, womens, unit) in numbers.items()
        for arm, values in (("Mens E-Mail", mens), ("Womens E-Mail", womens))
    ]  # fmt: skip
    arms = pd.DataFrame(
        {"experiment_id": "email", "arm": ["Mens E-Mail", "No E-Mail", "Womens E-Mail"],
         "customers": [21307, 21306, 21387], "expected_share": [1 / 3] * 3, "comparison": [False, True, False]}
    )  # fmt: skip
    return SimpleNamespace(effects=tuple(effects), arms=arms, notes=(), **more)


def quantiles(low: float | None, middle: float | None, high: float | None) -> Any:
    return SimpleNamespace(p5=low, p50=middle, p95=high, to_dict=lambda: {"p5": low, "p50": middle, "p95": high})


def case(mean: float = 1.24e6, spread: float = 0.75e6, **more: Any) -> Any:
    """A case of three years in euro."""
    draws = np.random.default_rng(7).normal(mean, spread, 20_000)
    low, middle, high = (float(q) for q in np.quantile(draws, [0.05, 0.5, 0.95]))
    later = [
        {"year": y, "benefits": 8.4e5, "costs": 2.6e5, "net": 5.8e5, "net_low": 8e4, "net_high": 1.09e6}
        for y in (1, 2, 3)
    ]
    start = {"year": 0, "benefits": 0.0, "costs": 1.8e5, "net": -1.8e5, "net_low": -1.8e5, "net_high": -1.8e5}
    benefit = SimpleNamespace(
        label="Margin gained or lost after a social contact", grade="C", gain_per_contact=6.4,
        contacts_per_year=131_000.0, contacts_source="parameters", per_year=quantiles(3.4e5, 8.4e5, 1.35e6),
        present_value=quantiles(8.4e5, 2.09e6, 3.36e6),
    )  # fmt: skip
    return SimpleNamespace(
        currency="EUR", years=3, discount_rate=0.10, npv=quantiles(low, middle, high), roi=quantiles(0.01, 1.5, 2.9),
        payback_months=quantiles(2.0, 3.7, None), probability_npv_positive=float((draws > 0).mean()),
        benefits=(benefit,),
        costs=(SimpleNamespace(line="agents", initial=0.0, per_year=2.1e5, source="costs"),
               SimpleNamespace(line="implementation", initial=1.8e5, per_year=5e4, source="parameters")),
        npv_share_by_grade={"A": 0.0, "B": 0.0, "C": 1.0, "D": 0.0, "E": 0.0},
        yearly=pd.DataFrame([start, *later]), draws=draws, **more,
    )  # fmt: skip


def accounts() -> dict[str, RowsUsed]:
    return {
        "orders": RowsUsed(read=120_400, kept=119_900, set_aside={"cancelled": 500}),
        "issues": RowsUsed(read=41_020, kept=41_020),
    }


def results() -> dict[str, Any]:
    """What `results.json` holds of all of the above."""
    made = case()
    return {
        "schema": "touchstone.results/1",
        "study": "2026q3",
        "period": {"start": "2026-07-01", "end": "2026-10-01", "timezone": "Europe/London"},
        "known_at": "2026-10-06T00:00:00Z",
        "rows": {name: account.to_dict() for name, account in accounts().items()},
        "metrics": [row.to_dict() for row in metrics().metrics],
        "effects": [row.to_dict() for row in (*channel().effects, *experiment().effects)],
        "roi": {
            "currency": "EUR", "years": 3, "discount_rate": 0.10, "npv": made.npv.to_dict(), "roi": made.roi.to_dict(),
            "payback_months": made.payback_months.to_dict(),
            "probability_npv_positive": made.probability_npv_positive, "benefits": [], "costs": [],
            "npv_share_by_grade": made.npv_share_by_grade,
        },
        "coverage": {"skipped": [{"step": "adoption", "reason": "this comparison is not built yet"}]},
        "provenance": {"inputs": {"orders": "sha256:" + "a" * 64}, "params": "sha256:" + "b" * 64, "code": "c" * 64,
                       "packages": {"pandas": "3.1.0"}},
    }  # fmt: skip


def executed(*shown: Any) -> nbformat.NotebookNode:
    """An executed notebook: texts become markdown cells, everything else a code cell that shows it."""
    cells = []
    for number, one in enumerate(shown, start=1):
        if isinstance(one, str):
            cells.append(nbformat.v4.new_markdown_cell(one))
            continue
        if hasattr(one, "_repr_mimebundle_"):
            data, metadata = one._repr_mimebundle_()
        elif hasattr(one, "_repr_html_"):
            data, metadata = {"text/html": one._repr_html_(), "text/plain": str(one)}, {}
        else:
            data, metadata = one, {}
        output = nbformat.v4.new_output("execute_result", data, execution_count=number, metadata=metadata)
        cells.append(nbformat.v4.new_code_cell("secret_code()", outputs=[output], execution_count=number))
    return nbformat.v4.new_notebook(cells=cells)


PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
    )
).decode()


# What the step that counts finds beside its figures, and the close of a month


def score(metric_id: str, label: str, values: Any, **more: Any) -> Score:
    """A figure on the scorecard: its last months, the last of them provisional unless said otherwise."""
    months = [str(Month.of("2026-09").plus(place - len(values) + 1)) for place in range(len(values))]
    state = more.get("state", "provisional")
    given: dict[str, Any] = {
        "area": "customer service", "version": 1, "basis": "action", "unit": "share", "direction": "higher",
        "period": months[-1], "value": values[-1], "state": state, "reason": None, "note": None, "target": None,
        "target_source": None, "weight": None, "marks": (),
        "trend": tuple(
            Point(month, value, state if month == months[-1] else "locked")
            for month, value in zip(months, values, strict=True)
        ),
    }  # fmt: skip
    return Score(metric=metric_id, label=label, **{**given, **more})


OUTAGE = date(2026, 7, 4)


def scorecard(**more: Any) -> Scorecard:
    """Three figures of two areas, one target met and one missed, four areas without a figure."""
    marks = (ScoredChange(OUTAGE, "incident", "Outage of broadband"),)
    scores = (
        score("response_rate", "Response rate", (0.55, 0.58, 0.6), basis="post", target=0.65,
              target_source="set by the team", weight=3.0, marks=marks),
        score("first_response_time_median", "First response time, median", (7200.0, 5400.0, 3600.0), basis="post",
              unit="seconds", direction="lower", target=5400.0, target_source="the desk's own promise, 2026-01",
              weight=1.0, marks=marks),
        score("orders_placed", "Orders", (2100, None, 2300), area="commerce", unit="orders", state="adjusted",
              note="Shown is 2026-09.", marks=marks),
    )  # fmt: skip
    part = scores[0].attainment or 0.0
    parts = (
        Part("response_rate", "Response rate", 3.0, 0.75, part, 0.75 * part),
        Part("first_response_time_median", "First response time, median", 1.0, 0.25, 1.0, 0.25),
    )
    without = dict.fromkeys(
        ("engagement and content", "advertising", "influencers", "listening"), "no figure of this area was chosen"
    )
    index = Index(parts, (LeftOut("csat", 1.0, "no answer in the period"),))
    return Scorecard(**{"month": Month.of("2026-09"), "scores": scores, "without": without, "index": index, **more})


def above(observed: int, expected: float, more: float, low: float, high: float) -> Excess:
    return Excess(observed=observed, expected=expected, above=more, low=low, high=high, level=0.95)


def incident(first: str, last: str, explained: str | None = None, **more: Any) -> Incident:
    """An incident, touched by few customers unless said otherwise."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    entry = (
        None
        if explained is None
        else Change(change_id="C1", kind="incident", description=explained, effective_on=begin, written="afterwards")
    )
    given: dict[str, Any] = {
        "product": None, "products": ("broadband",), "open_ended": False,
        "mentions": above(49, 13.0, 36.0, 27.0, 43.0),
        "impact": Impact(customers=None, authors=48, issues=None,
                         reasons={"customers": "fewer than 10", "issues": "table `issues`", "cost": "table `issues`"}),
    }  # fmt: skip
    return Incident(first=begin, last=end, explained_by=entry, **{**given, **more})


def incidents(*rows: Incident, **more: Any) -> IncidentsResult:
    """Sixty days of August and September, those of the incidents flagged."""
    rows = rows or (
        incident("2026-08-05", "2026-08-06"),
        incident("2026-09-02", "2026-09-02", "Outage of **broadband**", product="broadband",
                 impact=Impact(customers=44, authors=80, issues=above(230, 52.0, 178.0, 154.0, 199.0),
                               cost=(1143.9, 986.5, 1281.7), currency="EUR", cost_source="costs")),
    )  # fmt: skip
    days = [date(2026, 8, 1) + timedelta(days=place) for place in range(60)]
    flagged = [any(row.first <= day <= row.last for row in rows) for day in days]
    daily = pd.DataFrame(
        {"day": days, "observed": [30 if flag else 12 for flag in flagged], "expected": 12.0, "low": 6.0, "high": 19.0,
         "flagged": flagged}
    )  # fmt: skip
    return IncidentsResult(**{"incidents": rows, "daily": daily, "notes": ("Expected: the median.",), **more})


def programme(**more: Any) -> ProgrammeResult:
    """Two months before the start in March, two after it: by hand 30 / 20 and 12 / 24."""
    counts = {"2026-01": (16, 10), "2026-02": (14, 10), "2026-04": (7, 12), "2026-05": (5, 12)}

    def row(period: str, side: str, above: int, below: int) -> Metric:
        return metric("complaints_per_positive", period, above / below, numerator=above, denominator=below,
                      unit="ratio", segment={"programme": side})  # fmt: skip

    months = tuple(row(month, "before" if month < "2026-03" else "after", *pair) for month, pair in counts.items())
    given = {"before": row("2026-01/2026-02", "before", 30, 20), "after": row("2026-04/2026-05", "after", 12, 24)}
    return ProgrammeResult(**{**given, "months": months, "started_on": date(2026, 3, 9), "change_id": "C2", **more})


def stories(**more: Any) -> StoriesResult:
    """One case with consent, one without, a counter-example, and a table with hidden cells."""
    told = {"kind": "complaint", "answered": "within 15 minutes"}
    cells = [("yes", 40, 0.4), ("no", 60, 0.6), ("not known", None, None), ("all", 100, 1.0)]
    table = pd.DataFrame(
        [
            {"outcome": outcome, "kind": kind, "bought_again": again, "customers": number, "share": share}
            for outcome, kind in (("resolved", "complaint"), ("all", "all"))
            for again, number, share in cells
        ]
    ).astype({"customers": "Int64", "share": "Float64"})
    given: dict[str, Any] = {
        "rule": "The first 2 opening mentions.",
        "stories": (
            Story(role="story", outcome="resolved", consent=True, platform="x", link="https://example.com/1",
                  quote=f"Thanks! {HOSTILE}", **told),
            Story(role="story", outcome="resolved", consent=False, bought_again="yes", paraphrase="A router failed.",
                  **told),
        ),
        "counter_example": Story(role="counter_example", outcome="not resolved", consent=False, **told),
        "base_rates": (BaseRate(outcome="resolved", customers=100, observed=100, bought_again=40),
                       BaseRate(outcome="not resolved", customers=None, observed=None, bought_again=None)),
        "table": table,
        "notes": ("A customer counts once.",),
    }  # fmt: skip
    return StoriesResult(**{**given, **more})


def classifier(**more: Any) -> dict[str, Any]:
    """What results hold of estimated kinds: two kinds, of one month and of the whole period."""
    rows = [
        {"period": period, "kind": kind, "mentions": given + 10 * share, "low": given + 10 * share - 1,
         "high": given + 10 * share + 1, "labelled": given, "guessed": round(10 * share), "unlabelled": 10,
         "sample": 90, "naive_share": share, "corrected_share": share + 0.01, "corrected_low": share - 0.05,
         "corrected_high": share + 0.05}
        for period in ("2026-09", "2026-08/2026-09")
        for kind, given, share in (("inquiry", 40, 0.4), ("complaint", 60, 0.6))
    ]  # fmt: skip
    about = {
        "refused": None, "level": 0.95, "assumes": "Kinds are worded alike.", "notices": ["They differ in month."],
        "kinds": ["inquiry", "complaint"], "held_out": 100, "commonest": {"kind": "complaint", "accuracy": 0.6},
        "accuracy": {"value": 0.9, "low": 0.84, "high": 0.94}, "gain": {"value": 0.3, "low": 0.2, "high": 0.4},
        "matrix": [[35, 5], [5, 55]], "estimates": rows, "mix": {},
    }  # fmt: skip
    return {**about, **more}


CLOSED_AT = datetime(2026, 9, 6)


def entry(kind: Any, name: str, before: float | None, value: float | None, **more: Any) -> FigureEntry:
    """A line of the close of August."""
    segment = tuple(sorted(more.pop("segment", {}).items()))
    relative = (value - before) / before if value is not None and before else None
    key = Key(name, 1, more.pop("basis", "action"), segment, more.pop("period", "2026-07"))
    given: dict[str, Any] = {
        "close": 4, "numerator": None, "denominator": None, "unit": "mentions", "known_at": CLOSED_AT,
        "tables": ("mentions",), "inputs": "sha256:0", "before": before, "relative_change": relative,
    }  # fmt: skip
    return FigureEntry(kind=kind, key=key, value=value, **{**given, **more})


def month_close(**more: Any) -> MonthClose:
    """August, closed as the fourth month, with late news of July and a restated June."""
    figures = (
        entry("lock", "mentions", None, 177, period="2026-08"),
        entry("adjust", "mentions", 175, 180, material=True),
        entry("adjust", "mentions_by_kind", 44, 45, segment={"kind": HOSTILE}, material=True),
        entry("adjust", "csat", 0.5, 0.5, unit="share"),
        entry("adjust", "impressions", 9000, 9001, unit="impressions"),
        entry("restate", "mentions", 200, 160, period="2026-06", material=True, reason="a file was loaded twice"),
    )
    opening = CloseEntry(number=4, family="care", month=Month.of("2026-08"), known_at=CLOSED_AT, inputs={}, params="p",
                         code="c", package="0", entries=len(figures), reason="a file was loaded twice")  # fmt: skip
    waiting = (Waiting("repurchase_90d", Month.of("2026-08"), "90 days have not passed by 2026-08", 1),
               Waiting("repurchase_90d", Month.of("2026-07"), "90 days have not passed by 2026-08", 1))  # fmt: skip
    closing = Closing(month=Month.of("2026-08"), known_at=CLOSED_AT, entry=opening, figures=figures, waiting=waiting,
                      notices=tuple(_notice(one) for one in figures if one.material))  # fmt: skip
    months = tuple(Month.of(f"2026-0{number}") for number in (5, 6, 7, 8))
    aged = {(months[0], 0): 60, (months[0], 1): 30, (months[0], 2): 10, (months[1], 0): 50, (months[1], 1): 25,
            (months[1], 2): 9, (months[2], 0): 70, (months[2], 1): 33, (months[3], 0): 85}  # fmt: skip
    triangle = Triangle("click", months, aged, {("shared link", months[3]): 14}, {})
    rows = [(months[0], 100, 0.0, 0.0, math.inf, True), (months[1], 84, 0.0, 0.0, math.inf, False),
            (months[2], 103, 9.0, 2.0, 20.0, False), (months[3], 85, 60.0, 40.0, math.inf, False)]  # fmt: skip
    run_off = RunOff(
        kind="click", level=0.95, total_expected=69.0, total_se=9.0,
        months=tuple(MonthsRunOff(month=m, actual=a, expected=e, low=lo, high=hi, finished=f)
                     for m, a, e, lo, hi, f in rows),
    )  # fmt: skip
    lines = (("learned of after the month ended", 1), ("posts published 1 month before", 33),
             ("posts published 2 months before", 9), ("posts published 9 months before", 2),
             ("shared link", 14))  # fmt: skip
    given: dict[str, Any] = {
        "month": Month.of("2026-08"), "standing": "closed", "closing": closing,
        "ledger": SimpleNamespace(months=months, head="f" * 64, closes=(closing,)),
        "reported": (Reported(metric="mentions", version=1, month=Month.of("2026-08"), segment={}, unit="mentions",
                              locked=177, adjustments=(Booked(Month.of("2026-07"), 5),)),),
        "bridges": (Bridge(month=Month.of("2026-08"), kind="click", post=84, lines=lines, action=143),),
        "triangles": (triangle,), "run_offs": (run_off,),
        "notes": ("like: The run-off of `like` cannot be told.", "2026-09 is not over yet: it is provisional."),
    }  # fmt: skip
    return MonthClose(**{**given, **more})


def _notice(one: FigureEntry) -> Notice:
    kind = "restated" if one.kind == "restate" else "adjusted"
    return Notice(kind=kind, key=one.key, unit=one.unit, before=one.before, after=one.value, reason=one.reason)


def counted(**more: Any) -> Any:
    """What the step that counts hands over: every part by its name, and all of them as results."""
    parts = {
        "figures": metrics(), "scorecard": scorecard(), "incidents": incidents(), "programme": programme(),
        "stories": stories(), "kinds": SimpleNamespace(), "changes": (ScoredChange(OUTAGE, "incident", "Outage"),),
    } | more  # fmt: skip
    rows = [row.to_dict() for row in parts["figures"].metrics]
    whole = {
        "metrics": rows + parts["programme"].to_parts()["metrics"],
        **parts["scorecard"].to_parts(), **parts["incidents"].to_parts(), **parts["stories"].to_parts(),
        "coverage": {"areas": AREAS_COVERED, **({} if parts["kinds"] is None else {"classifier": classifier()})},
    }  # fmt: skip
    return SimpleNamespace(
        **parts, metrics=parts["figures"].metrics, missing=parts["figures"].missing, to_parts=lambda: whole
    )


AREAS_COVERED = {
    "customer service": {"counted": ["mentions", "csat"], "refused": {"nps": "no answer in the period"},
                         "missing": {"backlog": "table `issues`", "issues_raised": "table `issues`"}, "why_none": None},
    "engagement and content": {"counted": [], "refused": {}, "missing": {"impressions": "table `posts`"},
                               "why_none": None},
    "commerce": {"counted": ["orders_placed"], "refused": {}, "missing": {}, "why_none": None},
    "advertising": {"counted": [], "refused": {}, "missing": {"ad_spend": "table `ads`"}, "why_none": None},
    "influencers": {"counted": [], "refused": {}, "missing": {}, "why_none": "no table of the contract holds creators"},
    "listening": {"counted": [], "refused": {}, "missing": {}, "why_none": None},
}  # fmt: skip
