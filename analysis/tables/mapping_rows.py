"""What stands in the files of one kind? Their rows one below the other, cleaned, each once, and nothing damaged.

The steps: the files' columns under our names, nulls in disguise emptied; the map's fields; rows that stand in the
files more than once dropped but once, and counted; tests of the whole for damage. Which files these are is settled in
`mapping_files`; what the contract's tables make of the rows, in `mapping_tables`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from analysis.foundation.errors import Fault, MapError
from analysis.tables import mapping_model as model
from analysis.tables.engine import Engine, identifier
from analysis.tables.mapping_files import Chosen
from analysis.tables.mapping_sql import compile_condition, compile_expression
from analysis.tables.mapping_terms import Finding, Parameters, Relation, Scope, Typed

LINES_A_FILE = 1 << 40


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A chosen file as the engine has it: the view of its text, its columns, and the account of its records."""

    chosen: Chosen
    view: str
    columns: tuple[str, ...]
    rows: int
    set_aside: Mapping[str, int]
    blank_lines: int = 0

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
        if self.blank_lines:
            told.append(f"{name}: blank lines between records passed over: {self.blank_lines:,}.")
        return told


class Rows:
    """The rows of one kind of file in the engine, with `__row` (1, 2, 3 …) and `__place` (file and line in one number).

    Raises
    ------
    MapError
        Cells that break the map's word, or a damaged file: all that was found.
    """

    def __init__(self, engine: Engine, given: model.SourceMap, kind: str, files: Sequence[ReadFile]) -> None:
        self.engine, self.zone, self.kind, self.files = engine, given.zone, kind, files
        self.file = given.files[kind]
        self.parameters = Parameters()
        self.faults: list[Fault] = []
        self.read = sum(file.read for file in files)
        self.set_aside: dict[str, int] = {}
        self.notices = [notice for file in files for notice in file.notices]
        for file in files:
            for reason, count in file.set_aside.items():
                self.put_aside(reason, count)
        self.columns = {name: Typed("", empty=self._in_no_file(name)) for name in self.file.headers[0].columns}
        findings = self._clean()
        self._drop_repeats()
        self.notices += self.judge(
            [one for one in findings if not one.refused], f"{identifier(self.relation.name)} as r"
        )
        self._test_for_damage()
        self.raise_faults()

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
        return Scope(seen, self.parameters, self.zone, self.file.time_formats, keys, relations or {}, self.kind)

    def keep(self, name: str, sql: str) -> None:
        """Materialise a statement."""
        self.engine.keep(name, *self.parameters.of(sql))

    def figures(self, sql: str) -> dict[str, int]:
        """The one row of a statement that counts."""
        row: dict[str, int] = self.engine.query(*self.parameters.of(sql)).to_pylist()[0]
        return row

    def put_aside(self, reason: str, count: int) -> None:
        """Count some rows under a reason."""
        self.set_aside[reason] = self.set_aside.get(reason, 0) + count

    def judge(self, findings: Sequence[Finding], source: str, keys: str | None = None) -> list[str]:
        """Count the rows (with `keys`, the groups) that findings speak of: faults for some, notices for the others."""
        notices: list[str] = []
        if not findings:
            return notices
        hits = ", ".join(f"coalesce({finding.condition}, false) as hit{at}" for at, finding in enumerate(findings))
        place, grouped = ("r.__place", "") if keys is None else ("min(r.__place)", f" group by {keys}")
        counts = ", ".join(
            f"count(*) filter (where hit{at}) as n{at}, min(place) filter (where hit{at}) as first{at}"
            for at in range(len(findings))
        )
        judged = f"select {place} as place, {hits} from {source}{grouped}"
        found = self.figures(f"select count(*) as n, {counts} from ({judged})")
        for at, finding in enumerate(findings):
            count = found[f"n{at}"]
            if count and finding.refused:
                self.fault(finding, count, found["n"], found[f"first{at}"])
            elif count:
                notices.append(f"`{finding.column}` {finding.what} in {count:,} rows. {finding.remedy}")
        return notices

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

    def _clean(self) -> list[Finding]:
        """Make the rows; what their fields are to be judged by is judged if it would refuse them, and given back."""
        parts = [
            f"select {number * LINES_A_FILE} + __line as __place, {', '.join(self._cells(file))}"
            f" from {identifier(file.view)}"
            for number, file in enumerate(self.files)
        ]
        sql = f"select row_number() over (order by __place) as __row, r.* from ({' union all '.join(parts)}) as r"
        scope = self.scope()
        for name, expression in self.file.fields.items():
            made = compile_expression(expression, scope, name)
            sql = f"select r.*, {made.sql} as {identifier(name)} from ({sql}) as r"
            self.columns[name] = Typed("", made.kind, scale=made.scale, empty=made.empty)
        self.keep(self.relation.name, sql)
        self.judge([one for one in scope.findings if one.refused], f"{identifier(self.relation.name)} as r")
        self.raise_faults()
        return scope.findings

    def _cells(self, file: ReadFile) -> Iterator[str]:
        """The columns of a file under our names, empty where the file has none or holds a null in disguise."""
        for ours, theirs in file.chosen.header.columns.items():
            cell = identifier(theirs) if theirs in file.columns else "cast(null as varchar)"
            texts = [
                self.parameters.bind(text)
                for nulls in self.file.nulls
                if nulls.columns is None or ours in nulls.columns
                for text in nulls.texts
            ]
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
                first_file = f"min(__place // {LINES_A_FILE}) over (partition by {', '.join(keys)})"
                again = f"{first_file} < __place // {LINES_A_FILE}"
            else:
                last_first = f"order by {identifier(repeats.by)} desc nulls last, __place desc"
                again = f"row_number() over (partition by {', '.join(keys)} {last_first}) > 1"
            self.keep("again", f"select {names}, {whole} and {again} as __again from {source}")
            count = self.figures('select count(*) as n from "again" where __again')["n"]
            if count:
                self.put_aside(repeats.reason, count)
                self.notices.append(f"{count:,} of {self.read:,} records: {repeats.reason}.")
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
