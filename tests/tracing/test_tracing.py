"""Does tracing do what it is for? By hand, on results of a few numbers: what leads to them, and what does not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.tracing.heard import heard
from tests.tracing.leaves import Leaves
from tests.tracing.shown import Unit, numbers, units_of_page
from tests.tracing.traces import Traces, noticed

RESULTS = {
    "period": {"start": "2026-07-01", "end": "2026-10-01"},
    "effects": [
        {"outcome": "orders", "scale": "ratio", "value": 1.083215, "low": 1.041127, "high": 1.127341, "claim":
         "Drawn again 999 times, 4.7 % lie outside."},
        {"outcome": "orders", "scale": "ratio", "value": 1.254871, "low": 1.21, "high": 1.29},
    ],
    "rows": {"orders": {"read": 1204, "kept": 1187}},
    "metrics": [
        {"id": "answered", "basis": "post", "period": "2026-08", "segment": {}, "unit": "share", "value": 0.7106,
         "numerator": 297, "denominator": 418},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (1.083215, "value"), (108.3215, "percent"), (0.083215, "change"), (8.3215, "percent of change"),
        (1187 / 1204, "share of counts"), (1.127341 - 1.041127, "worked out"), (999, "value"), (4.7, "value"),
        (1.254871 / 1.083215, "worked out"), ("2026-09-30", "day"), ("2026-08", "day"),
        (1.0833, None), (83.21, None), (0.987, None), ("2025-03", None), (float("nan"), None), (None, None),
    ],
)  # fmt: skip
def test_a_value_leads_to_the_results_or_nowhere(value, why):
    assert Leaves(RESULTS).why(value) == why


def test_wilsons_interval_is_the_one_scipy_gives():
    from scipy.stats import binomtest

    found = binomtest(297, 418).proportion_ci(0.95, method="wilson")
    assert {Leaves(RESULTS).why(found.low), Leaves(RESULTS).why(found.high)} == {"worked out"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("8.3 % more (4.1 to 12.7)", ["8.3", "4.1", "12.7"]),
        ("€1,204,500.50 of (0, 1, 2) and −12", ["1,204,500.50", "0", "1", "2", "12"]),
        ("CH002 on 2026-08-01 at 23:00, sha256:12ab, v1.2.3, 90-day", []),
    ],
)
def test_numbers_are_read_and_names_are_not(text, found):
    assert [number for _, _, number in numbers(text)] == found


@pytest.fixture
def page(tmp_path):
    """A page with one table of two rows, and what was overheard while it was made."""
    said = [
        {"said": "8.3\xa0%", "of": 0.083215}, {"said": "12.7\xa0%", "of": 0.127341}, {"said": "66.6\xa0%", "of": 0.666},
        {"said": "1,187", "of": 1187}, {"table": "What was found"},
        {"said": "1,204", "of": 1204}, {"said": "August 2026", "of": "2026-08"},
        {"chart": "A bridge", "columns": ["from", "to"],
         "rows": [[0.0, 1187.0], [1187.0, 1187.0 + 1204.0], [5.5, 9.25]]},
    ]  # fmt: skip
    (tmp_path / "1.jsonl").write_text("\n".join(json.dumps(one) for one in said), encoding="utf-8")
    (tmp_path / "page.html").write_text(
        "<body><h1>Orders in August 2026</h1><p>Of 1,204 rows, 4,321 were lost; drawn again 999 times.</p><table>"
        "<caption>What was found</caption><tr><th>Orders</th><td>8.3 % (12.7 %)</td></tr>"
        "<tr><th>Rows</th><td>1,187</td></tr><tr><th>Made up</th><td>66.6 %</td></tr>"
        "<tr><th>Again</th><td>8.3 %</td></tr></table>"
        "<table><caption>Figures behind “A bridge”</caption><tr><td>1,187</td><td>2,391</td><td>9.25</td></tr></table>",
        encoding="utf-8",
    )
    leaves = Leaves(RESULTS)
    return Traces(leaves, heard(tmp_path, leaves)).page(list(units_of_page(tmp_path / "page.html")))


def test_what_was_made_up_is_lost_and_what_was_said_too_often(page):
    lost = sorted((lost.number, lost.under) for lost in page.lost())
    assert lost == [
        ("4,321", ""), ("66.6", "What was found"), ("8.3", "What was found"), ("8.3", "What was found"),
        ("9.25", "Figures behind “A bridge”"),
    ]  # fmt: skip


def test_a_number_put_in_by_hand_is_noticed(page):
    rows = [place for place, unit in enumerate(page.units) if "1,187" in unit.text and unit.under == "What was found"]
    assert page.lost_in(rows[0]) == []
    assert [one.number for one in page.lost_in(rows[0], Unit("Rows | 1,178", "What was found", "row"))] == ["1,178"]
    found, planted = noticed(page, np.random.default_rng(0), plants=50)
    assert found >= 0.9 * planted
