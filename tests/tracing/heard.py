"""What did a run put into words, from which values? What `overheard` wrote down, table by table and chart by chart.

A table's texts are those said since the table or chart before it, in the same process; what a fold under a chart shows
are the chart's own values, four digits each. Whether a value comes from the results is left to `leaves`, what a page
shows to `shown`.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.reporting.formats import Formats
from tests.tracing.leaves import Leaves
from tests.tracing.shown import BEHIND, plain_spaces

Said = Counter[str]
"""Text as shown, and how often it was said of a value that leads to the results."""


@dataclass
class Process:
    """What one process said: by the caption of a table, by the title of a chart, and all of it."""

    tables: dict[str, Said] = field(default_factory=lambda: defaultdict(Counter))
    charts: dict[str, Said] = field(default_factory=lambda: defaultdict(Counter))
    everything: Said = field(default_factory=Counter)

    @property
    def captions(self) -> set[str]:
        """Of its tables and folds, by which the page is known that shows them."""
        return set(self.tables)


def heard(folder: Path, leaves: Leaves, *, locale: str = "en_GB") -> list[Process]:
    """What every process of a run said that leads to its results."""
    leads = _Leads(leaves)
    formats = Formats(locale)
    return [
        _process([json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()], leads, formats)
        for file in sorted(folder.glob("*.jsonl"))
    ]


def _process(lines: Iterable[Mapping[str, Any]], leads: _Leads, formats: Formats) -> Process:
    process = Process()
    drawn: set[str] = set()  # a chart is laid out for several widths
    since: Said = Counter()
    for one in lines:
        if "said" in one:
            text = plain_spaces(one["said"])
            if any(letter.isdigit() for letter in text) and leads(one["of"]):
                since[text] += 1
                process.everything[text] += 1
        elif "table" in one:
            process.tables[plain_spaces(one["table"])] += since
            since = Counter()
        else:
            title = plain_spaces(one["chart"])
            process.charts[title] |= since
            process.tables[f"{BEHIND}{title}”"] += since
            if (rows := json.dumps(one)) not in drawn:
                process.tables[f"{BEHIND}{title}”"] += _of_rows(one["rows"], leads, formats)
                drawn.add(rows)
            since = Counter()
    return process


def _of_rows(rows: Sequence[Sequence[Any]], leads: _Leads, formats: Formats) -> Said:
    """A chart's values as the fold under it shows them.

    Where a value is no result itself, it may be carried on from the row above, or be the sum or difference of two of
    its own row that are results or were carried on: so are the steps of a bridge drawn.
    """
    said: Said = Counter()
    carried: set[float] = {0.0}
    for row in rows:
        cells = [cell for cell in row if isinstance(cell, int | float) and not isinstance(cell, bool) and cell == cell]
        known = {float(cell) for cell in cells if leads(cell) or _in(cell, carried)}
        for cell in cells:
            if float(cell) in known or any(_in(cell, {a + b, a - b}) for a in known for b in known):
                known.add(float(cell))
                shown = formats.number(cell) if isinstance(cell, int) else formats.number(float(f"{cell:.4g}"))
                said[plain_spaces(shown)] += 1
        carried = known | {0.0}
        said.update(plain_spaces(cell) for cell in row if isinstance(cell, str) and leads(cell))
    return said


def _in(value: float, among: Iterable[float]) -> bool:
    return any(abs(value - one) <= 1e-9 * max(abs(value), abs(one)) + 1e-12 for one in among)


class _Leads:
    """Whether a value leads to the results, looked up once for each."""

    def __init__(self, leaves: Leaves) -> None:
        self._leaves = leaves
        self._known: dict[Any, bool] = {}

    def __call__(self, value: Any) -> bool:
        key = (type(value), value)
        if key not in self._known:
            self._known[key] = self._leaves.why(value) is not None
        return self._known[key]
