"""Support cost beside the ledger: sums by hand, the tolerance, and what cannot be compared."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.foundation.errors import DesignError, UnknownName
from analysis.roi.rates import Rate, Rates
from analysis.roi.tie_out import TieOutRequest, tie_out
from tests.roi.small_tables import company, opened

EURO = Rates("EUR")
BOOKS = TieOutRequest(series="support")


def ledger(issues: pd.DataFrame, factor: float = 1.0, months: int = 24) -> pd.DataFrame:
    starts = pd.date_range("2025-01-01", periods=months, freq="MS")
    spent = issues.groupby(issues["opened_at"].dt.to_period("M"))["cost"].sum()
    return pd.DataFrame(
        {
            "series_id": "support",
            "period_start": starts.strftime("%Y-%m-%d"),
            "period_end": (starts + pd.offsets.MonthEnd()).strftime("%Y-%m-%d"),
            "value": [round(factor * spent[start.to_period("M")], 2) for start in starts],
            "unit": "EUR",
        }
    )


def test_the_same_books_tie_out_to_the_cent_unknown_customers_included(tmp_path) -> None:
    issues = company()["issues"]
    with opened(tmp_path, {"issues": issues, "series": ledger(issues)}) as tables:
        found = tie_out(BOOKS, tables, EURO)
    assert found.model == pytest.approx(issues["cost"].sum(), abs=0.005)
    assert found.ledger == pytest.approx(issues["cost"].sum(), abs=0.2)
    assert found.tied_out
    assert (found.first, found.last, len(found.by_month)) == ("2025-01", "2026-12", 24)
    assert found.to_dict()["tied_out"] is True


@pytest.mark.parametrize(("factor", "tied"), [(1.04, True), (1.06, False), (0.96, True), (0.94, False)])
def test_the_tolerance_is_five_per_cent_of_the_ledger(tmp_path, factor: float, tied: bool) -> None:
    issues = company()["issues"]
    with opened(tmp_path, {"issues": issues, "series": ledger(issues, factor)}) as tables:
        found = tie_out(BOOKS, tables, EURO)
    assert found.tied_out is tied
    assert found.share == pytest.approx(1 / factor - 1, abs=1e-4)
    assert ("within" in found.said) is tied


def test_only_months_that_both_cover(tmp_path) -> None:
    issues = company()["issues"]
    with opened(tmp_path, {"issues": issues, "series": ledger(issues, months=5)}) as tables:
        found = tie_out(BOOKS, tables, EURO)
    assert (found.first, found.last) == ("2025-01", "2025-05")
    assert found.model == pytest.approx(issues.loc[issues["opened_at"] < "2025-06-01", "cost"].sum())


def test_rows_without_a_cost_are_counted_and_told(tmp_path) -> None:
    issues = company()["issues"]
    short = issues.assign(cost=issues["cost"].where(issues["channel"] != "chat"))
    with opened(tmp_path, {"issues": short, "series": ledger(issues)}) as tables:
        found = tie_out(BOOKS, tables, EURO)
    assert found.without_cost == (issues["channel"] == "chat").sum()
    assert "carry no cost" in found.said
    assert not found.tied_out


def test_a_ledger_in_another_currency(tmp_path) -> None:
    issues = company()["issues"]
    with opened(tmp_path, {"issues": issues, "series": ledger(issues, 2.0).assign(unit="USD")}) as tables:
        with pytest.raises(DesignError, match=r"Values of the series `support` are in USD.*`roi.rates.USD`"):
            tie_out(BOOKS, tables, EURO)
        rates = Rates("EUR", {"USD": Rate(rate=0.5, source="bank", dated="2026-01-01")})
        assert tie_out(BOOKS, tables, rates).share == pytest.approx(0, abs=1e-4)


def test_what_cannot_be_compared(tmp_path) -> None:
    issues = company()["issues"]
    weekly = ledger(issues).assign(period_end=lambda frame: frame["period_start"])
    with opened(tmp_path, {"issues": issues, "series": weekly}) as tables:
        with pytest.raises(UnknownName, match="Did you mean `support`"):
            tie_out(TieOutRequest(series="suport"), tables, EURO)
        with pytest.raises(DesignError, match="not by month"):
            tie_out(BOOKS, tables, EURO)
    with pytest.raises(DesignError, match="no table `series`"):
        tie_out(BOOKS, None, EURO)
    with pytest.raises(ValueError, match=r"`roi.ledger.tolerance`"):
        TieOutRequest(series="x", tolerance=2.0)


def test_no_month_in_common(tmp_path) -> None:
    issues = company()["issues"]
    late = ledger(issues).head(1).assign(period_start="2031-01-01", period_end="2031-01-31")
    with (
        opened(tmp_path, {"issues": issues, "series": late}) as tables,
        pytest.raises(DesignError, match="no complete month in common"),
    ):
        tie_out(BOOKS, tables, EURO)
