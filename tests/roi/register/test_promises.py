"""What came of promises: read from closed months, split by hand, with what is open, missing or counted otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from analysis.ledger.store import Ledger
from analysis.metrics.catalogue import definition
from analysis.roi.register.calibration import Outcome, calibration
from analysis.roi.register.figures_held import Books
from analysis.roi.register.promises import judged, judged_all


def test_achieved_with_late_news_by_hand(made, sealed, two) -> None:
    """July closed at 11.50 x 1,000 issues: (12.50 - 11.50) x 1,000 = 1,000; with late news 1,010 issues for 11,615:
    the same 11.50, so 1,010. August: (12.50 - 11) x 1,100 = 1,650. September is open."""
    found = judged(sealed(made()), Books.of(two)).to_dict()
    july, august, september = (row["achieved"] for row in found["periods"])
    assert (july["value"], july["locked"], july["adjustments"], july["state"]) == (1010.0, 1000.0, 10.0, "adjusted")
    assert (august["value"], august["locked"], august["adjustments"], august["state"]) == (
        1650.0,
        1650.0,
        0.0,
        "locked",
    )
    assert (september["value"], september["reason"]) == (None, "2026-09 is not closed")


def test_the_split_by_hand(made, sealed, two) -> None:
    """Promised 1,000 + 2,000. Volume: 10 x 1 + 100 x 2 = 210; rate: August's change 1.50 for 2 on 1,100 is -550."""
    found = judged(sealed(made()), Books.of(two)).to_dict()["to_date"]
    assert (found["first"], found["last"], found["periods"]) == ("2026-07", "2026-08", 2)
    assert {key: found["variance"][key] for key in ("promised", "volume", "rate", "timing", "price", "achieved")} == {
        "promised": 3000.0, "volume": 210.0, "rate": -550.0, "timing": 0.0, "price": 0.0, "achieved": 2660.0,
    }  # fmt: skip
    assert found["variance"]["definition"] == 0.0


def test_kept_below_and_above(made, sealed, two) -> None:
    """Ranges up to August add up to 1,800 and 4,200; 2,660 came."""
    assert judged(sealed(made()), Books.of(two)).status == "kept"
    rows = [
        {"period": "2026-07", "value": 3000.0, "low": 2500.0, "high": 3500.0},
        {"period": "2026-08", "value": 3000.0, "low": 2500.0, "high": 3500.0},
    ]
    short = judged(sealed(made(promised=rows)), Books.of(two))
    assert short.status == "below"
    assert short.breaches[0] == (
        "`cheaper-issues` (Ada Okafor): promised up to 2026-08 were 6,000.00 EUR, 5,000.00 EUR at the least; 2.50 EUR "
        "came."
    )
    much = [{**row, "value": 0.1, "low": 0.0, "high": 0.2} for row in rows]
    assert judged(sealed(made(promised=much)), Books.of(two)).status == "above"


def test_an_unlocked_month_is_open_and_nothing_after_it_counts(made, sealed, empty, figure, close) -> None:
    ledger = close(empty, "2026-07", figure("mentions", "2026-07", 5))
    found = judged(sealed(made()), Books.of(ledger))
    assert found.status == "no outcome yet"
    assert found.to_dict()["to_date"] is None
    assert (
        judged(sealed(made()), Books.of(empty)).to_dict()["periods"][0]["achieved"]["reason"] == "2026-07 is not closed"
    )


def test_a_figure_that_is_not_in_the_closed_months_says_so(made, sealed, empty, figure, close) -> None:
    ledger = close(empty, "2026-07", figure("mentions", "2026-07", 5))
    reason = judged(sealed(made()), Books.of(ledger)).to_dict()["periods"][0]["achieved"]["reason"]
    assert reason == "`cost_per_issue`, version 1, is not in the closed months (2026-07)"


def test_as_it_was_known_then(made, sealed, two) -> None:
    """At the close of July its late news was not there."""
    found = judged(sealed(made()), Books.of(two, datetime(2026, 8, 6))).to_dict()
    assert found["periods"][0]["achieved"]["value"] == 1000.0
    assert found["periods"][1]["achieved"]["reason"] == "2026-08 is not closed"


def test_a_quarter_is_rolled_up_by_the_catalogues_rule(made, sealed, two, figure, close) -> None:
    """11,615 + 12,100 + 9,000 for 3,010 issues: 10.8688..., so (12.50 - that) x 3,010 = 4,910."""
    ledger = close(two, "2026-09", figure("cost_per_issue", "2026-09", 9000, 900))
    row = [{"period": "2026q3", "value": 5000.0, "low": 3000.0, "high": 7000.0, "volume": 3000.0}]
    found = judged(sealed(made(promised=row)), Books.of(ledger)).to_dict()
    assert found["periods"][0]["achieved"]["value"] == pytest.approx(4910.0, abs=1e-6)
    assert found["periods"][0]["achieved"]["state"] == "adjusted"


def test_a_median_is_of_a_month_alone(made, sealed, empty, figure, close) -> None:
    name = "first_response_time_median"
    basis = definition(name).bases[-1]
    ledger = empty
    for month in ("2026-07", "2026-08", "2026-09"):
        ledger = close(ledger, month, figure(name, month, 3600, basis=basis))
    row = [{"period": "2026q3", "value": 1.0, "low": 0.0, "high": 2.0}]
    promise = sealed(made(measure={"metric": name, "basis": basis}, unit="seconds", promised=row))
    reason = judged(promise, Books.of(ledger)).to_dict()["periods"][0]["achieved"]["reason"]
    assert "can be neither added nor averaged" in reason


def test_a_new_definition_is_no_achievement(made, sealed, figure) -> None:
    """July at 11.50 by the first version and 10.50 by the second: 1,000 x 1 = 1,000 was achieved as promised, and
    another 1,000 is definition."""
    first = figure("cost_per_issue", "2026-07", 11500, 1000)
    state = books_of(first, replace(first, version=2, numerator=10500, value=10.5))
    found = judged(sealed(made()), state).to_dict()
    assert found["periods"][0]["achieved"]["value"] == 2000.0
    assert found["periods"][0]["achieved"]["version"] == 2
    variance = found["to_date"]["variance"]
    assert (variance["rate"], variance["definition"], variance["achieved"]) == (0.0, 1000.0, 2000.0)


def test_where_only_the_new_definition_is_held_its_part_is_not_known(made, sealed, figure) -> None:
    second = figure("cost_per_issue", "2026-07", 10500, 1000, version=2)
    variance = judged(sealed(made()), books_of(second)).to_dict()["to_date"]["variance"]
    assert variance["definition"] is None
    assert variance["rate"] == 1000.0
    assert "version 1, is not in the closed months" in variance["not_known"]["definition"]
    assert "what it did is in the other parts" in variance["not_known"]["definition"]


def test_another_basis_is_another_definition(made, sealed, figure) -> None:
    """Promised by the month of the post; the closed months hold the month of the action alone."""
    measure = {"metric": "response_rate", "basis": "post"}
    row = [{"period": "2026-07", "value": 100.0, "low": 50.0, "high": 150.0, "volume": 1000.0}]
    leading = [{"metric": "mentions", "at_least": 1.0, "by": "2026-08-31"}]
    base = {"value": 0.5, "from": "2026-01", "to": "2026-05", "known_at": "2026-06-08"}
    promise = sealed(
        made(measure=measure, better="higher", baseline=base, promised=row, unit="answers", leading=leading)
    )
    variance = judged(promise, books_of(figure("response_rate", "2026-07", 600, 1000, basis="action"))).to_dict()[
        "to_date"
    ]["variance"]
    assert variance["achieved"] == 100.0
    assert variance["definition"] is None


def books_of(*rows) -> Books:
    """Closed months that hold these figures, each as it was first closed."""
    from analysis.ledger.entry import FigureEntry, Key
    from analysis.ledger.held import Held

    entries = [
        FigureEntry(
            kind="lock", close=1, key=Key.of(row), value=row.value, numerator=row.numerator,
            denominator=row.denominator, unit=row.unit, known_at=datetime(2026, 8, 5), tables=(), inputs="",
        )
        for row in rows
    ]  # fmt: skip
    return Books(
        state={entry.key: Held(entry.key, (entry,)) for entry in entries},
        closed=frozenset(entry.key.month for entry in entries),
    )


def test_volume_and_price_from_figures_by_hand(made, sealed, figure) -> None:
    """1,000 contacts x (0.5 - 0.4) x 10 EUR promised; 900 x (0.5 - 0.42) x 11 came: 792. Volume -100 x 0.1 x 10 = -100;
    rate 900 x -0.02 x 10 = -180; price 900 x 0.08 x 1 = 72."""
    row = [{"period": "2026-07", "value": 1000.0, "low": 0.0, "high": 2000.0, "volume": 1000.0, "rate": 0.4,
            "price": 10.0}]  # fmt: skip
    promise = made(
        measure={"metric": "contacts_per_issue"},
        volume={"metric": "touchpoints"},
        price={"metric": "cost_per_contact"},
        baseline={"value": 0.5, "from": "2026-01", "to": "2026-05", "known_at": "2026-06-08"},
        promised=row,
    )
    books = books_of(
        figure("contacts_per_issue", "2026-07", 42, 100),
        figure("touchpoints", "2026-07", 900),
        figure("cost_per_contact", "2026-07", 9900, 900),
    )
    variance = judged(sealed(promise), books).to_dict()["to_date"]["variance"]
    assert {key: variance[key] for key in ("promised", "volume", "rate", "price", "achieved")} == {
        "promised": 1000.0, "volume": -100.0, "rate": -180.0, "price": 72.0, "achieved": 792.0,
    }  # fmt: skip


def test_what_no_figure_tells_stands_as_promised_and_says_so(made, sealed, figure) -> None:
    row = [{"period": "2026-07", "value": 20.0, "low": 0.0, "high": 40.0, "volume": 2.0, "price": 5.0}]
    promise = made(measure={"metric": "issues_raised"}, promised=row,
                   baseline={"value": 102, "from": "2026-01", "to": "2026-05", "known_at": "2026-06-08"})  # fmt: skip
    variance = judged(sealed(promise), books_of(figure("issues_raised", "2026-07", 99))).to_dict()["to_date"][
        "variance"
    ]
    assert (variance["achieved"], variance["volume"], variance["price"]) == (30.0, None, None)
    assert variance["not_known"]["volume"] == "no figure tells the volume, so it stands as promised"


EFFECT = {
    "design": "before_after", "estimand": "channel_effect", "outcome": "margin", "scale": "difference", "segment": {},
    "declared": True, "maturity": "mature", "value": 8.0, "index_from": "2026-04", "index_to": "2026-09",
    "reason": None,
}  # fmt: skip


def by_effect(made, sealed):
    row = {"value": 7000.0, "low": 5000.0, "high": 9000.0, "volume": 1000.0}
    return sealed(
        made(
            measure={"effect": "before_after/channel_effect/margin/difference"},
            better="higher",
            baseline={"value": 0, "from": "2025-01", "to": "2025-12", "known_at": "2026-06-08"},
            promised=[{"period": "2026q3", **row}, {"period": "2026q4", **row}],
        )
    )


def test_an_effect_counts_for_the_periods_it_was_measured_on(made, sealed) -> None:
    found = judged(by_effect(made, sealed), Books(state={}, closed=frozenset(), effects=[EFFECT])).to_dict()
    first, second = (row["achieved"] for row in found["periods"])
    assert (first["value"], first["state"], first["locked"]) == (8000.0, "estimated", None)
    assert second["reason"] == "the effect was not measured on 2026q4 yet"


@pytest.mark.parametrize(
    ("effect", "said"),
    [
        (EFFECT | {"value": None, "reason": "too few"}, "no effect is claimed: too few"),
        (EFFECT | {"maturity": "interim"}, "no study of this report measured"),
        (EFFECT | {"segment": {"region": "n"}}, "no study of this report measured"),
        (EFFECT | {"index_from": None}, "was not measured on 2026q3 yet"),
    ],
)
def test_effects_that_do_not_count(made, sealed, effect, said) -> None:
    found = judged(by_effect(made, sealed), Books(state={}, closed=frozenset(), effects=[effect])).to_dict()
    assert said in found["periods"][0]["achieved"]["reason"]


def test_a_draft_is_listed_and_not_judged(made, two) -> None:
    found = judged_all([made()], Books.of(two))
    (row,) = found.to_parts()["promises"]
    assert (row["status"], row["to_date"], row["breaches"], row["leading"]) == ("draft", None, [], [])
    assert found.calibration.of == 0


def test_leading_figures_due_breached_kept_and_unknown(made, sealed, two) -> None:
    """0.6 answered in August where 0.7 were to be by its end."""
    promise = sealed(made())
    (seen,) = judged(promise, Books.of(two)).leading
    assert (seen.verdict, seen.value, seen.month) == ("breached", 0.6, "2026-08")
    assert judged(promise, Books.of(two)).breaches[-1] == (
        "`cheaper-issues` (Ada Okafor): `response_rate` was to be at least 0.7 by 2026-08-31; in 2026-08 it is 0.6."
    )
    lower = [{"metric": "response_rate", "version": 1, "basis": "post", "at_most": 0.7, "by": "2026-08-31"}]
    assert judged(sealed(made(leading=lower)), Books.of(two)).leading[0].verdict == "kept"
    assert judged(promise, Books.of(two, datetime(2026, 8, 6))).leading[0].verdict == "not due"
    assert judged(promise, Books.of(two, datetime(2026, 9, 2))).leading[0].verdict == "not known"
    none = [{"metric": "mentions", "at_least": 1.0, "by": "2026-08-31"}]
    assert judged(sealed(made(leading=none)), Books.of(two)).leading[0].verdict == "not known"


def test_what_was_late_and_has_caught_up_is_no_breach(made, sealed, two, figure, close) -> None:
    ledger = close(two, "2026-09", figure("response_rate", "2026-09", 800, 1000, basis="post"))
    assert judged(sealed(made()), Books.of(ledger)).leading[0].verdict == "kept"


@pytest.mark.parametrize(
    ("at", "counted"), [("2026-06-20", 2), ("2026-07-31", 2), ("2026-08-01", 1), ("2026-12-01", 0)]
)
def test_a_range_given_in_hindsight_is_no_record_of_foresight(made, two, at: str, counted: int) -> None:
    """July and August are closed: what was over when it was approved says nothing of how far ranges can be believed."""
    frozen = made().model_copy(update={"approved_at": date.fromisoformat(at), "approved_by": "Lin Wei"})
    found = judged_all([frozen.model_copy(update={"seal": frozen.sealed()})], Books.of(two))
    assert found.calibration.of == counted
    assert found.to_parts()["promises"][0]["to_date"]["periods"] == 2


def test_rows_frame_and_calibration_of_all(made, sealed, two) -> None:
    """July 1,010 lies in 600 to 1,400, August 1,650 in 1,200 to 2,800; the second promise missed both."""
    rows = [
        {"period": "2026-07", "value": 3000.0, "low": 2500.0, "high": 3500.0, "volume": 1000.0},
        {"period": "2026-08", "value": 3000.0, "low": 2500.0, "high": 3500.0, "volume": 1000.0},
    ]
    found = judged_all([sealed(made(id="zz", promised=rows)), sealed(made())], Books.of(two))
    parts = found.to_parts()
    assert [row["id"] for row in parts["promises"]] == ["cheaper-issues", "zz"]
    record = parts["coverage"]["promises"]["calibration"]
    assert (record["held"], record["of"], record["below"], record["meant"]) == (2, 4, 2, 0.9)
    assert "too few to judge" in record["verdict"]
    frame = found.to_frame()
    assert list(frame["achieved"][:2]) == [1010.0, 1650.0]
    assert len(frame) == 5
    assert "<script" not in found._repr_html_()


def test_the_latest_forecast_stands_beside_its_period(made, sealed, two) -> None:
    def row(dated: str, value: float) -> dict[str, object]:
        period = {"period": "2026-09", "value": value, "low": 0.0, "high": 5000.0}
        return {"dated": dated, "by": "Ada", "periods": [period]}

    promise = made(approved_at="2026-06-20", approved_by="Lin Wei", seal=sealed(made()).seal,
                   forecasts=[row("2026-08-10", 1500.0), row("2026-09-10", 1200.0)])  # fmt: skip
    found = judged(promise, Books.of(two)).to_dict()["periods"]
    assert found[0]["forecast"] is None
    assert found[2]["forecast"] == {"dated": "2026-09-10", "value": 1200.0, "low": 0.0, "high": 5000.0}


def test_without_promises_there_is_nothing(empty: Ledger) -> None:
    found = judged_all([], Books.of(empty))
    assert found.to_parts() == {"promises": []}
    assert found.breaches == ()


def test_wilson_by_the_published_formula() -> None:
    """8 of 10 at 95 %: (p + z²/2n ± z √(p q / n + z²/4n²)) / (1 + z²/n) = 0.4902 to 0.9433 (Wilson 1927)."""
    found = calibration([Outcome(low=0, high=1, value=0.5 if n < 8 else 2, level=0.9) for n in range(10)])
    p, n, z = 0.8, 10, 1.959963984540054
    half = z * (p * (1 - p) / n + z * z / 4 / n**2) ** 0.5
    assert found.low == pytest.approx((p + z * z / 2 / n - half) / (1 + z * z / n))
    assert found.high == pytest.approx((p + z * z / 2 / n + half) / (1 + z * z / n))
    assert (round(found.low or 0, 4), round(found.high or 0, 4)) == (0.4902, 0.9433)


@pytest.mark.parametrize(("held", "said"), [(3, "Ranges have been too narrow. Most misses were promises too high."),
                                            (18, "18 of 20 promised ranges held what came; 90% were meant to."),
                                            (0, "too narrow")])  # fmt: skip
def test_what_calibration_says(held, said) -> None:
    rows = [Outcome(low=0, high=1, value=0.5 if n < held else -1, level=0.9) for n in range(20)]
    assert calibration(rows).verdict.endswith(said) or said in calibration(rows).verdict
    assert calibration([]).verdict == "No promised period is closed yet."
