"""Each thing a source map can say, on a file of a few rows, with the answer worked out by hand."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from analysis.foundation.errors import MapError
from analysis.tables.mapping import MappedTable, mapped

ORDERS = """\
map: shop
about: A made-up shop.
zone: UTC
files:
  sales:
    headers:
      - about: the export
        has: [id, by, at, paid, kind]
        may_have: [note]
    time_formats: ["%Y-%m-%d %H:%M"]
{file}
tables:
  - table: orders
    from: sales
{table}
    columns:
      order_id: id
      customer_id: by
      ordered_at: {{time: at}}
      revenue: paid
      currency: {{constant: EUR}}
    further:
{further}
"""
HEADER = "id,by,at,paid,kind,note\n"


def run(tmp_path: Path, text: str, **files: str) -> list[MappedTable]:
    """The tables a map makes of some files, and the accounts checked: read = rows + set aside."""
    folder = tmp_path / "exports"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")
    (tmp_path / "shop.yaml").write_text(text, encoding="utf-8")
    made = mapped(str(tmp_path / "shop.yaml"), folder, cache=tmp_path / "cache")
    for one in made:
        assert one.read == pq.read_metadata(one.path).num_rows + sum(one.set_aside.values())
    return made


def rows(made: MappedTable) -> list[dict[str, Any]]:
    """Its rows."""
    return pq.read_table(made.path).to_pylist()


def orders(tmp_path: Path, sales: str, *, file: str = "", table: str = "", further: str = "") -> MappedTable:
    """The orders of one file of sales."""
    text = ORDERS.format(file=file, table=table, further=further or "      note: note")
    return run(tmp_path, text, sales__csv=HEADER + sales)[0]


def further(tmp_path: Path, expression: str, *cells: str, file: str = "") -> list[str | None]:
    """What an expression over `kind` makes of some cells."""
    sales = "".join(f'{number},a,2026-01-01 10:00,1,"{cell}",n{number}\n' for number, cell in enumerate(cells))
    return [row["x"] for row in rows(orders(tmp_path, sales, file=file, further=f"      x: {expression}"))]


@pytest.mark.parametrize(
    ("expression", "cells", "made"),
    [
        ("kind", ["a", "", " b "], ["a", None, " b "]),
        ('{constant: "it\'s; drop table"}', ["a"], ["it's; drop table"]),
        ("{row_number: true}", ["a", "b"], ["1", "2"]),
        ("{whole_number: kind}", ["13085.0", "13085", "", "0"], ["13085", "13085", None, "0"]),
        ("{extract: kind, pattern: '@([a-z]+)'}", ["hi @ann @bob", "hi", ""], ["ann", None, None]),
        ("{extract: kind, pattern: '[0-9]+'}", ["ab12", ""], ["12", None]),
        ('{extract: kind, pattern: "^\'?(.*)$"}', ["'007", "007"], ["007", "007"]),
        ("{lower: kind}", ["ÄB", ""], ["äb", None]),
        ("{of: kind, values: {a: x, b: y}, otherwise: z}", ["a", "b", "c", ""], ["x", "y", "z", None]),
        ("{of: kind, values: {a: x}, otherwise: null}", ["a", "c", ""], ["x", None, None]),
        ("{first_of: [kind, note]}", ["a", ""], ["a", "n1"]),
        ("{first_of: [kind, {constant: none}]}", ["a", ""], ["a", "none"]),
        ("{join: [kind, note], with: ':'}", ["a", ""], ["a:n0", None]),
        ("{number: kind}", ["1.50", "-2", "0.001", ""], ["1.5", "-2", "0.001", None]),
        ("{number: kind, thousands: ','}", ["1,234.5"], ["1234.5"]),
        ("{product: [kind, paid]}", ["0.1", "100"], ["0.1", "100"]),
        ("{product: [kind, kind]}", ["0.000001", "1.1"], ["0.000000000001", "1.21"]),
        ("{add: [kind, paid, paid]}", ["0.1", "-2"], ["2.1", "0"]),
        ("{subtract: [kind, paid]}", ["0.1"], ["-0.9"]),
        ("{add: [{product: [kind, paid]}, paid]}", ["2.5"], ["3.5"]),
        ("{time: kind, formats: ['%d.%m.%Y']}", ["03.02.2026", ""], ["2026-02-03T00:00:00", None]),
        ("{time: kind, formats: ['%d.%m.%Y %H:%M:%S.%f']}", ["03.02.2026 1:02:03.5"], ["2026-02-03T01:02:03.5"]),
        ("{time: kind, formats: ['%Y-%m-%d %H:%M %z']}", ["2026-01-01 00:30 +0200"], ["2025-12-31T22:30:00Z"]),
        ("{time: kind, formats: ['%Y-%m-%dT%H:%MZ']}", ["2026-01-01T00:30Z"], ["2026-01-01T00:30:00Z"]),
        ("{after: {time: at}, by: kind, unit: minutes}", ["90", "0.5"], ["2026-01-01T11:30:00", "2026-01-01T10:00:30"]),
        ("{after: {time: at}, by: kind, unit: hours}", ["25", ""], ["2026-01-02T11:00:00", None]),
    ],
)
def test_expressions(tmp_path: Path, expression: str, cells: list[str], made: list[str | None]) -> None:
    assert further(tmp_path, expression, *cells) == made


@pytest.mark.parametrize(
    ("expression", "cells", "words"),
    [
        ("{whole_number: kind}", ["1", "1e5", "1.5"], "column `kind`: is not a whole number that a float can hold"),
        ("{whole_number: kind}", ["1", "123456789012345678.0", "a"], "(2 of 3 rows; first: line 3)"),
        (
            "{of: kind, values: {a: x}}",
            ["a", "secret", "b"],
            "holds a value this map does not list (2 of 3 rows; first",
        ),
        ("{number: kind}", ["1", "1,5", "2"], "is not a plain decimal of up to 13 digits before and 6 after the point"),
        ("{number: kind}", ["0.1234567"], "is not a plain decimal"),
        ("{number: kind}", ["1e-5"], "is not a plain decimal"),
        ("{time: kind, formats: ['%Y-%m-%d']}", ["2026-02-30"], "is not a time in a format this map declares"),
        ("{time: kind, formats: ['%Y-%m-%d']}", ["26-02-03"], "is not a time in a format this map declares"),
    ],
)
def test_cells_that_break_the_maps_word_refuse_the_file(
    tmp_path: Path, expression: str, cells: list[str], words: str
) -> None:
    with pytest.raises(MapError) as caught:
        further(tmp_path, expression, *cells)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_line_named_is_the_files(tmp_path: Path) -> None:
    """Two faults in two columns are told together; the second row begins on line 4, after a cell of two lines."""
    sales = '1,a,2026-01-01 10:00,1,k,"two\nlines"\n2,a,yesterday,x,k,n\n'
    with pytest.raises(MapError) as caught:
        orders(tmp_path, sales, further="      x: {number: paid}")
    first, second = sorted(caught.value.faults, key=lambda fault: str(fault.column))
    assert (first.where, first.column, first.first, first.count, first.of) == ("sales.csv", "at", 4, 1, 2)
    assert (second.column, second.first) == ("paid", 4)


def test_a_clock_change_does_not_bend_an_elapsed_time(tmp_path: Path) -> None:
    """London, 29 March 2026: from 00:30 GMT, two hours later it is 02:30 UTC (03:30 on the clock), not 02:30 there."""
    text = ORDERS.format(file="", table="", further="      x: {after: {time: at}, by: kind, unit: hours}")
    text = text.replace("zone: UTC", "zone: Europe/London")
    made = run(tmp_path, text, sales__csv=HEADER + "1,a,2026-03-29 00:30,1,2,\n2,a,2026-07-01 00:30,1,2,\n")[0]
    assert [row["x"] for row in rows(made)] == ["2026-03-29T02:30:00Z", "2026-07-01T01:30:00Z"]
    assert [row["ordered_at"] for row in rows(made)] == ["2026-03-29T00:30:00", "2026-07-01T00:30:00"]
    assert made.zone == "Europe/London"


def test_local_times_beside_instants_become_instants(tmp_path: Path) -> None:
    text = ORDERS.format(file="", table="", further="      x: {time: kind, formats: ['%Y-%m-%d', '%Y-%m-%d %z']}")
    text = text.replace("zone: UTC", "zone: Europe/London")
    made = run(
        tmp_path,
        text,
        sales__csv=HEADER + "1,a,2026-03-29 00:30,1,2026-07-01,\n2,a,2026-07-01 00:30,1,2026-07-01 +02,\n",
    )
    assert [row["x"] for row in rows(made[0])] == ["2026-06-30T23:00:00Z", "2026-06-30T22:00:00Z"]


SALES = "1,a,2026-01-01 10:00,1,new,\n2,,2026-01-02 10:00,2,Cancelled,\n3,b,2026-01-03 10:00,30,old,x\n"


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("{of: kind, is: new}", ["1"]),
        ("{of: kind, is: [new, old]}", ["1", "3"]),
        ("{of: by, empty: true}", ["2"]),
        ("{of: by, empty: false}", ["1", "3"]),
        ("{of: kind, starts_with: C}", ["2"]),
        ("{of: kind, matches: '^[a-z]+$'}", ["1", "3"]),
        ("{of: paid, above: 2}", ["3"]),
        ("{of: paid, below: 2}", ["1"]),
        ("{not: {of: by, is: a}}", ["2", "3"]),
        ("{all: [{of: by, empty: false}, {of: paid, above: 1}]}", ["3"]),
        ("{any: [{of: by, empty: true}, {of: note, is: x}]}", ["2", "3"]),
    ],
)
def test_conditions(tmp_path: Path, condition: str, kept: list[str]) -> None:
    """An empty cell meets no test but `empty: true`, and its negation is met: every row is on one side."""
    made = orders(tmp_path, SALES, table=f"    keep: {{when: {condition}, others: not meant}}")
    assert [row["order_id"] for row in rows(made)] == kept
    assert made.set_aside == {"not meant": 3 - len(kept)}


def test_of_several_reasons_the_first_counts_a_row(tmp_path: Path) -> None:
    rules = """\
    set_aside:
      - {reason: no customer, when: {of: by, empty: true}}
      - {reason: cancelled, when: {of: kind, starts_with: C}}
      - {reason: large, when: {of: paid, above: 20}}"""
    made = orders(tmp_path, SALES, table=rules)
    assert made.set_aside == {"no customer": 1, "large": 1}
    assert made.read == 3


def test_what_is_set_aside_cannot_break_the_maps_word(tmp_path: Path) -> None:
    rule = "    keep: {when: {of: kind, is: good}, others: rubbish}"
    made = orders(tmp_path, "1,a,never,x,bad,\n2,a,2026-01-01 10:00,1,good,\n", table=rule)
    assert [row["order_id"] for row in rows(made)] == ["2"]


def test_nulls_in_disguise(tmp_path: Path) -> None:
    nulls = """\
    nulls:
      - {texts: ["-", "n/a"]}
      - {texts: ["1900-01-01"], in: [kind]}"""
    made = orders(
        tmp_path, "1,-,2026-01-01 10:00,1,1900-01-01,1900-01-01\n", file=nulls, further="      k: kind\n      n: note"
    )
    assert rows(made)[0]["customer_id"] is None
    assert rows(made)[0]["k"] is None
    assert rows(made)[0]["n"] == "1900-01-01"


def test_short_records_are_kept_or_counted(tmp_path: Path) -> None:
    sales = "1,a,2026-01-01 10:00,1,k\n2,a\n3,a,2026-01-01 10:00,1,k,n\n"
    made = orders(tmp_path, sales, file="    short_records: {missing_at_most: 1, reason: fragment}")
    assert [row["note"] for row in rows(made)] == [None, "n"]
    assert (made.read, made.set_aside) == (3, {"fragment": 1})
    assert "sales.csv: 3 records read, 2 kept, 1 set aside (fragment 1)." in made.notices


def test_a_column_that_no_file_has_is_left_out(tmp_path: Path) -> None:
    """Nobody shall take for known what the source does not say; `first_of` goes on without it."""
    text = ORDERS.format(
        file="", table="", further="      n: note\n      m: {first_of: [note, kind]}\n      d: {product: [note, paid]}"
    )
    made = run(tmp_path, text, sales__csv="id,by,at,paid,kind\n1,a,2026-01-01 10:00,1,k\n")[0]
    assert made.columns[-1] == "m"
    assert "n" not in made.columns
    assert "d" not in made.columns


GROUPED = """\
map: shop
about: Line items of orders, whose cells are empty from the second line of an order on.
zone: UTC
files:
  lines:
    headers:
      - about: the export
        has: [Name, Id, Created, Quantity, Price, Refunded, Total]
    time_formats: ["%Y-%m-%d %H:%M:%S %z"]
    basis: {Quantity: action}
tables:
  - table: orders
    from: lines
    group: {by: [Name], further_rows: further lines of an order}
    columns:
      order_id: {same: {extract: Id, pattern: "^'?(.*)$"}}
      ordered_at: {earliest: {time: Created}}
      revenue: {sum: {product: [Quantity, Price]}}
      currency: {constant: GBP}
    further:
      number: Name
      net: {subtract: [{same: {number: Total}}, {first_of: [{same: {number: Refunded}}, {number: {constant: "0"}}]}]}
      latest: {latest: {time: Created}}
      lines: {count: rows}
"""
LINES = """\
Name,Id,Created,Quantity,Price,Refunded,Total
#1,'123456789012345678,2026-05-14 11:23:45 +0100,3,0.10,,10.50
#1,,,7,1.45,,
#2,'7,2026-05-15 00:00:00 +0000,1,0.01,0.01,0.01
"""


def test_rows_of_a_group_become_one(tmp_path: Path) -> None:
    """#1: 3 x 0.10 + 7 x 1.45 = 10.45 exactly, at 10:23:45 UTC; #2 is refunded. The id keeps its 18 digits."""
    made = run(tmp_path, GROUPED, lines__csv=LINES)[0]
    one, two = rows(made)
    assert one["order_id"] == "123456789012345678"
    assert (one["revenue"], one["net"], one["lines"]) == ("10.45", "10.5", "2")
    assert one["ordered_at"] == one["latest"] == "2026-05-14T10:23:45Z"
    assert (two["revenue"], two["net"], two["number"], two["__line"]) == ("0.01", "0", "#2", 4)
    assert made.set_aside == {"further lines of an order": 1}
    assert "Counted on the basis `action`: `Quantity`." in made.notices
    assert made.basis == {"revenue": "action"}


def test_sums_are_exact(tmp_path: Path) -> None:
    """A thousand times 0.1 x 3 is 300, which floats miss."""
    lines = "".join(f"#1,'1,2026-05-14 11:23:45 +0100,3,0.1,,{1}\n" for _ in range(1000))
    made = run(tmp_path, GROUPED, lines__csv=LINES.splitlines()[0] + "\n" + lines)[0]
    assert rows(made)[0]["revenue"] == "300"


def test_cells_of_a_group_that_differ_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MapError) as caught:
        run(tmp_path, GROUPED, lines__csv=LINES + "#2,'8,2026-05-15 00:00:00 +0000,1,1,,\n")
    assert "column `order_id`: differs between rows that make one (1 of 2 rows; first: line 4)" in str(caught.value)


def test_a_group_needs_its_key(tmp_path: Path) -> None:
    with pytest.raises(MapError, match="column `Name`: is empty in rows that are to be grouped by it"):
        run(tmp_path, GROUPED, lines__csv=LINES + ",'8,2026-05-15 00:00:00 +0000,1,1,,\n")


COUNTERS = """\
map: posts
about: Lifetime counts of posts, one column each.
zone: UTC
files:
  posts:
    headers:
      - about: the export
        has: [Tweet id, time, impressions, likes]
    time_formats: ["%Y-%m-%d %H:%M %z"]
    basis: {impressions: post, likes: post}
tables:
  - table: posts
    from: posts
    columns:
      post_id: Tweet id
      published_at: {time: time}
      platform: {constant: twitter}
  - table: post_counters
    from: posts
    unpivot:
      columns: {impressions: impression, likes: like}
      name: kind
      value: count
      empty: no count
    columns:
      counter_id: {join: [Tweet id, kind], with: ":"}
      post_id: Tweet id
      kind: kind
      observed_at: {constant: "2026-02-01"}
      value: count
"""


def test_columns_become_rows(tmp_path: Path) -> None:
    """Two posts with two counts each, one of them empty: four cells read, three rows."""
    export = "Tweet id,time,impressions,likes\n9,2026-01-01 10:00 +0000,100,5\n8,2026-01-02 10:00 +0000,7,\n"
    posts, counters = run(tmp_path, COUNTERS, posts__csv=export)
    assert [row["post_id"] for row in rows(posts)] == ["9", "8"]
    found = [(row["counter_id"], row["kind"], row["value"], row["__line"]) for row in rows(counters)]
    assert found == [
        ("9:impression", "impression", "100", 2),
        ("9:like", "like", "5", 2),
        ("8:impression", "impression", "7", 3),
    ]
    assert (counters.read, counters.set_aside) == (4, {"no count": 1})
    assert any(
        notice.startswith("Counted on the basis `post`: ") and "`likes`" in notice for notice in counters.notices
    )
    assert (posts.basis, counters.basis) == ({}, {"value": "post"})


TALK = """\
map: talk
about: Messages that answer one another.
zone: UTC
files:
  messages:
    headers:
      - about: the export
        has: [id, to, at, who, side]
    time_formats: ["%H:%M %d.%m.%Y"]
    fields:
      sent: {time: at}
tables:
  - table: mentions
    from: messages
    keep: {when: {of: side, is: in}, others: our own}
    columns:
      mention_id: id
      posted_at: sent
      platform: {constant: forum}
      in_reply_to: to
      conversation_id: {top_of_chain: id, parent: to}
      first_reply_at: {take: sent, from: messages, match: {to: id}, when: {of: side, is: out}, first_by: sent}
    further:
      answered_by: {take: who, from: messages, match: {to: id}, when: {of: side, is: out}, first_by: sent}
"""
MESSAGES = """\
id,to,at,who,side
c,b,12:30 01.01.2026,ann,in
a,,12:00 01.01.2026,ann,in
b2,a,12:20 01.01.2026,late,out
b,a,12:10 01.01.2026,early,out
x,a,12:01 01.01.2026,eve,in
d,gone,13:00 01.01.2026,bob,in
e,gone,13:01 01.01.2026,bob,in
"""


def test_replies_and_conversations(tmp_path: Path) -> None:
    """a is answered by b at 12:10 before b2 (x is no answer of ours); c answers b and so belongs to a; d and e answer
    a message that is not in the file, and share it as their top."""
    made = run(tmp_path, TALK, messages__csv=MESSAGES)[0]
    found = {row["mention_id"]: row for row in rows(made)}
    assert list(found) == ["c", "a", "x", "d", "e"]
    assert (found["a"]["first_reply_at"], found["a"]["answered_by"]) == ("2026-01-01T12:10:00", "early")
    assert [found[one]["first_reply_at"] for one in "cxde"] == [None] * 4
    assert [found[one]["conversation_id"] for one in "caxde"] == ["a", "a", "a", "gone", "gone"]
    assert made.set_aside == {"our own": 2}


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    def answers(text: str, folder: str) -> set[tuple[str, ...]]:
        (tmp_path / folder).mkdir()
        made = run(tmp_path / folder, TALK, messages__csv=text)[0]
        return {tuple(str(row[name]) for name in made.columns) for row in rows(made)}

    head, *lines = MESSAGES.splitlines(keepends=True)
    assert answers(MESSAGES, "one") == answers(head + "".join(reversed(lines)), "two")


def test_a_long_chain_and_a_circle(tmp_path: Path) -> None:
    head = MESSAGES.splitlines(keepends=True)[0]
    chain = [f"m{number},{f'm{number - 1}' if number else ''},12:00 01.01.2026,ann,in\n" for number in range(1000)]
    made = run(tmp_path, TALK, messages__csv=head + "".join(chain))[0]
    assert {row["conversation_id"] for row in rows(made)} == {"m0"}
    for length in (1, 2, 3, 4, 7):
        circle = [f"m{n},m{(n + 1) % length},12:00 01.01.2026,ann,in\n" for n in range(length)]
        tail = "t,m0,12:00 01.01.2026,ann,in\nok,,12:00 01.01.2026,ann,in\n"
        with pytest.raises(MapError) as caught:
            run(tmp_path, TALK, messages__csv=head + "".join(circle) + tail)
        [fault] = caught.value.faults
        assert (fault.column, fault.what) == ("to", "names a parent that leads round in a circle")
        assert (fault.count, fault.of, fault.first) == (length + 1, length + 2, 2)


def test_a_file_that_fails_a_test_for_damage_is_refused(tmp_path: Path) -> None:
    damage = """\
    damage:
      - what: holds ids that were regrouped
        remedy: Export it again.
        rows: {of: note, matches: "^0"}
        links: {listed: note, separator: ",", id: id, back: kind}"""
    good = '1,a,2026-01-01 10:00,1,,"2, 9"\n2,a,2026-01-01 10:00,1,1,\n'
    assert len(rows(orders(tmp_path, good, file=damage))) == 2
    bad = good + "3,a,2026-01-01 10:00,1,,2\n4,a,2026-01-01 10:00,1,,0\n"
    with pytest.raises(MapError) as caught:
        orders(tmp_path, bad, file=damage)
    assert "sales.csv: holds ids that were regrouped (2 of 4 rows; first: line 4). Export it again." in str(
        caught.value
    )


def test_a_key_that_two_files_hold_is_kept_from_the_first(tmp_path: Path) -> None:
    """b.csv holds order 2 again, twice; both its rows go. Rows repeated within one file stay."""
    repeats = "    repeats: [{key: [id], keep: first_file, reason: in both files}]"
    text = ORDERS.format(file=repeats, table="", further="      note: note")
    line = "{},a,2026-01-01 10:00,1,k,{}\n"
    first = HEADER + line.format(1, "x") + line.format(2, "x") + line.format(2, "y") + line.format("", "z")
    second = HEADER + line.format(2, "p") + line.format(2, "q") + line.format(3, "q") + line.format("", "z")
    made = run(tmp_path, text, a__csv=first, b__csv=second)[0]
    found = [(row["order_id"], row["note"], row["__file"], row["__line"]) for row in rows(made)]
    assert found == [
        ("1", "x", "a.csv", 2),
        ("2", "x", "a.csv", 3),
        ("2", "y", "a.csv", 4),
        (None, "z", "a.csv", 5),
        ("3", "q", "b.csv", 4),
        (None, "z", "b.csv", 5),
    ]
    assert made.set_aside == {"in both files": 2}
    assert [path.name for path in made.files] == ["a.csv", "b.csv"]


def test_of_versions_the_latest_is_kept(tmp_path: Path) -> None:
    repeats = (
        "    fields: {seen: {time: at}}\n    repeats: [{key: [id], keep: latest, by: seen, reason: earlier version}]"
    )
    text = ORDERS.format(file=repeats, table="", further="      note: note")
    first = HEADER + "1,a,2026-01-01 10:00,1,k,old\n2,a,2026-03-01 10:00,1,k,new\n"
    second = HEADER + "1,a,2026-02-01 10:00,1,k,new\n2,a,2026-02-01 10:00,1,k,old\n"
    made = run(tmp_path, text, a__csv=first, b__csv=second)[0]
    assert [row["note"] for row in rows(made)] == ["new", "new"]
    assert made.set_aside == {"earlier version": 2}


def test_two_headers_of_one_export(tmp_path: Path) -> None:
    text = """\
map: shop
about: Two versions of one export.
zone: UTC
files:
  sales:
    headers:
      - {about: new, has: {order: Order, paid: Paid, at: At}}
      - {about: old, has: {order: No, paid: Total, at: Day}}
    time_formats: ["%Y-%m-%d"]
tables:
  - table: orders
    from: sales
    columns: {order_id: order, ordered_at: {time: at}, revenue: paid, currency: {constant: EUR}}
"""
    made = run(
        tmp_path, text, a__csv="No,Day,Total\n1,2026-01-01,5\n", b__csv="Paid,At,Order,More\n6,2026-01-02,2,x\n"
    )[0]
    assert [(row["order_id"], row["revenue"]) for row in rows(made)] == [("2", "6"), ("1", "5")]


def test_a_file_without_header_known_by_its_name(tmp_path: Path) -> None:
    """Hits that a data feed marks as excluded are set aside."""
    text = """\
map: feed
about: Hits of tracked links, separated by tabs, without a header.
zone: UTC
files:
  hits:
    headers: [{about: the feed, has: [hit, at, exclude, link]}]
    format: {delimiter: "\\t", columns: [hit, at, exclude, link], file_names: ["hit_data*.tsv"]}
    time_formats: ["%Y-%m-%d %H:%M:%S"]
    fields: {clicks: {constant: "1"}}
    basis: {clicks: action}
tables:
  - table: post_actions
    from: hits
    set_aside: [{reason: excluded hit, when: {of: exclude, above: 0}}]
    columns:
      action_id: hit
      link_id: link
      kind: {constant: click}
      quantity: clicks
      occurred_at: {time: at}
"""
    made = run(
        tmp_path,
        text,
        hit_data_1__tsv="7\t2026-01-01 00:00:00\t0\tl\n8\t2026-01-01 00:00:00\t4\tl\n",
        other__tsv="x\ty\n",
    )[0]
    assert [(row["action_id"], row["__line"]) for row in rows(made)] == [("7", 1)]
    assert made.set_aside == {"excluded hit": 1}
    assert any("do not fit the source map `feed`: 1" in notice for notice in made.notices)


def test_a_file_with_lines_before_its_header_in_another_encoding(tmp_path: Path) -> None:
    text = """\
map: shop
about: An export with two lines of titles, separated by semicolons, in an old encoding.
zone: UTC
files:
  people:
    headers: [{about: the export, has: {id: Größe, name: Name}}]
    format: {delimiter: ";", skip_lines: 2, encoding: cp1252}
tables:
  - {table: customers, from: people, columns: {customer_id: id}, further: {name: name}}
"""
    (tmp_path / "exports").mkdir()
    export = "Titel, mit Komma\n\nGröße;Name\n1;Jürgen, der\n"
    (tmp_path / "exports" / "people.csv").write_bytes(export.encode("cp1252"))
    made = run(tmp_path, text)[0]
    assert [(row["customer_id"], row["name"], row["__line"]) for row in rows(made)] == [("1", "Jürgen, der", 4)]


def test_a_file_with_a_header_and_nothing_else(tmp_path: Path) -> None:
    for made in (orders(tmp_path, ""), run(tmp_path, GROUPED, sales__csv=LINES.splitlines()[0] + "\n")[0]):
        assert (made.read, made.set_aside, rows(made)) == (0, {}, [])
        assert "revenue" in made.columns


def test_faults_of_all_tables_are_told_together(tmp_path: Path) -> None:
    text = ORDERS.format(file="", table="", further="      note: note")
    text += "  - {table: customers, from: sales, columns: {customer_id: {whole_number: by}}}\n"
    with pytest.raises(MapError) as caught:
        run(tmp_path, text, sales__csv=HEADER + "1,a,never,1,k,\n")
    assert [fault.column for fault in caught.value.faults] == ["at", "by"]


def test_a_header_that_fits_no_declared_one_is_named(tmp_path: Path) -> None:
    text = ORDERS.format(file="", table="", further="      note: note")
    with pytest.raises(MapError) as caught:
        run(tmp_path, text, sales__csv="id,by,at,payed,sort\n1,a,b,c,d\n")
    said = str(caught.value)
    assert "sales.csv: does not fit the source map `shop`: `paid`, `kind` are missing for “the export”." in said
    assert "It has `payed` instead of `paid`: declare that header in the map, or give the source" in said
    assert "`renamed: {paid: payed}`." in said


def test_a_header_with_more_than_may_be_there(tmp_path: Path) -> None:
    text = ORDERS.format(file="", table="", further="      note: note").replace(
        "        may_have", "        nothing_else: true\n        may_have"
    )
    with pytest.raises(MapError, match=r"sales\.csv: has 2 columns more than the header “the export”"):
        run(tmp_path, text, sales__csv="id,by,at,paid,kind,x,y\n1,a,b,c,d,e,f\n")


def test_a_folder_with_nothing_to_read(tmp_path: Path) -> None:
    text = ORDERS.format(file="", table="", further="      note: note")
    with pytest.raises(MapError, match="holds no table that could be read"):
        run(tmp_path, text, notes__md="nothing")
    with pytest.raises(MapError, match="does not exist"):
        mapped("hillstrom", tmp_path / "gone.csv", cache=tmp_path)


def test_a_packed_file(tmp_path: Path) -> None:
    text = ORDERS.format(file="", table="", further="      note: note")
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "sales.csv.gz").write_bytes(gzip.compress((HEADER + SALES).encode()))
    assert len(rows(run(tmp_path, text)[0])) == 3


def test_a_table_whose_files_are_not_there_is_left_out_and_said(tmp_path: Path) -> None:
    text = TALK.replace(
        "tables:\n",
        "  people:\n    headers: [{about: people, has: [who, since]}]\ntables:\n"
        "  - {table: customers, from: people, columns: {customer_id: who}}\n",
    )
    made = run(tmp_path, text, messages__csv=MESSAGES)
    assert [one.table for one in made] == ["mentions"]
    assert "`customers` is not made: it needs the files `people` of the source map." in made[0].notices


def test_others_of_a_value_map_are_counted_where_it_says_so(tmp_path: Path) -> None:
    expression = "      x: {of: kind, values: {new: a}, otherwise: b, count_others: true}"
    made = orders(tmp_path, SALES, further=expression)
    assert "`kind` holds a value this map does not list in 2 rows. It reads as `b`." in made.notices


def test_names_and_values_are_never_sql(tmp_path: Path) -> None:
    """A column, a field, a file and values that would end a statement are what they are: text."""
    bad = """a'b"; drop table x; --"""
    own, derived = json.dumps(bad), json.dumps(f"f{bad}")
    text = f"""\
map: shop
about: x
zone: UTC
files:
  {own}:
    headers: [{{about: x, has: [id, {own}, "$value_0", "?"]}}]
    nulls: [{{texts: ["' or 1=1"]}}]
    fields: {{{derived}: {{values: {{"' then 1": "'; drop"}}, of: {own}}}}}
tables:
  - table: customers
    from: {own}
    keep: {{when: {{of: id, is: ["1", "' or '1'='1"]}}, others: rest}}
    columns: {{customer_id: id}}
    further: {{a: {own}, b: {derived}, c: "$value_0", d: "?", e: {{constant: "$value_0 ?"}}}}
"""
    quoted = '"' + bad.replace('"', '""') + '"'
    export = f"id,{quoted},$value_0,?\n1,' then 1,p,' or 1=1\n2,' then 1,p,q\n"
    made = run(tmp_path, text, data__csv=export)[0]
    row = rows(made)[0]
    assert (row["a"], row["b"], row["c"], row["d"], row["e"]) == ("' then 1", "'; drop", "p", None, "$value_0 ?")


def test_a_folder_of_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "it's a folder"
    folder.mkdir()
    assert len(rows(orders(folder, SALES))) == 3


def test_only_the_tables_are_left_in_the_cache(tmp_path: Path) -> None:
    made = orders(tmp_path, SALES)
    assert list((tmp_path / "cache").iterdir()) == [made.path]
