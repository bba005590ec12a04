"""What do contacts cost that never come, since people found the answer by themselves? It may be less than nothing.

Views are not calls avoided. Of those who saw an answer some had a question, some of these found it answered, and of
these fewer, or more, came to us than would have: that difference is the only causal part, and where more come than
would have, the line is a loss that counts whole. It is stated with its source and graded E. What the answers cost to
write is a cost line of its own, counted whether or not anything is saved.
"""

from __future__ import annotations

from dataclasses import dataclass

from analysis.foundation.errors import DesignError
from analysis.roi.built import Built, Claim, NotCounted
from analysis.roi.formula import Formula
from analysis.roi.line import Line
from analysis.roi.lines.per_contact import as_money
from analysis.roi.quantity import Quantity
from analysis.roi.spread import Fixed
from analysis.roi.stated import NOTHING, Stated, amount, share
from analysis.roi.unit_costs import UnitCosts
from analysis.roi.volumes import years_of

LINE = "deflection"
LABEL = "Contacts that answers in public make unnecessary, or cause"
CONTENT = "deflection_content"
_NEEDED = ("exposures_per_year", "intent", "resolved", "contact_without", "contact_with")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeflectionRequest:
    """What the parameters say of `roi.deflection`; no table tells any of it.

    Parameters
    ----------
    exposures_per_year : Stated, optional
        Times that an answer was seen.
    intent : Stated, optional
        Share of them by people who had that question.
    resolved : Stated, optional
        Share of these whom it answered.
    contact_without, contact_with : Stated, optional
        Share of these who would have contacted us without the answer, and who do with it.
    channel : str
        On which the contacts would have come.
    cost_per_contact : Stated, optional
        At marginal cost, in place of the channel's.
    content_cost_per_year : Stated
    """

    exposures_per_year: Stated | None = None
    intent: Stated | None = None
    resolved: Stated | None = None
    contact_without: Stated | None = None
    contact_with: Stated | None = None
    channel: str = "phone"
    cost_per_contact: Stated | None = None
    content_cost_per_year: Stated = NOTHING

    def __post_init__(self) -> None:
        for name in ("intent", "resolved", "contact_without", "contact_with"):
            if (stated := getattr(self, name)) is not None:
                share(f"roi.deflection.{name}", stated)
        if self.exposures_per_year is not None:
            amount("roi.deflection.exposures_per_year", self.exposures_per_year)
        if self.cost_per_contact is not None:
            amount("roi.deflection.cost_per_contact", self.cost_per_contact)
        amount("roi.deflection.content_cost_per_year", self.content_cost_per_year)


def deflection_line(request: DeflectionRequest, prices: UnitCosts, years: int, cashable: Stated | None = None) -> Built:
    """Contacts avoided against a counterfactual, at marginal cost, as far as spending falls; and what content costs.

    Raises
    ------
    DesignError
        If something is not stated, naming all of it, or the cost of a contact on the channel is not known.

    Source
    ------
    Exposures × P(question) × P(resolved) × [P(contact | no exposure) − P(contact | exposure)] × marginal cost ×
    cashable share − cost of content.
    """
    missing = [f"`roi.deflection.{name}`" for name in _NEEDED if getattr(request, name) is None]
    if missing:
        raise DesignError(f"{LABEL}: {', '.join(missing)} must be stated; no table tells them.")
    inputs = _inputs(request)
    cost = _cost(request, prices)
    exposures, question, resolved, without, with_it = (one.input for one in inputs)
    saved: Formula = exposures * question * resolved * (without - with_it) * cost.input
    quantities: tuple[Quantity, ...] = (*inputs, cost)
    base = float(saved.value({one.name: one.base for one in quantities}))
    parameter = f"roi.cashable.{LINE}"
    counted, note = True, ""
    left_out: tuple[NotCounted, ...] = ()
    falls = None
    if cashable is not None:
        falls = share(parameter, cashable).quantity(
            f"{LINE}_cashable_share", f"{LABEL}: share by which spending falls", "share", low=0.0, high=1.0
        )
        quantities = (*quantities, falls)
    if base < 0:
        saved, note = as_money(saved, falls), " More come than would have: a loss, and a loss counts whole."
    elif falls is None:
        counted, note = False, f" Not counted: nobody stated by which share of it spending falls (`{parameter}`)."
        reason = "It is time set free: nobody stated by which share of it spending falls."
        left_out = (NotCounted(line=LINE, label=LABEL, reason=reason, parameter=parameter),)
    else:
        saved = as_money(saved, falls)
    line = Line(
        id=LINE,
        label=LABEL,
        side="benefit",
        kind="cashable" if counted else "capacity",
        grade="E",
        by_year=years_of((saved,) * years),
        account="support_cost",
        note=f"All of it is stated, nothing compared; each contact at the marginal cost of {request.channel}.{note}",
        counted=counted,
    )
    lines: tuple[Line, ...] = (line,)
    content = request.content_cost_per_year
    if content.spread != Fixed(0.0):
        spent = content.quantity(
            "deflection_content_per_year",
            "Answers in public: what they cost to write, a year",
            f"{prices.currency} per year",
            low=0.0,
        )
        quantities = (*quantities, spent)
        lines = (line, _content(spent, years))
    claim = Claim(line=LINE)
    return Built(quantities=quantities, lines=lines, claims=(claim,), not_counted=left_out)


def _cost(request: DeflectionRequest, prices: UnitCosts) -> Quantity:
    """What one contact that does not come would have cost."""
    if request.cost_per_contact is None:
        return prices.need(request.channel, "contact", "Deflection").quantity(prices.currency)
    label = "What a contact made unnecessary by an answer in public would cost"
    return request.cost_per_contact.quantity(
        "deflection_cost_per_contact", label, f"{prices.currency} per contact", low=0.0
    )


def _content(spent: Quantity, years: int) -> Line:
    return Line(
        id=CONTENT,
        label="Answers in public: writing and keeping them",
        side="cost",
        kind="cost",
        grade=None,
        by_year=years_of((spent.input,) * years),
        account="programme",
        note="Counted whether or not the answers save anything.",
    )


def _inputs(request: DeflectionRequest) -> tuple[Quantity, ...]:
    """In the order of `_NEEDED`."""
    labels = {
        "exposures_per_year": ("Answers in public: times that one was seen", "views per year", None),
        "intent": ("Answers in public: share of views by people with that question", "share", 1.0),
        "resolved": ("Answers in public: share of people with that question whom one answered", "share", 1.0),
        "contact_without": (
            "People whom an answer in public helped: share that would have contacted us without it",
            "share",
            1.0,
        ),
        "contact_with": ("People whom an answer in public helped: share that contacts us all the same", "share", 1.0),
    }
    found = []
    for name in _NEEDED:
        stated: Stated = getattr(request, name)
        label, unit, high = labels[name]
        causal = name in ("contact_without", "contact_with")
        found.append(
            stated.quantity(f"deflection_{name}", label, unit, grade="E" if causal else None, low=0.0, high=high)
        )
    return tuple(found)
