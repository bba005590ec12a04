"""The command `touchstone`: what can be asked from a terminal. Thin: each command imports what it needs and calls it.

The commands stand in the order in which a study needs them, a module for each part of the way. How they answer is told
in `saying`, what options they share in `options`; the work is done in `analysis.runner`.

Exit status: 0 done; 1 our own bug; 2 parameters or tables are at fault; 3 a step failed while running, or the machine
lacks room or rights; 4 the record of closed months, of signatures or of a package does not hold; 130 interrupted.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from analysis import __version__
from analysis.cli import begin, handing_on, itself, record, study, tables

app = typer.Typer(
    name="touchstone",
    help="Measures what social customer service is worth: counts, comparisons, graded claims, a case in money.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for part in (begin, tables, study, record, handing_on, itself):
    app.add_typer(part.commands)


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


def main() -> None:
    """The command, with every expected error as its own words and its exit status."""
    from analysis.runner.ending import ended

    sys.exit(ended(lambda: app(prog_name="touchstone")))
