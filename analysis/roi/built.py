"""What does the making of a line leave behind? Its inputs, the line itself, the money it claims, and what it left out.

Every line of the case is made by a function of `lines` that returns one `Built`; several are put together here, and an
input that two lines share is kept once. Who else claims the same money is left to `exclusive`, the arithmetic to
`simulation`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from analysis.foundation.errors import DesignError
from analysis.roi.formula import Formula
from analysis.roi.inputs import Together
from analysis.roi.line import Line
from analysis.roi.quantity import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerMonths:
    """A query for the customers and months whose money a line takes.

    Parameters
    ----------
    sql : str
        With the columns `customer_id` and `month` (months since January 1970), each pair once or more often.
    parameters : tuple
        What its question marks stand for.
    what : str
        Whose months, as the object of a sentence: "the months after a first social contact".
    full : tuple of int, optional
        First and last month of which all who would claim them have been seen: before and after, some are not yet, or
        no longer, among those counted. All months where left out, or where the first lies behind the last.
    """

    sql: str
    parameters: tuple[object, ...] = ()
    what: str = ""
    full: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Which money a line takes: the account is the line's own, the rest stands here.

    With nothing but its line, the tables cannot tell, and the parameters must say what others hold of it.

    Parameters
    ----------
    line : str
        Its id.
    months : CustomerMonths, optional
        Where the tables can tell whose money it is.
    after_contact : tuple of int, optional
        First and last month after a first social contact that the line takes, where it takes those.
    gross : tuple of Formula, optional
        What of the line's `by_year` others could hold: without the costs inside it, which nobody else bears. All of it
        where left out.
    apart : str, optional
        Why its customers can be those of no other line, where that is so by what it is.
    """

    line: str
    months: CustomerMonths | None = None
    after_contact: tuple[int, int] | None = None
    gross: tuple[Formula, ...] | None = None
    apart: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCounted:
    """Something the case leaves out: what, why, and the parameter that would bring it in."""

    line: str
    label: str
    reason: str
    parameter: str | None = None

    def to_dict(self) -> dict[str, str | None]:
        return {"line": self.line, "label": self.label, "reason": self.reason, "parameter": self.parameter}


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """Inputs and lines, ready to be put into a case.

    Parameters
    ----------
    quantities : tuple of Quantity
    lines : tuple of Line
    together : tuple of Together
        Inputs that are drawn jointly.
    claims : tuple of Claim
        One for each line that takes money somebody else could take.
    not_counted : tuple of NotCounted
    notes : tuple of str
        What a reader of the whole case should know.
    """

    quantities: tuple[Quantity, ...] = ()
    lines: tuple[Line, ...] = ()
    together: tuple[Together, ...] = ()
    claims: tuple[Claim, ...] = ()
    not_counted: tuple[NotCounted, ...] = field(default=())
    notes: tuple[str, ...] = ()


def put_together(parts: Iterable[Built]) -> Built:
    """Several parts as one, in their order; an input that several of them share stands once.

    Raises
    ------
    DesignError
        If two lines have one id, or two different inputs one name.
    """
    given = list(parts)
    quantities: dict[str, Quantity] = {}
    for quantity in (one for part in given for one in part.quantities):
        if quantities.setdefault(quantity.name, quantity) != quantity:
            raise DesignError(f"Two lines of the case mean different things by the input `{quantity.name}`.")
    lines = [line for part in given for line in part.lines]
    twice = sorted({line.id for line in lines if sum(other.id == line.id for other in lines) > 1})
    if twice:
        raise DesignError(f"The case holds the line `{twice[0]}` twice.")
    return Built(
        quantities=tuple(quantities.values()),
        lines=tuple(lines),
        together=tuple(one for part in given for one in part.together),
        claims=tuple(one for part in given for one in part.claims),
        not_counted=tuple(one for part in given for one in part.not_counted),
        notes=tuple(dict.fromkeys(note for part in given for note in part.notes)),
    )
