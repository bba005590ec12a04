"""How a command answers: as words for people or as JSON for programs, and how far it is while it works."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def say_where(run: Run) -> None:
    """Print where the report of a run is, and whether it is the earlier one.

    Parameters
    ----------
    run : Run
    """
    print(f"{'Nothing had changed. ' if run.reused else ''}Report: {run.report / 'index.html'}")
