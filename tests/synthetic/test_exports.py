"""Do made-up exports look like those of the real systems, and does the truth beside them hold, row for row?"""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from analysis.foundation.errors import ParamsError, UnknownName
from analysis.foundation.provenance import fingerprint
from analysis.synthetic.exports import headers, zendesk
from analysis.synthetic.exports.quarters import FIRST, PULLS, SECOND
from analysis.synthetic.exports.write import make_exports
from analysis.tables.contract import SCHEMAS
from analysis.tables.load import Source, prepare

CUSTOMERS = 1_500
FILES = {
    "changes",
    "costs",
    "handles",
    "shopify_customers",
    "shopify_orders",
    "sprout_messages",
    "sprout_posts",
    "unit_costs",
    "x_tweets",
    "zendesk_tickets",
    "zendesk_users",
}

Row = dict[str, str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("exports")
    make_exports(home, world="effect", seed=5, customers=CUSTOMERS)
    return home


@pytest.fixture(scope="module")
def truth(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "truth.json").read_text()))


def rows_of(folder: Path, pull: str, name: str) -> list[Row]:
    with (folder / "exports" / pull / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def header_of(folder: Path, pull: str, name: str) -> tuple[str, ...]:
    with (folder / "exports" / pull / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(next(csv.reader(file)))


def contract(folder: Path, table: str, which: str = "contract") -> pa.Table:
    return pq.read_table(folder / which / f"{table}.parquet")


def values_of(table: pa.Table, key: str, name: str) -> dict[str, Any]:
    return dict(zip(table[key].to_pylist(), table[name].to_pylist(), strict=True))


def test_both_pulls_hold_a_file_of_each_system(folder: Path) -> None:
    for pull in PULLS:
        assert {path.stem for path in (folder / "exports" / pull.name).iterdir()} == FILES


@pytest.mark.parametrize(
    ("name", "columns", "number"),
    [
        ("zendesk_tickets", headers.ZENDESK_TICKETS, 41),
        ("zendesk_users", headers.ZENDESK_USERS, 32),
        ("shopify_orders", headers.SHOPIFY_ORDERS, 73),
        ("shopify_customers", headers.SHOPIFY_CUSTOMERS, 15),
        ("x_tweets", headers.X_TWEETS, 22),
        ("sprout_posts", headers.SPROUT_POSTS, 19),
        ("sprout_messages", headers.SPROUT_MESSAGES, 20),
    ],
)
def test_headers_are_those_of_the_real_exports(folder: Path, name: str, columns: tuple[str, ...], number: int) -> None:
    assert len(columns) == len(set(columns)) == number
    assert header_of(folder, FIRST.name, name) == columns


def test_the_second_pull_renames_a_column_and_adds_one(folder: Path, truth: dict[str, Any]) -> None:
    first, second = (header_of(folder, pull.name, "zendesk_tickets") for pull in PULLS)
    assert set(first) - set(second) == {"Created at"} == set(truth["renamed"]["zendesk"])
    assert set(second) - set(first) == {"Created", zendesk.ADDED} == {"Created", *truth["added"]["zendesk"]}
    assert set(header_of(folder, SECOND.name, "shopify_orders")) == set(headers.SHOPIFY_ORDERS)


def test_an_order_has_its_cells_on_its_first_line_only(folder: Path) -> None:
    lines = rows_of(folder, FIRST.name, "shopify_orders")
    seen: set[str] = set()
    for line in lines:
        again = line["Name"] in seen
        seen.add(line["Name"])
        assert line["Created at"].endswith((" +0000", " +0100"))
        for cell in ("Id", "Total", "Currency", "Financial Status", "Refunded Amount"):
            assert (line[cell] == "") == again
        assert line["Phone"] == "" or line["Phone"].startswith("'+44")
    assert len(seen) < len(lines)


def test_line_items_discount_shipping_and_tax_add_up_to_the_order(folder: Path) -> None:
    lines = rows_of(folder, FIRST.name, "shopify_orders")
    goods: Counter[str] = Counter()
    for line in lines:
        goods[line["Name"]] += int(line["Lineitem quantity"]) * int(Decimal(line["Lineitem price"]) * 100)
    for order in (line for line in lines if line["Id"]):
        cents = {
            name: int(Decimal(order[name]) * 100)
            for name in ("Subtotal", "Discount Amount", "Shipping", "Taxes", "Total", "Refunded Amount")
        }
        assert goods[order["Name"]] - cents["Discount Amount"] == cents["Subtotal"]
        assert cents["Subtotal"] + cents["Shipping"] == cents["Total"]
        assert cents["Taxes"] == cents["Total"] // 6
        assert 0 <= cents["Refunded Amount"] <= cents["Total"]


def test_revenue_is_exact(folder: Path) -> None:
    """(Total - Refunded) x (Total - Taxes) / Total, to six places; by hand from the cells of the file."""
    revenue = values_of(contract(folder, "orders", "contract_q2"), "order_id", "revenue")
    checked = 0
    for order in rows_of(folder, FIRST.name, "shopify_orders"):
        if not order["Id"] or order["Financial Status"] == "voided":
            assert order["Id"] not in revenue
            continue
        total, back, tax = (Decimal(order[name]) for name in ("Total", "Refunded Amount", "Taxes"))
        exact = (total - back) * (total - tax) / total
        assert abs(revenue[order["Id"]] - exact) <= Decimal("0.0000005")
        checked += 1
    assert checked == len(revenue)


def test_times_are_written_as_each_system_writes_them(folder: Path) -> None:
    shapes = {
        ("zendesk_tickets", "Created at"): "%Y-%m-%d %H:%M",
        ("zendesk_tickets", "Solved at"): "%Y-%m-%d %H:%M",
        ("x_tweets", "time"): "%Y-%m-%d %H:%M %z",
        ("sprout_posts", "Date"): "%m/%d/%Y %I:%M %p",
        ("sprout_messages", "created_time"): "%Y-%m-%dT%H:%M:%SZ",
        ("shopify_orders", "Created at"): "%Y-%m-%d %H:%M:%S %z",
        ("shopify_customers", "created_at"): "%Y-%m-%d %H:%M:%S.%f ",
    }
    for (name, column), shape in shapes.items():
        for row in rows_of(folder, FIRST.name, name)[:200]:
            assert row[column] == "" or datetime.strptime(row[column], shape)


def test_the_pulls_overlap_by_a_month(folder: Path) -> None:
    """Orders of June and the first days of July stand in both; nothing stands in a pull that happened after it."""
    lines = [rows_of(folder, pull.name, "shopify_orders") for pull in PULLS]
    placed = [{line["Name"]: line["Created at"] for line in one} for one in lines]
    both = set(placed[0]) & set(placed[1])
    assert both
    assert {placed[1][name][:7] for name in both} <= {"2026-05", "2026-06", "2026-07"}
    assert min(placed[1].values())[:10] >= "2026-06-01"
    assert max(placed[0].values())[:10] < str(FIRST.day)
    assert max(placed[1].values())[:10] < str(SECOND.day)


def test_late_changed_and_deleted_rows_are_there_and_counted(folder: Path, truth: dict[str, Any]) -> None:
    """Counted again from the files alone."""
    first, second = ({row["Id"]: row for row in rows_of(folder, pull.name, "zendesk_tickets")} for pull in PULLS)
    counts = truth["tables"]["issues"]["zendesk"]
    gone, new = set(first) - set(second), set(second) - set(first)
    late = {one for one in new if second[one]["Created"] < f"{FIRST.day} 00:00"}
    cells = ("Solved at", "Status", "Reopens", "First reply time in minutes")
    changed = {one for one in set(first) & set(second) if any(first[one][c] != second[one][c] for c in cells)}
    assert (len(first), len(second), len(new), len(gone)) == tuple(
        counts[name] for name in ("first", "second", "new", "gone")
    )
    assert (len(late), len(changed)) == (counts["late"], counts["changed"])
    assert min(len(late), len(changed), len(gone)) > 0
    opened_again = [one for one in changed if first[one]["Solved at"] and not second[one]["Solved at"]]
    assert all(second[one]["Reopens"] == "1" for one in opened_again)


def test_orders_are_refunded_and_cancelled_between_the_pulls(folder: Path, truth: dict[str, Any]) -> None:
    first, second = (
        {row["Id"]: row for row in rows_of(folder, pull.name, "shopify_orders") if row["Id"]} for pull in PULLS
    )
    stood = {one: first[one] for one in set(first) & set(second) if first[one]["Financial Status"] != "voided"}
    cells = ("Financial Status", "Refunded Amount", "Cancelled at")
    changed = {one for one, row in stood.items() if any(row[cell] != second[one][cell] for cell in cells)}
    assert len(changed) == truth["tables"]["orders"]["shopify_orders"]["changed"] > 0


def test_addresses_come_in_several_spellings(folder: Path) -> None:
    rows = rows_of(folder, FIRST.name, "zendesk_tickets")
    tickets = [row["Requester email"] for row in rows if row["Requester email"]]
    known = {row["email"].strip(" <>").lower() for row in rows_of(folder, FIRST.name, "shopify_customers")}
    assert any(one != one.lower() for one in tickets)
    assert any(one.startswith(" ") for one in tickets)
    assert any(one.startswith("<") and one.endswith(">") for one in tickets)
    assert 0.9 < sum(one.strip(" <>").lower() in known for one in tickets) / len(tickets) < 1


def test_whose_the_rows_are_follows_from_the_addresses_alone(folder: Path, truth: dict[str, Any]) -> None:
    """A second road: the customers of orders, looked up by the cleaned cells of the two files."""
    by_email: dict[str, set[str]] = {}
    by_phone: dict[str, set[str]] = {}
    for row in rows_of(folder, SECOND.name, "shopify_customers"):
        by_email.setdefault(row["email"].strip(" <>").lower(), set()).add(row["id"])
        by_phone.setdefault(row["phone"], set()).add(row["id"])
    counts: Counter[str] = Counter()
    whose = values_of(contract(folder, "orders"), "order_id", "customer_id")
    for row in rows_of(folder, SECOND.name, "shopify_orders"):
        if not row["Id"] or row["Financial Status"] == "voided":
            continue
        email, phone = row["Email"].strip(" <>").lower(), row["Phone"].removeprefix("'")
        ways = [by_email.get(email, set()) if email else set(), by_phone.get(phone, set()) if phone else set()]
        found = next((next(iter(way)) for way in ways if len(way) == 1), None)
        assert whose[row["Id"]] == found
        counts["matched" if found else "ambiguous" if any(len(way) > 1 for way in ways) else "unmatched"] += 1
    assert min(counts[name] for name in ("matched", "ambiguous", "unmatched")) > 0
    stated = truth["matching"]["orders"]["shopify_orders"]["2026q3"]
    assert sum(stated.values()) == truth["tables"]["orders"]["shopify_orders"]["second"]


def test_tables_keep_the_contract(folder: Path, tmp_path: Path, truth: dict[str, Any]) -> None:
    for which, state in (("contract_q2", "first"), ("contract", "second")):
        prepared = prepare([Source(path=folder / which)], cache=tmp_path / which)
        assert set(prepared.accounts) == set(truth["tables"])
        for table, account in prepared.accounts.items():
            assert account.rows.read == sum(one[state] for one in truth["tables"][table].values())
            assert set(account.columns) <= {column.name for column in SCHEMAS[table].columns} | {"joined_derived"}


def test_customers_of_rows_are_customers(folder: Path) -> None:
    known = contract(folder, "customers")["customer_id"]
    for table in ("orders", "issues", "touchpoints", "mentions", "identities"):
        named = contract(folder, table)["customer_id"].drop_null()
        assert len(named) > 0
        assert pc.all(pc.is_in(named, value_set=known)).as_py()


def test_since_when_a_row_is_known(folder: Path) -> None:
    """Of the first pull: since its own time. What the second brought or changed: since that one's day."""
    first, second = (contract(folder, "orders", which) for which in ("contract_q2", "contract"))
    assert first["known_at"].equals(first["ordered_at"])
    known = second["known_at"].to_pylist()
    later = [one for one, placed in zip(known, second["ordered_at"].to_pylist(), strict=True) if one != placed]
    assert {one.date() for one in later} == {SECOND.day}


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path: Path) -> None:
    marks = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_exports(tmp_path / name, world="none", seed=seed, customers=150)
        marks.append(fingerprint(tmp_path / name / "exports" / "2026q3"))
    assert marks[0] == marks[1] != marks[2]


@pytest.mark.parametrize("customers", [1, 2, 7])
def test_small_companies_can_be_written(tmp_path: Path, customers: int) -> None:
    make_exports(tmp_path, world="demo", seed=2, customers=customers)
    prepare([Source(path=tmp_path / "contract")], cache=tmp_path / "cache")


def test_an_earlier_made_up_company_is_replaced_and_other_data_are_not(tmp_path: Path) -> None:
    make_exports(tmp_path / "mine", world="none", seed=1, customers=20)
    (tmp_path / "mine" / "exports" / "old.csv").write_text("left over")
    make_exports(tmp_path / "mine", world="none", seed=1, customers=20)
    assert not (tmp_path / "mine" / "exports" / "old.csv").exists()
    (tmp_path / "other" / "contract").mkdir(parents=True)
    with pytest.raises(ParamsError, match="holds `contract`, and no exports that were made up"):
        make_exports(tmp_path / "other", world="none", seed=1, customers=20)
    assert list((tmp_path / "other").iterdir()) == [tmp_path / "other" / "contract"]


def test_what_cannot_be_made_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ParamsError) as refused:
        make_exports(tmp_path / "new", world="experiment", seed=-1, customers=0)
    assert {fault.where for fault in refused.value.faults} == {"seed", "customers", "world"}
    with pytest.raises(UnknownName, match="Did you mean `season`"):
        make_exports(tmp_path / "new", world="saeson", seed=1, customers=10)
    assert not (tmp_path / "new").exists()
