"""Is any money of the case counted twice? Lines that could take the same are laid beside each other, month by month.

Every line claims an account, some customers and some months of theirs. Margin is one purse, whether it comes from
orders or from a subscription, since a customer who was kept from leaving is also one who goes on buying. Where two take
from one purse, the customer-months of both are counted on the tables, and the share that the lines before it hold is
taken off the later one as an input of its own. A loss counts whole, whoever holds it, and so do costs inside a line.
Where the tables cannot tell, the parameters must; without that a later line that gains is shown and not counted. What
was shared in the past stands for the years to come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from analysis.roi.built import Built, Claim, CustomerMonths, NotCounted
from analysis.roi.formula import Formula
from analysis.roi.line import Line
from analysis.roi.quantity import Quantity
from analysis.roi.stated import NOTHING, Stated, fact, share

if TYPE_CHECKING:
    from analysis.tables.load import Tables

PURSES: Mapping[str, str] = {"order_margin": "margin", "subscription_margin": "margin", "support_cost": "support cost"}
"""Accounts whose money is one: what a line takes from one of them, none may take from another of the same purse."""

HELD = "_held_elsewhere"
"""What the name of the input ends with that says which share of a line earlier lines hold."""

Verdict = Literal["apart", "shared", "stated", "not told"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two lines of one purse, and what they share.

    Parameters
    ----------
    earlier, later : str
        Ids; what is shared stays with the earlier one.
    purse : str
    verdict : {"apart", "shared", "stated", "not told"}
    share : float or None
        Of the later line's customer-months, those that the earlier one claims too; None where that is not told.
    months_both, months_later : int or None
        Customer-months of both, and of the later line, where they were counted.
    reason : str
    """

    earlier: str
    later: str
    purse: str
    verdict: Verdict
    share: float | None
    reason: str
    months_both: int | None = None
    months_later: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The pair as plain values."""
        return {
            "earlier": self.earlier,
            "later": self.later,
            "purse": self.purse,
            "verdict": self.verdict,
            "share": self.share,
            "months_both": self.months_both,
            "months_later": self.months_later,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """The case without money counted twice, and what was compared.

    Parameters
    ----------
    built : Built
        The lines, less what others hold.
    pairs : tuple of Pair
        All pairs of counted lines of one purse, in the order of the case.
    taken_off : mapping of line to float
        Share of a later line that all earlier ones together hold.
    """

    built: Built
    pairs: tuple[Pair, ...]
    taken_off: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """What `results.json` holds of it."""
        return {"pairs": [pair.to_dict() for pair in self.pairs], "taken_off": dict(sorted(self.taken_off.items()))}


def exclusion(
    built: Built, tables: Tables | None, zone: str = "UTC", overlap: Mapping[str, Stated] | None = None
) -> Exclusion:
    """Take off every line what lines before it hold.

    Parameters
    ----------
    built : Built
        All lines of the case; their order is the order in which money is claimed.
    tables : Tables, optional
        On which customer-months are counted.
    zone : str
        Reporting time zone; the queries of the claims were made in it.
    overlap : mapping of line to Stated, optional
        `roi.overlap`: share of a line that the lines before it hold, where the tables cannot tell.

    Raises
    ------
    ValueError
        If a stated overlap is no share, or is stated of a line that is not in the case.

    Examples
    --------
    >>> exclusion(Built(), None).to_dict()
    {'pairs': [], 'taken_off': {}}
    """
    stated = {line: share(f"roi.overlap.{line}", one) for line, one in (overlap or {}).items()}
    unknown = sorted(set(stated) - {line.id for line in built.lines})
    if unknown:
        raise ValueError(f"`roi.overlap.{unknown[0]}` is stated, and the case has no such line.")
    judging = _Judging({claim.line: claim for claim in built.claims}, stated, _Counting(tables))
    lines: list[Line] = []
    quantities, left_out = list(built.quantities), list(built.not_counted)
    pairs: list[Pair] = []
    taken: dict[str, float] = {}
    for line in built.lines:
        before = [one for one in lines if one.counted and _purse(one) == _purse(line)]
        if _purse(line) is None or not line.counted or not before:
            lines.append(line)
            continue
        found = [judging.pair(one, line) for one in before]
        pairs += found
        if _is_loss(judging.claim(line).gross or line.by_year, built):
            lines.append(line)
            continue
        if any(pair.verdict == "not told" for pair in found):
            if _is_loss(line.by_year, built):  # by the costs inside it: what is not counted would hide them
                lines.append(line)
                continue
            lines.append(_shown(line))
            left_out.append(_not_told(line, found))
            continue
        held = judging.held(line, found)
        if held is None:
            lines.append(line)
            continue
        taken[line.id] = held.base
        quantities.append(held)
        lines.append(_less(line, judging.claim(line), held))
    whole = replace(built, lines=tuple(lines), quantities=tuple(quantities), not_counted=tuple(left_out))
    return Exclusion(built=whole, pairs=tuple(pairs), taken_off=taken)


def _purse(line: Line) -> str | None:
    """The purse that a benefit takes from; a cost takes from none."""
    return PURSES.get(line.account) if line.side == "benefit" else None


def _less(line: Line, claim: Claim, held: Quantity) -> Line:
    """The line without what others hold; costs inside it stay whole."""
    note = f"{line.note} What other lines hold of the same customers and months is taken off.".strip()
    if claim.gross is None:
        return replace(line, by_year=tuple(one * (1 - held.input) for one in line.by_year), note=note)
    less = tuple(one - of * held.input for one, of in zip(line.by_year, claim.gross, strict=True))
    return replace(line, by_year=less, note=note)


def _is_loss(by_year: Sequence[Formula], built: Built) -> bool:
    """Whether a line, or what others could hold of it, is a loss at base: a loss counts whole."""
    base = {one.name: one.base for one in built.quantities}
    return sum(float(one.value(base)) for one in by_year) < 0


def _shown(line: Line) -> Line:
    """A line of which nobody can say what others hold of it: shown, not counted."""
    note = f"{line.note} Not counted: nobody stated how much of it other lines hold (`roi.overlap.{line.id}`).".strip()
    return replace(line, counted=False, note=note)


def _not_told(line: Line, pairs: Sequence[Pair]) -> NotCounted:
    others = ", ".join(f"`{pair.earlier}`" for pair in pairs if pair.verdict == "not told")
    reason = f"No table tells how much of it {others} {'hold' if ',' in others else 'holds'} already."
    return NotCounted(line=line.id, label=line.label, reason=reason, parameter=f"roi.overlap.{line.id}")


class _Judging:
    """What two lines share, from what they claim, what is stated, and what can be counted."""

    def __init__(self, claims: Mapping[str, Claim], stated: Mapping[str, Stated], counting: _Counting) -> None:
        self.claims, self.stated, self.counting = claims, stated, counting

    def claim(self, line: Line) -> Claim:
        return self.claims.get(line.id, Claim(line=line.id))

    def pair(self, earlier: Line, later: Line) -> Pair:
        """What two lines of one purse share."""
        made = Pair(
            earlier=earlier.id, later=later.id, purse=PURSES[later.account], verdict="apart", share=0.0, reason=""
        )
        first, second = self.claim(earlier), self.claim(later)
        if later.id in self.stated:
            part = self.stated[later.id].value
            reason = f"stated in `roi.overlap.{later.id}`, for all lines before it"
            return replace(made, verdict="stated", share=part, reason=reason)
        if second.apart is not None or first.apart is not None:
            which = later if second.apart is not None else earlier
            return replace(made, reason=f"{which.id}: {second.apart or first.apart}")
        if first.months is not None and second.months is not None and self.counting.possible:
            own, both = self.counting.shared(second.months, [first.months])
            return replace(
                made,
                verdict="shared" if both else "apart",
                share=both / own if own else 0.0,
                months_both=both,
                months_later=own,
                reason=f"{second.months.what} against {first.months.what}",
            )
        if first.after_contact is not None and second.after_contact is not None:
            one, other = first.after_contact, second.after_contact
            if one[1] < other[0] or other[1] < one[0]:
                return replace(made, reason="other months after the same contact")
        untold = earlier if second.months is not None and self.counting.possible else later
        reason = f"no table tells whose money `{untold.id}` is, and `roi.overlap.{later.id}` is not stated"
        return replace(made, verdict="not told", share=None, reason=reason)

    def held(self, line: Line, pairs: Sequence[Pair]) -> Quantity | None:
        """The share of a line that all earlier ones together hold, as an input; None where they hold nothing."""
        label = f"{line.label}: share that other lines hold"
        if line.id in self.stated:
            one = self.stated[line.id]
            if one == NOTHING:
                return None
            return one.quantity(line.id + HELD, label, "share", low=0.0, high=1.0)
        sharing = [pair.earlier for pair in pairs if pair.verdict == "shared"]
        mine = self.claim(line).months
        theirs = [months for name in sharing if (months := self.claims[name].months) is not None]
        if mine is None or not theirs:
            return None
        own, both = self.counting.shared(mine, theirs)
        source = f"customer-months on the tables: {both:,} of {own:,} are in {', '.join(sharing)}"
        return fact(line.id + HELD, label, "share", both / own, source)


class _Counting:
    """Customer-months counted on the tables; the same question is asked once."""

    def __init__(self, tables: Tables | None) -> None:
        self._tables = tables
        self._asked: dict[tuple[object, ...], tuple[int, int]] = {}

    @property
    def possible(self) -> bool:
        return self._tables is not None

    def shared(self, later: CustomerMonths, earlier: Sequence[CustomerMonths]) -> tuple[int, int]:
        """Different customer-months of the later claim, and those of them that any earlier one holds too.

        Of the months that all of them see in full, where there are such: a month of which one claim has not seen all
        customers yet would make what is shared look smaller than it will be.
        """
        full = _seen_in_full([later, *earlier])
        own, both = self._counted(later, earlier, full)
        return (own, both) if own or full is None else self._counted(later, earlier, None)

    def _counted(
        self, later: CustomerMonths, earlier: Sequence[CustomerMonths], full: tuple[int, int] | None
    ) -> tuple[int, int]:
        assert self._tables is not None
        key = (full, later.sql, later.parameters, *((one.sql, one.parameters) for one in earlier))
        if key not in self._asked:
            within = "" if full is None else f"where month between {full[0]} and {full[1]}"
            first = " union ".join(f"select customer_id, month from ({one.sql}) as earlier" for one in earlier)
            row = self._tables.engine.query(
                f"""
                select count(*) as own, count(case when held.customer_id is not null then 1 end) as shared
                from (select distinct customer_id, month from ({later.sql}) as later {within}) as mine
                left join (select distinct customer_id, month from ({first}) as every) as held
                    on held.customer_id = mine.customer_id and held.month = mine.month
                """,
                [*later.parameters, *(value for one in earlier for value in one.parameters)],
            ).to_pylist()[0]
            self._asked[key] = int(row["own"]), int(row["shared"])
        return self._asked[key]


def _seen_in_full(claims: Sequence[CustomerMonths]) -> tuple[int, int] | None:
    """The months of which every claim has seen all customers; None where there are none, or nobody says which."""
    told = [claim.full for claim in claims if claim.full is not None]
    if not told:
        return None
    first, last = max(one[0] for one in told), min(one[1] for one in told)
    return (first, last) if first <= last else None
