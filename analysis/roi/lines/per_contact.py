"""How does a gain per contact become lines of the case? Times the contacts of each year, and told by kind of money.

Margin counts as it is. A saving counts only as far as spending falls: the parameters state that share, the rest is
shown as time set free and is not counted, and without a stated share nothing of it is. A loss is money whatever anybody
states, so all of it counts, in every draw; where the point estimate is one, the line is counted whatever is stated.
Where the gain comes from is left to the line's module.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analysis.roi.built import Built, Claim, NotCounted
from analysis.roi.formula import Formula, larger, smaller
from analysis.roi.line import Kind, Line
from analysis.roi.lines.beyond_reach import beyond_reach_line
from analysis.roi.measured_effects import MeasuredEffect
from analysis.roi.quantity import Quantity
from analysis.roi.spread import Fixed, Normal
from analysis.roi.stated import Stated, share
from analysis.roi.volumes import Volumes, years_of
from analysis.studies.result import Grade

if TYPE_CHECKING:
    from analysis.roi.built import CustomerMonths

TIME = "_time"
"""What the id of a line ends with that shows time set free beside the money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What one contact gains or loses, in the currency of the case.

    Parameters
    ----------
    line, label : str
        Id and label of the line.
    kind : {"margin", "cashable"}
        "cashable" marks a saving, which counts as far as spending falls.
    grade : Grade
    account : str
    per_contact : Formula
    quantities : tuple of Quantity
        Its inputs.
    effect : MeasuredEffect
        The study behind it.
    note : str
    after_contact : tuple of int
        First and last month after the contact whose money it is; 0 is that of the contact.
    months : CustomerMonths, optional
        The same on the tables, where there are any.
    """

    line: str
    label: str
    kind: Kind
    grade: Grade
    account: str
    per_contact: Formula
    quantities: tuple[Quantity, ...]
    effect: MeasuredEffect
    note: str
    after_contact: tuple[int, int]
    months: CustomerMonths | None = None

    @property
    def base(self) -> float:
        """What one contact gains at the base of every input."""
        return float(self.per_contact.value({one.name: one.base for one in self.quantities}))


def of_effect(effect: MeasuredEffect, name: str, label: str, unit: str) -> Quantity:
    """An effect of a study as an input of the case, with its standard error."""
    return Quantity(
        name=name,
        label=label,
        unit=unit,
        spread=Normal(effect.value, effect.se),
        origin="study",
        source=effect.source,
        grade=effect.grade,
        effect=effect.name,
    )


def lines_per_contact(gain: Gain, volumes: Volumes, cashable: Stated | None = None) -> Built:
    """The lines that a gain per contact makes.

    Parameters
    ----------
    gain : Gain
    volumes : Volumes
    cashable : Stated, optional
        Of a saving: the share by which spending falls. Not read for margin, nor for a loss.

    Returns
    -------
    Built
        The line; the one beyond what was studied, where there are such contacts; and, of a saving that counts in part,
        the time set free, which is not counted.
    """
    if gain.kind == "margin":
        return _with_beyond(gain, _line(gain, volumes), gain.per_contact, volumes)
    stated = None
    if cashable is not None:
        stated = share(f"roi.cashable.{gain.line}", cashable).quantity(
            f"{gain.line}_cashable_share", f"{gain.label}: share by which spending falls", "share", low=0.0, high=1.0
        )
    if gain.base < 0:
        note = "On the evidence it is a loss, and a loss counts whole, whatever share of a saving would."
        counted = as_money(gain.per_contact, stated)
        built = _with_beyond(gain, _line(gain, volumes, counted, note=note), counted, volumes)
        return built if stated is None else replace(built, quantities=(*built.quantities, stated))
    if stated is None:
        return _time_only(gain, volumes)
    counted = as_money(gain.per_contact, stated)
    note = "Counted is the stated share by which spending falls; the rest is time set free and shown beside."
    built = _with_beyond(gain, _line(gain, volumes, counted, note=note), counted, volumes)
    lines = built.lines
    if stated.spread != Fixed(1.0):
        rest = _line(gain, volumes, larger(gain.per_contact, 0) * (1 - stated.input), contacts=volumes.all)
        lines += (
            replace(
                rest,
                id=gain.line + TIME,
                label=f"{gain.label}, time set free",
                kind="capacity",
                counted=False,
                note=(
                    "Time set free, at marginal cost: the share by which spending falls is stated, and counted. By "
                    "this rest no spending falls, so it is shown and not counted."
                ),
            ),
        )
    return replace(built, lines=lines, quantities=(*built.quantities, stated))


def as_money(saving: Formula, cashable: Quantity | None) -> Formula:
    """What of a saving is money, whatever the value: a saving as far as spending falls, a loss whole.

    Without a stated share no saving is money, and a loss still is.
    """
    loss = smaller(saving, 0)
    return loss if cashable is None else larger(saving, 0) * cashable.input + loss


def _time_only(gain: Gain, volumes: Volumes) -> Built:
    """A saving of which nobody says how far spending falls: shown, not counted."""
    parameter = f"roi.cashable.{gain.line}"
    note = f"Not counted: nobody stated by which share of it spending falls (`{parameter}`)."
    line = replace(_line(gain, volumes, note=note), kind="capacity", counted=False)
    built = _with_beyond(gain, line, gain.per_contact, volumes)
    left_out = NotCounted(
        line=gain.line,
        label=gain.label,
        reason="It is time set free: nobody stated by which share of it spending falls.",
        parameter=parameter,
    )
    return replace(built, not_counted=(left_out,))


def _line(
    gain: Gain,
    volumes: Volumes,
    per_contact: Formula | None = None,
    *,
    contacts: tuple[Formula, ...] | None = None,
    note: str = "",
) -> Line:
    each = gain.per_contact if per_contact is None else per_contact
    return Line(
        id=gain.line,
        label=gain.label,
        side="benefit",
        kind=gain.kind,
        grade=gain.grade,
        by_year=years_of(tuple(n * each for n in (contacts or volumes.studied))),
        account=gain.account,
        note=" ".join(part for part in (gain.note, volumes.note, note) if part),
        index_from=gain.effect.index_from,
        index_to=gain.effect.index_to,
        maturity=gain.effect.maturity,
    )


def _with_beyond(gain: Gain, line: Line, per_contact: Formula, volumes: Volumes) -> Built:
    beyond = beyond_reach_line(line, per_contact, volumes)
    claims = [Claim(line=line.id, months=gain.months, after_contact=gain.after_contact)]
    if beyond is not None:
        claims.append(Claim(line=beyond.id, apart="its customers are not among those contacted today"))
    return Built(
        quantities=(*volumes.quantities, *gain.quantities),
        lines=(line,) if beyond is None else (line, beyond),
        claims=tuple(claims),
    )
