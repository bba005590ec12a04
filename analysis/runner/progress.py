"""What does the person waiting see? One line a step, to a terminal or to a log."""

from __future__ import annotations

import sys
import threading
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

    def begin(self, step: str) -> None:
        """A step has begun."""

    def end(self, step: str, state: str, seconds: float) -> None:
        """A step is over."""


class Quiet:
    """Tells nothing."""

    def say(self, text: str) -> None: ...

    def begin(self, step: str) -> None: ...

    def end(self, step: str, state: str, seconds: float) -> None: ...


class Lines:
    """Plain lines on the error channel, for logs and programs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        with self._lock:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()

    def begin(self, step: str) -> None:
        self.say(f"{step}: begun")

    def end(self, step: str, state: str, seconds: float) -> None:
        self.say(f"{step}: {WORDS[state]}" + (f" ({seconds:.1f} s)" if state != "kept" else ""))


class Live:
    """A moving line for each step under way, on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import Progress as Bars
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        self._bars = Bars(*columns, console=Console(stderr=True), transient=True)
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Live:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bars.stop()

    def say(self, text: str) -> None:
        self._bars.console.print(text, markup=False, highlight=False)

    def begin(self, step: str) -> None:
        self._tasks[step] = self._bars.add_task(step, total=None)

    def end(self, step: str, state: str, seconds: float) -> None:
        if step in self._tasks:
            self._bars.remove_task(self._tasks.pop(step))
        took = f" {seconds:5.1f} s" if state != "kept" else ""
        self.say(f"  {step:<14} {WORDS[state]:<13}{took}")
