"""What are contacts worth that are more than anybody has studied? The same gain, on weaker evidence.

Customers who choose social today are those whom the study speaks of. Where the case counts on more contacts than that,
those above the studied number are other people: their gain is taken for the same, the line is told apart and graded C
at best. How many contacts that are is left to `volumes`.
"""

from __future__ import annotations

from analysis.roi.formula import Formula
from analysis.roi.line import Line
from analysis.roi.volumes import Volumes, years_of
from analysis.studies.result import Grade

BEST: Grade = "C"
SUFFIX = "_beyond"


def at_best(grade: Grade, best: Grade = BEST) -> Grade:
    """The grade, or `best` where it is better than that.

    Examples
    --------
    >>> at_best("A"), at_best("C"), at_best("E")
    ('C', 'C', 'E')
    """
    return max(grade, best)


def beyond_reach_line(line: Line, gain: Formula, volumes: Volumes) -> Line | None:
    """The line beside `line` for contacts above the studied number; None where the case has none.

    Parameters
    ----------
    line : Line
        The one for contacts like those studied.
    gain : Formula
        Per contact, what is multiplied with the contacts in `line`.
    volumes : Volumes

    Examples
    --------
    >>> from analysis.roi.formula import Input
    >>> from analysis.roi.volumes import VolumeRequest, volumes
    >>> from analysis.roi.stated import Stated
    >>> line = Line(id="repurchase", label="Margin", side="benefit", kind="margin", grade="B", account="order_margin",
    ...             by_year=(Input("gain"), Input("gain")))
    >>> beyond_reach_line(line, Input("gain"), volumes(VolumeRequest(contacts_per_year=Stated.of(5)), None, 1)) is None
    True
    """
    if not volumes.beyond:
        return None
    return Line(
        id=line.id + SUFFIX,
        label=f"{line.label}, contacts beyond those studied",
        side=line.side,
        kind=line.kind,
        grade=None if line.grade is None else at_best(line.grade),
        by_year=years_of(tuple(contacts * gain for contacts in volumes.beyond)),
        account=line.account,
        note=(
            "Contacts above the studied number come from other customers; their gain is taken for the same, which "
            "nobody has studied."
        ),
        counted=line.counted,
        index_from=line.index_from,
        index_to=line.index_to,
        maturity=line.maturity,
    )
