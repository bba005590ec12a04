"""What is told when we ourselves failed? A short sentence, and a file with the places in the code.

The words of an unexpected error may hold a row's content (an engine quotes the value it could not read), so they are
left out: the file holds the chain of error types and the lines of code they passed through. `TOUCHSTONE_DEBUG=1` prints
everything to the terminal instead.
"""

from __future__ import annotations

import os
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from analysis import __version__
from analysis.foundation.errors import TouchstoneError

DEBUG = "TOUCHSTONE_DEBUG"


def write_crash(error: BaseException, folder: Path) -> str:
    """Write where an error came from to `reports/.logs` in `folder`, and say so in a sentence."""
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
        return f"{type(error).__name__}, as printed above."
    said = f"{error}" if isinstance(error, TouchstoneError) else f"an unexpected {type(error).__name__}."
    name = f"crash-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}.txt"
    text = f"touchstone {__version__}\n\n{trace(error)}"
    for place in (folder / "reports" / ".logs", Path(tempfile.gettempdir())):
        try:
            place.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text, encoding="utf-8")
        except OSError:
            continue
        return f"{said} This is a bug of ours. Where it happened is in {place / name}; {DEBUG}=1 shows it here."
    return f"{said} This is a bug of ours, and no log could be written; {DEBUG}=1 shows where it happened."


def trace(error: BaseException) -> str:
    """The chain of errors, outermost last, each with the lines of code it passed through and without its words."""
    chain: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in chain:
        chain.append(one)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    blocks = []
    for each in reversed(chain):
        frames = "".join(traceback.format_tb(each.__traceback__))
        ours = isinstance(each, TouchstoneError | ImportError)
        words = str(each) if ours else "(its words are left out: they may hold data)"
        blocks.append(f"{frames}{type(each).__module__}.{type(each).__name__}: {words}\n")
    return "\nThen:\n\n".join(blocks)
