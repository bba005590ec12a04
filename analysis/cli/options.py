"""Arguments and options that several commands share, in one wording."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ParamsFile = Annotated[str, typer.Argument(metavar="PARAMS", help="A parameters file, such as params/demo.yaml.")]
Data = Annotated[Path | None, typer.Option("--data", help="Folder or file of the data; stands above what PARAMS says.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder of the report; stands above what PARAMS says.")]
Tables = Annotated[Path | None, typer.Option("--out", help="Folder of the tables; stands above what SOURCES says.")]
ReportNamed = Annotated[str, typer.Argument(metavar="REPORT", help="A report: its folder, or the name of its study.")]
Zip = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="The zip; default beside the report.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON, for programs.")]
