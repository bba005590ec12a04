"""Ids are text from end to end: ten thousand of them through CSV, XLSX and Parquet come out as they went in.

The files that a spreadsheet has damaged are refused with the reason.
"""

from __future__ import annotations

import csv
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.foundation.errors import InputError
from tests.tables.intake.conftest import OCTOBER, Desk
from tests.tables.test_damaged_files import AIRLINE, DAMAGED

NAMES = ("order_id", "customer_id", "ordered_at", "revenue", "currency")
Row = tuple[str, str | None, str, str, str]


def made_up(count: int = 10_000) -> list[Row]:
    """Orders with ids of 1 to 20 digits (zeros before them too) and UUIDs; of the customers' 5 % are missing."""
    random = np.random.default_rng(20261003)

    def one() -> str:
        if random.random() < 0.25:
            return str(uuid.UUID(bytes=random.bytes(16)))
        return "".join(str(digit) for digit in random.integers(0, 10, random.integers(1, 21)))

    ids: dict[str, None] = {}
    while len(ids) < count:
        ids[one()] = None
    missing = set(random.choice(count, count // 20, replace=False).tolist())
    return [
        (order, None if place in missing else one(), "2026-01-05T09:00:00Z", "1", "EUR")
        for place, order in enumerate(ids)
    ]


def as_csv(folder: Path, rows: Sequence[Row]) -> None:
    with (folder / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([NAMES, *rows])


def as_sheet(folder: Path, rows: Sequence[Row]) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("orders")
    for row in (NAMES, *rows):
        sheet.append(row)
    book.save(folder / "orders.xlsx")


def as_parquet(folder: Path, rows: Sequence[Row]) -> None:
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    pq.write_table(pa.table(dict(zip(NAMES, columns, strict=True))), folder / "orders.parquet")


@pytest.fixture(scope="module")
def orders() -> list[Row]:
    return made_up()


@pytest.mark.parametrize("write", [as_csv, as_sheet, as_parquet])
def test_ten_thousand_ids_come_out_as_they_went_in(
    desk: Desk, orders: list[Row], write: Callable[[Path, Sequence[Row]], None]
) -> None:
    desk.exports.mkdir()
    write(desk.exports, orders)
    desk.take(OCTOBER)
    held = pq.read_table(desk.tables / "orders.parquet", columns=["order_id", "customer_id"])
    assert [held.schema.field(name).type for name in held.column_names] == [pa.string(), pa.string()]
    came = dict(zip(*(column.to_pylist() for column in held.columns), strict=True))
    went = {order: customer for order, customer, *_ in orders}
    assert len(went) == held.num_rows == 10_000
    assert sum(customer is None for customer in went.values()) == 500
    assert came == went


@pytest.mark.parametrize("name", DAMAGED)
def test_a_file_that_a_spreadsheet_damaged_is_refused_with_the_reason(desk: Desk, real_data: Path, name: str) -> None:
    given, rule, count, reason = DAMAGED[name]
    if given == "airline":
        (desk.home / "airline.yaml").write_text(AIRLINE, encoding="utf-8")
        given = str(desk.home / "airline.yaml")
    with pytest.raises(InputError) as refused:
        desk.take(OCTOBER, desk.source(map=given, paths=(real_data / "damaged" / name,)))
    (fault,) = (one for one in refused.value.faults if one.rule == rule)
    assert (fault.where.split(":")[0].split(",")[0], fault.count) == (name, count)
    assert reason in str(fault)
    assert fault.remedy
    assert not desk.tables.exists()
