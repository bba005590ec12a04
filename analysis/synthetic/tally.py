"""What is true of a made-up company beside its effects? Counts that tables do not show, or show only in part.

The true kinds of the mentions that have none in the records, the incidents with what they added to the mentions, and
the support cost of each month, from which the general ledger is made. All of it adds up over blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from analysis.synthetic.block import Block
from analysis.synthetic.chatter import viral_days
from analysis.synthetic.clock import DAY_START, FIRST_MONTH, N_MONTHS
from analysis.synthetic.company import NEVER, Flags, Floats, Ints, issue_rate, social_share
from analysis.synthetic.mentions import ABSENT, FOLLOWED_UP, KINDS, PUBLIC_SHARE, WITH_HOSTILE, Mentions
from analysis.synthetic.world import PRODUCTS, SOCIAL, Incident, Viral, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts of one block or of several; two of them add up with `+`.

    `kinds` and `unlabelled`: mentions by true kind, all and those without one in the records. `above`: mentions above
    expected in each incident of the world, then in each viral; `issues_above`: the same for issues. `support_cents`:
    cost of the issues opened in each month.
    """

    world: World
    kinds: Ints
    unlabelled: Ints
    above: Floats
    issues_above: Floats
    support_cents: Ints

    def __add__(self, other: Tally) -> Tally:
        return replace(
            self,
            kinds=self.kinds + other.kinds,
            unlabelled=self.unlabelled + other.unlabelled,
            above=self.above + other.above,
            issues_above=self.issues_above + other.issues_above,
            support_cents=self.support_cents + other.support_cents,
        )

    def mention_kinds(self) -> dict[str, dict[str, int]]:
        """True kinds of all mentions, and of those without a kind."""
        return {
            "all": dict(zip(KINDS, self.kinds.tolist(), strict=True)),
            "unlabelled": dict(zip(KINDS, self.unlabelled.tolist(), strict=True)),
        }

    def incidents(self) -> list[dict[str, object]]:
        """The rows of `truth.json`: first and last day, and what came on top; `explained` where the change log says."""
        rows: list[dict[str, object]] = []
        events: tuple[Incident | Viral, ...] = (*self.world.incidents, *self.world.viral)
        for event, mentions, issues in zip(events, self.above, self.issues_above, strict=True):
            first, last = _days(event)
            rows.append(
                {
                    "from": first.isoformat(),
                    "to": last.isoformat(),
                    "product": PRODUCTS[event.product] if isinstance(event, Incident) else None,
                    "explained": isinstance(event, Incident),
                    "mentions_above_expected": round(float(mentions), 1),
                    "issues_above_expected": round(float(issues), 1),
                }
            )
        return sorted(rows, key=lambda row: str(row["from"]))


def tally_of(block: Block, mentions: Mentions) -> Tally:
    """The counts of one block."""
    world = block.world
    incidents = [_expected_above(block, incident) for incident in world.incidents]
    jokes = mentions.text >= len(WITH_HOSTILE)
    virals = [float((jokes & _on(mentions.posted, viral)).sum()) for viral in world.viral]
    lost = mentions.kind == ABSENT
    return Tally(
        world=world,
        kinds=np.bincount(mentions.truly, minlength=len(KINDS)),
        unlabelled=np.bincount(mentions.truly[lost], minlength=len(KINDS)),
        above=np.array([*(said for said, _ in incidents), *virals]),
        issues_above=np.array([*(raised for _, raised in incidents), *(0.0 for _ in virals)]),
        support_cents=np.array(
            [block.issues.cost_cents[block.issues.month == month].sum() for month in range(N_MONTHS)], dtype=np.int64
        ),
    )


def _expected_above(block: Block, incident: Incident) -> tuple[float, float]:
    """Mentions and issues expected in the incident's month less those expected without it, everything before alike."""
    world, month, people = block.world, incident.month, block.customers
    without = replace(world, incidents=tuple(other for other in world.incidents if other is not incident))
    first_social = np.full(len(people), NEVER)
    on_social = block.issues.channel == SOCIAL
    np.minimum.at(first_social, block.issues.customer[on_social], block.issues.month[on_social])
    raised, said = [], []
    for one in (world, without):
        rate = issue_rate(one, people, month, first_social)
        raised.append(float(rate.sum()))
        said.append(float((rate * social_share(one, people, month)).sum()))
    return (said[0] - said[1]) * PUBLIC_SHARE * (1 + FOLLOWED_UP), raised[0] - raised[1]


def _days(event: Incident | Viral) -> tuple[date, date]:
    if isinstance(event, Incident):
        month = FIRST_MONTH.plus(event.month)
        return month.first_day, month.plus(1).first_day - timedelta(days=1)
    return event.first, event.first + timedelta(days=len(event.mentions) - 1)


def _on(instant: Ints, viral: Viral) -> Flags:
    days = viral_days(viral)
    return np.asarray((instant >= DAY_START[days[0]]) & (instant < DAY_START[days[-1] + 1]))
