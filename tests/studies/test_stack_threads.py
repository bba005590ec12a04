"""Threads of a stack: pieces come back in their order, and no number of threads changes a digit."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped]

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.inference.cells import Cells, Linear
from analysis.studies import channel, stack_threads
from analysis.studies.channel import ChannelPlan, channel_effect
from analysis.studies.paths import paths
from analysis.studies.stack import Layout
from analysis.studies.stack_grid import Shape, sources
from analysis.studies.stack_grid import beside as fetched_beside
from analysis.studies.stack_once import once, read_once
from analysis.studies.stack_sums import Placed, influences_of
from analysis.studies.stack_threads import Batches, ahead, begun, beside, meanwhile, side_by_side, while_reading
from analysis.synthetic.make import make_world
from analysis.tables.engine.duckdb_engine import DuckDBEngine
from analysis.tables.load import Source, open_tables, prepare


@pytest.fixture(autouse=True)
def threads_for_a_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads work on the few numbers of a test as they do on a company's."""
    monkeypatch.setattr(stack_threads, "WORTH_THREADS", 0)


def test_with_little_to_do_all_is_done_by_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_threads, "THREADS", 2)
    monkeypatch.setattr(stack_threads, "WORTH_THREADS", 100)

    def by(numbers: int) -> set[int]:
        return set(side_by_side(lambda _: threading.get_ident(), range(3), numbers=numbers))

    assert by(99) == {threading.get_ident()}
    assert threading.get_ident() not in by(100)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_what_comes_of_pieces_keeps_their_order(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    monkeypatch.setattr(stack_threads, "THREADS", threads)
    assert side_by_side(lambda number: 2 * number, range(100)) == [2 * number for number in range(100)]
    assert side_by_side(lambda number: number, []) == []
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda number: 1 // number, [1, 0])


def test_two_threads_work_at_once_and_one_works_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pieces that wait for each other end where there are two threads; with one, all is done by the caller."""
    monkeypatch.setattr(stack_threads, "THREADS", 2)
    both = threading.Barrier(2, timeout=30)
    side_by_side(lambda _: both.wait(), range(2))
    monkeypatch.setattr(stack_threads, "THREADS", 1)
    assert set(side_by_side(lambda _: threading.get_ident(), range(3))) == {threading.get_ident()}


def test_a_piece_of_many_goes_in_two_as_soon_as_the_others_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of five pieces within a piece, two are worked on while another piece is held, and the others wait for its end."""
    monkeypatch.setattr(stack_threads, "THREADS", 2)
    go = threading.Event()

    def held() -> None:
        assert go.wait(30)

    def work(number: int) -> int:
        if number == 1:
            go.set()
            waited = time.monotonic()
            while stack_threads._thread.others_work() and time.monotonic() < waited + 30:
                time.sleep(0.001)
        return threading.get_ident()

    with beside(2**30) as start:
        ended = start(held)
        within = start(lambda: (threading.get_ident(), side_by_side(work, range(5))))
        own, by = within()
        ended()
    assert [one == own for one in by] == [True, True, False, False, False]


def test_pieces_within_pieces_take_no_more_threads_than_there_are_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """While both outer pieces are worked on, each is done with its inner ones by a thread of its own."""
    monkeypatch.setattr(stack_threads, "THREADS", 2)
    both = threading.Barrier(2, timeout=30)

    def outer(_: int) -> set[int]:
        both.wait()
        by = {threading.get_ident(), *side_by_side(lambda _: threading.get_ident(), range(3))}
        both.wait()
        return by

    assert [len(by) for by in side_by_side(outer, range(2))] == [1, 1]


@pytest.mark.parametrize("joint", [True, False])
def test_influences_are_the_same_bytes_with_any_number_of_threads(monkeypatch: pytest.MonkeyPatch, joint: bool) -> None:
    """200,000 rows, so that there are several blocks."""
    rng = np.random.default_rng(5)
    n, size = 200_000, 30
    customer, key, values = np.sort(rng.integers(0, 80_000, n)), rng.integers(0, size, n), rng.integers(-50, 50, n)
    cells = Cells({"key": np.arange(size)}, np.bincount(key, minlength=size), {}, {})
    asked = [Linear(str(i), (("value",),), rng.normal(size=(size, 2))) for i in range(8)]
    found = []
    for threads in (1, 2, 4):
        monkeypatch.setattr(stack_threads, "THREADS", threads)
        placed = Placed.among(cells, {"key": key}, customer)
        one = influences_of(placed, asked, lambda _, rows: values[rows], joint=joint)
        found.append(one.covariance.tobytes() + one.largest.tobytes())
    assert len(set(found)) == 1


def test_measures_are_fetched_the_same_with_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Month.of("2025-01")
    layout = Layout(begin=one, end=one, first=one, last=one, before=2, after=3, outcomes=("orders", "repurchased"))
    shape, rng = Shape.of(layout, 5_000), np.random.default_rng(3)
    grid = rng.integers(0, 9, 5_000 * shape.width).astype(np.int16)
    rows = shape.field(np.sort(rng.integers(0, 5_000, 150_000)), np.zeros(150_000, dtype=np.int64))
    found = []
    for threads in (1, 2):
        monkeypatch.setattr(stack_threads, "THREADS", threads)
        found.append(fetched_beside({"orders": grid}, sources(layout), rows, shape))
    assert set(found[0]) == set(found[1])
    assert all(found[0][name].tobytes() == found[1][name].tobytes() for name in found[0])


def test_the_whole_study_is_the_same_with_one_thread_and_with_two(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_world(tmp_path / "company", world="demo", seed=3, customers=4_000)
    prepared = prepare([Source(tmp_path / "company")], cache=tmp_path / "cache", zone="Europe/London")
    plan = ChannelPlan(segments=("region",), zone="Europe/London", robust=False)
    found = []
    with open_tables(prepared) as tables:
        for threads in (1, 2):
            monkeypatch.setattr(stack_threads, "THREADS", threads)
            result = channel_effect(tables, plan)
            frames = (result.paths, result.event_study, result.maturing, result.balance)
            found.append((repr(result.effects), repr(result.covariance), *(frame.to_csv() for frame in frames)))
    assert found[0] == found[1]


def test_products_of_a_study_are_added_by_one_thread_on_every_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From ten thousand cells on, BLAS cuts a sum by the number of its threads, and the last digits of a path with it.

    At 26,402 cells 51 of 104 means differed in the sixteenth digit between a machine of one processor and one of two.
    """
    make_world(tmp_path / "company", world="demo", seed=3, customers=4_000)
    prepared = prepare([Source(tmp_path / "company")], cache=tmp_path / "cache", zone="Europe/London")
    found: list[int] = []

    def watched(*given: Any) -> pd.DataFrame:
        found.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        return paths(*given)

    monkeypatch.setattr(channel, "paths", watched)
    with open_tables(prepared) as tables, threadpool_limits(4):
        channel_effect(tables, ChannelPlan(zone="Europe/London", robust=False))
    assert set(found) == {1}


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_what_is_worked_on_ahead_keeps_its_order_and_stops_at_the_first_error(
    monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr(stack_threads, "THREADS", threads)
    assert list(ahead(lambda number: 2 * number, range(100))) == [2 * number for number in range(100)]
    assert list(ahead(lambda number: number, [])) == []
    found = ahead(lambda number: 1 // number, [1, 0, 1])
    assert next(found) == 1
    with pytest.raises(ZeroDivisionError):
        next(found)


def test_no_more_than_a_few_pieces_are_asked_for_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_threads, "THREADS", 2)
    asked: list[int] = []

    def pieces() -> Iterator[int]:
        for number in range(100):
            asked.append(number)
            yield number

    found = ahead(lambda number: number, pieces())
    assert [next(found), len(asked)] == [0, 3]
    assert [next(found), len(asked)] == [1, 4]


def test_one_reads_while_the_other_does_and_each_gets_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both wait for each other half way, so that neither is done before the other has begun."""
    monkeypatch.setattr(stack_threads, "THREADS", 2)
    both = threading.Barrier(2, timeout=30)
    with DuckDBEngine({"orders": "select range as n from range(300000)"}, files=[]) as engine:

        def read(batches: Batches, sign: int) -> int:
            total = 0
            for place, batch in enumerate(batches("select ? * n as n from orders", [sign])):
                total += sum(batch.column(0).to_pylist())
                if place == 0:
                    both.wait()
            return total

        whole = sum(range(300_000))
        assert while_reading(engine, lambda: read(engine.batches, 1), lambda other: read(other, -1)) == (whole, -whole)


@pytest.mark.parametrize("threads", [1, 2])
def test_where_a_name_stands_in_or_one_thread_works_they_take_turns(
    monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr(stack_threads, "THREADS", threads)
    with DuckDBEngine({"orders": "select 1 as n", "others": "select 2 as n"}, files=[]) as engine:

        def read(batches: Batches) -> tuple[int, int]:
            (batch,) = batches("select n from orders")
            return batch.column(0).to_pylist()[0], threading.get_ident()

        with engine.standing_in("orders", "others"):
            first, other = while_reading(engine, lambda: read(engine.batches), read)
            assert first == other == (2, threading.get_ident())
        first, other = while_reading(engine, lambda: read(engine.batches), read)
        assert (first[0], other[0], other[1] == threading.get_ident()) == (1, 1, threads == 1)


def test_work_meanwhile_goes_on_beside_two_others_that_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """All three wait for each other, so that none is done before the others have begun; each reads on its own line."""
    monkeypatch.setattr(stack_threads, "THREADS", 2)
    all_three = threading.Barrier(3, timeout=30)
    with DuckDBEngine({"orders": "select range as n from range(300000)"}, files=[]) as engine:

        def read(batches: Batches, sign: int) -> int:
            total = 0
            for place, batch in enumerate(batches("select ? * n as n from orders", [sign])):
                total += sum(batch.column(0).to_pylist())
                if place == 0:
                    all_three.wait()
            return total

        whole = sum(range(300_000))
        with meanwhile(engine, lambda batches: read(batches, 3), line=2) as waiting:
            both = while_reading(engine, lambda: read(engine.batches, 1), lambda other: read(other, -1))
            assert (*both, waiting()) == (whole, -whole, 3 * whole)


@pytest.mark.parametrize("standing", [True, False])
def test_work_meanwhile_is_done_by_who_asks_where_it_must(monkeypatch: pytest.MonkeyPatch, standing: bool) -> None:
    """Where a name stands in for another table, or there is one thread; and by nobody where nobody asks."""
    monkeypatch.setattr(stack_threads, "THREADS", 2 if standing else 1)
    asked: list[int] = []
    with (
        DuckDBEngine({"orders": "select 1 as n", "others": "select 2 as n"}, files=[]) as engine,
        engine.standing_in("orders", "others") if standing else nullcontext(),
    ):

        def read(batches: Batches) -> int:
            asked.append(threading.get_ident())
            (batch,) = batches("select n from orders")
            return int(batch.column(0).to_pylist()[0])

        with meanwhile(engine, read, line=2) as waiting:
            assert asked == []
            assert (waiting(), asked) == (2 if standing else 1, [threading.get_ident()])


def test_what_either_of_two_raises_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_threads, "THREADS", 2)

    def fails(*_: object) -> None:
        raise ZeroDivisionError

    with DuckDBEngine({}, files=[]) as engine:
        for first, other in ((fails, lambda _: None), (lambda: None, fails)):
            with pytest.raises(ZeroDivisionError):
                while_reading(engine, first, other)


def test_work_beside_is_done_by_another_and_what_it_raises_comes_to_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_threads, "THREADS", 2)
    monkeypatch.setattr(stack_threads, "WORTH_THREADS", 100)
    with beside(100) as start:
        who, wrong = start(threading.get_ident), start(lambda: 1 // 0)
        assert who() != threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            wrong()
    with beside(99) as start:
        assert start(threading.get_ident)() == threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            start(lambda: 1 // 0)


def test_who_ends_by_an_error_waits_for_nothing_that_has_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pieces are held until the error is on its way; of the eight behind them none is ever begun."""
    monkeypatch.setattr(stack_threads, "THREADS", 2)
    begun: list[int] = []
    both, go = threading.Barrier(3, timeout=30), threading.Event()

    def held() -> None:
        begun.append(1)
        both.wait()
        assert go.wait(30)

    ended = ThreadPoolExecutor.shutdown

    def shutdown(pool: ThreadPoolExecutor, wait: bool = True, *, cancel_futures: bool = False) -> None:
        ended(pool, wait=False, cancel_futures=cancel_futures)
        go.set()
        ended(pool, wait=wait)

    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", shutdown)

    def left() -> None:
        with beside(2**30) as start:
            for _ in range(10):
                start(held)
            both.wait()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        left()
    assert len(begun) == 2


def test_who_ends_by_an_error_ends_what_is_read_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A query that would take hours is left as soon as the other one fails."""
    monkeypatch.setattr(stack_threads, "THREADS", 2)
    begun = threading.Event()
    with DuckDBEngine({"many": "select range as n from range(2000000)"}, files=[]) as engine:

        def endless(batches: Batches) -> int:
            begun.set()
            crossed = "select sum(a.n * b.n % 7) as n from many as a, many as b"
            return sum(len(batch) for batch in batches(crossed))

        def fails() -> None:
            assert begun.wait(30)
            time.sleep(0.3)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            while_reading(engine, fails, endless)
        (batch,) = engine.aside("select 1 as n")
        assert batch.column(0).to_pylist() == [1]


MANY = {"orders": "select range as n from range(2000000)", "others": "select 7 as n"}
ALL = "select n from orders"


@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_begun_is_read_before_it_is_asked_for_and_comes_whole(
    monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    """Of eight batches three are made ahead of the first that is taken, and one while others are worked on."""
    monkeypatch.setattr(stack_threads, "THREADS", threads)
    monkeypatch.setattr(stack_threads, "_BEFORE", 3)
    monkeypatch.setattr(stack_threads, "_WHILE", 1)
    with DuckDBEngine(MANY, files=[]) as engine:
        read: list[int] = []
        aside = engine.aside

        def counted(sql: str, *given: object, **line: int) -> Iterator[object]:
            for batch in aside(sql, *given, **line):
                read.append(len(batch))
                yield batch

        monkeypatch.setattr(engine, "aside", counted)
        with begun(engine, ALL) as batches:
            waited = time.monotonic()
            while len(read) < (4 if threads > 1 else 0) and time.monotonic() < waited + 30:
                time.sleep(0.01)
            time.sleep(0.1)
            assert len(read) == (4 if threads > 1 else 0)  # three wait to be taken, one for its place
            (one,) = engine.query("select count(*) as n from orders").column("n").to_pylist()
            (beside_it,) = aside("select 5 as n")
            found = [int(number) for batch in batches for number in batch.column(0).to_numpy()[[0, -1]]]
        assert (one, beside_it.column(0).to_pylist()) == (2_000_000, [5])
        assert found == sorted(found)
        assert (found[0], found[-1]) == (0, 1_999_999)


def test_what_is_begun_and_not_wanted_is_left_and_an_error_comes_after_what_was_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stack_threads, "THREADS", 2)
    with DuckDBEngine(MANY, files=[]) as engine:

        def left() -> None:
            with begun(engine, ALL) as batches:
                next(batches)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            left()
        with begun(engine, ALL):
            pass
        wrong = "select cast(case when n < 1500000 then '1' else 'x' end as integer) as n from orders"
        taken = []
        with pytest.raises(DesignError, match="no result"), begun(engine, wrong) as batches:
            taken += [len(batch) for batch in batches]
        with begun(engine, ALL) as batches:
            assert sum(len(batch) for batch in batches) == 2_000_000
        assert sum(taken) < 2_000_000


def test_ctrl_c_as_soon_as_something_is_begun_leaves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that reads has begun, and nobody was given what it makes; it would wait for good to be taken from."""

    class Interrupted(ThreadPoolExecutor):
        def submit(self, work: Any, /, *given: Any, **named: Any) -> Any:
            going = super().submit(work, *given, **named)
            if getattr(work, "__name__", "") == "make":
                raise KeyboardInterrupt
            return going

    monkeypatch.setattr(stack_threads, "THREADS", 2)
    monkeypatch.setattr(stack_threads, "_BEFORE", 1)
    monkeypatch.setattr(stack_threads, "ThreadPoolExecutor", Interrupted)

    def left(engine: DuckDBEngine) -> None:
        with begun(engine, ALL):
            pytest.fail("nothing is given")

    with DuckDBEngine(MANY, files=[]) as engine, pytest.raises(KeyboardInterrupt):
        left(engine)


def test_nothing_is_begun_where_a_name_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_threads, "THREADS", 2)
    with (
        DuckDBEngine(MANY, files=[]) as engine,
        engine.standing_in("orders", "others"),
        begun(engine, ALL) as batches,
    ):
        assert [batch.column(0).to_pylist() for batch in batches] == [[7]]


def test_what_is_read_beside_is_kept_for_the_next_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread than that which asked `read_once` reads the span, and the second stack does not read it again."""
    monkeypatch.setattr(stack_threads, "THREADS", 2)
    asked: list[int] = []
    with DuckDBEngine(MANY, files=[]) as engine:
        tables: Any = SimpleNamespace(engine=engine)

        def read(_: Batches) -> int:
            return once(tables, "span", lambda: asked.append(threading.get_ident()) or 42)

        with read_once():
            found = [while_reading(engine, lambda: None, read)[1] for _ in range(2)]
    assert found == [42, 42]
    assert len(asked) == 1
    assert asked[0] != threading.get_ident()
