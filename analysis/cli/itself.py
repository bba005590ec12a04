"""Touchstone itself: what it lacks on this machine, what may be asked, how it judges worlds whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analysis.cli.options import AsJson, worlds_known
from analysis.cli.saying import print_json, say

commands = typer.Typer()


@commands.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what is missing on this machine, and what is lost without it."""
    from analysis.runner.doctor import examine

    findings = examine(Path.cwd() / "reports")
    if as_json:
        print_json([finding.to_dict() for finding in findings])
    else:
        print("\n".join(str(finding) for finding in findings))
    raise typer.Exit(2 if any(finding.needed and not finding.fine for finding in findings) else 0)


@commands.command()
def params(
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema instead of the page.")] = False,
) -> None:
    """Print every key a parameters file may hold."""
    if schema:
        from analysis.runner.params_model import Params

        print_json(Params.json_schema())
    else:
        from analysis.runner.params_page import parameters_page

        print(parameters_page(), end="")


@commands.command()
def prove(
    worlds: Annotated[int, typer.Option("--worlds", min=1, help="Companies of each hazard.")] = 1_000,
    hazard: Annotated[list[str] | None, typer.Option("--hazard", help="Only this one; may be repeated.")] = None,
    design: Annotated[
        list[str] | None, typer.Option("--design", help="All hazards of this design; may be repeated.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the records: a rerun goes on from them.")] = Path(
        "reports/.proving"
    ),
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes.")] = 2,
    through_files: Annotated[
        int, typer.Option("--through-files", min=0, help="Companies of each hazard that go through files as well.")
    ] = 0,
    customers: Annotated[
        int | None, typer.Option("--customers", min=1, help="Customers of each company; default: as its study needs.")
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            "--page",
            help="Folder of the page and its parts: what is proved is renewed there, the rest is kept. Default: a page "
            "of this proof alone, beside the records.",
        ),
    ] = None,
    records: Annotated[
        list[Path] | None,
        typer.Option("--records", help="A folder of records made before: only the page is made. May be repeated."),
    ] = None,
    fewer: Annotated[
        bool,
        typer.Option("--fewer", help="Renew a part of the page though it tells of more companies than this proof."),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Put the page in --page together from its parts; nothing is proved.")
    ] = False,
    compare: Annotated[
        list[Path] | None,
        typer.Option(
            "--compare",
            help="A folder of records that --page tells of: --records, made by later code, are held against them, the "
            "page says what moved, and no part is renewed. May be repeated.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge the studies in thousands of made-up companies whose truth is known, and write the page.

    With --page, the parts of the page that were not proved stay as they are: each design has one, in the folder
    `validation` beside the page. A design is renewed as a whole.

    With --compare, some companies of a design that was proved by earlier code are held against the same companies as
    later code has studied them: touchstone prove --compare EARLIER --records LATER --page docs.
    """
    from analysis.runner.progress import Lines
    from analysis.runner.proving.command import OUT, page_again, prove_study

    if again and compare:
        raise typer.BadParameter("put the page together --again, or --compare records: one of the two.")
    if again:
        say(page_again(page or OUT), as_json=as_json)
        return
    if compare:
        from analysis.runner.proving.again_kept import study_again

        compared = study_again(
            compare,
            records or (),
            pages=page or OUT,
            hazards=hazard or (),
            designs=design or (),
            customers=customers,
        )
        say(compared, as_json=as_json)
        return
    proved = prove_study(
        worlds=worlds,
        hazards=hazard or (),
        designs=design or (),
        out=out,
        pages=page,
        jobs=jobs,
        through_files=through_files,
        customers=customers,
        records=records or (),
        fewer=fewer,
        progress=Lines(),
    )
    say(proved, as_json=as_json)


@commands.command("make-world")
def make_world(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the tables and truth.json are written.")],
    world: Annotated[
        str,
        typer.Option("--world", help="Kind of company, such as demo, none or effect.", autocompletion=worlds_known),
    ],
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed: the same seed makes the same company.")],
    customers: Annotated[int, typer.Option("--customers", min=1, help="Number of customers.")],
    exports: Annotated[
        bool, typer.Option("--exports", help="Write two quarters of its systems' exports, for an intake.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a company whose truth is known: the contract's tables, or exports that come to them, and truth.json."""
    if exports:
        from analysis.synthetic.exports.write import make_exports

        make_exports(folder, world=world, seed=seed, customers=customers)
    else:
        from analysis.synthetic.make import make_world as make

        make(folder, world=world, seed=seed, customers=customers)
    if as_json:
        print_json({"folder": str(folder), "world": world, "seed": seed, "customers": customers})
    else:
        print(f"Made: {folder}")
