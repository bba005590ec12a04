"""How is a customer taken out of the tables, and kept out when later exports bring them back?"""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from analysis.foundation.errors import DesignError
from analysis.tables.erasure import Erasures, Tombstone, erased
from analysis.tables.pseudonyms import Key

KEY = Key(bytes(range(32)))


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        yield connection


def table(connection, name, columns, *rows):
    holes = ", ".join("?" for _ in columns)
    connection.execute(f"create or replace table {name} ({', '.join(f'{column} varchar' for column in columns)})")
    for row in rows:
        connection.execute(f"insert into {name} values ({holes})", list(row))
    return name


@pytest.fixture
def company(connection):
    """c1 and c2 share a telephone number; c1 wrote m1 and, before anybody knew who it was, m2."""
    table(
        connection,
        "customers",
        ["customer_id", "identity_email", "identity_phone"],
        ("c1", "ea", "p1"),
        ("c2", "eb", "p1"),
    )
    table(connection, "identities", ["source", "source_id", "customer_id", "method"], ("x", "h1", "c1", "given"))
    table(
        connection,
        "mentions",
        ["mention_id", "customer_id", "author_id", "identity_source", "identity_id", "kind", "text", "url"],
        ("m1", "c1", "a1", "x", "h1", "complaint", "hello", "u1"),
        ("m2", None, "a1", "x", "h1", "inquiry", "again", "u2"),
        ("m3", "c2", "a2", "x", "h2", "positive", "other", "u3"),
        ("m4", None, None, None, None, "other", "nobody", "u4"),
    )
    table(connection, "orders", ["order_id", "customer_id", "revenue"], ("o1", "c1", "5"), ("o2", "c2", "6"))
    table(connection, "outcomes", ["experiment_id", "customer_id", "name"], ("e", "c1", "n"), ("e", "c2", "n"))
    table(connection, "before", ["order_id", "customer_id", "revenue"], ("o1", "c1", "4"))
    names = ("customers", "identities", "mentions", "orders", "outcomes")
    return {**{name: name for name in names}, "earlier/orders": "before"}


def test_a_customer_is_taken_out(connection, company):
    tombstone = erased(connection, KEY, company, "c1", on=date(2026, 11, 2))
    assert tombstone.rows == {
        "customers": 1, "identities": 1, "mentions": 2, "orders": 1, "outcomes": 1, "earlier/orders": 1,
    }  # fmt: skip
    gone = Erasures(connection, KEY, [tombstone], company)

    def rows(name):
        return sorted(connection.execute(gone.without(name)).fetchall())

    assert rows("customers") == [("c2", "eb", "p1")]
    assert rows("identities") == []
    assert rows("outcomes") == [("e", "c2", "n")]
    assert rows("orders") == [("o1", None, "5"), ("o2", "c2", "6")]
    assert rows("earlier/orders") == [("o1", None, "4")]
    assert rows("mentions") == [
        ("m1", None, None, None, None, "complaint", None, None),
        ("m2", None, None, None, None, "inquiry", None, None),
        ("m3", "c2", "a2", "x", "h2", "positive", "other", "u3"),
        ("m4", None, None, None, None, "other", "nobody", "u4"),
    ]
    again = {}
    for name, relation in company.items():
        connection.execute(f"create or replace temp table {relation}_left as {gone.without(name)}")
        again[name] = f"{relation}_left"
    with pytest.raises(DesignError, match="nothing was erased"):
        erased(connection, KEY, again, "c1", on=date(2026, 11, 2))


def test_a_tombstone_holds_marks_only(connection, company):
    tombstone = erased(connection, KEY, company, "c1", on=date(2026, 11, 2))
    assert Tombstone.from_dict(tombstone.to_dict()) == tombstone
    assert all(len(mark) == 32 for mark in tombstone.marks)
    assert not {"c1", "ea", "p1", "h1", "a1"} & set(tombstone.marks)
    assert len(tombstone.marks) == 4  # the customer, the address, the name and the author; the number is c2's too
    assert erased(connection, Key(bytes(32)), company, "c1", on=date(2026, 11, 2)).marks != tombstone.marks


def test_later_exports_do_not_bring_a_person_back(connection, company):
    """The same address under a new id, the old id with another address, and the handle: all stay out."""
    tombstone = Tombstone.from_dict(erased(connection, KEY, company, "c1", on=date(2026, 11, 2)).to_dict())
    columns = ["customer_id", "identity_email", "identity_phone"]
    table(
        connection, "customers", columns, ("c9", "ea", None), ("c1", "ez", None), ("c2", "eb", "p1"), ("c8", "ey", "p1")
    )
    table(
        connection,
        "identities",
        ["source", "source_id", "identity_email"],
        ("x", "h1", None),
        ("z", "3", "ea"),
        ("z", "4", "eb"),
    )
    tickets = ["ticket", "customer_id", "identity_source", "identity_id", "identity_email", "text"]
    table(connection, "surveys", tickets, ("t1", "h1", "x", "h1", None, "hi"), ("t2", "9", "z", "9", "eb", "yo"))
    incoming = {name: name for name in ("customers", "identities", "surveys")}
    gone = Erasures(connection, KEY, [tombstone], incoming)
    assert [gone.count(name) for name in incoming] == [2, 2, 1]
    assert sorted(connection.execute(gone.without("customers")).fetchall()) == [("c2", "eb", "p1"), ("c8", "ey", "p1")]
    assert connection.execute(gone.without("identities")).fetchall() == [("z", "4", "eb")]
    assert sorted(connection.execute(gone.without("surveys")).fetchall()) == [
        ("t1", None, None, None, None, None),
        ("t2", "9", "z", "9", "eb", "yo"),
    ]


def test_until_rows_are_matched_a_source_s_own_ids_are_no_customers(connection, company):
    """`c1` as the desk's own id is somebody else; as the shop's, whose ids are ours, and in rows without names, not."""
    tombstone = erased(connection, KEY, company, "c1", on=date(2026, 11, 2))
    columns = ["ticket", "customer_id", "identity_source", "identity_id", "account"]
    rows = [("t1", "c1", "desk", "c1", "c1"), ("t2", "s", "shop", "c1", "c1"), ("t3", "c1", None, None, "c2")]
    table(connection, "surveys", columns, *rows)
    gone = Erasures(connection, KEY, [tombstone], {"surveys": "surveys"}, matched=False, own_ids={"shop"})
    assert gone.count("surveys") == 2
    assert sorted(connection.execute(gone.without("surveys")).fetchall()) == [
        ("t1", "c1", "desk", "c1", "c1"), ("t2", None, None, None, None), ("t3", None, None, None, "c2"),
    ]  # fmt: skip
    assert Erasures(connection, KEY, [tombstone], {"surveys": "surveys"}).count("surveys") == 2  # t1 and t3, as matched
    unnamed = Erasures(connection, KEY, [tombstone], {"surveys": "surveys"}, matched=False)
    assert unnamed.count("surveys") == 1


def test_without_tombstones_all_rows_stay(connection, company):
    gone = Erasures(connection, KEY, [], company)
    assert not gone.any
    assert gone.count("orders") == 0
    assert len(connection.execute(gone.without("orders")).fetchall()) == 2


def test_somebody_who_is_not_there_cannot_be_erased(connection, company):
    with pytest.raises(DesignError, match="No row"):
        erased(connection, KEY, company, "c7'; drop table orders; --", on=date(2026, 11, 2))
    assert connection.execute("select count(*) from orders").fetchone() == (2,)
