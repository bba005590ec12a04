"""Does a table keep the contract? Every fault of it, counted, with the first line: nothing is raised here.

`column_findings` judges cells (types, values, what may not be empty), `table_findings` what only whole rows show (keys,
currencies, times in order), `orphans` what only two tables show. What a cell may be is left to `column_rules`, refusing
and keeping to `load`.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime

import duckdb

from analysis.foundation.errors import Fault
from analysis.tables.column_rules import Reading, Rule
from analysis.tables.contract import KNOWN_AT, ColumnSchema, TableSchema
from analysis.tables.engine import identifier
from analysis.tables.reader import LINE
from analysis.tables.scans import FILE, Scan, TableInput, in_place_of

DERIVED = "joined_at_derived"


@dataclass
class Findings:
    """What was found in one table.

    `rows` as the sources hold them; `blank_text` whether a native text column holds '' for nothing; `currency` the one
    the table's money is in; `first`, `last` the span of its event times; `known_at` the latest and `known_at_assumed`
    whether event times had to stand in; `known_at_nulls` the rows, set aside or not, that do not say when they were
    known; `again` the rows with the key of an earlier one.
    """

    faults: list[Fault] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    rows: int = 0
    blank_text: bool = False
    currency: str | None = None
    first: datetime | date | None = None
    last: datetime | date | None = None
    known_at: datetime | None = None
    known_at_assumed: bool = False
    known_at_nulls: int = 0
    again: int = 0
    set_aside: dict[str, int] = field(default_factory=dict)

    def note(self, where: str, column: str | None, count: int, of: int, what: str) -> None:
        """Something worth a word: counted like a fault, but no fault."""
        place = where if column is None else f"{where}, column `{column}`"
        self.notices.append(f"{place}: {what} ({count:,} of {of:,} rows).")


def header_faults(table: TableInput, later: Collection[str] = ()) -> list[Fault]:
    """Required columns that are missing, but for those filled `later`, and names that differ only in case.

    Examples
    --------
    >>> from analysis.tables.contract import SCHEMAS
    >>> columns = dict.fromkeys(["Cost_id", "months", "line", "amount", "currency"], "VARCHAR")
    >>> scan = Scan("t", columns, "''", "0", {"": "costs.csv"}, "UTC")
    >>> for fault in header_faults(TableInput(schema=SCHEMAS["costs"], scans=(scan,), originals={})):
    ...     print(fault.rule, fault.column, fault.remedy[:21])
    column_case cost_id Write its name exactl
    missing_column month Did you mean `months`
    """
    faults = []
    known = table.schema.by_name
    for scan in table.scans:
        further = {name.casefold(): name for name in scan.types if name not in known}
        for name in known:
            if name in scan.types or (name not in further and (known[name].nullable or name in later)):
                continue
            if name in further:
                what, rule, remedy = (
                    "its name differs from the contract's in case",
                    "column_case",
                    "Write its name exactly so.",
                )
            else:
                what, rule = (
                    f"`{table.schema.name}` needs this column, and there is none of that name",
                    "missing_column",
                )
                near = difflib.get_close_matches(name, further, n=1)
                remedy = f"Did you mean `{further[near[0]]}`? " if near else ""
                remedy += "Rename the column, or read the file with a source map."
            faults.append(Fault(where=scan.name, column=name, what=what, remedy=remedy, rule=rule))
        if table.schema.name == "customers" and DERIVED in scan.types:
            what, remedy = "its name is kept for a column that is derived", "Rename it."
            faults.append(Fault(where=scan.name, column=DERIVED, what=what, remedy=remedy, rule="reserved_column"))
    return faults


def column_findings(
    connection: duckdb.DuckDBPyConnection, table: TableInput, *, may_be_empty: bool = False
) -> Findings:
    """What is wrong with the cells of a table?

    Parameters
    ----------
    connection : DuckDBPyConnection
        One that may read the table's files.
    table : TableInput
        The table, its headers sound.
    may_be_empty : bool
        Whether a header without rows is no fault.

    Returns
    -------
    Findings
        Faults (those of reading, then one for each column and rule, with count and first line), notices, and the
        number of rows: all that the files hold, also those left out for a wrong number of fields.
    """
    findings = Findings(faults=list(table.faults))
    for scan in table.scans:
        rows, remarkable = _remarkable(connection, table, scan)
        findings.rows += rows
        for name in remarkable:
            _judge_column(connection, table, scan, name, rows, findings)
    if findings.rows == 0 and not table.mapped and not may_be_empty:
        where, remedy = table.scans[0].name, "Export it again, or take the file away: an absent table is no fault."
        findings.faults.append(Fault(where=where, what="is an empty table", remedy=remedy, rule="empty_table"))
    return findings


def _remarkable(connection: duckdb.DuckDBPyConnection, table: TableInput, scan: Scan) -> tuple[int, list[str]]:
    """In one pass: the number of rows, and the columns in which there is anything to say of any cell."""
    counts = ["count(*)"]
    readings = table.readings(scan)
    for place, (name, read) in enumerate(readings.items()):
        conditions = [rule.broken for rule in (*read.rules, *read.notices)]
        conditions += [read.day_only] if read.day_only else []
        empty = "false" if table.schema.column(name).nullable else "true"
        # A CASE stops at the first that holds; `or` would work all of them out for every row.
        cases = " ".join(f"when {condition} then true" for condition in conditions)
        first = f'when {_blank(scan, name, place)} then true when "__cell{place}" is null then {empty}'
        counts.append(_number_of(in_place_of(f"case {first} {cases} else false end", place)))
    found = connection.execute(f"select {', '.join(counts)} from ({table.cells(scan)})").fetchone()
    assert found is not None
    return found[0] + scan.left_out, [name for name, count in zip(readings, found[1:], strict=True) if count]


def _judge_column(
    connection: duckdb.DuckDBPyConnection, table: TableInput, scan: Scan, name: str, rows: int, findings: Findings
) -> None:
    """Count what is remarkable in one column, rule by rule, and find the first cell that breaks each."""
    column, readings = table.schema.column(name), table.readings(scan)
    place, read = list(readings).index(name), readings[name]
    rules = [*read.rules, *([] if column.nullable else [_missing_value(table.schema, column)])]
    day_only = in_place_of(read.day_only or "false", place)
    days = f'"__code" = 0 and "__local{place}" is not null and {day_only}'
    code = _first_broken(read, place, nullable=column.nullable)
    judged = f'select *, {code} as "__code" from ({table.cells(scan)})'
    counts = [
        _number_of(days),
        _number_of(f'"__local{place}" is not null and not ({day_only})'),
        _number_of(_blank(scan, name, place)),
        *(_number_of(in_place_of(notice.broken, place)) for notice in read.notices),
        *(_number_of(f'"__code" = {number}') for number, _ in enumerate(rules, start=1)),
    ]
    found = connection.execute(f"select {', '.join(counts)} from ({judged})").fetchone()
    assert found is not None
    bare, with_clock, blank, *others = found
    findings.blank_text |= blank > 0
    for count, notice in zip(others, read.notices, strict=False):
        if count:
            findings.note(scan.name, name, count, rows, notice.what)
    broken = [
        (rule, f'"__code" = {number}', others[len(read.notices) + number - 1]) for number, rule in enumerate(rules, 1)
    ]
    if bare and not with_clock:
        findings.note(scan.name, name, bare, rows, "bare dates are read as midnight")
    else:
        broken.append((_MIXED_DATES, days, bare))
    for rule, condition, count in broken:
        if count:
            where, line = _first(connection, f"select * from ({judged}) where {condition}", table)
            findings.faults.append(
                Fault(
                    where=where,
                    column=name,
                    what=rule.what,
                    remedy=rule.remedy,
                    rule=rule.name,
                    count=count,
                    of=rows,
                    first=line,
                )
            )


def _first_broken(read: Reading, place: int, *, nullable: bool) -> str:
    """SQL for the number of the first rule a cell breaks, 0 for none; an empty cell breaks the last or none."""
    cases = " ".join(f"when {rule.broken} then {number}" for number, rule in enumerate(read.rules, start=1))
    empty = 0 if nullable else len(read.rules) + 1
    return in_place_of(f'case when "__cell{place}" is null then {empty} {cases} else 0 end', place)


def _blank(scan: Scan, name: str, place: int) -> str:
    """SQL for whether a cell of a native text column holds '' for nothing; text that was read never does."""
    return f"\"__raw{place}\" = ''" if scan.types[name] == "VARCHAR" and scan.in_place else "false"


_MIXED_DATES = Rule(
    "bare_date",
    "cells are a date without a time of day, where others have one",
    "Export all with their time; a date alone would be read as midnight.",
    "",
)


def _missing_value(schema: TableSchema, column: ColumnSchema) -> Rule:
    part = "part of the key, " if column.name in schema.key else ""
    remedy = f"It is {part}needed in every row of `{schema.name}`: fill it, or set such rows aside in a source map."
    return Rule("missing_value", "cells are empty", remedy, '"__cell" is null')


def _number_of(condition: str) -> str:
    """SQL for the number of rows that meet a condition."""
    return f"count(*) filter (where {condition})"


def _first(connection: duckdb.DuckDBPyConnection, rows: str, table: TableInput) -> tuple[str, int]:
    """The file and the line of the first of some rows."""
    file, line = identifier(FILE), identifier(LINE)
    found = connection.execute(f"select {file}, min({line}) from ({rows}) group by 1 order by 1 limit 1").fetchone()
    assert found is not None
    names = {key: name for scan in table.scans for key, name in scan.names.items()}
    return names.get(found[0], found[0]), found[1]


def table_findings(
    connection: duckdb.DuckDBPyConnection, table: TableInput, typed: str, findings: Findings, *, repeats: bool = False
) -> None:
    """What do only whole rows show? Adds to the findings: keys, currencies, order of times, span, rows set aside.

    Parameters
    ----------
    typed : str
        SQL behind FROM for all rows in the engine's types.
    findings : Findings
        What `column_findings` found in the same table.
    repeats : bool
        Whether a row may stand there more than once, if it says the same each time.
    """
    schema, present = table.schema, set(table.columns)
    where = table.scans[0].name
    if {name for name in schema.key if not schema.column(name).nullable} <= present:
        _check_key(connection, table, typed, findings, repeats)
    unit_is_absent = "currency" in schema.required and "currency" not in present  # told by its header already
    money = [name for name in schema.money if name in present and not unit_is_absent]
    filled = " or ".join(f"{identifier(name)} is not null" for name in money) or "false"
    late = [column for column in schema.columns if column.not_before in present and column.name in present]
    aside = [name for name in schema.set_aside.values() if name in present]
    kept = " and ".join(f"{identifier(name)} is null" for name in aside) or "true"
    event = identifier(schema.event_time) if schema.event_time in present else "cast(null as timestamp)"
    stand_in = identifier(schema.known_by) if schema.known_by in present else "cast(null as timestamp)"
    known = f"coalesce(known_at, {stand_in})" if "known_at" in present else stand_in
    recorded = [name for name in (KNOWN_AT.name, schema.recorded_time) if name in present]
    unrecorded = " and ".join(f"{identifier(name)} is null" for name in recorded if name) or "true"
    dated = "known_at is not null" if "known_at" in present else "false"
    counts = {
        "currencies": f"count(distinct currency) filter (where {filled})" if money else "0",
        "currency": f"min(currency) filter (where {filled})" if money else "null",
        "without": _number_of(f"({filled}) and currency is null") if money else "0",
        "first": f"min({event}) filter (where {kept})",
        "last": f"max({event}) filter (where {kept})",
        "known_at": f"max({known}) filter (where {kept})",
        "assumed": _number_of(f"{kept} and not {dated} and {stand_in} is not null"),
        "unrecorded": _number_of(unrecorded),
        **{
            f"late {column.name}": _number_of(f"{identifier(column.name)} < {identifier(column.not_before or '')}")
            for column in late
        },
        **{f"aside {name}": _number_of(f"{identifier(name)} is not null") for name in aside},
    }
    row = connection.execute(f"select {', '.join(counts.values())} from {typed}").fetchone()
    assert row is not None
    found = dict(zip(counts, row, strict=True))
    rows = findings.rows
    if found["currencies"] > 1:
        what = f"its money is in {found['currencies']} currencies, and there is no table of rates"
        remedy = "Convert it to one currency before the export."
        fault = Fault(where=where, column="currency", what=what, remedy=remedy, rule="several_currencies")
        findings.faults.append(fault)
    if found["without"]:
        condition = f"({filled}) and currency is null"
        file, line = _first(connection, f"select * from ({table.typed()}) where {condition}", table)
        fault = Fault(
            where=file,
            column="currency",
            what="rows hold money without a currency",
            remedy="Fill the column `currency` with an ISO 4217 code such as EUR.",
            rule="money_without_currency",
            count=found["without"],
            of=rows,
            first=line,
        )
        findings.faults.append(fault)
    for column in late:
        if count := found[f"late {column.name}"]:
            findings.note(where, column.name, count, rows, f"times come before `{column.not_before}`")
    for reason, name in schema.set_aside.items():
        if count := found.get(f"aside {name}", 0):
            findings.set_aside[reason] = count
    findings.currency, findings.first, findings.last = found["currency"], found["first"], found["last"]
    findings.known_at, findings.known_at_assumed = found["known_at"], found["assumed"] > 0
    findings.known_at_nulls = found["unrecorded"]


def _check_key(
    connection: duckdb.DuckDBPyConnection, table: TableInput, typed: str, findings: Findings, repeats: bool
) -> None:
    """Rows whose key an earlier row has already. Hashes tell in one pass that there are none; keys tell which."""
    schema = table.schema
    listed = ", ".join(identifier(name) for name in schema.key if name in table.columns)
    whole = " and ".join(f"{identifier(name)} is not null" for name in schema.key if not schema.column(name).nullable)
    hashes = f"select hash({listed}) from {typed} where {whole} group by all having count(*) > 1"
    if connection.execute(f"{hashes} limit 1").fetchone() is None:
        return
    suspects = f"select * from ({table.typed()}) where {whole} and hash({listed}) in ({hashes})"
    place = f"{{'file': {identifier(FILE)}, 'line': {identifier(LINE)}}}"
    cells = ", ".join(f"'c{number}': {identifier(name)}" for number, name in enumerate(table.columns))
    content = f"{{{cells}}}"
    # Grouped and not numbered: however often a key stands there, one of it is held in memory.
    keys = f"select {listed}, count(*) as n, min({place}, 2)[2] as again from ({suspects}) group by {listed}"
    found = connection.execute(f"select sum(n - 1), min(again) from ({keys}) where n > 1").fetchone()
    assert found is not None
    if found[0] is None:
        return
    findings.again = int(found[0])
    what = f"rows repeat the key ({', '.join(schema.key)}) of an earlier row"
    remedy = "Keep one row for each key; a file that was exported or appended twice looks like this."
    rule = "duplicate_key"
    if repeats:
        first = (
            f"select {listed}, arg_min({content}, {place}) as said from ({suspects}) group by {listed} "
            f"having min({content}) is distinct from max({content})"
        )
        same = " and ".join(
            f"a.{identifier(name)} is not distinct from f.{identifier(name)}"
            for name in schema.key
            if name in table.columns
        )
        others = f"select {place} as again, {content} as says, {listed} from ({suspects})"
        query = (
            f"select count(*), min(again) from ({others}) a join ({first}) f on {same} where says is distinct from said"
        )
        found = connection.execute(query).fetchone()
        assert found is not None
        what = (
            f"rows have the key ({', '.join(schema.key)}) of an earlier row of the same export and say something else"
        )
        remedy = "Give the exports one after the other, each with its date: of two versions the later one counts."
        rule = "two_versions"
    if found[0]:
        names = {key: name for scan in table.scans for key, name in scan.names.items()}
        findings.faults.append(
            Fault(
                where=names.get(found[1]["file"], found[1]["file"]),
                column=schema.key[0] if len(schema.key) == 1 else None,
                what=what,
                remedy=remedy,
                rule=rule,
                count=int(found[0]),
                of=findings.rows,
                first=found[1]["line"],
            )
        )


def orphans(connection: duckdb.DuckDBPyConnection, typed: str, customers: str) -> int:
    """How many rows name a customer that the table of customers does not hold?

    Parameters
    ----------
    typed, customers : str
        SQL behind FROM for the rows and for the customers.
    """
    found = connection.execute(
        f"select count(*) from {typed} t where t.customer_id is not null "
        f"and not exists (select 1 from {customers} c where c.customer_id = t.customer_id)"
    ).fetchone()
    assert found is not None
    return int(found[0])
