"""A study, or several: what would run, the run itself, and its results alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analysis.cli.options import AsJson, Data, Jobs, Open, Out, ParamsFile, ParamsFiles
from analysis.cli.saying import open_page, print_json, progress_shown, say, say_run

commands = typer.Typer()


@commands.command()
def plan(params: ParamsFile, data: Data = None, out: Out = None, as_json: AsJson = False) -> None:
    """Say what would run, on which rows, and which files would be written."""
    from analysis.runner.plan import plan_study

    say(plan_study(params, data=data, out=out), as_json=as_json)


@commands.command()
def run(
    params: ParamsFiles,
    data: Data = None,
    out: Out = None,
    open_report: Open = False,
    jobs: Jobs = None,
    as_json: AsJson = False,
    time_out: Annotated[
        float | None, typer.Option("--time-out", min=1, help="Seconds for each notebook; default an hour.")
    ] = None,
    memory_share: Annotated[float, typer.Option("--memory-share", min=0.01, max=0.9, hidden=True)] = 0.7,
) -> None:
    """Run a study, or several: notebooks, pages and results.json, each report published in one step."""
    if len(params) > 1 or Path(params[0]).is_dir():
        if data is not None or out is not None:
            raise typer.BadParameter("--data and --out are for one study: run it alone, or say it in each file.")
        from analysis.runner.several import files_meant, run_several

        files = files_meant(params)
        with progress_shown(plain=True) as progress:
            ended = run_several(files, jobs=jobs, time_out=time_out, progress=progress)
        say(ended, as_json=as_json)
        if open_report and ended.index is not None:
            open_page(ended.index)
        raise typer.Exit(ended.status)
    from analysis.runner.run import run_study

    with progress_shown(plain=as_json) as progress:
        done = run_study(
            params[0], data=data, out=out, progress=progress, time_out=time_out, jobs=jobs, memory=memory_share
        )
    say_run(done, as_json=as_json, open_report=open_report)


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
