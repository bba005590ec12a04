"""How do the exports of other systems write times, money and missing cells? Text columns, and whole files of them.

Each system has a way of its own: minutes or seconds, an offset or none, twelve hours or twenty-four. Columns of a file
that a made-up company has nothing to say in are there, and empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from analysis.synthetic.clock import ZONE
from analysis.synthetic.columns import MONEY, TEXT, ids, names
from analysis.synthetic.company import Flags, Ints
from analysis.synthetic.contacts import UNKNOWN

_HALF_DAY = 12


def glued(*parts: pa.Array | str) -> pa.Array:
    """Texts side by side; null where one of them is."""
    return pc.binary_join_element_wise(
        *(pa.scalar(part, TEXT) if isinstance(part, str) else part for part in parts), ""
    )


def seconds_text(instant: Ints) -> pa.Array:
    """Times in UTC to the second, such as 2026-05-14 11:23:45.

    Examples
    --------
    >>> seconds_text(np.array([0, UNKNOWN])).to_pylist()
    ['1970-01-01 00:00:00', None]
    """
    absent = instant == UNKNOWN
    return pa.array(np.where(absent, 0, instant), mask=absent).cast(pa.timestamp("s")).cast(TEXT)


def minutes_text(instant: Ints) -> pa.Array:
    """Times in UTC to the minute, such as 2026-05-14 11:23."""
    return pc.utf8_slice_codeunits(seconds_text(instant), 0, 16)


def iso_text(instant: Ints) -> pa.Array:
    """Times as interfaces write them, such as 2026-05-14T11:23:45Z."""
    return glued(pc.replace_substring(seconds_text(instant), " ", "T"), "Z")


def offset_text(instant: Ints) -> pa.Array:
    """Times local to the company, with their offset.

    Examples
    --------
    >>> offset_text(np.array([0, 1_780_000_000, UNKNOWN])).to_pylist()
    ['1970-01-01 01:00:00 +0100', '2026-05-28 21:26:40 +0100', None]
    """
    there = np.where(instant == UNKNOWN, 0, instant)
    local = pd.to_datetime(there, unit="s", utc=True).tz_convert(ZoneInfo(ZONE)).tz_localize(None)
    ahead = local.to_numpy().astype("datetime64[s]").astype(np.int64) - there
    text = seconds_text(np.where(instant == UNKNOWN, UNKNOWN, there + ahead))
    return glued(text, names((ahead > 0).astype(np.int64), (" +0000", " +0100")))


def twelve_hours_text(instant: Ints) -> pa.Array:
    """Times in UTC as Americans write them.

    Examples
    --------
    >>> twelve_hours_text(np.array([0, 46_800])).to_pylist()
    ['01/01/1970 12:00 am', '01/01/1970 01:00 pm']
    """
    text = seconds_text(instant)
    year, month, day, minute = (
        pc.utf8_slice_codeunits(text, start, stop) for start, stop in ((0, 4), (5, 7), (8, 10), (14, 16))
    )
    hour = instant // 3_600 % 24
    clock = ids((hour - 1) % _HALF_DAY + 1, width=2)
    half = names((hour >= _HALF_DAY).astype(np.int64), (" am", " pm"))
    return glued(month, "/", day, "/", year, " ", clock, ":", minute, half)


def cents_text(cents: Ints) -> pa.Array:
    """Money with two places.

    Examples
    --------
    >>> cents_text(np.array([1999, 5])).to_pylist()
    ['19.99', '0.05']
    """
    return glued(ids(cents // 100, width=1), ".", ids(cents % 100, width=2))


def exact_money(millionths: Ints) -> pa.Array:
    """Millionths as decimals of six places.

    Examples
    --------
    >>> exact_money(np.array([1_234_567, -1])).to_pylist()
    [Decimal('1.234567'), Decimal('-0.000001')]
    """
    whole = pa.array(millionths).cast(pa.decimal128(MONEY.precision, 0))
    return pa.Array.from_buffers(MONEY, len(whole), whole.buffers())


def share_text(part: Ints, whole: Ints) -> pa.Array:
    """One count over another, with four places; nothing over nothing is 0.

    Examples
    --------
    >>> share_text(np.array([1, 0]), np.array([3, 0])).to_pylist()
    ['0.3333', '0.0000']
    """
    share = np.rint(10_000 * part / np.maximum(whole, 1)).astype(np.int64)
    return glued(ids(share // 10_000, width=1), ".", ids(share % 10_000, width=4))


def only(text: pa.Array, present: Flags) -> pa.Array:
    """The texts of some rows; the others are empty."""
    return pc.if_else(pa.array(present), text, pa.scalar(None, TEXT))


def file_of(header: Sequence[str], columns: Mapping[str, pa.Array | str], rows: int) -> pa.Table:
    """A file with this header: the columns given, a text for every row where only one is given, the rest empty."""
    assert set(columns) <= set(header), sorted(set(columns) - set(header))
    cells = []
    for name in header:
        given = columns.get(name)
        cells.append(
            given if isinstance(given, pa.Array | pa.ChunkedArray) else pa.repeat(pa.scalar(given, TEXT), rows)
        )
    return pa.table(cells, names=list(header))


def write_csv(file: pa.Table, path: Path) -> None:
    """The file on disk: UTF-8, commas, texts between quotation marks, empty cells bare."""
    path.parent.mkdir(parents=True, exist_ok=True)
    csv.write_csv(file, path)
