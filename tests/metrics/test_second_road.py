"""Two roads to every metric: what the engine counts is what plain pandas counts from the words of the catalogue.

The second road knows the tables and the formulas in words, not the code. Four companies are counted on both: a whole
one; a frayed one in another zone, with rare things in it; one whose issues bear no cost of their own; and stretches
that the tables do not reach, in part or at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from analysis.foundation.calendar import Month, months_between
from analysis.foundation.schedule import WEEKDAYS, Schedule, Timetable, hours_of
from analysis.metrics.catalogue import definitions
from analysis.metrics.compute import COUNTS, care_metrics
from analysis.metrics.counter import Rules
from analysis.metrics.figure import Metric
from analysis.synthetic.make import make_world
from analysis.tables.load import Source, open_tables, prepare
from tests.metrics.second_road import RECOUNTS, TOLD_BY, Company, Figures, Stretch, recount
from tests.metrics.second_road.frayed import fray

TOLERANCE = 1e-9  # both roads divide exact sums once, so that only the last digits of a float may differ
LONDON, NEW_YORK = "Europe/London", "America/New_York"
Key = tuple[str, str, str]
WEEK = dict.fromkeys(WEEKDAYS[:5], hours_of("09:00-12:00, 13:00-17:30"))
CLOSED = frozenset({date(2024, 12, 25), date(2025, 12, 25), date(2026, 7, 1)})
SATURDAYS = {"sat": hours_of("10:00-14:00"), "sun": hours_of("00:00-04:00, 23:00-24:00")}
SCHEDULE = Schedule(
    (
        Timetable(timezone="America/Toronto", hours=WEEK, closed=CLOSED),
        Timetable(since=date(2025, 3, 1), timezone="America/Toronto", hours=WEEK | SATURDAYS, closed=CLOSED),
    )
)


@dataclass(frozen=True)
class Roads:
    """A company and what the first road counted of it, by metric, stretch, and basis or group."""

    company: Company
    first: Mapping[Key, Metric]
    stretches: tuple[Stretch, ...]


def roads(folder: Path, cache: Path, zone: str, first: str, last: str, looked_at: str) -> Roads:
    with open_tables(prepare([Source(folder)], cache=cache, zone=zone)) as tables:
        months = months_between(Month.of(first), Month.of(last))
        result = care_metrics(tables, months=months, zone=zone, rules=Rules(schedule=SCHEDULE))
    assert not result.missing
    found: dict[Key, Metric] = {}
    for row in result.metrics:
        group = row.basis if definitions()[row.id].basis == "both" else next(iter(row.segment.values()), "")
        key = row.id, "whole" if row.period == result.whole else row.period, group
        assert key not in found, f"two figures of {key}"
        found[key] = row
    company = Company(folder, zone=zone, first=first, last=last)
    asked = [month for month in company.months if month.label in looked_at.split()]
    assert len(asked) == len(looked_at.split())
    return Roads(company, found, (*asked, company.whole))


@pytest.fixture(scope="session")
def walked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Roads]:
    place = tmp_path_factory.mktemp("second_road")
    whole = place / "whole"
    make_world(whole, world="demo", seed=5, customers=600)
    frayed = fray(whole, place / "frayed")
    costless = fray(whole, place / "costless", issues_bear_costs=False)
    cache = place / "cache"
    return {
        "whole": roads(whole, cache, LONDON, "2023-10", "2026-09", "2023-10 2025-11 2026-08 2026-09"),
        "frayed": roads(frayed, cache, NEW_YORK, "2024-01", "2026-06", "2024-01 2025-03 2025-05 2025-11 2026-06"),
        "costless": roads(costless, cache, LONDON, "2025-02", "2026-09", "2025-03 2025-11 2026-09"),
        "beyond": roads(whole, cache, LONDON, "2026-08", "2026-11", "2026-09 2026-10 2026-11"),
        "after": roads(whole, cache, LONDON, "2026-11", "2026-12", "2026-11 2026-12"),
    }


def differences(second: Figures, first: Mapping[str, Metric]) -> list[str]:
    """What the two roads do not agree on."""
    found = [f"only one road has {group!r}" for group in second.keys() ^ first.keys()]
    for group in second.keys() & first.keys():
        mine, theirs = second[group], first[group]
        pairs = [("value", mine.value, theirs.value)]
        if mine.below is not None and theirs.denominator is not None:
            pairs += [("above", mine.above, theirs.numerator), ("below", mine.below, theirs.denominator)]
        for what, here, there in pairs:
            if (here is None) != (there is None) or (
                here is not None and float(here) != pytest.approx(there, rel=TOLERANCE)
            ):
                found.append(f"{group} {what}: {here} on the second road, {there} on the first ({theirs.reason})")
    return found


CASES = [
    *(pytest.param(name, case, id=f"{name}-{case}") for name in RECOUNTS for case in ("whole", "frayed", "beyond")),
    *(pytest.param(name, "costless", id=f"{name}-costless") for name in RECOUNTS if "cost" in name),
    *(pytest.param(name, "after", id=f"{name}-after") for name in TOLD_BY),
]


@pytest.mark.parametrize(("name", "case"), CASES)
def test_both_roads_lead_to_the_same_figures(walked: dict[str, Roads], name: str, case: str) -> None:
    both = walked[case]
    found = []
    for stretch in both.stretches:
        first = {group: row for (id_, label, group), row in both.first.items() if (id_, label) == (name, stretch.label)}
        assert first or not both.company.reaches("mentions", both.company.whole)
        found += [f"{stretch.label}: {line}" for line in differences(recount(both.company, name, stretch), first)]
    assert not found, "\n".join(found)


def test_every_metric_that_is_counted_is_recounted() -> None:
    counted = {name for name, entry in definitions().items() if entry.aggregates != "model"}
    assert set(RECOUNTS) == counted == set(COUNTS)


def test_the_second_road_would_see_a_wrong_figure(walked: dict[str, Roads]) -> None:
    whole = walked["whole"]
    mine = recount(whole.company, "revenue", whole.company.whole)
    twisted = {"": whole.first["average_order_value", "whole", ""]}
    assert differences(mine, twisted)


def test_the_frayed_company_has_every_rare_thing(walked: dict[str, Roads]) -> None:
    frayed = walked["frayed"].company
    issues, orders = frayed.table("issues"), frayed.table("orders")
    assert (issues.reopened_at < issues.closed_at).any()
    assert (issues.reopened_at.notna() & issues.closed_at.isna()).any()
    assert (issues.reopened_at > issues.closed_at).any()
    assert orders.duplicated(["customer_id", "ordered_at"]).any()
    assert any(row.value is None for (_, _, _), row in walked["frayed"].first.items())
    assert frayed.known_at > frayed.whole.end
