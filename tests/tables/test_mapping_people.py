"""Who a row is of, when an export was taken, and what an intake needs of a map: each on a few rows, worked by hand."""

from __future__ import annotations

import json
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis.foundation.errors import MapError
from analysis.tables.mapping import MappedTable, load_map, mapped
from analysis.tables.mapping_files import choose, columns_beyond
from analysis.tables.mapping_yaml import parse_map
from analysis.tables.pseudonyms import Key

KEY = Key(bytes(range(32)))
OCTOBER = datetime(2026, 10, 1, 6, 30)
CALLS = "No,At,User,Mail,Mobile,Queue,Paid,Tax,Refund\n"


def shop(file: dict[str, Any] | None = None, **table: Any) -> str:
    """A map of calls, in JSON, which is YAML; `table` is the one table it makes."""
    header = {"about": "calls", "has": CALLS.strip().split(",")}
    personal = {"User": "id", "Mail": "email", "Mobile": "phone"}
    calls = {"headers": [header], "time_formats": ["%Y-%m-%d %H:%M"], "nulls": [{"texts": ["-"]}], "personal": personal}
    issues = {
        "table": "issues",
        "columns": {"issue_id": "No", "opened_at": {"time": "At"}, "channel": {"constant": "phone"}},
    }
    whole = {"map": "shop", "about": "", "zone": "UTC", "files": {"calls": calls | (file or {})}}
    return json.dumps({**whole, "tables": [{"from": "calls", **issues, **table}]})


def run(tmp_path: Path, text: str, *records: str, **more: Any) -> MappedTable:
    """The table of some calls, and its account checked."""
    (tmp_path / "calls.csv").write_text(CALLS + "".join(f"{record}\n" for record in records), encoding="utf-8")
    return read(tmp_path, text, tmp_path / "calls.csv", **more)


def read(tmp_path: Path, text: str, path: Path, **more: Any) -> MappedTable:
    (tmp_path / "shop.yaml").write_text(text, encoding="utf-8")
    [made] = mapped(str(tmp_path / "shop.yaml"), path, cache=tmp_path / "cache", key=KEY, **more)
    assert made.read == pq.read_metadata(made.path).num_rows + sum(made.set_aside.values())
    return made


def cells(made: MappedTable, name: str) -> list[str | None]:
    found: list[str | None] = pq.read_table(made.path).column(name).to_pylist()
    return found


def refused(text: str) -> str:
    """What is said of a map on load."""
    with pytest.raises(MapError) as caught:
        parse_map(text, "shop.yaml")
    return str(caught.value)


EVERYONE = {"source": "desk", "id": "User", "email": "Mail", "phone": "Mobile"}


# Who a row is of


def test_a_customer_is_the_first_name_that_is_there(tmp_path: Path) -> None:
    """Of the second call only an address is known, of the third a number, of the last nothing: "-" is nobody."""
    records = [
        "1,2026-09-01 10:00,88,Ann@Example.org,-,,,,",
        "2,2026-09-01 10:00,,ann@example.org ,,,,,",
        "3,2026-09-01 10:00,-,,+44 20 7946 0958,,,,",
        "4,2026-09-01 10:00,-,-,-,,,,",
    ]
    made = run(tmp_path, shop(customer=EVERYONE), *records)
    user, mail, mobile = KEY.of("id", "88"), KEY.of("email", "ann@example.org"), KEY.of("phone", "+442079460958")
    assert cells(made, "identity_id") == [user, None, None, None]
    assert cells(made, "identity_email") == [mail, mail, None, None]
    assert cells(made, "identity_phone") == [None, None, mobile, None]
    assert cells(made, "customer_id") == [user, mail, mobile, None]
    assert cells(made, "identity_source") == ["desk"] * 4


def test_a_map_that_names_the_customer_keeps_its_word(tmp_path: Path) -> None:
    text = shop(
        columns={
            "issue_id": "No",
            "opened_at": {"time": "At"},
            "channel": {"constant": "phone"},
            "customer_id": "Queue",
        },
        customer={"source": "desk", "email": "Mail"},
    )
    made = run(tmp_path, text, "1,2026-09-01 10:00,,a@b.org,,C17,,,")
    assert cells(made, "customer_id") == ["C17"]
    assert "identity_id" not in made.columns


def test_in_groups_the_customer_is_the_one_of_the_group(tmp_path: Path) -> None:
    columns = {"issue_id": "No", "opened_at": {"earliest": {"time": "At"}}, "channel": {"constant": "phone"}}
    group = {"by": ["No"], "further_rows": "further calls"}
    text = shop(columns=columns, group=group, customer={"source": "desk", "email": {"same": "Mail"}})
    made = run(tmp_path, text, "1,2026-09-02 10:00,,a@b.org,,,,,", "1,2026-09-01 10:00,,A@B.org,,,,,")
    assert cells(made, "identity_email") == [KEY.of("email", "a@b.org")]
    assert made.set_aside == {"further calls": 1}


def test_the_tables_of_who_is_who(tmp_path: Path) -> None:
    """A customer list says under which addresses they are known; `identities` by which they are to be found."""
    addresses = {"email": "Mail", "phone": "Mobile"}
    listed = run(
        tmp_path, shop(table="customers", columns={"customer_id": "No"}, customer=addresses), "7,,,a@b.org,,,,,"
    )
    assert listed.columns[0] == "customer_id"
    assert cells(listed, "customer_id") == ["7"]
    assert cells(listed, "identity_email") == [KEY.of("email", "a@b.org")]
    columns = {"source": {"constant": "desk"}, "source_id": "User"}
    named = run(tmp_path, shop(table="identities", columns=columns, customer=addresses), "7,,88,a@b.org,,,,,")
    assert not {"customer_id", "method", "identity_source"} & set(named.columns)
    assert cells(named, "source_id") == [KEY.of("id", "88")]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"customer": {"source": "desk"}}, "needs at least one of `id`, `email`, `phone`"),
        ({"customer": {"id": "User"}}, "lacks the key `source`"),
        ({"customer": {"source": "desk", "email": "Queue"}}, "is no column of the file that is `personal` as `email`"),
        ({"customer": {"source": "desk", "email": "Mobile"}}, "Say under `personal` of the file that it is one"),
        ({"customer": {"source": "desk", "id": "Usr"}}, "there is no column or field `Usr`"),
        (
            {"table": "customers", "columns": {"customer_id": "No"}, "customer": {"source": "desk", "email": "Mail"}},
            "gives `source` or `id`, which `customers` says in columns of its own",
        ),
        (
            {
                "table": "posts",
                "columns": {"post_id": "No", "published_at": {"time": "At"}, "platform": {"constant": "x"}},
                "customer": {"source": "desk", "id": "User"},
            },
            "`posts` is not of customers",
        ),
        ({"further": {"identity_email": "Queue"}}, "`identity_email` are made by `customer`"),
        ({"table": "identities", "columns": {"source": {"constant": "x"}, "source_id": "User"}}, "lacks `customer_id`"),
    ],
)
def test_a_customer_that_cannot_be_meant_is_refused(table: dict[str, Any], said: str) -> None:
    assert said in refused(shop(**table))


# Pseudonyms


@pytest.mark.parametrize(
    "expression",
    [
        {"lower": "Mail"},
        {"strip": "Mobile"},
        {"extract": "Mail", "pattern": "@(.*)"},
        {"of": "User", "values": {"88": "a"}},
        {"number": "User"},
        {"time": "User"},
        {"whole_number": "User"},
        {"lower": {"first_of": ["Queue", "Mail"]}},
    ],
)
def test_nothing_looks_into_a_pseudonym(expression: dict[str, Any]) -> None:
    assert "is given a pseudonym: the column is `personal`" in refused(shop(further={"x": expression}))


def test_conditions_only_ask_whether_a_pseudonym_is_there(tmp_path: Path) -> None:
    assert "is given a pseudonym" in refused(shop(keep={"when": {"of": "Mail", "starts_with": "a"}, "others": "b"}))
    made = run(
        tmp_path,
        shop(keep={"when": {"of": "Mail", "empty": False}, "others": "no address"}),
        "1,2026-09-01 10:00,,a@b.org,,,,,",
        "2,2026-09-01 10:00,,-,,,,,",
    )
    assert made.set_aside == {"no address": 1}


def test_a_personal_column_has_to_be_in_the_header() -> None:
    said = refused(shop(file={"personal": {"Mial": "email"}}))
    assert "there is no column `Mial` in the header (line 1). Did you mean `Mail`?" in said
    assert "is none of the words allowed" in refused(shop(file={"personal": {"Mail": "mail"}}))


def test_what_a_map_does_not_look_at_is_not_asked_for() -> None:
    """A field is judged in every row, so it counts; a basis alone does not."""
    text = shop(
        file={
            "fields": {"euros": {"number": "Paid"}},
            "basis": {"Tax": "action"},
            "carry": {"key": ["No"], "columns": ["Queue"]},
        },
        set_aside=[{"reason": "none", "when": {"of": "Refund", "empty": True}}],
        customer={"source": "desk", "email": "Mail"},
    )
    assert parse_map(text, "shop.yaml").columns_used("calls") == {"No", "At", "Paid", "Refund", "Mail"}


# The date of the export


def test_the_date_of_the_export_is_an_instant(tmp_path: Path) -> None:
    text = shop(further={"seen": {"export_date": True}, "key": {"join": ["No", {"export_date": True}], "with": ":"}})
    made = run(tmp_path, text, "1,2026-09-01 10:00,,,,,,,", as_of=OCTOBER)
    assert cells(made, "seen") == ["2026-10-01T06:30:00Z"]
    assert cells(made, "key") == ["1:2026-10-01T06:30:00Z"]


def test_without_a_date_such_a_map_is_not_read(tmp_path: Path) -> None:
    text = shop(file={"fields": {"seen": {"export_date": True}}})
    assert parse_map(text, "shop.yaml").needs_export_date
    with pytest.raises(MapError, match=r"touchstone intake --as-of DATE"):
        run(tmp_path, text, "1,2026-09-01 10:00,,,,,,,")
    assert not parse_map(shop(), "shop.yaml").needs_export_date


# Words for cells


@pytest.mark.parametrize(
    ("cell", "becomes"), [("'007", "007"), (" 007  ", "007"), ("' 007", "007"), ("'", None), ("o'clock'", "o'clock'")]
)
def test_strip(tmp_path: Path, cell: str, becomes: str | None) -> None:
    made = run(tmp_path, shop(further={"x": {"strip": "Queue"}}), f"1,2026-09-01 10:00,,,,{cell},,,")
    assert cells(made, "x") == [becomes]


def test_case(tmp_path: Path) -> None:
    """A row that meets the condition, one that does not, and one that is empty."""
    paid = {
        "case": {
            "when": {"of": "Queue", "is": "void"},
            "then": {"number": {"constant": "0"}},
            "otherwise": {"number": "Paid"},
        }
    }
    only = {"case": {"when": {"of": "Queue", "is": "void"}, "then": "No"}}
    records = ["1,2026-09-01 10:00,,,,void,5.10,,", "2,2026-09-01 10:00,,,,paid,5.10,,", "3,2026-09-01 10:00,,,,,,,"]
    made = run(tmp_path, shop(further={"x": paid, "y": only}), *records)
    assert cells(made, "x") == ["0", "5.1", None]
    assert cells(made, "y") == ["1", None, None]
    assert "holds a number and a text" in refused(shop(further={"x": {"case": paid["case"] | {"then": "No"}}}))
    grouped = shop(group={"by": ["No"], "further_rows": "more"}, columns={"issue_id": "No"}, further={"x": only})
    assert "chooses for one row in a table of groups" in refused(grouped)


def apportioned(tmp_path: Path, *amounts: tuple[str, str, str]) -> list[str | None]:
    records = [f"{at},2026-09-01 10:00,,,,,{','.join(row)}" for at, row in enumerate(amounts)]
    return cells(
        run(tmp_path, shop(further={"x": {"apportion": "Paid", "part": "Tax", "whole": "Refund"}}), *records), "x"
    )


def test_apportion_by_hand(tmp_path: Path) -> None:
    """10 x 1 / 3, its halves rounded away from zero, nothing of nothing, and cells that are empty."""
    given = [
        ("10", "1", "3"),
        ("-10", "1", "3"),
        ("0.000001", "1", "2"),
        ("0", "0", "0"),
        ("5", "0", "0"),
        ("", "1", "2"),
    ]
    assert apportioned(tmp_path, *given) == ["3.333333", "-3.333333", "0.000001", "0", "0", None]


def test_apportion_is_exact(tmp_path: Path) -> None:
    """Against fractions, rounded once: 200 amounts up to the largest a number can be."""
    rng = np.random.default_rng(7)
    given, expected = [], []
    for _ in range(200):
        amount, whole = (int(rng.integers(-(10 ** int(d)), 10 ** int(d))) for d in rng.integers(1, 19, 2))
        part = int(rng.integers(-abs(whole), abs(whole) + 1))
        whole = whole or 1
        given.append((_plain(amount), _plain(part), _plain(whole)))
        exact = Fraction(amount * part, whole)
        size = int(abs(exact) + Fraction(1, 2))
        expected.append(size if exact >= 0 else -size)
    found = [round(Fraction(text) * 10**6) for text in apportioned(tmp_path, *given) if text is not None]
    assert found == expected


def _plain(millionths: int) -> str:
    """A whole number of millionths as a decimal."""
    whole, rest = divmod(abs(millionths), 10**6)
    return f"{'-' if millionths < 0 else ''}{whole}.{rest:06}"


@pytest.mark.parametrize("row", [("5", "2", "1"), ("5", "1", "0"), ("5", "-2", "1"), ("1", "1e9", "2")])
def test_a_part_beyond_its_whole_is_refused(tmp_path: Path, row: tuple[str, str, str]) -> None:
    with pytest.raises(MapError, match=r"calls\.csv"):
        apportioned(tmp_path, row)


def test_the_sole_value_of_a_group(tmp_path: Path) -> None:
    columns = {"issue_id": "No", "opened_at": {"earliest": {"time": "At"}}, "channel": {"constant": "phone"}}
    group = {"by": ["No"], "further_rows": "further calls"}
    text = shop(columns=columns, group=group, further={"x": {"sole": "Queue"}})
    days = "2026-09-01 10:00"
    records = [f"{no},{days},,,,{queue},,," for no, queue in [(1, "a"), (1, "a"), (1, ""), (2, "a"), (2, "b"), (3, "")]]
    assert cells(run(tmp_path, text, *records), "x") == ["a", None, None]


# Words for files


def test_cells_of_the_first_record_are_carried_within_a_file(tmp_path: Path) -> None:
    """Key 1 in two files: each has its own first record. A row without a key is on its own."""
    (tmp_path / "in").mkdir()
    day = "2026-09-01 10:00"
    one = [f"1,{day},,,,new,,,", f"1,{day},,,,,,,", f",{day},,,,lost,,,", f",{day},,,,,,,", f"2,{day},,,,,,,"]
    two = [f"1,{day},,,,,,,", f"1,{day},,,,old,,,"]
    for name, records in (("1.csv", one), ("2.csv", two)):
        (tmp_path / "in" / name).write_text(CALLS + "\n".join(records) + "\n", encoding="utf-8")
    text = shop(file={"carry": {"key": ["No"], "columns": ["Queue"]}}, further={"x": "Queue"})
    assert cells(read(tmp_path, text, tmp_path / "in"), "x") == ["new", "new", "lost", None, None, "old", "old"]


def test_rows_of_a_key_are_kept_from_the_last_file(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, queue, numbers in (("1.csv", "old", (1, 1, 2)), ("2.csv", "new", (1, 3))):
        records = "".join(f"{number},2026-09-01 10:00,,,,{queue},,,\n" for number in numbers)
        (tmp_path / "in" / name).write_text(CALLS + records, encoding="utf-8")
    repeats = [{"key": ["No"], "keep": "last_file", "reason": "in a later file"}]
    made = read(tmp_path, shop(file={"repeats": repeats}, further={"x": "Queue"}), tmp_path / "in")
    assert sorted(zip(cells(made, "issue_id"), cells(made, "x"), strict=True)) == [
        ("1", "new"),
        ("2", "old"),
        ("3", "new"),
    ]
    assert made.set_aside == {"in a later file": 2}


def test_a_renamed_column_is_read_under_both_names(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number, name in enumerate(("Mobile", "Cell")):
        header = CALLS.replace("Mobile", name)
        (tmp_path / "in" / f"{number}.csv").write_text(
            f"{header}{number},2026-09-01 10:00,,,+442079460958,,,,\n", encoding="utf-8"
        )
    made = read(tmp_path, shop(customer=EVERYONE), tmp_path / "in", renamed={"Mobile": "Cell"})
    assert cells(made, "identity_phone") == [KEY.of("phone", "+442079460958")] * 2
    with pytest.raises(MapError, match=r"has no column `Mobil` that could have been renamed\. Did you mean `Mobile`"):
        read(tmp_path, shop(), tmp_path / "in", renamed={"Mobil": "Cell"})


def test_columns_that_are_new_and_columns_that_are_lost_are_named(tmp_path: Path) -> None:
    header = {"about": "calls", "has": ["No", "At"], "may_have": ["Queue", "Paid"]}
    given = parse_map(shop(file={"headers": [header], "personal": {}}), "shop.yaml")
    (tmp_path / "calls.csv").write_text("At,No,Colour,Amount,Size\n", encoding="utf-8")
    [chosen], _ = choose(given, tmp_path / "calls.csv", renamed={"Paid": "Amount"})
    assert columns_beyond(given, chosen) == (("Colour", "Size"), ("Queue",))


# What to ask, and when to pull


def test_a_source_that_is_pulled_says_both() -> None:
    whole = json.loads(shop())
    pull = {"export": "Calls, all columns", "from": "the first day studied", "again": "each 6th"}
    given = parse_map(json.dumps(whole | {"ask": ["In which zone?"], "pull": pull}), "shop.yaml")
    assert given.pull is not None
    assert (given.ask, given.pull.since, given.pull.again) == (("In which zone?",), "the first day studied", "each 6th")
    said = "gives one of `ask` and `pull`: a source that is pulled has both, a data set neither"
    assert said in refused(json.dumps(whole | {"ask": ["In which zone?"]}))
    assert said in refused(json.dumps(whole | {"pull": pull}))
    del pull["again"]
    assert "lacks the key `again`" in refused(json.dumps(whole | {"ask": ["In which zone?"], "pull": pull}))


def test_the_data_sets_have_nobody_to_ask() -> None:
    assert load_map("cdnow").pull is None
