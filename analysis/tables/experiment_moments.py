"""How do the rows of an experiment become the Moments of many outcomes at once, in one scan that costs little more?

Each outcome comes with the columns that belong to it (its covariates, a ratio's denominator), and only products within
an outcome are summed, where `moments_of` sums all of them. The sums are as exact as there. Short decimals are
multiplied in 64 bits, whole numbers in 16 as long as no product of theirs needs more; other numbers as whole hundredths
in floats, which is exact as long as their squares add up to less than 2^53: that is looked at afterwards, and an
outcome that fails is counted again in decimals. Yes-or-no outcomes are not summed at all: rows are counted by them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, localcontext
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from analysis.foundation.errors import DesignError
from analysis.inference.moments import Moments, pairs
from analysis.tables.engine import Engine, identifier
from analysis.tables.moments_of import group_values, moments_by

if TYPE_CHECKING:
    from collections.abc import Hashable

    import pyarrow as pa

Key = tuple["Hashable", ...]

_WHOLE = 2.0**53  # up to here a float holds every whole number, so that sums do not depend on their order
_SAME = 4e-5  # hundredths a number may lie off a whole one: below the half of a millionth that `MEASURE` rounds away
_ROUNDS = 3 * 2**51  # added to a float below 2^51 and taken away again, it leaves the nearest whole number
_NOUGHT = Decimal(0)
_MOST_FLAGS = 4
"""Yes-or-no columns by which rows may be counted: each doubles the cells, which are looked at one by one."""
_EXACT = Context(prec=200, traps=[])
"""Adds sums of 38 digits, and of floats up to 2^53, without rounding; what else comes belongs to doubtful outcomes."""


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
    cells: dict[Key, _Counted] = {}
    doubtful: set[str] = set()
    with localcontext(_EXACT):
        for row in _summed(engine, plan, rows, parameters).to_pylist():
            doubtful |= plan.doubtful(row)
            plan.add(row, cells.setdefault(group_values(row, len(groups)), _Counted()))
    if not groups:
        cells.setdefault((), _Counted())  # no rows, no cells: but the whole is there
    found = {key: plan.moments(counted) for key, counted in cells.items()}
    for name in plan.outcomes:
        if name in doubtful:
            exact = moments_by(engine, rows, groups=groups, measures=plan.outcomes[name], parameters=parameters)
            for key, moments in exact.items():
                found[key][name] = moments
    return dict(sorted(found.items(), key=lambda item: _order(item[0])))


def _summed(engine: Engine, plan: _Plan, rows: str, parameters: Sequence[object]) -> pa.Table:
    """The sums, in narrow whole numbers where these hold them: the engine stops where one does not."""
    if plan.narrows:
        try:
            return engine.query(plan.sql(rows, narrow=True), parameters)
        except DesignError:
            pass  # counted again, wide enough for all; what else is wrong is told by that
    return engine.query(plan.sql(rows), parameters)


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


@dataclass(slots=True)
class _Counted:
    """What was counted of one group: its rows, the sums by alias, and the rows by which flags they carry."""

    n: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)
    flagged: dict[tuple[bool, ...], int] = field(default_factory=dict)


class _Plan:
    """Which columns are counted in which way, and how the counts become moments."""

    def __init__(self, groups: Sequence[str], outcomes: Mapping[str, Sequence[str]], types: pa.Schema) -> None:
        self.groups, self.types = tuple(groups), types
        self.outcomes = {name: tuple(columns) for name, columns in outcomes.items()}
        self.flags = self._flags()
        self.summed = {name: cols for name, cols in self.outcomes.items() if not set(cols) <= set(self.flags)}
        self.short = {name: all(_is_short(types.field(c).type) for c in cols) for name, cols in self.summed.items()}
        self.columns: dict[tuple[str, bool], str] = {}
        self.products: dict[tuple[str, str], str] = {}
        for name, columns in self.summed.items():
            here = [self._column(column, self.short[name]) for column in columns]
            for i, j in pairs(len(columns)):
                if i == j and self.short[name] and _is_boolean(types.field(columns[i]).type):
                    self.products[here[i], here[i]] = f"s{here[i]}"  # the square of 0 or 1 is itself
                else:
                    self.products.setdefault(_pair(here[i], here[j]), f"p{len(self.products)}")

        whole = {alias for (_, short), alias in self.columns.items() if short}
        self.places = {f"s{alias}": 0 if alias in whole else 2 for alias in self.columns.values()}
        """By alias of a sum, how many places its point moves: floats are counted in hundredths."""
        self.places |= {alias: 0 if one in whole else 4 for (one, _), alias in self.products.items() if alias[0] == "p"}

    def _flags(self) -> tuple[str, ...]:
        """The columns of outcomes that are yes or no in all of theirs, as many as rows may be counted by."""
        flags: tuple[str, ...] = ()
        for columns in self.outcomes.values():
            further = tuple(dict.fromkeys((*flags, *columns)))
            if len(further) <= _MOST_FLAGS and all(_is_boolean(self.types.field(one).type) for one in columns):
                flags = further
        return flags

    def _column(self, column: str, short: bool) -> str:
        return self.columns.setdefault((column, short), f"m{len(self.columns)}")

    @property
    def narrows(self) -> bool:
        """Whether there are whole numbers that 16 bits may hold although their type is wider."""
        types = [self.types.field(column).type for column, short in self.columns if short]
        return any(_wider(kind, narrow=True) != _wider(kind) for kind in types)

    def sql(self, rows: str, *, narrow: bool = False) -> str:
        keys = [f"{identifier(group)} as g{i}" for i, group in enumerate(self.groups)]
        keys += [f"coalesce({identifier(flag)}, false) as f{i}" for i, flag in enumerate(self.flags)]
        taken, counted = [], ["count(*) as n"]
        for (column, short), alias in self.columns.items():
            name = identifier(column)
            counted.append(f"sum({alias}) as s{alias}")
            if short:
                wider = _wider(self.types.field(column).type, narrow=narrow)
                taken.append(f"cast({name} as {wider}) as {alias}" if wider else f"{name} as {alias}")
            else:
                given = f"coalesce(cast({name} as double), 0) * 100"
                taken += [f"{given} + {_ROUNDS}e0 - {_ROUNDS}e0 as {alias}", f"{given} as given{alias}"]
        counted += [f"sum({off}) as off{place}" for place, off in self._off()]
        counted += [f"sum({a} * {b}) as {alias}" for (a, b), alias in self.products.items() if alias[0] == "p"]
        aliases = [*(f"g{i}" for i in range(len(self.groups))), *(f"f{i}" for i in range(len(self.flags)))]
        by = f" group by {', '.join(aliases)}" if aliases else ""
        inner = f"select {', '.join([*keys, *taken])} from ({rows}) as source"
        return f"select {', '.join([*aliases, *counted])} from ({inner}) as measured{by}"

    def _off(self) -> Iterator[tuple[int, str]]:
        """By place of an outcome counted in floats: how far its numbers lie off whole hundredths, squared."""
        for place, (name, columns) in enumerate(self.summed.items()):
            if not self.short[name]:
                here = [self.columns[column, False] for column in columns]
                yield place, " + ".join(f"(given{alias} - {alias}) * (given{alias} - {alias})" for alias in here)

    def doubtful(self, row: Mapping[str, Any]) -> set[str]:
        """Outcomes whose sums in floats may have been rounded."""
        return {
            name
            for place, (name, columns) in enumerate(self.summed.items())
            if not self.short[name] and not self._sure(row, columns, row[f"off{place}"])
        }

    def _sure(self, row: Mapping[str, Any], columns: Sequence[str], off: float | None) -> bool:
        if off is None:
            return True  # no row at all
        aliases = [self.columns[column, False] for column in columns]
        return bool(off < _SAME**2) and all(row[self.products[alias, alias]] < _WHOLE for alias in aliases)

    def add(self, row: Mapping[str, Any], to: _Counted) -> None:
        """Add what the engine counted of some rows of a group to what is known of it; in an exact context."""
        n = int(row["n"])
        to.n += n
        carried = tuple(row[f"f{i}"] for i in range(len(self.flags)))
        to.flagged[carried] = to.flagged.get(carried, 0) + n
        for alias, places in self.places.items():
            to.sums[alias] = to.sums.get(alias, _NOUGHT) + _exact(row[alias], places)

    def moments(self, counted: _Counted) -> dict[str, Moments]:
        found = {}
        for name, columns in self.outcomes.items():
            if name in self.summed:
                here = [self.columns[column, self.short[name]] for column in columns]
                sums = tuple(counted.sums.get(f"s{alias}", _NOUGHT) for alias in here)
                both = [self.products[_pair(here[i], here[j])] for i, j in pairs(len(here))]
                products = tuple(counted.sums.get(alias, _NOUGHT) for alias in both)
            else:
                at = [self.flags.index(column) for column in columns]
                sums = tuple(_carrying(counted, one, one) for one in at)
                products = tuple(_carrying(counted, at[i], at[j]) for i, j in pairs(len(at)))
            found[name] = Moments(columns, counted.n, sums, products)
        return found


def _carrying(counted: _Counted, one: int, other: int) -> Decimal:
    """How many rows carry both of two flags."""
    return Decimal(sum(n for carried, n in counted.flagged.items() if carried[one] and carried[other]))


def _pair(one: str, other: str) -> tuple[str, str]:
    return (min(one, other), max(one, other))


def _is_boolean(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_boolean(kind))


def _wider(kind: pa.DataType, *, narrow: bool = False) -> str | None:
    """The type in which two such whole numbers can be multiplied, and none for decimals, which widen of themselves.

    With `narrow`, 16 bits where their products may, and may not, fit.
    """
    import pyarrow as pa

    if pa.types.is_decimal(kind):
        return None
    width = 1 if _is_boolean(kind) else kind.bit_width + pa.types.is_unsigned_integer(kind)
    if width > 8 and narrow:
        return "smallint"
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
