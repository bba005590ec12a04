"""Which cells of a column are not what the contract says, and what value has each of the others?

One `Reading` for each contract type and each way a source may hold it: SQL for the value in the engine's type, SQL for
each rule a cell can break, with the words for it. Counting the cells that break them, and rules that need the whole
table, are left to `checks`.

SQL here speaks of three names that `checks` gives a column: its cell, its local time, and its offset from UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from analysis.tables.contract import ColumnSchema
from analysis.tables.engine import identifier
from analysis.tables.local_time import FIRST_YEAR, LAST_YEAR, repeated, skipped, to_utc

CELL, LOCAL, OFFSET = "{cell}", "{local}", "{offset}"
_WHITE = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"
_NOTHING = ("nan", "null", "none", "nil", "na", "n/a", "#n/a", "<na>", "nat", "undefined", "-")
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?"
_ZONE = r" ?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?"
_PLAIN_NUMBER = r"[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)"
_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")
_WHOLE_TYPES = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT"}
_SMALL_WHOLE_TYPES = _WHOLE_TYPES - {"UBIGINT", "HUGEINT"}
_FLOAT_TYPES = {"FLOAT", "DOUBLE"}
_LARGEST = 10**13


@dataclass(frozen=True)
class Rule:
    """A rule a cell can break: its name, what is found then, what to do, and SQL that is true where it is broken."""

    name: str
    what: str
    remedy: str
    broken: str


@dataclass(frozen=True)
class Reading:
    """How one column of a source is read as one column of the contract.

    Parameters
    ----------
    cell : str
        SQL of the cell over the source's own column, null where it is empty.
    value : str
        SQL of the value in the engine's type; null where a rule is broken.
    rules : tuple of Rule
        What a cell can break; the first that applies counts.
    notices : tuple of Rule
        What is worth a word and no fault.
    local, offset : str
        For times: SQL of the local time and of its offset from UTC in seconds, null where the source says none.
    day_only : str, optional
        SQL for whether a time is a bare date: allowed where all cells of the column are.
    as_it_lies : str, optional
        SQL of the value over the source's own column, if reading it so every time costs next to nothing.
    """

    cell: str
    value: str
    rules: tuple[Rule, ...] = ()
    notices: tuple[Rule, ...] = ()
    local: str = "cast(null as timestamp)"
    offset: str = "cast(null as bigint)"
    day_only: str | None = None
    as_it_lies: str | None = None


def reading(column: ColumnSchema, native: str, zone: str) -> Reading:
    """How is a column of this native type read as this column of the contract?

    Parameters
    ----------
    column : ColumnSchema
        What the contract says of it.
    native : str
        The engine's name of the type the source holds it in: "VARCHAR" for anything read as text.
    zone : str
        The zone of times that say no offset.

    Examples
    --------
    >>> from analysis.tables.contract import SCHEMAS
    >>> [rule.name for rule in reading(SCHEMAS["orders"].column("order_id"), "VARCHAR", "UTC").rules]
    ['padded', 'scientific_id', 'grouped_id', 'word_for_nothing']
    >>> reading(SCHEMAS["orders"].column("ordered_at"), "TIMESTAMP", "UTC").as_it_lies
    '"ordered_at"'
    """
    source = identifier(column.name)
    kind = {"enum": "enum", "flag": "flag", "number": "money"}.get(column.type, column.type)
    found = _NATIVE.get(kind, _no_native)(column, native, source, zone)
    if found is not None:
        return found
    if native == "VARCHAR":
        return _TEXT[kind](column, f"nullif({source}, '')", source, zone)
    return replace(_TEXT[kind](column, f"cast({source} as varchar)", source, zone), as_it_lies=None)


# Cells that are text


def _text_id(column: ColumnSchema, cell: str, source: str, zone: str) -> Reading:
    nothing = ", ".join(f"'{word}'" for word in _NOTHING)
    # `!` is the first sign after the blank. The tests cost little each: tables have tens of millions of ids.
    ends = " or ".join(f"ends_with({CELL}, chr({sign}))" for sign in (32, 9, 10, 13))
    rules = (
        Rule(
            "padded",
            "ids begin or end with a blank",
            "Trim them in the export, so that they meet their like in other tables.",
            f"{CELL} < '!' or {ends} or contains({CELL}, chr(160)) and {CELL} <> trim({CELL}, chr(160))",
        ),
        Rule(
            "scientific_id",
            "ids were turned into scientific notation by a spreadsheet, and their last digits are lost",
            "Export them again as text, and do not open the file in a spreadsheet on the way.",
            f"contains({CELL}, '+') and regexp_full_match({CELL}, '[+-]?[0-9]([.,][0-9]+)?[eE][+][0-9]+')",
        ),
        Rule(
            "grouped_id",
            "ids were given thousands separators by a spreadsheet",
            "Export them again as text, and do not open the file in a spreadsheet on the way.",
            f"contains({CELL}, ',') and regexp_full_match({CELL}, '[0-9]{{1,3}}(,[0-9]{{3}})+')",
        ),
        Rule(
            "word_for_nothing",
            "ids are a word for nothing, such as `nan` or `null`",
            "Leave the cell empty, or declare the word in a source map.",
            f"lower({CELL}) in ({nothing})",
        ),
    )
    point_zero = Rule(
        "point_zero",
        "ids end in `.0`, as whole numbers do that went through a float; they are kept as they stand",
        "",
        f"ends_with({CELL}, '.0') and regexp_full_match({CELL}, '[0-9]+[.]0')",
    )
    return Reading(cell, CELL, rules, (point_zero,), as_it_lies=source)


def _text_text(column: ColumnSchema, cell: str, source: str, zone: str) -> Reading:
    rules: tuple[Rule, ...] = ()
    if column.format == "currency":
        remedy = "Write the three capital letters of ISO 4217, such as EUR."
        broken = f"not regexp_full_match({CELL}, '[A-Z]{{3}}')"
        rules = (Rule("not_a_currency", "cells are not a currency code", remedy, broken),)
    return Reading(cell, CELL, rules, as_it_lies=source)


def _text_enum(column: ColumnSchema, cell: str, source: str, zone: str) -> Reading:
    allowed = column.values or ()
    words = ", ".join(f"'{value}'" for value in allowed)
    shown = ", ".join(f"`{value}`" for value in allowed)
    unlisted = f"{CELL} not in ({words})"
    rules = (
        Rule(
            "wrong_case",
            "cells differ from a value of the contract in case or blanks",
            f"Write them exactly so: {shown}.",
            f"{unlisted} and lower(trim({CELL}, {_WHITE})) in ({words})",
        ),
        Rule(
            "unlisted_value",
            "cells hold a value the contract does not list",
            f"It lists {shown}. Translate yours in a source map.",
            unlisted,
        ),
    )
    return Reading(cell, CELL, rules, as_it_lies=source)


def _text_time(column: ColumnSchema, cell: str, source: str, zone: str) -> Reading:
    tail = f"substr({cell}, 12)"
    written_zone = (
        f"case when ends_with({cell}, 'Z') then 'Z' "
        f"when contains({tail}, '+') then substr({tail}, strpos({tail}, '+')) "
        f"when contains({tail}, '-') then substr({tail}, strpos({tail}, '-')) else '' end"
    )
    clock = f"rtrim(substr({cell}, 1, length({cell}) - length({written_zone})))"
    local = (
        f"case when regexp_full_match({cell}, '{_DAY}') then try_cast({cell} as timestamp) "
        f"when regexp_full_match({cell}, '{_DAY}[T ]{_CLOCK}{_ZONE}') then try_cast({clock} as timestamp) end"
    )
    minutes = f"case when length({written_zone}) > 3 then try_cast(right({written_zone}, 2) as bigint) else 0 end"
    seconds = (
        f"(try_cast(substr({written_zone}, 2, 2) as bigint) * 3600 + {minutes} * 60) "
        f"* case when left({written_zone}, 1) = '-' then -1 else 1 end"
    )
    offset = (
        f"case when not regexp_full_match({cell}, '{_DAY}[T ]{_CLOCK}{_ZONE}') then null "
        f"when {written_zone} = '' then null when {written_zone} = 'Z' then 0 else {seconds} end"
    )
    return _local_time(cell, local, offset, f"length({CELL}) = 10", zone)


def _local_time(cell: str, local: str, offset: str, day_only: str, zone: str) -> Reading:
    """A time from its local part, its offset where it says one, and whether it is a bare date."""
    out_of_range = _out_of_range(LOCAL, "timestamp")
    naive = f"{OFFSET} is null and not ({day_only})"
    at_utc, skips, repeats = _by_the_clock(zone)
    rules = (
        Rule(
            "not_a_time",
            "cells are not a time",
            "Write ISO 8601, such as 2026-03-01T09:30:00Z, or declare the format in a source map.",
            f"{LOCAL} is null",
        ),
        out_of_range,
        Rule(
            "skipped_time",
            f"times do not exist in {zone}: the clock skips them in spring",
            "Most likely the times are of another zone: declare it, or export them with their offset.",
            f"{naive} and {skips}",
        ),
    )
    twice = f"local times exist twice in {zone}, as the clock is set back; the first is taken"
    return Reading(
        cell=cell,
        value=(
            f"case when {out_of_range.broken} then null when {OFFSET} is not null then {LOCAL} - to_seconds({OFFSET}) "
            f"else {at_utc} end"
        ),
        rules=rules,
        notices=(Rule("repeated_time", twice, "", f"{naive} and {repeats}"),),
        local=local,
        offset=offset,
        day_only=day_only,
    )


def _out_of_range(expression: str, kind: str) -> Rule:
    low, high = f"{kind} '{FIRST_YEAR}-01-01'", f"{kind} '{LAST_YEAR + 1}-01-01'"
    return Rule(
        "out_of_range",
        f"years lie outside {FIRST_YEAR} to {LAST_YEAR}",
        "A date such as 1900-01-01 stands for nothing: leave the cell empty, or declare it in a source map.",
        f"{expression} < {low} or {expression} >= {high}",
    )


def _text_date(column: ColumnSchema, cell: str, source: str, zone: str) -> Reading:
    value = (
        f"case when regexp_full_match({CELL}, '{_DAY}([T ]00:00(:00([.]0+)?)?)?') "
        f"then try_cast(left({CELL}, 10) as date) end"
    )
    remedy = "Write the day alone, such as 2026-03-01."
    rules = (Rule("not_a_date", "cells are not a date", remedy, f"{value} is null"), _out_of_range(value, "date"))
    return Reading(cell, value, rules)


def _text_money(column: ColumnSchema, cell: str, source: str, zone: str) -> Reading:
    # DuckDB reads text into decimals of up to 18 digits fifty times faster than into longer ones.
    short = f"try_cast({CELL} as decimal(18, 6))"
    long = f"try_cast({CELL} as decimal(19, 6))"
    value = f"case when {short} is not null then cast({short} as decimal(19, 6)) else {long} end"
    not_plain = f"not regexp_full_match({CELL}, '{_PLAIN_NUMBER}')"
    remedy = (
        "Write plain decimals with a point, such as 1234.50: no thousands separator, no currency sign, no exponent, "
        "and an empty cell for nothing."
    )
    too_fine = f"regexp_matches({CELL}, '[.][0-9]{{6}}[0-9]*[1-9]')"
    rules = (
        Rule("not_a_number", "cells are not a plain number", remedy, not_plain),
        _too_large(f"{value} is null"),
    )
    return _with_six_places(column, Reading(cell, f"case when {not_plain} then null else {value} end", rules), too_fine)


def _too_large(broken: str) -> Rule:
    return Rule("number_too_large", "numbers have more than 13 digits before the point", "Check the unit.", broken)


def _with_six_places(column: ColumnSchema, found: Reading, too_fine: str) -> Reading:
    """Money with more than six places is refused; another number is rounded, and that is said."""
    if column.type == "money":
        remedy = "Round it where it is computed, by a rule you can name."
        rule = Rule("money_too_fine", "amounts have more than six decimal places", remedy, too_fine)
        return replace(found, rules=(*found.rules, rule))
    notice = Rule("rounded", "numbers have more than six decimal places and are rounded to six", "", too_fine)
    return replace(found, notices=(*found.notices, notice))


def _text_int(column: ColumnSchema, cell: str, source: str, zone: str) -> Reading:
    shape = f"regexp_full_match({CELL}, '[+-]?[0-9]{{1,18}}([.]0+)?')"
    remedy = "Write digits alone: no decimals, no thousands separator."
    rules = (Rule("not_whole", "cells are not a whole number", remedy, f"not {shape}"),)
    return Reading(cell, f"case when {shape} then try_cast(split_part({CELL}, '.', 1) as bigint) end", rules)


def _by_the_clock(zone: str) -> tuple[str, str, str]:
    """SQL for the instant of a local time, and for whether the clock skips it or shows it twice; UTC does neither."""
    if zone == "UTC":
        return LOCAL, "false", "false"
    return to_utc(LOCAL, zone), skipped(LOCAL, zone), repeated(LOCAL, zone)


def _text_flag(column: ColumnSchema, cell: str, source: str, zone: str) -> Reading:
    yes, no = (", ".join(f"'{word}'" for word in words) for words in (_TRUE, _FALSE))
    value = f"case when lower({CELL}) in ({yes}) then true when lower({CELL}) in ({no}) then false end"
    remedy = "Write true or false."
    return Reading(cell, value, (Rule("not_a_flag", "cells are neither true nor false", remedy, f"{value} is null"),))


# Cells that have a type of their own. None means: not one that fits, so it is judged as text.


def _no_native(column: ColumnSchema, native: str, source: str, zone: str) -> Reading | None:
    return None


def _native_id(column: ColumnSchema, native: str, source: str, zone: str) -> Reading | None:
    if native in ("VARCHAR", "UUID") or native.startswith("ENUM"):
        return None
    if native in _WHOLE_TYPES or _scale(native) == 0:
        return Reading(source, f"cast({CELL} as varchar)")
    what = f"ids are stored as {native.lower()}, which does not keep them exactly"
    remedy = "Export them as text; a float loses the last digits of long ids and leading zeros."
    return Reading(source, "cast(null as varchar)", (Rule("id_not_text", what, remedy, "true"),))


def _native_time(column: ColumnSchema, native: str, source: str, zone: str) -> Reading | None:
    local = f"try_cast({source} as timestamp)"
    if native == "TIMESTAMP WITH TIME ZONE":
        # A cast would ask for the session's zone, at fifteen times the cost.
        instant = f"make_timestamp(epoch_us({source}))"
        found = _local_time(source, instant, "0", "false", "UTC")
        return replace(found, value=LOCAL, day_only=None, as_it_lies=instant)
    if native.startswith("TIMESTAMP"):
        found = _local_time(source, local, "cast(null as bigint)", "false", zone)
        as_it_lies = source if native == "TIMESTAMP" else local
        return replace(found, day_only=None, as_it_lies=as_it_lies if _by_the_clock(zone)[0] == LOCAL else None)
    if native == "DATE":
        return _local_time(source, local, "cast(null as bigint)", "true", zone)
    return None


def _native_date(column: ColumnSchema, native: str, source: str, zone: str) -> Reading | None:
    if native == "DATE":
        return Reading(source, CELL, (_out_of_range(CELL, "date"),), as_it_lies=source)
    if native.startswith("TIMESTAMP") and native != "TIMESTAMP WITH TIME ZONE":
        value = f"try_cast({CELL} as date)"
        remedy = "Write the day alone."
        with_clock = Rule("not_a_date", "cells hold a time of day", remedy, f"{CELL} <> try_cast({value} as timestamp)")
        return Reading(f"try_cast({source} as timestamp)", value, (_out_of_range(value, "date"), with_clock))
    return None


def _native_money(column: ColumnSchema, native: str, source: str, zone: str) -> Reading | None:
    value = f"try_cast({CELL} as decimal(19, 6))"
    if native in _FLOAT_TYPES:
        remedy = "Leave the cell empty for nothing."
        finite = Rule("not_finite", "cells are NaN or infinite", remedy, f"isnan({CELL}) or isinf({CELL})")
        return Reading(source, value, (finite, _too_large(f"{value} is null")))
    scale = _scale(native)
    if native in _WHOLE_TYPES or scale is not None:
        exact = source if native == "DECIMAL(19,6)" else f"cast({source} as decimal(19, 6))"
        found = Reading(
            source, value, (_too_large(f"{CELL} >= {_LARGEST} or {CELL} <= -{_LARGEST}"),), as_it_lies=exact
        )
        if scale is None or scale <= 6:
            return found
        return _with_six_places(column, replace(found, as_it_lies=None), f"{CELL} <> round({CELL}, 6)")
    return None


def _native_int(column: ColumnSchema, native: str, source: str, zone: str) -> Reading | None:
    if native in _SMALL_WHOLE_TYPES:
        whole = source if native == "BIGINT" else f"cast({source} as bigint)"
        return Reading(whole, CELL, as_it_lies=whole)
    value = f"try_cast({CELL} as bigint)"
    if native in _FLOAT_TYPES or native in _WHOLE_TYPES or _scale(native) is not None:
        broken = f"{value} is null or {value} <> {CELL}"
        if native in _FLOAT_TYPES:
            broken += f" or {CELL} > {2**53} or {CELL} < -{2**53}"
        remedy = "Write whole numbers; a fraction here is another quantity."
        return Reading(source, value, (Rule("not_whole", "cells are not a whole number", remedy, broken),))
    return None


def _native_flag(column: ColumnSchema, native: str, source: str, zone: str) -> Reading | None:
    return Reading(source, CELL, as_it_lies=source) if native == "BOOLEAN" else None


def _scale(native: str) -> int | None:
    """Decimal places of a DECIMAL type; None for any other."""
    found = re.fullmatch(r"DECIMAL\(\d+,\s*(\d+)\)", native)
    return int(found[1]) if found else None


_TEXT = {
    "id": _text_id,
    "text": _text_text,
    "enum": _text_enum,
    "time": _text_time,
    "date": _text_date,
    "money": _text_money,
    "int": _text_int,
    "flag": _text_flag,
}
_NATIVE = {
    "id": _native_id,
    "time": _native_time,
    "date": _native_date,
    "money": _native_money,
    "int": _native_int,
    "flag": _native_flag,
}
