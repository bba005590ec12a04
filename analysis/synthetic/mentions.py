"""What is written about a made-up company in public: by its customers with an issue on social, and by everybody else?

Most issues on social are also a public mention, with the reply times of the issue; the customer is known for the part
whose handle has been matched. Praise, questions and chatter come on top and act on nothing; what the working week and
what goes round add to them is left to `chatter`. A few texts and addresses are hostile on purpose (markup, formulas,
marks that turn the writing direction), so that every page made from a made-up company shows whether it treats text
from data as text.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.synthetic.clock import DATA_END, DAYS_IN_MONTH, MONTH_DAY, N_MONTHS, instants_on
from analysis.synthetic.company import Customers, Flags, Ints, present
from analysis.synthetic.contacts import PLATFORM_SHARE, PLATFORMS, UNKNOWN, Issues, endings, replies
from analysis.synthetic.world import PRODUCT_SHARE, PRODUCTS, SOCIAL

BRAND = "Larkfield"
KINDS = ("inquiry", "complaint", "positive", "other")
INQUIRY, COMPLAINT, POSITIVE, OTHER = range(4)
SALES_FLAGS = ("new_sale", "cancel_save")
NEW_SALE, CANCEL_SAVE = range(2)
RESOLVERS = ("us", "community")
BY_US, BY_COMMUNITY = range(2)
ABSENT = -1
UNSORTED = 0.02
"""The share of openings that nobody gave a kind; `chatter` leaves more of all mentions without one."""

PUBLIC_SHARE = 0.88
_MATCHED_SHARE = 0.6
_OTHERS_PER_CUSTOMER_MONTH = 0.022
_OTHERS_KIND = (0.14, 0.08, 0.56, 0.22)
_BY_CUSTOMERS = 0.25
_ACTIONABLE = (0.97, 0.95, 0.15, 0.05)
_NOT_JUDGED = 0.03
FOLLOWED_UP = 0.12
_FOLLOW_UP_WAIT_S = 20_000.0
_CONSENT = 0.2
_SALE, _SAVE = 0.08, 0.03
_HOSTILE = 0.003
_HANDLE_FACTOR, HANDLES = 0x9E3779B1, 1 << 40
"""An odd factor modulo a power of two: every customer number has a handle of its own."""

_TEXTS = (
    (
        f"@{BRAND} how do I move my %s contract to a new address?",
        f"Does anyone at {BRAND} know when %s support opens?",
        f"@{BRAND} which %s plan would you take for two people?",
        f"Is there a way to see my %s usage, {BRAND}?",
    ),
    (
        f"@{BRAND} my %s has been down since this morning.",
        f"Third wrong %s bill in a row, {BRAND}. Not good enough.",
        f"Waited in for the {BRAND} %s engineer all day. Nobody came.",
        f"{BRAND} %s is so slow tonight 😡",
    ),
    (
        f"Thanks @{BRAND}, the %s was fixed within the hour!",
        f"Really happy with {BRAND} %s so far 🙂",
        f"Shout-out to the {BRAND} team: %s sorted, with a smile.",
        f"{BRAND} moved my %s without a hitch. Très bien!",
    ),
    (
        f"Just saw the new {BRAND} %s advert.",
        f"{BRAND} or the other lot for %s? Asking for a friend.",
        f"Interesting piece on {BRAND} and the %s market.",
    ),
)
_HOSTILE_TEXTS = (
    "<script>alert(1)</script>",
    "=1+1",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\u202ereversed by a mark\u202c and back",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE orders; --",
    "{{ 7 * 7 }} ${7*7} [link](javascript:alert(1))",
    "line one\nline two\twith a tab, and a comma",
    "𝕃arkfield 漢字 العربية \u200fRTL\u200e",
)
VIRAL_TEXTS = (
    f"That {BRAND} goat video 😂",
    f"Whoever at {BRAND} filmed the goat, thank you",
    f"The goat is on my {BRAND} router now, is it?",
    f"Why is everybody posting a {BRAND} goat today?",
)
"""Said by those who praise as by those who only pass it on: no reading of them tells which."""
HOSTILE_ADDRESS = "javascript:alert(1)"
TEXTS: tuple[str, ...] = tuple(text % product for kind in _TEXTS for product in PRODUCTS for text in kind)
WITH_HOSTILE: tuple[str, ...] = (*TEXTS, *_HOSTILE_TEXTS)
ALL_TEXTS: tuple[str, ...] = (*WITH_HOSTILE, *VIRAL_TEXTS)
KIND_START = np.cumsum([0, *(len(PRODUCTS) * len(kind) for kind in _TEXTS)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """One entry for each mention of a block, in the order of posting; instants in seconds or `UNKNOWN`.

    `parent` is the position of the mention replied to, `root` of the one that began the conversation; `customer` is
    a position in the block where the handle is matched; `kind` what the records say of it and `truly` what it is;
    `text` a position in `ALL_TEXTS`; codes may be `ABSENT`.
    """

    posted: Ints
    platform: Ints
    author: Ints
    customer: Ints
    parent: Ints
    root: Ints
    product: Ints
    kind: Ints
    truly: Ints
    sales_flag: Ints
    potential_cents: Ints
    actionable: Ints
    first_reply: Ints
    by_bot: Flags
    resolved: Ints
    resolved_by: Ints
    consent: Ints
    text: Ints
    hostile_address: Flags

    def __len__(self) -> int:
        return len(self.posted)

    def at(self, rows: NDArray[Any]) -> Mentions:
        """Some of the mentions."""
        return Mentions(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def mentions_of(customers: Customers, issues: Issues, rng: np.random.Generator) -> Mentions:
    """All mentions of a block: with an issue, without one, and the follow-ups of both."""
    matched = rng.random(len(customers)) < _MATCHED_SHARE
    own, own_reply, own_bot, own_end = _with_issue(customers, issues, rng)
    others = _without_issue(customers, rng)
    n_own, n = len(own["posted"]), len(own["posted"]) + len(others["posted"])
    about = {name: np.concatenate([own[name], others[name]]) for name in own}
    kind, posted = about["kind"], about["posted"]

    judged = rng.random(n) >= _NOT_JUDGED
    actionable = np.where(judged, rng.random(n) < np.asarray(_ACTIONABLE)[kind], ABSENT)
    reply, by_bot = replies(np.full(n, SOCIAL), posted, rng)
    reply = np.where((actionable == 1) | (rng.random(n) < 0.2), reply, UNKNOWN)
    resolved, _ = endings(posted, reply, rng)
    resolved = np.where((reply != UNKNOWN) & (actionable == 1), resolved, UNKNOWN)
    reply[:n_own], by_bot[:n_own] = own_reply, own_bot
    resolved[:n_own] = np.where(own_reply != UNKNOWN, own_end, UNKNOWN)
    helped = (resolved == UNKNOWN) & (kind <= COMPLAINT) & (rng.random(n) < 0.05)
    by_others = np.minimum(posted + 7_200, DATA_END - 1)

    sale = (np.arange(n) >= n_own) & (kind == INQUIRY) & (rng.random(n) < _SALE)
    save = (kind == COMPLAINT) & (rng.random(n) < _SAVE)
    hostile = rng.random(n) < _HOSTILE
    variants = np.asarray([len(kind_texts) for kind_texts in _TEXTS])[kind]
    text = KIND_START[kind] + about["product"] * variants + (rng.random(n) * variants).astype(np.int64)
    who = about["customer"]
    roots = Mentions(
        posted=posted,
        platform=about["platform"],
        author=np.where(who >= 0, handle_of(customers.number[who]), HANDLES + rng.integers(0, HANDLES, size=n)),
        customer=np.where((who >= 0) & matched[who], who, ABSENT),
        parent=np.full(n, ABSENT),
        root=np.arange(n),
        product=about["product"],
        kind=np.where(rng.random(n) < UNSORTED, ABSENT, kind),
        truly=kind,
        sales_flag=np.where(sale, NEW_SALE, np.where(save, CANCEL_SAVE, ABSENT)),
        potential_cents=np.where(sale | save, rng.integers(2_000, 40_000, size=n), ABSENT),
        actionable=actionable,
        first_reply=reply,
        by_bot=by_bot,
        resolved=np.where(helped, by_others, resolved),
        resolved_by=np.where(helped, BY_COMMUNITY, np.where(resolved != UNKNOWN, BY_US, ABSENT)),
        consent=np.where(kind == POSITIVE, rng.random(n) < _CONSENT, ABSENT),
        text=np.where(hostile, rng.integers(len(TEXTS), len(WITH_HOSTILE), size=n), text),
        hostile_address=rng.random(n) < _HOSTILE / 3,
    )
    return _in_order(_with_follow_ups(roots, rng))


def handle_of(number: Ints) -> Ints:
    """The author id of a customer, below 2^40; strangers have theirs above.

    Examples
    --------
    >>> len(set(handle_of(np.arange(1_000)).tolist()))
    1000
    """
    return np.asarray(number * _HANDLE_FACTOR % HANDLES)


def _with_issue(customers: Customers, issues: Issues, rng: np.random.Generator) -> tuple[Any, Ints, Flags, Ints]:
    public = np.flatnonzero((issues.channel == SOCIAL) & (rng.random(len(issues)) < PUBLIC_SHARE))
    chosen = issues.at(public)
    asking = rng.random(len(public)) < np.where(chosen.severity == 1, 0.6, 0.15)
    about = {
        "posted": chosen.opened,
        "platform": chosen.platform,
        "customer": chosen.customer,
        "product": customers.product[chosen.customer],
        "kind": np.where(asking, INQUIRY, COMPLAINT),
    }
    return about, chosen.first_reply, chosen.by_bot, chosen.closed


def _without_issue(customers: Customers, rng: np.random.Generator) -> dict[str, Ints]:
    counts = rng.poisson(_OTHERS_PER_CUSTOMER_MONTH * len(customers), size=N_MONTHS)
    month = np.repeat(np.arange(N_MONTHS), counts)
    n = len(month)
    day = MONTH_DAY[month] + (rng.random(n) * DAYS_IN_MONTH[month]).astype(np.int64)
    who = rng.integers(0, len(customers), size=n)
    known = (rng.random(n) < _BY_CUSTOMERS) & (present(customers.at(who), month) == 1)
    return {
        "posted": instants_on(day, rng),
        "platform": rng.choice(len(PLATFORMS), size=n, p=PLATFORM_SHARE),
        "customer": np.where(known, who, ABSENT),
        "product": np.where(known, customers.product[who], rng.choice(len(PRODUCTS), size=n, p=PRODUCT_SHARE)),
        "kind": rng.choice(len(KINDS), size=n, p=_OTHERS_KIND),
    }


def _with_follow_ups(roots: Mentions, rng: np.random.Generator) -> Mentions:
    """Adds a second message of the same author to some conversations: nothing in it is asked, answered or sold."""
    wait = (_FOLLOW_UP_WAIT_S * np.exp(rng.standard_normal(len(roots)))).astype(np.int64)
    later = np.maximum(roots.posted, roots.first_reply) + 60 + wait
    parent = np.flatnonzero((rng.random(len(roots)) < FOLLOWED_UP) & (later < DATA_END))
    n = len(parent)
    second = roots.at(parent)
    nothing, unknown = np.full(n, ABSENT), np.full(n, UNKNOWN)
    changed = {
        "posted": later[parent],
        "parent": parent,
        "kind": np.full(n, OTHER),
        "truly": np.full(n, OTHER),
        "sales_flag": nothing,
        "potential_cents": nothing,
        "actionable": np.zeros(n, dtype=np.int64),
        "first_reply": unknown,
        "resolved": unknown,
        "resolved_by": nothing,
        "consent": nothing,
        "text": KIND_START[OTHER] + rng.integers(0, len(PRODUCTS) * len(_TEXTS[OTHER]), size=n),
        "hostile_address": np.zeros(n, dtype=bool),
    }
    return Mentions(
        **{
            field.name: np.concatenate(
                [getattr(roots, field.name), changed.get(field.name, getattr(second, field.name))]
            )
            for field in fields(roots)
        }
    )


def _in_order(mentions: Mentions) -> Mentions:
    order = np.argsort(mentions.posted, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    moved = {field.name: getattr(mentions, field.name)[order] for field in fields(mentions)}
    moved["parent"] = np.where(moved["parent"] >= 0, place[moved["parent"]], ABSENT)
    moved["root"] = place[moved["root"]]
    return Mentions(**moved)
