"""What others rely on: signatures, a zip to send, a declaration before a test, a package to check a study by."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analysis.cli.options import AsJson, Data, ParamsFile, ReportNamed, Zip
from analysis.cli.saying import say

commands = typer.Typer()


@commands.command()
def sign(
    report: ReportNamed,
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Your name, as it is to stand on the pages.")],
    role: Annotated[str, typer.Option("--role", help="reviewer: has checked the work. approver: answers for its use.")],
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="A line that stands beside the name.")] = "",
    as_json: AsJson = False,
) -> None:
    """Sign the results of a report: its pages then say Reviewed or Signed, as long as the results are the same."""
    from analysis.runner.signing import sign_report

    say(sign_report(report, name=name, role=role, note=note), as_json=as_json)


@commands.command()
def share(report: ReportNamed, out: Zip = None, as_json: AsJson = False) -> None:
    """Write a zip to send: pages, documents and results, searched for anything of customers."""
    from analysis.runner.sharing import share_report

    say(share_report(report, out=out), as_json=as_json)


@commands.command()
def declare(
    params: ParamsFile,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The declaration to write, such as params/trial.json.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Write what a planned test decides beforehand, under a hash to be noted elsewhere."""
    from analysis.runner.declaring import declare as declared

    say(declared(params, file, data=data), as_json=as_json)


@commands.command()
def replicate(
    report: ReportNamed,
    out: Zip = None,
    check: Annotated[bool, typer.Option("--check", help="REPORT is such a zip: say whether it is whole.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write what somebody needs to check a study or to run it again: all but the customers' rows."""
    if check:
        from analysis.runner.replication_check import verify_package

        checked = verify_package(Path(report))
        say(checked, as_json=as_json)
        raise typer.Exit(0 if checked.holds else 4)
    from analysis.runner.replication import replication_package

    say(replication_package(report, out=out), as_json=as_json)
