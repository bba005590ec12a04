"""What were the mentions that nobody gave a kind? Estimated from those somebody did, with the error of it shown.

Mentions without a kind are judged by what the user's own labelled mentions teach, the shares are corrected by how the
judges err on labelled mentions they have not seen, and each figure carries its interval. Where the labels cannot
support that, there are no figures but the reason. Counting the kinds that were given is left to `mentions_by_kind`;
texts are data here: none is kept, logged or shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.calendar import Month
from analysis.inference.classifier import Judged, NothingToLearn, judge_held_out
from analysis.inference.prevalence import Confusion, NoDistinction, corrected_shares, powered_shares
from analysis.metrics.catalogue import Definition, definition
from analysis.metrics.counter import UNKNOWN, Counter
from analysis.metrics.figure import Metric, figure
from analysis.metrics.kinds_result import KindsResult, PeriodKinds, Skill
from analysis.tables.contract import SCHEMAS

if TYPE_CHECKING:
    from analysis.tables.opened import Tables

ESTIMATED = "mentions_by_kind_estimated"
_FEWEST_LABELS = 50
_MOST_LABELS = 50_000
_AT_ONCE = 50_000
_TEXTS = "unlabelled_texts"
_HAS_TEXT = "text is not null and trim(text) <> ''"

Ints = NDArray[np.int64]


def classified_kinds(
    tables: Tables,
    *,
    months: Sequence[Month],
    zone: str,
    seed: int = 0,
    fewest_labels: int = _FEWEST_LABELS,
    level: float = 0.95,
) -> KindsResult:
    """How many mentions of each kind were there, those without a kind included?

    Parameters
    ----------
    tables : Tables
    months : sequence of Month
        Whole months of the reporting period, without gaps. Labels from outside it are learnt from too.
    zone : str
        Reporting time zone, in which months begin.
    seed : int
        Chooses which labelled mentions are learnt from where there are more than 50,000, and the intervals' draws.
    fewest_labels : int
        Labelled mentions with a text that every kind needs.
    level : float
        Of all intervals.

    Returns
    -------
    KindsResult
        Rows of `mentions_by_kind_estimated`, all in the state "estimated". Each period is estimated from its own
        guesses, so that months need not add up to the whole. Refused, with the reason and without rows, where labels
        or texts are missing, where a kind has too few labels, or where the judges are not better than always guessing
        the commonest kind.
    """
    if not tables.has("mentions"):
        return KindsResult(refused="There is no table `mentions`.", level=level)
    for column in ("text", "kind"):
        if not tables.has_column("mentions", column):
            return KindsResult(refused=f"`mentions` has no column `{column}`.", level=level)
    count = Counter(tables, tuple(months), zone)
    labels = _labels(count)
    if (lack := _too_few(labels, fewest_labels)) is not None:
        return KindsResult(refused=lack, level=level)
    kinds = tuple(labels)
    learnt = _learnt_from(count, kinds, seed)
    links = {"conversation": learnt["conversation_id"], "author": learnt["author_id"]}
    try:
        judged = judge_held_out(learnt["text"], learnt["kind"], links, seed=seed)
    except NothingToLearn as error:
        return KindsResult(refused=f"The labelled mentions do not suffice to learn from. {error}", level=level)
    skill = _skill(kinds, labels, learnt["kind"], judged, level)
    if skill.gain[1] <= 0:
        reason = (
            f"The kinds cannot be told from the texts: {skill.accuracy[0]:.1%} of labelled mentions were told right "
            f"while held out, and always guessing `{skill.commonest}` is right for {skill.commonest_accuracy:.1%}."
        )
        return KindsResult(refused=reason.replace("%", " %"), skill=skill, level=level)
    census = _census(count)
    guessed, copies = _guesses(count, judged, len(kinds))
    if not guessed:
        return KindsResult(refused="No mention of the period has a text but no kind.", skill=skill, level=level)

    inside = np.array([month is not None for month in learnt["month"]], dtype=bool)
    month_of = np.array([-1 if month is None else month for month in learnt["month"]], dtype=np.int64)

    def period_kinds(number: int | None, label: str) -> PeriodKinds:
        here = [cell for cell in census if number is None or cell["local_month"] == number]
        said = guessed.get(number, np.zeros(len(kinds), dtype=np.int64))
        rows = np.flatnonzero(inside if number is None else month_of == number)
        sample = Confusion.of(learnt["kind"][rows], judged.guess[rows], kinds=len(kinds), group=judged.group[rows])
        together = copies.get(number, 1.0)
        generator = np.random.default_rng([seed, number or 0])
        enough = len(rows) >= fewest_labels
        return PeriodKinds(
            period=label,
            labelled=np.array([sum(cell["n"] for cell in here if cell["kind"] == kind) for kind in kinds]),
            guessed=said,
            without_text=sum(cell["n"] for cell in here if cell["kind"] is None and not cell["has_text"]),
            sample=len(rows),
            corrected=corrected_shares(skill.confusion, said, generator=generator, level=level, copies=together)
            if said.any()
            else None,
            powered=powered_shares(sample, said, level=level, copies=together) if said.any() and enough else None,
        )

    try:
        periods = {number: period_kinds(number, label) for number, label in count.periods()}
    except NoDistinction as error:
        return KindsResult(refused=str(error), skill=skill, level=level)
    entry = definition(ESTIMATED)
    outside = count.outside("mentions", "posted_at")
    unknown = any(part.without_text for part in periods.values())
    return KindsResult(
        metrics=tuple(
            row
            for number, part in periods.items()
            for row in _figures(entry, part, skill, number in outside, unknown, level)
        ),
        skill=skill,
        periods=tuple(periods.values()),
        mix=MappingProxyType({"platform": _apart(census, "platform"), "month": _apart(census, "local_month")}),
        level=level,
    )


def _labels(count: Counter) -> dict[str, int]:
    """Labelled mentions with a text by kind, in the contract's order; kinds that no mention has are left out."""
    found = count.engine.query(
        f"select kind, sum(case when {_HAS_TEXT} then 1 else 0 end) as n from mentions "
        "where kind is not null group by kind order by kind"
    ).to_pylist()
    number = {row["kind"]: int(row["n"]) for row in found}
    return {kind: number[kind] for kind in SCHEMAS["mentions"].by_name["kind"].values or () if kind in number}


def _too_few(labels: Mapping[str, int], fewest: int) -> str | None:
    if not labels:
        return "No mention has a kind: there is nothing to learn from. Label a random sample of mentions."
    if len(labels) == 1:
        return f"Every labelled mention is `{next(iter(labels))}`: there is nothing to tell apart."
    few = [f"{number:,} of `{kind}`" for kind, number in labels.items() if number < fewest]
    if few:
        return f"Too few labelled mentions with a text: {', '.join(few)}; every kind needs {fewest:,}."
    return None


def _learnt_from(count: Counter, kinds: Sequence[str], seed: int) -> dict[str, Any]:
    """The labelled mentions in an order of chance that is the same every time, at most so many."""
    month = count.engine.dialect.month_number("posted_at", count.zone, count.months[0], count.months[-1])
    found = count.engine.query(
        f"select text, kind, author_id, conversation_id, {month} as month from mentions "
        f"where kind is not null and {_HAS_TEXT} order by md5(mention_id || ?), mention_id limit {_MOST_LABELS}",
        [f"/{seed}"],
    ).to_pydict()
    return {**found, "kind": np.array([kinds.index(kind) for kind in found["kind"]], dtype=np.int64)}


def _skill(kinds: tuple[str, ...], labels: Mapping[str, int], truth: Ints, judged: Judged, level: float) -> Skill:
    confusion = Confusion.of(truth, judged.guess, kinds=len(kinds), group=judged.group)
    of_kind = confusion.counts.sum(axis=1)
    commonest = int(of_kind.argmax())
    right = np.eye(len(kinds))
    always = np.zeros_like(right)
    always[commonest, :] = 1.0
    return Skill(
        kinds=kinds,
        labels=MappingProxyType(dict(labels)),
        confusion=confusion,
        held_together_by=judged.held_together_by,
        accuracy=(confusion.accuracy, *confusion.accuracy_interval(level)),
        commonest=kinds[commonest],
        commonest_accuracy=float(of_kind[commonest] / confusion.n),
        gain=confusion.mean_interval(right - always, level),
    )


def _census(count: Counter) -> list[dict[str, Any]]:
    """Mentions of the period by month, kind, platform and whether they have a text."""
    columns = f"kind, platform, case when {_HAS_TEXT} then true else false end as has_text"
    inside = count.dated(columns, "mentions", "posted_at")
    found: list[dict[str, Any]] = count.engine.query(
        f"select local_month, kind, platform, has_text, count(*) as n from ({inside}) as dated "
        "group by local_month, kind, platform, has_text order by local_month, kind, platform, has_text"
    ).to_pylist()
    return found


def _guesses(count: Counter, judged: Judged, kinds: int) -> tuple[dict[int | None, Ints], dict[int | None, float]]:
    """Guesses by local month and over all, and how many mentions share a text, as a design effect."""
    guessed: dict[int | None, Ints] = {}
    copies: dict[int | None, float] = {}
    inside = count.dated("text", "mentions", "posted_at", f"kind is null and {_HAS_TEXT}")
    count.engine.keep(
        _TEXTS,
        "select text, local_month, n, row_number() over (order by local_month, text) as place from "
        f"(select text, local_month, count(*) as n from ({inside}) as dated group by text, local_month) as texts",
    )
    try:
        for texts, months, numbers in _streamed(count):
            guess = judged.of(texts)
            for month in np.unique(months):
                here = months == month
                found = np.bincount(guess[here], weights=numbers[here], minlength=kinds).astype(np.int64)
                for number in (int(month), None):
                    guessed[number] = guessed.get(number, np.zeros(kinds, dtype=np.int64)) + found
        for row in count.engine.query(
            f"select local_month, sum(n * n) as squares, sum(n) as n from {_TEXTS} group by local_month "
            "union all select null, sum(n * n), sum(n) from "
            f"(select text, sum(n) as n from {_TEXTS} group by text) as texts order by 1"
        ).to_pylist():
            if row["n"]:
                copies[row["local_month"]] = float(row["squares"]) / float(row["n"])
    finally:
        count.engine.drop(_TEXTS)
    return guessed, copies


def _streamed(count: Counter) -> Iterator[tuple[list[str], Ints, Ints]]:
    last = count.engine.query(f"select max(place) as last from {_TEXTS}").to_pylist()[0]["last"] or 0
    for start in range(1, last + 1, _AT_ONCE):
        part = count.engine.query(
            f"select text, local_month, n from {_TEXTS} where place >= ? and place < ? order by place",
            [start, start + _AT_ONCE],
        ).to_pydict()
        yield part["text"], np.array(part["local_month"], dtype=np.int64), np.array(part["n"], dtype=np.int64)


def _apart(census: Sequence[Mapping[str, Any]], what: str) -> float:
    """Half the sum of the differences between the shares of labelled and of unlabelled mentions."""
    known: dict[Any, int] = {}
    guessed: dict[Any, int] = {}
    for cell in census:
        if cell["has_text"] or cell["kind"] is not None:
            side = guessed if cell["kind"] is None else known
            side[cell[what]] = side.get(cell[what], 0) + cell["n"]
    n_known, n_guessed = sum(known.values()) or 1, sum(guessed.values()) or 1
    values = known.keys() | guessed.keys()
    return sum(sorted(abs(known.get(v, 0) / n_known - guessed.get(v, 0) / n_guessed) for v in values)) / 2


def _figures(
    entry: Definition, part: PeriodKinds, skill: Skill, outside: bool, unknown: bool, level: float
) -> Iterator[Metric]:
    nothing = "`mentions` holds nothing of this month or beyond it" if outside else None
    for kind, (value, low, high) in zip(skill.kinds, part.mentions().tolist(), strict=True):
        note = (
            f"{level:.0%} interval {low:,.0f} to {high:,.0f}; {part.unlabelled:,} of {part.total:,} mentions were "
            f"judged by judges that tell {skill.accuracy[0]:.1%} right".replace("%", " %")
        )
        yield figure(
            entry,
            part.period,
            value=None if outside else value,
            numerator=None if outside else value,
            denominator=None if outside else part.total,
            segment={"kind": kind},
            reason=nothing,
            state="estimated",
            note=None if outside else note,
        )
    if unknown:
        left = None if outside else part.without_text
        yield figure(
            entry, part.period, value=left, numerator=left, segment={"kind": UNKNOWN}, reason=nothing, state="estimated"
        )
