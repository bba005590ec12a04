"""A case in money for the tests of its pages: the real arithmetic on made-up effects and parameters, without tables.

What only tables can tell (the books, customer-months of two lines, totals of the period) is put in by hand.
"""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

from analysis.roi.case import RoiCase, roi_case
from analysis.roi.decision import DecisionRequest
from analysis.roi.lines.cancel_save import CancelSaveRequest
from analysis.roi.lines.induced_demand import InducedDemandRequest
from analysis.roi.lines.issues_avoided import IssuesAvoidedRequest
from analysis.roi.lines.programme_costs import StatedCost
from analysis.roi.request import RoiRequest
from analysis.roi.stated import Stated
from analysis.roi.unit_costs import StatedUnitCost
from tests.roi.small_tables import effect

MARGIN = effect(
    value=10.0, se=2.0, n_treated=2400, index_from="2024-01", index_to="2025-12", grade="B", after_months=6, low=6.1,
    high=13.9, reason=None,
)  # fmt: skip
ISSUES = MARGIN | {
    "outcome": "issues", "value": -0.05, "se": 0.01, "low": -0.07, "high": -0.03, "unit": "issues per customer",
    "grade": "C",
}  # fmt: skip


def stated(value: float, low: float, high: float) -> Stated:
    return Stated(value=value, low=low, high=high, source="plan of the ledger team", dated="2026-09-15")


def planted(*effects: dict[str, Any], **changes: Any) -> RoiCase:
    """Repurchase, issues avoided with time set free, a saved customer, and costs, over three years."""
    given: dict[str, Any] = {
        "currency": "EUR",
        "cost_lines": (
            StatedCost(line="agents", per_year=Stated.of(6000.0)),
            StatedCost(line="implementation", initial=Stated.of(5000.0)),
        ),
        "issues_avoided": IssuesAvoidedRequest(cost_per_issue=Stated.of(8.0)),
        "cashable": {"issues_avoided": stated(0.5, 0.2, 0.7)},
        "induced_demand": InducedDemandRequest(extra_contacts_per_contact=stated(0.05, 0.0, 0.15)),
        "unit_costs": (StatedUnitCost(channel="social", marginal=Stated.of(2.41), average=3.86),),
        "cancel_save": CancelSaveRequest(
            baseline_save_rate=stated(0.5, 0.3, 0.7),
            attempts_per_year=Stated.of(40.0),
            save_rate=Stated.of(0.8),
            monthly_margin=Stated.of(10.0),
            staying=Stated.of(0.9),
        ),
        "owners": {"repurchase": "head of customer value"},
        "fiscal_quarters": {"repurchase": "2027-Q2"},
        "also_claimed_by": {"repurchase": ("retention campaign",)},
        "decision": DecisionRequest(agent_hours_per_year=450.0),
        "draws": 4_000,
        "seed": 3,
    }
    return roi_case(RoiRequest(**(given | changes)), effects or (MARGIN, ISSUES))


@cache
def case() -> RoiCase:
    """The planted case, made once."""
    return planted()


def results(**roi: Any) -> dict[str, Any]:
    """What `results.json` holds of it, with parts of `roi` put in by hand."""
    parts = deepcopy(case().to_parts())
    parts["roi"] |= roi
    return parts


BOOKS = {
    "series": "general_ledger", "from": "2025-11", "to": "2026-02", "model": 930.0, "ledger": 1000.0, "currency": "EUR",
    "difference": -70.0, "share": -0.07, "tolerance": 0.05, "tied_out": False, "without_cost": 3, "said": "",
    "by_month": [
        {"month": "2025-11", "model": 200.0, "ledger": 250.0}, {"month": "2025-12", "model": 230.0, "ledger": 250.0},
        {"month": "2026-01", "model": 250.0, "ledger": 250.0}, {"month": "2026-02", "model": 250.0, "ledger": 250.0},
    ],
}  # fmt: skip

PAIRS = {
    "pairs": [
        {"earlier": "repurchase", "later": "cancel_save", "purse": "margin", "verdict": "shared", "share": 0.25,
         "months_both": 50, "months_later": 200, "reason": "the 12 months after a save against months 1 to 6"},
        {"earlier": "repurchase", "later": "issues_avoided", "purse": "margin", "verdict": "apart", "share": 0.0,
         "months_both": None, "months_later": None, "reason": "issues_avoided: its customers are others"},
        {"earlier": "issues_avoided", "later": "cancel_save", "purse": "margin", "verdict": "not told", "share": None,
         "months_both": None, "months_later": None, "reason": "no table tells whose money `cancel_save` is"},
    ],
    "taken_off": {"cancel_save": 0.25},
}  # fmt: skip


def promise(**changes: Any) -> dict[str, Any]:
    """A promise of four quarters, three of them closed, as `results.json` holds it."""

    def period(name: str, came: float | None, forecast: dict[str, Any] | None = None) -> dict[str, Any]:
        return {
            "period": name,
            "promised": {"value": 7900.0, "low": 5000.0, "high": 10800.0},
            "forecast": forecast,
            "achieved": {"value": came},
        }

    expected = {"dated": "2026-07-01", "value": 6500.0, "low": 4200.0, "high": 8800.0}
    row = {
        "id": "repurchase", "description": "Margin gained after a social contact", "owner": "head of customer value",
        "kind": "margin", "unit": "EUR", "grade": "B", "level": 0.9, "status": "below", "better": "higher",
        "periods": [
            period("2026q1", 5200.0), period("2026q2", 4100.0), period("2026q3", 3900.0),
            period("2026q4", None, expected),
        ],
        "to_date": {
            "first": "2026q1", "last": "2026q3", "periods": 3, "low": 15000.0, "high": 32400.0,
            "variance": {"promised": 23700.0, "timing": 0.0, "volume": -2200.0, "rate": -8300.0, "price": 0.0,
                         "definition": None, "achieved": 13200.0, "shift": 0, "order": [],
                         "not_known": {"definition": "no figure by the new definition"}},
        },
        "leading": [
            {"metric": "response_rate", "version": 1, "segment": {}, "unit": "share", "at_least": 0.9, "at_most": None,
             "by": "2026-06-30", "verdict": "breached", "value": 0.84, "month": "2026-08", "detail": ""}
        ],
        "breaches": [],
    }  # fmt: skip
    return row | changes
