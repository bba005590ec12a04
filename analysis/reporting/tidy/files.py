"""How are the tables of a report written? As CSV for people and spreadsheets, as Parquet with types, and told of.

CSV is UTF-8 after RFC 4180, a header line first, nothing for what is missing. A text that a spreadsheet would take for
a formula gets an apostrophe in front, in CSV alone; numbers are numbers. CSV has no room for where it comes from: run,
study and the results' hash stand in `datapackage.json` beside it (Frictionless Data), in the metadata of each Parquet
file, and in `README.txt`. The same tables give the same bytes.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

from analysis.foundation.provenance import canonical_json, fingerprint_of_bytes
from analysis.reporting.formats import plain
from analysis.reporting.formulas import opens_a_formula
from analysis.reporting.tidy.rows import Tidy, Value
from analysis.reporting.tidy.shapes import Column

FOLDER = "tables"
OVERVIEW = f"{FOLDER}/README.txt"
INDEX = f"{FOLDER}/datapackage.json"
_FIELDS = {
    "text": "string",
    "groups": "string",
    "date": "date",
    "number": "number",
    "count": "integer",
    "flag": "boolean",
}
_NOT_TO_READ = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def table_files(tables: Sequence[Tidy], stamp: Mapping[str, str]) -> dict[str, bytes]:
    """The files of all tables, by their path in the report.

    Parameters
    ----------
    tables : sequence of Tidy
        Names are different; those without rows are told of, and get no file.
    stamp : mapping of str to str
        Where they come from: `study`, `run`, `results` (the hash of `results.json`).
    """
    files: dict[str, bytes] = {}
    resources = []
    for table in tables:
        if not table.rows:
            continue
        path = f"{FOLDER}/{table.name}"
        files[f"{path}.csv"] = as_csv(table)
        files[f"{path}.parquet"] = as_parquet(table, stamp)
        resources.append(_resource(table, files[f"{path}.csv"]))
    about = {
        "name": "tables",
        "title": "The tables of a report",
        "touchstone": dict(stamp),
        "resources": resources,
    }
    files[INDEX] = canonical_json(about)
    files[OVERVIEW] = _overview(tables, stamp).encode()
    return files


def as_csv(table: Tidy) -> bytes:
    """A table as CSV.

    Examples
    --------
    >>> from analysis.reporting.tidy.shapes import column
    >>> as_csv(Tidy("t", "", (column("name"), column("value:n")), (("=1+1", -0.5), ("a, b", None)))).decode().split()
    ['name,value', "'=1+1,-0.5", '"a,', 'b",']
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_safe(one.name) for one in table.columns])
    writer.writerows([_written(value) for value in row] for row in table.rows)
    return text.getvalue().encode("utf-8", errors="replace")


def as_parquet(table: Tidy, stamp: Mapping[str, str]) -> bytes:
    """A table as Parquet: text, whole numbers, numbers, truth and days by their types, units beside each column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"number": pa.float64(), "count": pa.int64(), "flag": pa.bool_(), "date": pa.date32()}
    fields, arrays = [], []
    values: Iterable[tuple[Value, ...]] = zip(*table.rows, strict=True)
    for column, held in zip(table.columns, values, strict=True):
        kind = types.get(column.kind, pa.string())
        text = [one.encode("utf-8", errors="replace").decode() if isinstance(one, str) else one for one in held]
        array = pa.array(text, pa.string()).cast(kind) if column.kind == "date" else pa.array(text, kind)
        fields.append(pa.field(column.name, kind, metadata={"unit": column.unit} if column.unit else None))
        arrays.append(array)
    about = {f"touchstone.{key}": value for key, value in sorted(stamp.items())}
    schema = pa.schema(fields, metadata={**about, "touchstone.about": table.about})
    file = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), file, compression="zstd", store_schema=True)
    return file.getvalue()


def _written(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.12g}"
    return _safe(value) if isinstance(value, str) else str(value)


def _safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula, and that holds nothing a reader cannot hold."""
    shown = _NOT_TO_READ.sub("\N{REPLACEMENT CHARACTER}", text)
    return f"'{shown}" if opens_a_formula(shown) or shown.startswith("\n") else shown


def _resource(table: Tidy, written: bytes) -> dict[str, object]:
    return {
        "name": table.name,
        "path": f"{table.name}.csv",
        "parquet": f"{table.name}.parquet",
        "description": table.about,
        "encoding": "utf-8",
        "bytes": len(written),
        "hash": fingerprint_of_bytes(written),
        "rows": len(table.rows),
        "schema": {"fields": [_field(one) for one in table.columns], "missingValues": [""]},
    }


def _field(column: Column) -> dict[str, str]:
    told = {"name": column.name, "type": _FIELDS[column.kind]}
    return {**told, "unit": column.unit} if column.unit else told


def _overview(tables: Sequence[Tidy], stamp: Mapping[str, str]) -> str:
    """The files and their columns in words."""
    lines = [
        f"The tables of the report `{plain(stamp.get('study', ''), 120)}`, run {plain(stamp.get('run', ''), 80)}",
        f"results.json: {stamp.get('results', '')}",
        "",
        "Each table is there twice, with the same rows: as .csv (UTF-8, comma, a header line, nothing for what is",
        "missing) and as .parquet (with types; run, study and the hash of results.json in its metadata).",
        "In .csv a text that a spreadsheet would take for a formula has an apostrophe in front of it.",
        "A segment is written as `name: value`, several apart by semicolons; nothing there means all customers.",
        "Shares run from 0 to 1. What is `in the unit of the row` has its unit in the column `unit`.",
        "What these columns mean is told on the report's pages; the same for programs: datapackage.json.",
    ]
    for table in tables:
        rows = "no rows" if not table.rows else "1 row" if len(table.rows) == 1 else f"{len(table.rows):,} rows"
        lines += ["", f"{table.name}" + (".csv, .parquet" if table.rows else "") + f" ({rows})", f"  {table.about}"]
        if table.rows:
            lines += [f"    {_safe(one.name)}" + (f" ({one.unit})" if one.unit else "") for one in table.columns]
    return "\n".join(lines) + "\n"
