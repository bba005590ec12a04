"""Arguments and options that several commands share, in one wording."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def parameters_here(begun: str) -> list[str]:
    """The parameters files that a word on the command line may become, for the shell to complete it."""
    folder = Path(begun).parent if "/" in begun else Path("params")
    names = [str(one) for one in sorted(folder.glob("*.y*ml"))]
    return [name for name in names if name.startswith(begun)]


def reports_here(begun: str) -> list[str]:
    """The reports that a word on the command line may become."""
    found = sorted(one.parent.name for one in Path("reports").glob("*/manifest.json"))
    return [name for name in found if name.startswith(begun)]


def worlds_known(begun: str) -> list[str]:
    """The kinds of made-up companies that a word on the command line may become."""
    from analysis.synthetic.make import OTHERS
    from analysis.synthetic.world import WORLDS

    return sorted(name for name in (*WORLDS, *OTHERS) if name.startswith(begun))


ParamsFile = Annotated[
    str,
    typer.Argument(
        metavar="PARAMS", help="A parameters file, such as params/demo.yaml.", autocompletion=parameters_here
    ),
]
ParamsFiles = Annotated[
    list[str],
    typer.Argument(metavar="PARAMS...", help="Parameters files, or folders of them.", autocompletion=parameters_here),
]
Data = Annotated[Path | None, typer.Option("--data", help="Folder or file of the data; stands above what PARAMS says.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder of the report; stands above what PARAMS says.")]
Tables = Annotated[Path | None, typer.Option("--out", help="Folder of the tables; stands above what SOURCES says.")]
ReportNamed = Annotated[
    str,
    typer.Argument(
        metavar="REPORT", help="A report: its folder, or the name of its study.", autocompletion=reports_here
    ),
]
Zip = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="The zip; default beside the report.")]
Open = Annotated[bool, typer.Option("--open", help="Open the report in the browser.")]
Jobs = Annotated[
    int | None, typer.Option("--jobs", "-j", min=1, help="How much runs at once; default one a processor, two to four.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON, for programs.")]
