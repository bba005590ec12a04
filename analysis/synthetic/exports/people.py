"""Under which addresses is a customer of the made-up company known, and how do its systems misspell them?

Most customers have an e-mail address, many a phone number as well, a few the number alone. Some couples share one
address, which therefore tells neither from the other. Whoever types an address may put it in capitals, between blanks
or into angle brackets: the same address all the same. Which row carries which address is left to `company`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.synthetic.columns import TEXT, ids, names
from analysis.synthetic.company import WHOLE, Flags, Ints
from analysis.synthetic.exports.writing import glued

CALLING_CODE = "44"
STRANGER = -1
"""Instead of a customer: somebody the shop does not know."""

_FIRST_SHOP_ID, _BETWEEN_SHOP_IDS = 3_588_998_496_353, 762_144_288
_COUPLES = 0.015
_PHONE_ONLY, _WITH_PHONE = 0.05, 0.55
_SPELLINGS = (0.82, 0.08, 0.05, 0.05)
PLAIN, CAPITALS, BLANKS, BRACKETS = range(4)
_FIRST_NAMES = ("Ada", "Ben", "Chloe", "Dev", "Esi", "Finn", "Grace", "Hugo", "Ines", "Jack", "Kofi", "Lena")
_LAST_NAMES = ("Archer", "Baker", "Clarke", "Dyer", "Ellis", "Fisher", "Glover", "Hooper", "Ingram", "Jewell", "Knight")
_PROVIDERS = ("mail.example", "post.example.org", "letters.example.net")


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """One entry for each customer: when they joined (seconds), and how they can be known.

    `couple` marks those who share their address with their neighbour in the list; `has_email` and `has_phone` say which
    addresses there are.
    """

    joined: Ints
    has_email: Flags
    has_phone: Flags
    couple: Flags

    def __len__(self) -> int:
        return len(self.joined)

    def addressed(self, customer: Ints) -> Ints:
        """The customer that an address of this one leads to, shape as given: `STRANGER` for strangers and couples."""
        known = (customer != STRANGER) & ~self.couple[customer]
        return np.where(known, customer, STRANGER)

    def shared(self, customer: Ints) -> Flags:
        """Marks those whose address is that of two customers."""
        return np.asarray((customer != STRANGER) & self.couple[customer])

    def emails(self, customer: Ints, stranger: Ints, spelling: Ints | None = None) -> pa.Array:
        """The address of each customer, in some spelling; a stranger has one of their own, by number.

        Examples
        --------
        >>> people = people_of(np.zeros(3, dtype=np.int64), np.random.default_rng(1))
        >>> people.emails(np.array([0, STRANGER]), np.array([0, 7]), np.array([CAPITALS, BRACKETS])).to_pylist()
        ['ADA.ARCHER.1@MAIL.EXAMPLE', '<someone.7@elsewhere.example>']
        """
        unknown = customer == STRANGER
        holder = np.where(unknown, 0, customer)
        holder = holder - (self.couple[holder] & (holder % 2 == 1))
        own = glued(
            pc.utf8_lower(names(holder % len(_FIRST_NAMES), _FIRST_NAMES)),
            ".",
            pc.utf8_lower(names(holder % len(_LAST_NAMES), _LAST_NAMES)),
            ".",
            ids(holder + 1, width=1),
            "@",
            names(holder % len(_PROVIDERS), _PROVIDERS),
        )
        other = glued("someone.", ids(stranger, width=1), "@elsewhere.example")
        text = pc.if_else(pa.array(unknown), other, own)
        if spelling is not None:
            text = _spelt(text, spelling)
        return pc.if_else(pa.array(unknown | self.has_email[holder]), text, pa.scalar(None, TEXT))

    def phones(self, customer: Ints, *, written: str) -> pa.Array:
        """The number of each customer, null where there is none. `written`: "international" or "national".

        Examples
        --------
        >>> people = people_of(np.zeros(40, dtype=np.int64), np.random.default_rng(1))
        >>> here = np.flatnonzero(people.has_phone)[:1]
        >>> [people.phones(here, written=way).to_pylist() for way in ("international", "national")]
        [['+447000000001'], ['07000 000001']]
        """
        holder = np.where(customer == STRANGER, 0, customer)
        digits = ids(holder, width=6)
        text = glued("+447000", digits) if written == "international" else glued("07000 ", digits)
        return pc.if_else(pa.array((customer != STRANGER) & self.has_phone[holder]), text, pa.scalar(None, TEXT))

    def full_names(self, customer: Ints) -> pa.Array:
        """First and last name."""
        first = names(customer % len(_FIRST_NAMES), _FIRST_NAMES)
        return glued(first, " ", names(customer % len(_LAST_NAMES), _LAST_NAMES))


def people_of(joined: Ints, rng: np.random.Generator) -> People:
    """The customers who joined at these instants, with or without each kind of address.

    Examples
    --------
    >>> people = people_of(np.zeros(10_000, dtype=np.int64), np.random.default_rng(1))
    >>> bool((people.has_email | people.has_phone).all()), bool(people.couple.sum() % 2)
    (True, False)
    """
    n = len(joined)
    together = np.repeat(rng.random((n + 1) // 2) < _COUPLES, 2)[:n]
    if n % 2:
        together[-1] = False
    roll = rng.random(n)
    return People(
        joined=joined,
        has_email=together | (roll >= _PHONE_ONLY),
        has_phone=~together & (roll < _PHONE_ONLY + _WITH_PHONE),
        couple=together,
    )


def shop_ids(customer: Ints) -> pa.Array:
    """The shop's ids of customers, which are the company's; null for strangers."""
    return ids(_FIRST_SHOP_ID + _BETWEEN_SHOP_IDS * customer, width=13, present=customer != STRANGER)


def spellings(n: int, rng: np.random.Generator) -> Ints:
    """How each of n addresses is written down: mostly as it is."""
    return np.asarray(rng.choice(len(_SPELLINGS), size=n, p=_SPELLINGS))


def stream(seed: int, number: int) -> np.random.Generator:
    """The randomness of one part of the exports; the company behind them has streams of its own."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(WHOLE + 1, number)))


def _spelt(text: pa.Array, spelling: Ints) -> pa.Array:
    for way, changed in (
        (CAPITALS, pc.utf8_upper(text)),
        (BLANKS, glued(" ", text, "  ")),
        (BRACKETS, glued("<", text, ">")),
    ):
        text = pc.if_else(pa.array(spelling == way), changed, text)
    return text
