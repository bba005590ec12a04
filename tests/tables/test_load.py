"""Every kind of source becomes the same tables; what is kept is found again; what changed is noticed."""

from __future__ import annotations

import csv
import stat
import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.foundation.errors import ContractError, MapError, UnknownName
from analysis.foundation.provenance import fingerprint
from analysis.inference.estimate import RowsUsed
from analysis.tables import load, staging
from analysis.tables.column_rules import _NOTHING
from analysis.tables.contract import SCHEMAS
from analysis.tables.load import Prepared, Source, open_tables, prepare

ORDERS = "order_id,customer_id,ordered_at,revenue,currency,cancelled_at,till"
ROWS = (
    "007,c1,2026-01-05T09:00:00+01:00,12.50,EUR,,north",
    "123456789012345678,c2,2026-02-05T09:00:00+01:00,0.1,EUR,,",
    "9,c1,2026-03-05T09:00:00+01:00,3,EUR,2026-03-06T09:00:00+01:00,south",
)


def orders_csv(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([ORDERS, *(rows or ROWS)]) + "\n", encoding="utf-8")
    return path


def orders_parquet(path: Path) -> Path:
    times = [datetime(2026, month, 5, 8) for month in (1, 2, 3)]
    pq.write_table(
        pa.table(
            {
                "order_id": ["007", "123456789012345678", "9"],
                "customer_id": ["c1", "c2", "c1"],
                "ordered_at": pa.array(times, pa.timestamp("us", "UTC")),
                "revenue": [12.5, 0.1, 3.0],
                "currency": ["EUR"] * 3,
                "cancelled_at": pa.array([None, None, datetime(2026, 3, 6, 8)], pa.timestamp("us", "UTC")),
                "till": ["north", None, "south"],
            }
        ),
        path,
    )
    return path


def as_csv(folder: Path) -> None:
    orders_csv(folder / "orders.csv")


def as_parquet(folder: Path) -> None:
    orders_parquet(folder / "orders.parquet")


def as_parts(folder: Path) -> None:
    (folder / "orders").mkdir()
    (folder / "orders" / "_SUCCESS").write_bytes(b"")
    orders_csv(folder / "orders" / "part-0.csv", ROWS[0])
    orders_csv(folder / "orders" / "part-1.csv", *ROWS[1:])


def as_sheet(folder: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "notes"
    sheet = book.create_sheet("orders")
    for row in csv.reader([ORDERS, *ROWS]):
        sheet.append(row)
    book.save(folder / "book.xlsx")


def as_database(folder: Path) -> None:
    orders_parquet(folder.parent / "o.parquet")
    with duckdb.connect(str(folder / "data.duckdb")) as connection:
        connection.execute(f"create table kept as select * from '{folder.parent / 'o.parquet'}'")
        connection.execute("create view orders as select * from kept")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("make", [as_csv, as_parquet, as_parts, as_sheet, as_database])
def test_the_same_rows_from_every_kind_of_source(data: Path, tmp_path: Path, make: object) -> None:
    make(data)  # type: ignore[operator]
    (data / "truth.json").write_text("{}", encoding="utf-8")
    prepared = prepare([Source(data)], cache=tmp_path / "cache")
    account = prepared.accounts["orders"]
    assert account.rows == RowsUsed(read=3, kept=2, set_aside={"cancelled": 1})
    assert account.columns == (*ORDERS.split(",")[:-1], "till")
    assert (account.first, account.last) == (datetime(2026, 1, 5, 8), datetime(2026, 2, 5, 8))
    assert "truth.json" in prepared.notices[0]
    with open_tables(prepared) as tables:
        rows = tables.engine.query("select * from orders order by ordered_at").to_pylist()
        kinds = {row["column_name"]: row["column_type"] for row in tables.engine.query("describe orders").to_pylist()}
    expected = [column.name for column in SCHEMAS["orders"].columns]
    assert list(rows[0]) == [*expected, "till"]
    for column in SCHEMAS["orders"].columns:
        assert kinds[column.name] == column.engine_type
    assert rows[0]["order_id"] == "007"
    assert [row["revenue"] for row in rows] == [Decimal("12.5"), Decimal("0.1")]
    assert [row["till"] for row in rows] == ["north", None]
    assert rows[1]["ordered_at"] == datetime(2026, 2, 5, 8)


def test_what_a_table_has_and_what_is_shown_as_null(data: Path, tmp_path: Path) -> None:
    as_csv(data)
    prepared = prepare([Source(data)], cache=tmp_path / "cache")
    with open_tables(prepared) as tables:
        assert tables.has("orders")
        assert not tables.has("issues")
        assert tables.has_column("orders", "till")
        assert not tables.has_column("orders", "margin")
        assert not tables.has_column("issues", "topic")
        assert tables.rows() == {"orders": prepared.accounts["orders"].rows}
        assert tables.engine.query("select count(margin) as n from orders").column("n").to_pylist() == [0]


@pytest.fixture
def exact(data: Path) -> Path:
    """A Parquet file that is already in the engine's types, with a cancelled order."""
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select range::varchar as order_id, timestamp '2026-01-05' + to_days(range::int) as ordered_at, "
            f"1.5::decimal(10, 2) as revenue, 'EUR' as currency, "
            f"case when range = 1 then timestamp '2026-02-01' end as cancelled_at from range(5)) "
            f"to '{data / 'orders.parquet'}' (format parquet)"
        )
    return data / "orders.parquet"


def test_parquet_in_the_engines_types_is_not_copied(exact: Path, data: Path, tmp_path: Path) -> None:
    prepared = prepare([Source(data)], cache=tmp_path / "cache")
    assert [path.name for path in prepared.folder.iterdir()] == ["prepared.json"]
    assert prepared.accounts["orders"].rows == RowsUsed(read=5, kept=4, set_aside={"cancelled": 1})
    with open_tables(prepared) as tables:
        assert tables.engine.query("select sum(revenue) as r from orders").column("r").to_pylist() == [Decimal(6)]


@pytest.mark.parametrize(
    ("most", "kept"), [(staging.SMALL_BYTES, ["orders.parquet", "prepared.json"]), (0, ["prepared.json"])]
)
def test_times_of_a_zone_are_made_once_where_a_table_is_small(
    data: Path, tmp_path: Path, most: int, kept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are the same in the same order, kept or viewed; a kept table does not ask for its file again."""
    monkeypatch.setattr(staging, "SMALL_BYTES", most)
    times = [datetime(2026, 7, 5, hour, tzinfo=UTC) for hour in (12, 3, 7)]
    table = {"order_id": ["3", "1", "2"], "ordered_at": times, "revenue": [Decimal("1.5")] * 3, "currency": ["EUR"] * 3}
    pq.write_table(pa.table({**table, "till": [1, None, 2]}), data / "orders.parquet")
    prepared = prepare([Source(data)], cache=tmp_path / "cache")
    assert sorted(path.name for path in prepared.folder.iterdir()) == kept
    if most:
        (data / "orders.parquet").unlink()
    with open_tables(prepared) as tables:
        rows = tables.engine.query("select order_id, ordered_at, revenue, till from orders").to_pylist()
        kinds = {row["column_name"]: row["column_type"] for row in tables.engine.query("describe orders").to_pylist()}
    assert [row["order_id"] for row in rows] == ["3", "1", "2"]
    assert [row["ordered_at"] for row in rows] == [time.replace(tzinfo=None) for time in times]
    assert [row["till"] for row in rows] == [1, None, 2]
    assert all(kinds[column.name] == column.engine_type for column in SCHEMAS["orders"].columns)


def test_a_file_that_changed_where_it_lies_is_noticed(exact: Path, data: Path, tmp_path: Path) -> None:
    prepared = prepare([Source(data)], cache=tmp_path / "cache")
    before = exact.read_bytes()
    exact.write_bytes(before)  # a new time of change, the same bytes
    open_tables(prepared).close()
    with duckdb.connect() as connection:
        connection.execute(f"copy (select * from '{exact}' limit 3) to '{exact}.new' (format parquet)")
    Path(f"{exact}.new").replace(exact)
    with pytest.raises(ContractError, match="has changed since it was checked"):
        open_tables(prepared)
    exact.unlink()
    with pytest.raises(ContractError, match="has changed since it was checked"):
        open_tables(prepared)


def test_empty_text_in_parquet_is_not_viewed_where_it_lies(data: Path, tmp_path: Path) -> None:
    table = {"customer_id": ["a", "b"], "region": ["north", ""]}
    pq.write_table(pa.table(table), data / "customers.parquet")
    prepared = prepare([Source(data)], cache=tmp_path / "cache")
    with open_tables(prepared) as tables:
        rows = tables.engine.query("select region from customers order by customer_id").column("region").to_pylist()
    assert rows == ["north", None]


def test_a_cell_that_is_quoted_and_empty_is_nothing(data: Path, tmp_path: Path) -> None:
    (data / "customers.csv").write_text('customer_id,region\na,""\n', encoding="utf-8")
    with open_tables(prepare([Source(data)], cache=tmp_path / "cache")) as tables:
        assert tables.engine.query("select region from customers").column("region").to_pylist() == [None]


def test_parts_of_parquet_in_different_types_are_each_read_in_their_own(data: Path, tmp_path: Path) -> None:
    """A naive time is local in the declared zone, whatever the time beside it in another part is."""
    (data / "posts").mkdir()
    for name, kind in (("a", pa.timestamp("us")), ("b", pa.timestamp("us", "UTC")), ("c", pa.string())):
        time = "2026-07-05 12:00:00" if name == "c" else datetime(2026, 7, 5, 12)
        further = pa.array([1]) if name == "a" else pa.array(["x"])
        part = {"post_id": [name], "published_at": pa.array([time], kind), "platform": ["x"], "further": further}
        pq.write_table(pa.table(part), data / "posts" / f"{name}.parquet")
    with open_tables(prepare([Source(data)], cache=tmp_path / "cache", zone="Europe/London")) as tables:
        rows = tables.engine.query("select post_id, published_at, further from posts order by 1").to_pylist()
    assert [row["published_at"].hour for row in rows] == [11, 12, 11]
    assert [row["further"] for row in rows] == ["1", "x", "x"]


def test_joined_at_comes_from_the_first_order_where_there_is_none(data: Path, tmp_path: Path) -> None:
    """c1: first order on 5 January; c2 says itself; c3 has only a cancelled order, c4 none."""
    orders_csv(data / "orders.csv", *ROWS, "11,c3,2026-01-01T00:00Z,1,EUR,2026-01-02T00:00Z,")
    content = "customer_id,joined_at\nc1,\nc2,2020-01-01T00:00Z\nc3,\nc4,\n"
    (data / "customers.csv").write_text(content, encoding="utf-8")
    with open_tables(prepare([Source(data)], cache=tmp_path / "cache")) as tables:
        rows = tables.engine.query(
            "select customer_id, joined_at, joined_at_derived from customers order by 1"
        ).to_pylist()
    assert [(row["joined_at"], row["joined_at_derived"]) for row in rows] == [
        (datetime(2026, 1, 5, 8), True),
        (datetime(2020, 1, 1), False),
        (None, False),
        (None, False),
    ]


def test_customers_without_orders_derive_nothing(data: Path, tmp_path: Path) -> None:
    (data / "customers.csv").write_text("customer_id\na\n", encoding="utf-8")
    with open_tables(prepare([Source(data)], cache=tmp_path / "cache")) as tables:
        rows = tables.engine.query("select joined_at, joined_at_derived from customers").to_pylist()
        assert rows == [{"joined_at": None, "joined_at_derived": False}]
        assert not tables.has_column("customers", "joined_at")


def test_orphans_and_other_currencies_are_said(data: Path, tmp_path: Path) -> None:
    as_csv(data)
    (data / "customers.csv").write_text("customer_id\nc1\n", encoding="utf-8")
    (data / "costs.csv").write_text("cost_id,month,line,amount,currency\n1,2026-01-01,agents,5,USD\n", encoding="utf-8")
    prepared = prepare([Source(data)], cache=tmp_path / "cache")
    assert prepared.accounts["orders"].notices == (
        "orders.csv, column `customer_id`: customers are not in the table `customers` (1 rows).",
    )
    assert any("different currencies" in notice for notice in prepared.notices)


def test_known_at_is_the_latest_of_all_tables(data: Path, tmp_path: Path) -> None:
    as_csv(data)
    prepared = prepare([Source(data)], cache=tmp_path / "cache")
    assert (prepared.known_at, prepared.known_at_assumed) == (datetime(2026, 2, 5, 8), True)
    (data / "customers.csv").write_text("customer_id,known_at\nc1,2026-06-01T00:00Z\n", encoding="utf-8")
    prepared = prepare([Source(data)], cache=tmp_path / "cache")
    assert prepared.known_at == datetime(2026, 6, 1)
    (data / "orders.csv").unlink()
    assert not prepare([Source(data)], cache=tmp_path / "cache").known_at_assumed
    (data / "customers.csv").write_text("customer_id\nc1\n", encoding="utf-8")
    prepared = prepare([Source(data)], cache=tmp_path / "cache")
    assert (prepared.known_at, prepared.known_at_assumed) == (None, False)


def test_an_order_book_of_cancelled_orders_is_empty_and_said(data: Path, tmp_path: Path) -> None:
    orders_csv(data / "orders.csv", ROWS[2])
    account = prepare([Source(data)], cache=tmp_path / "cache").accounts["orders"]
    assert account.rows == RowsUsed(read=1, kept=0, set_aside={"cancelled": 1})
    assert account.notices == ("orders.csv: no row is left to count.",)


def test_the_same_sources_are_read_once(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_csv(data)
    first = prepare([Source(data)], cache=tmp_path / "cache")
    assert first.accounts["orders"].fingerprint == fingerprint(data / "orders.csv")
    monkeypatch.setattr(load, "_prepare_in", None)
    assert prepare([Source(data)], cache=tmp_path / "cache") == first
    (data / "README.md").write_text("no table", encoding="utf-8")
    assert prepare([Source(data)], cache=tmp_path / "cache").folder == first.folder
    with pytest.raises(TypeError):
        prepare([Source(data)], cache=tmp_path / "cache", zone="Europe/London")
    orders_csv(data / "orders.csv", ROWS[0])
    with pytest.raises(TypeError):
        prepare([Source(data)], cache=tmp_path / "cache")


def test_what_was_kept_can_be_read_again(data: Path, tmp_path: Path) -> None:
    as_csv(data)
    prepared = prepare([Source(data)], cache=tmp_path / "cache")
    assert Prepared.read(prepared.folder) == prepared


def test_only_its_owner_can_read_the_cache(data: Path, tmp_path: Path) -> None:
    as_csv(data)
    prepared = prepare([Source(data)], cache=tmp_path / "deep" / "cache")
    for folder in (tmp_path / "deep" / "cache", prepared.folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_callers_at_the_same_time_get_the_same(data: Path, tmp_path: Path) -> None:
    as_csv(data)
    got: list[Prepared] = []
    threads = [
        threading.Thread(target=lambda: got.append(prepare([Source(data)], cache=tmp_path / "cache"))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 4
    assert len({prepared.folder for prepared in got}) == 1
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [got[0].folder.name]


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    """Quotes, brackets and stars mean something to query engines and nothing here."""
    folder = tmp_path / "O'Hara [2026] * {a}"
    folder.mkdir()
    as_parquet(folder)
    (folder / "customers").mkdir()
    pq.write_table(pa.table({"customer_id": ["c1"]}), folder / "customers" / "it's ?.parquet")
    with open_tables(prepare([Source(folder)], cache=folder / ".cache")) as tables:
        assert tables.engine.query("select count(*) as n from orders").column("n").to_pylist() == [2]
        assert tables.engine.query("select count(*) as n from customers").column("n").to_pylist() == [1]


def test_a_further_column_may_have_any_name_and_type(data: Path, tmp_path: Path) -> None:
    names = ["code", "rows", "first", "count", "c", "f", "t", "h", "n", "column", "orders", '"', "'; drop table orders"]
    quoted = [name.replace('"', '""') for name in names]
    with duckdb.connect(str(data / "data.duckdb")) as connection:
        further = ", ".join(f'{number} as "{name}"' for number, name in enumerate(quoted))
        odd = "[1] as list, {'a': 1} as struct, 'x'::blob as bytes, uuid() as id, time '10:00' as hour"
        connection.execute(f"create table customers as select 'a' as customer_id, {further}, {odd}")
        connection.execute(
            f"create table orders as select '1' as order_id, 'a' as customer_id, timestamp '2026-01-05' as ordered_at, "
            f"1.5 as revenue, 'EUR' as currency, {further}"
        )
    with open_tables(prepare([Source(data)], cache=tmp_path / "cache")) as tables:
        for table in ("customers", "orders"):
            row = tables.engine.query(f"select * from {table}").to_pylist()[0]
            assert [row[name] for name in names] == list(range(len(names)))


def test_names_that_are_not_text_are_left_alone_or_refused(data: Path, tmp_path: Path) -> None:
    as_csv(data)
    (data / "b\udcff.csv").write_text("x", encoding="utf-8")
    assert prepare([Source(data)], cache=tmp_path / "cache").notices == ("No table by its name, left alone: b?.csv.",)
    (data / "customers").mkdir()
    (data / "customers" / "\udcff.csv").write_text("customer_id\na\n", encoding="utf-8")
    with pytest.raises(ContractError, match="has a name that is not text"):
        prepare([Source(data)], cache=tmp_path / "cache")


def test_the_engine_reads_nothing_else(data: Path, tmp_path: Path) -> None:
    as_csv(data)
    (tmp_path / "other.csv").write_text("a\n1\n", encoding="utf-8")
    with (
        open_tables(prepare([Source(data)], cache=tmp_path / "cache")) as tables,
        pytest.raises(duckdb.PermissionException),
    ):
        tables.engine.query(f"select * from read_csv('{tmp_path / 'other.csv'}')")


def test_an_unknown_zone_has_a_nearest_name(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean `Europe/London`"):
        prepare([Source(data)], cache=tmp_path / "cache", zone="Europe/Londn")


def test_an_unknown_map_is_a_fault_of_its_own_kind(data: Path, tmp_path: Path) -> None:
    as_csv(data)
    with pytest.raises(MapError, match="hillstrom"):
        prepare([Source(data / "orders.csv", map="hillstorm")], cache=tmp_path / "cache")


SHOP = """\
map: shop
about: A made-up shop.
zone: Europe/London
files:
  sales:
    headers:
      - about: the export
        has: [No, Paid, On]
    time_formats: ["%d/%m/%Y %H:%M"]
    fields:
      placed: {time: On}
tables:
  - table: orders
    from: sales
    columns:
      order_id: No
      ordered_at: placed
      revenue: Paid
      currency: {constant: EUR}
"""


def test_an_export_is_read_through_its_map(data: Path, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP, encoding="utf-8")
    source = Source(data / "sales.csv", map=str(tmp_path / "shop.yaml"))
    source.path.write_text("No,Paid,On\n007,1.50,05/07/2026 12:00\n8,2,06/07/2026 12:00\n", encoding="utf-8")
    prepared = prepare([source], cache=tmp_path / "cache")
    assert prepared.accounts["orders"].rows == RowsUsed(read=2, kept=2)
    assert prepared.accounts["orders"].fingerprint == fingerprint(source.path)
    with open_tables(prepared) as tables:
        rows = tables.engine.query("select order_id, ordered_at, revenue from orders order by 1").to_pylist()
    assert rows[0] == {"order_id": "007", "ordered_at": datetime(2026, 7, 5, 11), "revenue": Decimal("1.5")}
    (tmp_path / "shop.yaml").write_text(SHOP.replace("EUR", "GBP"), encoding="utf-8")
    assert prepare([source], cache=tmp_path / "cache").folder != prepared.folder, "the map is part of the key"


def test_several_exports_may_feed_one_table_but_not_beside_a_contract_table(data: Path, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP, encoding="utf-8")
    for name, number in (("a.csv", 1), ("b.csv", 2)):
        (data / name).write_text(f"No,Paid,On\n{number},1.50,05/07/2026 12:00\n", encoding="utf-8")
    shop = str(tmp_path / "shop.yaml")
    both = [Source(data / "a.csv", map=shop), Source(data / "b.csv", map=shop)]
    account = prepare(both, cache=tmp_path / "cache").accounts["orders"]
    assert account.rows == RowsUsed(read=2, kept=2)
    assert account.files == ("a.csv", "b.csv")
    with pytest.raises(ContractError, match="repeat the key"):
        prepare([both[0], both[0]], cache=tmp_path / "cache")
    orders_csv(data / "orders.csv")
    with pytest.raises(ContractError, match="given more than once"):
        prepare([both[0], Source(data / "orders.csv")], cache=tmp_path / "cache")


def test_files_of_the_same_name_in_two_exports_are_told_apart(data: Path, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP, encoding="utf-8")
    sources = []
    for number in (1, 2):
        (data / str(number)).mkdir()
        sources.append(Source(data / str(number) / "sales.csv", map=str(tmp_path / "shop.yaml")))
        sources[-1].path.write_text(f"No,Paid,On\n{number},1.50,05/07/2026 12:00\n", encoding="utf-8")
    account = prepare(sources, cache=tmp_path / "cache").accounts["orders"]
    assert account.files == ("sales.csv", "2/sales.csv")
    assert account.rows.kept == 2


IDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn", "Zs", "Zl", "Zp"]), min_size=1, max_size=30
)
PLAIN_IDS = IDS.filter(lambda text: text.lower() not in _NOTHING and not set("+,") & set(text))


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ids=st.lists(
        PLAIN_IDS | st.from_regex(r"0{0,5}[1-9][0-9]{0,25}", fullmatch=True), min_size=1, max_size=8, unique=True
    )
)
def test_ids_come_through_every_kind_of_file_as_they_are(
    ids: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    for kind in ("csv", "xlsx", "parquet"):
        folder = tmp_path_factory.mktemp(kind)
        path = folder / f"customers.{kind}"
        if kind == "parquet":
            pq.write_table(pa.table({"customer_id": ids}), path)
        elif kind == "xlsx":
            book = openpyxl.Workbook()
            book.active.title = "customers"
            for place, cell in enumerate(["customer_id", *ids], start=1):
                book.active.cell(place, 1, cell).data_type = "s"  # a text, even where it begins with =
            book.save(path)
        else:
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([["customer_id"], *([one] for one in ids)])
        with open_tables(prepare([Source(path)], cache=folder / "cache")) as tables:
            assert sorted(tables.engine.query("select customer_id from customers").column(0).to_pylist()) == sorted(ids)
