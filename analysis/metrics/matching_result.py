"""How far are the people behind social contacts known? The shares, what sets the unmatched apart, and what is claimed.

How they are counted is left to `matching`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

APART = 0.1
"""Standardised differences beyond this are called different (Austin 2009)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Matched among some contacts; the numbers are None where hidden."""

    contacts: int | None
    matched: int | None
    platform: str | None = None
    month: str | None = None

    @property
    def share(self) -> float | None:
        """Matched for each contact; None where hidden or where there is no contact."""
        return None if self.matched is None or not self.contacts else self.matched / self.contacts

    def to_dict(self) -> dict[str, Any]:
        place = {name: value for name in ("platform", "month") if (value := getattr(self, name)) is not None}
        return place | {"contacts": self.contacts, "matched": self.matched, "share": self.share}


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """One thing that matched and unmatched contacts both have.

    Parameters
    ----------
    name : str
        `answered`, `first_reply`, `complaint` and other kinds, `platform: …`.
    unit : str
        "share", or "seconds" for a median.
    matched, unmatched : float or None
        The share or median in each group; None where fewer than ten stand behind it or its opposite.
    of_matched, of_unmatched : int
        Contacts that the share or median is of.
    difference : float or None
        Standardised: of two shares, their difference over the root of the mean of both variances; of times, that of
        the logarithms. Positive where the matched have more.
    """

    name: str
    unit: str
    matched: float | None
    unmatched: float | None
    of_matched: int
    of_unmatched: int
    difference: float | None

    @property
    def apart(self) -> bool | None:
        """Whether the two groups differ by more than a tenth of a standard deviation."""
        return None if self.difference is None else abs(self.difference) > APART

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "apart": self.apart}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMatch:
    """The social contacts of one table.

    Parameters
    ----------
    table, about : str
        Its name, and what its contacts are called.
    contacts, matched : int
        All, and those with a customer whom `customers` has.
    strangers : int
        Contacts with a customer whom `customers` does not have; they count as unmatched.
    by : tuple of Share
        By platform, by month and by both.
    likeness : tuple of Likeness
    """

    table: str
    about: str
    contacts: int
    matched: int
    strangers: int
    by: tuple[Share, ...]
    likeness: tuple[Likeness, ...]

    @property
    def share(self) -> float:
        """Matched for each contact."""
        return self.matched / self.contacts

    def to_dict(self) -> dict[str, Any]:
        return {
            "table": self.table,
            "about": self.about,
            "contacts": self.contacts,
            "matched": self.matched,
            "strangers": self.strangers,
            "share": self.share,
            "by": [one.to_dict() for one in self.by],
            "likeness": [one.to_dict() for one in self.likeness],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubles:
    """How many have one of something, how many several; None where hidden."""

    name: str
    one: int | None
    several: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchCoverage:
    """How far the people behind social contacts are known.

    Parameters
    ----------
    claim_from : float
        Share from which totals are claimed for all.
    tables : tuple of TableMatch
        By table; the first decides.
    doubles : tuple of Doubles
    reason : str or None
        Why there is nothing to count, if so.
    """

    claim_from: float
    tables: tuple[TableMatch, ...] = ()
    doubles: tuple[Doubles, ...] = ()
    reason: str | None = None

    @property
    def claims(self) -> str | None:
        """For whom totals are claimed: "all", "matched", or None where there are no social contacts."""
        return None if not self.tables else "all" if self.tables[0].share >= self.claim_from else "matched"

    @property
    def sentence(self) -> str:
        """What a reader has to know of it, with the numbers."""
        if not self.tables:
            return f"How many social contacts are matched to customers cannot be told: {self.reason}."
        first = self.tables[0]
        what = (
            f"{_percent(first.matched, first.contacts)} of {first.contacts:,} {first.about} are matched to a customer"
        )
        if self.claims == "all":
            rest = first.contacts - first.matched
            others = f" The other {rest:,} add nothing to any total." if rest else ""
            return f"{what}; totals are of these customers and not scaled up.{others}"
        return (
            f"{what}, fewer than the {self.claim_from:.0%} asked for: totals hold for matched customers only, "
            "and nothing is claimed for the others."
        )

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        first = self.tables[0] if self.tables else None
        return {
            "coverage": {
                "matching": {
                    "claim_from": self.claim_from,
                    "of": first.table if first else None,
                    "contacts": first.contacts if first else None,
                    "matched": first.matched if first else None,
                    "share": first.share if first else None,
                    "claims": self.claims,
                    "sentence": self.sentence,
                    "reason": self.reason,
                    "tables": [table.to_dict() for table in self.tables],
                    "doubles": [asdict(one) for one in self.doubles],
                }
            }
        }

    def to_frame(self) -> pd.DataFrame:
        """One row for each table, platform, month, and both: `table, platform, month, contacts, matched, share`."""
        rows = [
            {"table": table.table, "platform": None, "month": None, **one.to_dict()}
            for table in self.tables
            for one in (Share(contacts=table.contacts, matched=table.matched), *table.by)
        ]
        return pd.DataFrame(rows, columns=["table", "platform", "month", "contacts", "matched", "share"])

    def __str__(self) -> str:
        return self.sentence

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def _percent(part: int, whole: int) -> str:
    """A share in whole percent; never 100 % where one is missing, nor 0 % where one is there."""
    if part in (0, whole):
        return f"{100 * part // whole}%"
    return f"{min(max(100 * part / whole, 0.1), 99.9):.1f}%"
