"""A customer who is erased: gone from every table and version, and kept out when later exports bring them back."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from analysis.foundation.errors import DesignError, InputError
from analysis.tables.erasure import Tombstone, kept_in
from analysis.tables.intake.erasing import erase, read_tombstones, tombstones_with
from analysis.tables.intake.sources import IntakeSource
from analysis.tables.intake.store import Store
from analysis.tables.intake.take_in import Intake, take_in
from analysis.tables.pseudonyms import KEY_FILE, Key
from tests.tables.intake.conftest import DECEMBER, KEY, NOVEMBER, OCTOBER, Desk

ORDERS = "order_id,customer_id,ordered_at,revenue,currency"
MENTIONS = "mention_id,posted_at,platform,author_id,customer_id,actionable,text"


CRM = """
map: crm
about: Customers.
zone: UTC
facts: [By hand.]
files:
  people:
    headers: [{about: c, has: [Number, Mail]}]
    personal: {Mail: email}
tables:
  - {table: customers, from: people, columns: {customer_id: Number}, customer: {email: Mail}}
"""
HELP = """
map: help
about: Tickets and users.
zone: UTC
facts: [By hand.]
files:
  tickets:
    headers: [{about: t, has: [Ticket, When, User, External]}]
    time_formats: ["%Y-%m-%d"]
    fields: {opened: {time: When}}
  users:
    headers: [{about: u, has: [User, Mail]}]
    personal: {Mail: email}
tables:
  - table: issues
    from: tickets
    columns: {issue_id: Ticket, opened_at: opened, channel: {constant: email}}
    customer: {source: help, id: User}
    further: {external: External}
  - {table: identities, from: users, columns: {source: {constant: help}, source_id: User}, customer: {email: Mail}}
"""
ISSUES = "select issue_id, customer_id from issues order by 1"


class Support:
    """A company and its help desk, each with ids of its own: the desk's user 17 is customer 42, and its 18 is 17."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.home = desk, desk.home
        (self.home / "crm.yaml").write_text(CRM)
        (self.home / "help.yaml").write_text(HELP)
        self.sources: list[IntakeSource] = []
        self.customers("17,a@x.org", "42,b@x.org")
        self.export("users", "User,Mail", "17,b@x.org", "18,a@x.org")
        self.export("tickets", "Ticket,When,User,External", "1,2026-05-01,17,42", "2,2026-05-01,18,17")

    def export(self, name: str, *lines: str) -> None:
        folder = self.home / name
        folder.mkdir(exist_ok=True)
        (folder / f"{len(list(folder.iterdir()))}.csv").write_text("\n".join(lines) + "\n")

    def customers(self, *lines: str) -> None:
        self.export("people", "Number,Mail", *lines)

    def take(self, as_of: Any, **more: Any) -> Intake:
        crm = IntakeSource(name="crm", map=str(self.home / "crm.yaml"), paths=(self.home / "people",))
        desks = (self.home / "users", self.home / "tickets")
        desk = IntakeSource(name="help", map=str(self.home / "help.yaml"), paths=desks)
        return take_in([crm, desk], self.desk.tables, **{"as_of": as_of, "key": KEY} | more)

    def record(self) -> dict[str, Any]:
        return json.loads((self.desk.tables / "intake.json").read_text())  # type: ignore[no-any-return]


@pytest.fixture
def support(desk: Desk) -> Support:
    return Support(desk)


def company(desk: Desk) -> None:
    desk.export("customers", "customer_id,region", "anna,north", "ben,south")
    desk.export("orders", ORDERS, "1,anna,2026-09-01T10:00Z,5,EUR", "2,ben,2026-09-02T10:00Z,7,EUR")
    desk.export("mentions", MENTIONS, "m1,2026-09-03T10:00Z,x,@ann,anna,true,my name is anna")
    desk.take(OCTOBER)
    desk.export("orders", ORDERS, "1,anna,2026-09-01T10:00Z,6,EUR", "2,ben,2026-09-02T10:00Z,7,EUR")
    desk.take(NOVEMBER)


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_nothing_leads_to_the_customer_any_more(desk: Desk) -> None:
    company(desk)
    kept: list[Tombstone] = []
    tombstone = erase(desk.tables, "anna", on=date(2026, 11, 5), keep=kept.append, key=KEY)
    assert kept == [tombstone]
    assert dict(tombstone.rows) == {"customers": 1, "orders": 1, "earlier/orders": 1, "mentions": 1}
    assert desk.rows("select customer_id from customers") == [("ben",)]
    assert desk.rows("select order_id, customer_id, revenue from orders order by 1") == [
        ("1", None, 6),
        ("2", "ben", 7),
    ]
    assert desk.rows("select order_id, customer_id, revenue from orders order by 1", OCTOBER)[0] == ("1", None, 5)
    assert desk.rows("select author_id, customer_id, text from mentions") == [(None, None, None)]
    assert b"anna" not in everything(desk.home / ".tables.intake")
    assert b"anna" not in str(tombstone.to_dict()).encode()


def test_later_exports_do_not_bring_them_back(desk: Desk) -> None:
    company(desk)
    tombstone = erase(desk.tables, "anna", on=date(2026, 11, 5), keep=lambda _: None, key=KEY)
    desk.export("customers", "customer_id,region", "anna,west", "ben,south", "carl,east")
    desk.export("orders", ORDERS, "3,anna,2026-11-09T10:00Z,9,EUR")
    intake = desk.take(DECEMBER, erased=[tombstone])
    assert desk.rows("select customer_id from customers order by 1") == [("ben",), ("carl",)]
    assert desk.rows("select customer_id from orders where order_id = '3'") == [(None,)]
    told = " ".join(intake.notices)
    assert "1 rows of `customers` are of customers who were erased" in told
    assert "1 rows of `orders` are of customers who were erased" in told
    assert b"anna" not in everything(desk.home / ".tables.intake")


def test_a_rebuild_from_all_exports_leaves_them_out(desk: Desk) -> None:
    company(desk)
    tombstone = erase(desk.tables, "anna", on=date(2026, 11, 5), keep=lambda _: None, key=KEY)
    anew = desk.home / "anew"
    take_in([desk.source()], anew, as_of=DECEMBER, key=KEY, erased=[tombstone])
    assert b"anna" not in everything(desk.home / ".anew.intake")


def test_somebody_unknown_and_a_folder_without_tables_are_refused(desk: Desk) -> None:
    with pytest.raises(InputError, match="holds no tables of an intake"):
        erase(desk.tables, "anna", on=date(2026, 11, 5), keep=lambda _: None, key=KEY)
    company(desk)
    with pytest.raises(DesignError, match="No row of these tables is this customer's"):
        erase(desk.tables, "zoe", on=date(2026, 11, 5), keep=lambda _: None, key=KEY)


def test_tombstones_are_kept_in_a_file_once_each(tmp_path: Path) -> None:
    file = tmp_path / "sources.erased.json"
    one, two = (Tombstone(on=date(2026, 11, day), marks=(f"{day}" * 16,), rows={"orders": day}) for day in (1, 2))
    for tombstone in (one, two, one):
        file.write_bytes(tombstones_with(file, tombstone))
    assert read_tombstones(file) == (two, one)
    file.write_text("[]")
    with pytest.raises(InputError, match="later exports would bring these customers back"):
        read_tombstones(file)


def test_another_system_s_id_that_reads_like_the_customer_s_is_somebody_else(support: Support) -> None:
    """Customer 17 is erased; the desk's user 17, who is customer 42, keeps all tickets, now and later."""
    support.take(OCTOBER)
    assert support.desk.rows(ISSUES) == [("1", "42"), ("2", "17")]
    tombstone = erase(support.desk.tables, "17", on=date(2026, 10, 5), keep=lambda _: None, key=KEY)
    assert dict(tombstone.rows) == {"customers": 1, "identities": 1, "issues": 1}
    lines = ("1,2026-05-01,17,42", "2,2026-05-01,18,17", "3,2026-10-15,17,42", "4,2026-10-15,18,17")
    support.export("tickets", "Ticket,When,User,External", *lines)
    support.take(NOVEMBER)
    assert support.desk.rows(ISSUES) == [("1", "42"), ("2", None), ("3", "42"), ("4", None)]
    assert support.desk.rows("select issue_id, external from issues order by 1") == [
        ("1", "42"), ("2", None), ("3", "42"), ("4", None),
    ]  # fmt: skip


def test_where_a_source_s_ids_are_the_company_s_they_count(desk: Desk) -> None:
    """A row that is not matched yet, of a source with `customer_ids`: its own id is the customer's."""
    columns = "issue_id,opened_at,channel,customer_id,identity_source,identity_id"
    desk.export("customers", "customer_id", "17", "42")
    desk.take(OCTOBER, desk.source(customer_ids=True))
    erase(desk.tables, "17", on=date(2026, 10, 5), keep=lambda _: None, key=KEY)
    desk.export("issues", columns, "2,2026-10-15T10:00Z,email,17,desk,17", "3,2026-10-15T10:00Z,email,42,desk,42")
    desk.take(NOVEMBER, desk.source(customer_ids=True))
    assert desk.rows(ISSUES) == [("2", None), ("3", "42")]
    assert desk.rows("select identity_id from issues where issue_id = '2'") == [(None,)]


def test_the_tables_themselves_keep_who_was_erased(support: Support) -> None:
    """Without the file beside the sources, nobody comes back; the record is carried on by every intake."""
    support.take(OCTOBER)
    tombstone = erase(support.desk.tables, "17", on=date(2026, 10, 5), keep=lambda _: None, key=KEY)
    assert kept_in(support.record()) == (tombstone,)
    support.customers("17,a@x.org", "42,b@x.org", "50,c@x.org")
    intake = support.take(NOVEMBER)
    assert support.desk.rows("select customer_id from customers order by 1") == [("42",), ("50",)]
    other = Tombstone(on=date(2026, 10, 9), marks=("ff",), rows={}, key=KEY.check)
    support.customers("17,a@x.org", "42,b@x.org", "51,d@x.org")
    assert intake.erased == (tombstone,)
    assert support.take(DECEMBER, erased=[tombstone, other]).erased == (tombstone, other)
    assert kept_in(support.record()) == (tombstone, other)
    assert support.desk.rows("select customer_id from customers order by 1") == [("42",), ("50",), ("51",)]


def test_another_key_erases_nobody(support: Support) -> None:
    """Its marks would mark nobody; neither in the tables nor in a list that is given."""
    support.take(OCTOBER)
    kept: list[Tombstone] = []
    with pytest.raises(InputError, match="is not the key with which the tables were made"):
        erase(support.desk.tables, "17", on=date(2026, 10, 5), keep=kept.append, key=Key(bytes(32)))
    assert kept == []
    tombstone = erase(support.desk.tables, "17", on=date(2026, 10, 5), keep=kept.append, key=KEY)
    with pytest.raises(InputError, match="the old list of who was erased"):
        take_in([support.desk.source()], support.home / "anew", as_of=NOVEMBER, key=Key(bytes(32)), erased=[tombstone])


def test_tables_made_without_a_key_have_that_of_their_first_erasure(desk: Desk) -> None:
    desk.export("customers", "customer_id,region", "anna,north", "ben,south")
    take_in([desk.source()], desk.tables, as_of=OCTOBER)
    assert json.loads((desk.tables / "intake.json").read_text())["key"] is None
    erase(desk.tables, "anna", on=date(2026, 10, 5), keep=lambda _: None, key=KEY)
    assert json.loads((desk.tables / "intake.json").read_text())["key"] == KEY.check
    desk.export("customers", "customer_id,region", "anna,west", "ben,south")
    with pytest.raises(InputError, match="is not the key"):
        take_in([desk.source()], desk.tables, as_of=NOVEMBER, key=Key(bytes(32)))
    desk.take(NOVEMBER)
    assert desk.rows("select customer_id from customers") == [("ben",)]


def test_an_intake_that_was_under_way_is_not_lost(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is erased from are the tables as they are once nobody else is at them."""
    company(desk)
    alone = Store.alone

    def after_another(store: Store) -> Any:
        monkeypatch.setattr(Store, "alone", alone)
        desk.export("orders", ORDERS, "3,ben,2026-11-09T10:00Z,9,EUR")
        desk.take(DECEMBER)
        return alone(store)

    monkeypatch.setattr(Store, "alone", after_another)
    erase(desk.tables, "anna", on=date(2026, 12, 5), keep=lambda _: None, key=KEY)
    assert desk.rows("select order_id, customer_id from orders order by 1") == [("1", None), ("2", "ben"), ("3", "ben")]


def test_a_further_cell_goes_only_where_it_is_a_name_of_the_customer(desk: Desk) -> None:
    """In rows of the customer, and whole: the note of somebody else, and a number in a longer text, stay."""
    columns = f"{ORDERS},account,note"
    desk.export("customers", "customer_id", "17", "42")
    desk.export(
        "orders",
        columns,
        "17,17,2026-09-01T10:00Z,5,EUR, 17 ,for 17",
        "2,42,2026-09-01T10:00Z,5,EUR,17,17",
        "3,17,2026-09-01T10:00Z,5,EUR,42,",
    )
    desk.take(OCTOBER)
    erase(desk.tables, "17", on=date(2026, 10, 5), keep=lambda _: None, key=KEY)
    assert desk.rows("select order_id, customer_id, account, note from orders order by 1") == [
        ("17", None, None, "for 17"), ("2", "42", "17", "17"), ("3", None, "42", None),
    ]  # fmt: skip


def test_the_last_customer_leaves_no_empty_table(desk: Desk) -> None:
    desk.export("customers", "customer_id,region", "anna,north")
    desk.export("orders", ORDERS, "1,anna,2026-09-01T10:00Z,5,EUR")
    desk.take(OCTOBER)
    erase(desk.tables, "anna", on=date(2026, 10, 5), keep=lambda _: None, key=KEY)
    assert not (desk.tables / "customers.parquet").exists()
    assert desk.rows("select order_id, customer_id from orders") == [("1", None)]
    desk.export("customers", "customer_id,region", "anna,north", "ben,south")
    desk.take(NOVEMBER)
    assert desk.rows("select customer_id from customers") == [("ben",)]


def test_the_study_s_folder_holds_no_key(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    company(desk)
    monkeypatch.setenv(KEY_FILE, str(desk.home / "pseudonym.key"))
    with pytest.raises(InputError, match="lies inside the project"):
        erase(desk.tables, "anna", on=date(2026, 11, 5), keep=lambda _: None, home=desk.home)
    support = Support(Desk(tmp_path))
    with pytest.raises(InputError, match="lies inside the project"):
        support.take(DECEMBER, key=None, home=desk.home)
    assert not (desk.home / "pseudonym.key").exists()


@pytest.mark.parametrize(
    ("table", "columns", "row", "column"),
    [
        ("customers", "customer_id,identity_email", "c1,ann@example.org", "identity_email"),
        ("customers", "customer_id,identity_phone", "c1,+447700900123", "identity_phone"),
        ("customers", "customer_id,email", "c1,ann@example.org", "email"),
        ("orders", f"{ORDERS},Mobile", "1,c1,2026-09-01T10:00Z,5,EUR,07700 900123", "Mobile"),
    ],
)
def test_plain_addresses_in_tables_are_refused(desk: Desk, table: str, columns: str, row: str, column: str) -> None:
    desk.export(table, columns, row)
    with pytest.raises(InputError) as error:
        desk.take(OCTOBER)
    (fault,) = error.value.faults
    assert (fault.rule, fault.column, fault.count) == ("address_in_the_clear", column, 1)
    assert "example" not in str(error.value)
    assert "00900" not in str(error.value)
    assert not desk.tables.exists()


def test_names_of_columns_and_files_that_are_addresses_are_written_nowhere(support: Support) -> None:
    export = "Ticket,When,User,External"
    support.take(OCTOBER)
    folder = support.home / "tickets"
    (folder / "for ann@example.org.csv").write_text(f"{export},bob@example.org,07700900123\n3,2026-10-09,17,42,,\n")
    (folder / "for bob@example.org.csv").write_text(f"{export}\n4,2026-10-09,17,42\n")
    (folder / "eve@example.org.txt").write_text("hello\n")
    told = support.take(NOVEMBER)
    seen = everything(support.home / ".tables.intake") + repr(told).encode().replace(bytes(support.home), b"")
    assert b"example.org" not in seen
    assert b"07700900123" not in seen
    assert b"(a name that looks like an address)" in seen
    assert support.desk.rows(ISSUES)[2:] == [("3", "42"), ("4", "42")]
    assert support.take(DECEMBER).nothing_new


def test_nor_are_names_of_files_beside_tables_of_the_contract(desk: Desk) -> None:
    desk.export("orders", ORDERS, "1,c1,2026-09-01T10:00Z,5,EUR")
    (desk.exports / "eve@example.org.txt").write_text("hello\n")
    (desk.exports / "eve@example.org").mkdir()
    (desk.exports / "orders of eve@example.org.csv").write_text(f"{ORDERS}\n")
    told = desk.take(OCTOBER)
    seen = everything(desk.home / ".tables.intake") + repr(told).encode()
    assert b"example.org" not in seen
    assert b"(a name that looks like an address)" in seen
