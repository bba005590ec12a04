"""How a command answers: as words for people or as JSON for programs, and how far it is while it works."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from analysis.runner.progress import Progress
    from analysis.runner.run import Run


class Answer(Protocol):
    """What a command found: prints as sentences, and gives itself as plain values."""

    def to_dict(self) -> Any: ...


def say(answer: Answer, *, as_json: bool) -> None:
    """Print an answer as JSON or in its own words.

    Parameters
    ----------
    answer : anything that prints as sentences and has `to_dict`
    as_json : bool

    Examples
    --------
    >>> class Made:
    ...     def to_dict(self):
    ...         return {"folder": "params/café"}
    ...     def __str__(self):
    ...         return "Made: params/café"
    >>> say(Made(), as_json=False)
    Made: params/café
    >>> say(Made(), as_json=True)
    {
      "folder": "params/café"
    }
    """
    if as_json:
        print_json(answer.to_dict())
    else:
        print(answer)


def print_json(value: Any) -> None:
    """Print plain values as JSON, indented; what JSON does not know (a path, a date) as its text.

    Parameters
    ----------
    value : plain values

    Examples
    --------
    >>> from datetime import date
    >>> print_json([date(2026, 9, 30)])
    [
      "2026-09-30"
    ]
    """
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


@contextmanager
def progress_shown(*, plain: bool = False) -> Iterator[Progress]:
    """Show on stderr how far a run is: a live line in a terminal, else (or if `plain`) a line a step.

    Parameters
    ----------
    plain : bool

    Examples
    --------
    >>> with progress_shown(plain=True) as progress:
    ...     type(progress).__name__
    'Lines'
    """
    from analysis.runner.progress import Lines, Live

    if plain or not sys.stderr.isatty():
        yield Lines()
    else:
        with Live() as live:
            yield live


def say_run(run: Run, *, as_json: bool, open_report: bool = False) -> None:
    """Print where the report of a run is, and whether it is the earlier one; open it where that is asked for.

    Parameters
    ----------
    run : Run
    as_json, open_report : bool
    """
    page = run.report / "index.html"
    if as_json:
        steps = {name: {"state": one.state, "seconds": one.seconds} for name, one in run.steps.items()}
        about = {"study": run.study, "run": run.run, "report": str(run.report), "folder": str(run.folder)}
        print_json({**about, "reused": run.reused, "steps": steps})
    else:
        print(f"{'Nothing had changed. ' if run.reused else ''}Report: {page}")
    if open_report:
        open_page(page)


def open_page(page: Path) -> None:
    """Open a page in the browser; where there is none, say on stderr which address to open.

    Parameters
    ----------
    page : Path
    """
    import os
    import webbrowser

    has_screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    address = page.absolute().as_uri()
    try:
        opened = (has_screen or sys.platform in ("win32", "darwin")) and webbrowser.open(address)
    except webbrowser.Error:
        opened = False
    if not opened:
        print(f"There is no browser here to open it with. Its address: {address}", file=sys.stderr)
