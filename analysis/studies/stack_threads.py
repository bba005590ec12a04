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
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from threading import Condition, Lock, local
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import pyarrow as pa

    from analysis.tables.engine import Engine

Piece = TypeVar("Piece")
Result = TypeVar("Result")
Start = Callable[[Callable[[], Result]], Callable[[], Result]]
"""Begins a piece of work, and gives what waits for its result."""
Batches = Callable[..., "Iterator[pa.RecordBatch]"]
"""Reads a query in batches: `batches` or `aside` of an engine."""

WORTH_THREADS = 2**22
"""Numbers that the work on all pieces goes through: with fewer, threads take longer to begin than they save."""
_BEFORE, _WHILE = 8, 4
"""Batches that are made ahead: before the first is taken, and after."""
THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def side_by_side(
    work: Callable[[Piece], Result], pieces: Iterable[Piece], *, numbers: int | None = None
) -> list[Result]:
    """What comes of each piece, in the order of the pieces.

    Within a piece of work that is done beside others, they are worked on one after the other while others are.

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
    given = deque(pieces)
    if THREADS < 2 or len(given) < 2 or (numbers is not None and numbers < WORTH_THREADS):
        return [work(piece) for piece in given]
    found: list[Result] = []
    while given and _thread.others_work():
        found.append(work(given.popleft()))
    many = _Many(len(given))
    with ThreadPoolExecutor(THREADS) as pool:
        return [*found, *pool.map(lambda piece: many.done(partial(work, piece)), given)]


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


def while_reading(
    engine: Engine, first: Callable[[], Piece], other: Callable[[Batches], Result]
) -> tuple[Piece, Result]:
    """What comes of both, the second done beside the first; `other` reads what it needs by the function it is given."""
    with meanwhile(engine, other) as waiting:
        return first(), waiting()


@contextmanager
def meanwhile(engine: Engine, work: Callable[[Batches], Result], *, line: int = 0) -> Iterator[Callable[[], Result]]:
    """What waits for the result of some work that is done from now on, beside the caller's own.

    It reads on one of the lines of the engine, by the function it is given. Where a name stands in for another table,
    which only one of the engine's connections knows, it is done when its result is asked for.
    """
    if THREADS < 2 or engine.standing:
        yield partial(work, engine.batches)
        return
    with _workers(1, engine.leave) as pool:
        yield pool.submit(copy_context().run, work, partial(engine.aside, line=line)).result


@contextmanager
def begun(engine: Engine, sql: str) -> Iterator[Iterator[pa.RecordBatch]]:
    """The batches of a query that is read from now on, aside, while the caller does what comes before they are needed.

    So many are made ahead, here and within the engine, that hardly a processor rests meanwhile, and a few once they are
    taken. Where a name stands in for another table, nothing is read before it is asked for.
    """
    if THREADS < 2 or engine.standing:
        yield engine.batches(sql)
        return
    stream = _Stream()
    with ThreadPoolExecutor(1) as pool:
        try:
            yield stream.taken(pool.submit(stream.make, engine.aside(sql, line=1)))
        finally:
            stream.leave()


class _Stream:
    """Batches between the thread that makes them and the one that takes them."""

    def __init__(self) -> None:
        self._made: deque[pa.RecordBatch] = deque()
        self._most, self._left, self._over = _BEFORE, False, False
        self._changed = Condition()

    def make(self, batches: Iterator[pa.RecordBatch]) -> None:
        """Fill up, wait until something was taken, and so on to the end, or until nobody wants more."""
        try:
            for batch in batches:
                with self._changed:
                    self._changed.wait_for(lambda: self._left or len(self._made) < self._most)
                    if self._left:
                        return
                    self._made.append(batch)
                    self._changed.notify_all()
        finally:
            with self._changed:
                self._over = True
                self._changed.notify_all()

    def taken(self, making: Future[None]) -> Iterator[pa.RecordBatch]:
        """One batch after the other; an error of making them comes after those that were made."""
        self._most = _WHILE
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._made or self._over)
                if not self._made:
                    break
                batch = self._made.popleft()
                self._changed.notify_all()
            yield batch
        making.result()

    def leave(self) -> None:
        """Nothing more is wanted."""
        with self._changed:
            self._left = True
            self._changed.notify_all()


class _Many:
    """Pieces of work that are begun beside each other, and how many of them are not done yet."""

    def __init__(self, waiting: int = 0) -> None:
        self.waiting = waiting
        self._changing = Lock()

    def put(self, by: int) -> None:
        with self._changing:
            self.waiting += by

    def done(self, work: Callable[[], Result]) -> Result:
        """What comes of a piece, by a thread that knows meanwhile what it belongs to."""
        _thread.many = self
        try:
            return work()
        finally:
            self.put(-1)


class _Thread(local):
    """What is to be known of the thread that asks: its piece of work is one of many, or of none."""

    many: _Many | None = None

    def others_work(self) -> bool:
        """Whether as many pieces as there are processors are worked on: more threads would stand in their way."""
        return self.many is not None and self.many.waiting >= THREADS


_thread = _Thread()


def at_once(work: Callable[[], Result]) -> Callable[[], Result]:
    """A piece of work that is done before anything else is."""
    found = work()
    return lambda: found


@contextmanager
def beside(numbers: int) -> Iterator[Start[Any]]:
    """What begins pieces of work that are done beside the caller's own.

    Through a few numbers (see `side_by_side`) one thread goes sooner than two: each piece is done at once then. What a
    piece raises comes to whoever asks for its result.

    Examples
    --------
    >>> with beside(2**30) as start:
    ...     waiting = [start(lambda: 6 * 7)]
    ...     [result() for result in waiting]
    [42]
    """
    if THREADS < 2 or numbers < WORTH_THREADS:
        yield at_once
        return
    many = _Many()

    def start(work: Callable[[], Any]) -> Callable[[], Any]:
        many.put(1)
        return pool.submit(many.done, work).result

    with _workers(THREADS) as pool:
        yield start


@contextmanager
def _workers(threads: int, leave: Callable[[], None] = lambda: None) -> Iterator[ThreadPoolExecutor]:
    """Threads whose work is waited for; where the caller ends by an error, what has not begun never does."""
    with ThreadPoolExecutor(threads) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            leave()
            raise
