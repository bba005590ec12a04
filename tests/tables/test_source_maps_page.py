"""The page on source maps: its example, its tables and its figures are run; no key of the language is left out.

A key or a word added to the language, a shipped map added or changed, fails here until the page says so.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

from analysis.foundation.errors import MapError
from analysis.runner.params import load_params
from analysis.tables import mapping_grammar as grammar
from analysis.tables import mapping_model as model
from analysis.tables.load import Source, prepare
from analysis.tables.mapping import load_map, mapped, names
from analysis.tables.mapping_yaml import parse_map
from analysis.tables.validate import validate

PAGE = (Path(__file__).parents[2] / "docs" / "source_maps.md").read_text(encoding="utf-8")
# The columns that the examples in the page's tables speak of; `started` is a field.
COLUMNS = (
    "Id", "Customer", "Start", "Queue", "Way", "Note", "Count", "Price", "Tax", "Refund", "Wait", "Mobile", "Home",
    "Shop", "Answers", "Replies", "Likes", "Shares", "Clicks", "Views", "Mail", "Author", "Contact",
)  # fmt: skip
OF_A_GROUP = {"sum", "earliest", "latest", "same", "sole", "count"}
OF_OTHER_ROWS = {"take", "top_of_chain"}


def fenced(kind: str) -> list[str]:
    """The blocks of a kind, in their order."""
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.M | re.S)


def table(first: str) -> list[list[str]]:
    """The rows of the table whose header begins with these words."""
    lines = PAGE.splitlines()
    [start] = [number for number, line in enumerate(lines) if line.startswith(f"| {first} |")]
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    assert rows
    return rows


def codes(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", text)


def plain(example: str) -> Any:
    return YAML(typ="safe").load(example)


# The worked example


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the page describes, and the current one: the export, its map, the parameters and orders."""
    (tmp_path / "maps").mkdir()
    worked, params, _ = fenced("yaml")
    (tmp_path / "maps" / "calls.yaml").write_text(worked, encoding="utf-8")
    (tmp_path / "study.yaml").write_text(params, encoding="utf-8")
    (tmp_path / "calls.csv").write_text(fenced("csv")[0], encoding="utf-8")
    orders = "order_id,customer_id,ordered_at,revenue,currency\n1,C17,2026-03-30T10:00:00Z,10.00,EUR\n"
    (tmp_path / "orders.csv").write_text(orders, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_worked_example_makes_the_rows_on_the_page(study: Path) -> None:
    [made] = mapped("maps/calls.yaml", study / "calls.csv", cache=study / "cache")
    printed = table("touchpoint_id")
    found = [[row[name] or "" for name in made.columns] for row in pq.read_table(made.path).to_pylist()]
    assert f"| {' | '.join(made.columns)} |" in PAGE
    assert found == printed
    assert (made.read, made.set_aside) == (len(printed) + 1, {"test call": 1})


def test_validate_says_what_the_page_says(study: Path) -> None:
    [said] = fenced("text")
    report = validate([Source(Path("calls.csv").absolute(), "maps/calls.yaml")], cache=study / "cache")
    assert "\n".join(report.lines()) == said.rstrip("\n")


def test_faults_are_told_as_on_the_page(study: Path) -> None:
    export, worked = (study / "calls.csv"), (study / "maps" / "calls.yaml")
    lines = export.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[3] = lines[3].replace(",O,", ",X,")
    export.write_text("".join(lines), encoding="utf-8")
    with pytest.raises(MapError) as of_file:
        mapped("maps/calls.yaml", export, cache=study / "cache")
    worked.write_text(worked.read_text(encoding="utf-8").replace("by: Minutes", "by: Minuts"), encoding="utf-8")
    with pytest.raises(MapError) as of_map:
        mapped("maps/calls.yaml", export, cache=study / "cache")
    told = [str(fault) for error in (of_file, of_map) for fault in error.value.faults]
    assert told == [line.removeprefix("- ") for line in PAGE.splitlines() if line.startswith("- calls.")]


def test_the_parameters_on_the_page_find_the_map(study: Path) -> None:
    """The first call was at 01:55 in Berlin, an hour ahead of UTC."""
    prepared = prepare(load_params("study.yaml").sources(), cache=study / "cache")
    assert {name: account.rows.kept for name, account in prepared.accounts.items()} == {"orders": 1, "touchpoints": 4}
    assert "2026-03-29T00:55" in str(prepared.accounts["touchpoints"].first).replace(" ", "T")


def test_a_time_that_the_clock_skips_is_refused(study: Path) -> None:
    export = (study / "calls.csv").read_text(encoding="utf-8")
    (study / "calls.csv").write_text(export.replace("01:55", "02:30"), encoding="utf-8")
    [fault] = validate([Source(study / "calls.csv", "maps/calls.yaml")], cache=study / "cache").faults
    assert (fault.rule, fault.first) == ("skipped_time", 2)


def test_a_renamed_column_is_found_under_both_names(study: Path) -> None:
    renamed = plain(fenced("yaml")[2])["sources"][0]["renamed"]
    export = study / "calls.csv"
    [before] = mapped("maps/calls.yaml", export, cache=study / "cache", renamed=renamed)
    [(old, new)] = renamed.items()
    export.write_text(export.read_text(encoding="utf-8").replace(f",{old},", f",{new},"), encoding="utf-8")
    with pytest.raises(MapError, match=f"`{old}` are missing"):
        mapped("maps/calls.yaml", export, cache=study / "cache")
    [after] = mapped("maps/calls.yaml", export, cache=study / "cache", renamed=renamed)
    assert pq.read_table(after.path).to_pylist() == pq.read_table(before.path).to_pylist()


# The language


def shop(
    example: str,
    *,
    whole: dict[str, Any] | None = None,
    file: dict[str, Any] | None = None,
    table: dict[str, Any] | None = None,
) -> str:
    """A map around an example, in JSON, which is YAML: with the columns it speaks of, and `started` if it does."""
    started = "started" in example
    columns = list(dict.fromkeys(["Id", *(["Start"] if started else []), *columns_in(example)]))
    calls = {
        "headers": [{"about": "export", "has": columns}],
        "nulls": [{"texts": ["-"]}],
        "time_formats": ["%d/%m/%Y %H:%M"],
        "fields": {"started": {"time": "Start"}} if started else {},
        "personal": {"Mail": "email", "Mobile": "phone"} if "customer:" in example else {},
    }
    given = {"table": "customers", "from": "calls", "columns": {"customer_id": "Id"}} | (table or {})
    about = {"map": "shop", "about": "", "zone": "Europe/Berlin"} | (whole or {})
    return json.dumps({**about, "files": {"calls": calls | (file or {})}, "tables": [given]})


def of_expression(example: str) -> str:
    """A map with a column `x` made by an expression, of a group where it speaks of one."""
    given = plain(example)
    group = {"group": {"by": ["Id"], "further_rows": "further"}} if OF_A_GROUP & set(given) else {}
    return shop(example, table={**group, "further": {"x": given}})


def columns_in(example: str) -> list[str]:
    """The columns an example speaks of, in their order."""
    return list(dict.fromkeys(word for word in re.findall(r"\w+", example) if word in COLUMNS))


def maps_on_the_page() -> Iterator[tuple[str, str]]:
    """The worked example and a map around each example of the tables, with what to call it."""
    yield "the worked example", fenced("yaml")[0]
    for key, example, _ in table("key of a map"):
        yield key, shop(example, whole=plain(*codes(example)))
    for key, example, _ in table("key of a file"):
        yield key, shop(example, file=plain(*codes(example)))
    for key, example, _ in table("key of a table"):
        yield key, shop(example, table=plain(*codes(example)))
    for key, example, *_ in table("condition"):
        yield key, shop(example, table={"keep": {"when": plain(*codes(example)), "others": "others"}})
    for key, example, _ in table("expression"):
        yield key, of_expression(*codes(example))


@pytest.mark.parametrize(("key", "text"), [pytest.param(*one, id=one[0]) for one in maps_on_the_page()])
def test_every_example_is_sound_and_is_of_the_key_it_stands_beside(key: str, text: str) -> None:
    used = {name for _, name in keys_used(parse_map(text, "page.yaml"))}
    assert {word for word in codes(key) if re.fullmatch("[a-z_]+", word)} <= used | words_of_the_language()


def keys_used(part: object) -> set[tuple[type[grammar.Part], str]]:
    """Every key that a map gives, under its name in the language, with the part it is a key of."""
    if isinstance(part, grammar.Part):
        given = {(type(part), named(type(part), field)) for field in part.model_fields_set}
        return given.union(*(keys_used(getattr(part, field)) for field in part.model_fields_set))
    inside = part.values() if isinstance(part, dict) else part if isinstance(part, tuple) else ()
    return set().union(*map(keys_used, inside))


def named(part: type[grammar.Part], field: str) -> str:
    return part.model_fields[field].alias or field


def parts() -> list[type[grammar.Part]]:
    """The parts of the language: each a type with its keys."""
    found = [part for module in (grammar, model) for part in vars(module).values() if isinstance(part, type)]
    return [part for part in found if issubclass(part, grammar.Part) and part is not grammar.Part]


def words_of_the_language() -> set[str]:
    """The words that a key may be given, where the language lists them."""

    def literals(kind: object) -> Iterator[str]:
        for inside in get_args(kind):
            if isinstance(inside, str):
                yield inside
            else:
                yield from literals(inside)

    kinds = [field.annotation for part in parts() for field in part.model_fields.values()]
    return {word for kind in kinds for word in literals(kind) if word.isidentifier()}


def test_no_key_of_the_language_is_left_out() -> None:
    """Each key of each part stands in an example that the language takes."""
    whole = {(part, named(part, field)) for part in parts() for field in part.model_fields}
    assert len(whole) > 80
    shown = set().union(*(keys_used(parse_map(text, "page.yaml")) for _, text in maps_on_the_page()))
    assert sorted(f"{part.__name__}: {key}" for part, key in whole - shown) == []


def test_no_word_of_the_language_is_left_out() -> None:
    """The words that keys may be given, and the keys that conditions and expressions are known by, are on it."""
    words = words_of_the_language()
    assert {"first_file", "latest", "action", "post", "unknown", "hours", "rows"} <= words
    written = {word for code in codes(re.sub("```.*?```", "", PAGE, flags=re.S)) for word in re.findall(r"\w+", code)}
    assert sorted(words - written) == []
    assert sorted({*grammar.EXPRESSION_KEYS, *grammar.CONDITION_KEYS} - written) == []


def run(tmp_path: Path, text: str, columns: list[str], records: list[list[str]]) -> list[dict[str, Any]]:
    """The rows a map makes of records of these columns, which all have one id unless they give their own."""
    header = json.loads(text)["files"]["calls"]["headers"][0]["has"]
    cells = [{"Id": "1", **dict(zip(columns, record, strict=True))} for record in records]
    with (tmp_path / "calls.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *([row[name] for name in header] for row in cells)])
    (tmp_path / "shop.yaml").write_text(text, encoding="utf-8")
    source_map, as_of = str(tmp_path / "shop.yaml"), datetime(2026, 9, 30)
    [made] = mapped(source_map, tmp_path / "calls.csv", cache=tmp_path / "cache", as_of=as_of)
    rows: list[dict[str, Any]] = pq.read_table(made.path).to_pylist()
    return rows


@pytest.mark.parametrize("row", table("condition"), ids=lambda row: row[0])
def test_conditions_do_what_the_page_says(tmp_path: Path, row: list[str]) -> None:
    """Cells are those of the columns in the order of the example."""
    [condition] = codes(row[1])
    text = shop(condition, table={"keep": {"when": plain(condition), "others": "others"}})
    fits, does_not = ([codes(cells)] for cells in row[2:])
    assert len(run(tmp_path, text, columns_in(condition), fits)) == 1
    assert len(run(tmp_path, text, columns_in(condition), does_not)) == 0


@pytest.mark.parametrize("row", [row for row in table("expression") if "→" in row[2]], ids=lambda row: row[0])
def test_expressions_make_what_the_page_says(tmp_path: Path, row: list[str]) -> None:
    """Cells are those of the columns in the order of the example; in a group, those of its rows."""
    [expression] = codes(row[1])
    before, after = row[2].split("→", 1)
    cells, becomes = codes(before), codes(after)[0]
    text, columns = of_expression(expression), columns_in(expression)
    records = [[cell] * len(columns) for cell in cells] if "group" in json.loads(text)["tables"][0] else [cells]
    assert [made["x"] for made in run(tmp_path, text, columns, records)] == [becomes]


def test_only_what_looks_at_other_rows_is_not_run() -> None:
    assert {codes(row[0])[0] for row in table("expression") if "→" not in row[2]} == OF_OTHER_ROWS


# The maps that come with the package


def number(text: str) -> int:
    return int(text.replace(",", ""))


ON_REAL_FILES = tuple(codes(row[0])[0] for row in table("map"))


def test_every_shipped_map_is_on_the_page() -> None:
    of_systems = [codes(row[0])[0] for row in table("map of a system")]
    assert of_systems == sorted(of_systems)
    assert tuple(sorted([*ON_REAL_FILES, *of_systems])) == names()


@pytest.mark.parametrize("row", table("map of a system"), ids=lambda row: row[0])
def test_a_map_of_a_system_gives_the_tables_on_the_page(row: list[str]) -> None:
    given = load_map(codes(row[0])[0])
    assert codes(row[2]) == list(dict.fromkeys(one.table for one in given.tables))
    assert given.pull is not None


def check_figures(name: str, folder: Path, cache: Path) -> None:
    """The rows of each table, the records read, and those set aside by reason, against those on the page."""
    [(_, _, gives, account)] = [row for row in table("map") if codes(row[0]) == [name]]
    made = mapped(name, folder, cache=cache)
    rows = {one.table: pq.read_metadata(one.path).num_rows for one in made}
    assert {found[0]: number(found[1]) for found in re.findall(r"`(\w+)` \(([\d,]*\d)", gives)} == rows
    read, aside = account.split("; ")
    assert number(read) == made[0].read
    reasons = re.findall(r"([a-z][a-z ]*?) ([\d,]*\d)(?:, |$)", aside)
    assert {reason: number(count) for reason, count in reasons} == made[0].set_aside
    assert reasons or aside == "nothing"


@pytest.mark.parametrize("name", [name for name in ON_REAL_FILES if name != "online_retail"])
def test_the_figures_of_shipped_maps(real_data: Path, tmp_path: Path, name: str) -> None:
    check_figures(name, real_data / name, tmp_path)


@pytest.mark.slow
def test_the_figures_of_online_retail(real_data: Path, retail_cache: Path) -> None:
    """About ten seconds, where no other file has mapped it."""
    check_figures("online_retail", real_data / "online_retail", retail_cache)
