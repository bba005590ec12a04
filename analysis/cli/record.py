"""Figures over time: closing a month, promising what is to come, verifying what is held, comparing two reports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analysis.cli.options import AsJson, Data, ParamsFile
from analysis.cli.saying import print_json, say

commands = typer.Typer()


@commands.command()
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
    say(closed, as_json=as_json)


@commands.command()
def promise(
    params: ParamsFile,
    promise_id: Annotated[str, typer.Option("--id", metavar="ID", help="The promise's own name, such as margin-2027.")],
    owner: Annotated[
        str | None,
        typer.Option("--owner", metavar="NAME", help="Who answers for it: drafts it from the report's case."),
    ] = None,
    line: Annotated[
        str | None, typer.Option("--line", help="The benefit line that is promised; default that called ID.")
    ] = None,
    launch: Annotated[
        str | None, typer.Option("--launch", metavar="DATE", help="The day it begins; default the next quarter.")
    ] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Freeze a promise: it is not edited afterwards.")] = False,
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="With --approve: your name, as it is to stand there.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draft a promise from a report's case into the register, or approve one, so that what comes is held against it."""
    from analysis.runner.promising import promise_asked

    asked = promise_asked(
        params, promise_id=promise_id, owner=owner, line=line, launch=launch, approve=approve, name=name
    )
    say(asked, as_json=as_json)


@commands.command()
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
        print_json([verdict.to_dict() for verdict in verdicts])
    else:
        print(*verdicts, sep="\n")
    raise typer.Exit(0 if all(verdict.holds for verdict in verdicts) else 4)


@commands.command()
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

    say(figures_asked(params, known_at=known_at, only=metric or (), data=data), as_json=as_json)


@commands.command()
def diff(
    earlier: Annotated[str, typer.Argument(metavar="A", help="A report folder or results file: the earlier.")],
    later: Annotated[str, typer.Argument(metavar="B", help="A report folder or results file: the later.")],
    as_json: AsJson = False,
) -> None:
    """Say what differs between two reports, why it can, and whether effects moved by more than noise."""
    from analysis.runner.previous import compared

    say(compared(earlier, later, most=None if as_json else 60), as_json=as_json)
