"""Odd histories of exports: parts, returns, late arrivals, people who move. Each was wrong once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from analysis.foundation.errors import InputError
from analysis.tables.intake.sources import IntakeSource
from tests.tables.intake.conftest import DECEMBER, KEY, NOVEMBER, OCTOBER, Desk

TICKETS = """map: tickets
about: Tickets and users.
zone: UTC
ask: [Who?]
pull: {export: all, from: the first day, again: monthly}
files:
  tickets:
    headers: [{about: tickets, has: [Id, User, Mail]}]
    personal: {Mail: email}
  users:
    headers: [{about: users, has: [User id, Address]}]
    personal: {Address: email}
tables:
  - table: issues
    from: tickets
    columns: {issue_id: Id, opened_at: {constant: "2026-05-01T10:00:00Z"}, channel: {constant: social}}
    customer: {source: desk, id: User, email: Mail}
  - table: identities
    from: users
    columns: {source: {constant: desk}, source_id: User id}
    customer: {email: Address}
"""
CUSTOMERS = """map: crm
about: Customers.
zone: UTC
ask: [Who?]
pull: {export: all, from: the first day, again: monthly}
files:
  people:
    headers: [{about: people, has: [Id, Mail]}]
    personal: {Mail: email}
tables:
  - table: customers
    from: people
    columns: {customer_id: Id}
    customer: {email: Mail}
"""
WHOSE = "select issue_id, customer_id from issues order by 1"
NAMES = "select source_id, customer_id from identities order by 1"


class Care:
    """A help desk and a list of customers, each with a folder of exports."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        for name, text in (("tickets", TICKETS), ("crm", CUSTOMERS)):
            (desk.home / f"{name}.yaml").write_text(text)
            (desk.home / name).mkdir()

    def put(self, folder: str, name: str, *lines: str) -> None:
        path = self.desk.home / folder / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n")

    def source(self, name: str, /, **changed: Any) -> IntakeSource:
        given: dict[str, Any] = {"paths": (self.desk.home / name,), "map": str(self.desk.home / f"{name}.yaml")}
        return IntakeSource(**{"name": name, "extent": "full"} | given | changed)

    def take(self, as_of: datetime, *, tickets: str = "full", **more: Any) -> Any:
        return self.desk.take(as_of, self.source("crm"), self.source("tickets", extent=tickets), **more)


@pytest.fixture
def care(desk: Desk) -> Care:
    return Care(desk)


def started(care: Care) -> None:
    """Ticket 1 comes by the user's id, ticket 2 by the address itself."""
    care.put("crm", "people", "Id,Mail", "c1,a@x.org", "c2,b@x.org")
    care.put("tickets", "users", "User id,Address", "7,a@x.org")
    care.put("tickets", "tickets", "Id,User,Mail", "1,7,", "2,,a@x.org")
    care.take(OCTOBER)
    assert care.desk.rows(WHOSE) == [("1", "c1"), ("2", "c1")]


def test_an_address_that_moves_takes_the_names_behind_it_along(care: Care) -> None:
    started(care)
    care.put("crm", "people", "Id,Mail", "c1,new@x.org", "c2,a@x.org")
    care.take(NOVEMBER)
    assert care.desk.rows(WHOSE) == [("1", "c2"), ("2", "c2")]
    assert care.desk.rows(NAMES) == [("7", "c2")]
    assert care.desk.rows(WHOSE, OCTOBER) == [("1", "c1"), ("2", "c1")]


@pytest.mark.parametrize("people", [["c2,b@x.org"], ["c1,a@x.org", "c2,a@x.org"]], ids=["gone", "shared"])
def test_an_address_that_leads_nowhere_any_more_leads_nobody(care: Care, people: list[str]) -> None:
    started(care)
    care.put("crm", "people", "Id,Mail", *people)
    intake = care.take(NOVEMBER)
    assert care.desk.rows(WHOSE) == [("1", None), ("2", None)]
    assert care.desk.rows(NAMES) == []
    assert "1 names of `identities` wait: no customer has their address yet." in intake.notices
    care.put("crm", "people", "Id,Mail", "c1,b@x.org", "c9,a@x.org")
    care.take(DECEMBER)
    assert care.desk.rows(WHOSE) == [("1", "c9"), ("2", "c9")]


@pytest.mark.parametrize("extent", ["full", "part"])
def test_a_user_with_another_address_is_nobody_until_it_is_known(care: Care, extent: str) -> None:
    started(care)
    care.put("tickets", "users", "User id,Address", "7,other@x.org")
    care.take(NOVEMBER, tickets=extent)
    assert care.desk.rows(WHOSE) == [("1", None), ("2", "c1")]
    assert care.desk.rows(WHOSE, OCTOBER) == [("1", "c1"), ("2", "c1")]


def test_a_user_who_waited_and_is_gone_does_not_come_back(care: Care) -> None:
    care.put("crm", "people", "Id,Mail", "c1,a@x.org")
    care.put("tickets", "users", "User id,Address", "7,later@x.org", "8,a@x.org")
    care.take(OCTOBER)
    care.put("tickets", "users", "User id,Address", "8,a@x.org")
    care.take(NOVEMBER)
    care.put("crm", "people", "Id,Mail", "c1,a@x.org", "c7,later@x.org")
    care.take(DECEMBER)
    assert care.desk.rows(NAMES) == [("8", "c1")]


def test_customers_told_for_the_first_time_later_were_not_known_before(care: Care) -> None:
    care.put("tickets", "tickets", "Id,User,Mail", "1,7,a@x.org")
    care.desk.take(OCTOBER, care.source("tickets"))
    care.put("crm", "people", "Id,Mail", "c1,a@x.org")
    care.take(NOVEMBER)
    assert care.desk.rows("select customer_id from customers", OCTOBER) == []
    assert care.desk.rows(WHOSE) == [("1", "c1")]


def test_exports_of_two_dates_give_the_history_of_two_intakes(care: Care, tmp_path: Path) -> None:
    """Whether they are taken in together or apart."""
    dated = {"dated": "{date}.csv"}

    def lay(home: Desk) -> list[IntakeSource]:
        other = Care(home)
        other.put("crm", "2026-10-03", "Id,Mail", "c1,a@x.org")
        other.put("tickets", "2026-10-03", "Id,User,Mail", "1,,a@x.org")
        return [other.source("crm", **dated), other.source("tickets", **dated)]

    def later(home: Desk) -> None:
        (home.home / "crm/2026-11-03.csv").write_text("Id,Mail\nc2,a@x.org\n")

    apart, together = Desk(tmp_path / "apart"), Desk(tmp_path / "together")
    for home in (apart, together):
        home.home.mkdir()
        sources = lay(home)
        if home is apart:
            home.take(None, *sources)
        later(home)
        home.take(None, *sources)
    for at in (datetime(2026, 10, 15), datetime(2026, 11, 15)):
        assert apart.rows(WHOSE, at) == together.rows(WHOSE, at)
    assert together.rows(WHOSE, datetime(2026, 10, 15)) == [("1", "c1")]


def test_an_older_export_of_another_source_is_known_since_the_last_intake(care: Care) -> None:
    """So that no version ends before it begins: the desk's October comes after the customers' November."""
    started(care)
    care.put("crm", "people", "Id,Mail", "c2,a@x.org")
    care.desk.take(NOVEMBER, care.source("crm"))
    care.put("tickets", "tickets", "Id,User,Mail", "1,7,")
    care.desk.take(datetime(2026, 10, 20), care.source("tickets"))
    assert care.desk.rows(WHOSE) == [("1", "c2")]
    assert care.desk.rows(WHOSE, datetime(2026, 10, 25)) == [("1", "c1"), ("2", "c1")]
    with care.desk.opened() as tables:
        assert tables.known_at == NOVEMBER


def test_ids_said_to_be_the_companys_stay_so_when_the_source_is_no_longer_named(care: Care) -> None:
    care.put("crm", "people", "Id,Mail", "c1,a@x.org")
    care.put("tickets", "tickets", "Id,User,Mail", "1,c1,")
    both = care.source("crm"), care.source("tickets", name="desk_uk", customer_ids=True)
    care.desk.take(OCTOBER, *both)
    assert care.desk.rows(WHOSE) == [("1", "c1")]
    care.put("crm", "people", "Id,Mail", "c1,a@x.org", "c2,b@x.org")
    care.desk.take(NOVEMBER, both[0])
    assert care.desk.rows(WHOSE) == [("1", "c1")]


def test_saying_later_that_ids_are_the_companys_looks_everybody_up_again(care: Care) -> None:
    care.put("crm", "people", "Id,Mail", "c1,a@x.org")
    care.put("tickets", "tickets", "Id,User,Mail", "1,c1,")
    care.take(OCTOBER)
    assert care.desk.rows(WHOSE) == [("1", None)]
    again = care.source("crm"), care.source("tickets", customer_ids=True)
    with pytest.raises(InputError, match="--as-of"):
        care.desk.take(None, *again)
    assert care.desk.take(NOVEMBER, *again).changes["issues"].rematched == 1
    assert care.desk.rows(WHOSE) == [("1", "c1")]
    assert care.desk.rows(WHOSE, OCTOBER) == [("1", None)]
    assert care.desk.take(None, *again).nothing_new


@pytest.mark.parametrize(
    "change",
    [
        lambda care: care.desk.home.joinpath("crm.yaml").write_text(CUSTOMERS.replace("zone: UTC", "zone: Asia/Tokyo")),
        lambda care: None,
    ],
    ids=["map", "zone of the file"],
)
def test_another_way_of_reading_is_refused(care: Care, change: Callable[[Care], object]) -> None:
    started(care)
    change(care)
    care.put("tickets", "tickets", "Id,User,Mail", "1,7,")
    care.desk.export("changes", "change_id,effective_from,kind,description", "1,2026-05-01T10:00,policy,x")
    books = care.desk.source(name="books")
    if care.desk.home.joinpath("crm.yaml").read_text() == CUSTOMERS:
        care.desk.take(NOVEMBER, care.source("crm"), books)
        with pytest.raises(InputError, match="read by another map, zone"):
            care.desk.take(DECEMBER, books, zone="Asia/Tokyo")
    else:
        with pytest.raises(InputError, match="read by another map, zone"):
            care.take(NOVEMBER)


def test_words_about_a_map_may_change(care: Care) -> None:
    started(care)
    care.desk.home.joinpath("crm.yaml").write_text(CUSTOMERS.replace("about: Customers.", "about: All customers."))
    assert care.take(NOVEMBER).nothing_new


@pytest.mark.parametrize("folder", ["tickets", "tickets/november"])
def test_a_full_export_in_parts_is_whole_though_one_has_not_changed(care: Care, folder: str) -> None:
    """In the places of the old parts, or in a new folder."""
    care.put("tickets/october" if "/" in folder else folder, "p1", "Id,User,Mail", "1,,", "2,,")
    care.put("tickets/october" if "/" in folder else folder, "p2", "Id,User,Mail", "3,,")
    paths = (care.desk.home / folder.replace("november", "october"),)
    care.desk.take(OCTOBER, care.source("tickets", paths=paths))
    care.put(folder, "p1", "Id,User,Mail", "1,,", "2,,")
    care.put(folder, "p2", "Id,User,Mail", "3,,", "4,,")
    both = tuple(dict.fromkeys((*paths, care.desk.home / folder)))
    changes = care.desk.take(NOVEMBER, care.source("tickets", paths=both)).changes["issues"]
    assert (changes.same, changes.new, changes.gone) == (3, 1, 0)


def test_a_second_part_that_comes_later_the_same_day_joins_the_first(care: Care) -> None:
    care.put("tickets", "p1", "Id,User,Mail", "1,,", "2,,")
    care.desk.take(OCTOBER, care.source("tickets"))
    care.put("tickets", "p2", "Id,User,Mail", "3,,")
    changes = care.desk.take(OCTOBER, care.source("tickets")).changes["issues"]
    assert (changes.same, changes.new, changes.gone) == (2, 1, 0)


def test_a_slip_taken_back_is_a_new_export(desk: Desk) -> None:
    """costs.csv, kept by hand: a line added by mistake, and taken out again, so that the bytes are those of before."""
    desk.extent = "full"
    header = "cost_id,month,line,amount,currency"
    k1, k2 = "k1,2026-05-01,tools,10.00,EUR", "k2,2026-05-01,tools,999.00,EUR"
    for as_of, rows in ((OCTOBER, [k1]), (NOVEMBER, [k1, k2]), (DECEMBER, [k1])):
        desk.export("costs", header, *rows)
        desk.take(as_of)
        assert desk.rows("select count(*) as n from costs") == [(len(rows),)]


def test_much_that_is_gone_is_said(desk: Desk) -> None:
    desk.extent = "full"
    header = "order_id,customer_id,ordered_at,revenue,currency"
    rows = [f"{number},c,2026-09-01T10:00Z,5,EUR" for number in range(10)]
    desk.export("orders", header, *rows)
    desk.take(OCTOBER)
    desk.export("orders", header, *rows[:6])
    told = desk.take(NOVEMBER).notices
    assert told == ("desk: its export no longer holds 4 of the 10 rows of `orders`. Is it whole? It is declared "
                    "`extent: full`.",)  # fmt: skip


def test_an_old_export_under_another_name_is_refused(desk: Desk) -> None:
    desk.extent = "full"
    desk.export("orders", "order_id,ordered_at,revenue,currency", "1,2026-09-01T10:00Z,5,EUR")
    desk.take(OCTOBER)
    first = (desk.exports / "orders.csv").read_text()
    desk.export("orders", "order_id,ordered_at,revenue,currency", "2,2026-09-01T10:00Z,5,EUR")
    desk.take(NOVEMBER)
    (desk.home / "old").mkdir()
    (desk.home / "old/orders.csv").write_text(first)
    with pytest.raises(InputError, match="has the bytes of the export of 2026-10-03"):
        desk.take(DECEMBER, desk.source(paths=(desk.exports, desk.home / "old")))


def test_a_row_that_returns_begins_after_it_ended(desk: Desk) -> None:
    """Though it says that it was known long ago."""
    desk.extent = "full"
    header = "action_id,kind,quantity,occurred_at,known_at"
    one, two = "1,click,1,2026-06-01T10:00Z,2026-06-02T00:00Z", "2,click,1,2026-06-01T10:00Z,2026-06-02T00:00Z"
    for as_of, rows in ((OCTOBER, [one, two]), (NOVEMBER, [one]), (DECEMBER, [two, one])):
        desk.export("post_actions", header, *rows)
        desk.take(as_of)
    ids = "select action_id from post_actions order by 1"
    assert desk.rows(ids, datetime(2026, 10, 15)) == [("1",), ("2",)]
    assert desk.rows(ids, datetime(2026, 11, 15)) == [("1",)]
    assert desk.rows(ids) == [("1",), ("2",)]


def test_a_row_cannot_say_it_was_known_when_the_export_before_did_not_hold_it(desk: Desk) -> None:
    header = "action_id,kind,quantity,occurred_at,known_at"
    desk.export("post_actions", header, "1,click,10,2026-06-01T10:00Z,2026-06-02T00:00Z")
    desk.take(OCTOBER)
    desk.export("post_actions", header, "1,click,99,2026-06-01T10:00Z,2026-08-01T00:00Z")
    desk.take(NOVEMBER)
    many = "select quantity from post_actions"
    assert desk.rows(many, datetime(2026, 10, 15)) == [(10,)]
    assert desk.rows(many) == [(99,)]
    desk.export("post_actions", header, "2,click,1,2026-06-01T10:00Z,2027-06-02T00:00Z")
    with pytest.raises(InputError) as error:
        desk.take(DECEMBER)
    assert [(fault.rule, fault.column) for fault in error.value.faults] == [("after_export", "known_at")]


def test_a_part_of_a_key_that_comes_or_goes_is_empty_where_it_is_not(desk: Desk) -> None:
    header = "experiment_id,customer_id,arm"
    with_block = f"{header},block_start"
    desk.export("assignments", with_block, "e,c1,a,2026-05-01T10:00Z", "e,c1,b,2026-05-02T10:00Z")
    desk.take(OCTOBER)
    desk.export("assignments", header, "e,c1,a")
    desk.take(NOVEMBER)
    assert desk.rows("select arm from assignments order by 1") == [("a",), ("a",), ("b",)]


def test_two_files_of_one_table_and_date_are_refused_by_their_folders(desk: Desk) -> None:
    folders = [desk.home / name for name in ("q2", "q3")]
    for number, folder in enumerate(folders):
        folder.mkdir()
        row = f"{number},2026-09-01T10:00Z,5,EUR"
        (folder / "orders.csv").write_text(f"order_id,ordered_at,revenue,currency\n{row}\n")
    with pytest.raises(InputError, match=r"q2/orders\.csv, q3/orders\.csv"):
        desk.take(OCTOBER, desk.source(paths=tuple(folders)))


def test_the_key_of_the_tests_is_used(care: Care) -> None:
    started(care)
    assert care.desk.rows("select identity_email from customers order by 1")[0] == (KEY.of("email", "a@x.org"),)
