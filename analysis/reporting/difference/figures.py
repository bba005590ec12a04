"""Which counted figures moved, and how: restated, adjusted, or still open?

A figure that was closed and moves is news to everybody who has read it; one that was provisional was said to move.
Figures are paired by metric, basis, period and segment, those of one definition first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from analysis.reporting.difference.pairs import as_text, fields_changed, paired, same
from analysis.reporting.rows import Row

CLOSED = ("locked", "adjusted", "restated")
HOW = ("restated", "against_record", "adjusted", "redefined", "closed", "estimated", "provisional")
"""How a figure moved, the most important first. `restated`: an error in closed figures was corrected. `against_record`:
it was closed and differs, though nobody restated or adjusted it. `adjusted`: late news of a closed month. `redefined`:
counted by another definition. `closed`: provisional before, closed at another value. `estimated`, `provisional`: it was
said to move."""
MOST_ROWS = 60
_NAMES = ("id", "version", "basis", "period", "segment")


def figures_compared(earlier: Sequence[Row], later: Sequence[Row], *, most: int | None = MOST_ROWS) -> dict[str, Any]:
    """The figures of two results beside each other.

    Parameters
    ----------
    earlier, later : sequence of mapping
        Rows of the contract's `metrics`.
    most : int, optional
        Most rows listed, the most important first; None for all. The others are counted under `left_out`.

    Returns
    -------
    dict
        `both`, `moved`, `said_otherwise` (same value, something else differs) and `by` count figures; `rows` lists
        those that moved; `closed_before` counts those closed in the earlier, `closed_since` those closed since;
        `only_earlier` and `only_later` count by metric; `fields` counts what else differs.

    Examples
    --------
    >>> old = {"id": "mentions", "version": 1, "basis": "action", "period": "2026-08", "segment": {}, "value": 100,
    ...        "unit": "mentions", "state": "locked"}
    >>> found = figures_compared([old], [{**old, "value": 112, "state": "restated"}])
    >>> found["moved"], found["by"], found["rows"][0]["relative_change"]
    (1, {'restated': 1}, 0.12)
    """
    pairs = paired(earlier, later, [_NAMES, tuple(name for name in _NAMES if name != "version")])
    rows, fields = [], Counter[str]()
    otherwise = closed_before = closed_since = 0
    for old, new in pairs.both:
        changed = fields_changed(old, new)
        if not same(old.get("value"), new.get("value")) or "version" in changed:
            rows.append(_change(old, new))
        elif changed:
            otherwise += 1
            fields.update(changed)
        closed_before += old.get("state") in CLOSED
        closed_since += old.get("state") not in CLOSED and new.get("state") in CLOSED
    rows.sort(key=_rank)
    by = Counter(row["how"] for row in rows)
    listed = rows if most is None else rows[:most]
    return {
        "both": len(pairs.both),
        "moved": len(rows),
        "by": {how: by[how] for how in HOW if by[how]},
        "rows": listed,
        "left_out": len(rows) - len(listed),
        "closed_before": closed_before,
        "closed_since": closed_since,
        "said_otherwise": otherwise,
        "fields": dict(sorted(fields.items())),
        "only_earlier": _alone(pairs.only_earlier, later),
        "only_later": _alone(pairs.only_later, earlier),
    }


def count_of(found: Mapping[str, Any]) -> int:
    """How many figures differ in anything."""
    return int(found["moved"] + found["said_otherwise"] + found["only_earlier"]["count"] + found["only_later"]["count"])


def _change(old: Row, new: Row) -> dict[str, Any]:
    before, after = old.get("value"), new.get("value")
    change = None if before is None or after is None else after - before
    return {
        "metric": new["id"],
        "version": new.get("version"),
        "version_before": old.get("version"),
        "basis": new.get("basis"),
        "period": new.get("period") or "",
        "segment": new.get("segment") or {},
        "unit": new.get("unit") or old.get("unit") or "",
        "before": before,
        "after": after,
        "change": change,
        "relative_change": change / abs(before) if change is not None and before else None,
        "state_before": old.get("state"),
        "state": new.get("state"),
        "how": _how(old, new),
        "reason": new.get("reason") if after is None else old.get("reason") if before is None else None,
    }


def _how(old: Row, new: Row) -> str:
    was, now = old.get("state"), new.get("state")
    if not same(old.get("version"), new.get("version")):
        return "redefined"
    if was in CLOSED:
        return str(now) if now in ("adjusted", "restated") else "against_record"
    if "estimated" in (was, now):
        return "estimated"
    return "closed" if now in CLOSED else "provisional"


def _rank(row: Row) -> tuple[Any, ...]:
    """The most important kind first, whole figures before parts, the largest change before smaller ones."""
    size = abs(row["relative_change"]) if row["relative_change"] is not None else float("inf")
    name = (str(row["metric"]), str(row["basis"]), str(row["period"]), as_text(row["segment"]))
    return HOW.index(row["how"]), bool(row["segment"]), -size, name


def _alone(rows: Sequence[Row], other: Sequence[Row]) -> dict[str, Any]:
    """Figures only one has: how many, of which metrics, in which periods, and which of both the other lacks at all."""
    metrics, periods = ({row.get(name) or "" for row in other} for name in ("id", "period"))
    return {
        "count": len(rows),
        "metrics": dict(sorted(Counter(row["id"] for row in rows).items())),
        "periods": dict(sorted(Counter(row.get("period") or "" for row in rows).items())),
        "new_metrics": sorted({row["id"] for row in rows} - metrics),
        "new_periods": sorted({row.get("period") or "" for row in rows} - periods),
    }
