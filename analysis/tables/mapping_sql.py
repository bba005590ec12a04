"""What do the expressions and conditions of a source map mean? The SQL each one becomes.

Compiled against a map's own columns, without any rows, they are also how a map is checked on load: a name that does
not exist, a sum of times, a pattern the engine cannot read are found there. The pieces they are put together from
are in `mapping_terms`; the queries they end up in, in `mapping_tables`.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    as_number,
    as_text,
    as_time,
    groups_in,
    level_of,
    needs_moment,
    needs_text,
    whole_number,
)


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
        case grammar.Values(of=part):
            return _values(expression, needs_text(inner(part), "values"), scope, name_of(part))
        case grammar.FirstOf(first_of=parts):
            return _first_of([inner(part) for part in parts], scope)
        case grammar.Join(join=parts, between=between):
            texts = [as_text(inner(part)) for part in parts]
            sql = f" || {scope.parameters.bind(between)} || ".join(text.sql for text in texts)
            return Typed(f"({sql})", level=level_of(texts), empty=any(text.empty for text in texts))
        case grammar.Time(time=part, formats=formats):
            return as_time(inner(part), formats or scope.formats, scope, name_of(part))
        case grammar.After(after=start, by=by, unit=unit):
            return _after(needs_moment(inner(start)), number(by), grammar.SECONDS[unit], scope)
        case grammar.Number(number=part, thousands=thousands):
            return as_number(inner(part), scope, name_of(part), thousands)
        case grammar.Product(product=parts):
            return _arithmetic([number(part) for part in parts], " * ")
        case grammar.Add(add=parts):
            return _arithmetic([number(part) for part in parts], " + ")
        case grammar.Subtract(subtract=parts):
            return _arithmetic([number(part) for part in parts], " - ")
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
    return replace(live[0], sql=f"coalesce({', '.join(value.sql for value in live)})", level=level_of(live))


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
    return Typed(f"{alias}.{identifier(take.take)}", wanted.kind, scale=wanted.scale, empty=wanted.empty)


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
