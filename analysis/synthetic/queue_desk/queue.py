"""Who writes when, to which channel, and how long do those wait who write on social?

Issues follow the hours of their product. Those on social queue at one desk: a wait grows with what came in the hour
before, of all products, over what the agents at the desk can take up, with the recorded severity, and in one variant
with a gravity that nobody records. Nobody is at the desk at night: the wait then begins in the morning. What an answer
does to buying is left to `life`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.synthetic.clock import DATA_END, DAY_START, MONTH_DAY, N_MONTHS
from analysis.synthetic.queue_desk.desk import (
    ABSENT,
    CHANNELS,
    FREE_LOAD,
    GIVEN_UP_S,
    NIGHT_FROM,
    NIGHT_TO,
    OVERLOOKED,
    PER_AGENT,
    PRODUCTS,
    QUEUE_WAIT,
    SEVERITY_SHARE,
    SEVERITY_WAIT,
    SOCIAL,
    TARGET_S,
    USUAL_WAIT_S,
    WAIT_SPREAD,
    Desk,
    Flags,
    Floats,
    Ints,
    stream,
)
from analysis.synthetic.queue_desk.people import N_DAYS, WEEKDAY, Hours, People

CHANNEL_SHARE = (0.62, 0.22, 0.16)
_ELSEWHERE_WAIT_S = (0.0, 14_400.0, 120.0)
_HOUR_S = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Issues:
    """All issues in order of time, each of shape (m,).

    `opened` is an instant; `day`, `hour` and `month` count local days, hours and months of the data; `own_incident`
    and `other_incident` say whether the own or another product has an incident that day. `reply_s` is the time to the
    first reply in seconds, infinite where none came within the data.
    """

    customer: Ints
    opened: Ints
    day: Ints
    hour: Ints
    month: Ints
    channel: Ints
    severity: Ints
    own_incident: Flags
    other_incident: Flags
    reply_s: Floats

    def __len__(self) -> int:
        return len(self.customer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What decided how long each contact on social waited, each of shape (n_contacts,), in order of time.

    `issue` is the contact's position among the issues; `load` counts contacts of all products in the hour before,
    `other_load` those of other products; `expected_other` is what the curves promise of the latter; `agents` are at
    the desk; `opens_s` is how long until the desk opens; `hidden` the gravity nobody records, in standard deviations.
    """

    issue: Ints
    load: Ints
    other_load: Ints
    expected_other: Floats
    agents: Ints
    opens_s: Ints
    severity: Ints
    hidden: Floats


def issues_of(desk: Desk, people: People, hours: Hours, seed: int) -> tuple[Issues, Queue]:
    """Draw the issues of a company, and the queue that those on social stood in."""
    rng = stream(seed, "issues")
    customer, slot = _who_and_when(people, hours, rng)
    day, hour = slot // 24, slot % 24
    length = DAY_START[day + 1] - DAY_START[day]
    opened = DAY_START[day] + ((hour + rng.random(len(slot))) / 24 * length).astype(np.int64)
    order = np.argsort(opened, kind="stable")
    customer, day, hour, opened = customer[order], day[order], hour[order], opened[order]
    n, product = len(customer), people.product[customer]
    channel = rng.choice(len(CHANNELS), size=n, p=CHANNEL_SHARE)
    severity = rng.choice(3, size=n, p=SEVERITY_SHARE)
    own = hours.incident[product, day]
    queue = _queue(desk, people, hours, seed, np.flatnonzero(channel == SOCIAL), opened, day, hour, product, severity)
    waits = stream(seed, "waits")
    reply = np.asarray(_ELSEWHERE_WAIT_S)[channel] * np.exp(waits.standard_normal(n))
    mean = log_wait(desk, queue, queue.load)
    reply[queue.issue] = queue.opens_s + np.exp(mean + WAIT_SPREAD * waits.standard_normal(len(mean)))
    reply = np.ceil(reply)
    never = (waits.random(n) < OVERLOOKED) | (reply > GIVEN_UP_S) | (opened + reply >= DATA_END)
    return Issues(
        customer=customer,
        opened=opened,
        day=day,
        hour=hour,
        month=np.searchsorted(MONTH_DAY, day, side="right") - 1,
        channel=channel,
        severity=severity,
        own_incident=own,
        other_incident=hours.incident.sum(axis=0)[day] > own,
        reply_s=np.where(never, np.inf, reply),
    ), queue


def log_wait(desk: Desk, queue: Queue, load: Ints) -> Floats:
    """The mean logarithm of the wait in seconds, once the desk is open, of contacts that met a load."""
    pressure = np.maximum(load / (np.maximum(queue.agents, 0.5) * PER_AGENT) - FREE_LOAD, 0.0)
    pressure = np.where(queue.opens_s > 0, 0.0, pressure)
    grave = np.asarray(SEVERITY_WAIT)[queue.severity] + desk.hidden_wait * queue.hidden
    return np.asarray(np.log(USUAL_WAIT_S) + QUEUE_WAIT * pressure + grave)


def chance_in_time(desk: Desk, queue: Queue, load: Ints) -> Floats:
    """The chance of an answer within the target, of contacts that met a load, shape (n_contacts,)."""
    from scipy.special import ndtr

    left = np.maximum(TARGET_S - queue.opens_s, 1e-9)
    return np.asarray((1 - OVERLOOKED) * ndtr((np.log(left) - log_wait(desk, queue, load)) / WAIT_SPREAD))


def _who_and_when(people: People, hours: Hours, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Customer and hour of the data of every issue: Poisson, along the customer's curve, from the first month on."""
    n_hours = N_DAYS * 24
    total = np.zeros((2 * len(PRODUCTS), n_hours + 1))
    np.cumsum(hours.rate.reshape(-1, n_hours), axis=1, out=total[:, 1:])
    curve = people.product * 2 + people.late
    start = total[curve, 24 * MONTH_DAY[np.minimum(people.first_month, N_MONTHS)]]
    span = total[curve, -1] - start
    count = rng.poisson(people.issues * span)
    customer = np.repeat(np.arange(len(people)), count)
    at = start[customer] + rng.random(len(customer)) * span[customer]
    lifted = np.cumsum(np.concatenate([[0.0], total[:-1, -1] + 1.0]))  # one curve above the other, for a single search
    stacked = (total + lifted[:, None]).ravel()
    place = np.searchsorted(stacked, at + lifted[curve[customer]], side="right") - 1
    return customer, np.minimum(place - curve[customer] * (n_hours + 1), n_hours - 1)


def _queue(
    desk: Desk,
    people: People,
    hours: Hours,
    seed: int,
    issue: Ints,
    opened: Ints,
    day: Ints,
    hour: Ints,
    product: Ints,
    severity: Ints,
) -> Queue:
    rng = stream(seed, "staff")
    opened, day, hour, product, severity = (column[issue] for column in (opened, day, hour, product, severity))
    load = _came_before(opened, opened)
    own = np.zeros(len(issue), dtype=np.int64)
    for one in range(len(PRODUCTS)):
        of = np.flatnonzero(product == one)
        own[of] = _came_before(opened[of], opened[of])
    mean = _expected(people, hours)
    agents = _agents(desk, mean.sum(axis=0), rng)
    closed = ((hour >= NIGHT_FROM) | (hour < NIGHT_TO)) & (not desk.ample)
    morning = DAY_START[np.where(hour >= NIGHT_FROM, day + 1, day)] + NIGHT_TO * _HOUR_S
    slot = day * 24 + hour
    return Queue(
        issue=issue,
        load=load,
        other_load=load - own,
        expected_other=mean.sum(axis=0)[slot] - mean[product, slot],
        agents=agents[slot],
        opens_s=np.where(closed, np.maximum(morning - opened, 0), 0),
        severity=severity,
        hidden=rng.standard_normal(len(issue)) if desk.hidden_wait else np.zeros(len(issue)),
    )


def _came_before(at: Ints, of: Ints) -> Ints:
    """How many of `of` (in order of time) lie in the hour before each instant, that instant itself left out."""
    return np.asarray(np.searchsorted(of, at, side="left") - np.searchsorted(of, at - _HOUR_S, side="left"))


def _expected(people: People, hours: Hours) -> Floats:
    """Contacts on social that the curves promise in each hour, shape (products, hours)."""
    joined = np.zeros((2 * len(PRODUCTS), N_MONTHS + 1))
    np.add.at(joined, (people.product * 2 + people.late, people.first_month), people.issues)
    here = np.cumsum(joined, axis=1)[:, :-1].reshape(len(PRODUCTS), 2, N_MONTHS)
    month = np.repeat(np.searchsorted(MONTH_DAY, np.arange(N_DAYS), side="right") - 1, 24)
    return np.asarray(CHANNEL_SHARE[SOCIAL] * (hours.usual * here[:, :, month]).sum(axis=1))


def _agents(desk: Desk, mean: Floats, rng: np.random.Generator) -> Ints:
    """Who is at the desk in each hour: a rota by hour of the week for the usual load, less those who are away."""
    week = WEEKDAY.repeat(24) * 24 + np.tile(np.arange(24), N_DAYS)
    usual = (np.bincount(week, weights=mean) / np.bincount(week))[week]
    rota = np.maximum(np.rint(desk.staff * usual / PER_AGENT), 1).astype(np.int64)
    return np.asarray(rota - rng.binomial(rota, ABSENT))
