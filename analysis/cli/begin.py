"""Where a study starts: the demo company and its study, a folder for a new study, or the next quarter of one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from analysis.cli.options import AsJson, Jobs, Open
from analysis.cli.saying import print_json, progress_shown, say, say_run

commands = typer.Typer()


@commands.command()
def demo(
    open_report: Open = False,
    jobs: Jobs = None,
    as_json: AsJson = False,
    data_only: Annotated[bool, typer.Option("--data-only", help="Make the company's tables and stop.")] = False,
) -> None:
    """Make the demo company, if it is not there yet, and run its study."""
    from analysis.runner.demo import CUSTOMERS, ensure_demo
    from analysis.runner.params import load_params

    params = load_params("params/demo.yaml")
    with progress_shown(plain=as_json) as progress:
        progress.say(f"The demo company: {CUSTOMERS:,} made-up customers in {params.home / 'data' / 'demo'}")
        if ensure_demo(params.home / "data" / "demo"):
            progress.say("  made now; its truth is in truth.json")
        if data_only:
            if as_json:
                print_json({"data": str(params.home / "data" / "demo")})
            return
        from analysis.runner.run import run_study

        run = run_study(params, progress=progress, jobs=jobs)
    say_run(run, as_json=as_json, open_report=open_report)


@commands.command()
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
    say(made, as_json=as_json)
