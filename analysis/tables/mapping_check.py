"""Does what a source map says make sense, and does the contract know it?

Every expression and condition is compiled once against the map's own columns, without rows, so that a misspelt column,
a sum of times or a pattern the engine cannot read is found before any file is opened. Then tables, columns and the
words of value maps are held against the contract. Reading the YAML, and giving what is found its line, is left to
`mapping_yaml`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from analysis.foundation.errors import did_you_mean
from analysis.tables import mapping_grammar as grammar
from analysis.tables import mapping_model as model
from analysis.tables.contract import SCHEMAS
from analysis.tables.mapping_basis import basis_of, without_basis
from analysis.tables.mapping_sql import compile_condition, compile_expression
from analysis.tables.mapping_terms import MapMeaning, Parameters, Relation, Scope, Typed, needs_text

Place = tuple[str | int, ...]
OURS = "__"
ADDRESSES = ("email", "phone")
# The columns of which a figure is only right if it is known on which basis they count.
COUNTS = {"post_actions": {"quantity"}, "post_counters": {"value"}}
SOME_DAY = datetime(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something a map says that cannot be meant: where in the map, what, the remedy, the rule it breaks."""

    at: Place
    what: str
    remedy: str
    rule: str


def misfits(given: model.SourceMap) -> list[Misfit]:
    """Everything in a map that makes no sense, or that the contract does not know.

    Examples
    --------
    >>> files = {"sales": {"headers": ({"about": "all", "has": ("No", "Paid")},)}}
    >>> columns = {"order_id": "Payd", "revenues": "Paid"}
    >>> given = {"map": "shop", "about": "", "zone": "UTC", "files": files}
    >>> given |= {"tables": ({"table": "orders", "from": "sales", "columns": columns},)}
    >>> for misfit in misfits(model.SourceMap.model_validate(given)):
    ...     print(misfit.what, misfit.remedy, sep=". ")
    there is no column or field `Payd`. Did you mean `Paid`?
    `orders` has no column `revenues` in the contract. Did you mean `revenue`? A column of your own goes
    under `further`.
    `orders` lacks `ordered_at`, `revenue`, `currency`, which the contract asks for. Map a column to each,
    or a `constant`.
    """
    checking = _Checking(given)
    checking.meaning()
    checking.contract()
    return checking.found


class _Checking:
    """One check of one map."""

    def __init__(self, given: model.SourceMap) -> None:
        self.given = given
        self.found: list[Misfit] = []

    def misfit(self, at: Place, what: str, remedy: str, rule: str) -> None:
        self.found.append(Misfit(at, what, remedy, rule))

    @contextmanager
    def at(self, *place: str | int) -> Iterator[None]:
        """What makes no sense inside is a misfit at this place."""
        try:
            yield
        except MapMeaning as meaning:
            self.misfit(place, meaning.what, meaning.remedy, "map_meaning")

    def meaning(self) -> None:
        """Names, kinds, formats and patterns."""
        try:
            ZoneInfo(self.given.zone)
        except (ValueError, OSError, LookupError):
            remedy = "Name one as the time-zone database does: `Europe/London`, `UTC`."
            self.misfit(("zone",), "is no time zone", remedy, "unknown_zone")
            return
        relations = {name: Relation(name, self.columns_of(name, file)) for name, file in self.given.files.items()}
        for number, table in enumerate(self.given.tables):
            if table.source in relations:
                self.table(number, table, relations)
            else:
                what = f"there is no file `{table.source}` in this map"
                self.misfit(("tables", number, "from"), what, did_you_mean(table.source, relations), "unknown_name")

    def columns_of(self, name: str, file: model.FileMap) -> dict[str, Typed]:
        """The columns of a file and its fields, after its rules have been checked."""
        columns = {column: Typed("", personal=file.personal.get(column)) for column in file.headers[0].columns}
        for column in file.personal:
            if column not in columns:
                what = f"there is no column `{column}` in the header"
                self.misfit(("files", name, "personal", column), what, did_you_mean(column, columns), "unknown_name")
        self.names_of(("files", name), [*columns, *file.fields])
        for column, expression in file.fields.items():
            place = ("files", name, "fields", column)
            scope = self.scope(dict(columns), file, name)
            columns[column] = Typed("")
            with self.at(*place):
                columns[column] = compile_expression(expression, scope, column)
            if scope.joins:
                self.misfit(place, "looks at other rows", "Only the columns of a table may.", "map_rule")
        scope = self.scope(columns, file, name)
        for rule, column in _names_in(file):
            with self.at("files", name, *rule):
                scope.column(column)
        for number, damage in enumerate(file.damage):
            with self.at("files", name, "damage", number):
                if damage.rows is not None:
                    compile_condition(damage.rows, scope)
        return columns

    def scope(
        self,
        columns: Mapping[str, Typed],
        file: model.FileMap,
        source: str,
        keys: frozenset[str] | None = None,
        relations: Mapping[str, Relation] | None = None,
    ) -> Scope:
        """What an expression sees, as it would on a day of export."""
        zone, formats, known = self.given.zone, file.time_formats, relations or {}
        return Scope(columns, Parameters(), zone, formats, keys, known, source, export_date=SOME_DAY)

    def names_of(self, place: Place, names: Sequence[str]) -> None:
        """Names have to be told apart by an engine, and by their first letters from ours."""
        folded = [name.casefold() for name in names]
        if twice := sorted({name for name in names if folded.count(name.casefold()) > 1}):
            what = f"`{'`, `'.join(twice)}` cannot be told apart from another name"
            self.misfit(place, what, "Rename it; upper and lower case do not count.", "repeated_name")
        if ours := [name for name in names if name.startswith(OURS)]:
            what = f"`{'`, `'.join(ours)}` begins with two underscores, as our own names do"
            self.misfit(place, what, "Rename it.", "reserved_name")

    def table(self, number: int, table: model.TableMap, relations: Mapping[str, Relation]) -> None:
        """The rules and columns of a table."""
        columns = dict(relations[table.source].columns)
        keys = frozenset(table.group.by) if table.group else None
        place = ("tables", number)
        scope = self.scope(columns, self.given.files[table.source], table.source, keys, relations)
        if table.keep is not None:
            with self.at(*place, "keep"):
                compile_condition(table.keep.when, scope)
        for rule, set_aside in enumerate(table.set_aside):
            with self.at(*place, "set_aside", rule):
                compile_condition(set_aside.when, scope)
        if table.unpivot is not None:
            for name in table.unpivot.columns:
                with self.at(*place, "unpivot", "columns", name):
                    needs_text(scope.column(name), "unpivot")
            turned = [table.unpivot.name, table.unpivot.value]
            self.names_of((*place, "unpivot"), [*columns, *turned])
            columns |= {name: Typed("") for name in turned}
        for name in keys or ():
            with self.at(*place, "group"):
                scope.column(name)
        names = table.customer.names if table.customer else {}
        for part, expressions in (("columns", table.columns), ("further", table.further), ("customer", names)):
            for name, expression in expressions.items():
                with self.at(*place, part, name):
                    made = compile_expression(expression, scope, name)
                    if part == "customer" and name in ADDRESSES and made.personal != name:
                        remedy = f"Say under `personal` of the file that it is one: `{{COLUMN: {name}}}`."
                        raise MapMeaning(f"is no column of the file that is `personal` as `{name}`", remedy)
                    if keys is not None and made.level == "row":
                        raise MapMeaning(
                            "is a cell of one row in a table of groups",
                            "Say which: `same`, `earliest`, `latest`, `sum`; or name it under `group: by`.",
                        )

    def contract(self) -> None:
        """Tables, columns and the words of value maps."""
        for number, table in enumerate(self.given.tables):
            place = ("tables", number)
            if table.table not in SCHEMAS:
                remedy = did_you_mean(table.table, SCHEMAS)
                self.misfit((*place, "table"), f"the contract has no table `{table.table}`", remedy, "unknown_table")
                continue
            schema = SCHEMAS[table.table]
            for name, expression in table.columns.items():
                if name not in schema.by_name:
                    what = f"`{table.table}` has no column `{name}` in the contract"
                    remedy = did_you_mean(name, schema.by_name) + " A column of your own goes under `further`."
                    self.misfit((*place, "columns", name), what, remedy, "unknown_column")
                    continue
                values = schema.column(name).values
                for word in sorted(set(_words_of(expression)) - set(values or ())) if values else ():
                    what = f"`{word}` is no value of `{name}`"
                    self.misfit((*place, "columns", name), what, did_you_mean(word, values or ()), "unknown_value")
            for name in table.further:
                if name in schema.by_name:
                    what = f"`{name}` is a column of the contract"
                    self.misfit((*place, "further", name), what, "Move it to `columns`.", "misplaced_column")
            for name in sorted(COUNTS.get(table.table, set()) & set(table.columns)):
                self.basis((*place, "columns", name), table, name)
            self.customer(place, table)
            found_later = {"customer_id", "method"} if table.table == "identities" and table.customer else set()
            if missing := [name for name in schema.required if name not in {*table.made, *found_later}]:
                what = f"`{table.table}` lacks `{'`, `'.join(missing)}`, which the contract asks for"
                self.misfit(place, what, "Map a column to each, or a `constant`.", "missing_column")

    def basis(self, place: Place, table: model.TableMap, name: str) -> None:
        """What a column counts has a basis, declared of each column of the files that it is made of."""
        if table.source not in self.given.files:
            return
        lacking = without_basis(self.given, table, name)
        if lacking or name not in basis_of(self.given, table):
            of = f"`{'`, `'.join(lacking)}`" if lacking else "them"
            what = f"`{name}` counts, and the map does not say on which basis"
            remedy = f"Say of {of} under `basis` of the file: `action`, `post` or `unknown`."
            self.misfit(place, what, remedy, "no_basis")

    def customer(self, place: Place, table: model.TableMap) -> None:
        """Who a row is of: said with a source, or without one where the table itself says who is who."""
        if reserved := sorted(set(model.IDENTITY) & set(table.further)):
            what = f"`{'`, `'.join(reserved)}` are made by `customer`"
            self.misfit((*place, "further"), what, "Rename it, or say `customer`.", "reserved_name")
        if table.customer is None:
            return
        place = (*place, "customer")
        if table.table not in model.NAMING:
            if "customer_id" not in SCHEMAS[table.table].by_name:
                what, remedy = f"`{table.table}` is not of customers", "Leave `customer` out."
                self.misfit(place, what, remedy, "map_rule")
            elif table.customer.source is None:
                remedy = "Give `source`: the name that `identities` knows the system by."
                self.misfit(place, "lacks the key `source`", remedy, "missing_key")
        elif table.customer.source is not None or table.customer.id is not None:
            what = f"gives `source` or `id`, which `{table.table}` says in columns of its own"
            self.misfit(place, what, "Leave `email` and `phone` here.", "map_rule")


def _names_in(file: model.FileMap) -> Iterator[tuple[Place, str]]:
    """The columns that a file's rules speak of, and where they do."""
    for number, nulls in enumerate(file.nulls):
        for name in nulls.columns or ():
            yield ("nulls", number), name
    for number, repeats in enumerate(file.repeats):
        for name in (*repeats.key, *filter(None, (repeats.by,))):
            yield ("repeats", number), name
    for number, damage in enumerate(file.damage):
        if damage.links is not None:
            for name in (damage.links.listed, damage.links.id, damage.links.back):
                yield ("damage", number, "links"), name
    for name in (*file.carry.key, *file.carry.columns) if file.carry else ():
        yield ("carry",), name
    for name in file.basis:
        yield ("basis", name), name


def _words_of(expression: grammar.Expression) -> Iterator[str]:
    """The texts an expression can become that stand in the map itself."""
    match expression:
        case grammar.Constant():
            yield expression.constant
        case grammar.Values():
            yield from expression.values.values()
            if expression.otherwise is not None:
                yield expression.otherwise
        case grammar.FirstOf():
            for part in expression.first_of:
                yield from _words_of(part)
        case grammar.Case():
            yield from _words_of(expression.case.then)
            if expression.case.or_else is not None:
                yield from _words_of(expression.case.or_else)
        case grammar.Same():
            yield from _words_of(expression.same)
        case grammar.Sole():
            yield from _words_of(expression.sole)
