"""What kind is a text? Judges that learn from labelled texts, and what they say of texts they have not seen.

Every text, labelled or not, is judged by a judge that did not learn from it, nor from anything that belongs with it:
so the errors seen on labelled texts are the errors made on the others. What the errors do to shares is left to
`prevalence`. Nothing is learnt but what the labels teach: no model from elsewhere, no list of words is kept.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, hstack
from scipy.sparse.csgraph import connected_components

FOLDS = 5
MODEL = (
    "logistic regression on words, pairs of words and 3- and 4-letter pieces (tf-idf, hashed), "
    f"{FOLDS} judges that each left out a part of the labelled texts"
)
_FEATURES = 2**17
_INVERSE_PENALTY = 4.0
_STEPS = 1000
_SAME = re.compile(r"https?://\S+|@\w+|\d+|\s+")

Ints = NDArray[np.int64]


class NothingToLearn(ValueError):
    """The labelled texts are too few or too alike to learn kinds from."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What was said of labelled texts by judges that had not seen them, and the judges.

    Parameters
    ----------
    guess : array of int, shape (n,)
        The kind each labelled text was held to be, while it was left out.
    group : array of int, shape (n,)
        Texts that belong together, and were left out together.
    held_together_by : tuple of str
        What makes texts belong together.
    """

    guess: Ints
    group: Ints
    held_together_by: tuple[str, ...]
    _judges: tuple[_Judge, ...]
    _fold_of: Mapping[str, int]

    def of(self, texts: Sequence[str]) -> Ints:
        """The kind each further text is held to be, by a judge that did not learn from the same words."""
        if not texts:
            return np.empty(0, dtype=np.int64)
        different, at = _different(texts)
        keys = [sameness(text) for text in different]
        fold = np.array([self._fold_of.get(key, zlib.crc32(key.encode()) % FOLDS) for key in keys], dtype=np.int64)
        guess = np.empty(len(different), dtype=np.int64)
        with _same_sums():
            seen = _counted(different)
            for number, judge in enumerate(self._judges):
                rows = np.flatnonzero(fold == number)
                if rows.size:
                    guess[rows] = judge.of([block[rows] for block in seen])
        return guess[at]


def judge_held_out(
    texts: Sequence[str], kinds: Ints, linked: Mapping[str, Sequence[str | None]], *, seed: int = 0
) -> Judged:
    """Which kind is each labelled text held to be, by a judge that has not seen it?

    Parameters
    ----------
    texts : sequence of str, length n
    kinds : array of int, shape (n,)
        The labels, numbers from 0.
    linked : mapping of str to sequence, each of length n
        What else makes texts belong together ("author", "conversation"): those with the same entry; None for no link.
        Links are dropped from the last where they would tie more than a part into one group; those of the same words
        never are.
    seed : int
        Passed to the regression, whose solver has no chance in it: the same input gives the same bytes.

    Returns
    -------
    Judged

    Raises
    ------
    NothingToLearn
        If there are fewer groups of texts than parts, or the judges would learn of one kind only.

    Examples
    --------
    >>> texts = [f"{word} {thing}" for word in ("broken", "thanks") for thing in "abcdefghij"]
    >>> judged = judge_held_out(texts, np.repeat([0, 1], 10), {})
    >>> judged.guess.tolist() == [0] * 10 + [1] * 10, judged.of(["thanks for z", "all broken"]).tolist()
    (True, [1, 0])
    """
    keys = [sameness(text) for text in texts]
    group, held_together_by = _groups(keys, linked)
    if group.max(initial=-1) + 1 < FOLDS:
        raise NothingToLearn(f"At least {FOLDS} different texts are needed.")
    fold = _dealt(group, kinds)
    # Copies of one text with one kind are learnt from once, with their number as weight.
    _, place = np.unique(np.array(keys, dtype=object), return_inverse=True)
    _, first, copies = np.unique(place * (int(kinds.max()) + 1) + kinds, return_index=True, return_counts=True)
    different, at = _different(texts)
    guess = np.empty(len(different), dtype=np.int64)
    fold_of_text = np.empty(len(different), dtype=np.int64)
    fold_of_text[at] = fold
    judges = []
    with _same_sums():
        seen = _counted(different)
        for number in range(FOLDS):
            learn = fold[first] != number
            if np.unique(kinds[first[learn]]).size < 2:
                raise NothingToLearn("The texts of all kinds but one are copies of each other.")
            rows = first[learn]
            judge = _Judge.learn([block[at[rows]] for block in seen], kinds[rows], copies[learn], seed)
            out = np.flatnonzero(fold_of_text == number)
            guess[out] = judge.of([block[out] for block in seen])
            judges.append(judge)
    fold_of = dict(zip(keys, fold.tolist(), strict=True))
    return Judged(guess[at], group, held_together_by, tuple(judges), fold_of)


def sameness(text: str) -> str:
    """A text without what differs between copies: case, spaces, addresses, handles and figures.

    Examples
    --------
    >>> sameness("Thanks @Larkfield,  sorted in 5 min! https://t.example/x")
    'thanks , sorted in min!'
    """
    return _SAME.sub(" ", text.casefold()).strip()


@dataclass(frozen=True, slots=True, eq=False)
class _Judge:
    """One fitted regression, the weights of its features, and which of them it met while learning."""

    weights: tuple[Any, ...]
    met: Ints
    model: Any

    @classmethod
    def learn(cls, blocks: list[Any], kinds: Ints, copies: Ints, seed: int) -> _Judge:
        from sklearn.feature_extraction.text import TfidfTransformer
        from sklearn.linear_model import LogisticRegression

        weights = tuple(TfidfTransformer(sublinear_tf=True).fit(block) for block in blocks)
        features = _weighted(weights, blocks)
        met = np.unique(features.indices)
        model = LogisticRegression(C=_INVERSE_PENALTY, max_iter=_STEPS, random_state=seed)
        return cls(weights, met, model.fit(features[:, met], kinds, sample_weight=copies))

    def of(self, blocks: list[Any]) -> Ints:
        return np.asarray(self.model.predict(_weighted(self.weights, blocks)[:, self.met]), dtype=np.int64)


def _weighted(weights: Sequence[Any], blocks: Sequence[Any]) -> Any:
    return hstack([weight.transform(block) for weight, block in zip(weights, blocks, strict=True)]).tocsr()


def _counted(texts: Sequence[str]) -> list[Any]:
    """How often each word, pair of words and piece of a word stands in each text, by hashed position."""
    from sklearn.feature_extraction.text import HashingVectorizer

    ways: tuple[tuple[str, tuple[int, int]], ...] = (("word", (1, 2)), ("char_wb", (3, 4)))
    return [
        HashingVectorizer(
            analyzer=way, ngram_range=span, n_features=_FEATURES, alternate_sign=False, norm=None
        ).transform(texts)
        for way, span in ways
    ]


def _different(texts: Sequence[str]) -> tuple[list[str], Ints]:
    """Each text once, in order of appearance, and where each stands among them: what is said often is read once."""
    number: dict[str, int] = {}
    at = np.fromiter((number.setdefault(text, len(number)) for text in texts), dtype=np.int64, count=len(texts))
    return list(number), at


def _groups(keys: Sequence[str], linked: Mapping[str, Sequence[str | None]]) -> tuple[Ints, tuple[str, ...]]:
    """Numbers of groups in order of appearance, by as many of the links as leave no group larger than a part."""
    names = [name for name, entries in linked.items() if any(entry is not None for entry in entries)]
    while True:
        group = _tied([keys, *(linked[name] for name in names)])
        if not names or np.bincount(group).max() <= len(keys) / FOLDS:
            return group, ("same words", *names)
        names.pop()


def _tied(links: Sequence[Sequence[str | None]]) -> Ints:
    n = len(links[0])
    rows, nodes, total = [], [], n
    for link in links:
        number: dict[str, int] = {}
        for row, entry in enumerate(link):
            if entry is not None:
                rows.append(row)
                nodes.append(total + number.setdefault(entry, len(number)))
        total += len(number)
    graph = coo_array((np.ones(len(rows), dtype=np.int8), (rows, nodes)), shape=(total, total))
    _, label = connected_components(graph, directed=False)
    _, first, place = np.unique(label[:n], return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[place], dtype=np.int64)


def _dealt(group: Ints, kinds: Ints) -> Ints:
    """A part for each group: groups of one leading kind are dealt out in turn, so that each part has all kinds."""
    by_kind = np.zeros((int(group.max()) + 1, int(kinds.max()) + 1), dtype=np.int64)
    np.add.at(by_kind, (group, kinds), 1)
    order = np.argsort(by_kind.argmax(axis=1), kind="stable")
    part = np.empty(order.size, dtype=np.int64)
    part[order] = np.arange(order.size) % FOLDS
    return part[group]


@contextmanager
def _same_sums() -> Iterator[None]:
    """Sums in the same order every time: linear algebra on one thread."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):
        yield
