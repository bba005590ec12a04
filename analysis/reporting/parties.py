"""Who is compared with whom in each design, and what are the two called in a sentence, a heading, a note?

One place for the words in which the designs differ: the customers of a sentence, the heads of two columns, what the
window is counted from, what was asked. Sentences are put together in `analysis.reporting.wording`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.reporting.naming import group_in_words

FIRST_CONTACT = "social"
"""What is adopted where nobody planned it."""
NAIVE_SERVICE = "answered_in_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The words of one design.

    `treated` and `similar` head the two columns of counts, `each` the column per customer; `who` and `like` are the
    customers in a sentence, `from_` is what the window is counted from, `changed` what is asked of it, `of` stands
    between "No effect" and the outcome, `question` names the design among others, `source` the tables it reads.
    """

    treated: str = "Contacted"
    similar: str = "Similar"
    who: str = "contacted customers"
    like: str = "similar ones"
    from_: str = "the contact"
    changed: str = "What the contact changed"
    of: str = ""
    question: str = ""
    source: str = "contacts and orders"


_CHANNEL = Said()
_SERVICE = Said(
    treated="Answered in time",
    similar="Not in time",
    who="customers answered in time",
    like="those who were not",
    changed="What an answer in time changed",
    of=" of an answer in time",
    question="answered in time",
)
_FIRST = Said(
    treated="Came to social",
    similar="Not yet",
    who="customers who first came to social",
    like="similar ones who had not yet",
    from_="the first contact",
    changed="What followed the first contact, its problem included",
    of=" of coming to social",
    question="coming to social",
)
_INVITED = Said(
    treated="Invited",
    similar="Not yet invited",
    who="invited customers",
    like="similar ones who had not yet been",
    from_="the invitation",
    changed="What the invitation changed",
    of=" of the invitation",
    question="invited to social care",
    source="invitations and orders",
)
_CHANGE = Said(
    treated="Months after",
    similar="Months before",
    who="the figure after the change",
    like="its earlier path",
    from_="the change",
    changed="What figures did after the change",
    of=" of a change",
    question="after a change",
    source="closed months and the change log",
)


_RANDOM = Said(
    treated="In the arm",
    similar="Comparison",
    who="customers assigned to an arm",
    like="those of the comparison arm",
    from_="the assignment",
    changed="What the assignment changed",
    question="by lot",
    source="assignments and outcomes",
)
_USERS = Said(
    treated="Users",
    similar="Similar others",
    who="users",
    like="similar customers who were none",
    from_="becoming a user",
    changed="What users did differently",
    of=" of being a user",
    question="users against others",
)
_EFFORT = Said(
    treated="Social",
    similar="Another channel",
    who="customers whose issue went to social",
    like="similar ones whose issue went elsewhere",
    from_="the issue",
    changed="What social changed, and how much of it by way of effort",
    of=" of social",
    question="effort",
    source="issues, contacts and orders",
)
_DOSE = Said(
    treated="More contacts",
    similar="Fewer",
    who="customers with more contacts",
    like="those with fewer",
    changed="What goes with more contacts",
    of=" of more contacts",
    question="number and mix of contacts",
)


def said_of(row: Mapping[str, Any]) -> Said:
    """The words of the design that a row of effects belongs to.

    Examples
    --------
    >>> said_of({"design": "service_effect", "treated": "answered_in_time"}).treated
    'Answered in time'
    >>> said_of({"design": "adoption", "treated": "pilot"}).from_
    'the invitation'
    """
    design = row.get("design")
    if design == "adoption":
        return _FIRST if row.get("treated") == FIRST_CONTACT else _INVITED
    known = {
        "service_effect": _SERVICE, "change_log": _CHANGE, "ab_randomised": _RANDOM, "ab_observational": _USERS,
        "effort": _EFFORT, "dose_and_mix": _DOSE,
    }  # fmt: skip
    return known.get(str(design), _CHANNEL)


def is_step(row: Mapping[str, Any]) -> bool:
    """Whether a row tells of a figure month by month, not of customers."""
    return row.get("estimand") in ("level_change", "slope_change")


def raw_in_words(row: Mapping[str, Any]) -> str:
    """What a raw figure sets side by side."""
    if row["estimand"] == "naive_before_after":
        return "before against after"
    if row.get("design") in ("ab_observational", "dose_and_mix"):
        return "the groups as they are"
    return "answered in time against all others" if row["treated"] == NAIVE_SERVICE else "users against all others"


def by_queue(row: Mapping[str, Any]) -> bool:
    """Whether an effect of the service study rests on the luck of the queue: then what was before is a gate of it."""
    return any(check["name"] == "placebo_before" for check in row.get("checks") or ())


def parties(row: Mapping[str, Any]) -> tuple[str, str]:
    """Who is compared with whom, so that "A bought more than B" can be said.

    Examples
    --------
    >>> parties({"estimand": "adoption_effect", "treated": "pilot", "comparison": "not_yet_treated"})[1]
    'similar customers who had not yet been invited'
    """
    treated, comparison = group_in_words(row["treated"]), group_in_words(row["comparison"])
    service = ("customers who were answered in time", "similar customers who were not")
    if by_queue(row):
        service = (f"{service[0]} because the queue was short", "such customers who waited because it was long")
    first = row["treated"] == FIRST_CONTACT
    known = {
        "channel_effect": (
            f"customers whose issue went to {treated}",
            f"similar customers whose issue went to {comparison}",
        ),
        "service_effect": service,
        "experiment_effect": (f"customers assigned to {treated}", f"customers assigned to {comparison}"),
        "complier_effect": (
            f"customers whom being assigned to {treated} moved to take part",
            f"such customers assigned to {comparison}",
        ),
        "user_effect": _users(row, similar=True),
        "total_effect": (_EFFORT.who, "similar customers whose issue went to another channel"),
        "indirect_effect": (_EFFORT.who, "themselves with the effort of similar customers elsewhere"),
        "direct_effect": (_EFFORT.who, "similar customers elsewhere, had both needed the same effort"),
        "effort_slope": (
            "customers whose issue on social took one step more effort",
            "similar ones whose issue did not",
        ),
        "adoption_effect": (
            "customers who first came to social" if first else f"customers invited by {_named(treated)}",
            "similar customers who had " + ("an issue and had not yet come" if first else "not yet been invited"),
        ),
        "naive_before_after": (f"customers in touch through {treated}", "the same customers before"),
        "naive_user_gap": ("customers who were answered in time", "all others who wrote")
        if row["treated"] == NAIVE_SERVICE
        else _users(row, similar=False)
        if row.get("design") == "ab_observational"
        else (f"customers in touch through {treated}", "all other customers"),
    }
    if str(row["estimand"]).startswith(RANDOMISED):
        return known["experiment_effect"]
    if row.get("design") == "dose_and_mix":
        alike = "" if str(row["estimand"]).startswith("naive_") else "similar "
        return _contacted(row["treated"]), alike + _contacted(row["comparison"])
    kind = str(row["estimand"]).partition(":")[0]
    return known.get(kind, (f"customers of {treated}", f"customers of {comparison}"))


RANDOMISED = ("experiment_effect", "quantile_effect")
"""How estimands begin that compare arms as they were assigned."""


def _contacted(name: object) -> str:
    """Customers by their contacts ("contacts: 3 to 4"), or by the channels they used ("mix: social only")."""
    by, _, band = str(name).partition(": ")
    if by == "contacts":
        return "customers without a contact" if band == "none" else f"customers with {group_in_words(band)} contacts"
    return f"customers in touch through {group_in_words(band)}"


def _users(row: Mapping[str, Any], *, similar: bool) -> tuple[str, str]:
    """Users and those they are compared with: first contacts, or groups by their names."""
    alike = "similar " if similar else ""
    if row["treated"] != FIRST_CONTACT:
        return (
            f"customers of {group_in_words(row['treated'])}",
            f"{alike}customers of {group_in_words(row['comparison'])}",
        )
    others = {
        "other_channels": "customers with an issue on another channel in the same month",
        "no_contact": "customers without any contact in that month",
    }.get(str(row["comparison"]), f"customers of {group_in_words(row['comparison'])}")
    return "customers whose first contact on social came in a month", f"{alike}{others}"


def beyond_the_grade(row: Mapping[str, Any]) -> str:
    """What must be said of a finding besides its grade; nothing of most."""
    first = row.get("treated") == FIRST_CONTACT
    if row.get("estimand") == "user_effect" and first and row.get("comparison") == "no_contact":
        return "The figure includes the harm of the problem that led to the contact, and is not used for money."
    if row.get("estimand") != "adoption_effect":
        return ""
    if first:
        return "The figure includes the harm of the problem that led to the contact, and is not used for money."
    return "It is the effect of the invitation, followed or not."


def _named(name: str) -> str:
    return f"“{name.replace('_', ' ')}”"
