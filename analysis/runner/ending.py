"""How does a command end? Every error in its own words, with the exit status it stands for, and Ctrl-C as Ctrl-C.

Which error has which status is told in `analysis.foundation.errors`; what commands there are, in `analysis.cli`.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

INTERRUPTED = 130


def ended(command: Callable[[], object]) -> int:
    """Run a command, say on stderr what stopped it, and give its exit status.

    Parameters
    ----------
    command : callable

    Examples
    --------
    >>> ended(lambda: None), ended(lambda: sys.exit(2))
    (0, 2)
    """
    with _interrupts() as interrupts:
        status = _status(command, interrupts)
    if interrupts.seen:
        print("Interrupted. The last report stands; a rerun goes on from what was finished.", file=sys.stderr)
        status = INTERRUPTED
    return status


class _Interrupts:
    """Whether Ctrl-C was pressed: the engine and others turn it into errors of their own on the way up."""

    seen = False

    def note(self, number: int, frame: FrameType | None) -> None:
        self.seen = True
        raise KeyboardInterrupt


@contextmanager
def _interrupts() -> Iterator[_Interrupts]:
    interrupts = _Interrupts()
    listening = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if listening else None
    if before is not signal.default_int_handler:  # Ctrl-C is ignored, or somebody else takes care of it
        yield interrupts
        return
    signal.signal(signal.SIGINT, interrupts.note)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before)


def _status(command: Callable[[], object], interrupts: _Interrupts) -> int:
    from analysis.foundation.errors import TouchstoneError

    try:
        command()
    except KeyboardInterrupt:
        interrupts.seen = True
    except SystemExit as end:
        interrupts.seen |= end.code == INTERRUPTED
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except TouchstoneError as error:
        if interrupts.seen:
            return INTERRUPTED
        if error.exit_status == 1:
            return _bug(error)
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return error.exit_status
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:
        return INTERRUPTED if interrupts.seen else _unforeseen(error)
    return 0


def _unforeseen(error: Exception) -> int:
    """What the machine refused (room, rights, memory) is told with its remedy; all else is a bug of ours."""
    from analysis.foundation.machine import lack_of

    lack = lack_of(error)
    if lack is None:
        return _bug(error)
    print(f"Touchstone stopped: {lack}", file=sys.stderr)
    return 3


def _bug(error: Exception) -> int:
    from analysis.runner.crash import write_crash

    print(f"Touchstone failed: {write_crash(error, Path.cwd())}", file=sys.stderr)
    return 1
