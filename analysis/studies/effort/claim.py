"""What may be said of effort? Sentences of the effort study, no stronger than its grades.

The words and figures are those of `studies.claim`; here stands who is compared with whom in each part of the split, and
how strong an unrecorded cause would have to be.
"""

from __future__ import annotations

from collections.abc import Mapping

from analysis.inference.estimate import Estimate
from analysis.inference.mediation_hidden import Hidden
from analysis.studies.claim import claim_of
from analysis.studies.effort.plan import EffortPlan
from analysis.studies.result import Grade

WHO = "Customers whose issue went to social"
_AGAINST = "similar customers whose issue went to another channel"
_NAMES: Mapping[str, str] = {
    "contacts_to_resolve": "contacts",
    "channel_switches": "changes of channel",
    "repeat_contact": "return with the same product's issue",
    "days_to_resolve": "days to a solution",
    "ces1": "effort as said in surveys (ces1)",
    "ces2": "effort as said in surveys (ces2)",
}
_DRAWN = (
    "It takes their effort as drawn from that of similar customers elsewhere; what the wait for a reply does past the "
    "effort counts as direct."
)


def in_words(mediators: tuple[str, ...]) -> str:
    """Mediators as a sentence names them.

    Examples
    --------
    >>> in_words(("contacts_to_resolve", "channel_switches", "days_to_resolve"))
    'contacts, changes of channel and days to a solution'
    """
    named = [_NAMES.get(name, name.replace("_", " ")) for name in mediators]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


def claim_effort(estimate: Estimate, plan: EffortPlan, grade: Grade, segment: Mapping[str, str]) -> str:
    """The claim that an issue took more or less effort."""
    when = f"in the {plan.effort_days} days from the opening of the issue"
    return claim_of(estimate, who=WHO, against=_AGAINST, when=when, grade=grade, segment=segment)


def claim_total(estimate: Estimate, plan: EffortPlan, grade: Grade, segment: Mapping[str, str]) -> str:
    """The claim of a total effect."""
    return claim_of(estimate, who=WHO, against=_AGAINST, when=plan.window, grade=grade, segment=segment)


def claim_indirect(
    estimate: Estimate,
    plan: EffortPlan,
    grade: Grade,
    segment: Mapping[str, str],
    *,
    mediators: tuple[str, ...],
    hidden: Hidden,
    interventional: bool,
) -> str:
    """The claim of what runs through effort, with how little would explain it.

    Examples
    --------
    >>> found = Estimate(name="orders", value=0.12, low=0.05, high=0.2, level=0.95, se=0.04, scale="difference",
    ...                  unit="orders per customer", n_treated=900, n_comparison=2500, method="")
    >>> print(claim_indirect(found, EffortPlan(), "C", {}, mediators=("contacts_to_resolve",),
    ...                      hidden=Hidden(rho=-0.06, limit=-0.024, curve=()), interventional=False))
    Customers whose issue went to social had 0.120 more orders per customer (95 % interval: 0.05 more to 0.200 more)
    from day 31 to day 210 than themselves with the effort (contacts) of similar customers elsewhere. The comparison
    leaves questions open, so the difference may have other causes. An unrecorded cause that explains 6.0 % of what is
    left open of both effort and outcome would give this figure by itself, and one of 2.4 % would make it unclear.
    Grade C: comparison with open questions.
    """
    against = f"themselves with the effort ({in_words(mediators)}) of similar customers elsewhere"
    said = claim_of(estimate, who=WHO, against=against, when=plan.window, grade=grade, segment=segment)
    more = [_DRAWN] if interventional else []
    if hidden.limit:
        more.append(
            f"An unrecorded cause that explains {abs(hidden.rho) * 100:.1f} % of what is left open of both effort and "
            f"outcome would give this figure by itself, and one of {abs(hidden.limit) * 100:.1f} % would make it "
            "unclear."
        )
    return _inserted(said, more)


def claim_direct(
    estimate: Estimate, plan: EffortPlan, grade: Grade, segment: Mapping[str, str], *, mediators: tuple[str, ...]
) -> str:
    """The claim of what does not run through effort."""
    against = f"similar customers elsewhere, had both needed the same effort ({in_words(mediators)})"
    return claim_of(estimate, who=WHO, against=against, when=plan.window, grade=grade, segment=segment)


def explored(estimate: Estimate, said: str) -> str:
    """The claim of what was not declared: of many looked at, some are clear by chance.

    Examples
    --------
    >>> found = Estimate(name="orders", value=-0.12, low=-0.2, high=-0.11, level=0.95, se=0.04, scale="difference",
    ...                  unit="orders per customer", n_treated=900, n_comparison=2500, method="")
    >>> print(explored(found, "They had fewer."))
    Explored, not named beforehand: They had fewer. Name it beforehand and test it again before relying on it.
    """
    if not estimate.excludes_no_effect:
        return said
    return f"Explored, not named beforehand: {said} Name it beforehand and test it again before relying on it."


def _inserted(said: str, more: list[str]) -> str:
    """Sentences put before the grade."""
    told, _, ending = said.rpartition(" Grade ")
    return " ".join((told, *more, f"Grade {ending}"))


_ONE_MORE: Mapping[str, str] = {
    "contacts_to_resolve": "took one contact more",
    "channel_switches": "took one change of channel more",
    "repeat_contact": "came back",
    "days_to_resolve": "took one day more to solve",
}


def claim_slope(
    estimate: Estimate, plan: EffortPlan, grade: Grade, segment: Mapping[str, str], *, mediator: str
) -> str:
    """The claim that more effort of one kind goes with more or less of an outcome.

    Examples
    --------
    >>> found = Estimate(name="orders", value=-0.12, low=-0.2, high=-0.11, level=0.95, se=0.04, scale="difference",
    ...                  unit="orders per customer", n_treated=900, n_comparison=2500, method="")
    >>> print(claim_slope(found, EffortPlan(), "C", {}, mediator="contacts_to_resolve"))
    Customers whose issue on social took one contact more had 0.120 fewer orders per customer (95 % interval: 0.200
    fewer to 0.110 fewer) from day 31 to day 210 than similar ones whose issue did not. The comparison leaves questions
    open, so the difference may have other causes. Grade C: comparison with open questions.
    """
    more = _ONE_MORE.get(mediator, f"took one point more of {_NAMES.get(mediator, mediator)}")
    who, against = f"Customers whose issue on social {more}", "similar ones whose issue did not"
    return claim_of(estimate, who=who, against=against, when=plan.window, grade=grade, segment=segment)
