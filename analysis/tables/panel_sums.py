"""How does a long panel of customers by periods become cohort sums, from a file, a table of the engine or a frame?

Columns unit, period, outcome and cohort, one row for each unit in each period. The rows pass once, some units at a
time; what is kept are the exact sums of `CohortSums`. A panel that is not balanced is refused with counts, since a
missing month is no month without purchases; customers who join late are taken by the month they joined, if asked for.
What the sums say is left to `inference.staggered.group_time` and `inference.staggered.two_way`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.staggered.cohort_sums import NEVER, CohortSums
from analysis.tables.engine import Engine, identifier
from analysis.tables.scans import literal

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TOGETHER = 2**25
"""Cells (a unit in a period) held at a time: 256 MiB."""
MOST_PERIODS = 240
_NUMBERS = "panel_units"
_UNSET = np.iinfo(np.int64).min
_SPARSE, _NARROW = 4, 2**16  # how many times more numbers than units a range of whole numbers may hold, and some more


def sums_of_parquet(
    file: Path,
    *,
    unit: str = "unit",
    period: str = "period",
    outcome: str = "outcome",
    cohort: str = "cohort",
    late_joiners: bool = False,
    digits: int | None = None,
) -> CohortSums:
    """The cohort sums of a long panel in a Parquet file. Parameters and errors as in `sums_of_panel`."""
    from analysis.tables.engine.duckdb_engine import DuckDBEngine

    with DuckDBEngine({"panel": f"select * from read_parquet({literal(str(file))})"}, files=[file]) as engine:
        return sums_of_panel(
            engine,
            "select * from panel",
            unit=unit,
            period=period,
            outcome=outcome,
            cohort=cohort,
            late_joiners=late_joiners,
            digits=digits,
        )


def sums_of_panel(
    engine: Engine,
    rows: str,
    *,
    unit: str = "unit",
    period: str = "period",
    outcome: str = "outcome",
    cohort: str = "cohort",
    parameters: Sequence[object] = (),
    late_joiners: bool = False,
    digits: int | None = None,
) -> CohortSums:
    """The cohort sums of the rows of a query.

    Parameters
    ----------
    engine : Engine
    rows : str
        A query with one row for each unit in each period.
    unit, period, outcome, cohort : str
        Its columns. Units of any type; periods whole numbers (months since January 1970, say); the outcome a number;
        the cohort the unit's first treated period, the same in all its rows, 0 or null for never.
    parameters : sequence
        Values for the query's placeholders.
    late_joiners : bool
        Take units whose first periods are missing, by the first one observed.
    digits : int, optional
        Decimal places of the outcome to keep; by default as `CohortSums.of` finds them, among some units at a time.

    Raises
    ------
    DesignError
        If cells are missing or doubled, a unit has two cohorts, or a column is empty or of the wrong type: with counts.

    Examples
    --------
    >>> from analysis.tables.engine.duckdb_engine import DuckDBEngine
    >>> panel = "select * from (values ('a', 1, 2.5, 2), ('a', 2, 4.0, 2), ('b', 1, 1.0, null), ('b', 2, 1.5, null))"
    >>> with DuckDBEngine({"panel": panel + " as t(unit, period, outcome, cohort)"}, files=[]) as engine:
    ...     sums = sums_of_panel(engine, "select * from panel")
    >>> sums.cohorts.tolist(), sums.means().tolist()
    ([0, 2], [[1.0, 1.5], [2.5, 4.0]])
    """
    columns = {"unit": unit, "period": period, "outcome": outcome, "cohort": cohort}
    named = ", ".join(f"{identifier(column)} as {name}" for name, column in columns.items())
    source = f"(select {named} from ({rows}) as given) as panel"
    whole = _typed(engine.query(f"select * from {source} limit 0", parameters).schema, columns)
    ends = "min(unit) as low, max(unit) as high" if whole else "0 as low, 0 as high"
    seen = engine.query(
        f"select period, count(*) as n, count(*) - count(unit) as nobody, {ends} from {source} group by period "
        "order by period",
        parameters,
    ).to_pydict()
    n_rows = sum(seen["n"])
    undated = sum(n for at, n in zip(seen["period"], seen["n"], strict=True) if at is None)
    periods = _periods(seen["period"], n_rows, undated=undated, nobody=sum(seen["nobody"]))
    low, high = min(seen["low"]), max(seen["high"])
    if whole and high - low < _SPARSE * n_rows // len(periods) + _NARROW:
        return _in_parts(engine, source, parameters, ("unit", low, high), periods, late_joiners, digits)
    distinct = f"(select distinct unit from {source}) as found"
    engine.keep(_NUMBERS, f"select unit, row_number() over (order by unit) - 1 as code from {distinct}", parameters)
    try:
        units = engine.query(f"select count(*) as n from {_NUMBERS}").column("n")[0].as_py()
        source = f"{source} join {_NUMBERS} using (unit)"
        return _in_parts(engine, source, parameters, ("code", 0, units - 1), periods, late_joiners, digits)
    finally:
        engine.drop(_NUMBERS)


def _in_parts(
    engine: Engine,
    source: str,
    parameters: Sequence[object],
    code: tuple[str, int, int],
    periods: Ints,
    late_joiners: bool,
    digits: int | None,
) -> CohortSums:
    """The sums of some units at a time, by a column of whole numbers that tells them apart, and its ends."""
    column, low, high = code
    asked = (
        f"select cast({column} - ({low}) as bigint) as code, cast(period as bigint) as period, "
        f"cast(outcome as double) as outcome, cast(coalesce(cohort, {NEVER}) as bigint) as cohort from {source}"
    )
    account, parts = _Account(late_joiners), []
    step = max(TOGETHER // len(periods), 1)
    for start in range(0, high - low + 1, step):
        size = min(step, high - low + 1 - start)
        within = f" where {column} between {low + start} and {low + start + size - 1}" if size <= high - low else ""
        batches = engine.batches(asked + within, parameters)
        arrays = ([batch.column(i).to_numpy(zero_copy_only=False) for i in range(4)] for batch in batches)
        panel = _filled(((one - start, *others) for one, *others in arrays), size, periods, account)
        if account.sound and len(panel.cohort):
            parts.append(CohortSums.of(panel.outcomes, panel.cohort, periods, first=panel.first, digits=digits))
    account.refuse()
    return reduce(add, parts)


def sums_of_frame(
    frame: pd.DataFrame,
    *,
    unit: str = "unit",
    period: str = "period",
    outcome: str = "outcome",
    cohort: str = "cohort",
    late_joiners: bool = False,
    digits: int | None = None,
) -> CohortSums:
    """The cohort sums of a long panel in a frame, which is not changed. Parameters and errors as in `sums_of_panel`.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"unit": [7, 7, 8, 8], "period": [1, 2, 1, 2], "outcome": [2.5, 4, 1, 1.5],
    ...                       "cohort": [2, 2, 0, 0]})
    >>> sums_of_frame(frame).n.tolist()
    [1, 1]
    """
    import pandas as pd

    if not len(frame):
        raise DesignError("The panel has no rows.")
    if frame[outcome].dtype.kind not in "iufb":
        raise _no_number(outcome, str(frame[outcome].dtype))
    months, begins = (_whole(frame[name], name) for name in (period, cohort))
    undated, nobody = (int(frame[name].isna().sum()) for name in (period, unit))
    if undated or nobody:
        _periods([], len(frame), undated=undated, nobody=nobody)
    units, values = frame[unit].to_numpy(), frame[outcome].to_numpy(dtype=np.float64, na_value=np.nan)
    wide = _sorted_width(units, months)
    if wide and (begins.reshape(-1, wide) == begins[::wide, None]).all() and not np.isnan(values).any():
        panel_of = (values.reshape(-1, wide), begins[::wide])
        return CohortSums.of(*panel_of, months[:wide], digits=digits)
    code, distinct = pd.factorize(units)
    periods = _periods(np.unique(months).tolist(), len(frame))
    account = _Account(late_joiners)
    panel = _filled([(code, months, values, begins)], len(distinct), periods, account)
    account.refuse()
    return CohortSums.of(panel.outcomes, panel.cohort, periods, first=panel.first, digits=digits)


def _sorted_width(units: NDArray[Any], months: Ints) -> int:
    """How many periods has a panel whose rows are sorted by unit and then period, each unit once? 0 if it is none."""
    wide = int(np.argmax(units != units[0])) or len(units)
    if len(units) % wide or units.dtype.kind not in "iu":
        return 0
    by_unit, by_month = units.reshape(-1, wide), months.reshape(-1, wide)
    alike = (by_unit == by_unit[:, :1]).all() and (by_month == by_month[0]).all()
    ascending = (np.diff(by_unit[:, 0]) > 0).all() and (np.diff(by_month[0]) > 0).all()
    return wide if alike and ascending and wide <= MOST_PERIODS else 0


@dataclass
class _Account:
    """What is wrong with a panel, counted over all its parts before anything is said."""

    late_joiners: bool
    units: int = 0
    cells: int = 0
    missing: int = 0
    units_missing: int = 0
    doubled: int = 0
    two_cohorts: int = 0

    @property
    def sound(self) -> bool:
        return not (self.missing or self.doubled or self.two_cohorts)

    def refuse(self) -> None:
        """Say all that is wrong at once."""
        said = []
        if self.doubled:
            said.append(
                f"{self.doubled:,} rows stand for a unit and period that another row has already. Keep one row for "
                "each."
            )
        if self.two_cohorts:
            said.append(
                f"{self.two_cohorts:,} of {self.units:,} units have more than one first treated period. A unit has "
                "one, in all its rows."
            )
        if self.missing:
            said.append(
                f"{self.units_missing:,} of {self.units:,} units have no outcome in {self.missing:,} of "
                f"{self.cells:,} cells (a unit in a period)"
                + (" after they were first observed" if self.late_joiners else "")
                + ". Fill the months without purchases with 0 where the customer was there, or leave those units out"
                + ("." if self.late_joiners else "; units that joined late are taken with `late_joiners`.")
            )
        if said:
            raise DesignError(" ".join(["The panel is not balanced:", *said]))


@dataclass(frozen=True)
class _Panel:
    outcomes: Floats
    cohort: Ints
    first: Ints | None


def _filled(batches: Iterable[tuple[Ints, Ints, Floats, Ints]], size: int, periods: Ints, account: _Account) -> _Panel:
    """A table of units by periods from rows of (code, period, outcome, cohort), and what is wrong with them."""
    wide = len(periods)
    place_of = np.full(int(periods[-1] - periods[0]) + 1, -1)
    place_of[periods - periods[0]] = np.arange(wide)
    table, cohort = np.full(size * wide, np.nan), np.full(size, _UNSET)
    n_outcomes, torn = 0, []
    for code, period, outcome, begins in batches:
        table[code * wide + place_of[period - periods[0]]] = outcome
        n_outcomes += len(outcome) - int(np.isnan(outcome).sum())
        new = cohort[code] == _UNSET
        cohort[code[new]] = begins[new]
        torn.append(np.unique(code[cohort[code] != begins]))
    there = cohort != _UNSET
    panel = table.reshape(size, wide)
    if not there.all():
        panel, cohort = panel[there], cohort[there]
    empty = np.isnan(panel)
    account.units += len(cohort)
    account.cells += panel.size
    account.doubled += n_outcomes - (panel.size - int(empty.sum()))
    account.two_cohorts += len(np.unique(np.concatenate(torn))) if torn else 0
    first = None
    if account.late_joiners and empty.any():
        joined = np.argmin(empty, axis=1)
        first = periods[joined]
        empty &= (np.arange(wide) >= joined[:, None]) | empty.all(axis=1)[:, None]
    account.missing += int(empty.sum())
    account.units_missing += int(empty.any(axis=1).sum())
    return _Panel(panel, cohort, first)


def _typed(schema: pa.Schema, columns: Mapping[str, str]) -> bool:
    """Whether the units are whole numbers; the types of the other columns are judged."""
    import pyarrow as pa

    types = {name: schema.field(name).type for name in columns}
    for name in ("period", "cohort"):
        if not (pa.types.is_integer(types[name]) or (name == "cohort" and pa.types.is_null(types[name]))):
            raise _not_whole(columns[name], str(types[name]))
    number = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    if not any(judge(types["outcome"]) for judge in number):
        raise _no_number(columns["outcome"], str(types["outcome"]))
    return bool(pa.types.is_integer(types["unit"]))


def _whole(column: pd.Series, name: str) -> Ints:
    """A column of periods as whole numbers; empty and infinite cohorts are never treated."""
    if column.dtype.kind in "iu" and not column.hasnans:
        return np.asarray(column.to_numpy(dtype=np.int64))
    if column.dtype.kind not in "iuf":
        raise _not_whole(name, str(column.dtype))
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    plain = np.where(np.isfinite(values), values, NEVER)
    if (plain != np.rint(plain)).any():
        raise _not_whole(name, "fractions")
    return plain.astype(np.int64)


def _not_whole(column: str, found: str) -> DesignError:
    return DesignError(
        f"Column `{column}` holds {found} where periods are whole numbers. Number the months, as months since January "
        "1970 for instance."
    )


def _no_number(column: str, found: str) -> DesignError:
    return DesignError(f"Column `{column}` holds {found} where an outcome is a number.")


def _periods(found: Sequence[int | None], n_rows: int, *, undated: int = 0, nobody: int = 0) -> Ints:
    """The periods in order, or what is wrong with the rows."""
    if not n_rows:
        raise DesignError("The panel has no rows.")
    if undated or nobody:
        counts = {"period": undated, "unit": nobody}
        without = " and ".join(
            f"{count:,} of {n_rows:,} rows have no {name}" for name, count in counts.items() if count
        )
        raise DesignError(f"{without}. Leave them out.")
    periods = np.array(found, dtype=np.int64)
    if len(periods) > MOST_PERIODS or periods[-1] - periods[0] > _NARROW:
        raise DesignError(
            f"{len(periods):,} periods from {periods[0]} to {periods[-1]} are too many to compare each with each "
            f"(at most {MOST_PERIODS}). Use longer periods, numbered one by one."
        )
    return periods
