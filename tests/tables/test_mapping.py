"""The shipped source maps on the real files: every figure that the data's own description states, and a few more.

Reference figures: the data's README (counts, 1,285 starts, 11.99 minutes, 34 damaged rows, 75.4 % and 72.4 %);
sums that are not stated there are computed here a second way, from the raw file.
"""

from __future__ import annotations

import csv
import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from analysis.foundation.errors import MapError
from analysis.tables.contract import SCHEMAS
from analysis.tables.mapping import SHIPPED, MappedTable, load_map, mapped, names


def by_table(source_map: str, path: Path, cache: Path) -> dict[str, MappedTable]:
    """The tables of an export, and their accounts checked: read = rows + set aside."""
    made = {one.table: one for one in mapped(source_map, path, cache=cache)}
    for one in made.values():
        assert one.read == pq.read_metadata(one.path).num_rows + sum(one.set_aside.values())
        assert set(SCHEMAS[one.table].required) <= set(one.columns)
    return made


def ask(made: MappedTable, sql: str) -> tuple[object, ...]:
    """The first row of a query over a table `t`."""
    with duckdb.connect() as connection:
        connection.read_parquet(str(made.path)).create_view("t")
        row = connection.execute(sql).fetchone()
    assert row is not None
    return row


def test_every_map_is_described_and_has_facts() -> None:
    for name in names():
        given = load_map(name)
        assert given.map == name
        assert given.about
        assert given.facts


def test_hillstrom(real_data: Path, tmp_path: Path) -> None:
    made = by_table("hillstrom", real_data / "hillstrom", tmp_path)
    assert list(made) == ["customers", "assignments", "outcomes"]
    customers, assignments, outcomes = made.values()
    assert (customers.read, assignments.read, outcomes.read) == (64_000, 64_000, 192_000)
    assert not customers.set_aside
    assert not outcomes.set_aside
    assert {"recency", "history_segment", "history", "mens", "womens", "zip_code", "newbie", "channel"} <= set(
        customers.columns
    )
    assert ask(customers, "select count(distinct customer_id), min(cast(customer_id as int)) from t") == (64_000, 1)
    assert ask(customers, "select count(*) from t where region = 'Surburban'")[0] > 0
    arms = "select " + ", ".join(
        f"count(*) filter (where arm = '{arm}')" for arm in ("Mens E-Mail", "Womens E-Mail", "No E-Mail")
    )
    assert ask(assignments, f"{arms}, count(distinct experiment_id) from t") == (21_307, 21_387, 21_306, 1)
    # the mean of spend by arm, against the published difference
    with duckdb.connect() as connection:
        connection.read_parquet(str(assignments.path)).create_view("a")
        connection.read_parquet(str(outcomes.path)).create_view("o")
        difference = connection.execute(
            "select avg(cast(value as double)) filter (where arm = 'Mens E-Mail')"
            " - avg(cast(value as double)) filter (where arm = 'No E-Mail')"
            " from a join o using (experiment_id, customer_id) where name = 'spend'"
        ).fetchone()
    assert difference is not None
    assert difference[0] == pytest.approx(0.769827, abs=5e-7)


def test_twcs(real_data: Path, tmp_path: Path) -> None:
    mentions = by_table("twcs", real_data / "twcs", tmp_path)["mentions"]
    assert mentions.read == 5_001
    assert mentions.set_aside == {"fragment of a broken record": 1, "tweet of a brand": 2_222}
    assert (
        "twcs_5000.csv: 5,001 records read, 5,000 kept, 1 set aside (fragment of a broken record 1)."
        in mentions.notices
    )
    answered = "date_diff('second', cast(posted_at as timestamptz), cast(first_reply_at as timestamptz))"
    starts = "from t where in_reply_to is null"
    found = ask(
        mentions, f"select count(*), count(first_reply_at), median({answered}) / 60.0, min({answered}) {starts}"
    )
    assert found[:2] == (1_285, 1_154)
    assert found[2] == pytest.approx(11.99, abs=0.005)
    assert found[3] > 0
    assert ask(mentions, f"select count(*) {starts} and mention_id = '3399'") == (1,)
    assert ask(mentions, f"select count(*) {starts} and conversation_id <> mention_id") == (0,)
    assert ask(mentions, "select count(*) from t where contains(in_reply_to, '.')") == (0,)


def test_twcs_by_a_second_road(real_data: Path, tmp_path: Path) -> None:
    """Conversations, first replies and brands again, by walking the rows one by one."""
    mentions = by_table("twcs", real_data / "twcs", tmp_path)["mentions"]
    with (real_data / "twcs" / "twcs_5000.csv").open(encoding="utf-8", newline="") as file:
        records = [record + [""] * (8 - len(record)) for record in list(csv.reader(file))[1:] if len(record) >= 6]
    answers = {record[1]: record[7].removesuffix(".0") for record in records}
    sent = {record[1]: datetime.strptime(record[4], "%a %b %d %H:%M:%S %z %Y") for record in records}
    replies: dict[str, list[tuple[datetime, str]]] = {}
    for record in records:
        if record[3] == "False":
            replies.setdefault(answers[record[1]], []).append((sent[record[1]], record[2]))
    brands = {record[2].lower(): record[2] for record in records if record[3] == "False"}
    rows = pq.read_table(mentions.path).to_pylist()
    for row in rows:
        top = row["mention_id"]
        while answers.get(top):
            top = answers[top]
        assert row["conversation_id"] == top
        assert datetime.fromisoformat(row["posted_at"]) == sent[row["mention_id"]]
        first = min(replies.get(row["mention_id"], []), default=None)
        named = re.search("@([A-Za-z_][A-Za-z0-9_]*)", row["text"])
        if first is None:
            assert row["first_reply_at"] is None
            assert row["brand"] == (brands.get(named[1].lower()) if named else None)
        else:
            assert datetime.fromisoformat(row["first_reply_at"]) == first[0]
            assert row["brand"] in {who for when, who in replies[row["mention_id"]] if when == first[0]}
    assert len(brands) == 76
    assert sum(row["brand"] is not None for row in rows if row["in_reply_to"] is None) == 1_199


def test_the_copy_that_a_spreadsheet_damaged_is_refused(real_data: Path, tmp_path: Path) -> None:
    with pytest.raises(MapError) as caught:
        mapped("twcs", real_data / "damaged" / "twcs_excel_damaged_first1000.csv", cache=tmp_path)
    [fault] = caught.value.faults
    assert fault.rule == "damaged_file"
    assert fault.count == 34
    assert "a spreadsheet has read lists of ids as numbers and regrouped their digits" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_capital_flags_alone_are_no_damage(real_data: Path, tmp_path: Path) -> None:
    """The real file with TRUE and FALSE, and without its column of row numbers, gives what the real file gives."""
    with (real_data / "twcs" / "twcs_5000.csv").open(encoding="utf-8", newline="") as file:
        records = [record for record in csv.reader(file) if len(record) in (6, 8)]
    for record in records[1:]:
        record[3] = record[3].upper()
    with (tmp_path / "capitals.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(record[1:] for record in records)
    mentions = by_table("twcs", tmp_path / "capitals.csv", tmp_path / "cache")["mentions"]
    assert (mentions.read, mentions.set_aside) == (5_000, {"tweet of a brand": 2_222})


def test_zendesk(real_data: Path, tmp_path: Path) -> None:
    made = by_table("zendesk", real_data / "zendesk", tmp_path)
    issues, touchpoints = made["issues"], made["touchpoints"]
    for table in (issues, touchpoints):
        assert (table.read, table.set_aside) == (16_476, {})
        assert "first_reply_at" not in table.columns
    assert ask(issues, "select count(distinct issue_id), count(distinct customer_id) from t") == (16_476, 6_764)
    assert ask(issues, "select count(*) - count(closed_at), min(closed_at) > '2023' from t") == (2_067, True)
    assert ask(issues, "select count(topic), count(first_reply_business_minutes) from t") == (
        16_476 - 13_923,
        16_476 - 3_716,
    )
    channels = "count(*) filter (where channel = 'email'), count(*) filter (where channel = 'other')"
    assert ask(issues, f"select {channels} from t") == (13_081 + 1_051, 2_028 + 316)
    assert ask(touchpoints, f"select {channels} from t") == (13_081 + 1_051, 2_028 + 316)
    assert ask(touchpoints, "select count(*) filter (where direction = 'outbound'), count(platform) from t") == (
        1_051,
        0,
    )
    severity = "count(*) filter (where severity = '1'), count(*) filter (where severity = '2')"
    assert ask(issues, f"select {severity}, count(*) filter (where severity = '4') from t") == (16_282, 12, 182)
    assert not any("does not list" in notice for notice in issues.notices)
    # "Resolution time" is hours and the other durations minutes: both say when the ticket was closed
    gap = "date_diff('minute', cast(opened_at as timestamptz), cast(closed_at as timestamptz))"
    hours = f"abs({gap} - 60 * cast(resolution_hours as double))"
    minutes = f"abs({gap} - cast(full_resolution_minutes as double))"
    assert ask(issues, f"select max({hours}) <= 60, max({minutes}) <= 60 from t")[0]


def test_zendesk_with_the_other_header(real_data: Path, tmp_path: Path) -> None:
    """A made-up row under the header of the vendor's own export: a reply 90 minutes after the creation."""
    with (real_data / "export_headers" / "zendesk_tickets_csv_export.csv").open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    ticket = dict.fromkeys(header, "") | {
        "Id": "12", "Requester id": "007", "Status": "Open", "Priority": "High", "Via": "Twitter DM",
        "Created at": "2026-03-01 23:00", "Updated at": "2026-03-02 08:00", "First reply time in minutes": "90",
    }  # fmt: skip
    later = ticket | {
        "Via": "Pigeon",
        "Updated at": "2026-03-03 08:00",
        "Status": "Solved",
        "Solved at": "2026-03-03 07:00",
    }
    with (tmp_path / "tickets.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [header, list(ticket.values()), list((later | {"Id": "13"}).values()), list(later.values())]
        )
    made = by_table("zendesk", tmp_path / "tickets.csv", tmp_path / "cache")
    assert made["issues"].set_aside == {"earlier version of a ticket": 1}
    other, kept = pq.read_table(made["touchpoints"].path).to_pylist()
    assert (kept["touchpoint_id"], kept["customer_id"], kept["channel"]) == ("12", "007", "other")
    assert kept["first_reply_at"] == "2026-03-02T00:30:00Z"
    assert kept["resolved_at"] == "2026-03-03T07:00:00Z"
    assert other["touchpoint_id"] == "13"
    assert "`Via` holds a value this map does not list in 2 rows. It reads as `other`." in made["touchpoints"].notices


@pytest.fixture(scope="module")
def retail(real_data: Path, retail_cache: Path) -> MappedTable:
    """The orders of both files of Online Retail."""
    return by_table("online_retail", real_data / "online_retail", retail_cache)["orders"]


REPEAT = "select count(*), avg(cast(n > 1 as int)) from (select count(*) as n from t group by customer_id)"


def test_online_retail(retail: MappedTable) -> None:
    assert retail.read == 541_909 + 525_461
    assert retail.set_aside["line of an invoice that is in both files"] == 22_523
    assert retail.read - 22_523 == 1_044_847
    assert retail.set_aside["no customer"] == 235_287
    assert retail.set_aside["cancellation"] == 18_446
    assert ask(retail, "select count(*), count(distinct order_id), count(customer_id) from t") == (36_975,) * 3
    assert ask(retail, "select count(*) from t where order_id like 'C%' or contains(customer_id, '.')") == (0,)
    customers, share = ask(retail, REPEAT)
    assert customers == 5_881
    assert share == pytest.approx(0.724, abs=5e-4)
    assert retail.zone == "Europe/London"
    assert ask(retail, "select min(ordered_at), max(ordered_at) from t") == (
        "2009-12-01T07:45:00",
        "2011-12-09T12:50:00",
    )


def test_online_retail_sums_are_exact(retail: MappedTable, real_data: Path) -> None:
    """One invoice from both files, summed again in Python's decimals."""
    folder = real_data / "online_retail"
    for name, order, invoice, price in (
        ("online_retail.parquet", "536365", "InvoiceNo", "UnitPrice"),
        ("online_retail_II_2009_2010.parquet", "489434", "Invoice", "Price"),
    ):
        lines = pq.read_table(folder / name, filters=[(invoice, "=", order)]).to_pylist()
        total = sum(Decimal(line["Quantity"]) * Decimal(str(line[price])) for line in lines)
        revenue, count = ask(retail, f"select revenue, lines from t where order_id = '{order}'")
        assert (Decimal(str(revenue)), int(str(count))) == (total, len(lines))


def test_online_retail_with_cancellations(real_data: Path, tmp_path: Path) -> None:
    """The figure that the map's own choice would change: a copy without its rule gives 75.4 %."""
    text = (SHIPPED / "online_retail.yaml").read_text(encoding="utf-8")
    rule = "      - {reason: cancellation, when: {of: invoice, starts_with: C}}\n"
    assert text.count(rule) == 1
    mine = tmp_path / "mine.yaml"
    mine.write_text(text.replace(rule, ""), encoding="utf-8")
    orders = by_table(str(mine), real_data / "online_retail", tmp_path / "cache")["orders"]
    customers, share = ask(orders, REPEAT)
    assert customers == 5_942
    assert share == pytest.approx(0.754, abs=5e-4)


def test_one_file_of_online_retail_alone(real_data: Path, tmp_path: Path) -> None:
    path = real_data / "online_retail" / "online_retail_II_2009_2010.parquet"
    orders = by_table("online_retail", path, tmp_path)["orders"]
    assert orders.read == 525_461
    assert "line of an invoice that is in both files" not in orders.set_aside
    assert ask(orders, "select count(distinct __file) from t") == (1,)


def test_cdnow(real_data: Path, tmp_path: Path) -> None:
    """The folder holds a sample with other ids as well; it has no header that fits and is left alone."""
    orders = by_table("cdnow", real_data / "cdnow", tmp_path)["orders"]
    assert (orders.read, orders.set_aside) == (69_659, {})
    assert [path.name for path in orders.files] == ["CDNOW_master.txt"]
    counts = "count(*), count(distinct order_id), count(distinct customer_id), min(ordered_at), max(ordered_at)"
    first, last = "1997-01-01T00:00:00", "1998-06-30T00:00:00"
    assert ask(orders, f"select {counts} from t") == (69_659, 69_659, 23_570, first, last)
    assert ask(orders, "select customer_id, revenue, currency from t where order_id = '1'") == ("00001", "11.77", "USD")
    with (real_data / "cdnow" / "CDNOW_master.txt").open() as file:
        total = sum(Decimal(line.split()[3]) for line in list(file)[1:])
    assert ask(orders, "select sum(cast(revenue as decimal(19, 2))) from t") == (total,)
    assert ask(orders, "select count(*) from t where cast(revenue as double) = 0")[0] > 0


def test_a_map_on_the_wrong_file(real_data: Path, tmp_path: Path) -> None:
    with pytest.raises(MapError, match="does not fit the source map `twcs`"):
        mapped("twcs", real_data / "damaged" / "airline_excel_damaged_ids.csv", cache=tmp_path)
    with pytest.raises(MapError, match="does not fit the source map `zendesk`"):
        mapped("zendesk", real_data / "hillstrom", cache=tmp_path)
