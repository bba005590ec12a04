"""Does anything of a customer stand in files that are about to go out? A search for ids and words of its tables.

Every text of the files is taken apart, and looked up in the columns that name people and in the words of mentions. It
finds an id that stands by itself, whatever stands around it, and a mention quoted from its beginning. It does not find
ids too short to be told from figures, mentions of fewer than six words, words in pictures, or what was rewritten; texts
that were published with their author's consent are no finding. What goes out is left to `sharing`.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from analysis.foundation.errors import Fault, InputError
from analysis.tables.engine.dialect import identifier
from analysis.tables.opened import Tables

PERSONS = frozenset({"customer_id", "author_id", "source_id"})
"""Columns that name a person, besides all `identity_...`."""

SHORTEST_ID = 6
SHORTEST_NUMBER = 9
"""An id of digits alone that does not begin with 0 could be a figure; so long, hardly any is."""

WORDS = 6
"""So many words from a mention's beginning are looked for, which stand in its first letters."""

BEGINNING = 200

OFFICE = (".xlsx", ".pptx")
TEXTS = (".html", ".json")
LARGEST = 500 * 2**20
"""Bytes that the parts of an office file may have when unpacked."""

_PICTURE = re.compile(r"data:image/[a-z+]+;base64,[A-Za-z0-9+/=\s]*")
_TAG = re.compile(r"<[^>]*>")
_FRACTION = re.compile(r"(?<![\w.])-?\d+\.\d+(?:[eE][+-]?\d+)?(?![\w.])")
_PIECES = (re.compile(r"\w+"), re.compile(r"[\w.\-]+"), re.compile(r"[\w.\-+@:/#]+"))
_WORD = re.compile(r"[^\W_]+")
_TOO_WEAK = f"""not (contains(id, '@') or (length(id) >= {SHORTEST_ID} and regexp_matches(id, '[0-9]')
 and (regexp_matches(id, '[^0-9]') or starts_with(id, '0') or length(id) >= {SHORTEST_NUMBER})))"""


@dataclass(frozen=True, slots=True)
class Search:
    """What was searched: how many ids of persons, how many of them were too short, which files could not be read."""

    ids: int
    too_short: int
    unread: tuple[str, ...]


def search(files: Mapping[str, bytes], tables: Tables) -> Search:
    """Look for people of the tables in files.

    Parameters
    ----------
    files : mapping of name to content
        Pages, JSON and office files are read; others cannot be, and are named in the answer.
    tables : Tables
        Those the files were made from.

    Raises
    ------
    InputError
        If an id or the words of a mention stand in a file: names the file and the column, never what was found.
    """
    texts = {name: list(_texts(name, content)) for name, content in files.items()}
    tokens = {name: {piece for text in found for piece in _tokens(text)} for name, found in texts.items()}
    openings = {name: {six for text in found for six in _openings(text)} for name, found in texts.items()}
    engine = tables.engine
    engine.keep("_tokens", "select distinct unnest(?::varchar[]) as token", [_all(tokens)])
    engine.keep("_openings", "select distinct unnest(?::varchar[]) as token", [_all(openings)])
    faults: list[Fault] = []
    ids = too_short = 0
    for table, column in _columns(tables):
        name, place = identifier(column), identifier(table)
        spared = ""
        if (table, column) == ("mentions", "author_id"):
            spared = " and author_id not in (select author_id from mentions where consent and author_id is not null)"
        engine.keep(
            "_ids",
            f"select distinct lower({name}::varchar) as id from {place} where {name} is not null{spared}",
        )
        counted = engine.query(f"select count(*), count(*) filter ({_TOO_WEAK}) from _ids")
        ids += counted.column(0)[0].as_py()
        too_short += counted.column(1)[0].as_py()
        found = engine.query("select id from _ids where id in (select token from _tokens)")
        faults += _faults(tokens, found.column(0).to_pylist(), f"ids of people from `{table}.{column}`")
    if tables.has("mentions"):
        beginning = f"regexp_extract_all(lower(left(text, {BEGINNING})), '[\\p{{L}}\\p{{N}}]+')[1:{WORDS}]"
        begins = f"array_to_string({beginning}, ' ')"
        found = engine.query(
            f"select begins from (select {begins} as begins, consent from mentions where text is not null) "
            "where begins in (select token from _openings) group by 1 having not coalesce(bool_or(consent), false)"
        )
        faults += _faults(openings, found.column(0).to_pylist(), "words of people from `mentions.text`")
    for kept in ("_tokens", "_openings", "_ids"):
        engine.drop(kept)
    if faults:
        raise InputError(faults, "What would go out holds something of customers. Nothing was written.")
    return Search(ids, too_short, tuple(sorted(name for name in files if not name.endswith((*TEXTS, *OFFICE)))))


def is_searched(identity: str) -> bool:
    """Whether an id is long enough to be told from a figure or a word.

    Examples
    --------
    >>> [is_searched(one) for one in ("c1", "17850", "000017850", "4711471147", "c000123", "orders", "a@b.c")]
    [False, False, True, True, True, False, True]
    """
    if "@" in identity:
        return True
    if len(identity) < SHORTEST_ID or not re.search("[0-9]", identity):
        return False
    return bool(re.search("[^0-9]", identity)) or identity.startswith("0") or len(identity) >= SHORTEST_NUMBER


def _columns(tables: Tables) -> list[tuple[str, str]]:
    """The columns that name people, of the tables there are."""
    return [
        (table, column)
        for table, account in sorted(tables.accounts.items())
        for column in sorted(account.columns)
        if column in PERSONS or (column.startswith("identity_") and column != "identity_source")
    ]


def _faults(stand: Mapping[str, set[str]], found: Iterable[str], what: str) -> Iterator[Fault]:
    """Which of the files what was found stands in, and how much of it."""
    listed = frozenset(found)
    for name, pieces in sorted(stand.items()):
        if count := len(listed & pieces):
            yield Fault(
                where=name,
                what=f"holds {what}: {count:,}",
                remedy="Take the part that shows them out of the study, and run it again.",
                rule="customers_in_report",
            )


def _all(pieces: Mapping[str, set[str]]) -> list[str]:
    return sorted(set().union(*pieces.values()))


def _texts(name: str, content: bytes) -> Iterator[str]:
    """The texts of a file; none of one that cannot be read."""
    if name.endswith(OFFICE):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as parts:
                if sum(part.file_size for part in parts.infolist()) > LARGEST:
                    raise zipfile.BadZipFile
                for part in parts.namelist():
                    if part.endswith((".xml", ".rels")):
                        yield _shown(parts.read(part).decode("utf-8", errors="replace"))
        except zipfile.BadZipFile as error:
            what = "is no office file that can be read, so it cannot be searched"
            fault = Fault(where=name, what=what, remedy="Run the study again.", rule="unreadable")
            raise InputError(fault) from error
    elif name.endswith(TEXTS):
        text = content.decode("utf-8", errors="replace")
        yield _shown(text) if name.endswith(".html") else text
        if name.endswith(".html"):
            yield " ".join(html.unescape(value) for value in re.findall(r'(?:alt|title|href)="([^"]*)"', text))


def _shown(text: str) -> str:
    """A text without pictures and tags, with its letters as they are shown."""
    return html.unescape(_TAG.sub(" ", _PICTURE.sub(" ", text)))


def _tokens(text: str) -> Iterator[str]:
    text = _FRACTION.sub(" ", text)
    for pieces in _PIECES:
        for piece in {one.strip(".-:/#").lower() for one in pieces.findall(text)}:
            if is_searched(piece):
                yield piece


def _openings(text: str) -> Iterator[str]:
    """Every six words in a row of which four are no numbers."""
    words = _WORD.findall(text.lower())
    for six in zip(*(words[n:] for n in range(WORDS)), strict=False):
        if sum(not word.isdigit() for word in six) >= 4:
            yield " ".join(six)
