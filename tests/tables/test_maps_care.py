"""The maps of help desks and inboxes: made-up rows under real headers, with what goes wrong in real exports.

Quotes and line breaks in cells, deleted and merged rows, versions, private messages, replies that never went out: each
record is accounted for, nobody's address is in a table, and what comes out keeps the contract.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from analysis.foundation.errors import MapError
from analysis.tables.load import Source
from analysis.tables.mapping import MappedTable, load_map, mapped
from analysis.tables.pseudonyms import Key
from analysis.tables.validate import validate

KEY = Key(bytes(range(32)))
MADE_OF_A_ROW = ("__line", "__file")
CARE = (
    "zendesk", "zendesk_users", "zendesk_connector", "sprout_inbox", "salesforce_cases", "freshdesk", "front",
    "ringcentral",
    "ringcentral_interventions",
)  # fmt: skip
Row = Mapping[str, str]


@pytest.fixture(autouse=True)
def key_of_the_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`validate` loads the user's own key: here one that lies apart."""
    (tmp_path / "apart").mkdir()
    monkeypatch.setenv("TOUCHSTONE_KEY_FILE", str(tmp_path / "apart" / "pseudonym.key"))


def header(real_data: Path, name: str) -> list[str]:
    """The columns of an export that was really seen."""
    folder = "fivetran_seeds" if name.endswith("_data") else "export_headers"
    with (real_data / folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file))


def write(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> Path:
    """An export of some rows; what a row does not give is empty, what it gives has to be a column."""
    assert not {name for row in rows for name in row} - set(columns)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *([row.get(name, "") for name in columns] for row in rows)])
    return path


def made_of(source_map: str, path: Path, *, private: Sequence[str] = ()) -> dict[str, MappedTable]:
    """The tables of an export, their accounts checked, and that none of some texts is in any of them."""
    made = mapped(source_map, path, cache=path.parent / "cache", key=KEY)
    for one in made:
        assert one.read == pq.read_metadata(one.path).num_rows + sum(one.set_aside.values())
        whole = str(pq.read_table(one.path).to_pylist())
        assert [text for text in ("@", *private) if text in whole] == []
    report = validate([Source(path, source_map)], cache=path.parent / "checked")
    assert [str(fault) for fault in report.faults] == []
    return {one.table: one for one in made}


def rows(made: MappedTable, *columns: str) -> list[Any]:
    """Some cells of each row, in the order of the export; of one column the cells alone."""
    table = pq.read_table(made.path).to_pylist()
    return [row[columns[0]] if len(columns) == 1 else tuple(row[name] for name in columns) for row in table]


def one_row(made: MappedTable) -> dict[str, Any]:
    """The cells of the only row that are not empty, without where it stands."""
    [row] = pq.read_table(made.path).to_pylist()
    return {name: cell for name, cell in row.items() if cell is not None and name not in MADE_OF_A_ROW}


# Zendesk


def test_a_ticket_of_the_whole_export(real_data: Path, tmp_path: Path) -> None:
    """Opened at 10:00, replied to 90 minutes later, solved the next day at 09:30, closed by merging: no issue."""
    columns = header(real_data, "zendesk_tickets_csv_export")
    ticket = {
        "Id": "12", "Requester": "Ann Other", "Requester id": "007", "Requester email": "Ann.Other@mail.example ",
        "Requester external id": "C-9", "Subject": 'My "order"\nis late, again', "Tags": "vip delivery",
        "Status": "Solved",
        "Priority": "High", "Via": "Twitter DM", "Created at": "2026-03-01 10:00", "Updated at": "2026-03-02 09:30",
        "Solved at": "2026-03-02 09:30", "Satisfaction Score": "Good", "Reopens": "1", "Replies": "3",
        "Resolution time": "23", "First reply time in minutes": "90",
        "First reply time in minutes within business hours": "30", "Full resolution time in minutes": "1410",
        "Full resolution time in minutes within business hours": "420",
    }  # fmt: skip
    merged = ticket | {"Id": "13", "Tags": "vip closed_by_merge", "Status": "Closed", "Requester email": "-"}
    alike = ticket | {"Id": "14", "Tags": "not_closed_by_merge", "Requester id": "-"}
    path = write(tmp_path / "tickets.csv", columns, [ticket, merged, alike])
    made = made_of("zendesk", path, private=["Ann", "late"])
    issues, touchpoints = made["issues"], made["touchpoints"]
    assert (issues.read, issues.set_aside) == (3, {"merged into another ticket": 1})
    assert rows(issues, "issue_id", "first_reply_at", "closed_at") == [
        ("12", "2026-03-01T11:30:00Z", "2026-03-02T09:30:00Z"),
        ("14", "2026-03-01T11:30:00Z", "2026-03-02T09:30:00Z"),
    ]
    kept = ("full_resolution_minutes", "full_resolution_business_minutes", "first_reply_business_minutes")
    assert rows(issues, *kept) == [("1410", "420", "30")] * 2
    assert issues.basis == {"reopens": "post", "replies": "post"}
    ann = KEY.of("email", "ann.other@mail.example")
    assert rows(touchpoints, "touchpoint_id", "issue_id", "customer_id", "identity_id", "identity_email") == [
        ("12", "12", "007", "007", ann),
        ("13", None, "007", "007", None),
        ("14", "14", ann, None, ann),
    ]
    assert set(rows(touchpoints, "channel", "platform", "identity_source")) == {("social", "twitter", "zendesk")}


def test_users_are_found_by_their_addresses(real_data: Path, tmp_path: Path) -> None:
    columns = header(real_data, "zendesk_user_data")
    user = {
        "id": "7",
        "email": "ann@mail.example",
        "role": "end-user",
        "created_at": "2026-01-01 00:00:00",
        "active": "TRUE",
    }
    later = user | {"email": "ANN@new.example", "updated_at": "2026-02-01 00:00:00", "phone": "+44 20 7946 0958"}
    agent = user | {"id": "8", "role": "agent"}
    nobody = user | {"id": "9", "email": "", "name": "Ann\nOther"}
    path = write(tmp_path / "users.csv", columns, [user, agent, nobody, later])
    [made] = mapped("zendesk_users", path, cache=tmp_path / "cache", key=KEY)
    assert (made.read, made.set_aside) == (
        4, {"agent": 1, "earlier version of a user": 1, "no e-mail address and no phone number": 1},
    )  # fmt: skip
    row = one_row(made)
    assert row == {
        "source": "zendesk", "source_id": "7", "identity_email": KEY.of("email", "ann@new.example"),
        "identity_phone": KEY.of("phone", "+442079460958"),
    }  # fmt: skip


def test_a_role_that_is_not_known_is_refused(real_data: Path, tmp_path: Path) -> None:
    columns = header(real_data, "zendesk_user_data")
    user = {"id": "7", "email": "ann@mail.example", "role": "owner", "created_at": "2026-01-01 00:00:00"}
    with pytest.raises(MapError, match=r"users\.csv, column `role_of`: holds a value this map does not list"):
        mapped("zendesk_users", write(tmp_path / "users.csv", columns, [user]), cache=tmp_path / "cache", key=KEY)


def test_the_rows_of_a_connector(real_data: Path, tmp_path: Path) -> None:
    """The ten tickets of the connector's own example: one is deleted."""
    path = tmp_path / "tickets.csv"
    path.write_bytes((real_data / "fivetran_seeds" / "zendesk_ticket_data.csv").read_bytes())
    raw = f"from read_csv('{path}', all_varchar = true, header = true)"
    deleted, by_mail = duckdb.sql(
        "select count(*) filter (where status = 'deleted'),"
        f" count(*) filter (where status <> 'deleted' and via_channel = 'email') {raw}"
    ).fetchone() or (0, 0)
    made = made_of("zendesk_connector", path, private=["description1", "subject1"])
    issues = made["issues"]
    assert (issues.read, issues.set_aside) == (10, {"deleted ticket": deleted})
    assert deleted > 0
    assert rows(issues, "channel").count("email") == by_mail
    assert "closed_at" not in issues.columns
    users = tmp_path / "users" / "users.csv"
    users.parent.mkdir()
    users.write_bytes((real_data / "fivetran_seeds" / "zendesk_user_data.csv").read_bytes())
    [people] = mapped("zendesk_users", users, cache=tmp_path / "cache", key=KEY)
    assert people.read == 10
    assert set(rows(people, "identity_email")) == {KEY.of("email", "example@email.com")}


# Sprout


def test_messages_of_an_inbox(real_data: Path, tmp_path: Path) -> None:
    columns = header(real_data, "sprout_api_messages_fields")
    message = {
        "guid": "t:1", "network": "TWITTER", "created_time": "2026-03-01T10:00:00Z", "post_category": "POST",
        "post_type": "TWITTER_MENTION", "perma_link": "https://x.example/ann_other/status/1", "from.name": "Ann Other",
        "text": 'It says "closed",\nwhy?', "from.guid": "twpr:77", "profile_guid": "twpr:1", "language_code": "en",
        "sent": "false", "case_id": "K5", "internal.sent_by.email": "agent@shop.example",
        "activity_metadata.first_like.time_elapsed": "120", "action_last_update_time": "2026-03-01T11:00:00Z",
    }  # fmt: skip
    direct = message | {"guid": "d:2", "post_type": "TWITTER_DIRECT_MESSAGE", "text": "my card is 1234"}
    reply = message | {
        "guid": "t:3",
        "sent": "TRUE",
        "from.guid": "twpr:1",
        "post_category": "COMMENT",
        "text": "Sorry",
    }
    post = reply | {"guid": "t:4", "post_category": "POST", "case_id": ""}
    later = message | {"action_last_update_time": "2026-03-03T10:00:00Z", "case_id": "K6"}
    elsewhere = message | {"guid": "z:5", "network": "MYSPACE"}
    path = write(tmp_path / "inbox.csv", columns, [message, direct, reply, post, later, elsewhere])
    made = made_of("sprout_inbox", path, private=["1234", "Sorry", "ann_other", "twpr:77", "Ann"])
    mentions, touchpoints = made["mentions"], made["touchpoints"]
    again = {"earlier version of a message": 1}
    assert mentions.set_aside == again | {"message of ours": 2, "private message": 1}
    assert touchpoints.set_aside == again | {"post of ours that answers nobody": 1}
    ann = KEY.of("id", "twpr:77")
    assert rows(mentions, "mention_id", "platform", "conversation_id", "author_id", "text") == [
        ("t:1", "twitter", "K6", ann, 'It says "closed",\nwhy?'),
        ("z:5", "other", "K5", ann, 'It says "closed",\nwhy?'),
    ]
    assert rows(touchpoints, "touchpoint_id", "direction", "issue_id", "customer_id", "identity_id") == [
        ("d:2", "inbound", "K5", ann, ann),
        ("t:3", "outbound", "K5", None, None),
        ("t:1", "inbound", "K6", ann, ann),
        ("z:5", "inbound", "K5", ann, ann),
    ]
    assert any("`network` holds a value this map does not list in 1 rows" in notice for notice in mentions.notices)
    assert not {"first_reply_at", "resolved_at", "url"} & set(mentions.columns)


# Salesforce


def test_cases(real_data: Path, tmp_path: Path) -> None:
    columns = header(real_data, "salesforce_case_object_fields")
    case = {
        "Id": "5003000000D8cuIAAB", "CaseNumber": "00001", "ContactId": "0033000000A1",
        "ContactEmail": "ann@mail.example",
        "ContactPhone": "+44 20 7946 0958", "CreatedDate": "2026-03-01T10:00:00.000Z", "IsDeleted": "false",
        "ClosedDate": "2026-03-02T10:00:00.000Z", "Description": 'Line\nbreak, and "quotes"', "Origin": "Facebook",
        "Status": "Closed", "Subject": "Private subject", "Priority": "Medium", "IsClosed": "true",
    }  # fmt: skip
    merged = case | {"Id": "5003000000D8cuJAAB", "MasterRecordId": case["Id"], "IsDeleted": "true"}
    deleted = case | {"Id": "5003000000D8cuKAAB", "IsDeleted": "true"}
    own = case | {
        "Id": "5003000000D8cuLAAB", "Origin": "Brand Desk", "Priority": "P1", "ContactMobile": "+44 7700 900123",
        "ClosedDate": "", "Status": "New",
    }  # fmt: skip
    empty = own | {"Id": "5003000000D8cuMAAB", "Origin": "", "ContactId": ""}
    path = write(tmp_path / "cases.csv", columns, [case, merged, deleted, own, empty])
    made = made_of("salesforce_cases", path, private=["Private", "Line"])
    issues, touchpoints = made["issues"], made["touchpoints"]
    assert issues.set_aside == {"deleted case": 1, "merged into another case": 1}
    assert touchpoints.set_aside == {"deleted case": 1}
    assert rows(issues, "channel", "severity", "closed_at") == [
        ("social", "2", "2026-03-02T10:00:00Z"),
        ("other", None, None),
        ("other", None, None),
    ]
    assert rows(touchpoints, "issue_id", "platform")[:2] == [(case["Id"], "facebook")] * 2
    landline, mobile = KEY.of("phone", "+442079460958"), KEY.of("phone", "+447700900123")
    assert rows(issues, "identity_phone") == [landline, mobile, mobile]
    assert rows(issues, "customer_id")[2] == KEY.of("email", "ann@mail.example")
    assert any(("does not list" in notice and "Origin" in notice) or "other" in notice for notice in issues.notices)


# Freshdesk


def test_tickets_by_code(real_data: Path, tmp_path: Path) -> None:
    columns = [
        *header(real_data, "freshdesk_ticket_api_fields"), "created_at", "updated_at", "stats.first_responded_at",
        "stats.resolved_at", "stats.reopened_at", "deleted",
    ]  # fmt: skip
    ticket = {
        "id": "1", "subject": "Secret, and a\nbreak", "status": "4", "priority": "4", "source": "6",
        "requester_id": "70",
        "email": "ann@mail.example", "spam": "false", "created_at": "2026-03-01T10:00:00Z",
        "updated_at": "2026-03-02T10:00:00Z", "stats.first_responded_at": "2026-03-01T12:00:00Z",
        "stats.resolved_at": "2026-03-02T09:00:00Z", "cc_emails": '["bob@mail.example"]',
    }  # fmt: skip
    spam = ticket | {"id": "2", "spam": "true"}
    ours = ticket | {"id": "3", "source": "10", "status": "9", "stats.resolved_at": ""}
    gone = ticket | {"id": "4", "deleted": "true"}
    older = ticket | {"updated_at": "2026-03-01T10:05:00Z", "status": "2"}
    made = made_of(
        "freshdesk", write(tmp_path / "t.csv", columns, [older, ticket, spam, ours, gone]), private=["Secret"]
    )
    issues, touchpoints = made["issues"], made["touchpoints"]
    aside = {"earlier version of a ticket": 1, "spam": 1, "deleted ticket": 1}
    assert issues.set_aside == touchpoints.set_aside == aside
    assert rows(issues, "issue_id", "status", "severity", "channel", "closed_at") == [
        ("1", "resolved", "4", "social", "2026-03-02T09:00:00Z"),
        ("3", "other", "4", "email", None),
    ]
    assert rows(touchpoints, "platform", "direction", "first_reply_at") == [
        ("facebook", "inbound", "2026-03-01T12:00:00Z"),
        (None, "outbound", "2026-03-01T12:00:00Z"),
    ]


def test_the_documented_fields_alone_lack_the_times(real_data: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", header(real_data, "freshdesk_ticket_api_fields"), [{"id": "1"}])
    with pytest.raises(MapError, match=r"`created_at`, `updated_at` are missing"):
        mapped("freshdesk", path, cache=tmp_path / "cache", key=KEY)


# Front


def test_messages_make_conversations(real_data: Path, tmp_path: Path) -> None:
    """Asked at 10:00, an automatic answer at 10:00:05, a person's at 11:00: the reply is the person's."""
    columns = header(real_data, "front_analytics_messages_export")
    asked = {
        "Message ID": "m1", "Conversation ID": "c1", "Segment": "1", "Direction": "Inbound", "Inbox": "Facebook UK",
        "Message date": "2026-03-01 10:00:00", "Autoreply": "No", "Contact name": "Ann Other",
        "Subject": "Where, oh\nwhere",
        "Contact handle": "ann@mail.example", "Extract": 'Hello "you"',
    }  # fmt: skip
    automatic = asked | {
        "Message ID": "m2",
        "Direction": "Outbound",
        "Autoreply": "Yes",
        "Message date": "2026-03-01 10:00:05",
    }
    answer = asked | {
        "Message ID": "m3", "Direction": "Outbound", "Message date": "2026-03-01 11:00:00", "Response time": "3600",
        "First response": "Yes",
    }  # fmt: skip
    segment = answer | {"Segment": "2"}
    begun = asked | {
        "Message ID": "m4", "Conversation ID": "c2", "Direction": "Outbound", "Inbox": "Sales",
        "Contact handle": "ann_77",
    }  # fmt: skip
    path = write(tmp_path / "front.csv", columns, [asked, automatic, answer, segment, begun])
    made = made_of("front", path, private=["Ann", "Hello", "ann_77", "where"])
    issues, touchpoints = made["issues"], made["touchpoints"]
    assert issues.set_aside == {"further segment of a message": 1, "further messages of a conversation": 2}
    assert rows(issues, "issue_id", "opened_at", "first_reply_at", "channel") == [
        ("c1", "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z", "social"),
        ("c2", "2026-03-01T10:00:00Z", None, "other"),
    ]
    assert rows(touchpoints, "touchpoint_id", "direction", "platform", "automatic") == [
        ("m1", "inbound", "facebook", "no"),
        ("m2", "outbound", "facebook", "yes"),
        ("m3", "outbound", "facebook", "no"),
        ("m4", "outbound", None, "no"),
    ]
    assert rows(issues, "identity_email")[0] == KEY.of("email", "ann@mail.example")


# RingCentral


def ringcentral(real_data: Path, folder: Path) -> Path:
    """Two people and an agent in two threads, in the format of a French account: days first."""
    question = {
        "created_at": "13/03/2026 10:00", "source_type": "Twitter", "source_name": "Shop", "content_thread_id": "T1",
        "id": "m1", "private_message": "false", "auto_submitted": "false", "status": "Replied", "author_id": "a1",
        "author_name": "Ann Other", "body_as_text": "Hi,\nwhere is it?", "published": "true",
        "remotely_deleted": "false",
        "anonymized": "false", "language": "en", "synchronization_status": "success", "intervention_id": "i1",
    }  # fmt: skip
    agent = {"status": "Agent reply", "author_id": "ours", "body_as_text": "We look into it"}
    failed = question | agent | {
        "id": "m2", "created_at": "13/03/2026 10:05", "in_reply_to_id": "m1",
        "synchronization_status": "export_failure",
    }  # fmt: skip
    automatic = question | agent | {
        "id": "m3", "created_at": "13/03/2026 10:10", "in_reply_to_id": "m1", "auto_submitted": "true",
    }  # fmt: skip
    answer = question | agent | {"id": "m4", "created_at": "13/03/2026 11:00", "in_reply_to_id": "m1"}
    private = question | {
        "id": "m5", "created_at": "13/03/2026 11:30", "private_message": "true", "status": "Assigned",
        "body_as_text": "card 1234", "in_reply_to_id": "m4",
    }  # fmt: skip
    withdrawn = question | {
        "id": "m6", "content_thread_id": "T2", "remotely_deleted": "true", "status": "Ignored", "body_as_text": "oops",
    }  # fmt: skip
    other = withdrawn | {"id": "m7", "author_id": "a2", "remotely_deleted": "false", "body_as_text": "me too"}
    rows_of_messages = [question, failed, automatic, answer, private, withdrawn, other]
    write(folder / "messages.csv", header(real_data, "ringcentral_engage_digital_message"), rows_of_messages)
    thread = {
        "id": "T1", "source_type": "Twitter", "created_at": "13/03/2026 10:00", "updated_at": "13/03/2026 12:00",
        "closed": "true", "closed_at": "13/03/2026 12:00", "categories": "Delivery", "title": "Hi, where is it?",
    }  # fmt: skip
    write(
        folder / "threads.csv",
        header(real_data, "ringcentral_engage_digital_threads"),
        [thread, thread | {"id": "T2", "closed_at": ""}],
    )
    return folder


def test_messages_and_threads(real_data: Path, tmp_path: Path) -> None:
    """m2 failed to reach Twitter; the first reply is the automatic m3, so a bot's."""
    made = made_of("ringcentral", ringcentral(real_data, tmp_path / "rc"), private=["1234", "oops", "Ann", "We look"])
    issues, mentions, touchpoints = made["issues"], made["mentions"], made["touchpoints"]
    assert (mentions.read, mentions.set_aside) == (7, {"message of ours": 3, "private message": 1})
    assert issues.set_aside == {"message of ours": 3, "further messages of a thread": 2}
    assert touchpoints.set_aside == {"message of ours that did not go out": 1}
    first, second = KEY.of("id", "a1"), KEY.of("id", "a2")
    assert rows(issues, "issue_id", "opened_at", "closed_at", "first_reply_at", "topic", "identity_id") == [
        ("T1", "2026-03-13T10:00:00Z", "2026-03-13T12:00:00Z", "2026-03-13T10:10:00Z", "Delivery", first),
        ("T2", "2026-03-13T10:00:00Z", None, None, "Delivery", None),
    ]
    assert rows(mentions, "mention_id", "first_reply_at", "replied_by", "actionable", "text", "author_id") == [
        ("m1", "2026-03-13T10:10:00Z", "bot", "true", "Hi,\nwhere is it?", first),
        ("m6", None, None, "false", None, first),
        ("m7", None, None, "false", "me too", second),
    ]
    assert rows(touchpoints, "touchpoint_id", "direction", "customer_id") == [
        ("m1", "inbound", first),
        ("m3", "outbound", None),
        ("m4", "outbound", None),
        ("m5", "inbound", first),
        ("m6", "inbound", first),
        ("m7", "inbound", second),
    ]


def test_messages_alone_make_no_issues(real_data: Path, tmp_path: Path) -> None:
    folder = ringcentral(real_data, tmp_path / "rc")
    (folder / "threads.csv").unlink()
    made = made_of("ringcentral", folder)
    assert set(made) == {"mentions", "touchpoints"}
    assert any("`issues` is not made" in notice for notice in made["mentions"].notices)


def test_a_status_that_is_not_known_is_refused(real_data: Path, tmp_path: Path) -> None:
    """Whether a message is ours must not be guessed: a French export says `Nouveau`."""
    folder = ringcentral(real_data, tmp_path / "rc")
    text = (folder / "messages.csv").read_text(encoding="utf-8")
    (folder / "messages.csv").write_text(text.replace(",Assigned,", ",Nouveau,"), encoding="utf-8")
    with pytest.raises(MapError, match=r"messages\.csv, column `way`: holds a value this map does not list"):
        mapped("ringcentral", folder, cache=tmp_path / "cache", key=KEY)


def test_interventions(real_data: Path, tmp_path: Path) -> None:
    """closed_at is the last reply; of an intervention that is open again it says nothing."""
    columns = header(real_data, "ringcentral_engage_digital_interventions")
    one = {
        "created_at": "2026-03-01T10:00+0100", "updated_at": "2026-03-01T12:00+0100",
        "closed_at": "2026-03-01T11:30+0100",
        "source_type": "Facebook", "content_thread_id": "T1", "id": "i1", "status": "Closed", "user_replies_count": "2",
        "first_user_reply_at": "2026-03-01T11:00+0100", "first_user_reply_in": "60", "first_user_reply_in_bh": "15",
        "identity_id": "a1", "identity_name": "ann_other", "handling_time": "87", "title": "Private, title",
    }  # fmt: skip
    path = write(tmp_path / "i.csv", columns, [one, one | {"id": "i2", "status": "Opened"}])
    issues = made_of("ringcentral_interventions", path, private=["ann_other", "Private"])["issues"]
    assert rows(issues, "opened_at", "first_reply_at", "closed_at") == [
        ("2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z"),
        ("2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z", None),
    ]
    assert rows(issues, "first_reply_length", "first_reply_business_length", "replies")[0] == ("60", "15", "2")
    assert issues.basis == {"replies": "post"}


# What every map of this kind says


@pytest.mark.parametrize("name", CARE)
def test_each_asks_and_says_when_to_pull(name: str) -> None:
    given = load_map(name)
    assert given.pull is not None
    assert len(given.ask) >= 3
    assert all(question.rstrip().endswith(("?", ".")) and "?" in question for question in given.ask)
    assert given.facts


@pytest.mark.parametrize("name", CARE)
def test_what_names_a_person_is_never_a_plain_column(name: str) -> None:
    """Addresses and handles are veiled; names, subjects and bodies are not read, but for the text of public posts."""
    given = load_map(name)
    for kind, file in given.files.items():
        used = given.columns_used(kind)
        for column in used:
            words = column.lower()
            if any(word in words for word in ("email", "phone", "mobile", "handle")):
                assert column in file.personal
            assert not any(word in words for word in ("subject", "description", "extract", "title", "author_name"))
            assert words not in ("name", "from.name", "requester", "assignee", "contact name", "perma_link")


@pytest.mark.parametrize("name", CARE)
def test_every_table_says_whose_its_rows_are(name: str) -> None:
    assert all(table.customer is not None for table in load_map(name).tables)
