"""Months of instants, against the calendar; and instants that are none."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from analysis.foundation.calendar import Month, local_midnight, month_of
from analysis.studies.stack_calendar import NEVER, Calendar, instants

FIRST, LAST = Month.of("2025-03"), Month.of("2026-02")


@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
@pytest.mark.parametrize("by_quarter", [True, False])
def test_every_instant_around_a_midnight_lies_in_its_local_month(zone: str, by_quarter: bool) -> None:
    calendar = Calendar.of(zone, FIRST, LAST)
    calendar = calendar if by_quarter else Calendar(calendar.first, calendar.edges, None)
    midnights = [local_midnight(FIRST.plus(step).first_day, zone) for step in range(-1, 14)]
    times = [at + timedelta(microseconds=step) for at in midnights for step in (-1, 0, 1, 900_000_000)]
    found = calendar.since_first(instants(pa.array(times, pa.timestamp("us"))))
    expected = [month_of(at, zone).number - FIRST.number for at in times]
    assert found.tolist() == np.clip(expected, -1, calendar.length).tolist()


def test_no_time_lies_after_all_months() -> None:
    times = instants(pa.array([None, datetime(2025, 3, 1)], pa.timestamp("ms")))
    assert times[0] == NEVER
    assert Calendar.of("UTC", FIRST, LAST).since_first(times).tolist() == [12, 0]
