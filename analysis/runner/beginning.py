"""How does a study begin? A folder with parameters, sources, and the two tables that are kept by hand.

Everything is written beside the place and put there in one step, so that there is a whole study or none. The texts lie
in `templates/`; the columns of the tables are the contract's. The parameters of the next quarter are left to
`following`.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from pydantic import ValidationError

from analysis.foundation.errors import Fault, InputError
from analysis.reporting.formats import plain
from analysis.runner.params_model import Params
from analysis.runner.params_yaml import read_yaml
from analysis.tables.contract import KNOWN_AT, SCHEMAS, ColumnSchema

BY_HAND = ("changes", "costs")
"""Tables that no system exports: somebody keeps them, a line at a time."""
TEMPLATES = Path(__file__).parent / "templates"
UNNAMED = "study"
MOST_NAMED = 5
_WRITTEN = {
    "id": "id", "text": "text", "time": "time", "date": "day", "money": "amount", "number": "number",
    "int": "whole number", "flag": "true or false",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Begun:
    """A study that was begun: its folder, its name, and the files in it."""

    folder: Path
    study: str
    files: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """What was made, for programs."""
        return {"study": self.study, "folder": str(self.folder), "files": list(self.files)}

    def __str__(self) -> str:
        return "\n".join(
            [
                f"Made: {self.folder}",
                *(f"  {name}" for name in self.files),
                "",
                "Next, in that folder",
                "  put the exports into exports/, and name them in params/sources.yaml",
                "  touchstone intake params/sources.yaml --as-of DATE",
                f"  touchstone plan params/{self.study}.yaml",
            ]
        )


def begin_study(folder: str | Path) -> Begun:
    """Make the folder of a new study, named for it.

    Parameters
    ----------
    folder : str or Path
        A folder that is not there yet, or an empty one.

    Raises
    ------
    InputError
        If something is in the way, which is named, or the folder cannot be made. Nothing is written then.
    """
    place = Path(os.path.abspath(Path(folder).expanduser()))
    _must_be_free(place, plain(folder, 200))
    study = name_fitting(place.name)
    staged = place.with_name(f".{place.name[:100]}.{os.getpid()}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        for name, text in texts_of(study).items():
            file = staged / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        if sys.platform == "win32" and place.is_dir():
            place.rmdir()  # there a folder is not renamed over an empty one
        staged.rename(place)
    except OSError as error:
        what, remedy = f"cannot be made ({error.strerror})", "Name a folder in a place where you may write."
        raise InputError(Fault(where=plain(folder, 200), what=what, remedy=remedy, rule="not_writable")) from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return Begun(Path(folder), study, tuple(texts_of(study)))


def name_fitting(name: str) -> str:
    """The name of a folder as the name of a study, which names files and a report.

    Examples
    --------
    >>> [name_fitting(name) for name in ("care-2026q3", "Social care (UK)", "Müller & Söhne", "...", "ledger")]
    ['care-2026q3', 'Social-care-UK', 'Muller-Sohne', 'study', 'study']
    """
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    fitting = re.sub(r"[^A-Za-z0-9._-]+", "-", letters)[:100].strip("-.")
    if fitting.casefold() == "sources":  # its parameters would lie where the sources do
        return UNNAMED
    try:
        return Params(study=fitting).study
    except ValidationError:
        return UNNAMED


def as_yaml(text: str) -> str:
    """A text as YAML reads it again: in quotes where it would be taken for a number or another thing.

    Examples
    --------
    >>> as_yaml("2026q3"), as_yaml("2026")
    ('2026q3', '"2026"')
    """
    return text if read_yaml(f"key: {text}\n", "text").values.get("key") == text else f'"{text}"'


def texts_of(study: str) -> dict[str, str]:
    """The files of a new study, by their paths from its folder.

    Examples
    --------
    >>> print(texts_of("care")["costs.csv"], end="")
    cost_id,month,line,amount,currency
    """
    told = {"study": as_yaml(study), "file": f"{study}.yaml", "tables": "\n".join(map(_about_table, BY_HAND))}
    return {
        "README.md": _text("readme.md", {**told, "study": study}),
        f"params/{study}.yaml": _text("params.yaml", told),
        "params/sources.yaml": _text("sources.yaml", {}),
        **{f"{table}.csv": ",".join(column.name for column in _columns(table)) + "\n" for table in BY_HAND},
        "exports/README.md": _text("exports.md", {}),
        ".gitignore": _text("gitignore.txt", {}),
    }


def _text(name: str, told: dict[str, str]) -> str:
    return Template((TEMPLATES / name).read_text(encoding="utf-8")).substitute(told)


def _must_be_free(place: Path, said: str) -> None:
    """Refuse a place where something is, or from under which the terminal would be pulled away."""
    what = None
    remedy = "Name a folder that is not there yet."
    if place.is_dir() and not place.is_symlink():
        names = sorted(one.name for one in place.iterdir())
        rest = len(names) - MOST_NAMED
        listed = ", ".join(f"`{plain(name, 80)}`" for name in names[:MOST_NAMED])
        if names:
            what = f"holds {listed}{f' and {rest} more' if rest > 0 else ''}, and nothing is written over"
        elif place.resolve() in (here := Path.cwd().resolve(), *here.parents):
            what, remedy = "is the folder you stand in, and is put in place as a whole", "Go one folder up first."
    elif os.path.lexists(place):
        what = "is a link" if place.is_symlink() else "is a file"
    elif above := next((one for one in place.parents if one.exists() and not one.is_dir()), None):
        what = f"lies under `{plain(above.name, 80)}`, which is a file"
    if what is not None:
        raise InputError(Fault(where=said, what=what, remedy=remedy, rule="place_taken"))


def _columns(table: str) -> tuple[ColumnSchema, ...]:
    """The columns a person fills; since when a row is known, the intake knows."""
    return tuple(column for column in SCHEMAS[table].columns if column.name != KNOWN_AT.name)


def _about_table(table: str) -> str:
    """What goes into a table, as a section of a page."""
    schema = SCHEMAS[table]
    lines = [f"## {table}.csv", "", schema.about, "", "| column | holds | written as |", "|---|---|---|"]
    for column in _columns(table):
        kind = ", ".join(f"`{value}`" for value in column.values) if column.values else _WRITTEN[column.type]
        kind += ", three capital letters" if column.format == "currency" else ""
        empty = "; may be empty" if column.nullable else ""
        lines.append(f"| `{column.name}` | {column.about} | {kind}{empty} |")
    key = ", ".join(f"`{name}`" for name in schema.key)
    return "\n".join([*lines, "", f"Each line has a {key} of its own: a line changed later keeps it.", ""])
