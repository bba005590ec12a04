"""What the programme costs: stated, from the table, or both; people are never forgotten."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.foundation.errors import DesignError
from analysis.roi.built import Built
from analysis.roi.lines.programme_costs import StatedCost, programme_cost_lines
from analysis.roi.rates import Rate, Rates
from analysis.roi.spread import Triangular
from analysis.roi.stated import Stated
from tests.roi.small_tables import opened

S = Stated.of
EURO = Rates("EUR")


def costs(*rows: tuple[str, str, float], currency: str = "EUR") -> dict[str, pd.DataFrame]:
    frame = pd.DataFrame(rows, columns=["line", "month", "amount"]).assign(currency=currency)
    return {"costs": frame.assign(cost_id=range(len(frame)))}


def yearly(line: str, amount: float) -> list[tuple[str, str, float]]:
    return [(line, f"2025-{month:02d}-01", amount) for month in range(1, 13)]


def told(built: Built) -> dict[str, tuple[float, float]]:
    """By line: at the start and in the first year."""
    base = {one.name: one.base for one in built.quantities}
    return {line.id: tuple(float(one.value(base)) for one in line.by_year[:2]) for line in built.lines}  # type: ignore[misc]


def test_from_the_table(tmp_path) -> None:
    """Implementation in full at the start; agents at the mean of the last twelve of 18 months: 12 × 200."""
    months = pd.date_range("2025-01-01", periods=18, freq="MS").strftime("%Y-%m-%d")
    rows = [("agents", month, 100 if place < 6 else 200) for place, month in enumerate(months)]
    rows += [("implementation", months[0], 700), ("implementation", months[1], 300)]
    with opened(tmp_path, costs(*rows)) as tables:
        built = programme_cost_lines([], tables, EURO, 2)
    assert told(built) == {"agents": (0, 2400), "implementation": (1000, 0)}
    assert {one.source for one in built.quantities} == {
        "table costs, mean of the last 12 months", "table costs, all months",
    }  # fmt: skip
    assert all(line.side == "cost" and line.grade is None for line in built.lines)


@pytest.mark.parametrize("paid", ["2024-12-01", "2026-08-01"])
def test_implementation_long_before_or_after_stretches_no_year(tmp_path, paid: str) -> None:
    """Three months of agents at 1,000 are 12,000 a year, whenever implementation was paid."""
    rows = [("agents", f"2025-{month}-01", 1000.0) for month in (10, 11, 12)]
    with opened(tmp_path, costs(*rows, ("implementation", paid, 9000.0))) as tables:
        built = programme_cost_lines([], tables, EURO, 1)
    assert told(built) == {"agents": (0, 12_000), "implementation": (9000, 0)}
    assert "table costs, mean of the last 3 months" in {one.source for one in built.quantities}


def test_costs_count_in_their_month_whatever_the_day(tmp_path) -> None:
    """Agents on the 1st and tools on the 28th, every month of a year; a line booked by quarter counts in full."""
    rows = yearly("agents", 1000)
    rows += [("tools", f"2025-{month:02d}-28", 500) for month in range(1, 13)]
    rows += [("training", f"2025-{month:02d}-15", 3000) for month in (2, 5, 8, 11)]
    with opened(tmp_path, costs(*rows)) as tables:
        found = told(programme_cost_lines([], tables, EURO, 1))
    assert found == {"agents": (0, 12_000), "tools": (0, 6_000), "training": (0, 12_000)}


def test_a_stated_line_stands_in_place_of_its_own_alone(tmp_path) -> None:
    """Stating agents must not drop tools: the case would look better than it is."""
    stated = [StatedCost(line="agents", per_year=S(5000.0), initial=S(100.0))]
    with opened(tmp_path, costs(*yearly("agents", 1000), *yearly("tools", 500))) as tables:
        both = told(programme_cost_lines(stated, tables, EURO, 1))
        dropped = told(programme_cost_lines([*stated, StatedCost(line="tools")], tables, EURO, 1))
    assert both == {"agents": (100, 5000), "tools": (0, 6000)}
    assert dropped == {"agents": (100, 5000), "tools": (0, 0)}
    assert told(programme_cost_lines(stated, None, EURO, 1)) == {"agents": (100, 5000)}


def test_a_range_an_owner_and_a_date_are_kept() -> None:
    said = Stated(value=100, low=80, high=150, source="HR", dated="2026-03-01")
    built = programme_cost_lines([StatedCost(line="agents", per_year=said, owner="Ada")], None, EURO, 1)
    (quantity,) = built.quantities
    assert (quantity.spread, quantity.source, quantity.dated) == (Triangular(80, 100, 150), "HR", "2026-03-01")
    assert built.lines[0].owner == "Ada"


def test_a_programme_without_people_is_refused_unless_they_are_stated_as_nothing(tmp_path) -> None:
    with opened(tmp_path, costs(*yearly("tools", 500))) as tables:
        with pytest.raises(DesignError, match=r"costs are `tools`, and nobody.*`roi.cost_lines.agents`"):
            programme_cost_lines([], tables, EURO, 1)
        found = told(programme_cost_lines([StatedCost(line="agents")], tables, EURO, 1))
    assert found == {"agents": (0, 0), "tools": (0, 6000)}
    with pytest.raises(DesignError, match=r"`roi.cost_lines.agents`"):
        programme_cost_lines([StatedCost(line="tools", per_year=S(5.0))], None, EURO, 1)


def test_a_line_of_credits_is_refused_by_name(tmp_path) -> None:
    with (
        opened(tmp_path, costs(*yearly("agents", 10), ("goodwill", "2025-01-01", -5))) as tables,
        pytest.raises(DesignError, match="`goodwill` adds up to less than nothing"),
    ):
        programme_cost_lines([], tables, EURO, 1)


def test_another_currency_needs_a_rate(tmp_path) -> None:
    """20 USD a month at 0.5: 10 EUR a month; and 10 USD a year of stated tools."""
    stated = [StatedCost(line="tools", per_year=S(10.0), currency="USD")]
    with opened(tmp_path, costs(*yearly("agents", 20), currency="USD")) as tables:
        with pytest.raises(DesignError, match=r"`costs` are in USD, the case in EUR, and `roi.rates.USD`"):
            programme_cost_lines([], tables, EURO, 1)
        rates = Rates("EUR", {"USD": Rate(rate=0.5, source="bank", dated="2026-01-01")})
        built = programme_cost_lines(stated, tables, rates, 1)
    assert told(built) == {"agents": (0, 120), "tools": (0, 5)}
    assert all("0.5 EUR per USD (bank, 2026-01-01)" in one.source for one in built.quantities)
    with pytest.raises(DesignError, match=r"`roi.cost_lines.tools` states are in USD"):
        programme_cost_lines(stated, None, EURO, 1)


def test_no_costs_no_case() -> None:
    with pytest.raises(DesignError, match="A case without costs is no case"):
        programme_cost_lines([], None, EURO, 1)


def test_a_line_stated_twice_and_a_cost_below_nothing() -> None:
    with pytest.raises(DesignError, match="states a line twice"):
        programme_cost_lines([StatedCost(line="agents"), StatedCost(line="agents")], None, EURO, 1)
    with pytest.raises(ValueError, match=r"`roi.cost_lines.agents.per_year` is 0 or more"):
        StatedCost(line="agents", per_year=S(-1.0))
