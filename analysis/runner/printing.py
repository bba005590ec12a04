"""How does a report get its PDF? A process of its own prints it, beside the work that is left.

The process is begun early, since it takes a moment to say whether it can print at all; pages say that there is a PDF
only where there will be one. How it is printed is left to `analysis.reporting.pdf`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, cast

REPORT = "report.pdf"
TIME_OUT_SECONDS = 600
_COMMAND = ("-m", "analysis.reporting.pdf")
_SAME = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "SOURCE_DATE_EPOCH": "946684800", "LC_ALL": "C", "TZ": "UTC"}


class Press:
    """A process that prints one report."""

    def __init__(self) -> None:
        from analysis.runner.notebook import clean_environment

        self._process = subprocess.Popen(  # noqa: S603  # this Python, our own module
            [sys.executable, *_COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=clean_environment(_SAME),
            encoding="utf-8",
        )
        self._asking = threading.Lock()
        self._told: list[str | None] = []

    @property
    def lack(self) -> str | None:
        """What keeps it from printing, as a clause; "" where nothing was to be printed; None where nothing does.

        It says so once, and several threads may ask.
        """
        with self._asking:
            if not self._told:
                self._told.append(self._says())
            return self._told[0]

    def _says(self) -> str | None:
        line = cast("IO[str]", self._process.stdout).readline()
        if not line:
            return "the process that prints it ended at once"
        said = json.loads(line)
        return None if said is None else str(said)

    def begin(self, asked: Mapping[str, object]) -> None:
        """Let it print; `asked` says what, as `analysis.reporting.pdf.__main__` reads it."""
        put_in = cast("IO[str]", self._process.stdin)
        put_in.write(json.dumps(dict(asked)) + "\n")
        put_in.close()

    def ends_well(self) -> bool:
        """Wait for it; whether it printed."""
        try:
            return self._process.wait(TIME_OUT_SECONDS) == 0
        except subprocess.TimeoutExpired:
            self.stop()  # what is begun must not come later
            return False

    def stop(self) -> None:
        """End it, whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                try:
                    pipe.close()
                except OSError:
                    continue  # it was told to end before it read


@contextmanager
def press() -> Iterator[Press]:
    """A press that does not outlive the block."""
    one = Press()
    try:
        yield one
    finally:
        one.stop()
