"""What does an export of another system hold, in the contract's terms? Its tables, through a source map.

    from analysis.tables.mapping import load_map, mapped, names

    names()                                     the maps shipped with the package
    load_map("zendesk").facts                   what is known about a source
    mapped("zendesk", Path("tickets.csv"), cache=Path(".cache"))

A source map is a YAML file, shipped or the user's own; `mapping_model` and `mapping_grammar` say what it can hold.
The tables that come out are text in the contract's form: what the contract makes of them is left to `load`.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from analysis.foundation.errors import ContractError, Fault, InputError, MapError, did_you_mean
from analysis.tables import mapping_model as model
from analysis.tables.mapping_basis import basis_of
from analysis.tables.mapping_engine import MapEngine
from analysis.tables.mapping_files import Chosen, choose, read, swept
from analysis.tables.mapping_grammar import takes_in
from analysis.tables.mapping_rows import ReadFile, Rows, kinds_to_keep
from analysis.tables.mapping_sql import NO_EXPORT_DATE
from analysis.tables.mapping_tables import Made, make_table
from analysis.tables.mapping_yaml import read_map
from analysis.tables.plain_text import Cells, InDoubt, PlainText
from analysis.tables.pseudonyms import Key, Veil, user_key

SHIPPED = Path(__file__).parent / "source_maps"


@dataclass(frozen=True)
class MappedTable:
    """A table of the contract as a source map gives it, in Parquet, all columns text.

    Parameters
    ----------
    table : str
        Which table of the contract.
    path : Path
        The Parquet file: `columns` in the contract's text form (times in ISO 8601, with an offset, or naive in `zone`),
        then `__line` (BIGINT) and `__file`, where the row, or the first of its rows, stands.
    columns : tuple of str
        The columns the source could fill; the contract's names, and further ones.
    zone : str
        The zone of times without an offset.
    read : int
        Records read, set aside ones included; where one row becomes several (unpivot), each of them counts.
    set_aside : dict of str to int
        How many of them are not among the rows, by reason: read = rows + set aside.
    files : tuple of Path
        The files they come from.
    notices : tuple of str
        What a reader should know: facts of the source, files with records set aside, the basis of counts.
    basis : dict of str to str
        On which basis a column counts ("action", "post", "unknown", or "mixed" where it is made of several), for those
        of which the map says so.
    aside : Path, optional
        The keys of the rows that the table's rules set aside, in Parquet, where they were asked for.
    """

    table: str
    path: Path
    columns: tuple[str, ...]
    zone: str
    read: int
    set_aside: dict[str, int]
    files: tuple[Path, ...]
    notices: tuple[str, ...]
    basis: dict[str, str]
    aside: Path | None = None


def names() -> tuple[str, ...]:
    """The source maps shipped with the package.

    Examples
    --------
    >>> {"hillstrom", "twcs", "zendesk"} <= set(names())
    True
    """
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))


def load_map(source_map: str | Path) -> model.SourceMap:
    """A source map by the name of a shipped one, or by the path of a YAML file.

    Raises
    ------
    MapError
        There is no such map, or it is unsound: every fault with its line.

    Examples
    --------
    >>> load_map("hillstrom").zone
    'UTC'
    >>> load_map("hillstorm")
    Traceback (most recent call last):
    analysis.foundation.errors.MapError: 1 fault was found.
      - source map: there is no `hillstorm`. Did you mean `hillstrom`?
    """
    return read_map(_path_of(str(source_map)))


def mapped(
    source_map: str,
    path: Path,
    *,
    cache: Path,
    only: Collection[Path] | None = None,
    as_of: datetime | None = None,
    renamed: Mapping[str, str] | None = None,
    key: Key | None = None,
    phone_country: str | None = None,
    keys_aside: bool = False,
) -> list[MappedTable]:
    """The tables that a source map makes of an export.

    Parameters
    ----------
    source_map : str
        The name of a shipped map, or the path of a YAML file.
    path : Path
        A file, or a folder of which every file whose header fits is read (not those in folders inside it).
    cache : Path
        Folder for the Parquet files. They have names of their own and belong to the caller.
    only : collection of Path, optional
        Read these files and no others.
    as_of : datetime, optional
        The instant of the export, naive UTC; needed by maps of lifetime counters.
    renamed : mapping of str to str, optional
        The file's new name of a column by the map's name for it. A file that still has the old name fits as before.
    key : Key, optional
        The key of pseudonyms; by default the user's own, made where a personal column is read and there is none yet.
    phone_country : str, optional
        The calling code of telephone numbers written without one.
    keys_aside : bool
        Whether the keys of rows that are set aside are wanted as well.

    Returns
    -------
    list of MappedTable
        In the order of the map. A table whose files are not there is left out, and the others say so.

    Raises
    ------
    MapError
        The map is unsound, nothing fits it, a file is damaged, or cells break the map's word. All that was found.
    ContractError
        A file cannot be read as text.
    """
    given = load_map(source_map)
    if given.needs_export_date and as_of is None:
        what = "needs the date of the export"
        raise MapError(Fault(where=f"source map {given.map}", what=what, remedy=NO_EXPORT_DATE, rule="no_export_date"))
    cache.mkdir(parents=True, exist_ok=True)
    chosen, others = choose(given, path, only=only, renamed=renamed)
    reading = _Reading(given, cache, as_of, others, keys_aside, key, phone_country)
    while True:
        try:
            return reading.tables(chosen)
        except InDoubt:  # a file that has to be read record by record: known to `reading` by now
            continue


def _path_of(source_map: str) -> Path:
    if source_map in names():
        return SHIPPED / f"{source_map}.yaml"
    if source_map.endswith((".yaml", ".yml")):
        return Path(source_map)
    what = f"there is no `{source_map}`"
    raise MapError(Fault(where="source map", what=what, remedy=did_you_mean(source_map, names()), rule="unknown_name"))


class _Gathering:
    """Faults of several things, gathered before any is raised."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    @contextmanager
    def one(self) -> Iterator[None]:
        """Whatever is wrong with one of the things is kept for later."""
        try:
            yield
        except InputError as error:
            self.faults += [fault for fault in error.faults if fault not in self.faults]

    def raise_as(self, kind: type[InputError]) -> None:
        if self.faults:
            raise kind(self.faults)


@dataclass
class _Reading:
    """One export being read. A file that cannot be read in sweeps is `exact` from then on."""

    given: model.SourceMap
    cache: Path
    as_of: datetime | None
    others: int
    keys_aside: bool
    key: Key | None
    phone_country: str | None
    exact: set[Path] = field(default_factory=set)

    def tables(self, chosen: Sequence[Chosen]) -> list[MappedTable]:
        """The tables, written down.

        Raises
        ------
        InDoubt
            If a file that was not known for it has to be read record by record. Nothing is left behind then.
        """
        texts: dict[str, Path | PlainText] = {}
        try:
            files = self._files(chosen, texts)
            with MapEngine(texts, self.cache) as engine:
                return self._made(engine, files)
        except InDoubt:
            self.exact |= {text.text.path for text in texts.values() if isinstance(text, PlainText) and text.in_doubt}
            raise
        finally:
            for text in texts.values():
                if isinstance(text, Path):
                    text.unlink(missing_ok=True)

    def _files(self, chosen: Sequence[Chosen], texts: dict[str, Path | PlainText]) -> list[ReadFile]:
        """The chosen files: plain texts where they lie, all others written down as text on the way."""
        gathering, files = _Gathering(), []
        for number, one in enumerate(chosen):
            view = f"text {number}"
            with gathering.one():
                cells = self._cells(one)
                plain = None
                if not cells.personal and one.path not in self.exact:
                    plain = swept(self.given, one, cells)
                if plain is not None:
                    texts[view] = plain
                    files.append(ReadFile(one, view, plain.columns, plain))
                else:
                    text, aside = read(self.given, one, self.cache, cells, sweep=one.path not in self.exact)
                    texts[view] = text.path
                    files.append(ReadFile(one, view, text.columns, None, text.rows, aside))
        gathering.raise_as(ContractError)
        return files

    def _cells(self, chosen: Chosen) -> Cells:
        """What of a file is read: the columns the map looks at, pseudonyms of those that name persons."""
        file, theirs = self.given.files[chosen.kind], chosen.header.columns
        used = self.given.columns_used(chosen.kind)
        personal = {ours: kind for ours, kind in file.personal.items() if ours in used}
        if personal and self.key is None:
            self.key = user_key()
        return Cells(
            wanted={theirs[ours] for ours in used},
            personal={theirs[ours]: self._veil(kind) for ours, kind in personal.items()},
            nulls={theirs[ours]: file.nulls_of(ours) for ours in personal},
        )

    def _veil(self, kind: model.Personal) -> Veil:
        assert self.key is not None
        return self.key.veil(kind, self.phone_country)

    def _made(self, engine: MapEngine, files: Sequence[ReadFile]) -> list[MappedTable]:
        """The tables; those whose files are not there are left out."""
        given, gathering = self.given, _Gathering()
        kept = kinds_to_keep(given, Counter(file.chosen.kind for file in files))
        rows: dict[str, Rows] = {}
        for kind in given.files:
            if of_kind := [file for file in files if file.chosen.kind == kind]:
                with gathering.one():
                    rows[kind] = Rows(engine, given, kind, of_kind, keep=kind in kept, as_of=self.as_of)
        gathering.raise_as(MapError)
        relations = {kind: one.relation for kind, one in rows.items()}
        notices = []
        if self.others:
            notices.append(f"Files in the folder that do not fit the source map `{given.map}`: {self.others:,}.")
        made: list[tuple[model.TableMap, Made, Path]] = []
        written: list[Path] = []
        try:
            for table in given.tables:
                if lacking := sorted(_needs(table) - set(rows)):
                    if any(other.table == table.table and _needs(other) <= set(rows) for other in given.tables):
                        continue  # another kind of file gives it
                    files_named = "`, `".join(lacking)
                    notices.append(
                        f"`{table.table}` is not made: it needs the files `{files_named}` of the source map."
                    )
                    continue
                written.append(_new_file(self.cache, f"{given.map}-{table.table}"))
                target = aside = written[-1]
                if self.keys_aside:
                    aside = target.with_name(f"aside-{target.name}")
                    written.append(aside)
                with gathering.one():
                    one = make_table(rows[table.source], table, relations, target, aside if self.keys_aside else None)
                    made.append((table, one, target))
            gathering.raise_as(MapError)
        except BaseException:
            for path in written:
                path.unlink(missing_ok=True)
            raise
        return [_mapped_table(given, table, one, path, rows[table.source], notices) for table, one, path in made]


def _mapped_table(
    given: model.SourceMap, table: model.TableMap, made: Made, path: Path, rows: Rows, notices: Sequence[str]
) -> MappedTable:
    return MappedTable(
        table=table.table,
        path=path,
        columns=made.columns,
        zone=given.zone,
        read=made.read,
        set_aside=dict(made.set_aside),
        files=tuple(file.chosen.path for file in rows.files),
        notices=(*table.facts, *notices, *rows.notices, *made.notices),
        basis={name: word for name, word in basis_of(given, table).items() if name in made.columns},
        aside=aside if (aside := path.with_name(f"aside-{path.name}")).exists() else None,
    )


def _needs(table: model.TableMap) -> set[str]:
    """The kinds of file a table is made of."""
    return {table.source, *(take.source for expression in table.made.values() for take in takes_in(expression))}


def _new_file(cache: Path, name: str) -> Path:
    """A new file of its own in the cache, which its owner alone may read."""
    handle, target = tempfile.mkstemp(prefix=f"{name}-", suffix=".parquet", dir=cache)
    os.close(handle)
    return Path(target)
