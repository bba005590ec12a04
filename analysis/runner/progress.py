"""What does the person waiting see? One line a step and how long it will still take, to a terminal or to a log.

The time left is reckoned from how long each step took in the last run of the study, or takes for the demo company.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol

WORDS: Mapping[str, str] = {
    "done": "done",
    "skipped": "left out",
    "failed": "FAILED",
    "interrupted": "interrupted",
    "kept": "already done",
}


class Progress(Protocol):
    """What a run tells while it goes on."""

    def say(self, text: str) -> None:
        """A sentence."""

    def expect(self, seconds: Mapping[str, float], at_once: int) -> None:
        """These steps are to be done, each taking so long, so many side by side."""

    def begin(self, step: str) -> None:
        """A step has begun."""

    def end(self, step: str, state: str, seconds: float) -> None:
        """A step is over."""


class Quiet:
    """Tells nothing."""

    def say(self, text: str) -> None: ...

    def expect(self, seconds: Mapping[str, float], at_once: int) -> None: ...

    def begin(self, step: str) -> None: ...

    def end(self, step: str, state: str, seconds: float) -> None: ...


class Ahead:
    """How much is still ahead: what was expected, less what is over and what has gone by of what is under way."""

    def __init__(self, seconds: Mapping[str, float], at_once: int) -> None:
        self._seconds = dict(seconds)
        self._at_once = at_once
        self._since: dict[str, float] = {}

    def begin(self, step: str) -> None:
        self._since[step] = time.monotonic()

    def end(self, step: str) -> None:
        self._seconds.pop(step, None)

    @property
    def seconds(self) -> float:
        """Seconds left: of the work shared out, and at least those of the longest step there is."""
        now = time.monotonic()
        left = [max(took - (now - self._since.get(step, now)), 0.0) for step, took in self._seconds.items()]
        return max(sum(left) / self._at_once, max(left, default=0.0))


def roughly(seconds: float) -> str:
    """A time left, as exactly as it is known.

    Examples
    --------
    >>> roughly(0), roughly(4), roughly(34), roughly(400)
    ('', 'a few seconds left', 'about 40 s left', 'about 7 min left')
    """
    if seconds <= 0:
        return ""
    if seconds < 10:
        return "a few seconds left"
    tens = int(-(-seconds // 10) * 10)
    return f"about {tens} s left" if tens <= 120 else f"about {round(seconds / 60)} min left"


class Lines:
    """Plain lines on the error channel, for logs and programs.

    Parameters
    ----------
    of : str
        What is being told of, where there is more than one: it stands before each line.
    """

    def __init__(self, of: str = "") -> None:
        self._lock = threading.Lock()
        self._before = f"{of}: " if of else ""
        self._ahead = Ahead({}, 1)

    def expect(self, seconds: Mapping[str, float], at_once: int) -> None:
        self._ahead = Ahead(seconds, at_once)

    def say(self, text: str) -> None:
        with self._lock:
            sys.stderr.write(f"{self._before}{text}\n")
            sys.stderr.flush()

    def begin(self, step: str) -> None:
        self._ahead.begin(step)
        self.say(f"{step}: begun")

    def end(self, step: str, state: str, seconds: float) -> None:
        self._ahead.end(step)
        left = roughly(self._ahead.seconds) if state != "kept" else ""
        took = f" ({seconds:.1f} s)" if state != "kept" else ""
        self.say(f"{step}: {WORDS[state]}{took}" + (f"; {left}" if left else ""))


class Live:
    """A moving line for each step under way, on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import Progress as Bars
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        self._bars = Bars(*columns, console=Console(stderr=True), transient=True)
        self._tasks: dict[str, Any] = {}
        self._ahead = Ahead({}, 1)

    def expect(self, seconds: Mapping[str, float], at_once: int) -> None:
        self._ahead = Ahead(seconds, at_once)

    def __enter__(self) -> Live:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bars.stop()

    def say(self, text: str) -> None:
        self._bars.console.print(text, markup=False, highlight=False)

    def begin(self, step: str) -> None:
        self._ahead.begin(step)
        self._tasks[step] = self._bars.add_task(step, total=None)

    def end(self, step: str, state: str, seconds: float) -> None:
        if step in self._tasks:
            self._bars.remove_task(self._tasks.pop(step))
        self._ahead.end(step)
        took = f" {seconds:5.1f} s" if state != "kept" else ""
        left = roughly(self._ahead.seconds) if state != "kept" else ""
        self.say(f"  {step:<18} {WORDS[state]:<13}{took}" + (f"   {left}" if left else ""))
