"""The command `touchstone`: what can be asked from a terminal. Thin: each command imports what it needs and calls it.

Exit status: 0 done; 1 our own bug; 2 parameters or tables are at fault; 3 a step failed while running, or the machine
lacks room or rights; 4 the record of closed months, of signatures or of a package does not hold; 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analysis.runner.progress import Progress
    from analysis.runner.run import Run

app = typer.Typer(
    name="touchstone",
    help="Measures what social customer service is worth: counts, comparisons, graded claims, a case in money.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ParamsFile = Annotated[str, typer.Argument(metavar="PARAMS", help="A parameters file, such as params/demo.yaml.")]
Data = Annotated[Path | None, typer.Option("--data", help="Folder or file of the data; stands above what PARAMS says.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder of the report; stands above what PARAMS says.")]
ReportNamed = Annotated[str, typer.Argument(metavar="REPORT", help="A report: its folder, or the name of its study.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON, for programs.")]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"touchstone {__version__}")
        raise typer.Exit


@app.callback()
def touchstone(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Measures what social customer service is worth."""


@app.command()
def demo(
    open_report: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
    data_only: Annotated[bool, typer.Option("--data-only", help="Make the company's tables and stop.")] = False,
) -> None:
    """Make the demo company, if it is not there yet, and run its study."""
    from analysis.runner.demo import CUSTOMERS, ensure_demo
    from analysis.runner.params import load_params

    params = load_params("params/demo.yaml")
    with _progress() as progress:
        progress.say(f"The demo company: {CUSTOMERS:,} made-up customers in {params.home / 'data' / 'demo'}")
        if ensure_demo(params.home / "data" / "demo"):
            progress.say("  made now; its truth is in truth.json")
        if data_only:
            return
        run = _run(str(params.path), None, None, progress)
    _say_where(run)
    if open_report:
        typer.launch((run.report / "index.html").as_uri())


@app.command()
def init(
    name: Annotated[
        str, typer.Argument(metavar="FOLDER", help="The folder of the new study; with --from the new study's name.")
    ],
    earlier: Annotated[
        str | None,
        typer.Option("--from", metavar="STUDY", help="The study it follows: name, parameters file or report folder."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Begin a study: a folder with parameters, sources and the tables kept by hand; or the next quarter of one."""
    if earlier is None:
        from analysis.runner.beginning import begin_study

        made: Any = begin_study(name)
    else:
        from analysis.runner.following import follow_study

        made = follow_study(earlier, name, Path.cwd())
    if as_json:
        _print(made.to_dict())
    else:
        print(made)


@app.command()
def intake(
    sources: Annotated[str, typer.Argument(metavar="SOURCES", help="A sources file, such as params/sources.yaml.")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="The day the exports were pulled: 2026-10-03.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the tables; stands above what SOURCES says.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take new exports into the tables: what is new, what has changed, what is gone, and a report on what they hold."""
    from analysis.runner.taking_in import take_in_sources

    taken = take_in_sources(sources, as_of=as_of, out=out)
    if as_json:
        _print(taken.to_dict())
    else:
        print(taken)


@app.command("draft-map")
def draft_map(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export: CSV, TSV, text, XLSX or Parquet.")],
) -> None:
    """Propose a source map from a file's header and first rows: the nearest one known, or a draft to work on."""
    from analysis.tables.drafting import draft_map as drafted

    draft = drafted(file)
    print(draft.text, end="")
    if draft.missing:
        count = "1 column" if len(draft.missing) == 1 else f"{len(draft.missing)} columns"
        what = f"{count} that the contract needs could not be guessed: {', '.join(draft.missing)}."
        print(f"{what} Until you have given them, this is no sound map.", file=sys.stderr)


@app.command()
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
        _print(report.to_dict())
    else:
        print(*report.lines(), sep="\n")
    raise typer.Exit(0 if report.sound else 2)


@app.command()
def erase(
    sources: Annotated[str, typer.Argument(metavar="SOURCES", help="The sources file whose tables are meant.")],
    customer: Annotated[
        str, typer.Option("--customer", metavar="ID", help="The customer's id, as the tables have it.")
    ],
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="The day of the erasure: 2026-11-02.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the tables; stands above what SOURCES says.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take a customer out of the tables for good, and keep later exports from bringing them back."""
    from analysis.runner.erasing import erase_from_tables

    gone = erase_from_tables(sources, customer, on=on, out=out)
    if as_json:
        _print(gone.to_dict())
    else:
        print(gone)


@app.command()
def plan(params: ParamsFile, data: Data = None, out: Out = None, as_json: AsJson = False) -> None:
    """Say what would run, on which rows, and which files would be written."""
    from analysis.runner.plan import plan_study

    found = plan_study(params, data=data, out=out)
    if as_json:
        _print(found.to_dict())
    else:
        print(found)


@app.command()
def run(
    params: ParamsFile,
    data: Data = None,
    out: Out = None,
    as_json: AsJson = False,
    time_out: Annotated[
        float | None, typer.Option("--time-out", min=1, help="Seconds for each notebook; default an hour.")
    ] = None,
) -> None:
    """Run a study: notebooks, pages and results.json, published in one step."""
    with _progress(plain=as_json) as progress:
        done = _run(params, data, out, progress, time_out)
    if as_json:
        _print(
            {
                "study": done.study,
                "run": done.run,
                "report": str(done.report),
                "folder": str(done.folder),
                "reused": done.reused,
                "steps": {name: {"state": one.state, "seconds": one.seconds} for name, one in done.steps.items()},
            }
        )
    else:
        _say_where(done)


@app.command()
def compute(params: ParamsFile, data: Data = None, out: Out = None, as_json: AsJson = False) -> None:
    """Write results.json alone: the same steps and the same bytes, without notebooks."""
    from analysis.runner.compute import compute_study

    with _progress(plain=as_json) as progress:
        written = compute_study(params, data=data, out=out, progress=progress)
    if as_json:
        _print({"results": str(written)})
    else:
        print(f"Results: {written}")


@app.command()
def close(
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="The month to close, such as 2026-09.")],
    params: ParamsFile,
    data: Data = None,
    ledger: Annotated[
        Path | None, typer.Option("--ledger", help="Folder of the closed months; default reports/ledger/<family>.")
    ] = None,
    restate: Annotated[
        bool, typer.Option("--restate", help="Figures closed before were wrong: restate those that differ.")
    ] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", help="With --restate: what was wrong, in a sentence.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Close a month: count it, compare with what is held, append to the record. Nothing held is ever changed."""
    from analysis.runner.closing import close_study, month_named, reason_given
    from analysis.runner.opening import prepare_study

    month = month_named(period)
    why = reason_given(restate, reason)
    with prepare_study(params, data=data) as study:
        study.check()
        closed = close_study(study, month, ledger=ledger, restate_reason=why)
    if as_json:
        _print(closed.to_dict())
    else:
        print(closed)


@app.command()
def verify(
    named: Annotated[
        Path | None,
        typer.Argument(metavar="LEDGER|REPORT", help="A folder of closed months, or a report; default all in reports."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute the chains of closed months and signatures, and name the first entry, and reports, that do not hold."""
    from analysis.runner.verifying import verified

    verdicts = verified(named, Path.cwd())
    if as_json:
        _print([verdict.to_dict() for verdict in verdicts])
    else:
        print(*verdicts, sep="\n")
    raise typer.Exit(0 if all(verdict.holds for verdict in verdicts) else 4)


@app.command()
def metrics(
    params: ParamsFile,
    known_at: Annotated[
        str | None, typer.Option("--known-at", metavar="DATE", help="As the figures were known at this date.")
    ] = None,
    metric: Annotated[list[str] | None, typer.Option("--metric", help="Only this one; may be repeated.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Print the figures by month, closed ones as they are held, also as they were known at a date."""
    from analysis.runner.figures import figures_asked

    found = figures_asked(params, known_at=known_at, only=metric or (), data=data)
    if as_json:
        _print(found.to_dict())
    else:
        print(found)


@app.command()
def diff(
    earlier: Annotated[str, typer.Argument(metavar="A", help="A report folder or results file: the earlier.")],
    later: Annotated[str, typer.Argument(metavar="B", help="A report folder or results file: the later.")],
    as_json: AsJson = False,
) -> None:
    """Say what differs between two reports, why it can, and whether effects moved by more than noise."""
    from analysis.runner.previous import compared

    found = compared(earlier, later, most=None if as_json else 60)
    if as_json:
        _print(found.to_dict())
    else:
        print(found)


@app.command()
def sign(
    report: ReportNamed,
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Your name, as it is to stand on the pages.")],
    role: Annotated[str, typer.Option("--role", help="reviewer: has checked the work. approver: answers for its use.")],
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="A line that stands beside the name.")] = "",
    as_json: AsJson = False,
) -> None:
    """Sign the results of a report: its pages then say Reviewed or Signed, as long as the results are the same."""
    from analysis.runner.signing import sign_report

    signed = sign_report(report, name=name, role=role, note=note)
    if as_json:
        _print(signed.to_dict())
    else:
        print(signed)


@app.command()
def share(
    report: ReportNamed,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The zip; default beside the report.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a zip to send: pages, documents and results, searched for anything of customers."""
    from analysis.runner.sharing import share_report

    shared = share_report(report, out=out)
    if as_json:
        _print(shared.to_dict())
    else:
        print(shared)


@app.command()
def declare(
    params: ParamsFile,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The declaration to write, such as params/trial.json.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Write what a planned test decides beforehand, under a hash to be noted elsewhere."""
    from analysis.runner.declaring import declare as declared

    found = declared(params, file, data=data)
    if as_json:
        _print(found.to_dict())
    else:
        print(found)


@app.command()
def replicate(
    report: ReportNamed,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The zip; default beside the report.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="REPORT is such a zip: say whether it is whole.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write what somebody needs to check a study or to run it again: all but the customers' rows."""
    if check:
        from analysis.runner.replication_check import verify_package

        checked = verify_package(Path(report))
        if as_json:
            _print(checked.to_dict())
        else:
            print(checked)
        raise typer.Exit(0 if checked.holds else 4)
    from analysis.runner.replication import replication_package

    packed = replication_package(report, out=out)
    if as_json:
        _print(packed.to_dict())
    else:
        print(packed)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what is missing on this machine, and what is lost without it."""
    from analysis.runner.doctor import examine

    findings = examine(Path.cwd() / "reports")
    if as_json:
        _print([finding.to_dict() for finding in findings])
    else:
        print("\n".join(str(finding) for finding in findings))
    raise typer.Exit(2 if any(finding.needed and not finding.fine for finding in findings) else 0)


@app.command()
def params(
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema instead of the page.")] = False,
) -> None:
    """Print every key a parameters file may hold."""
    if schema:
        from analysis.runner.params_model import Params

        _print(Params.json_schema())
    else:
        from analysis.runner.params_page import parameters_page

        print(parameters_page(), end="")


@app.command()
def prove(
    worlds: Annotated[int, typer.Option("--worlds", min=1, help="Companies of each hazard.")] = 1_000,
    hazard: Annotated[list[str] | None, typer.Option("--hazard", help="Only this one; may be repeated.")] = None,
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
    page: Annotated[Path | None, typer.Option("--page", help="Folder of the page; default beside the records.")] = None,
    records: Annotated[
        list[Path] | None,
        typer.Option("--records", help="A folder of records made before: only the page is made. May be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge the studies in thousands of made-up companies whose truth is known, and write the page."""
    from analysis.runner.progress import Lines
    from analysis.runner.proving.command import prove_study

    proved = prove_study(
        worlds=worlds,
        hazards=hazard or (),
        out=out,
        pages=page,
        jobs=jobs,
        through_files=through_files,
        customers=customers,
        records=records or (),
        progress=Lines(),
    )
    if as_json:
        _print(proved.to_dict())
    else:
        print(proved)


@app.command("make-world")
def make_world(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the tables and truth.json are written.")],
    world: Annotated[str, typer.Option("--world", help="Kind of company, such as demo, none or effect.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed: the same seed makes the same company.")],
    customers: Annotated[int, typer.Option("--customers", min=1, help="Number of customers.")],
    exports: Annotated[
        bool, typer.Option("--exports", help="Write two quarters of its systems' exports, for an intake.")
    ] = False,
) -> None:
    """Make a company whose truth is known: the contract's tables, or exports that come to them, and truth.json."""
    if exports:
        from analysis.synthetic.exports.write import make_exports

        make_exports(folder, world=world, seed=seed, customers=customers)
    else:
        from analysis.synthetic.make import make_world as make

        make(folder, world=world, seed=seed, customers=customers)
    print(f"Made: {folder}")


def main() -> None:
    """The command, with every expected error as its own words and its exit status."""
    from analysis.runner.ending import ended

    sys.exit(ended(lambda: app(prog_name="touchstone")))


@contextmanager
def _progress(*, plain: bool = False) -> Iterator[Progress]:
    from analysis.runner.progress import Lines, Live

    if plain or not sys.stderr.isatty():
        yield Lines()
    else:
        with Live() as live:
            yield live


def _run(params: str, data: Path | None, out: Path | None, progress: Progress, time_out: float | None = None) -> Run:
    from analysis.runner.run import run_study

    return run_study(params, data=data, out=out, progress=progress, time_out=time_out)


def _say_where(run: Run) -> None:
    print(f"{'Nothing had changed. ' if run.reused else ''}Report: {run.report / 'index.html'}")


def _print(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


if __name__ == "__main__":
    main()
