"""What do the rows of a file become? The contract's tables as text, and an account of every row.

Which rows are meant, one row for several columns (unpivot), several rows for one (group), then the columns. What is
not meant is counted by reason: with the rows kept, the counts add up to the rows read. A column that no file can fill
is left out, so that nobody takes it for known. All is asked in as few goes over the rows as it takes, mostly two: one
counts what is set aside and whatever breaks the map's word, the other writes the table. The rows come from
`mapping_rows`, the SQL of cells from `mapping_sql`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from analysis.tables import mapping_model as model
from analysis.tables.contract import SCHEMAS
from analysis.tables.engine import identifier
from analysis.tables.mapping_rows import LINES_A_FILE, Rows
from analysis.tables.mapping_sql import compile_condition, compile_expression
from analysis.tables.mapping_terms import Chain, Finding, Relation, Scope, Typed, as_text

MOST_ROUNDS = 64


@dataclass(frozen=True)
class Made:
    """A table as text, written down, with file and line of each row; rows read = rows made + rows set aside."""

    columns: tuple[str, ...]
    read: int
    set_aside: Mapping[str, int]
    notices: tuple[str, ...]


def make_table(
    rows: Rows, table: model.TableMap, relations: Mapping[str, Relation], target: Path, aside: Path | None = None
) -> Made:
    """One table of the contract, written to a Parquet file.

    Parameters
    ----------
    rows : Rows
        Of the kind of file the table is made of.
    table : TableMap
    relations : mapping of str to Relation
        The other kinds of file.
    target : Path
        The file.
    aside : Path, optional
        Where the keys of the rows that the table's rules set aside are written, if it has such rules.

    Raises
    ------
    MapError
        Cells that break the map's word: all that were found. Nothing is written then.
    """
    making = _Making(rows, table, relations)
    making.judge()
    making.write(target)
    if aside is not None:
        making.write_aside(aside)
    return Made(tuple(making.cells), making.read, making.set_aside, tuple(making.notices))


class _Making:
    """One table on its way: compiled, judged, written."""

    def __init__(self, rows: Rows, table: model.TableMap, relations: Mapping[str, Relation]) -> None:
        self.rows, self.table = rows, table
        self.seen = dict(rows.columns)
        self.set_aside: dict[str, int] = {}
        self.notices: list[str] = []
        rows.faults = []
        self._choose_rows()
        self._unpivot()
        keys = frozenset(table.group.by) if table.group else None
        self.scope = rows.scope(self.seen, keys=keys, relations=relations)
        made = {name: as_text(compile_expression(part, self.scope, name)) for name, part in table.made.items()}
        self.cells = {name: value.sql for name, value in made.items() if not value.empty}
        self.joined = " ".join([self.meant, *(join for _, join in self.scope.joins.values())])

    def judge(self) -> None:
        """Count what is set aside, and whatever breaks the map's word."""
        rows, group, turn = self.rows, self.table.group, self.table.unpivot
        of_rows = [finding for finding in self.scope.findings if not finding.of_groups]
        of_rows += [_empty_key(name) for name in group.by] if group else []
        as_they_come = not self.scope.joins and turn is None
        findings = [*rows.pending, *self.conditions.findings]
        if findings or self.reasons or (of_rows and as_they_come):
            census = rows.census(
                rows.source,
                findings,
                why=self.why,
                reasons=len(self.reasons),
                of_meant=of_rows if as_they_come else (),
            )
            for reason, count in zip(self.reasons, census.set_aside, strict=True):
                self._put_aside(reason, count * (len(turn.columns) if turn else 1))
            self.notices += census.notices
            rows.raise_faults()
        for chain in self.scope.chains:
            self._walk(chain)
        if not as_they_come:
            self.notices += rows.judge(of_rows, self.joined)
        if group is not None:
            of_groups = [finding for finding in self.scope.findings if finding.of_groups]
            rows.judge(of_groups, self.joined, ", ".join(f"r.{identifier(name)}" for name in group.by))
        rows.raise_faults()
        self._tell_basis(self.scope.read | set(turn.columns if turn else ()))

    def write(self, target: Path) -> None:
        """Write the columns, in the contract's text form, with file and line; then close the account."""
        rows, group, turn = self.rows, self.table.group, self.table.unpivot
        place, grouped, order = "r.__place", "", ""
        if group is not None:
            place, grouped = "min(r.__place)", f" group by {', '.join(f'r.{identifier(name)}' for name in group.by)}"
        if rows.kept or group is not None:  # else they come in the order of the files
            order = " order by __place" + (", __nth" if turn is not None else "")
        cells = [f"{sql} as {identifier(name)}" for name, sql in self.cells.items()]
        inner = ", ".join([*cells, f"{place} as __place", *(["r.__nth as __nth"] if turn is not None else [])])
        names = [identifier(name) for name in self.cells]
        outer = ", ".join([*names, f"__place % {LINES_A_FILE} as __line", f"{self._file()} as __file"])
        statement = f"select {outer} from (select {inner} from {self.joined}{grouped}){order}"
        rows.engine.write(*rows.parameters.of(statement), target)
        for reason, count in rows.set_aside.items():
            self._put_aside(reason, count * (len(turn.columns) if turn else 1))
        self.read = rows.read * (len(turn.columns) if turn else 1)
        further = self.read - sum(self.set_aside.values()) - pq.read_metadata(target).num_rows
        if group is not None:
            self._put_aside(group.further_rows, further)
        elif turn is not None and turn.empty is not None:
            self._put_aside(turn.empty, further)

    def write_aside(self, target: Path) -> None:
        """Write the keys of the rows that the rules set aside: what they told of before no longer stands."""
        rows, group = self.rows, self.table.group
        key = [name for name in SCHEMAS[self.table.table].key if name in self.cells]
        if not key or not self.table.set_aside or self.table.unpivot is not None:
            target.unlink(missing_ok=True)
            return
        first = len(self.reasons) - len(self.table.set_aside)
        dropped = f"(select r.* from {rows.source} where ({self.why}) >= {first}) as r"
        joined = " ".join([dropped, *(join for _, join in self.scope.joins.values())])
        grouped = f" group by {', '.join(f'r.{identifier(name)}' for name in group.by)}" if group is not None else ""
        cells = ", ".join(f"{self.cells[name]} as {identifier(name)}" for name in key)
        statement = f"select distinct * from (select {cells} from {joined}{grouped})"
        rows.engine.write(*rows.parameters.of(statement), target)

    def _choose_rows(self) -> None:
        """The rows that are meant; of several rules the first that fits counts a row."""
        self.conditions: Scope = self.rows.scope()
        rules = [(rule.reason, compile_condition(rule.when, self.conditions)) for rule in self.table.set_aside]
        if self.table.keep is not None:
            meant = compile_condition(self.table.keep.when, self.conditions)
            rules.insert(0, (self.table.keep.others, f"not {meant}"))
        self.reasons = [reason for reason, _ in rules]
        arms = " ".join(f"when {condition} then {number}" for number, (_, condition) in enumerate(rules))
        self.why, self.meant = "cast(null as integer)", self.rows.source
        if rules:
            self.why = f"case {arms} end"
            self.meant = f"(select r.* from {self.rows.source} where ({self.why}) is null) as r"

    def _unpivot(self) -> None:
        """A row for each column named, in their order. Every row counts as often as it becomes one."""
        turn = self.table.unpivot
        if turn is None:
            return
        bind = self.rows.parameters.bind
        names = " ".join(
            f"when {number} then cast({bind(called)} as varchar)" for number, called in enumerate(turn.columns.values())
        )
        values = " ".join(f"when {number} then r.{identifier(name)}" for number, name in enumerate(turn.columns))
        turned = f"select r.*, unnest(range({len(turn.columns)})) as __nth from {self.meant}"
        cells = (
            f"case __nth {names} end as {identifier(turn.name)}, case __nth {values} end as {identifier(turn.value)}"
        )
        self.meant = f"(select r.*, {cells} from ({turned}) as r) as r"
        if turn.empty is not None:
            self.meant = f"(select r.* from {self.meant} where r.{identifier(turn.value)} is not null) as r"
        empty_in_all = all(self.seen[column].empty for column in turn.columns)
        self.seen |= {turn.name: Typed(""), turn.value: Typed("", empty=empty_in_all)}

    def _file(self) -> str:
        """SQL of the name of the file that a place is in."""
        names = [self.rows.parameters.bind(file.chosen.path.name) for file in self.rows.files]
        arms = " ".join(f"when {number} then {name}" for number, name in enumerate(names))
        return f"cast(case __place // {LINES_A_FILE} {arms} end as varchar)"

    def _put_aside(self, reason: str, count: int) -> None:
        if count:
            self.set_aside[reason] = self.set_aside.get(reason, 0) + count

    def _tell_basis(self, read: set[str]) -> None:
        basis = {name: one for name, one in self.rows.file.basis.items() if name in read}
        for one in dict.fromkeys(basis.values()):
            names = ", ".join(f"`{name}`" for name, basis_of in basis.items() if basis_of == one)
            self.notices.append(f"Counted on the basis `{one}`: {names}.")

    def _walk(self, chain: Chain) -> None:
        """For every id the one at the top, by pointing each time to where the one pointed to points."""
        rows, name = self.rows, identifier(chain.relation)
        own, parent = identifier(chain.id), identifier(chain.parent)
        links = f"select {own} as id, min({parent}) as parent from {identifier(rows.relation.name)}"
        links += f" where {own} is not null group by 1"
        rows.keep(chain.relation, f"select id, parent, coalesce(parent, id) as top from ({links})")
        both = f"{name} as c left join {name} as n on n.id = c.top"
        for _ in range(MOST_ROUNDS):
            if not rows.figures(f"select count(*) as n from {both} where n.top <> c.top")["n"]:
                break
            rows.keep("further", f"select c.id, c.parent, coalesce(n.top, c.top) as top from {both}")
            rows.keep(chain.relation, 'select * from "further"')
        rows.engine.drop("further")
        circle = f"exists (select 1 from {both} where c.id = r.{own} and n.parent is not null)"
        finding = Finding(
            chain.parent,
            circle,
            "names a parent that leads round in a circle",
            "Correct the export: something cannot answer what answers it.",
            "circular_chain",
        )
        rows.judge([finding], self.meant)


def _empty_key(name: str) -> Finding:
    return Finding(
        name,
        f"r.{identifier(name)} is null",
        "is empty in rows that are to be grouped by it",
        "Set such rows aside with a reason.",
        "empty_group_key",
    )
