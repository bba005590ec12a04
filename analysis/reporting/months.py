"""Which place does a month have beside others on a page? From the labels alone, of months or of fiscal periods.

A page knows the labels of its figures. They tell how months follow each other, and so their places on an axis and which
of them make a stretch; the days of a fiscal period are told by the results' `period.calendar` alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.foundation.fiscal import is_fiscal


@dataclass(frozen=True, slots=True)
class LabelledPeriods:
    """Fiscal periods by their labels: years of so many periods each, without their days."""

    per_year: int

    def label(self, number: int) -> str:
        return f"{number // self.per_year:04d}-P{number % self.per_year + 1:02d}"

    def number_of(self, label: str) -> int:
        return int(label[:4]) * self.per_year + int(label[-2:]) - 1

    def first_day(self, number: int) -> date:
        raise DesignError(f"The label {self.label(number)} does not tell its days.")

    def number_of_day(self, day: date) -> int:
        raise DesignError("Labels of fiscal periods do not tell their days.")


def months_of(labels: Iterable[str]) -> list[Month]:
    """The months of some labels, so numbered that neighbours follow each other.

    Of fiscal periods a year has as many as the highest number among the labels.

    Examples
    --------
    >>> [month.number - 670 for month in months_of(["2026-01", "2026-03"])]
    [2, 4]
    >>> first, last = months_of(["2025-P13", "2026-P01"])
    >>> last.number - first.number, str(first.plus(1))
    (1, '2026-P01')
    """
    labels = list(labels)
    if not any(is_fiscal(label) for label in labels):
        return [Month.of(label) for label in labels]
    calendar = LabelledPeriods(max(int(label[-2:]) for label in labels if is_fiscal(label)))
    return [Month.of(label, calendar) for label in labels]
