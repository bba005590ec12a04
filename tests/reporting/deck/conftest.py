"""Cases for the slides: one that gains, one that loses, one of weak evidence, one with many lines and hostile names."""

from __future__ import annotations

import copy
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest

from analysis.roi.case import RoiCase, roi_case
from analysis.roi.lines.issues_avoided import IssuesAvoidedRequest
from analysis.roi.lines.programme_costs import StatedCost
from analysis.roi.request import RoiRequest
from analysis.roi.stated import Stated
from tests.roi.small_tables import effect

HOSTILE = (
    '=HYPERLINK("http://x.example";"gain") <script>alert(1)</script> \x07\x1b\u202e www.x.example @cmd {0} %s '
    "ÄÖÜ 客户服务 "
)
LONG = "Donaudampfschifffahrtsgesellschaftskapitaen" * 5


def margin(value: float = 10.0, grade: str = "B") -> dict[str, Any]:
    return effect(
        value=value, se=2.0, n_treated=2400, index_from="2024-01", index_to="2025-12", grade=grade, after_months=6,
        low=value - 3.9, high=value + 3.9, level=0.95, reason=None,
    )  # fmt: skip


def issues(value: float = -0.05) -> dict[str, Any]:
    return margin() | {
        "outcome": "issues", "value": value, "se": 0.01, "low": value - 0.02, "high": value + 0.02,
        "unit": "issues per customer", "grade": "C",
    }  # fmt: skip


def made_case(value: float = 10.0, years: int = 3, **changes: Any) -> RoiCase:
    """1,200 contacts a year at a margin of `value` each, fewer issues, and costs of people and of the beginning."""
    given: dict[str, Any] = {
        "currency": "EUR", "draws": 5_000, "seed": 3, "years": years,
        "cost_lines": (
            StatedCost(line="agents", per_year=Stated.of(6000.0)),
            StatedCost(line="implementation", initial=Stated.of(5000.0)),
        ),
        "issues_avoided": IssuesAvoidedRequest(cost_per_issue=Stated.of(8.0)),
        "cashable": {
            "issues_avoided": Stated(
                value=0.5, low=0.2, high=0.7, shape="triangular", source="plan", dated="2026-01-31"
            )
        },
        "owners": {"repurchase": "head of customer value"},
    }  # fmt: skip
    return roi_case(RoiRequest(**(given | changes)), [margin(value), issues()])


@cache
def gaining() -> RoiCase:
    return made_case()


@cache
def losing() -> RoiCase:
    return made_case(2.0)


@cache
def many_years() -> RoiCase:
    return made_case(8_000_000.0, years=10)


def results_of(case: RoiCase, value: float = 10.0, **more: Any) -> dict[str, Any]:
    """As much of results as the slides read; `value` is the margin of the case."""
    rows = [margin(value), issues()]
    given = {"study": "trial", "known_at": "2026-10-01T00:00:00Z", "metrics": [{"state": "provisional"}]}
    given |= {"effects": rows, "promises": [], **case.to_parts()}
    return copy.deepcopy(given | more)


def promise(name: str, status: str, came: tuple[float | None, ...] = (None, None, None, None)) -> dict[str, Any]:
    """A promise of four quarters, of which some have come."""
    closed = [one for one in came if one is not None]
    to_date = None
    if closed:
        total = 2000.0 * len(closed)
        split = {"promised": total, "achieved": sum(closed)}
        to_date = {"first": "2026q1", "last": f"2026q{len(closed)}", "periods": len(closed), "low": 0.4 * total,
                   "high": 1.6 * total, "variance": split}  # fmt: skip
    periods = [
        {"period": f"2026q{number}", "promised": {"value": 2000.0, "low": 800.0, "high": 3200.0}, "forecast": None,
         "achieved": {"value": value}}
        for number, value in enumerate(came, start=1)
    ]  # fmt: skip
    return {"id": name, "description": f"Promise {name}", "owner": "Ada Okafor", "status": status, "unit": "EUR",
            "grade": "C", "level": 0.9, "leading": [], "to_date": to_date, "periods": periods}  # fmt: skip


def hostile(lines: int = 12) -> dict[str, Any]:
    """Results in which every text that comes from data is hostile or long, with many lines of benefits and costs."""
    found = results_of(gaining(), study=HOSTILE + LONG)
    case = found["roi"]
    for table in ("tei", "tei_adjusted"):
        rows = case[table]["rows"]
        for side in ("benefit", "cost"):
            first = next(row for row in rows if row["side"] == side and row["counted"])
            rows += [
                {**first, "id": f"{side}{number}", "label": f"{number} {HOSTILE}{LONG}"} for number in range(lines)
            ]
            first["label"] = LONG
    for key in ("benefits", "tornado", "inputs", "break_even", "costs"):
        case[key] = [{**row, "label": f"{HOSTILE}{LONG} {number}"} for number, row in enumerate(case[key] * 4)]
    case["decision"]["lines"] = [
        {**row, "id": f"line{number}", "label": HOSTILE + LONG, "owner": LONG, "fiscal_quarter": LONG}
        for number, row in enumerate(case["decision"]["lines"] * lines)
    ]
    case["decision"]["also_claimed_by"] = [LONG, HOSTILE] * lines
    case["not_counted"] = [
        {"line": f"line{number}", "label": HOSTILE + LONG, "reason": LONG, "parameter": LONG} for number in range(lines)
    ]
    case["notes"] = [HOSTILE + LONG] * lines
    known = case["value_of_information"]
    known["everything"] = 1000.0
    known["by_input"] = [{**row, "name": f"n{at}", "label": HOSTILE + LONG, "value": 10.0 + at}
                         for at, row in enumerate(known["by_input"] * 4)]  # fmt: skip
    found["promises"] = [
        promise(f"p{number}", "below", (100.0, None, None, None)) | {"description": HOSTILE + LONG, "owner": LONG}
        for number in range(lines)
    ]
    return found


@pytest.fixture(scope="session")
def cases() -> SimpleNamespace:
    """What the tests of the slides make them of."""
    return SimpleNamespace(
        gaining=gaining, losing=losing, many_years=many_years, results_of=results_of, promise=promise, hostile=hostile,
        made_case=made_case, HOSTILE=HOSTILE, LONG=LONG,
    )  # fmt: skip
