"""What of a table was known at an instant? SQL that takes back the rows and the facts that came later.

    as_known_at("select * from mentions", SCHEMAS["mentions"], columns, instant)

A row was known from its `known_at` on; where it has none, from when it was written down (`recorded_time`) or happened
(`event_time`), a day from its first instant (UTC). Of a row that was known, the news it tells with a time of its own
(`known_with` in the schemas: a reply, a settlement, an end, an answer) is empty until that time. A row with none of
these times is taken for known. Which tables may be asked at all is left to `opened`.

What cannot be taken back: words of a row that have no time of their own (the kind of a mention, the cost of an issue)
stand as the tables hold them; a `joined_at` derived from a first order that came later is empty, but one derived from
an order that was learned of late, or from a second one because the first was cancelled since, stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from analysis.tables.checks import DERIVED
from analysis.tables.contract import KNOWN_AT, TableSchema
from analysis.tables.engine import Engine, identifier
from analysis.tables.local_time import instant


def as_known_at(rows: str, schema: TableSchema, columns: Sequence[str], at: datetime) -> str:
    """The query for the rows known at an instant, as they were known then.

    Parameters
    ----------
    rows : str
        A query for all rows, with every column of the contract.
    schema : TableSchema
        The table.
    columns : sequence of str
        The columns of the query, in order.
    at : datetime
        Naive UTC.

    Examples
    --------
    >>> from analysis.tables.contract import SCHEMAS
    >>> print(as_known_at("select * from t", SCHEMAS["posts"], ["post_id", "published_at", "known_at"],
    ...                   datetime(2026, 10, 1)))  # doctest: +NORMALIZE_WHITESPACE
    select * from (select "post_id", "published_at", "known_at" from (select * from t) as held) as held
    where coalesce("known_at", cast("published_at" as timestamp), timestamp '2026-10-01 00:00:00')
        <= timestamp '2026-10-01 00:00:00'
    """
    return f"select * from ({without_news(rows, schema, columns, at)}) as held where {known(schema, at)}"


def without_news(rows: str, schema: TableSchema, columns: Sequence[str], at: datetime) -> str:
    """The query for all rows, empty where they tell what came after an instant; see `as_known_at`."""
    values = {name: identifier(name) for name in columns}
    for column in schema.columns:
        if column.known_with is not None:
            later = f"{identifier(column.known_with)} > {instant(at)}"
            values[column.name] = f"case when {later} then null else {identifier(column.name)} end"
    if DERIVED in values:
        derived, joined = identifier(DERIVED), identifier("joined_at")
        later = f"{derived} and {joined} > {instant(at)}"
        values["joined_at"] = f"case when {later} then null else {joined} end"
        values[DERIVED] = f"case when {later} then false else {derived} end"
    listed = ", ".join(
        value if value == identifier(name) else f"{value} as {identifier(name)}" for name, value in values.items()
    )
    return f"select {listed} from ({rows}) as held"


def known(schema: TableSchema, at: datetime) -> str:
    """SQL for whether a row was known at an instant, never null."""
    stand_in = dict.fromkeys(filter(None, (schema.recorded_time, schema.event_time)))
    times = [identifier(KNOWN_AT.name), *(f"cast({identifier(name)} as timestamp)" for name in stand_in)]
    return f"coalesce({', '.join(times)}, {instant(at)}) <= {instant(at)}"


@dataclass(frozen=True, kw_only=True)
class KnownRows:
    """How many rows of a table were known at an instant, and the span of their event times.

    `unknown` rows were not, `kept` ones were and count; `more_set_aside` is by reason how many more of the rows were
    known to be set aside than are today (mostly fewer: an order that is cancelled today stood then); `more` how many
    more rows were looked at than stand in the table today: versions that have been replaced since.
    """

    kept: int
    unknown: int
    more: int
    more_set_aside: Mapping[str, int]
    first: datetime | date | None
    last: datetime | date | None


def counted(
    engine: Engine,
    rows: str,
    schema: TableSchema,
    columns: Sequence[str],
    set_aside: Mapping[str, str],
    at: datetime,
    today: str,
) -> KnownRows:
    """The account of the rows known at an instant, in one pass.

    Parameters
    ----------
    rows, schema, columns, at
        As `as_known_at` takes them.
    set_aside : mapping of str to str
        Reason to the column that, when filled, takes a row out.
    today : str
        A query for all rows as they stand today.
    """
    aside = [identifier(name) for name in set_aside.values()]
    kept = " and ".join(["__known", *(f"{name} is null" for name in aside)])
    event = identifier(schema.event_time) if schema.event_time else "cast(null as timestamp)"
    counts = [
        "count(*) as looked_at",
        f"count(*) filter (where {kept}) as kept",
        "count(*) filter (where not __known) as unknown",
        f"min({event}) filter (where {kept}) as first",
        f"max({event}) filter (where {kept}) as last",
        *(f"count({name}) filter (where __known) as aside{place}" for place, name in enumerate(aside)),
    ]
    then = f"select *, {known(schema, at)} as __known from ({without_news(rows, schema, columns, at)}) as held"
    (found,) = engine.query(f"select {', '.join(counts)} from ({then}) as held").to_pylist()
    counts_today = ["count(*) as looked_at", *(f"count({name}) as aside{at}" for at, name in enumerate(aside))]
    (held,) = engine.query(f"select {', '.join(counts_today)} from ({today}) as held").to_pylist()
    more = {reason: found[f"aside{place}"] - held[f"aside{place}"] for place, reason in enumerate(set_aside)}
    return KnownRows(
        kept=found["kept"],
        unknown=found["unknown"],
        more=found["looked_at"] - held["looked_at"],
        more_set_aside=more,
        first=found["first"],
        last=found["last"],
    )
