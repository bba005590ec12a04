"""What may be said of a mention, and what gives its author away? Links, quotations, and the check of a paraphrase.

A paraphrase of a mention without consent must not repeat its words, nor name a handle, an address or an id. Which cases
are told is left to `stories`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from analysis.foundation.errors import Fault, ParamsError

if TYPE_CHECKING:
    from analysis.tables.opened import Tables

SAME_WORDS = 5
"""So many words in a row, or a whole shorter text, make a paraphrase a quotation."""


def web_link(url: str | None) -> str | None:
    """The address, if it is one of the web and nothing else; as text.

    Examples
    --------
    >>> web_link("https://example.com/post/1")
    'https://example.com/post/1'
    >>> [web_link(one) for one in ("javascript:alert(1)", "https://a b", "http:///x", "https://u:p@example.com/")]
    [None, None, None, None]
    """
    if url is None or not re.fullmatch(r"https?://[^\s\"'<>\\^`{|}\x00-\x20\x7f-\x9f]+", url, re.IGNORECASE):
        return None
    try:
        parts = urlsplit(url)
        return url if parts.hostname and parts.username is None and not _marks(url) else None
    except ValueError:
        return None


def hold_paraphrases(tables: Tables, paraphrases: Mapping[str, str]) -> None:
    """Stop at paraphrases that may not be printed; faults tell them by their place, never by their words or ids.

    Parameters
    ----------
    tables : Tables
        With `mentions`.
    paraphrases : mapping
        An analyst's words by mention id.

    Raises
    ------
    ParamsError
        With every fault found.
    """
    ids = list(paraphrases)
    if not ids:
        return
    said = {
        row["mention_id"]: row
        for row in tables.engine.query(
            "select mention_id, consent, text, author_id, customer_id from mentions "
            f"where mention_id in ({', '.join('?' for _ in ids)}) order by mention_id",
            ids,
        ).to_pylist()
    }
    faults = []
    for place, (mention, paraphrase) in enumerate(paraphrases.items(), start=1):
        for what, remedy, rule in _wrong(said.get(mention), paraphrase):
            where = f"paraphrase {place} of {len(ids)}"
            faults.append(Fault(where=where, what=what, remedy=remedy, rule=rule))
    if faults:
        raise ParamsError(faults)


def _wrong(said: Mapping[str, Any] | None, paraphrase: str) -> Iterator[tuple[str, str, str]]:
    if said is None:
        yield "is for a mention that is not in the table", "Correct its mention id, or drop it.", "unknown_mention"
        return
    if not paraphrase.strip():
        yield "is empty", "Write what happened in words of your own, or drop it.", "empty_paraphrase"
    if said["consent"]:
        return
    if quotes(paraphrase, said["text"] or ""):
        what = "repeats the words of a mention without consent"
        yield what, f"Say it in words of your own: never {SAME_WORDS} of its words in a row.", "verbatim_quote"
    ids = [said[column] for column in ("mention_id", "author_id", "customer_id") if said[column]]
    if re.search(r"@\w|://|\bwww\.", paraphrase) or any(_holds(paraphrase, one) for one in ids):
        yield "names a handle, an address or an id", "Leave out whatever says who wrote it.", "names_somebody"


def _holds(paraphrase: str, name: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", paraphrase.casefold()))


def quotes(paraphrase: str, text: str) -> bool:
    """Whether a paraphrase repeats five words of a text in a row, or all of a shorter one of three words or more; or is
    the text. Case, accents' encoding, punctuation and invisible marks make no difference.

    Examples
    --------
    >>> quotes("They said the engineer never came.", "Waited in ALL day, the engineer never came!")
    False
    >>> quotes("They waited: “all day. The engineer never came”", "Waited in ALL day, the engineer never came!")
    True
    """
    mine, theirs = _words(paraphrase), _words(text)
    if not theirs:
        return False
    if mine == theirs:
        return True
    run = min(SAME_WORDS, len(theirs))
    if run < 3:
        return False
    runs = {tuple(theirs[at : at + run]) for at in range(len(theirs) - run + 1)}
    return any(tuple(mine[at : at + run]) in runs for at in range(len(mine) - run + 1))


def _words(text: str) -> list[str]:
    """Words without case and marks; a Chinese, Japanese or Korean character is a word of its own."""
    plain = "".join(one for one in unicodedata.normalize("NFKC", text).casefold() if not _marks(one))
    return re.findall(
        r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+", plain
    )


def _marks(text: str) -> bool:
    return any(unicodedata.category(one) == "Cf" for one in text)
