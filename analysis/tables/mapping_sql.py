"""What do the expressions and conditions of a source map mean? The SQL each one becomes.

Compiled against a map's own columns, without any rows, they are also how a map is checked on load: a name that does
not exist, a sum of times, a pattern the engine cannot read are found there. The pieces they are put together from
are in `mapping_terms`; the queries they end up in, in `mapping_tables`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import assert_never

from analysis.tables import mapping_grammar as grammar
from analysis.tables.engine import identifier
from analysis.tables.local_time import to_utc
from analysis.tables.mapping_terms import (
    Chain,
    Finding,
    MapMeaning,
    Scope,
    Typed,
    alike,
    apportioned,
    as_number,
    as_text,
    as_time,
    groups_in,
    level_of,
    needs_moment,
    needs_text,
    stripped,
    whole_number,
)

NO_EXPORT_DATE = "Read it with `touchstone intake --as-of DATE`, or say `as_of` in the parameters."


def compile_expression(expression: grammar.Expression, scope: Scope, column: str) -> Typed:
    """The SQL of an expression.

    Parameters
    ----------
    expression : Expression
        A name, or a part of the grammar.
    scope : Scope
        What it sees. Findings, joins and walks are left there.
    column : str
        What findings name where the expression does not stand on a column of the file.

    Raises
    ------
    MapMeaning
        A name that does not exist, a kind that does not fit, a group's word outside a group.

    Examples
    --------
    >>> from analysis.tables.mapping_terms import Parameters
    >>> scope = Scope({"Invoice": Typed("")}, Parameters(), "UTC")
    >>> compile_expression(grammar.Lower(lower="Invoice"), scope, "order_id").sql
    'lower(r."Invoice")'
    >>> scope.parameters.of(compile_expression(grammar.Constant(constant="'; drop table"), scope, "order_id").sql)
    ('cast(? as varchar)', ["'; drop table"])
    """

    def name_of(part: grammar.Expression) -> str:
        return part if isinstance(part, str) else column

    def inner(part: grammar.Expression) -> Typed:
        return compile_expression(part, scope, name_of(part))

    def number(part: grammar.Expression) -> Typed:
        return as_number(inner(part), scope, name_of(part))

    match expression:
        case str():
            return scope.column(expression)
        case grammar.Constant():
            return Typed(f"cast({scope.parameters.bind(expression.constant)} as varchar)", level="any")
        case grammar.RowNumber():
            return Typed(f"cast({scope.alias}.__row as varchar)")
        case grammar.WholeNumber(whole_number=part):
            return whole_number(inner(part), scope, name_of(part))
        case grammar.Extract(extract=part, pattern=pattern):
            text, group = needs_text(inner(part), "extract"), min(groups_in(pattern), 1)
            found = f"regexp_extract({text.sql}, {scope.parameters.bind(pattern)}, {group})"
            return replace(text, sql=f"nullif({found}, '')")
        case grammar.Lower(lower=part):
            text = needs_text(inner(part), "lower")
            return replace(text, sql=f"lower({text.sql})")
        case grammar.Strip(strip=part):
            return stripped(inner(part), scope)
        case grammar.Values(of=part):
            return _values(expression, needs_text(inner(part), "values"), scope, name_of(part))
        case grammar.FirstOf(first_of=parts):
            return _first_of([inner(part) for part in parts], scope)
        case grammar.Case(case=branches):
            return _case(branches, inner, scope)
        case grammar.Join(join=parts, between=between):
            texts = [replace(as_text(inner(part)), personal=None) for part in parts]
            sql = f" || {scope.parameters.bind(between)} || ".join(text.sql for text in texts)
            return Typed(f"({sql})", level=level_of(texts), empty=any(text.empty for text in texts))
        case grammar.Time(time=part, formats=formats):
            return as_time(inner(part), formats or scope.formats, scope, name_of(part))
        case grammar.After(after=start, by=by, unit=unit):
            return _after(needs_moment(inner(start)), number(by), grammar.SECONDS[unit], scope)
        case grammar.ExportDate():
            return _export_date(scope)
        case grammar.Number(number=part, thousands=thousands):
            return as_number(inner(part), scope, name_of(part), thousands)
        case grammar.Product(product=parts):
            return _arithmetic([number(part) for part in parts], " * ")
        case grammar.Add(add=parts):
            return _arithmetic([number(part) for part in parts], " + ")
        case grammar.Subtract(subtract=parts):
            return _arithmetic([number(part) for part in parts], " - ")
        case grammar.Apportion(apportion=amount, part=part, whole=whole):
            return apportioned(number(amount), number(part), number(whole), scope, column)
        case grammar.Take():
            return _take(expression, scope)
        case grammar.TopOfChain():
            return _top_of_chain(expression, scope)
        case grammar.Sum(sum=part):
            return _of_group("sum", number(part), scope)
        case grammar.Earliest(earliest=part):
            return _of_group("min", needs_moment(inner(part)), scope)
        case grammar.Latest(latest=part):
            return _of_group("max", needs_moment(inner(part)), scope)
        case grammar.Same(same=part):
            return _same(inner(part), scope, name_of(part))
        case grammar.Sole(sole=part):
            return _sole(inner(part), scope)
        case grammar.Count():
            return _of_group("count", Typed("*", "number"), scope)
        case _:
            assert_never(expression)


def compile_condition(condition: grammar.Condition, scope: Scope) -> str:
    """The SQL of a condition: true or false, never null.

    Examples
    --------
    >>> from analysis.tables.mapping_terms import Parameters
    >>> scope = Scope({"Invoice": Typed("")}, Parameters(), "UTC")
    >>> compile_condition(grammar.Cell.model_validate({"of": "Invoice", "starts_with": "C"}), scope)
    'coalesce(starts_with(r."Invoice", $value_0), false)'
    """
    match condition:
        case grammar.Cell():
            return _cell(condition, scope)
        case grammar.AllOf(all=parts):
            return "(" + " and ".join(compile_condition(part, scope) for part in parts) + ")"
        case grammar.AnyOf(any=parts):
            return "(" + " or ".join(compile_condition(part, scope) for part in parts) + ")"
        case grammar.Not(never=part):
            return f"(not {compile_condition(part, scope)})"
        case _:
            assert_never(condition)


def carried(sql: str, key: Sequence[str], columns: Sequence[str], file: str) -> str:
    """The rows of a statement, where an empty cell takes the first one of its key in its file.

    Examples
    --------
    >>> import duckdb
    >>> lines = "select * from (values (1, 'A', 'paid'), (2, 'A', null), (3, 'B', null)) as t(__place, no, status)"
    >>> duckdb.sql(carried(lines, ["no"], ["status"], "__place // 100")).order("__place").fetchall()
    [(1, 'A', 'paid'), (2, 'A', 'paid'), (3, 'B', None)]
    """
    whole = " and ".join(f"r.{identifier(name)} is not null" for name in key)
    by = ", ".join([file, *(f"r.{identifier(name)}" for name in key)])
    first = f"partition by {by} order by r.__place rows between unbounded preceding and unbounded following"
    cells = ", ".join(
        f"coalesce({cell}, case when {whole} then first_value({cell} ignore nulls) over ({first}) end) as {ours}"
        for ours, cell in ((identifier(name), f"r.{identifier(name)}") for name in columns)
    )
    return f"select r.* replace ({cells}) from ({sql}) as r"


def _cell(test: grammar.Cell, scope: Scope) -> str:
    value, bind = scope.column(test.of), scope.parameters.bind
    if test.empty is not None:
        return f"({value.sql} is null)" if test.empty else f"({value.sql} is not null)"
    if test.above is not None:
        return f"coalesce({as_number(value, scope, test.of).sql} > {bind(test.above)}, false)"
    if test.below is not None:
        return f"coalesce({as_number(value, scope, test.of).sql} < {bind(test.below)}, false)"
    text = needs_text(value, "a test of words").sql
    if test.starts_with is not None:
        return f"coalesce(starts_with({text}, {bind(test.starts_with)}), false)"
    if test.matches is not None:
        groups_in(test.matches)
        return f"coalesce(regexp_matches({text}, {bind(test.matches)}), false)"
    wanted = (test.equals,) if isinstance(test.equals, str) else test.equals or ()
    return f"coalesce({text} in ({', '.join(bind(one) for one in wanted)}), false)"


def _values(given: grammar.Values, text: Typed, scope: Scope, column: str) -> Typed:
    """A value map. Unlisted values are refused, or counted in a notice where `otherwise` speaks for them."""
    bind = scope.parameters.bind
    known = {bind(value): bind(becomes) for value, becomes in given.values.items()}
    arms = " ".join(f"when {text.sql} = {value} then {becomes}" for value, becomes in known.items())
    others = f" when {text.sql} is not null then {bind(given.otherwise)}" if given.otherwise is not None else ""
    refused = given.refuses_others
    if refused or given.count_others:
        reads_as = "empty" if given.otherwise is None else f"`{given.otherwise}`"
        scope.find(
            column,
            f"{text.sql} not in ({', '.join(known)})",
            "holds a value this map does not list",
            "Add it to `values`, or say with `otherwise` what it is." if refused else f"It reads as {reads_as}.",
            "unlisted_value",
            refused=refused,
        )
    return replace(text, sql=f"(case {arms}{others} end)")


def _first_of(values: Sequence[Typed], scope: Scope) -> Typed:
    live = alike([value for value in values if not value.empty], scope) or list(values[:1])
    return replace(
        live[0],
        sql=f"coalesce({', '.join(value.sql for value in live)})",
        level=level_of(live),
        scale=max(value.scale for value in live),
        personal=_one_kind(values),
    )


def _case(branches: grammar.Branches, inner: Callable[[grammar.Expression], Typed], scope: Scope) -> Typed:
    """One of two values, which have to be alike. It is judged by the cells it looks at, whichever way it goes."""
    if scope.keys is not None:
        raise MapMeaning("chooses for one row in a table of groups", "Make it a field of the file, and group that.")
    when = compile_condition(branches.when, scope)
    values = [inner(branches.then)] + ([inner(branches.or_else)] if branches.or_else is not None else [])
    both = alike(values, scope)
    other = f" else {both[1].sql}" if len(both) > 1 else ""
    return replace(
        both[0],
        sql=f"(case when {when} then {both[0].sql}{other} end)",
        level="row",
        scale=max(value.scale for value in both),
        empty=all(value.empty for value in both),
        personal=_one_kind(values),
    )


def _one_kind(values: Sequence[Typed]) -> str | None:
    """The kind of pseudonym that several values all hold; `mixed` where they hold several."""
    kinds = {value.personal for value in values}
    return kinds.pop() if len(kinds) == 1 else "mixed"


def _export_date(scope: Scope) -> Typed:
    if scope.export_date is None:
        raise MapMeaning("needs the date of the export", NO_EXPORT_DATE)
    instant = scope.parameters.bind(scope.export_date.isoformat(sep=" "))
    return Typed(f"cast({instant} as timestamp)", "instant", "any")


def _after(start: Typed, by: Typed, seconds: int, scope: Scope) -> Typed:
    """An elapsed time is added to an instant, so that a clock change on the way does not bend it."""
    level, empty = level_of([start, by]), start.empty or by.empty
    moved = f"to_microseconds(cast({by.sql} * {seconds * 1_000_000} as bigint))"
    if start.kind == "local" and scope.zone != "UTC":
        return Typed(f"({to_utc(start.sql, scope.zone)} + {moved})", "instant", level, empty=empty)
    return Typed(f"({start.sql} + {moved})", start.kind, level, empty=empty)


def _arithmetic(numbers: Sequence[Typed], sign: str) -> Typed:
    scale = sum(number.scale for number in numbers) if sign == " * " else max(number.scale for number in numbers)
    if scale > 12:
        raise MapMeaning("multiplies a product", "Exact decimals of six places allow one multiplication.")
    sql = sign.join(number.sql for number in numbers)
    return Typed(f"({sql})", "number", level_of(numbers), scale, any(number.empty for number in numbers))


def _take(take: grammar.Take, scope: Scope) -> Typed:
    """A cell of the first of the rows that name this one. Ties in `first_by` go to the earlier line."""
    other = scope.relation(take.source)
    seen = Scope(other.columns, scope.parameters, scope.zone, alias="s", source=take.source)
    wanted = seen.column(take.take)
    first_by = seen.column(take.first_by)
    if first_by.kind == "text":
        remedy = "Declare it as a `time` or a `number` field."
        raise MapMeaning(f"takes the first by `{take.first_by}`, which is text", remedy)
    theirs = [seen.column(name).sql for name in take.match]
    ours = [scope.column(name).sql for name in take.match.values()]
    named = " and ".join(f"{column} is not null" for column in theirs)
    when = f" and {compile_condition(take.when, seen)}" if take.when is not None else ""
    if seen.findings:
        raise MapMeaning("compares a text with a number in `when`", "Declare the column as a `number` field first.")
    order = f"partition by {', '.join(theirs)} order by {first_by.sql} nulls last, s.__place"
    ranked = f"select s.*, row_number() over ({order}) as __nth from {identifier(other.name)} as s where {named}{when}"
    key = repr((take.source, tuple(take.match.items()), take.when, take.first_by))
    pairs = list(zip(take.match, ours, strict=True))
    alias = scope.join(
        key,
        f"(select * from ({ranked}) where __nth = 1)",
        lambda name: " and ".join(f"{name}.{identifier(their)} = {our}" for their, our in pairs),
    )
    if take.source == scope.source:
        scope.read |= seen.read
    return replace(wanted, sql=f"{alias}.{identifier(take.take)}", level="row")


def _top_of_chain(walk: grammar.TopOfChain, scope: Scope) -> Typed:
    own = needs_text(scope.column(walk.top_of_chain), "top_of_chain")
    needs_text(scope.column(walk.parent), "top_of_chain")
    chain = Chain(scope.source, walk.top_of_chain, walk.parent)
    if chain not in scope.chains:
        scope.chains.append(chain)
    alias = scope.join(chain.relation, identifier(chain.relation), lambda name: f"{name}.id = {own.sql}")
    return replace(own, sql=f"{alias}.top")


def _of_group(function: str, value: Typed, scope: Scope) -> Typed:
    if scope.keys is None:
        raise MapMeaning("speaks of a group, and its table declares none", "Declare `group` with its `by`.")
    if value.level == "group":
        raise MapMeaning("is a figure of a group inside another", "One is enough.")
    return replace(value, sql=f"{function}({value.sql})", level="group")


def _sole(value: Typed, scope: Scope) -> Typed:
    """The one value that the rows of a group share; empty where they hold several."""
    least = _of_group("min", value, scope)
    return replace(least, sql=f"(case when {least.sql} = max({value.sql}) then {least.sql} end)")


def _same(value: Typed, scope: Scope, column: str) -> Typed:
    """The one value that the rows of a group share; empty cells are passed over."""
    same = _of_group("min", value, scope)
    scope.findings.append(
        Finding(
            column,
            f"min({value.sql}) <> max({value.sql})",
            "differs between rows that make one",
            "Group by it as well, or choose `earliest`, `latest` or `sum`.",
            "differs_in_group",
            of_groups=True,
        )
    )
    return same
