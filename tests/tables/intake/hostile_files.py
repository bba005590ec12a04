"""Sixty files and more that nobody would want to be given, each with what has to become of it.

A `Case` lays an export down and says either the fault it is refused for (rule, column, first line, a word of the
remedy) or the rows that come of it. They are taken in by `hostile_intake`, in a process of its own. A word, `SECRET`,
stands in cells all over: no message may repeat it.
"""

# ruff: noqa: E501 (a case on a line reads best)

from __future__ import annotations

import gzip
import io
import os
import socket
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl.utils.datetime import CALENDAR_MAC_1904

SECRET = "S3CRET"
HEADER = "order_id,customer_id,ordered_at,revenue,currency,product"
NAMES = tuple(HEADER.split(","))
GOOD = f"1,c1,2026-01-05T09:00:00Z,12.50,EUR,{SECRET}"
AT = "2026-01-05T09:00:00Z"
MOMENT = datetime(2026, 1, 5, 9)
AS_OF = "2026-10-03"

Lay = Callable[[Path], None]


@dataclass(frozen=True, kw_only=True)
class Case:
    """An export, and what has to become of it.

    Parameters
    ----------
    lay : callable
        Puts it into a folder.
    rule, column, first, remedy : optional
        Of the fault it is refused for; `where` is what the file it names begins with.
    rows : list of dict, optional
        Cells of the rows of `orders`, in the order of their ids; or, of a large one, `count`.
    said : str
        What the report has to say of it.
    """

    lay: Lay
    rule: str | None = None
    column: str | None = None
    first: int | None = None
    remedy: str = ""
    where: str = "orders"
    rows: Sequence[Mapping[str, Any]] | None = None
    count: int | None = None
    said: str = ""
    map: str | None = None
    zone: str = "UTC"


LAID = ("params", "exports", "shop.yaml", "real.csv")
"""What may lie in the folder of a case."""


def lay_down(case: Case, home: Path) -> None:
    """The case as a study's folder: its exports, its sources file and the map they ask for."""
    (home / "params").mkdir(parents=True)
    (home / "exports").mkdir()
    case.lay(home / "exports")
    given = "map: shop.yaml, " if case.map == "shop" else f"map: {case.map}, " if case.map else ""
    (home / "shop.yaml").write_text(SHOP, encoding="utf-8")
    sources = f"zone: {case.zone}\nsources:\n  - {{name: own, {given}path: exports}}\n"
    (home / "params" / "sources.yaml").write_text(sources, encoding="utf-8")


def put(name: str, content: bytes | Callable[[], bytes]) -> Lay:
    """A file of these bytes; large ones are made when they are asked for."""

    def lay(folder: Path) -> None:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content())

    return lay


def csv(*rows: str, header: str = HEADER, end: str = "\n") -> bytes:
    return (end.join([header, *rows]) + end).encode()


def orders(*rows: str, header: str = HEADER) -> Lay:
    """A sound order, and then these rows, from line 3 on."""
    return put("orders.csv", csv(GOOD, *rows, header=header))


def order(number: int = 2, at: str = AT, revenue: str = "1", currency: str = "EUR", product: str = SECRET) -> str:
    return f"{number},c1,{at},{revenue},{currency},{product}"


def columns(**changed: object) -> dict[str, Any]:
    given = {
        "order_id": ["1", "2"],
        "ordered_at": pa.array([MOMENT] * 2, pa.timestamp("us", "UTC")),
        "revenue": [1.5, 2.5],
        "currency": ["EUR", "EUR"],
        "product": [SECRET, SECRET],
    }
    return {name: cells for name, cells in (given | changed).items() if cells is not None}


def parquet(**changed: object) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(columns(**changed)), target)
    return target.getvalue()


def with_broken_pages() -> bytes:
    whole = bytearray(parquet(product=[SECRET * 400, "x" * 3_000]))
    whole[40:1_200] = b"\x99" * 1_160
    return bytes(whole)


def with_broken_footer() -> bytes:
    whole = bytearray(parquet())
    whole[-200:-8] = b"\x99" * 192
    return bytes(whole)


def with_a_long_cell() -> bytes:
    """A cell of half a gigabyte, in some kilobytes."""
    target = io.BytesIO()
    one = pa.table(columns(product=["x" * (1 << 29), SECRET]))
    pq.write_table(one, target, compression="zstd", use_dictionary=False, write_statistics=False)
    return target.getvalue()


def workbook(*rows: Sequence[object], shape: Callable[[Any], None] = lambda sheet: None) -> bytes:
    book, target = openpyxl.Workbook(), io.BytesIO()
    book.active.title = "orders"
    for row in rows:
        book.active.append(row)
    shape(book.active)
    book.save(target)
    return target.getvalue()


def sheet_order(
    number: object = "2", at: object = MOMENT, revenue: object = 1, product: object = SECRET
) -> tuple[object, ...]:
    return (number, "c1", at, revenue, "EUR", product)


def with_an_error(sheet: Any) -> None:
    sheet["D3"].value, sheet["D3"].data_type = "#N/A", "e"


def of_1904(sheet: Any) -> None:
    """The workbook counts its days from 1904, as those of old Macs do."""
    sheet.parent.epoch = CALENDAR_MAC_1904
    sheet["C2"].value = MOMENT


def merged(sheet: Any) -> None:
    sheet.merge_cells("A2:A3")


def hidden(sheet: Any) -> None:
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["D"].hidden = True


def bomb_in(part: str, size: int) -> bytes:
    """A sound workbook with a part that unpacks to `size` bytes."""
    target = io.BytesIO()
    sound = zipfile.ZipFile(io.BytesIO(workbook(NAMES, sheet_order("1"))))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sound.namelist():
            content = sound.read(name)
            with archive.open(name, "w", force_zip64=True) as file:
                head, tail = content[: content.rfind(b"</")], content[content.rfind(b"</") :]
                file.write(head)
                if name == part:
                    for _ in range(size >> 24):
                        file.write(b" " * (1 << 24))
                file.write(tail)
    return target.getvalue()


def packed(begin: bytes, fill: bytes, size: int) -> Lay:
    """A gzip file that unpacks to some gigabytes: one member, repeated, as gzip allows."""

    def lay(folder: Path) -> None:
        block = gzip.compress(fill * ((1 << 24) // len(fill)), 9)
        (folder / "orders.csv.gz").write_bytes(gzip.compress(begin) + block * (size >> 24))

    return lay


def wide(count: int) -> Lay:
    """That many columns beside those of the contract."""
    further = [f"note_{number}" for number in range(count)]
    return put("orders.csv", csv(",".join([GOOD, *further]), header=",".join([HEADER, *further])))


def a_line_of_nothing(folder: Path) -> None:
    """A line of NULs that takes no room on the disk."""
    (folder / "orders.csv").write_bytes(csv(GOOD))
    os.truncate(folder / "orders.csv", 1 << 28)


def many_rows(folder: Path) -> None:
    """200 million rows that are all the same: one group of rows, which the file's foot names fifty times."""
    words = {"order_id": "1", "ordered_at": "2026-01-05T09:00:00Z", "revenue": "1", "currency": "EUR"}
    places = pa.nulls(4_000_000, pa.int8()).fill_null(0)
    group = pa.table({name: pa.DictionaryArray.from_arrays(places, pa.array([word])) for name, word in words.items()})
    file, foot = folder / "orders.parquet", io.BytesIO()
    pq.write_table(group, file, compression="zstd", row_group_size=len(group))
    named, once = pq.read_metadata(file), pq.read_metadata(file)
    for _ in range(49):
        named.append_row_groups(once)
    named.write_metadata_file(foot)
    whole = file.read_bytes()
    own = int.from_bytes(whole[-8:-4], "little") + 8  # the foot, its length and the mark behind it
    file.write_bytes(whole[:-own] + foot.getvalue()[4:])  # without the mark at its head


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "orders.csv")


def listening(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        here = Path.cwd()
        os.chdir(folder)  # the path of a socket is short
        one.bind("orders.csv")
        os.chdir(here)


def loop(folder: Path) -> None:
    (folder / "orders.csv").symlink_to(folder / "orders.csv")


def leads_to_a_file(folder: Path) -> None:
    (folder.parent / "real.csv").write_bytes(csv(GOOD))
    (folder / "orders.csv").symlink_to(folder.parent / "real.csv")


def a_folder(folder: Path) -> None:
    (folder / "orders.csv").mkdir()


def beside(*lays: Lay) -> Lay:
    def lay(folder: Path) -> None:
        for one in lays:
            one(folder)

    return lay


SHOP = """\
map: shop
about: A till that writes its sales as its owner's spreadsheet does.
zone: Europe/Berlin
files:
  sales:
    headers: [{about: the till's own, has: [Id, When, Total, Currency]}]
    format: {delimiter: ";", encoding: cp1252}
    time_formats: ["%d.%m.%Y %H:%M"]
tables:
  - table: orders
    from: sales
    columns:
      order_id: Id
      ordered_at: {time: When}
      revenue: {number: Total, thousands: ","}
      currency: Currency
      product: {constant: "Käse"}
"""
SHOP_HEADER = "Id;When;Total;Currency"


def sales(*rows: str, header: str = SHOP_HEADER, encoding: str = "cp1252") -> Lay:
    return put("sales.csv", csv(*rows, header=header).decode().encode(encoding))


def row(number: str = "1", at: datetime = MOMENT, revenue: str = "1", **more: object) -> dict[str, Any]:
    return {"order_id": number, "ordered_at": at, "revenue": Decimal(revenue), **more}


FIRST = row(revenue="12.5", product=SECRET)
TICKETS = "Id,Requester id,Status,Priority,Via,Created at,Updated at,Solved at"
SHOPIFY = (
    "Name,Email,Financial Status,Currency,Taxes,Total,Created at,Lineitem quantity,Lineitem name,Refunded Amount,Id"
)
HITS = "hit_time_gmt\thitid_high\thitid_low\texclude_hit\tduplicate_purchase\tpost_campaign\tpost_event_list"
FUTURE = order(at="2031-01-01T00:00:00Z")

CASES: dict[str, Case] = {
    # bytes and encodings
    "no byte at all": Case(lay=put("orders.csv", b""), rule="no_header", remedy="first line"),
    "blank lines alone": Case(lay=put("orders.csv", b"\n\n\n\r\n"), rule="no_header", remedy="first line"),
    "a byte-order mark alone": Case(lay=put("orders.csv", b"\xef\xbb\xbf"), rule="no_header", remedy="first line"),
    "a byte-order mark of UTF-8": Case(lay=put("orders.csv", b"\xef\xbb\xbf" + csv(GOOD)), rows=[FIRST]),
    "UTF-16 with its mark": Case(lay=put("orders.csv", csv(GOOD).decode().encode("utf-16")), rule="undecodable", remedy="UTF-8"),
    "UTF-16 without a mark": Case(lay=put("orders.csv", csv(GOOD).decode().encode("utf-16-le")), rule="nul_byte", first=1, remedy="UTF-16"),
    "UTF-32": Case(lay=put("orders.csv", csv(GOOD).decode().encode("utf-32")), rule="undecodable", remedy="UTF-8"),
    "Windows-1252": Case(lay=put("orders.csv", csv(GOOD, order(product="Käse €")).decode().encode("cp1252")), rule="undecodable", first=3, remedy="encoding"),
    "Latin-1 deep in a large file": Case(lay=put("orders.csv", csv(*(order(n) for n in range(30_000))) + order(30_000, product="é").encode("latin-1") + csv(*(order(n) for n in range(40_000, 70_000)), header="")), rule="undecodable", first=30_002, remedy="encoding"),
    "NUL in a cell": Case(lay=orders(order(product=f"{SECRET}\0")), rule="nul_byte", first=3, remedy="Export it again"),
    "a line of NUL without end": Case(lay=a_line_of_nothing, rule="cell_too_long", first=3, remedy="quotation mark"),
    "lone returns end its lines": Case(lay=put("orders.csv", csv(GOOD, order(), end="\r")), rows=[FIRST, row("2")]),
    "line ends of all kinds": Case(lay=put("orders.csv", csv(GOOD) + (order(2) + "\r\n" + order(3) + "\r" + order(4) + "\n").encode()), rows=[FIRST, row("2"), row("3"), row("4")]),
    "line ends in cells": Case(lay=orders('2,c1,2026-01-05T09:00:00Z,1,EUR,"one\r\ntwo\nthree"', order(3)), rows=[FIRST, row("2", product="one\r\ntwo\nthree"), row("3")]),
    "no line end at the end": Case(lay=put("orders.csv", csv(GOOD)[:-1]), rows=[FIRST]),
    # records
    "a quote left open": Case(lay=orders(f'2,c1,{AT},1,EUR,"{SECRET}', order(3)), rule="unclosed_quote", first=3, remedy="Close it"),
    "a quote left open over a megabyte": Case(lay=orders(f'2,c1,{AT},1,EUR,"{SECRET}', *(order(n) for n in range(3, 20_000))), rule="cell_too_long", first=3, remedy="close it"),
    "text behind a quote": Case(lay=orders(f'2,c1,{AT},1,EUR,"{SECRET}"x'), rule="stray_quote", first=3, remedy="twice"),
    "a quote inside bare text": Case(lay=orders(order(product='5" tube')), rows=[FIRST, row("2", product='5" tube')]),
    "a short record": Case(lay=orders(f"2,{SECRET}"), rule="too_few_fields", first=3, remedy="Quote"),
    "a long record": Case(lay=orders(order() + f",{SECRET}"), rule="too_many_fields", first=3, remedy="Quote"),
    "a delimiter behind each record": Case(lay=put("orders.csv", csv(GOOD + ",", order() + ",")), rule="too_many_fields", first=2, remedy="Quote"),
    "a delimiter behind each line, the header too": Case(lay=put("orders.csv", csv(GOOD + ",", order() + ",", header=HEADER + ",")), rows=[FIRST, row("2")]),
    "blank lines between records": Case(lay=orders("", "", order()), rows=[FIRST, row("2")], said="2 blank lines"),
    "a cell of a gigabyte": Case(lay=packed(csv(GOOD) + f'2,c1,{AT},1,EUR,"'.encode(), b"x", 1 << 30), rule="cell_too_long", first=3, remedy="quotation mark"),
    # headers
    "a header alone": Case(lay=put("orders.csv", csv()), count=0),
    "a name twice": Case(lay=orders(header=HEADER.replace("product", "currency")), rule="duplicate_column", remedy="Rename"),
    "a name in two cases": Case(lay=orders(header=HEADER.replace("product", "CURRENCY")), rule="duplicate_column", remedy="Rename"),
    "a name in capitals": Case(lay=orders(header=HEADER.replace("revenue", "Revenue")), rule="column_case", column="revenue", remedy="exactly"),
    "a name misspelt": Case(lay=orders(header=HEADER.replace("revenue", "revenu")), rule="missing_column", column="revenue", remedy="Did you mean `revenu`"),
    "a name with a blank before it": Case(lay=orders(header=HEADER.replace("revenue", " revenue")), rule="missing_column", column="revenue", remedy="Did you mean"),
    "a name that would be a statement": Case(lay=orders(header=HEADER.replace("product", '"""; drop table orders; --"')), rows=[row(revenue="12.5", **{'"; drop table orders; --': SECRET})]),
    "a name with a line break and a mark from right to left": Case(lay=orders(header=HEADER.replace("product", '"a\nb\u202ec"')), rows=[row(revenue="12.5", **{"a\nb\u202ec": SECRET})]),
    "a name of 10,000 signs": Case(lay=orders(header=HEADER.replace("product", "x" * 10_000)), rule="unusable_column_name", remedy="255"),
    "a name of our own": Case(lay=orders(header=HEADER.replace("product", "__line")), rule="unusable_column_name", remedy="underscores"),
    "a name of the intake's own": Case(lay=orders(header=HEADER.replace("product", "intake_source")), rule="reserved_column", column="intake_source", remedy="Rename"),
    "500 columns": Case(lay=wide(500), rows=[row(revenue="12.5", note_499="note_499")]),
    "a million columns": Case(lay=put("orders.csv", b"a," * 1_000_000 + b"\n1\n"), rule="too_many_columns", remedy="first line"),
    "semicolons": Case(lay=orders(header=HEADER.replace(",", ";")), rule="wrong_delimiter", remedy="commas"),
    "tabs": Case(lay=put("orders.csv", csv(GOOD).replace(b",", b"\t")), rule="wrong_delimiter", remedy="commas"),
    # ids and keys
    "an id twice, the same row": Case(lay=orders(GOOD), rows=[FIRST], said="row that stands twice"),
    "an id twice, another row": Case(lay=orders(order(1)), rule="two_versions", column="order_id", first=3, remedy="later one counts"),
    "no id": Case(lay=orders(order().replace("2", "", 1)), rule="missing_value", column="order_id", first=3, remedy="fill it"),
    "an id that a spreadsheet spoiled": Case(lay=orders("5.70306E+17" + order()[1:]), rule="scientific_id", column="order_id", first=3, remedy="as text"),
    "an id in thousands": Case(lay=orders('"15,231,524"' + order()[1:]), rule="grouped_id", column="order_id", first=3, remedy="as text"),
    "ids with zeros before them, and long ones": Case(lay=orders("007" + order()[1:], "98765432109876543210" + order()[1:]), rows=[row("007"), FIRST, row("98765432109876543210")]),
    "formulas in text": Case(lay=orders(order(product="=cmd|' /C calc'!A0"), order(3, product="@SUM(1+1)"), order(4, product="-2+3")), rows=[FIRST, row("2", product="=cmd|' /C calc'!A0"), row("3", product="@SUM(1+1)"), row("4", product="-2+3")]),
    "statements in text": Case(lay=orders(order(product="'; drop table orders; --")), rows=[FIRST, row("2", product="'; drop table orders; --")]),
    # money and numbers
    "European decimals": Case(lay=orders(order(revenue='"1.234,56"')), rule="not_a_number", column="revenue", first=3, remedy="1234.50"),
    "thousands": Case(lay=orders(order(revenue='"1,234.56"')), rule="not_a_number", column="revenue", first=3, remedy="1234.50"),
    "a currency sign": Case(lay=orders(order(revenue="€12")), rule="not_a_number", column="revenue", first=3, remedy="currency sign"),
    "two currencies": Case(lay=orders(order(currency="USD")), rule="several_currencies", column="currency", remedy="Convert"),
    "a currency in small letters": Case(lay=orders(order(currency="eur")), rule="not_a_currency", column="currency", first=3, remedy="capital"),
    "money that is NaN": Case(lay=orders(order(revenue="NaN")), rule="not_a_number", column="revenue", first=3, remedy="plain"),
    "money without end": Case(lay=orders(order(revenue="inf")), rule="not_a_number", column="revenue", first=3, remedy="plain"),
    "money beyond all floats": Case(lay=orders(order(revenue="1e400")), rule="not_a_number", column="revenue", first=3, remedy="exponent"),
    "400 digits": Case(lay=orders(order(revenue="9" * 400)), rule="number_too_large", column="revenue", first=3, remedy="unit"),
    "nothing below nothing": Case(lay=orders(order(revenue="-0"), order(3, revenue="-0.000000")), rows=[FIRST, row("2", revenue="0"), row("3", revenue="0")]),
    "Arabic digits": Case(lay=orders(order(revenue="١٢")), rule="not_a_number", column="revenue", first=3, remedy="plain"),
    # times
    "an hour that Berlin skips": Case(lay=orders(order(at="2026-03-29 02:30")), zone="Europe/Berlin", rule="skipped_time", column="ordered_at", first=3, remedy="offset"),
    "an hour that London skips": Case(lay=orders(order(at="2026-03-29 01:30")), zone="Europe/London", rule="skipped_time", column="ordered_at", first=3, remedy="offset"),
    "an hour that London has": Case(lay=orders(order(at="2026-03-29 02:30")), zone="Europe/London", rows=[FIRST, row("2", datetime(2026, 3, 29, 1, 30))]),
    "an hour that Berlin has twice": Case(lay=orders(order(at="2025-10-26 02:30")), zone="Europe/Berlin", rows=[FIRST, row("2", datetime(2025, 10, 26, 0, 30))], said="exist twice"),
    "an hour of two, with its offset": Case(lay=orders(order(at="2025-10-26 02:30+01:00")), zone="Europe/Berlin", rows=[FIRST, row("2", datetime(2025, 10, 26, 1, 30))]),
    "a day to come": Case(lay=orders(FUTURE), rule="after_export", column="ordered_at", first=3, remedy="day and month"),
    "the year 1": Case(lay=orders(order(at="0001-01-01T00:00:00Z")), rule="out_of_range", column="ordered_at", first=3, remedy="empty"),
    "the year 9999": Case(lay=orders(order(at="9999-12-31T23:59:59Z")), rule="out_of_range", column="ordered_at", first=3, remedy="empty"),
    "the year 99999": Case(lay=orders(order(at="99999-12-31T23:59:59Z")), rule="not_a_time", column="ordered_at", first=3, remedy="ISO 8601"),
    "a day that is none": Case(lay=orders(order(at="2026-02-30T09:00:00Z")), rule="not_a_time", column="ordered_at", first=3, remedy="ISO 8601"),
    "a leap second": Case(lay=orders(order(at="2016-12-31T23:59:60Z")), rule="not_a_time", column="ordered_at", first=3, remedy="ISO 8601"),
    "the serial number of a day, as text": Case(lay=orders(order(at="45000.5")), rule="not_a_time", column="ordered_at", first=3, remedy="ISO 8601"),
    "an American day": Case(lay=orders(order(at="01/13/2026")), rule="not_a_time", column="ordered_at", first=3, remedy="format"),
    "a day among times": Case(lay=orders(order(at="2026-01-06")), rule="bare_date", column="ordered_at", first=3, remedy="midnight"),
    # packed and otherwise shaped
    "text that is said to be packed": Case(lay=put("orders.csv.gz", csv(GOOD)), rule="wrong_ending", remedy=".gz"),
    "a packed file that is cut": Case(lay=put("orders.csv.gz", gzip.compress(csv(*[GOOD] * 99))[:-9]), rule="wrong_ending", remedy="Pack it again"),
    "five gigabytes of one line, packed": Case(lay=packed(csv(GOOD), b"x", 5 << 30), rule="cell_too_long", first=3, remedy="quotation mark"),
    "five gigabytes of one header, packed": Case(lay=packed(b"", b"x", 5 << 30), rule="cell_too_long", first=1, remedy="quotation mark"),
    "lines without end, packed": Case(lay=packed(csv(GOOD), b"2," + b"x" * 8_189 + b"\n", 1 << 26), rule="too_few_fields", first=3, remedy="Quote"),
    # Parquet
    "Parquet with broken pages": Case(lay=put("orders.parquet", with_broken_pages()), rule="wrong_ending", remedy="Write it again"),
    "Parquet with a broken foot": Case(lay=put("orders.parquet", with_broken_footer()), rule="wrong_ending", remedy="Write it again"),
    "Parquet that is cut": Case(lay=put("orders.parquet", parquet()[:-30]), rule="wrong_ending", remedy="Write it again"),
    "Parquet of CSV": Case(lay=put("orders.parquet", csv(GOOD)), rule="wrong_ending", remedy="Write it again"),
    "Parquet without rows": Case(lay=put("orders.parquet", parquet(order_id=pa.array([], pa.string()), ordered_at=pa.array([], pa.timestamp("us")), revenue=pa.array([], pa.float64()), currency=pa.array([], pa.string()), product=pa.array([], pa.string()))), count=0),
    "ids as floats": Case(lay=put("orders.parquet", parquet(order_id=[1.0, 2.0])), rule="id_not_text", column="order_id", first=1, remedy="as text"),
    "ids as bytes": Case(lay=put("orders.parquet", parquet(order_id=[b"1", b"\xff"])), rule="id_not_text", column="order_id", first=1, remedy="as text"),
    "ids in lists": Case(lay=put("orders.parquet", parquet(order_id=[["1"], ["2"]])), rule="id_not_text", column="order_id", first=1, remedy="as text"),
    "ids as long whole numbers": Case(lay=put("orders.parquet", parquet(order_id=pa.array([570306133677760513, 2**63], pa.uint64()))), rows=[row("570306133677760513", revenue="1.5"), row(str(2**63), revenue="2.5")]),
    "records inside a cell": Case(lay=put("orders.parquet", parquet(product=[{"a": [1, 2]}, {"a": []}])), rows=[row("1", revenue="1.5"), row("2", revenue="2.5")]),
    "money in records": Case(lay=put("orders.parquet", parquet(revenue=[{"a": 1}, {"a": 2}])), rule="not_a_number", column="revenue", first=1, remedy="plain"),
    "money of four places": Case(lay=put("orders.parquet", parquet(revenue=pa.array([Decimal("1.2345"), Decimal("-2")], pa.decimal128(10, 4)))), rows=[row("1", revenue="1.2345"), row("2", revenue="-2")]),
    "money of nine places": Case(lay=put("orders.parquet", parquet(revenue=pa.array([Decimal("1.234567891"), Decimal("2")], pa.decimal128(18, 9)))), rule="money_too_fine", column="revenue", first=1, remedy="Round"),
    "money of 38 digits": Case(lay=put("orders.parquet", parquet(revenue=pa.array([Decimal("1"), Decimal("9" * 38)], pa.decimal128(38, 0)))), rule="number_too_large", column="revenue", first=2, remedy="unit"),
    "money that is no number, in floats": Case(lay=put("orders.parquet", parquet(revenue=[1.0, float("nan")])), rule="not_finite", column="revenue", first=2, remedy="empty"),
    "money without end, in floats": Case(lay=put("orders.parquet", parquet(revenue=[float("-inf"), 1.0])), rule="not_finite", column="revenue", first=1, remedy="empty"),
    "times to the nanosecond": Case(lay=put("orders.parquet", parquet(ordered_at=pa.array([1_767_603_600_123_456_000] * 2, pa.timestamp("ns")))), rows=[row("1", MOMENT + timedelta(microseconds=123456), "1.5"), row("2", MOMENT + timedelta(microseconds=123456), "2.5")]),
    "times of another zone": Case(lay=put("orders.parquet", parquet(ordered_at=pa.array([MOMENT] * 2, pa.timestamp("us", "America/New_York")))), rows=[row("1", MOMENT, "1.5"), row("2", MOMENT, "2.5")]),
    "times without a zone": Case(lay=put("orders.parquet", parquet(ordered_at=pa.array([MOMENT] * 2, pa.timestamp("ms")))), zone="Europe/Berlin", rows=[row("1", MOMENT - timedelta(hours=1), "1.5"), row("2", MOMENT - timedelta(hours=1), "2.5")]),
    "times as numbers": Case(lay=put("orders.parquet", parquet(ordered_at=[1_780_000_000] * 2)), rule="not_a_time", column="ordered_at", first=1, remedy="ISO 8601"),
    "a cell of half a gigabyte in Parquet": Case(lay=put("orders.parquet", with_a_long_cell), rule="unpacks_too_large", remedy="Export it again"),
    "200 million rows in some kilobytes": Case(lay=many_rows, rule="unpacks_too_large", remedy="Export it again"),
    # workbooks
    "a sound sheet": Case(lay=put("orders.xlsx", workbook(NAMES, sheet_order())), rows=[row("2")]),
    "days by their numbers": Case(lay=put("orders.xlsx", workbook(NAMES, sheet_order(at=45000))), rule="not_a_time", column="ordered_at", first=2, remedy="ISO 8601"),
    "days counted from 1904": Case(lay=put("orders.xlsx", workbook(NAMES, sheet_order(), shape=of_1904)), rows=[row("2")]),
    "a formula that was never worked out": Case(lay=put("orders.xlsx", workbook(NAMES, sheet_order(revenue="=1+1"))), rule="missing_value", column="revenue", first=2, remedy="fill it"),
    "an error of the sheet": Case(lay=put("orders.xlsx", workbook(NAMES, sheet_order("1"), sheet_order("2"), shape=with_an_error)), rule="spreadsheet_error", column="revenue", first=3, remedy="formula"),
    "merged cells": Case(lay=put("orders.xlsx", workbook(NAMES, sheet_order("1"), sheet_order("2"), shape=merged)), rule="missing_value", column="order_id", first=3, remedy="fill it"),
    "hidden rows and columns": Case(lay=put("orders.xlsx", workbook(NAMES, sheet_order("1"), sheet_order("2"), shape=hidden)), rows=[row("1"), row("2")]),
    "an id of 18 digits as a number": Case(lay=put("orders.xlsx", workbook(NAMES, sheet_order(570306133677760513))), rule="scientific_id", column="order_id", first=2, remedy="as text"),
    "a sheet of a gigabyte of blanks": Case(lay=put("orders.xlsx", lambda: bomb_in("xl/worksheets/sheet1.xml", 1 << 30)), rule="unpacks_too_large", remedy="CSV"),
    "styles without end": Case(lay=put("orders.xlsx", lambda: bomb_in("xl/styles.xml", 1 << 28)), rule="unpacks_too_large", remedy="CSV"),
    "a workbook of CSV": Case(lay=put("orders.xlsx", csv(GOOD)), rule="wrong_ending", remedy=".csv"),
    "a workbook that is cut": Case(lay=put("orders.xlsx", workbook(NAMES, sheet_order())[:2_000]), rule="wrong_ending", remedy="Save it again"),
    "a workbook without the table's sheet": Case(lay=put("orders.xlsx", workbook(NAMES, shape=lambda sheet: setattr(sheet, "title", "Sheet1"))), rule="no_table_sheet", remedy="sheet"),
    # places
    "a link": Case(lay=leads_to_a_file, rows=[FIRST]),
    "a link that leads to itself": Case(lay=loop, rule="no_file", remedy="link"),
    "a pipe": Case(lay=pipe, rule="no_file", remedy="take the name away"),
    "a socket": Case(lay=listening, rule="no_file", remedy="take the name away"),
    "a folder called like a file": Case(lay=a_folder, rule="no_file", remedy="take the name away"),
    "a line break in the name of a file": Case(lay=put("orders\n.csv", csv(GOOD)), rule="unusable_path", where="orders?", remedy="Rename"),
    "an escape in the name of a file": Case(lay=put("orders\x1b[2J.csv", csv(GOOD)), rule="unusable_path", where="orders?", remedy="Rename"),
    "a byte that is no text in the name of a file": Case(lay=lambda folder: Path(os.fsdecode(os.fsencode(folder) + b"/orders\xff.csv")).write_bytes(csv(GOOD)) and None, rule="unusable_path", where="orders?", remedy="Rename"),
    "one table in two files": Case(lay=beside(put("orders.csv", csv(GOOD)), put("orders.parquet", parquet())), rule="two_files", where="source `own`", remedy="one after the other"),
    # through maps
    "the till's own": Case(map="shop", lay=sales("1;05.01.2026 10:00;1,234.50;EUR"), rows=[row(revenue="1234.5", product="Käse")]),
    "the till's, decimals by comma": Case(map="shop", lay=sales("1;05.01.2026 10:00;1.5;EUR", "2;05.01.2026 10:00;1.234,56;EUR"), where="sales", rule="not_a_number", column="Total", first=3, remedy="thousands"),
    "the till's, a comma for a point": Case(map="shop", lay=sales("1;05.01.2026 10:00;1,5;EUR"), where="sales", rule="not_a_number", column="Total", first=2, remedy="thousands"),
    "the till's, an hour that is skipped": Case(map="shop", lay=sales("1;29.03.2026 02:30;1;EUR"), where="sales", rule="skipped_time", column="ordered_at", first=2, remedy="offset"),
    "the till's, by commas": Case(map="shop", lay=sales("1,05.01.2026 10:00,1,EUR", header="Id,When,Total,Currency"), where="sales", rule="wrong_delimiter", remedy="delimiter"),
    "the till's, in UTF-16": Case(map="shop", lay=sales("1;05.01.2026 10:00;1;EUR", encoding="utf-16"), where="sales", rule="nul_byte", first=1, remedy="UTF-16"),
    "the till's, a column renamed": Case(map="shop", lay=sales("1;05.01.2026 10:00;1;EUR", header="Id;When;Sum total;Currency"), where="sales", rule="header_does_not_fit", remedy="map"),
    "the till's, a pipe": Case(map="shop", lay=lambda folder: os.mkfifo(folder / "sales.csv"), where="sales", rule="no_file", remedy="take the name away"),
    "tickets in UTF-16": Case(map="zendesk", lay=put("tickets.csv", csv(header=TICKETS).decode().encode("utf-16")), where="tickets", rule="nul_byte", first=1, remedy="UTF-16"),
    "tickets by semicolons": Case(map="zendesk", lay=put("tickets.csv", csv(f"1;{SECRET};Solved;Low;Mail;2026-01-05 09:00:00;2026-01-05 09:00:00;", header=TICKETS.replace(",", ";"))), where="tickets", rule="wrong_delimiter", remedy="delimiter"),
    "tickets without a byte": Case(map="zendesk", lay=put("tickets.csv", b""), where="tickets", rule="no_header", remedy="first line"),
    "tickets of a word for a time": Case(map="zendesk", lay=put("tickets.csv", csv(f"1,{SECRET},Solved,Low,Mail,{SECRET},2026-01-05 09:00:00,", header=TICKETS)), where="tickets", rule="not_a_time", column="Created at", first=2, remedy=""),
    "orders of a shop, a short record": Case(map="shopify_orders", lay=put("orders_export.csv", csv(f"#1,{SECRET}", header=SHOPIFY)), rule="too_few_fields", first=2, remedy="Quote"),
    "orders of a shop in two currencies": Case(map="shopify_orders", lay=put("orders_export.csv", csv(*(f"#{n},a@b.c,paid,{currency},0,1,2026-01-05 09:00:00 +0000,1,x,0,{n}" for n, currency in ((1, "EUR"), (2, "USD"))), header=SHOPIFY)), where="exports", rule="several_currencies", column="currency", remedy="Convert"),
    "clicks that a spreadsheet spoiled": Case(map="adobe_clicks", lay=put("hits.tsv", csv("1767603600\t5.70306E+17\t1\t0\t0\tx\t20", header=HITS)), where="hits", rule="damaged_file", first=2, remedy="spreadsheet"),
    "clicks with a quote left open": Case(map="adobe_clicks", lay=put("hits.tsv", csv(f'1767603600\t1\t1\t0\t0\t"{SECRET}\t20', header=HITS)), where="hits", rule="unclosed_quote", first=2, remedy="Close it"),
    "a gigabyte of a hit": Case(map="adobe_clicks", lay=lambda folder: packed(csv(header=HITS), b"x", 1 << 30)(folder) or (folder / "orders.csv.gz").rename(folder / "hits.tsv.gz"), where="hits", rule="cell_too_long", first=2, remedy="quotation mark"),
}  # fmt: skip
