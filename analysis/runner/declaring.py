"""What is decided before a test begins, put down in a file and under a hash? The design sheet's declaration, written.

The hash is printed to be noted where the file is not: in the minutes, in a ticket. `experiment: {declared: FILE,
declared_sha256: HASH}` in the parameters of the report then tells what was declared from what was explored. What goes
into a declaration is left to `studies.planning`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.foundation.errors import Fault, ParamsError
from analysis.runner.opening import prepare_study

if TYPE_CHECKING:
    from analysis.runner.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The file, the hash to be noted, and what was declared."""

    file: Path
    sha256: str
    declaration: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The answer for programs."""
        return {"file": str(self.file), "sha256": self.sha256, "declaration": self.declaration}

    def __str__(self) -> str:
        held = self.declaration
        segments = ", ".join(held["segments"]) or "none"
        return (
            f"{self.file}: primary outcome {held['primary']}, {len(held['outcomes'])} outcomes, segments: {segments}.\n"
            f"Note this hash where the file is not:\n{self.sha256}"
        )


def declare(params: str | Path, file: Path, *, data: Path | None = None) -> Declared:
    """Write the declaration of the test that the parameters plan.

    Raises
    ------
    ParamsError
        If the parameters plan no test, or name segments by which nothing can be declared.
    DesignError
        If the records cannot be planned from, or the file holds another declaration: none is overwritten.
    """
    with prepare_study(params, data=data) as study:
        if study.values.design_sheet is None:
            where, what = f"{study.params.name}: design_sheet", "plans no test"
            remedy = "Add a section `design_sheet:`, which may be empty."
            raise ParamsError(Fault(where=where, what=what, remedy=remedy, rule="section"))
        _refuse_segments(study)
        declaration = study.design_sheet().declaration
    sha256 = declaration.write(file)
    return Declared(file=file, sha256=sha256, declaration=declaration.to_dict())


def _refuse_segments(study: Study) -> None:
    """A slip of the pen in what was declared could not be mended later: columns of `customers` must be there."""
    from analysis.studies.soundness import unusable_attribute

    if not study.tables.has("customers"):
        return
    faults = []
    for place, name in enumerate(study.values.segments):
        lack = unusable_attribute(study.tables, name)
        if lack is not None:
            where, what = f"{study.params.name}: segments[{place}]", f"nothing can be declared by `{name}`: {lack[:-1]}"
            faults.append(Fault(where=where, what=what, remedy="Name a column of `customers`.", rule="segment"))
    if faults:
        raise ParamsError(faults)
