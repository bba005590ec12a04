"""Which share is of each kind, when a classifier said so? Its guesses, corrected by how it errs.

Shares counted from guesses are biased wherever the classifier errs more one way than the other. What it does to
mentions whose kind is known (held out, not those it learnt from) says how to undo that. How the guesses are made, and
which mentions are held out, is left to others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]

_LEAST_DISTINCTION = 0.05
_NOISES = 2.0
_HALF_A_CASE = 0.5
_DRAWS = 4000


class NoDistinction(ValueError):
    """The guesses say too little of the truth for any share to be read off them."""


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """How often each true kind was given each guess, among cases held out.

    Parameters
    ----------
    counts : array of int, shape (k, k)
        Cases by true kind (row) and guess (column).
    spread : array of float, shape (k * k, k * k)
        Sum over groups of the outer product of the group's own flattened counts; groups vary independently, cases
        within one need not. For independent cases it is the diagonal matrix of the counts.
    groups : int
        How many groups there are.

    Examples
    --------
    >>> seen = Confusion.of([0, 0, 0, 1, 1], [0, 0, 1, 1, 1], kinds=2)
    >>> seen.counts.tolist(), seen.groups, seen.accuracy
    ([[2, 1], [0, 2]], 5, 0.8)
    """

    counts: NDArray[np.int64]
    spread: Floats
    groups: int

    @classmethod
    def of(cls, truth: ArrayLike, guess: ArrayLike, *, kinds: int, group: ArrayLike | None = None) -> Confusion:
        """From cases: true kind and guess as numbers from 0, and the group each belongs to (each its own by default).

        Raises
        ------
        ValueError
            If the lengths differ or a kind is not one of 0 to `kinds - 1`.
        """
        true, said = np.asarray(truth, dtype=np.int64), np.asarray(guess, dtype=np.int64)
        if true.shape != said.shape:
            raise ValueError("Every case needs a true kind and a guess.")
        if true.size and (min(true.min(), said.min()) < 0 or max(true.max(), said.max()) >= kinds):
            raise ValueError(f"A kind is a number from 0 to {kinds - 1}.")
        cell = true * kinds + said
        counts = np.bincount(cell, minlength=kinds * kinds)
        if group is None:
            return cls(counts.reshape(kinds, kinds), np.diag(counts.astype(np.float64)), int(true.size))
        _, place = np.unique(np.asarray(group), return_inverse=True)
        n_groups = int(place.max()) + 1 if place.size else 0
        by_group = np.zeros((n_groups, kinds * kinds))
        np.add.at(by_group, (place, cell), 1.0)
        return cls(counts.reshape(kinds, kinds), np.asarray(by_group.T @ by_group, dtype=np.float64), n_groups)

    @property
    def n(self) -> int:
        """Cases held out."""
        return int(self.counts.sum())

    @property
    def accuracy(self) -> float:
        """Share of guesses that were right."""
        return float(np.trace(self.counts) / self.n)

    @property
    def rates(self) -> Floats:
        """Share of each guess (column) among the cases of each true kind (row)."""
        return np.asarray(self.counts / self.counts.sum(axis=1, keepdims=True), dtype=np.float64)

    @property
    def together(self) -> float:
        """How many cases go together on average, as a design effect: 1 where each is its own group."""
        return float(self.spread.sum() / self.n) if self.n else 1.0

    def covariance(self, influence: Floats) -> Floats:
        """Covariance of estimates that are, to first order, `influence @ counts.ravel()`, between groups."""
        correction = self.groups / (self.groups - 1) if self.groups > 1 else 1.0
        return np.asarray(influence @ self.spread @ influence.T * correction, dtype=np.float64)

    def worth(self) -> Floats:
        """How many cases of each kind stand for one independent case in its rates, shape (k,), 1 at least.

        By how errors bunch in groups; where a kind shows none, by how its cases do.
        """
        kinds, of_kind, rates = self.counts.shape[0], self.counts.sum(axis=1), self.rates
        found = np.ones(kinds)
        for kind in range(kinds):
            influence = np.zeros((kinds, kinds, kinds))
            influence[:, kind, :] = (np.eye(kinds) - rates[kind][:, None]) / of_kind[kind]
            alone = float((rates[kind] * (1 - rates[kind])).sum() / of_kind[kind])
            if alone > 0:
                found[kind] = np.trace(self.covariance(influence.reshape(kinds, -1))) / alone
            else:
                cells = slice(kind * kinds, (kind + 1) * kinds)
                found[kind] = self.spread[cells, cells].sum() / of_kind[kind]
        return np.maximum(found, 1.0)

    def mean_interval(self, score: Floats, level: float = 0.95) -> tuple[float, float, float]:
        """Mean over cases of a score of true kind and guess, shape (k, k), with its interval."""
        flat, size = score.ravel(), self.counts.ravel()
        mean = float(flat @ size / self.n)
        se = float(np.sqrt(max(self.covariance(((flat - mean) / self.n)[None, :])[0, 0], 0.0)))
        reach = float(special.ndtri((1 + level) / 2)) * se
        return mean, mean - reach, mean + reach

    def accuracy_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Wilson's interval of the accuracy, for as many independent cases as the groups are worth."""
        share = self.accuracy
        _, low, high = self.mean_interval(np.eye(self.counts.shape[0]), level)
        z = float(special.ndtri((1 + level) / 2))
        variance = ((high - low) / (2 * z)) ** 2
        worth = share * (1 - share) / variance if variance > 0 else self.n / self.together
        worth = min(worth, float(self.n))
        middle = (share + z**2 / (2 * worth)) / (1 + z**2 / worth)
        reach = z / (1 + z**2 / worth) * np.sqrt(share * (1 - share) / worth + z**2 / (4 * worth**2))
        return min(share, max(0.0, float(middle - reach))), max(share, min(1.0, float(middle + reach)))


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Shares of k kinds with their intervals; `naive` are the shares of the guesses. `shares` make 1."""

    naive: Floats
    shares: Floats
    low: Floats
    high: Floats
    level: float
    method: str


def rogan_gladen(observed: float, sensitivity: float, specificity: float) -> float:
    """Which share is really positive, when a test with known errors finds `observed` positive? Not kept within 0 to 1.

    Source
    ------
    Rogan and Gladen (1978), American Journal of Epidemiology 107: (q + specificity - 1) / (sensitivity + specificity
    - 1).

    Raises
    ------
    NoDistinction
        If the test is no better than chance.

    Examples
    --------
    >>> round(rogan_gladen(0.26, sensitivity=0.9, specificity=0.9), 10)
    0.2
    """
    distinction = sensitivity + specificity - 1
    if distinction <= 0:
        raise NoDistinction("A test that is no better than chance says nothing of the share.")
    return (observed + specificity - 1) / distinction


def corrected_shares(
    confusion: Confusion,
    guessed: ArrayLike,
    *,
    generator: np.random.Generator,
    level: float = 0.95,
    copies: float = 1.0,
    target: Literal["these", "source"] = "these",
) -> Shares:
    """Which shares of true kinds explain the shares that were guessed?

    Solves `rates.T @ shares = naive` and takes the nearest shares that are none below 0 and make 1.

    Parameters
    ----------
    confusion : Confusion
        What the classifier does to cases it did not learn from.
    guessed : array of int, shape (k,)
        Cases of unknown kind, by guess.
    generator : numpy Generator
        For the interval's draws.
    level : float
        Of the interval.
    copies : float
        How many cases of unknown kind go together on average (repeats of one text), as a design effect.
    target : {"these", "source"}
        The shares among these very cases, or in the source they are a random sample of (wider).

    Returns
    -------
    Shares
        The interval carries what is uncertain of the rates (Dirichlet draws with half a case added to each cell, the
        cases counted for what their groups are worth) and how the errors fell in these very cases.

    Raises
    ------
    NoDistinction
        If the rates cannot be told from ones at which two kinds would be guessed alike.
    ValueError
        If a kind has no case held out, or there is no case of unknown kind.

    Assumes
    -------
    That among cases of one true kind, guesses fall as they did among those held out. The shares may differ.

    Source
    ------
    Rogan and Gladen (1978); for more than two kinds as in Buonaccorsi (2010), Measurement Error, chapter 3. Draws
    instead of the delta method, which covers too little where errors are rare, as Lang and Reiczigel (2014) found.

    Examples
    --------
    Of 100 complaints held out, 90 were found; of 100 others, 10 were taken for complaints. 260 of 1,000 are guessed:

    >>> seen = Confusion(np.array([[90, 10], [10, 90]]), np.diag([90.0, 10.0, 10.0, 90.0]), groups=200)
    >>> found = corrected_shares(seen, [260, 740], generator=np.random.default_rng(1))
    >>> found.naive.round(3).tolist(), found.shares.round(3).tolist()
    ([0.26, 0.74], [0.2, 0.8])
    """
    cases, naive = _naive(confusion, guessed)
    of_kind = confusion.counts.sum(axis=1)
    if of_kind.min() == 0:
        raise ValueError("Every kind needs cases held out.")
    _tell_apart(confusion)
    shares = nearest_shares(np.asarray(np.linalg.solve(confusion.rates.T, naive), dtype=np.float64))
    likely = confusion.counts / confusion.worth()[:, None] + _HALF_A_CASE
    middle = likely / likely.sum(axis=1, keepdims=True)
    expected = middle.T @ shares
    # Given how many there are of each kind, only the guesses vary; in draws from a source, the kinds do too.
    settled = middle.T @ np.diag(shares) @ middle if target == "these" else np.outer(expected, expected)
    errors = np.diag(expected) - settled
    rates = np.stack([generator.dirichlet(row, _DRAWS) for row in likely], axis=2)
    fallen = generator.multivariate_normal(naive, errors * copies / cases, _DRAWS, method="eigh")
    drawn = np.linalg.solve(rates, fallen[:, :, None])[:, :, 0]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    method = "Rogan-Gladen" if naive.size == 2 else "Rogan-Gladen for several kinds (confusion matrix inverted)"
    return _within(naive, shares, low, high, level, method)


def powered_shares(confusion: Confusion, guessed: ArrayLike, *, level: float = 0.95, copies: float = 1.0) -> Shares:
    """Which shares do the guesses give, moved by how far they are off on a random sample of the same cases?

    Parameters
    ----------
    confusion : Confusion
        Guesses and true kinds of a random sample of the same month, held out from the learning.
    guessed : array of int, shape (k,)
        The rest of the month, by guess.
    level, copies : float
        As in `corrected_shares`.

    Raises
    ------
    ValueError
        If there are no cases of known or of unknown kind.

    Assumes
    -------
    That the sample was drawn at random: the shares of the sample must be those of the rest. Nothing is assumed of the
    errors, and no matrix is inverted.

    Source
    ------
    Angelopoulos, Bates, Fannjiang, Jordan and Zrnic (2023), Prediction-powered inference, Science 382; with held-out
    guesses as in Zrnic and Candès (2024), PNAS 121. The interval is for the shares among the rest itself.

    Examples
    --------
    >>> powered_shares(Confusion.of([0, 0, 1, 1, 1], [0, 1, 1, 1, 1], kinds=2), [20, 80]).shares.round(3).tolist()
    [0.4, 0.6]
    """
    cases, naive = _naive(confusion, guessed)
    if confusion.n == 0:
        raise ValueError("There is no case of known kind.")
    kinds = naive.size
    unit = np.eye(kinds)
    off = (unit[:, :, None] - unit[:, None, :]).reshape(kinds, -1)
    moved = off @ confusion.counts.ravel() / confusion.n
    known = confusion.covariance((off - moved[:, None]) / confusion.n)
    # Half a group more in each cell that shows none: no error in 60 cases is not none ever.
    unseen = (confusion.counts.ravel() == 0) * _HALF_A_CASE * confusion.together
    known = known + off @ np.diag(unseen) @ off.T / confusion.n**2
    each = off @ np.diag(confusion.counts.ravel() / confusion.n) @ off.T - np.outer(moved, moved)
    solved = naive + moved
    reach = special.ndtri((1 + level) / 2) * np.sqrt(np.diag(known + copies * each / cases))
    return _within(naive, nearest_shares(solved), solved - reach, solved + reach, level, "prediction-powered")


def nearest_shares(values: Floats) -> Floats:
    """The nearest numbers that are none below 0 and make 1 (Duchi and others, 2008).

    Examples
    --------
    >>> nearest_shares(np.array([0.7, 0.4, -0.1])).round(3).tolist()
    [0.65, 0.35, 0.0]
    """
    falling = np.sort(values)[::-1]
    excess = (np.cumsum(falling) - 1) / np.arange(1, values.size + 1)
    kept = int(np.flatnonzero(falling > excess)[-1])
    return np.asarray(np.maximum(values - excess[kept], 0.0), dtype=np.float64)


def _naive(confusion: Confusion, guessed: ArrayLike) -> tuple[int, Floats]:
    number = np.asarray(guessed, dtype=np.int64)
    if number.shape != confusion.counts.shape[:1] or number.min() < 0:
        raise ValueError("There must be one count of guesses for each kind, none below 0.")
    cases = int(number.sum())
    if cases == 0:
        raise ValueError("There is no case of unknown kind.")
    return cases, number / cases


def _tell_apart(confusion: Confusion) -> None:
    """Refuses rates whose smallest singular value is about as large as the noise in them."""
    scatter = confusion.rates * (1 - confusion.rates)
    noise = float(np.sqrt((scatter.sum(axis=1) * confusion.worth() / confusion.counts.sum(axis=1)).sum()))
    least = float(np.linalg.svd(confusion.rates, compute_uv=False)[-1])
    if least < max(_LEAST_DISTINCTION, _NOISES * noise):
        raise NoDistinction(
            "The guesses do not tell the kinds apart: at least two kinds are guessed alike, or too few cases are held "
            f"out to say (smallest singular value of the error rates {least:.2f}, noise {noise:.2f})."
        )


def _within(naive: Floats, shares: Floats, low: Floats, high: Floats, level: float, method: str) -> Shares:
    """The interval kept within 0 to 1, and holding its own estimate."""
    low, high = np.minimum(shares, np.clip(low, 0.0, 1.0)), np.maximum(shares, np.clip(high, 0.0, 1.0))
    return Shares(naive, shares, low, high, level, method)
