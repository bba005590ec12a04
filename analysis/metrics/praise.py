"""Do complaints outweigh praise for every product and on every platform, or for one of them alone?

Complaints, positives and their ratio over the whole period, by the same definition as month by month. The months are
left to `families.mentions`, both sides of a programme's start to `programme`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Month
from analysis.metrics.catalogue import definition
from analysis.metrics.counter import Counter, number_of, whole_label
from analysis.metrics.figure import Metric, ratio

if TYPE_CHECKING:
    import pandas as pd

    from analysis.tables.opened import Tables

METRIC = "complaints_per_positive"
BY = ("product", "platform")
_SUMS = ", ".join((number_of("kind = 'complaint'", "complaints"), number_of("kind = 'positive'", "positives")))


@dataclass(frozen=True, slots=True)
class Praise:
    """Complaints for each positive mention, by product and by platform: rows of the metric, told apart by segment."""

    metrics: tuple[Metric, ...] = ()

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {"metrics": [row.to_dict() for row in self.metrics]}

    def to_frame(self) -> pd.DataFrame:
        """One row a product or platform: `by, name, complaints, positives, complaints_per_positive`."""
        import pandas as pd

        return pd.DataFrame(
            [(*next(iter(row.segment.items())), row.numerator, row.denominator, row.value) for row in self.metrics],
            columns=["by", "name", "complaints", "positives", "complaints_per_positive"],
        )

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def praise(tables: Tables, *, months: Sequence[Month], zone: str) -> Praise:
    """Complaints and positives of each product and platform over all months together.

    Parameters
    ----------
    tables : Tables
    months : sequence of Month
        Whole months of the reporting period, without gaps.
    zone : str
        Reporting time zone, in which months begin.

    Returns
    -------
    Praise
        Mentions without a product or platform stand under "unknown"; a name that has neither complaints nor positives
        has no row, and tables that do not tell kinds have none at all.
    """
    if not tables.has("mentions") or not tables.has_column("mentions", "kind"):
        return Praise()
    count = Counter(tables, tuple(months), zone)
    rows: list[Metric] = []
    for by in BY:
        if not tables.has_column("mentions", by):
            continue
        found = count.by_month(_SUMS, "mentions", "posted_at", by)
        for name in sorted(str(group) for month, group in found if month is None):
            complaints, positives = (int(found[None, name][kind] or 0) for kind in ("complaints", "positives"))
            if complaints or positives:
                rows.append(
                    ratio(
                        definition(METRIC), whole_label(count.months), complaints, positives,
                        "no positive mention in the period", segment={by: name},
                    )
                )  # fmt: skip
    return Praise(tuple(rows))
