"""Local times and UTC, against `zoneinfo` itself: a second road, exact at every change of the clock."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest

from analysis.tables.local_time import clock_changes, repeated, skipped, to_utc

ZONES = [
    "UTC",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Etc/GMT+5",
]


@pytest.mark.parametrize("name", ZONES)
def test_every_local_time_is_the_instant_zoneinfo_says(name: str) -> None:
    chance = random.Random(7)
    minutes = [chance.randrange(110 * 365 * 24 * 60) for _ in range(2_000)]
    times = [datetime(1990, 1, 1) + timedelta(minutes=minute) for minute in minutes]
    for change in clock_changes(name):
        times += [edge + timedelta(seconds=beside) for edge in change.local for beside in (-1, 0, 1)]
    given = pa.table({"t": pa.array(times, pa.timestamp("us"))})
    with duckdb.connect() as connection:
        connection.register("given", given)
        said = connection.execute(
            f"select {to_utc('t', name)}, {skipped('t', name)}, {repeated('t', name)} from given"
        ).fetchall()
    zone = ZoneInfo(name)
    for local, (instant, is_skipped, is_repeated) in zip(times, said, strict=True):
        first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        expected = first.astimezone(UTC)
        exists = expected.astimezone(zone).replace(tzinfo=None) == local
        assert is_skipped == (not exists)
        assert is_repeated == (exists and first.utcoffset() != second.utcoffset())
        assert instant == expected.replace(tzinfo=None)


def test_the_clock_of_london_in_2026() -> None:
    """By hand: forward on 29 March at 01:00 UTC, back on 25 October at 01:00 UTC."""
    spring, autumn = (change for change in clock_changes("Europe/London") if change.at.year == 2026)
    assert (spring.at, spring.local) == (datetime(2026, 3, 29, 1), (datetime(2026, 3, 29, 1), datetime(2026, 3, 29, 2)))
    assert (autumn.at, autumn.local) == (
        datetime(2026, 10, 25, 1),
        (datetime(2026, 10, 25, 1), datetime(2026, 10, 25, 2)),
    )
    assert spring.skipped
    assert not autumn.skipped
