"""How do exports become the tables of a study, and stay so from quarter to quarter? Read, joined, compared, published.

    take_in(sources, Path("tables"), as_of=datetime(2026, 10, 3))

Everything is built in a folder of its own and published by one swap of a link: an intake that is refused or killed
leaves the tables of before. A run without anything new changes nothing. Which files are new is left to `sources`, what
is in them to `reading`, whose rows they are to `identity`, what they change to `versions`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from analysis.foundation.calendar import Period, iso
from analysis.foundation.errors import Fault, InputError
from analysis.foundation.provenance import canonical_json
from analysis.tables.contract import SCHEMAS
from analysis.tables.erasure import Erasures, Tombstone, kept_in, together
from analysis.tables.generation import EARLIER, RECORD, REPORT, SCHEMA, WAITING, Generation
from analysis.tables.intake.memory import Memory
from analysis.tables.intake.people import People
from analysis.tables.intake.reading import Read, read, refuse
from analysis.tables.intake.report import TableReport, report_on, unmatched_remark
from analysis.tables.intake.sources import Export, Found, IntakeSource, find
from analysis.tables.intake.store import Store, put_in_place
from analysis.tables.intake.versions import Changes, Held, Incoming, TwoSources, merge
from analysis.tables.mapping import load_map
from analysis.tables.personal_text import name_shown
from analysis.tables.pseudonyms import Key, must_be_the_key, user_key
from analysis.tables.scans import parquet_relation, types_of
from analysis.tables.staging import staging, write

MUCH = 0.2
"""Share of a table's rows that an export may take away without a word."""

FIRST = ("customers", "identities")
"""Tables by which the people of the others are found."""


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What an intake did.

    `changes` and `reports` by table; `exports` the account of each export, a table at a time; `people` how the people
    of rows were found; `unread` the files that no source reads; `known` how many files had been read before;
    `erased` everybody who was erased from these tables.
    """

    folder: Path
    number: int
    as_of: datetime | None
    changes: Mapping[str, Changes]
    reports: tuple[TableReport, ...] = ()
    people: Mapping[str, Any] = field(default_factory=dict)
    exports: tuple[Mapping[str, Any], ...] = ()
    unread: tuple[str, ...] = ()
    known: int = 0
    notices: tuple[str, ...] = ()
    erased: tuple[Tombstone, ...] = ()

    @property
    def nothing_new(self) -> bool:
        """Whether every file had been read before."""
        return not self.exports


def take_in(
    sources: Sequence[IntakeSource],
    out: Path,
    *,
    as_of: datetime | None = None,
    zone: str = "UTC",
    phone_country: str | None = None,
    period: Period | None = None,
    key: Key | None = None,
    erased: Sequence[Tombstone] = (),
    home: Path | None = None,
    memory_limit: str | None = None,
    page: Callable[[Intake], bytes] | None = None,
) -> Intake:
    """Take new exports into the tables.

    Parameters
    ----------
    sources : sequence of IntakeSource
    out : Path
        Where the tables are read: a link that leads to the last intake. Its generations lie beside it.
    as_of : datetime, optional
        The date of the exports whose names say none (naive UTC).
    zone : str
        Zone of times without an offset in tables of the contract. Maps declare their own.
    phone_country : str, optional
        Calling code of telephone numbers written without one.
    key : Key, optional
        The key of the pseudonyms; by default the user's own, once a source needs it.
    erased : sequence of Tombstone
        Customers who were erased, beside those the tables themselves keep: whatever an export brings of them is left
        out or emptied.
    home : Path, optional
        The study's folder, in which the user's key may not lie.
    period : Period, optional
        What the tables are to serve: the report says which of them end before it does.
    memory_limit : str, optional
        "4GB"; by default half of the machine's memory.
    page : callable, optional
        Makes the page of the report, which is published with the tables.

    Raises
    ------
    InputError
        With everything that is wrong with sources, files and rows. The tables of before stand.
    """
    store = Store(out)
    store.check()
    with store.alone(), store.building() as build:
        before = Generation.at(store.now) if store.now is not None else None
        work = _Intake(sources, before, build, zone, phone_country, memory_limit, period, tuple(erased))
        work.erased = together(kept_in(work.record), erased)
        work.judge_key(key, home)
        found = find(sources, work.record.get("sources", {}), as_of, datetime.min if before is None else before.as_of)
        refuse([*found.faults, *work.memory.read_otherwise()])
        if not found.exports and not work.memory.others_ids:
            return work.unchanged(store, found)
        work.began = _date_of_looking_again(as_of, before) if not found.exports else None
        work.read(found.exports)
        work.merge()
        work.finish(found)
        done = work.done(store, found)
        if page is not None:
            (build / "tables" / REPORT).write_bytes(page(done))
        store.publish(build)
        return done


@dataclass
class _Intake:
    """One intake under way."""

    sources: Sequence[IntakeSource]
    before: Generation | None
    build: Path
    zone: str
    phone_country: str | None
    memory_limit: str | None
    period: Period | None
    erased: tuple[Tombstone, ...]
    key: Key | None = None
    reads: list[tuple[Export, Read]] = field(default_factory=list)
    held: dict[str, Held] = field(default_factory=dict)
    changes: dict[str, Changes] = field(default_factory=dict)
    known_from: dict[str, datetime] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    people: Mapping[str, Any] = field(default_factory=dict)
    reports: list[TableReport] = field(default_factory=list)
    waiting: Path | None = None
    began: datetime | None = None

    @property
    def record(self) -> Mapping[str, Any]:
        return {} if self.before is None else self.before.record

    @cached_property
    def memory(self) -> Memory:
        """What is remembered of the sources."""
        return Memory(self.record.get("sources", {}), self.sources, self.zone, self.phone_country)

    def judge_key(self, key: Key | None, home: Path | None) -> None:
        """Refuse another key than the one the tables were made with: nothing of before would be found again."""
        before = self.record.get("key")
        maps = [load_map(source.map) for source in self.sources if source.map is not None]
        needed = before is not None or self.erased or any(file.personal for one in maps for file in one.files.values())
        self.key = key or (user_key(home) if needed else None)
        if self.key is not None:
            must_be_the_key(self.key, [self.record.get("key"), *(one.key for one in self.erased)])

    def read(self, exports: Sequence[Export]) -> None:
        """Read every export before anything is compared, and refuse them all if one is at fault."""
        faults: list[Fault] = []
        first = {name for name in SCHEMAS if self.before is None or self.before.table(name) is None}
        begun: dict[str, datetime] = {}
        if self.before is not None:  # who somebody is, first told now, was not known before
            first -= {name for name, schema in SCHEMAS.items() if schema.standing}
        last, columns = self.memory.since(), self.memory.columns()
        for place, export in enumerate(exports):
            before = columns.setdefault(export.source.name, {})
            self.notices += export.against(before)
            before.update(export.columns)
            opening = {name for name in first if not SCHEMAS[name].standing or export.since == exports[0].since}
            new = {name for name in opening if begun.get(name, export.since) == export.since}
            reads, found, notices = read(
                export,
                self.build,
                place=place,
                zone=self.zone,
                key=self.key,
                phone_country=self.phone_country,
                first=new,
                last=last.get(export.source.name),
                memory_limit=self.memory_limit,
            )
            faults += found
            self.notices += notices
            last[export.source.name] = export.since
            for one in reads:
                if one.table in first:
                    begun.setdefault(one.table, export.since)
                if one.assumed:
                    self.known_from[one.table] = export.since
                self.reads.append((export, one))
        refuse([*faults, *self.two_masters()])

    def two_masters(self) -> list[Fault]:
        """Customers come from one source: two systems call the same people by different ids."""
        before = self.record.get("tables", {}).get("customers", {}).get("sources", ())
        names = sorted({*before, *(export.source.name for export, one in self.reads if one.table == "customers")})
        if len(names) < 2:
            return []
        what = f"is given by several sources, whose ids are not the same people: {', '.join(names)}"
        remedy = "Let one of them say who the customers are, and bring the others' ids as rows of `identities`."
        return [Fault(where="table customers", what=what, remedy=remedy, rule="two_masters")]

    def merge(self) -> None:
        """Compare what was read with what is held, first the tables by which people are found."""
        self.held = {name: self.held_before(name) for name in SCHEMAS}
        before = None if self.before is None else self.before.waiting("identities")
        files = [path for one in self.held.values() for path in (one.now, one.earlier) if path is not None]
        files += [] if before is None else [before]
        with staging(self.build, files, self.memory_limit) as (connection, _):
            self.leave_out_erased(connection)
            own = {one for ids in self.memory.own_ids.values() for one in ids}
            people = People(connection, own, before, self.build)
            for name, held in self.held.items():
                people.hold(name, held)
            people.changed = self.memory.others_ids
            for date in sorted({export.since for export, _ in self.reads} | ({self.began} if self.began else set())):
                for name in (*FIRST, *(name for name in SCHEMAS if name not in FIRST)):
                    self.merge_table(connection, people, name, date)
                people.changed = False
            self.people = {name: one.to_dict() for name, one in people.matching().items()}
            self.waiting = people.waiting
            if count := people.count_waiting():
                self.notices.append(f"{count:,} names of `identities` wait: no customer has their address yet.")
            self.held = {name: self.with_rows(name) for name in self.held}
            self.reports = [self.report(connection, name) for name, held in self.held.items() if held.now is not None]
            self.notices += filter(None, [self.unmatched(connection, name) for name in self.held])

    def with_rows(self, name: str) -> Held:
        """A table as it is; none, where there is nothing but a header yet."""
        held = self.held[name]
        if held.now is None or held.earlier is not None or pq.read_metadata(held.now).num_rows:
            return held
        self.notices.append(f"`{name}` has no row yet.")
        return Held()

    def leave_out_erased(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Take customers who were erased out of what was read, before anybody is looked up."""
        if not self.erased or self.key is None:
            return
        relations = {f"{place}/{one.table}": parquet_relation([one.path]) for place, (_, one) in enumerate(self.reads)}
        own = {one for ids in self.memory.own_ids.values() for one in ids}
        gone = Erasures(connection, self.key, self.erased, relations, matched=False, own_ids=own)
        for place, (export, one) in enumerate(self.reads):
            name = f"{place}/{one.table}"
            if count := gone.count(name):
                path = one.path.with_name(f"{one.path.stem}-kept.parquet")
                write(connection, gone.without(name), path)
                one.path.unlink()
                self.reads[place] = (export, replace(one, path=path))
                source = export.source.name
                self.notices.append(f"{source}: {count:,} rows of `{one.table}` are of customers who were erased.")

    def unmatched(self, connection: duckdb.DuckDBPyConnection, name: str) -> str | None:
        """A word where a table knows nobody."""
        now = self.held[name].now
        if now is None or name in FIRST:
            return None
        relation = parquet_relation([now])
        if "customer_id" not in types_of(connection, relation):
            return None
        query = f"select count(*), count(*) filter (where customer_id is null) from {relation}"
        ((rows, without),) = connection.execute(query).fetchall()
        return unmatched_remark(name, rows, without, customers_held=self.held["customers"].now is not None)

    def report(self, connection: duckdb.DuckDBPyConnection, name: str) -> TableReport:
        relation = parquet_relation([path for path in (self.held[name].now,) if path is not None])
        return report_on(
            connection,
            name,
            relation,
            types_of(connection, relation),
            zone=self.zone,
            period=self.period,
            until=(max(self.dates()) - timedelta(days=1)).date(),
            before=self.record.get("tables", {}).get(name, {}).get("report"),
        )

    def held_before(self, name: str) -> Held:
        if self.before is None:
            return Held()
        return Held(now=self.before.table(name), earlier=self.before.earlier(name))

    def merge_table(self, connection: duckdb.DuckDBPyConnection, people: People, name: str, date: datetime) -> None:
        """What the exports of one date change in a table."""
        schema, faults = SCHEMAS[name], list[Fault]()
        changes = Changes()
        arrived = list(people.looked_up_again(date)) if name == "identities" else []
        for export, one in self.reads:
            if one.table == name and export.since == date:
                source, full = export.source.name, export.source.extent == "full"
                faults += people.faults(name, one.path, source)
                path, nobody = people.found(name, one.path, source=source, full=full)
                aside = (*one.aside, *nobody)
                arrived.append(Incoming(path=path, source=source, as_of=date, full=full, aside=aside))
        for incoming in arrived:
            before = self.held[name]
            try:
                self.held[name], more = merge(connection, schema, before, incoming, self.build)
                self.notices += _much_is_gone(name, incoming, more, before)
                changes = changes.plus(more)
            except TwoSources as error:
                faults.append(error.fault)
        refuse(faults)
        people.know(name, self.held[name], changes)
        self.held[name], count = people.again(name, date, self.build)
        people.hold(name, self.held[name])
        self.changes[name] = self.changes.get(name, Changes()).plus(replace(changes, rematched=count))

    def finish(self, found: Found) -> None:
        """Put the tables and the record in their places in the build folder."""
        folder = self.build / "tables"
        (folder / EARLIER).mkdir(mode=0o700, parents=True)
        for name, held in self.held.items():
            if held.now is not None:
                put_in_place(held.now, folder / f"{name}.parquet", self.build)
            if held.earlier is not None:
                put_in_place(held.earlier, folder / EARLIER / f"{name}.parquet", self.build)
        if self.waiting is not None:
            (folder / WAITING).mkdir(mode=0o700)
            put_in_place(self.waiting, folder / WAITING / "identities.parquet", self.build)
        (folder / RECORD).write_bytes(canonical_json(self.new_record(found)))

    def new_record(self, found: Found) -> dict[str, Any]:
        tables = dict(self.record.get("tables", {}))
        for name, held in self.held.items():
            if held.now is not None:
                since = self.known_from.get(name)
                before = tables.get(name, {"known_from": None if since is None else iso(since)})
                given = {export.source.name for export, one in self.reads if one.table == name}
                tables[name] = {
                    **before,
                    "sources": sorted({*before.get("sources", ()), *given}),
                    "changes": self.changes[name].to_dict(),
                    "report": next(one.to_dict() for one in self.reports if one.table == name),
                }
        return {
            "schema": SCHEMA,
            "number": self.record.get("number", 0) + 1,
            "as_of": iso(max(self.dates())),
            "key": self.key.check if self.key is not None else None,
            "sources": self.memory.after(found),
            "tables": tables,
            "people": dict(self.people),
            "erased": [one.to_dict() for one in self.erased],
        }

    def dates(self) -> list[datetime]:
        held = [] if self.before is None else [self.before.as_of]
        return [*(export.since for export, _ in self.reads), *held, *([] if self.began is None else [self.began])]

    def unchanged(self, store: Store, found: Found) -> Intake:
        return Intake(
            folder=store.link,
            number=self.record.get("number", 0),
            as_of=None if self.before is None else self.before.as_of,
            changes={},
            reports=self.reports_before(),
            people=self.record.get("people", {}),
            unread=found.unread,
            known=found.known,
            erased=self.erased,
        )

    def reports_before(self) -> tuple[TableReport, ...]:
        tables = self.record.get("tables", {})
        return tuple(TableReport.from_dict(name, one["report"]) for name, one in sorted(tables.items()))

    def done(self, store: Store, found: Found) -> Intake:
        exports = tuple(
            {
                "source": export.source.name,
                "as_of": iso(export.as_of),
                "table": one.table,
                "files": [name_shown(path.name) for path in export.files],
                "rows": one.rows.to_dict(),
                "notices": list(one.notices),
            }
            for export, one in self.reads
        )
        return Intake(
            folder=store.link,
            number=self.record.get("number", 0) + 1,
            as_of=max(self.dates()),
            changes={name: one for name, one in self.changes.items() if self.held[name].now is not None},
            reports=tuple(self.reports),
            people=self.people,
            exports=exports,
            unread=found.unread,
            known=found.known,
            notices=tuple(dict.fromkeys(self.notices)),
            erased=self.erased,
        )


def _date_of_looking_again(as_of: datetime | None, before: Generation | None) -> datetime:
    """The date on which held rows are looked up again, without a new export."""
    if as_of is None:
        what, remedy = "is said of other sources than before", "Say from when on that holds: `--as-of 2026-10-03`."
        raise InputError(Fault(where="customer_ids", what=what, remedy=remedy, rule="no_date"))
    return as_of if before is None else max(as_of, before.as_of)


def _much_is_gone(table: str, incoming: Incoming, changes: Changes, before: Held) -> list[str]:
    """A word where an export takes away a good part of a table: it may be a part taken for the whole."""
    rows = pq.read_metadata(before.now).num_rows if before.now is not None else 0
    if not incoming.full or changes.gone <= MUCH * rows:
        return []
    of = f"{changes.gone:,} of the {rows:,} rows of `{table}`"
    return [f"{incoming.source}: its export no longer holds {of}. Is it whole? It is declared `extent: full`."]
