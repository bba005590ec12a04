"""What stands in the files of one kind? Their rows one below the other, cleaned, each once, and nothing damaged.

The steps: the files' columns under our names, nulls in disguise emptied; the map's fields; rows that stand in the
files more than once dropped but once, and counted; tests of the whole for damage. Rows that need none of the last two,
and that no table looks up, are not kept: they are read from the files again for each table. Which files these are is
settled in `mapping_files`; what the contract's tables make of the rows, in `mapping_tables`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from analysis.foundation.errors import Fault, MapError
from analysis.tables import mapping_grammar as grammar
from analysis.tables import mapping_model as model
from analysis.tables.delimited import BLANK_LINE
from analysis.tables.engine import identifier
from analysis.tables.mapping_engine import MapEngine
from analysis.tables.mapping_files import Chosen
from analysis.tables.mapping_sql import carried, compile_condition, compile_expression
from analysis.tables.mapping_terms import Finding, Parameters, Relation, Scope, Typed
from analysis.tables.plain_text import PlainText

LINES_A_FILE = 1 << 40


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A chosen file as the engine has it: the view of its text, its columns, and the account of its records.

    `rows` and `aside` (the records set aside, by reason) are given for a text that was written down; those of a `plain`
    text are known once it was read.
    """

    chosen: Chosen
    view: str
    columns: tuple[str, ...]
    plain: PlainText | None = None
    rows_written: int = 0
    aside: Mapping[str, int] | None = None

    @property
    def rows(self) -> int:
        """Records that were handed on."""
        return self.rows_written if self.plain is None else self.plain.rows

    @property
    def _all_aside(self) -> Mapping[str, int]:
        return (self.aside or {}) if self.plain is None else self.plain.set_aside

    @property
    def set_aside(self) -> dict[str, int]:
        """Records that were not. Blank lines are no records."""
        return {reason: count for reason, count in self._all_aside.items() if reason != BLANK_LINE}

    @property
    def read(self) -> int:
        """Records in the file."""
        return self.rows + sum(self.set_aside.values())

    @property
    def notices(self) -> list[str]:
        """What a reader should know about its records, if there is anything to know."""
        name, told = self.chosen.path.name, []
        if self.set_aside:
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(self.set_aside.items()))
            counts = f"{self.read:,} records read, {self.rows:,} kept, {self.read - self.rows:,} set aside"
            told.append(f"{name}: {counts} ({reasons}).")
        if blank := self._all_aside.get(BLANK_LINE, 0):
            told.append(f"{name}: blank lines between records passed over: {blank:,}.")
        return told


def kinds_to_keep(given: model.SourceMap, files: Mapping[str, int]) -> frozenset[str]:
    """The kinds of file whose rows are kept in the engine: those that are looked up, numbered, or judged as a whole.

    Parameters
    ----------
    given : SourceMap
        The map.
    files : mapping of str to int
        How many files there are of each kind. What may stand in several files cannot stand twice in one.

    Examples
    --------
    >>> files = {"sales": {"headers": ({"about": "all", "has": ("No", "Paid")},)}}
    >>> tables = ({"table": "orders", "from": "sales", "columns": {"order_id": "No", "revenue": "Paid"}},)
    >>> shop = {"map": "shop", "about": "", "zone": "UTC", "files": files, "tables": tables}
    >>> kinds_to_keep(model.SourceMap.model_validate(shop), {"sales": 2})
    frozenset()
    """
    kept = set()
    for kind, file in given.files.items():
        repeats = any(one.by is not None or files.get(kind, 0) > 1 for one in file.repeats)
        if repeats or file.damage or file.carry or any(_looks_further(file.fields.values())):
            kept.add(kind)
    for table in given.tables:
        if further := list(_looks_further(table.made.values())):
            kept |= {table.source, *(part.source for part in further if isinstance(part, grammar.Take))}
    return frozenset(kept)


def _looks_further(given: object) -> Iterator[grammar.Part]:
    """The parts of expressions that need more than the row they stand in."""
    if isinstance(given, grammar.Take | grammar.TopOfChain | grammar.RowNumber):
        yield given
    elif isinstance(given, grammar.Part):
        yield from _looks_further([getattr(given, name) for name in type(given).model_fields])
    elif isinstance(given, Iterable) and not isinstance(given, str):
        for part in given:
            yield from _looks_further(part)


@dataclass(frozen=True, slots=True)
class Census:
    """One count of all rows: how many there are, how many of them each rule sets aside, and what was found in them."""

    rows: int
    meant: int
    set_aside: tuple[int, ...]
    notices: tuple[str, ...]


class Rows:
    """The rows of one kind of file, with `__place` (file and line in one number) and, where kept, `__row` (1, 2, 3 …).

    `source` is what a query reads them from, as `r`. What is to be found in rows that are not kept is `pending`: it is
    counted with what each table finds.

    Raises
    ------
    MapError
        Cells that break the map's word, or a damaged file: all that was found.
    """

    def __init__(
        self,
        engine: MapEngine,
        given: model.SourceMap,
        kind: str,
        files: Sequence[ReadFile],
        *,
        keep: bool = True,
        as_of: datetime | None = None,
    ) -> None:
        self.engine, self.zone, self.kind, self.files, self.as_of = engine, given.zone, kind, files, as_of
        self.file = given.files[kind]
        self.parameters = Parameters()
        self.faults: list[Fault] = []
        self.kept = keep
        self.dropped: dict[str, int] = {}
        self.told: list[str] = []
        self.columns = {
            name: Typed("", empty=self._in_no_file(name), personal=self.file.personal.get(name))
            for name in self.file.headers[0].columns
        }
        sql, findings = self._cleaned()
        self.source, self.pending = f"({sql}) as r", tuple(findings)
        if keep:
            self._keep_rows(sql)

    @property
    def relation(self) -> Relation:
        """What tables and their expressions see."""
        return Relation(f"rows: {self.kind}", self.columns)

    def scope(
        self,
        columns: Mapping[str, Typed] | None = None,
        *,
        keys: frozenset[str] | None = None,
        relations: Mapping[str, Relation] | None = None,
    ) -> Scope:
        """What an expression over these rows sees."""
        seen = self.columns if columns is None else columns
        return Scope(
            seen,
            self.parameters,
            self.zone,
            self.file.time_formats,
            keys,
            relations or {},
            self.kind,
            export_date=self.as_of,
        )

    def keep(self, name: str, sql: str) -> None:
        """Materialise a statement."""
        self.engine.keep(name, *self.parameters.of(sql))

    def figures(self, sql: str) -> dict[str, int]:
        """The one row of a statement that counts."""
        row: dict[str, int] = self.engine.query(*self.parameters.of(sql)).to_pylist()[0]
        return row

    @property
    def read(self) -> int:
        """Records in the files. Of rows that are not kept it is known once they were counted or written."""
        return sum(file.read for file in self.files)

    @property
    def set_aside(self) -> dict[str, int]:
        """How many of them are not among the rows, by reason."""
        aside = dict(self.dropped)
        for file in self.files:
            for reason, count in file.set_aside.items():
                aside[reason] = aside.get(reason, 0) + count
        return aside

    @property
    def notices(self) -> list[str]:
        """What a reader should know about files and rows."""
        return [*(notice for file in self.files for notice in file.notices), *self.told]

    def judge(self, findings: Sequence[Finding], source: str, keys: str | None = None) -> list[str]:
        """Count the rows (with `keys`, the groups) that findings speak of: faults for some, notices for the others."""
        return list(self.census(source, findings, keys=keys).notices) if findings else []

    def census(
        self,
        source: str,
        findings: Sequence[Finding],
        *,
        why: str = "cast(null as integer)",
        reasons: int = 0,
        of_meant: Sequence[Finding] = (),
        keys: str | None = None,
    ) -> Census:
        """Count rows once, for all that is asked of them.

        Parameters
        ----------
        source : str
            SQL behind FROM, with the rows as `r`.
        findings : sequence of Finding
            What is looked for in all rows.
        why : str
            SQL of the number of the rule that sets a row aside; null for the rows that are meant.
        reasons : int
            How many such rules there are.
        of_meant : sequence of Finding
            What is looked for in the rows that are meant.
        keys : str, optional
            SQL of the columns by which rows are grouped first.
        """
        looked_for = [
            *((finding, "") for finding in findings),
            *((finding, " and __why is null") for finding in of_meant),
        ]
        hits = [f"coalesce({finding.condition}, false) as hit{at}" for at, (finding, _) in enumerate(looked_for)]
        place, grouped = ("r.__place", "") if keys is None else ("min(r.__place)", f" group by {keys}")
        judged = f"select {', '.join([f'{place} as place', f'{why} as __why', *hits])} from {source}{grouped}"
        counts = ["count(*) as n", "count(*) filter (where __why is null) as meant"]
        counts += [f"count(*) filter (where __why = {number}) as why{number}" for number in range(reasons)]
        for at, (_, among) in enumerate(looked_for):
            counts.append(f"count(*) filter (where hit{at}{among}) as n{at}")
            counts.append(f"min(place) filter (where hit{at}{among}) as first{at}")
        found = self.figures(f"select {', '.join(counts)} from ({judged})")
        notices = []
        for at, (finding, among) in enumerate(looked_for):
            count = found[f"n{at}"]
            if count and finding.refused:
                self.fault(finding, count, found["meant"] if among else found["n"], found[f"first{at}"])
            elif count:
                notices.append(f"`{finding.column}` {finding.what} in {count:,} rows. {finding.remedy}")
        aside = tuple(found[f"why{number}"] for number in range(reasons))
        return Census(found["n"], found["meant"], aside, tuple(notices))

    def fault(self, finding: Finding, count: int, of: int, place: int) -> None:
        """Note a fault that has a place in a file."""
        fault = Fault(
            where=self.files[place // LINES_A_FILE].chosen.path.name,
            column=finding.column or None,
            what=finding.what,
            count=count,
            of=of,
            first=place % LINES_A_FILE,
            remedy=finding.remedy,
            rule=finding.rule,
        )
        if fault not in self.faults:
            self.faults.append(fault)

    def raise_faults(self) -> None:
        """Refuse the files if anything was found."""
        if self.faults:
            raise MapError(self.faults)

    def _in_no_file(self, name: str) -> bool:
        return all(file.chosen.header.columns[name] not in file.columns for file in self.files)

    def _cleaned(self) -> tuple[str, list[Finding]]:
        """SQL of the rows, and what their fields are to be judged by."""
        parts = [
            f"select {number * LINES_A_FILE} + __line as __place, {', '.join(self._cells(file))}"
            f" from {identifier(file.view)}"
            for number, file in enumerate(self.files)
        ]
        sql = " union all ".join(parts)
        if self.kept:
            sql = f"select row_number() over (order by __place) as __row, r.* from ({sql}) as r"
        if self.file.carry is not None:
            sql = carried(sql, self.file.carry.key, self.file.carry.columns, f"__place // {LINES_A_FILE}")
        scope = self.scope()
        for name, expression in self.file.fields.items():
            made = compile_expression(expression, scope, name)
            sql = f"select r.*, {made.sql} as {identifier(name)} from ({sql}) as r"
            self.columns[name] = replace(made, sql="", level="row")
        return sql, scope.findings

    def _keep_rows(self, sql: str) -> None:
        """Keep the rows in the engine, judged, each once."""
        findings, self.pending = self.pending, ()
        self.keep(self.relation.name, sql)
        self.source = f"{identifier(self.relation.name)} as r"
        self.judge([one for one in findings if one.refused], self.source)
        self.raise_faults()
        self._drop_repeats()
        self.told += self.judge([one for one in findings if not one.refused], self.source)
        self._test_for_damage()
        self.raise_faults()

    def _cells(self, file: ReadFile) -> Iterator[str]:
        """The columns of a file under our names, empty where the file has none or holds a null in disguise."""
        for ours, theirs in file.chosen.header.columns.items():
            cell = identifier(theirs) if theirs in file.columns else "cast(null as varchar)"
            nulls = self.file.nulls_of(ours) if ours not in self.file.personal else ()
            texts = [self.parameters.bind(text) for text in nulls]
            if texts:
                cell = f"case when {cell} not in ({', '.join(texts)}) then {cell} end"
            yield f"{cell} as {identifier(ours)}"

    def _drop_repeats(self) -> None:
        names = ", ".join(["__row", "__place", *map(identifier, self.columns)])
        source = identifier(self.relation.name)
        for repeats in self.file.repeats:
            keys = [identifier(name) for name in repeats.key]
            whole = " and ".join(f"{key} is not null" for key in keys)
            if repeats.by is None:
                kept = "min" if repeats.keep == "first_file" else "max"
                again = f"{kept}(__file) over (partition by {', '.join(keys)}) <> __file"
            else:
                last_first = f"order by {identifier(repeats.by)} desc nulls last, __place desc"
                again = f"row_number() over (partition by {', '.join(keys)} {last_first}) > 1"
            numbered = f"select *, __place // {LINES_A_FILE} as __file from {source}"
            self.keep("again", f"select {names}, {whole} and {again} as __again from ({numbered})")
            count = self.figures('select count(*) as n from "again" where __again')["n"]
            if count:
                self.dropped[repeats.reason] = self.dropped.get(repeats.reason, 0) + count
                self.told.append(f"{count:,} of {self.read:,} records: {repeats.reason}.")
            self.keep(self.relation.name, f'select {names} from "again" where not __again')
        self.engine.drop("again")

    def _test_for_damage(self) -> None:
        source = f"{identifier(self.relation.name)} as r"
        for damage in self.file.damage:
            scope = self.scope()
            hits = []
            if damage.rows is not None:
                hits.append(f"select r.__place from {source} where {compile_condition(damage.rows, scope)}")
            if damage.links is not None:
                hits.append(self._one_way_links(damage.links))
            found = self.figures(f"select count(*) as n, min(__place) as first from ({' union '.join(hits)})")
            self.judge(scope.findings, source)
            if found["n"]:
                rows = self.figures(f"select count(*) as n from {source}")["n"]
                finding = Finding("", "", damage.what, damage.remedy, "damaged_file")
                self.fault(finding, found["n"], rows, found["first"])

    def _one_way_links(self, links: model.Links) -> str:
        """The rows that list the id of a row in the files which does not name them back."""
        source, own, back = identifier(self.relation.name), identifier(links.id), identifier(links.back)
        parts = f"string_split({identifier(links.listed)}, {self.parameters.bind(links.separator)})"
        listed = f"select __place, {own} as own, trim(unnest({parts})) as part from {source}"
        joined = f"select l.__place from ({listed}) as l join {source} as o on o.{own} = l.part"
        return f"{joined} where o.{back} is distinct from l.own"
