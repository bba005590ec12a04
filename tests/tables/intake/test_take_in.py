"""Exports in, tables out: what is new, what has changed, what is gone, and what was known when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.foundation.errors import InputError
from analysis.tables.intake import store as storing
from analysis.tables.intake import take_in as taking
from analysis.tables.pseudonyms import Key
from tests.tables.intake.conftest import DECEMBER, KEY, NOVEMBER, OCTOBER, Desk

CLICKS = "action_id,post_id,kind,quantity,occurred_at"
ORDERS = "order_id,customer_id,ordered_at,revenue,currency"
ASKED = "select action_id, quantity from post_actions order by 1"

State = Callable[[Path], dict[str, bytes]]


def rules(error: pytest.ExceptionInfo[InputError]) -> list[str]:
    return [fault.rule for fault in error.value.faults]


def test_same_changed_and_gone_rows_of_a_full_export(desk: Desk) -> None:
    desk.extent = "full"
    same, old, gone = (
        "1,p,click,100,2026-09-01T10:00Z",
        "2,p,click,5,2026-09-02T10:00Z",
        "3,p,click,8,2026-09-03T10:00Z",
    )
    desk.export("post_actions", CLICKS, same, old, gone)
    first = desk.take(OCTOBER).changes["post_actions"]
    assert (first.new, first.changed, first.gone) == (3, 0, 0)
    desk.export("post_actions", CLICKS, same, "2,p,click,6,2026-09-02T10:00Z", "4,p,click,1,2026-10-09T10:00Z")
    second = desk.take(NOVEMBER).changes["post_actions"]
    assert (second.same, second.new, second.changed, second.gone) == (1, 1, 1, 1)
    assert desk.rows(ASKED) == [("1", 100), ("2", 6), ("4", 1)]
    assert desk.rows(ASKED, OCTOBER) == [("1", 100), ("2", 5), ("3", 8)]
    assert desk.rows(ASKED, NOVEMBER) == desk.rows(ASKED)
    earlier = pq.read_table(desk.tables / "earlier" / "post_actions.parquet").sort_by("action_id").to_pylist()
    assert [(row["action_id"], row["quantity"], row["known_until"]) for row in earlier] == [
        ("2", 5, NOVEMBER),
        ("3", 8, NOVEMBER),
    ]


def test_an_export_of_a_stretch_takes_nothing_away(desk: Desk) -> None:
    desk.export("post_actions", CLICKS, "1,p,click,100,2026-09-01T10:00Z")
    desk.take(OCTOBER)
    desk.export("post_actions", CLICKS, "2,p,click,7,2026-10-05T10:00Z")
    assert desk.take(NOVEMBER).changes["post_actions"].gone == 0
    assert desk.rows(ASKED) == [("1", 100), ("2", 7)]


def test_a_row_that_went_may_come_back(desk: Desk) -> None:
    desk.extent = "full"
    rows = "1,p,click,1,2026-09-01T10:00Z", "2,p,click,2,2026-09-01T10:00Z"
    desk.export("post_actions", CLICKS, *rows)
    desk.take(OCTOBER)
    desk.export("post_actions", CLICKS, rows[0])
    desk.take(NOVEMBER)
    desk.export("post_actions", CLICKS, *rows, name="post_actions")
    desk.export("post_actions", CLICKS, *reversed(rows))  # other bytes than those that were read in October
    assert desk.take(DECEMBER).changes["post_actions"].new == 1
    assert desk.rows(ASKED) == [("1", 1), ("2", 2)]
    assert desk.rows(ASKED, datetime(2026, 11, 20)) == [("1", 1)]


def test_a_second_run_changes_nothing(desk: Desk, state: State) -> None:
    desk.export("post_actions", CLICKS, "1,p,click,100,2026-09-01T10:00Z")
    desk.take(OCTOBER)
    before = state(desk.home)
    again = desk.take(NOVEMBER)
    assert again.nothing_new
    assert again.known == 1
    assert state(desk.home) == before


def test_the_first_export_is_known_since_its_events_and_before_it_nothing_can_be_told(desk: Desk) -> None:
    desk.export("orders", ORDERS, "1,c,2026-09-01T10:00Z,5,EUR", "2,c,2026-10-03T20:00Z,5,EUR")
    desk.take(OCTOBER)
    known = "select order_id, known_at from orders order by 1"
    assert desk.rows(known) == [("1", datetime(2026, 9, 1, 10)), ("2", OCTOBER)]
    with pytest.raises(InputError) as error:
        desk.opened(datetime(2026, 9, 15))
    assert rules(error) == ["before_first_export"]


def test_a_later_source_of_a_table_is_known_since_its_export(desk: Desk) -> None:
    desk.export("orders", ORDERS, "1,c,2026-09-01T10:00Z,5,EUR")
    desk.take(OCTOBER)
    (desk.home / "shop").mkdir()
    (desk.home / "shop/orders.csv").write_text(f"{ORDERS}\n9,c,2026-08-01T10:00Z,7,EUR\n")
    desk.take(NOVEMBER, desk.source(), desk.source(name="shop", paths=(desk.home / "shop",)))
    assert desk.rows("select order_id, known_at from orders order by 1")[1] == ("9", NOVEMBER)
    assert desk.rows("select order_id from orders", OCTOBER) == [("1",)]


def test_a_row_that_says_since_when_it_is_known_is_believed(desk: Desk) -> None:
    header = f"{CLICKS},known_at"
    desk.export("post_actions", header, "1,p,click,1,2026-08-01T10:00Z,2026-08-02T00:00Z")
    desk.take(OCTOBER)
    assert desk.rows("select known_at from post_actions") == [(datetime(2026, 8, 2),)]
    desk.opened(datetime(2026, 7, 1)).close()


def test_a_column_that_an_export_has_lost_keeps_its_cells(desk: Desk) -> None:
    desk.export("orders", f"{ORDERS},product", "1,c,2026-09-01T10:00Z,5,EUR,tea", "2,c,2026-09-02T10:00Z,5,EUR,jam")
    desk.take(OCTOBER)
    desk.export("orders", ORDERS, "1,c,2026-09-01T10:00Z,5,EUR", "2,c,2026-09-02T10:00Z,6,EUR")
    changes = desk.take(NOVEMBER).changes["orders"]
    assert (changes.same, changes.changed) == (1, 1)
    assert desk.rows("select order_id, revenue, product from orders order by 1") == [("1", 5, "tea"), ("2", 6, "jam")]


def test_exports_of_several_dates_are_taken_in_one_after_the_other(desk: Desk) -> None:
    source = desk.source(paths=(desk.exports,), map=str(_map(desk)), dated="clicks-{date}.csv")
    desk.export("x", "Id,At,N", "1,2026-09-01T10:00:00Z,5", name="clicks-2026-10-03")
    desk.export("x", "Id,At,N", "1,2026-09-01T10:00:00Z,6", name="clicks-20261103")
    intake = desk.take(None, source)
    assert [one["as_of"] for one in intake.exports] == ["2026-10-03T00:00:00Z", "2026-11-03T00:00:00Z"]
    assert desk.rows(ASKED) == [("1", 6)]
    assert desk.rows(ASKED, OCTOBER) == [("1", 5)]


def _map(desk: Desk) -> Path:
    path = desk.home / "clicks.yaml"
    path.write_text(
        """map: clicks
about: Clicks.
zone: UTC
files:
  clicks:
    headers: [{about: all, has: [Id, At, N]}]
    time_formats: ["%Y-%m-%dT%H:%M:%SZ"]
    basis: {N: action}
tables:
  - table: post_actions
    from: clicks
    columns: {action_id: Id, kind: {constant: click}, quantity: N, occurred_at: {time: At}}
""",
        encoding="utf-8",
    )
    return path


def test_a_renamed_column_is_named_and_then_read(desk: Desk) -> None:
    source = desk.source(map=str(_map(desk)))
    desk.export("x", "Id,At,N", "1,2026-09-01T10:00:00Z,5")
    desk.take(OCTOBER, source)
    desk.export("x", "Id,At,Clicks", "2,2026-10-01T10:00:00Z,5")
    with pytest.raises(InputError) as error:
        desk.take(NOVEMBER, source)
    assert rules(error) == ["header_does_not_fit"]
    desk.take(NOVEMBER, desk.source(map=str(_map(desk)), renamed={"N": "Clicks"}))
    assert desk.rows(ASKED) == [("1", 5), ("2", 5)]


def test_refusals_leave_everything_as_it_was(desk: Desk, state: State) -> None:
    desk.export("orders", ORDERS, "1,c,2026-09-01T10:00Z,5,EUR")
    desk.take(NOVEMBER)
    shop = desk.home / "shop"
    shop.mkdir()
    cases = {
        "older_export": lambda: (desk.export("orders", ORDERS, "2,c,2026-09-01T10:00Z,5,EUR"), desk.take(OCTOBER)),
        "no_date": lambda: (desk.export("orders", ORDERS, "2,c,2026-09-02T10:00Z,5,EUR"), desk.take(None)),
        "after_export": lambda: (desk.export("orders", ORDERS, "2,c,2027-09-01T10:00Z,5,EUR"), desk.take(DECEMBER)),
        "two_versions": lambda: (
            desk.export("orders", ORDERS, "2,c,2026-09-01T10:00Z,5,EUR", "2,c,2026-09-01T10:00Z,6,EUR"),
            desk.take(DECEMBER),
        ),
        "two_sources_one_key": lambda: (
            (shop / "orders.csv").write_text(f"{ORDERS}\n1,c,2026-09-01T10:00Z,5,EUR\n"),
            desk.take(DECEMBER, desk.source(name="shop", paths=(shop,))),
        ),
        "key_changed": lambda: taking.take_in([desk.source()], desk.tables, as_of=DECEMBER, key=Key(bytes(32))),
        "missing_file": lambda: desk.take(DECEMBER, desk.source(paths=(desk.home / "nowhere",))),
    }
    before = state(desk.tables)
    for rule, attempt in cases.items():
        with pytest.raises(InputError) as error:
            attempt()
        assert rule in rules(error), rule
        assert state(desk.tables) == before
        assert [one.name for one in (desk.home / ".tables.intake").iterdir() if one.name.startswith(".build")] == []


def test_customers_come_from_one_source(desk: Desk) -> None:
    desk.export("customers", "customer_id", "c1")
    desk.take(OCTOBER)
    other = desk.home / "other"
    other.mkdir()
    (other / "customers.csv").write_text("customer_id\nu7\n")
    with pytest.raises(InputError) as error:
        desk.take(NOVEMBER, desk.source(), desk.source(name="other", paths=(other,)))
    assert rules(error) == ["two_masters"]


def test_a_row_that_stands_twice_and_says_the_same_is_kept_once(desk: Desk) -> None:
    row = "1,p,click,1,2026-09-01T10:00Z"
    desk.export("post_actions", CLICKS, row, row, "2,p,click,1,2026-09-01T10:00Z")
    (one,) = desk.take(OCTOBER).exports
    assert one["rows"] == {"read": 3, "kept": 2, "set_aside": {"row that stands twice": 1}}


def test_a_table_without_rows_stops_nothing(desk: Desk) -> None:
    desk.export("changes", "change_id,effective_from,kind,description")
    desk.export("orders", ORDERS, "1,c,2026-09-01T10:00Z,5,EUR")
    assert desk.take(OCTOBER).changes["orders"].new == 1


def test_a_place_with_files_of_somebody_else_is_refused(desk: Desk) -> None:
    desk.export("orders", ORDERS, "1,c,2026-09-01T10:00Z,5,EUR")
    desk.tables.mkdir()
    (desk.tables / "mine.txt").write_text("mine")
    with pytest.raises(InputError) as error:
        desk.take(OCTOBER)
    assert rules(error) == ["place_taken"]


def test_the_lock_case(desk: Desk) -> None:
    """100 clicks known at September's close, 7 more of September in November's export: each date gives its own."""
    desk.export("post_actions", CLICKS, "1,p,click,100,2026-09-10T10:00Z")
    desk.take(OCTOBER)
    desk.export("post_actions", CLICKS, "1,p,click,100,2026-09-10T10:00Z", "2,p,click,7,2026-09-30T10:00Z")
    desk.take(NOVEMBER)
    total = "select cast(sum(quantity) as bigint) as n from post_actions"
    assert [desk.rows(total, at) for at in (OCTOBER, datetime(2026, 11, 2), NOVEMBER, None)] == [
        [(100,)],
        [(100,)],
        [(107,)],
        [(107,)],
    ]


class Killed(BaseException):
    """The process ends here."""


WRITES = [
    (storing.os, "link"),
    (storing, "swap"),
    (storing.shutil, "rmtree"),
    (Path, "rename"),
    (Path, "write_bytes"),
    (Path, "mkdir"),
]


def kill_at(fatal: int, patched: pytest.MonkeyPatch) -> None:
    """Let the process end at the write of that number."""
    calls = [0]
    for module, name in WRITES:
        real = getattr(module, name)

        def one(*given: object, _real: Callable[..., object] = real, **more: object) -> object:
            calls[0] += 1
            if calls[0] == fatal:
                raise Killed
            return _real(*given, **more)

        patched.setattr(module, name, one)


def test_killed_at_any_write_leaves_the_tables_of_before_or_the_new_ones(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.extent = "full"
    desk.export("orders", ORDERS, "1,c,2026-09-01T10:00Z,5,EUR")
    desk.export("post_actions", CLICKS, "1,p,click,1,2026-09-01T10:00Z")
    desk.take(OCTOBER)
    held = "select order_id, revenue from orders order by 1"
    before = desk.rows(held)
    desk.export("orders", ORDERS, "1,c,2026-09-01T10:00Z,6,EUR", "2,c,2026-10-05T10:00Z,6,EUR")
    killed = 0
    for fatal in range(1, 100):
        with monkeypatch.context() as patched:
            kill_at(fatal, patched)
            try:
                desk.take(NOVEMBER)
            except Killed:
                killed += 1
            else:
                break
        assert desk.rows(held) in (before, [("1", 6), ("2", 6)])
        assert desk.rows("select action_id from post_actions") == [("1",)]
    assert killed >= len(WRITES)
    assert desk.take(NOVEMBER).nothing_new
    assert desk.rows(held) == [("1", 6), ("2", 6)]
    assert desk.rows(held, OCTOBER) == before


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3), max_size=6).filter(bool), min_size=1, max_size=4
    )
)
def test_what_was_known_after_each_full_export_is_what_it_held(
    tmp_path_factory: pytest.TempPathFactory, histories: list[dict[str, int]]
) -> None:
    """Law: after any row of full exports, each date shows exactly the export of that date."""
    desk = Desk(tmp_path_factory.mktemp("law"), extent="full")
    dates = [datetime(2026, month, 3) for month in range(2, 2 + len(histories))]
    for number, (date, held) in enumerate(zip(dates, histories, strict=True)):
        rows = [*held.items(), (f"z{number}", 0)]  # no two exports have the same bytes
        desk.export("post_actions", CLICKS, *(f"{key},p,click,{value},2026-01-05T10:00Z" for key, value in rows))
        desk.take(date)
    for number, (date, held) in enumerate(zip(dates, histories, strict=True)):
        wanted = sorted([*held.items(), (f"z{number}", 0)])
        assert desk.rows(ASKED, date) == wanted


def test_the_key_is_not_written_down(desk: Desk, state: State) -> None:
    desk.export("orders", ORDERS, "1,c,2026-09-01T10:00Z,5,EUR")
    desk.take(OCTOBER)
    whole = b"".join(state(desk.home).values())
    assert KEY.check.encode() in whole
    assert bytes(range(32)).hex().encode() not in whole


SHOP = """map: shop
about: Orders.
zone: UTC
files:
  lines:
    headers: [{about: all, has: [Id, Status, At, Paid]}]
    time_formats: ["%Y-%m-%dT%H:%M:%SZ"]
tables:
  - table: orders
    from: lines
    set_aside: [{reason: voided, when: {of: Status, is: voided}}]
    group: {by: [Id], further_rows: further lines}
    columns:
      order_id: {same: Id}
      ordered_at: {earliest: {time: At}}
      revenue: {sum: {number: Paid}}
      currency: {constant: EUR}
"""


def test_a_row_that_the_map_now_sets_aside_no_longer_stands(desk: Desk) -> None:
    """Of an export of a stretch: an order that was paid and whose payment was voided since."""
    (desk.home / "shop.yaml").write_text(SHOP)
    source = desk.source(map=str(desk.home / "shop.yaml"))
    at = "2026-09-01T10:00:00Z"
    desk.export("shop", "Id,Status,At,Paid", f"1,paid,{at},5", f"2,paid,{at},7", f"2,paid,{at},1", f"3,voided,{at},9")
    assert desk.take(OCTOBER, source).changes["orders"].new == 2
    desk.export("shop", "Id,Status,At,Paid", f"2,voided,{at},7", f"2,voided,{at},1", f"4,paid,{at},2")
    changes = desk.take(NOVEMBER, source).changes["orders"]
    assert (changes.new, changes.changed, changes.gone) == (1, 0, 1)
    held = "select order_id, revenue from orders order by 1"
    assert desk.rows(held) == [("1", 5), ("4", 2)]
    assert desk.rows(held, OCTOBER) == [("1", 5), ("2", 8)]
