"""How many threads work on a stack at once, and why may they? One for each processor that this process can use.

Most of the work is done by numpy, scipy and Arrow, which let other threads run meanwhile. Each piece fills a place of
its own, or is a sum of whole numbers, and what comes of the pieces is put together in their order: no number of threads
can change a digit. What the pieces are is left to those who ask; the engine has threads of its own, which rest then.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")

WORTH_THREADS = 2**22
"""Numbers that the work on all pieces goes through: with fewer, threads take longer to begin than they save."""
THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def side_by_side(
    work: Callable[[Piece], Result], pieces: Iterable[Piece], *, numbers: int | None = None
) -> list[Result]:
    """What comes of each piece, in the order of the pieces.

    Parameters
    ----------
    work : callable
        That changes nothing which the work on another piece reads.
    pieces : iterable
    numbers : int, optional
        Through how many numbers the work on all pieces goes; through a few, one thread goes sooner than two.

    Raises
    ------
    Exception
        The first in the order of the pieces, if the work on one raises.

    Examples
    --------
    >>> side_by_side(lambda number: number**2, [3, 1, 2])
    [9, 1, 4]
    """
    given = list(pieces)
    if THREADS < 2 or len(given) < 2 or (numbers is not None and numbers < WORTH_THREADS):
        return [work(piece) for piece in given]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, given))


def ahead(work: Callable[[Piece], Result], pieces: Iterable[Piece]) -> Iterator[Result]:
    """What comes of each piece, in the order of the pieces, where a few more are worked on while one is used.

    As `side_by_side`, for batches that come from the engine one after the other and are added up in their order: no
    more than a few are held at once, and work goes on while the caller uses an earlier result.

    Examples
    --------
    >>> list(ahead(lambda number: number**2, [3, 1, 2]))
    [9, 1, 4]
    """
    if THREADS < 2:
        yield from map(work, pieces)
        return
    with ThreadPoolExecutor(THREADS) as pool:
        waiting: deque[Future[Result]] = deque()
        for piece in pieces:
            waiting.append(pool.submit(work, piece))
            if len(waiting) > THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
