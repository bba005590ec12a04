"""One study: what would run, the run itself, and its results alone."""

from __future__ import annotations

from typing import Annotated

import typer

from analysis.cli.options import AsJson, Data, Out, ParamsFile
from analysis.cli.saying import print_json, progress_shown, say, say_where

commands = typer.Typer()


@commands.command()
def plan(params: ParamsFile, data: Data = None, out: Out = None, as_json: AsJson = False) -> None:
    """Say what would run, on which rows, and which files would be written."""
    from analysis.runner.plan import plan_study

    say(plan_study(params, data=data, out=out), as_json=as_json)


@commands.command()
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
    from analysis.runner.run import run_study

    with progress_shown(plain=as_json) as progress:
        done = run_study(params, data=data, out=out, progress=progress, time_out=time_out)
    if as_json:
        print_json(
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
        say_where(done)


@commands.command()
def compute(params: ParamsFile, data: Data = None, out: Out = None, as_json: AsJson = False) -> None:
    """Write results.json alone: the same steps and the same bytes, without notebooks."""
    from analysis.runner.compute import compute_study

    with progress_shown(plain=as_json) as progress:
        written = compute_study(params, data=data, out=out, progress=progress)
    if as_json:
        print_json({"results": str(written)})
    else:
        print(f"Results: {written}")
