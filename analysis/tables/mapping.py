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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.foundation.errors import ContractError, Fault, InputError, MapError, did_you_mean
from analysis.tables import mapping_model as model
from analysis.tables.delimited import BLANK_LINE
from analysis.tables.engine import Engine
from analysis.tables.engine.duckdb_engine import DuckDBEngine
from analysis.tables.mapping_basis import basis_of
from analysis.tables.mapping_files import Chosen, choose, read
from analysis.tables.mapping_grammar import takes_in
from analysis.tables.mapping_rows import LINES_A_FILE, ReadFile, Rows
from analysis.tables.mapping_tables import Made, make_table
from analysis.tables.mapping_yaml import read_map

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


def names() -> tuple[str, ...]:
    """The source maps shipped with the package.

    Examples
    --------
    >>> names()
    ('cdnow', 'hillstrom', 'online_retail', 'twcs', 'zendesk')
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


def mapped(source_map: str, path: Path, *, cache: Path) -> list[MappedTable]:
    """The tables that a source map makes of an export.

    Parameters
    ----------
    source_map : str
        The name of a shipped map, or the path of a YAML file.
    path : Path
        A file, or a folder of which every file whose header fits is read (not those in folders inside it).
    cache : Path
        Folder for the Parquet files. They have names of their own and belong to the caller.

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
    cache.mkdir(parents=True, exist_ok=True)
    chosen, others = choose(given, path)
    with _texts_of(given, chosen, cache) as files:
        views = {file.view: _view_of(text) for file, text in files}
        with DuckDBEngine(views, files=[text for _, text in files]) as engine:
            return _tables_of(engine, given, [file for file, _ in files], others, cache)


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


@contextmanager
def _texts_of(given: model.SourceMap, chosen: Sequence[Chosen], cache: Path) -> Iterator[list[tuple[ReadFile, Path]]]:
    """The chosen files as text, in Parquet files that are gone afterwards. Blank lines are no records."""
    gathering, files = _Gathering(), []
    try:
        for number, one in enumerate(chosen):
            with gathering.one():
                text, set_aside = read(given, one, cache)
                blank = set_aside.pop(BLANK_LINE, 0)
                file = ReadFile(one, f"text {number}", text.columns, text.rows, set_aside, blank)
                files.append((file, text.path))
        gathering.raise_as(ContractError)
        yield files
    finally:
        for _, path in files:
            path.unlink(missing_ok=True)


def _tables_of(
    engine: Engine, given: model.SourceMap, files: Sequence[ReadFile], others: int, cache: Path
) -> list[MappedTable]:
    """The tables, written; those whose files are not there are left out."""
    gathering = _Gathering()
    rows: dict[str, Rows] = {}
    for kind in given.files:
        if of_kind := [file for file in files if file.chosen.kind == kind]:
            with gathering.one():
                rows[kind] = Rows(engine, given, kind, of_kind)
    gathering.raise_as(MapError)
    relations = {kind: one.relation for kind, one in rows.items()}
    notices = [f"Files in the folder that do not fit the source map `{given.map}`: {others:,}."] if others else []
    made: list[tuple[model.TableMap, Made]] = []
    for table in given.tables:
        if lacking := sorted(_needs(table) - set(rows)):
            files_named = "`, `".join(lacking)
            notices.append(f"`{table.table}` is not made: it needs the files `{files_named}` of the source map.")
            continue
        with gathering.one():
            made.append((table, make_table(rows[table.source], table, relations)))
    gathering.raise_as(MapError)
    return [_mapped_table(given, table, one, rows[table.source], notices, cache) for table, one in made]


def _mapped_table(
    given: model.SourceMap, table: model.TableMap, made: Made, rows: Rows, notices: Sequence[str], cache: Path
) -> MappedTable:
    paths = tuple(file.chosen.path for file in rows.files)
    columns = tuple(name for name in made.rows.column_names if name != "__place")
    return MappedTable(
        table=table.table,
        path=_written(made.rows, paths, cache, f"{given.map}-{table.table}"),
        columns=columns,
        zone=given.zone,
        read=made.read,
        set_aside=dict(made.set_aside),
        files=paths,
        notices=(*table.facts, *notices, *rows.notices, *made.notices),
        basis={name: word for name, word in basis_of(given, table).items() if name in columns},
    )


def _view_of(path: Path) -> str:
    quoted = str(path).replace("'", "''")
    return f"select * from read_parquet('{quoted}')"


def _needs(table: model.TableMap) -> set[str]:
    """The kinds of file a table is made of."""
    expressions = (*table.columns.values(), *table.further.values())
    return {table.source, *(take.source for expression in expressions for take in takes_in(expression))}


def _written(rows: pa.Table, paths: Sequence[Path], cache: Path, name: str) -> Path:
    """The table in Parquet, with file and line in the place of `__place`."""
    place = rows.column("__place")
    number = pc.divide(place, LINES_A_FILE)
    line = pc.subtract(place, pc.multiply(number, LINES_A_FILE))
    file = pc.take(pa.array([path.name for path in paths], pa.string()), number)
    made = rows.drop_columns("__place").append_column("__line", line).append_column("__file", file)
    handle, target = tempfile.mkstemp(prefix=f"{name}-", suffix=".parquet", dir=cache)
    os.close(handle)
    pq.write_table(made, target)
    return Path(target)
