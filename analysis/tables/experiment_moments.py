"""How do the rows of an experiment become the Moments of many outcomes at once, in one scan that costs little more?

Each outcome comes with the columns that belong to it (its covariates, a ratio's denominator), and only products within
an outcome are summed, where `moments_of` sums all of them. The sums are as exact as there. Small whole numbers and
short decimals are multiplied in 64 bits at most; other numbers as whole hundredths in floats, which is exact as long
as their squares add up to less than 2^53: that is looked at afterwards, and an outcome that fails is counted again in
decimals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from analysis.inference.moments import Moments, pairs
from analysis.tables.engine import Engine, identifier
from analysis.tables.moments_of import moments_by

if TYPE_CHECKING:
    from collections.abc import Hashable

    import pyarrow as pa

Key = tuple["Hashable", ...]

_WHOLE = 2.0**53  # up to here a float holds every whole number, so that sums do not depend on their order
_SAME = 4e-5  # hundredths a number may lie off a whole one: below the half of a millionth that `MEASURE` rounds away
_ROUNDS = 3 * 2**51  # added to a float below 2^51 and taken away again, it leaves the nearest whole number


def experiment_moments(
    engine: Engine,
    rows: str,
    *,
    groups: Sequence[str],
    outcomes: Mapping[str, Sequence[str]],
    parameters: Sequence[object] = (),
) -> dict[Key, dict[str, Moments]]:
    """What moments has each outcome, with the columns that belong to it, in each group?

    Parameters
    ----------
    engine : Engine
    rows : str
        A query with one row a customer, holding the group and the measure columns. A null measure counts as zero.
    groups : sequence of str
        Names of columns: the arm and the segments, say. `margin` adds the cells up.
    outcomes : mapping of str to sequence of str
        Name of an outcome to its columns: the measure, its covariates, its denominator.
    parameters : sequence
        Values for the query's placeholders.

    Returns
    -------
    dict
        Group values, in the order of `groups`, to the outcomes and their moments; sorted by group. The same numbers
        as `moments_by` gives.

    Raises
    ------
    DesignError
        If a number is too large to be summed exactly.

    Examples
    --------
    >>> from analysis.tables.engine.duckdb_engine import DuckDBEngine
    >>> spend = "select * from (values ('a', 1.5, 1), ('a', 2.5, 3), ('b', 9.0, 2)) as t(arm, eur, before)"
    >>> with DuckDBEngine({"spend": spend}, files=[]) as engine:
    ...     found = experiment_moments(engine, "select * from spend", groups=["arm"],
    ...                                outcomes={"spend": ["eur", "before"]})
    >>> found[("a",)]["spend"].mean("eur"), found[("a",)]["spend"].covariance("eur", "before")
    (2.0, 1.0)
    """
    types = engine.query(f"select * from ({rows}) as source limit 0", parameters).schema
    plan = _Plan(groups, outcomes, types)
    found: dict[Key, dict[str, Moments]] = {}
    doubtful: set[str] = set()
    for row in engine.query(plan.sql(rows), parameters).to_pylist():
        doubtful |= plan.doubtful(row)
        found[tuple(row[f"g{i}"] for i in range(len(groups)))] = plan.moments(row)
    for name in plan.outcomes:
        if name in doubtful:
            exact = moments_by(engine, rows, groups=groups, measures=plan.outcomes[name], parameters=parameters)
            for key, moments in exact.items():
                found[key][name] = moments
    return dict(sorted(found.items(), key=lambda item: _order(item[0])))


def margin(cells: Mapping[Key, Mapping[str, Moments]], places: Sequence[int]) -> dict[Key, dict[str, Moments]]:
    """The same moments over fewer groups: cells that agree in the group values at `places` are added up, exactly.

    Examples
    --------
    >>> one, other = Moments.from_rows(("eur",), [[1], [2]]), Moments.from_rows(("eur",), [[6]])
    >>> cells = {("a", "north"): {"spend": one}, ("a", "south"): {"spend": other}}
    >>> margin(cells, [0])[("a",)]["spend"].mean("eur")
    3.0
    """
    gathered: dict[Key, list[Mapping[str, Moments]]] = {}
    for key, moments in cells.items():
        gathered.setdefault(tuple(key[place] for place in places), []).append(moments)
    return {
        key: {name: reduce(add, (part[name] for part in parts)) for name in parts[0]}
        for key, parts in sorted(gathered.items(), key=lambda item: _order(item[0]))
    }


def _order(key: Key) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, str(value)) for value in key)


class _Plan:
    """Which columns are counted in which way, and how the counts become moments."""

    def __init__(self, groups: Sequence[str], outcomes: Mapping[str, Sequence[str]], types: pa.Schema) -> None:
        self.groups, self.types = tuple(groups), types
        self.outcomes = {name: tuple(columns) for name, columns in outcomes.items()}
        self.short = {name: all(_is_short(types.field(c).type) for c in cols) for name, cols in self.outcomes.items()}
        self.columns: dict[tuple[str, bool], str] = {}
        self.products: dict[tuple[str, str], str] = {}
        for name, columns in self.outcomes.items():
            here = [self._column(column, self.short[name]) for column in columns]
            for i, j in pairs(len(columns)):
                if i == j and self.short[name] and _is_boolean(types.field(columns[i]).type):
                    self.products[here[i], here[i]] = f"s{here[i]}"  # the square of 0 or 1 is itself
                else:
                    self.products.setdefault(_pair(here[i], here[j]), f"p{len(self.products)}")

    def _column(self, column: str, short: bool) -> str:
        return self.columns.setdefault((column, short), f"m{len(self.columns)}")

    def sql(self, rows: str) -> str:
        keys = [f"{identifier(group)} as g{i}" for i, group in enumerate(self.groups)]
        taken, counted = [], ["count(*) as n"]
        for (column, short), alias in self.columns.items():
            name = identifier(column)
            counted.append(f"sum({alias}) as s{alias}")
            if short:
                wider = _wider(self.types.field(column).type)
                taken.append(f"cast({name} as {wider}) as {alias}" if wider else f"{name} as {alias}")
            else:
                given = f"coalesce(cast({name} as double), 0) * 100"
                taken += [f"{given} + {_ROUNDS}e0 - {_ROUNDS}e0 as {alias}", f"{given} as given{alias}"]
        counted += [f"sum({off}) as off{place}" for place, off in self._off()]
        counted += [f"sum({a} * {b}) as {alias}" for (a, b), alias in self.products.items() if alias[0] == "p"]
        aliases = [f"g{i}" for i in range(len(self.groups))]
        by = f" group by {', '.join(aliases)}" if aliases else ""
        inner = f"select {', '.join([*keys, *taken])} from ({rows}) as source"
        return f"select {', '.join([*aliases, *counted])} from ({inner}) as measured{by}"

    def _off(self) -> Iterator[tuple[int, str]]:
        """By place of an outcome counted in floats: how far its numbers lie off whole hundredths, squared."""
        for place, (name, columns) in enumerate(self.outcomes.items()):
            if not self.short[name]:
                here = [self.columns[column, False] for column in columns]
                yield place, " + ".join(f"(given{alias} - {alias}) * (given{alias} - {alias})" for alias in here)

    def doubtful(self, row: Mapping[str, Any]) -> set[str]:
        """Outcomes whose sums in floats may have been rounded."""
        return {
            name
            for place, (name, columns) in enumerate(self.outcomes.items())
            if not self.short[name] and not self._sure(row, columns, row[f"off{place}"])
        }

    def _sure(self, row: Mapping[str, Any], columns: Sequence[str], off: float | None) -> bool:
        if off is None:
            return True  # no row at all
        aliases = [self.columns[column, False] for column in columns]
        return bool(off < _SAME**2) and all(row[self.products[alias, alias]] < _WHOLE for alias in aliases)

    def moments(self, row: Mapping[str, Any]) -> dict[str, Moments]:
        found = {}
        for name, columns in self.outcomes.items():
            here = [self.columns[column, self.short[name]] for column in columns]
            places = 0 if self.short[name] else 2
            products = [self.products[_pair(here[i], here[j])] for i, j in pairs(len(here))]
            found[name] = Moments(
                columns,
                int(row["n"]),
                tuple(_exact(row[f"s{alias}"], places) for alias in here),
                tuple(_exact(row[alias], 2 * places) for alias in products),
            )
        return found


def _pair(one: str, other: str) -> tuple[str, str]:
    return (min(one, other), max(one, other))


def _is_boolean(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_boolean(kind))


def _wider(kind: pa.DataType) -> str | None:
    """The type in which two such whole numbers can be multiplied, and none for decimals, which widen of themselves."""
    import pyarrow as pa

    if pa.types.is_decimal(kind):
        return None
    width = 1 if _is_boolean(kind) else kind.bit_width + pa.types.is_unsigned_integer(kind)
    return "tinyint" if width == 1 else "smallint" if width <= 8 else "integer" if width <= 16 else "bigint"


def _is_short(kind: pa.DataType) -> bool:
    """Whether a product of two such numbers fits 64 bits whatever they are."""
    import pyarrow as pa

    if pa.types.is_decimal(kind):
        return bool(kind.precision <= 9 and kind.scale <= 6)
    small = pa.types.is_signed_integer(kind) and kind.bit_width <= 32
    return bool(small or _is_boolean(kind) or pa.types.is_uint8(kind) or pa.types.is_uint16(kind))


def _exact(value: Decimal | float | None, places: int) -> Decimal:
    """A sum as the engine gave it, that many places before the point moved behind it."""
    return Decimal(0) if value is None else Decimal(value).scaleb(-places)
