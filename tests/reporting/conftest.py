"""Small made-up results for the tests of this floor: the shapes are those of the studies, the numbers are not."""

from __future__ import annotations

import base64
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest

from analysis.inference.estimate import Estimate, RowsUsed
from analysis.metrics.compute import Metric
from analysis.studies.result import Check, Effect

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
        label="Margin from customers who bought more after a social contact", grade="C", gain_per_contact=6.4,
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
