"""What do the rows of a file become? The contract's tables as text, and an account of every row.

Which rows are meant, one row for several columns (unpivot), several rows for one (group), then the columns. What is
not meant is counted by reason: with the rows kept, the counts add up to the rows read. A column that no file can fill
is left out, so that nobody takes it for known. The rows come from `mapping_rows`, the SQL of cells from `mapping_sql`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from analysis.tables import mapping_model as model
from analysis.tables.engine import identifier
from analysis.tables.mapping_rows import Rows
from analysis.tables.mapping_sql import compile_condition, compile_expression
from analysis.tables.mapping_terms import Chain, Finding, Relation, Typed, as_text

MOST_ROUNDS = 64


@dataclass(frozen=True)
class Made:
    """A table as text, with the `__place` of each row; rows read = rows made + rows set aside."""

    rows: pa.Table
    read: int
    set_aside: Mapping[str, int]
    notices: tuple[str, ...]


def make_table(rows: Rows, table: model.TableMap, relations: Mapping[str, Relation]) -> Made:
    """One table of the contract.

    Raises
    ------
    MapError
        Cells that break the map's word: all that were found.
    """
    making = _Making(rows, table, relations)
    making.choose_rows()
    making.unpivot()
    made = making.columns()
    return Made(made, making.read, making.set_aside, tuple(making.notices))


class _Making:
    """One table on its way, step by step. The rows still meant are the relation `meant`."""

    def __init__(self, rows: Rows, table: model.TableMap, relations: Mapping[str, Relation]) -> None:
        self.rows, self.table, self.relations = rows, table, relations
        self.seen = dict(rows.columns)
        self.read = rows.read
        self.set_aside = dict(rows.set_aside)
        rows.faults = []
        self.notices: list[str] = []

    def choose_rows(self) -> None:
        """Leave the rows that are meant; of several rules the first that fits counts a row."""
        scope, source = self.rows.scope(), f"{identifier(self.rows.relation.name)} as r"
        rules = [(rule.reason, compile_condition(rule.when, scope)) for rule in self.table.set_aside]
        if self.table.keep is not None:
            meant = compile_condition(self.table.keep.when, scope)
            rules.insert(0, (self.table.keep.others, f"not {meant}"))
        self.notices += self.rows.judge(scope.findings, source)
        self.rows.raise_faults()
        why = " ".join(f"when {condition} then {number}" for number, (_, condition) in enumerate(rules))
        why = f"case {why} end" if rules else "cast(null as integer)"
        self.rows.keep("judged", f"select r.*, {why} as __why from {source}")
        counts = ", ".join(f"count(*) filter (where __why = {number}) as n{number}" for number in range(len(rules)))
        if rules:
            found = self.rows.figures(f'select {counts} from "judged"')
            for number, (reason, _) in enumerate(rules):
                self._put_aside(reason, found[f"n{number}"])
        self.rows.keep("meant", 'select * from "judged" where __why is null')
        self.rows.engine.drop("judged")

    def unpivot(self) -> None:
        """A row for each column named, in their order. Every row counts as often as it becomes one."""
        turn = self.table.unpivot
        if turn is None:
            return
        self.read *= len(turn.columns)
        self.set_aside = {reason: count * len(turn.columns) for reason, count in self.set_aside.items()}
        bind = self.rows.parameters.bind
        parts = [
            f"select r.*, {number} as __nth, cast({bind(called)} as varchar) as {identifier(turn.name)},"
            f' r.{identifier(column)} as {identifier(turn.value)} from "meant" as r'
            for number, (column, called) in enumerate(turn.columns.items())
        ]
        self.rows.keep("turned", " union all ".join(parts))
        empty_in_all = all(self.seen[column].empty for column in turn.columns)
        self.seen |= {turn.name: Typed(""), turn.value: Typed("", empty=empty_in_all)}
        where = ""
        if turn.empty is not None:
            empty = f"{identifier(turn.value)} is null"
            self._put_aside(turn.empty, self.rows.figures(f'select count(*) as n from "turned" where {empty}')["n"])
            where = f" where not ({empty})"
        self.rows.keep("meant", f'select * from "turned"{where}')
        self.rows.engine.drop("turned")

    def columns(self) -> pa.Table:
        """The columns of the table, in the contract's text form, in the order of the files."""
        group = self.table.group
        keys = frozenset(group.by) if group else None
        scope = self.rows.scope(self.seen, keys=keys, relations=self.relations)
        wanted = {**self.table.columns, **self.table.further}
        made = {name: as_text(compile_expression(expression, scope, name)) for name, expression in wanted.items()}
        cells = ", ".join(f"{value.sql} as {identifier(name)}" for name, value in made.items() if not value.empty)
        for chain in scope.chains:
            self._walk(chain)
        source = " ".join(['"meant" as r', *(join for _, join in scope.joins.values())])
        of_rows = [finding for finding in scope.findings if not finding.of_groups]
        of_groups = [finding for finding in scope.findings if finding.of_groups]
        place, grouped, order = "r.__place", "", "__place"
        if group is not None:
            by = ", ".join(f"r.{identifier(name)}" for name in group.by)
            place, grouped = "min(r.__place)", f" group by {by}"
            of_rows += [_empty_key(name) for name in group.by]
            self.rows.judge(of_groups, source, by)
        elif self.table.unpivot is not None:
            order += ", __nth"
            cells += ", r.__nth"
        self.notices += self.rows.judge(of_rows, source)
        self.rows.raise_faults()
        self._tell_basis(scope.read | set(self.table.unpivot.columns if self.table.unpivot else ()))
        statement = f"select {cells}, {place} as __place from {source}{grouped} order by {order}"
        rows = self.rows.engine.query(*self.rows.parameters.of(statement))
        if group is not None:
            meant = self.rows.figures('select count(*) as n from "meant"')["n"]
            self._put_aside(group.further_rows, meant - rows.num_rows)
        return rows.drop_columns("__nth") if "__nth" in rows.column_names else rows

    def _put_aside(self, reason: str, count: int) -> None:
        if count:
            self.set_aside[reason] = self.set_aside.get(reason, 0) + count

    def _tell_basis(self, read: set[str]) -> None:
        basis = {name: one for name, one in self.rows.file.basis.items() if name in read}
        self.notices += [f"`{name}` is counted on the basis `{one}`." for name, one in basis.items()]

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
        rows.judge([finding], '"meant" as r')


def _empty_key(name: str) -> Finding:
    return Finding(
        name,
        f"r.{identifier(name)} is null",
        "is empty in rows that are to be grouped by it",
        "Set such rows aside with a reason.",
        "empty_group_key",
    )
