"""Which estimated effects moved, and can the change be told from noise?

Two studies of the same company share most of their customers, so their estimates depend on each other. Whatever the
correlation of two estimates with standard errors a and b, the standard error of their difference lies between |a - b|
and a + b; `shared` says how much less than the worst is safe. A change counts as told from noise only where its
interval leaves out "no change"; all else is "not distinguishable". Ratios are compared on their logarithms.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

from analysis.reporting.difference.pairs import as_text, fields_changed, paired
from analysis.reporting.difference.shared import spread
from analysis.reporting.rows import Row

NAMES = ("design", "estimand", "treated", "comparison", "outcome", "scale", "segment")
_WINDOW = ("index_from", "index_to", "maturity")
_SIDE = (
    "value", "low", "high", "level", "grade", "maturity", "n_treated", "n_comparison", "index_from", "index_to",
    "reason",
)  # fmt: skip
_MOVING = {"value", "low", "high", "grade", "maturity", "unit"}
MOST_ROWS = 60
_FOUND = (
    "change", "low", "high", "se", "se_least", "se_most", "shared_months", "correlation", "distinguishable", "reason",
)  # fmt: skip


def effects_compared(earlier: Sequence[Row], later: Sequence[Row], *, most: int | None = MOST_ROWS) -> dict[str, Any]:
    """The effects of two results beside each other.

    Parameters
    ----------
    earlier, later : sequence of mapping
        Rows of the contract's `effects`. Paired by design, estimand, groups, outcome, scale and segment; by index
        months and maturity as well where several rows share those.
    most : int, optional
        Most rows listed; None for all. The others are counted under `left_out`.

    Returns
    -------
    dict
        `rows` lists effects whose value, interval, grade or maturity differs, each with both sides, the `change`
        (of a ratio: the ratio of both), its interval, and `distinguishable`: true, false, or null with the
        reason.
    """
    pairs = paired(earlier, later, [(*NAMES, *_WINDOW), (*NAMES, "maturity"), NAMES])
    rows, fields = [], Counter[str]()
    otherwise = 0
    for old, new in pairs.both:
        changed = fields_changed(old, new)
        if _MOVING & set(changed):
            rows.append(_row(old, new))
        elif changed:
            otherwise += 1
            fields.update(changed)
    rows.sort(key=_rank)
    listed = rows if most is None else rows[:most]
    told = Counter(row["distinguishable"] for row in rows)
    return {
        "both": len(pairs.both),
        "moved": len(rows),
        "distinguishable": told[True],
        "not_distinguishable": told[False],
        "not_comparable": told[None],
        "rows": listed,
        "left_out": len(rows) - len(listed),
        "said_otherwise": otherwise,
        "fields": dict(sorted(fields.items())),
        "only_earlier": _alone(pairs.only_earlier, later, most),
        "only_later": _alone(pairs.only_later, earlier, most),
    }


def count_of(found: Mapping[str, Any]) -> int:
    """How many effects differ in anything."""
    return int(found["moved"] + found["said_otherwise"] + found["only_earlier"]["count"] + found["only_later"]["count"])


def change_of(old: Row, new: Row) -> dict[str, Any]:
    """How far an effect moved, and whether the change can be told from noise.

    Parameters
    ----------
    old, new : mapping
        Rows of the contract's `effects`, of one scale.

    Returns
    -------
    dict
        `change`, `low`, `high` (at the later row's level; of a ratio as a ratio), the standard error it is judged by
        (`se`) and those of the extreme correlations (`se_least`, `se_most`), of a ratio on the log scale;
        `shared_months` and `correlation` (null where the worst is taken), `distinguishable`, `reason`.

    Examples
    --------
    >>> old = {"scale": "ratio", "value": 1.05, "se_log": 0.02, "level": 0.95}
    >>> found = change_of(old, {**old, "value": 1.09})
    >>> round(found["change"], 4), round(found["low"], 3), round(found["high"], 3), found["distinguishable"]
    (1.0381, 0.96, 1.123, False)
    >>> old |= {"estimand": "channel_effect", "index_from": "2025-01", "index_to": "2025-12"}
    >>> found = change_of(old, {**old, "value": 1.09, "index_to": "2026-03"})
    >>> round(found["low"], 3), round(found["high"], 3), found["distinguishable"]
    (1.002, 1.075, True)
    """
    found: dict[str, Any] = dict.fromkeys(_FOUND)
    before, after = old.get("value"), new.get("value")
    if before is None or after is None:
        both = before is None and after is None
        return {**found, "reason": "claimed by neither" if both else f"claimed only by the {_which(before)} report"}
    if old.get("unit") != new.get("unit"):
        return {**found, "reason": "the unit is another"}
    ratio = new.get("scale") == "ratio"
    if ratio and min(before, after) <= 0:
        return {**found, "reason": "a ratio is not above zero"}
    found["change"] = after / before if ratio else after - before
    errors = [_error_of(row, ratio) for row in (old, new)]
    level = new.get("level")
    if None in errors or level is None or not 0 < level < 1:
        return {**found, "reason": "no standard error on both sides"}
    wide = spread(old, new, (float(errors[0]), float(errors[1])))  # type: ignore[arg-type]
    shift = math.log(after) - math.log(before) if ratio else after - before
    reach = NormalDist().inv_cdf(0.5 + level / 2) * wide.taken
    ends = [_as_ratio(end) if ratio else end for end in (shift - reach, shift + reach)]
    if not all(math.isfinite(end) for end in (*ends, found["change"])):
        return {**found, "change": None, "reason": "no number that can be compared"}
    found |= {"low": ends[0], "high": ends[1], "se": wide.taken, "se_least": wide.least, "se_most": wide.most}
    found |= {"shared_months": wide.shared, "correlation": wide.correlation}
    return {**found, "distinguishable": abs(shift) > reach}


def _error_of(row: Row, ratio: bool) -> float | None:
    """The standard error on the scale of comparison; of a ratio without one of its logarithm, by the delta method."""
    if not ratio:
        return row.get("se")
    se, se_log = row.get("se"), row.get("se_log")
    return se_log if se_log is not None or se is None else float(se / row["value"])


def _as_ratio(shift: float) -> float:
    return math.exp(shift) if shift < 700 else math.inf


def _which(before: float | None) -> str:
    return "later" if before is None else "earlier"


def _row(old: Row, new: Row) -> dict[str, Any]:
    return {
        **{name: new.get(name) for name in NAMES},
        "unit": new.get("unit"),
        "before": {key: old.get(key) for key in _SIDE},
        "after": {key: new.get(key) for key in _SIDE},
        **change_of(old, new),
    }


def _rank(row: Row) -> tuple[Any, ...]:
    """Adjusted figures before raw ones, what can be told from noise first, all customers before segments."""
    verdict = {True: 0, None: 1, False: 2}[row["distinguishable"]]
    raw = str(row["estimand"]).startswith("naive_")
    name = as_text([row[key] for key in NAMES])
    return raw, verdict, bool(row["segment"]), name, as_text([row["before"], row["after"]])


def _compared(row: Row) -> tuple[str, ...]:
    return tuple(str(row.get(name)) for name in ("estimand", "treated", "outcome"))


def _alone(rows: Sequence[Row], other: Sequence[Row], most: int | None) -> dict[str, Any]:
    """Effects only one has: how many, and which; grade and value beside.

    `new_outcomes` are those on all customers of which the other holds nothing: neither another scale, nor a segment,
    nor an interim.
    """
    known = {_compared(row) for row in other}
    named = sorted({_compared(row) for row in rows if not row.get("segment")} - known)
    shown = sorted(
        (
            {**{name: row.get(name) for name in NAMES}, "value": row.get("value"), "grade": row.get("grade")}
            for row in rows
        ),
        key=lambda row: (bool(row["segment"]), as_text(row)),
    )
    listed = shown if most is None else shown[:most]
    return {
        "count": len(rows),
        "rows": listed,
        "left_out": len(shown) - len(listed),
        "new_outcomes": [dict(zip(("estimand", "treated", "outcome"), one, strict=True)) for one in named],
    }
