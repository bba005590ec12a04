"""A machine that lacks something is told apart from a bug, whichever library found out."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from analysis.foundation.machine import lack_of, lack_told

FULL = Path("/dev/full")


@pytest.mark.parametrize(
    ("number", "start"),
    [
        (errno.ENOSPC, "The disk is full (/d/f.parquet). Free"),
        (errno.EDQUOT, "The disk quota is used up (/d/f.parquet). Free"),
        (errno.EROFS, "The disk can only be read (/d/f.parquet). Name"),
        (errno.EACCES, "A file or folder may not be read or written by this user (/d/f.parquet). Change"),
        (errno.ENOMEM, "The memory of this machine is used up (/d/f.parquet). Close"),
    ],
)
def test_what_the_system_refused(number: int, start: str) -> None:
    said = lack_of(OSError(number, os.strerror(number), "/d/f.parquet"))
    assert said is not None
    assert said.startswith(start)
    assert "Nothing that stood before is lost" in said


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOENT, "No such file or directory", "x"),
        ValueError("No space left on device"),
        duckdb.ConversionException("Could not convert 'No space left on device' to INT32"),
        duckdb.IOException("Could not set lock on file"),
        KeyError("x"),
    ],
)
def test_other_errors_are_left_alone_even_where_a_cell_says_such_words(error: Exception) -> None:
    assert lack_of(error) is None


def test_the_engine_without_memory_or_room_to_spill() -> None:
    with duckdb.connect(config={"memory_limit": "20MB", "max_temp_directory_size": "1MB"}) as engine:
        with pytest.raises(duckdb.Error) as refused:
            engine.execute("create table a as select random() as b, i from range(20000000) t(i) order by b")
        said = lack_of(refused.value)
    assert said is not None
    assert said.startswith(("The disk is full.", "The memory of this machine"))


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
def test_a_real_full_device_whoever_writes_to_it() -> None:
    def engine() -> None:
        duckdb.sql("copy (select i from range(1000000) t(i)) to '/dev/full' (format csv, use_tmp_file false)")

    def arrow() -> None:
        with pa.OSFile(str(FULL), "wb") as file:
            file.write(b"x" * 1_000_000)

    def python() -> None:
        with FULL.open("w") as file:
            file.write("x" * 1_000_000)

    for write in (engine, arrow, python):
        with pytest.raises(Exception) as refused:  # noqa: PT011
            write()
        assert str(lack_of(refused.value)).startswith("The disk is full"), (write.__name__, repr(refused.value))


def test_what_led_to_an_error_is_asked_too() -> None:
    error = RuntimeError("the writer gave up")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert str(lack_of(error)).startswith("The disk is full.")


def test_an_error_of_a_notebook_is_known_by_its_name_and_words() -> None:
    assert str(lack_told("OSError", "[Errno 28] No space left on device")).startswith("The disk is full.")
    assert str(lack_told("PermissionError", "[Errno 13] Permission denied: 'x'")).startswith("A file or folder may not")
    assert lack_told("RuntimeError", "[Errno 28] No space left on device") is None
