"""How far are the people behind social contacts known? The shares, what sets the unmatched apart, and what is claimed.

How they are counted is left to `matching`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from analysis.inference.suppression import FEWEST

APART = 0.1
"""Standardised differences beyond this are called different (Austin 2009)."""


def few(*counts: int) -> bool:
    """Whether any of some numbers of contacts is one that is not shown.

    Examples
    --------
    >>> few(0, 12), few(12, 9)
    (False, True)
    """
    return any(0 < count < FEWEST for count in counts)


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
        `answered`, `first_reply`, `complaint` and other kinds, `kind not named`, `platform: …`.
    unit : str
        "share", or "seconds" for a median.
    matched, unmatched : float or None
        The share or median in each group; None where fewer than ten stand behind it, or their number would follow.
    of_matched, of_unmatched : int or None
        Contacts that the share or median is of: a share, of the whole group; None where hidden.
    difference : float or None
        Standardised: of two shares, their difference over the root of the mean of both variances; of times, that of
        the logarithms. Positive where the matched have more.
    """

    name: str
    unit: str
    matched: float | None
    unmatched: float | None
    of_matched: int | None
    of_unmatched: int | None
    difference: float | None

    @property
    def apart(self) -> bool | None:
        """Whether the two groups differ by more than a tenth of a standard deviation."""
        return None if self.difference is None else abs(self.difference) > APART

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "apart": self.apart}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMatch:
    """The social contacts of one table. Its own numbers are exact; what may be published is in `to_dict`.

    Parameters
    ----------
    table, about : str
        Its name, and what its contacts are called.
    contacts, matched : int
        All, and those with a customer whom `customers` has.
    strangers : int
        Contacts with a customer whom `customers` does not have; they count as unmatched.
    early : int or None
        Replies that stand before their contact: counted, not timed. None where hidden.
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
    early: int | None = 0

    @property
    def share(self) -> float:
        """Matched for each contact."""
        return self.matched / self.contacts

    @property
    def shown(self) -> Share:
        """All contacts, and the matched among them unless one to nine are matched or are not."""
        hidden = few(self.matched, self.contacts - self.matched)
        return Share(contacts=self.contacts, matched=None if hidden else self.matched)

    @property
    def few(self) -> str | None:
        """Which side has fewer than ten, where that is hidden and no more than this follows: "matched", "unmatched"."""
        if self.shown.matched is not None or self.contacts < 2 * FEWEST:
            return None
        return "matched" if self.matched < FEWEST else "unmatched"

    def to_dict(self) -> dict[str, Any]:
        nobody = self.contacts - self.matched - self.strangers
        told = self.shown.matched is not None and not few(self.strangers, nobody)
        return {
            "table": self.table,
            "about": self.about,
            "contacts": self.contacts,
            "matched": self.shown.matched,
            "few": self.few,
            "strangers": self.strangers if told or not self.strangers else None,
            "early": self.early,
            "share": self.shown.share,
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
        told, rest = first.shown.matched is not None, first.contacts - first.matched
        if told:
            share = _percent(first.matched, first.contacts)
            what = f"{share} of {first.contacts:,} {first.about} are matched to a customer"
        else:
            what = few_in_words(first.few, f"{first.contacts:,}", first.about)
        if self.claims == "all":
            others = f" The other {f'{rest:,} ' if told else ''}add nothing to any total." if rest else ""
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
                    "matched": first.shown.matched if first else None,
                    "share": first.shown.share if first else None,
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
            for one in (table.shown, *table.by)
        ]
        return pd.DataFrame(rows, columns=["table", "platform", "month", "contacts", "matched", "share"])

    def __str__(self) -> str:
        return self.sentence

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def few_in_words(side: str | None, contacts: str, about: str) -> str:
    """How far some contacts are matched, where the numbers are hidden.

    Examples
    --------
    >>> few_in_words("unmatched", "1,000", "mentions")
    'All but fewer than 10 of 1,000 mentions are matched to a customer'
    """
    if side is None:
        return f"Of {contacts} {about}, fewer than 10 are matched to a customer, or fewer than 10 are not"
    return (
        f"{'All but fewer' if side == 'unmatched' else 'Fewer'} than 10 of {contacts} {about} are matched to a customer"
    )


def _percent(part: int, whole: int) -> str:
    """A share in whole percent; never 100 % where one is missing, nor 0 % where one is there."""
    if part in (0, whole):
        return f"{100 * part // whole}%"
    return f"{min(max(100 * part / whole, 0.1), 99.9):.1f}%"
