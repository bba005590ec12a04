"""Which table of the contract could a file be, and which of its columns which? Guesses, each with its reason.

A column is judged by its name and by what it is filled with (`drafting_columns`); the table of which most columns are
found is taken. How a guess is written down is left to `drafting`.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.tables.contract import SCHEMAS, ColumnSchema
from analysis.tables.drafting_columns import Column, plain

# How the contract's columns are called elsewhere, in plain words. `{one}` is the row: a ticket, an order.
ROWS: Mapping[str, tuple[str, ...]] = {
    "issues": ("ticket", "case", "issue", "incident", "request", "conversation", "thread"),
    "touchpoints": ("call", "contact", "interaction", "session", "chat", "touchpoint", "activity"),
    "mentions": ("mention", "tweet", "message", "comment", "review"),
    "orders": ("order", "invoice", "purchase", "sale", "transaction", "receipt"),
    "posts": ("post", "publication", "video", "link"),
    "surveys": ("survey", "response", "rating", "feedback", "csat", "nps"),
    "subscriptions": ("subscription", "contract", "plan", "membership"),
    "customers": ("customer", "client", "user", "account", "person", "member"),
}
CALLED: Mapping[str, tuple[str, ...]] = {
    "key": ("{one} id", "{one} number", "{one} no", "{one} key", "{one}", "id", "number", "key", "guid"),
    "begun": (
        "{one} date", "{one} time", "created at", "created", "created date", "created time", "opened at", "opened",
        "date created", "creation date", "date", "time", "timestamp", "started at", "started", "start", "start time",
        "posted at", "sent at",
    ),
    "customer_id": (
        "customer id", "client id", "user id", "requester id", "contact id", "customer", "account id", "member id",
        "customer number", "customer no",
    ),
    "closed_at": ("closed at", "solved at", "resolved at", "closed", "closed date", "date closed", "resolution date"),
    "resolved_at": ("resolved at", "solved at", "closed at", "resolved", "closed date"),
    "reopened_at": ("reopened at", "reopened"),
    "first_reply_at": ("first reply at", "first response at", "first responded at", "first reply", "first reply date"),
    "channel": ("channel", "via", "origin", "source", "medium", "contact channel", "contact type"),
    "direction": ("direction", "call direction", "way"),
    "platform": ("platform", "network", "social network", "site"),
    "topic": ("topic", "reason", "category", "subject area", "contact reason", "type"),
    "product": ("product", "product name", "item", "sku", "plan", "product id"),
    "severity": ("severity", "priority level"),
    "issue_id": ("ticket id", "case id", "issue id", "conversation id", "thread id", "ticket", "case"),
    "revenue": ("revenue", "total", "amount", "order total", "total price", "net amount", "grand total", "price"),
    "margin": ("margin", "gross margin", "profit", "contribution"),
    "monthly_margin": ("monthly margin", "margin", "mrr"),
    "currency": ("currency", "currency code", "iso currency"),
    "cancelled_at": ("cancelled at", "canceled at", "cancelled", "cancellation date", "cancel date"),
    "ended_at": ("ended at", "end date", "end", "cancelled at", "expired at"),
    "author_id": ("author id", "author", "user id", "from id", "from"),
    "in_reply_to": ("in reply to", "in reply to id", "parent id", "reply to", "in response to"),
    "conversation_id": ("conversation id", "thread id", "conversation", "thread"),
    "campaign": ("campaign", "campaign name", "campaign id"),
    "link_id": ("link id", "tracking code", "utm id"),
    "score": ("score", "rating", "answer", "value", "csat", "nps"),
    "answered_at": ("answered at", "responded at", "completed at", "submitted at"),
    "region": ("region", "country", "state", "city", "market", "zip code"),
    "text": ("text", "message", "body", "content", "comment"),
    "cost": ("cost", "handling cost"),
}  # fmt: skip
BEGUN = frozenset(
    {"opened_at", "occurred_at", "posted_at", "ordered_at", "published_at", "asked_at", "started_at", "joined_at"}
)
WORDS: Mapping[str, Mapping[str, str]] = {
    "channel": {
        "mail": "email", "e-mail": "email", "call": "phone", "voice": "phone", "twitter": "social",
        "facebook": "social", "instagram": "social", "whatsapp": "social", "live chat": "chat", "messaging": "chat",
        "text": "sms",
    },
    "direction": {"in": "inbound", "incoming": "inbound", "out": "outbound", "outgoing": "outbound"},
}  # fmt: skip
ASSUMED_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d")
_LIKE_ENOUGH = 0.84


@dataclass
class Guess:
    """Which of the file's columns is which of a table's."""

    table: str
    chosen: dict[str, tuple[Column, str]]
    missing: list[str]
    addresses: dict[str, Column]
    columns: tuple[Column, ...]

    @property
    def used(self) -> list[Column]:
        """The columns the map reads, in the file's order."""
        names = {column.name for column, _ in self.chosen.values()} | {one.name for one in self.addresses.values()}
        return [column for column in self.columns if column.name in names]

    @property
    def personal(self) -> dict[str, str]:
        """Those of them that name a person."""
        found = {column.name: kind for kind, column in self.addresses.items()}
        author = self.chosen.get("author_id")
        return found | ({} if author is None else {author[0].name: author[0].personal or "id"})


def guessed(columns: tuple[Column, ...]) -> Guess:
    """The table whose needs the columns meet best; of equal ones the first of `ROWS`."""
    guesses = [_of_table(table, columns) for table in ROWS]
    spoken = [_spoken_of(guess.table, columns) for guess in guesses]
    return max(zip(guesses, spoken, strict=True), key=lambda one: _merit(*one))[0]


def _merit(guess: Guess, spoken: int) -> float:
    """Half a table counts for less than half; so does one whose key stands twice, and one without its time."""
    schema = SCHEMAS[guess.table]
    key = guess.chosen.get(schema.key[0])
    merit = 2 * spoken + len(guess.chosen) / 3 - 3 * len(guess.missing) / len(schema.required)
    if key is not None and not key[0].unique:
        merit -= 2
    return merit + (schema.event_time in guess.chosen)


def _spoken_of(table: str, columns: Sequence[Column]) -> int:
    """Whether the header speaks of the table's rows by name, twice for an id of them."""
    said = {word for column in columns for word in column.words.split()}
    ids = {f"{one} id" for one in ROWS[table]} & {column.words for column in columns}
    return min(1, len(said & set(ROWS[table]))) + min(1, len(ids))


def _of_table(table: str, columns: tuple[Column, ...]) -> Guess:
    schema = SCHEMAS[table]
    plain_ones = [column for column in columns if column.personal is None]
    options = [
        (likeness, -place, wanted.name, column)
        for place, wanted in enumerate(schema.columns)
        for column in plain_ones
        if _could_be(wanted, column) and (likeness := _likeness(table, wanted.name, column)) >= _LIKE_ENOUGH
    ]
    chosen: dict[str, tuple[Column, str]] = {}
    taken: set[str] = set()
    for likeness, _, name, column in sorted(options, key=lambda one: one[:3], reverse=True):
        if name not in chosen and column.name not in taken:
            taken.add(column.name)
            chosen[name] = column, _reason(name, column, likeness)
    handle = next((column for column in columns if column.personal == "handle"), None)
    if "author_id" in schema.by_name and "author_id" not in chosen and handle is not None:
        chosen["author_id"] = handle, "it seems to hold handles"
    addresses: dict[str, Column] = {}
    if "customer_id" in schema.by_name:
        for column in columns:
            if column.personal in ("email", "phone") and _of_a_customer(column):
                addresses.setdefault(column.personal, column)
    made = {"customer_id"} if addresses and table != "customers" else set()
    missing = [name for name in schema.required if name not in {*chosen, *made} and not constant(schema.column(name))]
    return Guess(table, {name: chosen[name] for name in schema.by_name if name in chosen}, missing, addresses, columns)


def _of_a_customer(column: Column) -> bool:
    """An address of the customer, not of us or of a copy's receiver."""
    ours = {"agent", "assignee", "cc", "bcc", "fwd", "to", "recipient", "sent", "owner", "support", "owned", "shipping"}
    return not ours & set(column.words.split())


def _could_be(wanted: ColumnSchema, column: Column) -> bool:
    """Whether cells of this kind can stand in a column of the contract."""
    kinds = {
        "time": {"time"}, "date": {"time"}, "money": {"number"}, "number": {"number"}, "int": {"number"},
        "id": {"id", "text", "number", "flag"}, "text": {"id", "text", "number", "flag"}, "enum": {"id", "text"},
        "flag": {"flag"},
    }  # fmt: skip
    if wanted.type == "id" and column.decimals:
        return False
    return column.kind == "empty" or column.kind in kinds[wanted.type]


def _likeness(table: str, name: str, column: Column) -> float:
    """How like a column's name is to what the contract's column is called elsewhere: 0 to 1."""
    key = SCHEMAS[table].key[0]
    called = CALLED["key"] if name == key else CALLED["begun"] if name in BEGUN else CALLED.get(name, ())
    names = [plain(name), *(text.format(one=one) for text in called for one in (ROWS[table] if "{" in text else ("",)))]
    words = column.words
    if words in names:
        return 1 - 0.001 * names.index(words)
    return 0.95 * max(difflib.SequenceMatcher(None, words, text).ratio() for text in names)


def _reason(name: str, column: Column, likeness: float) -> str:
    named = "named like it" if likeness > 0.95 else f"named nearly like it ({likeness:.0%})"
    if column.kind == "empty":
        return f"{named}; no cell to judge by"
    filled = {"time": "times", "number": "numbers", "flag": "flags", "id": "ids or codes", "text": "texts"}[column.kind]
    twice = "; some stand there twice: is a row less than one of these? See `group`" if _key_twice(name, column) else ""
    return f"{named}; {column.cells} cells, all {filled}{twice}"


def _key_twice(name: str, column: Column) -> bool:
    return not column.unique and any(schema.key == (name,) for schema in SCHEMAS.values()) and name != "customer_id"


def constant(wanted: ColumnSchema) -> str | None:
    """What a draft may say of a column that the file does not have."""
    return {"channel": "other", "direction": "inbound", "platform": "unknown"}.get(wanted.name)
