"""The service study on made-up desks whose truth is known, against its raw figures, and by its laws."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.studies.result import Check
from analysis.studies.service.instrument import by_queue
from analysis.studies.service.rows import service_rows
from analysis.studies.service.rows_sql import engine_service_rows
from analysis.studies.service.scope import ServiceScope
from analysis.studies.service.study import ServicePlan, ServiceResult, service_effect, service_on
from analysis.studies.service.table import MICRO, NEVER
from analysis.synthetic.clock import N_MONTHS, ZONE
from analysis.synthetic.queue_desk import queue_life
from analysis.synthetic.queue_desk.files import write_queue_company
from analysis.synthetic.queue_desk.truth import queue_truth
from analysis.tables.load import Source, Tables, open_tables, prepare
from tests.studies.planted_service import planted, rows_with
from tests.studies.queue_events import PLAN as ORDERS_AND_ISSUES
from tests.studies.queue_events import events_of, world

CUSTOMERS = 4_000
PLAN = ServicePlan(zone=ZONE, segments=("region",))
ORDERS = ServicePlan(outcomes=("orders",))
SECOND = 1_000_000


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    folder = tmp_path_factory.mktemp("desks") / "effect"
    write_queue_company(folder, "queue_effect", 3, CUSTOMERS)
    with opened(folder) as tables:
        yield tables


@pytest.fixture(scope="module")
def found(company: Tables) -> ServiceResult:
    return service_effect(company, PLAN)


@pytest.fixture(scope="module")
def strong() -> ServiceResult:
    return service_on(planted(1, effect=0.3), ORDERS)


def opened(folder: Path) -> Tables:
    return open_tables(prepare([Source(folder)], cache=folder.parent / "cache", zone=ZONE))


def check_of(result: ServiceResult, name: str, outcome: str = "orders") -> Check:
    return next(check for check in result.of(outcome)[0].checks if check.name == name)


def test_files_and_arrays_give_the_same_study(company: Tables, found: ServiceResult) -> None:
    """The same company through tables and through arrays: every row, and then every estimate, exactly."""
    life = queue_life("queue_effect", 3, CUSTOMERS, money=True)
    first = Month(life.begin)
    arrays = service_rows(events_of(life, money=True), PLAN, first, first.plus(N_MONTHS - 1))
    tables = engine_service_rows(company, PLAN, outcomes=PLAN.outcomes, attributes=("region",))
    assert len(tables) == len(arrays) > 1_000
    order, other = (
        np.lexsort((rows.after["revenue"], rows.hour, rows.load, rows.waited, rows.day)) for rows in (tables, arrays)
    )
    for name in (
        "waited",
        "day",
        "hour_of_week",
        "load",
        "episode",
        "in_incident",
        "surge",
        "recent",
        "earlier",
        "observed",
        "severity",
    ):
        assert np.array_equal(getattr(tables, name)[order], getattr(arrays, name)[other]), name
    for outcome in PLAN.outcomes:
        assert np.array_equal(tables.after[outcome][order], arrays.after[outcome][other]), outcome
    one, two = (service_on(rows.where(place), PLAN) for rows, place in ((tables, order), (arrays, other)))
    assert one.to_parts()["effects"] == two.to_parts()["effects"], "rows in one order give one answer, bit by bit"
    for effect, sorted_one in zip(found.effects, one.effects, strict=True):
        assert (effect.outcome, effect.segment, effect.grade) == (
            sorted_one.outcome,
            sorted_one.segment,
            sorted_one.grade,
        )
        if effect.estimate is not None and sorted_one.estimate is not None:
            assert effect.estimate.value == pytest.approx(sorted_one.estimate.value, rel=1e-9)


def test_truth_is_found_by_the_queue_and_missed_without_it() -> None:
    """One desk of each kind: the queue covers the truth; a gravity nobody records misleads all other figures."""
    effect = service_on(world("queue_effect", 2, 40_000), ORDERS_AND_ISSUES)
    truth = queue_truth(queue_life("queue_effect", 2, 40_000)).difference("orders")
    (told,) = effect.of("orders")
    assert told.estimate is not None
    assert told.estimate.low <= truth <= told.estimate.high
    assert told.estimate.excludes_no_effect
    hidden = service_on(world("queue_hidden", 2, 40_000), ORDERS_AND_ISSUES).beside
    orders = hidden[(hidden["outcome"] == "orders") & (hidden["scale"] == "difference")].set_index("estimator")
    assert orders.loc["queue", "low"] <= 0 <= orders.loc["queue", "high"]
    assert orders.loc["adjusted", "low"] > 0
    assert orders.loc["raw", "low"] > 0


def test_ample_staff_leaves_the_adjusted_comparison_with_its_cap() -> None:
    result = service_on(world("queue_weak", 2, 40_000), ORDERS_AND_ISSUES)
    (difference,) = result.of("orders")
    (ratio,) = result.of("orders", "ratio")
    assert check_of(result, "first_stage").verdict == "failed"
    assert {difference.grade, ratio.grade} == {"C"}
    assert "so the adjusted comparison stands in its place" in " ".join(result.notes)
    assert "similar customers who waited longer" in difference.claim
    stands = result.beside.loc[result.beside["stands"], "estimator"]
    assert set(stands) == {"adjusted"}


def test_a_queue_that_harms_by_itself_is_never_a_b() -> None:
    """An outage that touches customers of all products, seen on days of other products' incidents."""
    result = service_on(world("queue_broken", 2, 40_000), ORDERS_AND_ISSUES)
    assert check_of(result, "other_incidents").verdict == "failed"
    assert result.of("orders")[0].grade == "C"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["queue_none", "queue_effect", "queue_harm", "queue_hidden"])
def test_intervals_cover_the_truth_over_a_dozen_desks(name: str) -> None:
    """12 desks of 40,000 customers each, 8 seconds a kind; hundreds of smaller ones are lived through by the proof."""
    held, lean, grades = [], [], []
    plan = replace(ORDERS_AND_ISSUES, outcomes=("orders",))
    for seed in range(200, 212):
        (effect,) = service_on(world(name, seed, 40_000, plan), plan).of("orders")
        truth = queue_truth(queue_life(name, seed, 40_000)).difference("orders")
        assert effect.estimate is not None
        held.append(effect.estimate.low <= truth <= effect.estimate.high)
        lean.append((effect.estimate.value - truth) / effect.estimate.se)
        grades.append(effect.grade)
    assert sum(held) >= 9
    assert abs(np.mean(lean)) < 0.2 + 2 / np.sqrt(12)
    if name in ("queue_none", "queue_effect"):
        assert grades.count("B") >= 7


@pytest.mark.slow
def test_no_desk_with_a_broken_queue_is_graded_b() -> None:
    """20 desks; 30 seconds."""
    plan = replace(ORDERS_AND_ISSUES, outcomes=("orders",))
    grades = [service_on(world("queue_broken", seed, 40_000, plan), plan).of("orders")[0].grade for seed in range(20)]
    assert set(grades) == {"C"}


def test_a_strong_queue_stands_first_and_the_others_beside_it(strong: ServiceResult) -> None:
    effect, raw = strong.effects
    assert (effect.design, effect.estimand, effect.scale) == ("service_effect", "service_effect", "difference")
    assert (effect.treated, effect.comparison) == ("answered_in_time", "not_answered_in_time")
    assert [check.name for check in effect.checks] == [
        "first_stage",
        "placebo_before",
        "balance",
        "other_incidents",
        "busy_hours",
    ]
    assert effect.grade == "B"
    assert "because the queue was short" in effect.claim
    assert "unless an unrecorded cause brings other customers when the queue is long" in effect.claim
    assert "a long queue moves them in another way than by the wait" in effect.claim
    assert effect.claim.endswith("Grade B: comparison that passed its checks.")
    assert (raw.estimand, raw.grade, raw.naive) == ("naive_user_gap", "D", True)
    assert strong.beside["estimator"].tolist() == ["queue", "adjusted", "adjusted", "raw"]
    assert strong.beside["grade"].tolist() == ["B", "C", "C", "D"]
    assert strong.instrument["f"].iloc[0] > 100
    assert strong.instrument["ar_kind"].iloc[0] == "interval"
    line = strong.instrument.iloc[0]
    assert (line["ar_low"], line["ar_high"]) == (effect.estimate.low, effect.estimate.high)


def test_what_a_claim_says_would_be_enough_is_enough() -> None:
    """The second road: orders with so much added for each contact in the queue no longer exclude no effect."""
    rows = planted(1, effect=0.3)
    (effect, _) = service_on(rows, ORDERS).effects
    assert effect.estimate is not None
    assert effect.estimate.low > 0
    told = re.search(r"\(([0-9.]+) orders per customer for each contact in the queue would be enough\)", effect.claim)
    assert told is not None
    enough = float(told.group(1))
    for share, clear in ((0.9, True), (1.1, False)):
        moved = replace(rows, after={**rows.after, "revenue": rows.after["orders"] * MICRO + np.rint(
            share * enough * MICRO * rows.load).astype(np.int64)})  # fmt: skip
        found = ServiceScope(moved, replace(ORDERS, outcomes=("revenue",)), {})
        known = rows.values("orders", "before")
        again = by_queue(moved, 3_600, moved.values("revenue"), name="r", unit="", covariates=known, level=0.95)
        assert (again.effect.low > 0) == clear
        assert found.strong


def test_an_interval_without_ends_is_told_as_such() -> None:
    """A queue that moves nobody: results carry no end, and say that there is none."""
    result = service_on(planted(1, pull=0.0), ORDERS)
    (line,) = [row for row in result.to_parts()["coverage"]["service"]["beside"] if row["estimator"] == "queue"]
    assert (line["low"], line["high"], line["bounded"], line["stands"]) == (None, None, False, False)
    (weak,) = result.to_parts()["coverage"]["service"]["instrument"]
    assert weak["ar_kind"] in ("line", "half_lines")
    assert weak["f"] < 10
    (sound, _, _, _) = service_on(planted(1), ORDERS).to_parts()["coverage"]["service"]["beside"]
    assert sound["bounded"] is True


def test_a_few_days_are_never_a_strong_queue() -> None:
    """19 days with a slope as clear as can be: neither its errors nor its gates can be trusted."""
    rows = planted(1, n=4_000, days=19)
    result = service_on(rows, ORDERS)
    check = check_of(result, "first_stage")
    assert check.value is not None
    assert check.value > 10
    assert check.verdict == "not_run"
    assert "So few days (20 are needed)" in check.detail
    assert result.of("orders")[0].grade == "C"
    assert check_of(service_on(planted(1, n=4_000, days=25), ORDERS), "first_stage").verdict == "passed"


def test_p_values_of_balance_are_those_of_the_check(strong: ServiceResult) -> None:
    check = check_of(strong, "balance")
    assert strong.balance["p_value"].min() == check.p_value


def test_the_study_of_tables_names_its_customers_and_reads_as_html(found: ServiceResult) -> None:
    assert "followed for 6 months" in found.evidence.sentence
    assert found.sample["rows"] == found.evidence.customers
    assert found._repr_html_().startswith("<table")
    assert set(found.to_frame()["design"]) == {"service_effect"}
    keys = [(e.estimand, e.outcome, e.scale, json.dumps(dict(e.segment))) for e in found.effects]
    assert len(keys) == len(set(keys)), "no two rows say the same"


def test_parts_hold_no_nan_and_the_same_rows_give_the_same_bytes(found: ServiceResult, company: Tables) -> None:
    one = json.dumps(found.to_parts(), allow_nan=False, sort_keys=True)
    again = json.dumps(service_effect(company, PLAN).to_parts(), allow_nan=False, sort_keys=True)
    assert one == again


def test_segments_are_claimed_only_where_they_differ(found: ServiceResult) -> None:
    parts = [effect for effect in found.effects if effect.segment and effect.estimate is not None]
    assert {effect.segment["region"] for effect in parts} == {"east", "north", "west"}
    for effect in parts:
        (apart,) = [check for check in effect.checks if check.name == "segments_differ"]
        assert apart.gate
        if apart.verdict != "passed":
            assert effect.grade == "C"


def test_rows_given_are_not_changed() -> None:
    rows = planted(1, n=2_000)
    before = {name: held.copy() for name, held in rows.after.items()}
    waited = rows.waited.copy()
    service_on(rows, ORDERS)
    assert np.array_equal(rows.waited, waited)
    assert all(np.array_equal(rows.after[name], held) for name, held in before.items())


def test_the_order_of_rows_does_not_matter() -> None:
    rows = planted(4, n=3_000)
    other = rows.where(np.random.default_rng(1).permutation(len(rows)))
    one, two = (service_on(each, ORDERS).beside for each in (rows, other))
    pd.testing.assert_frame_equal(one, two, rtol=1e-8)


def test_a_shorter_target_answers_fewer_in_time() -> None:
    rows = planted(4, n=3_000)
    shares = [service_on(rows, replace(ORDERS, target_seconds=target)).evidence.in_time for target in (900, 3_600)]
    assert shares[0] < shares[1]


@pytest.mark.parametrize(
    ("waited", "words"),
    [
        (60, "All 400 customers were answered within 1 hour, half of them within 60 seconds"),
        (
            18_000,
            "None of 400 customers was answered within 1 hour; half of those with an answer had it within 5 hours",
        ),
        (None, "None of 400 customers was answered within 1 hour."),
    ],
)
def test_where_all_or_none_are_in_time_nothing_is_claimed_but_the_bands_are_shown(
    waited: int | None, words: str
) -> None:
    rows = planted(1, n=400)
    rows = replace(rows, waited=np.full(400, NEVER if waited is None else waited * SECOND))
    result = service_on(rows, ORDERS)
    for effect in result.effects:
        assert effect.estimate is None
        assert effect.grade == "D"
        assert str(effect.reason).startswith(words)
        assert effect.claim.startswith("No effect is claimed: ")
    assert result.bands["n"].sum() == 400
    assert len(result.beside) == 0
    assert result.instrument["reason"].iloc[0].startswith(words)
    json.dumps(result.to_parts(), allow_nan=False)


def test_too_few_in_a_group_are_refused() -> None:
    rows = planted(1, n=400)
    waited = np.where(np.arange(400) < 12, 60 * SECOND, 9_000 * SECOND)
    (effect, _) = service_on(replace(rows, waited=waited), ORDERS).effects
    assert effect.reason == (
        "Only 12 of 400 customers were answered in time; 50 are the fewest of which anything is claimed."
    )


def test_a_constant_outcome_says_nothing() -> None:
    rows = planted(1, n=400)
    rows = replace(rows, after={**rows.after, "orders": np.full(400, 2)})
    (effect, _) = service_on(rows, ORDERS).effects
    assert effect.reason == "Every one of 400 customers has the same orders after the contact."


def test_one_product_has_no_queue_of_others() -> None:
    rows = replace(planted(1), products=1)
    result = service_on(rows, ORDERS)
    assert check_of(result, "first_stage").verdict == "not_run"
    assert "about one product" in check_of(result, "first_stage").detail
    assert result.of("orders")[0].grade == "C"
    assert "about one product" in result.instrument["reason"].iloc[0]


def test_customers_whom_only_a_bot_answered_are_shown_and_not_compared() -> None:
    rows = planted(1, n=2_000)
    bot = np.arange(2_000) < 300
    rows = replace(rows, bot=bot, account={**rows.account, "told_apart_only_a_bot_replied": 300})
    result = service_on(rows, ORDERS)
    assert result.evidence.customers == 1_700
    assert result.bands["n"].iloc[-1] == 300
    assert "300 customers had a reply by a bot" in " ".join(result.notes)


def test_no_row_and_no_such_outcome_are_refused() -> None:
    empty = rows_with(0, account={"customers_with_a_social_contact": 3, "left_out_window_not_over": 3})
    with pytest.raises(DesignError, match="left out window not over: 3"):
        service_on(empty, ORDERS)
    with pytest.raises(DesignError, match="do not carry revenue"):
        service_on(planted(1, n=400), replace(ORDERS, outcomes=("revenue",)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target_seconds": 0}, "nobody can be answered in no time"),
        ({"target_seconds": 20 * 86_400}, "between 1 second and 14 days"),
        ({"before_months": 0}, "1 to 36 months"),
        ({"after_months": 37}, "1 to 36 months"),
        ({"level": 1.0}, "between 0.5 and 0.999"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(changes: dict[str, float], words: str) -> None:
    with pytest.raises(DesignError, match=words):
        ServicePlan(**changes)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (90, "90 seconds"),
        (900, "15 minutes"),
        (3_600, "1 hour"),
        (86_400, "24 hours"),
        (172_800, "2 days"),
    ],
)
def test_a_target_reads_as_people_say_it(seconds: int, words: str) -> None:
    assert ServicePlan(target_seconds=seconds).within == words
