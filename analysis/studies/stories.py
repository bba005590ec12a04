"""Which cases may be told as success stories, chosen by no one, with what beside them so that they cannot lie?

A stated rule finds the cases; a hash of their ids puts them in order, so that nobody picks. Beside the stories stand
one counter-example of the same opening with the opposite outcome, and the base rate: how many customers fitted the
rule, how many did not, and how many of each bought again.

What may be told. With the author's consent to be quoted: platform, link and the words; not what was bought, which is
no part of that consent. Without it: kind, how quickly it was answered, whether it was resolved, whether the customer
bought again, and an analyst's paraphrase; no link, no quote, no id. A story is told only if at least ten customers fit
its description and that cell of the table beside it is shown; where nobody's full description does, less is said.
Numbers of customers go through `analysis.inference.suppression`, paraphrases through `quoting`. Texts stay text: pages
escape them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from analysis.foundation.calendar import Month
from analysis.inference.suppression import FEWEST, HIDDEN, Shown, suppressed
from analysis.studies.quoting import hold_paraphrases, web_link

if TYPE_CHECKING:
    from analysis.tables.opened import Tables

KINDS = ("inquiry", "complaint", "positive", "other")
BANDS = ((900, "within 15 minutes"), (3_600, "within an hour"), (14_400, "within 4 hours"), (86_400, "within a day"))
LATER = "after more than a day"
YES, NO, NOT_YET, UNKNOWN = "yes", "no", "not yet known", "unknown customer"
COLUMNS = (YES, NO, "not known")
"""What the table tells apart: the last holds customers not followed for the whole window, and unknown ones."""
RESOLVED, UNRESOLVED = "resolved", "not resolved"
Role = Literal["story", "counter_example"]
ROLES: tuple[Role, ...] = ("story", "counter_example")
Cell = tuple[str, str, str]
Description = tuple[str, str, str | None, str | None]
_DAY_S = 86_400
_CASES = "story_cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryRule:
    """Which cases are told: opening mentions of `kinds`, answered by a person in time, resolved by us.

    Parameters
    ----------
    kinds : tuple of str
    answered_within_seconds : int
    opposite : {"not_resolved", "not_bought_again"}
        The counter-example: answered alike, but not resolved `settled_days` later; or answered and resolved alike, but
        nothing bought within the window (the stories are then of customers who did buy).
    settled_days : int
        How long a case must have been open to count as not resolved.
    """

    kinds: tuple[str, ...] = ("complaint",)
    answered_within_seconds: int = 3_600
    opposite: Literal["not_resolved", "not_bought_again"] = "not_resolved"
    settled_days: int = 30

    def __post_init__(self) -> None:
        if not self.kinds or set(self.kinds) - set(KINDS):
            raise ValueError(f"A story is of one or more kinds of {', '.join(KINDS)}.")
        if self.answered_within_seconds < 1 or self.settled_days < 1:
            raise ValueError("A time in the rule of stories is at least 1.")

    def words(self, window_days: int, how_many: int) -> str:
        """The rule as it is printed.

        Examples
        --------
        >>> print(StoryRule().words(90, 3))
        The first 3 opening mentions (complaint) that a person answered within 60 minutes and that we resolved, in the
        order of a hash of their ids. Counter-example: the first that was answered alike but was not resolved 30 days
        later.
        """
        bought = f" and whose customer bought again within {window_days} days" * (self.opposite == "not_bought_again")
        opposite = (
            f"was answered alike but was not resolved {self.settled_days} days later"
            if self.opposite == "not_resolved"
            else f"was answered and resolved alike but whose customer bought nothing within {window_days} days"
        )
        return (
            f"The first {how_many} opening mentions ({', '.join(self.kinds)}) that a person answered within "
            f"{self.answered_within_seconds / 60:g} minutes and that we resolved{bought}, in the order of a hash of "
            f"their ids. Counter-example: the first that {opposite}."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoriesPlan:
    """What to tell, of which months, with which paraphrases.

    Parameters
    ----------
    rule : StoryRule
    months : sequence of Month
        Months in which the mentions were posted.
    zone : str
    paraphrases : mapping
        An analyst's words by mention id, for cases without consent.
    window_days : int
        Within how many days after the mention an order counts as "bought again".
    fewest : int
        The fewest customers a description must fit; at least 10.
    how_many : int
    """

    months: Sequence[Month]
    zone: str
    rule: StoryRule = field(default_factory=StoryRule)
    paraphrases: Mapping[str, str] = field(default_factory=dict, repr=False)
    window_days: int = 90
    fewest: int = FEWEST
    how_many: int = 3

    def __post_init__(self) -> None:
        if not self.months:
            raise ValueError("Stories are of one month or more.")
        if self.fewest < FEWEST:
            raise ValueError(f"A story may not be told of fewer than {FEWEST} customers.")
        if self.window_days < 1 or self.how_many < 1:
            raise ValueError("`window_days` and `how_many` are at least 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One case, with what may be told of it.

    `platform`, `link` and `quote` only with consent, `bought_again` and `paraphrase` only without it.
    """

    role: Role
    kind: str
    answered: str
    outcome: str
    consent: bool
    bought_again: str | None = None
    paraphrase: str | None = None
    platform: str | None = None
    link: str | None = None
    quote: str | None = None

    def __post_init__(self) -> None:
        told = (self.platform, self.link, self.quote)
        if (not self.consent and any(told)) or (self.consent and (self.bought_again or self.paraphrase)):
            raise ValueError("A story tells either whose words they are or what the customer bought, never both.")

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRate:
    """Of the customers with one outcome: how many, how many followed for the whole window, how many bought again.

    A hidden number is None, and so is every share of it.
    """

    outcome: str
    customers: int | None
    observed: int | None
    bought_again: int | None

    @property
    def share(self) -> float | None:
        """Bought again as a share of those followed."""
        return None if self.bought_again is None or not self.observed else self.bought_again / self.observed

    def to_dict(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "customers": self.customers,
            "observed": self.observed,
            "bought_again": self.bought_again,
            "share": self.share,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StoriesResult:
    """The stories with their counter-example and base rates.

    Parameters
    ----------
    rule : str
        The rule, in words.
    stories : tuple of Story
    counter_example : Story, optional
    base_rates : tuple of BaseRate
        Of the resolved and of those not resolved.
    table : DataFrame
        Customers by `outcome`, `kind` and `bought_again`, with totals ("all"); `customers` and `share` (of the row) are
        empty where they are hidden. A customer counts once, with the first case.
    notes : tuple of str
    reason : str, optional
        Why nothing is told.
    """

    rule: str
    stories: tuple[Story, ...] = ()
    counter_example: Story | None = None
    base_rates: tuple[BaseRate, ...] = ()
    table: pd.DataFrame = field(default_factory=lambda: _table((), None))
    notes: tuple[str, ...] = ()
    reason: str | None = None

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`: one entry, so that no story goes without what belongs beside it."""
        table = self.table.astype(object).where(self.table.notna(), None)
        return {
            "stories": [
                {
                    "rule": self.rule,
                    "stories": [story.to_dict() for story in self.stories],
                    "counter_example": self.counter_example.to_dict() if self.counter_example else None,
                    "base_rates": [rate.to_dict() for rate in self.base_rates],
                    "table": table.to_dict("records"),
                    "notes": list(self.notes),
                    "reason": self.reason,
                }
            ]
        }

    def to_frame(self) -> pd.DataFrame:
        """One row a story, the counter-example last."""
        told = [*self.stories, *([self.counter_example] if self.counter_example else [])]
        return pd.DataFrame([story.to_dict() for story in told], columns=list(Story.__slots__))

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def success_stories(tables: Tables, plan: StoriesPlan) -> StoriesResult:
    """Which cases are told, and how common are they?

    Raises
    ------
    ParamsError
        If a paraphrase is for a mention that is not there, quotes one without consent, or names somebody.
    """
    words = plan.rule.words(plan.window_days, plan.how_many)
    if reason := _lacking(tables):
        return StoriesResult(rule=words, reason=reason)
    hold_paraphrases(tables, plan.paraphrases)
    with _cases(tables, plan):
        counted = _counted(tables)
        if not counted:
            return StoriesResult(rule=words, reason="no mention of these months fits the rule or its opposite")
        rows, shown = _shown(counted, plan)
        tellable = _tellable(tables, plan, rows, shown)
        stories = _told(tables, plan, "story", tellable)
        counter = _told(tables, plan, "counter_example", tellable)
    notes = [f"A customer counts once, with the first case. A number left out: {HIDDEN}."]
    for told, what in ((stories, "story"), (counter, "counter-example")):
        if not told:
            notes.append(f"No {what} can be told: none fits a description of {plan.fewest} customers or more.")
    if not tables.has("orders"):
        notes.append("Whether customers bought again is not known: table `orders` is missing.")
    return StoriesResult(
        rule=words,
        stories=stories,
        counter_example=counter[0] if counter else None,
        base_rates=tuple(_base_rate(outcome, rows, shown) for outcome in (RESOLVED, UNRESOLVED)),
        table=_table(rows, shown),
        notes=tuple(notes),
    )


def ids_of_stories(tables: Tables, plan: StoriesPlan) -> tuple[str, ...]:
    """For whom should an analyst write a paraphrase? The ids of the cases that will be told, for no other eyes."""
    if _lacking(tables):
        return ()
    with _cases(tables, plan):
        counted = _counted(tables)
        if not counted:
            return ()
        tellable = _tellable(tables, plan, *_shown(counted, plan))
        return tuple(row["mention_id"] for role in ROLES for row in _first(tables, plan, role, tellable))


def _lacking(tables: Tables) -> str | None:
    if not tables.has("mentions"):
        return "table `mentions`"
    needs = ("kind", "first_reply_at", "replied_by", "resolved_at", "resolved_by")
    lacking = [f"`{column}`" for column in needs if not tables.has_column("mentions", column)]
    return f"column {', '.join(lacking)} of `mentions`" if lacking else None


@contextmanager
def _cases(tables: Tables, plan: StoriesPlan) -> Iterator[None]:
    """While it is open: a row a case of either outcome, with its description, its person and its place in the order."""
    engine, rule = tables.engine, plan.rule
    seconds = engine.dialect.seconds_between
    months = sorted(plan.months)
    wait = seconds("posted_at", "first_reply_at")
    bands = " ".join(f"when {wait} <= {limit} then '{label}'" for limit, label in BANDS)
    inside = engine.dialect.in_months("posted_at", plan.zone, months[0], months[-1])
    fitting = (
        "select mention_id, posted_at, customer_id, consent, kind, "
        "coalesce('customer ' || customer_id, 'author ' || author_id) as person, "
        f"case {bands} else '{LATER}' end as answered, "
        f"case when resolved_at is not null then '{RESOLVED}' else '{UNRESOLVED}' end as outcome, "
        "md5(mention_id || ':story') as place "
        f"from mentions where {inside} and in_reply_to is null and coalesce(actionable, true) "
        f"and kind in ({', '.join('?' for _ in rule.kinds)}) and replied_by = 'human' "
        f"and first_reply_at >= posted_at and {wait} <= {rule.answered_within_seconds} "
        "and (resolved_by = 'us' and resolved_at is not null "
        f"or resolved_at is null and {seconds('posted_at', 'cast(? as timestamp)')} >= {rule.settled_days * _DAY_S})"
    )
    parameters: list[object] = [*rule.kinds, tables.known_at]
    window_s = plan.window_days * _DAY_S
    bought, until, join = "0", "cast(null as timestamp)", ""
    if tables.has("orders"):
        gap = seconds("cases.posted_at", "orders.ordered_at")
        bought = f"max(case when {gap} between 1 and {window_s} then 1 else 0 end)"
        until = "(select max(ordered_at) from orders)"
        join = "left join orders on orders.customer_id = cases.customer_id and orders.ordered_at > cases.posted_at"
    engine.keep(
        _CASES,
        "select mention_id, posted_at, consent, kind, person, answered, outcome, place, "
        f"case when customer_id is null then '{UNKNOWN}' "
        f"when observed_until is null or {seconds('posted_at', 'observed_until')} < {window_s} then '{NOT_YET}' "
        f"when bought = 1 then '{YES}' else '{NO}' end as again "
        "from (select cases.mention_id, cases.posted_at, cases.customer_id, cases.consent, cases.kind, cases.person, "
        f"cases.answered, cases.outcome, cases.place, {bought} as bought, {until} as observed_until "
        f"from ({fitting}) as cases {join} group by 1, 2, 3, 4, 5, 6, 7, 8, 9) as followed",
        parameters,
    )
    try:
        yield
    finally:
        engine.drop(_CASES)


def _counted(tables: Tables) -> dict[Cell, int]:
    """Customers by outcome, kind and whether they bought again, each with the first case."""
    rows = tables.engine.query(
        "select outcome, kind, again, count(*) as n from (select outcome, kind, "
        f"case when again in ('{YES}', '{NO}') then again else '{COLUMNS[2]}' end as again, "
        "row_number() over (partition by person order by posted_at, mention_id) as case_number "
        f"from {_CASES} where person is not null) as numbered where case_number = 1 group by 1, 2, 3 order by 1, 2, 3"
    ).to_pylist()
    return {(row["outcome"], row["kind"], row["again"]): row["n"] for row in rows}


def _shown(counted: Mapping[Cell, int], plan: StoriesPlan) -> tuple[list[tuple[str, str]], Shown]:
    rows = [(outcome, kind) for outcome in (RESOLVED, UNRESOLVED) for kind in plan.rule.kinds]
    cells = [[counted.get((*row, again), 0) for again in COLUMNS] for row in rows]
    return rows, suppressed(np.array(cells), fewest=plan.fewest)


def _base_rate(outcome: str, rows: Sequence[tuple[str, str]], shown: Shown) -> BaseRate:
    values = shown.values()
    held = [values[place] for place, row in enumerate(rows) if row[0] == outcome]

    def added(*columns: int) -> int | None:
        numbers = [row[column] for row in held for column in columns]
        return None if None in numbers else sum(numbers)

    return BaseRate(outcome=outcome, customers=added(-1), observed=added(0, 1), bought_again=added(0))


def _table(rows: Sequence[tuple[str, str]], shown: Shown | None) -> pd.DataFrame:
    if shown is None:
        return pd.DataFrame(columns=["outcome", "kind", "bought_again", "customers", "share"])
    values, shares = shown.values(), shown.shares()
    return pd.DataFrame(
        [
            {
                "outcome": outcome,
                "kind": kind,
                "bought_again": again,
                "customers": values[row][column],
                "share": shares[row][column],
            }
            for row, (outcome, kind) in enumerate([*rows, ("all", "all")])
            for column, again in enumerate([*COLUMNS, "all"])
        ]
    ).astype({"customers": "Int64", "share": "Float64"})


def _tellable(
    tables: Tables, plan: StoriesPlan, rows: Sequence[tuple[str, str]], shown: Shown
) -> tuple[list[Description], list[Description]]:
    """The descriptions that fit enough customers, in cells of the table that are shown: in full, and with less said.

    With less said the time of the answer is that of the rule, and nothing is said of purchases unless the rule does.
    """
    found = tables.engine.query(
        "select outcome, kind, answered, again, count(distinct person) as n "
        f"from {_CASES} group by 1, 2, 3, 4 order by 1, 2, 3, 4"
    ).to_pylist()
    hidden = {
        (*row, again): bool(shown.hidden[place, column])
        for place, row in enumerate(rows)
        for column, again in enumerate([*COLUMNS, None])
    }
    full: list[Description] = [
        (row["outcome"], row["kind"], row["answered"], row["again"])
        for row in found
        if row["n"] >= plan.fewest
        and not hidden[row["outcome"], row["kind"], row["again"] if row["again"] in COLUMNS else COLUMNS[2]]
    ]
    said = COLUMNS[:2] if plan.rule.opposite == "not_bought_again" else (None,)
    less: list[Description] = [
        (*row, None, again)
        for place, row in enumerate(rows)
        for column, again in enumerate([*COLUMNS, None])
        if again in said and not shown.hidden[place, column] and shown.counts[place, column] >= plan.fewest
    ]
    return full, less


def _first(
    tables: Tables, plan: StoriesPlan, role: Role, tellable: tuple[list[Description], list[Description]]
) -> list[dict[str, Any]]:
    """The first cases of that role in the order of the hash, by descriptions that may be told, in full if any may."""
    by_purchase, story = plan.rule.opposite == "not_bought_again", role == "story"
    outcome = RESOLVED if story or by_purchase else UNRESOLVED
    for descriptions in tellable:
        cells = [
            cell
            for cell in descriptions
            if cell[0] == outcome and (not by_purchase or cell[3] == (YES if story else NO))
        ]
        if not cells:
            continue
        names = ("outcome", "kind", "answered", "again")
        where = " or ".join(
            "(" + " and ".join(f"{name} = ?" for name, part in zip(names, cell, strict=True) if part is not None) + ")"
            for cell in cells
        )
        rows: list[dict[str, Any]] = tables.engine.query(
            f"select mention_id, outcome, kind, answered, again, consent from {_CASES} where {where} "
            f"order by place, mention_id limit {plan.how_many if story else 1}",
            [part for cell in cells for part in cell if part is not None],
        ).to_pylist()
        if descriptions is tellable[1]:
            in_time = f"within {plan.rule.answered_within_seconds / 60:g} minutes"
            rows = [{**row, "answered": in_time, "again": row["again"] if by_purchase else None} for row in rows]
        return rows
    return []


def _told(
    tables: Tables,
    plan: StoriesPlan,
    role: Role,
    tellable: tuple[list[Description], list[Description]],
) -> tuple[Story, ...]:
    told = []
    for row in _first(tables, plan, role, tellable):
        described = {key: row[key] for key in ("kind", "answered", "outcome")}
        if row["consent"]:
            (said,) = tables.engine.query(
                "select platform, text, url from mentions where mention_id = ?", [row["mention_id"]]
            ).to_pylist()
            told.append(
                Story(
                    role=role,
                    consent=True,
                    platform=said["platform"],
                    link=web_link(said["url"]),
                    quote=said["text"],
                    **described,
                )
            )
        else:
            paraphrase = plan.paraphrases.get(row["mention_id"])
            told.append(Story(role=role, consent=False, bought_again=row["again"], paraphrase=paraphrase, **described))
    return tuple(told)
