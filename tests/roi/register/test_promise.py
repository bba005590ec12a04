"""What makes a promise sound, what its seal holds, and that every fault is told at once."""

from __future__ import annotations

import pytest

from analysis.roi.register.promise import Leading, months_of
from analysis.roi.register.soundness import CHANGED, misfits


def rules(promise) -> list[tuple[str, str]]:
    return [(".".join(map(str, one.at)), one.rule) for one in misfits(promise)]


def test_a_sound_promise_has_no_misfit(made, sealed) -> None:
    assert misfits(made()) == ()
    assert misfits(sealed(made())) == ()


@pytest.mark.parametrize(
    ("changes", "at", "rule"),
    [
        ({"measure": {}}, "measure", "measure"),
        ({"measure": {"metric": "cost_per_issue", "effect": "a/b/c/difference"}}, "measure", "measure"),
        ({"measure": {"metric": "cost_per_isue"}}, "measure.metric", "unknown_name"),
        ({"measure": {"metric": "cost_per_issue", "version": 9}}, "measure.version", "version"),
        ({"measure": {"metric": "response_rate"}}, "measure.basis", "basis"),
        ({"measure": {"metric": "cost_per_issue", "basis": "snapshot"}}, "measure.basis", "basis"),
        ({"measure": {"metric": "cost_per_issue", "segment": {"region": "n"}}}, "measure.segment", "segment"),
        ({"measure": {"metric": "cost_per_issue_by_channel"}}, "measure.segment", "segment"),
        ({"price": {"metric": "cost_per_contact"}}, "price", "not_promised"),
        ({"baseline": {"value": 12.5, "from": "2026-01", "to": "2026-07", "known_at": "2026-06-08"}},
         "baseline.to", "baseline_after_launch"),
        ({"baseline": {"value": 12.5, "from": "2026-01", "to": "2026-05", "known_at": "2026-07-02"}},
         "baseline.known_at", "baseline_after_launch"),
        ({"baseline": {"value": 12.5, "from": "2026-01", "to": "2026-05", "known_at": "2026-05-08"}},
         "baseline.known_at", "known_at"),
        ({"baseline": {"value": 12.5, "from": "2026-04", "to": "2026-03", "known_at": "2026-06-08"}},
         "baseline.to", "window"),
        ({"baseline": {"value": 12.5, "from": "2026-13", "to": "2026-03", "known_at": "2026-06-08"}},
         "baseline", "month"),
        ({"leading": [{"metric": "response_rate", "basis": "post", "by": "2026-08-31"}]}, "leading.0", "threshold"),
        ({"leading": [{"metric": "response_rate", "basis": "post", "at_least": 0.1, "at_most": 0.2,
                       "by": "2026-08-31"}]}, "leading.0", "threshold"),
        ({"leading": [{"metric": "cost_per_issue", "at_most": 12.0, "by": "2026-08-31"}]},
         "leading.0.metric", "not_leading"),
        ({"approved_by": "Lin Wei"}, "approved_at", "approval"),
        ({"forecasts": [{"dated": "2026-07-01", "by": "A", "periods": [
            {"period": "2026-08", "value": 1.0, "low": 0.0, "high": 2.0}]}]}, "forecasts", "draft"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(made, changes, at, rule) -> None:
    assert (at, rule) in rules(made(**changes))


def amount(period: str, value: float = 1000.0, **more) -> dict[str, object]:
    return {"period": period, "value": value, "low": value - 400, "high": value + 400, "volume": 1000.0} | more


@pytest.mark.parametrize(
    ("promised", "at", "rule"),
    [
        ([amount("2026-7")], "promised.0.period", "period"),
        ([amount("2026-06")], "promised.0.period", "before_launch"),
        ([amount("2026-07"), amount("2026-09")], "promised.1.period", "order"),
        ([amount("2026-07"), amount("2026-07")], "promised.1.period", "order"),
        ([amount("2026-09"), amount("2026q4")], "promised.1.period", "length"),
        ([amount("2026-07", low=2000.0)], "promised.0.value", "range"),
        ([amount("2026-07"), amount("2026-08", volume=None)], "promised", "parts"),
        ([amount("2026-07", volume=0.0)], "promised.0.value", "parts"),
        ([amount("2026-07", rate=11.0)], "promised.0.value", "parts"),
    ],
)
def test_periods_and_amounts_that_do_not_fit(made, promised, at, rule) -> None:
    rows = [{key: value for key, value in row.items() if value is not None} for row in promised]
    assert (at, rule) in rules(made(promised=rows))


def test_an_amount_that_is_what_it_is_made_of_fits(made) -> None:
    """1,000 issues x (12.50 - 11.50) EUR = 1,000 EUR."""
    assert misfits(made(promised=[amount("2026-07", rate=11.5)])) == ()


def test_all_misfits_are_told_at_once(made) -> None:
    found = made(
        measure={"metric": "nothing_such"},
        promised=[amount("2026-06", low=5000.0)],
        leading=[{"metric": "response_rate", "by": "2026-08-31"}],
    )
    assert {rule for _, rule in rules(found)} == {"unknown_name", "before_launch", "range", "basis", "threshold"}


def test_a_promise_changed_after_its_approval_is_a_fault(made, sealed) -> None:
    promise = sealed(made())
    for changes in ({"owner": "Someone Else"}, {"launch": promise.launch.replace(day=2)}, {"approved_by": "Another"}):
        (found,) = misfits(promise.model_copy(update=changes))
        assert (found.rule, found.at) == (CHANGED, ("seal",))
        assert "a promise is not edited; add a forecast" in found.remedy


def test_every_key_that_is_promised_is_under_the_seal(made, sealed) -> None:
    promise = sealed(made())
    assert set(promise.frozen_part()) == {
        "schema", "id", "description", "owner", "kind", "measure", "better", "volume", "price", "unit", "grade",
        "launch", "baseline", "level", "promised", "leading", "depends_on", "approved_at", "approved_by",
    }  # fmt: skip


def test_forecasts_and_decisions_are_added_without_breaking_the_seal(made, sealed) -> None:
    promise = sealed(made())
    later = made(
        approved_at="2026-06-20", approved_by="Lin Wei", seal=promise.seal,
        forecasts=[{"dated": "2026-08-10", "by": "Ada", "periods": [
            {"period": "2026-09", "value": 1500.0, "low": 900.0, "high": 2000.0}]}],
        decision={"dated": "2026-10-10", "by": "Lin Wei", "what": "continue"},
    )  # fmt: skip
    assert misfits(later) == ()


def test_the_seal_does_not_depend_on_how_numbers_are_written(made) -> None:
    assert (
        made(baseline={"value": 12, "from": "2026-01", "to": "2026-05", "known_at": "2026-06-08"}).sealed()
        == made(baseline={"value": 12.0, "from": "2026-01", "to": "2026-05", "known_at": "2026-06-08"}).sealed()
    )


def forecast(dated: str, period: str = "2026-09", value: float = 1.0) -> dict[str, object]:
    row = {"period": period, "value": value, "low": 0.0, "high": 2.0}
    return {"dated": dated, "by": "Ada", "periods": [row]}


@pytest.mark.parametrize(
    ("forecasts", "rule"),
    [
        ([forecast("2026-08-10"), forecast("2026-08-01")], "order"),
        ([forecast("2026-06-01")], "order"),
        ([forecast("2026-09-10", "2026-08")], "hindsight"),
        ([forecast("2026-08-10", "2027-01")], "period"),
        ([forecast("2026-08-10", value=5.0)], "range"),
    ],
)
def test_forecasts_that_do_not_fit(made, sealed, forecasts, rule) -> None:
    seal = sealed(made()).seal
    found = made(approved_at="2026-06-20", approved_by="Lin Wei", seal=seal, forecasts=forecasts)
    assert [one.rule for one in misfits(found)] == [rule]


@pytest.mark.parametrize(
    "changes",
    [{"leading": []}, {"leading": [{"metric": "mentions", "at_least": 1.0, "by": "2026-08-31"}] * 4},
     {"promised": []}, {"id": "../else"}, {"kind": "soft"}, {"level": 1.0}, {"unknown": 1}, {"owner": None},
     {"seal": "sha256:short"}],
)  # fmt: skip
def test_what_has_no_form_is_refused_on_reading(made, changes) -> None:
    with pytest.raises(ValueError, match="validation error"):
        made(**changes)


@pytest.mark.parametrize(("by", "month"), [("2026-08-31", "2026-08"), ("2026-08-30", "2026-07")])
def test_a_leading_figure_is_due_with_the_last_month_that_is_over(by, month) -> None:
    import json

    found = Leading.model_validate_json(json.dumps({"metric": "mentions", "at_least": 1.0, "by": by}))
    assert str(found.month) == month


def test_months_of_periods() -> None:
    assert [len(months_of(period)) for period in ("2026-07", "2026q3", "2026")] == [1, 3, 12]
