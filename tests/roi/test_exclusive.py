"""Money is counted once: customer-months in SQL and in pandas, what is taken off, and what nobody can tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.roi.built import Built, Claim, CustomerMonths, put_together
from analysis.roi.exclusive import HELD, exclusion
from analysis.roi.formula import Input
from analysis.roi.line import Line
from analysis.roi.lines.cancel_save import CancelSaveRequest, cancel_save_line
from analysis.roi.lines.customer_value import CustomerValueRequest, customer_value_line
from analysis.roi.lines.new_sale import NewSaleRequest, new_sale_line
from analysis.roi.lines.repurchase import RepurchaseRequest, repurchase_line
from analysis.roi.measured_effects import measured_effects
from analysis.roi.rates import Rates
from analysis.roi.spread import Fixed
from analysis.roi.stated import Stated
from analysis.roi.volumes import VolumeRequest, volumes
from tests.roi.small_case import benefit, cost, stated
from tests.roi.small_tables import company, effect, month, opened

S = Stated.of
EURO = Rates("EUR")


def valued(built: Built, name: str, year: int = 1) -> float:
    line = next(one for one in built.lines if one.id == name)
    return float(line.by_year[year].value({one.name: one.base for one in built.quantities}))


def pairs_of(customers: list[tuple[str, int]]) -> CustomerMonths:
    """Customer-months as a query of values."""
    values = ", ".join(["(?, ?)"] * len(customers))
    given = tuple(value for pair in customers for value in pair)
    return CustomerMonths(
        sql=f"select * from (values {values}) as held(customer_id, month)", parameters=given, what="x"
    )


def built(*lines: Line, claims: tuple[Claim, ...] = ()) -> Built:
    return Built(quantities=(stated("gain", Fixed(100.0)),), lines=lines, claims=claims)


def test_by_hand_the_union_of_earlier_lines_is_taken_off(tmp_path) -> None:
    """`c` holds 4 customer-months; `a` one of them, `b` the same and another: 2 of 4 are taken off, not 3."""
    a, b, c = (benefit(name, 0, Input("gain")) for name in ("first_line", "second_line", "third_line"))
    claims = (
        Claim(line="first_line", months=pairs_of([("1", 5), ("1", 6)])),
        Claim(line="second_line", months=pairs_of([("1", 5), ("2", 5), ("9", 9)])),
        Claim(line="third_line", months=pairs_of([("1", 5), ("2", 5), ("3", 5), ("4", 5), ("4", 5)])),
    )
    with opened(tmp_path, {"orders": company(20)["orders"]}) as tables:
        found = exclusion(built(a, b, c, claims=claims), tables)
    told = {(pair.earlier, pair.later): (pair.verdict, pair.share) for pair in found.pairs}
    assert told == {
        ("first_line", "second_line"): ("shared", pytest.approx(1 / 3)),
        ("first_line", "third_line"): ("shared", 0.25),
        ("second_line", "third_line"): ("shared", 0.5),
    }
    assert found.taken_off == {"second_line": pytest.approx(1 / 3), "third_line": 0.5}
    assert valued(found.built, "first_line") == 100
    assert valued(found.built, "third_line") == 50
    assert any(one.name == "third_line" + HELD for one in found.built.quantities)


def test_only_months_that_both_see_in_full_are_compared(tmp_path) -> None:
    """Customer 1 is saved for months 1 to 8; contacts are known from month 3 to 6 and hold all of 5 and 6: both of two,
    not two of eight, since what comes later has not been seen yet. Where no month is seen in full, all are compared."""
    first, second = (benefit(name, 0, Input("gain")) for name in ("first_line", "second_line"))
    contacts = pairs_of([("1", month) for month in (5, 6)])
    saves = pairs_of([("1", month) for month in range(1, 9)])

    def share(full: tuple[int, int] | None, other: tuple[int, int] | None = None) -> float | None:
        claims = (
            Claim(line="first_line", months=replace(contacts, full=full)),
            Claim(line="second_line", months=replace(saves, full=other)),
        )
        found = exclusion(built(first, second, claims=claims), tables)
        assert found.taken_off["second_line"] == found.pairs[0].share
        return found.pairs[0].share

    with opened(tmp_path, {"orders": company(20)["orders"]}) as tables:
        assert share(None) == 0.25
        assert share((5, 6)) == 1.0
        assert share((4, 6)) == pytest.approx(2 / 3)
        assert share((4, 6), (6, 9)) == 1.0
        assert share((20, 30)) == share((5, 4)) == share((1, 2), (7, 8)) == 0.25


def test_lines_of_different_purses_and_costs_are_not_compared() -> None:
    lines = (
        benefit("repurchase", 0, Input("gain")),
        benefit("channel_shift", 0, Input("gain"), account="support_cost", kind="cashable"),
        cost("agents", 0, Input("gain"), account="order_margin"),
        benefit("outlook", 0, Input("gain"), account="reputation"),
    )
    assert exclusion(built(*lines), None).pairs == ()


def test_margin_of_orders_and_of_subscriptions_is_one_purse() -> None:
    lines = (
        benefit("repurchase", 0, Input("gain")),
        benefit("cancel_save", 0, Input("gain"), account="subscription_margin"),
    )
    (pair,) = exclusion(built(*lines), None).pairs
    assert (pair.purse, pair.verdict, pair.share) == ("margin", "not told", None)


def test_what_nobody_can_tell_is_shown_and_not_counted() -> None:
    lines = (benefit("repurchase", 0, Input("gain")), benefit("new_sale", 0, Input("gain")))
    found = exclusion(built(*lines), None)
    assert [line.counted for line in found.built.lines] == [True, False]
    (left_out,) = found.built.not_counted
    assert (left_out.line, left_out.parameter) == ("new_sale", "roi.overlap.new_sale")
    assert "`repurchase` holds" in left_out.reason


def test_a_loss_counts_whole_where_nobody_can_tell_whose_it_is() -> None:
    """What is not counted would hide it."""
    costly = benefit("cancel_save", 0, Input("gain") - 130)
    lines = (benefit("repurchase", 0, Input("gain")), costly, benefit("new_sale", 0, -Input("gain")))
    claim = Claim(line="cancel_save", gross=(Input("gain") * 0, Input("gain")))
    found = exclusion(built(*lines, claims=(claim,)), None)
    assert [line.counted for line in found.built.lines] == [True, True, True]
    assert (valued(found.built, "cancel_save"), valued(found.built, "new_sale")) == (-30, -100)
    assert found.built.not_counted == ()
    assert found.pairs[0].verdict == "not told"


def test_what_is_not_counted_holds_nothing_of_others() -> None:
    lines = [benefit(name, 0, Input("gain")) for name in ("first_line", "second_line")]
    found = exclusion(built(replace(lines[0], counted=False), lines[1]), None)
    assert found.pairs == ()
    assert found.built.lines[1].counted


def test_a_stated_overlap_is_taken_off_with_its_range() -> None:
    lines = (benefit("repurchase", 0, Input("gain")), benefit("new_sale", 0, Input("gain")))
    said = Stated(value=0.2, low=0.1, high=0.4, source="sales", dated="2026-01-01")
    found = exclusion(built(*lines), None, overlap={"new_sale": said})
    assert valued(found.built, "new_sale") == 80
    assert found.pairs[0].verdict == "stated"
    nothing = exclusion(built(*lines), None, overlap={"new_sale": S(0.0)})
    assert (valued(nothing.built, "new_sale"), nothing.taken_off) == (100, {})


def test_a_loss_counts_whole_and_so_do_costs_inside_a_line(tmp_path) -> None:
    """All of the later line's months are held: of 100 − 30 the 100 go, and of −100 nothing does."""
    months = pairs_of([("1", 5)])
    first = benefit("first_line", 0, Input("gain"))
    with_costs = benefit("second_line", 0, Input("gain") - 30)
    loss = benefit("third_line", 0, -Input("gain"))
    claims = (
        Claim(line="first_line", months=months),
        Claim(line="second_line", months=months, gross=(Input("gain") * 0, Input("gain"))),
        Claim(line="third_line", months=months),
    )
    with opened(tmp_path, {"orders": company(20)["orders"]}) as tables:
        found = exclusion(built(first, with_costs, loss, claims=claims), tables)
    assert valued(found.built, "second_line") == -30
    assert valued(found.built, "third_line") == -100
    assert found.taken_off == {"second_line": 1.0}


def test_other_months_after_the_same_contact_are_apart_without_tables() -> None:
    lines = (benefit("repurchase", 0, Input("gain")), benefit("customer_value", 0, Input("gain")))
    claims = (Claim(line="repurchase", after_contact=(1, 6)), Claim(line="customer_value", after_contact=(7, 18)))
    (pair,) = exclusion(built(*lines, claims=claims), None).pairs
    assert (pair.verdict, pair.share) == ("apart", 0.0)
    overlapping = (claims[0], Claim(line="customer_value", after_contact=(6, 18)))
    assert exclusion(built(*lines, claims=overlapping), None).pairs[0].verdict == "not told"


def test_ids_are_text_so_that_007_is_not_7(tmp_path) -> None:
    lines = (benefit("first_line", 0, Input("gain")), benefit("second_line", 0, Input("gain")))
    claims = (
        Claim(line="first_line", months=pairs_of([("007", 5)])),
        Claim(line="second_line", months=pairs_of([("7", 5)])),
    )
    with opened(tmp_path, {"orders": company(20)["orders"]}) as tables:
        (pair,) = exclusion(built(*lines, claims=claims), tables).pairs
    assert (pair.verdict, pair.months_both, pair.months_later) == ("apart", 0, 1)


def test_bad_overlaps() -> None:
    with pytest.raises(ValueError, match=r"`roi.overlap.new_sale` is stated, and the case has no such line"):
        exclusion(built(benefit("repurchase", 0, Input("gain"))), None, overlap={"new_sale": S(0.1)})
    with pytest.raises(ValueError, match="lies from 0 to 1"):
        exclusion(built(benefit("repurchase", 0, Input("gain"))), None, overlap={"repurchase": S(1.1)})


def test_the_second_road_all_lines_of_margin_in_pandas(tmp_path) -> None:
    frames = company()
    effects = measured_effects([effect()], None, EURO)
    reach = volumes(VolumeRequest(), effects.need("margin"), 3)
    with opened(tmp_path, frames) as tables:
        parts = [
            repurchase_line(RepurchaseRequest(), effects, reach, "EUR", tables),
            cancel_save_line(CancelSaveRequest(baseline_save_rate=S(0.5), months=4), tables, EURO, 3),
            new_sale_line(NewSaleRequest(incremental_share=S(0.3)), tables, EURO, 3),
            customer_value_line(CustomerValueRequest(months=5), RepurchaseRequest(), effects, reach, "EUR", tables),
        ]
        found = exclusion(put_together(parts), tables)
    held = _claimed(frames)
    names = list(held)
    for pair in found.pairs:
        own = _within(held[pair.later], pair.later, pair.earlier)
        both = len(held[pair.earlier] & own)
        assert (pair.months_both, pair.months_later) == (both, len(own)), (pair.earlier, pair.later)
    for place, name in enumerate(names[1:], 1):
        sharing = [other for other in names[:place] if held[other] & _within(held[name], name, other)]
        own = _within(held[name], name, *sharing)
        union = set().union(*(held[other] for other in sharing))
        assert found.taken_off.get(name, 0.0) == pytest.approx(len(own & union) / len(own))
    assert found.taken_off.keys() >= {"cancel_save", "new_sale", "customer_value"}
    assert not held["repurchase"] & held["customer_value"]


JANUARY = (2025 - 1970) * 12  # mentions are from here to month 23; contacts of months 3 to 14 are the study's
FULL = {"repurchase": (6, 15), "cancel_save": (4, 24), "new_sale": (13, 23), "customer_value": (11, 18)}
"""Months of which each line has seen all customers, from January 2025: 3 months of window, 4 of saves, 5 past it."""


def _within(held: set[tuple[str, int]], *lines: str) -> set[tuple[str, int]]:
    """Customer-months in the months that these lines see in full."""
    first, last = max(FULL[line][0] for line in lines), min(FULL[line][1] for line in lines)
    return {one for one in held if first <= one[1] - JANUARY <= last}


def _claimed(frames: dict[str, pd.DataFrame]) -> dict[str, set[tuple[str, int]]]:
    """Customer-months of each line, one by one."""
    issues = frames["issues"].query("channel == 'social'").dropna(subset="customer_id")
    first = issues.groupby("customer_id")["opened_at"].min().reset_index()
    first["month"] = month(first["opened_at"])
    first = first[first["month"].between((2025 - 1970) * 12 + 3, (2026 - 1970) * 12 + 2)]
    contacts = list(zip(first["customer_id"], first["month"], strict=True))
    subscriptions = frames["subscriptions"].set_index("customer_id")
    until = max(subscriptions["ended_at"].max(), subscriptions["started_at"].max())
    saved = set()
    for row in frames["mentions"].query("sales_flag == 'cancel_save'").dropna(subset="customer_id").itertuples():
        later = row.posted_at + pd.Timedelta(days=30)
        own = subscriptions.loc[row.customer_id]
        if later <= until and own["started_at"] <= later and not own["ended_at"] <= later:
            number = (row.posted_at.year - 1970) * 12 + row.posted_at.month - 1
            saved |= {(row.customer_id, number + k) for k in range(1, 5)}
    sold = set()
    orders = frames["orders"].sort_values(["ordered_at", "order_id"])
    for row in frames["mentions"].query("sales_flag == 'new_sale'").dropna(subset="customer_id").itertuples():
        gap = orders["ordered_at"] - row.posted_at
        own = orders[
            (orders["customer_id"] == row.customer_id) & (gap > pd.Timedelta(0)) & (gap <= pd.Timedelta(days=30))
        ]
        if row.posted_at >= pd.Timestamp("2026-01-01") and len(own):
            at = own.iloc[0]["ordered_at"]
            sold.add((row.customer_id, (at.year - 1970) * 12 + at.month - 1))
    return {
        "repurchase": {(who, int(number) + k) for who, number in contacts for k in np.arange(1, 4).tolist()},
        "cancel_save": saved,
        "new_sale": sold,
        "customer_value": {(who, int(number) + k) for who, number in contacts for k in range(4, 9)},
    }
