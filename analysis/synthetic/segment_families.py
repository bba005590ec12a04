"""A randomised test whose effect differs by segment: who is in which segment, and what is true of each.

Customers have several attributes, some of which go together, so that segments of one attribute share customers with
those of another. What each segment's customers would buy, with and without the treatment, is planted in whole
thousandths of an order, and segments are drawn with whole numbers for weights: a segment without an effect is one
exactly, also where the effects of its customers cancel. The truth is that of the population which the customers are
drawn from. What a study makes of its segments is left to others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import UnknownName

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

ARMS = ("none", "mail", "call")
"""The comparison arm first."""
OUTCOMES = ("orders", "spend")
BASKET_CENTS = 4_000
PER_MILLE = 1_000
_LIKING, _DEARNESS = 2.0, 0.6
_STREAM = 20_261_123  # tells these draws from those of other worlds with the same seed

_AGES = (3, 4, 2, 1)
_PRODUCTS = ((6, 4, 1, 1, 6, 2), (4, 6, 4, 3, 1, 2), (3, 4, 6, 5, 0, 2), (6, 3, 5, 6, 0, 0))
_YEARS = ((5, 4, 1, 0, 0), (3, 3, 2, 1, 1), (2, 2, 2, 2, 2), (1, 1, 2, 3, 3))
"""By age: products and years as a customer go with it, so that these three share their customers unevenly."""
_BRANCHES = 60
_SHOPS = 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population:
    """Kinds of customers: one for each combination of attributes.

    Parameters
    ----------
    values : mapping of attribute to tuple of str
    code : mapping of attribute to array of int, shape (n_kinds,)
        Which value a kind has.
    weight : array of int, shape (n_kinds,)
    rate : array of int, shape (n_kinds,)
        Orders without a treatment, in thousandths.
    effect : array of int, shape (2, n_kinds)
        What each treatment adds to them, in thousandths.
    shares : tuple of int
        How the three arms are drawn.
    """

    values: Mapping[str, tuple[str, ...]]
    code: Mapping[str, Ints]
    weight: Ints
    rate: Ints
    effect: Ints
    shares: tuple[int, int, int] = (1, 1, 1)

    def truth(self) -> dict[tuple[str, str, str, str], tuple[float, float]]:
        """By outcome, arm, attribute and segment: the true effect as a difference and as a ratio.

        Spend is in cents. An effect that is none is 0 and 1 exactly.
        """
        found = {}
        for attribute, names in self.values.items():
            for place, name in enumerate(names):
                own = self.code[attribute] == place
                weight = self.weight[own]
                without = int(weight @ self.rate[own])
                for arm, effect in zip(ARMS[1:], self.effect, strict=True):
                    added = int(weight @ effect[own])
                    orders, ratio = added / (PER_MILLE * int(weight.sum())), (without + added) / without
                    found["orders", arm, attribute, name] = (orders, ratio)
                    found["spend", arm, attribute, name] = (orders * BASKET_CENTS, ratio)
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentedTest:
    """A test's customers.

    Parameters
    ----------
    population : Population
    kind, arm : array of int, shape (n_customers,)
        Places in the population and among `ARMS`.
    outcomes : mapping of str to array of int, shape (n_customers,)
        `orders`, and `spend` in cents.
    """

    population: Population
    kind: Ints
    arm: Ints
    outcomes: Mapping[str, Ints]

    def sums(self, outcome: str, attribute: str | None = None) -> tuple[Ints, Ints, Ints]:
        """Customers, sums and sums of squares by arm and value of an attribute, shape (3, n_values). Exact."""
        names = 1 if attribute is None else len(self.population.values[attribute])
        value = 0 if attribute is None else self.population.code[attribute][self.kind]
        cell = self.arm * names + value
        order = np.argsort(cell, kind="stable")
        held = self.outcomes[outcome][order]
        count = np.bincount(cell, minlength=len(ARMS) * names)
        ends = np.concatenate([[0], np.cumsum(count)])
        shape = (len(ARMS), names)
        sums, squares = (np.diff(np.concatenate([[0], np.cumsum(one)])[ends]) for one in (held, held * held))
        return count.reshape(shape), sums.reshape(shape), squares.reshape(shape)


def _customers() -> Population:
    """Regions apart from everything else; age, product and years going together."""
    values = {
        "region": ("north", "south", "east", "west"),
        "age": ("under 30", "30 to 44", "45 to 59", "60 and over"),
        "product": ("basic", "plus", "pro", "family", "student", "business"),
        "years": ("0", "1 to 2", "3 to 5", "6 to 9", "10 and over"),
    }
    kinds = [
        (region, age, product, years, _AGES[age] * _PRODUCTS[age][product] * _YEARS[age][years])
        for region in range(4)
        for age in range(4)
        for product in range(6)
        for years in range(5)
    ]
    codes = np.array([one for one in kinds if one[4]], dtype=np.int64)
    rate = 700 + 100 * codes[:, 1] + 120 * codes[:, 2]
    return _plain(values, codes[:, :4], codes[:, 4], rate)


def _places(name: str, count: int, weights: Sequence[int], shares: tuple[int, int, int]) -> Population:
    """One attribute of many segments, and regions apart from it."""
    values = {"region": ("north", "south", "east", "west"), name: tuple(f"{name} {at + 1}" for at in range(count))}
    codes = np.array([(region, at) for region in range(4) for at in range(count)], dtype=np.int64)
    weight = np.asarray(weights, dtype=np.int64)[codes[:, 1]]
    return _plain(values, codes, weight, 800 + 40 * (codes[:, 1] % 5), shares)


def _plain(
    values: Mapping[str, tuple[str, ...]],
    codes: Ints,
    weight: Ints,
    rate: Ints,
    shares: tuple[int, int, int] = (1, 1, 1),
) -> Population:
    code = {attribute: codes[:, place] for place, attribute in enumerate(values)}
    effect = np.zeros((2, len(codes)), dtype=np.int64)
    return Population(values=values, code=code, weight=weight, rate=rate, effect=effect, shares=shares)


def _acting(population: Population, mail: Ints | int = 0, call: Ints | int = 0) -> Population:
    kinds = population.weight.shape
    effect = np.stack([np.broadcast_to(np.asarray(one, dtype=np.int64), kinds) for one in (mail, call)])
    return Population(
        values=population.values, code=population.code, weight=population.weight, rate=population.rate,
        effect=effect, shares=population.shares,
    )  # fmt: skip


def _of(population: Population, attribute: str, effects: Sequence[int]) -> Ints:
    return np.asarray(effects, dtype=np.int64)[population.code[attribute]]


def _none() -> Population:
    return _customers()


def _cancelling() -> Population:
    """Regions apart whose effects cancel: everything else, all customers among it, has none exactly."""
    people = _customers()
    return _acting(people, mail=_of(people, "region", (160, -160, 0, 0)))


def _some() -> Population:
    """One treatment acts by product, which goes with age and years; the other by region, half of it not at all."""
    people = _customers()
    return _acting(
        people,
        mail=_of(people, "product", (0, 250, 0, 0, -250, 0)),
        call=_of(people, "region", (150, -150, 0, 0)),
    )


def _everywhere() -> Population:
    return _acting(_customers(), mail=100)


def _few_large() -> Population:
    """Two shops of 24 where the mail does much, and the others where it does nothing: the hardest for pooling."""
    shops = _places("shop", _SHOPS, [4] * _SHOPS, (1, 1, 1))
    return _acting(shops, mail=_of(shops, "shop", [700 if at in (3, 17) else 0 for at in range(_SHOPS)]))


def _spread(rng: np.random.Generator) -> Population:
    """Effects of shops drawn anew for each test, of uneven shops."""
    shops = _places("shop", _SHOPS, [1 + at % 4 for at in range(_SHOPS)], (1, 1, 1))
    drawn = np.rint(rng.normal(50, 120, _SHOPS)).astype(np.int64)
    return _acting(shops, mail=_of(shops, "shop", drawn.tolist()))


def _small() -> Population:
    """60 branches, in many of which some 50 to 150 customers were treated, and three times as many not."""
    return _places("branch", _BRANCHES, [1 + at % 3 for at in range(_BRANCHES)], (3, 1, 1))


FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "family_none": "nothing has an effect in any of 19 segments, of either treatment",
        "family_cancelling": "an effect in two regions that cancels everywhere else",
        "family_some": "effects in some segments of attributes that go together",
        "family_everywhere": "the same effect in every segment",
        "family_few_large": "a large effect in two of 24 shops",
        "family_spread": "effects of 24 shops drawn like a bell",
        "family_small": "no effect in 60 small branches, with uneven groups",
    }
)
"""Tests by name, and what is true of them."""


def population_of(name: str, rng: np.random.Generator) -> Population:
    """The population of a test by its name; its effects drawn, where they are.

    Raises
    ------
    UnknownName
        If there is none of that name.

    Examples
    --------
    The effects of two regions cancel: no product has any.

    >>> truth = population_of("family_cancelling", np.random.default_rng(1)).truth()
    >>> truth["orders", "mail", "region", "north"][0], truth["orders", "mail", "product", "pro"]
    (0.16, (0.0, 1.0))
    """
    if name == "family_spread":
        return _spread(rng)
    made = {
        "family_none": _none, "family_cancelling": _cancelling, "family_some": _some, "family_everywhere": _everywhere,
        "family_few_large": _few_large, "family_small": _small,
    }  # fmt: skip
    if name not in made:
        raise UnknownName.of("test with segments", name, FAMILIES)
    return made[name]()


def segmented_test(name: str, seed: int, customers: int) -> SegmentedTest:
    """The customers of one test.

    Parameters
    ----------
    name : str
        Of `FAMILIES`.
    seed, customers : int

    Examples
    --------
    >>> test = segmented_test("family_none", 1, 6_000)
    >>> count, sums, squares = test.sums("orders", "region")
    >>> count.shape, int(count.sum()), bool((squares >= sums).all())
    ((3, 4), 6000, True)
    """
    rng = np.random.default_rng([_STREAM, seed])
    population = population_of(name, rng)
    kind = _drawn(population.weight, customers, rng)
    arm = _drawn(np.asarray(population.shares), customers, rng)
    rate = np.vstack([np.zeros_like(population.rate), population.effect])[arm, kind] + population.rate[kind]
    liking = rng.gamma(_LIKING, 1 / _LIKING, customers)
    orders = rng.poisson(liking * rate / PER_MILLE)
    basket = np.exp(_DEARNESS * rng.standard_normal(customers) - _DEARNESS**2 / 2)
    spend = np.rint(BASKET_CENTS * basket * orders).astype(np.int64)
    return SegmentedTest(population=population, kind=kind, arm=arm, outcomes={"orders": orders, "spend": spend})


def _drawn(weight: Ints, n: int, rng: np.random.Generator) -> Ints:
    edges = np.cumsum(weight)
    return np.searchsorted(edges, rng.integers(int(edges[-1]), size=n), side="right")
