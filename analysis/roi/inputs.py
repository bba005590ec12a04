"""How are all inputs of the case drawn, so that adding one changes no other and one study's effects move together?

`Inputs` holds the quantities of a case by name; `Together` says which of them are estimates of one study, with their
covariance. What the draws are worth is left to `simulation`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.foundation.errors import UnknownName
from analysis.roi.quantity import Quantity
from analysis.roi.spread import Floats, Normal

_ROUNDING = 1e-8  # what an eigenvalue of a correlation matrix, or a variance given twice, may be off by


@dataclass(frozen=True, slots=True)
class Together:
    """Estimates of one study, which err together: a multivariate normal round their base.

    Parameters
    ----------
    names : tuple of str, length k
        Quantities with a `Normal` spread.
    covariance : array of float, shape (k, k)
        In the product of their units; its diagonal holds the squares of their errors. It may be singular (estimates
        that move in step).

    Raises
    ------
    ValueError
        If a name occurs twice, or the matrix is not square, symmetric and positive semi-definite with variances above
        zero.

    Examples
    --------
    >>> Together(("margin", "issues"), [[4.0, -0.5], [-0.5, 0.25]]).covariance
    ((4.0, -0.5), (-0.5, 0.25))
    >>> Together(("margin", "issues"), [[4.0, -3.0], [-3.0, 0.25]])
    Traceback (most recent call last):
        ...
    ValueError: `margin`, `issues` cannot have this covariance: some mixture of them would have a variance below zero.
    """

    names: tuple[str, ...]
    covariance: tuple[tuple[float, ...], ...]

    def __init__(self, names: Iterable[str], covariance: ArrayLike) -> None:
        kept = tuple(names)
        matrix = np.array(covariance, dtype=np.float64)
        _check_covariance(kept, matrix)
        object.__setattr__(self, "names", kept)
        object.__setattr__(self, "covariance", tuple(tuple(float(one) for one in row) for row in matrix))


def _check_covariance(names: tuple[str, ...], matrix: Floats) -> None:
    named = ", ".join(f"`{name}`" for name in names)
    if len(set(names)) < len(names) or not names:
        raise ValueError(f"Inputs drawn together are named once each; given were {named or 'none'}.")
    if matrix.shape != (len(names), len(names)) or not np.isfinite(matrix).all():
        raise ValueError(f"{named}: a covariance of {len(names)} x {len(names)} finite numbers is needed.")
    variances = np.diag(matrix)
    if not (variances > 0).all():
        raise ValueError(f"{named}: every variance must be above zero. A value without error is not drawn.")
    errors = np.sqrt(variances)
    correlation = matrix / np.outer(errors, errors)
    if not np.allclose(correlation, correlation.T, rtol=0, atol=_ROUNDING):
        raise ValueError(f"{named}: the covariance of one with another must be the same both ways.")
    if np.linalg.eigvalsh((correlation + correlation.T) / 2).min() < -_ROUNDING:
        raise ValueError(f"{named} cannot have this covariance: some mixture of them would have a variance below zero.")


@dataclass(frozen=True, slots=True)
class Inputs:
    """All inputs of a case.

    Parameters
    ----------
    quantities : tuple of Quantity
        Each name once.
    together : tuple of Together
        Which of them err together; each at most once.

    Raises
    ------
    ValueError
        If a name occurs twice, or the errors of the quantities and the covariance disagree.
    UnknownName
        If something is to be drawn together that is no quantity.

    Examples
    --------
    >>> gain = Quantity(name="gain", label="Gain", unit="EUR per contact", spread=Normal(10, 2), origin="stated",
    ...                 source="for example", grade="E")
    >>> inputs = Inputs((gain,))
    >>> inputs.base()
    {'gain': 10.0}
    >>> inputs.drawn(draws=4, seed=1)["gain"].shape
    (4,)
    """

    quantities: tuple[Quantity, ...]
    together: tuple[Together, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "quantities", tuple(self.quantities))
        object.__setattr__(self, "together", tuple(self.together))
        _named_once((one.name for one in self.quantities), "names of inputs must be unique")
        _named_once((name for group in self.together for name in group.names), "inputs are drawn together once")
        for group in self.together:
            for place, name in enumerate(group.names):
                _same_error(self[name], group.covariance[place][place])

    def __getitem__(self, name: str) -> Quantity:
        for quantity in self.quantities:
            if quantity.name == name:
                return quantity
        raise UnknownName.of("input of the case", name, self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the order in which the quantities were given."""
        return tuple(one.name for one in self.quantities)

    def base(self) -> dict[str, float]:
        """The value of each input in the base case."""
        return {one.name: one.base for one in self.quantities}

    def means(self) -> dict[str, float]:
        """The mean of each input over its range."""
        return {one.name: one.mean for one in self.quantities}

    def drawn(self, draws: int, seed: int) -> dict[str, Floats]:
        """Draws of every input.

        Each has a stream of its own, made from the seed and its name: adding, taking out or reordering inputs changes
        no other input's draws.

        Parameters
        ----------
        draws : int
            How many.
        seed : int
            Same seed, same draws.

        Returns
        -------
        dict of str to array of float, shape (draws,)
            Draws that belong together stand at the same place.
        """
        jointly: dict[str, Floats] = {}
        for group in self.together:
            jointly |= self._drawn_together(group, draws, seed)
        return {
            one.name: one.cut(jointly[one.name]) if one.name in jointly else one.drawn(_even(draws, seed, one.name))
            for one in self.quantities
        }

    def _drawn_together(self, group: Together, draws: int, seed: int) -> dict[str, Floats]:
        """By the symmetric root of the correlation, which a singular matrix has too; names sorted, so that the order
        in which they were given changes no digit."""
        from scipy.special import ndtri

        order = sorted(range(len(group.names)), key=lambda place: group.names[place])
        names = [group.names[place] for place in order]
        matrix = np.array(group.covariance)[np.ix_(order, order)]
        errors = np.sqrt(np.diag(matrix))
        correlation = matrix / np.outer(errors, errors)
        values, vectors = np.linalg.eigh((correlation + correlation.T) / 2)
        root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
        alone = [ndtri(_even(draws, seed, name)) for name in names]
        return {
            name: self[name].base + errors[row] * sum(root[row, place] * one for place, one in enumerate(alone))
            for row, name in enumerate(names)
        }


def gathered(quantities: Iterable[Quantity], together: Iterable[Together] = ()) -> Inputs:
    """The inputs of several lines: what two lines say alike about one input is kept once.

    Raises
    ------
    ValueError
        If two lines say different things about one input.

    Examples
    --------
    >>> contacts = Quantity(name="contacts", label="Contacts", unit="contacts per year", spread=Normal(1000, 50),
    ...                     origin="stated", source="for example")
    >>> gathered([contacts, contacts]).names
    ('contacts',)
    """
    kept: dict[str, Quantity] = {}
    for quantity in quantities:
        if kept.setdefault(quantity.name, quantity) != quantity:
            raise ValueError(f"Two lines of the case say different things about `{quantity.name}`.")
    return Inputs(tuple(kept.values()), tuple(dict.fromkeys(together)))


def _even(draws: int, seed: int, name: str) -> Floats:
    """Even draws above 0 and below 1, from a stream of this name's own."""
    stream = int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest(), "big")
    return np.maximum(np.random.default_rng(stream).random(draws), 2.0**-54)


def _named_once(names: Iterable[str], rule: str) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise ValueError(f"{rule[0].upper()}{rule[1:]}: `{twice[0]}` occurs more than once.")


def _same_error(quantity: Quantity, variance: float) -> None:
    if not isinstance(quantity.spread, Normal):
        raise ValueError(
            f"`{quantity.name}` is to be drawn with others of its study, so it must be an estimate: Normal."
        )
    if abs(quantity.spread.sd**2 / variance - 1) > _ROUNDING:
        raise ValueError(
            f"`{quantity.name}` has an error of {quantity.spread.sd:.6g} by itself, but {variance**0.5:.6g} in the "
            "covariance that it is drawn with."
        )
