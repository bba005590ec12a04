"""Which customer is this? Small tables by hand, laws, and addresses that may lie nowhere."""

from __future__ import annotations

import doctest
from pathlib import Path

import duckdb
import pytest

from analysis.tables.identity import Directory, Matching, addresses_in_the_clear
from analysis.tables.pseudonyms import KEY_FILE, Key

KEY = Key(bytes(range(32)))
NAMES = ["ticket", "customer_id", "identity_source", "identity_id", "identity_email", "identity_phone"]


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
def people(connection):
    """c1 to c4; c3 and c4 share a telephone number, c1 and c4 an address; `zendesk` 7 is c2, reviewed."""
    customers = table(
        connection,
        "customers",
        ["customer_id", "identity_email", "identity_phone"],
        *(("c1", "ea", "p1"), ("c2", "eb", "p2"), ("c3", "ec", "p3"), ("c4", "ea", "p3"), ("c5", None, None)),
    )
    names = ["source", "source_id", "customer_id", "method"]
    identities = table(connection, "identities", names, ("zendesk", "7", "c2", "reviewed"), ("x", "h9", "c5", "given"))
    return Directory(connection, customers=customers, identities=identities, own_ids={"shop"})


def found(connection, people, *rows, columns=NAMES):
    tickets = table(connection, "tickets", columns, *rows)
    sql = people.matched(tickets, columns)
    return dict(connection.execute(f"select ticket, customer_id from ({sql})").fetchall()), people.count(
        tickets, columns
    )


def test_by_hand(connection, people):
    """The id first, then the address, then the number; what several share leads to nobody; a conflict is counted."""
    matched, counts = found(
        connection,
        people,
        ("t1", "7", "zendesk", "7", "ea", None),  # by id
        ("t2", "8", "zendesk", "8", "eb", "p1"),  # by address, and the number says c1: a conflict
        ("t3", "ea", "zendesk", None, "ea", "p2"),  # the address is shared, the number is c2's
        ("t4", "ea", "zendesk", None, "ea", "p3"),  # both are shared
        ("t5", "9", "zendesk", "9", "ez", None),  # nobody has this
        ("t6", None, "zendesk", None, None, None),  # names nobody
        ("t7", "7", "other", "7", None, None),  # the same id in another source is somebody else
        ("t8", "c3", "shop", "c3", "eb", None),  # our own id; the address says c2: a conflict
        ("t9", "7", "zendesk", "7", "ec", None),  # a reviewed name and another customer's address: a conflict
    )
    assert matched == {
        "t1": "c2", "t2": "c2", "t3": "c2", "t4": None, "t5": None, "t6": None, "t7": None, "t8": "c3", "t9": "c2",
    }  # fmt: skip
    assert counts == Matching(rows=9, by_id=3, by_email=1, by_phone=1, shared=1, unknown=2, nameless=1, conflicts=3)
    assert counts.matched == 5


@pytest.mark.parametrize(
    "columns", [["ticket", *one] for one in (["identity_email"], ["identity_phone", "customer_id"], NAMES[2:4])]
)
def test_rows_may_carry_some_of_the_names(connection, people, columns):
    values = {"identity_email": "eb", "identity_phone": "p2", "identity_source": "zendesk", "identity_id": "7"}
    row = [values.get(name, "t1") for name in columns]
    matched, counts = found(connection, people, row, columns=columns)
    assert matched == {"t1": "c2"}
    assert (counts.matched, counts.conflicts) == (1, 0)


def test_rows_without_names_keep_their_customer(connection, people):
    tickets = table(connection, "tickets", ["ticket", "customer_id"], ("t1", "c9"))
    sql = people.matched(tickets, ["ticket", "customer_id"])
    assert connection.execute(sql).fetchall() == [("t1", "c9")]


def test_no_row_more_or_less_whatever_the_tables_hold(connection):
    """A name that stands twice for two customers leads to nobody; rows are never doubled."""
    names = ["source", "source_id", "customer_id"]
    twice = table(
        connection, "identities", names, ("x", "1", "c1"), ("x", "1", "c2"), ("x", "2", "c1"), ("x", "2", "c1")
    )
    same = table(connection, "customers", ["customer_id", "identity_email"], ("c1", "e"), ("c1", "e"), ("c2", None))
    people = Directory(connection, customers=same, identities=twice)
    rows = [(f"t{n}", None, "x", str(n % 3), "e" if n % 2 else None, None) for n in range(30)]
    matched, counts = found(connection, people, *rows)
    assert len(matched) == counts.rows == 30
    assert matched["t2"] == "c1"
    assert matched["t4"] is None  # one name of two customers
    assert matched["t1"] == "c1"  # the name leads to nobody, the address to c1


def test_without_tables_nobody_is_found(connection):
    people = Directory(connection, customers=None, identities=None)
    matched, counts = found(connection, people, ("t1", "7", "zendesk", "7", "ea", "p1"))
    assert matched == {"t1": None}
    assert (counts.unknown, counts.shared) == (1, 0)


def test_identities_from_addresses(connection, people):
    """Users of a help desk: by address, by number, by nobody; a row that says whose it is stays as it is."""
    columns = ["source", "source_id", "customer_id", "method", "identity_email", "identity_phone"]
    users = table(
        connection,
        "users",
        columns,
        ("zendesk", "1", None, None, "eb", "p2"),
        ("zendesk", "2", None, None, "ea", "p1"),
        ("zendesk", "3", None, None, "ez", None),
        ("zendesk", "4", "c5", "reviewed", "eb", None),
    )
    sql = people.found_identities(users, columns)
    rows = connection.execute(f"select source_id, customer_id, method from ({sql}) order by 1").fetchall()
    assert rows == [("1", "c2", "email"), ("2", "c1", "phone"), ("3", None, None), ("4", "c5", "reviewed")]
    short = [name for name in columns if name not in ("customer_id", "method")]
    sql = people.found_identities(f"(select * exclude (customer_id, method) from {users})", short)
    assert connection.execute(f"select customer_id, method from ({sql}) order by source_id").fetchall()[3] == (
        "c2",
        "email",
    )


@pytest.mark.parametrize(
    ("name", "method", "refused"),
    [
        ("ann@example.org", "reviewed", True),
        ("ann@example.org", "given", True),
        ("+447700900123", "phone", True),
        ("ann", "email", True),
        ("@ann", "handle", False),
        ("17", "given", False),
        (KEY.of("email", "ann@example.org"), "email", False),
        (KEY.of("handle", "@ann"), "reviewed", False),
    ],
)
def test_addresses_in_the_clear_are_refused(connection, name, method, refused):
    rows = table(connection, "identities", ["source_id", "method"], (name, method), ("17", "given"))
    faults = addresses_in_the_clear(connection, rows, "identities.csv")
    assert [fault.count for fault in faults] == ([1] if refused else [])
    assert all(name not in str(fault) for fault in faults)


PSEUDONYM = KEY.of("email", "ann@example.org")


@pytest.mark.parametrize(
    ("column", "cell", "refused"),
    [
        ("identity_email", "ann@example.org", True),
        ("identity_email", "ann", True),
        ("identity_email", PSEUDONYM, False),
        ("identity_email", None, False),
        ("identity_phone", "07700900123", True),
        ("identity_phone", PSEUDONYM, False),
        ("identity_id", "ann@example.org", True),
        ("identity_id", "4477009001234", False),
        ("email", "ann@example.org", True),
        ("email", "yes", False),
        ("email", PSEUDONYM, False),
        ("E-Mail", "ann@example.org", True),
        ("customerEmail", "ann@example.org", True),
        ("email_address_2", "ann@example.org", True),
        ("phone", "+44 (0)7700 900123", True),
        ("Mobile No.", "07700-900123", True),
        ("telephone_number", "7700900123.0", True),
        ("work phone", "ann@example.org", True),
        ("phone", "iPhone 15", False),
        ("phone", "12345678", False),
        ("phone_seconds", "1234567890", False),
        ("emails_opened", "1234567890", False),
        ("campaign", "ann@example.org", False),
    ],
)
def test_plain_addresses_in_any_table(connection, column, cell, refused):
    """Names of people need pseudonyms; columns called like addresses may hold anything but what looks like one."""
    rows = table(connection, "tickets", ["ticket", f'"{column}"'], ("t1", cell), ("t2", None))
    faults = addresses_in_the_clear(connection, rows, "source `x`, table issues")
    assert [(fault.rule, fault.column, fault.count, fault.of) for fault in faults] == (
        [("address_in_the_clear", column, 1, 2)] if refused else []
    )
    assert cell is None or all(cell not in str(fault) for fault in faults)


def test_numbers_and_names_of_columns_may_be_addresses_too(connection):
    connection.execute('create table parts as select 7700900123 as mobile, 1 as "ann@example.org"')
    faults = addresses_in_the_clear(connection, "parts", "parts")
    assert [str(fault).split(". ")[0] for fault in faults] == [
        "parts: has an address for the name of a column",
        "parts, column `mobile`: holds an address in the clear (1 of 1 rows)",
    ]
    assert "example" not in " ".join(map(str, faults))


def test_counts_that_do_not_add_up_are_refused():
    parts = {"by_id": 1, "by_email": 0, "by_phone": 0, "shared": 0, "unknown": 0, "nameless": 0}
    with pytest.raises(ValueError, match="add up"):
        Matching(rows=2, conflicts=0, **parts)
    with pytest.raises(ValueError, match="add up"):
        Matching(rows=1, conflicts=2, **parts)


def test_the_page_shows_what_runs(tmp_path, monkeypatch):
    """The examples of docs/identity.md, with a key of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(KEY_FILE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    page = Path(__file__).parents[2] / "docs" / "identity.md"
    ran = doctest.testfile(str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert ran.attempted > 5
    assert ran.failed == 0
