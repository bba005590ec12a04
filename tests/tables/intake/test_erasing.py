"""A customer who is erased: gone from every table and version, and kept out when later exports bring them back."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from analysis.foundation.errors import DesignError, InputError
from analysis.tables.erasure import Tombstone
from analysis.tables.intake.erasing import erase, read_tombstones, tombstones_with
from analysis.tables.intake.take_in import take_in
from tests.tables.intake.conftest import DECEMBER, KEY, NOVEMBER, OCTOBER, Desk

ORDERS = "order_id,customer_id,ordered_at,revenue,currency"
MENTIONS = "mention_id,posted_at,platform,author_id,customer_id,actionable,text"


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
