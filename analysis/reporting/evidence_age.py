"""How old is the evidence? The first lines of a page about an effect, above everything that was found.

When the contacts were made, for how long they were followed, whether that time is over, and who came later. What was
found is left to the charts and tables below them.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from analysis.foundation.errors import DesignError
from analysis.reporting.parties import said_of
from analysis.reporting.rows import effect_rows
from analysis.reporting.settled import answers, counted_months, is_interim
from analysis.reporting.tables.cells import readable
from analysis.reporting.wording import Words, words


@dataclass(frozen=True, slots=True)
class EvidenceAge:
    """Who was followed and for how long, whether that time is over, and what it says of nobody else."""

    who: str
    standing: str
    later: str

    def __str__(self) -> str:
        return "\n".join((self.who, self.standing, self.later))

    def _repr_html_(self) -> str:
        who, standing, later = (escape(text, quote=False) for text in (self.who, self.standing, self.later))
        return (
            f'<div class="ts-summary"><p class="ts-answer">{who}</p><p class="ts-evidence">{standing}</p>'
            f'<p class="ts-also">{later}</p></div>'
        )


def evidence_age(result: Any, *, locale: str | None = None) -> EvidenceAge:
    """The first lines of the page: whose contacts the effects rest on, and how far their time has run.

    Parameters
    ----------
    result : ChannelResult, ServiceResult, AdoptionResult or EffortResult
        With `evidence` and `effects`.

    Raises
    ------
    DesignError
        If the result does not say how old its evidence is.
    """
    say = words(locale)
    evidence = getattr(result, "evidence", None)
    if evidence is None:
        raise DesignError("The result does not say how old its evidence is (`evidence`).")
    return EvidenceAge(
        readable(say, evidence.sentence), _standing(say, result, evidence), _later(say, result, evidence)
    )


def _standing(say: Words, result: Any, evidence: Any) -> str:
    span = _followed(say, evidence)
    reached = getattr(evidence, "data_to", None)
    reach = "" if reached is None else f" The data reach to {say.month(reached)}."
    shown = answers(effect_rows(result))
    if all(row["value"] is None for row in shown):
        return f"No effect is claimed of them.{reach}"
    from_ = said_of(shown[0]).from_
    over = "is" if span == counted_months(1) else "are"
    if all(is_interim(row) for row in shown):
        return f"Interim: the {span} after {from_} {over} not over for all of them.{reach}"
    return f"Mature: the {span} after {from_} {over} over for all of them.{reach}"


def _followed(say: Words, evidence: Any) -> str:
    """For how long customers were followed: in months, or in days where effort and outcome have days of their own."""
    if hasattr(evidence, "after_months"):
        return counted_months(evidence.after_months)
    return f"{say.number(evidence.effort_days + evidence.outcome_days)} days"


def _later(say: Words, result: Any, evidence: Any) -> str:
    limit = (
        "What later contacts change is not known yet: to multiply these effects by a newer number of contacts is to "
        "assume that nothing has changed since."
    )
    if said_of(next(iter(effect_rows(result)), {})).question in ("coming to social", "effort"):
        limit = "What later contacts bring is not known yet; no sum of money is made of these figures."
    first, last = (getattr(evidence, name, None) for name in ("interim_from", "interim_to"))
    if first is None or last is None:
        return limit
    since = say.months(first, last)
    come = f"in {since}" if first == last else f"from {since}"
    return (
        f"Those who first contacted us {come} have been followed for a shorter time; their figures are interim and "
        f"stand apart, at the end. {limit}"
    )
