"""What is told about each issue of a made-up company, and which contacts does it bring?

`Issues` have a channel, a topic, a severity, times of reply, closing and reopening, and a cost; `Touchpoints` are the
opening of each issue and the follow-ups, some of them on another channel. None of it acts on demand: a follow-up on
social is a contact on social, but only an *issue* on social has the effect of `world`. Where a world lets severity act,
it is drawn with the lives, and what is told here is a record with errors.
Nothing is known that would have happened after the end of the data: such times are missing (`UNKNOWN`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.synthetic.clock import DATA_END, DAYS_IN_MONTH, MONTH_DAY, epoch_seconds, instants_on
from analysis.synthetic.company import Customers, Flags, Ints, Life
from analysis.synthetic.world import (
    CHANNEL_COST_EUR,
    CHANNELS,
    OTHER_CHANNEL_SHARE,
    SEVERITY_COST,
    SEVERITY_SHARE,
    SOCIAL,
    World,
)

UNKNOWN = np.iinfo(np.int64).min
"""An instant that is not there."""

PLATFORMS = ("twitter", "facebook", "instagram")
PLATFORM_SHARE = (0.5, 0.3, 0.2)
TOPICS = ("billing", "outage", "delivery", "contract", "device", "moving house")
OUTAGE = TOPICS.index("outage")
STAFFED_ON = date(2025, 3, 3)
"""From this day on the social desk has more people: replies come sooner and fewer contacts stay unanswered."""

_TOPIC_SHARE = (0.27, 0.15, 0.14, 0.17, 0.19, 0.08)
_REPLY_MEDIAN_S = (3_900.0, 75.0, 14_400.0, 240.0, 150.0)
_REPLY_SPREAD = (1.5, 0.6, 1.0, 0.8, 0.9)
_UNANSWERED = (0.16, 0.02, 0.06, 0.0, 0.04)
_STAFFED_SPEED, _STAFFED_UNANSWERED = 0.5, 0.08
_BY_BOT = (0.12, 0.0, 0.05, 0.0, 0.45)
_CLOSE_MEDIAN_S, _CLOSE_SPREAD = 72_000.0, 1.2
_NEVER_CLOSED, _CLOSED_UNANSWERED, _REOPENED = 0.03, 0.55, 0.06
_COST_NOISE = 0.25
_FOLLOW_UPS, _ELSEWHERE, _OUTBOUND = 0.45, 0.30, 0.30
_FOLLOW_UP_MEDIAN_S, _FOLLOW_UP_SPREAD = 130_000.0, 1.0
_FOLLOW_UP_CHANNEL = (0.08, 0.45, 0.30, 0.07, 0.10)
_EXTRA_OUTAGE_SHARE = 0.85

STRAYING = _FOLLOW_UPS * _ELSEWHERE * _FOLLOW_UP_CHANNEL[SOCIAL] * (1 - _OUTBOUND)
"""Expected inbound follow-ups on social of an issue that went elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issues:
    """One entry for each issue of a block, in the order they were opened; instants in seconds or `UNKNOWN`.

    `platform` is meaningful for contacts on social, `by_bot` where there was a reply; `first_of_month` marks a
    customer's first issue of a local month.
    """

    customer: Ints
    month: Ints
    opened: Ints
    channel: Ints
    platform: Ints
    topic: Ints
    severity: Ints
    first_reply: Ints
    by_bot: Flags
    closed: Ints
    reopened: Ints
    cost_cents: Ints
    first_of_month: Flags

    def __len__(self) -> int:
        return len(self.customer)

    def at(self, rows: NDArray[Any]) -> Issues:
        """Some of the issues."""
        return Issues(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Touchpoints:
    """One entry for each contact: the issue (position in the block's issues), its time, channel and direction."""

    issue: Ints
    occurred: Ints
    channel: Ints
    inbound: Flags
    opening: Flags

    def __len__(self) -> int:
        return len(self.issue)


def cost_of_issue_eur(channel: int) -> float:
    """The mean cost of an issue on a channel, over severities."""
    return CHANNEL_COST_EUR[channel] * float(np.dot(SEVERITY_SHARE, SEVERITY_COST))


def cost_elsewhere_eur() -> float:
    """The mean cost of an issue that does not go to social."""
    return float(np.dot(OTHER_CHANNEL_SHARE, [cost_of_issue_eur(channel) for channel in range(len(CHANNELS))]))


def issues_of(world: World, customers: Customers, life: Life, rng: np.random.Generator) -> Issues:
    """Everything told about the issues of a block."""
    n = len(life.issue_customer)
    opened = opened_in(customers, life.issue_customer, life.issue_month, rng)
    order = np.argsort(opened, kind="stable")
    who, when, opened = life.issue_customer[order], life.issue_month[order], opened[order]
    elsewhere = rng.choice(len(CHANNELS), size=n, p=OTHER_CHANNEL_SHARE)
    channel = np.where(life.issue_social[order], SOCIAL, elsewhere)
    severity = recorded_severity(world, life.issue_severity[order], rng)
    cost_cents = costs_in_cents(channel, severity, rng)
    first_reply, by_bot = replies(channel, opened, rng)
    closed, reopened = endings(opened, first_reply, rng)
    return Issues(
        customer=who,
        month=when,
        opened=opened,
        channel=channel,
        platform=rng.choice(len(PLATFORMS), size=n, p=PLATFORM_SHARE),
        topic=_topics(world, customers.product[who], when, rng),
        severity=severity + 1,
        first_reply=first_reply,
        by_bot=by_bot,
        closed=closed,
        reopened=reopened,
        cost_cents=cost_cents,
        first_of_month=first_of(who * len(DAYS_IN_MONTH) + when),
    )


def opened_in(customers: Customers, who: Ints, when: Ints, rng: np.random.Generator) -> Ints:
    """An instant for each issue, on any day of its month on which one is a customer."""
    first_day = np.maximum(MONTH_DAY[when], customers.first_day[who])
    days = MONTH_DAY[when + 1] - first_day
    return instants_on(first_day + (rng.random(len(who)) * days).astype(np.int64), rng)


def recorded_severity(world: World, true: Ints, rng: np.random.Generator) -> Ints:
    """What is recorded of each issue's severity, from 0: the true one with errors, where a world has a true one."""
    drawn = rng.choice(len(SEVERITY_SHARE), size=len(true), p=SEVERITY_SHARE)
    if not world.grave_dip:
        return drawn
    return np.where(rng.random(len(true)) < world.severity_error, drawn, true)


def costs_in_cents(channel: Ints, severity: Ints, rng: np.random.Generator) -> Ints:
    """What each issue cost, by its channel and recorded severity."""
    noise = 1 + _COST_NOISE * rng.uniform(-1, 1, size=len(channel))
    cost = np.asarray(CHANNEL_COST_EUR)[channel] * np.asarray(SEVERITY_COST)[severity] * noise
    return np.asarray(np.rint(100 * cost), dtype=np.int64)


def follow_up_waits(n: int, rng: np.random.Generator) -> Ints:
    """Seconds from the opening of an issue to a follow-up."""
    return (600 + _FOLLOW_UP_MEDIAN_S * np.exp(_FOLLOW_UP_SPREAD * rng.standard_normal(n))).astype(np.int64)


def first_of(group: Ints) -> Flags:
    """Marks the first entry of each group, in the order given.

    Examples
    --------
    >>> first_of(np.array([5, 3, 5, 3, 9])).tolist()
    [True, True, False, False, True]
    """
    flags = np.zeros(len(group), dtype=bool)
    flags[np.unique(group, return_index=True)[1]] = True
    return flags


def replies(channel: Ints, opened: Ints, rng: np.random.Generator) -> tuple[Ints, Flags]:
    """When the first reply came (`UNKNOWN` if none did before the data end), and whether a bot gave it."""
    n = len(channel)
    staffed = (channel == SOCIAL) & (opened >= epoch_seconds(STAFFED_ON))
    median = np.asarray(_REPLY_MEDIAN_S)[channel] * np.where(staffed, _STAFFED_SPEED, 1.0)
    unanswered = np.where(staffed, _STAFFED_UNANSWERED, np.asarray(_UNANSWERED)[channel])
    by_bot = rng.random(n) < np.asarray(_BY_BOT)[channel]
    wait = median * np.exp(np.asarray(_REPLY_SPREAD)[channel] * rng.standard_normal(n))
    wait = np.where(by_bot, np.minimum(wait, 20.0), wait)
    return _known(opened + 1 + wait.astype(np.int64), rng.random(n) >= unanswered), by_bot


def endings(opened: Ints, first_reply: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """When cases were closed and reopened, each `UNKNOWN` if they were not before the data end."""
    n = len(opened)
    answered = first_reply != UNKNOWN
    chance = np.where(answered, 1 - _NEVER_CLOSED, _CLOSED_UNANSWERED)
    work = _CLOSE_MEDIAN_S * np.exp(_CLOSE_SPREAD * rng.standard_normal(n)) * np.where(answered, 1, 4)
    closed = _known(np.where(answered, first_reply, opened) + work.astype(np.int64), rng.random(n) < chance)
    again = closed + 3_600 + (rng.exponential(4 * 86_400, size=n)).astype(np.int64)
    return closed, _known(again, (closed != UNKNOWN) & (rng.random(n) < _REOPENED))


def touchpoints_of(issues: Issues, rng: np.random.Generator) -> Touchpoints:
    """The opening of each issue and its follow-ups up to the end of the data, in the order they happened."""
    n = len(issues)
    issue = np.repeat(np.arange(n), rng.poisson(_FOLLOW_UPS, size=n))
    m = len(issue)
    wait = follow_up_waits(m, rng)
    elsewhere = rng.random(m) < _ELSEWHERE
    channel = np.where(elsewhere, rng.choice(len(CHANNELS), size=m, p=_FOLLOW_UP_CHANNEL), issues.channel[issue])
    inbound = rng.random(m) >= _OUTBOUND
    occurred = np.concatenate([issues.opened, issues.opened[issue] + wait])
    order = np.argsort(occurred, kind="stable")
    order = order[occurred[order] < DATA_END]
    return Touchpoints(
        issue=np.concatenate([np.arange(n), issue])[order],
        occurred=occurred[order],
        channel=np.concatenate([issues.channel, channel])[order],
        inbound=np.concatenate([np.ones(n, dtype=bool), inbound])[order],
        opening=(np.arange(n + m) < n)[order],
    )


def _known(instant: Ints, happened: Flags) -> Ints:
    return np.where(happened & (instant < DATA_END), instant, UNKNOWN)


def _topics(world: World, product: Ints, month: Ints, rng: np.random.Generator) -> Ints:
    topic = rng.choice(len(TOPICS), size=len(product), p=_TOPIC_SHARE)
    extra = rng.random(len(product))
    for incident in world.incidents:
        caused = _EXTRA_OUTAGE_SHARE * (1 - 1 / incident.issues)
        struck = (product == incident.product) & (month == incident.month) & (extra < caused)
        topic = np.where(struck, OUTAGE, topic)
    return topic
