"""Judges of texts: that none has seen what it judges, and that shares made from them come out true."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.inference.classifier import FOLDS, NothingToLearn, judge_held_out, sameness
from analysis.inference.prevalence import Confusion, corrected_shares

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = [f"{a}{b}{c}" for a in LETTERS[:4] for b in LETTERS[4:8] for c in LETTERS[8:11]]


def worded(generator: np.random.Generator, kinds, words: int = 8) -> list[str]:
    """A text for each kind, of words that a quarter of them is likelier to hold: about three in four can be told."""
    chance = np.ones((4, len(WORDS)))
    for kind in range(4):
        chance[kind, kind * 12 : (kind + 1) * 12] += 2.0
    chance /= chance.sum(axis=1, keepdims=True)
    return [" ".join(generator.choice(WORDS, words, p=chance[kind])) for kind in kinds]


def test_shares_of_unlabelled_texts_come_out_true() -> None:
    """12 worlds: 600 labelled at even shares, 1,500 not, half of them of the last kind.

    The guessed shares are off by 5 points and more; of the 48 corrected ones, their 95 % intervals hold 42 at least
    (45.6 expected, standard error 1.5), and they are off by less than 2.5 points on average over worlds.
    """
    generator = np.random.default_rng(21)
    naive, corrected, held = [], [], 0
    for _ in range(12):
        known, unknown = generator.integers(0, 4, 600), generator.choice(4, 1500, p=[0.15, 0.25, 0.1, 0.5])
        judged = judge_held_out(worded(generator, known), known, {})
        confusion = Confusion.of(known, judged.guess, kinds=4, group=judged.group)
        assert 0.6 < confusion.accuracy < 0.9
        guessed = np.bincount(judged.of(worded(generator, unknown)), minlength=4)
        found = corrected_shares(confusion, guessed, generator=generator)
        truth = np.bincount(unknown, minlength=4) / 1500
        naive.append(found.naive - truth)
        corrected.append(found.shares - truth)
        held += int(((found.low <= truth) & (truth <= found.high)).sum())
    assert np.abs(np.mean(naive, axis=0)).max() > 0.05
    assert np.abs(np.mean(corrected, axis=0)).max() < 0.025
    assert held >= 42


def test_copies_of_a_text_teach_nothing_about_it() -> None:
    """Labels by chance, every text three times with the same label: whoever had seen a copy would be right always."""
    generator = np.random.default_rng(22)
    texts = worded(generator, generator.integers(0, 4, 200))
    kinds = np.repeat(generator.integers(0, 2, 200), 3)
    copies = [copy for text in texts for copy in (text, text.upper(), f"@someone {text}  https://t.example/x 12")]
    judged = judge_held_out(copies, kinds, {})
    assert 0.35 < (judged.guess == kinds).mean() < 0.65
    assert judged.of(copies).tolist() == judged.guess.tolist(), "a labelled text met again is judged as it was held out"


def test_an_authors_texts_are_left_out_together() -> None:
    """Each author has a word of their own and one kind, by chance: only who has met the author can tell."""
    generator = np.random.default_rng(23)
    author = [f"author{LETTERS[n // 10]}{LETTERS[n % 10]}" for n in range(100)]
    kinds = np.repeat(generator.integers(0, 2, 100), 6)
    authors = [name for name in author for _ in range(6)]
    texts = [f"{name} {text}" for name, text in zip(authors, worded(generator, [0] * 600), strict=True)]
    together = judge_held_out(texts, kinds, {"author": authors})
    apart = judge_held_out(texts, kinds, {})
    assert (apart.guess == kinds).mean() > 0.9
    assert (together.guess == kinds).mean() < 0.65
    assert (together.held_together_by, apart.held_together_by) == (("same words", "author"), ("same words",))
    assert np.unique(together.group).size == 100


def test_a_link_that_ties_everything_is_dropped_and_said() -> None:
    generator = np.random.default_rng(24)
    kinds = generator.integers(0, 4, 300)
    links = {
        "conversation": [f"c{n // 2}" for n in range(300)],
        "author": ["one and all"] * 300,
        "thread": [None] * 300,
    }
    judged = judge_held_out(worded(generator, kinds), kinds, links)
    assert judged.held_together_by == ("same words", "conversation")
    assert np.bincount(judged.group).max() <= 300 / FOLDS


def test_the_same_input_gives_the_same_guesses() -> None:
    generator = np.random.default_rng(25)
    kinds = generator.integers(0, 4, 300)
    texts, others = worded(generator, kinds), worded(generator, generator.integers(0, 4, 300))
    one, other = judge_held_out(texts, kinds, {}), judge_held_out(texts, kinds, {})
    assert one.guess.tolist() == other.guess.tolist()
    assert one.of(others).tolist() == other.of(others).tolist()
    assert one.of(others[::-1]).tolist() == one.of(others).tolist()[::-1]


def test_any_text_can_be_judged() -> None:
    generator = np.random.default_rng(26)
    kinds = generator.integers(0, 4, 100)
    judged = judge_held_out(worded(generator, kinds), kinds, {})
    odd = ["", " ", "\n", "😡", "漢字", "\u202ex\u202c", "<script>", "=1+1", "a" * 50_000, "@a https://x"]
    assert set(judged.of(odd)) <= set(range(4))
    assert judged.of([]).size == 0


def test_case_spaces_and_figures_make_no_other_text() -> None:
    assert sameness("Down  SINCE 9 am @Larkfield") == sameness("down since 10 am @someone")
    assert sameness("down since noon") != sameness("up since noon")


@pytest.mark.parametrize(
    ("texts", "kinds", "words"),
    [
        (["same"] * 20, [0, 1] * 10, "different texts"),
        (["aa", "bb", "cc", "dd"] + ["ee"] * 5, [0, 0, 0, 0, 1, 1, 1, 1, 1], "copies"),
    ],
)
def test_texts_that_cannot_teach_are_refused(texts, kinds, words) -> None:
    with pytest.raises(NothingToLearn, match=words):
        judge_held_out(texts, np.array(kinds), {})
