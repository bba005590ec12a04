"""From exports to sound tables: taking them in, drafting a source map, judging tables, taking out a customer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from analysis.cli.options import AsJson, Tables
from analysis.cli.saying import print_json, say

commands = typer.Typer()


@commands.command()
def intake(
    sources: Annotated[str, typer.Argument(metavar="SOURCES", help="A sources file, such as params/sources.yaml.")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="The day the exports were pulled: 2026-10-03.")
    ] = None,
    out: Tables = None,
    as_json: AsJson = False,
) -> None:
    """Take new exports into the tables: what is new, what has changed, what is gone, and a report on what they hold."""
    from analysis.runner.taking_in import take_in_sources

    say(take_in_sources(sources, as_of=as_of, out=out), as_json=as_json)


@commands.command("draft-map")
def draft_map(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export: CSV, TSV, text, XLSX or Parquet.")],
    as_json: AsJson = False,
) -> None:
    """Propose a source map from a file's header and first rows: the nearest one known, or a draft to work on."""
    from analysis.tables.drafting import draft_map as drafted

    draft = drafted(file)
    if as_json:
        print_json({"map": draft.text, "missing": list(draft.missing)})
    else:
        print(draft.text, end="")
    if draft.missing:
        count = "1 column" if len(draft.missing) == 1 else f"{len(draft.missing)} columns"
        what = f"{count} that the contract needs could not be guessed: {', '.join(draft.missing)}."
        print(f"{what} Until you have given them, this is no sound map.", file=sys.stderr)


@commands.command()
def validate(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder or file of tables, or of exports.")],
    map_name: Annotated[str | None, typer.Option("--map", help="Source map that reads it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say everything that is wrong with a folder of tables, at once, and what would mend it."""
    import tempfile

    from analysis.tables.load import Source
    from analysis.tables.validate import validate as validated

    with tempfile.TemporaryDirectory(prefix="touchstone-") as cache:
        report = validated([Source(folder.absolute(), map_name)], cache=Path(cache))
    if as_json:
        print_json(report.to_dict())
    else:
        print(*report.lines(), sep="\n")
    raise typer.Exit(0 if report.sound else 2)


@commands.command()
def erase(
    sources: Annotated[str, typer.Argument(metavar="SOURCES", help="The sources file whose tables are meant.")],
    customer: Annotated[
        str, typer.Option("--customer", metavar="ID", help="The customer's id, as the tables have it.")
    ],
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="The day of the erasure: 2026-11-02.")],
    out: Tables = None,
    as_json: AsJson = False,
) -> None:
    """Take a customer out of the tables for good, and keep later exports from bringing them back."""
    from analysis.runner.erasing import erase_from_tables

    say(erase_from_tables(sources, customer, on=on, out=out), as_json=as_json)
