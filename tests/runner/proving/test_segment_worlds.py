"""What is said of segments in tests whose truth is known: promises are kept, and what is forbidden breaks them."""

from __future__ import annotations

from functools import cache

import pytest

from analysis.runner.proving.hazards import HAZARDS
from analysis.runner.proving.limits import promise_allowed
from analysis.runner.proving.records import DEFAULT, Asked, Records
from analysis.runner.proving.segment_worlds import (
    ALONE,
    TEXTBOOK,
    differ_wrongly,
    each_alone,
    effects_of,
    misses,
    proved_worlds,
    truth_of,
)
from analysis.runner.proving.tallies import Cell, cells_of
from analysis.studies.segments.kept import kept
from analysis.studies.segments.settled import settled
from analysis.synthetic.segment_families import segmented_test

FAMILIES = [name for name, hazard in HAZARDS.items() if hazard.design == "segments"]
PROMISED = ("false_claims", "false_discoveries", "false_coverage", "differ_wrongly", "misses")
TESTS = 200


@cache
def proved(name: str, tests: int = TESTS) -> Records:
    hazard = HAZARDS[name]
    asked = Asked(customers=24_000, light=True, forbidden=tests != TESTS)
    return proved_worlds(hazard, range(hazard.first_seed, hazard.first_seed + tests), asked)


def cells(records: Records, estimator: str = DEFAULT) -> dict[str, Cell]:
    return {cell.estimand: cell for cell in cells_of(records.effects) if cell.estimator == estimator}


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_promises_are_kept(name: str) -> None:
    """200 tests each; 10 to 30 s of processor time."""
    found = cells(proved(name))
    assert set(found) >= set(PROMISED)
    for estimand, cell in found.items():
        if cell.truth > 0:
            assert cell.verdicts == {"promise": True}, (estimand, cell.value, cell.bias_error)
        else:
            assert not cell.verdicts, "nothing is promised of what is only shown"


def test_what_is_forbidden_breaks_the_promises() -> None:
    """12 tests without any effect: telling every segment by its own interval is wrong in nearly every one."""
    records = proved("family_none", 12)
    own, alone, pooled = (cells(records, name) for name in (DEFAULT, ALONE, TEXTBOOK))
    assert all(own[name].held for name in PROMISED)
    assert own["false_claims"].value < 0.3 < 0.7 < alone["false_claims"].value
    assert pooled["pooled_misses"].value > promise_allowed(0.05, 12)
    assert not alone["false_claims"].verdicts, "nothing is asked of what is forbidden"


def test_something_is_found_where_something_is() -> None:
    """12 tests in which regions differ: a true claim in most, so that promises are not kept by silence."""
    assert cells(proved("family_cancelling", 12))["found"].value > 0.6


def test_by_hand_on_one_test() -> None:
    """What each way of telling says of one test without an effect: every claim is false, and nothing else is."""
    test = segmented_test("family_none", 5_000, 6_000)
    truth = truth_of(test)
    assert set(truth.values()) == {0.0, 1.0}
    effects = effects_of(test)
    assert len(effects) == 2 * 2 * 2 * (1 + 19), "outcomes, scales, arms; all customers and the segments"
    found = settled(effects)
    forest = found.forest[found.forest["verdict"] != "whole"]
    none = forest["scale"].map({"difference": 0.0, "ratio": 1.0})
    outside = (forest["raw_low"] > none) | (forest["raw_high"] < none)
    alone = each_alone(found, truth)
    assert alone.claims == alone.false_claims == alone.selected == alone.false_discoveries == int(outside.sum())
    assert misses(found, truth) == pytest.approx(outside.mean())
    assert alone.missed == alone.selected
    judged = kept(found, truth)
    assert judged.claims == judged.false_claims
    differ = found.tests.groupby("outcome")["differ"].any()
    assert differ_wrongly(found, truth) == pytest.approx(differ.mean())


def test_segments_that_do_differ_are_not_said_to_differ_wrongly() -> None:
    test = segmented_test("family_cancelling", 1, 200_000)
    found, truth = settled(effects_of(test)), truth_of(test)
    region = found.tests[(found.tests["attribute"] == "region") & (found.tests["treated"] == "mail")]
    assert region["differ"].all()
    others = found.tests[~found.tests.index.isin(region.index)].groupby("outcome")["differ"].any()
    assert differ_wrongly(found, truth) == pytest.approx(others.mean())


def test_a_broken_promise_is_missed(records) -> None:
    """40 tests: 0.05 + 2.576 · √(0.0475 / 40) is 0.139: 6 false ones of 40 are too many, 5 are not."""
    for number, held in ((6, False), (5, True)):
        frame = records([0.0] * 40, hazard="family_none", estimand="false_claims", truth=0.05, customers=24_000)
        frame["value"] = [1.0] * number + [0.0] * (40 - number)
        frame[["low", "high", "se"]] = float("nan")
        (cell,) = cells_of(frame)
        assert cell.verdicts == {"promise": held}
        assert cell.value == pytest.approx(number / 40)
