"""What differs between two `results.json`, whole: figures, ratios in parts, effects, money, and all else counted.

Nothing is left out in silence: every top key that differs has a count above zero, and what is not listed is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.reporting.difference import effects, figures
from analysis.reporting.difference.causes import can_have_moved, causes
from analysis.reporting.difference.line import line_before
from analysis.reporting.difference.pairs import leaves_changed, rows_of_one, same
from analysis.reporting.difference.ratios import ratios_compared

HEADLINES = (
    *(f"{name}.{end}" for name in ("npv", "roi", "payback_months") for end in ("p50", "p5", "p95")),
    "probability_npv_positive",
)
"""The figures of the case in money that come first."""
MOST_LINES = 40
MOST_PATHS = 12
_WHOLE = ("schema", "study", "period", "known_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What differs between two results; plain values throughout.

    `earlier` and `later` say which: study, period, known_at, and the hash of the file. `counts` has every top key of
    both with the number of its parts that differ: 0 means equal. `ratios` splits the change of ratios into rate and
    mix, `line` is the reports before the later one, the oldest first. `doubts` are sentences on why the two can hardly
    be compared; empty where they can.
    """

    earlier: Mapping[str, Any]
    later: Mapping[str, Any]
    why: Mapping[str, Any]
    metrics: Mapping[str, Any]
    ratios: Mapping[str, Any]
    effects: Mapping[str, Any]
    roi: Mapping[str, Any]
    other: Mapping[str, Any]
    counts: Mapping[str, int]
    line: Sequence[Mapping[str, Any]] = ()
    doubts: Sequence[str] = ()

    @property
    def nothing(self) -> bool:
        """Whether both say the same in everything."""
        return not any(self.counts.values())

    def to_dict(self) -> dict[str, Any]:
        """All of it, for programs."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {**found, "line": list(self.line), "doubts": list(self.doubts)}

    def for_results(self) -> dict[str, Any]:
        """As the later report carries it under `previous`: without saying what that report is."""
        found = {name: value for name, value in self.to_dict().items() if name not in ("earlier", "later", "doubts")}
        return {**self.earlier, **found}

    def __str__(self) -> str:
        from analysis.reporting.difference.said import said

        return "\n".join(said(self))


def difference(
    earlier: Mapping[str, Any],
    later: Mapping[str, Any],
    *,
    hashes: tuple[str | None, str | None] = (None, None),
    params: tuple[Mapping[str, Any] | None, Mapping[str, Any] | None] = (None, None),
    most: int | None = figures.MOST_ROWS,
    doubts: Iterable[str] = (),
    line: Sequence[Mapping[str, Any]] | None = None,
) -> Difference:
    """What differs between two results, and why it can.

    Parameters
    ----------
    earlier, later : mapping
        What two `results.json` hold, sound in form.
    hashes : pair of str, optional
        The hashes of the two files, to be named.
    params : pair of mapping, optional
        The parameters of each, where they are at hand.
    most : int, optional
        Most rows listed of figures and of effects; None for all.
    doubts : iterable of str
        Sentences on why the two can hardly be compared, where they cannot.
    line : sequence of mapping, optional
        The reports before the later one, where it is not read off the earlier one.

    Examples
    --------
    >>> one = {"study": "2026q3", "metrics": [], "effects": [], "roi": None, "promises": [{"id": "a"}]}
    >>> difference(one, one).nothing
    True
    >>> found = difference(one, {**one, "study": "2026q4", "promises": []})
    >>> {key: count for key, count in found.counts.items() if count}
    {'promises': 1, 'study': 1}
    """
    why = causes(earlier, later, params)
    metrics = figures.figures_compared(earlier.get("metrics") or (), later.get("metrics") or (), most=most)
    estimated = effects.effects_compared(earlier.get("effects") or (), later.get("effects") or (), most=most)
    roi = _money(earlier.get("roi"), later.get("roi"))
    for found, is_effect in ((metrics, False), (estimated, True)):
        for row in found["rows"]:
            row["can_have_moved"] = can_have_moved(why, row, effect=is_effect)
    named = {"metrics": figures.count_of(metrics), "effects": effects.count_of(estimated), "roi": roi["moved"]}
    counts: dict[str, int] = {}
    other: dict[str, Any] = {}
    for key in sorted({*earlier, *later}):
        mine, yours = earlier.get(key), later.get(key)
        if same(mine, yours):
            counts[key] = 0
        elif key in named or key in _WHOLE:
            counts[key] = named.get(key) or 1
        else:
            other[key] = _else(mine, yours)
            counts[key] = other[key]["count"]
    return Difference(
        earlier=_named(earlier, hashes[0]),
        later=_named(later, hashes[1]),
        why=why,
        metrics=metrics,
        ratios=ratios_compared(earlier, later),
        effects=estimated,
        roi=roi,
        other=other,
        counts=counts,
        line=line_before(earlier, hashes[0]) if line is None else line,
        doubts=tuple(doubts),
    )


def _named(results: Mapping[str, Any], fingerprint: str | None) -> dict[str, Any]:
    return {
        "study": results.get("study"),
        "period": results.get("period"),
        "known_at": results.get("known_at"),
        "results": fingerprint,
    }


def _money(before: Any, after: Any) -> dict[str, Any]:
    """The figures of two cases in money that differ; all of one case where the other was not made."""
    changed = leaves_changed(before, after)
    place = {path: at for at, path in enumerate(HEADLINES)}
    if before is None or after is None:
        changed = [one for one in changed if one[0]]  # the path of "there is none" itself
    rows = [{"figure": path, "before": old, "after": new} for path, old, new in changed]
    rows.sort(key=lambda row: (place.get(row["figure"], len(place)), row["figure"]))
    return {
        "made": {"before": before is not None, "after": after is not None},
        "currency": {"before": (before or {}).get("currency"), "after": (after or {}).get("currency")},
        "moved": len(rows),
        "rows": rows[:MOST_LINES],
        "left_out": max(0, len(rows) - MOST_LINES),
    }


def _else(mine: Any, yours: Any) -> dict[str, Any]:
    """How much differs of a part that is not compared figure by figure, and where first."""
    if isinstance(mine or [], list) and isinstance(yours or [], list):
        gone, new = rows_of_one(mine or [], yours or [])
        found: dict[str, Any] = {"count": gone + new, "only_earlier": gone, "only_later": new}
    else:
        paths = [path for path, *_ in leaves_changed(mine, yours)]
        found = {"count": len(paths), "first": paths[:MOST_PATHS], "left_out": max(0, len(paths) - MOST_PATHS)}
    return {**found, "count": found["count"] or 1}  # the same rows in another order
